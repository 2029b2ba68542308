"""Recorded usage, put on the grid of slots."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from math import gcd

import numpy as np
import numpy.typing as npt
import pandas as pd

from scheduler.demand.public_holidays import on_holiday
from scheduler.horizon import DAYS, MINUTES_PER_WEEK, Horizon
from scheduler.portfolio import Portfolio

Users = npt.NDArray[np.float64]
Pair = tuple[str, str]
# Clocks change by whole multiples of this, so that a step keeps its place in the local week.
_CLOCK_CHANGE_MINUTES = 30


@dataclass(frozen=True, slots=True)
class History:
    """Average users of some pairs of team and service; `users` has shape (pairs, steps), NaN where not recorded."""

    pairs: tuple[Pair, ...]
    steps: Horizon
    users: Users


def step_minutes(portfolio: Portfolio) -> int:
    """Give the length of the steps that usage is counted in: it divides the slot and every change of clocks."""
    return gcd(portfolio.horizon.slot_minutes, _CLOCK_CHANGE_MINUTES)


def steps_of(portfolio: Portfolio) -> Horizon:
    """Give the horizon in steps instead of slots."""
    horizon, minutes = portfolio.horizon, step_minutes(portfolio)
    return Horizon(horizon.start, horizon.slots * horizon.slot_minutes // minutes, minutes, horizon.time_zone)


def histories(portfolio: Portfolio) -> Iterator[History]:
    """Give the last `history_weeks` of what was recorded before now, for every pair that has any record.

    All pairs share the window that ends at the last record. Pairs that fell silent before it began follow with a
    window of their own.
    """
    rows = portfolio.usage
    rows = rows[rows["users"].notna() & (rows["start"] < pd.Timestamp(portfolio.now))]
    steps = steps_of(portfolio)
    (team, teams), (service, services) = (pd.factorize(rows[column]) for column in ("team", "service"))
    pair = team * len(services) + service
    # Microseconds after the start of the horizon, negative for the past.
    origin = pd.Timestamp(steps.start)
    start = ((rows["start"] - origin) // pd.Timedelta(microseconds=1)).to_numpy(dtype=np.int64)
    end = start + rows["minutes"].to_numpy(dtype=np.int64) * 60_000_000
    end = np.minimum(end, (portfolio.now - steps.start) // timedelta(microseconds=1))
    users = rows["users"].to_numpy(dtype=np.float64)
    size = steps.slot_minutes * 60_000_000
    length = portfolio.policy.forecast.history_weeks * MINUTES_PER_WEEK // steps.slot_minutes
    left = np.ones(len(rows), dtype=np.bool_)
    while left.any():
        last = -int(-end[left].max() // size)
        inside = left & (end > (last - length) * size)
        chosen, row = np.unique(pair[inside], return_inverse=True)
        grid = Horizon(steps.at(last - length), length, steps.slot_minutes, steps.time_zone)
        first = (last - length) * size
        matrix = _averages(row, start[inside] - first, end[inside] - first, users[inside], size, (len(chosen), length))
        yield History(
            tuple((teams[code // len(services)], services[code % len(services)]) for code in chosen), grid, matrix
        )
        left &= ~np.isin(pair, chosen)


def _averages(
    row: npt.NDArray[np.intp],
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    users: Users,
    size: int,
    shape: tuple[int, int],
) -> Users:
    """Average values over [start, end) in steps of `size`, weighted by overlap; NaN where nothing overlaps."""
    start = np.maximum(start, 0)
    first, last = start // size, -(-end // size)
    counts = np.maximum(last - first, 0)
    source = np.repeat(np.arange(len(row)), counts)
    step = first[source] + np.arange(len(source)) - np.repeat(np.cumsum(counts) - counts, counts)
    overlap = np.minimum(end[source], (step + 1) * size) - np.maximum(start[source], step * size)
    # Shares of a step, not microseconds: a row that covers whole steps then gives them its own value to the last bit.
    share = overlap / size
    cell = row[source] * shape[1] + step
    covered = np.bincount(cell, weights=share, minlength=shape[0] * shape[1])
    total = np.bincount(cell, weights=share * users[source], minlength=shape[0] * shape[1])
    mean: Users = np.divide(total, covered, out=np.full(len(covered), np.nan), where=covered > 0)
    return mean.reshape(shape)


def step_of_week(steps: Horizon, zone: str, holidays_of: str = "") -> npt.NDArray[np.int64]:
    """Give the local step of the week of each step, Monday 00:00 = 0; public holidays are taken as Sundays.

    `holidays_of` is a code of the `holidays` package such as `GB-ENG`; without one no day is a holiday.
    """
    step = steps.local_minute_of_week(zone) // steps.slot_minutes
    per_day = MINUTES_PER_WEEK // 7 // steps.slot_minutes
    return np.where(on_holiday(steps, zone, holidays_of), DAYS.index("Sun") * per_day + step % per_day, step)
