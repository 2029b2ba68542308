"""Whether a problem has any plan at all, decided exactly: yes, no, or unknown when time is up.

Small problems are decided over candidate starts, where every primitive is exact. Larger ones first as intervals, which
leave budgets and caps out: a proof that nothing fits holds all the same, and a plan is believed only if it breaks
nothing.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from ortools.sat.python import cp_model

from scheduler.solver.compiled import Compiled, compile_problem
from scheduler.solver.demands import only_changes
from scheduler.solver.effort import Effort
from scheduler.solver.exact import Limits, solve_candidates
from scheduler.solver.problem import Problem
from scheduler.solver.search import greedy
from scheduler.solver.state import UNPLACED, State

WHOLE_STARTS = 3_000  # starts together that are decided over candidates at once
MOST_STARTS = 60_000  # and at all
CALL = 10.0  # seconds or units for one question
BLAME = 5.0  # for a first guess at what is to blame


def limits_of(effort: Effort, most: float = CALL) -> Limits:
    """Give what one question may take of an effort."""
    amount = min(most, effort.left)
    return Limits(amount, amount if effort.units is not None else None, stop=effort.stop)


def has_plan(problem: Problem, effort: Effort) -> bool | None:
    """Tell whether all mandatory changes, with all that they need, can be placed; None where that was not found out."""
    part = only_changes(problem, (n for n, price in enumerate(problem.drop_price) if price is None))
    compiled = compile_problem(part)
    if not compiled.ok.any(axis=1).all():
        return False
    if len(part.changes) <= 1 and not part.lags:
        return all(State(compiled).feasible(change).any() for change in range(len(part.changes)))
    if effort.left <= 0:
        return None
    state = State(compiled)
    if greedy(state) and not _broken(part, state.starts):
        return True
    total = int(compiled.ok.sum())
    if total > WHOLE_STARTS and not _overhangs(compiled):
        model = Intervals(compiled)
        solver, status = limits_of(effort).run(model.model)
        effort.charge(solver.response_proto.deterministic_time)
        if status == cp_model.INFEASIBLE:
            return False
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE) and not _broken(part, model.found(solver)):
            return True
    if total > MOST_STARTS or effort.left <= 0:
        return None
    return _by_candidates(compiled, effort)


def _by_candidates(compiled: Compiled, effort: Effort) -> bool | None:
    empty = State(compiled)
    candidates = {change: np.flatnonzero(ok).astype(np.int64) for change, ok in enumerate(compiled.ok)}
    outcome = solve_candidates(empty, candidates, limits_of(effort), optimise=False)
    effort.charge(outcome.units)
    if outcome.answer == "UNKNOWN":
        return None
    return outcome.answer != "INFEASIBLE"


def _broken(problem: Problem, starts: Sequence[int]) -> bool:
    placed = {change: start for change, start in enumerate(starts) if start != UNPLACED}
    return any(True for _ in problem.broken(placed))


def _overhangs(compiled: Compiled) -> bool:
    """Tell whether a use may reach past the end of the horizon, where it takes nothing; intervals would not know."""
    return any(
        int(np.flatnonzero(compiled.ok[change]).max(initial=0)) + part.offset + part.length > compiled.slots
        for change in range(compiled.changes)
        for part in compiled.uses_of[change]
    )


class Intervals:
    """All changes of a problem as intervals on its resources, with its lags; budgets and caps are left out.

    Where `optional`, a literal says for every change whether it is placed, and that can be assumed.
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

    def _interval(self, change: int, offset: int, length: int) -> cp_model.IntervalVar:
        begin, name = self.starts[change] + offset, f"{change} + {offset}"
        if self.placed:
            return self.model.new_optional_fixed_size_interval_var(begin, length, self.placed[change], name)
        return self.model.new_fixed_size_interval_var(begin, length, name)

    def found(self, solver: cp_model.CpSolver) -> list[int]:
        """Give the start of every change in the plan that a solver found."""
        return [int(solver.value(start)) for start in self.starts]


def some_of(problem: Problem, changes: Sequence[int], effort: Effort) -> list[int]:
    """Give those of some mandatory changes that the solver blames if they cannot be placed together, or else all.

    A first guess, neither minimal nor certain: with presolve, or more than one worker, too much may be blamed.
    """
    part = only_changes(problem, changes)
    compiled = compile_problem(part)
    if not compiled.ok.any(axis=1).all() or _overhangs(compiled):
        return list(changes)
    model = Intervals(compiled, optional=True)
    literals: Mapping[int, int] = {
        model.placed[part.index[problem.changes[number]]].index: number for number in changes
    }
    model.model.add_assumptions([model.placed[part.index[problem.changes[number]]] for number in changes])
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.cp_model_presolve = False
    solver.parameters.catch_sigint_signal = False
    limits = limits_of(effort, most=BLAME)
    if limits.units is None:
        solver.parameters.max_time_in_seconds = limits.seconds
    else:
        solver.parameters.max_deterministic_time = limits.units
    status = solver.solve(model.model)
    effort.charge(solver.response_proto.deterministic_time)
    if status != cp_model.INFEASIBLE:
        return list(changes)
    blamed = [literals[literal] for literal in solver.sufficient_assumptions_for_infeasibility() if literal in literals]
    return sorted(blamed) or list(changes)
