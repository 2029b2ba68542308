"""The two kinds of law: a rule must hold, a cost is minimised. Each has two faces in one file.

`check` and `bill` are the definition: they work on instants and never reach the solver. `post` states the same law to
the solver as primitives of the canonical problem. That both faces agree is tested for every law.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scheduler.portfolio import Portfolio
from scheduler.schedule import Charge, Schedule, Violation
from scheduler.standing import standing

if TYPE_CHECKING:
    from scheduler.solver.problem import Problem

Check = Callable[[Portfolio, Schedule], Iterator[Violation]]
Bill = Callable[[Portfolio, Schedule], Iterator[Charge]]
Post = Callable[[Portfolio, "Problem"], None]


@dataclass(frozen=True, slots=True)
class Rule:
    """What a schedule must obey: a name, the law in one sentence a client can read, and its two faces."""

    name: str
    law: str
    check: Check
    post: Post
    strict: Check | None = None
    """For a rule that may be overridden, what it would find if it were not; None for all others."""


def overridable(rule: Rule) -> Rule:
    """Let decisions set a rule aside for the window that they pin; the rule may do no more than mask starts."""

    def check(portfolio: Portfolio, schedule: Schedule) -> Iterator[Violation]:
        decided = standing(portfolio)
        freed = {change: decided.pinned[change] for change, rules in decided.overrides.items() if rule.name in rules}
        for violation in rule.check(portfolio, schedule):
            (change,) = violation.changes
            if schedule.by_change[change].start != freed.get(change):
                yield violation

    def post(portfolio: Portfolio, problem: "Problem") -> None:
        rule.post(portfolio, problem)
        decided, horizon = standing(portfolio), portfolio.horizon
        for change, rules in decided.overrides.items():
            masks, start = problem.masks[problem.index[change]], decided.pinned[change]
            slot = horizon.floor(start)
            if rule.name in rules and rule.name in masks and horizon.on_grid(start) and 0 <= slot < horizon.slots:
                masks[rule.name] = masks[rule.name].copy()
                masks[rule.name][slot] = True

    return replace(rule, check=check, post=post, strict=rule.check)


@dataclass(frozen=True, slots=True)
class Cost:
    """What is minimised: a name, its meaning in one sentence a client can read, and its two faces."""

    name: str
    meaning: str
    bill: Bill
    post: Post
