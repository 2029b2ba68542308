import pytest
from builders import Instant, assert_rule, change, decide, portfolio, problem_of, schedule

from scheduler.rules.move_cap import RULE
from scheduler.solver.solve import solve

TOLD = "2027-02-20T09:00Z"
NAMES = ("A", "B", "C")
BEFORE: dict[str, tuple[Instant, Instant]] = {name: ("Wed 02:00", TOLD) for name in NAMES}


@pytest.mark.parametrize(
    ("most", "starts", "legal"),
    [
        (None, {"A": "Thu 02:00", "B": "Thu 02:00", "C": "Thu 02:00"}, True),
        (2, {"A": "Thu 02:00", "B": "Thu 02:00", "C": "Thu 02:00"}, False),
        (2, {"A": "Thu 02:00", "B": "Wed 02:00", "C": "Wed 02:30"}, True),
        (1, {"A": "Thu 02:00", "B": "Wed 02:00", "C": "Wed 02:30"}, False),
        (1, {"A": "Thu 02:00", "B": "Wed 02:00"}, True),  # C is left out, which is no move
        (0, {"A": "Wed 02:00", "B": "Wed 02:00", "C": "Wed 02:00"}, True),
        (0, {"A": "Wed 02:00", "B": "Wed 02:00", "C": "Wed 01:30"}, False),
        (0, {}, True),
    ],
)
def test_moves_are_counted(most: int | None, starts: dict[str, Instant], legal: bool) -> None:
    p = portfolio(changes=[change(name, drop=1) for name in NAMES], announced=BEFORE, max_moves=most)
    assert_rule(RULE, p, starts, legal=legal)


def test_what_was_not_announced_is_free() -> None:
    p = portfolio(changes=[change(name) for name in NAMES], announced={"A": ("Wed 02:00", TOLD)}, max_moves=0)
    assert_rule(RULE, p, {"A": "Wed 02:00", "B": "Thu 02:00", "C": "Fri 02:00"}, legal=True)
    assert_rule(RULE, p, {"A": "Thu 02:00", "B": "Thu 02:00", "C": "Fri 02:00"}, legal=False)


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        ([("approve", "Fri 02:00", None)], "Fri 02:00"),  # approved: the new place
        ([("pin", "Fri 02:00", None)], "Wed 02:00"),  # a pin tells nobody
        ([("pin", "Fri 02:00", "2027-02-21T09:00Z")], "Fri 02:00"),
        ([("pin", "Fri 02:00", "2027-02-19T09:00Z")], "Wed 02:00"),  # told before the earlier schedule was
        ([("reject", "Fri 02:00", None)], "Wed 02:00"),
        ([("approve", "Fri 02:00", None), ("approve", "Sat 02:00", None)], "Sat 02:00"),
    ],
)
def test_the_last_announcement_counts(rows: list[tuple[str, str, str | None]], kept: str) -> None:
    decisions = [decide("A", kind, start, told) for kind, start, told in rows]  # type: ignore[arg-type]
    p = portfolio(
        changes=[change("A")],
        announced={"A": ("Wed 02:00", TOLD)},
        decisions=decisions,
        approved_may_move=True,
        max_moves=0,
    )
    for start in ("Wed 02:00", "Fri 02:00", "Sat 02:00"):
        assert_rule(RULE, p, {"A": start}, legal=start == kept)


@pytest.mark.parametrize(("refused", "legal"), [("Wed 02:00", True), ("Wed 02:30", True), ("Wed 03:00", False)])
def test_a_window_that_was_rejected_since_is_free_to_move(refused: str, legal: bool) -> None:
    p = portfolio(changes=[change("A")], announced=BEFORE, decisions=[decide("A", "reject", refused)], max_moves=0)
    assert_rule(RULE, p, {"A": "Fri 02:00"}, legal=legal)


@pytest.mark.parametrize("before", ["Wed 02:10", "Mon 02:00 +3w", "2027-01-06T02:00Z"])
def test_a_place_that_is_gone_makes_every_start_a_move(before: str) -> None:
    p = portfolio(changes=[change("A")], announced={"A": (before, TOLD)}, max_moves=0)
    assert_rule(RULE, p, {"A": "Wed 02:00"}, legal=False)


def test_nothing_is_posted_without_a_limit_or_announcements() -> None:
    assert not problem_of(portfolio(changes=[change("A")], announced=BEFORE), RULE).caps
    assert not problem_of(portfolio(changes=[change("A")], max_moves=0), RULE).caps


def test_words() -> None:
    p = portfolio(changes=[change(name) for name in NAMES], announced=BEFORE, max_moves=1)
    (violation,) = RULE.check(p, schedule(p, {"C": "Thu 02:00", "B": "Wed 02:00", "A": "Fri 02:00"}))
    assert violation.changes == ("A", "C")
    assert violation.text == "2 announced windows start elsewhere than before, 1 may: A and C"


@pytest.mark.parametrize(("most", "cents"), [(0, 600), (1, 300), (2, 100), (None, 0)])
def test_a_plan_moves_what_pays_most(most: int | None, cents: int) -> None:
    # Somebody is there on Wednesday 02:00-03:00 only: 300, 200 and 100 cents for A, B and C.
    hour = [0] * 100 + [1, 1] + [0] * 234
    p = portfolio(
        changes=[change(name, services=name.lower()) for name in NAMES],
        users={
            ("t", name.lower()): [number * one for one in hour] for name, number in zip(NAMES, (3, 2, 1), strict=True)
        },
        announced=BEFORE,
        max_moves=most,
    )
    result = solve(p, deterministic=1.0)
    assert (result.status, result.objective_cents) == ("OPTIMAL", cents)
