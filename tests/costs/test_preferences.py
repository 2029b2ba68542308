import pytest
from builders import assert_cost, change, depends, level, portfolio, preference, team, when

from scheduler.costs.preferences import COST


@pytest.mark.parametrize(
    ("start", "cents"),
    [
        # One hour of work, two reserved; 1,000 cents an hour on Tuesday 10:00-12:00.
        ("Tue 08:00", 0),
        ("Tue 08:30", 500),
        ("Tue 10:00", 2000),
        ("Tue 12:00", 0),
    ],
)
def test_avoid_charges_inside(start: str, cents: int) -> None:
    p = portfolio(
        changes=[change("A", backout=60)],
        teams=[team("t", uses="app")],
        preferences=[preference("t", "avoid", "Tue 10:00-12:00", cost=1000)],
    )
    assert_cost(COST, p, {"A": start}, cents=cents)


@pytest.mark.parametrize(("start", "cents"), [("Tue 10:00", 0), ("Tue 09:30", 500), ("Wed 10:00", 1000)])
def test_prefer_charges_outside_and_rewards_nothing(start: str, cents: int) -> None:
    p = portfolio(
        changes=[change("A")],
        teams=[team("t", uses="app")],
        preferences=[preference("t", "prefer", "Tue 10:00-12:00", cost=1000)],
    )
    assert_cost(COST, p, {"A": start}, cents=cents)


def test_a_period_that_cuts_slots() -> None:
    # 10:10-10:50 touches two slots, and covers none.
    for kind, cents in (("avoid", 1000), ("prefer", 1000)):
        wish = preference("t", kind, start="Tue 10:10", end="Tue 10:50", cost=1000)  # type: ignore[arg-type]
        p = portfolio(changes=[change("A")], teams=[team("t", uses="app")], preferences=[wish])
        assert_cost(COST, p, {"A": "Tue 10:00"}, cents=cents)


def test_hours_are_on_the_clock_of_the_team() -> None:
    # New York goes forward on 14 March 2027: 10:00 there is 15:00 UTC before and 14:00 after.
    p = portfolio(
        changes=[change("A")],
        teams=[team("t", uses="app", zone="America/New_York")],
        preferences=[preference("t", "avoid", "Mon-Sun 10:00-11:00", cost=1000)],
        weeks=3,
    )
    assert_cost(COST, p, {"A": "2027-03-12T15:00Z"}, cents=1000)
    assert_cost(COST, p, {"A": "2027-03-15T14:00Z"}, cents=1000)


def test_a_wish_has_a_price_of_its_own_whatever_the_level() -> None:
    p = portfolio(
        changes=[change("A")],
        teams=[team("t", uses="app", level="premium")],
        levels=[level("premium", weight=5)],
        preferences=[preference("t", "avoid", "Tue 10:00-12:00", cost=1000)],
    )
    assert_cost(COST, p, {"A": "Tue 10:00"}, cents=1000)


def test_paid_once_per_wish_and_split() -> None:
    # A and B share the slots 10:30-11:30 at 500 cents each; t and u both mind.
    p = portfolio(
        changes=[change("B", minutes=60), change("A", minutes=90, services="db")],
        dependencies=[depends("app", "db", "DEGRADED")],
        teams=[team("t", uses="app"), team("u", uses="db")],
        preferences=[
            preference("t", "avoid", "Tue 10:00-12:00", cost=1000),
            preference("u", "avoid", "Tue 10:00-12:00", cost=10),
        ],
    )
    rows = assert_cost(COST, p, {"A": "Tue 10:00", "B": "Tue 10:30"}, cents=1500 + 15)
    assert [(row.cost, row.team, row.service, row.change, row.start, row.end, row.cents) for row in rows] == [
        ("preferences", "t", "", "A", when("Tue 10:00"), when("Tue 11:30"), 1000),
        ("preferences", "t", "", "B", when("Tue 10:30"), when("Tue 11:30"), 500),
        ("preferences", "u", "", "A", when("Tue 10:00"), when("Tue 11:30"), 15),
    ]


def test_never_and_wishes_without_a_price_cost_nothing() -> None:
    wishes = [preference("t", "never", "Tue 10:00-12:00", cost=1000), preference("t", "prefer", "Wed 10:00-12:00")]
    p = portfolio(changes=[change("A")], teams=[team("t", uses="app")], preferences=wishes)
    assert_cost(COST, p, {"A": "Tue 10:00"}, cents=0)
