"""Plan a portfolio: post every rule and cost, optimise, and give the answer back in instants and cents."""

import importlib.metadata
import platform
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from scheduler.costs import COSTS
from scheduler.horizon import Mask, WeeklyHours, all_inside
from scheduler.portfolio import Portfolio, remembered
from scheduler.rules import RULES
from scheduler.schedule import Result, Schedule, Unplaced, schedule_of, total
from scheduler.solver.clash import emptied_by
from scheduler.solver.compiled import Compiled, compile_problem
from scheduler.solver.effort import Effort
from scheduler.solver.fairness import SHARE, Shared, share_out
from scheduler.solver.incumbent import Answer, Progress
from scheduler.solver.local import keep, kept, narrowed, replan
from scheduler.solver.optimise import optimise
from scheduler.solver.problem import Cents, Problem
from scheduler.solver.reasons import with_reasons
from scheduler.solver.roster import LIMITS, roster
from scheduler.solver.state import UNPLACED
from scheduler.solver.tail import minding_bad_weeks
from scheduler.solver.together import together
from scheduler.verify import bill, verify

FINISH_SHARE = 0.05
TAIL, MOST_TAIL = 1.5, 0.3  # what follows the search, over the time of compiling, and its largest share of the limit
MANY = 500  # changes from which on a plan is first brought up to date around what differs
LOCAL_SECONDS = 2.0
_TAKEN = "seconds of compiling"
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
def built(portfolio: Portfolio) -> Problem:
    """Give the canonical problem of a portfolio, made once."""
    return build(portfolio)


@remembered
def compiled(portfolio: Portfolio) -> Compiled:
    """Give the compiled canonical problem of a portfolio."""
    begun = time.monotonic()
    problem = compile_problem(built(portfolio))
    portfolio._memo[_TAKEN] = time.monotonic() - begun
    return problem


@minding_bad_weeks
def solve(
    portfolio: Portfolio,
    *,
    time_limit: float = 30.0,
    deterministic: float | None = None,
    workers: int = 1,
    seed: int = 0,
    previous: Schedule | None = None,
    progress: Callable[[Progress], None] | None = None,
    found: Callable[[Schedule, int], None] | None = None,
    stop: threading.Event | None = None,
) -> Result:
    """Choose a window for every change so that clients lose least, in bad weeks too where `tail_weight` says so.

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
    found
        Called with every better schedule on the way, without names of engineers, and its weighted cents.
    stop
        Set it to end early; the best schedule found is kept.

    Returns
    -------
    Result
        OPTIMAL or FEASIBLE with a schedule; INFEASIBLE with a clash, or STOPPED, without.
    """
    whole = effort = Effort(time_limit, deterministic, stop or threading.Event())
    first: Mapping[int, int] = {}
    if previous is not None and deterministic is None and len(portfolio.changes) >= MANY:
        quick = resolve(
            portfolio, previous, time_limit=min(LOCAL_SECONDS, time_limit), seed=seed, stop=stop, known=True
        )
        # To improve on it takes the compiling, the search and names once more.
        if quick is not None and whole.left < 3 * quick.seconds:
            return quick
        previous = previous if quick is None else quick.schedule
    problem = compiled(portfolio)
    if deterministic is None:
        kept_back = min(MOST_TAIL * time_limit, TAIL * portfolio._memo.get(_TAKEN, 0.0))
        effort = Effort(time_limit - kept_back, None, whole.stop, whole.started)
    if previous is not None:
        first = _starts(portfolio, problem.problem, previous)
    # The cost comes first and keeps most of the effort; without fairness it has all of it.
    cost_effort = effort.first(1 - SHARE) if portfolio.policy.fairness_epsilon else effort
    answer = optimise(
        problem,
        cost_effort,
        seed=seed,
        workers=workers,
        first=first,
        progress=progress,
        found=None if found is None else lambda starts, price: found(_schedule(portfolio, starts), price),
    )
    keep(portfolio, answer.priced)
    parameters: Mapping[str, object] = {"time_limit": time_limit, "deterministic": deterministic, "workers": workers}
    result = _result(portfolio, answer, seed, parameters)
    if answer.status in ("OPTIMAL", "FEASIBLE"):
        fair = _fairer(portfolio, answer, effort, seed=seed, workers=workers, progress=progress)
        return _with_schedule(result, answer, fair, whole)
    effort = whole
    result = with_reasons(result, problem.problem, effort, progress)
    unplaced = tuple(
        Unplaced(change=name, reason=_no_start(portfolio, name, problem.ok) or "no schedule was found", drop_cents=None)
        for name in portfolio.changes
    )
    return replace(result, unplaced=unplaced, seconds=effort.elapsed)


