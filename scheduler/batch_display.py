"""How a batch is shown: bars on a terminal, lines in a log, and a table at the end."""

import logging
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from scheduler.batch.job import Job, Outcome
from scheduler.batch.many import Hooks, Summary
from scheduler.console import aligned
from scheduler.publish.plain_text import one_line
from scheduler.solver.incumbent import Progress as Standing
from scheduler.wording import money_text

LINE_SECONDS = 30.0
_log = logging.getLogger("scheduler.batch")


class BatchLines(Hooks):
    """Says in the log when a portfolio begins, now and then how it stands, and how it ended."""

    def __init__(self) -> None:
        super().__init__(self.begun, self.ended)
        self._told: dict[str, float] = {}

    def begun(self, job: Job) -> None:
        """Say that a portfolio begins."""
        self._told[job.name] = time.monotonic()
        _log.info("%s: begins", job.name, extra={"portfolio": job.name, "folder": job.folder})

    def progressed(self, name: str, standing: Standing) -> None:
        """Say how a portfolio stands, where that was not said for a while."""
        if time.monotonic() >= self._told.get(name, 0.0) + LINE_SECONDS:
            self._told[name] = time.monotonic()
            extra = {"portfolio": name, "seconds": round(standing.seconds, 1), "phase": standing.phase}
            _log.info("%s: %s", name, _standing_text(standing), extra=extra)

    def ended(self, job: Job, outcome: Outcome) -> None:
        """Say how a portfolio ended."""
        level = logging.INFO if outcome.code == 0 else logging.ERROR
        extra = outcome.document() | {"portfolio": outcome.name}
        del extra["name"]
        _log.log(level, "%s: %s", job.name, _outcome_text(outcome), extra=extra)


class BatchBars(Hooks):
    """Shows a bar for the batch and how each portfolio that is being planned stands."""

    def __init__(self, portfolios: int) -> None:
        super().__init__(self.begun, self.ended)
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[standing]}", markup=False),
            console=Console(stderr=True),
            transient=False,
        )
        self._all = self._bars.add_task("portfolios", total=portfolios, standing="")
        self._of: dict[str, TaskID] = {}
        self._turn = threading.Lock()

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the bars as long as the block runs."""
        with self._bars:
            yield

    def begun(self, job: Job) -> None:
        """Show a bar of a portfolio."""
        with self._turn:
            if job.name not in self._of:
                name = one_line(job.name)
                self._of[job.name] = self._bars.add_task(f"  {name}", total=None, standing="begins")

    def progressed(self, name: str, standing: Standing) -> None:
        """Show how a portfolio stands."""
        with self._turn:
            if name in self._of:
                self._bars.update(self._of[name], standing=_standing_text(standing))

    def ended(self, job: Job, outcome: Outcome) -> None:
        """Take the bar of a portfolio away, and say how it ended."""
        with self._turn:
            task = self._of.pop(job.name, None)
            if task is not None:
                self._bars.remove_task(task)
            self._bars.advance(self._all)
        self._bars.console.print(Text(one_line(f"{outcome.name}: {_outcome_text(outcome)}")))


def summary_text(summary: Summary) -> str:
    """Give a table of what became of every portfolio, and why there is no plan of some."""
    heads = ["portfolio", "ended", "clients lose", "gap", "placed", "seconds", "MiB", "tries"]
    rows = [
        [
            one_line(one.name),
            one.kind,
            "" if one.cost_cents is None else money_text(one.cost_cents, one.currency),
            "" if one.gap is None else f"{one.gap:.1%}",
            "" if one.placed is None else f"{one.placed} of {one.changes}",
            f"{one.seconds:.1f}",
            "" if one.peak_mib is None else str(one.peak_mib),
            str(one.attempts),
        ]
        for one in summary.outcomes
    ]
    lines = list(aligned(heads, rows, right=(2, 3, 4, 5, 6, 7)))
    lines += [
        one_line(f"{one.name}: {one.kind}: {message}")
        for one in summary.outcomes
        if one.code
        for message in one.messages
    ]
    counts = ", ".join(f"{number} {kind}" for kind, number in summary.counts.items())
    return "\n".join([*lines, f"{counts}; {summary.seconds:.1f} s, exit code {summary.code}"])


def is_terminal() -> bool:
    """Tell whether a person looks at the error output."""
    return sys.stderr.isatty()


def _standing_text(standing: Standing) -> str:
    objective, bound = standing.objective_cents, standing.bound_cents
    gap = "" if not objective or bound is None else f", gap {(objective - bound) / objective:.1%}"
    return f"{standing.seconds:.0f} s, {standing.phase}{gap}"


def _outcome_text(outcome: Outcome) -> str:
    cost = "" if outcome.cost_cents is None else f", clients lose {money_text(outcome.cost_cents, outcome.currency)}"
    gap = "" if outcome.gap is None else f", gap {outcome.gap:.1%}"
    why = f": {outcome.messages[0]}" if outcome.messages else ""
    more = f" (and {len(outcome.messages) - 1} more)" if len(outcome.messages) > 1 else ""
    return f"{outcome.kind}{cost}{gap}, {outcome.seconds:.1f} s{why}{more}"
