"""The canonical problem made ready for search, bound and CP-SAT: the same minimum, far fewer terms.

Equal cells are merged, parts of cells that only one change can reach become start costs, starts that no lag can satisfy
are removed. All of it is exact: every set of starts that breaks nothing costs the same before and after.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from scheduler.horizon import Mask
from scheduler.solver.consistent import consistent_starts
from scheduler.solver.problem import Budget, Cap, Cents, Lag, Member, Problem, Resource, Use
from scheduler.solver.windows import Numbers, window_sums


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

    `ok` has shape (changes, slots), `weight` (cells, slots), `capacity` (resources, slots). All open starts of a change
    lie in its window [begin, end), shape (changes,), and `costs` holds its start costs there, one row each: most
    changes can only start in a small part of a long horizon. `cells_of`, `uses_of` and `counted_of` list for each
    change the parts of cells, resources and budget cells it takes, `lags_of` and `caps_of` (caps by number) what else
    it has a part in.
    """

    problem: Problem
    ok: Mask
    begin: Numbers
    end: Numbers
    costs: Sequence[Cents]
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

    def cost_at(self, change: int, starts: Numbers) -> Cents:
        """Give the start costs of some starts in a change's window."""
        found: Cents = self.costs[change][starts - self.begin[change]]
        return found

    def loosened(self, ok: Mask) -> "Compiled":
        """Give the same problem with other open starts and nothing to pay for any, to ask only what is legal."""
        begin, end = window_of(ok)
        costs = [np.zeros(last - first, dtype=np.int64) for first, last in zip(begin, end, strict=True)]
        return replace(self, ok=ok, begin=begin, end=end, costs=costs)

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


def _disjoint(members: Iterable[Member]) -> tuple[Member, ...]:
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


def compile_problem(problem: Problem) -> Compiled:
    """Merge, split and filter a canonical problem."""
    count = len(problem.changes)
    ok = consistent_starts(problem)
    begin, end = window_of(ok)
    costs = [np.zeros(last - first, dtype=np.int64) for first, last in zip(begin, end, strict=True)]
    for number, row in problem.start_cost.items():
        costs[number] += row[begin[number] : end[number]]

    merged: dict[tuple[Member, ...], list[npt.NDArray[np.integer]]] = defaultdict(list)
    for cell in problem.cells:
        members = _disjoint(member for member in cell.members if begin[member.change] < end[member.change])
        if members:
            merged[members].append(cell.kept)
    weights: list[Cents] = []
    members_kept: list[tuple[Member, ...]] = []
    split = _Split(ok, begin, end, costs)
    for members, rows in merged.items():
        shared = split.move_private_parts(members, rows)
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
        if not (budget.period >= 0).any():
            continue
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
        begin=begin,
        end=end,
        costs=costs,
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


def window_of(ok: Mask) -> tuple[Numbers, Numbers]:
    """Give the first open start of every change and the slot after its last one; both 0 where none is open."""
    slots = ok.shape[1]
    some = ok.any(axis=1) if slots else np.zeros(len(ok), dtype=np.bool_)
    begin = np.where(some, ok.argmax(axis=1) if slots else 0, 0)
    end = np.where(some, slots - (ok[:, ::-1].argmax(axis=1) if slots else 0), 0)
    return begin.astype(np.int64), end.astype(np.int64)


@dataclass
class _Split:
    """Start costs under construction, to which the parts of cells go that only one change can reach."""

    ok: Mask
    begin: Numbers
    end: Numbers
    costs: list[Cents]
    _reached: dict[Member, Numbers] = field(default_factory=dict)

    def move_private_parts(self, members: Sequence[Member], rows: Sequence[npt.NDArray[np.integer]]) -> Cents | None:
        """Add what only one change can reach to its start costs; give the weight that stays shared, None if none does.

        The rows are the weights of equal cells.
        """
        of_change: dict[int, list[Member]] = defaultdict(list)
        for member in members:
            of_change[member.change].append(member)
        slots = self.ok.shape[1]
        low = min(int(self.begin[one.change]) + one.offset for one in members)
        high = min(slots, max(int(self.end[one.change]) - 1 + one.offset + one.length for one in members))
        if low >= high:
            return None
        weight: Cents = np.add.reduce([row[low:high] for row in rows], dtype=np.int64)
        if not weight.any():
            return None
        if len(of_change) == 1:
            for member in members:
                self._price(member, weight, low)
            return None
        times = np.zeros(high - low, dtype=np.int32)
        reached: dict[int, Mask] = {}
        for change, own in of_change.items():
            marks = np.zeros(high - low, dtype=np.bool_)
            for member in own:
                first = int(self.begin[change]) + member.offset
                covered = self._reach(member)[: max(0, high - first)]
                marks[first - low : first - low + len(covered)] |= covered > 0
            reached[change] = marks
            times += marks
        for change, own in of_change.items():
            private = np.where(reached[change] & (times == 1), weight, 0)
            if private.any():
                for member in own:
                    self._price(member, private, low)
        if not (shared := np.where(times > 1, weight, 0)).any():
            return None
        whole = np.zeros(slots, dtype=np.int64)
        whole[low:high] = shared
        return whole

    def _price(self, member: Member, weight: Cents, low: int) -> None:
        """Charge a member's change for every start with the weight of the slots it covers, given from slot `low` on."""
        begin, end = int(self.begin[member.change]) - low, int(self.end[member.change]) - low
        self.costs[member.change] += window_sums(weight, begin, end, member.offset, member.length)

    def _reach(self, member: Member) -> Numbers:
        """Count for every slot from begin + offset on how many open starts cover it."""
        if member not in self._reached:
            begin, end = int(self.begin[member.change]), int(self.end[member.change])
            running = np.zeros(end - begin + member.length, dtype=np.int64)
            np.cumsum(self.ok[member.change, begin:end], out=running[1 : end - begin + 1])
            running[end - begin + 1 :] = running[end - begin]
            covered = running[1:].copy()
            covered[member.length :] -= running[1 : len(covered) - member.length + 1]
            self._reached[member] = covered
        return self._reached[member]


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
