"""Compiling changes no price: merged cells, private parts and consistent starts."""

import numpy as np
import pytest

from scheduler.solver.compiled import compile_problem
from scheduler.solver.problem import Problem
from scheduler.solver.windows import hits, reach, sums


def starts(*open_slots: int, slots: int = 8) -> np.ndarray:
    return np.isin(np.arange(slots), open_slots)


@pytest.mark.parametrize(("offset", "length"), [(0, 1), (0, 3), (2, 2), (7, 3), (9, 1), (0, 20)])
def test_sums_stop_at_the_end_of_the_grid(offset: int, length: int) -> None:
    values = np.array([3, 1, 4, 1, 5, 9, 2, 6], dtype=np.int64)
    assert sums(values, offset, length).tolist() == [
        int(values[t + offset : t + offset + length].sum()) for t in range(8)
    ]


def test_reach_and_hits_are_each_others_mirror() -> None:
    assert np.flatnonzero(reach(starts(1, 6), 1, 2)).tolist() == [2, 3, 7]
    assert np.flatnonzero(hits(starts(3), 1, 2)).tolist() == [1, 2]


def test_equal_cells_become_one_and_private_parts_start_costs() -> None:
    problem = Problem(8, ["A", "B"])
    problem.mask("allowed", "A", starts(0, 1))
    problem.mask("allowed", "B", starts(1, 5))
    weight = np.arange(1, 9, dtype=np.int64)
    problem.cell(weight, [("A", 0, 2), ("B", 0, 2)])
    problem.cell(weight, [("B", 0, 2), ("A", 0, 2)])
    compiled = compile_problem(problem)
    # A reaches slots 0-2, B 1-2 and 5-6: only 1 and 2 are shared, at twice the weight.
    assert compiled.weight.tolist() == [[0, 4, 6, 0, 0, 0, 0, 0]]
    assert compiled.cost_at(0, np.array([0, 1])).tolist() == [2, 0]
    assert compiled.cost_at(1, np.array([5]))[0] == 2 * (6 + 7)


def test_intervals_of_one_change_that_touch_are_joined() -> None:
    problem = Problem(8, ["A", "B"])
    problem.cell(np.ones(8, dtype=np.int64), [("A", 0, 3), ("A", 2, 3), ("B", 0, 1)])
    ((first, second),) = compile_problem(problem).members
    assert (first.offset, first.length, second.length) == (0, 5, 1)


def test_lags_remove_starts_that_leave_no_partner() -> None:
    problem = Problem(8, ["A", "B"])
    problem.mask("allowed", "A", starts(0, 3, 6))
    problem.mask("allowed", "B", starts(1, 4))
    problem.lag("precedence", "A", "B", 1)
    assert np.flatnonzero(compile_problem(problem).ok[0]).tolist() == [0, 3]
    problem.price_drop("B", 10)  # B may be left out, so A may start anywhere
    assert np.flatnonzero(compile_problem(problem).ok[0]).tolist() == [0, 3, 6]


def test_resources_that_never_bind_are_left_out() -> None:
    problem = Problem(4, ["A", "B"])
    problem.resource("capacity", "ample", np.full(4, 2, dtype=np.int64), [("A", 1, 0, 1), ("B", 1, 0, 1)])
    problem.resource("capacity", "scarce", np.full(4, 1, dtype=np.int64), [("A", 1, 0, 1), ("B", 1, 0, 1)])
    assert [resource.label for resource in compile_problem(problem).resources] == ["scarce"]


def test_negative_weight_is_refused() -> None:
    with pytest.raises(ValueError, match="negative weight"):
        Problem(4, ["A"]).cell(np.array([1, -1, 0, 0]), [("A", 0, 1)])


def test_uses_of_one_change_that_overlap_add_up() -> None:
    problem = Problem(8, ["A", "B"])
    uses = [("A", 1, 0, 3), ("A", 2, 2, 2), ("B", 1, 0, 1), ("A", 2, 4, 1)]
    problem.resource("capacity", "dba", np.full(8, 3, dtype=np.int64), uses)
    # 1 in slots 0 and 1, 1 + 2 in slot 2, then 2 in slots 3 and 4: the two uses of 2 that touch are one.
    parts = [(part.amount, part.offset, part.length) for part in compile_problem(problem).uses_of[0]]
    assert parts == [(1, 0, 2), (3, 2, 1), (2, 3, 2)]
