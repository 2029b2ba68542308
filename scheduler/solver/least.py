"""The least that a plan with a given start of one change can cost, wherever all other changes go.

It is the other side of the marginal curve, which says what the start costs at most, all others staying: from the
multipliers of a bound, no plan with this start costs less than the value of the bound plus the start's reduced cost.
"""

from collections.abc import Sequence

import numpy as np

from scheduler.portfolio import Portfolio, remembered
from scheduler.solver.bound import Lagrangian
from scheduler.solver.compiled import compile_problem
from scheduler.solver.incumbent import Priced
from scheduler.solver.local import kept, narrowed
from scheduler.solver.problem import Cents, Problem
from scheduler.solver.solve import built, compiled
from scheduler.solver.together import together

NEVER = int(np.iinfo(np.int64).max)
"""What a start costs that no plan can have."""
STEPS_NUMBERS, MOST_STEPS = 20_000_000, 200  # of the bound, where no solve left multipliers: about a second


def least_extra(portfolio: Portfolio, change: str, objective: int) -> Cents:
    """Give what any plan costs at least beyond `objective` when a change starts in each slot; shape (slots,).

    In weighted cents, rounded up, as every plan costs a whole number: below 0 where a plan with that start could be
    cheaper than `objective`, and `NEVER` where none exists. Multipliers are those of the last solve of this portfolio
    in this process, or of one that this portfolio only closes starts of; else they are found in a fixed number of steps
    towards `objective`.
    """
    priced, groups = _priced(portfolio, objective)
    number = built(portfolio).index[change]
    if groups is not None:
        number = next(group for group, members in enumerate(groups) if number in members)
    bound, begin, end = priced.bound, int(priced.compiled.begin[number]), int(priced.compiled.end[number])
    found = np.full(priced.compiled.slots, NEVER, dtype=np.int64)
    least = np.ceil(bound.value + bound.reduced_row(number) - bound.slack - objective)
    possible = np.isfinite(least)
    found[begin:end][possible] = least[possible].astype(np.int64)
    return found


@remembered
def _posed(portfolio: Portfolio) -> tuple[Problem, Sequence[tuple[int, ...]] | None]:
    """Give the problem that is searched, in which changes that start together are one, and who is in each group."""
    joined = together(built(portfolio))
    return (built(portfolio), None) if joined is None else (joined.problem, joined.groups)


@remembered
def _found(portfolio: Portfolio) -> list[tuple[Priced | None, Priced]]:
    """Remember which multipliers were last asked for, and what became of them."""
    return []


def _priced(portfolio: Portfolio, upper: int) -> tuple[Priced, Sequence[tuple[int, ...]] | None]:
    problem, groups = _posed(portfolio)
    latest, memory = kept(portfolio), _found(portfolio)
    if not memory or memory[0][0] is not latest:
        found = narrowed(latest, problem) if latest else None
        memory[:] = [(latest, found or _stepped(portfolio, problem, upper))]
    return memory[0][1], groups


def _stepped(portfolio: Portfolio, problem: Problem, upper: int) -> Priced:
    searched = compiled(portfolio) if problem is built(portfolio) else compile_problem(problem)
    lagrangian = Lagrangian(searched)
    numbers = lagrangian.sharing.charged_size + len(lagrangian.best.brackets)
    for _ in range(max(5, min(MOST_STEPS, STEPS_NUMBERS // max(1, numbers)))):
        if not lagrangian.moving:
            break
        lagrangian.step(upper)
    return Priced(searched, lagrangian.best)
