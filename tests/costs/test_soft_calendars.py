import pytest
from builders import assert_cost, blackout, calendar, change, depends, portfolio, problem_of, team, when

from scheduler.costs.soft_calendars import COST

# 1,000 cents an hour, 500 a slot, on Tuesday 02:00-04:00.
QUIET = calendar("quiet", "blackout", "Tue 02:00-04:00", cost=1000)
NIGHT = calendar("night", "allowed", "Mon-Sun 00:00-06:00", cost=600)
WEEKEND = calendar("weekend", "allowed", "Sat 00:00-24:00; Sun 00:00-24:00", cost=200)


@pytest.mark.parametrize(
    ("start", "cents"),
    [
        # One hour of work, two reserved.
        ("Tue 00:00", 0),
        ("Tue 00:30", 500),
        ("Tue 02:00", 2000),
        ("Tue 03:30", 500),
        ("Tue 04:00", 0),
        ("Wed 02:00", 0),
    ],
)
def test_a_soft_blackout_charges_the_reserved_slots_inside(start: str, cents: int) -> None:
    p = portfolio(changes=[change("A", backout=60)], calendars=[QUIET])
    assert_cost(COST, p, {"A": start}, cents=cents)


@pytest.mark.parametrize(
    ("start", "cents"), [("Tue 05:00", 0), ("Tue 05:30", 300), ("Tue 12:00", 600), ("Tue 23:30", 300)]
)
def test_soft_allowed_hours_charge_the_slots_outside(start: str, cents: int) -> None:
    named = portfolio(changes=[change("A", allowed="night")], calendars=[NIGHT])
    assert_cost(COST, named, {"A": start}, cents=cents)
    touched = calendar("night", "allowed", "Mon-Sun 00:00-06:00", cost=600, applies_to="service:app")
    assert_cost(COST, portfolio(changes=[change("A")], calendars=[touched]), {"A": start}, cents=cents)


def test_a_slot_that_is_touched_is_charged_whole() -> None:
    # 01:40-02:10 touches two slots inside; the same hours allowed cover none.
    inside = calendar("quiet", "blackout", "Tue 01:40-02:10", cost=1000)
    assert_cost(COST, portfolio(changes=[change("A", hours=2)], calendars=[inside]), {"A": "Tue 01:00"}, cents=1000)
    outside = calendar("ok", "allowed", "Tue 01:40-02:10", cost=1000, applies_to="*")
    assert_cost(COST, portfolio(changes=[change("A", hours=2)], calendars=[outside]), {"A": "Tue 01:00"}, cents=2000)


@pytest.mark.parametrize(
    ("start", "cents"),
    [
        ("Tue 02:00", 0),
        ("Sat 12:00", 0),  # outside the night, but at the weekend
        ("Tue 12:00", 600 + 200),  # outside both
    ],
)
def test_calendars_that_a_change_names_are_alternatives(start: str, cents: int) -> None:
    p = portfolio(changes=[change("A", allowed="night;weekend")], calendars=[NIGHT, WEEKEND])
    assert_cost(COST, p, {"A": start}, cents=cents)


def test_a_change_that_is_touched_and_names_another_is_charged_for_the_one_that_touches_it() -> None:
    hours = calendar("office", "allowed", "Mon-Fri 08:00-18:00", cost=100, applies_to="service:app")
    p = portfolio(changes=[change("A", allowed="night;office")], calendars=[NIGHT, hours])
    assert_cost(COST, p, {"A": "Tue 02:00"}, cents=100)  # outside the office hours of app, inside its own night
    assert_cost(COST, p, {"A": "Tue 12:00"}, cents=0)
    assert_cost(COST, p, {"A": "Tue 20:00"}, cents=700)


def test_paid_once_and_split() -> None:
    # A 02:00-03:30, B 02:30-04:00: three slots of A, three of B, two of them shared. A slot is 501 cents: 251 and 250.
    odd = calendar("quiet", "blackout", "Tue 02:00-04:00", cost=1002)
    p = portfolio(changes=[change("B", minutes=90), change("A", minutes=90)], calendars=[odd])
    rows = assert_cost(COST, p, {"A": "Tue 02:00", "B": "Tue 02:30"}, cents=4 * 501)
    assert [(row.cost, row.change, row.start, row.end, row.cents, row.team, row.service) for row in rows] == [
        ("soft calendars", "A", when("Tue 02:00"), when("Tue 03:30"), 501 + 2 * 251, "", ""),
        ("soft calendars", "B", when("Tue 02:30"), when("Tue 04:00"), 501 + 2 * 250, "", ""),
    ]


def test_every_calendar_is_paid() -> None:
    p = portfolio(changes=[change("A")], calendars=[QUIET, calendar("other", "blackout", "Tue 02:00-03:00", cost=7)])
    # 7 cents an hour are 3.5 a slot, half up.
    assert_cost(COST, p, {"A": "Tue 02:00"}, cents=1000 + 2 * 4)


@pytest.mark.parametrize(
    ("services", "impact", "cents"),
    [("app", "OUTAGE", 1000), ("app", "NO-IMPACT", 1000), ("db", "DEGRADED", 0), ("db", "OUTAGE", 1000)],
)
def test_only_what_is_touched_pays(services: str, impact: str, cents: int) -> None:
    # The DEGRADED edge carries an outage of db to app, but no degradation.
    quiet = calendar("quiet", "blackout", "Tue 02:00-04:00", cost=1000, applies_to="service:app")
    p = portfolio(
        changes=[change("A", services=services, impact=impact)],
        dependencies=[depends("app", "db", "DEGRADED")],
        calendars=[quiet],
    )
    assert_cost(COST, p, {"A": "Tue 02:00"}, cents=cents)


def test_hard_calendars_and_hours_of_engineers_have_no_price() -> None:
    p = portfolio(
        changes=[change("A")],
        teams=[team("t", uses="app")],
        calendars=[
            calendar("freeze", "blackout", "Tue 02:00-04:00", cost=1000, hard=True),
            calendar("shift", "working", "Tue 12:00-14:00", cost=1000, applies_to="*"),
            calendar("away", "blackout", "Tue 02:00-04:00", cost=1000, applies_to="engineer:ann"),
        ],
    )
    assert_cost(COST, p, {"A": "Tue 02:00"}, cents=0)
    assert not problem_of(p, COST).cells


def test_hours_are_on_the_clock_of_the_calendar() -> None:
    # 02:00-04:00 on Tuesday in Singapore is 18:00-20:00 UTC on Monday.
    there = calendar("quiet", "blackout", "Tue 02:00-04:00", cost=1000, zone="Asia/Singapore")
    assert_cost(COST, portfolio(changes=[change("A")], calendars=[there]), {"A": "Mon 18:00"}, cents=1000)


def test_one_cell_for_all_that_are_charged_alike() -> None:
    p = portfolio(
        changes=[change("A"), change("B", services="db")], calendars=[QUIET, blackout("Mon 02:00", "Mon 03:00")]
    )
    (cell,) = problem_of(p, COST).cells
    assert [(member.change, member.offset, member.length) for member in cell.members] == [(0, 0, 2), (1, 0, 2)]
