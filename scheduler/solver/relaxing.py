"""What would make a plan possible, and what that plan would cost: rules lifted one by one, or as few as are needed.

Every clash needs one of its demands lifted, so the fewest that mend them all are a smallest set that meets every
clash. Where lifting such a set leaves another clash, that one is met too (implicit hitting sets: E. Moreno-Centeno and
R. Karp, Operations Research 61, 2013). Each set is priced by planning without it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, islice

from scheduler.demand.topology import affected_teams
from scheduler.portfolio import Portfolio
from scheduler.rules.mandatory import NAME as MANDATORY
from scheduler.schedule import Clash, Relaxation, schedule_of
from scheduler.solver.clash import Core, find_cores
from scheduler.solver.clash_words import MOST_NAMED
from scheduler.solver.compiled import compile_problem
from scheduler.solver.demands import FRAME, Demand, left_out, without
from scheduler.solver.effort import Effort
from scheduler.solver.optimise import Answer, optimise
from scheduler.solver.problem import Problem
from scheduler.solver.state import UNPLACED
from scheduler.standing import standing
from scheduler.verify import bill
from scheduler.wording import instant_text, listing

MOST_TOGETHER = 5  # rules that are lifted at once, at most
MOST_PRICED = 12  # ways to mend it that are priced
EACH, SHARES = 5.0, 8  # seconds or units to price one way, at most, and its share of what is left

_Way = tuple[Demand, ...]


def relaxations(
    portfolio: Portfolio, problem: Problem, cores: Sequence[Core], effort: Effort, seed: int = 0
) -> list[Relaxation]:
    """Price the ways to mend all clashes that lift the fewest demands, the cheapest first; empty where time is up."""
    ways = islice(_ways(problem, cores, effort, seed), MOST_PRICED)
    found = [_relaxation(portfolio, problem, way, answer) for way, answer in ways]
    return sorted(found, key=lambda one: (one.objective_cents, one.lifted[0].rule, one.lifted[0].changes))


def lift(problem: Problem, lifted: Iterable[Demand]) -> Problem:
    """Lift demands; where it is that a change must be placed, the change is left out."""
    for demand in lifted:
        problem = left_out(problem, demand.changes[0]) if demand.rule == MANDATORY else without(problem, demand)
    return problem


def _ways(problem: Problem, cores: Sequence[Core], effort: Effort, seed: int) -> Iterator[tuple[_Way, Answer]]:
    """Plan without the smallest sets that meet every clash known; those that leave a clash make it known.

    Once a set mends everything, the others tried differ from it in one demand, and the last is made of the best ones.
    """
    known = [_options(problem, core) for core in cores]
    for count in range(len(known), MOST_TOGETHER + 1):
        seen: set[frozenset[Demand]] = set()
        prices: dict[_Way, int] = {}
        while effort.left > 0:
            base = next(iter(prices), None)
            way = _meeting(known, count, seen, base) or (base and _best(prices, base))
            if not way or frozenset(way) in seen:
                break
            seen.add(frozenset(way))
            rest = lift(problem, way)
            share = min(EACH, effort.left / SHARES)
            own = Effort(share, share if effort.units is not None else None, effort.stop)
            answer = optimise(compile_problem(rest), own, seed=seed)
            effort.charge(own.spent)
            if answer.objective is not None:
                prices[way] = answer.objective
                yield way, answer
            elif answer.status == "INFEASIBLE":
                known += [_options(problem, core) for core in islice(find_cores(rest, effort), 1)]
        if prices:
            return


def _options(problem: Problem, core: Core) -> _Way:
    """List what could be lifted to mend one clash: its demands, or a change in it that is left out."""
    names = dict.fromkeys(name for demand in core.demands for name in demand.changes)
    out = [Demand(MANDATORY, (name,)) for name in names if problem.drop_price[problem.index[name]] is None]
    return (*(demand for demand in core.demands if demand.rule != FRAME), *out)


def _meeting(known: Sequence[_Way], count: int, seen: set[frozenset[Demand]], base: _Way | None) -> _Way | None:
    """Find `count` options that meet every clash known, not seen before and at most one of them not in `base`."""
    everything = list(dict.fromkeys(option for options in known for option in options))
    for some in combinations(everything, count):
        near = base is None or len(set(some) - set(base)) <= 1
        if near and frozenset(some) not in seen and all(set(some) & set(options) for options in known):
            return some
    return None


def _best(prices: Mapping[_Way, int], base: _Way) -> _Way:
    """Take from the ways that differ from `base` in one demand the cheapest for each."""
    best = dict.fromkeys(base, prices[base])
    taken = {demand: demand for demand in base}
    for way, price in prices.items():
        for left, new in zip(set(base) - set(way), set(way) - set(base), strict=True):
            if price < best[left]:
                best[left], taken[left] = price, new
    return tuple(taken.values())


def _relaxation(portfolio: Portfolio, problem: Problem, way: _Way, answer: Answer) -> Relaxation:
    starts = {
        name: portfolio.horizon.at(start)
        for name, start in zip(problem.changes, answer.starts, strict=True)
        if start != UNPLACED
    }
    charges = bill(portfolio, schedule_of(portfolio, starts))
    return Relaxation(
        lifted=tuple(Clash(rule=one.rule, changes=one.changes, text=lifting_text(portfolio, one)) for one in way),
        objective_cents=answer.objective or 0,
        cost_cents=sum(charge.cents for charge in charges if charge.cost in ("downtime", "overrun")),
        proven=answer.status == "OPTIMAL",
    )


# --- in words ----------------------------------------------------------------------------------------------------


def lifting_text(portfolio: Portfolio, demand: Demand) -> str:
    """Say what to do to lift a demand, as an order without its full stop."""
    names, zone = listing(demand.changes, MOST_NAMED), portfolio.policy.time_zone
    change = portfolio.changes[demand.changes[0]]
    pinned = standing(portfolio).pinned.get(change.id) or change.fixed_start
    match demand.rule:
        case "mandatory":
            return f"leave {names} out"
        case "blackout":
            return f"let {names} run during the blackout"
        case "allowed":
            return f"let {names} run outside its allowed hours"
        case "earliest" if change.earliest:
            return f"let {names} start before {instant_text(change.earliest, zone)}"
        case "due" if change.due:
            return f"let {names} end after {instant_text(change.due, zone)}"
        case "rejected windows":
            return f"offer {names} a window that was refused"
        case "pins" if pinned:
            return f"let {names} start at another time than {instant_text(pinned, zone)}"
        case "notice":
            promised = [team for team in affected_teams(portfolio, change.id) if portfolio.notice_days(team)]
            return f"give {listing(promised, MOST_NAMED)} shorter notice of {names} than promised"
        case "precedence":
            return f"do not make {demand.changes[-1]} wait for {names.removesuffix(f' and {demand.changes[-1]}')}"
        case "same window":
            return f"let {names} start at different times"
        case "conflict":
            return f"let {names} run at the same time"
        case "capacity":
            skills = sorted({skill for name in demand.changes for skill, _ in portfolio.changes[name].skills})
            return f"find more engineers ({listing(skills, MOST_NAMED)}) for {names}"
        case "redundancy":
            return f"let {names} take out more than the group can spare"
        case "protected hours":
            return f"let {names} put services out in protected hours"
        case "never":
            return f"let {names} run in hours that a team ruled out"
        case "outage minutes":
            return f"let {names} exceed the outage minutes of their clients"
        case "move cap":
            return f"let {names} move on top of the moves allowed"
    return f"lift {demand.rule} for {names}"
