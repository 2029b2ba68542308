"""A portfolio as it would have been asked for in a past week: the same work, moved back with everything that is dated.

Changes, decisions, announcements, preferences and the intervals of calendar files move back by whole weeks on the wall
clock of the policy's zone, and so does the instant of planning. Recorded usage, announced events and public holidays
stay where they were, and only what was recorded before that instant is known.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from scheduler.demand.history import recorded_slots
from scheduler.demand.topology import clients
from scheduler.demand.usage import expected_users
from scheduler.horizon import Window, wall_to_utc
from scheduler.portfolio import Change, Portfolio

LEAST_HISTORY_WEEKS = 4
Pair = tuple[str, str]


def replayable_weeks(portfolio: Portfolio) -> list[int]:
    """List by how many weeks the portfolio can be moved back, farthest first.

    There must be four weeks of recorded usage before, and the whole horizon must lie before the last record and `now`.
    """
    usage = portfolio.usage
    users = usage["users"].to_numpy(dtype=np.float64)
    known = usage[~np.isnan(users)]
    if known.empty:
        return []
    first = known["start"].min().to_pydatetime()
    last = (known["start"] + known["minutes"].astype("timedelta64[m]")).max().to_pydatetime()
    # A record that begins or ends within a day of what is needed is as good as one that has it all.
    slack = timedelta(days=1)
    last = min(last + slack, max(portfolio.now, portfolio.horizon.start))
    found = []
    for weeks in range(1, int((portfolio.horizon.end - first) / timedelta(weeks=1)) + 1):
        start, end = (_back(instant, weeks, portfolio) for instant in (portfolio.horizon.start, portfolio.horizon.end))
        if end <= last and start - timedelta(weeks=LEAST_HISTORY_WEEKS) >= first - slack:
            found.append(weeks)
    return found[::-1]


def moved_back(portfolio: Portfolio, weeks: int) -> Portfolio:
    """Give the portfolio as it would have been `weeks` earlier."""

    def back(instant: datetime) -> datetime:
        return _back(instant, weeks, portfolio)

    def maybe(instant: datetime | None) -> datetime | None:
        return None if instant is None else back(instant)

    now = min(back(portfolio.now), back(portfolio.policy.start))
    calendars = {
        name: one
        if one.periods is None
        else replace(one, periods=tuple(Window(back(span.start), back(span.end)) for span in one.periods))
        for name, one in portfolio.calendars.items()
    }
    return replace(
        portfolio,
        policy=replace(portfolio.policy, start=back(portfolio.policy.start)),
        now=now,
        changes={
            name: replace(one, earliest=maybe(one.earliest), due=maybe(one.due), fixed_start=maybe(one.fixed_start))
            for name, one in portfolio.changes.items()
        },
        calendars=calendars,
        decisions=tuple(
            replace(one, start=back(one.start), announced_at=maybe(one.announced_at)) for one in portfolio.decisions
        ),
        preferences=tuple(replace(one, start=maybe(one.start), end=maybe(one.end)) for one in portfolio.preferences),
        announced={name: (back(start), back(told)) for name, (start, told) in portfolio.announced.items()},
        # Lengths are learnt from work that was over.
        history=tuple(one for one in portfolio.history if one.actual_end is None or one.actual_end < now),
        known_users=None,
    )


def shortened(portfolio: Portfolio, weeks: int, keep: Iterable[str] | None = None) -> Portfolio:
    """Cut the horizon to its first weeks, with only some of the changes where `keep` names them."""
    kept = set(portfolio.changes if keep is None else keep)
    changes = {name: _among(one, kept) for name, one in portfolio.changes.items() if name in kept}
    decisions = tuple(one for one in portfolio.decisions if one.change in kept)
    announced = {name: told for name, told in portfolio.announced.items() if name in kept}
    policy = replace(portfolio.policy, weeks=min(weeks, portfolio.policy.weeks))
    return replace(portfolio, policy=policy, changes=changes, decisions=decisions, announced=announced)


def _among(change: Change, kept: set[str]) -> Change:
    return replace(
        change,
        after=tuple(one for one in change.after if one.change in kept),
        not_with=tuple(one for one in change.not_with if one in kept),
        same_window_as=tuple(one for one in change.same_window_as if one in kept),
    )


def as_it_was(portfolio: Portfolio) -> Portfolio:
    """Give a past portfolio with the users that were really recorded in its horizon; where none were, the forecast."""
    pairs = [(team, service) for service, teams in clients(portfolio).items() for team in teams]
    expected, recorded = expected_users(portfolio), recorded_slots(portfolio)
    met: dict[Pair, npt.NDArray[np.int64]] = {}
    for pair in pairs:
        users = expected[pair]
        if pair in recorded:
            real = recorded[pair]
            users = np.where(np.isnan(real), users, np.floor(np.nan_to_num(real) * 1000 + 0.5)).astype(np.int64)
        met[pair] = users
    return replace(portfolio, known_users=met)


def looked_back(portfolio: Portfolio, weeks: int = 1) -> Portfolio | None:
    """Give the weeks up to the last midnight of the record before now, as seen when they began, without any work.

    None where fewer than four weeks of record lie before them.
    """
    zone = portfolio.policy.time_zone
    usage = portfolio.usage[portfolio.usage["start"] < portfolio.now]
    if usage.empty:
        return None
    last = usage["start"].max().to_pydatetime() + timedelta(hours=1)
    midnight = last.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    start = wall_to_utc(midnight - timedelta(weeks=weeks), zone)
    if start - timedelta(weeks=LEAST_HISTORY_WEEKS) < usage["start"].min().to_pydatetime():
        return None
    policy = replace(portfolio.policy, start=start, weeks=weeks)
    nothing = replace(portfolio, changes={}, decisions=(), announced={}, preferences=(), known_users=None)
    # What is carried over between what-ifs of today stays as it is.
    return replace(nothing, policy=policy, now=start, _carried={})


def _back(instant: datetime, weeks: int, portfolio: Portfolio) -> datetime:
    zone = portfolio.policy.time_zone
    wall = instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None) - timedelta(weeks=weeks)
    return wall_to_utc(wall, zone).astimezone(UTC)
