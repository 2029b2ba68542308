"""A proven lower bound and the reduced cost of every start: Lagrangian relaxation with cost-sharing multipliers.

The weight of every (cell, slot) is split into shares of the changes that could take it down, every resource gets a
price per slot and every cap a price. Then each change chooses alone, and

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
from scipy.sparse import csr_array

from scheduler.solver.compiled import Compiled
from scheduler.solver.sharing import Floats, Numbers, Sharing


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
        self._sharing = Sharing(compiled)
        self.weight = compiled.weight.astype(np.float64)
        self.shares = self._sharing.equal_shares()
        self._grouped = self._sharing.by_group(self.shares)
        self._steps = 0
        self.prices: Floats = np.zeros(compiled.capacity.shape)
        self._cap_prices: Floats = np.zeros(len(compiled.caps))
        self._limits = np.array([cap.limit for cap in compiled.caps], dtype=np.float64)
        spans = [(change, span) for change, own in enumerate(compiled.use_spans) for span in own]
        rows = np.repeat(np.arange(len(spans)), [len(span.targets) for _, span in spans])
        targets = np.concatenate([np.zeros(0, dtype=np.int64), *(span.targets for _, span in spans)])
        amounts = np.concatenate([np.zeros(0), *(span.amounts for _, span in spans)])
        self._demand = csr_array((amounts, (rows, targets)), shape=(len(spans), len(compiled.resources)))
        uses = [(change, span.offset, span.length) for change, span in spans]
        self._charged = [(row, *group) for row, group in enumerate([*self._sharing.groups, *uses])]
        self._cost = np.where(compiled.ok, compiled.cost.astype(np.float64), np.inf)
        self._drop = np.array([np.inf if price is None else float(price) for price in compiled.drop])
        # A sum of some thousand numbers loses at most that many units in the last place of its largest part.
        size = float(self.weight.sum()) + float(np.where(compiled.ok, compiled.cost, 0).max(axis=1, initial=0).sum())
        self._slack = 1e-6 + 1e-11 * size
        self.best = Bound(0, 0.0, np.where(compiled.ok, 0.0, np.inf), self._slack)
        self._theta, self._stale = 1.0, 0

    # --- evaluating ------------------------------------------------------------------------------------------------

    def _brackets(self) -> Floats:
        """Price every start of every change with the current multipliers; shape (changes, slots)."""
        brackets = self._cost.copy()
        self._steps += 1
        if self._steps % 50 == 0:  # the sums are kept up to date step by step: start afresh before errors add up
            self._grouped = self._sharing.by_group(self.shares)
        if self._charged:
            _add_sums(brackets, np.vstack((self._grouped, self._demand @ self.prices)), self._charged)
        for price, cap in zip(self._cap_prices, self.compiled.caps, strict=True):
            for change, amounts in cap.amounts.items():
                brackets[change] += price * amounts
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
        value = float(lowest.sum() - (self.prices * self.compiled.capacity).sum() - self._cap_prices @ self._limits)
        self._record(value, brackets, lowest)
        placed = cheapest <= self._drop
        cell, slot, active = self._sharing.touched(starts, placed)
        excess, over = self._excess(starts, placed), self._over(starts, placed)
        weight = self.weight[cell, slot]
        valid = self._sharing.table[cell] >= 0
        # Project the step: holders without a share that are less active than the others stay without.
        held = self.shares[self._sharing.table[cell], slot[:, None]] > 0
        free = valid & (held | (active > _mean(active, valid)))
        direction = np.where(free, active - _mean(active, free), 0.0)
        scale = self._price_scale(value)
        # A cap is asked about whole changes, a resource about the slots of their windows.
        cap_scale = 100 * scale
        norm = float((weight[:, None] * direction**2).sum() + scale * (excess**2).sum() + cap_scale * (over**2).sum())
        if norm <= 0:
            self._theta = 0.0
            return value
        length = self._theta * max(upper - value, 1.0) / norm
        self._move_shares(cell, slot, length * weight[:, None] * direction)
        if excess.size:
            self.prices = np.maximum(0.0, self.prices + length * scale * excess)
        self._cap_prices = np.maximum(0.0, self._cap_prices + length * cap_scale * over)
        return value

    def _price_scale(self, value: float) -> float:
        """Give resource prices a small part of an average change's cost, so that one step length suits both."""
        return max(abs(value), 1.0) / max(1, self.compiled.changes) / 100.0

    def _excess(self, starts: Numbers, placed: npt.NDArray[np.bool_]) -> Floats:
        """Give demand minus capacity per resource and slot; where a price is 0 and nothing is short it is 0."""
        if not self.compiled.resources:
            return np.zeros((0, self.compiled.slots))
        excess: Floats = -self.compiled.capacity.astype(np.float64)
        for change in map(int, np.flatnonzero(placed)):
            for span in self.compiled.use_spans[change]:
                begin = starts[change] + span.offset
                excess[span.targets, begin : begin + span.length] += span.amounts[:, None]
        excess[(self.prices <= 0) & (excess < 0)] = 0.0
        return excess

    def _over(self, starts: Numbers, placed: npt.NDArray[np.bool_]) -> Floats:
        """Give what the starts count for minus the limit of each cap; where a price is 0 and there is room it is 0."""
        over = -self._limits
        for number, cap in enumerate(self.compiled.caps):
            over[number] += sum(int(own[starts[change]]) for change, own in cap.amounts.items() if placed[change])
        over[(self._cap_prices <= 0) & (over < 0)] = 0.0
        return over

    def _move_shares(self, cell: Numbers, slot: Numbers, step: Floats) -> None:
        """Move the shares of (cell, slot) columns by a step and bring them back to a split of the weight."""
        table = self._sharing.table[cell]
        valid = table >= 0
        before = self.shares[table, slot[:, None]]
        moved = np.where(valid, np.maximum(before + step, 0.0), 0.0)
        # Clipping can only leave too much: scale back to the weight, which keeps the split valid.
        total = moved.sum(axis=1)
        moved *= np.divide(self.weight[cell, slot], total, out=np.zeros_like(total), where=total > 0)[:, None]
        changed = valid & (moved != before)
        holders, slots = table[changed], np.broadcast_to(slot[:, None], table.shape)[changed]
        self.shares[holders, slots] = moved[changed]
        flat, charged = self._sharing.changed_by_group(holders, slots, (moved - before)[changed])
        if len(flat):
            more = np.bincount(flat, weights=charged, minlength=self._grouped.size)
            self._grouped += more.reshape(self._grouped.shape)


def _mean(values: Floats, chosen: npt.NDArray[np.bool_]) -> Floats:
    """Give the mean of the chosen values of every row; shape (rows, 1)."""
    return np.asarray((values * chosen).sum(axis=1) / np.maximum(chosen.sum(axis=1), 1))[:, None]


def _add_sums(brackets: Floats, values: Floats, parts: Sequence[tuple[int, int, int, int]]) -> None:
    """Add to each change's starts the sum of a row of `values` over its window.

    Parts are (row, change, offset, length).
    """
    slots = values.shape[1]
    longest = max(offset + length for _, _, offset, length in parts)
    running = np.zeros((len(values), slots + 1 + longest))
    np.cumsum(values, axis=1, out=running[:, 1 : slots + 1])
    running[:, slots + 1 :] = running[:, slots : slots + 1]
    for row, change, offset, length in parts:
        brackets[change] += running[row, offset + length : offset + length + slots]
        brackets[change] -= running[row, offset : offset + slots]
