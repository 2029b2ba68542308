"""What leaving an optional change out costs: its drop cost."""

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from scheduler.law import Cost
from scheduler.portfolio import Portfolio
from scheduler.schedule import Charge, Schedule

if TYPE_CHECKING:
    from scheduler.solver.problem import Problem

NAME = "drop"


def bill(portfolio: Portfolio, schedule: Schedule) -> Iterator[Charge]:
    """Charge every optional change without a window, over the whole horizon."""
    for change in portfolio.changes.values():
        if not change.mandatory and change.id not in schedule.by_change and change.drop_cost_cents:
            yield Charge(
                cost=NAME,
                team="",
                service="",
                change=change.id,
                start=portfolio.horizon.start,
                end=portfolio.horizon.end,
                share=Fraction(1),
                cents=change.drop_cost_cents,
                weighted_cents=change.drop_cost_cents,
            )


def post(portfolio: Portfolio, problem: "Problem") -> None:
    """Price leaving each optional change out."""
    for change in portfolio.changes.values():
        if not change.mandatory:
            problem.price_drop(change.id, change.drop_cost_cents or 0)


COST = Cost(NAME, "What leaving an optional change out costs.", bill, post)
