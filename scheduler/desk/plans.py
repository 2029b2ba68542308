"""Plans in the store: what runs found, as schedule.json, and whom they name for the windows that came of them."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from scheduler.desk.access import RefusedError
from scheduler.desk.tables import LOG, RUNS, SCHEDULES
from scheduler.inputs.cells import parse_time
from scheduler.schedule import Schedule, Shift

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FoundPlan:
    """The windows of a plan by change (start, end, reserved_until, cost_cents), and how much of the log it knew.

    `shifts` says who does the work, where anybody is named.
    """

    windows: Mapping[str, Mapping[str, Any]]
    shifts: Mapping[str, tuple[Shift, ...]]
    seq: int
    version: int


def document_of(connection: sa.Connection, schedule: int) -> Document:
    """Give a plan as schedule.json has it.

    Raises
    ------
    RefusedError
        If there is none of this number.
    """
    found = connection.execute(sa.select(SCHEDULES.c.document).where(SCHEDULES.c.id == schedule)).scalar()
    if found is None:
        raise RefusedError(f"there is no plan {schedule}")
    document: Document = json.loads(zlib.decompress(found))
    return document


def packed(document: Mapping[str, Any]) -> bytes:
    """Give a document as it is kept."""
    return zlib.compress(json.dumps(document, separators=(",", ":"), allow_nan=False).encode())


def planned_in(connection: sa.Connection, schedule: int) -> FoundPlan:
    """Give the windows of a plan.

    Raises
    ------
    RefusedError
        If there is none of this number.
    """
    document = document_of(connection, schedule)
    row = connection.execute(sa.select(SCHEDULES.c.run, SCHEDULES.c.version).where(SCHEDULES.c.id == schedule)).one()
    seq = connection.execute(sa.select(RUNS.c.seq).where(RUNS.c.id == row.run)).scalar() or 0
    windows = {one["change"]: _window(one) for one in document["placements"]}
    return FoundPlan(windows, shifts_in(document), seq, row.version)


def shifts_of(connection: sa.Connection, schedule: int) -> Mapping[str, tuple[Shift, ...]]:
    """Give by change whom a plan names for it; nobody where there is no such plan any more."""
    try:
        return shifts_in(document_of(connection, schedule))
    except RefusedError:
        return {}


def naming_plans(connection: sa.Connection) -> Mapping[tuple[str, datetime], list[tuple[int, int]]]:
    """Give by change and start the entries of the log that took a window over from a plan, and these plans, in order.

    The last one says who does the work in that window as things stand.
    """
    found: dict[tuple[str, datetime], list[tuple[int, int]]] = {}
    query = sa.select(LOG.c.seq, LOG.c.change, LOG.c.detail).where(LOG.c.action.in_(("propose", "assign")))
    for seq, change, detail in connection.execute(query.order_by(LOG.c.seq)):
        if detail.get("schedule") is not None:
            found.setdefault((change, parse_time(detail["start"])), []).append((seq, detail["schedule"]))
    return found


def named_for(connection: sa.Connection, starts: Mapping[str, datetime]) -> Mapping[str, tuple[Shift, ...]]:
    """Give whom the plan names that a window was last taken over from, by change; nobody for one moved by hand."""
    plans, read = naming_plans(connection), dict[int, Mapping[str, tuple[Shift, ...]]]()
    found = {}
    for change, start in starts.items():
        by = plans.get((change, start))
        if by is not None:
            plan = by[-1][1]
            if plan not in read:
                read[plan] = shifts_of(connection, plan)
            found[change] = read[plan].get(change, ())
    return found


def with_engineers(schedule: Schedule, shifts: Mapping[str, tuple[Shift, ...]]) -> Schedule:
    """Name engineers by change; nobody where none are given."""
    return Schedule(tuple(replace(one, engineers=shifts.get(one.change, ())) for one in schedule.placements))


def shifts_in(document: Mapping[str, Any]) -> Mapping[str, tuple[Shift, ...]]:
    """Give by change whom a schedule.json names."""
    return {
        one["change"]: tuple(
            Shift(
                engineer=shift["engineer"],
                skill=shift["skill"],
                start=parse_time(shift["start"]),
                end=parse_time(shift["end"]),
            )
            for shift in one.get("engineers") or ()
        )
        for one in document["placements"]
    }


def _window(placement: Mapping[str, Any]) -> Mapping[str, Any]:
    times: dict[str, datetime] = {name: parse_time(placement[name]) for name in ("start", "end", "reserved_until")}
    return {**times, "cost_cents": placement.get("cents")}
