"""Only so many windows that were announced may start elsewhere than before.

Leaving an announced change out is not a move, and neither is a new start for a window that was rejected since.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from scheduler.law import Rule
from scheduler.portfolio import Portfolio
from scheduler.schedule import Schedule, Violation, known
from scheduler.standing import standing
from scheduler.wording import listing

if TYPE_CHECKING:
    from scheduler.solver.problem import Problem

NAME = "move cap"


def check(portfolio: Portfolio, schedule: Schedule) -> Iterator[Violation]:
    """Find out whether too many announced windows start elsewhere."""
    most, announced = portfolio.policy.max_moves, standing(portfolio).announced
    if most is None:
        return
    moved = sorted(
        placement.change
        for placement in known(portfolio, schedule)
        if placement.change in announced and placement.start != announced[placement.change]
    )
    if len(moved) > most:
        text = f"{len(moved)} announced windows start elsewhere than before, {most} may: {listing(moved)}"
        yield Violation(rule=NAME, changes=tuple(moved), text=text)


def post(portfolio: Portfolio, problem: "Problem") -> None:
    """Let every start of an announced change count one, but for the announced one."""
    most, announced = portfolio.policy.max_moves, standing(portfolio).announced
    if most is None or not announced:
        return
    horizon = portfolio.horizon
    slots = np.arange(horizon.slots)
    moves = {
        change: 1 - ((slots == horizon.floor(start)) & horizon.on_grid(start)).astype(np.int64)
        for change, start in announced.items()
    }
    problem.cap(NAME, "announced windows", most, moves)


RULE = Rule(NAME, "At most so many announced windows are moved as the policy allows.", check, post)
