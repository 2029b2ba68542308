"""A partial schedule on the compiled problem: the exact price and legality of one more placement."""

from collections.abc import Container, Iterator, Mapping, Sequence

import numpy as np

from scheduler.horizon import Mask
from scheduler.solver.compiled import Compiled, Part
from scheduler.solver.consistent import supported
from scheduler.solver.problem import Budget, Cents, Lag
from scheduler.solver.windows import Numbers, hits, sums, window_sums

UNPLACED = -1


class State:
    """A partial schedule with everything needed to price and check one more placement.

    `starts` holds the slot of each change, or UNPLACED.
    """

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self.starts = [UNPLACED] * compiled.changes
        self._covers = np.zeros(compiled.weight.shape, dtype=np.int16)
        self._open: Cents = compiled.weight.copy()
        self._paid = 0
        self._own = sum(price or 0 for price in compiled.drop)
        self._lacking = {change for change, price in enumerate(compiled.drop) if price is None}
        self.free = compiled.capacity.copy()
        self._counted = np.zeros((len(compiled.counted), compiled.slots), dtype=np.int16)
        self.room = [cap.limit for cap in compiled.caps]

    # --- moving ----------------------------------------------------------------------------------------------------

    def place(self, change: int, start: int) -> None:
        """Give a change that has none a start."""
        self.starts[change] = start
        self._lacking.discard(change)
        self._own += self._alone(change, start)
        self._shift(change, start, 1)

    def remove(self, change: int) -> int:
        """Take a change out and give the start it had."""
        start = self.starts[change]
        self.starts[change] = UNPLACED
        if self.compiled.drop[change] is None:
            self._lacking.add(change)
        self._own -= self._alone(change, start)
        self._shift(change, start, -1)
        return start

    def _alone(self, change: int, start: int) -> int:
        """Give the start cost of a placement less the drop price that it saves."""
        ahead = start - int(self.compiled.begin[change])
        row = self.compiled.costs[change]
        return (int(row[ahead]) if 0 <= ahead < len(row) else 0) - (self.compiled.drop[change] or 0)

    def _shift(self, change: int, start: int, sign: int) -> None:
        compiled = self.compiled
        for span in compiled.cell_spans[change]:
            rows, begin, end = span.targets, start + span.offset, start + span.offset + span.length
            covers = self._covers[rows, begin:end] + sign
            still_open = compiled.weight[rows, begin:end] * (covers == 0)
            self._paid += int(self._open[rows, begin:end].sum() - still_open.sum())
            self._covers[rows, begin:end] = covers
            self._open[rows, begin:end] = still_open
        for span in compiled.use_spans[change]:
            begin, end = start + span.offset, start + span.offset + span.length
            self.free[span.targets, begin:end] -= sign * span.amounts[:, None]
        for span in compiled.counted_spans[change]:
            begin, end = start + span.offset, start + span.offset + span.length
            self._counted[span.targets, begin:end] += sign
        for cap in compiled.caps_of[change]:
            self.room[cap] -= sign * int(compiled.caps[cap].amounts[change][start])

    # --- pricing ---------------------------------------------------------------------------------------------------

    def choices(self, change: int, free: Container[int] = ()) -> tuple[Numbers, Cents]:
        """Give the legal starts of an unplaced change, in order, and what each adds to the objective.

        `free` as in `feasible`.
        """
        begin, end = int(self.compiled.begin[change]), int(self.compiled.end[change])
        legal = np.flatnonzero(self._legal(change, begin, end, free))
        return legal + begin, self._added(change, begin, end)[legal]

    def marginal(self, change: int) -> Cents:
        """Price every start of an unplaced change, all others staying where they are; shape (slots,).

        Exact where `Compiled.ok` is true; elsewhere what only forbidden starts reach may be missing.
        """
        return self._added(change, 0, self.compiled.slots)

    def _added(self, change: int, begin: int, end: int) -> Cents:
        """Price the starts of [begin, end), which hold the window of the change or lie inside it."""
        compiled = self.compiled
        first, last = int(compiled.begin[change]), int(compiled.end[change])
        if (begin, end) == (first, last):
            cost: Cents = compiled.costs[change].copy()
        else:
            cost = np.zeros(end - begin, dtype=np.int64)
            cost[first - begin : last - begin] = compiled.costs[change]
        for span in compiled.cell_spans[change]:
            a, z = begin + span.offset, end - 1 + span.offset + span.length
            rows = self._open[span.targets, a:z]
            open_weight = rows[0] if len(rows) == 1 else np.add.reduce(rows, axis=0)
            cost += window_sums(open_weight, 0, end - begin, 0, span.length)
        return cost

    def paid(self) -> Cents:
        """Give what the outages of every cell cost, shape (cells,)."""
        covered: Cents = (self.compiled.weight - self._open).sum(axis=1)
        return covered

    def open_weight(self, cell: int) -> Cents:
        """Give the weight of a cell where nobody placed is active, shape (slots,)."""
        weight: Cents = self._open[cell]
        return weight

    def counted_open(self, cell: int) -> Mask:
        """Mark the slots of a budget cell in which nobody placed is active, shape (slots,)."""
        mask: Mask = self._counted[cell] == 0
        return mask

    def objective(self) -> int:
        """Price the whole: cells, start costs and the drop prices of what is not placed."""
        return self._paid + self._own

    def missing(self) -> list[int]:
        """List the mandatory changes that are not placed."""
        return sorted(self._lacking)

    # --- checking --------------------------------------------------------------------------------------------------

    def feasible(self, change: int, free: Container[int] = ()) -> Mask:
        """Mark the legal starts of an unplaced change, all others staying where they are; shape (slots,).

        Lags to unplaced changes of `free` are not asked for, as those are still to be placed.
        """
        begin, end = int(self.compiled.begin[change]), int(self.compiled.end[change])
        open_starts = np.zeros(self.compiled.slots, dtype=np.bool_)
        open_starts[begin:end] = self._legal(change, begin, end, free)
        return open_starts

    def allows(self, change: int, start: int, free: Container[int] = ()) -> bool:
        """Tell whether one start of an unplaced change is legal; `free` as in `feasible`."""
        return bool(self._legal(change, start, start + 1, free)[0])

    def _legal(self, change: int, begin: int, end: int, free: Container[int]) -> Mask:
        open_starts: Mask = self.compiled.ok[change, begin:end].copy()
        for _, bad in self._clashes(change, begin, end, free):
            open_starts &= ~bad
        return open_starts

    def forbidden(self, change: int) -> dict[str, Mask]:
        """Mark, under the name of each rule, the starts of an unplaced change that it forbids."""
        reasons: dict[str, Mask] = {}
        rules = [(rule, ~mask) for rule, mask in self.compiled.problem.masks[change].items()]
        for rule, mask in [*rules, *self._clashes(change, 0, self.compiled.slots)]:
            if mask.any():
                reasons[rule] = reasons[rule] | mask if rule in reasons else mask
        for lag in self.compiled.lags_of[change]:
            lonely = self.compiled.problem.allowed(change) & ~self.compiled.ok[change]
            lonely &= ~supported(self.compiled.problem, self.compiled.ok, lag, change)
            if lonely.any():
                reasons[lag.rule] = reasons.get(lag.rule, lonely) | lonely
        return reasons

    def _clashes(self, change: int, begin: int, end: int, free: Container[int] = ()) -> Iterator[tuple[str, Mask]]:
        """Give for the starts of [begin, end) which ones what is placed forbids, and the rule that does."""
        compiled = self.compiled
        for span in compiled.use_spans[change]:
            a, z = begin + span.offset, end - 1 + span.offset + span.length
            short: Mask = np.any(self.free[span.targets, a:z] < span.amounts[:, None], axis=0)
            if short.any():
                yield span.rule, window_sums(short, 0, end - begin, 0, span.length) > 0
        for lag in compiled.lags_of[change]:
            if (lag.before if change == lag.after else lag.after) not in free:
                yield lag.rule, self._lag_clash(lag, change, begin, end)
        for number in compiled.caps_of[change]:
            cap = compiled.caps[number]
            amounts = cap.amounts[change][begin:end]
            yield cap.rule, (amounts > self.room[number]) & (amounts > 0)
        for budget, own in compiled.budgets_of[change]:
            yield budget.rule, self._budget_clash(budget, own)[begin:end]

    def _lag_clash(self, lag: Lag, change: int, begin: int, end: int) -> Mask:
        index = np.arange(begin, end)
        hi = self.compiled.slots if lag.hi is None else lag.hi
        other = self.starts[lag.before if change == lag.after else lag.after]
        if change == lag.after:
            if other == UNPLACED:
                return np.ones(len(index), dtype=np.bool_)
            return (index < other + lag.lo) | (index > other + hi)
        if other == UNPLACED:
            return np.zeros(len(index), dtype=np.bool_)
        return (index > other - lag.lo) | (index < other - hi)

    def _budget_clash(self, budget: Budget, own: Sequence[Part]) -> Mask:
        active = (self._counted[list(budget.cells)] > 0).sum(axis=0)
        inside = budget.period >= 0
        periods = len(budget.limit)
        spent = np.bincount(budget.period[inside], weights=active[inside], minlength=periods).astype(np.int64)
        room = budget.limit - spent
        fresh = {part.target: self.counted_open(part.target).astype(np.int64) for part in own}
        slots = self.compiled.slots
        if np.bincount(budget.period[inside], minlength=periods).max(initial=0) <= 1:
            return self._clash_per_slot(np.where(inside, room[budget.period], slots * len(own)), own, fresh)
        bad = np.zeros(slots, dtype=np.bool_)
        # A period with room for all that the change could ever count is out of the question.
        for period in np.flatnonzero(room < sum(part.length for part in own)):
            here = budget.period == period
            added = np.zeros(slots, dtype=np.int64)
            for part in own:
                added += sums(np.where(here, fresh[part.target], 0), part.offset, part.length)
            bad |= (added > room[period]) & (added > 0)
        return bad

    def _clash_per_slot(self, room: Cents, own: Sequence[Part], fresh: dict[int, Cents]) -> Mask:
        slots = self.compiled.slots
        spans = {(part.offset, part.length) for part in own}
        if len(spans) == 1:
            offset, length = spans.pop()
            added = np.sum([fresh[target] for target in {part.target for part in own}], axis=0)
            return hits((added > room) & (added > 0), offset, length)
        bad = np.zeros(slots, dtype=np.bool_)
        for ahead in range(max(part.offset + part.length for part in own)):
            covering = [part for part in own if part.offset <= ahead < part.offset + part.length]
            if covering and ahead < slots:
                added = np.sum([fresh[part.target][ahead:] for part in covering], axis=0)
                bad[: slots - ahead] |= (added > room[ahead:]) & (added > 0)
        return bad


def alone(compiled: Compiled, change: int) -> Cents:
    """Price every start of a change as if nothing else were planned: no credit for sharing; shape (slots,)."""
    return State(compiled).marginal(change)


def restore(state: State, starts: Mapping[int, int]) -> None:
    """Put changes back to given starts (or UNPLACED)."""
    for change in starts:
        if state.starts[change] != UNPLACED:
            state.remove(change)
    for change, start in starts.items():
        if start != UNPLACED:
            state.place(change, start)
