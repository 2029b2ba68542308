"""Days on which use is known to differ: those that the record shows month by month, and announced events, in words."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta

import numpy as np

from scheduler.carried import carried
from scheduler.demand.events import EVERYBODY, eventful
from scheduler.demand.history import histories
from scheduler.demand.month_ends import LEAST_DAYS, Pattern, find_patterns
from scheduler.horizon import Window, local_date_number
from scheduler.inputs.pairs import Pair
from scheduler.portfolio import Event, Portfolio
from scheduler.wording import window_text

_MOST_WEEKS = 104
_NEAR = timedelta(days=7)
_MOST_TOLD = 3


@carried("policy", "now", "teams", "events", "usage")
def patterns(portfolio: Portfolio) -> Mapping[Pair, tuple[Pattern, ...]]:
    """Find the patterns by the day of the month of every pair of team and service that was recorded for long enough."""
    usage = portfolio.usage
    if usage.empty or usage["start"].min() > portfolio.now - timedelta(days=LEAST_DAYS):
        return {}
    found: dict[Pair, tuple[Pattern, ...]] = {}
    for history in histories(portfolio, _MOST_WEEKS):
        unusual = eventful(portfolio.events, history.steps, [team for team, _ in history.pairs])
        users = np.where(unusual, np.nan, history.users)
        for row, pair in enumerate(history.pairs):
            team = portfolio.teams[pair[0]]
            days = history.steps.local_date_numbers(team.time_zone)
            at = days - days[0]
            known = ~np.isnan(users[row])
            total = np.bincount(at, weights=np.where(known, users[row], 0.0))
            count, whole = np.bincount(at, weights=known), np.bincount(at)
            # Part of a day would be compared with whole ones.
            means = np.where(count > 0.9 * whole, total / np.maximum(count, 1), np.nan)
            recorded = np.flatnonzero(~np.isnan(means))
            if not len(recorded):
                continue
            span = slice(int(recorded[0]), int(recorded[-1]) + 1)
            seen = find_patterns(means[span], (np.arange(len(means)) + days[0])[span], team.holidays)
            if seen:
                found[pair] = seen
    return found


def occasions(portfolio: Portfolio, teams: Iterable[str], window: Window) -> Iterator[str]:
    """Say what is known to change the use of some teams within a week of a window."""
    teams = list(teams)
    near = Window(window.start - _NEAR, window.end + _NEAR)
    zone = portfolio.policy.time_zone
    told = [
        f"{_whose(portfolio, one)}: {one.note or 'an event'}, {_size(one)}, "
        f"{window_text(Window(one.start, one.end), zone)}"
        for one in portfolio.events
        if (one.team == EVERYBODY or one.team in teams) and Window(one.start, one.end).overlaps(near)
    ]
    told += list(_monthly(portfolio, teams, near))
    yield from told[:_MOST_TOLD]
    if len(told) > _MOST_TOLD:
        yield f"{len(told) - _MOST_TOLD} further occasions near it change how much is used"


def _monthly(portfolio: Portfolio, teams: Iterable[str], near: Window) -> Iterator[str]:
    for (name, service), found in sorted(patterns(portfolio).items()):
        if name not in teams:
            continue
        team = portfolio.teams[name]
        days = _days(near.start, near.end, team.time_zone)
        for one in found:
            met = days[one.factors(days, team.holidays) != 1.0]
            if len(met):
                when = date.fromordinal(int(met[0]))
                yield f"{team.name or name} on {service}, {one.text}; here {when:%a} {when.day} {when:%b %Y}"


def _days(start: datetime, end: datetime, zone: str) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    return np.arange(local_date_number(start, zone), local_date_number(end, zone) + 1)


def _whose(portfolio: Portfolio, event: Event) -> str:
    return "all teams" if event.team == EVERYBODY else portfolio.teams[event.team].name or event.team


def _size(event: Event) -> str:
    if event.factor is None:
        return f"{float(event.users or 0):g} users"
    return f"{float(event.factor):g} × the usual use"
