"""Changes that must start together, planned as one.

Two changes with a lag of 0 both ways start at the same slot or are both left out, so search could never place one
before the other. A problem with such ties is the same as a smaller one in which each group of tied changes is a single
change with the parts of all its members.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from scheduler.solver.problem import Cap, Lag, Problem
from scheduler.solver.state import UNPLACED


@dataclass(frozen=True)
class Together:
    """A problem whose changes are groups of another's; `groups` gives the members of each by their numbers there."""

    problem: Problem
    groups: Sequence[tuple[int, ...]]

    def of_groups(self, starts: Mapping[int, int]) -> dict[int, int]:
        """Give each group the start of its first member, where that has one."""
        return {group: starts[members[0]] for group, members in enumerate(self.groups) if members[0] in starts}

    def of_members(self, starts: Sequence[int]) -> list[int]:
        """Give every member the start of its group."""
        found = [UNPLACED] * sum(map(len, self.groups))
        for start, members in zip(starts, self.groups, strict=True):
            for member in members:
                found[member] = start
        return found


def together(problem: Problem) -> Together | None:
    """Join the changes that are tied; None where none are."""
    groups = _groups(problem)
    if len(groups) == len(problem.changes):
        return None
    group_of = {member: group for group, members in enumerate(groups) for member in members}
    joined = Problem(problem.slots, [" + ".join(problem.changes[one] for one in members) for members in groups])
    for group, members in enumerate(groups):
        for member in members:
            for rule, mask in problem.masks[member].items():
                joined.mask(rule, joined.changes[group], mask)
        prices = [price for price in (problem.drop_price[member] for member in members) if price is not None]
        for member in members:
            if member in problem.start_cost:
                joined.price_start(joined.changes[group], problem.start_cost[member])
        joined.drop_price[group] = sum(prices) if len(prices) == len(members) else None
        ranks = list({id(row): row for row in (problem.tie_rank[member] for member in members)}.values())
        joined.tie_rank[group] = np.maximum.reduce(ranks) if len(ranks) > 1 else ranks[0]
    joined.cells = [
        replace(cell, members=tuple(sorted(replace(one, change=group_of[one.change]) for one in cell.members)))
        for cell in problem.cells
    ]
    joined.resources = [
        replace(one, uses=tuple(replace(use, change=group_of[use.change]) for use in one.uses))
        for one in problem.resources
    ]
    joined.budgets = list(problem.budgets)
    for lag in problem.lags:
        _join_lag(joined, lag, group_of)
    for cap in problem.caps:
        amounts = {group_of[change]: np.zeros(problem.slots, dtype=np.int64) for change in cap.amounts}
        for change, own in cap.amounts.items():
            amounts[group_of[change]] += own
        joined.caps.append(Cap(cap.rule, cap.label, cap.limit, amounts))
    return Together(joined, groups)


def _groups(problem: Problem) -> list[tuple[int, ...]]:
    tied = {(lag.before, lag.after) for lag in problem.lags if lag.lo == 0 == lag.hi}
    neighbours: list[list[int]] = [[] for _ in problem.changes]
    for before, after in sorted(tied):
        if (after, before) in tied:
            neighbours[before].append(after)
    seen: set[int] = set()

    def reached(change: int) -> Iterator[int]:
        waiting = [change]
        while waiting:
            one = waiting.pop()
            if one not in seen:
                seen.add(one)
                waiting += neighbours[one]
                yield one

    return [tuple(sorted(reached(change))) for change in range(len(problem.changes)) if change not in seen]


def _join_lag(joined: Problem, lag: Lag, group_of: Mapping[int, int]) -> None:
    """Keep a lag between groups; inside one it holds at once, or leaves the group no start."""
    before, after = group_of[lag.before], group_of[lag.after]
    if before != after:
        joined.lags.append(replace(lag, before=before, after=after))
    elif lag.lo > 0 or (lag.hi is not None and lag.hi < 0):
        joined.mask(lag.rule, joined.changes[before], np.zeros(joined.slots, dtype=np.bool_))
