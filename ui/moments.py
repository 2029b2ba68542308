"""What the desk holds at one moment, for all visitors."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
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

LASTS = timedelta(minutes=15)
"""How long a portfolio is shown as seen from one instant: time passes, and with it notice."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Moment:
    """What the desk holds after an entry of its log, `revision`, as it was read at an instant.

    `portfolio` is the current version as imported, seen from `seen_at` (or where its weeks are over, from its import);
    None before the first import. `before` is the plan of an earlier moment with the same portfolio.
    """

    mark: Mark
    revision: int
    read_at: datetime
    seen_at: datetime
    position: Position
    people: Mapping[str, Row]
    identities: Mapping[str, str]
    version: int | None
    portfolio: Portfolio | None
    shifts: Mapping[str, tuple[Shift, ...]] = field(repr=False)
    answer: Mapping[str, object] = field(repr=False)
    before: Plan | None = field(default=None, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @cached_property
    def _plan(self) -> Plan:
        if self.portfolio is None:
            raise UnusableError("There is no portfolio at this desk yet.", [], "Bring one in", page="inputs")
        return plan_at(" ".join(self.mark), self.portfolio, self.position, self.shifts, self.answer, self.before)

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


def read_moment(connection: sa.Connection, now: datetime, last: Moment | None = None) -> Moment:
    """Read everything that a moment has; where it can, it goes on with the portfolio as seen in the `last` one.

    Raises
    ------
    RefusedError
        If the portfolio cannot be read.
    """
    version, at = current_version(connection), position(connection)
    before, seen_at = None, now
    if last is not None and last.version == version and _goes_on(last, at, now):
        portfolio, before, seen_at = last.portfolio, vars(last).get("_plan", last.before), last.seen_at
    else:
        portfolio = None if version is None else portfolio_of(connection, version)
        if portfolio is not None and now < portfolio.horizon.end:
            portfolio = seen_from(portfolio, now)
    planned = {change: at.planned_of(change) for change in at.open}
    return Moment(
        mark=mark_of(connection),
        revision=connection.execute(sa.select(DESK.c.last)).scalar_one(),
        read_at=now,
        seen_at=seen_at,
        position=at,
        people={row["user"]: dict(row) for row in connection.execute(sa.select(USERS)).mappings()},
        identities=identities(connection),
        version=version,
        portfolio=portfolio,
        shifts=named_for(connection, {change: one.start for change, one in planned.items() if one is not None}),
        answer=latest_answer(connection),
        before=before,
    )


def _goes_on(last: Moment, at: Position, now: datetime) -> bool:
    """Tell whether only decisions on windows were written since a moment, and its portfolio is as seen lately."""
    portfolio = last.portfolio
    if portfolio is None or now - last.seen_at >= LASTS:
        return False
    known, found = (one.facts(portfolio.now, portfolio) for one in (last.position, at))
    return replace(known, decisions=()) == replace(found, decisions=())
