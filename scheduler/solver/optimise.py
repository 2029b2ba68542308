"""From a canonical problem to a plan and a bound: search, then price, then CP-SAT where it pays.

Greedy insertion gives a plan at once, annealing improves it, the Lagrangian proves a bound and prices every start, and
CP-SAT chooses among the cheapest starts: of all changes together when they are few, of one neighbourhood after another
when they are many. What the reduced costs leave of a small problem is solved in full, which proves the optimum.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from scheduler.solver.bound import Lagrangian
from scheduler.solver.compiled import Compiled, compile_problem
from scheduler.solver.effort import Effort
from scheduler.solver.exact import Limits, Numbers, Outcome, solve_candidates
from scheduler.solver.feasibility import find_any
from scheduler.solver.search import Insertion, Neighbours, anneal, complete, greedy, settle_ties
from scheduler.solver.state import UNPLACED, State, restore
from scheduler.solver.together import together

TINY_STARTS = 3_000  # all starts together: solved whole at once
PROOF_STARTS = 12_000  # starts left after reduced-cost fixing: solved whole in the time that is left
NEIGHBOURHOOD_EFFORT = 3.0  # seconds or units for one neighbourhood
BEST_REDUCED, BEST_MARGINAL = 25, 12
CALL_UNITS, ARRAY_UNITS = 2e-5, 2e-9  # deterministic prices of a numpy call and of one array element


@dataclass(frozen=True)
class Progress:
    """Where a run stands; costs are whole weighted cents and None while unknown."""

    seconds: float
    phase: str
    objective_cents: int | None
    bound_cents: int | None


@dataclass(frozen=True)
class Answer:
    """The best starts found (UNPLACED where dropped), their price and a bound on any plan of the whole problem."""

    status: Literal["OPTIMAL", "FEASIBLE", "INFEASIBLE", "STOPPED"]
    starts: list[int]
    objective: int | None
    bound: int | None


def optimise(
    compiled: Compiled,
    effort: Effort,
    *,
    seed: int = 0,
    workers: int = 1,
    first: Mapping[int, int] | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Answer:
    """Plan a canonical problem within a budget of effort; `first` gives starts to begin from."""
    joined = together(compiled.problem)
    if joined is None:
        return _Run(compiled, effort, seed, workers, progress).go(first or {})
    run = _Run(compile_problem(joined.problem), effort, seed, workers, progress)
    answer = run.go(joined.of_groups(first or {}))
    return replace(answer, starts=joined.of_members(answer.starts)) if answer.starts else answer


@dataclass
class _Run:
    compiled: Compiled
    effort: Effort
    seed: int
    workers: int
    report: Callable[[Progress], None] | None
    phase: str = ""
    best: list[int] | None = None
    objective: int | None = None
    bound: int = 0
    _last: float = -1.0
    rng: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.state = State(self.compiled)
        self.insertion = Insertion(self.compiled)
        # Tiny problems are solved whole at once, so search and bound need only a start there.
        self.tiny = int(self.compiled.ok.sum()) <= TINY_STARTS
        self.steps = 100.0 if self.tiny else np.inf
        self.size = min(self.compiled.changes, 15 + self.compiled.changes // 10)
        parts = sum(map(len, (*self.compiled.cells_of, *self.compiled.uses_of, *self.compiled.counted_of)))
        per_change = parts / max(1, self.compiled.changes)
        self.insert_units = CALL_UNITS * (5 + per_change) + ARRAY_UNITS * self.compiled.slots * (10 + per_change)

    def go(self, first: Mapping[int, int]) -> Answer:
        self._tick("first plan", now=True)
        if not all(ok.any() for ok, price in zip(self.compiled.ok, self.compiled.drop, strict=True) if price is None):
            return Answer("INFEASIBLE", [], None, None)
        self._begin_with(first)
        greedy(self.state, self.insertion)
        self._keep()
        if self.objective is None and not self.tiny and not self._repair():
            return Answer("INFEASIBLE", [], None, None)
        if not self._proved and not self._search():
            return Answer("INFEASIBLE", [], None, None)
        if self.objective is None or self.best is None:
            return Answer("STOPPED", [], None, self.bound)
        restore(self.state, dict(enumerate(self.best)))
        settle_ties(self.state)
        self._keep()
        return Answer("OPTIMAL" if self._proved else "FEASIBLE", self.best, self.objective, self.bound)

    def _search(self) -> bool:
        """Go through the phases; False if it is proven that there is no plan."""
        neighbours = Neighbours(self.compiled)
        if self.objective is None and not self.tiny:
            self._complete(neighbours, 0.6)
        self._anneal(neighbours, 0.1)
        lagrangian = Lagrangian(self.compiled)
        self._prove(lagrangian, 0.35)
        if self.tiny and not self._proved:
            outcome = self._whole(
                {change: np.flatnonzero(ok) for change, ok in enumerate(self.compiled.ok)}, self.effort.left
            )
            return self.objective is not None or outcome.answer != "INFEASIBLE"
        if self.objective is not None and not self._proved:
            self._improve(lagrangian, neighbours)
        return True

    # --- phases ------------------------------------------------------------------------------------------------------

    def _begin_with(self, first: Mapping[int, int]) -> None:
        for change in sorted(first, key=lambda change: first[change]):
            if self.state.feasible(change)[first[change]]:
                self.state.place(change, first[change])

    def _repair(self) -> bool:
        """Find a complete plan where insertion did not; False if it is proven that there is none."""
        self.phase = "looking for any plan"
        outcome = find_any(self.compiled, self._limits(0.4 * self.effort.left))
        self.effort.charge(outcome.units)
        if outcome.answer == "INFEASIBLE":
            return False
        restore(self.state, dict.fromkeys(range(self.compiled.changes), UNPLACED))
        self._begin_with(outcome.starts)
        greedy(self.state, self.insertion)
        self._keep()
        return True

    def _complete(self, neighbours: Neighbours, share: float) -> None:
        self.phase = "looking for any plan"
        running = self.effort.until(share, 12 * self.insert_units, np.inf, self._tick)
        complete(self.state, neighbours, self.insertion, self.rng, running)
        self._keep()

    def _anneal(self, neighbours: Neighbours, share: float) -> None:
        self.phase = "local search"
        running = self.effort.until(share, 6 * self.insert_units, self.steps, self._tick)
        starts = anneal(self.state, neighbours, self.insertion, self.rng, running)
        restore(self.state, dict(enumerate(starts)))
        self._keep()

    def _prove(self, lagrangian: Lagrangian, share: float) -> None:
        """Raise the bound; without a plan yet, only as far as prices of the starts are needed."""
        self.phase = "bound"
        upper = self.objective if self.objective is not None else 2 * max(1, lagrangian.best.cents)
        calls = len(lagrangian.sharing.groups) + 5 * self.compiled.changes
        price = CALL_UNITS * calls + ARRAY_UNITS * 5 * (lagrangian.sharing.charged_size + len(lagrangian.best.brackets))

        def tick() -> None:
            self.bound = max(self.bound, lagrangian.best.cents)
            self._tick()

        lagrangian.improve(upper, self.effort.until(share, price, self.steps, tick))
        self.bound = max(self.bound, lagrangian.best.cents)
        self._tick(now=True)

    def _improve(self, lagrangian: Lagrangian, neighbours: Neighbours) -> None:
        if self._provable(lagrangian):
            self._finish(lagrangian)
        self._neighbourhoods(neighbours, lagrangian, 0.65)
        self._prove(lagrangian, 0.85)
        if self._provable(lagrangian):
            self._finish(lagrangian)
        self._neighbourhoods(neighbours, lagrangian, 0.95)
        self._finish(lagrangian)

    def _neighbourhoods(self, neighbours: Neighbours, lagrangian: Lagrangian, share: float) -> None:
        """Replan one neighbourhood after another, as large as CP-SAT can still solve, at most everything."""
        while self.effort.used < share and not self._proved:
            self.phase = "exact, neighbourhoods"
            limit = min(NEIGHBOURHOOD_EFFORT, max(0.1, 0.25 * self.effort.left))
            free = self._neighbourhood(neighbours, self.size)
            outcome = self._replan(free, lagrangian, limit)
            if outcome.answer == "OPTIMAL":
                self.size = min(self.compiled.changes, self.size + 1 + self.size // 8)
            else:
                self.size = max(5, 3 * self.size // 4)
            self._tick()

    def _provable(self, lagrangian: Lagrangian) -> bool:
        return self.objective is not None and lagrangian.best.kept(self.objective) <= PROOF_STARTS // 4

    def _finish(self, lagrangian: Lagrangian) -> None:
        """Solve in full what a cheaper plan could still take; nothing left means that the plan is optimal."""
        self.phase = "proof"
        if self.objective is None:
            return
        if lagrangian.best.kept(self.objective) <= PROOF_STARTS and self.effort.left > 0:
            kept = {
                change: np.flatnonzero(lagrangian.best.keeps(change, self.objective)) + self.compiled.begin[change]
                for change in range(self.compiled.changes)
            }
            self._whole(kept, self.effort.left)

    def _neighbourhood(self, neighbours: Neighbours, size: int) -> list[int]:
        seed = int(self.rng.integers(self.compiled.changes))
        middle = self.state.starts[seed]
        days = 6 * self.compiled.slots // 28 if self.rng.random() < 0.5 and middle != UNPLACED else self.compiled.slots
        return neighbours.related(seed, size, self.rng, lambda other: abs(self.state.starts[other] - middle) <= days)

    def _replan(self, free: list[int], lagrangian: Lagrangian, limit: float) -> Outcome:
        """Let CP-SAT choose again for some changes among their best starts, and keep what is no dearer."""
        before = {change: self.state.starts[change] for change in free}
        price = self.state.objective()
        for change in free:
            if before[change] != UNPLACED:
                self.state.remove(change)
        candidates = {change: self._candidates(change, before, lagrangian) for change in free}
        outcome = solve_candidates(self.state, candidates, self._limits(limit), before)
        self.effort.charge(outcome.units + len(free) * self.insert_units)
        restore(self.state, before)
        if outcome.starts:
            restore(self.state, outcome.starts)
            if self.state.objective() > price:
                restore(self.state, before)
        self._keep()
        return outcome

    def _candidates(self, change: int, free: Mapping[int, int], lagrangian: Lagrangian) -> Numbers:
        legal, marginal = self.state.choices(change, free)
        chosen = {free[change]} - {UNPLACED}
        reduced = lagrangian.best.reduced_row(change)[legal - self.compiled.begin[change]]
        chosen.update(legal[np.argsort(reduced, kind="stable")[:BEST_REDUCED]].tolist())
        chosen.update(legal[np.argsort(marginal, kind="stable")[:BEST_MARGINAL]].tolist())
        return np.array(sorted(chosen), dtype=np.int64)

    def _whole(self, kept: Mapping[int, Numbers], limit: float) -> Outcome:
        """Solve over all kept starts at once: its bound holds for the whole, below the price of the known plan."""
        self.phase = "proof"
        empty = State(self.compiled)
        everyone = range(self.compiled.changes)
        candidates = {change: kept[change][empty.feasible(change, everyone)[kept[change]]] for change in everyone}
        hint = dict(enumerate(self.best)) if self.best else None
        outcome = solve_candidates(empty, candidates, self._limits(limit), hint)
        self.effort.charge(outcome.units)
        ceiling = self.objective
        if outcome.starts:
            restore(self.state, dict(enumerate(self.compiled.changes * [UNPLACED])))
            restore(self.state, outcome.starts)
            self._keep()
        if ceiling is None:
            self.bound = max(self.bound, int(np.ceil(outcome.bound - 1e-6)) if outcome.answer != "INFEASIBLE" else 0)
        else:
            self.bound = max(self.bound, min(ceiling, int(np.ceil(min(outcome.bound, ceiling) - 1e-6))))
        self._tick(now=True)
        return outcome

    # --- keeping -----------------------------------------------------------------------------------------------------

    @property
    def _proved(self) -> bool:
        return self.objective is not None and self.bound >= self.objective

    def _limits(self, amount: float) -> Limits:
        units = amount if self.effort.units is not None else None
        return Limits(amount, units, self.workers, self.seed, self.effort.stop)

    def _keep(self) -> None:
        """Remember the state's plan if it is complete and the best so far: the incumbent lives outside any solver."""
        price = self.state.objective()
        if not self.state.missing() and (self.objective is None or price <= self.objective):
            self.objective, self.best = price, list(self.state.starts)

    def _tick(self, phase: str | None = None, now: bool = False) -> None:
        self.phase = phase or self.phase
        if self.report is not None and (now or self.effort.elapsed - self._last >= 0.5):
            self._last = self.effort.elapsed
            self.report(Progress(self._last, self.phase, self.objective, self.bound or None))
