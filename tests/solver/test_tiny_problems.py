"""A thousand tiny problems: what the solver says against trying everything."""

from collections import Counter
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from strategies import Seeded
from tiny_problems import optimum, problems, random_problem

from scheduler.solver.bound import Lagrangian
from scheduler.solver.compiled import compile_problem
from scheduler.solver.effort import Effort
from scheduler.solver.optimise import optimise
from scheduler.solver.problem import Problem
from scheduler.solver.state import UNPLACED

COUNT = 1000


class Solved:
    """A problem, its optimum by brute force, the solver's answer and the bound of the relaxation alone."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.best = optimum(problem)
        compiled = compile_problem(problem)
        self.answer = optimise(compiled, Effort(60.0, units=0.02))
        self.relaxed = 0
        if self.best is not None:
            steps = iter(range(150))
            self.relaxed = Lagrangian(compiled).improve(self.best, lambda: next(steps) / 149).cents


@cache
def solved(seed: int) -> Solved:
    return Solved(random_problem(Seeded(seed)))


def assert_right(one: Solved, seed: int | None = None) -> None:
    best, answer = one.best, one.answer
    if best is None:
        assert answer.status == "INFEASIBLE", f"seed {seed}: a plan where there is none"
        return
    assert answer.objective is not None, f"seed {seed}: {answer.status}, but a plan of {best} exists"
    assert answer.bound is not None
    starts = {change: start for change, start in enumerate(answer.starts) if start != UNPLACED}
    assert not list(one.problem.broken(starts)), f"seed {seed}: an illegal plan"
    assert one.problem.cost(starts) == answer.objective, f"seed {seed}: the plan is misprized"
    assert max(one.relaxed, answer.bound) <= best <= answer.objective, f"seed {seed}: a bound above the optimum"
    if answer.status == "OPTIMAL":
        assert answer.bound == answer.objective == best, f"seed {seed}: not optimal"


@pytest.mark.parametrize("block", range(20))
def test_against_brute_force(block: int) -> None:
    for seed in range(block * COUNT // 20, (block + 1) * COUNT // 20):
        assert_right(solved(seed), seed)


def test_uses_of_one_change_add_up() -> None:
    for seed in range(200):
        assert_right(Solved(random_problem(Seeded(seed), stacked=30)), seed)


@settings(max_examples=100, deadline=None)
@given(problems())
def test_drawn_problems_against_brute_force(problem: Problem) -> None:
    assert_right(Solved(problem))


def test_the_bound_is_close_and_optimal_occurs() -> None:
    everything = [solved(seed) for seed in range(COUNT)]
    feasible = [one for one in everything if one.best]  # where the optimum is 0 a bound of 0 proves nothing
    assert len(feasible) > COUNT / 2
    final = sum((one.answer.bound or 0) > 0.9 * one.best for one in feasible)
    alone = sum(one.relaxed > 0.9 * one.best for one in feasible)
    assert final > COUNT / 2
    assert alone > len(feasible) / 2
    statuses = Counter(one.answer.status for one in everything)
    assert statuses["OPTIMAL"] > COUNT / 2
    assert statuses["INFEASIBLE"] > COUNT / 50


def test_every_primitive_is_used_and_binds() -> None:
    # A primitive that never forbids or prices anything would not be tested by the above.
    binding: Counter[str] = Counter()
    for seed in range(300):
        problem, best = solved(seed).problem, solved(seed).best
        if best is None:
            continue
        for name in ("resources", "lags", "budgets", "caps", "cells"):
            kept = getattr(problem, name)
            setattr(problem, name, [])
            budgets, problem.budgets = problem.budgets, [] if name == "cells" else problem.budgets
            relieved = optimum(problem)
            problem.budgets = budgets
            setattr(problem, name, kept)
            binding[name] += relieved != best
        binding["ties"] += any(lag.rule == "together" for lag in problem.lags)
        binding["masks"] += any(not problem.allowed(change).all() for change in range(len(problem.changes)))
        binding["starts"] += any(row.any() for row in problem.start_cost.values())
        binding["drops"] += any(price is not None for price in problem.drop_price)
        binding["offsets"] += any(member.offset for cell in problem.cells for member in cell.members)
        binding["periods"] += any(len(np.unique(budget.period)) > 2 for budget in problem.budgets)
    assert min(binding.values()) >= 10, binding
    assert set(binding) == {
        "resources", "lags", "budgets", "caps", "cells", "masks", "starts", "drops", "offsets", "periods", "ties",
    }  # fmt: skip
