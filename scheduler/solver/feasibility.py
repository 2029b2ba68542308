"""Any plan at all, over whole horizons: for when insertion finds no place, and to prove that there is none."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from ortools.sat.python import cp_model

from scheduler.solver.compiled import Compiled
from scheduler.solver.exact import Limits, Numbers, Outcome
from scheduler.solver.problem import Cap


def find_any(compiled: Compiled, limits: Limits) -> Outcome:
    """Look for any plan with all mandatory changes over all their starts, or prove that there is none.

    Starts are integer variables and windows are intervals, so this carries whole horizons; costs play no part. Budgets
    and resources whose use is not one interval per change are left out, so a plan found may still break those, while
    the proof that there is none holds.
    """
    problem, model = compiled.problem, cp_model.CpModel()
    starts = [
        model.new_int_var_from_domain(cp_model.Domain.from_values(np.flatnonzero(ok).tolist()), name)
        for ok, name in zip(compiled.ok, problem.changes, strict=True)
        if ok.any()
    ]
    numbers = [change for change in range(compiled.changes) if compiled.ok[change].any()]
    start_of = dict(zip(numbers, starts, strict=True))
    mandatory = {change for change in numbers if compiled.drop[change] is None}
    if len(mandatory) < sum(price is None for price in compiled.drop):
        return Outcome("INFEASIBLE", {}, float("inf"), 0.0)
    for target, resource in enumerate(compiled.resources):
        _cumulative(model, compiled, target, [use.change for use in resource.uses if use.change in mandatory], start_of)
    for lag in problem.lags:
        if {lag.before, lag.after} <= mandatory:
            model.add(start_of[lag.after] - start_of[lag.before] >= lag.lo)
            if lag.hi is not None:
                model.add(start_of[lag.after] - start_of[lag.before] <= lag.hi)
    for cap in compiled.caps:
        _cap(model, cap, {change: start_of[change] for change in cap.amounts if change in mandatory})
    for budget in compiled.budgets:
        _exclusive_pairs(model, compiled, budget.cells, budget.limit, budget.period, start_of, mandatory)
    solver, status = limits.run(model)
    units = solver.response_proto.deterministic_time
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Outcome("FEASIBLE", {change: solver.value(start_of[change]) for change in mandatory}, 0.0, units)
    return Outcome("INFEASIBLE" if status == cp_model.INFEASIBLE else "UNKNOWN", {}, float("inf"), units)


def _cumulative(
    model: cp_model.CpModel,
    compiled: Compiled,
    target: int,
    changes: Sequence[int],
    start_of: Mapping[int, cp_model.IntVar],
) -> None:
    capacity = compiled.capacity[target]
    top = int(capacity.max(initial=0))
    intervals, amounts = [], []
    edges = [0, *(np.flatnonzero(np.diff(capacity)) + 1).tolist(), compiled.slots]
    for begin, end in pairwise(edges):
        if capacity[begin] < top:
            intervals.append(model.new_fixed_size_interval_var(begin, end - begin, f"closed {begin}"))
            amounts.append(top - int(capacity[begin]))
    for change in sorted(set(changes)):
        for part in compiled.uses_of[change]:
            if part.target == target:
                name = f"{change} on {target}"
                intervals.append(model.new_fixed_size_interval_var(start_of[change] + part.offset, part.length, name))
                amounts.append(part.amount)
    if changes:
        model.add_cumulative(intervals, amounts, top)


def _cap(model: cp_model.CpModel, cap: Cap, start_of: Mapping[int, cp_model.IntVar]) -> None:
    terms = []
    for change, start in start_of.items():
        for amount in np.unique(cap.amounts[change][cap.amounts[change] > 0]).tolist():
            elsewhere = np.flatnonzero(cap.amounts[change] != amount).tolist()
            counts = model.new_bool_var(f"{change} counts {amount} in {cap.label}")
            not_counted = cp_model.Domain.from_values(elsewhere)
            model.add_linear_expression_in_domain(start, not_counted).only_enforce_if(~counts)
            terms.append(amount * counts)
    model.add(cp_model.LinearExpr.sum(terms) <= cap.limit)


def _exclusive_pairs(
    model: cp_model.CpModel,
    compiled: Compiled,
    cells: Sequence[int],
    limit: Numbers,
    period: Numbers,
    start_of: Mapping[int, cp_model.IntVar],
    mandatory: set[int],
) -> None:
    """Keep two changes apart that together count more cells than any slot of a per-slot budget allows."""
    if len(limit) != compiled.slots or (period != np.arange(compiled.slots)).any():
        return
    of_change: dict[int, dict[int, tuple[int, int]]] = defaultdict(dict)
    for change in mandatory:
        for part in compiled.counted_of[change]:
            if part.target in cells:
                of_change[change][part.target] = (part.offset, part.length)
    spans = {change: set(taken.values()) for change, taken in of_change.items()}
    simple = sorted(change for change, span in spans.items() if len(span) == 1)
    most = int(limit.max(initial=0))
    for number, one in enumerate(simple):
        for other in simple[number + 1 :]:
            if len(of_change[one].keys() | of_change[other].keys()) > most:
                model.add_no_overlap(
                    [
                        model.new_fixed_size_interval_var(start_of[c] + offset, length, f"{c} in budget")
                        for c in (one, other)
                        for offset, length in spans[c]
                    ]
                )
