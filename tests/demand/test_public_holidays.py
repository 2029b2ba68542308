"""Public holidays by code and by local date."""

from datetime import UTC, date, datetime

import numpy as np
import pytest

from scheduler.demand.public_holidays import on_holiday, public_holidays
from scheduler.horizon import Horizon


@pytest.mark.parametrize(
    ("code", "day", "free"),
    [
        ("GB-ENG", date(2027, 3, 26), True),  # Good Friday
        ("GB-ENG", date(2027, 8, 2), False),  # a holiday in Scotland only
        ("GB-SCT", date(2027, 8, 2), True),
        ("US-NY", date(2027, 5, 31), True),  # Memorial Day
        ("SG", date(2027, 8, 9), True),  # National Day
        ("DE", date(2026, 10, 3), True),
        ("DE", date(2026, 10, 5), False),
        ("", date(2027, 12, 25), False),
    ],
)
def test_codes(code, day, free):
    assert (day.toordinal() in public_holidays(code, day.year)) is free


def test_unknown_codes_are_refused():
    with pytest.raises(NotImplementedError):
        public_holidays("XX-YY", 2027)


def test_a_holiday_lasts_from_local_midnight_to_midnight():
    # Christmas 2026 in Auckland (UTC+13) is 2026-12-24 11:00 to 2026-12-25 11:00 UTC; Boxing Day falls on Saturday and
    # is free too, so the holiday goes on until 12-26 11:00.
    steps = Horizon(datetime(2026, 12, 24, tzinfo=UTC), 4 * 24, 60, "UTC")
    assert np.flatnonzero(on_holiday(steps, "Pacific/Auckland", "NZ")).tolist()[:48] == list(range(11, 11 + 48))
    assert not on_holiday(steps, "Pacific/Auckland", "").any()


def test_years_meet():
    # 2026-12-25 and, past the turn of the year, 2027-01-01; 28 December 2026 is the observed Boxing Day.
    steps = Horizon(datetime(2026, 12, 24, tzinfo=UTC), 10, 1440, "UTC")
    assert np.flatnonzero(on_holiday(steps, "Europe/London", "GB-ENG")).tolist() == [1, 2, 4, 8]
