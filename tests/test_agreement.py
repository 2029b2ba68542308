"""The agreement laws, for every rule and cost in the lists.

1. For each rule and any schedule the definition is silent exactly where the problem with only that rule is unbroken,
   and exactly where the oracle is silent.
2. For each cost and any schedule the bill, the problem with only that cost and the oracle come to the same cents.
3. Greedy insertion, the bound and CP-SAT say the same of each law's primitives.
4. On tiny portfolios `solve` finds nothing exactly where no schedule is legal, and else the cheapest; whatever it
   returns passes `verify` and the oracle, its bound is not above its cost, and it answers the same twice.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import oracle
import pytest
from agreement import Case, disagreement, posted
from hand_cases import HandCase, hand_cases
from hypothesis import HealthCheck, given, settings
from oracle_effects import schedule_at
from strategies import SPAN, Seeded, cases, portfolios, random_portfolio

from scheduler.costs import COSTS
from scheduler.inputs import dump, schedule_document
from scheduler.law import Cost, Rule
from scheduler.portfolio import Portfolio
from scheduler.rules import RULES
from scheduler.schedule import Result, schedule_of, total
from scheduler.solver.bound import Lagrangian
from scheduler.solver.compiled import Compiled, compile_problem
from scheduler.solver.exact import Limits, solve_candidates
from scheduler.solver.problem import Problem
from scheduler.solver.search import greedy
from scheduler.solver.solve import solve
from scheduler.solver.state import UNPLACED, State
from scheduler.verify import bill, verify

LAWS = (*RULES, *COSTS)
LIMITS = Limits(seconds=5.0, units=5.0)
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


# --- laws 1 and 2 --------------------------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None, suppress_health_check=SLOW)
@given(cases())
def test_both_faces_and_the_oracle_agree(drawn: tuple[Portfolio, Mapping[str, int]]) -> None:
    case = Case(*drawn)
    for law in LAWS:
        assert disagreement(law, case) is None
    if case.inside:
        assert {violation.rule for violation in verify(case.portfolio, case.schedule)} == case.broken
        if "earliest" not in case.broken:
            assert total(bill(case.portfolio, case.schedule)) == sum(weighted for _, weighted in case.bill.values())


@pytest.mark.parametrize("hand", hand_cases(), ids=lambda hand: hand.name)
def test_cases_by_hand(hand: HandCase) -> None:
    case = Case(hand.portfolio, hand.starts)
    assert case.broken == hand.broken
    if hand.weighted is not None:
        assert sum(weighted for _, weighted in case.bill.values()) == hand.weighted
    for law in LAWS:
        assert disagreement(law, case) is None
    schedule = schedule_of(
        hand.portfolio, {name: hand.portfolio.horizon.at(slot) for name, slot in hand.starts.items()}
    )
    assert {violation.rule for violation in verify(hand.portfolio, schedule)} == hand.broken


def test_every_rule_and_cost_is_known_to_the_oracle() -> None:
    assert {rule.name for rule in RULES} == set(oracle.RULES)
    hourly = {"soft calendars", "preferences"}
    assert {cost.name for cost in COSTS} == {"downtime", "delay", "drop", "disruption"} | hourly


# --- law 3: the stages of the solver on the primitives of one law -------------------------------------------------


def assert_stages_agree(law: Rule | Cost, case: Case) -> None:
    """Ask search, exact and bound about every start near the case's of its last change, the others as in the case."""
    problem = posted(law, case.portfolio)
    compiled = compile_problem(problem)
    starts = {problem.index[change]: slot for change, slot in case.starts.items()}
    legal = not set(problem.broken(starts))
    outcome = solve_candidates(State(required(compiled, starts)), candidates(compiled, starts), LIMITS)
    assert outcome.answer == ("OPTIMAL" if legal else "INFEASIBLE"), law.name
    if legal:
        assert {change: slot for change, slot in outcome.starts.items() if slot != UNPLACED} == starts
        assert round(outcome.bound) == problem.cost(starts), law.name
        steps = iter(range(30))
        relaxed = Lagrangian(compiled).improve(problem.cost(starts), lambda: next(steps) / 29)
        assert relaxed.cents <= problem.cost(starts), law.name
    if not starts:
        return
    change = max(starts)
    others = {other: slot for other, slot in starts.items() if other != change}
    if set(problem.broken(others)) - {"mandatory"}:
        return
    state = State(compiled)
    for other, slot in others.items():
        state.place(other, slot)
    feasible, marginal, forbidden = state.feasible(change), state.marginal(change), state.forbidden(change)
    without = problem.cost(others) - (problem.drop_price[change] or 0)
    for slot in range(max(0, starts[change] - 4), min(problem.slots, starts[change] + SPAN)):
        trial = {**others, change: slot}
        names = set(problem.broken(trial)) - {"mandatory"}
        assert feasible[slot] == (not names), f"{law.name}: {problem.changes[change]} at {slot}"
        assert {name for name, mask in forbidden.items() if mask[slot]} == names
        assert marginal[slot] == problem.cost(trial) - without
    assert_greedy_is_legal(problem)


