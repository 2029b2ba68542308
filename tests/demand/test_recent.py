"""What the last weeks tell beyond the profile, worked out by hand, and what no history may ever make of a forecast."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from scheduler.demand.recent import departures

MONDAY = 739_000 - (739_000 - 1) % 7
HOURS = 168


def history(levels, shape=None):
    """Users of 84 days, each the same hour after hour (times a shape of the day); and the grid they lie on."""
    shape = np.ones(24) if shape is None else shape
    users = (np.asarray(levels, dtype=float)[:, None] * shape).reshape(1, -1)
    at = np.arange(users.shape[1])
    return users, MONDAY - len(levels) + at // 24, at % 24


def ahead(users, days, of_day, profile, horizon=14):
    found = departures(users, days, of_day, profile, 3.0)
    at = np.arange(horizon * 24)
    expected = np.tile(profile, (1, horizon // 7))
    return found, found.ahead(expected, MONDAY + at // 24, at % 24, np.zeros(len(at), dtype=bool))


def test_what_repeats_leaves_the_profile_alone():
    profile = np.arange(168.0)[None] + 1
    users = np.tile(profile, 12)
    at = np.arange(users.shape[1])
    _, found = ahead(users, MONDAY - 84 + at // 24, at % 24, profile)
    np.testing.assert_array_equal(found, np.tile(profile, 2))


def test_an_unusual_last_day_fades_as_such_days_did():
    # Days alternate in blocks of 12 between 8 and 12 users around 10: of 83 neighbours, 77 are alike (product +0.04)
    # and 6 are not (−0.04), so the autocorrelation is (77 − 6) / 83 over a mean square of 0.04.
    levels = np.where(np.arange(84) // 12 % 2 == 0, 8.0, 12.0)
    users, days, of_day = history(levels)
    found, expected = ahead(users, days, of_day, np.full((1, HOURS), 10.0))
    assert found.level[0] == pytest.approx(-0.2)  # the last block, the seventh, has 8
    rho = 71 / 83
    assert found.lasting[0] == pytest.approx(rho)
    # The first day ahead: 10 × (1 − 0.2 × rho), and a week later the drift is capped but the rest has faded.
    assert expected[0, 0] == pytest.approx(10 * (1 - 0.2 * rho))


def test_a_level_that_grows_is_carried_on_for_two_weeks_only():
    # 10 users, and one more each week; the profile of the last week is 21. Slope 1/21 of the profile per week.
    users, days, of_day = history(np.repeat(np.arange(10.0, 22.0), 7))
    found = departures(users, days, of_day, np.full((1, HOURS), 21.0), 3.0)
    assert found.drift[0] == pytest.approx(1 / 21)
    at = np.arange(6 * 7)
    zero = np.zeros(len(at), dtype=bool)
    calm = found.__class__(found.last, found.drift, *(np.zeros_like(one) for one in (
        found.level, found.lasting, found.shape, found.shape_lasting, found.hours, found.since)))  # fmt: skip
    expected = calm.ahead(np.full((1, len(at)), 21.0), MONDAY + at, np.zeros(len(at), dtype=np.int64), zero)
    assert expected[0, 7] == pytest.approx(22.0)
    assert expected[0, 14] == expected[0, 41] == pytest.approx(23.0)


def test_an_hour_changes_by_a_tenth_at_most():
    # On the last days the use of noon moves to 13:00: the trend and the last day may each change it by a tenth.
    shape = np.where(np.arange(24) == 13, 2.0, np.where(np.arange(24) == 12, 0.0, 1.0))
    users, days, of_day = history(np.full(84, 10.0))
    users.reshape(-1, 24)[-20:] = 10 * shape
    _, expected = ahead(users, days, of_day, np.full((1, HOURS), 10.0))
    assert expected[0, 12] == pytest.approx(10 * 0.9 * 0.9)
    assert expected[0, 13] == pytest.approx(10 * 1.1 * 1.1)


def test_less_than_four_weeks_change_nothing():
    users, days, of_day = history(np.random.default_rng(1).uniform(1, 20, 27))
    _, expected = ahead(users, days, of_day, np.full((1, HOURS), 10.0))
    assert set(expected[0]) == {10.0}


def test_gaps_are_no_days_of_zero():
    # Every other day is missing, the rest have what the profile says.
    users, days, of_day = history(np.where(np.arange(84) % 2 == 0, np.nan, 10.0))
    _, expected = ahead(users, days, of_day, np.full((1, HOURS), 10.0))
    assert set(expected[0]) == {10.0}


def test_a_shift_of_level_is_followed():
    # 10 users for eleven weeks, then 30: a profile of the weighted mean would expect 13 (weight 1 of about 4.5).
    users, days, of_day = history(np.where(np.arange(84) < 77, 10.0, 30.0))
    _, expected = ahead(users, days, of_day, np.full((1, HOURS), 14.4))
    assert expected[0, :24].mean() > 22


@settings(max_examples=60, deadline=None)
@given(
    users=arrays(
        np.float64, (2, 84 * 4), elements=st.one_of(st.just(np.nan), st.just(0.0), st.floats(0, 1e9, width=32))
    ),
    profile=arrays(np.float64, (2, 28), elements=st.floats(0, 1e9, width=32)),
    days=st.sampled_from([3, 14, 30, 84]),
)
def test_whatever_was_recorded_the_forecast_is_finite_and_not_negative(users, profile, days):
    users = users[:, : days * 4]
    at = np.arange(days * 4)
    found = departures(users, MONDAY - days + at // 4, at % 4, profile, 3.0)
    coming = np.arange(14 * 4)
    expected = found.ahead(np.tile(profile, 2), MONDAY + coming // 4, coming % 4, np.zeros(len(coming), dtype=bool))
    assert np.isfinite(expected).all()
    assert (expected >= 0).all()
    # Nothing may come from nothing: a step that the profile leaves empty stays empty.
    assert not expected[np.tile(profile, 2) == 0].any()
