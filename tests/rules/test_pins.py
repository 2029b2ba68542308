import pytest
from builders import assert_rule, change, decide, portfolio, schedule

from scheduler.rules.pins import RULE


@pytest.mark.parametrize(("start", "legal"), [("Mon 04:00", True), ("Mon 03:30", False), ("Mon 04:30", False)])
@pytest.mark.parametrize("how", ["pin", "approve", "fixed"])
def test_the_start_is_kept(how: str, start: str, legal: bool) -> None:
    fixed = "Mon 04:00" if how == "fixed" else None
    decisions = [decide("A", "pin" if how == "pin" else "approve", "Mon 04:00")] if how != "fixed" else []
    p = portfolio(changes=[change("A", fixed_start=fixed)], decisions=decisions)
    assert_rule(RULE, p, {"A": start}, legal=legal)


def test_approved_windows_may_move_where_the_policy_says_so() -> None:
    decisions = [decide("A", "approve", "Mon 04:00")]
    p = portfolio(changes=[change("A")], decisions=decisions, approved_may_move=True)
    assert_rule(RULE, p, {"A": "Tue 04:00"}, legal=True)


def test_the_last_pin_holds() -> None:
    decisions = [decide("A", "pin", "Mon 04:00"), decide("A", "pin", "Tue 04:00")]
    p = portfolio(changes=[change("A")], decisions=decisions)
    assert_rule(RULE, p, {"A": "Tue 04:00"}, legal=True)
    assert_rule(RULE, p, {"A": "Mon 04:00"}, legal=False)


def test_a_rejection_lifts_the_pin_it_overlaps() -> None:
    decisions = [decide("A", "pin", "Mon 04:00"), decide("A", "reject", "Mon 04:30")]
    assert_rule(RULE, portfolio(changes=[change("A")], decisions=decisions), {"A": "Wed 04:00"}, legal=True)


def test_pin_and_fixed_start_that_differ_leave_nothing() -> None:
    p = portfolio(changes=[change("A", fixed_start="Mon 05:00")], decisions=[decide("A", "pin", "Mon 04:00")])
    assert_rule(RULE, p, {"A": "Mon 04:00"}, legal=False)
    assert_rule(RULE, p, {"A": "Mon 05:00"}, legal=False)


def test_a_pin_that_no_slot_starts_at_leaves_nothing() -> None:
    for start in ("Mon 04:10", "Mon 04:00 +1w"):
        p = portfolio(changes=[change("A")], decisions=[decide("A", "pin", start)])
        assert_rule(RULE, p, {"A": "Mon 04:00"}, legal=False)


def test_an_optional_change_may_still_be_left_out() -> None:
    p = portfolio(changes=[change("A", drop=1)], decisions=[decide("A", "pin", "Mon 04:00")])
    assert_rule(RULE, p, {}, legal=True)


def test_words() -> None:
    p = portfolio(changes=[change("A", fixed_start="Mon 05:00")])
    (violation,) = RULE.check(p, schedule(p, {"A": "Mon 04:00"}))
    assert violation.text == "A starts at Mon 1 Mar 2027 04:00 UTC, but is fixed to Mon 1 Mar 2027 05:00 UTC"
