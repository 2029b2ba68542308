"""Every affected team hears of a window a promised number of calendar days before it.

Days are counted between local dates in the team's zone. A window that was announced keeps the day it was announced
on; any other is announced now. A team is affected if something it uses becomes degraded or goes out. Emergency
changes are exempt, and so are pinned and fixed starts.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from scheduler.demand.topology import affected_teams
from scheduler.horizon import Horizon, Mask, local_date_number
from scheduler.law import Rule
from scheduler.portfolio import Portfolio
from scheduler.schedule import Schedule, Violation, announced_at, known
from scheduler.standing import standing
from scheduler.wording import day_text

if TYPE_CHECKING:
    from scheduler.solver.problem import Problem

NAME = "notice"


def check(portfolio: Portfolio, schedule: Schedule) -> Iterator[Violation]:
    """Find windows that a team hears of too late."""
    for placement in known(portfolio, schedule):
        if placement.start in _exempt(portfolio, placement.change):
            continue
        told = announced_at(portfolio, placement.change, placement.start) or portfolio.now
        for team, days, zone in _promises(portfolio, placement.change):
            given = local_date_number(placement.start, zone) - local_date_number(told, zone)
            if given < days:
                text = (
                    f"{placement.change} on {day_text(placement.start, zone)} gives {team} {given} days of notice "
                    f"from {day_text(told, zone)} ({zone}) instead of {days}"
                )
                yield Violation(rule=NAME, changes=(placement.change,), text=text, window=placement.reserved)


def post(portfolio: Portfolio, problem: "Problem") -> None:
    """Mask the starts too soon after now, but for windows announced long enough ago."""
    horizon, announced = portfolio.horizon, _announced_starts(portfolio)
    masks: dict[tuple[tuple[str, int], ...], Mask] = {}
    for change in portfolio.changes:
        strictest: dict[str, int] = {}
        for _, days, zone in _promises(portfolio, change):
            strictest[zone] = max(days, strictest.get(zone, days))
        if not strictest:
            continue
        key = tuple(sorted(strictest.items()))
        if key not in masks:
            late = [
                horizon.local_date_numbers(zone) < local_date_number(portfolio.now, zone) + days for zone, days in key
            ]
            masks[key] = ~np.logical_or.reduce(late)
        mask = masks[key].copy() if change in announced or _exempt(portfolio, change) else masks[key]
        for start in announced.get(change, ()):
            told, slot = announced_at(portfolio, change, start), _slot(horizon, start)
            if told is not None and slot is not None:
                mask[slot] = all(
                    local_date_number(start, zone) >= local_date_number(told, zone) + days for zone, days in key
                )
        for start in _exempt(portfolio, change):
            slot = _slot(horizon, start)
            if slot is not None:
                mask[slot] = True
        problem.mask(NAME, change, mask)


def _promises(portfolio: Portfolio, change: str) -> Iterator[tuple[str, int, str]]:
    """Give team, days and time zone for every promise of notice that binds a change."""
    if portfolio.changes[change].type == "emergency":
        return
    for team in affected_teams(portfolio, change):
        days = portfolio.notice_days(team)
        if days is not None:
            yield team, days, portfolio.teams[team].time_zone


def _exempt(portfolio: Portfolio, change: str) -> set[datetime]:
    starts = (standing(portfolio).pinned.get(change), portfolio.changes[change].fixed_start)
    return {start for start in starts if start is not None}


def _announced_starts(portfolio: Portfolio) -> Mapping[str, set[datetime]]:
    """Give the starts of each change that somebody decided on or that were announced."""
    starts: dict[str, set[datetime]] = {}
    for decision in portfolio.decisions:
        starts.setdefault(decision.change, set()).add(decision.start)
    for change, (start, _) in portfolio.announced.items():
        starts.setdefault(change, set()).add(start)
    return starts


def _slot(horizon: Horizon, start: datetime) -> int | None:
    slot = horizon.floor(start)
    return slot if horizon.on_grid(start) and 0 <= slot < horizon.slots else None


RULE = Rule(
    NAME, "Every affected team gets the days of notice it was promised, counted on its own calendar.", check, post
)
