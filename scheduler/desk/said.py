"""Reads what people said beside decisions: comments, objections with their answers, wishes, and who stands in."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from scheduler.desk.tables import COMMENTS, DELEGATIONS, OBJECTIONS, PREFERENCES


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """What somebody said about a change."""

    id: int
    change: str
    by: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectionOf:
    """What a team holds against a window that began at `start`, and what it was answered."""

    id: int
    change: str
    team: str
    by: str
    at: datetime
    reason: str
    start: datetime | None
    status: Literal["open", "upheld", "declined"]
    answer: str
    answered_by: str
    answered_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Hours that a team asked for at the desk: weekly `hours` on its own clock, or [start, end)."""

    id: int
    team: str
    kind: Literal["never", "avoid", "prefer"]
    hours: str
    start: datetime | None
    end: datetime | None
    cost_cents_per_hour: int | None
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """Who may approve in whose place, in [start, end)."""

    id: int
    giver: str
    taker: str
    start: datetime
    end: datetime


def comments(connection: sa.Connection, change: str) -> list[Comment]:
    """List what was said about a change, the first first."""
    query = sa.select(COMMENTS).where(COMMENTS.c.change == change).order_by(COMMENTS.c.id)
    return [Comment(**row._mapping) for row in connection.execute(query)]


def objections(
    connection: sa.Connection, *, change: str | None = None, team: str | None = None, status: str | None = None
) -> list[ObjectionOf]:
    """List objections, the first first: all, or those to a change, of a team, or that are open, upheld or declined."""
    query = sa.select(OBJECTIONS).order_by(OBJECTIONS.c.id)
    for column, value in ((OBJECTIONS.c.change, change), (OBJECTIONS.c.team, team), (OBJECTIONS.c.status, status)):
        if value is not None:
            query = query.where(column == value)
    return [ObjectionOf(**row._mapping) for row in connection.execute(query)]


def wishes(connection: sa.Connection, *, team: str | None = None) -> list[Wish]:
    """List the wishes that hold, of all teams or of one, the first first."""
    query = sa.select(PREFERENCES).where(PREFERENCES.c.ended_at.is_(None)).order_by(PREFERENCES.c.id)
    if team is not None:
        query = query.where(PREFERENCES.c.team == team)
    names = Wish.__dataclass_fields__
    return [Wish(**{name: row[name] for name in names}) for row in connection.execute(query).mappings()]


def delegations(connection: sa.Connection, at: datetime) -> list[Delegation]:
    """List who stands in for whom at an instant or later, and was not told to stop, in the order of time."""
    table = DELEGATIONS
    query = sa.select(table).where(table.c.end > at, table.c.ended_at.is_(None)).order_by(table.c.start, table.c.id)
    names = Delegation.__dataclass_fields__
    return [Delegation(**{name: row[name] for name in names}) for row in connection.execute(query).mappings()]
