"""Our forecast of the next two weeks, as the protocol asks for it: the same that plans are made with."""

import numpy as np

from scheduler.backtest.recordings import AHEAD_WEEKS, HISTORY_WEEKS, HOURS_PER_WEEK, Floats, Origin
from scheduler.demand.profile import Block, weekly_profiles
from scheduler.demand.public_holidays import quieter_days
from scheduler.demand.recent import departures
from scheduler.horizon import DAYS
from scheduler.portfolio import Forecast

_SETTINGS = Forecast(history_weeks=HISTORY_WEEKS)
_PAST, _AHEAD = np.arange(HISTORY_WEEKS * HOURS_PER_WEEK), np.arange(AHEAD_WEEKS * HOURS_PER_WEEK)


def forecast(origin: Origin) -> Floats:
    """Forecast the use of each hour of the next two weeks; shape (series, 336)."""
    past = np.where(origin.past_holiday, np.nan, origin.past)
    # A series recorded on holidays only has nothing better to go by.
    past = np.where(np.isnan(past).all(axis=1, keepdims=True), origin.past, past)
    days = origin.monday + _AHEAD // 24
    ago = HISTORY_WEEKS - 1 - _PAST // HOURS_PER_WEEK
    (profile,) = weekly_profiles([Block(past, _PAST % HOURS_PER_WEEK, ago)], HOURS_PER_WEEK, _SETTINGS)
    sunday = DAYS.index("Sun") * 24 + _AHEAD % 24
    expected = np.take_along_axis(profile, np.where(origin.holiday_ahead, sunday, _AHEAD % HOURS_PER_WEEK), axis=1)
    recent = departures(
        past, origin.monday - HISTORY_WEEKS * 7 + _PAST // 24, _PAST % 24, profile, _SETTINGS.half_life_weeks
    )
    holiday = origin.holiday_ahead[:, ::24]
    usual = quieter_days(days[::24], holiday)
    return recent.ahead(expected * np.repeat(usual, 24, axis=1), days, _AHEAD % 24, origin.holiday_ahead)
