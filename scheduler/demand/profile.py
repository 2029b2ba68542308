"""Weekly profiles from usage history: what a series uses in each local step of the week.

Recent weeks weigh more, and noisy series lean on the shape that all series of the organisation share. History that
repeats itself exactly is returned exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from scheduler.portfolio import Forecast

Users = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Block:
    """Series that share a clock: `users` (series, steps), NaN where not recorded, and for each step the step of the
    local week and the weeks that have passed since.
    """  # noqa: D205

    users: Users
    step_of_week: npt.NDArray[np.int64]
    weeks_ago: Users


@dataclass(frozen=True, slots=True)
class _Averages:
    """Weighted averages per series and step of the week, the weight behind them, and the noise of each series."""

    mean: Users
    weight: Users
    noise: Users


def weekly_profiles(blocks: Sequence[Block], steps: int, settings: Forecast) -> list[Users]:
    """Forecast users per step of the week; one array of shape (series, steps) for each block.

    `steps` is their number in a week. Every series must have a recorded value.
    """
    averages = [_averages(block, steps, settings.half_life_weeks) for block in blocks]
    mean = np.concatenate([one.mean for one in averages])
    weight = np.concatenate([one.weight for one in averages])
    noise = np.concatenate([one.noise for one in averages])
    prior = _prior(mean, steps)
    pseudo = settings.prior_weeks * noise[:, None]
    lean = np.where(weight > 0, pseudo, 1.0)
    profile = (weight * np.nan_to_num(mean) + lean * prior) / (weight + lean)
    return np.split(np.maximum(profile, 0.0), np.cumsum([len(one.mean) for one in averages])[:-1])


def _averages(block: Block, steps: int, half_life: float) -> _Averages:
    recorded = ~np.isnan(block.users)
    users = np.where(recorded, block.users, 0.0)
    count = len(block.step_of_week)
    weights = csr_array(
        (0.5 ** (block.weeks_ago / half_life), (np.arange(count), block.step_of_week)), shape=(count, steps)
    )
    weight = recorded @ weights
    mean = np.divide(users @ weights, weight, out=np.full(weight.shape, np.nan), where=weight > 0)
    apart = np.where(recorded, users - mean[:, block.step_of_week], 0.0)
    within = (apart**2 @ weights).sum(axis=1) / weight.sum(axis=1)
    total = np.nanvar(mean, axis=1) + within
    noise = np.divide(within, total, out=np.zeros(len(total)), where=total > 0)
    return _Averages(mean, weight, noise)


def _prior(mean: Users, steps: int) -> Users:
    """Scale the shape that the series share to the level of each; shape (series, steps)."""
    level = np.nanmean(mean, axis=1, keepdims=True)
    busy = level[:, 0] > 0
    shape = np.full(steps, np.nan)
    if busy.any():
        scaled = mean[busy] / level[busy]
        count = (~np.isnan(scaled)).sum(axis=0)
        shape = np.divide(np.nansum(scaled, axis=0), count, out=shape, where=count > 0)
    shape = np.where(np.isnan(shape), 1.0, shape)
    fits = np.where(np.isnan(mean), 0.0, shape)
    scale = np.nansum(mean, axis=1) / np.maximum(fits.sum(axis=1), 1e-12)
    prior: Users = scale[:, None] * shape
    return prior
