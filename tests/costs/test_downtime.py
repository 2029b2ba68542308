from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from builders import assert_cost, change, depends, group, level, portfolio, problem_of, schedule, team, when
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.costs.downtime import COST
from scheduler.schedule import Charge


def by(charges: list[Charge], *names: str) -> dict[tuple[str, ...], int]:
    """Add up cents by some fields of the charges."""
    sums: Counter[tuple[str, ...]] = Counter()
    for charge in charges:
        sums[tuple(getattr(charge, name) for name in names)] += charge.cents
    return dict(sums)


@pytest.mark.parametrize(
    ("start", "cents"),
    [
        # A takes two hours from 01:00 on a service that loses 100 cents an hour; B takes two hours too.
        ("Mon 03:00", 400),  # apart
        ("Mon 02:00", 300),  # one hour shared: paid once
        ("Mon 01:00", 200),
        ("Mon 00:30", 250),
    ],
)
def test_overlap_is_paid_once(start: str, cents: int) -> None:
    p = portfolio(changes=[change("A", hours=2), change("B", hours=2)], users={("blue", "app"): 1})
    assert_cost(COST, p, {"A": "Mon 01:00", "B": start}, cents=cents)


# --- chance and union: X on `app`, Y on `db`, which `app` only misses ------------------------------------------------


def chance_and_union(**more: int) -> dict[str, object]:
    return {
        "changes": [
            change("X", services="app", p90=120, backout=60, failure_chance=0.1),
            change("Y", services="db"),
        ],
        "dependencies": [depends("app", "db", "DEGRADED")],
        "levels": [level("premium", weight=2)],
        "teams": [team("blue", level="premium"), team("green")],
        "users": {("blue", "app"): 1000, ("green", "app"): 200},
        **more,
    }


@pytest.mark.parametrize(
    ("start", "slots"),
    [
        # X at 00:00: factors 1, 1, 0.5, 0.25, 0.1, 0.1 = 2.95 slots; Y degrades `app` at 0.3 for two slots.
        ("Mon 02:30", "3.45"),  # 02:30 counts 0.3 instead of 0.1, 03:00 counts 0.3
        ("Mon 05:00", "3.55"),  # apart
        ("Mon 00:30", "2.95"),  # X's factor is at least 0.3 in both
        ("Mon 01:00", "3.00"),  # 0.3 instead of 0.25 in the second
    ],
)
def test_chances_and_their_union(start: str, slots: str) -> None:
    p = portfolio(**chance_and_union())  # type: ignore[arg-type]
    blue, green = (int(Fraction(slots) * price) for price in (50_000, 10_000))
    starts = {"X": "Mon 00:00", "Y": start}
    charges = assert_cost(COST, p, starts, cents=blue + green, weighted=2 * blue + green)
    assert by(charges, "team") == {("blue",): blue, ("green",): green}


def test_rows_of_downtime_and_overrun() -> None:
    p = portfolio(**chance_and_union())  # type: ignore[arg-type]
    charges = assert_cost(COST, p, {"X": "Mon 00:00", "Y": "Mon 02:30"}, cents=207_000, weighted=379_500)
    blue = [
        (row.cost, row.change, f"{row.start:%H:%M}", f"{row.end:%H:%M}", str(row.share), row.cents, row.weighted_cents)
        for row in charges
        if row.team == "blue"
    ]
    assert blue == [
        ("downtime", "X", "00:00", "01:00", "1", 100_000, 200_000),
        ("overrun", "X", "01:00", "01:30", "1/2", 25_000, 50_000),
        ("overrun", "X", "01:30", "02:00", "1/4", 12_500, 25_000),
        ("overrun", "X", "02:00", "02:30", "1/10", 5_000, 10_000),
        ("downtime", "Y", "02:30", "03:30", "3/10", 30_000, 60_000),
    ]
    assert {row.service for row in charges} == {"app"}  # nobody uses `db`


# --- redundancy ----------------------------------------------------------------------------------------------------


def spare_members(failure: str | int) -> dict[str, object]:
    return {
        "changes": [
            change("C1", services="m1"),
            change("C2", services="m1"),
            change("C3", services="m2"),
            change("C4", services="m1;m2"),
        ],
        "groups": [group("G", "m1;m2;m3", min_up=2)],
        "dependencies": [depends("web", "G")],
        "users": {("blue", "web"): 400},  # 20,000 cents a slot
        "redundancy_failure": failure,
    }


