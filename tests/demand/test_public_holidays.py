"""Public holidays by code and by local date."""

from datetime import UTC, date, datetime

import numpy as np
import pytest

from scheduler.demand.public_holidays import on_holiday, public_holidays, quieter
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


# --- the days beside them ------------------------------------------------------------------------------------------


def shares(first, days, code="US"):
    return quieter(np.arange(days) + date.fromisoformat(first).toordinal(), code).round(2).tolist()


def test_the_friday_after_thanksgiving_and_the_monday_before_a_tuesday_holiday_are_quieter():
    # Thanksgiving 2026: Thursday 26 November. Christmas 2029 is a Tuesday, the Monday before it a bridge.
    assert shares("2026-11-25", 4) == [1.0, 1.0, 0.9, 1.0]
    assert shares("2029-12-24", 3) == [0.9, 0.9, 1.0]


def test_the_quietest_holidays_are_quieter_than_a_sunday():
    # 2027-01-01 is a Friday; 2026-12-25 too, and neither has a working day between it and the weekend.
    assert shares("2026-12-24", 4) == [1.0, 0.9, 1.0, 1.0]
    assert shares("2027-01-01", 2) == [0.9, 1.0]


def test_a_holiday_just_before_the_first_day_counts():
    assert shares("2026-11-27", 1) == [0.9]


def test_without_a_code_every_day_is_usual():
    assert shares("2026-12-24", 4, code="") == [1.0, 1.0, 1.0, 1.0]


def test_days_may_come_in_any_number_of_steps():
    steps = np.repeat(np.arange(2) + date(2026, 12, 25).toordinal(), 3)
    assert quieter(steps, "US").tolist() == [0.9, 0.9, 0.9, 1.0, 1.0, 1.0]
