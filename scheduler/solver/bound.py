"""A proven lower bound and the reduced cost of every start: Lagrangian relaxation with cost-sharing multipliers.

The weight of every (cell, slot) is split into shares of the changes that could take it down, every resource gets a
price per slot and every cap a price. Then each change chooses alone, or together with those that lags tie it to, and

    bound = Σ_j min(drop_j, min_t [cost_j(t) + Σ shares over its windows + Σ amount × prices]) − Σ price × capacity

holds for any split and any prices, because a slot that someone takes down costs at least the shares of those who do.
The minimum over a tree of lags is exact; lags that would close a circle, and budgets, are left out of the bound, which
keeps it valid. Shares and prices are improved by subgradient steps of Polyak length (Held, Wolfe and Crowder,
Mathematical Programming 6, 1974) in a metric scaled by the weights. A step goes on in the direction of those before it
(Crowder, Symposia Mathematica 19, 1976): changes that swing between equally good starts would undo each other's steps.
"""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from scheduler.solver.compiled import Compiled
from scheduler.solver.forest import Forest, Rows
from scheduler.solver.loads import Loads
from scheduler.solver.sharing import Sharing, Touched
from scheduler.solver.state import UNPLACED
from scheduler.solver.windows import Floats, Numbers

LEAST_STEP = 1e-3  # share of Polyak's length below which steps are given up
PATIENCE, DECAY = 8, 0.85  # steps without a better bound, and what Polyak's length is multiplied with after them
MOMENTUM = 0.95  # of the direction in which a share or a price was last moved
PRICE_PART = 0.05  # of the length of a step at most lies in prices: on long horizons they would leave shares no room


@dataclass(frozen=True)
class Bound:
    """The best bound found, in whole weighted cents, and from the same multipliers the reduced cost of each start.

    `cents` is `value` less `slack`, which covers rounding errors, rounded up as every objective is a whole number.
    `brackets` prices every start of every change, one row of its window after another.
    """

    cents: int
    value: float
    slack: float
    brackets: Floats
    out: Floats
    forest: Forest
    at: Numbers

    @cached_property
    def reduced(self) -> Floats:
        """Give for every start what `value` rises to at least when the change takes it, less `value`; as `brackets`."""
        reduced = self.brackets.copy()
        linked = self.forest.links
        for change in range(len(self.out)):
            row = reduced[self.at[change] : self.at[change + 1]]
            if change not in linked:
                row -= min(float(row.min(initial=np.inf)), float(self.out[change]))
        for tree in self.forest.trees:
            members = [tree[0].parent, *(edge.child for edge in tree)]
            rows: Rows = {change: reduced[self.at[change] : self.at[change + 1]] for change in members}
            out = self.out.copy()
            self.forest.gather(tree, rows, out)
            lowest = min(float(rows[members[0]].min(initial=np.inf)), float(out[members[0]]))
            self.forest.spread(tree, rows, out)
            for change in members:
                reduced[self.at[change] : self.at[change + 1]] = rows[change] - lowest
        return np.maximum(reduced, 0.0)

    def reduced_row(self, change: int) -> Floats:
        """Give the reduced costs of a change in its window [begin, end): `value` plus them bounds every such plan."""
        return self.reduced[self.at[change] : self.at[change + 1]]

    def kept(self, upper: int) -> int:
        """Count the starts that a plan cheaper than `upper` may still take."""
        return int((self.value + self.reduced <= upper - 1 + self.slack).sum())

    def keeps(self, change: int, upper: int) -> npt.NDArray[np.bool_]:
        """Mark those starts in the window of a change."""
        kept: npt.NDArray[np.bool_] = self.value + self.reduced_row(change) <= upper - 1 + self.slack
        return kept


