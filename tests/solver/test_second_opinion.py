"""HiGHS and CP-SAT on the textbook model, brute force and the solver agree on problems that use every primitive."""

from functools import cache
from itertools import count, islice

import pytest
from ortools.sat.python import cp_model
from strategies import Seeded
from tiny_problems import optimum, random_problem
from whole_horizon import cp_sat, highs, whole_horizon

from scheduler.solver.compiled import compile_problem
from scheduler.solver.effort import Effort
from scheduler.solver.optimise import optimise
from scheduler.solver.problem import Problem

COUNT, BLOCKS = 240, 6
PRIMITIVES = ("cells", "resources", "lags", "budgets", "caps")


def uses_everything(problem: Problem) -> bool:
    drops = any(price is not None for price in problem.drop_price)
    masks = any(not problem.allowed(change).all() for change in range(len(problem.changes)))
    return all(getattr(problem, name) for name in PRIMITIVES) and drops and masks and bool(problem.start_cost)


@cache
def drawn() -> list[tuple[int, Problem]]:
    """Problems that use every primitive, with their seeds: about one random problem in twenty."""
    problems = ((seed, random_problem(Seeded(seed), stacked=30)) for seed in count())
    return list(islice(((seed, problem) for seed, problem in problems if uses_everything(problem)), COUNT))


@pytest.mark.parametrize("block", range(BLOCKS))
def test_four_ways_to_one_optimum(block: int) -> None:
    proved, plans = 0, 0
    for seed, problem in drawn()[block::BLOCKS]:
        best = optimum(problem)
        opinion = highs(problem, whole_horizon(problem))
        other = cp_model.CpSolver()
        other.parameters.num_workers = 1
        found = other.solve(cp_sat(whole_horizon(problem)))
        answer = optimise(compile_problem(problem), Effort(60.0, units=0.02))
        if best is None:
            assert opinion.status == answer.status == "INFEASIBLE", f"seed {seed}"
            assert found == cp_model.INFEASIBLE, f"seed {seed}"
            continue
        plans += 1
        assert opinion.status == "OPTIMAL", f"seed {seed}"
        assert opinion.objective == best, f"seed {seed}: HiGHS finds {opinion.objective}, brute force {best}"
        assert found == cp_model.OPTIMAL
        assert round(other.objective_value) == best, f"seed {seed}: CP-SAT finds {other.objective_value}"
        assert not list(problem.broken(opinion.starts)), f"seed {seed}"
        assert answer.bound is not None
        assert answer.objective is not None
        assert answer.bound <= best <= answer.objective, f"seed {seed}: bound above, or a plan below the optimum"
        if answer.status == "OPTIMAL":
            assert answer.bound == answer.objective == best, f"seed {seed}"
            proved += 1
    assert plans >= 10
    assert proved >= 0.9 * plans, (proved, plans)
