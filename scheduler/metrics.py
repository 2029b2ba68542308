"""Figures for Prometheus: what a batch came to, as a file, and what a server does, as a page that it may ask for.

No label holds more than a name of ours, a portfolio's, or a kind of answer.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest, write_to_textfile
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0
from prometheus_client.registry import Collector

PREFIX = "scheduler"
CONTENT_TYPE = CONTENT_TYPE_PLAIN_1_0_0


@dataclass(frozen=True, kw_only=True)
class PlanFigures:
    """What one portfolio of a batch came to; money in whole cents, None where there is no plan."""

    portfolio: str
    outcome: str
    currency: str = ""
    cost_cents: int | None = None
    gap: float | None = None
    seconds: float = 0.0
    memory_bytes: int | None = None


def write_batch_figures(path: Path, plans: Iterable[PlanFigures], *, code: int, seconds: float, ended: float) -> None:
    """Write the figures of a batch to a file for the node exporter, all at once.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    registry = CollectorRegistry()

    def gauge(name: str, meaning: str, labels: tuple[str, ...] = ()) -> Gauge:
        return Gauge(f"{PREFIX}_{name}", meaning, labels, registry=registry)

    gauge("batch_exit_code", "Exit code of the last batch").set(code)
    gauge("batch_seconds", "Seconds that the last batch took").set(seconds)
    gauge("batch_ended_timestamp_seconds", "When the last batch ended").set(ended)
    counts = gauge("batch_portfolios", "Portfolios of the last batch by how they ended", ("outcome",))
    cost = gauge("plan_cost", "What clients lose by the plan, in units of its currency", ("portfolio", "currency"))
    gap = gauge("plan_gap_ratio", "How much cheaper a plan might be at most", ("portfolio",))
    spent = gauge("plan_seconds", "Seconds that planning took", ("portfolio",))
    memory = gauge("plan_memory_bytes", "Most memory that planning took", ("portfolio",))
    for one in plans:
        counts.labels(one.outcome).inc()
        spent.labels(one.portfolio).set(one.seconds)
        if one.cost_cents is not None:
            cost.labels(one.portfolio, one.currency).set(one.cost_cents / 100)
        if one.gap is not None:
            gap.labels(one.portfolio).set(one.gap)
        if one.memory_bytes is not None:
            memory.labels(one.portfolio).set(one.memory_bytes)
    write_to_textfile(str(path), registry)


class ServerFigures:
    """What one server did since it was started; `more` gives figures that are looked up when somebody asks."""

    def __init__(self, more: Iterable[Collector] = ()) -> None:
        self.registry = CollectorRegistry()
        self._handler: logging.Handler | None = None
        self._feeds = Counter(
            f"{PREFIX}_feed_requests",
            "Requests for calendars by the status of the answer",
            ("status",),
            registry=self.registry,
        )
        self._errors = Counter(
            f"{PREFIX}_errors",
            "Errors that were logged, by the part that logged them",
            ("logger",),
            registry=self.registry,
        )
        for one in more:
            self.registry.register(one)

    def feed_answered(self, status: int) -> None:
        """Count an answer to a request for a calendar."""
        self._feeds.labels(str(status)).inc()

    def count_errors(self) -> None:
        """Count what is logged as an error, from now on until `close`."""
        self._handler = _Counting(self._errors)
        logging.getLogger().addHandler(self._handler)

    def close(self) -> None:
        """Count no more errors."""
        if self._handler is not None:
            logging.getLogger().removeHandler(self._handler)

    def page(self) -> bytes:
        """Give the figures in the format of Prometheus."""
        return generate_latest(self.registry)


class _Counting(logging.Handler):
    def __init__(self, counter: Counter) -> None:
        super().__init__(logging.ERROR)
        self._counter = counter

    def emit(self, record: logging.LogRecord) -> None:
        self._counter.labels(record.name).inc()
