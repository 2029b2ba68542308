"""A change starts only when those it comes after are over, their reserve included, and the lag between has passed."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from scheduler.law import Rule
from scheduler.portfolio import Portfolio
from scheduler.schedule import Schedule, Violation, known
from scheduler.wording import instant_text

if TYPE_CHECKING:
    from scheduler.solver.problem import Problem

NAME = "precedence"


def check(portfolio: Portfolio, schedule: Schedule) -> Iterator[Violation]:
    """Find changes that start too soon after a predecessor, or whose predecessor has no window and is not done."""
    zone = portfolio.policy.time_zone
    for later in known(portfolio, schedule):
        for predecessor in portfolio.changes[later.change].after:
            if predecessor.change in portfolio.done:
                continue
            changes = (predecessor.change, later.change)
            first = schedule.by_change.get(predecessor.change)
            if first is None:
                text = f"{later.change} comes after {predecessor.change}, which has no window and is not done"
                yield Violation(rule=NAME, changes=changes, text=text, window=later.reserved)
                continue
            ready = first.reserved_until + timedelta(minutes=predecessor.lag_minutes)
            if later.start < ready:
                text = (
                    f"{later.change} starts at {instant_text(later.start, zone)}, but comes after {first.change} and "
                    f"may not start before {instant_text(ready, zone)}"
                )
                yield Violation(rule=NAME, changes=changes, text=text, window=later.reserved)


def post(portfolio: Portfolio, problem: "Problem") -> None:
    """Keep the reserved slots of the first change, and the lag rounded up to slots, between two starts."""
    for change in portfolio.changes.values():
        for predecessor in change.after:
            if predecessor.change not in portfolio.done:
                least = portfolio.reserved(predecessor.change) + portfolio.horizon.length(predecessor.lag_minutes)
                problem.lag(NAME, predecessor.change, change.id, least)


RULE = Rule(
    NAME, "A change starts only when every change it comes after is over and the agreed lag has passed.", check, post
)