class Lagrangian:
    """Multipliers of one compiled problem, improved step by step and kept between calls."""

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self.forest = Forest(compiled)
        self.sharing = Sharing(compiled)
        self.shares = self.sharing.equal_shares()
        self._charged = self.sharing.by_group(self.shares)
        self._steps = 0
        self.prices: Floats = np.zeros(compiled.capacity.shape)
        self._priced = np.zeros(len(compiled.resources), dtype=np.bool_)
        self.cap_prices: Floats = np.zeros(len(compiled.caps))
        self._limits = np.array([cap.limit for cap in compiled.caps], dtype=np.float64)
        self._demand = Loads(compiled)
        widths = compiled.end - compiled.begin
        self.at = np.concatenate(([0], np.cumsum(widths)))
        self._cost = np.empty(int(self.at[-1]))
        for change, row in enumerate(compiled.costs):
            open_starts = compiled.ok[change, compiled.begin[change] : compiled.end[change]]
            self._cost[self.at[change] : self.at[change + 1]] = np.where(open_starts, row, np.inf)
        self._drop = np.array([np.inf if price is None else float(price) for price in compiled.drop])
        self._alone = np.array([change for change in range(compiled.changes) if change not in self.forest.links])
        # A sum of some thousand numbers loses at most that many units in the last place of its largest part.
        size = float(compiled.weight.sum(dtype=np.float64)) + float(
            sum(int(row.max(initial=0)) for row in compiled.costs)
        )
        self._slack = 1e-6 + 1e-11 * size
        nothing = np.where(np.isfinite(self._cost), 0.0, np.inf)
        self.best = Bound(0, 0.0, self._slack, nothing, self._drop, self.forest, self.at)
        self._theta, self._stale = 1.0, 0
        self._drift = np.zeros(self.sharing.size, dtype=np.float32)
        self._pull = np.zeros(self.prices.shape, dtype=np.float32)

    # --- evaluating ------------------------------------------------------------------------------------------------

    def _brackets(self) -> Floats:
        """Price every start of every change with the current multipliers, one window after another."""
        brackets = self._cost.copy()
        self._steps += 1
        if self._steps % 50 == 0:  # the sums are kept up to date step by step: start afresh before errors add up
            self._charged = self.sharing.by_group(self.shares)
        at, sharing = self.at.tolist(), self.sharing
        rows = zip(sharing.groups, sharing.group_begin.tolist(), sharing.group_width.tolist(), strict=True)
        for (change, _, length), begin, width in rows:
            running = np.zeros(width + 1)
            np.cumsum(self._charged[begin : begin + width], out=running[1:])
            row = brackets[at[change] : at[change + 1]]
            row += running[length:]
            row -= running[: width + 1 - length]
        self._add_prices(brackets)
        for price, cap in zip(self.cap_prices, self.compiled.caps, strict=True):
            for change, amounts in cap.amounts.items():
                own = amounts[self.compiled.begin[change] : self.compiled.end[change]]
                brackets[at[change] : at[change + 1]] += price * own
        return brackets

    def _add_prices(self, brackets: Floats) -> None:
        """Charge every start for the resources that it takes."""
        if not self._priced.any():
            return
        slots, at, chosen = self.compiled.slots, self.at.tolist(), self._demand.charged(self._priced)
        begins, ends = self.compiled.begin.tolist(), self.compiled.end.tolist()
        longest = int((self._demand.spans[:, 1] + self._demand.spans[:, 2]).max(initial=0))
        running = np.zeros((chosen.amounts.shape[0], slots + 1 + longest))
        np.cumsum(chosen.amounts @ self.prices, axis=1, out=running[:, 1 : slots + 1])
        running[:, slots + 1 :] = running[:, slots : slots + 1]
        for change, offset, length, row in chosen.spans.tolist():
            paid, begin, end = running[row], begins[change] + offset, ends[change] + offset
            own = brackets[at[change] : at[change + 1]]
            own += paid[begin + length : end + length]
            own -= paid[begin:end]

    def _choose(self, brackets: Floats) -> tuple[float, Numbers]:
        """Let every change, or tree of lags, choose its cheapest starts; give what all pay, and the starts."""
        total, begins = 0.0, self.compiled.begin
        starts = np.full(self.compiled.changes, UNPLACED, dtype=np.int64)
        at = self.at.tolist()
        for change in self._alone.tolist():
            row = brackets[at[change] : at[change + 1]]
            if len(row):
                best = int(row.argmin())
                if row[best] <= self._drop[change] and np.isfinite(row[best]):
                    starts[change] = begins[change] + best
                    total += float(row[best])
                    continue
            total += float(self._drop[change])
        out = self._drop.copy()
        for tree in self.forest.trees:
            members = [tree[0].parent, *(edge.child for edge in tree)]
            rows: Rows = {change: brackets[at[change] : at[change + 1]] for change in members}
            self.forest.gather(tree, rows, out)
            self.forest.choose(tree, rows, out, starts)
            total += min(float(rows[members[0]].min(initial=np.inf)), float(out[members[0]]))
        return total, starts

    def _record(self, value: float, brackets: Floats) -> None:
        if value > self.best.value:
            cents = max(self.best.cents, int(np.ceil(value - self._slack)))
            self._stale = 0 if value > self.best.value * (1 + 1e-6) else self._stale + 1
            self.best = Bound(cents, value, self._slack, brackets, self._drop, self.forest, self.at)
        else:
            self._stale += 1
        if self._stale >= PATIENCE:
            self._theta, self._stale = self._theta * DECAY, 0

    @property
    def moving(self) -> bool:
        """Tell whether further steps may still raise the bound."""
        return self._theta > LEAST_STEP

    def _value(self, paid: float) -> float:
        """Give the bound where all changes pay that much: less what prices pay for capacity and limits."""
        dear = np.flatnonzero(self._priced)
        sold = float((self.prices[dear] * self.compiled.capacity[dear]).sum())
        return paid - sold - float(self.cap_prices @ self._limits)

    def evaluated(self) -> Bound:
        """Give the bound of the present multipliers, which may be a little below the best one."""
        brackets = self._brackets()
        paid, _ = self._choose(brackets)
        value = self._value(paid)
        cents = int(np.ceil(value - self._slack)) if np.isfinite(value) else 0
        return Bound(cents, value, self._slack, brackets, self._drop, self.forest, self.at)

    def adopt(self, prices: Floats, cap_prices: Floats, shares: Floats) -> None:
        """Take over multipliers found elsewhere, shaped as ours; steps rest until `improve` asks for more.

        Shares are scaled to a split of the weight; a slot that nobody is charged for is split equally.
        """
        self.prices, self.cap_prices = np.maximum(prices, 0.0), np.maximum(cap_prices, 0.0)
        self._priced = np.asarray(self.prices.any(axis=1))
        self._theta = 0.0
        self._drift = np.zeros(self.sharing.size, dtype=np.float32)
        self._pull = np.zeros(self.prices.shape, dtype=np.float32)
        self.shares = self.sharing.split(np.maximum(shares, 0.0))
        self._charged = self.sharing.by_group(self.shares)

    def restricted(self, kept: npt.NDArray[np.bool_], drop: Floats) -> "Lagrangian":
        """Give a Lagrangian of the same problem with only some starts open, and other drop prices, from here on.

        `kept` is shaped as `Bound.brackets`; an infinite drop price means that the change must be placed.
        """
        other = copy(self)
        other._cost, other._drop = np.where(kept, self._cost, np.inf), drop
        other.adopt(self.prices, self.cap_prices, self.shares)
        other._theta, other._stale = 0.5, 0
        nothing = np.where(np.isfinite(other._cost), 0.0, np.inf)
        other.best = Bound(0, 0.0, self._slack, nothing, drop, self.forest, self.at)
        return other

    def rest(self) -> None:
        """Keep of the multipliers what `restricted` goes on from, and the bound: a tree has hundreds of these.

        Rounding the shares costs the next one a trifle of its bound, never its validity: it splits the weights again.
        """
        self.shares = self.shares.astype(np.float32)
        self._charged = np.zeros(0)
        self._drift, self._pull = np.zeros(0, dtype=np.float32), np.zeros((0, 0), dtype=np.float32)

    # --- improving -------------------------------------------------------------------------------------------------

    def improve(self, upper: int, running: Callable[[], float]) -> Bound:
        """Step until `running()` reaches 1 or the bound meets `upper`, the objective of a known plan."""
        self._theta = max(self._theta, 0.5)
        while running() < 1.0 and self.moving and self.best.cents < upper:
            self.step(upper)
        return self.best

    def step(self, upper: int) -> float:
        """Evaluate the bound of the current multipliers, record it, and move them uphill; give the bound."""
        brackets = self._brackets()
        paid, starts = self._choose(brackets)
        value = self._value(paid)
        if not np.isfinite(value):
            self._theta = 0.0
            return value
        self._record(value, brackets)
        placed = starts != UNPLACED
        touched = self.sharing.touched(starts, placed)
        resources = self._demand.active(starts, placed, self._priced)
        excess, over = self._excess(resources, starts, placed), self._over(starts, placed)
        weight = self.compiled.weight[touched.cell, touched.at].astype(np.float64)
        where = self.sharing.base[touched.holder] + touched.slot
        direction = self._projected(touched, where) + MOMENTUM * self._drift[where]
        self._drift[where] = direction
        excess += MOMENTUM * self._pull[resources]
        self._pull[resources] = excess
        norm = float((weight[touched.column] * direction**2).sum())
        scale, unevenness = self._price_scale(value), float((excess**2).sum())
        if norm > 0 and unevenness > 0:
            scale = min(scale, PRICE_PART * norm / unevenness)
        # A cap is asked about whole changes, a resource about the slots of their windows.
        cap_scale = 100 * scale
        norm += scale * unevenness + cap_scale * float((over**2).sum())
        if norm <= 0:
            self._theta = 0.0
            return value
        length = self._theta * max(upper - value, 1.0) / norm
        uphill = length * weight[touched.column] * direction
        self._move_shares(touched.column, touched.holder, touched.slot, weight, uphill)
        if excess.size:
            self.prices[resources] = np.maximum(0.0, self.prices[resources] + length * scale * excess)
            self._priced[resources] = self.prices[resources].any(axis=1)
        self.cap_prices = np.maximum(0.0, self.cap_prices + length * cap_scale * over)
        return value

    def _projected(self, touched: Touched, where: Numbers) -> Floats:
        """Say where shares should move, adding up to 0 in every column: from the holders less active than others.

        Holders without a share that are less active than the others stay without.
        """
        columns = len(touched.cell)
        everyone = np.bincount(touched.column, minlength=columns)
        mean = np.bincount(touched.column, weights=touched.active, minlength=columns) / np.maximum(everyone, 1)
        free = (self.shares[where] > 0) | (touched.active > mean[touched.column])
        many = np.bincount(touched.column, weights=free, minlength=columns)
        mean = np.bincount(touched.column, weights=touched.active * free, minlength=columns) / np.maximum(many, 1)
        return np.where(free, touched.active - mean[touched.column], 0.0)

    def _price_scale(self, value: float) -> float:
        """Give resource prices a small part of an average change's cost, so that one step length suits both."""
        return max(abs(value), 1.0) / max(1, self.compiled.changes) / 100.0

    def _excess(self, resources: Numbers, starts: Numbers, placed: npt.NDArray[np.bool_]) -> Floats:
        """Give demand minus capacity of some resources per slot; where a price is 0 and nothing is short it is 0."""
        if not len(resources):
            return np.zeros((0, self.compiled.slots))
        excess = self._demand.load(resources, starts, placed) - self.compiled.capacity[resources]
        excess[(self.prices[resources] <= 0) & (excess < 0)] = 0.0
        return excess

    def _over(self, starts: Numbers, placed: npt.NDArray[np.bool_]) -> Floats:
        """Give what the starts count for minus the limit of each cap; where a price is 0 and there is room it is 0."""
        over = -self._limits
        for number, cap in enumerate(self.compiled.caps):
            over[number] += sum(int(own[starts[change]]) for change, own in cap.amounts.items() if placed[change])
        over[(self.cap_prices <= 0) & (over < 0)] = 0.0
        return over

    def _move_shares(self, column: Numbers, holder: Numbers, slot: Numbers, weight: Floats, step: Floats) -> None:
        """Move the shares of pairs of a column and a holder by a step and bring them back to a split of the weight."""
        if not len(column):
            return
        where = self.sharing.base[holder] + slot
        before = self.shares[where]
        moved = np.maximum(before + step, 0.0)
        # Clipping can only leave too much: scale back to the weight, which keeps the split valid.
        total = np.bincount(column, weights=moved, minlength=len(weight))
        moved *= np.divide(weight, total, out=np.zeros_like(total), where=total > 0)[column]
        changed = moved != before
        self.shares[where[changed]] = moved[changed]
        place, charged = self.sharing.changed_by_group(holder[changed], slot[changed], (moved - before)[changed])
        if len(place):
            self._charged += np.bincount(place, weights=charged, minlength=len(self._charged))