@pytest.mark.parametrize(("failure", "cents"), [(0, 0), ("0.01", 1000)])
def test_reduced_redundancy_costs_the_chance_of_a_failure(failure: str | int, cents: int) -> None:
    # C1 00:00-01:00, C2 00:30-01:30, C3 01:30-02:30: five slots at 0.01 of 20,000.
    p = portfolio(**spare_members(failure))  # type: ignore[arg-type]
    starts = {"C1": "Mon 00:00", "C2": "Mon 00:30", "C3": "Mon 01:30"}
    charges = assert_cost(COST, p, starts, cents=cents)
    assert {row.cost for row in charges} <= {"downtime"}


def test_a_change_that_breaks_the_group_is_priced() -> None:
    # C4 puts G and so `web` out for two slots; C2 inside it adds nothing.
    p = portfolio(**spare_members("0.01"))  # type: ignore[arg-type]
    charges = assert_cost(COST, p, {"C4": "Mon 00:00", "C2": "Mon 00:00"}, cents=40_000)
    assert by(charges, "change", "cost") == {("C4", "downtime"): 40_000}


def test_reduced_redundancy_lasts_for_the_reserved_window() -> None:
    # One hour of work, reserved for two: four slots of 200, the last two after its expected end.
    p = portfolio(
        changes=[change("A", services="m1", p90=90, backout=30)],
        groups=[group("G", "m1;m2")],
        users={("blue", "G"): 400},  # teams may use a group by name
        redundancy_failure="0.01",
    )
    charges = assert_cost(COST, p, {"A": "Mon 00:00"}, cents=800)
    assert by(charges, "cost", "service") == {("downtime", "G"): 400, ("overrun", "G"): 400}


# --- shares of a charge --------------------------------------------------------------------------------------------


def test_a_shared_slot_is_split_and_the_lowest_id_takes_the_rest() -> None:
    # One user at 0.51 an hour and weight 3: a slot is 25.5 -> 26 cents and 76.5 -> 77 weighted cents.
    # Three changes share it: 8 each and 2 left over, 25 each and 2 left over. "C10" < "C2" < "C3" as text.
    p = portfolio(
        changes=[change("C2", minutes=30), change("C10", minutes=30), change("C3", minutes=30)],
        levels=[level("premium", weight=3)],
        teams=[team("blue", level="premium", price=51)],
        users={("blue", "app"): 1},
    )
    charges = assert_cost(COST, p, dict.fromkeys(p.changes, "Mon 00:00"), cents=26, weighted=77)
    assert [(row.change, row.cents, row.weighted_cents) for row in charges] == [
        ("C10", 10, 27),
        ("C2", 8, 25),
        ("C3", 8, 25),
    ]


def test_only_changes_at_the_largest_factor_pay() -> None:
    p = portfolio(
        changes=[change("A", impact="DEGRADED", hours=2), change("B")],
        users={("blue", "app"): 2},  # 100 cents a slot
    )
    charges = assert_cost(COST, p, {"A": "Mon 00:00", "B": "Mon 00:30"}, cents=260)
    assert [(row.change, row.start, row.end, row.share, row.cents) for row in charges] == [
        ("A", when("Mon 00:00"), when("Mon 00:30"), Fraction(3, 10), 30),
        ("A", when("Mon 01:30"), when("Mon 02:00"), Fraction(3, 10), 30),
        ("B", when("Mon 00:30"), when("Mon 01:30"), Fraction(1), 200),
    ]


def test_a_slot_is_downtime_if_any_change_at_the_largest_factor_is_not_yet_over() -> None:
    # A is reserved until 01:00 with chance 1 in its second slot (a sure failure, backed out), B is at work there.
    p = portfolio(
        changes=[change("A", minutes=30, backout=30, failure_chance=1.0), change("B", minutes=30)],
        users={("blue", "app"): 2},
    )
    alone = assert_cost(COST, p, {"A": "Mon 00:00", "B": "Mon 05:00"}, cents=300)
    assert by(alone, "change", "cost") == {("A", "downtime"): 100, ("A", "overrun"): 100, ("B", "downtime"): 100}
    shared = assert_cost(COST, p, {"A": "Mon 00:00", "B": "Mon 00:30"}, cents=200)
    assert by(shared, "change", "cost") == {("A", "downtime"): 150, ("B", "downtime"): 50}


