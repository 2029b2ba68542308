"""Factors and whole-cent prices, worked out by hand."""

from fractions import Fraction

import numpy as np
import pytest
from builders import change, depends, group, level, portfolio, team
from hypothesis import given
from hypothesis import strategies as st

from scheduler.demand.impact import factors, prices
from scheduler.portfolio import Impact


def tenths(*numbers):
    return tuple(Fraction(number).limit_denominator(1000) for number in numbers)


def test_worked_example_of_the_laws():
    # Blue: 1,000 users × 0.5 h × 100 cents = 50,000 cents per slot that app is out; Green 10,000.
    p = portfolio(
        changes=[
            change("X", services="app", minutes=60, p90=120, backout=60, failure_chance=0.1),
            change("Y", services="db", minutes=60),
        ],
        teams=[team("Blue", level="gold"), team("Green", level="basic")],
        levels=[level("gold", weight=2), level("basic")],
        dependencies=[depends("app", "db", "DEGRADED")],
        users={("Blue", "app"): 1000, ("Green", "app"): 200},
    )
    of_x, of_y = factors(p, "X"), factors(p, "Y")
    assert of_x == {"app": tenths(1, 1, 0.5, 0.25, 0.1, 0.1)}
    # Nobody uses db, so only the degraded app counts.
    assert of_y == {"app": tenths(0.3, 0.3)}
    # X at slot 0 and Y at slot 5 (02:30): the larger factor at slot 5, Y alone at slot 6.
    together = [*of_x["app"][:5], max(of_x["app"][5], of_y["app"][0]), of_y["app"][1]]
    assert sum(together) == Fraction("3.45")
    table = prices(p)
    blue, green = (sum(int(table.cents(who, "app", one)[0]) for one in together) for who in ("Blue", "Green"))
    assert (blue, green) == (172_500, 34_500)
    assert sum(int(table.service_weighted("app", one)[0]) for one in together) == 379_500


def test_reduced_redundancy_is_a_flat_factor_over_the_reserved_window():
    # 20,000 cents per slot of web: 400 users × 0.5 h × 100 cents; a factor of 0.01 is 200 cents.
    about = {
        "dependencies": [depends("web", "G")],
        "groups": [group("G", "m1;m2;m3", min_up=2)],
        "users": {("Blue", "web"): 400},
    }
    works = [
        change("C1", services="m1"),
        change("L", services="m1", minutes=60, p90=120),
        change("C4", services="m1;m2"),
        change("R", services="m1", impact=Impact.REDUCED_REDUNDANCY),
    ]
    p = portfolio(changes=works, redundancy_failure="0.01", **about)
    assert factors(p, "C1") == factors(p, "R") == {"web": tenths(0.01, 0.01)}
    assert factors(p, "L") == {"web": tenths(0.01, 0.01, 0.01, 0.01)}
    assert prices(p).cents("Blue", "web", Fraction("0.01"))[0] == 200
    # Two members put the group out: that is priced as an outage.
    assert factors(p, "C4") == {"web": tenths(1, 1)}
    # At no failure rate nothing is lost.
    assert factors(portfolio(changes=works, **about), "C1") == {}


def test_a_node_degraded_and_reduced_pays_the_larger():
    # m1 out degrades m2; the group is degraded (0.3 × chance) and at reduced redundancy (0.2 throughout): P50 60 and
    # P90 120 give chances 1, 1, 0.5, 0.25 (0.2267), so 0.3, 0.3, then 0.15 and 0.075, both less than 0.2.
    p = portfolio(
        changes=[change("A", services="m1", minutes=60, p90=120)],
        dependencies=[depends("m2", "m1", "DEGRADED")],
        groups=[group("G", "m1;m2;m3", min_up=2)],
        users={("Blue", "G"): 1},
        redundancy_failure="0.2",
    )
    assert factors(p, "A") == {"G": tenths(0.3, 0.3, 0.2, 0.2)}


