"""The canonical problem: the few primitives that rules and costs post, and that search, bound and CP-SAT all obey.

A problem places changes on a grid of slots. Every change takes one start or, where it has a drop price, none.

| primitive | meaning |
| --- | --- |
| mask | starts that a change may take, under the name of the rule that says so |
| resource | capacity per slot; a change takes an amount for a length from an offset after its start |
| lag | start of b − start of a lies in [lo, hi]; b placed implies a placed |
| cell | weight per slot, paid once while any member (change, offset, length) is active |
| start cost | a price per change and start |
| drop price | what not placing an optional change costs |
| budget | active (cell, slot) pairs of a set of cells inside a period stay under a limit |
| cap | what the starts that changes take count for, each start its own amount, adds up to no more than a limit |

Weights and prices are whole weighted cents and never negative. Slots past the end of the horizon cost nothing and
take nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from scheduler.horizon import Mask

Cents = npt.NDArray[np.int64]
_LARGEST_IN_32_BITS = int(np.iinfo(np.int32).max)


@dataclass(frozen=True, slots=True, order=True)
class Member:
    """A change is active in a cell over slots [start + offset, start + offset + length)."""

    change: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Cell:
    """Weight per slot, shape (slots,), paid once while any member is active.

    It is `kept` in 32 bits where it fits, as weights are most of what a large problem takes; cells may share a row.
    """

    kept: npt.NDArray[np.integer]
    members: tuple[Member, ...]

    @property
    def weight(self) -> Cents:
        """The weight per slot in 64 bits, so that sums of it fit, shape (slots,)."""
        return self.kept.astype(np.int64, copy=False)


@dataclass(frozen=True, slots=True)
class Use:
    """A change takes `amount` over slots [start + offset, start + offset + length)."""

    change: int
    amount: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Resource:
    """Capacity per slot, shape (slots,), under the name of the rule that posted it."""

    rule: str
    label: str
    capacity: Cents
    uses: tuple[Use, ...]


@dataclass(frozen=True, slots=True)
class Lag:
    """start(after) − start(before) lies in [lo, hi] slots (hi None: no end); `after` placed implies `before` placed."""

    rule: str
    before: int
    after: int
    lo: int
    hi: int | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """At most limit[p] active (cell, slot) pairs in period p; `period` gives each slot its period or −1 for none."""

    rule: str
    label: str
    cells: tuple[int, ...]
    period: npt.NDArray[np.int64]
    limit: Cents


@dataclass(frozen=True, slots=True)
class Cap:
    """What the starts taken count for adds up to `limit` at most; `amounts` gives it per change, shape (slots,)."""

    rule: str
    label: str
    limit: int
    amounts: Mapping[int, Cents]


@dataclass
class Problem:
    """A canonical problem under construction: `changes` by id, and `slots` on the grid.

    Everything that has a number for every slot is a row of shape (slots,), and rows are not written to once posted, so
    that changes may share them. `start_cost` holds rows of those changes only whose starts have a price.
    """

    slots: int
    changes: Sequence[str]
    masks: list[dict[str, Mask]] = field(init=False)
    start_cost: dict[int, Cents] = field(default_factory=dict, init=False)
    drop_price: list[int | None] = field(init=False)
    tie_rank: list[Cents] = field(init=False)
    cells: list[Cell] = field(default_factory=list, init=False)
    resources: list[Resource] = field(default_factory=list, init=False)
    lags: list[Lag] = field(default_factory=list, init=False)
    budgets: list[Budget] = field(default_factory=list, init=False)
    caps: list[Cap] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.index: Mapping[str, int] = {change: number for number, change in enumerate(self.changes)}
        self.masks = [{} for _ in self.changes]
        self.drop_price = [None] * len(self.changes)
        self._nothing = np.zeros(self.slots, dtype=np.int32)
        in_order = np.arange(self.slots, dtype=np.int64)
        in_order.flags.writeable = False
        self.tie_rank = [in_order] * len(self.changes)

    # --- building: change ids in, primitives stored by number -----------------------------------------------------

    def mask(self, rule: str, change: str, allowed: Mask) -> None:
        """Let `change` start only where `allowed`, shape (slots,), is true."""
        masks = self.masks[self.index[change]]
        masks[rule] = masks[rule] & allowed if rule in masks else allowed

    def price_start(self, change: str, cents: Cents) -> None:
        """Add `cents`, shape (slots,), to what starting `change` costs."""
        number = self.index[change]
        self.start_cost[number] = self.start_cost[number] + cents if number in self.start_cost else cents

    def price_drop(self, change: str, cents: int) -> None:
        """Make `change` optional: leaving it out costs `cents`."""
        self.drop_price[self.index[change]] = cents

    def cell(self, weight: npt.NDArray[np.integer], members: Iterable[tuple[str, int, int]]) -> int:
        """Add a cell with members (change, offset, length) and give its number, for use in budgets."""
        if weight.min(initial=0) < 0:
            raise ValueError("a cell cannot have negative weight")
        most = int(weight.max(initial=0))
        fits = most <= _LARGEST_IN_32_BITS
        kept = self._nothing if not most else weight.astype(np.int32, copy=False) if fits else weight
        own = tuple(sorted(Member(self.index[c], o, n) for c, o, n in members if n > 0))
        _after_the_start(own)
        self.cells.append(Cell(kept, own))
        return len(self.cells) - 1

    def resource(self, rule: str, label: str, capacity: Cents, uses: Iterable[tuple[str, int, int, int]]) -> None:
        """Add a resource of `capacity`, shape (slots,), with uses (change, amount, offset, length)."""
        kept = tuple(Use(self.index[c], a, o, n) for c, a, o, n in uses if a > 0 and n > 0)
        _after_the_start(kept)
        self.resources.append(Resource(rule, label, capacity, kept))

    def lag(self, rule: str, before: str, after: str, lo: int, hi: int | None = None) -> None:
        """Start `after` between `lo` and `hi` slots after `before` starts."""
        self.lags.append(Lag(rule, self.index[before], self.index[after], lo, hi))

    def budget(self, rule: str, label: str, cells: Iterable[int], period: npt.NDArray[np.int64], limit: Cents) -> None:
        """Limit the active (cell, slot) pairs of `cells` in each period."""
        self.budgets.append(Budget(rule, label, tuple(cells), period, limit))

    def cap(self, rule: str, label: str, limit: int, amounts: Mapping[str, Cents]) -> None:
        """Limit the sum of what starts count for; `amounts`, shape (slots,), gives it for every start of a change."""
        self.caps.append(Cap(rule, label, limit, {self.index[change]: own for change, own in amounts.items()}))

    # --- meaning: the slow and obvious definition that every stage of the solver is tested against ------------------

    def allowed(self, change: int) -> Mask:
        """Give the starts that every mask of a change leaves open, shape (slots,)."""
        result = np.ones(self.slots, dtype=np.bool_)
        for mask in self.masks[change].values():
            result &= mask
        return result

    def active(self, cell: Cell, starts: Mapping[int, int]) -> Mask:
        """Mark the slots in which any member of a cell is active, shape (slots,)."""
        result = np.zeros(self.slots, dtype=np.bool_)
        for member in cell.members:
            if member.change in starts:
                begin = starts[member.change] + member.offset
                result[max(0, begin) : max(0, begin + member.length)] = True
        return result

    def cost(self, starts: Mapping[int, int]) -> int:
        """Price a full set of starts exactly: cells, start costs and drop prices, in weighted cents."""
        cells = sum(int(cell.weight[self.active(cell, starts)].sum()) for cell in self.cells if cell.kept.any())
        placed = sum(int(row[starts[change]]) for change, row in self.start_cost.items() if change in starts)
        return cells + placed + sum(price or 0 for change, price in enumerate(self.drop_price) if change not in starts)

    def broken(self, starts: Mapping[int, int]) -> Iterator[str]:
        """Name the rule of every primitive that a set of starts breaks ("mandatory" for a change left out)."""
        for change, slot in starts.items():
            if not 0 <= slot < self.slots:
                yield "horizon"
            else:
                yield from (rule for rule, mask in self.masks[change].items() if not mask[slot])
        yield from ("mandatory" for n, price in enumerate(self.drop_price) if price is None and n not in starts)
        for resource in self.resources:
            load = np.zeros(self.slots, dtype=np.int64)
            for use in resource.uses:
                if use.change in starts:
                    begin = starts[use.change] + use.offset
                    load[max(0, begin) : max(0, begin + use.length)] += use.amount
            if ((load > resource.capacity) & (load > 0)).any():
                yield resource.rule
        for lag in self.lags:
            if lag.after in starts:
                distance = starts[lag.after] - starts[lag.before] if lag.before in starts else None
                if distance is None or distance < lag.lo or (lag.hi is not None and distance > lag.hi):
                    yield lag.rule
        for budget in self.budgets:
            counted = sum(self.active(self.cells[cell], starts).astype(np.int64) for cell in budget.cells)
            inside = budget.period >= 0
            spent = np.bincount(
                budget.period[inside], weights=np.broadcast_to(counted, self.slots)[inside], minlength=len(budget.limit)
            )
            if (spent > budget.limit).any():
                yield budget.rule
        for cap in self.caps:
            if sum(int(own[starts[change]]) for change, own in cap.amounts.items() if change in starts) > cap.limit:
                yield cap.rule


def _after_the_start(parts: Iterable[Member | Use]) -> None:
    if any(part.offset < 0 for part in parts):
        raise ValueError("nothing can be active or in use before the start of its change: an offset is negative")
