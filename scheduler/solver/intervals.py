"""Whole horizons for CP-SAT: every change an interval that may start anywhere, and what can be said of that.

A relaxation: it obeys resources and lags, and of budgets and caps what intervals can tell. Where it has no plan there
is none; a plan of it may still break a budget or a cap.
"""

from collections import defaultdict
from collections.abc import Mapping
from itertools import combinations, pairwise

import numpy as np
from ortools.sat.python import cp_model

from scheduler.solver.compiled import Compiled, Part
from scheduler.solver.problem import Budget, Cap

MOST_SHARING = 12  # changes that take part in one budget over periods: pairs of them are looked at


class Intervals:
    """All changes of a problem as intervals.

    Where `optional`, a literal in `placed` says for every change whether it is placed, and that can be assumed;
    budgets over periods and caps are left out then. Every change must have a start left.
    """

    def __init__(self, compiled: Compiled, *, optional: bool = False) -> None:
        self.compiled, self.model = compiled, cp_model.CpModel()
        names = compiled.problem.changes
        self.starts = [
            self.model.new_int_var_from_domain(cp_model.Domain.from_values(np.flatnonzero(ok).tolist()), name)
            for ok, name in zip(compiled.ok, names, strict=True)
        ]
        self.placed = [self.model.new_bool_var(f"{name} placed") for name in names] if optional else []
        for target in range(len(compiled.resources)):
            self._cumulative(target)
        for lag in compiled.problem.lags:
            distance = self.starts[lag.after] - self.starts[lag.before]
            both = [self.placed[lag.before], self.placed[lag.after]] if optional else []
            self.model.add(distance >= lag.lo).only_enforce_if(*both)
            if lag.hi is not None:
                self.model.add(distance <= lag.hi).only_enforce_if(*both)
            if optional:
                self.model.add_implication(self.placed[lag.after], self.placed[lag.before])
        for budget in compiled.budgets:
            if len(budget.limit) == compiled.slots and (budget.period == np.arange(compiled.slots)).all():
                self._per_slot(budget)
            elif not optional:
                self._per_period(budget)
        for cap in () if optional else compiled.caps:
            self._cap(cap)

    def found(self, solver: cp_model.CpSolver) -> list[int]:
        """Give the start of every change in the plan that a solver found."""
        return [int(solver.value(start)) for start in self.starts]

    def _interval(self, change: int, offset: int, length: int) -> cp_model.IntervalVar:
        begin, name = self.starts[change] + offset, f"{change} + {offset}"
        if self.placed:
            return self.model.new_optional_fixed_size_interval_var(begin, length, self.placed[change], name)
        return self.model.new_fixed_size_interval_var(begin, length, name)

    def _cumulative(self, target: int) -> None:
        compiled = self.compiled
        capacity = compiled.capacity[target]
        top = int(capacity.max(initial=0))
        intervals, amounts = [], []
        edges = [0, *(np.flatnonzero(np.diff(capacity)) + 1).tolist(), compiled.slots]
        for begin, end in pairwise(edges):
            if capacity[begin] < top:
                intervals.append(self.model.new_fixed_size_interval_var(begin, end - begin, f"closed {begin}"))
                amounts.append(top - int(capacity[begin]))
        for change in sorted({use.change for use in compiled.resources[target].uses}):
            for part in compiled.uses_of[change]:
                if part.target == target:
                    intervals.append(self._interval(change, part.offset, part.length))
                    amounts.append(part.amount)
        self.model.add_cumulative(intervals, amounts, top)

    # --- budgets -----------------------------------------------------------------------------------------------------

    def _parts(self, budget: Budget) -> dict[int, list[Part]]:
        cells = set(budget.cells)
        own = ((change, [part for part in parts if part.target in cells])
               for change, parts in enumerate(self.compiled.counted_of))  # fmt: skip
        return {change: parts for change, parts in own if parts}

    def _per_slot(self, budget: Budget) -> None:
        """Keep changes apart that together count too much anywhere; those that share a cell only two at a time."""
        most = int(budget.limit.max(initial=0))
        parts = self._parts(budget)
        whole = {change: own for change, own in parts.items() if len({(p.offset, p.length) for p in own}) == 1}
        taken = {change: {part.target for part in own} for change, own in whole.items()}
        bars = {change: self._interval(change, own[0].offset, own[0].length) for change, own in whole.items()}
        if len(set().union(*taken.values())) == sum(map(len, taken.values())):
            self.model.add_cumulative([*bars.values()], [len(taken[change]) for change in bars], most)
            return
        for one, other in combinations(bars, 2):
            if len(taken[one] | taken[other]) > most:
                self.model.add_no_overlap([bars[one], bars[other]])

    def _per_period(self, budget: Budget) -> None:
        """Bound what is active in each period: at least all windows in it less what any two of them have in common."""
        parts = self._parts(budget)
        if len(parts) > MOST_SHARING:
            return
        spent: dict[int, list[cp_model.LinearExprT]] = defaultdict(list)
        common: list[cp_model.LinearExprT] = []
        of_cell: dict[int, list[tuple[int, Part]]] = defaultdict(list)
        for change, own in parts.items():
            for part in own:
                of_cell[part.target].append((change, part))
        inside = np.flatnonzero(budget.period >= 0)
        edges = [0, *(np.flatnonzero(np.diff(budget.period[inside])) + 1).tolist(), len(inside)]
        stretches = [inside[begin:end] for begin, end in pairwise(edges) if end > begin]
        for members in of_cell.values():
            for change, part in members:
                begin = self.starts[change] + part.offset
                for stretch in stretches:
                    first, last = int(stretch[0]), int(stretch[-1]) + 1
                    if last - first == len(stretch):
                        ends: list[cp_model.LinearExprT] = [part.length, begin + part.length - first, last - begin]
                        spent[int(budget.period[first])].append(self._least(ends, part.length))
            for (one, first_part), (other, other_part) in combinations(members, 2):
                begin, then = self.starts[one] + first_part.offset, self.starts[other] + other_part.offset
                shorter = min(first_part.length, other_part.length)
                meet: list[cp_model.LinearExprT] = [
                    begin + first_part.length - then,
                    then + other_part.length - begin,
                    shorter,
                ]
                common.append(self._least(meet, shorter))
        for period, terms in spent.items():
            total = cp_model.LinearExpr.sum(terms) - cp_model.LinearExpr.sum(common)
            self.model.add(total <= int(budget.limit[period]))

    def _least(self, amounts: list[cp_model.LinearExprT], most: int) -> cp_model.IntVar:
        """Give the least of some amounts, 0 where that is negative and `most` at most."""
        far = self.compiled.slots + most
        least = self.model.new_int_var(-2 * far, most, "")
        result = self.model.new_int_var(0, most, "")
        self.model.add_min_equality(least, amounts)
        self.model.add_max_equality(result, [least, 0])
        return result

    def _cap(self, cap: Cap) -> None:
        terms: list[cp_model.LinearExprT] = []
        for change, amounts in cap.amounts.items():
            for amount in np.unique(amounts[amounts > 0]).tolist():
                elsewhere = cp_model.Domain.from_values(np.flatnonzero(amounts != amount).tolist())
                counts = self.model.new_bool_var("")
                self.model.add_linear_expression_in_domain(self.starts[change], elsewhere).only_enforce_if(~counts)
                terms.append(amount * counts)
        self.model.add(cp_model.LinearExpr.sum(terms) <= cap.limit)


def blamed_among(model: Intervals, changes: Mapping[int, int], solver: cp_model.CpSolver) -> list[int]:
    """Give those of some changes whose literals a solver blames; `changes` gives their own numbers by the model's."""
    numbers = {model.placed[position].index: own for position, own in changes.items()}
    return sorted(numbers[one] for one in solver.sufficient_assumptions_for_infeasibility() if one in numbers)
