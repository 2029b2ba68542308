"""Who may be charged for a slot of a shared cell: every change that can take it down, and every scarce resource.

The bound splits the weight of each (cell, slot) between holders. A single holder is one change. A pooled holder is a
resource of capacity C that several changes of the cell need at once: if the slot is down at most C of their demand can
be in it, so Σ amount × active ≤ C × down is valid, and each of them is charged amount / C of the holder's share. These
capacity-linked cover cuts keep fractions of many changes from sharing one outage that they could never share whole.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scheduler.solver.compiled import Compiled, Part, reach

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]

POOLED_PER_CELL = 8


@dataclass(frozen=True)
class Stake:
    """A change is charged for a holder's share over [start + offset, start + offset + length)."""

    holder: int
    change: int
    offset: int
    length: int
    amount: int


class Sharing:
    """The holders of all cells and the stakes of changes in them, as arrays.

    `cell` has one entry per holder, `holder` to `amount` one per stake, sorted so that the stakes of one change over
    the same slots, a group, stand together.
    """

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        cells: list[int] = []
        rate_of: list[int] = []
        stakes: list[Stake] = []
        parts_of = _parts_of_cells(compiled)
        for cell in range(len(compiled.members)):
            for change, part in parts_of[cell]:
                stakes.append(Stake(len(cells), change, part.offset, part.length, 1))
                cells.append(cell)
                rate_of.append(-1)
        self.single = len(cells)
        per_capacity = np.divide(
            1.0, compiled.capacity, out=np.zeros(compiled.capacity.shape), where=compiled.capacity > 0
        )
        for cell in range(len(compiled.members)):
            for resource, pooled in _pools(compiled, parts_of[cell]):
                stakes += [Stake(len(cells), change, *span, amount) for change, span, amount in pooled]
                cells.append(cell)
                rate_of.append(resource)
        stakes.sort(key=lambda stake: (stake.change, stake.offset, stake.length, stake.holder))
        self.cell = np.array(cells, dtype=np.int64)
        # 1 / capacity of each resource per slot, and 1 in the last row for the single holders.
        self._rates = np.vstack((per_capacity, np.ones(compiled.slots)))
        self._rate_of = np.array(rate_of, dtype=np.int64)
        self.holder = np.array([stake.holder for stake in stakes], dtype=np.int64)
        self.change = np.array([stake.change for stake in stakes], dtype=np.int64)
        self.offset = np.array([stake.offset for stake in stakes], dtype=np.int64)
        self.length = np.array([stake.length for stake in stakes], dtype=np.int64)
        self.amount = np.array([stake.amount for stake in stakes], dtype=np.float64)
        keys = [(stake.change, stake.offset, stake.length) for stake in stakes]
        first = [n for n in range(len(keys)) if n == 0 or keys[n] != keys[n - 1]]
        self.groups = [keys[n] for n in first]
        self._first = np.array(first, dtype=np.int64)
        self.group = np.repeat(np.arange(len(first)), np.diff([*first, len(keys)]))
        self.table, self.position = _table(self.cell, len(compiled.members))
        order = np.argsort(self.holder, kind="stable")
        self._stakes_by_holder = order
        self._stakes = np.bincount(self.holder, minlength=len(cells))
        self._stakes_begin = np.cumsum(self._stakes) - self._stakes

    def equal_shares(self) -> Floats:
        """Split every weight equally over the single holders that can reach the slot; shape (holders, slots)."""
        weight = self.compiled.weight.astype(np.float64)
        reached = np.zeros((len(self.cell), self.compiled.slots), dtype=np.bool_)
        for holder, change, offset, length in zip(self.holder, self.change, self.offset, self.length, strict=True):
            if holder < self.single:
                reached[holder] = reach(self.compiled.ok[change], int(offset), int(length))
        count = np.zeros_like(weight)
        np.add.at(count, self.cell, reached)
        share = np.divide(weight, count, out=np.zeros_like(weight), where=count > 0)
        return np.asarray(np.where(reached, share[self.cell], 0.0)).reshape(reached.shape)

    def by_group(self, shares: Floats) -> Floats:
        """Add up what each group is charged per slot; shape (groups, slots)."""
        if not self.groups:
            return np.zeros((0, self.compiled.slots))
        charged = (shares * self._rates[self._rate_of])[self.holder] * self.amount[:, None]
        return np.asarray(np.add.reduceat(charged, self._first, axis=0))

    def changed_by_group(self, holders: Numbers, slots: Numbers, moved: Floats) -> tuple[Numbers, Floats]:
        """Turn moved shares of (holder, slot) pairs into flat (group, slot) indices and what those are charged more."""
        stakes = self._stakes[holders]
        pair = np.repeat(np.arange(len(holders)), stakes)
        ahead = np.arange(len(pair)) - np.repeat(np.cumsum(stakes) - stakes, stakes)
        stake = self._stakes_by_holder[self._stakes_begin[holders][pair] + ahead]
        slot = slots[pair]
        charged = moved[pair] * self._rates[self._rate_of[holders[pair]], slot] * self.amount[stake]
        return self.group[stake] * self.compiled.slots + slot, charged

    def touched(self, starts: Numbers, placed: npt.NDArray[np.bool_]) -> tuple[Numbers, Numbers, Floats]:
        """Give the cell and slot of every column that someone placed touches, and how active each of its holders is.

        The last array has shape (columns, holders of the widest cell), in the order of `table`.
        """
        slots = self.compiled.slots
        stakes = np.flatnonzero(placed[self.change]) if len(self.change) else np.zeros(0, dtype=np.int64)
        length = self.length[stakes]
        stake = np.repeat(stakes, length)
        ahead = np.arange(len(stake)) - np.repeat(np.cumsum(length) - length, length)
        slot = starts[self.change[stake]] + self.offset[stake] + ahead
        inside = slot < slots
        stake, slot = stake[inside], slot[inside]
        holder = self.holder[stake]
        keys, column = np.unique(self.cell[holder] * slots + slot, return_inverse=True)
        active = np.zeros((len(keys), self.table.shape[1]))
        np.add.at(
            active, (column, self.position[holder]), self.amount[stake] * self._rates[self._rate_of[holder], slot]
        )
        return keys // slots, keys % slots, active


