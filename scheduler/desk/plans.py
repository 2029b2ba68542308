"""Plans in the store: what runs found, as schedule.json."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from scheduler.desk.access import RefusedError
from scheduler.desk.tables import RUNS, SCHEDULES
from scheduler.inputs.cells import parse_time

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FoundPlan:
    """The windows of a plan by change (start, end, reserved_until, cost_cents), and how much of the log it knew."""

    windows: Mapping[str, Mapping[str, Any]]
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
    return FoundPlan(windows, seq, row.version)


def _window(placement: Mapping[str, Any]) -> Mapping[str, Any]:
    times: dict[str, datetime] = {name: parse_time(placement[name]) for name in ("start", "end", "reserved_until")}
    return {**times, "cost_cents": placement.get("cents")}
