"""Clashes of random portfolios, judged by what the rules themselves say of schedules, not by the solver's problem."""

from collections.abc import Iterable, Mapping
from itertools import product

import numpy as np
from hypothesis import assume, given, settings
from strategies import Seeded, portfolios, random_portfolio

from scheduler.portfolio import Portfolio
from scheduler.schedule import Clash, schedule_of
from scheduler.solver.clash import cores, rules_alone
from scheduler.solver.clash_words import in_words
from scheduler.solver.compiled import compile_problem
from scheduler.solver.demands import Demand, demands, only_changes, only_demands
from scheduler.solver.effort import Effort
from scheduler.solver.exact import Limits, solve_candidates
from scheduler.solver.state import UNPLACED, State
from scheduler.verify import verify

MOST_PLANS = 3_000
Starts = Mapping[str, int]


def broken(p: Portfolio, starts: Starts, held: Iterable[Clash]) -> bool:
    """Tell whether starts break a demand that is held, or the frame, or leave a mandatory change of it out."""
    held = list(held)
    named = {name for one in held for name in one.changes}
    if any(p.changes[name].mandatory and name not in starts for name in named):
        return True
    violations = verify(p, schedule_of(p, {name: p.horizon.at(slot) for name, slot in starts.items()}))
    return any(
        found.rule == "horizon"
        or any(found.rule == one.rule and set(found.changes) <= set(one.changes) for one in held)
        for found in violations
    )


def some_plan(p: Portfolio, held: Iterable[Clash], named: Iterable[str]) -> Starts | None:
    """Let the solver place the changes that are named, under the demands that are held."""
    problem = rules_alone(p)
    whole = only_changes(problem, [problem.index[name] for name in named])
    wanted = {Demand(one.rule, one.changes) for one in held}
    part = compile_problem(only_demands(whole, [keys for demand, keys in demands(whole).items() if demand in wanted]))
    candidates = {number: np.flatnonzero(ok) for number, ok in enumerate(part.ok)}
    outcome = solve_candidates(State(part), candidates, Limits(20.0), optimise=False)
    assert outcome.answer != "UNKNOWN"
    if outcome.answer == "INFEASIBLE":
        return None
    return {part.problem.changes[n]: start for n, start in outcome.starts.items() if start != UNPLACED}


def assert_minimal(p: Portfolio) -> int:
    """Check every clash of a portfolio; gives how many could be tried out whole."""
    problem, tried = rules_alone(p), 0
    for core in cores(problem, Effort(60.0)):
        assert core.minimal
        clash = in_words(p, problem, core.demands)
        named = sorted({name for one in clash for name in one.changes})
        for spared in clash:
            if spared.rule == "horizon":
                continue  # the frame cannot be lifted
            rest = [one for one in clash if one != spared]
            witness = some_plan(p, rest, named)
            assert witness is not None, f"without {spared} nothing fits either"
            assert not broken(p, witness, rest), f"without {spared} {witness} should be legal"
        options: list[list[int | None]] = []
        for name in named:
            open_slots = [slot for slot in range(p.horizon.slots) if not broken(p, {name: slot}, alone(clash, name))]
            options.append([*open_slots, *([] if p.changes[name].mandatory else [None])])
        if np.prod([len(one) for one in options]) <= MOST_PLANS:
            tried += 1
            for slots in product(*options):
                starts = {name: slot for name, slot in zip(named, slots, strict=True) if slot is not None}
                assert broken(p, starts, clash), f"{clash} can all be met by {starts}"
    return tried


def alone(clash: Iterable[Clash], name: str) -> list[Clash]:
    return [one for one in clash if one.changes == (name,)]


def test_clashes_of_random_portfolios_are_minimal() -> None:
    found = tried = 0
    for seed in range(80):
        p = random_portfolio(Seeded(seed), narrow=True)
        if cores(rules_alone(p), Effort(60.0)):
            found += 1
            tried += assert_minimal(p)
    assert found > 8, "hardly any of the portfolios is infeasible: they test nothing"
    assert tried > found / 2


@settings(max_examples=15, deadline=None)
@given(portfolios(narrow=True))
def test_clashes_of_drawn_portfolios_are_minimal(p: Portfolio) -> None:
    assume(cores(rules_alone(p), Effort(60.0)))
    assert_minimal(p)
