"""When services are used and teams at work: expected people, as frames that charts draw.

People are counted once per team: of all that a team uses there, the service with most of its users says how many are
at work. Times are local, without a zone in the values; whoever shows them names the zone.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from scheduler.demand.impact import prices
from scheduler.demand.topology import behind_services, clients
from scheduler.demand.usage import expected_users
from scheduler.horizon import DAYS, Window
from scheduler.portfolio import Portfolio, remembered
from scheduler.schedule import Schedule

from .frames import money
from .text import labels, visible

By = Literal["service", "team"]
Measure = Literal["people", "cost"]
People = npt.NDArray[np.float64]
LEVELS = (0.05, 0.2, 0.4, 0.6, 0.8)
"""Shares of the busiest hour at which one level of heat ends and the next begins."""
LEVEL_NAMES = ("up to 5%", "to 20%", "to 40%", "to 60%", "to 80%", "to 100%")
HEAT_COLUMNS = ("id", "row", "start", "end", "users", "share", "level")
WEEK_COLUMNS = ("day", "hour", "users", "cents", "cost", "share", "level", "windows", "changes")


def row_labels(portfolio: Portfolio, by: By) -> Mapping[str, str]:
    """Give the label of every service, or team, by its id."""
    return _service_labels(portfolio) if by == "service" else _team_labels(portfolio)


@remembered
def _service_labels(portfolio: Portfolio) -> Mapping[str, str]:
    return labels({id: service.name for id, service in portfolio.services.items()})


@remembered
def _team_labels(portfolio: Portfolio) -> Mapping[str, str]:
    return labels({id: team.name for id, team in portfolio.teams.items()})


def people(portfolio: Portfolio, by: By, id: str) -> People:
    """Give the people expected in each slot of a team, or on a service and what is not up without it; shape (slots,).

    Raises
    ------
    KeyError
        If the portfolio has no such service.
    """
    if by == "team":
        nodes = {node for node, teams in clients(portfolio).items() if id in teams}
        return _at_work(portfolio, nodes, [id])
    return _at_work(portfolio, behind_services(portfolio)[id], portfolio.teams)


def people_on(portfolio: Portfolio, nodes: Iterable[str]) -> People:
    """Give the people expected at work on some services or groups in each slot; shape (slots,)."""
    return _at_work(portfolio, nodes, portfolio.teams)


def usage_heat(
    portfolio: Portfolio,
    by: By = "service",
    *,
    ids: Iterable[str] | None = None,
    inside: Window | None = None,
    hours: int = 1,
    zone: str | None = None,
) -> pd.DataFrame:
    """Give expected people per row and step of `hours`, for some services (or teams) and a part of the horizon.

    Columns are `HEAT_COLUMNS`: `start` and `end` local in `zone` (the policy's), `share` of the row's busiest step in
    the whole horizon, `level` its place among `LEVELS`. Rows follow `ids`, or else the portfolio.
    """
    zone = zone or portfolio.policy.time_zone
    names = row_labels(portfolio, by)
    local = local_slots(portfolio, zone)
    steps, step_of = np.unique(local.astype(f"datetime64[{hours}h]"), return_inverse=True)
    touched = portfolio.horizon.touched([inside or portfolio.horizon.window])
    shown = np.bincount(step_of, weights=touched) > 0
    chosen = list(names if ids is None else ids)
    means = np.zeros((len(chosen), len(steps)))
    for row, id in enumerate(chosen):
        means[row] = np.bincount(step_of, weights=people(portfolio, by, id)) / np.bincount(step_of)
    most = means.max(axis=1, initial=0, keepdims=True)
    share = (means / np.where(most > 0, most, 1))[:, shown].ravel()
    first = pd.Series(np.tile(steps[shown].astype("datetime64[us]"), len(chosen)))
    return pd.DataFrame(
        {
            "id": np.repeat(np.array(chosen, dtype=object), int(shown.sum())),
            "row": np.repeat(np.array([names[id] for id in chosen], dtype=object), int(shown.sum())),
            "start": first,
            "end": first + pd.Timedelta(hours=hours),
            "users": means[:, shown].ravel(),
            "share": share,
            "level": _levels(share),
        }
    ).astype({"id": "str", "row": "str"})


def merged(heat: pd.DataFrame) -> pd.DataFrame:
    """Join neighbouring steps of one row and level, which look the same; users and shares become their means."""
    if heat.empty:
        return heat
    follows = (
        (heat["row"] == heat["row"].shift())
        & (heat["level"] == heat["level"].shift())
        & (heat["start"] == heat["end"].shift())
    )
    return (
        heat.groupby((~follows).cumsum(), sort=False)
        .agg(
            id=("id", "first"),
            row=("row", "first"),
            start=("start", "first"),
            end=("end", "last"),
            users=("users", "mean"),
            share=("share", "mean"),
            level=("level", "first"),
        )
        .reset_index(drop=True)
    )


def hour_of_week(
    portfolio: Portfolio,
    schedule: Schedule | None = None,
    *,
    team: str | None = None,
    service: str | None = None,
    measure: Measure = "people",
    zone: str | None = None,
) -> pd.DataFrame:
    """Give the people expected in every hour of a local week, and the windows of a schedule that fall into it.

    All 168 rows, with `WEEK_COLUMNS`: `cents` is what the hour would cost with everything out, weighted by service
    level, and `measure` says of which of the two `share` and `level` are. A window falls into the hours that its
    expected part [start, end) touches; `changes` names them. `team` or `service` narrows people and cost, not windows.
    """
    zone = zone or portfolio.policy.time_zone
    local = local_slots(portfolio, zone)
    days = local.astype("datetime64[D]")
    # 1970-01-01 was a Thursday.
    hour = ((days.astype(np.int64) + 3) % 7) * 24 + (local - days).astype("timedelta64[h]").astype(np.int64)
    nodes = list(clients(portfolio) if service is None else behind_services(portfolio)[service])
    teams = list(portfolio.teams) if team is None else [team]
    counted = np.maximum(np.bincount(hour, minlength=168), 1)
    users = np.bincount(hour, weights=_at_work(portfolio, nodes, teams), minlength=168) / counted
    per_hour = 60 / portfolio.horizon.slot_minutes
    cents = np.bincount(hour, weights=_without(portfolio, nodes, teams), minlength=168) / counted * per_hour
    measured = users if measure == "people" else cents
    share = measured / (measured.max(initial=0) or 1)
    inside: dict[int, dict[str, None]] = {}
    for placement in sorted(schedule.placements if schedule else (), key=lambda one: (one.start, one.change)):
        for slot in np.flatnonzero(portfolio.horizon.touched([placement.expected])):
            inside.setdefault(int(hour[slot]), {})[placement.change] = None
    return pd.DataFrame(
        {
            "day": [DAYS[number // 24] for number in range(168)],
            "hour": np.arange(168) % 24,
            "users": users,
            "cents": cents,
            "cost": [money(portfolio, round(one), whole=True) for one in cents],
            "share": share,
            "level": _levels(share),
            "windows": [len(inside.get(number, ())) for number in range(168)],
            "changes": [", ".join(visible(one) for one in inside.get(number, ())) for number in range(168)],
        }
    )


def local_slots(portfolio: Portfolio, zone: str) -> npt.NDArray[np.datetime64]:
    """Give the wall-clock time at which each slot starts, without a zone, in minutes; shape (slots,)."""
    horizon = portfolio.horizon
    minutes = horizon.local_minute_of_week(zone) % 1440
    days = horizon.local_date_numbers(zone) - date(1970, 1, 1).toordinal()
    return (days * 1440 + minutes).astype("datetime64[m]")


def _at_work(portfolio: Portfolio, nodes: Iterable[str], teams: Iterable[str]) -> People:
    users, users_of, chosen = expected_users(portfolio), clients(portfolio), set(teams)
    by_team: dict[str, list[npt.NDArray[np.int64]]] = {}
    for node in nodes:
        for team in users_of.get(node, ()):
            if team in chosen:
                by_team.setdefault(team, []).append(users[team, node])
    total = np.zeros(portfolio.horizon.slots, dtype=np.int64)
    for rows in by_team.values():
        total += np.maximum.reduce(rows)
    return total / 1000


def _without(portfolio: Portfolio, nodes: Iterable[str], teams: Iterable[str]) -> People:
    """Price every slot with some nodes out for some teams, in weighted cents."""
    price, users_of, chosen = prices(portfolio), clients(portfolio), set(teams)
    total = np.zeros(portfolio.horizon.slots, dtype=np.float64)
    for node in nodes:
        for team in chosen.intersection(users_of.get(node, ())):
            total += price.weighted(team, node, Fraction(1))
    return total


def _levels(share: People) -> npt.NDArray[np.int64]:
    return np.searchsorted(LEVELS, share, side="left")
