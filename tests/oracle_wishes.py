"""The oracle on what people ask for and were told: shared windows, protected hours, wishes, limits, announcements."""

import math
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from oracle_effects import OUT, applies, busy, clients, effect, moments, reserved_slots

from scheduler.horizon import Window
from scheduler.portfolio import Calendar, Portfolio, Preference, ServiceLevel
from scheduler.schedule import Placement, Schedule


def level_of(portfolio: Portfolio, team: str) -> ServiceLevel:
    return portfolio.policy.service_levels.get(portfolio.teams[team].service_level) or ServiceLevel(name="")


def covers(windows: list[Window], start: datetime, end: datetime) -> bool:
    """Whether the union of the windows holds every instant of [start, end)."""
    while start < end:
        reach = max((w.end for w in windows if w.start <= start < w.end), default=None)
        if reach is None:
            return False
        start = reach
    return True


# --- rules ---------------------------------------------------------------------------------------------------------


def uneven(portfolio: Portfolio, schedule: Schedule) -> bool:
    """Whether two placed changes of one window start apart."""
    starts = {p.change: p.start for p in schedule.placements}
    return any(
        other in starts and starts[other] != starts[name]
        for name in starts
        for other in portfolio.changes[name].same_window_as
    )


def same_window(portfolio: Portfolio, schedule: Schedule) -> bool:
    starts = {p.change: p.start for p in schedule.placements}
    return any(
        starts.get(name) != starts.get(other)
        for name, change in portfolio.changes.items()
        for other in change.same_window_as
        if other in portfolio.changes
    )


def out_for(portfolio: Portfolio, change: str) -> Iterator[tuple[str, str]]:
    """Every node that a change puts out, with each team that uses it."""
    for node, state in effect(portfolio, change).state.items():
        if state == OUT:
            yield from ((node, team) for team in clients(portfolio).get(node, ()))


def protected_hours(portfolio: Portfolio, schedule: Schedule) -> bool:
    for p in schedule.placements:
        for _, team in out_for(portfolio, p.change):
            hours = level_of(portfolio, team).protected_hours
            if hours is not None and hours.windows(portfolio.teams[team].time_zone, p.reserved):
                return True
    return False


def wished(portfolio: Portfolio, wish: Preference, inside: Window) -> list[Window]:
    """The intervals of a preference that reach into another."""
    if wish.hours is not None:
        return wish.hours.windows(portfolio.teams[wish.team].time_zone, inside)
    start, end = wish.start or inside.start, wish.end or inside.end
    return [Window(start, end)] if start < inside.end and inside.start < end else []


def never(portfolio: Portfolio, schedule: Schedule) -> bool:
    return any(
        wish.kind == "never"
        and applies(portfolio, (f"team:{wish.team}",), p.change)
        and wished(portfolio, wish, p.reserved)
        for p in schedule.placements
        for wish in portfolio.preferences
    )


def outage_minutes(portfolio: Portfolio, schedule: Schedule) -> bool:
    """Counts slot by slot, in blocks of 28 days on the clock of the policy."""
    zone = ZoneInfo(portfolio.policy.time_zone)
    begin = portfolio.horizon.start.astimezone(zone).replace(tzinfo=None)
    lost: dict[tuple[str, str, int], int] = {}
    for moment in moments(portfolio, schedule):
        block = (moment.astimezone(zone).replace(tzinfo=None) - begin) // timedelta(days=28)
        out = {pair for p in schedule.placements if p.start <= moment < p.end for pair in out_for(portfolio, p.change)}
        for node, team in out:
            lost[node, team, block] = lost.get((node, team, block), 0) + portfolio.policy.slot_minutes
    for (_, team, _), minutes in lost.items():
        limit = level_of(portfolio, team).max_outage_minutes_per_28_days
        if limit is not None and minutes > limit:
            return True
    return False


