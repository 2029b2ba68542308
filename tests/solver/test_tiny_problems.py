"""A thousand tiny problems: what the solver says against trying everything."""

from collections import Counter
from functools import cache

import numpy as np
import pytest
from strategies import Seeded
from tiny_problems import optimum, random_problem

from scheduler.solver.bound import Lagrangian
from scheduler.solver.compiled import compile_problem
from scheduler.solver.effort import Effort
from scheduler.solver.optimise import Answer, optimise
from scheduler.solver.problem import Problem
from scheduler.solver.state import UNPLACED

COUNT = 1000


@cache
def solved(seed: int, stacked: int = 0) -> tuple[Problem, int | None, Answer, int]:
    """A problem, its optimum by brute force, the solver's answer and the bound of the relaxation alone."""
    problem = random_problem(Seeded(seed), stacked=stacked)
    best = optimum(problem)
    compiled = compile_problem(problem)
    answer = optimise(compiled, Effort(60.0, units=0.02))
    if best is None:
        return problem, best, answer, 0
    steps = iter(range(150))
    relaxed = Lagrangian(compiled).improve(best, lambda: next(steps) / 149).cents
    return problem, best, answer, relaxed


def assert_right(seed: int, stacked: int = 0) -> None:
    problem, best, answer, relaxed = solved(seed, stacked)
    if best is None:
        assert answer.status == "INFEASIBLE", f"seed {seed}: a plan where there is none"
        return
    assert answer.objective is not None, f"seed {seed}: {answer.status}, but a plan of {best} exists"
    assert answer.bound is not None
    starts = {change: start for change, start in enumerate(answer.starts) if start != UNPLACED}
    assert not list(problem.broken(starts)), f"seed {seed}: an illegal plan"
    assert problem.cost(starts) == answer.objective, f"seed {seed}: the plan is misprized"
    assert max(relaxed, answer.bound) <= best <= answer.objective, f"seed {seed}: a bound above the optimum"
    if answer.status == "OPTIMAL":
        assert answer.bound == answer.objective == best, f"seed {seed}: not optimal"


@pytest.mark.parametrize("block", range(20))
def test_against_brute_force(block: int) -> None:
    for seed in range(block * COUNT // 20, (block + 1) * COUNT // 20):
        assert_right(seed)


@pytest.mark.xfail(reason="uses of one change in one resource are checked one by one where they overlap")
def test_uses_of_one_change_add_up() -> None:
    for seed in range(200):
        assert_right(seed, stacked=30)


def test_the_bound_is_close_and_optimal_occurs() -> None:
    answers = [solved(seed) for seed in range(COUNT)]
    feasible = [(best, answer, relaxed) for _, best, answer, relaxed in answers if best is not None]
    assert len(feasible) > COUNT / 2
    final = sum((answer.bound or 0) >= 0.9 * best for best, answer, _ in feasible)
    alone = sum(relaxed >= 0.9 * best for best, _, relaxed in feasible)
    assert final > COUNT / 2
    assert alone > len(feasible) / 2
    statuses = Counter(answer.status for _, _, answer, _ in answers)
    assert statuses["OPTIMAL"] > COUNT / 2
    assert statuses["INFEASIBLE"] > COUNT / 50


def test_every_primitive_is_used_and_binds() -> None:
    # A primitive that never forbids or prices anything would not be tested by the above.
    binding: Counter[str] = Counter()
    for seed in range(200):
        problem, best, _, _ = solved(seed)
        if best is None:
            continue
        for name in ("resources", "lags", "budgets", "cells"):
            kept = getattr(problem, name)
            setattr(problem, name, [])
            budgets, problem.budgets = problem.budgets, [] if name == "cells" else problem.budgets
            relieved = optimum(problem)
            problem.budgets = budgets
            setattr(problem, name, kept)
            binding[name] += relieved != best
        binding["masks"] += any(not problem.allowed(change).all() for change in range(len(problem.changes)))
        binding["starts"] += bool(problem.start_cost.any())
        binding["drops"] += any(price is not None for price in problem.drop_price)
        binding["offsets"] += any(member.offset for cell in problem.cells for member in cell.members)
        binding["periods"] += any(len(np.unique(budget.period)) > 2 for budget in problem.budgets)
    assert min(binding.values()) >= 10, binding
    assert set(binding) == {
        "resources", "lags", "budgets", "cells", "masks", "starts", "drops", "offsets", "periods",
    }  # fmt: skip
