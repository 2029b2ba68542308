"""The lifted bound against trying everything, and what a cluster must pay by hand."""

from itertools import count

import numpy as np
import pytest
from strategies import Seeded
from tiny_problems import every_plan, random_problem

from scheduler.solver.bound import Lagrangian
from scheduler.solver.compiled import Compiled, compile_problem
from scheduler.solver.lift import Clusters, lift
from scheduler.solver.limits import Limits
from scheduler.solver.problem import Problem
from scheduler.solver.state import UNPLACED
from scheduler.solver.workers import Pool

LIMITS = Limits(20.0, units=2.0)


def lagrangian(compiled: Compiled, upper: int, steps: int) -> Lagrangian:
    made, ticks = Lagrangian(compiled), count()
    made.improve(upper, lambda: next(ticks) / max(1, steps))
    return made


def lifted(made: Lagrangian, starts: dict[int, int], pool: Pool | None = None) -> list[int]:
    plan = [starts.get(change, UNPLACED) for change in range(made.compiled.changes)]
    return list(lift(Clusters(made, plan), LIMITS, pool, lambda: 0.0))


@pytest.mark.parametrize("block", range(4))
def test_against_brute_force(block: int) -> None:
    higher = 0
    for seed in range(100 * block, 100 * block + 100):
        problem = random_problem(Seeded(seed), stacked=20)
        plans = sorted(((price, sorted(starts.items())) for price, starts in every_plan(problem)))
        if not plans:
            continue
        best, starts = plans[0]
        made = lagrangian(compile_problem(problem), best, 5 * (seed % 7))
        bounds = [made.best.cents, *lifted(made, dict(starts))]
        assert bounds == sorted(set(bounds)), f"seed {seed}: a bound that is no better than the one before"
        assert bounds[-1] <= best, f"seed {seed}: a bound above the optimum"
        higher += len(bounds) > 1
        # Beside a plan that is not the best one the bound must hold as well.
        worst, others = plans[-1]
        again = lagrangian(compile_problem(problem), worst, 5 * (seed % 7))
        assert max([again.best.cents, *lifted(again, dict(others))]) <= best, f"seed {seed}: above, beside a poor plan"
    assert higher >= 5


def apart() -> Problem:
    """Three changes of one slot on a cell of weight 60, no two of them in the same slot.

    The cell weighs 60 in each of the six slots, and each change takes a slot of its own: 180 in all, however they are
    placed.
    """
    problem = Problem(6, ["a", "b", "c"])
    problem.cell(np.full(6, 60), [(change, 0, 1) for change in problem.changes])
    for one, other in (("a", "b"), ("a", "c"), ("b", "c")):
        problem.resource(
            "conflict", f"{one} not with {other}", np.ones(6, dtype=np.int64), [(one, 1, 0, 1), (other, 1, 0, 1)]
        )
    return problem


def test_changes_that_exclude_each_other_pay_apart() -> None:
    made = Lagrangian(compile_problem(apart()))
    # Equal shares: each change pays 20 in its slot, 60 together; as a cluster they cannot share a slot.
    assert made.evaluated().cents == 60
    assert lifted(made, {0: 0, 1: 1, 2: 2}) == [180]


def test_clusters_hold_whole_trees_of_lags_and_no_change_twice() -> None:
    problem = apart()
    problem.lag("precedence", "a", "b", 1)
    problem.lag("precedence", "b", "c", 1)
    clusters = Clusters(Lagrangian(compile_problem(problem)), [0, 1, 2]).clusters
    assert [cluster.changes for cluster in clusters] == [[0, 1, 2]]


def test_a_pool_proves_the_same() -> None:
    made = Lagrangian(compile_problem(apart()))
    with Pool(2) as pool:
        assert lifted(made, {0: 0, 1: 1, 2: 2}, pool) == [180]


def test_two_runs_give_the_same_bounds() -> None:
    problem = random_problem(Seeded(90))
    best, starts = min((price, sorted(starts.items())) for price, starts in every_plan(problem))
    runs = [lifted(lagrangian(compile_problem(problem), best, 20), dict(starts)) for _ in range(2)]
    assert runs[0] == runs[1]


def test_without_effort_nothing_is_lifted() -> None:
    made = Lagrangian(compile_problem(apart()))
    assert list(lift(Clusters(made, [0, 1, 2]), LIMITS, None, lambda: 1.0)) == []