def test_neighbouring_slots_are_one_row_whoever_is_there() -> None:
    users = np.tile([2, 0, 0, 2, 2, 4], 56)  # slots of 100, 0, 0, 100, 100, 200 cents
    p = portfolio(changes=[change("A", hours=3)], users={("blue", "app"): users})
    (row,) = assert_cost(COST, p, {"A": "Mon 00:00"}, cents=500)
    assert (row.start, row.end) == (when("Mon 00:00"), when("Mon 03:00"))


def test_where_nobody_is_nothing_is_charged() -> None:
    users = np.repeat([0, 7], [48, 288])  # nobody on Monday
    p = portfolio(changes=[change("A")], users={("blue", "app"): users})
    assert assert_cost(COST, p, {"A": "Mon 00:00"}, cents=0) == []
    assert_cost(COST, p, {"A": "Tue 00:00"}, cents=700)


def test_no_impact_and_services_nobody_uses_cost_nothing() -> None:
    p = portfolio(changes=[change("A", impact="NO-IMPACT"), change("B", services="db")], users={("blue", "app"): 1})
    assert_cost(COST, p, {"A": "Mon 00:00", "B": "Mon 00:00"}, cents=0)
    assert not problem_of(p, COST).cells


def test_windows_that_leave_the_horizon_cost_only_what_is_inside() -> None:
    p = portfolio(changes=[change("A", hours=2)], users={("blue", "app"): 1})
    assert_cost(COST, p, {"A": "Sun 23:00"}, cents=100)


def test_nights_of_a_clock_change_have_their_real_hours() -> None:
    # London, 28 March 2027: 00:00 to 06:00 local is five hours; 31 October: seven. 100 cents an hour.
    for monday, begin, hours in (
        ("2027-03-22T00:00Z", "2027-03-28T00:00Z", 5),
        ("2027-10-24T23:00Z", "2027-10-30T23:00Z", 7),
    ):
        p = portfolio(
            changes=[change("A", hours=hours)], start=monday, zone="Europe/London", users={("blue", "app"): 1}
        )
        (row,) = assert_cost(COST, p, {"A": begin}, cents=100 * hours)
        assert row.end == when("2027-03-28T06:00+01:00" if hours == 5 else "2027-10-31T06:00+00:00")


# --- both faces on anything ----------------------------------------------------------------------------------------


@st.composite
def any_changes(draw: st.DrawFn) -> list[tuple[str, int, int, int, float, str, int]]:
    one = st.tuples(
        st.sampled_from(["app", "db", "m1", "m2", "m1;m2"]),
        st.integers(1, 4).map(lambda slots: 30 * slots),
        st.integers(0, 4).map(lambda slots: 20 * slots),
        st.integers(0, 3).map(lambda slots: 30 * slots),
        st.sampled_from([0.0, 0.1, 0.6]),
        st.sampled_from(["OUTAGE", "DEGRADED", "REDUCED-REDUNDANCY", "NO-IMPACT"]),
        st.integers(0, 10),
    )
    return draw(st.lists(one, min_size=1, max_size=4))


@given(drawn=any_changes(), price=st.integers(1, 997), users=st.lists(st.integers(0, 9), min_size=1, max_size=7))
@settings(max_examples=100, deadline=None)
def test_both_faces_price_any_starts_alike(
    drawn: list[tuple[str, int, int, int, float, str, int]], price: int, users: list[int]
) -> None:
    p = portfolio(
        changes=[
            change(f"C{n}", services=on, minutes=work, p90=work + more, backout=back, failure_chance=q, impact=impact)
            for n, (on, work, more, back, q, impact, _) in enumerate(drawn)
        ],
        dependencies=[depends("app", "db", "DEGRADED"), depends("web", "app"), depends("web", "G")],
        groups=[group("G", "m1;m2")],
        levels=[level("premium", weight="1.5")],
        teams=[team("blue", level="premium", price=price), team("green", price=price + 1)],
        users={("blue", "app"): users, ("green", "app"): users[::-1], ("green", "web"): 3, ("blue", "G"): users},
        redundancy_failure="0.013",
    )
    starts = {f"C{n}": p.horizon.at(slot) for n, (*_, slot) in enumerate(drawn)}
    problem = problem_of(p, COST)
    posted = problem.cost({problem.index[name]: p.horizon.floor(start) for name, start in starts.items()})
    charges = list(COST.bill(p, schedule(p, starts)))
    assert sum(charge.weighted_cents for charge in charges) == posted
