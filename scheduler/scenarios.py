"""Plans that also keep bad weeks bearable: (1 − λ) × the mean over scenarios + λ × the mean of their worst tenth.

For fixed weights of the scenarios the sum is linear in users, and so an ordinary problem. The objective is the largest
such sum over all weights that the worst tenth may have (Rockafellar and Uryasev, Journal of Risk 2, 2000), so a bound
for any one of them is a bound for it, up to the rounding of users to thousandths. Weights that were bad for the plans
so far are planned for next, as players learn in a game (Brown, 1951), and the best plan met is kept.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from scheduler.demand.scenarios import scenarios
from scheduler.portfolio import Portfolio
from scheduler.schedule import Result, Schedule, Tail, total
from scheduler.solver.incumbent import Progress
from scheduler.solver.solve import solve
from scheduler.verify import bill

WORST = 0.1
ROUNDS = 4
Costs = npt.NDArray[np.float64]
Users = Mapping[tuple[str, str], npt.NDArray[np.int64]]


def solve_with_tail(
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
    """Choose windows as `scheduler.solver.solve.solve` does, and mind the worst weeks where the policy weighs them.

    The parameters are those of `solve`; its effort is divided among the rounds. Without `tail_weight`, or without three
    recorded weeks, this is `solve`. `bound_cents` bounds the ordinary cost, `tail` tells the rest.
    """
    began, weight = time.monotonic(), portfolio.policy.tail_weight
    weeks = scenarios(portfolio) if weight else ()
    rounds = ROUNDS + 1 if weeks else 1

    def run(asked: Portfolio, first: Schedule | None) -> Result:
        return solve(
            asked,
            time_limit=time_limit / rounds,
            deterministic=None if deterministic is None else deterministic / rounds,
            workers=workers,
            seed=seed,
            previous=first,
            progress=progress,
            stop=stop,
        )

    plain = run(portfolio, previous)
    if not weeks or plain.objective_cents is None:
        return plain
    even = np.full(len(weeks), 1 / len(weeks))
    costs = _costs(portfolio, weeks, plain.schedule)
    best, best_value, best_costs = plain, _value(costs, weight), costs
    blamed, bound = worst_weights(costs), 0
    for number in range(1, ROUNDS + 1):
        if stop is not None and stop.is_set():
            break
        weights = (1 - weight) * even + weight * blamed
        found = run(_weighted(portfolio, weeks, weights), best.schedule)
        if found.objective_cents is None:
            break
        bound = max(bound, found.bound_cents or 0)
        costs = _costs(portfolio, weeks, found.schedule)
        if _value(costs, weight) < best_value:
            best, best_value, best_costs = found, _value(costs, weight), costs
        blamed = (number * blamed + worst_weights(costs)) / (number + 1)
    plain_costs = _costs(portfolio, weeks, plain.schedule)
    tail = Tail(
        weight=weight,
        scenarios=len(weeks),
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


def _costs(
    portfolio: Portfolio, weeks: Sequence[Mapping[tuple[str, str], npt.NDArray[np.int64]]], plan: Schedule
) -> Costs:
    """Bill a plan in each scenario."""
    return np.array([total(bill(replace(portfolio, known_users=users), plan)) for users in weeks], dtype=np.float64)


def _weighted(portfolio: Portfolio, weeks: Sequence[Users], weights: Costs) -> Portfolio:
    users = {}
    for pair, first in weeks[0].items():
        mixed = sum((w * one[pair] for w, one in zip(weights, weeks, strict=True)), np.zeros(len(first)))
        # Rounded down, so that a bound stays one.
        users[pair] = np.floor(mixed).astype(np.int64)
    # Losses are spread over teams for what is expected, not for a mixture.
    return replace(portfolio, known_users=users, policy=replace(portfolio.policy, fairness_epsilon=0.0))
