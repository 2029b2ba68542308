"""Whether a problem has any plan at all, decided exactly: yes, no, or unknown when time is up.

Small problems are decided over candidate starts, where every primitive is exact. Larger ones first as intervals, which
do not know all that budgets and caps ask: a proof that nothing fits holds all the same, and a plan is believed only if
it breaks nothing.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from ortools.sat.python import cp_model

from scheduler.solver.compiled import Compiled, compile_problem
from scheduler.solver.demands import only_changes
from scheduler.solver.effort import Effort
from scheduler.solver.exact import Limits, solve_candidates
from scheduler.solver.intervals import Intervals, blamed_among
from scheduler.solver.problem import Problem
from scheduler.solver.search import greedy
from scheduler.solver.state import UNPLACED, State
from scheduler.solver.together import together

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
    if not missing_in(part, compiled):
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


def missing_in(problem: Problem, compiled: Compiled) -> list[int]:
    """List the mandatory changes that find no place where one change is put beside another, the least movable first.

    Changes that start together are put there together. Empty only where a whole plan was found that breaks nothing.
    """
    joined = together(problem)
    state = State(compiled if joined is None else compile_problem(joined.problem))
    greedy(state)
    starts = state.starts if joined is None else joined.of_members(state.starts)
    missing = [n for n, start in enumerate(starts) if start == UNPLACED and problem.drop_price[n] is None]
    if not missing and _broken(problem, starts):
        # Nothing that is left out is to blame: look at everything.
        missing = [n for n, price in enumerate(problem.drop_price) if price is None]
    room = compiled.ok.sum(axis=1)
    return sorted(missing, key=lambda change: (int(room[change]), change))


def _by_candidates(compiled: Compiled, effort: Effort) -> bool | None:
    empty = State(compiled)
    candidates = {change: np.flatnonzero(ok).astype(np.int64) for change, ok in enumerate(compiled.ok)}
    outcome = solve_candidates(empty, candidates, replace(limits_of(effort), thorough=True), optimise=False)
    effort.charge(outcome.units)
    if outcome.answer == "UNKNOWN":
        return None
    return outcome.answer != "INFEASIBLE"


def _broken(problem: Problem, starts: Sequence[int]) -> bool:
    placed = {change: start for change, start in enumerate(starts) if start != UNPLACED}
    return any(True for _ in problem.broken(placed))


def _overhangs(compiled: Compiled) -> bool:
    """Tell whether anything may reach past the end of the horizon, where it takes nothing; intervals would not know."""
    return any(
        int(np.flatnonzero(compiled.ok[change]).max(initial=0)) + part.offset + part.length > compiled.slots
        for change in range(compiled.changes)
        for part in (*compiled.uses_of[change], *compiled.counted_of[change])
    )


def some_of(problem: Problem, changes: Sequence[int], effort: Effort) -> list[int]:
    """Give those of some mandatory changes that the solver blames if they cannot be placed together, or else all.

    A first guess, neither minimal nor certain: with presolve, or more than one worker, too much may be blamed.
    """
    part = only_changes(problem, changes)
    compiled = compile_problem(part)
    if not compiled.ok.any(axis=1).all() or _overhangs(compiled):
        return list(changes)
    model = Intervals(compiled, optional=True)
    own = {part.index[problem.changes[number]]: number for number in changes}
    model.model.add_assumptions([model.placed[position] for position in own])
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
    return blamed_among(model, own, solver) or list(changes) if status == cp_model.INFEASIBLE else list(changes)