def test_no_impact_and_nobody_there_cost_nothing():
    p = portfolio(
        changes=[change("A", impact=Impact.NO_IMPACT), change("B", services="lonely"), change("C", impact="DEGRADED")],
        users={("Blue", "app"): 5},
        degraded_share="0",
    )
    assert factors(p, "A") == factors(p, "B") == factors(p, "C") == {}
    assert not prices(p).cents("Blue", "lonely", Fraction(1)).any()
    assert not prices(p).service_weighted("lonely", Fraction(1)).any()


def price(users, cost, factor=1, weight=1, slot=30):
    """Cents and weighted cents of one slot; users in thousandths."""
    p = portfolio(
        teams=[team("t", price=cost, level="x")],
        levels=[level("x", weight=weight)],
        users={("t", "app"): np.array([users / 1000])},
        slot=slot,
    )
    table = prices(p)
    return int(table.cents("t", "app", Fraction(factor))[0]), int(table.weighted("t", "app", Fraction(factor))[0])


@pytest.mark.parametrize(
    ("arguments", "cents"),
    [
        # 1 user × 0.5 h × 1 cent = 0.5: half up.
        ({"users": 1000, "cost": 1}, 1),
        # 0.999 × 0.5 × 1 = 0.4995: down.
        ({"users": 999, "cost": 1}, 0),
        # 3 × 0.5 × 1 = 1.5 -> 2, and 5 × 0.5 = 2.5 -> 3 (not to even).
        ({"users": 3000, "cost": 1}, 2),
        ({"users": 5000, "cost": 1}, 3),
        # 12.345 users × 0.5 h × 7,550 cents × 0.3 = 13,980.7125.
        ({"users": 12345, "cost": 7550, "factor": "0.3"}, 13981),
        # 2 users × 20/60 h × 1 cent × 3/4 = 0.5.
        ({"users": 2000, "cost": 1, "factor": "3/4", "slot": 20}, 1),
        # 1 user × 1 h × 1 cent × 0.1 = 0.1.
        ({"users": 1000, "cost": 1, "factor": "0.1", "slot": 60}, 0),
    ],
)
def test_cents_by_hand(arguments, cents):
    assert price(**arguments)[0] == cents


def test_weighted_cents_are_rounded_once_from_the_raw_product():
    # 0.9 users × 0.5 h × 1 cent = 0.45 cents -> 0; × weight 2.5 = 1.125 -> 1, where 2.5 × 0 would be 0.
    assert price(900, 1, weight="2.5") == (0, 1)
    # 1 user: 0.5 -> 1; × 2.5 = 1.25 -> 1, where 2.5 × 1 would be 3 (2.5 rounded).
    assert price(1000, 1, weight="2.5") == (1, 1)
    # A weight in thousandths: 1,000 users × 0.5 h × 100 cents × 1.001 = 50,050.
    assert price(1_000_000, 100, weight="1.001") == (50_000, 50_050)


def test_large_products_are_exact():
    # 10**9 users × 0.5 h × 123,456,789 cents × 1/3: 2·U·num passes 64 bits, the price does not.
    users, cost = 10**12, 123_456_789
    exact = Fraction(users * cost, 1000) / 2 * Fraction(1, 3)
    assert price(users, cost, factor="1/3")[0] == (2 * exact + 1) // 2 == 20_576_131_500_000_000
    # A factor with a huge denominator alone must not overflow either.
    assert price(1000, 200, factor=Fraction(10**18 - 1, 10**18))[0] == 100


def test_prices_past_64_bits_are_refused():
    with pytest.raises(OverflowError):
        price(10**15, 10**9)
    # Each of three teams loses 4 × 10**18 cents a slot, which fits; their sum does not.
    p = portfolio(
        teams=[team(name, price=8 * 10**9) for name in "abc"], users={(name, "app"): 10.0**9 for name in "abc"}
    )
    assert prices(p).weighted("a", "app", Fraction(1))[0] == 4 * 10**18
    with pytest.raises(OverflowError, match="app"):
        prices(p).service_weighted("app", Fraction(1))


