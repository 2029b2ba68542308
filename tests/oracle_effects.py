"""The oracle's placements and states of services: what one change alone does, and who its clients are."""

import math
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from functools import lru_cache

from scheduler.portfolio import Change, Impact, Portfolio
from scheduler.schedule import Placement, Schedule

UP, DEGRADED, OUT = 0, 1, 2
Starts = Mapping[str, int]


# --- placements ----------------------------------------------------------------------------------------------------


def slots_of(minutes: int, portfolio: Portfolio) -> int:
    return math.ceil(Fraction(minutes, portfolio.policy.slot_minutes))


def expected_slots(portfolio: Portfolio, change: Change) -> int:
    return slots_of(change.duration_minutes, portfolio)


def reserved_slots(portfolio: Portfolio, change: Change) -> int:
    return slots_of(change.duration_p90_minutes + change.backout_minutes, portfolio)


def instant(portfolio: Portfolio, slot: int) -> datetime:
    return portfolio.horizon.start + timedelta(minutes=slot * portfolio.policy.slot_minutes)


def schedule_at(portfolio: Portfolio, starts: Starts) -> Schedule:
    """Place changes at slots, without `announced_at`, which only `notice` looks at (and works out itself)."""
    placements = []
    for name in sorted(starts):
        change, slot = portfolio.changes[name], starts[name]
        placements.append(
            Placement(
                change=name,
                start=instant(portfolio, slot),
                end=instant(portfolio, slot + expected_slots(portfolio, change)),
                reserved_until=instant(portfolio, slot + reserved_slots(portfolio, change)),
            )
        )
    return Schedule(tuple(placements))


def busy(placement: Placement, moment: datetime) -> bool:
    return placement.start <= moment < placement.reserved_until


def moments(portfolio: Portfolio, schedule: Schedule) -> list[datetime]:
    """The start of every slot that some reserved window holds."""
    step = timedelta(minutes=portfolio.policy.slot_minutes)
    found = set()
    for placement in schedule.placements:
        moment = placement.start
        while moment < placement.reserved_until:
            found.add(moment)
            moment += step
    return sorted(found)


# --- states of services --------------------------------------------------------------------------------------------


def state_of(portfolio: Portfolio, node: str, direct: Mapping[str, int], gone: frozenset[str]) -> int:
    """The state of a service or group where `direct` is given and members `gone` count as out in their groups."""
    worst = direct.get(node, UP)
    group = portfolio.groups.get(node)
    if group:
        best_first = sorted(OUT if m in gone else state_of(portfolio, m, direct, gone) for m in group.members)
        worst = max(worst, best_first[group.min_up - 1])
    for edge in portfolio.dependencies:
        if edge.service == node:
            felt = state_of(portfolio, edge.depends_on, direct, gone)
            if edge.effect == "DEGRADED":
                felt = DEGRADED if felt == OUT else UP
            worst = max(worst, felt)
    return worst


class Effect:
    """What one change alone does: states of nodes, nodes at reduced redundancy, members out per group."""

    def __init__(self, portfolio: Portfolio, change: Change) -> None:
        nodes = [*portfolio.services, *portfolio.groups]
        direct = {
            service: OUT if change.impact is Impact.OUTAGE else DEGRADED
            for service in change.services
            if change.impact in (Impact.OUTAGE, Impact.DEGRADED)
        }
        gone = frozenset(change.services if change.impact is Impact.REDUCED_REDUNDANCY else ())
        self.state = {node: state_of(portfolio, node, direct, gone) for node in nodes}
        self.members_out = {
            name: {m for m in group.members if m in gone or self.state[m] == OUT}
            for name, group in portfolio.groups.items()
        }
        self.broken = {name for name in portfolio.groups if self.state[name] == OUT}
        self.reduced = set()
        for name in portfolio.groups:
            if self.members_out[name] and name not in self.broken:
                alone = {node for node in nodes if state_of(portfolio, node, {name: OUT}, frozenset()) != UP}
                self.reduced |= alone
        self.touched = set(change.services) | {node for node in nodes if self.state[node] != UP}


@lru_cache(maxsize=4096)
def effect(portfolio: Portfolio, change: str) -> Effect:
    return Effect(portfolio, portfolio.changes[change])


@lru_cache(maxsize=512)
def clients(portfolio: Portfolio) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for team in portfolio.teams.values():
        for service in team.uses:
            found[service].add(team.id)
    for team, service in zip(portfolio.usage["team"], portfolio.usage["service"], strict=True):
        found[service].add(team)
    return found


def affected_teams(portfolio: Portfolio, change: str) -> set[str]:
    states = effect(portfolio, change).state
    return {team for node, state in states.items() if state != UP for team in clients(portfolio).get(node, ())}


def applies(portfolio: Portfolio, applies_to: tuple[str, ...], change: str) -> bool:
    touched = effect(portfolio, change).touched
    for target in applies_to:
        kind, _, name = target.partition(":")
        if target == "*":
            return True
        if kind == "service" and name in touched:
            return True
        if kind == "team" and any(name in clients(portfolio).get(node, ()) for node in touched):
            return True
        if kind == "site" and any(portfolio.services[s].site == name for s in touched if s in portfolio.services):
            return True
    return False