def _parts_of_cells(compiled: Compiled) -> list[list[tuple[int, Part]]]:
    parts: list[list[tuple[int, Part]]] = [[] for _ in compiled.members]
    for change, own in enumerate(compiled.cells_of):
        for part in own:
            parts[part.target].append((change, part))
    return parts


def _pools(
    compiled: Compiled, parts: Iterable[tuple[int, Part]]
) -> list[tuple[int, list[tuple[int, tuple[int, int], int]]]]:
    """Choose the resources that keep members of a cell apart most: (resource, [(change, (offset, length), amount)])."""
    demand: dict[int, list[tuple[int, tuple[int, int], int]]] = defaultdict(list)
    for change, part in parts:
        for use in compiled.uses_of[change]:
            begin = max(part.offset, use.offset)
            end = min(part.offset + part.length, use.offset + use.length)
            if begin < end:
                demand[use.target].append((change, (begin, end - begin), use.amount))
    ranked = []
    for resource, pooled in demand.items():
        capacity = compiled.capacity[resource]
        usual = float(np.median(capacity[capacity > 0])) if (capacity > 0).any() else 0.0
        needed = sum(amount for _, _, amount in pooled)
        if len(pooled) > 1 and usual and needed > usual:
            ranked.append((needed / usual, resource, pooled))
    ranked.sort(key=lambda pool: (-pool[0], pool[1]))
    chosen: dict[tuple[object, ...], tuple[int, list[tuple[int, tuple[int, int], int]]]] = {}
    for ratio, resource, pooled in ranked:
        chosen.setdefault((ratio, *pooled), (resource, pooled))
    return list(chosen.values())[:POOLED_PER_CELL]


def _table(cell: Numbers, cells: int) -> tuple[Numbers, Numbers]:
    """Give the holders of every cell, padded with −1, and the position of every holder in its cell's row."""
    sizes = np.bincount(cell, minlength=max(cells, 1))
    table = np.full((len(sizes), max(int(sizes.max(initial=0)), 1)), -1, dtype=np.int64)
    position = np.zeros(len(cell), dtype=np.int64)
    used = np.zeros(len(sizes), dtype=np.int64)
    for holder, number in enumerate(cell):
        position[holder] = used[number]
        table[number, used[number]] = holder
        used[number] += 1
    return table, position
