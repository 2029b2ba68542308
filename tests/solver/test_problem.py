"""Rows of a canonical problem: absent where nothing is priced, and shared without one change paying for another."""

import numpy as np
import pytest

from scheduler.solver.problem import Problem


def test_only_priced_starts_have_a_row_and_prices_add_up() -> None:
    problem = Problem(3, ["A", "B", "C"])
    shared = np.array([1, 2, 3], dtype=np.int64)
    for change in ("A", "C", "A"):
        problem.price_start(change, shared)
    assert {number: row.tolist() for number, row in problem.start_cost.items()} == {0: [2, 4, 6], 2: [1, 2, 3]}
    # A in slot 1 costs 4, B nothing, C in slot 2 costs 3.
    assert problem.cost({0: 1, 1: 0, 2: 2}) == 7
    assert shared.tolist() == [1, 2, 3]


def test_ties_are_ranked_by_time_unless_said_otherwise() -> None:
    problem = Problem(3, ["A", "B"])
    problem.tie_rank[0] = np.array([2, 1, 0])
    assert [row.tolist() for row in problem.tie_rank] == [[2, 1, 0], [0, 1, 2]]


def test_nothing_happens_before_the_start() -> None:
    problem = Problem(3, ["A"])
    row = np.ones(3, dtype=np.int64)
    with pytest.raises(ValueError, match="an offset is negative"):
        problem.cell(row, [("A", -1, 2)])
    with pytest.raises(ValueError, match="an offset is negative"):
        problem.resource("capacity", "", row, [("A", 1, -1, 2)])
    assert not problem.cells
    assert not problem.resources
