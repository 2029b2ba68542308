"""Plans that also keep bad weeks bearable: (1 − λ) × the mean over scenarios + λ × the mean of their worst tenth.

For fixed weights of the scenarios the sum is linear in users, and so an ordinary problem. The objective is the largest
such sum over all weights that the worst tenth may have (Rockafellar and Uryasev, Journal of Risk 2, 2000), so a bound
for any one of them is a bound for it, up to the rounding of users to thousandths. Weights that were bad for the plans
so far are planned for next, as players learn in a game (Brown, 1951), and the best plan met is kept.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt

from scheduler.demand.scenarios import Scenarios, scenarios
from scheduler.portfolio import Portfolio
from scheduler.schedule import CLIENT_COSTS, Result, Schedule, Tail, total
from scheduler.verify import bill

WORST = 0.1
ROUNDS = 4
# Thousandths of users that coefficients are read at, so that rounding to cents does not show.
_MANY = 10**7
# A mean of equal numbers may come out just below them.
_ROUNDING = 1e-6
Costs = npt.NDArray[np.float64]
Solve = TypeVar("Solve", bound=Callable[..., Result])


def minding_bad_weeks(solve: Solve) -> Solve:
    """Make `solve` mind the worst weeks where the policy weighs them.

    The effort is divided among the rounds. Without `tail_weight`, or where few weeks were recorded, nothing changes.
    `bound_cents` of the result bounds the ordinary cost, `tail` tells the rest; `found` hears of the first round only.
    """

    @wraps(solve)
    def minded(portfolio: Portfolio, **options: Any) -> Result:
        weeks = scenarios(portfolio) if portfolio.policy.tail_weight else None
        return _minded(solve, portfolio, weeks, **options) if weeks and weeks.count else solve(portfolio, **options)

    return cast(Solve, minded)


def _minded(
    solve: Callable[..., Result],
    portfolio: Portfolio,
    weeks: Scenarios,
    *,
    time_limit: float = 30.0,
    deterministic: float | None = None,
    previous: Schedule | None = None,
    found: Callable[[Schedule, int], None] | None = None,
    stop: threading.Event | None = None,
    **others: Any,
) -> Result:
    began, weight = time.monotonic(), portfolio.policy.tail_weight
    rounds = ROUNDS + 1
    effort = {
        "time_limit": time_limit / rounds,
        "deterministic": None if deterministic is None else deterministic / rounds,
        "stop": stop,
        **others,
    }
    plain = solve(portfolio, previous=previous, found=found, **effort)
    if plain.objective_cents is None:
        return plain
    plain = replace(plain, parameters={**plain.parameters, "time_limit": time_limit, "deterministic": deterministic})
    even = np.full(weeks.count, 1 / weeks.count)
    costs = plain_costs = scenario_costs(portfolio, weeks, plain.schedule)
    best, best_value, best_costs = plain, _value(costs, weight), costs
    blamed, bound = worst_weights(costs), 0
    for number in range(1, ROUNDS + 1):
        if stop is not None and stop.is_set():
            break
        weights = (1 - weight) * even + weight * blamed
        again = solve(_weighted(portfolio, weeks, weights), previous=best.schedule, **effort)
        if again.objective_cents is None:
            break
        bound = max(bound, again.bound_cents or 0)
        costs = scenario_costs(portfolio, weeks, again.schedule)
        if _value(costs, weight) < best_value:
            best, best_value, best_costs = again, _value(costs, weight), costs
        blamed = (number * blamed + worst_weights(costs)) / (number + 1)
    tail = Tail(
        weight=weight,
        scenarios=weeks.count,
        objective_cents=round(best_value),
        bound_cents=min(bound, round(best_value)),
        mean_cents=round(float(best_costs.mean())),
        worst_cents=round(worst_tenth(best_costs)),
        plain_mean_cents=round(float(plain_costs.mean())),
        plain_worst_cents=round(worst_tenth(plain_costs)),
    )
    if best is plain:
        return replace(plain, tail=tail, seconds=time.monotonic() - began)
    charges = tuple(bill(portfolio, best.schedule))
    return replace(
        plain,
        schedule=best.schedule,
        charges=charges,
        unplaced=best.unplaced,
        objective_cents=total(charges),
        status="FEASIBLE",
        fairness=None,
        fairness_price_cents=0,
        tail=tail,
        seconds=time.monotonic() - began,
    )


def worst_weights(costs: Costs) -> Costs:
    """Give the weights that make the mean of the worst tenth of some costs; the last of them may count in part.

    >>> worst_weights(np.array([1.0, 5.0, 3.0])).tolist()
    [0.0, 1.0, 0.0]
    """
    most = 1 / max(1.0, WORST * len(costs))
    weights = np.zeros(len(costs))
    left = 1.0
    for at in np.argsort(-costs, kind="stable"):
        weights[at] = min(most, left)
        left -= weights[at]
    return weights


def worst_tenth(costs: Costs) -> float:
    """Give the mean of the worst tenth."""
    return float(worst_weights(costs) @ costs)


def _value(costs: Costs, weight: float) -> float:
    return (1 - weight) * float(costs.mean()) + weight * worst_tenth(costs)


def scenario_costs(portfolio: Portfolio, weeks: Scenarios, plan: Schedule) -> Costs:
    """Give the weighted cents of a plan in every scenario, shape (scenarios,).

    For a fixed plan they are linear in users: one bill at a user number that hides rounding gives the coefficients.
    """
    slots, horizon = portfolio.horizon.slots, portfolio.horizon
    many = np.full(slots, _MANY, dtype=np.int64)
    charges = list(bill(replace(portfolio, known_users=dict.fromkeys(weeks.expected, many)), plan))
    found = np.full(weeks.count, float(total(one for one in charges if one.cost not in CLIENT_COSTS)))
    cents: dict[tuple[str, str], Costs] = {}
    for one in charges:
        if one.cost in CLIENT_COSTS:
            there = slice(horizon.floor(one.start), horizon.ceil(one.end))
            row = cents.setdefault((one.team, one.service), np.zeros(slots))
            row[there] += one.weighted_cents / (there.stop - there.start)
    for pair, row in cents.items():
        some = np.flatnonzero(row)
        if len(some):
            there = slice(int(some[0]), int(some[-1]) + 1)
            found += weeks.users(pair, there) @ (row[there] / _MANY)
    return found


def _weighted(portfolio: Portfolio, weeks: Scenarios, weights: Costs) -> Portfolio:
    # Rounded down, so that a bound stays one.
    users = {pair: np.floor(weights @ weeks.users(pair) + _ROUNDING).astype(np.int64) for pair in weeks.expected}
    # Losses are spread over teams for what is expected, not for a mixture.
    return replace(portfolio, known_users=users, policy=replace(portfolio.policy, fairness_epsilon=0.0))
