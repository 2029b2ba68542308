"""A plan as it lies in its folder, with its portfolio, and what was decided on its windows since."""

import gc
import threading
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from scheduler.baselines import habit_schedules
from scheduler.explain import Witness
from scheduler.explanation import Explanation, PriceCurve
from scheduler.inputs import InputError, load
from scheduler.inputs.decisions import LoggedDecision
from scheduler.portfolio import Decision, Portfolio
from scheduler.publish.read_back import PlanDocument, read_document, read_result
from scheduler.schedule import Placement, Result, Schedule

from .heat import By
from .tables import schedule_table, windows

Signature = tuple[tuple[str, int, int], ...]
DECIDED: Mapping[str, str] = {"approve": "approved", "pin": "pinned", "reject": "rejected"}
"""The state of a window by the kind of the last decision on it."""
MOST_EXPLAINED = 40
SHOWN_HABITS = ("first_come", "earliest", "sunday_0200")


class UnusableError(Exception):
    """A plan that cannot be shown: what is wrong in one sentence, every reason, and how to mend it.

    `mend` is a command that helps, `page` the name of a page that does.
    """

    def __init__(self, what: str, reasons: Iterable[str] = (), mend: str = "", page: str = "") -> None:
        self.what, self.reasons, self.mend, self.page = what, list(reasons), mend, page
        super().__init__(what)


@dataclass(frozen=True, eq=False)
class Plan:
    """One plan with its portfolio, wherever it lies.

    `id` tells it from any other. `answer` is what its run wrote (schedule.json), as far as there is one. `kept` holds
    the charts that were drawn of it.
    """

    id: str
    result: Result
    answer: Mapping[str, Any] = field(repr=False)
    kept: dict[Hashable, dict[str, Any]] = field(default_factory=dict, repr=False, kw_only=True)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False, kw_only=True)

    @property
    def has_schedule(self) -> bool:
        """Tell whether there is a schedule, if only an empty one."""
        return self.result.objective_cents is not None

    @property
    def portfolio(self) -> Portfolio:
        """What was planned."""
        return self.result.portfolio

    @property
    def placed(self) -> Mapping[str, Placement]:
        """The windows by change."""
        return self.result.schedule.by_change

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per window, as `schedule_table` gives them."""
        return schedule_table(self.result)

    @cached_property
    def _drawn(self) -> Mapping[By, pd.DataFrame]:
        return {"service": windows(self.result, "service"), "team": windows(self.result, "team")}

    def windows(self, by: By) -> pd.DataFrame:
        """Give one row per window and service, or team, as `tables.windows` gives them."""
        return self._drawn[by]

    @cached_property
    def _witness(self) -> Witness:
        return Witness(self.portfolio, self.result.schedule)

    @cached_property
    def _habits(self) -> Mapping[str, Schedule]:
        every = habit_schedules(self.portfolio, self.result.schedule, names=SHOWN_HABITS)
        return {name: schedule for name, (schedule,) in every.items()}

    def habits(self) -> Mapping[str, Schedule]:
        """Give where the habits would have put the same changes."""
        with self._lock:
            return self._habits

    @cached_property
    def _explained(self) -> Callable[[str], tuple[Explanation, PriceCurve]]:
        # One look at a change asks several times.
        return lru_cache(MOST_EXPLAINED)(lambda change: (self._witness.explain(change), self._witness.curve(change)))

    def explain(self, change: str) -> tuple[Explanation, PriceCurve]:
        """Say why a change is where it is, and what every other start would cost."""
        with self._lock:  # a witness can be asked by one at a time
            return self._explained(change)

    def warm(self) -> None:
        """Do now what the first question would otherwise wait for."""
        with self._lock:
            _ = self._witness
        self.habits()


@dataclass(frozen=True, eq=False)
class FolderPlan(Plan):
    """A plan in a folder, read once.

    `portfolio` is as it was when the plan was made: decisions that came later are not in it. `stale` tells that what
    the folder holds is not what the plan was made from.
    """

    out: Path
    folder: Path
    document: PlanDocument
    signature: Signature
    stale: bool


def read_plan(out: Path, override: Path | None = None) -> FolderPlan:
    """Read the plan in a folder and the portfolio it names, or `override`.

    Raises
    ------
    UnusableError
        If there is no plan, or it or its portfolio cannot be read.
    """
    try:
        document = read_document(out)
    except InputError as error:
        if not (out / "schedule.json").exists():
            raise UnusableError("There is no plan here yet.", [], f"scheduler plan PORTFOLIO --out {out}") from error
        raise UnusableError("The plan cannot be read.", error.problems) from error
    folder = override or Path(document.content["folder"] or "")
    mend = f"scheduler serve {out} --portfolio FOLDER"
    if override is None and not document.content["folder"]:
        raise UnusableError("The plan does not say where its portfolio is.", [], mend)
    if not folder.is_dir():
        raise UnusableError("The portfolio of this plan is gone.", [f"{folder} is not a folder"], mend)
    now = document.content["now"]
    found = signature(folder)
    try:
        portfolio = load(folder, now=now, out=out)
    except InputError as error:
        raise UnusableError("The portfolio of this plan cannot be read.", error.problems) from error
    try:
        result = read_result(out, document, portfolio)
    except InputError as error:
        raise UnusableError("The plan cannot be read.", error.problems) from error
    known = tuple(one for one in result.schedule.placements if one.change in portfolio.changes)
    made_of = document.content["folder_hash"]
    plan = FolderPlan(
        id=document.id,
        answer=document.content,
        out=out,
        folder=folder,
        document=document,
        result=replace(result, portfolio=_as_planned(portfolio, known), schedule=Schedule(known)),
        signature=found,
        stale=bool(made_of) and made_of != portfolio.folder_hash,
    )
    settle()
    return plan


def settle() -> None:
    """Keep what is loaded by now out of what garbage collection goes through, which would make visitors wait."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    # How much there is to go through is counted anew here, and decides when Python collects next.
    gc.collect()


