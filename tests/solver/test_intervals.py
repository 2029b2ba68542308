"""Whole horizons as intervals: never stricter than the problem itself."""

import numpy as np
import pytest
from ortools.sat.python import cp_model
from strategies import Seeded
from tiny_problems import every_plan, random_problem

from scheduler.solver.compiled import compile_problem
from scheduler.solver.deciding import has_plan, some_of
from scheduler.solver.demands import only_changes
from scheduler.solver.effort import Effort
from scheduler.solver.exact import Limits
from scheduler.solver.intervals import Intervals
from scheduler.solver.problem import Problem


def mandatory(seed: int) -> Problem:
    """A random problem, padded so that nothing reaches past its end, all of whose changes are mandatory."""
    small = random_problem(Seeded(seed))
    padded = Problem(small.slots + 12, small.changes)

    def longer(values: np.ndarray, fill: int) -> np.ndarray:  # type: ignore[type-arg]
        return np.concatenate((values, np.full(12, fill, dtype=values.dtype)))

    padded.masks = [{rule: longer(mask, 0) for rule, mask in masks.items()} for masks in small.masks]
    for one in small.resources:
        uses = [(small.changes[use.change], use.amount, use.offset, use.length) for use in one.uses]
        padded.resource(one.rule, one.label, longer(one.capacity, 9), uses)
    for lag in small.lags:
        padded.lag(lag.rule, small.changes[lag.before], small.changes[lag.after], lag.lo, lag.hi)
    for cell in small.cells:
        padded.cell(longer(cell.weight, 0), [(small.changes[m.change], m.offset, m.length) for m in cell.members])
    for budget in small.budgets:
        if len(budget.limit) == small.slots and (budget.period == np.arange(small.slots)).all():
            period, limit = np.arange(padded.slots), longer(budget.limit, 99)
        else:
            period, limit = longer(budget.period, -1), budget.limit
        padded.budget(budget.rule, budget.label, budget.cells, period, limit)
    for cap in small.caps:
        amounts = {small.changes[change]: longer(own, 0) for change, own in cap.amounts.items()}
        padded.cap(cap.rule, cap.label, cap.limit, amounts)
    return padded


def test_every_plan_is_one_of_the_intervals() -> None:
    tight = 0
    for seed in range(150):
        problem = mandatory(seed)
        compiled = compile_problem(problem)
        if not compiled.ok.any(axis=1).all():
            continue
        model = Intervals(compiled)
        _, status = Limits(10.0).run(model.model)
        fits = any(True for _ in every_plan(problem))
        assert status in (cp_model.OPTIMAL, cp_model.INFEASIBLE)
        if fits:
            assert status == cp_model.OPTIMAL, f"seed {seed}: a plan exists, but none of intervals"
        elif status == cp_model.INFEASIBLE:
            tight += 1
    assert tight > 5, "intervals hardly ever see that nothing fits"


@pytest.mark.parametrize("exclude", [True, False])
def test_time_that_two_share_counts_once(exclude: bool) -> None:
    # Three changes of 2 slots and 4 slots allowed in 2000: if they may overlap they need 2, if not 6.
    problem = Problem(2000, ["a", "b", "c"])
    cell = problem.cell(np.zeros(2000, dtype=np.int64), [(name, 0, 2) for name in "abc"])
    problem.budget("outage minutes", "", [cell], np.zeros(2000, dtype=np.int64), np.array([4]))
    for name in "abc":
        problem.mask("horizon", name, np.arange(2000) <= 1998)
    if exclude:
        problem.resource("conflict", "", np.ones(2000, dtype=np.int64), [(name, 1, 0, 2) for name in "abc"])
    assert has_plan(problem, Effort(20.0)) is not exclude


def test_who_is_to_blame() -> None:
    # b and c need the same two slots; a and d do not matter.
    problem = Problem(50, ["a", "b", "c", "d"])
    for name, first, last in (("a", 0, 40), ("b", 10, 10), ("c", 11, 11), ("d", 0, 40)):
        problem.mask("hours", name, (np.arange(50) >= first) & (np.arange(50) <= last))
    problem.resource("capacity", "", np.ones(50, dtype=np.int64), [(name, 1, 0, 2) for name in "abcd"])
    blamed = some_of(problem, [0, 1, 2, 3], Effort(10.0))
    assert {1, 2} <= set(blamed)
    assert has_plan(only_changes(problem, blamed), Effort(10.0)) is False


def test_without_time_it_is_unknown() -> None:
    # c and d take slots 3 to 8, so a and b have 0 to 2 and 9 to 11 between them; with b before 9 too there is no room.
    problem = Problem(12, ["a", "b", "c", "d"])
    for name, first, last in (("a", 0, 9), ("b", 0, 9), ("c", 3, 3), ("d", 6, 6)):
        problem.mask("hours", name, (np.arange(12) >= first) & (np.arange(12) <= last))
    problem.resource("capacity", "", np.ones(12, dtype=np.int64), [(name, 1, 0, 3) for name in "abcd"])
    problem.mask("b is late", "b", np.arange(12) >= 1)
    assert has_plan(problem, Effort(10.0)) is True
    problem.mask("b is late", "b", np.arange(12) <= 8)
    assert has_plan(problem, Effort(10.0)) is False
    assert has_plan(problem, Effort(0.0)) is None
