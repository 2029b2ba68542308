"""A partial schedule on the compiled problem: the exact price and legality of one more placement."""

from collections.abc import Container, Iterable, Mapping, Sequence

import numpy as np

from scheduler.horizon import Mask
from scheduler.solver.compiled import Compiled, Part, hits, sums, supported
from scheduler.solver.problem import Budget, Cents, Lag

UNPLACED = -1


class State:
    """A partial schedule with everything needed to price and check one more placement.

    `starts` holds the slot of each change, or UNPLACED.
    """

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self.starts = [UNPLACED] * compiled.changes
        self._covers = np.zeros(compiled.weight.shape, dtype=np.int32)
        self._open: Cents = compiled.weight.copy()
        self._paid = 0
        self.free = compiled.capacity.copy()
        self._counted = np.zeros((len(compiled.counted), compiled.slots), dtype=np.int32)
        self.room = [cap.limit for cap in compiled.caps]

    # --- moving ----------------------------------------------------------------------------------------------------

    def place(self, change: int, start: int) -> None:
        """Give a change that has none a start."""
        self.starts[change] = start
        self._shift(change, start, 1)

    def remove(self, change: int) -> int:
        """Take a change out and give the start it had."""
        start = self.starts[change]
        self.starts[change] = UNPLACED
        self._shift(change, start, -1)
        return start

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

    def marginal(self, change: int) -> Cents:
        """Price every start of an unplaced change, all others staying where they are; shape (slots,).

        Exact where `Compiled.ok` is true; elsewhere what only forbidden starts reach may be missing.
        """
        cost: Cents = self.compiled.cost[change].copy()
        for span in self.compiled.cell_spans[change]:
            cost += sums(self._open[span.targets].sum(axis=0), span.offset, span.length)
        return cost

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
        compiled = self.compiled
        total = self._paid
        for change, start in enumerate(self.starts):
            total += int(compiled.cost[change, start]) if start != UNPLACED else compiled.drop[change] or 0
        return total

    def missing(self) -> list[int]:
        """List the mandatory changes that are not placed."""
        return [n for n, start in enumerate(self.starts) if start == UNPLACED and self.compiled.drop[n] is None]

    # --- checking --------------------------------------------------------------------------------------------------

    def feasible(self, change: int, free: Container[int] = ()) -> Mask:
        """Mark the legal starts of an unplaced change, all others staying where they are; shape (slots,).

        Lags to unplaced changes of `free` are not asked for, as those are still to be placed.
        """
        open_starts: Mask = self.compiled.ok[change].copy()
        for bad in self._clashes(change, free):
            open_starts &= ~bad[1]
        return open_starts

    def forbidden(self, change: int) -> dict[str, Mask]:
        """Mark, under the name of each rule, the starts of an unplaced change that it forbids."""
        reasons: dict[str, Mask] = {}
        rules = [(rule, ~mask) for rule, mask in self.compiled.problem.masks[change].items()]
        for rule, mask in [*rules, *self._clashes(change)]:
            if mask.any():
                reasons[rule] = reasons[rule] | mask if rule in reasons else mask
        for lag in self.compiled.lags_of[change]:
            lonely = self.compiled.problem.allowed(change) & ~self.compiled.ok[change]
            lonely &= ~supported(self.compiled.problem, self.compiled.ok, lag, change)
            if lonely.any():
                reasons[lag.rule] = reasons.get(lag.rule, lonely) | lonely
        return reasons

    def _clashes(self, change: int, free: Container[int] = ()) -> Iterable[tuple[str, Mask]]:
        compiled = self.compiled
        for span in compiled.use_spans[change]:
            short: Mask = np.any(self.free[span.targets] < span.amounts[:, None], axis=0)
            if short.any():
                yield span.rule, hits(short, span.offset, span.length)
        for lag in compiled.lags_of[change]:
            if (lag.before if change == lag.after else lag.after) not in free:
                yield lag.rule, self._lag_clash(lag, change)
        for number in compiled.caps_of[change]:
            cap = compiled.caps[number]
            yield cap.rule, (cap.amounts[change] > self.room[number]) & (cap.amounts[change] > 0)
        for budget, own in compiled.budgets_of[change]:
            yield budget.rule, self._budget_clash(budget, own)

    def _lag_clash(self, lag: Lag, change: int) -> Mask:
        slots = self.compiled.slots
        index = np.arange(slots)
        hi = slots if lag.hi is None else lag.hi
        other = self.starts[lag.before if change == lag.after else lag.after]
        if change == lag.after:
            if other == UNPLACED:
                return np.ones(slots, dtype=np.bool_)
            return (index < other + lag.lo) | (index > other + hi)
        if other == UNPLACED:
            return np.zeros(slots, dtype=np.bool_)
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
