"""Whole runs on bare canonical problems: proofs, repairs, limits, stopping."""

import threading

import numpy as np
import pytest

from scheduler.solver.compiled import compile_problem
from scheduler.solver.effort import Effort
from scheduler.solver.exact import Limits
from scheduler.solver.feasibility import find_any
from scheduler.solver.incumbent import Progress
from scheduler.solver.optimise import optimise
from scheduler.solver.problem import Problem
from scheduler.solver.search import Insertion, Neighbours, complete, greedy
from scheduler.solver.state import State


def chain(count: int, slots: int) -> Problem:
    """`count` changes of two slots that must not overlap on a grid that just holds them."""
    problem = Problem(slots, [f"C{number:02}" for number in range(count)])
    for change in problem.changes:
        problem.mask("horizon", change, np.arange(slots) <= slots - 2)
    uses = [(change, 1, 0, 2) for change in problem.changes]
    problem.resource("conflict", "one at a time", np.ones(slots, dtype=np.int64), uses)
    return problem


def shared(seed: int, count: int = 12, slots: int = 600) -> Problem:
    """Changes on three shared services, too many starts to be solved whole at once."""
    rng = np.random.default_rng(seed)
    problem = Problem(slots, [f"C{number:02}" for number in range(count)])
    for change in problem.changes:
        problem.mask("horizon", change, np.arange(slots) <= slots - 8)
    for _ in range(3):
        weight = rng.integers(50, 500, slots)
        problem.cell(weight, [(change, 0, int(rng.integers(2, 8))) for change in problem.changes if rng.random() < 0.6])
    problem.resource("capacity", "dba", np.full(slots, 3), [(change, 1, 0, 8) for change in problem.changes])
    return problem


def test_a_grid_that_just_holds_everything() -> None:
    answer = optimise(compile_problem(chain(6, 12)), Effort(5.0))
    assert answer.status == "OPTIMAL"
    assert sorted(answer.starts) == [0, 2, 4, 6, 8, 10]


def test_a_grid_one_slot_too_short_is_infeasible() -> None:
    assert optimise(compile_problem(chain(6, 11)), Effort(5.0)).status == "INFEASIBLE"


def test_intervals_prove_what_insertion_cannot_find() -> None:
    assert find_any(compile_problem(chain(40, 79)), Limits(10.0)).answer == "INFEASIBLE"
    assert find_any(compile_problem(chain(40, 80)), Limits(10.0)).answer == "FEASIBLE"


@pytest.mark.parametrize("seed", range(3))
def test_a_larger_problem_ends_with_a_legal_plan_and_a_valid_bound(seed: int) -> None:
    problem = shared(seed)
    answer = optimise(compile_problem(problem), Effort(5.0), seed=seed)
    starts = dict(enumerate(answer.starts))
    assert not list(problem.broken(starts))
    assert problem.cost(starts) == answer.objective
    assert answer.bound is not None
    assert answer.bound <= problem.cost(starts)
    assert answer.status in ("OPTIMAL", "FEASIBLE")


def test_deterministic_runs_are_the_same() -> None:
    runs = [optimise(compile_problem(shared(7)), Effort(0.0, units=2.0), seed=3) for _ in range(2)]
    assert runs[0] == runs[1]


def test_stopping_at_once_still_gives_the_first_plan() -> None:
    stop = threading.Event()
    stop.set()
    problem = shared(1)
    answer = optimise(compile_problem(problem), Effort(60.0, stop=stop))
    assert answer.status == "FEASIBLE"
    assert not list(problem.broken(dict(enumerate(answer.starts))))


def test_progress_is_told() -> None:
    heard: list[Progress] = []
    optimise(compile_problem(shared(2)), Effort(2.0), progress=heard.append)
    assert heard[0].phase == "first plan"
    assert heard[0].objective_cents is None
    assert heard[-1].objective_cents is not None
    assert heard[-1].bound_cents is not None


def test_no_changes_cost_nothing() -> None:
    answer = optimise(compile_problem(Problem(4, [])), Effort(1.0))
    assert (answer.status, answer.objective, answer.bound) == ("OPTIMAL", 0, 0)


def test_room_is_made_for_what_insertion_left_out() -> None:
    # Ten slots may be lost in all, and the long change alone takes them: the short ones must share its window, but one
    # by one each goes to the slots that are free of charge for it.
    rng = np.random.default_rng(3)
    names = [f"S{number}" for number in range(8)] + ["long"]
    problem = Problem(600, names)
    members = []
    for name in names:
        length = 10 if name == "long" else 2
        members.append((name, 0, length))
        problem.mask("horizon", name, np.arange(600) <= 590)
        problem.price_start(name, rng.integers(0, 50, 600) * (rng.random(600) < 0.9))
    lost = problem.cell(np.zeros(600, dtype=np.int64), members)
    problem.budget("outage minutes", "app", [lost], np.zeros(600, dtype=np.int64), np.array([10]))
    compiled = compile_problem(problem)
    state = State(compiled)
    assert not greedy(state)
    assert complete(state, Neighbours(compiled), Insertion(compiled), rng, lambda: 0.0)
    assert not list(problem.broken(dict(enumerate(state.starts))))
    answer = optimise(compiled, Effort(60.0, units=2.0))
    assert answer.objective is not None
    assert not list(problem.broken(dict(enumerate(answer.starts))))


def test_completing_ends_when_it_is_told() -> None:
    problem = chain(6, 12)
    problem.mask("blackout", "C00", np.arange(12) == 1)  # leaves the others no room
    compiled = compile_problem(problem)
    state = State(compiled)
    assert not greedy(state)
    clock = iter(np.linspace(0, 1, 50))
    assert not complete(state, Neighbours(compiled), Insertion(compiled), np.random.default_rng(0), lambda: next(clock))
    assert state.missing()


def test_any_plan_obeys_caps() -> None:
    problem = chain(3, 9)
    moves = {change: (np.arange(9) != 2).astype(np.int64) for change in problem.changes}
    problem.cap("move cap", "", 2, moves)
    found = find_any(compile_problem(problem), Limits(seconds=5.0, units=1.0))
    assert found.answer == "FEASIBLE"
    assert not list(problem.broken(found.starts))
    problem.cap("move cap", "", 1, moves)  # all three would have to share the two slots from 2
    assert find_any(compile_problem(problem), Limits(seconds=5.0, units=1.0)).answer == "INFEASIBLE"
