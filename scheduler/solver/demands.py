"""What is demanded of a plan, piece by piece, so that pieces can be taken away: for clashes and what would mend them.

A demand is one rule for some changes:

- one mask rule (blackout, allowed, earliest, due, notice, pins …) on one change;
- one lag (precedence, same window) between two changes;
- one pair of changes that exclude each other;
- every other resource, budget or cap (capacity, redundancy, outage minutes, move cap) over the changes that share it.
  Those of one rule that have changes in common, and masks of that rule on these, are one demand, as from outside only
  the rule and its changes can be told apart.

To lift a demand is to free these changes, and no others, from that rule. That a change must be placed is no demand of
its own: each change that a demand names stays as mandatory as it is. The horizon and `now` are the frame in which
everything is planned and are never lifted.
"""

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from scheduler.solver.compiled import Compiled
from scheduler.solver.problem import Budget, Cell, Lag, Member, Problem, Resource

FRAME = "horizon"
PAIRED = "conflict"
_Key = tuple[str, int, str]
"""A primitive: its kind, its number (of the change, for a mask) and its rule."""


@dataclass(frozen=True, slots=True, order=True)
class Demand:
    """A rule for some changes, in the order of the problem (for a lag, the first comes first)."""

    rule: str
    changes: tuple[str, ...]


def demands(problem: Problem) -> Mapping[Demand, frozenset[_Key]]:
    """List the demands of a problem, each with its primitives."""
    found: dict[Demand, set[_Key]] = {}
    for number, name in enumerate(problem.changes):
        for rule, mask in problem.masks[number].items():
            if rule != FRAME and not mask.all():
                found.setdefault(Demand(rule, (name,)), set()).add(("mask", number, rule))
    lags: dict[tuple[str, frozenset[int]], Demand] = {}
    for number, lag in enumerate(problem.lags):
        pair = (problem.changes[lag.before], problem.changes[lag.after])
        demand = lags.setdefault((lag.rule, frozenset((lag.before, lag.after))), Demand(lag.rule, pair))
        found.setdefault(demand, set()).add(("lag", number, lag.rule))
    for shared, keys in _shared(problem):
        # What a rule also says of one of these changes alone cannot be told apart from what it says of all.
        own = [Demand(shared.rule, (name,)) for name in shared.changes if len(shared.changes) > 1]
        keys.update(*(found.pop(one) for one in own if one in found and one.rule != PAIRED))
        found.setdefault(shared, set()).update(keys)
    return {demand: frozenset(keys) for demand, keys in found.items()}


def _shared(problem: Problem) -> Iterable[tuple[Demand, set[_Key]]]:
    """Give the resources, budgets and caps, those of one rule joined that have changes in common."""
    groups: list[tuple[str, set[int], set[_Key]]] = []
    parts = [
        *(("resource", n, one.rule, {use.change for use in one.uses}) for n, one in enumerate(problem.resources)),
        *(("budget", n, one.rule, _counted(problem, one)) for n, one in enumerate(problem.budgets)),
        *(("cap", n, one.rule, set(one.amounts)) for n, one in enumerate(problem.caps)),
    ]
    for kind, number, rule, changes in parts:
        if not changes:
            continue
        keys: set[_Key] = {(kind, number, rule)}
        for group in [one for one in groups if one[0] == rule and _joins(rule, one[1], changes)]:
            changes, keys = changes | group[1], keys | group[2]
            groups.remove(group)
        groups.append((rule, changes, keys))
    for rule, changes, keys in groups:
        yield Demand(rule, tuple(problem.changes[number] for number in sorted(changes))), keys


def _joins(rule: str, one: set[int], other: set[int]) -> bool:
    return one == other if rule == PAIRED else bool(one & other)


def _counted(problem: Problem, budget: Budget) -> set[int]:
    return {member.change for cell in budget.cells for member in problem.cells[cell].members}


# --- parts of a problem ------------------------------------------------------------------------------------------


def needed(problem: Problem, changes: Iterable[int]) -> list[int]:
    """Give changes with all those that must be placed where they are, because of lags."""
    before: dict[int, list[int]] = {}
    for lag in problem.lags:
        before.setdefault(lag.after, []).append(lag.before)
    reached: set[int] = set()
    waiting = list(changes)
    while waiting:
        change = waiting.pop()
        if change not in reached:
            reached.add(change)
            waiting += before.get(change, ())
    return sorted(reached)


