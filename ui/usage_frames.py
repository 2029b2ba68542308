"""Frames about usage that charts draw: what the forecast said and what came, and how busy a chosen window is."""

from collections.abc import Mapping
from datetime import datetime

import numpy as np
import pandas as pd

from scheduler.backtest.past import looked_back
from scheduler.backtest.replay import HABITS, Replayed
from scheduler.carried import carried
from scheduler.demand.history import Users, recorded_slots
from scheduler.demand.topology import clients, effects
from scheduler.demand.usage import USAGE_PARTS, expected_users
from scheduler.horizon import Window
from scheduler.inputs.pairs import Pair
from scheduler.portfolio import Portfolio, remembered
from scheduler.summary import HABIT_NAMES
from scheduler.wording import money_text

from .heat import local_slots, people_on

FORECAST, RECORDED = "forecast then", "recorded"
WAYS = {"plan": "this way of planning", "oracle": "an oracle that knew"}


def forecast_and_record(
    portfolio: Portfolio, *, service: str | None = None, team: str | None = None
) -> pd.DataFrame | None:
    """Compare the last recorded week before now with what was forecast when it began; None where too little is known.

    People are those of a service, of a team, or all of them, counted once per team, as everywhere. Teams on services
    that were recorded throughout are counted, or where there are none those recorded at all. Columns are `start`
    (local, in the policy's zone), `users` and `kind`.
    """
    then = _last_week(portfolio)
    if then is None:
        return None
    expected, recorded = expected_users(then), _recorded(then)
    known = [
        (user, node)
        for node, teams in clients(portfolio).items()
        for user in teams
        if service in (None, node) and team in (None, user) and (user, node) in recorded
    ]
    known = [pair for pair in known if not np.isnan(recorded[pair]).any()] or known
    if not known:
        return None
    starts = local_slots(then, portfolio.policy.time_zone)
    by_team: dict[str, list[tuple[str, str]]] = {}
    for pair in known:
        by_team.setdefault(pair[0], []).append(pair)
    lines = {
        FORECAST: sum(np.maximum.reduce([expected[pair] / 1000 for pair in pairs]) for pairs in by_team.values()),
        RECORDED: sum(np.maximum.reduce([recorded[pair] for pair in pairs]) for pairs in by_team.values()),
    }
    frames = [pd.DataFrame({"start": starts, "users": users, "kind": kind}) for kind, users in lines.items()]
    return pd.concat(frames, ignore_index=True)


def forecast_text(lines: pd.DataFrame) -> str:
    """Say how far a forecast was off, in the mean over the slots that were recorded.

    >>> forecast_text(pd.DataFrame({"users": [8.0, 10.0, 10.0, 10.0], "kind": [FORECAST] * 2 + [RECORDED] * 2}))
    'off by 1.0 of 10.0 people in the mean hour (10%)'
    """
    hoped, came = (lines.loc[lines["kind"] == kind, "users"].to_numpy() for kind in (FORECAST, RECORDED))
    apart, mean = float(np.nanmean(np.abs(hoped - came))), float(np.nanmean(came))
    share = f" ({apart / mean:.0%})" if mean > 0 else ""
    return f"off by {apart:,.1f} of {mean:,.1f} people in the mean hour{share}"


# What else a portfolio holds goes into the answer unread: there is no work in it.
@carried(*USAGE_PARTS, "services")
def _last_week(portfolio: Portfolio) -> Portfolio | None:
    return looked_back(portfolio)


@remembered
def _recorded(portfolio: Portfolio) -> Mapping[Pair, Users]:
    return recorded_slots(portfolio)


def window_use(portfolio: Portfolio, change: str, window: Window, habits: Mapping[str, datetime]) -> pd.DataFrame:
    """Give the people whose services a change takes down: in its window, in each habit's, and in the average hour.

    `habits` gives the start that each habit would have chosen, by name. Columns are `label`, `amount` (people at once,
    the mean over the window), `text` and `kind` (plan, habit, average).
    """
    horizon = portfolio.horizon
    effect = effects(portfolio)[change]
    users = people_on(portfolio, effect.out | effect.degraded)
    length = max(1, horizon.ceil(window.end) - horizon.floor(window.start))

    def mean(start: datetime) -> float:
        first = max(0, horizon.floor(start))
        return float(users[first : first + length].mean()) if first < horizon.slots else 0.0

    rows = [("this window", mean(window.start), "plan")]
    rows += [(HABIT_NAMES.get(name, name), mean(start), "habit") for name, start in habits.items()]
    rows.append(("the average hour", float(users.mean()), "average"))
    frame = pd.DataFrame(rows, columns=["label", "amount", "kind"])
    return frame.assign(text=[f"{amount:,.1f}" for amount in frame["amount"]])


def past_costs(told: Replayed) -> pd.DataFrame:
    """Give what every way of planning cost in each week replayed.

    Columns are `start` (local), `way`, `cents`, `amount`, `cost` and `kind` (plan, habit, oracle).
    """
    policy = told.portfolio.policy
    rows = []
    for past in told.pasts:
        start = past.start.astimezone(told.portfolio.horizon.start.tzinfo)
        local = pd.Timestamp(start).tz_convert(policy.time_zone).tz_localize(None)
        for name in ("oracle", "plan", *HABITS):
            cents = past.cents[name]
            kind = name if name in WAYS else "habit"
            cost = money_text(cents, policy.currency, whole=True)
            rows.append((local, WAYS.get(name) or HABIT_NAMES.get(name, name), cents, cents / 100, cost, kind))
    return pd.DataFrame(rows, columns=["start", "way", "cents", "amount", "cost", "kind"])
