"""The exact price and legality of one more placement, worked by hand on eight slots."""

import numpy as np

from scheduler.solver.compiled import compile_problem
from scheduler.solver.problem import Problem
from scheduler.solver.search import cheapest, greedy, settle_ties
from scheduler.solver.state import UNPLACED, State, alone, restore

SLOTS = 8


def problem(*changes: str) -> Problem:
    built = Problem(SLOTS, changes or ("A", "B"))
    for change in built.changes:
        built.mask("horizon", change, np.arange(SLOTS) <= SLOTS - 2)
    return built


def per_slot(*cents: int) -> np.ndarray:
    return np.array(cents, dtype=np.int64)


def test_a_shared_slot_is_paid_once() -> None:
    built = problem()
    built.cell(per_slot(10, 20, 30, 40, 50, 60, 70, 80), [("A", 0, 2), ("B", 0, 2)])
    state = State(compile_problem(built))
    assert alone(state.compiled, 0)[:3].tolist() == [30, 50, 70]
    state.place(0, 1)  # pays 20 + 30
    assert state.objective() == 50
    # B at 0 adds slot 0, at 1 nothing, at 2 slot 3, at 3 slots 3 and 4.
    assert state.marginal(1)[:4].tolist() == [10, 0, 40, 90]
    state.place(1, 2)
    assert state.objective() == 90
    state.remove(0)
    assert state.objective() == 70


def test_an_offset_part_of_a_cell() -> None:
    built = problem()
    built.cell(per_slot(1, 2, 4, 8, 16, 32, 64, 128), [("A", 2, 1), ("B", 0, 1)])
    state = State(compile_problem(built))
    assert alone(state.compiled, 0)[:4].tolist() == [4, 8, 16, 32]
    assert state.compiled.problem.cost({0: 3, 1: 5}) == 32  # A is active in slot 5, where B is too


def test_a_resource_is_full_only_while_it_is_used() -> None:
    built = problem()
    built.resource("capacity", "dba", per_slot(2, 2, 2, 1, 1, 2, 2, 2), [("A", 1, 0, 2), ("B", 2, 0, 1)])
    state = State(compile_problem(built))
    assert state.feasible(1).tolist() == [True, True, True, False, False, True, True, False]
    state.place(0, 0)  # takes one of two in slots 0 and 1
    assert state.feasible(1).tolist() == [False, False, True, False, False, True, True, False]
    assert np.flatnonzero(state.forbidden(1)["capacity"]).tolist() == [0, 1, 3, 4]


def test_a_lag_with_an_end() -> None:
    built = problem()
    built.lag("precedence", "A", "B", 2, 3)
    state = State(compile_problem(built))
    assert not state.feasible(1).any()  # B placed implies A placed
    state.place(0, 1)
    assert np.flatnonzero(state.feasible(1)).tolist() == [3, 4]
    assert np.flatnonzero(compile_problem(built).ok[0]).tolist() == [0, 1, 2, 3, 4]  # B must still fit in


def test_a_budget_per_slot_counts_distinct_cells() -> None:
    built = problem("A", "B", "C")
    zero = np.zeros(SLOTS, dtype=np.int64)
    one = built.cell(zero, [("A", 0, 2), ("B", 0, 2)])
    two = built.cell(zero, [("C", 0, 2)])
    built.budget("redundancy", "G", [one, two], np.arange(SLOTS), np.ones(SLOTS, dtype=np.int64))
    state = State(compile_problem(built))
    state.place(0, 2)
    assert state.feasible(1)[:7].all()  # the same member again
    assert np.flatnonzero(state.feasible(2)).tolist() == [0, 4, 5, 6]


def test_a_budget_over_a_period_counts_slots_once() -> None:
    built = problem("A", "B")
    zero = np.zeros(SLOTS, dtype=np.int64)
    cell = built.cell(zero, [("A", 0, 2), ("B", 0, 2)])
    period = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    built.budget("outage minutes", "mail", [cell], period, np.array([3, 2], dtype=np.int64))
    state = State(compile_problem(built))
    state.place(0, 0)
    # Slots 0 and 1 are spent; B may add one more before slot 4: at 1 (slot 2) or 3 (slots 3 and 4), not at 2.
    assert np.flatnonzero(state.feasible(1)).tolist() == [0, 1, 3, 4, 5, 6]


def test_ties_go_to_the_preferred_start() -> None:
    built = problem("A")
    built.tie_rank[0] = np.array([9, 9, 9, 9, 1, 2, 9, 9])
    state = State(compile_problem(built))
    assert cheapest(state, 0) == (4, 0)
    state.place(0, 0)
    settle_ties(state)
    assert state.starts == [4]


def test_greedy_leaves_out_what_costs_more_than_its_drop_price() -> None:
    built = problem("A", "B")
    built.cell(np.full(SLOTS, 10, dtype=np.int64), [("A", 0, 1), ("B", 0, 2)])
    built.price_drop("A", 5)
    state = State(compile_problem(built))
    assert greedy(state)
    # Fewest starts first, then by number: A alone would cost 10, so it is left out, and B pays two slots.
    assert state.starts == [UNPLACED, 0]
    assert state.objective() == 25
    restore(state, {0: 0, 1: 0})
    assert state.objective() == 20
