"""Plan a portfolio: post every rule and cost, optimise, and give the answer back in instants and cents."""

import importlib.metadata
import platform
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

import numpy as np

from scheduler.costs import COSTS
from scheduler.horizon import WeeklyHours, all_inside
from scheduler.portfolio import Portfolio, remembered
from scheduler.rules import RULES
from scheduler.schedule import Result, Schedule, Unplaced, schedule_of, total
from scheduler.solver.clash import emptied_by
from scheduler.solver.compiled import Compiled, compile_problem
from scheduler.solver.effort import Effort
from scheduler.solver.fairness import SHARE, Shared, share_out
from scheduler.solver.optimise import Answer, Progress, optimise
from scheduler.solver.problem import Cents, Problem
from scheduler.solver.reasons import with_reasons
from scheduler.solver.roster import LIMITS, roster
from scheduler.solver.state import UNPLACED
from scheduler.verify import bill, verify

FINISH_SHARE = 0.05
OFFICE_HOURS = WeeklyHours.parse("Mon-Fri 08:00-18:00")


def build(portfolio: Portfolio) -> Problem:
    """Post every rule and cost of a portfolio to a canonical problem, its changes in the order of their ids."""
    horizon = portfolio.horizon
    problem = Problem(horizon.slots, sorted(portfolio.changes))
    for rule in RULES:
        rule.post(portfolio, problem)
    for cost in COSTS:
        cost.post(portfolio, problem)
    office = horizon.covered(OFFICE_HOURS.windows(horizon.time_zone, horizon.window))
    ranks: dict[int, Cents] = {}
    for number, change in enumerate(problem.changes):
        length = portfolio.reserved(change)
        if length not in ranks:
            ranks[length] = ~all_inside(office, length) * horizon.slots + np.arange(horizon.slots)
        problem.tie_rank[number] = ranks[length]
    return problem


@remembered
def compiled(portfolio: Portfolio) -> Compiled:
    """Give the compiled canonical problem of a portfolio."""
    return compile_problem(build(portfolio))


def solve(
    portfolio: Portfolio,
    *,
    time_limit: float = 30.0,
    deterministic: float | None = None,
    workers: int = 1,
    seed: int = 0,
    previous: Schedule | None = None,
    progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
) -> Result:
    """Choose a window for every change so that clients lose least.

    Parameters
    ----------
    portfolio
        What to plan.
    time_limit
        Seconds of the wall clock, from this call on.
    deterministic
        Units of work instead of seconds (about a second of one core each): two runs give the same plan.
    workers
        Workers of CP-SAT.
    seed
        Seed of everything random.
    previous
        A schedule to start the search from.
    progress
        Called a few times a second.
    stop
        Set it to end early; the best schedule found is kept.

    Returns
    -------
    Result
        OPTIMAL or FEASIBLE with a schedule; INFEASIBLE with a clash, or STOPPED, without.
    """
    effort = Effort(time_limit, deterministic, stop or threading.Event())
    problem = compiled(portfolio)
    first = _starts(portfolio, problem, previous) if previous else {}
    # The cost comes first and keeps most of the effort; without fairness it has all of it.
    cost_effort = effort.first(1 - SHARE) if portfolio.policy.fairness_epsilon else effort
    answer = optimise(problem, cost_effort, seed=seed, workers=workers, first=first, progress=progress)
    result = Result(
        portfolio=portfolio,
        schedule=Schedule(),
        status=answer.status,
        objective_cents=answer.objective,
        bound_cents=answer.bound,
        seed=seed,
        parameters={"time_limit": time_limit, "deterministic": deterministic, "workers": workers},
        versions=versions(),
    )
    if answer.status in ("OPTIMAL", "FEASIBLE"):
        fair = _fairer(portfolio, answer, effort, seed=seed, workers=workers, progress=progress)
        return _with_schedule(result, answer, fair, effort)
    result = with_reasons(result, problem.problem, effort, progress)
    unplaced = tuple(
        Unplaced(change=name, reason=_no_start(portfolio, name) or "no schedule was found", drop_cents=None)
        for name in portfolio.changes
    )
    return replace(result, unplaced=unplaced, seconds=effort.elapsed)


