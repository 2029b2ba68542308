"""What work against the wishes of teams costs: in hours they want to avoid, or outside those they prefer.

A wish charges each slot once while any change that touches what the team uses has it reserved. Hours that a team rules
out altogether are a rule, `scheduler.rules.never`.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from scheduler.demand.hourly import HourlyPrice, cells, cents_per_slot, charges
from scheduler.demand.reach import preferred_windows, touches_team
from scheduler.horizon import Mask
from scheduler.law import Cost
from scheduler.portfolio import Portfolio, Preference, remembered
from scheduler.schedule import Charge, Schedule

if TYPE_CHECKING:
    from scheduler.solver.problem import Problem

NAME = "preferences"


def bill(portfolio: Portfolio, schedule: Schedule) -> Iterator[Charge]:
    """Charge the changes that work against a wish, those that do so together in equal parts."""
    for price in _prices(portfolio):
        yield from charges(portfolio, schedule, NAME, price)


def post(portfolio: Portfolio, problem: "Problem") -> None:
    """Give the hours that go against every wish a cell."""
    for price in _prices(portfolio):
        for weight, members in cells(portfolio, price):
            problem.cell(weight, members)


@remembered
def _prices(portfolio: Portfolio) -> tuple[HourlyPrice, ...]:
    prices = []
    for wish in portfolio.preferences:
        if wish.kind != "never" and wish.cost_cents_per_hour:
            against = _against(portfolio, wish)
            bound = {change: against for change in portfolio.changes if touches_team(portfolio, wish.team, change)}
            prices.append(HourlyPrice(cents_per_slot(portfolio, wish.cost_cents_per_hour), bound, wish.team))
    return tuple(prices)


def _against(portfolio: Portfolio, wish: Preference) -> Mask:
    horizon, hours = portfolio.horizon, preferred_windows(portfolio, wish)
    return horizon.touched(hours) if wish.kind == "avoid" else ~horizon.covered(hours)


COST = Cost(NAME, "What work in hours that a team wants to avoid costs, or outside those it prefers.", bill, post)
