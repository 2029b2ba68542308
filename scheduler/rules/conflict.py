"""Changes that exclude each other are never in their reserved windows at the same time.

One of the two needs to say so: `not_with` is symmetric.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from scheduler.horizon import Window
from scheduler.law import Rule
from scheduler.portfolio import Portfolio, remembered
from scheduler.schedule import Schedule, Violation
from scheduler.wording import window_text

if TYPE_CHECKING:
    from scheduler.solver.problem import Problem

NAME = "conflict"


def check(portfolio: Portfolio, schedule: Schedule) -> Iterator[Violation]:
    """Find pairs that exclude each other and overlap."""
    for first, second in _pairs(portfolio):
        if first in schedule.by_change and second in schedule.by_change:
            one, other = schedule.by_change[first].reserved, schedule.by_change[second].reserved
            if one.overlaps(other):
                shared = Window(max(one.start, other.start), min(one.end, other.end))
                text = (
                    f"{first} and {second} exclude each other and overlap at "
                    f"{window_text(shared, portfolio.policy.time_zone)}"
                )
                yield Violation(rule=NAME, changes=(first, second), text=text, window=shared)


def post(portfolio: Portfolio, problem: "Problem") -> None:
    """Let each pair share a resource that carries one of them at a time."""
    alone = np.ones(portfolio.horizon.slots, dtype=np.int64)
    for pair in _pairs(portfolio):
        uses = [(change, 1, 0, portfolio.reserved(change)) for change in pair]
        problem.resource(NAME, " not with ".join(pair), alone, uses)


@remembered
def _pairs(portfolio: Portfolio) -> tuple[tuple[str, str], ...]:
    pairs = {
        (min(change.id, other), max(change.id, other))
        for change in portfolio.changes.values()
        for other in change.not_with
        if other in portfolio.changes and other != change.id
    }
    return tuple(sorted(pairs))


RULE = Rule(NAME, "Changes that exclude each other never run at the same time.", check, post)