def only_changes(problem: Problem, changes: Iterable[int]) -> Problem:
    """Give the rules of a problem for some changes and all that these need, without prices and without the others."""
    kept = needed(problem, changes)
    new = {number: position for position, number in enumerate(kept)}
    part = Problem(problem.slots, [problem.changes[number] for number in kept])
    part.masks = [dict(problem.masks[number]) for number in kept]
    part.drop_price = [None if problem.drop_price[number] is None else 0 for number in kept]
    # Without prices every start ties: ties stay ranked by time, as the earliest leave most room for the others.
    for resource in problem.resources:
        uses = tuple(replace(use, change=new[use.change]) for use in resource.uses if use.change in new)
        if sum(use.amount for use in uses) > resource.capacity.min(initial=np.iinfo(np.int64).max):
            part.resources.append(replace(resource, uses=uses))
    part.lags = [
        replace(lag, before=new[lag.before], after=new[lag.after])
        for lag in problem.lags
        if lag.before in new and lag.after in new
    ]
    for budget in problem.budgets:
        cells = []
        for number in budget.cells:
            cell = problem.cells[number]
            members = tuple(replace(one, change=new[one.change]) for one in cell.members if one.change in new)
            if members:
                cells.append(len(part.cells))
                part.cells.append(Cell(np.zeros_like(cell.kept), members))
        if cells:
            part.budgets.append(replace(budget, cells=tuple(cells)))
    for cap in problem.caps:
        amounts = {new[change]: own for change, own in cap.amounts.items() if change in new}
        if amounts:
            part.caps.append(replace(cap, amounts=amounts))
    return part


def only_demands(problem: Problem, kept: Iterable[frozenset[_Key]]) -> Problem:
    """Give a problem with the primitives of some demands alone, in its frame."""
    keys = frozenset().union(*kept)
    part = copy.copy(problem)
    part.masks = [
        {rule: mask for rule, mask in masks.items() if rule == FRAME or ("mask", number, rule) in keys}
        for number, masks in enumerate(problem.masks)
    ]
    part.lags = [one for number, one in enumerate(problem.lags) if ("lag", number, one.rule) in keys]
    part.resources = [one for number, one in enumerate(problem.resources) if ("resource", number, one.rule) in keys]
    part.budgets = [one for number, one in enumerate(problem.budgets) if ("budget", number, one.rule) in keys]
    part.caps = [one for number, one in enumerate(problem.caps) if ("cap", number, one.rule) in keys]
    return part


def without(problem: Problem, demand: Demand) -> Problem:
    """Lift one demand: its rule binds its changes no longer. Prices stay."""
    freed = {problem.index[name] for name in demand.changes}
    part = copy.copy(problem)
    part.masks = [
        {rule: mask for rule, mask in masks.items() if rule != demand.rule or number not in freed}
        for number, masks in enumerate(problem.masks)
    ]
    part.lags = [one for one in problem.lags if one.rule != demand.rule or not _pair(one) <= freed]
    part.resources = [_freed(one, freed) if one.rule == demand.rule else one for one in problem.resources]
    part.cells, part.budgets = list(problem.cells), []
    for budget in problem.budgets:
        if budget.rule == demand.rule and _counted(problem, budget) & freed:
            cells = []
            for number in budget.cells:
                members = _others(problem.cells[number].members, freed)
                cells.append(len(part.cells))
                part.cells.append(Cell(np.zeros(problem.slots, dtype=np.int64), members))
            part.budgets.append(replace(budget, cells=tuple(cells)))
        else:
            part.budgets.append(budget)
    part.caps = [
        replace(one, amounts={change: own for change, own in one.amounts.items() if change not in freed})
        if one.rule == demand.rule
        else one
        for one in problem.caps
    ]
    return part


def _pair(lag: Lag) -> set[int]:
    return {lag.before, lag.after}


def _freed(resource: Resource, freed: set[int]) -> Resource:
    if resource.rule == PAIRED and not {use.change for use in resource.uses} <= freed:
        return resource
    return replace(resource, uses=tuple(use for use in resource.uses if use.change not in freed))


def _others(members: Sequence[Member], freed: set[int]) -> tuple[Member, ...]:
    return tuple(member for member in members if member.change not in freed)


def left_out(problem: Problem, change: str) -> Problem:
    """Take a change out: it has no start and costs nothing."""
    number = problem.index[change]
    part = copy.copy(problem)
    part.masks, part.drop_price = list(problem.masks), list(problem.drop_price)
    part.masks[number] = {FRAME: np.zeros(problem.slots, dtype=np.bool_)}
    part.drop_price[number] = 0
    return part


def related(compiled: Compiled, change: int) -> list[int]:
    """List the other mandatory changes that share a resource, budget, cap or lag with one, the least movable first."""
    problem = compiled.problem
    targets = {part.target for part in compiled.uses_of[change]}
    found = {use.change for target in targets for use in compiled.resources[target].uses}
    cells = {part.target for part in compiled.counted_of[change]}
    for budget in compiled.budgets:
        if cells & set(budget.cells):
            found.update(member.change for cell in budget.cells for member in compiled.counted[cell])
    for lag in compiled.lags_of[change]:
        found |= _pair(lag)
    for cap in problem.caps:
        if change in cap.amounts:
            found.update(cap.amounts)
    room = compiled.ok.sum(axis=1)
    others = (number for number in found - {change} if problem.drop_price[number] is None)
    return sorted(others, key=lambda number: (int(room[number]), number))
