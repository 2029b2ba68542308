"""Chances that work still runs, by hand and against a simulation of the law."""

from fractions import Fraction

import numpy as np
import pytest
from builders import change, portfolio

from scheduler.demand.durations import chance_of_running, chances


def chances_of(*, slot=30, **about):
    return [float(chance) for chance in chances(portfolio(changes=[change("A", **about)], slot=slot), "A")]


def test_worked_example_of_the_laws():
    # P50 60, P90 120: sigma = ln 2 / 1.28155 = 0.54086. With q = 0.1 and 60 minutes of backout:
    # at 60  0.9·P(T > 60) + 0.1·P(T > 0)   = 0.45 + 0.1               = 0.55
    # at 90  0.9·P(T > 90) + 0.1·P(T > 30)  = 0.9·0.2267 + 0.1·0.9     = 0.294
    # at 120 0.9·P(T > 120) + 0.1·P(T > 60) = 0.09 + 0.05              = 0.14
    # at 150 0.9·P(T > 150) + 0.1·P(T > 90) = 0.9·0.0451 + 0.1·0.2267  = 0.063
    exact = [chance_of_running(minutes, 60, 120, 60, 0.1) for minutes in (60, 90, 120, 150)]
    assert [round(chance, 3) for chance in exact] == [0.55, 0.294, 0.14, 0.063]
    assert chances_of(minutes=60, p90=120, backout=60, failure_chance=0.1) == [1, 1, 0.5, 0.25, 0.1, 0.1]


def test_a_certain_length_ends_on_time():
    assert chances_of(minutes=60) == [1, 1]
    # With P50 = P90 = 60 the work is over at 60; with q = 0.2 the backout runs until 60 + 90 = 150: 0.2 is nearest
    # to 0.25 at 60, 90 and 120.
    assert chances_of(minutes=60, backout=90, failure_chance=0.2) == [1, 1, 0.25, 0.25, 0.25]


def test_a_certain_length_that_fills_no_slot():
    # 45 minutes end at 60 on the grid; reserved 45 + 60 = 105, so until 120. At 60 and 90 only the backout can run:
    # T + 60 = 105 > 60 and > 90.
    assert chances_of(minutes=45, backout=60, failure_chance=0.3) == [1, 1, 0.25, 0.25]


def test_a_median_off_the_grid_is_certain_until_its_slot_ends():
    # P50 40, P90 80: end at slot 2 (60 minutes), reserved 80 minutes = 3 slots. At 60: sigma = 0.54086,
    # P(T > 60) = 1 - Phi(ln 1.5 / 0.54086) = 1 - Phi(0.7497) = 0.2267, nearest 0.25.
    assert chances_of(minutes=40, p90=80) == [1, 1, 0.25]


def test_a_backout_longer_than_the_tail():
    # P50 60, P90 70 (sigma 0.1203), backout 240, q = 1: T + 240 > t for certain up to 240, at 300 with P(T > 60) = 1/2;
    # reserved 310 minutes = 11 slots (0 ... 300).
    assert chances_of(minutes=60, p90=70, backout=240, failure_chance=1.0) == [1] * 10 + [0.5]
    # With q = 0.1 the tail of 10 minutes is gone at 90 and only the failed tenth is left.
    assert chances_of(minutes=60, p90=70, backout=240, failure_chance=0.1) == [1, 1, 0.5] + [0.1] * 7 + [0.1]


def test_without_backout_a_failure_changes_nothing():
    assert chances_of(minutes=60, p90=240, failure_chance=0.9) == chances_of(minutes=60, p90=240)


@pytest.mark.parametrize(
    ("failure", "step"),
    # P50 = P90 = 30 and a backout of 30: at 30 the chance is q itself. Midpoints go up.
    [
        (0.875, "1"),
        (0.8749, "3/4"),
        (0.625, "3/4"),
        (0.6249, "1/2"),
        (0.375, "1/2"),
        (0.3749, "1/4"),
        (0.175, "1/4"),
        (0.1749, "1/10"),
        (0.05, "1/10"),
        (0.0499, "0"),
        # Nine decimals first: what misses the midpoint by less is the midpoint.
        (0.175 - 4e-10, "1/4"),
        (0.175 - 6e-10, "1/10"),
    ],
)
def test_rounding_to_steps(failure, step):
    p = portfolio(changes=[change("A", minutes=30, backout=30, failure_chance=failure)])
    assert chances(p, "A") == (Fraction(1), Fraction(step))


def test_slots_of_other_lengths_read_the_chance_at_their_own_start():
    # 15-minute slots, P50 60, P90 120: at 60 0.5; at 75 P(T > 75) = 1 - Phi(0.4126) = 0.340 -> 0.25; at 90 0.2267
    # -> 0.25; at 105 1 - Phi(1.0347) = 0.150 -> 0.1.
    assert chances_of(slot=15, minutes=60, p90=120) == [1, 1, 1, 1, 0.5, 0.25, 0.25, 0.1]


def test_the_law_is_that_of_a_simulation():
    draw = np.random.default_rng(1)
    sigma = np.log(180 / 90) / 1.2815515655446004
    lengths = np.exp(np.log(90) + sigma * draw.standard_normal(200_000)) + 45 * (draw.random(200_000) < 0.3)
    for minutes in (90, 120, 150, 200):
        assert chance_of_running(minutes, 90, 180, 45, 0.3) == pytest.approx((lengths > minutes).mean(), abs=0.005)


def test_chances_never_rise():
    found = chances_of(minutes=50, p90=200, backout=120, failure_chance=0.4)
    assert found == sorted(found, reverse=True)
    # (200 + 120) / 30 rounded up.
    assert len(found) == 11
