"""The canonical problem made ready for search, bound and CP-SAT: the same minimum, far fewer terms.

Equal cells are merged, parts of cells that only one change can reach become start costs, starts that no lag can satisfy
are removed. All of it is exact: every set of starts that breaks nothing costs the same before and after.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from scheduler.horizon import Mask
from scheduler.solver.problem import Budget, Cap, Cents, Lag, Member, Problem, Resource, Use


class Part(NamedTuple):
    """A cell, resource or budget cell that a change touches over [start + offset, start + offset + length)."""

    target: int
    amount: int
    offset: int
    length: int


@dataclass(frozen=True)
class Span:
    """All parts of one change, under one rule, that cover the same slots after its start, as arrays of equal length."""

    rule: str
    offset: int
    length: int
    targets: npt.NDArray[np.int64]
    amounts: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Compiled:
    """What search, bound and CP-SAT work on.

    `ok` and `cost` have shape (changes, slots), `weight` (cells, slots), `capacity` (resources, slots). `cells_of`,
    `uses_of` and `counted_of` list for each change the parts of cells, resources and budget cells it takes, `lags_of`
    and `caps_of` (caps by number) what else it has a part in.
    """

    problem: Problem
    ok: Mask
    cost: Cents
    weight: Cents
    members: Sequence[tuple[Member, ...]]
    cells_of: Sequence[Sequence[Part]]
    capacity: Cents
    resources: Sequence[Resource]
    uses_of: Sequence[Sequence[Part]]
    counted: Sequence[tuple[Member, ...]]
    counted_of: Sequence[Sequence[Part]]
    budgets: Sequence[Budget]
    lags_of: Sequence[Sequence[Lag]]
    caps: Sequence[Cap]
    caps_of: Sequence[Sequence[int]]

    @property
    def changes(self) -> int:
        """How many changes there are."""
        return len(self.problem.changes)

    @property
    def slots(self) -> int:
        """How many slots the grid has."""
        return self.problem.slots

    @cached_property
    def cell_spans(self) -> Sequence[Sequence[Span]]:
        """Give `cells_of` as arrays."""
        return [_spans(parts, lambda _: "") for parts in self.cells_of]

    @cached_property
    def use_spans(self) -> Sequence[Sequence[Span]]:
        """Give `uses_of` as arrays."""
        return [_spans(parts, lambda target: self.resources[target].rule) for parts in self.uses_of]

    @cached_property
    def counted_spans(self) -> Sequence[Sequence[Span]]:
        """Give `counted_of` as arrays."""
        return [_spans(parts, lambda _: "") for parts in self.counted_of]

    @cached_property
    def budgets_of(self) -> Sequence[Sequence[tuple[Budget, Sequence[Part]]]]:
        """Give for each change the budgets it has a part in, with its parts of their cells."""
        holders: dict[int, list[Budget]] = defaultdict(list)
        for budget in self.budgets:
            for cell in dict.fromkeys(budget.cells):
                holders[cell].append(budget)
        found: list[list[tuple[Budget, Sequence[Part]]]] = []
        for parts in self.counted_of:
            own: dict[int, tuple[Budget, list[Part]]] = {}
            for part in parts:
                for budget in holders[part.target]:
                    own.setdefault(id(budget), (budget, []))[1].append(part)
            found.append(list(own.values()))
        return found

    @property
    def drop(self) -> list[int | None]:
        """Drop price of each change, None for a mandatory one."""
        return self.problem.drop_price


def _spans(parts: Sequence[Part], rule_of: Callable[[int], str]) -> list[Span]:
    grouped: dict[tuple[str, int, int], list[Part]] = defaultdict(list)
    for part in parts:
        grouped[rule_of(part.target), part.offset, part.length].append(part)
    return [
        Span(rule, offset, length, np.array([p.target for p in own]), np.array([p.amount for p in own], dtype=np.int64))
        for (rule, offset, length), own in grouped.items()
    ]


def sums(values: npt.NDArray[np.int64], offset: int, length: int) -> npt.NDArray[np.int64]:
    """Sum the last axis over [t + offset, t + offset + length) for every start t, slots past the end counting 0."""
    slots = values.shape[-1]
    running = np.zeros((*values.shape[:-1], slots + 1), dtype=values.dtype)
    np.cumsum(values, axis=-1, out=running[..., 1:])
    return _differences(running, offset, length)


def _differences(running: npt.NDArray[np.int64], offset: int, length: int) -> npt.NDArray[np.int64]:
    slots = running.shape[-1] - 1
    result = np.repeat(running[..., -1:], slots, axis=-1)
    upper = max(0, slots + 1 - offset - length)
    result[..., : min(slots, upper)] = running[..., offset + length : offset + length + slots]
    lower = min(slots, max(0, slots + 1 - offset))
    result[..., :lower] -= running[..., offset : offset + lower]
    result[..., lower:] = 0
    return result


def hits(marked: Mask, offset: int, length: int) -> Mask:
    """Mark every start t for which a slot of [t + offset, t + offset + length) is marked."""
    if not marked.any():
        return np.zeros(len(marked), dtype=np.bool_)
    return sums(marked.astype(np.int64), offset, length) > 0


def reach(starts: Mask, offset: int, length: int) -> Mask:
    """Mark every slot that is covered from some marked start; shape (slots,)."""
    slots = len(starts)
    steps = np.zeros(slots + 1, dtype=np.int64)
    begins = np.flatnonzero(starts) + offset
    np.add.at(steps, np.minimum(begins, slots), 1)
    np.add.at(steps, np.minimum(begins + length, slots), -1)
    return np.cumsum(steps[:slots]) > 0


def _disjoint(members: Sequence[Member]) -> tuple[Member, ...]:
    """Join the intervals of one change that overlap or touch, so that sums over them count no slot twice."""
    joined: list[Member] = []
    for member in sorted(members):
        last = joined[-1] if joined else None
        if last and last.change == member.change and member.offset <= last.offset + last.length:
            end = max(last.offset + last.length, member.offset + member.length)
            joined[-1] = Member(last.change, last.offset, end - last.offset)
        else:
            joined.append(member)
    return tuple(joined)


def consistent_starts(problem: Problem) -> Mask:
    """Give the starts that masks and lags leave open, shape (changes, slots).

    A start of b needs some start of a within the lag; a start of a needs some start of b where b is mandatory.
    """
    ok = np.array([problem.allowed(change) for change in range(len(problem.changes))], dtype=np.bool_)
    ok = ok.reshape(len(problem.changes), problem.slots)
    pending = True
    while pending:
        pending = False
        for lag in problem.lags:
            for one in (lag.after, lag.before):
                kept = ok[one] & supported(problem, ok, lag, one)
                if (kept != ok[one]).any():
                    ok[one], pending = kept, True
    return ok


def supported(problem: Problem, ok: Mask, lag: Lag, change: int) -> Mask:
    """Mark the starts of a change for which the other one of a lag has a start in `ok`, or may be left out."""
    hi = problem.slots if lag.hi is None else lag.hi
    if change == lag.after:
        return _within(ok[lag.before], -hi, -lag.lo)
    if problem.drop_price[lag.after] is not None:
        return np.ones(problem.slots, dtype=np.bool_)
    return _within(ok[lag.after], lag.lo, hi)


def _within(starts: Mask, lo: int, hi: int) -> Mask:
    """Mark every t for which a start is marked in [t + lo, t + hi]."""
    slots = len(starts)
    running = np.concatenate(([0], np.cumsum(starts)))
    index = np.arange(slots)
    begin, end = np.clip(index + lo, 0, slots), np.clip(index + hi + 1, 0, slots)
    result: Mask = running[np.maximum(begin, end)] > running[begin]
    return result


def compile_problem(problem: Problem) -> Compiled:
    """Merge, split and filter a canonical problem."""
    count = len(problem.changes)
    ok = consistent_starts(problem)
    cost = np.zeros((count, problem.slots), dtype=np.int64)
    for number, row in problem.start_cost.items():
        cost[number] = row

    merged: dict[tuple[Member, ...], Cents] = {}
    for cell in problem.cells:
        if cell.members and cell.weight.any():
            key = _disjoint(cell.members)
            merged[key] = merged[key] + cell.weight if key in merged else cell.weight

    weights: list[Cents] = []
    members_kept: list[tuple[Member, ...]] = []
    for members, weight in merged.items():
        shared = _move_private_parts(ok, cost, members, weight)
        if shared is not None:
            weights.append(shared)
            members_kept.append(members)
    cells_of = _parts_of(count, members_kept)

    resources = [resource for resource in problem.resources if _can_bind(resource)]
    uses_of: list[list[Part]] = [[] for _ in range(count)]
    for number, resource in enumerate(resources):
        for use in _stacked(resource.uses):
            uses_of[use.change].append(Part(number, use.amount, use.offset, use.length))

    counted: list[tuple[Member, ...]] = []
    number_of: dict[int, int] = {}
    budgets: list[Budget] = []
    for budget in problem.budgets:
        for cell_number in budget.cells:
            if cell_number not in number_of:
                number_of[cell_number] = len(counted)
                counted.append(_disjoint(problem.cells[cell_number].members))
        cells = tuple(number_of[cell_number] for cell_number in budget.cells)
        budgets.append(Budget(budget.rule, budget.label, cells, budget.period, budget.limit))

    lags_of: list[list[Lag]] = [[] for _ in range(count)]
    for lag in problem.lags:
        lags_of[lag.before].append(lag)
        lags_of[lag.after].append(lag)
    caps = [cap for cap in problem.caps if sum(int(own.max(initial=0)) for own in cap.amounts.values()) > cap.limit]
    caps_of: list[list[int]] = [[] for _ in range(count)]
    for number, cap in enumerate(caps):
        for change in cap.amounts:
            caps_of[change].append(number)
    shape = (-1, problem.slots)
    return Compiled(
        problem=problem,
        ok=ok,
        cost=cost,
        weight=np.array(weights, dtype=np.int64).reshape(shape),
        members=members_kept,
        cells_of=cells_of,
        capacity=np.array([resource.capacity for resource in resources], dtype=np.int64).reshape(shape),
        resources=resources,
        uses_of=uses_of,
        counted=counted,
        counted_of=_parts_of(count, counted),
        budgets=budgets,
        lags_of=lags_of,
        caps=caps,
        caps_of=caps_of,
    )


def _move_private_parts(ok: Mask, cost: Cents, members: Sequence[Member], weight: Cents) -> Cents | None:
    """Add what only one change can reach to its start costs; give the weight that stays shared, None if none does."""
    of_change: dict[int, list[Member]] = defaultdict(list)
    for member in members:
        of_change[member.change].append(member)
    reached = {
        change: np.logical_or.reduce([reach(ok[change], member.offset, member.length) for member in own])
        for change, own in of_change.items()
    }
    times = np.sum(list(reached.values()), axis=0)
    for change, own in of_change.items():
        private = np.where(reached[change] & (times == 1), weight, 0)
        if private.any():
            for member in own:
                cost[change] += sums(private, member.offset, member.length)
    shared = np.where(times > 1, weight, 0)
    return shared if shared.any() else None


def _parts_of(count: int, cells: Sequence[tuple[Member, ...]]) -> list[list[Part]]:
    parts: list[list[Part]] = [[] for _ in range(count)]
    for number, members in enumerate(cells):
        for member in members:
            parts[member.change].append(Part(number, 1, member.offset, member.length))
    return parts


def _stacked(uses: Sequence[Use]) -> list[Use]:
    """Add up the uses of one change where they overlap, so that each can be checked by itself."""
    of_change: dict[int, list[Use]] = defaultdict(list)
    for use in uses:
        of_change[use.change].append(use)
    stacked: list[Use] = []
    for change, own in of_change.items():
        edges = sorted({edge for use in own for edge in (use.offset, use.offset + use.length)})
        for begin, end in pairwise(edges):
            amount = sum(use.amount for use in own if use.offset <= begin < use.offset + use.length)
            last = stacked[-1] if stacked else None
            if last and (last.change, last.amount, last.offset + last.length) == (change, amount, begin):
                stacked[-1] = Use(change, amount, last.offset, end - last.offset)
            elif amount:
                stacked.append(Use(change, amount, begin, end - begin))
    return stacked


def _can_bind(resource: Resource) -> bool:
    return bool(sum(use.amount for use in resource.uses) > resource.capacity.min(initial=np.iinfo(np.int64).max))
