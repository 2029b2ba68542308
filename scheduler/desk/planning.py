"""What the desk knows, folded into the portfolio that is planned: the solver learns of a desk in no other way."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from scheduler.horizon import Window
from scheduler.inputs.fingerprint import content_hash
from scheduler.portfolio import Calendar, Change, Decision, PastWork, Portfolio, Preference
from scheduler.rules import RULES
from scheduler.schedule import Schedule, announced_at, place
from scheduler.standing import standing
from scheduler.wording import instant_text, window_text

OVERRIDABLE = tuple(rule.name for rule in RULES if rule.strict is not None)
"""The rules that may be set aside for one window; the others say what people and systems cannot do, or what changes owe
one another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """Hours in which an engineer cannot work, whatever the calendars say."""

    engineer: str
    window: Window
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """Work that goes on: since when, until when it is expected to, and until when its place is kept.

    `engineers` are at it; where nobody is named, the skills it asks for are.
    """

    change: str
    started_at: datetime
    end: datetime
    reserved_until: datetime
    engineers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Rules set aside for one window of a change until `expires_at`."""

    change: str
    start: datetime
    rules: tuple[str, ...]
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """What a team holds against a window: one that is upheld rejects it, a price keeps other work off these hours."""

    team: str
    change: str
    start: datetime
    upheld: bool = False
    cost_cents_per_hour: int | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything that was decided and has happened since the portfolio was imported.

    `now` replaces the instant of planning. `decisions` are in the order they were made. `left_out` says of changes on
    hold, cancelled or otherwise not to be planned why that is so.
    """

    now: datetime | None = None
    decisions: tuple[Decision, ...] = ()
    overrides: tuple[Override, ...] = ()
    objections: tuple[Objection, ...] = ()
    preferences: tuple[Preference, ...] = ()
    absences: tuple[Absence, ...] = ()
    running: tuple[Running, ...] = ()
    finished: tuple[PastWork, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)


def folded(portfolio: Portfolio, facts: Facts, *, hashed: bool = True) -> Portfolio:
    """Give the portfolio as it is to be planned now; its content has no hash unless it is to be `hashed`.

    Work that goes on keeps the rest of its window, whatever rule that breaks, and those who do it are busy until then.
    What comes after a change that is left out, or starts together with one, is left out too; warnings name it.
    """
    now = facts.now or portfolio.now
    world = replace(portfolio, now=now, preferences=portfolio.preferences + facts.preferences)
    world, warnings = _without(world, facts)
    decisions = [*facts.decisions]
    for one in facts.overrides:
        if one.expires_at > now:
            decisions.append(Decision(change=one.change, kind="pin", start=one.start, overrides=one.rules))
    for objection in facts.objections:
        if objection.upheld:
            decisions.append(Decision(change=objection.change, kind="reject", start=objection.start))
        world = _with_priced(world, objection)
    kept, more = _fitting(world, [*world.decisions, *decisions])
    world = absent(replace(world, decisions=kept), facts.absences)
    for running in facts.running:
        if running.change in world.changes:
            world = _going_on(world, running)
    world = _referring_to_what_is_there(world, {one.change for one in facts.running})
    world = replace(world, warnings=(*world.warnings, *warnings, *more))
    return replace(world, content_hash=content_hash(world) if hashed else "")


def absent(portfolio: Portfolio, absences: Iterable[Absence]) -> Portfolio:
    """Take the hours in which engineers are away off their duty.

    Raises
    ------
    KeyError
        If there is no such engineer.
    """
    calendars = dict(portfolio.calendars)
    for number, one in enumerate(absences, 1):
        _ = (portfolio.engineers or {})[one.engineer]
        name = f"{one.engineer} away {number}"
        calendars[name] = Calendar(
            id=name, kind="blackout", periods=(one.window,), applies_to=(f"engineer:{one.engineer}",)
        )
    return replace(portfolio, calendars=calendars)


def unpinned(portfolio: Portfolio, changes: Collection[str]) -> Portfolio:
    """Lift the pins and approvals of some changes; what was announced of them stays announced, and has its price."""
    decided = standing(portfolio)
    others = [one for one in portfolio.decisions if one.change not in changes]
    refused = [
        Decision(change=change, kind="reject", start=start)
        for change in changes
        for start in decided.rejected.get(change, ())
    ]
    announced = {change: told for change, told in portfolio.announced.items() if change not in changes}
    for change in changes:
        start = decided.announced.get(change)
        if start is not None:
            announced[change] = start, announced_at(portfolio, change, start) or portfolio.now
    return replace(portfolio, decisions=(*others, *refused), announced=announced)


def held(portfolio: Portfolio, schedule: Schedule, changes: Iterable[str]) -> Portfolio:
    """Pin changes to the windows that they have in a schedule, which stay as announced as they are."""
    pins = []
    for change in changes:
        placement = schedule.by_change.get(change)
        if placement is not None and change in portfolio.changes:
            told = announced_at(portfolio, change, placement.start)
            pins.append(Decision(change=change, kind="pin", start=placement.start, announced_at=told))
    return replace(portfolio, decisions=(*portfolio.decisions, *pins))


# --- parts of the fold ---------------------------------------------------------------------------------------------


