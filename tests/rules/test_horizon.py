from datetime import timedelta

import pytest
from builders import assert_rule, change, portfolio, schedule, when

from scheduler.rules.horizon import RULE


@pytest.mark.parametrize(
    ("start", "legal"),
    [
        ("Mon 00:00", True),
        ("Mon 00:15", False),  # off the grid
        ("Sun 22:00", True),  # reserved until midnight, where the horizon ends
        ("Sun 22:30", False),  # the work would fit, its reserve would not
        ("Sun 23:30", False),
        ("Mon 00:00 +1w", False),
        ("2027-02-28T23:30Z", False),
    ],
)
def test_reserved_window_lies_in_the_horizon(start: str, legal: bool) -> None:
    p = portfolio(changes=[change("A", hours=1, p90=90, backout=30)])
    assert_rule(RULE, p, {"A": start}, legal=legal)


@pytest.mark.parametrize(
    ("now", "start", "legal"),
    [
        ("Tue 10:00", "Tue 10:00", True),
        ("Tue 10:00", "Tue 09:30", False),
        ("Tue 10:01", "Tue 10:00", False),  # the slot that holds now has begun
        ("Tue 10:01", "Tue 10:30", True),
        ("2027-01-04T00:00Z", "Mon 00:00", True),
        ("Mon 00:00 +1w", "Sun 12:00", False),
    ],
)
def test_nothing_starts_before_now(now: str, start: str, legal: bool) -> None:
    assert_rule(RULE, portfolio(changes=[change("A")], now=now), {"A": start}, legal=legal)


def test_a_change_longer_than_the_horizon_has_no_start() -> None:
    assert_rule(RULE, portfolio(changes=[change("A", hours=24 * 7)]), {"A": "Mon 00:00"}, legal=True)
    assert_rule(RULE, portfolio(changes=[change("A", minutes=24 * 7 * 60 + 1)]), {"A": "Mon 00:00"}, legal=False)


@pytest.mark.parametrize(("monday", "hours"), [("2027-03-22T00:00Z", 167), ("2027-10-24T23:00Z", 169)])
def test_local_weeks_with_a_clock_change(monday: str, hours: int) -> None:
    # London springs forward on 28 March 2027 and falls back on 31 October 2027: weeks of 167 and 169 hours.
    p = portfolio(changes=[change("A")], start=monday, zone="Europe/London")
    last = when(monday) + timedelta(hours=hours - 1)
    assert_rule(RULE, p, {"A": last}, legal=True)
    assert_rule(RULE, p, {"A": last + timedelta(minutes=30)}, legal=False)


def test_every_reason_is_told() -> None:
    p = portfolio(changes=[change("A")], now="Mon 12:00")
    texts = [one.text for one in RULE.check(p, schedule(p, {"A": "2027-02-28T23:45Z"}))]
    window = "A at Sun 28 Feb 2027 23:45 to Mon 1 Mar 2027 00:45 UTC"
    assert texts == [
        f"{window} does not start on the grid of 30 minutes",
        f"{window} does not lie inside the horizon, Mon 1 Mar 2027 00:00 to Mon 8 Mar 2027 00:00 UTC",
        f"{window} starts before now, Mon 1 Mar 2027 12:00 UTC",
    ]
