"""Random tiny canonical problems that use every primitive, and their optimum by trying everything."""

from collections.abc import Callable, Iterator
from itertools import pairwise, product
from typing import TypeVar

import numpy as np
from hypothesis import strategies as st
from strategies import Choice, Drawn, flag, subset

from scheduler.solver.problem import Problem

T = TypeVar("T")


def random_problem(choice: Choice, *, stacked: int = 0) -> Problem:
    """Up to four changes on up to nine slots, with up to six starts each, and some of every primitive.

    `stacked` is the chance in per cent that a change uses a resource twice, over slots that may overlap.
    """
    slots = choice.integer(5, 9)
    names = ["a", "b", "c", "d"][: choice.integer(2, 4)]
    problem = Problem(slots, names)
    for name in names:
        _change(choice, problem, name)
    for number in range(choice.integer(0, 2)):
        uses = []
        for name in subset(choice, names, 70):
            uses.append((name, choice.integer(1, 2), choice.integer(0, 1), choice.integer(1, 3)))
            if flag(choice, stacked):
                uses.append((name, 1, choice.integer(0, 4), choice.integer(1, 2)))
        problem.resource(f"resource {number}", "", _numbers(choice, slots, 1, 4), uses)
    for number in range(choice.pick([0, 0, 1, 2])):
        before = choice.integer(0, len(names) - 2)
        after = choice.integer(before + 1, len(names) - 1)
        lo = choice.integer(-1, 2)
        hi = lo + choice.integer(0, 4) if flag(choice, 40) else None
        problem.lag(f"lag {number}", names[before], names[after], lo, hi)
    cells = [_cell(choice, problem) for _ in range(choice.integer(1, 4))]
    for number in range(choice.pick([0, 0, 1, 2])):
        _budget(choice, problem, number, cells)
    if flag(choice, 12):
        for one, other in pairwise(choice.pick([names[:2], names[-2:], names])):
            problem.lag("together", one, other, 0, 0)
            problem.lag("together", other, one, 0, 0)
    if flag(choice, 40):
        amounts = {name: _numbers(choice, slots, 0, 2) for name in subset(choice, names, 80)}
        problem.cap("cap", "", choice.integer(0, 3), amounts)
    return problem


def _numbers(choice: Choice, slots: int, low: int, high: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array([choice.integer(low, high) for _ in range(slots)], dtype=np.int64)


def _change(choice: Choice, problem: Problem, name: str) -> None:
    starts = {choice.integer(0, problem.slots - 1) for _ in range(choice.integer(2, 6))}
    problem.mask("hours", name, np.isin(np.arange(problem.slots), sorted(starts)))
    if flag(choice, 30):
        problem.mask("freeze", name, _numbers(choice, problem.slots, 0, 9) > 0)
    if flag(choice, 60):
        problem.price_start(name, _numbers(choice, problem.slots, 0, 20))
    if flag(choice, 35):
        problem.price_drop(name, choice.integer(0, 60))


def _cell(choice: Choice, problem: Problem) -> int:
    members = []
    for name in subset(choice, problem.changes, 65):
        offset = choice.integer(0, 2)
        members.append((name, offset, choice.integer(1, 3)))
        if flag(choice, 15):  # a second stretch of the same change, apart from, touching or over the first
            members.append((name, offset + choice.integer(0, 4), choice.integer(1, 2)))
    heavy = choice.pick([9, 40, 0])
    return problem.cell(_numbers(choice, problem.slots, 0, heavy), members)


def _budget(choice: Choice, problem: Problem, number: int, cells: list[int]) -> None:
    slots = problem.slots
    counted = subset(choice, cells, 60) or (cells[0],)
    length = choice.pick([1, 3, slots])  # a limit per slot, per block, or over the whole
    period = np.arange(slots) // length
    period[_numbers(choice, slots, 0, 9) == 0] = -1
    limit = _numbers(choice, int(period.max(initial=0)) + 1, 0, 2 + length)
    problem.budget(f"budget {number}", "", counted, period, limit)


def every_plan(problem: Problem) -> Iterator[tuple[int, dict[int, int]]]:
    """Every legal set of starts with its price, by trying them all against `Problem`'s own definition."""
    options: list[list[int | None]] = []
    for change, price in enumerate(problem.drop_price):
        starts: list[int | None] = [int(slot) for slot in np.flatnonzero(problem.allowed(change))]
        options.append(starts if price is None else [None, *starts])
    for combination in product(*options):
        starts_of = {change: slot for change, slot in enumerate(combination) if slot is not None}
        if not any(True for _ in problem.broken(starts_of)):
            yield problem.cost(starts_of), starts_of


def optimum(problem: Problem) -> int | None:
    """The price of the cheapest legal plan, None where there is none."""
    return min((price for price, _ in every_plan(problem)), default=None)


@st.composite
def problems(draw: Callable[[st.SearchStrategy[T]], T]) -> Problem:
    return random_problem(Drawn(draw))