def candidates(compiled: Compiled, starts: Mapping[int, int]) -> dict[int, np.ndarray]:
    """The start of each placed change as its only candidate, if masks and lags leave it; none for the others."""
    found: dict[int, np.ndarray] = {change: np.array([], dtype=np.int64) for change in range(compiled.changes)}
    return found | {change: np.array([slot]) for change, slot in starts.items() if compiled.ok[change, slot]}


def required(compiled: Compiled, starts: Mapping[int, int]) -> Compiled:
    """The same problem, in which what is placed may not be left out."""
    fixed = Problem(compiled.problem.slots, compiled.problem.changes)
    fixed.__dict__.update(compiled.problem.__dict__)
    fixed.drop_price = [None if change in starts else price for change, price in enumerate(fixed.drop_price)]
    return replace(compiled, problem=fixed)


def assert_greedy_is_legal(problem: Problem) -> None:
    state = State(compile_problem(problem))
    complete = greedy(state)
    starts = {change: slot for change, slot in enumerate(state.starts) if slot != UNPLACED}
    if complete:
        assert not set(problem.broken(starts))
    assert state.objective() == problem.cost(starts)


@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
@given(cases())
def test_search_bound_and_exact_agree_on_every_law(drawn: tuple[Portfolio, Mapping[str, int]]) -> None:
    case = Case(*drawn)
    if case.inside:
        for law in LAWS:
            assert_stages_agree(law, case)


@pytest.mark.parametrize("hand", hand_cases(), ids=lambda hand: hand.name)
def test_search_bound_and_exact_agree_on_cases_by_hand(hand: HandCase) -> None:
    case = Case(hand.portfolio, hand.starts)
    for law in LAWS:
        assert_stages_agree(law, case)


# --- law 4: the whole ----------------------------------------------------------------------------------------------


def assert_solved(portfolio: Portfolio) -> str:
    """Solve a tiny portfolio twice, hold the answer against brute force, and give its status."""
    result = solve(portfolio, deterministic=0.5)
    best = oracle.cheapest(portfolio)
    assert document(result) == document(solve(portfolio, deterministic=0.5))
    if best is None:
        assert result.status == "INFEASIBLE"
        assert result.schedule.placements == ()
        return result.status
    least, plans = best
    starts = {p.change: portfolio.horizon.floor(p.start) for p in result.schedule.placements}
    assert verify(portfolio, result.schedule) == []
    assert oracle.violations(portfolio, schedule_at(portfolio, starts)) == set()
    assert (
        oracle.price(portfolio, result.schedule)[1] == result.objective_cents == total(bill(portfolio, result.schedule))
    )
    assert result.bound_cents is not None
    assert result.objective_cents is not None
    assert result.bound_cents <= least <= result.objective_cents
    assert (result.status == "OPTIMAL") == (result.bound_cents == result.objective_cents)
    assert result.status == "OPTIMAL"  # so few starts leave no excuse
    assert starts in plans
    return result.status


def document(result: Result) -> str:
    """The bytes of schedule.json, but for the time it took."""
    return dump(schedule_document(replace(result, seconds=0.0)))


@settings(max_examples=80, deadline=None, suppress_health_check=SLOW)
@given(portfolios(narrow=True))
def test_solve_against_brute_force(portfolio: Portfolio) -> None:
    assert_solved(portfolio)


def test_solve_against_brute_force_on_fixed_portfolios() -> None:
    statuses = [assert_solved(random_portfolio(Seeded(seed), narrow=True)) for seed in range(120)]
    assert statuses.count("OPTIMAL") >= 30
    assert statuses.count("INFEASIBLE") >= 30
