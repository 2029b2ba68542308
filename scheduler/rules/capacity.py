"""In every slot of its reserved window each change has the engineers it asks for, each of them for it alone.

One engineer serves one unit of one skill at a time, and only in slots that lie wholly inside working hours; who serves
may change from slot to slot. Where a placement names its engineers, these have to be people who can and may do it, in
one place at a time, and enough of them. Without a list of engineers there is no rule.

The check matches units to engineers on duty, slot by slot. The solver is told the same by Hall's theorem (P. Hall, "On
representatives of subsets", 1935): all units can be served just when no set of skills is asked for by more units than
there are engineers on duty with any of these skills.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, maximum_bipartite_matching

from scheduler.carried import carried
from scheduler.horizon import WeeklyHours, Window, common, first_met, join, without
from scheduler.law import Rule
from scheduler.portfolio import Engineer, Portfolio
from scheduler.schedule import Placement, Schedule, Violation, known
from scheduler.wording import listing, window_text

if TYPE_CHECKING:
    from scheduler.solver.problem import Problem

NAME = "capacity"
# Sets of skills grow as 2 to the power of the skills that can replace one another.
MOST_SKILLS = 10
MOST_ANSWERS = 50_000


@carried("policy", "engineers", "calendars")
def duty(portfolio: Portfolio) -> Mapping[str, tuple[Window, ...]]:
    """Give the working hours of every engineer that reach into the horizon, joined and in order.

    They are what `works` says (a calendar in its zone, weekly hours in the engineer's, or always), inside each hard
    working or allowed calendar that applies to the engineer, without each hard blackout that does.
    """
    inside = portfolio.horizon.window
    found = {}
    for engineer in (portfolio.engineers or {}).values():
        if engineer.works in portfolio.calendars:
            hours = portfolio.calendars[engineer.works].windows(inside)
        else:
            hours = WeeklyHours.parse(engineer.works).windows(engineer.time_zone, inside)
        for calendar in portfolio.calendars.values():
            named = f"engineer:{engineer.id}" in calendar.applies_to
            if calendar.hard and calendar.kind == "blackout" and named:
                hours = without(hours, calendar.windows(inside))
            elif calendar.hard and (
                (named and calendar.kind != "blackout") or (calendar.kind == "working" and "*" in calendar.applies_to)
            ):
                hours = common(hours, calendar.windows(inside))
        found[engineer.id] = tuple(hours)
    return found


# --- check: a matching per slot ------------------------------------------------------------------------------------


def check(portfolio: Portfolio, schedule: Schedule) -> Iterator[Violation]:
    """Find stretches of slots in which not all units can be served, and names that cannot be as they stand."""
    if portfolio.engineers is None:
        return
    yield from _short(portfolio, schedule, portfolio.engineers)
    yield from _wrong_names(portfolio, schedule, portfolio.engineers)
    yield from _twice_at_once(portfolio, schedule)


def _short(portfolio: Portfolio, schedule: Schedule, engineers: Mapping[str, Engineer]) -> Iterator[Violation]:
    """Name skills that too few engineers have, whoever is named."""
    short: dict[tuple[tuple[str, ...], tuple[str, ...], int, tuple[str, ...]], list[Window]] = {}
    answers = _answers(portfolio)
    by_slot, on_duty_by_slot = _by_slot(portfolio, schedule), _on_duty(portfolio)
    for slot, active in by_slot.items():
        on_duty = on_duty_by_slot[slot]
        key = (active, on_duty)
        if key not in answers:
            if len(answers) >= MOST_ANSWERS:
                answers.clear()
            answers[key] = _lacking(portfolio, active, on_duty)
        skills = answers[key]
        if skills:
            hours = Window(portfolio.horizon.at(slot), portfolio.horizon.at(slot + 1))
            asking = tuple(name for name in active if skills & dict(portfolio.changes[name].skills).keys())
            units = sum(
                amount for name in asking for skill, amount in portfolio.changes[name].skills if skill in skills
            )
            able = tuple(sorted(name for name in on_duty if engineers[name].skills & skills))
            short.setdefault((asking, tuple(sorted(skills)), units, able), []).append(hours)
    for (asking, skills_short, units, able), slots in short.items():
        for stretch in join(slots):
            text = (
                f"{listing(asking)} {'needs' if len(asking) == 1 else 'need'} {units} with {' or '.join(skills_short)} "
                f"at {window_text(stretch, portfolio.policy.time_zone)}; on duty with that: {listing(able) or 'nobody'}"
            )
            yield Violation(rule=NAME, changes=asking, text=text, window=stretch)


@carried("policy", "engineers", "calendars")
def _on_duty(portfolio: Portfolio) -> Sequence[frozenset[str]]:
    """Give who works throughout each slot of the horizon."""
    shifts = duty(portfolio)
    masks = np.array([portfolio.horizon.covered(hours) for hours in shifts.values()], dtype=np.bool_)
    masks = masks.reshape(len(shifts), portfolio.horizon.slots)
    names, known = np.array(list(shifts), dtype=object), dict[bytes, frozenset[str]]()
    found = []
    for column in np.ascontiguousarray(masks.T):
        key = column.tobytes()
        if key not in known:
            known[key] = frozenset(names[column].tolist())
        found.append(known[key])
    return found


@carried("policy", "changes", "engineers", "calendars")
def _answers(portfolio: Portfolio) -> dict[tuple[tuple[str, ...], frozenset[str]], frozenset[str]]:
    """Remember who lacks what, by the changes at work and the engineers on duty: a what-if leaves most slots alone."""
    return {}


def _by_slot(portfolio: Portfolio, schedule: Schedule) -> Mapping[int, tuple[str, ...]]:
    """Give the changes that ask for engineers in each slot, sorted."""
    horizon = portfolio.horizon
    active: dict[int, list[str]] = {}
    for placement in sorted(known(portfolio, schedule), key=lambda one: one.change):
        if portfolio.changes[placement.change].skills:
            first, last = horizon.floor(placement.start), horizon.ceil(placement.reserved_until)
            for slot in range(max(0, first), min(last, horizon.slots)):
                active.setdefault(slot, []).append(placement.change)
    return {slot: tuple(names) for slot, names in sorted(active.items())}


def _holds(shifts: Sequence[Window], hours: Window) -> bool:
    met = first_met(shifts, hours)
    return met is not None and met.contains(hours)


def _lacking(portfolio: Portfolio, active: Iterable[str], on_duty: Iterable[str]) -> frozenset[str]:
    """Match units to engineers; empty if all are served, else skills asked for by more units than can serve them."""
    units = [skill for name in active for skill, amount in portfolio.changes[name].skills for _ in range(amount)]
    engineers = portfolio.engineers or {}
    if _first_come(units, {name: engineers[name].skills for name in on_duty}):
        return frozenset()
    staff = sorted(on_duty)
    able = np.array([[skill in engineers[name].skills for name in staff] for skill in units], dtype=np.int8)
    able = able.reshape(len(units), len(staff))
    served = maximum_bipartite_matching(csr_array(able), perm_type="column") if staff else np.full(len(units), -1)
    unserved = np.flatnonzero(served < 0)
    if not len(unserved):
        return frozenset()
    # Whoever could serve the unit left over is busy with other units; follow those in turn. What is reached is asked
    # for by one unit more than there are engineers for it, or the matching would not have been the largest.
    reached, waiting = {int(unserved[0])}, [int(unserved[0])]
    holder = {int(column): row for row, column in enumerate(served) if column >= 0}
    while waiting:
        for column in np.flatnonzero(able[waiting.pop()]):
            row = holder[int(column)]
            if row not in reached:
                reached.add(row)
                waiting.append(row)
    return frozenset(units[row] for row in reached)


def _first_come(units: Sequence[str], free: dict[str, frozenset[str]]) -> bool:
    """Tell whether all units are served when each takes whoever is free with the fewest skills: a quick sufficiency."""
    for unit in units:
        able = [name for name, skills in free.items() if unit in skills]
        if not able:
            return False
        del free[min(able, key=lambda name: (len(free[name]), name))]
    return True


# --- check: the names ----------------------------------------------------------------------------------------------


def _wrong_names(portfolio: Portfolio, schedule: Schedule, engineers: Mapping[str, Engineer]) -> Iterator[Violation]:
    """Find strangers, people without the skill or off duty, and units that nobody named serves."""
    zone, shifts = portfolio.policy.time_zone, duty(portfolio)
    for one in known(portfolio, schedule):
        for shift in one.engineers:
            hours = Window(shift.start, shift.end)
            if shift.engineer not in engineers:
                text = f"there is no engineer {shift.engineer}, who is named for {_at(one, hours, zone)}"
            elif shift.skill not in engineers[shift.engineer].skills:
                text = f"{shift.engineer} does not have {shift.skill}, but is named with it for {_at(one, hours, zone)}"
            elif hours.end <= hours.start:
                text = f"{shift.engineer} is named for {one.change} from {window_text(hours, zone)}, which is no time"
            elif not _holds(shifts[shift.engineer], hours):
                text = f"{shift.engineer} is not on duty throughout {_at(one, hours, zone)}"
            else:
                continue
            yield Violation(rule=NAME, changes=(one.change,), text=text, window=hours)
        if one.engineers:
            yield from _unserved(portfolio, one)


def _at(placement: Placement, hours: Window, zone: str) -> str:
    return f"{placement.change} at {window_text(hours, zone)}"


def _unserved(portfolio: Portfolio, placement: Placement) -> Iterator[Violation]:
    horizon = portfolio.horizon
    first, last = horizon.floor(placement.start), horizon.ceil(placement.reserved_until)
    whole = Window(horizon.at(first), horizon.at(last))
    for skill, amount in portfolio.changes[placement.change].skills:
        served = [Window(one.start, one.end) for one in placement.engineers if one.skill == skill]
        if sum(1 for hours in served if hours.contains(whole)) >= amount:
            continue
        missing: dict[int, list[Window]] = {}
        for slot in range(first, last):
            hours = Window(horizon.at(slot), horizon.at(slot + 1))
            there = sum(1 for shift in served if shift.contains(hours))
            if there < amount:
                missing.setdefault(there, []).append(hours)
        for there, slots in missing.items():
            for stretch in join(slots):
                text = (
                    f"{placement.change} needs {amount} with {skill} "
                    f"at {window_text(stretch, portfolio.policy.time_zone)}, but {there or 'nobody'} "
                    f"{'are' if there > 1 else 'is'} named"
                )
                yield Violation(rule=NAME, changes=(placement.change,), text=text, window=stretch)


def _twice_at_once(portfolio: Portfolio, schedule: Schedule) -> Iterator[Violation]:
    """Find people who are named for two units at the same time."""
    named: dict[str, list[tuple[Window, str]]] = {}
    for one in known(portfolio, schedule):
        for shift in one.engineers:
            if shift.start < shift.end:
                named.setdefault(shift.engineer, []).append((Window(shift.start, shift.end), one.change))
    for name, hours in sorted(named.items()):
        hours.sort()
        for number, (window, change) in enumerate(hours):
            for other, another in hours[number + 1 :]:
                if other.start >= window.end:
                    break
                both = Window(other.start, min(window.end, other.end))
                changes = tuple(sorted({change, another}))
                when = window_text(both, portfolio.policy.time_zone)
                text = f"{name} is named twice at {when}: for {change} and {another}"
                yield Violation(rule=NAME, changes=changes, text=text, window=both)


# --- post: Hall's condition per set of skills ----------------------------------------------------------------------


def post(portfolio: Portfolio, problem: "Problem") -> None:
    """Post a resource for every set of skills that can be short.

    Raises
    ------
    ValueError
        Where more than `MOST_SKILLS` skills with different holders hang together through engineers who have several.
    """
    for label, able, uses in _demands(portfolio):
        problem.resource(NAME, label, able, uses)


_Demand = tuple[str, npt.NDArray[np.int64], list[tuple[str, int, int, int]]]


@carried("policy", "changes", "engineers", "calendars")
def _demands(portfolio: Portfolio) -> Sequence[_Demand]:
    """Give every set of skills that can be short, as (label, engineers on duty per slot, uses)."""
    if portfolio.engineers is None:
        return []
    horizon = portfolio.horizon
    found: list[_Demand] = []
    on_duty = {name: horizon.covered(shifts).astype(np.int64) for name, shifts in duty(portfolio).items()}
    lengths = {change.id: portfolio.reserved(change.id) for change in portfolio.changes.values() if change.skills}
    asking: dict[str, npt.NDArray[np.int64]] = {}
    for number, change in enumerate(lengths):
        for skill, amount in portfolio.changes[change].skills:
            asking.setdefault(skill, np.zeros(len(lengths), dtype=np.int64))[number] += amount
    for skills in _sets(portfolio):
        units = np.add.reduce([asking[skill] for skill in skills]).tolist()
        uses = [(change, amount, 0, lengths[change]) for change, amount in zip(lengths, units, strict=True) if amount]
        holders = [name for name, engineer in portfolio.engineers.items() if engineer.skills & skills]
        able = sum((on_duty[name] for name in holders), np.zeros(horizon.slots, dtype=np.int64))
        if sum(amount for _, amount, _, _ in uses) > able.min():
            found.append((" or ".join(sorted(skills)), able, uses))
    return found


def _sets(portfolio: Portfolio) -> Iterator[frozenset[str]]:
    """Give the sets of skills whose condition no other set's implies.

    A set that falls into parts without a common engineer is implied by the conditions of its parts, and of the sets
    with the same engineers the largest implies the others.
    """
    engineers = portfolio.engineers or {}
    by_holders: dict[frozenset[str], set[str]] = {}
    for skill in sorted({skill for change in portfolio.changes.values() for skill, _ in change.skills}):
        holders = frozenset(name for name, engineer in engineers.items() if skill in engineer.skills)
        by_holders.setdefault(holders, set()).add(skill)
    for part in _parts(list(by_holders)):
        if len(part) > MOST_SKILLS:
            names = listing(sorted(min(by_holders[holders]) for holders in part))
            raise ValueError(
                f"{len(part)} skills hang together through engineers who have several of them ({names}); at most "
                f"{MOST_SKILLS} can be planned: give up skills that are not needed, or name fewer per engineer"
            )
        largest: dict[frozenset[str], set[str]] = {}
        for count in range(1, len(part) + 1):
            for chosen in combinations(part, count):
                if len(_parts(chosen)) == 1:
                    union: frozenset[str] = frozenset().union(*chosen)
                    largest.setdefault(union, set()).update(*(by_holders[holders] for holders in chosen))
        yield from (frozenset(skills) for skills in largest.values())


def _parts(groups: Sequence[frozenset[str]]) -> list[list[frozenset[str]]]:
    """Split sets of engineers into parts that have nobody in common, in order."""
    shared = np.array([[bool(one & other) for other in groups] for one in groups], dtype=np.int8)
    if not len(groups):
        return []
    count, labels = connected_components(csr_array(shared), directed=False)
    return [[group for group, label in zip(groups, labels, strict=True) if label == part] for part in range(count)]


RULE = Rule(
    NAME, "Whenever work is reserved, engineers with the skills it asks for are on duty, one for each.", check, post
)
