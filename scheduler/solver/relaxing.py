"""What would make a plan possible, and what that plan would cost: rules lifted one by one, or as few as are needed.

Every clash needs one of its demands lifted, so the fewest that mend them all are a smallest set that meets every
clash. Where lifting such a set leaves another clash, that one is met too (implicit hitting sets: E. Moreno-Centeno and
R. Karp, Operations Research 61, 2013). Each set is priced by planning without it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from scheduler.demand.topology import affected_teams
from scheduler.portfolio import Portfolio
from scheduler.rules.mandatory import NAME as MANDATORY
from scheduler.schedule import Clash, Relaxation, lost_cents, schedule_of
from scheduler.solver.clash import Core, find_cores
from scheduler.solver.clash_words import MOST_NAMED
from scheduler.solver.compiled import compile_problem
from scheduler.solver.demands import FRAME, Demand, left_out, without
from scheduler.solver.effort import Effort
from scheduler.solver.incumbent import Answer
from scheduler.solver.optimise import optimise
from scheduler.solver.problem import Problem
from scheduler.solver.state import UNPLACED
from scheduler.standing import standing
from scheduler.verify import bill
from scheduler.wording import instant_text, listing

MOST_TOGETHER = 5  # rules that are lifted at once, at most
MOST_PRICED, MOST_WHOLE = 12, 3  # ways to mend it that are priced, and of those with whole rules
EACH = 5.0  # seconds or units to price one way once, at most
SET_UP = 0.5  # units that setting up a problem again takes, whatever is planned then

_Way = tuple[Demand, ...]


def relaxations(
    portfolio: Portfolio,
    problem: Problem,
    cores: Sequence[Core],
    effort: Effort,
    seed: int = 0,
    tell: Callable[[], None] = lambda: None,
) -> list[Relaxation]:
    """Price the ways to mend all clashes that lift the fewest demands, the cheapest first; empty where time is up.

    `tell` is called before each plan.
    """
    pricing = _Pricing(problem, effort, seed, tell)
    whole = islice(_ways(pricing, cores, whole=True), MOST_WHOLE) if len(cores) > 1 else ()
    answers = dict([*whole, *islice(_ways(pricing, cores, whole=False), MOST_PRICED)])
    rough = [way for way, answer in answers.items() if answer.status != "OPTIMAL"]
    best = min(answers.values(), key=lambda one: one.objective or 0, default=None)
    for left, way in zip(range(len(rough), 0, -1), rough, strict=True):
        # From one plan, so that prices differ by what is lifted and not by where a short search happened to end.
        again = pricing.answer(way, left, best)
        if again is not None and again.objective is not None and again.objective <= (answers[way].objective or 0):
            answers[way] = again
    found = [_relaxation(portfolio, problem, way, answer) for way, answer in answers.items()]
    return sorted(found, key=lambda one: (one.objective_cents, one.lifted[0].rule, one.lifted[0].changes))


@dataclass
class _Pricing:
    """Plans a problem without some demands, each time in a share of what effort is left."""

    problem: Problem
    effort: Effort
    seed: int
    tell: Callable[[], None]
    longest: float = 0.0

    def answer(self, way: _Way, shares: float, near: Answer | None = None) -> Answer | None:
        """Plan without the demands of a way, from the starts of another plan where there is one; None without time."""
        share = min(EACH, self.effort.left / shares)
        # What a large problem takes to be set up again comes on top of its share.
        if share <= 0 or (self.effort.units is None and self.effort.left < self.longest):
            return None
        self.tell()
        own = Effort(share, share if self.effort.units is not None else None, self.effort.stop)
        first = {} if near is None else {n: start for n, start in enumerate(near.starts) if start != UNPLACED}
        answer = optimise(compile_problem(lift(self.problem, way)), own, seed=self.seed, first=first)
        self.effort.charge(own.spent + SET_UP)
        self.longest = max(self.longest, own.elapsed)
        return answer


def lift(problem: Problem, lifted: Iterable[Demand]) -> Problem:
    """Lift demands; where it is that a change must be placed, the change is left out."""
    for demand in lifted:
        problem = left_out(problem, demand.changes[0]) if demand.rule == MANDATORY else without(problem, demand)
    return problem


def _ways(pricing: _Pricing, cores: Sequence[Core], *, whole: bool) -> Iterator[tuple[_Way, Answer]]:
    """Plan without the smallest sets that meet every clash known; those that leave a clash make it known.

    Once a set mends everything, the others tried differ from it in one demand, and the last is made of the best ones.
    """
    cores, problem = list(cores), pricing.problem
    for count in range(1, (min(len(cores) - 1, MOST_TOGETHER) if whole else MOST_TOGETHER) + 1):
        seen: set[frozenset[Demand]] = set()
        prices: dict[_Way, int] = {}
        while True:
            known = _options(problem, cores, whole)
            base = next(iter(prices), None)
            open_ways = _meeting(known, count) if base is None else [*_beside(known, base), _best(prices, base)]
            way = next((one for one in open_ways if frozenset(one) not in seen), None)
            if way is None:
                break
            # As much again is kept for a second look at those that are found.
            shares = 2 * max(1, min(MOST_PRICED, sum(map(len, known))) - len(seen))
            seen.add(frozenset(way))
            answer = pricing.answer(way, shares)
            if answer is None:
                return
            if answer.objective is not None:
                prices[way] = answer.objective
                yield way, answer
            elif answer.status == "INFEASIBLE":
                cores += islice(find_cores(lift(problem, way), pricing.effort), 1)
        if prices:
            return


def _options(problem: Problem, cores: Sequence[Core], whole: bool) -> list[_Way]:
    """List for each clash what could be lifted to mend it.

    These are its demands, or a change in it that is left out; with `whole`, a rule that several clashes have comes
    first, lifted for every change.
    """
    rules = Counter(rule for core in cores for rule in {demand.rule for demand in core.demands} - {FRAME})
    options = []
    for core in cores:
        own = dict.fromkeys(demand for demand in core.demands if demand.rule != FRAME)
        names = dict.fromkeys(name for demand in core.demands for name in demand.changes)
        out = [Demand(MANDATORY, (name,)) for name in names if problem.drop_price[problem.index[name]] is None]
        every = dict.fromkeys(Demand(one.rule, tuple(problem.changes)) for one in own if rules[one.rule] > 1)
        options.append((*(every if whole else ()), *own, *out))
    return options


def _meeting(known: Sequence[_Way], count: int, chosen: _Way = ()) -> Iterator[_Way]:
    """Find sets of at most `count` options that meet every clash known."""
    unmet = next((options for options in known if not set(chosen) & set(options)), None)
    if unmet is None:
        yield chosen
    elif len(chosen) < count:
        for option in unmet:
            yield from _meeting(known, count, (*chosen, option))


def _beside(known: Sequence[_Way], base: _Way) -> Iterator[_Way]:
    """Find the sets that differ from one in the option taken for one clash, one clash after another."""
    for options in (one[rank : rank + 1] + one for rank in range(max(map(len, known))) for one in known):
        new, taken = options[0], [demand for demand in base if demand in options]
        if len(taken) == 1:
            way = tuple(new if demand == taken[0] else demand for demand in base)
            if all(set(way) & set(others) for others in known):
                yield way


def _best(prices: Mapping[_Way, int], base: _Way) -> _Way:
    """Take from the ways that differ from `base` in one demand the cheapest for each."""
    best = dict.fromkeys(base, prices[base])
    taken = {demand: demand for demand in base}
    for way, price in prices.items():
        left, new = set(base) - set(way), set(way) - set(base)
        if len(left) == 1 == len(new):
            (one,) = left
            if price < best[one]:
                best[one], (taken[one],) = price, new
    return tuple(dict.fromkeys(taken.values()))


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
        cost_cents=lost_cents(charges),
        proven=answer.status == "OPTIMAL",
    )


# --- in words ----------------------------------------------------------------------------------------------------


def lifting_text(portfolio: Portfolio, demand: Demand) -> str:
    """Say what to do to lift a demand, as an order without its full stop."""
    names, zone = listing(demand.changes, MOST_NAMED), portfolio.policy.time_zone
    if len(demand.changes) == len(portfolio.changes) > 1:
        return f"do without the rule {demand.rule}"
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
