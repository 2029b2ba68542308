"""Public holidays by the codes of the `holidays` package, such as `GB-ENG`, `US-NY` or `SG`."""

from datetime import datetime
from functools import lru_cache

import holidays
import numpy as np

from scheduler.horizon import Horizon, Mask


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
