"""A window that was rejected does not come back, nor any other window of the change that overlaps it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from scheduler.horizon import any_inside
from scheduler.law import Rule
from scheduler.portfolio import Portfolio
from scheduler.schedule import Schedule, Violation, known, place
from scheduler.standing import standing
from scheduler.wording import window_text

if TYPE_CHECKING:
    from scheduler.solver.problem import Problem

NAME = "rejected windows"


def check(portfolio: Portfolio, schedule: Schedule) -> Iterator[Violation]:
    """Find windows that overlap a rejected one of the same change."""
    zone = portfolio.policy.time_zone
    rejected = standing(portfolio).rejected
    for placement in known(portfolio, schedule):
        for start in rejected.get(placement.change, ()):
            refused = place(portfolio, placement.change, start).reserved
            if placement.reserved.overlaps(refused):
                text = (
                    f"{placement.change} at {window_text(placement.reserved, zone)} overlaps "
                    f"the rejected window {window_text(refused, zone)}"
                )
                yield Violation(rule=NAME, changes=(placement.change,), text=text, window=placement.reserved)


def post(portfolio: Portfolio, problem: "Problem") -> None:
    """Mask the starts from which the reserved slots would touch those of a rejected window."""
    horizon = portfolio.horizon
    for change, starts in standing(portfolio).rejected.items():
        refused = [horizon.touched([place(portfolio, change, start).reserved]) for start in starts]
        problem.mask(NAME, change, ~any_inside(refused, portfolio.reserved(change)))


RULE = Rule(NAME, "A window that was rejected is not proposed again, nor one that overlaps it.", check, post)
