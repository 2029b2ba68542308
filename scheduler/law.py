"""The two kinds of law: a rule must hold, a cost is minimised. Each has two faces in one file.

`check` and `bill` are the definition: they work on instants and never reach the solver. `post` states the same law to
the solver as primitives of the canonical problem. That both faces agree is tested for every law.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scheduler.portfolio import Portfolio
from scheduler.schedule import Charge, Schedule, Violation

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


@dataclass(frozen=True, slots=True)
class Cost:
    """What is minimised: a name, its meaning in one sentence a client can read, and its two faces."""

    name: str
    meaning: str
    bill: Bill
    post: Post
