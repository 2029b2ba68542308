import pytest
from builders import assert_rule, change, decide, portfolio, schedule

from scheduler.rules.rejected import RULE


@pytest.mark.parametrize(
    ("start", "legal"),
    [
        # Rejected at 04:00; one hour of work, reserved for two: 04:00-06:00.
        ("Mon 02:00", True),
        ("Mon 02:30", False),
        ("Mon 04:00", False),
        ("Mon 05:30", False),
        ("Mon 06:00", True),
    ],
)
def test_edges(start: str, legal: bool) -> None:
    p = portfolio(changes=[change("A", backout=60)], decisions=[decide("A", "reject", "Mon 04:00")])
    assert_rule(RULE, p, {"A": start}, legal=legal)


@pytest.mark.parametrize(
    ("start", "legal"), [("Mon 02:30", True), ("Mon 03:00", False), ("Mon 04:30", False), ("Mon 05:00", True)]
)
def test_rejected_off_the_grid(start: str, legal: bool) -> None:
    # 03:45-04:45 was rejected, which touches the slots from 03:30 to 05:00.
    p = portfolio(changes=[change("A")], decisions=[decide("A", "reject", "Mon 03:45")])
    assert_rule(RULE, p, {"A": start}, legal=legal)


def test_only_that_change_and_every_rejection() -> None:
    decisions = [decide("A", "reject", "Mon 04:00"), decide("A", "reject", "Tue 04:00")]
    p = portfolio(changes=[change("A"), change("B")], decisions=decisions)
    assert_rule(RULE, p, {"A": "Wed 04:00", "B": "Mon 04:00"}, legal=True)
    assert_rule(RULE, p, {"A": "Mon 04:00", "B": "Wed 04:00"}, legal=False)
    assert_rule(RULE, p, {"A": "Tue 04:00", "B": "Wed 04:00"}, legal=False)


def test_a_later_pin_lifts_a_rejection_and_a_later_rejection_holds() -> None:
    back = [decide("A", "reject", "Mon 04:00"), decide("A", "pin", "Mon 04:30")]
    assert_rule(RULE, portfolio(changes=[change("A")], decisions=back), {"A": "Mon 04:00"}, legal=True)
    assert_rule(RULE, portfolio(changes=[change("A")], decisions=back[::-1]), {"A": "Mon 04:00"}, legal=False)


def test_words() -> None:
    p = portfolio(changes=[change("A")], decisions=[decide("A", "reject", "Mon 04:00")])
    (violation,) = RULE.check(p, schedule(p, {"A": "Mon 03:30"}))
    assert violation.text == (
        "A at Mon 1 Mar 2027 03:30 to 04:30 UTC overlaps the rejected window Mon 1 Mar 2027 04:00 to 05:00 UTC"
    )
