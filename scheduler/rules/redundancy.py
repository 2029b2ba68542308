"""Together, changes never put more members of a redundancy group out than it can spare.

Counted are the distinct direct members that are out at one time, for whatever reason, dependencies included. A change
that puts the group out by itself does so on purpose and pays for it: what it takes out is left out of the count.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from scheduler.demand.topology import effects
from scheduler.horizon import Window
from scheduler.law import Rule
from scheduler.portfolio import Portfolio, remembered
from scheduler.schedule import Placement, Schedule, Violation, known
from scheduler.wording import listing, window_text

if TYPE_CHECKING:
    from scheduler.solver.problem import Problem

NAME = "redundancy"


def check(portfolio: Portfolio, schedule: Schedule) -> Iterator[Violation]:
    """Find stretches of time in which too many members of a group are out."""
    placed = {placement.change: placement for placement in known(portfolio, schedule)}
    for group, takers in _takers(portfolio).items():
        spare = _spare(portfolio, group)
        running = [(placed[change], members) for change, members in takers.items() if change in placed]
        for stretch in _stretches(running, spare):
            names = sorted({placement.change for placement, _ in running if placement.reserved.overlaps(stretch)})
            out = sorted(set().union(*(members for placement, members in running if placement.change in names)))
            text = (
                f"{listing(names)} together take {listing(out)} of {group} out at "
                f"{window_text(stretch, portfolio.policy.time_zone)}; it can spare {spare}"
            )
            yield Violation(rule=NAME, changes=tuple(names), text=text, window=stretch)


def _stretches(running: Sequence[tuple[Placement, frozenset[str]]], spare: int) -> list[Window]:
    """Give the longest intervals throughout which more than `spare` distinct members are out."""
    found: list[Window] = []
    edges = sorted({edge for placement, _ in running for edge in (placement.start, placement.reserved_until)})
    for start, end in pairwise(edges):
        now = Window(start, end)
        out = set().union(*(members for placement, members in running if placement.reserved.overlaps(now)))
        if len(out) > spare:
            if found and found[-1].end == start:
                now = Window(found.pop().start, end)
            found.append(now)
    return found


def post(portfolio: Portfolio, problem: "Problem") -> None:
    """Give every member that changes take out a cell, and limit the active ones in each slot."""
    slots = portfolio.horizon.slots
    free = np.zeros(slots, dtype=np.int64)
    for group, takers in _takers(portfolio).items():
        spare = _spare(portfolio, group)
        members = sorted(set().union(*takers.values()))
        if len(members) > spare:
            cells = [
                problem.cell(free, [(c, 0, portfolio.reserved(c)) for c, out in takers.items() if member in out])
                for member in members
            ]
            problem.budget(NAME, group, cells, np.arange(slots), np.full(slots, spare, dtype=np.int64))


def _spare(portfolio: Portfolio, group: str) -> int:
    return len(portfolio.groups[group].members) - portfolio.groups[group].min_up


@remembered
def _takers(portfolio: Portfolio) -> Mapping[str, Mapping[str, frozenset[str]]]:
    """Give the changes that count in each group, with the members they take out of it."""
    takers: dict[str, dict[str, frozenset[str]]] = {group: {} for group in portfolio.groups}
    for change, effect in effects(portfolio).items():
        for group, members in effect.out_members.items():
            if group not in effect.broken_groups:
                takers[group][change] = members
    return takers


RULE = Rule(NAME, "Changes that run together never take out more of a redundant group than it can spare.", check, post)
