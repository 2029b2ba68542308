"""Every mandatory change has a window, and every window belongs to one change and has that change's length.

An optional change may be left out; what that costs is told by `scheduler.costs.drop`.
"""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from scheduler.law import Rule
from scheduler.portfolio import Portfolio
from scheduler.schedule import Schedule, Violation, place
from scheduler.wording import instant_text, window_text

if TYPE_CHECKING:
    from scheduler.solver.problem import Problem

NAME = "mandatory"


def check(portfolio: Portfolio, schedule: Schedule) -> Iterator[Violation]:
    """Find mandatory changes without a window, windows of unknown or doubled changes, and ends that do not match."""
    zone = portfolio.policy.time_zone
    placed = Counter(placement.change for placement in schedule.placements)
    for change in portfolio.changes.values():
        if change.mandatory and change.id not in placed:
            text = f"{change.id} is mandatory and has no window"
            yield Violation(rule=NAME, changes=(change.id,), text=text)
    for name, count in sorted(placed.items()):
        if name not in portfolio.changes:
            yield Violation(rule=NAME, changes=(name,), text=f"{name} is placed but is no change of this portfolio")
        elif count > 1:
            yield Violation(rule=NAME, changes=(name,), text=f"{name} is placed {count} times")
    for placement in schedule.placements:
        if placement.change in portfolio.changes:
            due = place(portfolio, placement.change, placement.start)
            if (placement.end, placement.reserved_until) != (due.end, due.reserved_until):
                text = (
                    f"{placement.change} at {window_text(placement.reserved, zone)} does not have its length: from "
                    f"that start it ends at {instant_text(due.end, zone)} and is reserved until "
                    f"{instant_text(due.reserved_until, zone)}"
                )
                yield Violation(rule=NAME, changes=(placement.change,), text=text, window=placement.reserved)


def post(portfolio: Portfolio, problem: "Problem") -> None:
    """Let optional changes be left out, at no price until a cost states one."""
    for change in portfolio.changes.values():
        if not change.mandatory:
            problem.price_drop(change.id, 0)


RULE = Rule(NAME, "Every mandatory change gets one window, as long as its work and backout need.", check, post)
