"""Scheduling problems of other people's shapes, drawn from a seed around a plan that exists.

`grid` has the shape of the ROADEF/EURO challenge 2020 on the maintenance of a grid, `jobs` that of Timefold's
maintenance demo. The instances are our own.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from scheduler.solver.problem import Problem

PERIODS = 90
SEASONS = {"winter": (0, 25), "spring": (25, 45), "summer": (45, 65), "autumn": (65, 90)}
"""Periods of a year of four-day periods; exclusions hold in one season."""
SEASON, PHASE, WEATHER = 0.3, 20.0, 0.05
"""Risk over the year: its swing, how far its peak lies from that of others, and its noise from period to period."""
ROOMY, TIGHT = 3.0, 2.5
"""What a resource has over what a plan takes of it in the mean."""
RESOURCES, ELEMENTS, NIGHTS = 9, 500, 30
PER_NIGHT = 20
ATTRIBUTES = 40
BUSY_SHARE = 0.2
"""Share of the nights on which an element may not be worked on."""
WORKDAYS = 5
LATE, EARLY = 1000, 1
"""What a job costs per workday that it ends after its ideal end, and before it."""


@dataclass(frozen=True)
class Instance:
    """A problem of some shape, and what it is called."""

    shape: str
    name: str
    problem: Problem


def grid(activities: int, room: float, seed: int) -> Instance:
    """Activities on a year of periods: risk by start, work that varies over an activity, exclusions in a season."""
    rng = np.random.default_rng([seed, activities])
    names = [f"activity {number:03d}" for number in range(activities)]
    problem = Problem(PERIODS, names)
    lengths = np.minimum(1 + rng.geometric(0.2, activities), 20)
    planted = rng.integers(0, PERIODS - lengths + 1)
    periods = np.arange(PERIODS)
    uses: list[list[tuple[str, int, int, int]]] = [[] for _ in range(RESOURCES)]
    load = np.zeros((RESOURCES, PERIODS), dtype=np.int64)
    for number, name in enumerate(names):
        length = int(lengths[number])
        problem.mask("end of the year", name, periods <= PERIODS - length)
        # Load on the grid has its season, a little different in every place, and its weather.
        size, phase = rng.gamma(2.0, 500.0), rng.normal(0.0, PHASE)
        season = 1 + SEASON * np.cos(2 * np.pi * (periods - phase) / PERIODS)
        risk = np.rint(size * season * (1 + WEATHER * rng.standard_normal(PERIODS))).astype(np.int64).clip(0)
        total = np.concatenate([[0], np.cumsum(risk), np.full(length, risk.sum())])
        problem.price_start(name, (total[length : length + PERIODS] - total[:PERIODS]).astype(np.int64))
        for resource in rng.choice(RESOURCES, size=int(rng.integers(2, 6)), replace=False).tolist():
            amount = int(rng.integers(5, 16))
            for offset in range(length):
                taken = max(1, int(amount * (0.5 + rng.random())))
                uses[resource].append((name, taken, offset, 1))
                load[resource, planted[number] + offset] += taken
    for resource, own in enumerate(uses):
        crew = int(room * load[resource].mean())
        problem.resource("resource", f"resource {resource}", np.maximum(crew, load[resource]), own)
    for one, other in _pairs(activities, 2 * activities // 5, rng):
        apart = lengths[one] + planted[one] <= planted[other] or lengths[other] + planted[other] <= planted[one]
        begin, end = list(SEASONS.values())[int(rng.integers(len(SEASONS)))]
        capacity = np.where((periods >= begin) & (periods < end), 1, 2)
        if apart:
            whole = [(names[which], 1, 0, int(lengths[which])) for which in (one, other)]
            problem.resource("exclusion", f"{names[one]}, {names[other]}", capacity, whole)
    return Instance("grid", f"{activities} activities, {room:g} room", problem)


def _pairs(count: int, many: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    drawn = {tuple(sorted(rng.choice(count, size=2, replace=False).tolist())) for _ in range(many)}
    return sorted((one, other) for one, other in drawn)


def nights(elements: int, seed: int) -> Instance:
    """Elements on nights: every one is done on a night, early nights first, few distinct attributes a night."""
    rng = np.random.default_rng([seed, elements])
    names = [f"element {number:03d}" for number in range(elements)]
    problem = Problem(NIGHTS, names)
    # Some attributes are common and some rare, as vendors or regions are.
    weight = rng.dirichlet(np.full(ATTRIBUTES, 2.0))
    attribute = np.sort(rng.choice(ATTRIBUTES, size=elements, p=weight))
    for number, name in enumerate(names):
        free = rng.random(NIGHTS) >= BUSY_SHARE
        # In order of attributes, so many a night: a plan that keeps all limits, and lies inside the horizon.
        free[number // PER_NIGHT] = True
        problem.mask("conflict", name, free)
        problem.price_start(name, np.arange(1, NIGHTS + 1, dtype=np.int64))
    every_night = np.arange(NIGHTS, dtype=np.int64)
    problem.resource("night", "elements a night", np.full(NIGHTS, PER_NIGHT), [(name, 1, 0, 1) for name in names])
    planted = [len(set(attribute[night * PER_NIGHT : (night + 1) * PER_NIGHT].tolist())) for night in range(NIGHTS)]
    limit = max(planted)
    nothing = np.zeros(NIGHTS, dtype=np.int64)
    cells = [
        problem.cell(nothing, [(names[number], 0, 1) for number in np.flatnonzero(attribute == one).tolist()])
        for one in range(ATTRIBUTES)
    ]
    problem.budget("attributes", "attributes a night", cells, every_night, np.full(NIGHTS, limit))
    return Instance("nights", f"{elements} elements, at most {limit} attributes a night", problem)


def jobs(count: int, crews: int, weeks: int, seed: int) -> Instance:
    """Jobs of some workdays for crews, ready and due, best ended on an ideal day, and never two of a tag at once."""
    rng = np.random.default_rng([seed, count])
    names = [f"job {number:02d}" for number in range(count)]
    days = weeks * WORKDAYS
    problem = Problem(days, names)
    lengths = rng.integers(1, 9, count)
    areas = rng.integers(0, max(2, count // 3), count)
    downtown = rng.random(count) < 0.1
    busy = np.zeros(days, dtype=np.int64)
    taken: dict[str, np.ndarray[tuple[int], np.dtype[np.bool_]]] = {}
    tags: dict[str, list[tuple[str, int, int, int]]] = {}
    for number, name in enumerate(names):
        length = int(lengths[number])
        own = [f"area {areas[number]}"] + ["downtown"] * bool(downtown[number])
        held = [taken.setdefault(tag, np.zeros(days, dtype=np.bool_)) for tag in own]
        fits = [
            day for day in range(days - length + 1)
            if (busy[day : day + length] < crews).all() and not any(tag[day : day + length].any() for tag in held)
        ]  # fmt: skip
        planted = int(rng.choice(fits))
        busy[planted : planted + length] += 1
        for tag, mask in zip(own, held, strict=True):
            mask[planted : planted + length] = True
            tags.setdefault(tag, []).append((name, 1, 0, length))
        ready = max(0, planted - int(rng.integers(0, 15)))
        due = min(days, planted + length + int(rng.integers(0, 15)))
        ideal = int(rng.integers(max(ready + length, due - 4), due + 1))
        starts = np.arange(days)
        problem.mask("ready and due", name, (starts >= ready) & (starts + length <= due))
        ends = starts + length
        problem.price_start(name, np.where(ends > ideal, LATE * (ends - ideal), EARLY * (ideal - ends)))
    everybody = [(name, 1, 0, int(lengths[number])) for number, name in enumerate(names)]
    problem.resource("crews", "crews", np.full(days, crews), everybody)
    for tag, uses in tags.items():
        problem.resource("tag", tag, np.ones(days, dtype=np.int64), uses)
    return Instance("jobs", f"{count} jobs, {crews} crews, {weeks} weeks", problem)


SHAPES: dict[str, Callable[[int], Iterator[Instance]]] = {
    "grid": lambda seed: (grid(*of, seed) for of in ((90, ROOMY), (180, ROOMY), (180, TIGHT))),
    "nights": lambda seed: iter([nights(ELEMENTS, seed)]),
    "jobs": lambda seed: iter([jobs(14, 3, 8, seed), jobs(48, 5, 16, seed)]),
}
