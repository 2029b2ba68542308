"""Why nothing fits: minimal sets of demands that cannot hold together, first for one change, then for several.

A set is minimal if with its demands alone there is no plan, and without any one of them there is one; it is found by
QuickXplain (U. Junker, AAAI 2004), first over changes, then over the demands on those. What takes too long to decide
is unknown: then too much may be named, which is said, and never too little. See `scheduler.solver.demands` for what a
demand is.
"""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeVar

import numpy as np

from scheduler.portfolio import Portfolio, remembered
from scheduler.rules import RULES
from scheduler.schedule import Clash
from scheduler.solver.clash_words import in_words
from scheduler.solver.compiled import compile_problem
from scheduler.solver.deciding import has_plan, missing_in, some_of
from scheduler.solver.demands import FRAME, Demand, demands, only_changes, only_demands, related
from scheduler.solver.effort import Effort
from scheduler.solver.problem import Problem
from scheduler.solver.state import State

MOST_CLASHES = 20
SIZES, WIDEST = (0, 1, 2, 3, 6, 12, 24), 64  # changes around one that finds no place, before all are looked at
FEW = 6  # changes that need no first guess at which of them are to blame
AT_LEAST = 3.0  # seconds or units to look for a clash, even where the solver has used up its own

T = TypeVar("T")


@dataclass(frozen=True)
class Core:
    """Demands that cannot hold together; `minimal` where it was proved that none of them can be spared."""

    demands: tuple[Demand, ...]
    minimal: bool


# --- for a portfolio ---------------------------------------------------------------------------------------------


@remembered
def rules_alone(portfolio: Portfolio) -> Problem:
    """Post the rules of a portfolio without its costs, which need no usage to be known."""
    problem = Problem(portfolio.horizon.slots, sorted(portfolio.changes))
    for rule in RULES:
        rule.post(portfolio, problem)
    return problem


def emptied_by(portfolio: Portfolio, change: str) -> tuple[Clash, ...]:
    """Say which rules leave a change no start, were it alone with those it comes after; empty where some start is left.

    None of the rules named can be spared. Usage is not needed to find that out.
    """
    problem = rules_alone(portfolio)
    core = _of_one(problem, problem.index[change], Effort(AT_LEAST))
    return in_words(portfolio, problem, core.demands) if core else ()


def emptied(portfolio: Portfolio) -> Mapping[str, tuple[Clash, ...]]:
    """Give what `emptied_by` says of every change that it leaves no start, in the order of changes.csv."""
    problem = rules_alone(portfolio)
    compiled = compile_problem(problem)
    state = State(compiled)
    # What comes after another has no start before that one is placed, which says nothing.
    shut = [
        name
        for number, name in enumerate(problem.changes)
        if not compiled.ok[number].any() or not (compiled.lags_of[number] or state.feasible(number).any())
    ]
    found = ((name, emptied_by(portfolio, name)) for name in portfolio.changes if name in set(shut))
    return {name: clash for name, clash in found if clash}


# --- for a canonical problem -------------------------------------------------------------------------------------


def cores(problem: Problem, effort: Effort) -> list[Core]:
    """List minimal sets, no two with a change in common, those that are proved minimal first, then the smallest.

    Empty where the rules can be obeyed, or where nothing was found out in time.
    """
    return sorted(find_cores(problem, effort), key=lambda core: (not core.minimal, len(core.demands)))


def find_cores(problem: Problem, effort: Effort) -> Iterator[Core]:
    """Find one minimal set after another, each without the changes of those before."""
    left = [number for number, price in enumerate(problem.drop_price) if price is None]
    empty = [number for number in left if not problem.allowed(number).any()]
    for _ in range(MOST_CLASHES):
        empty = [number for number in empty if number in left]
        found = empty[:1] or _infeasible(problem, left, effort)
        if found is None:
            return
        core, changes = _minimal(problem, found, effort)
        if core is None:
            return
        yield core
        named = {problem.index[name] for demand in core.demands for name in demand.changes} | set(changes)
        # Whoever needs a change that is named cannot be placed without it either.
        left = [n for n in left if n not in named and not named & _with(problem, [n])]


def _with(problem: Problem, changes: Iterable[int]) -> set[int]:
    part = only_changes(problem, changes)
    return {problem.index[name] for name in part.changes}


