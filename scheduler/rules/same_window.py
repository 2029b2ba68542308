"""Changes of one window start together, or are left out together.

One of the two needs to say so: `same_window_as` is symmetric.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from scheduler.law import Rule
from scheduler.portfolio import Portfolio, remembered
from scheduler.schedule import Schedule, Violation
from scheduler.wording import instant_text

if TYPE_CHECKING:
    from scheduler.solver.problem import Problem

NAME = "same window"


def check(portfolio: Portfolio, schedule: Schedule) -> Iterator[Violation]:
    """Find pairs that start at different times, or of which only one has a window."""
    zone, placed = portfolio.policy.time_zone, schedule.by_change
    for pair in _pairs(portfolio):
        there = [placed[change] for change in pair if change in placed]
        if len(there) == 1:
            missing = next(change for change in pair if change not in placed)
            text = f"{there[0].change} starts together with {missing}, which has no window"
            yield Violation(rule=NAME, changes=pair, text=text, window=there[0].reserved)
        elif there and there[0].start != there[1].start:
            starts = " and ".join(f"{one.change} at {instant_text(one.start, zone)}" for one in there)
            text = f"{pair[0]} and {pair[1]} start together, but here {starts}"
            yield Violation(rule=NAME, changes=pair, text=text, window=there[0].reserved)


def post(portfolio: Portfolio, problem: "Problem") -> None:
    """Tie each pair by a lag of 0 both ways: either start then needs the other."""
    for one, other in _pairs(portfolio):
        problem.lag(NAME, one, other, 0, 0)
        problem.lag(NAME, other, one, 0, 0)


def together_with(portfolio: Portfolio, change: str) -> tuple[str, ...]:
    """Give the other changes that start together with one, directly or through others, sorted."""
    found, waiting = {change}, [change]
    while waiting:
        one = waiting.pop()
        more = {name for pair in _pairs(portfolio) if one in pair for name in pair} - found
        found |= more
        waiting += more
    return tuple(sorted(found - {change}))


@remembered
def _pairs(portfolio: Portfolio) -> tuple[tuple[str, str], ...]:
    pairs = {
        (min(change.id, other), max(change.id, other))
        for change in portfolio.changes.values()
        for other in change.same_window_as
        if other in portfolio.changes and other != change.id
    }
    return tuple(sorted(pairs))


RULE = Rule(NAME, "Changes that share a window start together, or are left out together.", check, post)
