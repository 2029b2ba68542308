"""The golden portfolio: what README.md beside this file works out by hand, row by row."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import numpy as np
import oracle
import pytest
from oracle_effects import instant, schedule_at

from scheduler.demand.usage import assumed, expected_users
from scheduler.inputs import load
from scheduler.portfolio import Portfolio
from scheduler.schedule import Schedule, schedule_of, total
from scheduler.solver.solve import solve
from scheduler.verify import bill, verify

FOLDER = Path(__file__).parent / "portfolio"
DAYS = {"Mon": 1, "Tue": 2, "Wed": 3, "Thu": 4, "Fri": 5, "Sat": 6, "Sun": 7}


def at(text: str) -> datetime:
    """`Wed 18:00` of the week of 1 March 2027, in UTC."""
    day, clock = text.split()
    hour, minute = clock.split(":")
    return datetime(2027, 3, DAYS[day], int(hour), int(minute), tzinfo=UTC)


BEST = {
    "app-1": "Wed 18:00",
    "app-2": "Wed 18:00",
    "db-1": "Wed 18:00",
    "m-1": "Tue 10:00",
    "m-2": "Thu 10:00",
    "mail-1": "Thu 02:30",
    "scan-1": "Tue 11:00",
}
ONE, HALF, DEGRADED, TENTH, RISK = Fraction(1), Fraction(1, 2), Fraction(3, 10), Fraction(1, 10), Fraction(1, 100)
# cost, team, service, change, start, end, share, cents, weighted cents
PRICED = [
    ("downtime", "blue", "app", "app-1", "Wed 18:00", "Wed 19:00", ONE, 9510, 19020),
    ("downtime", "blue", "app", "app-2", "Wed 18:00", "Wed 19:00", ONE, 9510, 19018),
    ("downtime", "green", "app", "app-1", "Wed 18:00", "Wed 19:00", ONE, 10000, 10000),
    ("downtime", "green", "app", "app-2", "Wed 18:00", "Wed 19:00", ONE, 10000, 10000),
    ("overrun", "blue", "app", "app-1", "Wed 19:00", "Wed 19:30", HALF, 4755, 9510),
    ("overrun", "green", "app", "app-1", "Wed 19:00", "Wed 19:30", HALF, 5000, 5000),
    ("downtime", "blue", "app", "db-1", "Wed 19:30", "Wed 20:00", DEGRADED, 2853, 5706),
    ("downtime", "green", "app", "db-1", "Wed 19:30", "Wed 20:00", DEGRADED, 3000, 3000),
    ("overrun", "blue", "app", "app-1", "Wed 20:00", "Wed 21:00", TENTH, 4004, 8008),
    ("overrun", "green", "app", "app-1", "Wed 20:00", "Wed 21:00", TENTH, 2000, 2000),
    ("downtime", "blue", "web", "m-1", "Tue 10:00", "Tue 11:00", RISK, 100, 200),
    ("downtime", "blue", "web", "m-2", "Thu 10:00", "Thu 10:30", RISK, 100, 200),
    ("overrun", "blue", "web", "m-2", "Thu 10:30", "Thu 11:00", RISK, 100, 200),
    ("downtime", "red", "mail", "mail-1", "Thu 02:30", "Thu 03:30", ONE, 1134, 1700),
]
# cost, change, cents, weighted cents
PLAIN = [("delay", "mail-1", 663, 663), ("delay", "scan-1", 300, 300), ("drop", "web-1", 10000, 10000)]
PARTS = {"downtime": (46207, 68844), "overrun": (15859, 24718), "delay": (963, 963), "drop": (10000, 10000)}
OBJECTIVE, COST = 104525, 62066


@pytest.fixture(scope="module")
def portfolio() -> Portfolio:
    return load(FOLDER)


def planned(portfolio: Portfolio, starts: Mapping[str, str]) -> Schedule:
    return schedule_of(portfolio, {change: at(start) for change, start in starts.items()})


@pytest.fixture(scope="module")
def best(portfolio: Portfolio) -> Schedule:
    return planned(portfolio, BEST)


def test_history_that_repeats_is_forecast_exactly(portfolio: Portfolio) -> None:
    pattern = {
        ("blue", "app"): (100, {("Tue", 2, 8): 0, ("Wed", 18, 20): 19, ("Wed", 20, 21): 40, ("Sat", 2, 6): 0}),
        ("blue", "web"): (60, {("Tue", 10, 11): 10, ("Thu", 10, 11): 20}),
        ("green", "app"): (40, {}),
        ("red", "mail"): (50, {("Wed", 19, 21): 0, ("Thu", 2, 4): 5.5}),
    }
    forecast = expected_users(portfolio)
    assert set(forecast) == set(pattern)
    for pair, (usual, others) in pattern.items():
        users = np.full(336, usual * 1000)
        for (day, begin, end), value in others.items():
            monday = (DAYS[day] - 1) * 48
            users[monday + begin * 2 : monday + end * 2] = round(value * 1000)
        np.testing.assert_array_equal(forecast[pair], users, err_msg=str(pair))
    assert not assumed(portfolio)


def test_the_plan_by_hand_breaks_nothing(portfolio: Portfolio, best: Schedule) -> None:
    assert verify(portfolio, best) == []
    assert oracle.violations(portfolio, best) == set()


def test_charges_row_by_row(portfolio: Portfolio, best: Schedule) -> None:
    charges = bill(portfolio, best)
    priced = [
        (c.cost, c.team, c.service, c.change, c.start, c.end, c.share, c.cents, c.weighted_cents)
        for c in charges
        if c.team
    ]
    assert sorted(priced) == sorted((*row[:4], at(row[4]), at(row[5]), *row[6:]) for row in PRICED)
    plain = [(c.cost, c.change, c.cents, c.weighted_cents) for c in charges if not c.team]
    assert sorted(plain) == sorted(PLAIN)


def test_parts_and_totals(portfolio: Portfolio, best: Schedule) -> None:
    cents: Counter[str] = Counter()
    weighted: Counter[str] = Counter()
    charges = bill(portfolio, best)
    for charge in charges:
        cents[charge.cost] += charge.cents
        weighted[charge.cost] += charge.weighted_cents
    assert {cost: (cents[cost], weighted[cost]) for cost in cents} == PARTS
    assert total(charges) == OBJECTIVE
    assert cents["downtime"] + cents["overrun"] == COST


def test_the_oracle_charges_the_same(portfolio: Portfolio, best: Schedule) -> None:
    expected: dict[oracle.Row, tuple[int, int]] = {}
    for cost, team, service, change, _, _, share, cents, weighted in PRICED:
        row = (cost, team, service, change, share)
        before = expected.get(row, (0, 0))
        expected[row] = (before[0] + cents, before[1] + weighted)
    expected |= {(cost, "", "", change, None): (cents, weighted) for cost, change, cents, weighted in PLAIN}
    assert oracle.bill(portfolio, best) == expected


@pytest.mark.parametrize(
    ("change", "start", "rule"),
    [
        ("app-1", "Tue 03:00", "notice"),  # nobody works in `app` then, but blue would be told too late
        ("app-1", "Tue 15:30", "notice"),  # still 2 March in Singapore
        ("app-1", "Sat 02:00", "blackout"),
        ("app-1", "Fri 15:30", "blackout"),  # expected over at 16:30, but reserved until 18:30
        ("mail-1", "Wed 21:30", "precedence"),  # app-1 is reserved until 21:00, and then the hour between
        ("mail-1", "Thu 02:00", "rejected windows"),
        ("m-2", "Tue 10:30", "redundancy"),  # m-1 is out until 11:00
        ("m-2", "Thu 16:30", "allowed"),
        ("m-1", "Wed 11:30", "due"),
        ("scan-1", "Tue 10:30", "capacity"),  # m-1 has one of the two who know the network
        ("scan-1", "Tue 08:30", "capacity"),  # Nia comes at 09:00
        ("scan-1", "Tue 07:30", "earliest"),
    ],
)
def test_cheaper_or_nearer_starts_are_forbidden(portfolio: Portfolio, change: str, start: str, rule: str) -> None:
    moved = planned(portfolio, {**BEST, change: start})
    assert rule in {violation.rule for violation in verify(portfolio, moved)}
    assert rule in oracle.violations(portfolio, moved)


@pytest.mark.parametrize(
    ("change", "start"), [("app-1", "Tue 16:00"), ("mail-1", "Wed 22:00"), ("m-2", "Tue 11:00"), ("m-2", "Thu 16:00")]
)
def test_the_nearest_legal_starts_are_legal(portfolio: Portfolio, change: str, start: str) -> None:
    starts = {**BEST, change: start, "scan-1": "Tue 13:00"}
    assert verify(portfolio, planned(portfolio, starts)) == []


def test_no_schedule_is_cheaper(portfolio: Portfolio) -> None:
    # Every schedule of at most the hand-made objective, by brute force: the hand-made one is the only one.
    first = ("app-1", "web-1", "app-2", "db-1", "mail-1", "m-1", "m-2", "scan-1")
    found = list(oracle.every_schedule(portfolio, limit=OBJECTIVE, first=first))
    assert [schedule_at(portfolio, starts).by_change.keys() for starts in found] == [BEST.keys()]
    assert {name: instant(portfolio, slot) for name, slot in found[0].items()} == {
        name: at(start) for name, start in BEST.items()
    }


def test_solve_proves_the_plan_by_hand(portfolio: Portfolio, best: Schedule) -> None:
    result = solve(portfolio, deterministic=10.0)
    assert result.status == "OPTIMAL"
    assert result.objective_cents == result.bound_cents == OBJECTIVE
    assert result.cost_cents == COST
    assert {p.change: p.start for p in result.schedule.placements} == {p.change: p.start for p in best.placements}
    assert [(u.change, u.drop_cents) for u in result.unplaced] == [("web-1", 10000)]