def _infeasible(problem: Problem, changes: Sequence[int], effort: Effort) -> list[int] | None:
    """Give mandatory changes that provably cannot be placed together, few where that is easy; None where none are."""
    part = only_changes(problem, changes)
    compiled = compile_problem(part)
    number = {problem.index[name]: position for position, name in enumerate(part.changes)}
    back = {position: own for own, position in number.items()}
    wanted = set(changes)
    for change in changes:
        if not compiled.ok[number[change]].any():
            own = [back[n] for n in _chained(part, number[change]) if back[n] in wanted]
            if has_plan(only_changes(problem, own), effort) is False:
                return own
    missing_ones = missing_in(part, compiled)
    if not missing_ones:
        return None
    for missing in missing_ones:
        around = [back[n] for n in related(compiled, missing) if back[n] in wanted][:WIDEST]
        own = [back[missing]] if back[missing] in wanted else []
        for size in (*(size for size in SIZES if size < len(around)), len(around)):
            some = [*own, *around[:size]]
            if effort.left <= 0:
                return None
            if some and has_plan(only_changes(problem, some), effort) is False:
                return some
    return list(changes) if has_plan(part, effort) is False else None


def _chained(problem: Problem, change: int) -> list[int]:
    """List the mandatory changes that lags tie to one, directly or through others."""
    beside: dict[int, set[int]] = {}
    for lag in problem.lags:
        beside.setdefault(lag.before, set()).add(lag.after)
        beside.setdefault(lag.after, set()).add(lag.before)
    reached, waiting = {change}, [change]
    while waiting:
        fresh = beside.get(waiting.pop(), set()) - reached
        reached |= fresh
        waiting += fresh
    return sorted(number for number in reached if problem.drop_price[number] is None)


def _minimal(problem: Problem, changes: Sequence[int], effort: Effort) -> tuple[Core | None, list[int]]:
    """Leave out changes, then demands, until none can be spared; also gives the changes that were kept."""
    sure = True

    def ask(part: Problem) -> bool:
        nonlocal sure
        answer = has_plan(part, effort)
        sure = sure and answer is not None
        return answer is False

    if len(changes) > FEW:
        blamed = some_of(problem, changes, effort)
        if len(blamed) < len(changes) and has_plan(only_changes(problem, blamed), effort) is False:
            changes = blamed
    near = only_changes(problem, changes)
    kept = quick_xplain(
        [near.index[problem.changes[number]] for number in changes], lambda some: ask(only_changes(near, some))
    )
    close = only_changes(near, kept)
    names = [problem.index[near.changes[number]] for number in kept]
    if len(close.changes) == 1:
        found = _smallest(close)
    else:
        parts = demands(close)
        found = tuple(quick_xplain(list(parts), lambda some: ask(only_demands(close, [parts[one] for one in some]))))
    return Core(found or (Demand(FRAME, tuple(close.changes)),), sure), names


def _of_one(problem: Problem, change: int, effort: Effort) -> Core | None:
    part = only_changes(problem, [change])
    number = part.index[problem.changes[change]]
    # Changes that start together each wait for the other: whoever has no start of its own is to blame itself.
    others = [other for other in range(len(part.changes)) if other != number and part.allowed(number).any()]
    for other in others:
        if part.drop_price[other] is None and not part.allowed(other).any():
            return _of_one(problem, problem.index[part.changes[other]], effort)
    if compile_problem(part).ok[number].any() and len(part.changes) > 1:
        return None
    mandatory = copy.copy(part)
    mandatory.drop_price = [None if n == number else price for n, price in enumerate(part.drop_price)]
    if has_plan(mandatory, effort) is not False:
        return None
    return _minimal(mandatory, [number], effort)[0]


def _smallest(problem: Problem) -> tuple[Demand, ...]:
    """Find the fewest demands on one change alone that leave it no start; none where its frame does."""
    closed = dict(State(compile_problem(problem)).forbidden(0))
    frame = closed.pop(FRAME, np.zeros(problem.slots, dtype=np.bool_))
    for count in range(len(closed) + 1):
        for some in combinations(closed, count):
            if np.logical_or.reduce([frame, *(closed[rule] for rule in some)]).all():
                return tuple(Demand(rule, tuple(problem.changes)) for rule in some)
    raise ValueError(f"{problem.changes[0]} has a start left")


def quick_xplain(items: Sequence[T], infeasible: Callable[[Sequence[T]], bool]) -> list[T]:
    """Give a minimal part of some items, infeasible together, that is still infeasible; none if nothing at all is."""

    def least(given: list[T], grown: bool, rest: Sequence[T]) -> list[T]:
        if grown and infeasible(given):
            return []
        if len(rest) == 1:
            return list(rest)
        half = len(rest) // 2
        later = least([*given, *rest[:half]], True, rest[half:])
        return least([*given, *later], bool(later), rest[:half]) + later

    if not items or infeasible([]):
        return []
    found = least([], False, items)
    return [item for item in items if item in found]
