"""The protocol by which ways to choose a window are compared on recorded usage.

Each Monday 00:00 local is an origin: from the twelve weeks before it alone the quietest window of 1, 2, 4 and 8 hours
in the next one and two weeks is chosen, then what was really used in it is read off, in units of the mean hour of the
series. Windows may start at any hour, outside office hours (no overlap with Mon-Fri 08:00-18:00), or lie inside staffed
hours (Mon-Fri 07:00-19:00); and one window may serve eight teams in staffed hours. The habit is Sunday 02:00, in
staffed hours Friday ending 19:00. The oracle saw the future.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from scheduler.backtest.recordings import HISTORY_WEEKS, HOURS_PER_WEEK, Flags, Floats, Origin
from scheduler.demand.habit import CLEAR_GAIN, CLEAR_GAIN_OF_QUIET, QUIET_HABIT

LENGTHS = (1, 2, 4, 8)
TEAMS = 8
EIGHT_TEAMS = "teams8_staffed"
REGIMES = ("any", "offhours", "staffed", EIGHT_TEAMS)
_COLUMNS = ["family", "monday", "series", "regime", "weeks", "length", "use", "habit_use", "oracle_use", "quiet"]
Forecaster = Callable[[Origin], Floats]


@dataclass(frozen=True, slots=True)
class _Case:
    regime: str
    weeks: int
    length: int
    starts: npt.NDArray[np.int64]
    habit: int


@dataclass(frozen=True, slots=True)
class Replay:
    """What one way to forecast met: a row per trial, and the CPU seconds that a thousand series took it.

    Rows have the family, the Monday, the series, regime, weeks and length of the window, what was used in the chosen
    one, in the habit's and in the oracle's, and whether the habit was quiet in history.
    """

    trials: pd.DataFrame
    cpu_seconds_per_1000: float


def permitted(regime: str, hours: int, length: int) -> npt.NDArray[np.int64]:
    """Give the starts that windows of `length` hours may have, from Monday 00:00 on."""
    start = np.arange(hours - length + 1)
    day, hour = start // 24 % 7, start % 24
    if regime in ("staffed", EIGHT_TEAMS):
        return np.flatnonzero((day < 5) & (hour >= 7) & (hour + length <= 19))
    if regime == "any":
        return start
    at = np.arange(hours)
    office = (at // 24 % 7 < 5) & (at % 24 >= 8) & (at % 24 < 18)
    return np.flatnonzero(window_means(office.astype(np.float64)[None], length)[0] == 0)


def habit_start(regime: str, length: int) -> int:
    """Give the hour of the first week at which the habit starts."""
    return 4 * 24 + 19 - length if regime in ("staffed", EIGHT_TEAMS) else 6 * 24 + 2


def window_means(values: Floats, length: int) -> Floats:
    """Give the mean over each window of `length` hours; NaN where an hour is."""
    means: Floats = np.lib.stride_tricks.sliding_window_view(values, length, axis=1).mean(axis=2)
    return means


def choose(expected: Floats, habit: int, level: Floats, quiet: Flags) -> npt.NDArray[np.int64]:
    """Choose among starts the least expected use, unless that is no clear gain over the habit.

    Parameters
    ----------
    expected
        Expected use of each permitted start, shape (series, starts); infinite where nothing can be told.
    habit
        The position of the habit among the starts.
    level
        The mean hour of each series in its history, shape (series,).
    quiet
        Whether the habit of each series was quiet in history, shape (series,).
    """
    best = expected.argmin(axis=1)
    rows = np.arange(len(expected))
    least, usual = expected[rows, best], expected[:, habit]
    clear = np.where(quiet, CLEAR_GAIN_OF_QUIET, CLEAR_GAIN) * level
    return np.where(least > usual - clear, habit, best)


def replay(origins: Iterable[Origin], forecast: Forecaster, *, fallback: bool = True) -> Replay:
    """Let a way to forecast choose at every origin; it is shown nothing of what then happened.

    `forecast` gives the expected use of the next two weeks, shape (series, 336). Without `fallback` the least expected
    use is taken even where it is no clear gain over the habit.
    """
    seconds, count, parts = 0.0, 0, []
    pooled: dict[int, list[tuple[Origin, Floats]]] = {}
    for origin in origins:
        seen = origin.unseen()
        began = time.process_time()
        expected = forecast(seen)
        seconds += time.process_time() - began
        count += len(origin.names)
        parts += [frame for case in _CASES for frame in _trials(origin, expected, case, fallback)]
        pooled.setdefault(origin.monday, []).append((origin, expected))
    parts += _eight_teams(pooled, fallback)
    columns = {name: np.concatenate([part[name] for part in parts]) for name in _COLUMNS} if parts else {}
    return Replay(pd.DataFrame(columns, columns=_COLUMNS), 1000 * seconds / max(1, count))


def _trials(origin: Origin, expected: Floats, case: _Case, fallback: bool) -> Iterator[dict[str, Floats]]:
    used = window_means(origin.ahead[:, : case.weeks * HOURS_PER_WEEK], case.length)[:, case.starts]
    hoped = window_means(expected[:, : case.weeks * HOURS_PER_WEEK], case.length)[:, case.starts]
    used = used / origin.scale[:, None]
    known = ~np.isnan(used)
    some = np.flatnonzero((origin.weeks >= case.weeks) & known[:, case.habit] & (origin.scale > 0))
    if not len(some):
        return
    level = np.nanmean(origin.past[some], axis=1)
    quiet = _usual_of_habit(origin.past[some], case) < QUIET_HABIT * level
    hoped, used = np.where(known, hoped, np.inf)[some], used[some]
    chosen = choose(hoped, case.habit, level, quiet) if fallback else hoped.argmin(axis=1)
    rows = np.arange(len(some))
    told = {
        "family": origin.family,
        "monday": origin.monday,
        "series": np.array(origin.names, dtype=object)[some],
        "regime": case.regime,
        "weeks": case.weeks,
        "length": case.length,
        "use": used[rows, chosen],
        "habit_use": used[:, case.habit],
        "oracle_use": np.nanmin(used, axis=1),
        "quiet": quiet,
    }
    yield {name: np.broadcast_to(np.asarray(value), (len(some),)) for name, value in told.items()}


def _usual_of_habit(past: Floats, case: _Case) -> Floats:
    """Give the mean use of the habit's window in the weeks of history; infinite where it was never recorded."""
    start = int(case.starts[case.habit])
    weeks = past.reshape(len(past), HISTORY_WEEKS, HOURS_PER_WEEK)[:, :, start : start + case.length].mean(axis=2)
    recorded = ~np.isnan(weeks)
    total, count = np.where(recorded, weeks, 0.0).sum(axis=1), recorded.sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.inf)


