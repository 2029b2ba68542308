"""What the coming weeks may be like: the forecast, departed from as each past week departed from the weeks before it.

A scenario is one past week's use of all teams by the hour of the local week, beside the forecast, so that holidays,
events and trends ahead stay what they are. What a week departs from is the weighted mean of the weeks before it, as it
could have been forecast then, and departures grow with the level of a series. A year of weeks, not the few that the
forecast looks at: of the worst tenth of twelve weeks chance decides more than use (tests/benchmarks/tail.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scheduler.carried import carried
from scheduler.demand.events import eventful
from scheduler.demand.history import History, histories, step_of_week, steps_of
from scheduler.demand.occasions import patterns
from scheduler.demand.public_holidays import on_holiday
from scheduler.demand.usage import USAGE_PARTS, expected_users
from scheduler.horizon import MINUTES_PER_WEEK
from scheduler.inputs.pairs import Pair
from scheduler.portfolio import Portfolio

MOST_WEEKS = 52
LEAST_WEEKS = 3
"""Fewer scenarios say nothing, and fewer weeks before a week nothing of what was to be expected of it."""

# Weeks that count toward the mean before the first scenario.
_WEEKS_BEFORE = 12
_MOST_GROWTH = 4.0
_TINY = 1e-9
Users = npt.NDArray[np.float64]
Narrow = npt.NDArray[np.float32]
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Scenarios:
    """Users of every client pair in `count` scenarios, the latest week first; none where few weeks are known.

    `departures` has shape (scenarios, steps of the week) for the pairs that have any, `clocks` the step of the local
    week of each step of the horizon by team, `per_slot` steps make a slot.
    """

    count: int
    expected: Mapping[Pair, Whole]
    departures: Mapping[Pair, Narrow]
    clocks: Mapping[str, Whole]
    per_slot: int

    def users(self, pair: Pair, slots: slice = slice(None)) -> Whole:
        """Give the users of a pair in thousandths; shape (scenarios, slots)."""
        usual = self.expected[pair][slots]
        if pair not in self.departures:
            return np.broadcast_to(usual, (self.count, len(usual)))
        steps = self.clocks[pair[0]].reshape(-1, self.per_slot)[slots]
        ahead = self.departures[pair][:, steps].mean(axis=2, dtype=np.float64)
        found: Whole = np.maximum(np.rint(usual + 1000 * ahead), 0).astype(np.int64)
        return found


@carried(*USAGE_PARTS)
def scenarios(portfolio: Portfolio) -> Scenarios:
    """Give the scenarios of a portfolio: up to a year of weeks, the least being three."""
    steps, settings = steps_of(portfolio), portfolio.policy.forecast
    found: dict[Pair, Narrow] = {}
    known = 0
    for history in histories(portfolio, MOST_WEEKS + _WEEKS_BEFORE):
        weeks = _by_week(portfolio, history)
        known = max(known, _reach(weeks))
        found.update(zip(history.pairs, departures(weeks, settings.half_life_weeks), strict=True))
    count = known if known >= LEAST_WEEKS else 0
    clocks = {team: step_of_week(steps, portfolio.teams[team].time_zone) for team, _ in found}
    cut = {pair: one[:count] for pair, one in found.items() if count}
    return Scenarios(count, expected_users(portfolio), cut, clocks, steps.slots // portfolio.horizon.slots)


def departures(weeks: Users, half_life: float) -> Narrow:
    """Give how far each week was from the mean of the weeks before it, at the level that the series has now.

    Parameters
    ----------
    weeks
        Users, shape (series, weeks, steps of the week), the latest week first; NaN where nothing usual was recorded.
    half_life
        Weeks after which a week counts half in that mean.

    Returns
    -------
    Narrow
        Shape (series, at most `MOST_WEEKS`, steps); 0 where a step was not recorded or never before.
    """
    series, count, steps = weeks.shape
    fading = 0.5 ** (1 / half_life)
    total, weight = np.zeros((series, steps)), np.zeros((series, steps))
    seen = np.zeros(series, dtype=np.int64)
    found = np.zeros((series, min(count, MOST_WEEKS), steps), dtype=np.float32)
    levels = np.ones((series, found.shape[1]))
    for ago in range(count - 1, -1, -1):
        week = weeks[:, ago]
        recorded = ~np.isnan(week)
        if ago < found.shape[1]:
            mean = np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)
            there = recorded & (weight > 0) & (seen >= LEAST_WEEKS)[:, None]
            found[:, ago] = np.where(there, week - mean, 0.0)
            levels[:, ago] = _level(mean, weight)
        total = fading * total + np.where(recorded, week, 0.0)
        weight = fading * weight + recorded
        seen += recorded.any(axis=1)
    mean = np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)
    level = _level(mean, weight)[:, None]
    grown = np.divide(level, levels, out=np.ones_like(levels), where=levels > _TINY * level)
    found *= np.minimum(grown, _MOST_GROWTH)[:, :, None]
    return found


def _level(mean: Users, weight: Users) -> Users:
    """Give the mean over the steps that are known, shape (series,)."""
    known = weight > 0
    found: Users = np.where(known, mean, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return found


def _by_week(portfolio: Portfolio, history: History) -> Users:
    """Put what was usual in a history by week and step of the local week; shape (pairs, weeks, steps)."""
    steps = history.steps
    ago = (steps.slots - 1 - np.arange(steps.slots)) * steps.slot_minutes // MINUTES_PER_WEEK
    unusual = eventful(portfolio.events, steps, [team for team, _ in history.pairs])
    weeks = np.full((len(history.pairs), int(ago[0]) + 1, MINUTES_PER_WEEK // steps.slot_minutes), np.nan)
    for row, pair in enumerate(history.pairs):
        team = portfolio.teams[pair[0]]
        away = unusual[row] | on_holiday(steps, team.time_zone, team.holidays)
        days = steps.local_date_numbers(team.time_zone)
        for one in patterns(portfolio).get(pair, ()):
            away |= one.factors(days, team.holidays) != 1.0
        weeks[row, ago, step_of_week(steps, team.time_zone)] = np.where(away, np.nan, history.users[row])
    return weeks


def _reach(weeks: Users) -> int:
    """Give how many weeks back there are weeks of any series with enough weeks before them."""
    recorded = (~np.isnan(weeks)).sum(axis=2) > 0
    before = np.cumsum(recorded[:, ::-1], axis=1)[:, ::-1] - recorded
    some = np.flatnonzero(np.logical_and(recorded, before >= LEAST_WEEKS).sum(axis=0))
    return min(MOST_WEEKS, int(some[-1]) + 1) if len(some) else 0
