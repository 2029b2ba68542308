"""What work in soft hours costs: inside a soft blackout, or outside soft allowed hours, at the calendar's price.

A calendar charges each slot once while any change that it binds has it reserved. A change that names several allowed
calendars is charged only outside all of them, as any of them will do for it.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from scheduler.demand.hourly import HourlyPrice, cells, cents_per_slot, charges
from scheduler.demand.reach import binds
from scheduler.horizon import Mask
from scheduler.law import Cost
from scheduler.portfolio import Calendar, Portfolio, remembered
from scheduler.schedule import Charge, Schedule

if TYPE_CHECKING:
    from scheduler.solver.problem import Problem

NAME = "soft calendars"


def bill(portfolio: Portfolio, schedule: Schedule) -> Iterator[Charge]:
    """Charge the changes that work in soft hours, those that do so together in equal parts."""
    for price in _prices(portfolio):
        yield from charges(portfolio, schedule, NAME, price)


def post(portfolio: Portfolio, problem: "Problem") -> None:
    """Give the soft hours of every calendar a cell."""
    for price in _prices(portfolio):
        for weight, members in cells(portfolio, price):
            problem.cell(weight, members)


@remembered
def _prices(portfolio: Portfolio) -> tuple[HourlyPrice, ...]:
    return tuple(
        HourlyPrice(cents_per_slot(portfolio, calendar.cost_cents_per_hour), _charged(portfolio, calendar))
        for calendar in portfolio.calendars.values()
        if not calendar.hard and calendar.cost_cents_per_hour and calendar.kind != "working"
    )


def _charged(portfolio: Portfolio, calendar: Calendar) -> Mapping[str, Mask]:
    """Mark the slots in which a calendar charges each change that it binds."""
    horizon = portfolio.horizon
    if calendar.kind == "blackout":
        inside = horizon.touched(calendar.windows(horizon.window))
        return {change: inside for change in portfolio.changes if binds(portfolio, calendar, change)}
    outside: dict[tuple[str, ...], Mask] = {}
    charged: dict[str, Mask] = {}
    for change in portfolio.changes.values():
        if binds(portfolio, calendar, change.id):
            named: tuple[str, ...] = (calendar.id,)
        elif calendar.id in change.allowed:
            named = tuple(sorted(set(change.allowed)))
        else:
            continue
        if named not in outside:
            hours = (window for name in named for window in portfolio.calendars[name].windows(horizon.window))
            outside[named] = ~horizon.covered(hours)
        charged[change.id] = outside[named]
    return charged


COST = Cost(NAME, "What work in hours that should be kept free of it costs, by the hour.", bill, post)
