"""Recorded usage for tests: rows of usage, and portfolios whose forecast comes from them."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
from builders import portfolio, when

from scheduler.demand.usage import expected_users
from scheduler.horizon import wall_to_utc
from scheduler.portfolio import Forecast, Portfolio, Team, no_usage

Row = tuple[str, str, datetime, int, float]
MINUTES_PER_WEEK = 7 * 24 * 60


def person(id: str, *, zone: str = "UTC", holidays: str = "", headcount: int | None = None, uses: str = "") -> Team:
    uses_all = tuple(part for part in uses.split(";") if part)
    return Team(id=id, time_zone=zone, holidays=holidays, headcount=headcount, uses=uses_all)


def minute_of_week(instant: datetime, zone: str) -> int:
    local = instant.astimezone(ZoneInfo(zone))
    return local.weekday() * 1440 + local.hour * 60 + local.minute


def weekly(
    team: Team,
    users_at: Callable[[int], float],
    until: datetime,
    *,
    weeks: int = 12,
    minutes: int = 60,
    service: str = "app",
) -> list[Row]:
    """Record rows over the `weeks` before `until`: each has the users of the local minute of the week it starts at."""
    count = weeks * MINUTES_PER_WEEK // minutes
    starts = [until - timedelta(minutes=minutes * n) for n in range(count, 0, -1)]
    return [(team.id, service, at, minutes, users_at(minute_of_week(at, team.time_zone))) for at in starts]


def recorded(
    rows: Iterable[Row], teams: Iterable[Team], *, forecast: Forecast | None = None, **about: object
) -> Portfolio:
    """Build a portfolio that forecasts from rows of (team, service, start, minutes, users)."""
    p = portfolio(teams=teams, **about)
    frame = pd.DataFrame(list(rows), columns=["team", "service", "start", "minutes", "users"])
    policy = replace(p.policy, forecast=forecast or Forecast())
    return replace(p, usage=frame.astype(no_usage().dtypes.to_dict()), known_users=None, policy=policy)


def users_at(p: Portfolio, team: str, local: str, service: str = "app") -> float:
    """Give the expected users in the slot that holds an instant, a local time such as `2027-03-29 09:00`, or ISO."""
    zone = p.teams[team].time_zone
    if local.endswith("Z") or local[:3].isalpha():
        instant = when(local)
    else:
        instant = wall_to_utc(datetime.fromisoformat(local), zone)
    return float(expected_users(p)[team, service][p.horizon.floor(instant.astimezone(UTC))]) / 1000
