"""Entries of the log, and how it is read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from scheduler.desk.tables import LOG


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that was decided: by whom, when, what, about which change if it is about one, and why.

    `detail` is what the fold needs beside that, as JSON; `key` names the request that it was part of.
    """

    seq: int
    at: datetime
    by: str
    action: str
    change: str | None = None
    reason: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    key: str | None = None
    part: int = 0
    request: str = ""


def entries(
    connection: sa.Connection, *, change: str | None = None, after: int = 0, key: str | None = None
) -> list[Entry]:
    """List entries of the log in their order: all, or those of a change, after a number, or of one request."""
    query = sa.select(LOG).where(LOG.c.seq > after).order_by(LOG.c.seq)
    if change is not None:
        query = query.where(LOG.c.change == change)
    if key is not None:
        query = query.where(LOG.c.key == key)
    return [Entry(**row._mapping) for row in connection.execute(query)]


def rows_of(made: Iterable[Entry]) -> list[dict[str, Any]]:
    """Give entries as rows of the table `log`."""
    names = [column.name for column in LOG.columns]
    return [{name: getattr(one, name) for name in names} for one in made]
