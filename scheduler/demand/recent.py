"""What the last weeks tell beyond a weekly profile: a level that drifts, days unlike others, and hours that move.

A day that was busier than its profile is likely to be followed by another, less and less so (an autoregression of
order one on daily levels, and on the shape within the day, each with the autocorrelation of the series itself, as in
Box and Jenkins, "Time Series Analysis", 1970). Levels and hours that move steadily from week to week, as with the
seasons, are carried on for two weeks and no further. Measured on real series: it is the nights of unusual weather and
the turn of the season that a weekly profile misses.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Users = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
# With less history an autocorrelation is noise.
_LEAST_DAYS = 28
_DRIFT = 1.0
_DRIFT_OF_HOURS = 0.7
# A slope counts as far as its square exceeds so many times the square of its standard error.
_CLEAR = 6.0
_WEEKS_CARRIED_ON = 2.0
_MOST_PERSISTENCE = 0.95
# Hours of a day may differ from the profile by this share: a night that is nearly empty stays so.
_MOST_OF_HOUR = 0.1
_LEAST_LEVEL = 0.2
_TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Departures:
    """How series have lately departed from their profiles; each array has one row per series.

    `last` is the number of the last local day that was recorded, `drift` the growth of the level per week as a share,
    `level` that day's excess as a share and `shape` its users beside that, `lasting` and `shape_lasting` what is left
    of them a day later, `hours` the users that working days and weekends gain per week, by step of the day, and
    `since` how many weeks before the last day the profile stands for.
    """

    last: Whole
    drift: Users
    level: Users
    lasting: Users
    shape: Users
    shape_lasting: Users
    hours: Users
    since: Users

    def of(self, rows: Whole | slice) -> "Departures":
        """Give those of some series."""
        return Departures(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def ahead(self, expected: Users, days: Whole, step_of_day: Whole, sundays: npt.NDArray[np.bool_]) -> Users:
        """Give what a forecast becomes; shape (series, steps).

        Parameters
        ----------
        expected
            What the profiles expect.
        days
            The number of the local day of each step.
        step_of_day
            The step of that day.
        sundays
            Where the day is used as a Sunday is, being a public holiday; shape (steps,) or (series, steps).
        """
        first = days[0]
        ahead = np.maximum(np.arange(first, days[-1] + 1) - self.last[:, None], 1)
        weeks = np.minimum((ahead - 1) / 7, _WEEKS_CARRIED_ON)
        level = np.maximum(1 + _DRIFT * self.drift[:, None] * weeks, 0.3)
        level *= np.maximum(1 + self.level[:, None] * self.lasting[:, None] ** ahead, _LEAST_LEVEL)
        fading = self.shape_lasting[:, None] ** ahead
        at = days - first
        weekend = (((days - 1) % 7 >= 5) | sundays).astype(np.int64)
        rows = np.arange(len(expected))[:, None]
        moved = (
            _DRIFT_OF_HOURS
            * self.hours[rows, np.atleast_2d(weekend), step_of_day]
            * (self.since[:, None] + weeks)[:, at]
        )
        found = expected + _limited(moved, expected)
        found *= level[:, at]
        found += _limited(self.shape[:, step_of_day] * fading[:, at], found)
        return np.maximum(found, 0.0)


def departures(users: Users, days: Whole, step_of_day: Whole, profile: Users, half_life: float) -> Departures:
    """Compare what was recorded with profiles.

    Parameters
    ----------
    users
        Shape (series, steps of history), NaN where nothing usual was recorded.
    days, step_of_day
        The number of the local day of each step (Monday = 1 modulo 7), and the step of that day.
    profile
        Shape (series, steps of the week).
    half_life
        Weeks after which a week counts half.
    """
    series, per_day = len(users), profile.shape[1] // 7
    count = int(days[-1] - days[0]) + 1
    values = np.full((series, count, per_day), np.nan)
    values[:, days - days[0], step_of_day] = users
    weekday = (days[0] - 1 + np.arange(count)) % 7
    usual = profile.reshape(series, 7, per_day)[:, weekday]
    recorded = ~np.isnan(values)
    apart = np.where(recorded, values - usual, 0.0)
    usual = np.where(recorded, usual, 0.0)
    mass, whole = usual.sum(axis=2), profile.reshape(series, 7, per_day).sum(axis=2)[:, weekday]
    known = (mass > 0.5 * whole) & (mass > _TINY * whole.mean(axis=1, keepdims=True))
    excess = np.where(known, np.clip(_share(apart.sum(axis=2), mass), -1.0, 1.0), 0.0)
    shape = np.where(known[:, :, None], apart - usual * excess[:, :, None], 0.0)
    enough = known.sum(axis=1) >= _LEAST_DAYS
    at = count - 1 - np.argmax(known[:, ::-1], axis=1)
    one = np.arange(series)
    drift, hours, since = _trends(apart, usual, recorded, weekday, half_life)
    return Departures(
        last=days[0] + np.where(enough, at, count - 1),
        drift=np.where(enough, drift, 0.0),
        level=np.where(enough, excess[one, at], 0.0),
        lasting=_persistence(excess[:, :, None], known),
        shape=np.where(enough[:, None], shape[one, at], 0.0),
        shape_lasting=_persistence(shape, known),
        hours=np.where(enough[:, None, None], hours, 0.0),
        since=since,
    )


def _persistence(values: Users, known: npt.NDArray[np.bool_]) -> Users:
    """Give the autocorrelation from day to day of each series, within [0, 1); shape (series,)."""
    both = known[:, 1:] & known[:, :-1]
    product = (np.einsum("sdh,sdh->sd", values[:, 1:], values[:, :-1]) * both).sum(axis=1)
    square = (np.einsum("sdh,sdh->sd", values, values) * known).sum(axis=1)
    found = _share(_share(product, both.sum(axis=1)), _share(square, known.sum(axis=1)))
    return np.clip(found, 0.0, _MOST_PERSISTENCE)


def _trends(
    apart: Users, usual: Users, recorded: npt.NDArray[np.bool_], weekday: Whole, half_life: float
) -> tuple[Users, Users, Users]:
    """Fit lines through the weeks: growth of the level, users gained per step of working days and weekends."""
    series, count, per_day = apart.shape
    weeks = -(-count // 7)
    empty = weeks * 7 - count

    def by_week(values: Users) -> Users:
        return np.pad(values, ((0, 0), (empty, 0), (0, 0))).reshape(series, weeks, 7, per_day)

    apart, usual, cells = by_week(apart), by_week(usual), by_week(recorded.astype(np.float64))
    weight = 0.5 ** ((weeks - 1 - np.arange(weeks)) / half_life)
    ago = np.arange(weeks) - (weeks - 1.0)
    mass = usual.sum(axis=(2, 3))
    drift, _ = _line(_share(apart.sum(axis=(2, 3)), mass)[:, :, None], weight[:, None] * (mass > 0)[:, :, None], ago)
    hours = np.zeros((series, 2, per_day))
    weekend = weekday[-7:] >= 5 if count >= 7 else np.zeros(7, dtype=np.bool_)
    for kind, chosen in enumerate((~weekend, weekend)):
        some = cells[:, :, chosen].sum(axis=2)
        mean = _share(apart[:, :, chosen].sum(axis=2), some)
        filled = (some > 0).sum(axis=2, keepdims=True)
        mean -= _share(mean.sum(axis=2, keepdims=True), filled)
        slope, error = _line(mean, weight[:, None] * (some > 0), ago)
        square = (slope**2).mean(axis=1)
        clear = np.clip(1 - _CLEAR * _share(error.mean(axis=1), square), 0.0, 1.0)
        hours[:, kind] = slope * np.where(square > 0, clear, 0.0)[:, None]
    centre = float((weight * ago).sum() / weight.sum())
    return drift[:, 0], hours, np.full(series, -centre)


def _line(values: Users, weight: Users, when: Users) -> tuple[Users, Users]:
    """Give the slope of a weighted line, and the square of its standard error; values of shape (series, weeks, n)."""
    total = weight.sum(axis=1, keepdims=True)
    weight = _share(weight, total)
    apart = when[:, None] - (weight * when[:, None]).sum(axis=1, keepdims=True)
    middle = (weight * values).sum(axis=1, keepdims=True)
    spread = (weight * apart**2).sum(axis=1)
    slope = _share((weight * apart * (values - middle)).sum(axis=1), spread)
    left = (weight * (values - middle - slope[:, None] * apart) ** 2).sum(axis=1)
    count = (weight > 0).sum(axis=1)
    return slope, _share(left, np.maximum(count - 2, 1) * spread)


def _limited(change: Users, users: Users) -> Users:
    return np.clip(change, -_MOST_OF_HOUR * users, _MOST_OF_HOUR * users)


def _share(part: Users, whole: npt.NDArray[np.number]) -> Users:
    found: Users = np.divide(part, whole, out=np.zeros(np.broadcast_shapes(part.shape, whole.shape)), where=whole > 0)
    return found
