"""Weekly profiles from usage history: what a series uses in each local step of the week.

Recent weeks weigh more, and a series leans on the shape that all series of the organisation share as far as it is
noisy: with no noise not at all, so that history which repeats itself week by week is forecast exactly.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import convolve1d
from scipy.sparse import csr_array

from scheduler.portfolio import Forecast

Users = npt.NDArray[np.float64]
_HOURS_PER_WEEK = 168
# The organisation's shape is smoothed by a triangle that reaches up to this far, so that the middle of a quiet stretch
# is lower than its edges even where sparse series show nothing but zeros.
_SMOOTHING_HOURS = 3
# A series without any rhythm of its own leans on the organisation by this many times `prior_weeks`. Measured on real
# series thinned to a few users: smaller limits lose there, larger ones win nothing.
_MOST_NOISE = 10.0
# Series recorded at different hours of the week need a few rounds until levels and the common shape agree.
_ROUNDS = 6
# However old, a record that stands alone must not vanish below the smallest float.
_MOST_HALF_LIVES = 200.0
# Squared, a rounding error is some 1e-32 of the square of the number.
_ROUNDING = 1e-24


@dataclass(frozen=True, slots=True)
class Block:
    """Series on one clock.

    `users` has shape (series, steps), NaN where not recorded. `step_of_week` gives the local step of the week of each
    step, `weeks_ago` the whole weeks that have passed since.
    """

    users: Users
    step_of_week: npt.NDArray[np.int64]
    weeks_ago: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Averages:
    """Per series and step of the week the weighted mean (NaN where nothing was recorded) and the weight behind it.

    `noise` is the variance around the means in units of the variance of the means, NaN where no step came twice.
    """

    mean: Users
    weight: Users
    noise: Users


def weekly_profiles(blocks: Iterable[Block], steps: int, settings: Forecast) -> list[Users]:
    """Forecast users per step of the week; one array of shape (series, steps) for each block.

    `steps` is their number in a week, a multiple of 7. Every series must have a recorded value. The mean of a step
    has the weight of its weeks, the prior that of `prior_weeks` × noise (as in empirical Bayes estimation, where the
    weight of the prior is the ratio of the variance within to that between).
    """
    averages = [_averages(block, steps, settings.half_life_weeks) for block in blocks]
    if not averages:
        return []
    mean, weight, noise = (
        np.concatenate([getattr(one, name) for one in averages]) for name in ("mean", "weight", "noise")
    )
    known = ~np.isnan(noise)
    noise = np.where(known, noise, np.median(noise[known]) if known.any() else 0.0)
    # A step that was never recorded has nothing but the prior.
    lean = np.where(weight > 0, settings.prior_weeks * noise[:, None], 1.0)
    profile = (weight * np.nan_to_num(mean) + lean * _prior(mean, steps)) / (weight + lean)
    return np.split(np.maximum(profile, 0.0), np.cumsum([len(one.mean) for one in averages])[:-1])


def _averages(block: Block, steps: int, half_life: float) -> _Averages:
    recorded = ~np.isnan(block.users)
    users = np.where(recorded, block.users, 0.0)
    count = len(block.step_of_week)
    one_per_step = (np.arange(count), block.step_of_week)
    half_lives = np.minimum(block.weeks_ago / half_life, _MOST_HALF_LIVES)
    weights = csr_array((0.5**half_lives, one_per_step), shape=(count, steps))
    weight: Users = recorded @ weights
    mean = np.divide(users @ weights, weight, out=np.full(weight.shape, np.nan), where=weight > 0)
    apart = np.where(recorded, users - mean[:, block.step_of_week], 0.0)
    within, squares = (
        np.einsum("ij,ij,j->i", one, one, 0.5**half_lives) / weight.sum(axis=1) for one in (apart, users)
    )
    # What is left of rounding a mean is no noise.
    within[within <= _ROUNDING * squares] = 0.0
    # A mean lies closer to its own few values than the truth does; steps seen once say nothing.
    values, means = recorded.sum(axis=1), (weight > 0).sum(axis=1)
    repeats = values - means
    within *= values / np.maximum(repeats, 1)
    between = np.nanvar(mean, axis=1) - within * means / weight.sum(axis=1)
    noise = np.divide(within, np.maximum(between, within / _MOST_NOISE), out=np.zeros(len(within)), where=within > 0)
    return _Averages(mean, weight, np.where(repeats > 0, noise, np.nan))


def _prior(mean: Users, steps: int) -> Users:
    """Scale the smoothed shape that the series share to the level of each; shape (series, steps)."""
    shape = np.ones(steps)
    for _ in range(_ROUNDS if np.isnan(mean).any() else 1):
        level = _levels(mean, shape)
        busy = level > 0
        shape = _whole_week(_mean_where_known(mean[busy] / level[busy, None]))
    shape = _smooth(shape, steps)
    prior: Users = _levels(mean, shape)[:, None] * shape
    return prior


def _levels(mean: Users, shape: Users) -> Users:
    """Give the factor that brings a shape to each series, over the steps that it has; shape (series,)."""
    covered = np.where(np.isnan(mean), 0.0, shape).sum(axis=1)
    levels: Users = np.divide(np.nansum(mean, axis=1), covered, out=np.zeros(len(mean)), where=covered > 0)
    return levels


def _whole_week(shape: Users) -> Users:
    """Take hours of the week that nobody recorded as the same hours of other days, or as average hours."""
    of_day = np.tile(_mean_where_known(shape.reshape(7, -1)), 7)
    shape = np.where(np.isnan(shape), of_day, shape)
    average = shape[~np.isnan(shape)].mean() if not np.isnan(shape).all() else 1.0
    return np.where(np.isnan(shape), average, shape)


def _mean_where_known(rows: Users) -> Users:
    known = ~np.isnan(rows)
    count = known.sum(axis=0)
    mean: Users = np.divide(
        np.where(known, rows, 0.0).sum(axis=0), count, out=np.full(rows.shape[1], np.nan), where=count > 0
    )
    return mean


def _smooth(shape: Users, steps: int) -> Users:
    reach = max(1, _SMOOTHING_HOURS * steps // _HOURS_PER_WEEK)
    triangle = reach - np.abs(np.arange(1 - reach, reach))
    smooth: Users = convolve1d(shape, triangle / triangle.sum(), mode="wrap")
    return smooth
