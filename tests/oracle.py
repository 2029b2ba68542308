"""A second reading of laws.md: slow, naive and independent of the package's rules, costs, demand and solver.

It takes from the package the portfolio's data, the wall-clock arithmetic of `scheduler.horizon` and the forecast
(`expected_users`), and works everything else out again: states of services, chances, prices, matching, notice.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from statistics import NormalDist
from zoneinfo import ZoneInfo

from oracle_effects import (
    DEGRADED,
    OUT,
    UP,
    Starts,
    affected_teams,
    applies,
    busy,
    clients,
    effect,
    expected_slots,
    moments,
    reserved_slots,
    schedule_at,
)
from oracle_wishes import (
    by_the_hour,
    covers,
    disruption,
    half_up,
    move_cap,
    never,
    outage_minutes,
    protected_hours,
    same_window,
    split,
    uneven,
)

from scheduler.demand.usage import expected_users
from scheduler.horizon import WeeklyHours, Window
from scheduler.portfolio import Change, Engineer, Portfolio
from scheduler.schedule import Placement, Schedule

LEVELS = [Fraction(1), Fraction(3, 4), Fraction(1, 2), Fraction(1, 4), Fraction(1, 10), Fraction(0)]


# --- rules ---------------------------------------------------------------------------------------------------------


def too_early(portfolio: Portfolio, schedule: Schedule) -> bool:
    """Whether a change starts before one that it follows is over, both being placed."""
    placed = {p.change: p for p in schedule.placements}
    for placement in schedule.placements:
        for before in portfolio.changes[placement.change].after:
            if before.change in portfolio.done or before.change not in placed:
                continue
            if placement.start < placed[before.change].reserved_until + timedelta(minutes=before.lag_minutes):
                return True
    return False


def precedence(portfolio: Portfolio, schedule: Schedule) -> bool:
    there = {p.change for p in schedule.placements} | portfolio.done
    return too_early(portfolio, schedule) or any(
        before.change not in there for p in schedule.placements for before in portfolio.changes[p.change].after
    )


def conflict(portfolio: Portfolio, schedule: Schedule) -> bool:
    for a in schedule.placements:
        for b in schedule.placements:
            named = b.change in portfolio.changes[a.change].not_with
            if named and a.change != b.change and a.start < b.reserved_until and b.start < a.reserved_until:
                return True
    return False


def on_duty(portfolio: Portfolio, engineer: Engineer, start: datetime, end: datetime) -> bool:
    slot = Window(start, end)
    works = portfolio.calendars.get(engineer.works)
    hours = works.windows(slot) if works else WeeklyHours.parse(engineer.works).windows(engineer.time_zone, slot)
    if not covers(hours, start, end):
        return False
    for calendar in portfolio.calendars.values():
        named = f"engineer:{engineer.id}" in calendar.applies_to
        if not calendar.hard:
            continue
        if calendar.kind == "blackout" and named and calendar.windows(slot):
            return False
        binds = named or (calendar.kind == "working" and "*" in calendar.applies_to)
        if calendar.kind != "blackout" and binds and not covers(calendar.windows(slot), start, end):
            return False
    return True


def matched(units: list[str], people: list[Engineer]) -> bool:
    """Whether every unit can have an engineer of its own with its skill, by trying everything."""
    if not units:
        return True
    return any(
        matched(units[1:], people[:number] + people[number + 1 :])
        for number, person in enumerate(people)
        if units[0] in person.skills
    )


def capacity(portfolio: Portfolio, schedule: Schedule) -> bool:
    if portfolio.engineers is None:
        return False
    step = timedelta(minutes=portfolio.policy.slot_minutes)
    for moment in moments(portfolio, schedule):
        units = [
            skill
            for placement in schedule.placements
            if busy(placement, moment)
            for skill, amount in portfolio.changes[placement.change].skills
            for _ in range(amount)
        ]
        if units:
            people = [e for e in portfolio.engineers.values() if on_duty(portfolio, e, moment, moment + step)]
            if not matched(units, people):
                return True
    return False


def redundancy(portfolio: Portfolio, schedule: Schedule) -> bool:
    for name, group in portfolio.groups.items():
        for moment in moments(portfolio, schedule):
            out: set[str] = set()
            for placement in schedule.placements:
                alone = effect(portfolio, placement.change)
                if busy(placement, moment) and name not in alone.broken:
                    out |= alone.members_out[name]
            if len(out) > len(group.members) - group.min_up:
                return True
    return False


def blackout(portfolio: Portfolio, schedule: Schedule) -> bool:
    return any(
        calendar.kind == "blackout"
        and calendar.hard
        and applies(portfolio, calendar.applies_to, p.change)
        and any(w.start < p.reserved_until and p.start < w.end for w in calendar.windows(p.reserved))
        for p in schedule.placements
        for calendar in portfolio.calendars.values()
    )


def allowed(portfolio: Portfolio, schedule: Schedule) -> bool:
    for p in schedule.placements:
        named = portfolio.changes[p.change].allowed
        union = [w for name in named for w in portfolio.calendars[name].windows(p.reserved)]
        binding = any(portfolio.calendars[name].hard for name in named)
        if binding and not covers(union, p.start, p.reserved_until):
            return True
        for calendar in portfolio.calendars.values():
            binds = calendar.kind == "allowed" and calendar.hard and applies(portfolio, calendar.applies_to, p.change)
            if binds and not covers(calendar.windows(p.reserved), p.start, p.reserved_until):
                return True
    return False


def earliest(portfolio: Portfolio, schedule: Schedule) -> bool:
    limits = [(p.start, portfolio.changes[p.change].earliest) for p in schedule.placements]
    return any(limit is not None and start < limit for start, limit in limits)


def due(portfolio: Portfolio, schedule: Schedule) -> bool:
    limits = [(p.reserved_until, portfolio.changes[p.change].due) for p in schedule.placements]
    return any(limit is not None and end > limit for end, limit in limits)


def folded(portfolio: Portfolio, change: str) -> tuple[datetime | None, list[datetime], set[str]]:
    """The pinned start, the rejected starts and the rules set aside: of decisions on overlapping windows the later."""
    reach = timedelta(minutes=reserved_slots(portfolio, portfolio.changes[change]) * portfolio.policy.slot_minutes)
    pin: datetime | None = None
    rejections: list[datetime] = []
    rules: set[str] = set()
    for decision in portfolio.decisions:
        if decision.change != change:
            continue
        if decision.kind == "reject":
            rejections.append(decision.start)
            if pin is not None and pin < decision.start + reach and decision.start < pin + reach:
                pin = None
            continue
        rejections = [r for r in rejections if not (r < decision.start + reach and decision.start < r + reach)]
        same = pin == decision.start
        rules = set(decision.overrides) | (rules if same else set())
        holds = decision.kind == "pin" or bool(rules) or not portfolio.policy.approved_may_move
        pin = decision.start if holds else None
    return pin, rejections, rules if pin is not None else set()


def rejected(portfolio: Portfolio, schedule: Schedule) -> bool:
    for p in schedule.placements:
        length = p.reserved_until - p.start
        if any(r < p.reserved_until and p.start < r + length for r in folded(portfolio, p.change)[1]):
            return True
    return False


def pins(portfolio: Portfolio, schedule: Schedule) -> bool:
    for p in schedule.placements:
        pin, fixed = folded(portfolio, p.change)[0], portfolio.changes[p.change].fixed_start
        if (pin is not None and p.start != pin) or (fixed is not None and p.start != fixed):
            return True
    return False


def announcement(portfolio: Portfolio, p: Placement) -> datetime:
    """When the window was announced: an unmoved one keeps its instant, any other is announced now."""
    for decision in reversed(portfolio.decisions):
        if decision.change == p.change and decision.start == p.start and decision.kind != "reject":
            if decision.announced_at is not None:
                return decision.announced_at
            break
    before = portfolio.announced.get(p.change)
    return before[1] if before is not None and before[0] == p.start else portfolio.now


def notice(portfolio: Portfolio, schedule: Schedule) -> bool:
    for p in schedule.placements:
        change = portfolio.changes[p.change]
        fixed = (folded(portfolio, p.change)[0], change.fixed_start)
        if change.type == "emergency" or p.start in fixed:
            continue
        for team in affected_teams(portfolio, p.change):
            level = portfolio.policy.service_levels.get(portfolio.teams[team].service_level)
            days = portfolio.teams[team].notice_days
            if days is None:
                days = level.notice_days if level else None
            zone = ZoneInfo(portfolio.teams[team].time_zone)
            told = announcement(portfolio, p).astimezone(zone).date()
            if days is not None and (p.start.astimezone(zone).date() - told).days < days:
                return True
    return False


def horizon(portfolio: Portfolio, schedule: Schedule) -> bool:
    first, last = portfolio.horizon.start, portfolio.horizon.end
    step = timedelta(minutes=portfolio.policy.slot_minutes)
    return any(
        p.start < first or p.reserved_until > last or p.start < portfolio.now or (p.start - first) % step
        for p in schedule.placements
    )


def mandatory(portfolio: Portfolio, schedule: Schedule) -> bool:
    placed = [p.change for p in schedule.placements]
    return len(set(placed)) < len(placed) or any(
        change.mandatory and name not in placed for name, change in portfolio.changes.items()
    )


Broken = Callable[[Portfolio, Schedule], bool]


# Rules that look at one placement at a time: what they forbid is forbidden whatever else is planned.
def unless_overridden(name: str, broken: Broken) -> Broken:
    """A rule that does not bind a pinned start whose decision overrides it."""

    def bound(portfolio: Portfolio, placement: Placement) -> bool:
        pin, _, rules = folded(portfolio, placement.change)
        return name not in rules or placement.start != pin

    return lambda portfolio, schedule: broken(
        portfolio, Schedule(tuple(one for one in schedule.placements if bound(portfolio, one)))
    )


OVERRIDABLE: Mapping[str, Broken] = {
    "blackout": blackout,
    "allowed": allowed,
    "earliest": earliest,
    "due": due,
    "rejected windows": rejected,
    "notice": notice,
    "protected hours": protected_hours,
    "never": never,
}
ONE_BY_ONE: Mapping[str, Broken] = {
    **{name: unless_overridden(name, broken) for name, broken in OVERRIDABLE.items()},
    "pins": pins,
    "horizon": horizon,
}
# Rules that more placements can only break more.
MONOTONE: Mapping[str, Broken] = {
    "conflict": conflict,
    "capacity": capacity,
    "redundancy": redundancy,
    "outage minutes": outage_minutes,
    "move cap": move_cap,
}
# Rules that look at what is left out as well.
COMPLETE: Mapping[str, Broken] = {"precedence": precedence, "same window": same_window}
RULES: Mapping[str, Broken] = {**ONE_BY_ONE, **MONOTONE, **COMPLETE, "mandatory": mandatory}


def violations(portfolio: Portfolio, schedule: Schedule) -> set[str]:
    """The names of the rules that a schedule of known changes breaks."""
    return {name for name, broken in RULES.items() if broken(portfolio, schedule)}


# --- costs ---------------------------------------------------------------------------------------------------------


def chance(portfolio: Portfolio, change: Change, offset: int) -> Fraction:
    """The chance that a change still keeps its services down `offset` slots after its start, on the law's levels."""
    if offset < expected_slots(portfolio, change):
        return LEVELS[0]
    if offset >= reserved_slots(portfolio, change):
        return LEVELS[-1]
    p50, p90, q = change.duration_minutes, change.duration_p90_minutes, change.failure_chance

    def still(minutes: float) -> float:
        if minutes <= 0:
            return 1.0
        if p50 == p90:
            return 1.0 if minutes < p50 else 0.0
        deviation = math.log(p90 / p50) / NormalDist().inv_cdf(0.9)
        return 1.0 - NormalDist().cdf(math.log(minutes / p50) / deviation)

    after = offset * portfolio.policy.slot_minutes
    raw = Fraction(round((1 - q) * still(after) + q * still(after - change.backout_minutes), 9)).limit_denominator(
        10**9
    )
    # Nearest level, of two equally near the higher: LEVELS falls and min() keeps the first.
    return min(LEVELS, key=lambda level: abs(level - raw))


