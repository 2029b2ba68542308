"""The habit's hours are left for clear gains only, where history leaves doubts."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from builders import MONDAY, change, when
from demand.records import person, recorded, users_at

from scheduler.batch.planning import plan
from scheduler.demand.habit import in_habit, unclear_gains

SUNDAY, WEDNESDAY = 6 * 24 + 2, 2 * 24 + 3


def world(gain, noise, level=20.0):
    """Ten users at Sunday 02:00-06:00, `gain` fewer on Wednesday 03:00-07:00, else `level`; noise by turns."""
    rows = []
    for week in range(1, 13):
        for hour in range(168):
            users = level
            if SUNDAY <= hour < SUNDAY + 4:
                users = 10.0
            elif WEDNESDAY <= hour < WEDNESDAY + 4:
                users = 10.0 - gain
            start = MONDAY - timedelta(weeks=week) + timedelta(hours=hour)
            rows.append(("t", "app", start, 60, users + noise * (-1) ** (week + hour)))
    t = replace(person("t"), cost_cents_per_user_hour=1000)
    p = recorded(rows, [t], start=MONDAY, changes=[change("C", hours=2)])
    forecast = replace(p.policy.forecast, half_life_weeks=1000.0, prior_weeks=0.0)
    return replace(p, policy=replace(p.policy, forecast=forecast, fairness_epsilon=0.0))


def test_the_habit_lies_on_sunday_morning():
    assert np.flatnonzero(in_habit(168)).tolist() == [146, 147, 148, 149]
    assert in_habit(336).sum() == 8


def test_what_is_no_clear_gain():
    # A mean hour of 20 − 40 / 168; the habit is not quiet: half a hundredth of it, but never more than the noise.
    profile = np.full((1, 168), 20.0)
    profile[:, in_habit(168)] = 10.0
    steps, weeks = np.tile(np.arange(168), 2), np.tile(profile, 2)
    noise = np.repeat([1.0, -1.0], 168)
    assert unclear_gains(weeks + noise, steps, profile)[0] == pytest.approx(0.005 * (20 - 40 / 168))
    assert unclear_gains(weeks + 0.01 * noise, steps, profile)[0] == pytest.approx(0.01)
    assert unclear_gains(weeks, steps, profile)[0] == 0.0
    assert unclear_gains(np.full((1, 336), np.nan), steps, profile)[0] == 0.0
    # A quiet habit is left for twice as much.
    profile[:, in_habit(168)] = 0.5
    noisy = np.tile(profile, 2) + noise
    assert unclear_gains(noisy, steps, profile)[0] == pytest.approx(0.01 * (20 - 78 / 168))


@pytest.mark.parametrize(
    ("gain", "noise", "start"),
    [
        # 0.05 of 19.7 users is less than half a hundredth of the mean hour, where weeks differ …
        (0.05, 1.0, "Sun 02:00"),
        (0.5, 1.0, "Wed 03:00"),
        # … and certain where they are all the same.
        (0.05, 0.0, "Wed 03:00"),
    ],
)
def test_a_plan_leaves_the_habit_for_clear_gains_only(gain, noise, start):
    p = world(gain, noise)
    assert plan(p, deterministic=1.0).schedule.by_change["C"].start == when(start)
    expected = [users_at(p, "t", f"Wed 0{hour}:00") for hour in (3, 4)]
    assert np.mean(expected) == pytest.approx(10 - gain, abs=0.05)


def test_nobody_is_expected_in_quiet_habits_rather_than_fewer():
    rows = [
        ("t", "app", MONDAY - timedelta(hours=n), 60, 1.0 if n % 500 == 0 else 10.0 * ((-n) % 168 < 120))
        for n in range(12 * 168, 0, -1)
    ]
    p = recorded(rows, [person("t")], start=MONDAY)
    assert users_at(p, "t", "Sun 03:00") == 0.0
