"""A proven lower bound and the reduced cost of every start: Lagrangian relaxation with cost-sharing multipliers.

The weight of every (cell, slot) is split into shares of the changes that could take it down, and every resource gets a
price per slot. Then each change chooses alone, and

    bound = Σ_j min(drop_j, min_t [cost_j(t) + Σ shares over its windows + Σ amount × prices]) − Σ price × capacity

holds for any split and any prices, because a slot that someone takes down costs at least the shares of those who do.
Lags and budgets are left out of the bound (masks made consistent with the lags are in), which keeps it valid. Shares
and prices are improved by subgradient steps of Polyak length (Held, Wolfe and Crowder, Mathematical Programming 6,
1974) in a metric scaled by the weights.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scheduler.solver.compiled import Compiled, reach

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Bound:
    """The best bound found, in whole weighted cents, and from the same multipliers the reduced cost of each start.

    `cents` is `value` less `slack`, which covers rounding errors, rounded up as every objective is a whole number.
    `reduced` has shape (changes, slots): `value` plus it bounds every plan in which the change takes that start
    (infinite where it may not).
    """

    cents: int
    value: float
    reduced: Floats
    slack: float

    def keeps(self, upper: int) -> npt.NDArray[np.bool_]:
        """Mark the starts that a plan cheaper than `upper` may still take; shape (changes, slots)."""
        kept: npt.NDArray[np.bool_] = self.value + self.reduced <= upper - 1 + self.slack
        return kept


class Lagrangian:
    """Multipliers of one compiled problem, improved step by step and kept between calls."""

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        slots = compiled.slots
        rows = [
            (part.target, change, part.offset, part.length)
            for change, parts in enumerate(compiled.cells_of)
            for part in parts
        ]
        rows.sort(key=lambda row: (row[1], row[2], row[3], row[0]))
        self._cell = np.array([row[0] for row in rows], dtype=np.int64)
        self._change = np.array([row[1] for row in rows], dtype=np.int64)
        self._offset = np.array([row[2] for row in rows], dtype=np.int64)
        self._length = np.array([row[3] for row in rows], dtype=np.int64)
        keys = [row[1:] for row in rows]
        self._group_starts = np.array([n for n in range(len(keys)) if n == 0 or keys[n] != keys[n - 1]], dtype=np.int64)
        self._groups = [keys[n] for n in self._group_starts]
        self._row_table = self._rows_of_cells()
        self.weight = compiled.weight.astype(np.float64)
        reached = self._reached(rows)
        count = np.zeros_like(self.weight)
        np.add.at(count, self._cell, reached)
        share = np.divide(self.weight, count, out=np.zeros_like(self.weight), where=count > 0)
        self.shares: Floats = np.where(reached, share[self._cell], 0.0).reshape(len(rows), slots)
        self._group_of_row = np.repeat(np.arange(len(self._groups)), np.diff([*self._group_starts, len(rows)]))
        self._grouped = self._sum_groups()
        self._steps = 0
        self.prices: Floats = np.zeros(compiled.capacity.shape)
        self._uses = [
            (part.target, change, part.offset, part.length, part.amount)
            for change, uses in enumerate(compiled.uses_of)
            for part in uses
        ]
        self._cost = np.where(compiled.ok, compiled.cost.astype(np.float64), np.inf)
        self._drop = np.array([np.inf if price is None else float(price) for price in compiled.drop])
        # A sum of some thousand numbers loses at most that many units in the last place of its largest part.
        size = float(self.weight.sum()) + float(np.where(compiled.ok, compiled.cost, 0).max(axis=1, initial=0).sum())
        self._slack = 1e-6 + 1e-11 * size
        self.best = Bound(0, 0.0, np.where(compiled.ok, 0.0, np.inf), self._slack)
        self._theta, self._stale = 1.0, 0

    def _rows_of_cells(self) -> Numbers:
        cells = len(self.compiled.members)
        width = max((int(n) for n in np.bincount(self._cell, minlength=max(cells, 1))), default=0)
        table = np.full((cells, max(width, 1)), -1, dtype=np.int64)
        used = np.zeros(cells, dtype=np.int64)
        for row, cell in enumerate(self._cell):
            table[cell, used[cell]] = row
            used[cell] += 1
        return table

    def _reached(self, rows: list[tuple[int, int, int, int]]) -> npt.NDArray[np.bool_]:
        reached = np.zeros((len(rows), self.compiled.slots), dtype=np.bool_)
        for number, (_, change, offset, length) in enumerate(rows):
            reached[number] = reach(self.compiled.ok[change], offset, length)
        return reached

    # --- evaluating ------------------------------------------------------------------------------------------------

    def _sum_groups(self) -> Floats:
        """Add up the shares of rows with the same change, offset and length; shape (groups, slots)."""
        if not self._groups:
            return np.zeros((0, self.compiled.slots))
        return np.asarray(np.add.reduceat(self.shares, self._group_starts, axis=0))

    def _brackets(self) -> Floats:
        """Price every start of every change with the current multipliers; shape (changes, slots)."""
        brackets = self._cost.copy()
        self._steps += 1
        if self._steps % 50 == 0:  # the sums are kept up to date step by step: start afresh before errors add up
            self._grouped = self._sum_groups()
        if self._groups:
            _add_sums(brackets, self._grouped, [(row, *group, 1) for row, group in enumerate(self._groups)])
        if self._uses and self.prices.any():
            _add_sums(brackets, self.prices, self._uses)
        return brackets

    def _record(self, value: float, brackets: Floats, lowest: Floats) -> None:
        if value > self.best.value:
            cents = max(self.best.cents, int(np.ceil(value - self._slack)))
            self._stale = 0 if value > self.best.value * (1 + 1e-6) else self._stale + 1
            self.best = Bound(cents, value, brackets - lowest[:, None], self._slack)
        else:
            self._stale += 1
        if self._stale >= 20:
            self._theta, self._stale = self._theta * 0.7, 0

    # --- improving -------------------------------------------------------------------------------------------------

    def improve(self, upper: int, running: Callable[[], float]) -> Bound:
        """Step until `running()` reaches 1 or the bound meets `upper`, the objective of a known plan."""
        self._theta = max(self._theta, 0.5)
        while running() < 1.0 and self._theta > 1e-3 and self.best.cents < upper:
            self.step(upper)
        return self.best

    def step(self, upper: int) -> float:
        """Evaluate the bound of the current multipliers, record it, and move them uphill; give the bound."""
        brackets = self._brackets()
        starts = brackets.argmin(axis=1)
        cheapest = brackets[np.arange(len(starts)), starts]
        lowest = np.minimum(cheapest, self._drop)
        value = float(lowest.sum() - (self.prices * self.compiled.capacity).sum())
        self._record(value, brackets, lowest)
        placed = cheapest <= self._drop
        columns, active = self._touched(starts, placed)
        excess = self._excess(starts, placed)
        weight = self.weight[columns[0], columns[1]]
        valid = self._row_table[columns[0]] >= 0
        mean = (active * valid).sum(axis=1) / np.maximum(valid.sum(axis=1), 1)
        direction = np.where(valid, active - mean[:, None], 0.0)
        scale = self._price_scale(value)
        norm = float((weight[:, None] * direction**2).sum() + scale * (excess**2).sum())
        if norm <= 0:
            self._theta = 0.0
            return value
        length = self._theta * max(upper - value, 1.0) / norm
        self._move_shares(columns, valid, direction, weight, length)
        if excess.size:
            self.prices = np.maximum(0.0, self.prices + length * scale * excess)
        return value

    def _price_scale(self, value: float) -> float:
        """Give resource prices the size of an average change's cost per slot, so that one step length suits both."""
        return max(abs(value), 1.0) / max(1, self.compiled.changes) / 10.0

    def _touched(self, starts: Numbers, placed: npt.NDArray[np.bool_]) -> tuple[tuple[Numbers, Numbers], Floats]:
        """Give the (cell, slot) columns that someone active touches, and who is active: shape (columns, rows)."""
        slots = self.compiled.slots
        rows = np.flatnonzero(placed[self._change]) if len(self._change) else np.zeros(0, dtype=np.int64)
        length = self._length[rows]
        row_of = np.repeat(rows, length)
        ahead = np.arange(len(row_of)) - np.repeat(np.cumsum(length) - length, length)
        slot = starts[self._change[row_of]] + self._offset[row_of] + ahead
        inside = slot < slots
        row_of, slot = row_of[inside], slot[inside]
        keys, where = np.unique(self._cell[row_of] * slots + slot, return_inverse=True)
        cell, slot_of = keys // slots, keys % slots
        is_row = np.zeros((len(keys), self._row_table.shape[1]))
        position = (self._row_table[cell[where]] == row_of[:, None]).argmax(axis=1)
        is_row[where, position] = 1.0
        return (cell, slot_of), is_row

    def _excess(self, starts: Numbers, placed: npt.NDArray[np.bool_]) -> Floats:
        """Give demand minus capacity per resource and slot; where a price is 0 and nothing is short it is 0."""
        if not self.compiled.resources:
            return np.zeros((0, self.compiled.slots))
        excess: Floats = -self.compiled.capacity.astype(np.float64)
        for change, uses in enumerate(self.compiled.uses_of):
            if placed[change]:
                for target, amount, offset, length in uses:
                    begin = starts[change] + offset
                    excess[target, begin : begin + length] += amount
        excess[(self.prices <= 0) & (excess < 0)] = 0.0
        return excess

    def _move_shares(
        self,
        columns: tuple[Numbers, Numbers],
        valid: npt.NDArray[np.bool_],
        direction: Floats,
        weight: Floats,
        length: float,
    ) -> None:
        table, slot = self._row_table[columns[0]], columns[1]
        before = self.shares[table, slot[:, None]]
        moved = before + length * weight[:, None] * direction
        moved = np.where(valid, np.maximum(moved, 0.0), 0.0)
        # Clipping can only leave too much: scale back to the weight, which keeps the split valid.
        total = moved.sum(axis=1)
        moved *= np.divide(weight, total, out=np.zeros_like(total), where=total > 0)[:, None]
        rows, slots = table[valid], np.broadcast_to(slot[:, None], table.shape)[valid]
        self.shares[rows, slots] = moved[valid]
        flat = self._group_of_row[rows] * self.compiled.slots + slots
        change = np.bincount(flat, weights=(moved - before)[valid], minlength=self._grouped.size)
        self._grouped += change.reshape(self._grouped.shape)


def _add_sums(brackets: Floats, values: Floats, parts: Sequence[tuple[int, int, int, int, int]]) -> None:
    """Add to each change's starts `amount` × the sum of a row of `values` over the change's window in it.

    Parts are (row, change, offset, length, amount).
    """
    slots = values.shape[1]
    longest = max(part[2] + part[3] for part in parts)
    running = np.zeros((len(values), slots + 1 + longest))
    np.cumsum(values, axis=1, out=running[:, 1 : slots + 1])
    running[:, slots + 1 :] = running[:, slots : slots + 1]
    for row, change, offset, length, amount in parts:
        window = running[row, offset + length : offset + length + slots] - running[row, offset : offset + slots]
        brackets[change] += window if amount == 1 else amount * window