def _without(portfolio: Portfolio, facts: Facts) -> tuple[Portfolio, list[str]]:
    """Take out what is over and what is not to be planned, with all that hangs on the latter."""
    over = {one.change for one in facts.finished}
    gone = {change: why for change, why in facts.left_out.items() if change in portfolio.changes}
    warnings = []
    waiting = list(gone)
    at_work = {one.change for one in facts.running}
    while waiting:
        first = waiting.pop()
        for change in portfolio.changes.values():
            if change.id in gone or change.id in over or change.id in at_work:
                continue
            follows = any(one.change == first for one in change.after)
            if follows or first in change.same_window_as or change.id in portfolio.changes[first].same_window_as:
                how = "comes after" if follows else "starts together with"
                gone[change.id] = f"{how} {first}"
                waiting.append(change.id)
                warnings.append(f"{change.id} is not planned: it {how} {first}, which is not ({gone[first]})")
    out = over | gone.keys()
    return (
        replace(
            portfolio,
            changes={name: change for name, change in portfolio.changes.items() if name not in out},
            done=portfolio.done | over,
            history=portfolio.history + facts.finished,
            announced={name: told for name, told in portfolio.announced.items() if name not in out},
        ),
        warnings,
    )


def _with_priced(portfolio: Portfolio, objection: Objection) -> Portfolio:
    if objection.cost_cents_per_hour is None or objection.change not in portfolio.changes:
        return portfolio
    window = place(portfolio, objection.change, objection.start).reserved
    wish = Preference(
        team=objection.team,
        kind="avoid",
        start=window.start,
        end=window.end,
        cost_cents_per_hour=objection.cost_cents_per_hour,
        reason=objection.reason,
    )
    return replace(portfolio, preferences=(*portfolio.preferences, wish))


def _fitting(portfolio: Portfolio, decisions: Iterable[Decision]) -> tuple[tuple[Decision, ...], list[str]]:
    """Keep decisions on changes that are there, and say which windows lie outside what is planned."""
    kept, warnings, horizon = [], [], portfolio.horizon
    for one in decisions:
        if one.change not in portfolio.changes:
            continue
        if horizon.on_grid(one.start) and horizon.window.contains(place(portfolio, one.change, one.start).reserved):
            kept.append(one)
        else:
            when = instant_text(one.start, portfolio.policy.time_zone)
            warnings.append(f"{one.change}: {when} is no start inside the horizon, so its {one.kind} is passed over")
    return tuple(kept), warnings


def _going_on(portfolio: Portfolio, running: Running) -> Portfolio:
    """Let the rest of a change that was begun keep its place, and its engineers be busy with it."""
    horizon, change = portfolio.horizon, portfolio.changes[running.change]
    start = horizon.at(max(0, horizon.ceil(portfolio.now)))
    rest = max(horizon.slot, running.end - start), max(horizon.slot, running.reserved_until - start)
    expected, reserved = (int(one / timedelta(minutes=1)) for one in rest)
    short = replace(
        change,
        duration_minutes=expected,
        duration_p90_minutes=max(expected, reserved),
        backout_minutes=0,
        failure_chance=0.0,
        earliest=None,
        due=None,
        after=(),
        same_window_as=(),
        allowed=(),
        skills=() if running.engineers else change.skills,
        mandatory=True,
        delay_cost_cents_per_day=0,
        fixed_start=None,
    )
    pin = Decision(change=change.id, kind="pin", start=start, overrides=OVERRIDABLE)
    window = Window(start, start + horizon.length(max(expected, reserved)) * horizon.slot)
    busy = Calendar(
        id=f"{change.id} at work",
        kind="blackout",
        periods=(window,),
        applies_to=tuple(f"engineer:{name}" for name in running.engineers),
    )
    return replace(
        portfolio,
        changes={**portfolio.changes, change.id: short},
        calendars={**portfolio.calendars, busy.id: busy} if running.engineers else portfolio.calendars,
        decisions=(*(one for one in portfolio.decisions if one.change != change.id), pin),
        announced={name: told for name, told in portfolio.announced.items() if name != change.id},
    )


def _referring_to_what_is_there(portfolio: Portfolio, running: Collection[str]) -> Portfolio:
    """Drop ties to changes that are gone, and what running changes would owe one another: it is too late for that."""

    def tied(change: Change) -> Change:
        beside = [
            name
            for name in change.not_with
            if name in portfolio.changes and not (name in running and change.id in running)
        ]
        together = [name for name in change.same_window_as if name in portfolio.changes and name not in running]
        return replace(change, not_with=tuple(beside), same_window_as=tuple(together))

    return replace(portfolio, changes={name: tied(change) for name, change in portfolio.changes.items()})


def away_text(absence: Absence, zone: str) -> str:
    """Say who is away when, and why."""
    why = f" ({absence.reason})" if absence.reason else ""
    return f"{absence.engineer} is away {window_text(absence.window, zone)}{why}"


def as_time_went(portfolio: Portfolio, plan: Schedule) -> Facts:
    """Give what has happened by now if everything of a plan began and ended as planned."""
    finished, running = [], []
    for one in plan.placements:
        change = portfolio.changes.get(one.change)
        if change is None or one.start >= portfolio.now:
            continue
        if one.reserved_until <= portfolio.now:
            finished.append(
                PastWork(
                    change=one.change,
                    kind=change.type,
                    services=change.services,
                    planned_start=one.start,
                    planned_end=one.end,
                    actual_start=one.start,
                    actual_end=one.end,
                )
            )
        else:
            running.append(
                Running(
                    change=one.change,
                    started_at=one.start,
                    end=one.end,
                    reserved_until=one.reserved_until,
                    engineers=tuple(sorted({shift.engineer for shift in one.engineers})),
                )
            )
    return Facts(finished=tuple(finished), running=tuple(running))