@given(
    users=st.integers(0, 10**9),
    cost=st.integers(0, 10**6),
    factor=st.fractions(0, 1, max_denominator=1000),
    weight=st.fractions(0, 10, max_denominator=1000),
    slot=st.sampled_from([15, 20, 30, 60]),
)
def test_prices_are_the_exact_product_rounded_half_up(users, cost, factor, weight, slot):
    loss = Fraction(users, 1000) * Fraction(slot, 60) * cost * factor
    expected = tuple(int((2 * amount + 1) // 2) for amount in (loss, loss * weight))
    assert price(users, cost, factor, weight, slot) == expected


def test_the_sum_over_clients_is_of_rounded_prices():
    # Each of three teams loses 0.5 cents, rounded to 1: the sum is 3, not 2.
    p = portfolio(teams=[team(name, price=1) for name in "abc"], users={(name, "app"): 1 for name in "abc"})
    table = prices(p)
    assert table.service_weighted("app", Fraction(1))[0] == 3
    assert prices(p) is table
    with pytest.raises(ValueError, match="read-only"):
        table.cents("a", "app", Fraction(1))[0] = 7


def test_prices_of_some_slots_are_those_of_all():
    users = np.arange(336) / 1000
    p = portfolio(
        teams=[team("s", price=10, level="x"), team("t", price=777)],
        levels=[level("x", weight="1/3")],
        users={("t", "app"): users, ("s", "app"): users[::-1]},
    )
    table, third = prices(p), Fraction(1, 3)
    for weighted, one in ((False, table.cents), (True, table.weighted)):
        both = table.of_clients("app", third, slice(100, 103), weighted=weighted).tolist()
        assert both == [one(who, "app", third)[100:103].tolist() for who in ("s", "t")]
    assert table.of_clients("lonely", third, weighted=True).shape == (0, 336)


@pytest.mark.parametrize("factors_of", [("1", "1/3", "1/10"), (Fraction(10**18 - 1, 10**18), "1/7", "0.3")])
def test_prices_at_factors_of_their_own_are_those_at_each(factors_of):
    # The least common denominator of the second three, 7 × 10**18, times a price passes 64 bits.
    users = np.arange(336) / 1000
    p = portfolio(
        teams=[team("s", price=10**6, level="x"), team("t", price=777)],
        levels=[level("x", weight="1/3")],
        users={("t", "app"): users, ("s", "app"): users[::-1]},
    )
    table, factors_of = prices(p), [Fraction(factor) for factor in factors_of]
    slots = np.array([7, 100, 335])
    found = table.at_factors("app", slots, factors_of)
    for kind, one in enumerate((table.cents, table.weighted)):
        for row, who in enumerate(("s", "t")):
            expected = [int(one(who, "app", factor)[slot]) for slot, factor in zip(slots, factors_of, strict=True)]
            assert found[kind, row].tolist() == expected


def test_sums_hold_teams_of_different_prices_and_weights():
    # Per slot of half an hour, in whole cents: a 1 user × 333 × 0.5 × 0.1 = 16.65 -> 17; b 2 × 7 × 0.5 × 0.1 × 3/7 =
    # 0.3 -> 0; c 3 × 101 × 0.5 × 0.1 × 1.5 = 22.725 -> 23.
    weights = {"a": 1, "b": "3/7", "c": "1.5"}
    p = portfolio(
        teams=[team(name, price=cost, level=name) for name, cost in zip("abc", (333, 7, 101), strict=True)],
        levels=[level(name, weight=weight) for name, weight in weights.items()],
        users={(name, "app"): number for number, name in enumerate("abc", start=1)},
    )
    assert set(prices(p).service_weighted("app", Fraction(1, 10)).tolist()) == {17 + 0 + 23}
    for name, expected in zip("abc", (17, 0, 23), strict=True):
        assert set(prices(p).weighted(name, "app", Fraction(1, 10)).tolist()) == {expected}


def test_equal_rows_of_factors_are_one_object():
    works = [change("A", services="app"), change("B", services="mail"), change("C", services="app", minutes=90)]
    p = portfolio(changes=works, users={("Blue", "app"): 5, ("Blue", "mail"): 5})
    assert factors(p, "A")["app"] is factors(p, "B")["mail"]
    assert factors(p, "C") == {"app": tenths(1, 1, 1)}
