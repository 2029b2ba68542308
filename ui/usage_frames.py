"""Frames about usage that charts draw: what the forecast said and what came, and how busy a chosen window is."""

from collections.abc import Mapping
from datetime import datetime

import numpy as np
import pandas as pd

from scheduler.backtest.past import looked_back
from scheduler.backtest.replay import HABITS, Replayed
from scheduler.demand.history import recorded_slots
from scheduler.demand.topology import clients, effects
from scheduler.demand.usage import expected_users
from scheduler.horizon import Window
from scheduler.portfolio import Portfolio
from scheduler.summary import HABIT_NAMES
from scheduler.wording import money_text

from .heat import local_slots, people_on

FORECAST, RECORDED = "forecast then", "recorded"
WAYS = {"plan": "this way of planning", "oracle": "an oracle that knew"}


def forecast_and_record(portfolio: Portfolio, service: str, weeks: int = 1) -> pd.DataFrame | None:
    """Compare the last whole weeks before now with what was forecast when they began; None where too little is known.

    Columns are `start` (local, in the policy's zone), `users` of all teams on the service, and `kind`.
    """
    then = looked_back(portfolio, weeks)
    pairs = [(team, service) for team in clients(portfolio).get(service, ())]
    if then is None or not pairs:
        return None
    recorded, expected = recorded_slots(then), expected_users(then)
    known = [pair for pair in pairs if pair in recorded and pair in expected]
    if not known:
        return None
    starts = local_slots(then, portfolio.policy.time_zone)
    lines = {
        FORECAST: sum((expected[pair] / 1000 for pair in known), np.zeros(len(starts))),
        RECORDED: sum((recorded[pair] for pair in known), np.zeros(len(starts))),
    }
    frames = [pd.DataFrame({"start": starts, "users": users, "kind": kind}) for kind, users in lines.items()]
    return pd.concat(frames, ignore_index=True)


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