def _starts(portfolio: Portfolio, problem: Compiled, schedule: Schedule) -> Mapping[int, int]:
    horizon, index = portfolio.horizon, problem.problem.index
    return {
        index[placement.change]: horizon.floor(placement.start)
        for placement in schedule.placements
        if placement.change in index and 0 <= horizon.floor(placement.start) < horizon.slots
    }


def _fairer(
    portfolio: Portfolio,
    answer: Answer,
    effort: Effort,
    *,
    seed: int,
    workers: int,
    progress: Callable[[Progress], None] | None,
) -> Shared:
    """Make a plan fairer with the last share of the effort, or with what an early proof left if that is less."""
    objective = answer.objective or 0
    if not portfolio.policy.fairness_epsilon:
        return Shared(answer.starts, objective, None)
    if effort.units is not None:
        left = Effort(effort.seconds, SHARE * effort.units, effort.stop)
    else:
        # What comes after the search, names and the bill, takes its time too.
        ahead = effort.seconds * (1 - FINISH_SHARE) - effort.elapsed
        left = Effort(max(0.0, min(SHARE * effort.seconds, ahead)), None, effort.stop)
    last = 0.0

    def tick() -> None:
        nonlocal last
        if progress is not None and effort.elapsed - last >= 0.5:
            last = effort.elapsed
            progress(Progress(last, "fairness", answer.objective, answer.bound))

    return share_out(portfolio, compiled(portfolio), answer.starts, left, seed=seed, workers=workers, tick=tick)


def _with_schedule(result: Result, answer: Answer, fair: Shared, effort: Effort) -> Result:
    portfolio = result.portfolio
    names = compiled(portfolio).problem.changes
    starts = {
        name: portfolio.horizon.at(start) for name, start in zip(names, fair.starts, strict=True) if start != UNPLACED
    }
    naming = LIMITS if effort.units is not None else replace(LIMITS, units=None)
    schedule = roster(portfolio, schedule_of(portfolio, starts), naming)
    charges = tuple(bill(portfolio, schedule))
    broken = verify(portfolio, schedule)
    if broken or total(charges) != fair.objective:
        raise AssertionError(
            f"the solver's plan fails its own check: {[violation.text for violation in broken[:3]]}, "
            f"bill {total(charges)}, objective {fair.objective}"
        )
    unplaced = tuple(
        Unplaced(change=name, reason=_why_dropped(portfolio, name), drop_cents=portfolio.changes[name].drop_cost_cents)
        for name in names
        if name not in starts
    )
    return replace(
        result,
        schedule=schedule,
        charges=charges,
        unplaced=unplaced,
        objective_cents=fair.objective,
        # A plan that was not proved cheapest may become cheaper on the way.
        fairness_price_cents=max(0, fair.objective - (answer.objective or 0)),
        fairness=fair.fairness,
        seconds=effort.elapsed,
    )


def _why_dropped(portfolio: Portfolio, change: str) -> str:
    return (
        _no_start(portfolio, change) or "leaving it out costs less than any window it could have, or no window was left"
    )


def _no_start(portfolio: Portfolio, change: str) -> str:
    """Say which rules leave a change no start, or nothing where one is left."""
    problem = compiled(portfolio)
    if problem.ok[problem.problem.index[change]].any():
        return ""
    texts = [one.text for one in emptied_by(portfolio, change)]
    return "no start is left: " + ("; ".join(texts) or "what must come after it has none")


@cache
def versions() -> Mapping[str, str]:
    """Give the versions of what decides a plan."""
    names = {"scheduler": "maintenance-window-scheduler"} | {name: name for name in ("numpy", "ortools", "pandas")}
    found = {name: importlib.metadata.version(package) for name, package in names.items()}
    return found | {"python": platform.python_version()}
