import pytest
from builders import assert_rule, change, portfolio, problem_of, schedule, when

from scheduler.horizon import Window
from scheduler.rules.same_window import RULE, together_with
from scheduler.solver.solve import solve


@pytest.mark.parametrize(("start", "legal"), [("Mon 01:30", False), ("Mon 02:00", True), ("Mon 02:30", False)])
def test_equal_starts(start: str, legal: bool) -> None:
    # Lengths may differ: only the starts are equal.
    p = portfolio(changes=[change("A", hours=2), change("B", same_as="A")])
    assert_rule(RULE, p, {"A": "Mon 02:00", "B": start}, legal=legal)


def test_both_or_neither() -> None:
    p = portfolio(changes=[change("A", drop=1), change("B", same_as="A", drop=1), change("C", drop=1)])
    assert_rule(RULE, p, {}, legal=True)
    assert_rule(RULE, p, {"C": "Mon 01:00"}, legal=True)
    assert_rule(RULE, p, {"A": "Mon 01:00"}, legal=False)
    assert_rule(RULE, p, {"B": "Mon 01:00"}, legal=False)
    assert_rule(RULE, p, {"A": "Mon 01:00", "B": "Mon 01:00"}, legal=True)


def test_a_chain_of_names_is_one_window() -> None:
    p = portfolio(changes=[change("A"), change("B", same_as="A"), change("C", same_as="B")])
    assert_rule(RULE, p, {"A": "Mon 02:00", "B": "Mon 02:00", "C": "Mon 02:00"}, legal=True)
    assert_rule(RULE, p, {"A": "Mon 02:00", "B": "Mon 02:00", "C": "Mon 03:00"}, legal=False)
    assert_rule(RULE, p, {"A": "Mon 02:00", "C": "Mon 02:00"}, legal=False)


def test_who_starts_together() -> None:
    p = portfolio(changes=[change("A"), change("B", same_as="A"), change("C", same_as="B"), change("D")])
    assert together_with(p, "A") == ("B", "C")
    assert together_with(p, "C") == ("A", "B")
    assert together_with(p, "D") == ()


def test_naming_oneself_a_stranger_or_twice_adds_nothing() -> None:
    p = portfolio(changes=[change("A", same_as="A;gone;B"), change("B", same_as="A")])
    assert len(problem_of(p, RULE).lags) == 2
    assert_rule(RULE, p, {"A": "Mon 02:00", "B": "Mon 02:00"}, legal=True)


def test_words() -> None:
    p = portfolio(changes=[change("B", same_as="A"), change("A", hours=2)])
    (apart,) = RULE.check(p, schedule(p, {"A": "Mon 02:00", "B": "Tue 02:00"}))
    assert apart.changes == ("A", "B")
    assert apart.window == Window(when("Mon 02:00"), when("Mon 04:00"))
    assert apart.text == (
        "A and B start together, but here A at Mon 1 Mar 2027 02:00 UTC and B at Tue 2 Mar 2027 02:00 UTC"
    )
    (lonely,) = RULE.check(p, schedule(p, {"B": "Tue 02:00"}))
    assert lonely.text == "B starts together with A, which has no window"


def test_a_plan_takes_what_is_cheapest_for_both_or_leaves_both_out() -> None:
    # Nine users but for one on app in the slot from 05:30 and one on mail in the slot from 06:00: 500 + 500 cents for
    # both from 05:30, 1,400 half an hour earlier or later, 1,800 elsewhere.
    def plan(drop: int) -> dict[str, object]:
        early, late = [9] * 11 + [1] + [9] * 324, [9] * 12 + [1] + [9] * 323
        p = portfolio(
            changes=[change("A", drop=drop), change("B", services="mail", same_as="A", drop=drop)],
            users={("t", "app"): early, ("t", "mail"): late},
        )
        result = solve(p, deterministic=1.0)
        assert result.status == "OPTIMAL"
        return {placement.change: placement.start for placement in result.schedule.placements}

    assert plan(drop=501) == {"A": when("Mon 05:30"), "B": when("Mon 05:30")}
    assert plan(drop=499) == {}
