"""How many users each team is expected to have on each service it uses, slot by slot.

Exponentially weighted averages per local step of the week, public holidays taken as Sundays, shrunk toward the shape
of the whole organisation where a series is noisy, and corrected by how the last weeks departed from them. The habit's
hours count a little less, so that they are left for clear gains only. Days of the month that differ, and events that
are known beforehand, change that for a while, and what was recorded during them teaches nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt

from scheduler.carried import carried
from scheduler.demand.events import EVERYBODY, eventful, with_events
from scheduler.demand.habit import in_habit, unclear_gains
from scheduler.demand.history import histories, step_minutes, step_of_week, steps_of
from scheduler.demand.month_ends import Pattern
from scheduler.demand.occasions import patterns
from scheduler.demand.profile import Block, weekly_profiles
from scheduler.demand.public_holidays import on_holiday, quieter
from scheduler.demand.recent import Departures, departures
from scheduler.demand.topology import clients
from scheduler.horizon import MINUTES_PER_DAY, MINUTES_PER_WEEK, Horizon, WeeklyHours
from scheduler.portfolio import Portfolio, Team

Pair = tuple[str, str]
Users = npt.NDArray[np.float64]
Thousandths = npt.NDArray[np.integer]
# All that expected users depend on.
USAGE_PARTS = ("policy", "now", "teams", "events", "usage", "known_users")
_OFFICE_HOURS = WeeklyHours.parse("Mon-Fri 08:00-18:00")


@dataclass(frozen=True, slots=True)
class _Profiles:
    """Expected users per local step of the week, each of shape (steps,), by where they come from."""

    recorded: Mapping[Pair, Users]
    assumed: Mapping[Pair, Users]
    recent: Mapping[Pair, Departures]
    unclear: Mapping[Pair, float]
    monthly: Mapping[Pair, Sequence[Pattern]]


@carried(*USAGE_PARTS)
def expected_users(portfolio: Portfolio) -> "Narrow":
    """Give the expected users of every client pair (team, service or group), in thousandths; shape (slots,).

    Users that the portfolio knows beforehand replace the forecast, events included. Arrays are not to be written to.
    """
    known, profiles = portfolio.known_users or {}, _profiles(portfolio)
    steps, slots = steps_of(portfolio), portfolio.horizon.slots
    clocks: dict[tuple[str, str], _Clock] = {}
    found: dict[Pair, Thousandths] = {}
    pairs = sorted((team, service) for service, teams in clients(portfolio).items() for team in teams)
    for pair in pairs:
        if pair in known:
            found[pair] = np.array(known[pair], dtype=np.int64)
    for together in _seen_together(portfolio, [pair for pair in pairs if pair not in known]):
        rows = []
        for pair in together:
            team = portfolio.teams[pair[0]]
            clock = team.time_zone, team.holidays
            if clock not in clocks:
                clocks[clock] = _Clock.of(steps, *clock)
            rows.append(clocks[clock].expected(profiles, pair))
        forecast = with_events(np.array(rows), [team for team, _ in together], steps, portfolio.events)
        if steps.slots > slots:
            forecast = forecast.reshape(len(together), slots, -1).mean(axis=2)
        found.update(zip(together, _thousandths(forecast), strict=True))
    return Narrow({pair: found[pair] for pair in pairs})


@dataclass(frozen=True, slots=True)
class _Clock:
    """The steps of the horizon on the wall clock of a team, and how quiet its days are; each of shape (steps,)."""

    of_week: npt.NDArray[np.int64]
    of_day: npt.NDArray[np.int64]
    days: npt.NDArray[np.int64]
    holiday: npt.NDArray[np.bool_]
    quieter: Users
    habit: npt.NDArray[np.bool_]
    holidays_of: str

    @classmethod
    def of(cls, steps: Horizon, zone: str, holidays_of: str) -> "_Clock":
        days, holiday = steps.local_date_numbers(zone), on_holiday(steps, zone, holidays_of)
        of_week = step_of_week(steps, zone, holidays_of)
        of_day = of_week % (MINUTES_PER_DAY // steps.slot_minutes)
        habit = in_habit(MINUTES_PER_WEEK // steps.slot_minutes)[step_of_week(steps, zone)]
        return cls(of_week, of_day, days, holiday, quieter(days, holidays_of), habit, holidays_of)

    def expected(self, profiles: _Profiles, pair: Pair) -> Users:
        if pair not in profiles.recorded:
            assumed: Users = profiles.assumed[pair][self.of_week]
            return assumed
        expected = profiles.recorded[pair][self.of_week] * self.quieter
        for one in profiles.monthly.get(pair, ()):
            expected *= one.factors(self.days, self.holidays_of)
        found: Users = profiles.recent[pair].ahead(expected[None], self.days, self.of_day, self.holiday)[0]
        found -= np.minimum(profiles.unclear[pair], found) * self.habit
        return found


class Narrow(Mapping[Pair, npt.NDArray[np.int64]]):
    """Arrays kept in as few bits as they need, and given in 64: thousands of pairs would fill gigabytes else."""

    def __init__(self, kept: Mapping[Pair, Thousandths]) -> None:
        self._kept = kept

    def __getitem__(self, pair: Pair) -> npt.NDArray[np.int64]:
        users = self._kept[pair].astype(np.int64, copy=False)
        users.flags.writeable = False
        return users

    def within(self, pair: Pair, slots: slice | npt.NDArray[np.int64]) -> Thousandths:
        """Give the users of some slots in whatever bits they are kept."""
        return self._kept[pair][slots]

    def __iter__(self) -> Iterator[Pair]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)


def _seen_together(portfolio: Portfolio, pairs: Sequence[Pair]) -> list[list[Pair]]:
    """Group pairs so that every sum that an event replaces lies in one group: by team, or all of them."""
    if any(event.team == EVERYBODY and event.users is not None for event in portfolio.events):
        return [list(pairs)]
    return [list(group) for _, group in groupby(pairs, key=lambda pair: pair[0])]


@carried(*USAGE_PARTS)
def assumed(portfolio: Portfolio) -> frozenset[Pair]:
    """Give the client pairs whose users are assumed, because no value was recorded before now."""
    return frozenset(_profiles(portfolio).assumed)


@carried(*USAGE_PARTS)
def _profiles(portfolio: Portfolio) -> _Profiles:
    recorded, recent, unclear = _recorded(portfolio)
    known = portfolio.known_users or {}
    pairs = [(team, service) for service, teams in clients(portfolio).items() for team in teams]
    missing = [pair for pair in pairs if pair not in recorded and pair not in known]
    lent = {pair: _assume(portfolio, pair, recorded) for pair in missing}
    return _Profiles(recorded, lent, recent, unclear, patterns(portfolio))


def _recorded(
    portfolio: Portfolio,
) -> tuple[Mapping[Pair, Users], Mapping[Pair, Departures], Mapping[Pair, float]]:
    settings = portfolio.policy.forecast
    profiles = weekly_profiles(
        (part.block for part in _parts(portfolio)), MINUTES_PER_WEEK // step_minutes(portfolio), settings
    )
    recorded: dict[Pair, Users] = {}
    recent: dict[Pair, Departures] = {}
    unclear: dict[Pair, float] = {}
    # What was recorded is read twice: all of it at once may fill gigabytes, and profiles lean on those of all series.
    for part, profile in zip(_parts(portfolio), profiles, strict=True):
        recorded.update(zip(part.pairs, profile, strict=True))
        found = departures(part.block.users, part.days, part.of_day, profile, settings.half_life_weeks)
        recent.update({pair: found.of(slice(row, row + 1)) for row, pair in enumerate(part.pairs)})
        unclear.update(
            zip(part.pairs, unclear_gains(part.block.users, part.block.step_of_week, profile).tolist(), strict=True)
        )
    return recorded, recent, unclear


@dataclass(frozen=True, slots=True)
class _Part:
    """What was recorded of some series on one clock; `days` numbers the local day of each step, `of_day` its steps."""

    pairs: Sequence[Pair]
    block: Block
    days: npt.NDArray[np.int64]
    of_day: npt.NDArray[np.int64]


def _parts(portfolio: Portfolio) -> Iterator[_Part]:
    """Give what was recorded of all series, part by part."""
    for history in histories(portfolio):
        steps = history.steps
        ago = (steps.slots - 1 - np.arange(steps.slots)) * steps.slot_minutes // MINUTES_PER_WEEK
        per_day = MINUTES_PER_DAY // steps.slot_minutes
        clocks: dict[tuple[str, str], list[int]] = {}
        for row, (team, _) in enumerate(history.pairs):
            clocks.setdefault((portfolio.teams[team].time_zone, portfolio.teams[team].holidays), []).append(row)
        for (zone, holidays_of), rows in clocks.items():
            users = history.users[rows]
            pairs, days = [history.pairs[row] for row in rows], steps.local_date_numbers(zone)
            unusual = on_holiday(steps, zone, holidays_of) | eventful(
                portfolio.events, steps, [team for team, _ in pairs]
            )
            for row, pair in enumerate(pairs):
                for one in patterns(portfolio).get(pair, ()):
                    unusual[row] |= one.factors(days, holidays_of) != 1.0
            ordinary = np.where(unusual, np.nan, users)
            # A series recorded on holidays and during events only has nothing better to go by.
            users = np.where(np.isnan(ordinary).all(axis=1, keepdims=True), users, ordinary)
            of_week = step_of_week(steps, zone)
            yield _Part(pairs, Block(users, of_week, ago), days, of_week % per_day)


def _assume(portfolio: Portfolio, pair: Pair, recorded: Mapping[Pair, Users]) -> Users:
    """Take the profile of the other teams that use the service, or else office hours."""
    team = portfolio.teams[pair[0]]
    similar = {other: profile for (other, service), profile in recorded.items() if service == pair[1]}
    if not similar:
        return _office_hours(portfolio, team)
    levels = {other: float(profile.mean()) for other, profile in similar.items()}
    shapes = [profile / levels[other] for other, profile in similar.items() if levels[other] > 0]
    heads = {other: portfolio.teams[other].headcount or 0 for other in similar}
    counted = [other for other in similar if heads[other]]
    if team.headcount is not None and counted:
        level = team.headcount * sum(levels[other] for other in counted) / sum(heads[other] for other in counted)
    else:
        level = sum(levels.values()) / len(levels)
    shape: Users = np.mean(shapes, axis=0) if shapes else np.zeros(len(next(iter(similar.values()))))
    return level * shape


def _office_hours(portfolio: Portfolio, team: Team) -> Users:
    minutes = step_minutes(portfolio)
    # Where the grid is not aligned with local hours, a step may lie partly inside the office hours.
    late = int(steps_of(portfolio).local_minute_of_week(team.time_zone)[0]) % minutes
    start = np.arange(0, MINUTES_PER_WEEK, minutes) + late
    inside = np.zeros(len(start))
    for day, opens, closes in _OFFICE_HOURS.spans:
        begin, end = day * MINUTES_PER_DAY + opens, day * MINUTES_PER_DAY + closes
        inside += np.clip(np.minimum(start + minutes, end) - np.maximum(start, begin), 0, None) / minutes
    return inside * (1 if team.headcount is None else team.headcount)


def _thousandths(users: Users) -> Thousandths:
    # Sums of floats miss a half by a few units of the last place; half up must not hang on that.
    rounded = np.floor(np.round(users * 1000, 6) + 0.5)
    most = float(rounded.max(initial=0.0))
    return rounded.astype(np.int32 if most <= np.iinfo(np.int32).max else np.int64)
