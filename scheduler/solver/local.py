"""A what-if answered around one change: the rest of a plan stays, and what the last solve learnt is used again.

A pin, a rejected window or a new blackout only takes starts away. The compiled problem of the last solve with these
starts closed is then still exact, and its multipliers still price every start that is left: choosing once more among
fewer starts gives a bound of the new problem at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from scheduler.portfolio import Portfolio
from scheduler.solver.bound import Bound
from scheduler.solver.compiled import Compiled
from scheduler.solver.effort import Effort
from scheduler.solver.exact import Limits, solve_candidates
from scheduler.solver.forest import Rows
from scheduler.solver.incumbent import Priced
from scheduler.solver.problem import Cell, Problem, Resource
from scheduler.solver.search import Insertion, Neighbours, complete, greedy
from scheduler.solver.state import UNPLACED, State, restore
from scheduler.solver.windows import Floats, Numbers

SIZE = 60  # changes that are planned again together
BEST_REDUCED, BEST_MARGINAL = 20, 10  # candidates of each of them
REPAIR_SECONDS = 0.7  # to find places for what a pin displaces, whatever it costs


# --- what the last solve leaves -------------------------------------------------------------------------------------


class _Latest:
    """The multipliers of the last solve; copies in other processes hold none."""

    def __init__(self) -> None:
        self.priced: Priced | None = None

    def __reduce__(self) -> tuple[type["_Latest"], tuple[()]]:
        return _Latest, ()


def keep(portfolio: Portfolio, priced: Priced | None) -> None:
    """Remember the multipliers of a solve for this portfolio and all made from it by `dataclasses.replace`."""
    if priced is not None and np.isfinite(priced.bound.value):
        portfolio._carried.setdefault(_Latest, _Latest()).priced = priced


def kept(portfolio: Portfolio) -> Priced | None:
    """Give the multipliers of the last solve of this portfolio, or of one it was made from or into."""
    latest: Any = portfolio._carried.get(_Latest)
    return None if latest is None else latest.priced


# --- the problem with fewer starts -----------------------------------------------------------------------------------


def narrowed(priced: Priced, problem: Problem) -> Priced | None:
    """Give a problem compiled, and its starts priced, if it is the one that was solved with some starts closed.

    None where it differs in anything else: there, neither the compiled problem nor the multipliers need hold.
    """
    compiled, before = priced.compiled, priced.compiled.problem
    if not _alike(before, problem):
        return None
    ok = compiled.ok.copy()
    for change, (old, new) in enumerate(zip(before.masks, problem.masks, strict=True)):
        if old.keys() != new.keys() or any(_differ(old[rule], new[rule]) for rule in old):
            allowed = problem.allowed(change)
            if (allowed & ~before.allowed(change)).any():
                return None
            ok[change] &= allowed
    again = replace(compiled, problem=problem, ok=ok)
    for name in ("cell_spans", "use_spans", "counted_spans", "budgets_of"):
        # Worked out when first asked for, and the same whatever starts are open.
        again.__dict__[name] = getattr(compiled, name)
    return Priced(again, restricted(priced.bound, again))


def restricted(bound: Bound, compiled: Compiled) -> Bound:
    """Price again what a problem has left of its starts: the multipliers stay, so that the bound holds for it.

    Where some change has none left, and so no plan exists, any bound holds and the one before is given.
    """
    before, after = bound.brackets, bound.brackets.copy()
    begins, ends = compiled.begin.tolist(), compiled.end.tolist()
    for change, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        row = after[bound.at[change] : bound.at[change + 1]]
        row[~compiled.ok[change, begin:end]] = np.inf
    change_of_value = _paid(bound, after) - paid if np.isfinite(paid := _paid(bound, before)) else np.inf
    if not np.isfinite(change_of_value):
        return bound
    value = bound.value + change_of_value
    cents = int(np.ceil(value - 2 * bound.slack))
    return replace(bound, cents=max(0, cents), value=value, slack=2 * bound.slack, brackets=after)


def _paid(bound: Bound, brackets: Floats) -> float:
    """Add up what all changes and trees of lags pay at their cheapest starts."""
    at, linked, total = bound.at.tolist(), bound.forest.links, 0.0
    for change in range(len(bound.out)):
        if change not in linked:
            row = brackets[at[change] : at[change + 1]]
            total += min(float(row.min(initial=np.inf)), float(bound.out[change]))
    out = bound.out.copy()
    for tree in bound.forest.trees:
        root = tree[0].parent
        rows: Rows = {one: brackets[at[one] : at[one + 1]] for one in (root, *(edge.child for edge in tree))}
        bound.forest.gather(tree, rows, out)
        total += min(float(rows[root].min(initial=np.inf)), float(out[root]))
    return total


def _alike(one: Problem, other: Problem) -> bool:
    """Tell whether two problems are equal but for their masks and the order they prefer equal starts in."""
    return (
        (one.slots, one.changes, one.drop_price, one.lags) == (other.slots, other.changes, other.drop_price, other.lags)
        and one.start_cost.keys() == other.start_cost.keys()
        and not any(_differ(row, other.start_cost[change]) for change, row in one.start_cost.items())
        and len(one.cells) == len(other.cells)
        and all(_same_cell(*pair) for pair in zip(one.cells, other.cells, strict=True))
        and len(one.resources) == len(other.resources)
        and all(_same_resource(*pair) for pair in zip(one.resources, other.resources, strict=True))
        and len(one.budgets) == len(other.budgets)
        and all(
            first.cells == second.cells
            and not _differ(first.period, second.period)
            and not _differ(first.limit, second.limit)
            for first, second in zip(one.budgets, other.budgets, strict=True)
        )
        and len(one.caps) == len(other.caps)
        and all(
            first.limit == second.limit
            and first.amounts.keys() == second.amounts.keys()
            and not any(_differ(row, second.amounts[change]) for change, row in first.amounts.items())
            for first, second in zip(one.caps, other.caps, strict=True)
        )
    )


def _same_cell(one: Cell, other: Cell) -> bool:
    return one.members == other.members and not _differ(one.kept, other.kept)


def _same_resource(one: Resource, other: Resource) -> bool:
    return one.uses == other.uses and not _differ(one.capacity, other.capacity)


def _differ(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> bool:
    return one is not other and not np.array_equal(one, other)


# --- the plan around a change ---------------------------------------------------------------------------------------


def replan(
    compiled: Compiled, bound: Bound | None, before: Mapping[int, int], effort: Effort, seed: int = 0
) -> tuple[list[int], int] | None:
    """Bring a plan up to date with one neighbourhood of changes, and give its starts and price; None if that fails.

    `before` gives the start of every change that has one. Those with a single start left are put there, what they
    displace finds another place, and about `SIZE` changes around them are planned again together; `bound` says which
    of their starts are promising beside those that are cheap now.
    """
    rng = np.random.default_rng(seed)
    state, insertion, neighbours = State(compiled), Insertion(compiled), Neighbours(compiled)
    moved = _place(state, before)
    if state.missing():
        greedy(state, insertion)
    if state.missing():
        # Half of what is left at most: the neighbourhood needs some too.
        until = min(1.0, effort.used + min(0.5 * (1 - effort.used), REPAIR_SECONDS / max(effort.seconds, 1e-9)))
        running = effort.until(until, 0.0, np.inf, lambda: None)
        if not complete(state, neighbours, insertion, rng, running):
            return None
    greedy(state, insertion)
    if not moved:
        return list(state.starts), state.objective()
    best = {change: state.starts[change] for change in _around(state, before, moved)}
    price = state.objective()
    for change, start in best.items():
        if start != UNPLACED:
            state.remove(change)
    candidates = {change: _candidates(state, bound, change, best) for change in best}
    outcome = solve_candidates(state, candidates, Limits(max(0.05, effort.left), None, 1, seed, effort.stop), best)
    found = best
    if outcome.starts and all(change in outcome.starts for change in best):
        found = dict(outcome.starts)
    restore(state, found)
    if state.missing() or state.objective() > price:
        restore(state, best)
    return list(state.starts), state.objective()


def _place(state: State, before: Mapping[int, int]) -> list[int]:
    """Put every change where it was or has to be, as far as that is legal; list those that cannot stay."""
    ok = state.compiled.ok
    only = {
        change: int(ok[change].argmax())
        for change, many in enumerate(np.count_nonzero(ok, axis=1).tolist())
        if many == 1 and before.get(change) is not None
    }
    forced = [change for change, start in only.items() if start != before[change]]
    moved = list(forced)
    waiting = set(before)
    order = sorted(before.keys() - set(forced), key=lambda change: (change not in only, before[change], change))
    for change in (*forced, *order):
        waiting.discard(change)
        start = only.get(change, before[change])
        if state.allows(change, start, waiting):
            state.place(change, start)
        else:
            moved.append(change)
    return list(dict.fromkeys(moved))


def _around(state: State, before: Mapping[int, int], moved: Sequence[int]) -> list[int]:
    """Choose up to `SIZE` changes that share a cell, a resource or a lag with those that moved.

    The nearest come first, counted from where one was and where it is now; in order of their numbers.
    """
    compiled = state.compiled
    far: dict[int, int] = dict.fromkeys(moved[:SIZE], -1)
    for change in list(far):
        places = [start for start in (before.get(change, UNPLACED), state.starts[change]) if start != UNPLACED]
        partners = {one.change for part in compiled.cells_of[change] for one in compiled.members[part.target]}
        partners |= {one.change for part in compiled.uses_of[change] for one in compiled.resources[part.target].uses}
        partners |= {one for lag in compiled.lags_of[change] for one in (lag.before, lag.after)}
        for one in partners:
            start = state.starts[one]
            distance = min((abs(start - place) for place in places), default=0) if start != UNPLACED else 0
            far[one] = min(distance, far.get(one, distance))
    return sorted(sorted(far, key=lambda one: (far[one], one))[:SIZE])


def _candidates(state: State, bound: Bound | None, change: int, best: Mapping[int, int]) -> Numbers:
    legal, marginal = state.choices(change, best)
    chosen = {best[change]} - {UNPLACED}
    chosen.update(legal[np.argsort(marginal, kind="stable")[:BEST_MARGINAL]].tolist())
    if bound is not None:
        prices = bound.brackets[bound.at[change] : bound.at[change + 1]][legal - state.compiled.begin[change]]
        chosen.update(legal[np.argsort(prices, kind="stable")[:BEST_REDUCED]].tolist())
    return np.array(sorted(chosen), dtype=np.int64)
