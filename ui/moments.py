"""What the desk holds at one moment, for all visitors."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import sqlalchemy as sa

from scheduler.desk.identities import identities
from scheduler.desk.library import current_version, portfolio_of, seen_from
from scheduler.desk.plans import named_for
from scheduler.desk.position import Position, position
from scheduler.desk.shelf import Row
from scheduler.desk.tables import DESK, USERS
from scheduler.desk.watching import Mark, mark_of
from scheduler.portfolio import Portfolio
from scheduler.schedule import Shift

from .desk_plan import latest_answer, plan_at
from .review import Plan, Standing, UnusableError


@dataclass(frozen=True, eq=False, kw_only=True)
class Moment:
    """What the desk holds after an entry of its log, `revision`, as it was read at an instant.

    `portfolio` is the current version as imported, seen from that instant (or where its weeks are over, from its
    import); None before the first import.
    """

    mark: Mark
    revision: int
    read_at: datetime
    position: Position
    people: Mapping[str, Row]
    identities: Mapping[str, str]
    version: int | None
    portfolio: Portfolio | None
    shifts: Mapping[str, tuple[Shift, ...]] = field(repr=False)
    answer: Mapping[str, object] = field(repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @cached_property
    def _plan(self) -> Plan:
        if self.portfolio is None:
            raise UnusableError("There is no portfolio at this desk yet.", [], "Bring one in", page="inputs")
        return plan_at(" ".join(self.mark), self.portfolio, self.position, self.shifts, self.answer)

    def plan(self) -> Plan:
        """Give the plan as things stand: what is left of work that goes on, and every window announced or proposed.

        Raises
        ------
        UnusableError
            If there is no portfolio yet.
        """
        with self._lock:
            return self._plan

    @cached_property
    def standing(self) -> Mapping[str, Standing]:
        """Where every change with a window stands, in the words of the screens; `known` is its revision."""
        found = {}
        for change in self.position.open:
            row, planned = self.position.changes[change], self.position.planned_of(change)
            if planned is None:
                continue
            if row["proposal"] is not None:
                word = "proposed"
            elif row["pinned"]:
                word = "pinned"
            else:
                word = "approved"
            found[change] = Standing(word, known=row["revision"])
        return found

    def in_state(self, *states: str) -> list[str]:
        """List the changes in some states, by id."""
        return [change for change, row in sorted(self.position.changes.items()) if row["state"] in states]

    def name_of(self, user: str) -> str:
        """Give the name that people know a user by."""
        row = self.people.get(user)
        return str(row["name"]) if row else user


def read_moment(connection: sa.Connection, now: datetime) -> Moment:
    """Read everything that a moment has.

    Raises
    ------
    RefusedError
        If the portfolio cannot be read.
    """
    version = current_version(connection)
    portfolio = None if version is None else portfolio_of(connection, version)
    if portfolio is not None and now < portfolio.horizon.end:
        portfolio = seen_from(portfolio, now)
    at = position(connection)
    planned = {change: at.planned_of(change) for change in at.open}
    return Moment(
        mark=mark_of(connection),
        revision=connection.execute(sa.select(DESK.c.last)).scalar_one(),
        read_at=now,
        position=at,
        people={row["user"]: dict(row) for row in connection.execute(sa.select(USERS)).mappings()},
        identities=identities(connection),
        version=version,
        portfolio=portfolio,
        shifts=named_for(connection, {change: one.start for change, one in planned.items() if one is not None}),
        answer=latest_answer(connection),
    )
