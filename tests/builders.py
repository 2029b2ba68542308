"""Small portfolios for tests: every builder is keyword-only past its id, and every default is harmless.

The world starts on Monday 2027-03-01 00:00 UTC, lasts a week and has 30-minute slots. Times are written
`"Mon 02:00"` (UTC, that first week), `"Mon 02:00 +1w"`, or in full: `"2027-03-28T01:30Z"`.
Services and teams that are only named (by a change, a dependency, a group or `users`) are made on the way.

    p = portfolio(changes=[change("A", hours=2)], blackouts=[blackout("Mon 03:00", "Mon 05:00")])
    assert_rule(RULE, p, {"A": "Mon 01:00"}, legal=True)
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Literal

import numpy as np
import numpy.typing as npt

from scheduler.horizon import DAYS, MINUTES_PER_DAY, Horizon, WeeklyHours
from scheduler.law import Cost, Rule
from scheduler.portfolio import (
    Calendar,
    Change,
    Decision,
    Dependency,
    Engineer,
    Event,
    Impact,
    Policy,
    Portfolio,
    Predecessor,
    Preference,
    RedundancyGroup,
    Service,
    ServiceLevel,
    Team,
)
from scheduler.schedule import Charge, Schedule, schedule_of, total
from scheduler.solver.problem import Problem

MONDAY = datetime(2027, 3, 1, tzinfo=UTC)
Instant = str | datetime
Names = str | Iterable[str]
Users = float | Sequence[float] | npt.NDArray[np.float64]

_IN_WEEK = re.compile(r"^(?P<day>[A-Z][a-z]{2}) (?P<hour>\d{1,2}):(?P<minute>\d{2})(?: \+(?P<weeks>\d+)w)?$")
_AFTER = re.compile(r"^(?P<change>.+?)(?:\+(?P<minutes>\d+)m)?$")


def when(text: Instant) -> datetime:
    """Read `"Mon 02:00"` of the first week, `"Mon 02:00 +1w"`, or an ISO time with offset, as an instant in UTC."""
    if isinstance(text, datetime):
        return text.astimezone(UTC)
    match = _IN_WEEK.match(text)
    if match is None:
        instant = datetime.fromisoformat(text)
        assert instant.tzinfo is not None, f"{text} carries no offset"
        return instant.astimezone(UTC)
    days = DAYS.index(match["day"]) + 7 * int(match["weeks"] or 0)
    return MONDAY + timedelta(days=days, hours=int(match["hour"]), minutes=int(match["minute"]))


def maybe(text: Instant | None) -> datetime | None:
    return None if text is None else when(text)


def names(value: Names) -> tuple[str, ...]:
    """Take `"a;b"` or any iterable of names."""
    return tuple(part.strip() for part in value.split(";") if part.strip()) if isinstance(value, str) else tuple(value)


# --- the parts ---------------------------------------------------------------------------------------------------


def change(
    id: str,
    *,
    services: Names = "app",
    hours: float = 1,
    minutes: int | None = None,
    p90: int | None = None,
    backout: int = 0,
    failure_chance: float = 0.0,
    impact: Impact | str = Impact.OUTAGE,
    type: Literal["standard", "normal", "emergency"] = "normal",
    earliest: Instant | None = None,
    due: Instant | None = None,
    after: Names = (),
    not_with: Names = (),
    same_as: Names = (),
    skills: Names = (),
    allowed: Names = (),
    optional: bool = False,
    drop: int | None = None,
    delay: int = 0,
    fixed_start: Instant | None = None,
) -> Change:
    """Build a change of one hour on `app`; `p90` and `backout` are minutes, `drop` and `delay` (per day) cents.

    `after` is `"A"` or `"A+120m"`, `skills` is `"dba;network*2"`; a `drop` price makes the change optional.
    """
    length = int(hours * 60) if minutes is None else minutes
    predecessors = [_AFTER.match(part) for part in names(after)]
    units = [part.partition("*") for part in names(skills)]
    return Change(
        id=id,
        title=f"Change {id}",
        type=type,
        services=names(services),
        impact=Impact(impact),
        duration_minutes=length,
        duration_p90_minutes=length if p90 is None else p90,
        backout_minutes=backout,
        failure_chance=failure_chance,
        earliest=maybe(earliest),
        due=maybe(due),
        after=tuple(Predecessor(change=m["change"], lag_minutes=int(m["minutes"] or 0)) for m in predecessors if m),
        not_with=names(not_with),
        same_window_as=names(same_as),
        skills=tuple((skill, int(count or 1)) for skill, _, count in units),
        allowed=names(allowed),
        mandatory=not (optional or drop is not None),
        drop_cost_cents=(drop or 0) if optional or drop is not None else None,
        delay_cost_cents_per_day=delay,
        fixed_start=maybe(fixed_start),
    )


def service(id: str, *, site: str = "", zone: str = "UTC") -> Service:
    """Build a service."""
    return Service(id=id, name=id, site=site, time_zone=zone)


def team(
    id: str, *, uses: Names = (), price: int = 100, level: str = "", zone: str = "UTC", notice: int | None = None
) -> Team:
    """Build a team that loses `price` cents per user-hour; `notice` (days) overrides that of its `level`."""
    return Team(
        id=id,
        name=id,
        service_level=level,
        time_zone=zone,
        cost_cents_per_user_hour=price,
        uses=names(uses),
        notice_days=notice,
        contact=f"{id} desk",
    )


def level(
    name: str,
    *,
    weight: str | int = 1,
    notice: int | None = None,
    minutes: int | None = None,
    protected: str | None = None,
) -> ServiceLevel:
    """Build a service level; `weight` is exact, such as `"1.5"`, `minutes` of outage are allowed in 28 days."""
    return ServiceLevel(
        name=name,
        weight=Fraction(weight),
        notice_days=notice,
        max_outage_minutes_per_28_days=minutes,
        protected_hours=None if protected is None else WeeklyHours.parse(protected),
    )


def engineer(id: str, *, skills: Names, works: str = "", zone: str = "UTC") -> Engineer:
    """Build an engineer on duty at all hours, or in the hours that `works` names or gives."""
    return Engineer(id=id, skills=frozenset(names(skills)), time_zone=zone, works=works)


def depends(service: str, depends_on: str, effect: Literal["OUTAGE", "DEGRADED"] = "OUTAGE") -> Dependency:
    """Let a service need another service or a group."""
    return Dependency(service=service, depends_on=depends_on, effect=effect)


def group(id: str, members: Names, *, min_up: int | None = None) -> RedundancyGroup:
    """Build a redundancy group that can spare one member, or all but `min_up`."""
    all_members = names(members)
    return RedundancyGroup(id=id, members=all_members, min_up=len(all_members) - 1 if min_up is None else min_up)


def calendar(
    id: str,
    kind: Literal["blackout", "allowed", "working"],
    hours: str,
    *,
    applies_to: Names | None = None,
    zone: str = "UTC",
    cost: int | None = None,
    hard: bool | None = None,
) -> Calendar:
    """Build a calendar of weekly hours; a blackout without `applies_to` binds everybody, other kinds nobody.

    One with a `cost` (cents per hour) is soft, unless `hard` says otherwise.
    """
    if applies_to is None:
        applies_to = "*" if kind == "blackout" else ()
    parsed = WeeklyHours.parse(hours)
    return Calendar(
        id=id,
        kind=kind,
        hours=parsed,
        time_zone=zone,
        applies_to=names(applies_to),
        hard=cost is None if hard is None else hard,
        cost_cents_per_hour=cost,
    )


def blackout(
    start: str, end: str, *, id: str = "freeze", applies_to: Names = "*", zone: str = "UTC", hard: bool = True
) -> Calendar:
    """Forbid work from `start` to `end`, each as `"Mon 03:00"` on the wall clock of `zone`, every week."""
    begin, finish = (int((when(text) - MONDAY) / timedelta(minutes=1)) for text in (start, end))
    assert begin < finish, f"{start} is not before {end}"
    spans = []
    for day in range(begin // MINUTES_PER_DAY, -(-finish // MINUTES_PER_DAY)):
        midnight = day * MINUTES_PER_DAY
        spans.append((day % 7, max(begin, midnight) - midnight, min(finish, midnight + MINUTES_PER_DAY) - midnight))
    hours = WeeklyHours(tuple(sorted(spans)))
    return Calendar(id=id, kind="blackout", hours=hours, time_zone=zone, applies_to=names(applies_to), hard=hard)


def preference(
    team: str,
    kind: Literal["never", "avoid", "prefer"],
    hours: str | None = None,
    *,
    start: Instant | None = None,
    end: Instant | None = None,
    cost: int | None = None,
    reason: str = "",
) -> Preference:
    """Build a preference for weekly hours or one period; `cost` is in cents per hour."""
    return Preference(
        team=team,
        kind=kind,
        hours=None if hours is None else WeeklyHours.parse(hours),
        start=maybe(start),
        end=maybe(end),
        cost_cents_per_hour=cost,
        reason=reason,
    )


def event(
    team: str, start: Instant, end: Instant, *, factor: str | None = None, users: str | int | None = None
) -> Event:
    """Build an event of one team or of all (`*`)."""
    return Event(
        team=team,
        start=when(start),
        end=when(end),
        factor=None if factor is None else Fraction(factor),
        users=None if users is None else Fraction(users),
    )


def decide(
    change: str, kind: Literal["pin", "approve", "reject"], start: Instant, announced_at: Instant | None = None
) -> Decision:
    """Build a decision about one window."""
    return Decision(change=change, kind=kind, start=when(start), announced_at=maybe(announced_at))


# --- the whole ---------------------------------------------------------------------------------------------------


def portfolio(
    *,
    changes: Iterable[Change] = (),
    services: Iterable[Service] = (),
    teams: Iterable[Team] = (),
    levels: Iterable[ServiceLevel] = (),
    dependencies: Iterable[Dependency] = (),
    groups: Iterable[RedundancyGroup] = (),
    engineers: Iterable[Engineer] | None = None,
    blackouts: Iterable[Calendar] = (),
    calendars: Iterable[Calendar] = (),
    decisions: Iterable[Decision] = (),
    preferences: Iterable[Preference] = (),
    events: Iterable[Event] = (),
    done: Names = (),
    announced: Mapping[str, tuple[Instant, Instant]] | None = None,
    users: Mapping[tuple[str, str], Users] | None = None,
    start: Instant = MONDAY,
    now: Instant | None = None,
    weeks: int = 1,
    zone: str = "UTC",
    slot: int = 30,
    degraded_share: str = "0.3",
    redundancy_failure: str | int = 0,
    approved_may_move: bool = False,
    move_cost: int = 0,
    move_cost_per_day: int = 0,
    max_moves: int | None = None,
    fairness: float = 0,
) -> Portfolio:
    """Build a portfolio; `now` is its start unless given, and nobody loses money unless `users` says who is there.

    `users` maps (team, service) to a number of users at all times, or to one number per slot of a week (or of any
    other stretch), repeated over the horizon. They are taken as known, so prices are exact.
    """
    policy = Policy(
        name="Test",
        start=when(start),
        weeks=weeks,
        time_zone=zone,
        slot_minutes=slot,
        service_levels={one.name: one for one in levels},
        degraded_share=Fraction(degraded_share),
        redundancy_failure_per_hour=Fraction(redundancy_failure),
        approved_may_move=approved_may_move,
        move_cost_cents=move_cost,
        move_cost_cents_per_day=move_cost_per_day,
        max_moves=max_moves,
        fairness_epsilon=fairness,
    )
    changes, dependencies, groups = tuple(changes), tuple(dependencies), tuple(groups)
    all_teams = {one.id: one for one in teams}
    for name, _ in users or {}:
        all_teams.setdefault(name, team(name))
    clients = {(one.id, used) for one in all_teams.values() for used in one.uses} | set(users or {})
    all_teams = {
        name: replace(one, uses=tuple(used for client, used in sorted(clients) if client == name))
        for name, one in all_teams.items()
    }
    group_ids = {one.id for one in groups}
    named = [*(name for one in changes for name in one.services), *(used for _, used in sorted(clients))]
    named += [name for one in dependencies for name in (one.service, one.depends_on)]
    named += [name for one in groups for name in one.members]
    all_services = {one.id: one for one in services}
    for name in named:
        if name not in group_ids:
            all_services.setdefault(name, service(name))
    horizon = Horizon.of_weeks(policy.start, weeks, zone, slot)
    return Portfolio(
        policy=policy,
        now=policy.start if now is None else when(now),
        teams=all_teams,
        services=all_services,
        changes={one.id: one for one in changes},
        dependencies=dependencies,
        groups={one.id: one for one in groups},
        engineers=None if engineers is None else {one.id: one for one in engineers},
        calendars={one.id: one for one in (*blackouts, *calendars)},
        decisions=tuple(decisions),
        preferences=tuple(preferences),
        events=tuple(events),
        done=frozenset(names(done)),
        known_users={pair: _thousandths((users or {}).get(pair, 0), horizon.slots) for pair in sorted(clients)},
        announced={one: (when(at), when(told)) for one, (at, told) in (announced or {}).items()},
    )


def _thousandths(value: Users, slots: int) -> npt.NDArray[np.int64]:
    return np.resize(np.rint(np.atleast_1d(np.asarray(value, dtype=np.float64)) * 1000).astype(np.int64), slots)


def schedule(p: Portfolio, starts: Mapping[str, Instant]) -> Schedule:
    """Place changes at their starts; a change that is not named is left out."""
    return schedule_of(p, {name: when(start) for name, start in starts.items()})


# --- both faces of a law -----------------------------------------------------------------------------------------


def problem_of(p: Portfolio, *laws: Rule | Cost) -> Problem:
    """Post some laws to an empty problem in which, unless one of them says otherwise, any change may be left out."""
    problem = Problem(p.horizon.slots, tuple(p.changes))
    if all(law.name != "mandatory" for law in laws):
        for name in p.changes:
            problem.price_drop(name, 0)
    for law in laws:
        law.post(p, problem)
    return problem


def slots_of(p: Portfolio, problem: Problem, starts: Mapping[str, Instant]) -> dict[int, int] | None:
    """Give the start slot of every change by its number, or None where one is off the grid: no problem has that."""
    instants = {problem.index[name]: when(start) for name, start in starts.items()}
    if not all(p.horizon.on_grid(instant) for instant in instants.values()):
        return None
    return {number: p.horizon.floor(instant) for number, instant in instants.items()}


def solver_says(problem: Problem, starts: Mapping[int, int]) -> bool:
    """Tell whether a full set of starts is legal by the primitives of a problem."""
    return not list(problem.broken(starts))


def assert_rule(rule: Rule, p: Portfolio, starts: Mapping[str, Instant], *, legal: bool) -> None:
    """Assert that both faces of a rule, and nothing but them, find a set of starts legal or not."""
    violations = list(rule.check(p, schedule(p, starts)))
    assert all(one.rule == rule.name for one in violations), f"{rule.name} speaks for another rule: {violations}"
    assert (not violations) is legal, f"check of {rule.name} says {[one.text for one in violations]}, legal: {legal}"
    problem = problem_of(p, rule)
    slots = slots_of(p, problem, starts)
    says = slots is not None and solver_says(problem, slots)
    assert says is legal, f"post of {rule.name} says {says}, legal: {legal}"


def assert_cost(
    cost: Cost, p: Portfolio, starts: Mapping[str, Instant], *, cents: int, weighted: int | None = None
) -> list[Charge]:
    """Assert that both faces of a cost price a set of starts at `weighted` cents, and its bill at `cents`.

    Without `weighted` the two are the same. The charges are given back.
    """
    charges = list(cost.bill(p, schedule(p, starts)))
    assert sum(charge.cents for charge in charges) == cents, f"bill of {cost.name}: {charges}"
    expected = cents if weighted is None else weighted
    assert total(charges) == expected, f"bill of {cost.name}: {charges}"
    problem = problem_of(p, cost)
    slots = slots_of(p, problem, starts)
    assert slots is not None, f"no problem has {starts}"
    assert problem.cost(slots) == expected, f"post of {cost.name} prices at {problem.cost(slots)}, not {expected}"
    return charges
