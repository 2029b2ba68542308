"""Usage that is known to differ for a while: what events make of a forecast.

Factors of events that overlap multiply. A number of users replaces the sum over all services of the team, or for `*` of
all teams together, and is split in proportion to what was expected (where that is nobody, to the averages over the
horizon, and equally where those are nobody too). It stands whatever factors say; of two numbers the later row holds,
and that of a team stands over that for all.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from scheduler.horizon import Horizon, Window
from scheduler.portfolio import Event

Users = npt.NDArray[np.float64]
EVERYBODY = "*"


def with_events(users: Users, teams: Sequence[str], steps: Horizon, events: Iterable[Event]) -> Users:
    """Give the forecast as events leave it.

    Parameters
    ----------
    users
        Expected users, shape (series, steps): all series of every team that an event changes the sum of.
    teams
        The team of each series.
    steps
        The grid; a step that an event covers in part is changed in part.
    events
        In the order of their file.
    """
    concerned = {EVERYBODY, *teams}
    events = [one for one in events if one.team in concerned and one.start < steps.end and steps.start < one.end]
    if not events or not len(users):
        return users
    usual, found = users.mean(axis=1), users.copy()
    edges = {min(max(edge, steps.start), steps.end) for one in events for edge in (one.start, one.end)}
    for start, end in pairwise(sorted(edges)):
        active = [one for one in events if one.start <= start < one.end]
        if active:
            there = slice(steps.floor(start), steps.ceil(end))
            change = _during(users[:, there], usual, teams, active) - users[:, there]
            found[:, there] += _covered(steps, Window(start, end), there) * change
    return found


def eventful(events: Sequence[Event], steps: Horizon, teams: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Mark the steps that events of each team touch, of which nothing usual can be learnt; shape (teams, steps)."""
    touched = {
        team: steps.touched(Window(one.start, one.end) for one in events if one.team in (EVERYBODY, team))
        for team in dict.fromkeys(teams)
    }
    return np.array([touched[team] for team in teams])


def _covered(steps: Horizon, window: Window, there: slice) -> Users:
    """Give the share of each step of a slice that a window covers."""
    index = np.arange(there.start, there.stop)
    first, last = _in_steps(steps, window.start), _in_steps(steps, window.end)
    share: Users = np.minimum(index + 1, last) - np.maximum(index, first)
    return share


def _in_steps(steps: Horizon, instant: datetime) -> float:
    return (instant - steps.start) / steps.slot


def _during(users: Users, usual: Users, teams: Sequence[str], active: Sequence[Event]) -> Users:
    """Give the users while the same events are on all the time."""
    found = users.copy()
    rows_of = [np.array([one.team in (EVERYBODY, team) for team in teams]) for one in active]
    for one, rows in zip(active, rows_of, strict=True):
        if one.factor is not None:
            found[rows] *= float(one.factor)
    for general in (True, False):
        for one, rows in zip(active, rows_of, strict=True):
            if one.users is not None and (one.team == EVERYBODY) is general and rows.any():
                found[rows] = float(one.users) * _shares(found[rows], usual[rows])
    return found


def _shares(users: Users, usual: Users) -> Users:
    """Give the part of each series in the sum, step by step."""
    total = users.sum(axis=0)
    otherwise = usual / usual.sum() if usual.sum() > 0 else np.full(len(usual), 1 / len(usual))
    return np.where(total > 0, users / np.where(total > 0, total, 1.0), otherwise[:, None])