def announced(portfolio: Portfolio, change: str) -> datetime | None:
    """The window of a change that clients were last told of, if it was not rejected since."""
    before = portfolio.announced.get(change)
    start = before[0] if before else None
    reach = timedelta(minutes=reserved_slots(portfolio, portfolio.changes[change]) * portfolio.policy.slot_minutes)
    for decision in portfolio.decisions:
        if decision.change != change:
            continue
        if decision.kind == "reject":
            if start is not None and start < decision.start + reach and decision.start < start + reach:
                start = None
        elif decision.announced_at is not None:
            # Of an earlier schedule and a decision the later word counts.
            start = start if before and before[1] > decision.announced_at else decision.start
        elif decision.kind == "approve":
            start = decision.start
    return start


def moved(portfolio: Portfolio, schedule: Schedule) -> list[tuple[Placement, datetime]]:
    """The placements that start elsewhere than announced, and where that was."""
    pairs = [(p, announced(portfolio, p.change)) for p in schedule.placements]
    return [(p, before) for p, before in pairs if before is not None and before != p.start]


def move_cap(portfolio: Portfolio, schedule: Schedule) -> bool:
    most = portfolio.policy.max_moves
    return most is not None and len(moved(portfolio, schedule)) > most


# --- costs ---------------------------------------------------------------------------------------------------------


def half_up(value: Fraction) -> int:
    return math.floor(value + Fraction(1, 2))


def charges_for(portfolio: Portfolio, calendar: Calendar, change: str, slot: Window) -> bool:
    """Whether a soft calendar charges a change that has this slot reserved."""
    named = portfolio.changes[change].allowed
    bound = applies(portfolio, calendar.applies_to, change)
    if calendar.kind == "blackout":
        return bound and bool(calendar.windows(slot))
    if bound:
        return not covers(calendar.windows(slot), slot.start, slot.end)
    union = [window for name in named for window in portfolio.calendars[name].windows(slot)]
    return calendar.kind == "allowed" and calendar.id in named and not covers(union, slot.start, slot.end)


def minds(portfolio: Portfolio, wish: Preference, change: str, slot: Window) -> bool:
    """Whether a wish charges a change that has this slot reserved."""
    if wish.kind == "never" or not applies(portfolio, (f"team:{wish.team}",), change):
        return False
    windows = wished(portfolio, wish, slot)
    return bool(windows) if wish.kind == "avoid" else not covers(windows, slot.start, slot.end)


def by_the_hour(portfolio: Portfolio, schedule: Schedule) -> Iterator[tuple[str, str, str, int]]:
    """What soft calendars and wishes charge, slot by slot: cost, team, change, cents."""
    step = timedelta(minutes=portfolio.policy.slot_minutes)
    soft = [one for one in portfolio.calendars.values() if not one.hard]
    for moment in moments(portfolio, schedule):
        slot = Window(moment, moment + step)
        there = sorted(p.change for p in schedule.placements if busy(p, moment))
        charged = [
            ("soft calendars", "", one.cost_cents_per_hour, [n for n in there if charges_for(portfolio, one, n, slot)])
            for one in soft
        ]
        charged += [
            ("preferences", one.team, one.cost_cents_per_hour, [n for n in there if minds(portfolio, one, n, slot)])
            for one in portfolio.preferences
        ]
        for cost, team, per_hour, changes in charged:
            cents = half_up(Fraction((per_hour or 0) * portfolio.policy.slot_minutes, 60))
            for number, change in enumerate(changes):
                yield cost, team, change, split(cents, len(changes), number)


def disruption(portfolio: Portfolio, schedule: Schedule) -> Mapping[str, int]:
    """What each moved window costs."""
    zone, policy = ZoneInfo(portfolio.policy.time_zone), portfolio.policy
    found = {}
    for p, before in moved(portfolio, schedule):
        left = max(1, (before.astimezone(zone).date() - portfolio.now.astimezone(zone).date()).days)
        hours = Fraction(abs(int((p.start - before).total_seconds())), 3600)
        exact = policy.move_cost_cents * (1 + Fraction(7, left)) + policy.move_cost_cents_per_day * hours / 24
        found[p.change] = half_up(exact)
    return found


def split(amount: int, parts: int, number: int) -> int:
    """The share of one of `parts` equal parts; the first also takes what is left over."""
    return amount // parts + (amount % parts if number == 0 else 0)
