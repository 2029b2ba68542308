"""A change is over by its due date, with the time reserved for overrun and backout."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from scheduler.horizon import Mask
from scheduler.law import Rule
from scheduler.portfolio import Portfolio
from scheduler.schedule import Schedule, Violation, known
from scheduler.wording import instant_text

if TYPE_CHECKING:
    from scheduler.solver.problem import Problem

NAME = "due"


def check(portfolio: Portfolio, schedule: Schedule) -> Iterator[Violation]:
    """Find changes whose reserved window ends too late."""
    zone = portfolio.policy.time_zone
    for placement in known(portfolio, schedule):
        due = portfolio.changes[placement.change].due
        if due is not None and placement.reserved_until > due:
            text = (
                f"{placement.change} may last until {instant_text(placement.reserved_until, zone)}, "
                f"but is due at {instant_text(due, zone)}"
            )
            yield Violation(rule=NAME, changes=(placement.change,), text=text, window=placement.reserved)


def post(portfolio: Portfolio, problem: "Problem") -> None:
    """Mask the starts from which the reserved slots would end after the last slot that is over when due."""
    slots = np.arange(portfolio.horizon.slots)
    masks: dict[int, Mask] = {}
    for change in portfolio.changes.values():
        if change.due is not None:
            last = portfolio.horizon.floor(change.due) - portfolio.reserved(change.id)
            if last not in masks:
                masks[last] = slots <= last
            problem.mask(NAME, change.id, masks[last])


RULE = Rule(NAME, "A change is over by its due date, even if it must be backed out.", check, post)
