"""No change is in its reserved window during a hard blackout that applies to what it touches."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from scheduler.demand.reach import binds
from scheduler.horizon import Mask, any_inside, first_met
from scheduler.law import Rule
from scheduler.portfolio import Calendar, Portfolio
from scheduler.schedule import Schedule, Violation, known
from scheduler.wording import window_text

if TYPE_CHECKING:
    from scheduler.solver.problem import Problem

NAME = "blackout"


def check(portfolio: Portfolio, schedule: Schedule) -> Iterator[Violation]:
    """Find windows that meet a blackout."""
    zone, everywhere = portfolio.policy.time_zone, portfolio.horizon.window
    for calendar in _hard(portfolio):
        closed = calendar.windows(everywhere)
        for placement in known(portfolio, schedule):
            met = first_met(closed, placement.reserved)
            if met is not None and binds(portfolio, calendar, placement.change):
                text = (
                    f"{placement.change} at {window_text(placement.reserved, zone)} meets "
                    f"the blackout {calendar.id}, {window_text(met, zone)}"
                )
                yield Violation(rule=NAME, changes=(placement.change,), text=text, window=placement.reserved)


def post(portfolio: Portfolio, problem: "Problem") -> None:
    """Mask the starts from which any reserved slot would be touched by a blackout."""
    horizon = portfolio.horizon
    closed = {calendar.id: horizon.touched(calendar.windows(horizon.window)) for calendar in _hard(portfolio)}
    masks: dict[tuple[tuple[str, ...], int], Mask] = {}
    for change in portfolio.changes:
        binding = tuple(calendar.id for calendar in _hard(portfolio) if binds(portfolio, calendar, change))
        if binding:
            key = (binding, portfolio.reserved(change))
            if key not in masks:
                masks[key] = ~any_inside([closed[calendar] for calendar in binding], key[1])
            problem.mask(NAME, change, masks[key])


def _hard(portfolio: Portfolio) -> list[Calendar]:
    return [one for one in portfolio.calendars.values() if one.kind == "blackout" and one.hard]


RULE = Rule(NAME, "No work is done on a service inside a blackout that applies to it.", check, post)
