import pytest
from builders import assert_rule, change, portfolio, schedule

from scheduler.rules.precedence import RULE


@pytest.mark.parametrize(
    ("after", "start", "legal"),
    [
        # A starts at 01:00: one hour of work, reserved for two (90 minutes at worst, 30 to back out).
        ("A", "Mon 03:00", True),  # as the reserve ends: half-open
        ("A", "Mon 02:30", False),
        ("A", "Mon 02:00", False),  # the work is expected to be over, its reserve is not
        ("A", "Mon 00:00", False),  # before it
        ("A+60m", "Mon 04:00", True),
        ("A+60m", "Mon 03:30", False),
        ("A+61m", "Mon 04:00", False),  # a minute more than the slots hold: rounded up
        ("A+61m", "Mon 04:30", True),
    ],
)
def test_edges(after: str, start: str, legal: bool) -> None:
    p = portfolio(changes=[change("A", hours=1, p90=90, backout=30), change("B", after=after)])
    assert_rule(RULE, p, {"A": "Mon 01:00", "B": start}, legal=legal)


def test_lag_is_real_time_in_the_night_the_clocks_change() -> None:
    # London, 28 March 2027: 00:00 to 03:00 local is two real hours, so a lag of three hours ends at 04:00 local.
    p = portfolio(changes=[change("A"), change("B", after="A+180m")], start="2027-03-22T00:00Z", zone="Europe/London")
    assert_rule(RULE, p, {"A": "2027-03-27T23:00Z", "B": "2027-03-28T03:00Z"}, legal=True)
    assert_rule(RULE, p, {"A": "2027-03-27T23:00Z", "B": "2027-03-28T02:30Z"}, legal=False)


def test_optional_predecessor() -> None:
    p = portfolio(changes=[change("A", drop=100), change("B", after="A", drop=100)])
    assert_rule(RULE, p, {"B": "Mon 05:00"}, legal=False)  # B placed implies A placed
    assert_rule(RULE, p, {"A": "Mon 05:00"}, legal=True)
    assert_rule(RULE, p, {}, legal=True)


def test_predecessor_already_done() -> None:
    p = portfolio(changes=[change("B", after="A")], done="A")
    assert_rule(RULE, p, {"B": "Mon 00:00"}, legal=True)


def test_every_predecessor_counts() -> None:
    p = portfolio(changes=[change("A"), change("B"), change("C", after="A;B")])
    assert_rule(RULE, p, {"A": "Mon 01:00", "B": "Mon 03:00", "C": "Mon 04:00"}, legal=True)
    assert_rule(RULE, p, {"A": "Mon 01:00", "B": "Mon 03:30", "C": "Mon 04:00"}, legal=False)
    assert_rule(RULE, p, {"A": "Mon 03:30", "B": "Mon 01:00", "C": "Mon 04:00"}, legal=False)


def test_words() -> None:
    p = portfolio(changes=[change("A"), change("B", after="A+30m")], zone="Europe/London")
    (violation,) = RULE.check(p, schedule(p, {"A": "Mon 01:00", "B": "Mon 02:00"}))
    assert violation.changes == ("A", "B")
    assert violation.text == (
        "B starts at Mon 1 Mar 2027 02:00 GMT, but comes after A and may not start before Mon 1 Mar 2027 02:30 GMT"
    )
    (violation,) = RULE.check(p, schedule(p, {"B": "Mon 02:00"}))
    assert violation.text == "B comes after A, which has no window and is not done"
