"""Who does what: a name for every unit that changes ask for, with the fewest hand-overs.

The starts are known by now, and in every slot the engineers on duty can be matched to the units (the rule `capacity`).
Nothing changes inside a stretch between two events (a window begins or ends, somebody's duty does), so there is an
assignment per stretch, and a hand-over wherever the next stretch has somebody else. Work that never meets for want of a
common engineer or hour is named apart; where that leaves a small part CP-SAT finds the fewest hand-overs, and in any
case they are no more than those of going from stretch to stretch and keeping whom one can.
"""

import time
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np
from ortools.sat.python import cp_model
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from scheduler.horizon import Mask
from scheduler.portfolio import Portfolio
from scheduler.rules.capacity import duty
from scheduler.schedule import Placement, Schedule, Shift, known
from scheduler.solver.exact import Limits

MOST = 6_000  # jobs times stretches of a part: beyond that CP-SAT gets nowhere in the work it may do
LIMITS = Limits(seconds=1.0, units=0.15)
"""Work that CP-SAT may put into one plan. In units, the same plan gets the same names everywhere."""


class Job(NamedTuple):
    """What a change asks of one skill: `amount` engineers in slots [first, last)."""

    change: str
    skill: str
    amount: int
    first: int
    last: int


Names = Mapping[tuple[int, int], tuple[str, ...]]
"""The engineers of each (job, stretch), both by number, sorted."""


@dataclass(frozen=True)
class _Part:
    """Jobs that compete for engineers, the slots where their stretches begin (and the last ends), and who is able."""

    jobs: tuple[Job, ...]
    edges: tuple[int, ...]
    on_duty: Mapping[str, Mask]
    skills: Mapping[str, frozenset[str]]
    stretches: tuple[range, ...] = field(init=False)
    until: Mapping[str, Sequence[int]] = field(init=False)
    """The slot in which the duty of each engineer ends who is on duty when a stretch begins, by stretch."""

    def __post_init__(self) -> None:
        inside = [range(bisect_left(self.edges, job.first), bisect_left(self.edges, job.last)) for job in self.jobs]
        object.__setattr__(self, "stretches", tuple(inside))
        until = {}
        for name, mask in self.on_duty.items():
            off = np.append(np.flatnonzero(~mask), len(mask))
            until[name] = off[np.searchsorted(off, self.edges[:-1])].tolist()
        object.__setattr__(self, "until", until)

    def able(self, job: int, stretch: int) -> list[str]:
        """List who has the skill and is on duty throughout a stretch."""
        skill, end = self.jobs[job].skill, self.edges[stretch + 1]
        return [name for name, until in self.until.items() if until[stretch] >= end and skill in self.skills[name]]


def roster(
    portfolio: Portfolio, schedule: Schedule, limits: Limits = LIMITS, before: Schedule | None = None
) -> Schedule:
    """Name the engineers of every placement of a legal schedule; without a list of engineers there are no names.

    Small parts are dealt with first: they are solved to the end before the limits are reached. Whom `before` names
    stays where nothing moved that competes for the same engineers.
    """
    if portfolio.engineers is None:
        return schedule
    shifts: dict[str, list[Shift]] = defaultdict(list)
    begun, left = time.monotonic(), limits.units
    for part in sorted(_parts(portfolio, schedule), key=lambda part: len(part.jobs) * len(part.edges)):
        stays = _as_before(part, schedule, before) if before else None
        if stays is not None:
            shifts |= stays
            continue
        names = _greedy(part)
        seconds = limits.seconds - (time.monotonic() - begun)
        small = len(part.jobs) * len(part.edges) <= MOST
        if small and hand_overs(part.jobs, names) and (seconds > 0 if left is None else left > 0):
            names, spent = _fewest(part, names, replace(limits, seconds=seconds, units=left))
            left = None if left is None else left - spent
        for change, shift in _shifts(portfolio, part, names):
            shifts[change].append(shift)

    def named(one: Placement) -> Placement:
        order = sorted(shifts[one.change], key=lambda shift: (shift.start, shift.skill, shift.engineer))
        return replace(one, engineers=tuple(order))

    return Schedule(tuple(named(one) for one in schedule.placements))