@lru_cache(maxsize=8192)
def factors(portfolio: Portfolio, change: str) -> Mapping[str, list[Fraction]]:
    """For each node the factor at every slot offset of the reserved window."""
    alone, length = effect(portfolio, change), reserved_slots(portfolio, portfolio.changes[change])
    chances = [chance(portfolio, portfolio.changes[change], offset) for offset in range(length)]
    share = {UP: Fraction(0), DEGRADED: portfolio.policy.degraded_share, OUT: Fraction(1)}
    found = {}
    for node, state in alone.state.items():
        rate = portfolio.policy.redundancy_failure_per_hour if node in alone.reduced else Fraction(0)
        found[node] = [max(share[state] * likely, rate) for likely in chances]
    return found


def price_of(portfolio: Portfolio, team: str, service: str, slot: int, factor: Fraction) -> tuple[int, int]:
    """Cents and weighted cents of one slot."""
    users = Fraction(int(expected_users(portfolio)[(team, service)][slot]), 1000)
    hours = Fraction(portfolio.policy.slot_minutes, 60)
    exact = users * hours * portfolio.teams[team].cost_cents_per_user_hour * factor
    level = portfolio.policy.service_levels.get(portfolio.teams[team].service_level)
    return half_up(exact), half_up(exact * (level.weight if level else 1))


