"""Multipliers from the linear relaxation: as good as it is, and never a bound that is not one."""

import threading

import numpy as np
import pytest
from strategies import Seeded
from tiny_problems import optimum, random_problem

from scheduler.solver.bound import Lagrangian
from scheduler.solver.compiled import compile_problem
from scheduler.solver.duals import price_by_relaxation
from scheduler.solver.limits import Limits
from scheduler.solver.problem import Problem


def bound(problem: Problem, limits: Limits | None = None) -> int:
    lagrangian = Lagrangian(compile_problem(problem))
    price_by_relaxation(lagrangian, 10**6, limits or Limits(10.0))
    return lagrangian.best.cents


def crowd(changes: int) -> Problem:
    """One free slot, dearer by 10 with each later one, and room for one change at a time."""
    problem = Problem(changes, [f"c{number}" for number in range(changes)])
    for change in problem.changes:
        problem.price_start(change, 10 * np.arange(changes))
    everybody = [(change, 1, 0, 1) for change in problem.changes]
    problem.resource("conflict", "one at a time", np.ones(changes, dtype=np.int64), everybody)
    return problem


def test_prices_of_a_short_resource_prove_the_optimum_at_once() -> None:
    assert bound(crowd(6)) == 10 * (0 + 1 + 2 + 3 + 4 + 5)


def test_a_cap_is_priced() -> None:
    # Three announced starts cost 300, 200 and 100, any other nothing, and one of the three may move: 200 + 100.
    problem = Problem(8, ["A", "B", "C"])
    for change, cents in zip(problem.changes, (300, 200, 100), strict=True):
        problem.price_start(change, np.where(np.arange(8) == 3, cents, 0))
    problem.cap("move cap", "", 1, {change: (np.arange(8) != 3).astype(np.int64) for change in problem.changes})
    assert bound(problem) == 300


def test_shares_of_a_cell_are_found() -> None:
    # Each can start in 0..3, and B pays 40 wherever A is free; down together in slot 0 they cost 100 once.
    problem = Problem(4, ["A", "B", "C"])
    problem.cell(np.full(4, 100, dtype=np.int64), [("A", 0, 1), ("B", 0, 1), ("C", 0, 1)])
    for change, free in (("A", 1), ("B", 2), ("C", 1)):
        problem.price_start(change, np.where(np.arange(4) == free, 0, 40))
    # A and C in slot 1 (100), B beside them for 40 more, not in a slot of its own for 100.
    assert bound(problem) == 140


def test_lags_and_prices_go_together() -> None:
    # Two pairs, the second of each three slots after the first; firsts must not meet, nor seconds: 0 and 1 at best.
    problem = Problem(8, ["A", "B", "C", "D"])
    for change in problem.changes:
        problem.price_start(change, 10 * np.arange(8))
    problem.resource("conflict", "", np.ones(8, dtype=np.int64), [("A", 1, 0, 1), ("C", 1, 0, 1)])
    problem.resource("conflict", "", np.ones(8, dtype=np.int64), [("B", 1, 0, 1), ("D", 1, 0, 1)])
    problem.lag("precedence", "A", "B", 3, 4)
    problem.lag("precedence", "C", "D", 3, 4)
    # A 0, C 1, B 3, D 4: 0 + 10 + 30 + 40.
    assert bound(problem) == 80


def test_dropping_is_cheaper_than_a_dear_slot() -> None:
    problem = crowd(4)
    problem.price_drop("c0", 5)
    assert bound(problem) == 5 + 10 * (0 + 1 + 2)


@pytest.mark.parametrize("seed", range(60))
def test_no_plan_is_cheaper_than_the_bound(seed: int) -> None:
    problem = random_problem(Seeded(seed))
    best = optimum(problem)
    if best is not None:
        assert bound(problem) <= best


def test_a_stopped_program_changes_nothing() -> None:
    stop = threading.Event()
    stop.set()
    lagrangian = Lagrangian(compile_problem(crowd(60)))
    price_by_relaxation(lagrangian, 10**6, Limits(10.0, stop=stop))
    assert not lagrangian.prices.any()


def test_counted_limits_give_the_same_twice() -> None:
    assert bound(crowd(30), Limits(10.0, 1.0)) == bound(crowd(30), Limits(10.0, 1.0)) == 10 * sum(range(30))


def test_adopted_shares_become_a_split() -> None:
    problem = Problem(6, ["A", "B"])
    for change in problem.changes:
        problem.mask("horizon", change, np.arange(6) <= 4)
    problem.cell(np.full(6, 100, dtype=np.int64), [("A", 0, 2), ("B", 0, 2)])
    lagrangian = Lagrangian(compile_problem(problem))
    first = lagrangian.evaluated().value
    for factor in (7.0, 0.0):  # far too much, and nothing at all
        lagrangian.adopt(lagrangian.prices, lagrangian.cap_prices, factor * lagrangian.shares)
        assert lagrangian.evaluated().value == pytest.approx(first)