def resolve(
    portfolio: Portfolio,
    previous: Schedule,
    *,
    time_limit: float = LOCAL_SECONDS,
    seed: int = 0,
    stop: threading.Event | None = None,
    known: bool = False,
) -> Result | None:
    """Answer a what-if around what differs: a plan before is brought up to date, most of it as it was.

    The portfolio should differ little from the one that `previous` is a plan for: a pin, a window rejected, a row
    changed. About sixty changes are planned again together; losses are not spread over teams. Where the portfolio was
    made by `dataclasses.replace` from one that `solve` planned in this process and only closes starts, its multipliers
    give a bound; otherwise `bound_cents` is 0.

    Parameters
    ----------
    portfolio
        What to plan.
    previous
        A plan before.
    time_limit
        Seconds of the wall clock for building the problem and planning.
    seed
        Seed of everything random.
    stop
        Set it to end early.
    known
        Give up at once unless multipliers are known.

    Returns
    -------
    Result | None
        FEASIBLE or OPTIMAL, and checked like every plan; None where a mandatory change found no place, or no
        multipliers were known.
    """
    whole = Effort(time_limit, None, stop or threading.Event())
    before = kept(portfolio)
    if before is None and known:
        return None
    problem = built(portfolio)
    joined = together(problem)
    again = narrowed(before, joined.problem if joined else problem) if before else None
    if again is None and known:
        return None
    if again is not None:
        searched = again.compiled
    else:
        searched = compile_problem(joined.problem) if joined else compiled(portfolio)
    old = _starts(portfolio, problem, previous)
    # About a third of what the problem took is what names and the check take afterwards.
    effort = Effort(time_limit - max(0.1, whole.elapsed / 2), None, whole.stop, whole.started)
    found = replan(searched, again.bound if again else None, joined.of_groups(old) if joined else old, effort, seed)
    if found is None:
        return None
    starts, objective = joined.of_members(found[0]) if joined else found[0], found[1]
    bound = min(again.bound.cents, objective) if again else 0
    answer = Answer("OPTIMAL" if bound >= objective else "FEASIBLE", starts, objective, bound)
    result = _result(portfolio, answer, seed, {"time_limit": time_limit, "deterministic": None, "workers": 1})
    return _with_schedule(result, answer, Shared(starts, objective, None), whole, previous)


def _result(portfolio: Portfolio, answer: Answer, seed: int, parameters: Mapping[str, object]) -> Result:
    return Result(
        portfolio=portfolio,
        schedule=Schedule(),
        status=answer.status,
        objective_cents=answer.objective,
        bound_cents=answer.bound,
        seed=seed,
        parameters=parameters,
        versions=versions(),
    )


def _starts(portfolio: Portfolio, problem: Problem, schedule: Schedule) -> Mapping[int, int]:
    horizon, index = portfolio.horizon, problem.index
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


def _with_schedule(
    result: Result, answer: Answer, fair: Shared, effort: Effort, before: Schedule | None = None
) -> Result:
    portfolio = result.portfolio
    naming = LIMITS
    if effort.units is None:
        naming = replace(LIMITS, units=None, seconds=min(LIMITS.seconds, max(0.1, effort.left / 2)))
    plan = _schedule(portfolio, fair.starts)
    schedule = roster(portfolio, plan, naming, before)
    broken = verify(portfolio, schedule)
    if broken and before is not None:
        # Whoever was named before need not be on duty any more.
        schedule = roster(portfolio, plan, naming)
        broken = verify(portfolio, schedule)
    charges = tuple(bill(portfolio, schedule))
    if broken or total(charges) != fair.objective:
        raise AssertionError(
            f"the solver's plan fails its own check: {[violation.text for violation in broken[:3]]}, "
            f"bill {total(charges)}, objective {fair.objective}"
        )
    unplaced = tuple(
        Unplaced(
            change=name,
            # Compiling takes longer than a plan that is only brought up to date.
            reason=_why_dropped(portfolio, name, compiled(portfolio).ok if before is None else None),
            drop_cents=portfolio.changes[name].drop_cost_cents,
        )
        for name in built(portfolio).changes
        if name not in plan.by_change
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


def _schedule(portfolio: Portfolio, starts: Sequence[int]) -> Schedule:
    names = built(portfolio).changes
    return schedule_of(
        portfolio,
        {name: portfolio.horizon.at(start) for name, start in zip(names, starts, strict=True) if start != UNPLACED},
    )


def _why_dropped(portfolio: Portfolio, change: str, ok: Mask | None) -> str:
    none_left = _no_start(portfolio, change, ok)
    return none_left or "leaving it out costs less than any window it could have, or no window was left"


def _no_start(portfolio: Portfolio, change: str, ok: Mask | None) -> str:
    """Say which rules leave a change no start, or nothing where `ok`, or else its own masks, leave one."""
    problem = built(portfolio)
    number = problem.index[change]
    if (problem.allowed(number) if ok is None else ok[number]).any():
        return ""
    texts = [one.text for one in emptied_by(portfolio, change)]
    return "no start is left: " + ("; ".join(texts) or "what must come after it has none")


@cache
def versions() -> Mapping[str, str]:
    """Give the versions of what decides a plan."""
    names = {"scheduler": "maintenance-window-scheduler"} | {name: name for name in ("numpy", "ortools", "pandas")}
    found = {name: importlib.metadata.version(package) for name, package in names.items()}
    return found | {"python": platform.python_version()}
