"""Changes that start together or not at all, on eight slots."""

import numpy as np

from scheduler.solver.compiled import compile_problem
from scheduler.solver.effort import Effort
from scheduler.solver.optimise import optimise
from scheduler.solver.problem import Problem
from scheduler.solver.state import UNPLACED
from scheduler.solver.together import together

SLOTS = 8


def per_slot(*cents: int) -> np.ndarray:
    return np.array(cents, dtype=np.int64)


def tied(*pairs: tuple[str, str], changes: str = "ABC") -> Problem:
    problem = Problem(SLOTS, list(changes))
    for one, other in pairs:
        problem.lag("same window", one, other, 0, 0)
        problem.lag("same window", other, one, 0, 0)
    return problem


def best(problem: Problem) -> dict[str, int] | None:
    answer = optimise(compile_problem(problem), Effort(5.0, units=0.1))
    if answer.status == "INFEASIBLE":
        return None
    starts = dict(zip(problem.changes, answer.starts, strict=True))
    placed = {problem.index[change]: start for change, start in starts.items() if start != UNPLACED}
    assert not list(problem.broken(placed))
    assert problem.cost(placed) == answer.objective == answer.bound
    return starts


def test_nothing_tied_is_left_alone() -> None:
    problem = tied()
    problem.lag("precedence", "A", "B", 0, 0)  # B needs A there, but A may come alone
    assert together(problem) is None


def test_groups_close_over_pairs() -> None:
    joined = together(tied(("A", "C"), ("C", "D"), changes="ABCD"))
    assert joined is not None
    assert joined.groups == [(0, 2, 3), (1,)]
    assert joined.problem.changes == ["A + C + D", "B"]
    assert joined.of_members([5, UNPLACED]) == [5, UNPLACED, 5, 5]
    assert joined.of_groups({0: 3, 1: 4, 3: 3}) == {0: 3, 1: 4}


def test_prices_add_up_and_a_shared_slot_is_paid_once() -> None:
    # A (two slots) and B (one slot) share a service: together from t they pay slots t and t + 1 once.
    problem = tied(("A", "B"), changes="AB")
    problem.cell(per_slot(9, 4, 4, 9, 1, 6, 9, 9), [("A", 0, 2), ("B", 0, 1)])
    problem.price_start("B", per_slot(0, 0, 0, 0, 2, 0, 0, 0))
    for change in "AB":
        problem.mask("horizon", change, np.arange(SLOTS) <= 6)
    # 1: 4 + 4 = 8; 4: 1 + 6 + 2 = 9.
    assert best(problem) == {"A": 1, "B": 1}


def test_masks_of_all_members_hold() -> None:
    problem = tied(("A", "B"))
    problem.mask("allowed", "A", np.arange(SLOTS) >= 3)
    problem.mask("allowed", "B", np.arange(SLOTS) <= 3)
    assert best(problem) == {"A": 3, "B": 3, "C": 0}
    problem.mask("blackout", "B", np.arange(SLOTS) != 3)
    assert best(problem) is None


def test_all_or_none_are_left_out() -> None:
    # Two slots of an outage cost 10. Leaving out A and B costs 4 + 5, and A alone may not go.
    problem = tied(("A", "B"), changes="AB")
    problem.cell(np.full(SLOTS, 5), [("B", 0, 2)])
    problem.mask("horizon", "B", np.arange(SLOTS) <= 6)
    problem.price_drop("A", 4)
    problem.price_drop("B", 5)
    assert best(problem) == {"A": UNPLACED, "B": UNPLACED}
    problem.price_drop("A", 6)  # 11 for both
    assert best(problem) == {"A": 0, "B": 0}


def test_a_mandatory_member_takes_the_optional_one_along() -> None:
    problem = tied(("A", "B"), changes="AB")
    problem.cell(np.full(SLOTS, 5), [("B", 0, 2)])
    problem.price_drop("B", 0)
    assert best(problem) == {"A": 0, "B": 0} or best(problem) == {"A": 7, "B": 7}


def test_members_need_room_beside_each_other() -> None:
    # Two units until slot 3, three from then on: A takes one and B two.
    problem = tied(("A", "B"), changes="AB")
    problem.resource("capacity", "dba", per_slot(2, 2, 2, 3, 3, 3, 3, 3), [("A", 1, 0, 2), ("B", 2, 0, 1)])
    assert best(problem) == {"A": 3, "B": 3}
    problem.resource("conflict", "A not with B", np.ones(SLOTS, dtype=np.int64), [("A", 1, 0, 1), ("B", 1, 0, 1)])
    assert best(problem) is None


def test_lags_to_others_and_inside() -> None:
    problem = tied(("A", "B"))
    problem.lag("precedence", "C", "B", 2)
    assert best(problem) == {"A": 2, "B": 2, "C": 0}
    problem.lag("precedence", "A", "B", 1)
    assert best(problem) is None


def test_every_member_counts_in_a_cap() -> None:
    # Starting anywhere but at 5 counts one for each of A and B; C was at 2. Slots get dearer, so all want to move.
    problem = tied(("A", "B"))
    for change in "ABC":
        problem.price_start(change, np.arange(SLOTS) * (2 if change == "C" else 1))
    moved = {change: (np.arange(SLOTS) != slot).astype(np.int64) for change, slot in {"A": 5, "B": 5, "C": 2}.items()}
    problem.cap("move cap", "", 2, moved)
    assert best(problem) == {"A": 0, "B": 0, "C": 2}
    problem.cap("move cap", "", 1, moved)
    assert best(problem) == {"A": 5, "B": 5, "C": 0}
    problem.cap("move cap", "", 0, moved)
    assert best(problem) == {"A": 5, "B": 5, "C": 2}