def signature(folder: Path) -> Signature:
    """Give names, times and sizes of the files of a portfolio: what differs when somebody wrote there."""
    try:
        entries = [(path.name, path.stat()) for path in folder.iterdir() if path.is_file()]
    except OSError:
        return ()
    return tuple(sorted((name, status.st_mtime_ns, status.st_size) for name, status in entries))


def changed_since(plan: FolderPlan) -> str:
    """Say what a portfolio's folder holds that the plan was not made from; empty where it is still the same."""
    try:
        again = load(plan.folder, now=plan.document.content["now"])
    except InputError as error:
        return f"The portfolio cannot be read any more: {error.problems[0]}"
    return "" if again.folder_hash == plan.document.content["folder_hash"] else "The portfolio changed."


def _as_planned(portfolio: Portfolio, placements: tuple[Placement, ...]) -> Portfolio:
    """Take back what was decided after planning, and hold what the plan announces to be announced."""
    by_change = {one.change: one for one in placements}
    told = {one.change: (one.start, one.announced_at) for one in placements if one.announced_at is not None}
    rows: dict[str, list[Decision]] = defaultdict(list)
    for one in portfolio.decisions:
        rows[one.change].append(one)
    later = {
        id(row)
        for change, placement in by_change.items()
        for row in later_rows(portfolio, placement, rows.get(change, ()))
    }
    decisions = tuple(one for one in portfolio.decisions if id(one) not in later)
    return replace(portfolio, decisions=decisions, announced=dict(portfolio.announced) | told)


def later_rows(portfolio: Portfolio, placement: Placement, rows: Sequence[Decision]) -> list[Decision]:
    """Give the decisions on the window that a change has in a plan which were made after it was planned.

    The plan obeys what came before: an approval that it obeys shows in when the window was announced.
    """
    reach = portfolio.reserved(placement.change) * portfolio.horizon.slot
    later: list[Decision] = []
    for row in rows:
        if row.kind != "reject" and (row.start, row.announced_at) == (placement.start, placement.announced_at):
            later = []
        elif row.start == placement.start or (row.kind == "reject" and abs(row.start - placement.start) < reach):
            later.append(row)
    return later


# --- what was decided since ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one window stands: its state, the last decision on its change, and how many there were."""

    state: str
    waits: bool = False
    last: LoggedDecision | None = None
    known: int = 0


def standings(plan: Plan, log: Iterable[LoggedDecision]) -> Mapping[str, Standing]:
    """Fold the log of decisions over the windows of a plan; `waits` marks those that only the next plan obeys."""
    rows: dict[str, list[LoggedDecision]] = defaultdict(list)
    for row in log:
        rows[row.decision.change].append(row)
    found = {}
    for change, planned in zip(plan.table["change"], plan.table["state"], strict=True):
        mine = rows[change]
        later = later_rows(plan.portfolio, plan.placed[change], [row.decision for row in mine])
        state = DECIDED[later[-1].kind] if later else planned
        found[change] = Standing(state, bool(later), mine[-1] if mine else None, len(mine))
    return found


def as_decided(plan: Plan, log: Iterable[LoggedDecision]) -> Schedule:
    """Give the schedule with what was approved since it was made announced, and without what was rejected."""
    now = standings(plan, log)
    told = {change: one.last.decision.announced_at for change, one in now.items() if one.waits and one.last}
    return Schedule(
        tuple(
            replace(one, announced_at=told[one.change] or one.announced_at) if one.change in told else one
            for one in plan.result.schedule.placements
            if one.change not in now or now[one.change].state != "rejected"
        )
    )


def present(plan: Plan, clock: datetime | None = None) -> tuple[datetime, str]:
    """Give the instant at which a plan is looked at, and what to call it; a rehearsal stays where it was planned."""
    now = clock or datetime.now(UTC)
    return (plan.portfolio.now, "planned") if now >= plan.portfolio.horizon.end else (now, "now")


def told_at(plan: Plan, placement: Placement, clock: datetime | None = None) -> datetime | None:
    """Give the instant at which an approval announces a window; None where the window has begun.

    That is the clock's, in whole seconds; but a plan whose whole horizon is over is a rehearsal, and its clock stands
    where it was planned.
    """
    now, name = present(plan, clock)
    if name == "planned":
        return now
    return now.replace(microsecond=0) if now < placement.start else None
