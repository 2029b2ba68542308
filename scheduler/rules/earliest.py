"""A change does not start before its `earliest`."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from scheduler.horizon import Mask
from scheduler.law import Rule
from scheduler.portfolio import Portfolio
from scheduler.schedule import Schedule, Violation, known
from scheduler.wording import instant_text

if TYPE_CHECKING:
    from scheduler.solver.problem import Problem

NAME = "earliest"


def check(portfolio: Portfolio, schedule: Schedule) -> Iterator[Violation]:
    """Find changes that start too soon."""
    zone = portfolio.policy.time_zone
    for placement in known(portfolio, schedule):
        earliest = portfolio.changes[placement.change].earliest
        if earliest is not None and placement.start < earliest:
            text = (
                f"{placement.change} starts at {instant_text(placement.start, zone)}, "
                f"before its earliest start at {instant_text(earliest, zone)}"
            )
            yield Violation(rule=NAME, changes=(placement.change,), text=text, window=placement.reserved)


def post(portfolio: Portfolio, problem: "Problem") -> None:
    """Mask the starts before the first slot that begins at or after `earliest`."""
    slots = np.arange(portfolio.horizon.slots)
    masks: dict[datetime, Mask] = {}
    for change in portfolio.changes.values():
        if change.earliest is not None:
            if change.earliest not in masks:
                masks[change.earliest] = slots >= portfolio.horizon.ceil(change.earliest)
            problem.mask(NAME, change.id, masks[change.earliest])


RULE = Rule(NAME, "A change does not start before its earliest date.", check, post)
