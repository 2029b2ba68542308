import pytest
from builders import assert_rule, calendar, change, portfolio, schedule

from scheduler.rules.allowed import RULE


@pytest.mark.parametrize(
    ("start", "legal"),
    [
        # One hour of work, reserved for two; nights are 22:00-06:00.
        ("Mon 21:30", False),
        ("Mon 22:00", True),
        ("Mon 23:30", True),  # over midnight
        ("Tue 04:00", True),
        ("Tue 04:30", False),  # the work would fit, its reserve would not
        ("Tue 12:00", False),
        ("Mon 04:00", True),  # in the night begun before the horizon
    ],
)
def test_edges(start: str, legal: bool) -> None:
    p = portfolio(
        changes=[change("A", p90=90, backout=30, allowed="nights")],
        calendars=[calendar("nights", "allowed", "22:00-06:00")],
    )
    assert_rule(RULE, p, {"A": start}, legal=legal)


@pytest.mark.parametrize(
    ("monday", "hours", "start", "legal"),
    [
        # London, 28 March 2027: Sunday 00:00-06:00 is five real hours.
        ("2027-03-22T00:00Z", 6, "2027-03-28T00:00Z", False),
        ("2027-03-22T00:00Z", 5, "2027-03-28T00:00Z", True),
        ("2027-03-22T00:00Z", 5, "2027-03-28T00:30Z", False),
        ("2027-03-22T00:00Z", 5, "2027-03-27T23:30Z", False),
        # London, 31 October 2027: seven real hours from 30 October 23:00 UTC.
        ("2027-10-24T23:00Z", 7, "2027-10-30T23:00Z", True),
        ("2027-10-24T23:00Z", 7, "2027-10-30T23:30Z", False),
    ],
)
def test_nights_of_a_clock_change(monday: str, hours: int, start: str, legal: bool) -> None:
    p = portfolio(
        changes=[change("A", hours=hours, allowed="sunday")],
        calendars=[calendar("sunday", "allowed", "Sun 00:00-06:00", zone="Europe/London")],
        start=monday,
        zone="Europe/London",
    )
    assert_rule(RULE, p, {"A": start}, legal=legal)


@pytest.mark.parametrize(
    ("start", "legal"),
    [
        ("Mon 01:00", True),
        ("Mon 03:00", True),  # 03:00-05:00 runs from the one into the other
        ("Mon 04:00", True),
        ("Mon 05:00", False),
        ("Tue 10:00", True),
    ],
)
def test_named_calendars_are_alternatives(start: str, legal: bool) -> None:
    calendars = [
        calendar("early", "allowed", "Mon 01:00-04:00"),
        calendar("late", "allowed", "Mon 04:00-06:00"),
        calendar("tuesday", "allowed", "Tue 10:00-12:00"),
    ]
    p = portfolio(changes=[change("A", hours=2, allowed="early;late;tuesday")], calendars=calendars)
    assert_rule(RULE, p, {"A": start}, legal=legal)


@pytest.mark.parametrize(
    ("start", "legal"), [("Mon 01:00", False), ("Mon 02:00", False), ("Mon 03:00", True), ("Mon 05:00", False)]
)
def test_calendars_of_what_is_touched_each_hold(start: str, legal: bool) -> None:
    calendars = [
        calendar("named", "allowed", "Mon 01:00-05:00"),
        calendar("app", "allowed", "Mon 02:00-08:00", applies_to="service:app"),
        calendar("all", "allowed", "Mon 03:00-08:00", applies_to="*"),
        calendar("mail", "allowed", "Sun 03:00-08:00", applies_to="service:mail"),
        calendar("nobody", "allowed", "Sun 03:00-08:00"),
    ]
    p = portfolio(changes=[change("A", allowed="named")], calendars=calendars)
    assert_rule(RULE, p, {"A": start}, legal=legal)


@pytest.mark.parametrize(
    ("start", "legal"), [("Mon 01:00", False), ("Mon 01:30", True), ("Mon 02:30", True), ("Mon 03:00", False)]
)
def test_a_slot_is_open_only_if_all_of_it_is(start: str, legal: bool) -> None:
    # 01:15-03:45 holds the slots from 01:30 to 03:30.
    p = portfolio(changes=[change("A", allowed="odd")], calendars=[calendar("odd", "allowed", "Mon 01:15-03:45")])
    assert_rule(RULE, p, {"A": start}, legal=legal)


def test_soft_calendars_and_other_kinds_demand_nothing() -> None:
    calendars = [
        calendar("soft", "allowed", "Tue 00:00-06:00", applies_to="*", hard=False),
        calendar("off", "blackout", "Mon 00:00-06:00"),
        calendar("duty", "working", "Tue 00:00-06:00", applies_to="*"),
    ]
    p = portfolio(changes=[change("A", allowed="soft")], calendars=calendars)
    assert_rule(RULE, p, {"A": "Mon 03:00"}, legal=True)


def test_a_soft_calendar_beside_a_hard_one_widens_the_union() -> None:
    calendars = [
        calendar("soft", "allowed", "Mon 00:00-06:00", hard=False),
        calendar("nights", "allowed", "Mon 06:00-08:00"),
    ]
    p = portfolio(changes=[change("A", hours=2, allowed="soft;nights")], calendars=calendars)
    assert_rule(RULE, p, {"A": "Mon 05:00"}, legal=True)
    assert_rule(RULE, p, {"A": "Mon 06:30"}, legal=False)


def test_words() -> None:
    calendars = [
        calendar("nights", "allowed", "22:00-06:00"),
        calendar("weekends", "allowed", "Sat-Sun 00:00-24:00"),
        calendar("app hours", "allowed", "Mon-Fri 18:00-24:00", applies_to="service:app"),
    ]
    p = portfolio(changes=[change("A", allowed="nights;weekends")], calendars=calendars)
    window = "A at Mon 1 Mar 2027 12:00 to 13:00 UTC does not lie inside the allowed hours"
    texts = [one.text for one in RULE.check(p, schedule(p, {"A": "Mon 12:00"}))]
    assert texts == [f"{window} nights and weekends", f"{window} app hours"]
