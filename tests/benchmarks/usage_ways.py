"""Simple ways to forecast usage, each a function of what is known on a Monday; `usage_methods.py` compares them."""

from collections.abc import Callable, Sequence

import numpy as np

from scheduler.backtest.recordings import HISTORY_WEEKS, Floats, Origin

HOURS = 168
AHEAD = np.arange(2 * HOURS)
Way = Callable[[Origin], Floats]


def by_week(origin: Origin, holidays: bool) -> Floats:
    """Give the weeks of history, shape (series, weeks, 168), public holidays left out or not."""
    past = np.where(origin.past_holiday & holidays, np.nan, origin.past)
    return past.reshape(len(past), HISTORY_WEEKS, HOURS)


def averaged(weeks: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Give weighted means over weeks, the mean hour where one was never recorded, and the weight behind each."""
    known = ~np.isnan(weeks)
    total = (known * weight[:, None]).sum(axis=1)
    mean = (np.nan_to_num(weeks) * weight[:, None]).sum(axis=1) / np.where(total > 0, total, 1.0)
    level = np.nanmean(np.where(total > 0, mean, np.nan), axis=1, keepdims=True)
    return np.where(total > 0, mean, level), total


def shape_of_all(mean: Floats) -> Floats:
    """Give the smoothed shape that the series share, shape (168,)."""
    level = mean.mean(axis=1, keepdims=True)
    busy = level[:, 0] > 0
    shape = (mean[busy] / level[busy]).mean(axis=0) if busy.any() else np.ones(HOURS)
    return np.convolve(np.pad(shape, 2, mode="wrap"), np.array([1, 2, 3, 2, 1]) / 9, "valid")


def exponential(holidays: bool, prior_weeks: float = 0.0) -> Way:
    """Weigh weeks with a half-life of three, and lean on the organisation's shape."""

    def found(origin: Origin) -> Floats:
        weight = 0.5 ** (np.arange(HISTORY_WEEKS - 1, -1, -1) / 3)
        mean, total = averaged(by_week(origin, holidays), weight)
        if prior_weeks:
            level = mean.mean(axis=1, keepdims=True)
            mean = (total * mean + prior_weeks * level * shape_of_all(mean)) / (total + prior_weeks)
        return _ahead(mean, origin, holidays)

    return found


def eight_weeks(origin: Origin) -> Floats:
    return _ahead(averaged(by_week(origin, False)[:, -8:], np.ones(8))[0], origin, False)


def seasonal_naive(origin: Origin) -> Floats:
    last, mean = by_week(origin, False)[:, -1], averaged(by_week(origin, False), np.ones(HISTORY_WEEKS))[0]
    return _ahead(np.where(np.isnan(last), mean, last), origin, False)


def at_random(origin: Origin) -> Floats:
    return np.random.default_rng(origin.monday).uniform(size=(len(origin.names), 2 * HOURS))


def with_totals_known(known: Sequence[Origin]) -> Way:
    """Give a way that no one can go: every day's total is what it really was."""
    seen = {(one.family, one.monday): one.ahead for one in known}
    usual = exponential(True, 2.0)

    def found(origin: Origin) -> Floats:
        expected, ahead = usual(origin), seen[origin.family, origin.monday]
        there = ~np.isnan(ahead)
        came, hoped = (
            np.where(there, values, 0.0).reshape(len(ahead), -1, 24).sum(axis=2) for values in (ahead, expected)
        )
        return expected * np.repeat(np.divide(came, hoped, out=np.ones_like(came), where=hoped > 0), 24, axis=1)

    return found


def _ahead(profile: Floats, origin: Origin, holidays: bool) -> Floats:
    step = np.where(origin.holiday_ahead & holidays, 144 + AHEAD % 24, AHEAD % HOURS)
    return np.take_along_axis(profile, step, axis=1)


WAYS: dict[str, Way] = {
    "a permitted slot at random": at_random,
    "last week, same slot": seasonal_naive,
    "mean of 8 weeks": eight_weeks,
    "half-life 3 weeks (EW3)": exponential(False),
    "EW3, holidays as Sundays": exponential(True),
    "EW3 shrunk to the organisation": exponential(False, 2.0),
    "both (HIER-HOL)": exponential(True, 2.0),
}