def _as_before(part: _Part, schedule: Schedule, before: Schedule) -> dict[str, list[Shift]] | None:
    """Give whom a schedule before named for the changes of a part, None if one of them moved or had nobody."""
    found = {}
    for change in {job.change for job in part.jobs}:
        old = before.by_change.get(change)
        if old is None or not old.engineers or old.reserved != schedule.by_change[change].reserved:
            return None
        found[change] = list(old.engineers)
    return found


def hand_overs(jobs: Sequence[Job], names: Names) -> int:
    """Count how often a unit goes on with somebody else."""
    after: dict[int, list[tuple[str, ...]]] = defaultdict(list)
    for job, stretch in sorted(names):
        after[job].append(names[job, stretch])
    return sum(len(set(two) - set(one)) for job in range(len(jobs)) for one, two in pairwise(after[job]))


# --- parts that do not compete -----------------------------------------------------------------------------------


def _parts(portfolio: Portfolio, schedule: Schedule) -> Iterable[_Part]:
    horizon, engineers = portfolio.horizon, portfolio.engineers or {}
    on_duty = {name: horizon.covered(windows) for name, windows in sorted(duty(portfolio).items())}
    jobs = [
        Job(one.change, skill, amount, horizon.floor(one.start), horizon.ceil(one.reserved_until))
        for one in sorted(known(portfolio, schedule), key=lambda one: one.change)
        for skill, amount in sorted(portfolio.changes[one.change].skills)
    ]
    holders = {skill: {n for n, one in engineers.items() if skill in one.skills} for _, skill, *_ in jobs}
    order = sorted(range(len(jobs)), key=lambda number: jobs[number].first)
    links: list[tuple[int, int]] = []
    running: list[int] = []
    for number in order:
        running = [other for other in running if jobs[other].last > jobs[number].first]
        links += [(other, number) for other in running if holders[jobs[other].skill] & holders[jobs[number].skill]]
        running.append(number)
    rows, columns = zip(*links, strict=True) if links else ((), ())
    graph = coo_array((np.ones(len(links), dtype=np.int8), (rows, columns)), shape=(len(jobs), len(jobs)))
    labels = connected_components(graph, directed=False)[1] if jobs else np.zeros(0, dtype=np.int64)
    grouped: dict[int, list[Job]] = defaultdict(list)
    for job, label in zip(jobs, labels.tolist(), strict=True):
        grouped[label].append(job)
    for own in map(tuple, grouped.values()):
        able = set().union(*(holders[job.skill] for job in own))
        first, last = min(job.first for job in own), max(job.last for job in own)
        edges = {edge for job in own for edge in (job.first, job.last)}
        for name in able:
            edges |= {first + 1 + int(slot) for slot in np.flatnonzero(np.diff(on_duty[name][first:last]))}
        yield _Part(
            own,
            tuple(sorted(edges)),
            {name: mask for name, mask in on_duty.items() if name in able},
            {name: engineers[name].skills for name in able},
        )


# --- from stretch to stretch ---------------------------------------------------------------------------------------


def _greedy(part: _Part) -> dict[tuple[int, int], tuple[str, ...]]:
    """Match stretch by stretch: whoever did the work goes on, else whoever can stay with it longest comes."""
    found: dict[tuple[int, int], tuple[str, ...]] = {}
    staff = list(part.on_duty)
    column_of = {name: column for column, name in enumerate(staff)}
    many = len(part.edges)
    jobs_in: list[list[int]] = [[] for _ in range(many)]
    for job, own in enumerate(part.stretches):
        for stretch in own:
            jobs_in[stretch].append(job)
    for stretch in range(many - 1):
        units = [(job, number) for job in jobs_in[stretch] for number in range(part.jobs[job].amount)]
        # More than all that staying could save: a unit without an able engineer would break the rule.
        forbidden = 4 * many * (len(units) + 1)
        price = np.full((len(units), len(staff)), forbidden, dtype=np.int64)
        for row, (job, _) in enumerate(units):
            before = found.get((job, stretch - 1), ())
            for name in part.able(job, stretch):
                stays = _stays(part, job, stretch, name)
                price[row, column_of[name]] = (many - stays) + (0 if name in before or not before else 2 * many)
        rows, columns = linear_sum_assignment(price) if units else ((), ())
        taken: dict[int, list[str]] = defaultdict(list)
        for row, column in zip(map(int, rows), map(int, columns), strict=True):
            if price[row, column] < forbidden:
                taken[units[row][0]].append(staff[column])
        found |= {(job, stretch): tuple(sorted(taken[job])) for job in {job for job, _ in units}}
    return found


