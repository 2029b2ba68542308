"""Proposals: the windows that a run found, put up for decision, and taken back."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from scheduler.desk.access import RefusedError
from scheduler.desk.deciding import asked, must_be_proposed, new_window, times
from scheduler.desk.entries import entries
from scheduler.desk.judging import Bench
from scheduler.desk.plans import FoundPlan, naming_plans, planned_in, shifts_of
from scheduler.desk.position import Position, position
from scheduler.desk.states import OVER
from scheduler.desk.store import Store
from scheduler.desk.tables import CHANGES, WINDOWS
from scheduler.desk.windows import DeskWindow
from scheduler.desk.writing import Done, StaleError, Writing, words, write


def propose(
    store: Store,
    schedule: int,
    *,
    by: str,
    only: Collection[str] | None = None,
    key: str | None = None,
    now: datetime | None = None,
) -> Done:
    """Propose the windows of a plan that a run found, where they differ from what is proposed or announced.

    `only` names the changes it is about. Changes on hold, at work or over are left as they are; a proposal whose
    change the plan leaves out is taken back. Where a window stays but the plan names other engineers, they are assigned
    to it: there is nothing to decide for clients, but their calendars have to tell.

    Raises
    ------
    StaleError
        If a change was decided on since the run began; plan again, or leave it out.
    RefusedError
        If there is no such plan, or its windows break a rule beside what was decided since.
    """

    def decide(writing: Writing) -> None:
        writing.actor.must("propose")
        found = planned_in(writing.connection, schedule)
        at = position(writing.connection)
        bench = Bench(writing.connection, writing.now, at)
        wanted = {
            change: window
            for change, window in found.windows.items()
            if _may_have_window(at, change) and (only is None or change in only)
        }
        fresh = {change: window for change, window in wanted.items() if _differs(at, change, window)}
        left_out = [
            change
            for change in sorted(at.open)
            if at.proposal_of(change) is not None
            and change not in found.windows
            and _may_have_window(at, change)
            and (only is None or change in only)
        ]
        for change in (*fresh, *left_out):
            if at.changes[change]["revision"] > found.seq:
                raise StaleError(change, entries(writing.connection, change=change, after=found.seq))
        broken = bench.broken_by({change: window["start"] for change, window in fresh.items()})
        if broken:
            raise RefusedError(f"beside what was decided since, this plan breaks a rule: {broken[0].text}; plan again")
        for change in left_out:
            writing.add("withdraw", change, "the plan leaves it out")
        for change, window in fresh.items():
            _add_proposal(writing, at, change, window, schedule)
        _assign(writing, found, [change for change in sorted(wanted) if change not in left_out], schedule)

    request = {"do": "propose", "schedule": schedule, "only": None if only is None else sorted(only)}
    return write(store, decide, by=by, request=request, key=key, now=now)


def _may_have_window(at: Position, change: str) -> bool:
    row = at.changes.get(change)
    return row is not None and row["state"] not in (*OVER, "Implement") and not row["on_hold"]


def _differs(at: Position, change: str, wanted: Mapping[str, Any]) -> bool:
    planned = at.planned_of(change)
    return planned is None or at.changes[change]["stale"] or not _same(planned, wanted)


def _same(window: DeskWindow, wanted: Mapping[str, Any]) -> bool:
    return all(getattr(window, name) == wanted[name] for name in ("start", "end", "reserved_until"))


def _add_proposal(writing: Writing, at: Position, change: str, wanted: Mapping[str, Any], schedule: int) -> None:
    announced = at.window_of(change)
    if announced is not None and _same(announced, wanted):
        # What was announced may stay: there is nothing to decide.
        if at.proposal_of(change) is not None:
            writing.add("withdraw", change, "what was announced stays")
        if at.changes[change]["stale"]:
            writing.add("confirm", change, "the plan keeps what was announced")
        return
    detail = times(wanted["start"], wanted["end"], wanted["reserved_until"])
    row = at.changes[change]
    writing.add(
        "propose",
        change,
        window=row["proposal"] or new_window(),
        schedule=schedule,
        cost_cents=wanted["cost_cents"],
        **detail,
    )


def _assign(writing: Writing, found: FoundPlan, changes: Collection[str], schedule: int) -> None:
    """Note whom a plan names for windows that stay where they were, where that is somebody else than before."""
    plans, read = naming_plans(writing.connection), {schedule: found.shifts}
    for change in changes:
        row, wanted = writing.shelf.get(CHANGES, change), found.windows[change]
        window = None if row is None else row["proposal"] or row["window"]
        now = None if window is None else writing.shelf.get(WINDOWS, window)
        if now is None or now["seq"] in {one.seq for one in writing.made}:
            continue  # it was proposed just now, with the names of this plan
        if any(now[name] != wanted[name] for name in ("start", "end", "reserved_until")):
            continue
        by = plans.get((change, now["start"]))
        if by is not None and by[-1][1] not in read:
            read[by[-1][1]] = shifts_of(writing.connection, by[-1][1])
        before = read[by[-1][1]].get(change, ()) if by is not None else ()
        if set(before) != set(found.shifts.get(change, ())):
            times_of = times(wanted["start"], wanted["end"], wanted["reserved_until"])
            writing.add("assign", change, window=window, schedule=schedule, **times_of)


def withdraw(
    store: Store,
    change: str,
    *,
    by: str,
    seen: int,
    reason: str = "",
    key: str | None = None,
    now: datetime | None = None,
) -> Done:
    """Take a proposal back; what was announced stays."""

    def decide(writing: Writing) -> None:
        row = writing.change(change, seen, "withdraw")
        writing.actor.must("withdraw", row["teams"])
        must_be_proposed(row)
        writing.add("withdraw", change, words(reason, "the reason", needed=False))

    return write(store, decide, by=by, request=asked("withdraw", change, seen, reason), key=key, now=now)
