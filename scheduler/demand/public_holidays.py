"""Public holidays by the codes of the `holidays` package, such as `GB-ENG`, `US-NY` or `SG`."""

from datetime import date, datetime
from functools import lru_cache

import holidays
import numpy as np
import numpy.typing as npt

from scheduler.horizon import Horizon, Mask

# Measured on real series: a working day between a holiday and a weekend, and the quietest holidays of the year, have
# about this share of the use of a usual day of theirs.
_QUIETER = 0.9
_QUIETEST_DAYS = {(12, 25), (1, 1)}
_MONDAY, _FRIDAY = 0, 4


@lru_cache(maxsize=1024)
def public_holidays(code: str, year: int) -> frozenset[int]:
    """Give the days of a year that are public holidays, observed ones included, as `local_date_number` counts them.

    An empty code has none.

    Raises
    ------
    NotImplementedError
        Where the package knows no such country or subdivision.
    """
    if not code:
        return frozenset()
    country, _, subdivision = code.partition("-")
    dates = holidays.country_holidays(country, subdiv=subdivision or None, years=year)
    return frozenset(day.toordinal() for day in dates)


def on_holiday(steps: Horizon, zone: str, code: str) -> Mask:
    """Mark the steps whose local date in `zone` is a public holiday; shape (slots of `steps`,)."""
    days = steps.local_date_numbers(zone)
    if not code or not len(days):
        return np.zeros(steps.slots, dtype=np.bool_)
    first, last = (datetime.fromordinal(int(day)).year for day in (days[0], days[-1]))
    return np.isin(days, [day for year in range(first, last + 1) for day in public_holidays(code, year)])


def quieter(days: npt.NDArray[np.int64], code: str) -> npt.NDArray[np.float64]:
    """Give the share of the usual use that local days have, holidays taken as Sundays; shape (days,).

    Days are numbered as by `local_date_number`. Less is used on Christmas and New Year's Day than on other Sundays, and
    on a Friday after or a Monday before a holiday than on others, which many people take off.
    """
    if not code or not len(days):
        return np.ones(len(days))
    numbers, where = np.unique(days, return_inverse=True)
    # A holiday just outside makes its neighbour inside a day to take off.
    around = np.concatenate(([numbers[0] - 1], numbers, [numbers[-1] + 1]))
    holiday = [_is_holiday(number, code) for number in around.tolist()]
    return quieter_days(around, np.array(holiday)[None])[0, 1:-1][where]


def quieter_days(days: npt.NDArray[np.int64], holiday: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Give those shares where it is known which of consecutive days are holidays; of the same shape as `holiday`.

    Parameters
    ----------
    days
        Their numbers, shape (days,).
    holiday
        Which of them are holidays, shape (series, days).
    """
    dates = [date.fromordinal(number) for number in days.tolist()]
    weekday = np.array([day.weekday() for day in dates])
    quietest = np.array([(day.month, day.day) in _QUIETEST_DAYS for day in dates])
    beside = np.pad(holiday, ((0, 0), (1, 1)))
    between = (beside[:, :-2] & (weekday == _FRIDAY)) | (beside[:, 2:] & (weekday == _MONDAY))
    return np.where(np.where(holiday, quietest, between), _QUIETER, 1.0)


def _is_holiday(number: int, code: str) -> bool:
    return number in public_holidays(code, date.fromordinal(number).year)
