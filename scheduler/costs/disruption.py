"""What moving an announced window costs: the more, the nearer the day that was announced and the further it moves.

The price of a move is `move_cost` × (1 + 7 / calendar days left, at least one), and `move_cost_per_day` for each day
between the two starts, parts of a day included. Leaving the change out is no move.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING

import numpy as np

from scheduler.horizon import local_date_number
from scheduler.law import Cost
from scheduler.portfolio import Portfolio
from scheduler.schedule import Charge, Schedule, known
from scheduler.standing import standing

if TYPE_CHECKING:
    from scheduler.solver.problem import Problem

NAME = "disruption"
SECONDS_PER_DAY = 86_400


def bill(portfolio: Portfolio, schedule: Schedule) -> Iterator[Charge]:
    """Charge every announced window that starts elsewhere, from the earlier of the two starts to the later."""
    announced = standing(portfolio).announced
    for placement in known(portfolio, schedule):
        before = announced.get(placement.change)
        if before is None or before == placement.start:
            continue
        days = Fraction(abs(placement.start - before) // timedelta(seconds=1), SECONDS_PER_DAY)
        exact = _to_move(portfolio, before) + portfolio.policy.move_cost_cents_per_day * days
        cents = floor(exact + Fraction(1, 2))
        if cents:
            yield Charge(
                cost=NAME,
                team="",
                service="",
                change=placement.change,
                start=min(before, placement.start),
                end=max(before, placement.start),
                share=Fraction(1),
                cents=cents,
                weighted_cents=cents,
            )


def post(portfolio: Portfolio, problem: "Problem") -> None:
    """Price every start but the announced one by the seconds between the two."""
    horizon, policy = portfolio.horizon, portfolio.policy
    if not policy.move_cost_cents and not policy.move_cost_cents_per_day:
        return
    slots = np.arange(horizon.slots, dtype=np.int64)
    for change, before in standing(portfolio).announced.items():
        flat = _to_move(portfolio, before)
        ahead = (before - horizon.start) // timedelta(seconds=1)
        moved = np.abs(slots * (horizon.slot_minutes * 60) - ahead)
        # One rounding of the sum of both parts, half up, over their common denominator.
        below = 2 * SECONDS_PER_DAY * flat.denominator
        above = 2 * SECONDS_PER_DAY * flat.numerator + 2 * policy.move_cost_cents_per_day * flat.denominator * moved
        cents = (above + below // 2) // below
        problem.price_start(change, np.where(moved == 0, 0, cents))


def _to_move(portfolio: Portfolio, before: datetime) -> Fraction:
    """Give the price of any move, in cents, by the days left until the announced start on the policy's calendar."""
    zone = portfolio.policy.time_zone
    left = local_date_number(before, zone) - local_date_number(portfolio.now, zone)
    return portfolio.policy.move_cost_cents * (1 + Fraction(7, max(1, left)))


COST = Cost(NAME, "What moving an announced window costs, more so the nearer its day is.", bill, post)
