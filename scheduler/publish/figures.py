"""Figures of a desk for Prometheus, looked up in its store when somebody asks."""

from collections.abc import Iterator

import sqlalchemy as sa
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from scheduler.desk.store import Store, StoreError
from scheduler.desk.tables import CHANGES, RUNS, SCHEDULES
from scheduler.metrics import PREFIX, ServerFigures
from scheduler.settings import Settings


def server_figures(settings: Settings, store: Store) -> ServerFigures | None:
    """Give what counts what a server does, and looks up how the desk stands; None where that is not switched on."""
    if not settings.metrics.route:
        return None
    figures = ServerFigures([DeskFigures(store)])
    figures.count_errors()
    return figures


class DeskFigures(Collector):
    """Runs by how they stand, the last plan's cost and gap, and changes by state."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def describe(self) -> list[Metric]:
        """Name nothing: the store is only looked at when somebody asks."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Look everything up; where the store does not answer, only that is told."""
        up = GaugeMetricFamily(f"{PREFIX}_store_up", "Whether the store of the desk answers")
        try:
            found = list(self._looked_up())
        except StoreError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield from found

    def _looked_up(self) -> Iterator[Metric]:
        with self._store.reading() as connection:
            runs, changes = (
                connection.execute(sa.select(column, sa.func.count()).group_by(column)).all()
                for column in (RUNS.c.status, CHANGES.c.state)
            )
            columns = (RUNS.c.ended_at, RUNS.c.seconds, RUNS.c.objective_cents, RUNS.c.bound_cents)
            plans = RUNS.join(SCHEDULES, SCHEDULES.c.id == RUNS.c.schedule)
            last = connection.execute(
                sa.select(*columns, SCHEDULES.c.cost_cents)
                .select_from(plans)
                .where(RUNS.c.ended_at.is_not(None))
                .order_by(RUNS.c.id.desc())
            ).first()
        for name, meaning, label, rows in (
            ("runs", "Runs of the solver at the desk by how they stand", "status", runs),
            ("changes", "Changes at the desk by state", "state", changes),
        ):
            family = GaugeMetricFamily(f"{PREFIX}_{name}", meaning, labels=[label])
            for value, number in rows:
                family.add_metric([value], number)
            yield family
        if last is None:
            return
        objective, bound = last.objective_cents, last.bound_cents
        gap = (objective - bound) / objective if objective and bound is not None else None
        for name, meaning, figure in (
            ("last_run_seconds", "Seconds that the last run took", last.seconds),
            ("last_run_ended_timestamp_seconds", "When the last run ended", last.ended_at.timestamp()),
            ("last_run_cost", "What clients lose by its plan, in currency units", (last.cost_cents or 0) / 100),
            ("last_run_gap_ratio", "How much cheaper its plan might be at most", gap),
        ):
            if figure is not None:
                family = GaugeMetricFamily(f"{PREFIX}_{name}", meaning)
                family.add_metric([], figure)
                yield family
