"""No service is expected to be out for longer, in 28 days, than the service levels of the teams that use it allow.

Counted is what is expected, [start, end), and once where changes overlap; what is only degraded is not. The days are
consecutive blocks from the start of the horizon on the policy's clock, and a last part block has the full limit. The
strictest team decides.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from scheduler.demand.topology import clients, effects
from scheduler.horizon import Window, common, join, wall_to_utc, window_sums
from scheduler.law import Rule
from scheduler.portfolio import Portfolio, remembered
from scheduler.schedule import Schedule, Violation, known
from scheduler.wording import window_text

if TYPE_CHECKING:
    from scheduler.solver.problem import Problem

NAME = "outage minutes"
_BLOCK = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class _Promise:
    """The strictest limit on a service or group, whose it is, and the changes that put the service or group out."""

    node: str
    team: str
    minutes: int
    changes: tuple[str, ...]


def check(portfolio: Portfolio, schedule: Schedule) -> Iterator[Violation]:
    """Find blocks of days in which something is expected out for longer than a team was promised."""
    zone = portfolio.policy.time_zone
    placed = {placement.change: placement for placement in known(portfolio, schedule)}
    for promise in _promises(portfolio):
        running = [placed[change] for change in promise.changes if change in placed]
        out = join(placement.expected for placement in running)
        for block in _blocks(portfolio):
            inside = common(out, [block])
            minutes = sum((window.end - window.start for window in inside), timedelta()) // timedelta(minutes=1)
            if minutes > promise.minutes:
                changes = tuple(sorted(one.change for one in running if one.expected.overlaps(block)))
                text = (
                    f"{promise.node} is expected out for {minutes} minutes in {window_text(block, zone)}; "
                    f"{promise.team} is promised {promise.minutes} at most"
                )
                yield Violation(rule=NAME, changes=changes, text=text, window=Window(inside[0].start, inside[-1].end))


def post(portfolio: Portfolio, problem: "Problem") -> None:
    """Count the slots in which something is out by a cell, and limit them in each block.

    What the same changes put out is limited once, by the strictest promise.
    """
    strictest: dict[tuple[str, ...], _Promise] = {}
    for promise in _promises(portfolio):
        if promise.changes not in strictest or promise.minutes < strictest[promise.changes].minutes:
            strictest[promise.changes] = promise
    period = _periods(portfolio)
    free = np.zeros(portfolio.horizon.slots, dtype=np.int64)
    for changes, promise in strictest.items():
        limit = promise.minutes // portfolio.horizon.slot_minutes
        if sum(map(portfolio.length, changes)) > limit:
            cell = problem.cell(free, [(change, 0, portfolio.length(change)) for change in changes])
            limits = np.full(int(period.max()) + 1, limit, dtype=np.int64)
            problem.budget(NAME, promise.node, [cell], period, limits)
        for change in changes:
            if portfolio.length(change) > limit:
                # Too long even alone, wherever it does not lie across the end of a block.
                problem.mask(NAME, change, _alone(period, portfolio.length(change)) <= limit)


def _alone(period: npt.NDArray[np.int64], length: int) -> npt.NDArray[np.int64]:
    """Give for every start the most slots of a window of `length` slots that lie in one block; shape (slots,)."""
    most = np.zeros(len(period), dtype=np.int64)
    for block in np.unique(period):
        inside = np.concatenate(((period == block).astype(np.int64), np.zeros(length, dtype=np.int64)))
        most = np.maximum(most, window_sums(inside, length, len(period)))
    return most


@remembered
def _promises(portfolio: Portfolio) -> tuple[_Promise, ...]:
    takers: dict[str, list[str]] = {}
    for change in sorted(portfolio.changes):
        for node in effects(portfolio)[change].out:
            takers.setdefault(node, []).append(change)
    found = []
    for node in sorted(takers):
        limits = [
            (portfolio.level_of(team).max_outage_minutes_per_28_days, team) for team in clients(portfolio).get(node, ())
        ]
        promised = [(minutes, team) for minutes, team in limits if minutes is not None]
        if promised:
            minutes, team = min(promised)
            found.append(_Promise(node, team, minutes, tuple(takers[node])))
    return tuple(found)


@remembered
def _blocks(portfolio: Portfolio) -> tuple[Window, ...]:
    """Cut the horizon into blocks of 28 local days; a slot across their boundary belongs to the block it starts in."""
    horizon, zone = portfolio.horizon, portfolio.policy.time_zone
    local = horizon.start.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    edges = [horizon.start]
    while edges[-1] < horizon.end:
        edge = wall_to_utc(local + len(edges) * _BLOCK, zone)
        edges.append(min(horizon.at(horizon.ceil(edge)), horizon.end))
    return tuple(Window(edges[number], edges[number + 1]) for number in range(len(edges) - 1))


def _periods(portfolio: Portfolio) -> npt.NDArray[np.int64]:
    """Give the number of its block for every slot."""
    horizon = portfolio.horizon
    numbers = np.zeros(horizon.slots, dtype=np.int64)
    for number, block in enumerate(_blocks(portfolio)):
        numbers[horizon.floor(block.start) : horizon.floor(block.end)] = number
    return numbers


RULE = Rule(
    NAME, "No service is expected out for more minutes in 28 days than a team that uses it was promised.", check, post
)
