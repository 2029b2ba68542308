"""Staying with the habit, work on Sundays from 02:00, unless something clearly better is expected.

A forecast that is a little lower elsewhere may be so by chance. Fewer users are therefore expected in the habit's
hours, by what would be no clear gain over them, so that other hours are chosen for clear gains only. No gain is unclear
where history repeats itself: there nothing is taken off.
"""

import numpy as np
import numpy.typing as npt

from scheduler.horizon import MINUTES_PER_DAY, MINUTES_PER_WEEK, WeeklyHours

CLEAR_GAIN, CLEAR_GAIN_OF_QUIET = 0.005, 0.01
"""What must be won over the habit, in units of the mean hour, for the habit to be left; more where it is quiet."""

QUIET_HABIT = 0.05
"""A habit is quiet where its window averaged less than this in history, in units of the mean hour."""

HABIT = WeeklyHours.parse("Sun 02:00-06:00")
Users = npt.NDArray[np.float64]
Steps = npt.NDArray[np.bool_]


def in_habit(steps: int) -> Steps:
    """Mark the steps of the local week that lie in the habit's hours; shape (steps,)."""
    minute = np.arange(steps) * MINUTES_PER_WEEK // steps
    ((day, opens, closes),) = HABIT.spans
    begin = day * MINUTES_PER_DAY
    return (minute >= begin + opens) & (minute < begin + closes)


def unclear_gains(users: Users, step_of_week: npt.NDArray[np.int64], profile: Users) -> Users:
    """Give how many users less than the habit would be no clear gain; shape (series,).

    Never more than what was recorded in those hours departs from the profile.

    Parameters
    ----------
    users
        What was recorded, shape (series, steps of history), NaN where nothing was.
    step_of_week
        The step of the week of each step.
    profile
        What is expected, shape (series, steps of the week).
    """
    level = profile.mean(axis=1)
    there = in_habit(profile.shape[1])
    at = np.flatnonzero(there[step_of_week])
    apart = users[:, at] - profile[:, step_of_week[at]]
    known = ~np.isnan(apart)
    square = np.where(known, apart, 0.0) ** 2
    spread = np.sqrt(square.sum(axis=1) / np.maximum(known.sum(axis=1), 1))
    quiet = profile[:, there].mean(axis=1) < QUIET_HABIT * level
    found: Users = np.minimum(np.where(quiet, CLEAR_GAIN_OF_QUIET, CLEAR_GAIN) * level, spread)
    return found
