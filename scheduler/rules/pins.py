"""A pinned change keeps its start, and a change with a fixed start takes no other.

Pins are decisions: explicit ones, and approvals unless the policy lets approved windows move. A pinned start obeys
every other rule but notice.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from scheduler.law import Rule
from scheduler.portfolio import Portfolio
from scheduler.schedule import Schedule, Violation, known
from scheduler.standing import standing
from scheduler.wording import instant_text

if TYPE_CHECKING:
    from scheduler.solver.problem import Problem

NAME = "pins"


def check(portfolio: Portfolio, schedule: Schedule) -> Iterator[Violation]:
    """Find changes that start elsewhere than where they are pinned or fixed."""
    zone = portfolio.policy.time_zone
    for placement in known(portfolio, schedule):
        for start, word in _required(portfolio, placement.change):
            if placement.start != start:
                text = (
                    f"{placement.change} starts at {instant_text(placement.start, zone)}, "
                    f"but is {word} to {instant_text(start, zone)}"
                )
                yield Violation(rule=NAME, changes=(placement.change,), text=text, window=placement.reserved)


def post(portfolio: Portfolio, problem: "Problem") -> None:
    """Mask every start but the required one; one that is off the grid or outside the horizon leaves no start."""
    horizon = portfolio.horizon
    slots = np.arange(horizon.slots)
    for change in portfolio.changes:
        for start, _ in _required(portfolio, change):
            problem.mask(NAME, change, (slots == horizon.floor(start)) & horizon.on_grid(start))


def _required(portfolio: Portfolio, change: str) -> Iterator[tuple[datetime, str]]:
    pinned, fixed = standing(portfolio).pinned.get(change), portfolio.changes[change].fixed_start
    if pinned is not None:
        yield pinned, "pinned"
    if fixed is not None:
        yield fixed, "fixed"


RULE = Rule(NAME, "A change that was approved, pinned or has a fixed start keeps that start.", check, post)
