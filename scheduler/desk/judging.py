"""What a window chosen by hand costs more or less, and which rules it breaks: said at once, without the solver."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from scheduler.desk.access import RefusedError
from scheduler.desk.library import portfolio_of
from scheduler.desk.position import Position, planned, position
from scheduler.horizon import Window
from scheduler.portfolio import Portfolio
from scheduler.schedule import Placement, Schedule, Violation, lost_cents, place, total
from scheduler.verify import bill, verify
from scheduler.wording import instant_text, money_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A window of a change judged with all others as they are.

    `cents` is what clients lose by it more than without any window of the change, `more_cents` than with the window it
    had (None where it had none); the weighted figures are what is minimised. `broken` are the rules that it breaks and
    that hold without it, `set_aside` those of them that an administrator set aside.
    """

    placement: Placement
    cents: int
    weighted_cents: int
    more_cents: int | None
    more_weighted_cents: int | None
    broken: tuple[Violation, ...]
    set_aside: frozenset[str] = frozenset()

    @property
    def refused(self) -> tuple[Violation, ...]:
        """The broken rules that nobody set aside."""
        return tuple(one for one in self.broken if one.rule not in self.set_aside)

    def text(self, currency: str, zone: str) -> str:
        """Say what it costs, and what it breaks."""
        when = instant_text(self.placement.start, zone)
        cost = f"{self.placement.change} at {when} costs clients {money_text(self.cents, currency)}"
        if self.more_cents is not None:
            word = "more" if self.more_cents >= 0 else "less"
            cost += f", {money_text(abs(self.more_cents), currency)} {word} than where it is"
        return "; ".join([cost, *(f"{one.rule}: {one.text}" for one in self.broken)])


class Bench:
    """A portfolio and the plan as things stand, ready to judge windows on."""

    def __init__(self, connection: sa.Connection, now: datetime, at: Position | None = None) -> None:
        self.now = now
        self.at = at or position(connection)
        self.portfolio = portfolio_of(connection, now=now)

    def judged(self, change: str, start: datetime) -> Judged:
        """Judge a start of a change.

        Raises
        ------
        RefusedError
            If the portfolio does not have the change, or it is no start on the grid of the horizon.
        """
        if change not in self.portfolio.changes:
            raise RefusedError(f"{change} is not in the portfolio any more")
        portfolio = planned(self.portfolio, self.at, free=[change], hashed=False)
        if change not in portfolio.changes:
            why = next((one for one in portfolio.warnings if one.startswith(f"{change} ")), f"{change} is not planned")
            raise RefusedError(why)
        self._must_fit(portfolio, change, start)
        schedule = self.at.schedule(portfolio)
        before = schedule.by_change.get(change)
        placement = place(portfolio, change, start)
        out = _with(schedule, {change: None})
        there = _with(schedule, {change: placement})
        near = [placement.reserved] if before is None else [placement.reserved, before.reserved]
        costs = [_cost(portfolio, one, near) for one in (out, there)]
        had = None if before is None else _cost(portfolio, schedule, near)
        broken = verify(portfolio, there)
        known = set(verify(portfolio, out)) if broken else set()
        return Judged(
            placement=placement,
            cents=costs[1][0] - costs[0][0],
            weighted_cents=costs[1][1] - costs[0][1],
            more_cents=None if had is None else costs[1][0] - had[0],
            more_weighted_cents=None if had is None else costs[1][1] - had[1],
            broken=tuple(one for one in broken if one not in known),
            set_aside=self.at.set_aside(change, start, self.now),
        )

    def broken_by(self, starts: Mapping[str, datetime]) -> tuple[Violation, ...]:
        """List the rules that the plan breaks with some starts in place of those it has, and not without."""
        portfolio = planned(self.portfolio, self.at, free=list(starts), hashed=False)
        schedule = self.at.schedule(portfolio)
        known = set(verify(portfolio, schedule))
        places = {change: place(portfolio, change, start) for change, start in starts.items()}
        return tuple(one for one in verify(portfolio, _with(schedule, places)) if one not in known)

    def _must_fit(self, portfolio: Portfolio, change: str, start: datetime) -> None:
        horizon = portfolio.horizon
        reserved = Window(start, start + portfolio.reserved(change) * horizon.slot)
        if not horizon.on_grid(start):
            raise RefusedError(
                f"{start:%Y-%m-%d %H:%M}Z is no start: they are {portfolio.policy.slot_minutes} minutes apart"
            )
        if not horizon.window.contains(reserved):
            raise RefusedError(f"{change} at {start:%Y-%m-%d %H:%M}Z does not lie inside the planned weeks")


def _with(schedule: Schedule, changed: Mapping[str, Placement | None]) -> Schedule:
    placements = {**schedule.by_change, **changed}
    return Schedule(tuple(one for _, one in sorted(placements.items()) if one is not None))


def _cost(portfolio: Portfolio, schedule: Schedule, near: Collection[Window]) -> tuple[int, int]:
    """Price the windows that reach into some others: what is shared is shared at the same time, so no other differs."""
    charges = bill(
        portfolio, Schedule(tuple(one for one in schedule.placements if any(map(one.reserved.overlaps, near))))
    )
    return lost_cents(charges), total(charges)
