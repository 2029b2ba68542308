"""What the coming weeks may be like: the forecast, departed from as each past week departed from the mean of them.

A scenario is one past week's use of all teams by the hour of the local week, put beside the forecast, so that holidays,
events and trends ahead stay what they are and the mean over scenarios is the forecast, but for what would be negative.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from scheduler.carried import carried
from scheduler.demand.events import eventful
from scheduler.demand.history import histories, step_of_week, steps_of
from scheduler.demand.public_holidays import on_holiday
from scheduler.demand.usage import USAGE_PARTS, expected_users
from scheduler.horizon import MINUTES_PER_WEEK
from scheduler.inputs.pairs import Pair
from scheduler.portfolio import Portfolio

LEAST_WEEKS = 3
Users = npt.NDArray[np.float64]
Thousandths = npt.NDArray[np.int64]


@carried(*USAGE_PARTS)
def scenarios(portfolio: Portfolio) -> Sequence[Mapping[Pair, Thousandths]]:
    """Give the users of every client pair in each scenario, in thousandths; none where few weeks are known.

    Three weeks are the least. Arrays have shape (slots,). The latest week comes first.
    """
    steps, expected = steps_of(portfolio), expected_users(portfolio)
    per_slot = steps.slots // portfolio.horizon.slots
    apart: dict[Pair, Users] = {}
    for history in histories(portfolio):
        unusual = eventful(portfolio.events, history.steps, [team for team, _ in history.pairs])
        ago = (history.steps.slots - 1 - np.arange(history.steps.slots)) * steps.slot_minutes // MINUTES_PER_WEEK
        for row, pair in enumerate(history.pairs):
            team = portfolio.teams[pair[0]]
            away = unusual[row] | on_holiday(history.steps, team.time_zone, team.holidays)
            weeks = np.full((int(ago[0]) + 1, MINUTES_PER_WEEK // steps.slot_minutes), np.nan)
            weeks[ago, step_of_week(history.steps, team.time_zone)] = np.where(away, np.nan, history.users[row])
            apart[pair] = _departures(weeks)
    count = max((len(one) for one in apart.values()), default=0)
    if count < LEAST_WEEKS:
        return ()
    clocks = {team: step_of_week(steps, portfolio.teams[team].time_zone) for team, _ in apart}
    found: list[dict[Pair, Thousandths]] = []
    for week in range(count):
        users: dict[Pair, Thousandths] = {}
        for pair, usual in expected.items():
            differs = apart[pair][week] if pair in apart and week < len(apart[pair]) else None
            if differs is None:
                users[pair] = usual
                continue
            ahead = differs[clocks[pair[0]]].reshape(-1, per_slot).mean(axis=1)
            users[pair] = np.maximum(np.rint(usual + 1000 * ahead), 0).astype(np.int64)
        found.append(users)
    return found


def _departures(weeks: Users) -> Users:
    """Give each week's departure from the mean of them, 0 where it was not recorded; weeks without any record go."""
    known = ~np.isnan(weeks)
    count = known.sum(axis=0)
    mean = np.where(known, weeks, 0.0).sum(axis=0) / np.maximum(count, 1)
    return np.where(known, weeks - mean, 0.0)[known.any(axis=1)]
