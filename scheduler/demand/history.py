"""Recorded usage, put on the grid of slots."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import gcd

import numpy as np
import numpy.typing as npt

from scheduler.demand.public_holidays import on_holiday
from scheduler.horizon import DAYS, MINUTES_PER_WEEK, Horizon
from scheduler.inputs.pairs import Pair, runs
from scheduler.portfolio import Portfolio

Users = npt.NDArray[np.float64]
_Rows = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Users]
# Clocks change by whole multiples of this, so that a step keeps its place in the local week.
_CLOCK_CHANGE_MINUTES = 30
_MICROSECONDS_PER_MINUTE = 60_000_000
MOST_AT_ONCE = 128


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


def histories(portfolio: Portfolio, weeks: int | None = None) -> Iterator[History]:
    """Give the last weeks of what was recorded before now, `history_weeks` or so many, for every pair that has any.

    All pairs share the window that ends at the last record. Pairs that fell silent before it began follow with a
    window of their own. The pairs of a window come in parts of `MOST_AT_ONCE`, since all of them may fill gigabytes.
    """
    steps, records = steps_of(portfolio), _records(portfolio)
    size = steps.slot_minutes * _MICROSECONDS_PER_MINUTE
    length = (weeks or portfolio.policy.forecast.history_weeks) * MINUTES_PER_WEEK // steps.slot_minutes
    left = np.arange(len(records.pairs))
    while len(left):
        last = -int(-records.last[left].max() // size)
        first = (last - length) * size
        grid = Horizon(steps.at(last - length), length, steps.slot_minutes, steps.time_zone)
        reached = records.last[left] > first
        for part in np.split(left[reached], range(MOST_AT_ONCE, int(reached.sum()), MOST_AT_ONCE)):
            row, (start, end, users) = records.of(part)
            matrix = _averages(row, start - first, end - first, users, size, (len(part), length))
            yield History(tuple(records.pairs[one] for one in part), grid, matrix)
        left = left[~reached]


def recorded_slots(portfolio: Portfolio) -> Mapping[Pair, Users]:
    """Give what was recorded in each slot of the horizon, `now` or not, for every pair that has any record there.

    Arrays have shape (slots,); NaN is not recorded.
    """
    horizon = portfolio.horizon
    records, size = _records(replace(portfolio, now=horizon.end)), horizon.slot_minutes * _MICROSECONDS_PER_MINUTE
    found = {}
    for part in np.array_split(np.arange(len(records.pairs)), max(1, -(-len(records.pairs) // MOST_AT_ONCE))):
        if not len(part):
            continue
        row, (start, end, users) = records.of(part)
        inside = (end > 0) & (start < horizon.slots * size)
        end = np.minimum(end, horizon.slots * size)
        row, start, end, users = row[inside], start[inside], end[inside], users[inside]
        matrix = _averages(row, start, end, users, size, (len(part), horizon.slots))
        found.update({records.pairs[one]: matrix[at] for at, one in enumerate(part.tolist())})
    return {pair: users for pair, users in found.items() if not np.isnan(users).all()}


@dataclass(frozen=True, slots=True)
class _Records:
    """Rows with users from before now, those of one pair together; times are microseconds after the horizon's start.

    `begin` says where the rows of each pair begin, and at last where all end; `last` is when those of a pair end.
    """

    pairs: Sequence[Pair]
    begin: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]
    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    users: Users

    def of(self, pairs: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], _Rows]:
        """Give, for each row of some pairs, the position of its pair among them, and its start, end and users."""
        counts = self.begin[pairs + 1] - self.begin[pairs]
        row = np.repeat(np.arange(len(pairs)), counts)
        if pairs[-1] - pairs[0] == len(pairs) - 1:
            place: slice | npt.NDArray[np.int64] = slice(self.begin[pairs[0]], self.begin[pairs[-1] + 1])
        else:
            place = np.arange(len(row)) + (self.begin[pairs] - np.cumsum(counts) + counts)[row]
        return row, (self.start[place], self.end[place], self.users[place])


def _records(portfolio: Portfolio) -> _Records:
    usage, origin, found = portfolio.usage, portfolio.horizon.start, runs(portfolio)
    now = (portfolio.now - origin) // timedelta(microseconds=1)
    order, begin = found.rows()
    users = usage["users"].to_numpy(dtype=np.float64)[order]
    start = np.asarray(usage["start"].dt.tz_convert(None), dtype="datetime64[us]").astype(np.int64)[order]
    start -= (origin - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    end = usage["minutes"].to_numpy(dtype=np.int64)[order] * _MICROSECONDS_PER_MINUTE
    end += start
    np.minimum(end, now, out=end)
    kept = ~np.isnan(users) & (start < now)
    if not kept.all():
        users, start, end = users[kept], start[kept], end[kept]
        begin = np.concatenate(([0], np.cumsum(kept)))[begin]
    some = np.flatnonzero(np.diff(begin))
    begin = np.append(begin[some], len(users))
    last = np.maximum.reduceat(end, begin[:-1]) if len(some) else end
    return _Records([found.pairs[one] for one in some.tolist()], begin, last, start, end, users)


def _averages(
    row: npt.NDArray[np.int64],
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    users: Users,
    size: int,
    shape: tuple[int, int],
) -> Users:
    """Average values over [start, end) in steps of `size`, weighted by overlap; NaN where nothing overlaps."""
    inside = end > 0
    if not inside.all():
        row, start, end, users = row[inside], start[inside], end[inside], users[inside]
    start = np.maximum(start, 0)
    first, last = start // size, -(-end // size)
    counts = np.maximum(last - first, 0)
    if (first * size == start).all() and (last * size == end).all() and (counts == counts[:1]).all():
        # Nearly all usage is recorded by the hour: each value fills as many whole steps, where it meets no other.
        steps = np.arange(counts[0] if len(counts) else 0)
        filled = ((row * shape[1] + first)[:, None] + steps).reshape(-1)
        if (np.diff(filled) > 0).all():
            alone: Users = np.full(shape, np.nan)
            alone.reshape(-1)[filled] = np.repeat(users, len(steps))
            return alone
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
