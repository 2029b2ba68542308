"""Weekly profiles of series, by hand and on drawn ones. Weeks here have 168 steps unless said otherwise."""

import numpy as np
import pytest

from scheduler.demand.profile import Block, weekly_profiles
from scheduler.portfolio import Forecast

HOURS = 168
NAN = np.nan


def block(users, steps=HOURS):
    """Series of whole weeks, the last of which ends now."""
    users = np.asarray(users, dtype=np.float64)
    at = np.arange(users.shape[1])
    return Block(users, at % steps, (users.shape[1] - 1 - at) // steps)


def profile(users, steps=HOURS, **settings):
    (found,) = weekly_profiles([block(users, steps)], steps, Forecast(**settings))
    return found


def test_recent_weeks_weigh_more():
    # Weeks of 7 steps: 4 users three weeks ago (weight 1/2), 8 in the last week (weight 1), two weeks not recorded.
    weeks = np.repeat([4.0, NAN, NAN, 8.0], 7)
    assert profile([weeks], 7, prior_weeks=0, half_life_weeks=3) == pytest.approx((4 / 2 + 8) / 1.5)


def test_what_repeats_is_returned_exactly_beside_noisy_series():
    draw = np.random.default_rng(1)
    own = draw.integers(0, 50, HOURS).astype(np.float64)
    noisy = draw.poisson(3.0, (5, 12 * HOURS))
    found = profile(np.vstack([np.tile(own, 12), noisy]))
    assert found[0] == pytest.approx(own, abs=1e-9)
    assert np.abs(found[1:] - 3).max() < 1.5


@pytest.mark.parametrize("users", [0.003, 0.007, 0.1, 1 / 3, 1234.567])
def test_rounding_errors_of_a_flat_series_are_no_noise(users):
    rhythm = np.tile([0.0, 9.0, 1.0, 5.0], HOURS // 2) + np.random.default_rng(1).poisson(3.0, 2 * HOURS)
    found = profile(np.vstack([np.full(2 * HOURS, users), rhythm]))
    assert found[0] == pytest.approx(users, rel=1e-12)


def test_zeros_stay_zeros():
    draw = np.random.default_rng(1)
    assert not profile(np.vstack([np.zeros(4 * HOURS), draw.poisson(3.0, 4 * HOURS)]))[0].any()
    assert not profile(np.zeros((2, 4 * HOURS))).any()


def test_hours_never_recorded_take_the_shape_of_the_others_at_the_own_level():
    # Others use 10 by day and 2 by night. This one recorded 5 by day only: by night it is taken to use about 1.
    by_hour = np.where((np.arange(HOURS) % 24 >= 8) & (np.arange(HOURS) % 24 < 20), 10.0, 2.0)
    day = by_hour == 10
    mine = np.where(day, 5.0, NAN)
    found = profile(np.vstack([np.tile(by_hour, 3), np.tile(by_hour, 3), np.tile(mine, 3)]))
    assert found[2][day] == pytest.approx(5)
    # Far from the edges, where the smoothing does not reach.
    assert found[2][np.arange(HOURS) % 24 == 2] == pytest.approx(1, rel=0.1)


def test_hours_that_nobody_recorded_take_the_same_hours_of_other_days():
    weekday = np.arange(HOURS) // 24 < 5
    busy = np.where(np.arange(HOURS) % 24 == 12, 60.0, 1.0)
    found = profile(np.tile(np.where(weekday, busy, NAN), (1, 3)))[0]
    assert found[weekday] == pytest.approx(busy[weekday])
    saturday = found[5 * 24 : 6 * 24]
    assert saturday.argmax() == 12
    # Of three hours around noon smoothed by 1/9 (1 2 3 2 1), noon keeps 3/9 of 60 + 6/9 of 1.
    assert saturday[12] == pytest.approx(60 / 3 + 2 / 3, rel=0.05)
    assert saturday[3] == pytest.approx(1, rel=0.05)


def test_hours_of_day_that_nobody_recorded_are_average():
    # Only 12:00 to 18:00 was ever recorded; the night is unknown, so it is not taken to be quiet.
    noon = (np.arange(HOURS) % 24 >= 12) & (np.arange(HOURS) % 24 < 18)
    assert profile(np.tile(np.where(noon, 8.0, NAN), (1, 3)))[0] == pytest.approx(8)


def test_a_series_of_one_week_has_the_noise_of_the_others():
    draw = np.random.default_rng(1)
    by_hour = np.tile(np.where(np.arange(24) < 8, 0.5, 4.0), 7)
    noisy = draw.poisson(by_hour, (8, 6, HOURS)).astype(np.float64)
    short = np.full((1, 6, HOURS), NAN)
    short[0, -1] = draw.poisson(by_hour)
    found = profile(np.concatenate([noisy, short]).reshape(9, -1))[8]
    # It leans on the shape the others show, and so comes closer to the truth than its only week does.
    assert np.abs(found - by_hour).mean() < 0.7 * np.abs(short[0, -1] - by_hour).mean()
    # Where everything repeats, so does it.
    exact = np.vstack([np.tile(by_hour, 6), np.concatenate([np.full(5 * HOURS, NAN), by_hour[::-1]])])
    assert profile(exact)[1] == pytest.approx(by_hour[::-1])


def test_the_middle_of_a_quiet_stretch_is_preferred():
    # Ten teams with 0.3 users by day and 0.02 between 22:00 and 06:00: most nights show nothing but zeros.
    draw = np.random.default_rng(2)
    hour = np.arange(HOURS) % 24
    truth = np.where((hour >= 22) | (hour < 6), 0.02, 0.3)
    found = profile(draw.poisson(truth, (10, 12, HOURS)).reshape(10, -1))
    lowest = hour[found.argmin(axis=1)]
    assert set(lowest.tolist()) <= {0, 1, 2, 3, 4}
    assert (found > 0).mean() > 0.99


def test_noise_decides_how_far_a_series_leans():
    # One shape; the fewer users are counted, the less the counts say, and the more is won over their plain averages.
    draw = np.random.default_rng(3)
    hour = np.arange(HOURS)
    truth = 1 + 0.8 * np.sin(2 * np.pi * hour / 24) * np.where(hour < 120, 1, 0.5)
    won = []
    for users in (0.5, 5, 500):
        counts = draw.poisson(users * truth, (12, 12, HOURS)).reshape(12, -1)
        errors = [
            np.abs(profile(counts, prior_weeks=prior, half_life_weeks=3) - users * truth).mean() for prior in (2, 0)
        ]
        won.append(1 - errors[0] / errors[1])
    assert won[0] > won[1] > won[2] > -0.02
    assert won[0] > 0.4


def test_ancient_records_are_still_records():
    weeks = np.full((1, 300 * 7), NAN)
    weeks[0, :7] = 5.0
    assert profile(weeks, 7, half_life_weeks=0.1) == pytest.approx(5)


def test_blocks_share_one_organisation():
    draw = np.random.default_rng(4)
    users = draw.poisson(2.0, (6, 4 * HOURS))
    together = profile(users)
    apart = weekly_profiles([block(users[:2]), block(users[2:])], HOURS, Forecast())
    assert np.concatenate(apart) == pytest.approx(together)
    assert [one.shape for one in apart] == [(2, HOURS), (4, HOURS)]