def _eight_teams(pooled: dict[int, list[tuple[Origin, Floats]]], fallback: bool) -> list[dict[str, Floats]]:
    """Let eight series of a family that were recorded together share one window; of all where no family has eight."""
    whole = any(len(origin.names) >= TEAMS for together in pooled.values() for origin, _ in together)
    found = []
    for monday, together in sorted(pooled.items()):
        groups = [[one] for one in together] if whole else [together]
        for group in groups:
            found += list(_shared(monday, group, fallback))
    return found


def _shared(monday: int, group: Sequence[tuple[Origin, Floats]], fallback: bool) -> Iterator[dict[str, Floats]]:
    names = [name for origin, _ in group for name in origin.names]
    order = np.random.default_rng(monday).permutation(np.argsort(names))
    past, ahead, expected, scale, weeks = (
        np.concatenate(parts)
        for parts in zip(*((one.past, one.ahead, hoped, one.scale, one.weeks) for one, hoped in group), strict=True)
    )
    first = group[0][0]
    family = first.family if len(group) == 1 else "all"
    level = np.nanmean(past, axis=1, keepdims=True)
    for begin in range(0, len(names) - TEAMS + 1, TEAMS):
        rows = order[begin : begin + TEAMS]
        if (level[rows] <= 0).any():
            continue
        joint = Origin(
            family=family,
            monday=monday,
            names=("+".join(sorted(names[row] for row in rows)),),
            past=(past[rows] / level[rows]).mean(axis=0, keepdims=True),
            past_holiday=first.past_holiday[:1],
            holiday_ahead=first.holiday_ahead[:1],
            ahead=(ahead[rows] / scale[rows, None]).mean(axis=0, keepdims=True),
            scale=np.ones(1),
            weeks=weeks[rows].min(keepdims=True),
        )
        if np.isnan(joint.past).all():
            continue
        hoped = (expected[rows] / level[rows]).mean(axis=0, keepdims=True)
        for case in _CASES_OF_EIGHT:
            yield from _trials(joint, hoped, case, fallback)


def _cases(regimes: Sequence[str]) -> tuple[_Case, ...]:
    found = []
    for regime in regimes:
        for weeks in (1, 2):
            for length in LENGTHS:
                starts = permitted(regime, weeks * HOURS_PER_WEEK, length)
                habit = int(np.searchsorted(starts, habit_start(regime, length)))
                found.append(_Case(regime, weeks, length, starts, habit))
    return tuple(found)


_CASES = _cases(REGIMES[:3])
_CASES_OF_EIGHT = _cases(REGIMES[3:])
