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

from scheduler.solver.compiled import Compiled, Part
from scheduler.solver.windows import Floats, Numbers, reach

POOLED_PER_CELL = 8
MOST_POOLED = 12_000_000
"""Shares of pooled holders in all, 8 bytes each; the holders of the dearest cells come first."""


@dataclass(frozen=True)
class Stake:
    """A change is charged for a holder's share over [start + offset, start + offset + length)."""

    holder: int
    change: int
    offset: int
    length: int
    amount: int


class Sharing:
    """The holders of all cells and the stakes of changes in them, as flat arrays.

    A holder has a share in the slots [first, last) that its changes can reach. The shares of all holders lie one after
    another in one array of `size` numbers, that of holder h in slot t at `base[h] + t`. The stakes of one change over
    the same slots are a group, what it is charged a row of a second array, of `charged_size` numbers, which begins at
    `group_begin`. Rows may reach past the end of the grid, where nothing is charged.
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
        left = MOST_POOLED
        for cell in np.argsort(-compiled.weight.sum(axis=1), kind="stable").tolist():
            for resource, pooled in _pools(compiled, parts_of[cell]):
                left -= _width(compiled, pooled)
                if left < 0:
                    break
                stakes += [Stake(len(cells), change, *span, amount) for change, span, amount in pooled]
                cells.append(cell)
                rate_of.append(resource)
        stakes.sort(key=lambda stake: (stake.change, stake.offset, stake.length, stake.holder))
        self.cell = np.array(cells, dtype=np.int64)
        # 1 / capacity of each resource per slot, and 1 in the last row for the single holders.
        self._rates = np.ones((len(compiled.resources) + 1, compiled.slots))
        np.divide(1.0, compiled.capacity, out=self._rates[:-1], where=compiled.capacity > 0)
        self._rates[:-1][compiled.capacity <= 0] = 0.0
        self._rate_of = np.array(rate_of, dtype=np.int64)
        self.holder = np.array([stake.holder for stake in stakes], dtype=np.int64)
        self.change = np.array([stake.change for stake in stakes], dtype=np.int64)
        self.offset = np.array([stake.offset for stake in stakes], dtype=np.int64)
        self.length = np.array([stake.length for stake in stakes], dtype=np.int64)
        self.amount = np.array([stake.amount for stake in stakes], dtype=np.float64)
        keys = [(stake.change, stake.offset, stake.length) for stake in stakes]
        leading = [n for n in range(len(keys)) if n == 0 or keys[n] != keys[n - 1]]
        self.groups = [keys[n] for n in leading]
        self.group = np.repeat(np.arange(len(leading)), np.diff([*leading, len(keys)]))
        self._lay_out()

    def _lay_out(self) -> None:
        compiled, count = self.compiled, len(self.cell)
        begin = compiled.begin[self.change] + self.offset
        end = np.minimum(compiled.end[self.change] - 1 + self.offset + self.length, compiled.slots)
        self.first = np.full(count, compiled.slots, dtype=np.int64)
        self.last = np.zeros(count, dtype=np.int64)
        np.minimum.at(self.first, self.holder, begin)
        np.maximum.at(self.last, self.holder, end)
        width = np.maximum(self.last - self.first, 0)
        self.last = self.first + width
        self.base = np.cumsum(width) - width - self.first
        self.size = int(width.sum())
        rows = np.array(self.groups, dtype=np.int64).reshape(-1, 3)
        self.group_first = compiled.begin[rows[:, 0]] + rows[:, 1]
        self.group_width = compiled.end[rows[:, 0]] - compiled.begin[rows[:, 0]] - 1 + rows[:, 2]
        self.group_begin = np.cumsum(self.group_width) - self.group_width
        self.charged_size = int(self.group_width.sum())
        # Holders by cell and stakes by holder, as lists one after another.
        self._by_cell = np.argsort(self.cell, kind="stable")
        self._holders = np.bincount(self.cell, minlength=len(compiled.members))
        self._holders_begin = np.cumsum(self._holders) - self._holders
        self._position = np.empty(count, dtype=np.int64)
        self._position[self._by_cell] = np.arange(count) - self._holders_begin[self.cell[self._by_cell]]
        self._by_holder = np.argsort(self.holder, kind="stable")
        self._stakes = np.bincount(self.holder, minlength=count)
        self._stakes_begin = np.cumsum(self._stakes) - self._stakes

    def equal_shares(self) -> Floats:
        """Split every weight equally over the single holders that can reach the slot; shape (size,)."""
        compiled = self.compiled
        reached = np.zeros(self.size, dtype=np.bool_)
        count = np.zeros(compiled.weight.shape, dtype=np.int32)
        singles = [n for n in range(len(self.holder)) if self.holder[n] < self.single]
        for n in singles:
            holder, change = int(self.holder[n]), int(self.change[n])
            first, last = int(self.first[holder]), int(self.last[holder])
            own = compiled.ok[change, compiled.begin[change] : compiled.end[change]]
            covered = reach(np.pad(own, (0, int(self.length[n]) - 1)), 0, int(self.length[n]))[: last - first]
            reached[self.base[holder] + first : self.base[holder] + last] = covered
            count[self.cell[holder], first:last] += covered
        shares = np.zeros(self.size)
        for n in singles:
            holder = int(self.holder[n])
            span = slice(int(self.first[holder]), int(self.last[holder]))
            at = slice(int(self.base[holder]) + span.start, int(self.base[holder]) + span.stop)
            weight, among = compiled.weight[self.cell[holder], span], count[self.cell[holder], span]
            shares[at] = np.divide(weight, among, out=np.zeros(len(weight)), where=reached[at] & (among > 0))
        return shares

    def split(self, shares: Floats) -> Floats:
        """Scale shares, shape (size,), to the weight of every slot; those of a slot without any become equal."""
        which, ahead = _lists(self.last - self.first)
        column = self.cell[which] * self.compiled.slots + self.first[which] + ahead
        total = np.bincount(column, weights=shares, minlength=self.compiled.weight.size)
        scale = np.divide(self.compiled.weight.ravel(), total, out=np.zeros(len(total)), where=total > 0)
        return np.where(total[column] > 0, shares * scale[column], self.equal_shares())

    def by_group(self, shares: Floats) -> Floats:
        """Add up what each group is charged per slot; shape (charged_size,)."""
        charged = np.zeros(self.charged_size)
        for n in range(len(self.holder)):
            holder, group = int(self.holder[n]), int(self.group[n])
            first = int(self.group_first[group])
            last = min(first + int(self.group_width[group]), self.compiled.slots)
            if first >= last:
                continue
            own = shares[self.base[holder] + first : self.base[holder] + last]
            at = int(self.group_begin[group])
            if holder < self.single:
                charged[at : at + last - first] += own
            else:
                charged[at : at + last - first] += own * self._rates[self._rate_of[holder], first:last] * self.amount[n]
        return charged

    def rate(self, stake: int) -> Floats:
        """Give what part of its holder's share a stake is charged while it is active, shape (slots,)."""
        return np.asarray(self._rates[self._rate_of[self.holder[stake]]] * self.amount[stake])

    def changed_by_group(self, holders: Numbers, slots: Numbers, moved: Floats) -> tuple[Numbers, Floats]:
        """Turn moved shares of (holder, slot) pairs into positions in `by_group` and what those are charged more."""
        pair, ahead = _lists(self._stakes[holders])
        stake = self._by_holder[self._stakes_begin[holders][pair] + ahead]
        group, slot = self.group[stake], slots[pair]
        at = slot - self.group_first[group]
        inside = (at >= 0) & (at < self.group_width[group])
        charged = moved[pair] * self._rates[self._rate_of[holders[pair]], slot] * self.amount[stake]
        return (self.group_begin[group] + at)[inside], charged[inside]

    def collected(self, shares: Floats, starts: Numbers, placed: npt.NDArray[np.bool_]) -> Floats:
        """Add up the shares that placed changes are charged, by cell: no more than what the cell's outages cost."""
        stakes = np.flatnonzero(placed[self.change]) if len(self.change) else np.zeros(0, dtype=np.int64)
        which, ahead = _lists(self.length[stakes])
        stake = stakes[which]
        slot = starts[self.change[stake]] + self.offset[stake] + ahead
        stake, slot = stake[slot < self.compiled.slots], slot[slot < self.compiled.slots]
        holder = self.holder[stake]
        charged = shares[self.base[holder] + slot] * self._rates[self._rate_of[holder], slot] * self.amount[stake]
        by_cell = np.bincount(self.cell[holder], weights=charged, minlength=len(self.compiled.members))
        return np.asarray(by_cell, dtype=np.float64)

    def touched(self, starts: Numbers, placed: npt.NDArray[np.bool_]) -> "Touched":
        """Give every column, a cell and a slot, that someone placed touches, with all holders that could."""
        slots = self.compiled.slots
        stakes = np.flatnonzero(placed[self.change]) if len(self.change) else np.zeros(0, dtype=np.int64)
        which, ahead = _lists(self.length[stakes])
        stake = stakes[which]
        slot = starts[self.change[stake]] + self.offset[stake] + ahead
        inside = slot < slots
        stake, slot = stake[inside], slot[inside]
        holder = self.holder[stake]
        keys, column = np.unique(self.cell[holder] * slots + slot, return_inverse=True)
        cell, at = keys // slots, keys % slots
        sizes = self._holders[cell]
        begins = np.cumsum(sizes) - sizes
        column_of, ahead = _lists(sizes)
        active = np.bincount(
            begins[column] + self._position[holder],
            weights=self.amount[stake] * self._rates[self._rate_of[holder], slot],
            minlength=len(column_of),
        )
        holders = self._by_cell[self._holders_begin[cell][column_of] + ahead]
        where = at[column_of]
        valid = (where >= self.first[holders]) & (where < self.last[holders])
        return Touched(cell, at, column_of[valid], holders[valid], where[valid], active[valid])


@dataclass(frozen=True)
class Touched:
    """Columns (`cell`, `at`) and the pairs of a column and one of its holders, sorted by column; `active` per pair."""

    cell: Numbers
    at: Numbers
    column: Numbers
    holder: Numbers
    slot: Numbers
    active: Floats


def _lists(sizes: Numbers) -> tuple[Numbers, Numbers]:
    """Say of every entry of lists of given sizes which list it belongs to, and its place in it."""
    which = np.repeat(np.arange(len(sizes)), sizes)
    return which, np.arange(len(which)) - np.repeat(np.cumsum(sizes) - sizes, sizes)


def _width(compiled: Compiled, pooled: Iterable[tuple[int, tuple[int, int], int]]) -> int:
    """Count the slots that the changes of a pool can reach together."""
    spans = [
        (compiled.begin[change] + offset, compiled.end[change] - 1 + offset + length)
        for change, (offset, length), _ in pooled
    ]
    return int(max(end for _, end in spans) - min(begin for begin, _ in spans))


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