Row = tuple[str, str, str, str, Fraction | None]
Bill = dict[Row, tuple[int, int]]


def losses(portfolio: Portfolio, schedule: Schedule) -> Iterator[tuple[Row, int, int, int]]:
    """What is lost slot by slot: the row it belongs to, the slot, cents and weighted cents."""
    step = timedelta(minutes=portfolio.policy.slot_minutes)
    for moment in moments(portfolio, schedule):
        slot = (moment - portfolio.horizon.start) // step
        for node, teams in clients(portfolio).items():
            now = {
                p.change: factors(portfolio, p.change)[node][(moment - p.start) // step]
                for p in schedule.placements
                if busy(p, moment)
            }
            largest = max(now.values())
            if largest == 0:
                continue
            causes = sorted(change for change, factor in now.items() if factor == largest)
            expected = any(p.change in causes and moment < p.end for p in schedule.placements)
            for team in teams:
                cents, weighted = price_of(portfolio, team, node, slot, largest)
                for number, change in enumerate(causes):
                    row = ("downtime" if expected else "overrun", team, node, change, largest)
                    yield row, slot, split(cents, len(causes), number), split(weighted, len(causes), number)


def lost_slots(portfolio: Portfolio, schedule: Schedule) -> Mapping[Row, set[int]]:
    """The slots in which each row loses anything."""
    found: dict[Row, set[int]] = defaultdict(set)
    for row, slot, cents, weighted in losses(portfolio, schedule):
        if cents or weighted:
            found[row].add(slot)
    return found


def bill(portfolio: Portfolio, schedule: Schedule) -> Bill:
    """Cents and weighted cents by (cost, team, service, change, share); costs of no team have no share."""
    rows: dict[Row, tuple[int, int]] = defaultdict(lambda: (0, 0))

    def add(row: Row, cents: int, weighted: int) -> None:
        rows[row] = (rows[row][0] + cents, rows[row][1] + weighted)

    for row, _, cents, weighted in losses(portfolio, schedule):
        add(row, cents, weighted)
    for cost, team, name, cents in by_the_hour(portfolio, schedule):
        add((cost, team, "", name, Fraction(1) if team else None), cents, cents)
    for name, cents in disruption(portfolio, schedule).items():
        add(("disruption", "", "", name, None), cents, cents)
    for p in schedule.placements:
        change = portfolio.changes[p.change]
        since = max(filter(None, (change.earliest, portfolio.horizon.start)))
        days = Fraction(int((p.start - since).total_seconds()), 24 * 3600)
        delay = half_up(change.delay_cost_cents_per_day * days)
        add(("delay", "", "", p.change, None), delay, delay)
    placed = {p.change for p in schedule.placements}
    for name, change in portfolio.changes.items():
        if not change.mandatory and name not in placed:
            add(("drop", "", "", name, None), change.drop_cost_cents or 0, change.drop_cost_cents or 0)
    return {row: amounts for row, amounts in rows.items() if amounts != (0, 0)}


def price(portfolio: Portfolio, schedule: Schedule) -> tuple[int, int]:
    """Cents and weighted cents of a schedule."""
    rows = bill(portfolio, schedule).values()
    return sum(cents for cents, _ in rows), sum(weighted for _, weighted in rows)


# --- every schedule ------------------------------------------------------------------------------------------------


def possible_starts(portfolio: Portfolio, change: str) -> list[int]:
    """The slots at which a change breaks no rule by itself, whatever else is planned."""
    rules = [*ONE_BY_ONE.values(), *MONOTONE.values()]
    found = []
    for slot in range(portfolio.horizon.slots):
        alone = schedule_at(portfolio, {change: slot})
        if not any(broken(portfolio, alone) for broken in rules):
            found.append(slot)
    return found


def every_schedule(portfolio: Portfolio, limit: int | None = None, first: Sequence[str] = ()) -> Iterator[Starts]:
    """Every legal schedule of a tiny portfolio, as start slots, or every one of at most `limit` weighted cents.

    A schedule never gets cheaper by placing one more change (what leaving it out costs apart), so a partial one above
    the limit is not extended. Changes named in `first` are placed first: with the dear ones there the limit bites.
    """
    names = sorted(portfolio.changes, key=lambda name: first.index(name) if name in first else len(first))
    starts = {name: possible_starts(portfolio, name) for name in names}

    def extend(number: int, chosen: dict[str, int]) -> Iterator[Starts]:
        schedule = schedule_at(portfolio, chosen)
        if too_early(portfolio, schedule) or uneven(portfolio, schedule):
            return
        if any(broken(portfolio, schedule) for broken in MONOTONE.values()):
            return
        if limit is not None:
            undecided = {("drop", "", "", name, None) for name in names[number:]}
            if (
                sum(weighted for row, (_, weighted) in bill(portfolio, schedule).items() if row not in undecided)
                > limit
            ):
                return
        if number == len(names):
            if not any(broken(portfolio, schedule) for broken in COMPLETE.values()):
                yield dict(chosen)
            return
        name = names[number]
        for slot in starts[name]:
            yield from extend(number + 1, {**chosen, name: slot})
        if not portfolio.changes[name].mandatory:
            yield from extend(number + 1, chosen)

    yield from extend(0, {})


def cheapest(portfolio: Portfolio) -> tuple[int, list[Starts]] | None:
    """The least weighted cents of any legal schedule and all schedules that cost it; None where none is legal."""
    found: list[tuple[int, Starts]] = []
    for starts in every_schedule(portfolio):
        found.append((price(portfolio, schedule_at(portfolio, starts))[1], starts))
    if not found:
        return None
    least = min(cost for cost, _ in found)
    return least, [starts for cost, starts in found if cost == least]
