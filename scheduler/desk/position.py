"""Where everything stands at the desk: what planning, judging and showing a plan start from."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

import sqlalchemy as sa

from scheduler.desk.shelf import Row
from scheduler.desk.states import OVER
from scheduler.desk.tables import CHANGES, OVERRIDES, REJECTIONS, WINDOWS
from scheduler.desk.windows import DeskWindow
from scheduler.portfolio import Decision, Portfolio
from scheduler.schedule import Placement, Schedule, place


@dataclass(frozen=True, eq=False)
class Position:
    """Rows of the store at one moment: changes, their windows, what was rejected and which rules were set aside."""

    changes: Mapping[str, Row]
    windows: Mapping[str, DeskWindow]
    rejections: tuple[Row, ...]
    overrides: tuple[Row, ...]

    def window_of(self, change: str) -> DeskWindow | None:
        """Give the window that clients were told of, if there is one."""
        row = self.changes.get(change)
        return None if row is None or row["window"] is None else self.windows[row["window"]]

    def proposal_of(self, change: str) -> DeskWindow | None:
        """Give the window that waits for a decision, if there is one."""
        row = self.changes.get(change)
        return None if row is None or row["proposal"] is None else self.windows[row["proposal"]]

    def planned_of(self, change: str) -> DeskWindow | None:
        """Give the window that the change is to have as things stand: the proposal before the announced one."""
        return self.proposal_of(change) or self.window_of(change)

    @cached_property
    def open(self) -> tuple[str, ...]:
        """The changes that still need a window, or work of which goes on."""
        return tuple(sorted(change for change, row in self.changes.items() if row["state"] not in OVER))

    def starts(self, portfolio: Portfolio) -> Mapping[str, datetime]:
        """Give the start of every open change of a portfolio that has a window."""
        found = {change: self.planned_of(change) for change in self.open if change in portfolio.changes}
        return {change: window.start for change, window in found.items() if window is not None}

    def schedule(self, portfolio: Portfolio) -> Schedule:
        """Give the plan as things stand, each window as long as the portfolio says or work on it was extended."""
        return Schedule(tuple(self._placement(portfolio, *item) for item in sorted(self.starts(portfolio).items())))

    def _placement(self, portfolio: Portfolio, change: str, start: datetime) -> Placement:
        placement, window = place(portfolio, change, start), self.planned_of(change)
        if window is not None and window.status == "implementing":
            return replace(placement, end=window.end, reserved_until=window.reserved_until)
        return placement

    def set_aside(self, change: str, start: datetime, now: datetime) -> frozenset[str]:
        """Give the rules that need not hold for a start of a change, as an administrator said, until that expires."""
        return frozenset(
            rule
            for one in self.overrides
            if (one["change"], one["start"], one["ended_at"]) == (change, start, None) and now < one["expires_at"]
            for rule in one["rules"]
        )

    def decisions(self, *, without: str | None = None) -> tuple[Decision, ...]:
        """Give what was decided as decisions on windows; of the change `without` only rejections.

        Rejections come first: what was announced or pinned after all stays so.
        """
        found = [Decision(change=one["change"], kind="reject", start=one["start"]) for one in self.rejections]
        for change in self.open:
            window, planned = self.window_of(change), self.planned_of(change)
            if change == without:
                continue
            if window is not None:
                told = window.announced_at
                found.append(Decision(change=change, kind="approve", start=window.start, announced_at=told))
            if self.changes[change]["pinned"] and planned is not None:
                told = planned.announced_at
                found.append(Decision(change=change, kind="pin", start=planned.start, announced_at=told))
        return tuple(found)


def position(connection: sa.Connection) -> Position:
    """Read where everything stands."""

    def rows(table: sa.Table) -> list[Row]:
        return [dict(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key)).mappings()]

    return Position(
        {row["change"]: row for row in rows(CHANGES)},
        {row["id"]: DeskWindow(**row) for row in rows(WINDOWS)},
        tuple(rows(REJECTIONS)),
        tuple(rows(OVERRIDES)),
    )


def folded(portfolio: Portfolio, at: Position, *, without: str | None = None) -> Portfolio:
    """Give a portfolio as it is to be planned: with what was decided at the desk, without what is over.

    Windows that clients were told of count as announced. `without` leaves out what binds one change to its window.
    """
    over = {change for change, row in at.changes.items() if row["state"] in OVER}
    done = {change for change in over if at.changes[change]["state"] != "Cancelled"}
    changes = {id: one for id, one in portfolio.changes.items() if id not in over}
    decisions = tuple(one for one in (*portfolio.decisions, *at.decisions(without=without)) if one.change in changes)
    announced = dict(portfolio.announced)
    for change in changes:
        window = at.window_of(change)
        if window is not None and window.announced_at is not None:
            announced[change] = (window.start, window.announced_at)
    kept = {change: told for change, told in announced.items() if change in changes}
    return replace(portfolio, changes=changes, decisions=decisions, announced=kept, done=portfolio.done | done)
