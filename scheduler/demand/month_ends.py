"""Days of the month on which use differs: month-ends, quarter-ends and pay-days, found in history long enough.

Each day is compared with the same weekdays of the eight weeks around it. Days at one place in the month (the last or
first working day, the last two, the last two of a quarter, a day of the month or the working day before it) make a
pattern if they depart together by far more than chance would have it, whatever the place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from scheduler.demand.public_holidays import public_holidays

LEAST_DAYS = 182
"""Half a year: six months to agree."""

_LEAST_MONTHS, _LEAST_QUARTERS = 6, 4
# Departures count up to so many standard deviations each: one outage makes no pattern.
_MOST_APART = 3.0
# Some forty places are looked at, and days are not quite independent.
_LEAST_SCORE = 5.0
_LEAST_EFFECT = 0.1
_LEAST_AGREEING = 0.75
_MOST_PATTERNS = 2
_WEEKS_AROUND = 4
_TINY = 1e-9
Users = npt.NDArray[np.float64]
Days = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pattern:
    """Use that differs by `factor` on days at one place in the month, as `agreeing` of `seen` of them showed."""

    place: str
    factor: float
    agreeing: int
    seen: int

    def factors(self, days: Days, code: str) -> Users:
        """Give what use is multiplied by on each of some days; shape (days,)."""
        return np.where(np.isin(days, _days_of(self.place, days, code)), self.factor, 1.0)

    @property
    def text(self) -> str:
        """Say the pattern in words."""
        return f"{self.place}: {self.factor:.2g} × the usual use, in {self.agreeing} of {self.seen} cases"


def find_patterns(users: Users, days: Days, code: str = "") -> tuple[Pattern, ...]:
    """Find what differs by the day of the month.

    Parameters
    ----------
    users
        Mean users of each day, shape (days,), NaN where nothing usual was recorded.
    days
        The numbers of consecutive days, as `date.toordinal` counts.
    code
        Public holidays, as of the `holidays` package; they and the weekend are no working days.
    """
    if len(days) < LEAST_DAYS:
        return ()
    apart = _apart(np.where(_free(days, code, weekends=False), np.nan, users), days)
    known = ~np.isnan(apart)
    if known.sum() < LEAST_DAYS // 2:
        return ()
    found: list[Pattern] = []
    while len(found) < _MOST_PATTERNS:
        best = _best(apart, days, code)
        if best is None:
            break
        found.append(best)
        apart = np.where(np.isin(days, _days_of(best.place, days, code)), np.nan, apart)
    return tuple(found)


def _best(apart: Users, days: Days, code: str) -> Pattern | None:
    known = ~np.isnan(apart)
    usual = np.median(apart[known])
    spread = max(1.4826 * float(np.median(np.abs(apart[known] - usual))), _TINY)
    scores = np.clip((apart - usual) / spread, -_MOST_APART, _MOST_APART)
    best, best_score = None, _LEAST_SCORE
    for place in PLACES:
        chosen = np.isin(days, _days_of(place, days, code)) & known
        seen = int(chosen.sum())
        if seen < (_LEAST_QUARTERS if "quarter" in place else _LEAST_MONTHS):
            continue
        score = abs(float(scores[chosen].mean())) * seen**0.5
        middle = float(np.median(apart[chosen])) - usual
        agreeing = int((np.sign(apart[chosen] - usual) * np.sign(middle) > 0).sum())
        clear = abs(np.expm1(middle)) >= _LEAST_EFFECT and agreeing >= _LEAST_AGREEING * seen
        if clear and score > best_score:
            best, best_score = Pattern(place, float(np.exp(middle)), agreeing, seen), score
    return best


def _apart(users: Users, days: Days) -> Users:
    """Give the logarithm of each day's use over that of the same weekdays around it; NaN where either is unknown."""
    weeks = [np.roll(users, 7 * shift) for shift in range(-_WEEKS_AROUND, _WEEKS_AROUND + 1) if shift]
    at = np.arange(len(users))
    for shift, week in zip([one for one in range(-_WEEKS_AROUND, _WEEKS_AROUND + 1) if one], weeks, strict=True):
        week[(at - 7 * shift < 0) | (at - 7 * shift >= len(users))] = np.nan
    around = np.stack(weeks)
    count = (~np.isnan(around)).sum(axis=0)
    middle = np.full(len(users), np.nan)
    enough = count >= _WEEKS_AROUND
    middle[enough] = np.nanmedian(around[:, enough], axis=0)
    usable = (middle > 0) & (users > 0)
    return np.where(usable, np.log(np.where(usable, users, 1.0) / np.where(usable, middle, 1.0)), np.nan)


def _free(days: Days, code: str, *, weekends: bool = True) -> npt.NDArray[np.bool_]:
    free = np.isin(days, [day for year in _years(days) for day in public_holidays(code, year)])
    return free | ((days - 1) % 7 >= 5) if weekends else free


def _years(days: Days) -> range:
    return range(date.fromordinal(int(days[0])).year, date.fromordinal(int(days[-1])).year + 1)


def _pay_place(day: int) -> str:
    return f"day {day} of the month, or the working day before"


PLACES: tuple[str, ...] = (
    "last working day of the month",
    "last two working days of the month",
    "first working day of the month",
    "last two working days of the quarter",
    *(_pay_place(day) for day in range(2, 29)),
)


def _days_of(place: str, days: Days, code: str) -> Sequence[int]:
    """List the days at a place in the months that some days touch."""
    first, last = (date.fromordinal(int(day)) for day in (days[0], days[-1]))
    months = [(year, month) for year in range(first.year, last.year + 1) for month in range(1, 13)]
    return [day for year, month in months for day in _days_in(place, year, month, code)]


@lru_cache(maxsize=16384)
def _days_in(place: str, year: int, month: int, code: str) -> tuple[int, ...]:
    begin = date(year, month, 1)
    end = (begin + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    numbers = np.arange(begin.toordinal(), end.toordinal() + 1)
    working = numbers[~_free(numbers, code)]
    if place.startswith("day "):
        due = begin.replace(day=int(place.split()[1])).toordinal()
        return tuple(working[working <= due][-1:].tolist())
    if place.startswith("first"):
        return tuple(working[:1].tolist())
    if "quarter" in place and month % 3:
        return ()
    return tuple(working[-2 if "two" in place else -1 :].tolist())
