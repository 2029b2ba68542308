"""Reads windows and their revisions from the store: what feeds, notices and pages show."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from scheduler.desk.tables import WINDOW_REVISIONS, WINDOWS

WindowStatus = Literal["proposed", "scheduled", "implementing", "done", "cancelled", "withdrawn"]
GONE = ("cancelled", "withdrawn")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskWindow:
    """A window of a change under its permanent id, as it is since `revised_at`.

    `sequence` counts its revisions from 0. `announced_at` is when clients were told of this start,
    `first_announced_at` when they were first told of the window; both are None for what nobody was told of: a proposal,
    or one that was withdrawn. A window that was announced and is cancelled stays. `version` is the version of the
    portfolio that has its texts, `seq` the entry of the log that made it so.
    """

    id: str
    change: str
    status: WindowStatus
    start: datetime
    end: datetime
    reserved_until: datetime
    sequence: int
    revised_at: datetime
    announced_at: datetime | None
    first_announced_at: datetime | None
    version: int
    cost_cents: int | None
    seq: int

    @property
    def is_public(self) -> bool:
        """Tell whether clients were ever told of it."""
        return self.first_announced_at is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRevision:
    """What a window was from `at` until its next revision."""

    window: str
    sequence: int
    status: WindowStatus
    start: datetime
    end: datetime
    reserved_until: datetime
    at: datetime
    seq: int
    version: int


def windows(
    connection: sa.Connection, *, proposals: bool = False, gone_after: datetime | None = None, change: str | None = None
) -> list[DeskWindow]:
    """List windows in the order of their start: those clients were told of, and with `proposals` all.

    Cancelled windows are kept: all of them, or with `gone_after` those that would end after that instant.
    """
    query = sa.select(WINDOWS).order_by(WINDOWS.c.start, WINDOWS.c.id)
    if not proposals:
        query = query.where(WINDOWS.c.first_announced_at.is_not(None))
    if gone_after is not None:
        query = query.where(sa.or_(WINDOWS.c.status.not_in(GONE), WINDOWS.c.reserved_until > gone_after))
    if change is not None:
        query = query.where(WINDOWS.c.change == change)
    return [_window(row._mapping) for row in connection.execute(query)]


def window(connection: sa.Connection, id: str) -> DeskWindow | None:
    """Give the window of an id; None where there never was one."""
    row = connection.execute(sa.select(WINDOWS).where(WINDOWS.c.id == id)).first()
    return None if row is None else _window(row._mapping)


def revisions(connection: sa.Connection, window: str) -> list[WindowRevision]:
    """List the revisions of a window in their order."""
    table = WINDOW_REVISIONS
    query = sa.select(table).where(table.c.window == window).order_by(table.c.sequence)
    return [WindowRevision(**row._mapping) for row in connection.execute(query)]


def last_revised(connection: sa.Connection) -> datetime | None:
    """Give the instant of the latest revision of any window, cancelled ones too; None where there is no window."""
    found: datetime | None = connection.execute(sa.select(sa.func.max(WINDOWS.c.revised_at))).scalar()
    return found


def _window(row: Any) -> DeskWindow:
    return DeskWindow(**row)
