import pytest
from builders import assert_rule, blackout, calendar, change, depends, portfolio, schedule

from scheduler.rules.blackout import RULE


@pytest.mark.parametrize(
    ("start", "legal"),
    [
        ("Mon 01:00", True),  # 01:00-03:00 ends as the blackout begins: half-open, allowed
        ("Mon 01:30", False),
        ("Mon 02:00", False),  # last hour inside
        ("Mon 03:30", False),  # wholly inside
        ("Mon 04:30", False),
        ("Mon 05:00", True),  # starts as it ends
    ],
)
def test_edges(start: str, legal: bool) -> None:
    p = portfolio(changes=[change("A", hours=2)], blackouts=[blackout("Mon 03:00", "Mon 05:00")])
    assert_rule(RULE, p, {"A": start}, legal=legal)


@pytest.mark.parametrize(("start", "legal"), [("Mon 01:00", True), ("Mon 01:30", False)])
def test_the_reserve_counts(start: str, legal: bool) -> None:
    # One hour of work, 90 minutes at worst, 30 to back out: two hours reserved.
    p = portfolio(changes=[change("A", p90=90, backout=30)], blackouts=[blackout("Mon 03:00", "Mon 05:00")])
    assert_rule(RULE, p, {"A": start}, legal=legal)


@pytest.mark.parametrize(
    ("start", "legal"), [("Mon 02:00", True), ("Mon 02:30", False), ("Mon 03:00", False), ("Mon 03:30", True)]
)
def test_a_slot_is_blocked_by_any_minute_of_it(start: str, legal: bool) -> None:
    p = portfolio(changes=[change("A")], blackouts=[blackout("Mon 03:10", "Mon 03:20")])
    assert_rule(RULE, p, {"A": start}, legal=legal)


@pytest.mark.parametrize(
    ("monday", "start", "legal"),
    [
        # London, 28 March 2027: Sunday 00:00-06:00 is 00:00 to 05:00 UTC, five hours.
        ("2027-03-22T00:00Z", "2027-03-27T23:00Z", True),
        ("2027-03-22T00:00Z", "2027-03-27T23:30Z", False),
        ("2027-03-22T00:00Z", "2027-03-28T04:30Z", False),
        ("2027-03-22T00:00Z", "2027-03-28T05:00Z", True),
        # London, 31 October 2027: Sunday 00:00-06:00 is 30 October 23:00 to 06:00 UTC, seven hours.
        ("2027-10-24T23:00Z", "2027-10-30T22:00Z", True),
        ("2027-10-24T23:00Z", "2027-10-30T22:30Z", False),
        ("2027-10-24T23:00Z", "2027-10-31T05:30Z", False),
        ("2027-10-24T23:00Z", "2027-10-31T06:00Z", True),
    ],
)
def test_nights_of_a_clock_change(monday: str, start: str, legal: bool) -> None:
    night = blackout("Sun 00:00", "Sun 06:00", zone="Europe/London")
    p = portfolio(changes=[change("A")], blackouts=[night], start=monday, zone="Europe/London")
    assert_rule(RULE, p, {"A": start}, legal=legal)


def test_only_what_is_touched() -> None:
    p = portfolio(
        changes=[change("A", services="db"), change("B", services="mail")],
        dependencies=[depends("app", "db")],
        blackouts=[blackout("Mon 03:00", "Mon 05:00", applies_to="service:app")],
    )
    assert_rule(RULE, p, {"A": "Mon 05:00", "B": "Mon 03:00"}, legal=True)
    assert_rule(RULE, p, {"A": "Mon 03:00", "B": "Mon 05:00"}, legal=False)


def test_every_blackout_holds_and_each_is_named() -> None:
    blackouts = [blackout("Mon 03:00", "Mon 05:00", id="night"), blackout("Mon 06:00", "Mon 07:00", id="dawn")]
    p = portfolio(changes=[change("A"), change("B", hours=3)], blackouts=blackouts)
    assert_rule(RULE, p, {"A": "Mon 05:00", "B": "Mon 07:00"}, legal=True)
    assert_rule(RULE, p, {"A": "Mon 06:00", "B": "Mon 07:00"}, legal=False)
    texts = [one.text for one in RULE.check(p, schedule(p, {"A": "Mon 01:00", "B": "Mon 04:00"}))]
    assert texts == [
        "B at Mon 1 Mar 2027 04:00 to 07:00 UTC meets the blackout night, Mon 1 Mar 2027 03:00 to 05:00 UTC",
        "B at Mon 1 Mar 2027 04:00 to 07:00 UTC meets the blackout dawn, Mon 1 Mar 2027 06:00 to 07:00 UTC",
    ]


def test_begun_before_the_horizon() -> None:
    # Sunday 22:00 to Monday 02:00, begun on 28 February.
    p = portfolio(changes=[change("A")], calendars=[calendar("late", "blackout", "Sun 22:00-02:00")])
    assert_rule(RULE, p, {"A": "Mon 01:30"}, legal=False)
    assert_rule(RULE, p, {"A": "Mon 02:00"}, legal=True)


def test_soft_blackouts_and_other_calendars_forbid_nothing() -> None:
    soft = blackout("Mon 03:00", "Mon 05:00", hard=False)
    others = [calendar("a", "allowed", "Tue 00:00-06:00"), calendar("w", "working", "", applies_to="*")]
    p = portfolio(changes=[change("A")], blackouts=[soft], calendars=others)
    assert_rule(RULE, p, {"A": "Mon 03:00"}, legal=True)
