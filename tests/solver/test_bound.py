"""The Lagrangian bound: valid at every step, exact where nothing is shared, priced where a resource is short."""

import numpy as np

from scheduler.solver.bound import Lagrangian
from scheduler.solver.compiled import compile_problem
from scheduler.solver.problem import Problem


def steps(lagrangian: Lagrangian, upper: int, count: int = 200) -> int:
    for _ in range(count):
        assert lagrangian.step(upper) <= upper + 1e-6
    return lagrangian.best.cents


def test_without_sharing_the_first_step_is_the_optimum() -> None:
    problem = Problem(6, ["A", "B"])
    problem.price_start("A", np.array([5, 3, 4, 9, 9, 9]))
    problem.price_start("B", np.array([7, 7, 7, 2, 7, 7]))
    assert steps(Lagrangian(compile_problem(problem)), 5, 1) == 5


def test_two_changes_that_can_share_an_outage_split_it() -> None:
    problem = Problem(6, ["A", "B"])
    for change in problem.changes:
        problem.mask("horizon", change, np.arange(6) <= 4)
    problem.cell(np.full(6, 100, dtype=np.int64), [("A", 0, 2), ("B", 0, 2)])
    assert steps(Lagrangian(compile_problem(problem)), 200) == 200


def test_a_scarce_resource_gets_a_price() -> None:
    problem = Problem(4, ["A", "B"])
    for change in ("A", "B"):
        problem.price_start(change, np.array([0, 10, 10, 10]))
    problem.resource("conflict", "one at a time", np.ones(4, dtype=np.int64), [("A", 1, 0, 1), ("B", 1, 0, 1)])
    # One of the two must leave the free start: the optimum is 10, and without prices the bound stays 0.
    lagrangian = Lagrangian(compile_problem(problem))
    assert steps(lagrangian, 10, 1) == 0
    assert steps(lagrangian, 10) >= 9


def test_a_cap_gets_a_price() -> None:
    # Three announced starts cost 300, 200 and 100, any other nothing, and one of the three may move: 200 + 100.
    problem = Problem(8, ["A", "B", "C"])
    for change, cents in zip(problem.changes, (300, 200, 100), strict=True):
        problem.price_start(change, np.where(np.arange(8) == 3, cents, 0))
    moves = {change: (np.arange(8) != 3).astype(np.int64) for change in problem.changes}
    problem.cap("move cap", "", 1, moves)
    lagrangian = Lagrangian(compile_problem(problem))
    assert steps(lagrangian, 300, 1) == 0
    assert 270 <= steps(lagrangian, 300) <= 300


def test_reduced_costs_bound_what_a_start_costs() -> None:
    problem = Problem(4, ["A", "B"])
    problem.cell(np.array([10, 20, 30, 40]), [("A", 0, 1), ("B", 0, 1)])
    lagrangian = Lagrangian(compile_problem(problem))
    steps(lagrangian, 10)
    best = lagrangian.best
    for start in range(4):
        cheapest = min(problem.cost({0: start, 1: other}) for other in range(4))
        assert best.value + best.reduced_row(0)[start] <= cheapest + 1e-6
    assert all(best.keeps(change, 11).any() for change in range(2))  # a plan of 10 is still to be found below 11


def test_dropping_is_cheaper() -> None:
    problem = Problem(4, ["A"])
    problem.price_start("A", np.full(4, 50))
    problem.price_drop("A", 20)
    assert steps(Lagrangian(compile_problem(problem)), 20, 1) == 20