def _stays(part: _Part, job: int, stretch: int, name: str) -> int:
    """Count for how many stretches from this one on an engineer is on duty without a break, up to the job's end."""
    until = min(part.until[name][stretch], part.jobs[job].last)
    return bisect_right(part.edges, until) - 1 - stretch


# --- the fewest ----------------------------------------------------------------------------------------------------


def _fewest(
    part: _Part, first: dict[tuple[int, int], tuple[str, ...]], limits: Limits
) -> tuple[dict[tuple[int, int], tuple[str, ...]], float]:
    """Let CP-SAT keep as many engineers on from one stretch to the next as it can; give names and the work it took."""
    model = cp_model.CpModel()
    serves: dict[tuple[int, int, str], cp_model.IntVar] = {}
    busy: dict[tuple[int, str], list[cp_model.IntVar]] = defaultdict(list)
    kept: list[cp_model.IntVar] = []
    for job, stretches in enumerate(part.stretches):
        for stretch in stretches:
            able = part.able(job, stretch)
            for name in able:
                serves[job, stretch, name] = model.new_bool_var(f"{name} on job {job} in stretch {stretch}")
                model.add_hint(serves[job, stretch, name], name in first[job, stretch])
                busy[stretch, name].append(serves[job, stretch, name])
            model.add(sum(serves[job, stretch, name] for name in able) == part.jobs[job].amount)
        for one, two in pairwise(stretches):
            for name in part.skills:
                if (job, one, name) in serves and (job, two, name) in serves:
                    stays = model.new_bool_var(f"{name} stays on job {job} after stretch {one}")
                    model.add_implication(stays, serves[job, one, name])
                    model.add_implication(stays, serves[job, two, name])
                    model.add_hint(stays, name in first[job, one] and name in first[job, two])
                    kept.append(stays)
    for literals in busy.values():
        if len(literals) > 1:
            model.add_at_most_one(literals)
    model.maximize(sum(kept))
    solver, status = limits.run(model)
    spent = float(solver.response_proto.deterministic_time)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return first, spent
    found = {
        (job, stretch): tuple(
            name for name in part.able(job, stretch) if solver.boolean_value(serves[job, stretch, name])
        )
        for job, stretches in enumerate(part.stretches)
        for stretch in stretches
    }
    return (found if hand_overs(part.jobs, found) <= hand_overs(part.jobs, first) else first), spent


# --- shifts ----------------------------------------------------------------------------------------------------------


def _shifts(portfolio: Portfolio, part: _Part, names: Names) -> Iterable[tuple[str, Shift]]:
    """Join what an engineer does for a job in neighbouring stretches."""
    at = portfolio.horizon.at
    for number, (job, stretches) in enumerate(zip(part.jobs, part.stretches, strict=True)):
        for name in sorted({name for stretch in stretches for name in names[number, stretch]}):
            own = [stretch for stretch in stretches if name in names[number, stretch]]
            # The number of a stretch less its place in the list stays the same along neighbours.
            for _, run in groupby(enumerate(own), key=lambda one: one[1] - one[0]):
                worked = [stretch for _, stretch in run]
                begin, end = part.edges[worked[0]], part.edges[worked[-1] + 1]
                yield job.change, Shift(engineer=name, skill=job.skill, start=at(begin), end=at(end))
