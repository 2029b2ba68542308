"""What planning by habit would have cost: the earliest start, a random one, Sunday 02:00, first come first served.

A habit takes the changes in the order of changes.csv, predecessors first and changes of one window together, and
places each against those already placed, under all hard rules and without looking ahead. It places the same changes
as the plan it is compared with. Where it finds no legal start left it takes the start it prefers under the masks
alone, and the rules broken by that are counted.
"""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from scheduler.horizon import Mask, wall_to_utc
from scheduler.portfolio import Portfolio, remembered
from scheduler.schedule import BaselineFigures, Schedule, lost_cents, schedule_of
from scheduler.solver.compiled import Compiled, compile_problem
from scheduler.solver.state import State
from scheduler.verify import bill, verify

RANDOM_RUNS = 20
HABITS = ("earliest", "random_best", "sunday_0200")
"""What a plan is measured against beside `first_come`; `random` is the mean whose best run is `random_best`."""
ALL_HABITS = ("earliest", "sunday_0200", "first_come", "random")
"""The habits that plan; `random` plans several times."""

# Gives every slot a rank for a group of changes that start together; the lowest is taken, ties by the earlier slot.
_Preference = Callable[[Sequence[str]], npt.NDArray[np.int64]]


def baselines(portfolio: Portfolio, schedule: Schedule, *, seed: int = 0) -> dict[str, BaselineFigures]:
    """Price the habits on the changes that a schedule places, by name of habit.

    `random` is the mean of `RANDOM_RUNS` runs (half up; violations rounded up), `random_best` the cheapest of those
    runs that break no rule, or of all where every run does.
    """
    schedules = habit_schedules(portfolio, schedule, seed=seed)
    runs = [figures_of(portfolio, run) for run in schedules.pop("random")]
    figures = {name: figures_of(portfolio, only) for name, (only,) in schedules.items()}
    legal = [run for run in runs if run.violations == 0]
    figures["random"] = BaselineFigures(
        objective_cents=_mean([run.objective_cents for run in runs]),
        cost_cents=_mean([run.cost_cents for run in runs]),
        drop_cents=_mean([run.drop_cents for run in runs]),
        violations=-(-sum(run.violations for run in runs) // len(runs)),
    )
    figures["random_best"] = min(legal or runs, key=lambda run: run.objective_cents)
    return {name: figures[name] for name in ("earliest", "random", "random_best", "sunday_0200", "first_come")}


def habit_schedules(
    portfolio: Portfolio, schedule: Schedule, *, seed: int = 0, names: Iterable[str] = ALL_HABITS
) -> dict[str, list[Schedule]]:
    """Plan by some habits the changes that a schedule places: one schedule each, `RANDOM_RUNS` of `random`."""
    habit = _Habit(portfolio, schedule)
    preferences: dict[str, list[_Preference]] = {
        "earliest": [habit.earliest],
        "sunday_0200": [habit.sunday],
        "first_come": [habit.cheapest_alone],
        "random": [habit.at_random(np.random.default_rng([seed, n])) for n in range(RANDOM_RUNS)],
    }
    return {name: [habit.schedule(preference) for preference in preferences[name]] for name in names}


def figures_of(portfolio: Portfolio, schedule: Schedule) -> BaselineFigures:
    """Price and check any schedule as a baseline."""
    charges = bill(portfolio, schedule)
    dropped = sum(one.weighted_cents for one in charges if one.cost == "drop")
    return BaselineFigures(
        objective_cents=sum(one.weighted_cents for one in charges) - dropped,
        cost_cents=lost_cents(charges),
        drop_cents=dropped,
        violations=len(verify(portfolio, schedule)),
    )


def saving(objective_cents: int, habit: BaselineFigures) -> float | None:
    """Give the share of a habit's objective (drop prices left out of both) that a plan saves.

    None where there is nothing to compare with: the habit breaks rules, or costs nothing.

    >>> saving(25, BaselineFigures(objective_cents=100, cost_cents=90, drop_cents=0, violations=0))
    0.75
    """
    if habit.violations or not habit.objective_cents:
        return None
    return 1 - objective_cents / habit.objective_cents


def best_habit(figures: Mapping[str, BaselineFigures]) -> str | None:
    """Name the cheapest of `HABITS` that breaks no rule, or None."""
    legal = [name for name in HABITS if name in figures and not figures[name].violations]
    return min(legal, key=lambda name: figures[name].objective_cents, default=None)


def _compiled(portfolio: Portfolio) -> Compiled:
    # Loaded only when a plan is compared: whoever just judges a schedule needs no OR-Tools.
    from scheduler.solver.solve import compiled

    return compiled(portfolio)


@remembered
def priced_everywhere(portfolio: Portfolio) -> Compiled:
    """Compile the problem without its rules, which prices every start exactly, the forbidden ones too."""
    free = copy.copy(_compiled(portfolio).problem)
    free.masks = [{} for _ in free.changes]
    free.resources, free.lags, free.budgets, free.caps = [], [], [], []
    return compile_problem(free)


@remembered
def without_look_ahead(portfolio: Portfolio) -> Compiled:
    """Compile the rules so that only what is placed already forbids a start, not what must still be placed."""
    rules = _compiled(portfolio)
    allowed = [rules.problem.allowed(number) for number in range(rules.changes)]
    return rules.loosened(np.array(allowed, dtype=np.bool_).reshape(rules.ok.shape))


def placing_order(portfolio: Portfolio, chosen: Mapping[str, object]) -> list[tuple[str, ...]]:
    """List groups of changes that start together, in the order of changes.csv but predecessors before their followers.

    A change that must wait pulls those it comes after to just before itself.
    """
    group_of: dict[str, list[str]] = {change: [change] for change in portfolio.changes if change in chosen}
    for change in group_of:
        for other in portfolio.changes[change].same_window_as:
            if other in group_of and group_of[other] is not group_of[change]:
                group_of[change].extend(group_of[other])
                for member in group_of[other]:
                    group_of[member] = group_of[change]
    position = {change: number for number, change in enumerate(portfolio.changes)}

    def before(group: list[str]) -> Iterator[list[str]]:
        for member in sorted(group, key=position.__getitem__):
            yield from (group_of[one.change] for one in portfolio.changes[member].after if one.change in group_of)

    order: list[tuple[str, ...]] = []
    seen: set[int] = set()
    for change in group_of:
        waiting = [(group_of[change], before(group_of[change]))] if id(group_of[change]) not in seen else []
        seen.add(id(group_of[change]))
        while waiting:
            group, rest = waiting[-1]
            pulled = next((other for other in rest if id(other) not in seen), None)
            if pulled is None:
                order.append(tuple(sorted(group, key=position.__getitem__)))
                waiting.pop()
            else:
                seen.add(id(pulled))
                waiting.append((pulled, before(pulled)))
    return order


def _mean(values: Sequence[int]) -> int:
    return (2 * sum(values) + len(values)) // (2 * len(values))


class _Habit:
    """One portfolio and the changes to place, ready to be placed by any preference."""

    def __init__(self, portfolio: Portfolio, schedule: Schedule) -> None:
        self.portfolio = portfolio
        self.planned = {one.change: portfolio.horizon.floor(one.start) for one in schedule.placements}
        self.problem = _compiled(portfolio).problem
        self.rules = without_look_ahead(portfolio)
        self.unplanned = State(priced_everywhere(portfolio))
        self.order = placing_order(portfolio, self.planned)

    def schedule(self, preference: _Preference) -> Schedule:
        starts = {change: self.portfolio.horizon.at(slot) for change, slot in self._place(preference).items()}
        return schedule_of(self.portfolio, starts)

    def _place(self, preference: _Preference) -> dict[str, int]:
        state = State(self.rules)
        starts: dict[str, int] = {}
        for group in self.order:
            rank = preference(group)
            numbers = [self.problem.index[change] for change in group]
            slot = self._legal(state, numbers, rank)
            if slot is None:
                slot = self._under_masks(numbers, rank, otherwise=self.planned[group[0]])
                for number in numbers:
                    state.place(number, slot)
            starts.update(dict.fromkeys(group, slot))
        return starts

    def _legal(self, state: State, numbers: Sequence[int], rank: npt.NDArray[np.int64]) -> int | None:
        """Place a group at its legal start of lowest rank and give it; place nothing and give None without one."""
        open_starts = np.logical_and.reduce([self._open(state, number) for number in numbers])
        for slot in _by_rank(open_starts, rank):
            placed: list[int] = []
            for number in numbers:
                # Each of the group takes engineers and members that the next one then misses.
                if placed and not self._open(state, number)[slot]:
                    break
                state.place(number, slot)
                placed.append(number)
            if len(placed) == len(numbers):
                return slot
            for number in placed:
                state.remove(number)
        return None

    def _open(self, state: State, number: int) -> Mask:
        """Mark the legal starts of a change; that a group starts together is seen to by whoever asks."""
        open_starts = np.ones(self.problem.slots, dtype=np.bool_)
        for rule, starts in state.forbidden(number).items():
            if rule != "same window":
                open_starts &= ~starts
        return open_starts

    def _under_masks(self, numbers: Sequence[int], rank: npt.NDArray[np.int64], otherwise: int) -> int:
        allowed = np.logical_and.reduce([self.problem.allowed(number) for number in numbers])
        return next(_by_rank(allowed, rank), otherwise)

    # --- preferences: the rank of every slot ------------------------------------------------------------------------

    def earliest(self, group: Sequence[str]) -> npt.NDArray[np.int64]:
        return np.arange(self.problem.slots, dtype=np.int64)

    def at_random(self, rng: np.random.Generator) -> _Preference:
        return lambda group: rng.permutation(self.problem.slots).astype(np.int64)

    def cheapest_alone(self, group: Sequence[str]) -> npt.NDArray[np.int64]:
        prices = [self.unplanned.marginal(self.problem.index[change]) for change in group]
        return np.asarray(np.sum(prices, axis=0), dtype=np.int64)

    def sunday(self, group: Sequence[str]) -> npt.NDArray[np.int64]:
        target = first_sunday_two(self.portfolio, group[0])
        seconds = int((target - self.portfolio.horizon.start).total_seconds())
        starts = np.arange(self.problem.slots, dtype=np.int64) * self.portfolio.horizon.slot_minutes * 60
        return np.abs(starts - seconds)


def first_sunday_two(portfolio: Portfolio, change: str) -> datetime:
    """Give the first Sunday 02:00 not before the earliest start of a change, in the zone of its first service."""
    wanted = portfolio.changes[change]
    zone = portfolio.services[wanted.services[0]].time_zone if wanted.services else portfolio.policy.time_zone
    earliest = max(portfolio.horizon.start, wanted.earliest or portfolio.horizon.start)
    day = earliest.astimezone(ZoneInfo(zone)).replace(hour=2, minute=0, second=0, microsecond=0, tzinfo=None)
    day += timedelta(days=(6 - day.weekday()) % 7)
    if wall_to_utc(day, zone) < earliest:
        day += timedelta(days=7)
    return wall_to_utc(day, zone)


def _by_rank(open_starts: Mask, rank: npt.NDArray[np.int64]) -> Iterator[int]:
    """Give the open starts by rank, the earlier first where ranks are equal."""
    slots = np.flatnonzero(open_starts)
    yield from (int(slot) for slot in slots[np.argsort(rank[slots], kind="stable")])
