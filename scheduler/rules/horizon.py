"""A window starts on the grid, not before now, and lies inside the horizon with all that is reserved for it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from scheduler.horizon import Mask
from scheduler.law import Rule
from scheduler.portfolio import Portfolio
from scheduler.schedule import Schedule, Violation, known
from scheduler.wording import instant_text, window_text

if TYPE_CHECKING:
    from scheduler.solver.problem import Problem

NAME = "horizon"


def check(portfolio: Portfolio, schedule: Schedule) -> Iterator[Violation]:
    """Find windows off the grid, outside the horizon, or that start before now."""
    horizon, zone = portfolio.horizon, portfolio.policy.time_zone
    for placement in known(portfolio, schedule):
        wrong = []
        if not horizon.on_grid(placement.start):
            wrong.append(f"does not start on the grid of {horizon.slot_minutes} minutes")
        if not horizon.window.contains(placement.reserved):
            wrong.append(f"does not lie inside the horizon, {window_text(horizon.window, zone)}")
        if placement.start < portfolio.now:
            wrong.append(f"starts before now, {instant_text(portfolio.now, zone)}")
        for reason in wrong:
            text = f"{placement.change} at {window_text(placement.reserved, zone)} {reason}"
            yield Violation(rule=NAME, changes=(placement.change,), text=text, window=placement.reserved)


def post(portfolio: Portfolio, problem: "Problem") -> None:
    """Mask starts before now, and those too late for the reserved window to end in the horizon."""
    horizon = portfolio.horizon
    slots = np.arange(horizon.slots)
    future = slots >= horizon.ceil(portfolio.now)
    masks: dict[int, Mask] = {}
    for change in portfolio.changes:
        length = portfolio.reserved(change)
        if length not in masks:
            masks[length] = future & (slots + length <= horizon.slots)
        problem.mask(NAME, change, masks[length])


RULE = Rule(NAME, "A window starts on the grid, not in the past, and ends inside the planned weeks.", check, post)
