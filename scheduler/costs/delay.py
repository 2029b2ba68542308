"""What it costs to wait: a price per day from the moment a change could begin to the moment it does.

That moment is its `earliest` or the start of the horizon, whichever is later.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING

import numpy as np

from scheduler.law import Cost
from scheduler.portfolio import Change, Portfolio
from scheduler.schedule import Charge, Schedule, known

if TYPE_CHECKING:
    from scheduler.solver.problem import Problem

NAME = "delay"
SECONDS_PER_DAY = 86_400


def bill(portfolio: Portfolio, schedule: Schedule) -> Iterator[Charge]:
    """Charge every change that starts later than it could, at its price per day, rounded half up to a cent."""
    for placement in known(portfolio, schedule):
        change = portfolio.changes[placement.change]
        possible = _possible(portfolio, change)
        days = Fraction((placement.start - possible) // timedelta(seconds=1), SECONDS_PER_DAY)
        cents = floor(change.delay_cost_cents_per_day * days + Fraction(1, 2))
        if cents > 0:
            yield Charge(
                cost=NAME,
                team="",
                service="",
                change=change.id,
                start=possible,
                end=placement.start,
                share=Fraction(1),
                cents=cents,
                weighted_cents=cents,
            )


def post(portfolio: Portfolio, problem: "Problem") -> None:
    """Price every start by the seconds from the first possible one."""
    horizon = portfolio.horizon
    for change in portfolio.changes.values():
        if change.delay_cost_cents_per_day:
            ahead = (_possible(portfolio, change) - horizon.start) // timedelta(seconds=1)
            waited = np.arange(horizon.slots, dtype=np.int64) * (horizon.slot_minutes * 60) - ahead
            double = 2 * change.delay_cost_cents_per_day * np.maximum(waited, 0)
            problem.price_start(change.id, (double + SECONDS_PER_DAY) // (2 * SECONDS_PER_DAY))


def _possible(portfolio: Portfolio, change: Change) -> datetime:
    return max(change.earliest or portfolio.horizon.start, portfolio.horizon.start)


COST = Cost(NAME, "What waiting costs, by the day, from the first day a change could have begun.", bill, post)
