"""From a canonical problem to a plan and a bound: search, then price, then CP-SAT where it pays.

Greedy insertion gives a plan at once and annealing improves it. The Lagrangian proves a bound and prices every start
while, in processes of their own, CP-SAT chooses among the cheapest starts of one neighbourhood after another: of all
changes together when they are few. What the reduced costs leave of a small problem is solved in full, which proves the
optimum.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from scheduler.solver.bound import Lagrangian
from scheduler.solver.compiled import Compiled, compile_problem
from scheduler.solver.duals import best_of_kept, few_kept, price_by_relaxation
from scheduler.solver.effort import Effort
from scheduler.solver.exact import Numbers, Outcome, solve_candidates
from scheduler.solver.feasibility import find_any
from scheduler.solver.incumbent import ARRAY_UNITS, CALL_UNITS, Answer, Incumbent, Progress
from scheduler.solver.lift import Clusters, lift
from scheduler.solver.neighbourhoods import FEW, Neighbourhoods
from scheduler.solver.nights import Nights
from scheduler.solver.search import Insertion, Neighbours, anneal, complete, descend, greedy, settle_ties
from scheduler.solver.state import UNPLACED, State, restore
from scheduler.solver.together import together
from scheduler.solver.workers import Pool

PROOF_STARTS = 24_000  # starts left after reduced-cost fixing: solved whole in the time that is left
NEIGHBOURHOOD_EFFORT, FIRST_SIZE = 1.5, 120  # seconds or units for one neighbourhood, and the changes in the first
IN_FLIGHT, STEPS_BETWEEN = 2, 12  # in deterministic runs: neighbourhoods at a time, steps of the bound between two
CLUSTER_EFFORT = 10.0  # seconds or units for one cluster at most
HEAT, HEAT_OF_GOOD = 0.3, 0.05  # of what a change costs on average, at first and for a plan that is good already
SHARES, SHARES_OF_FEW = (0.16, 0.24, 0.32), (0.08, 0.1, 0.14)  # of the budget: bound, guided plans, annealing
SHARES_BEFORE_NIGHTS = (0.05, 0.065, 0.09)  # branching proves more, and finds better plans, than what comes before it
TRUST = (1.0, 0.95, 0.98, 0.9, 0.8, 0.99)  # in multipliers, one plan after another
ENOUGH = 0.95  # of the budget: what would be begun after it could only end late
LOOKING, LOOKING_BEFORE_NIGHTS = 0.15, 0.05  # of what is left, among few changes: for plans
PROVING, PROVING_BEFORE_NIGHTS = 0.05, 0.01  # and for the bound
ONE_LOOK = 2  # times that, at most, for one of the models over all changes
STALE = 3  # times that CP-SAT finds nothing better among the best starts of all changes
RELAXATION_SHARE = 0.1  # of what is left of the budget at most for the linear relaxation


def optimise(
    compiled: Compiled,
    effort: Effort,
    *,
    seed: int = 0,
    workers: int = 1,
    first: Mapping[int, int] | None = None,
    progress: Callable[[Progress], None] | None = None,
    found: Callable[[list[int], int], None] | None = None,
) -> Answer:
    """Plan a canonical problem within a budget of effort.

    `first` gives starts to begin from; `found` is told the starts and the price of every better plan on the way.
    """
    joined = together(compiled.problem)
    if joined is None:
        run = _Run(compiled, effort, seed, workers, progress, found)
        answer = run.go(first or {})
        return replace(answer, priced=run.priced)
    of_members = None if found is None else lambda starts, price: found(joined.of_members(starts), price)
    run = _Run(compile_problem(joined.problem), effort, seed, workers, progress, of_members)
    answer = replace(run.go(joined.of_groups(first or {})), priced=run.priced)
    return replace(answer, starts=joined.of_members(answer.starts)) if answer.starts else answer


class _Run(Incumbent):
    def go(self, first: Mapping[int, int]) -> Answer:
        self.tick("first plan", now=True)
        if not all(ok.any() for ok, price in zip(self.compiled.ok, self.compiled.drop, strict=True) if price is None):
            return Answer("INFEASIBLE", [], None, None)
        self._begin_with(first)
        greedy(self.state, self.insertion)
        self.keep()
        if self.objective is None and not self.tiny and not self._repair():
            return Answer("INFEASIBLE", [], None, None)
        if not self.proved and not self._search():
            return Answer("INFEASIBLE", [], None, None)
        if self.objective is None or self.best is None:
            return Answer("STOPPED", [], None, self.bound)
        restore(self.state, dict(enumerate(self.best)))
        settle_ties(self.state)
        self.keep()
        return Answer("OPTIMAL" if self.proved else "FEASIBLE", self.best, self.objective, self.bound)

    def _search(self) -> bool:
        """Go through the phases; False if it is proven that there is no plan."""
        neighbours = Neighbours(self.compiled)
        if self.objective is None and not self.tiny:
            self._complete(neighbours, 0.6)
        self._anneal(neighbours, 0.03)
        lagrangian = self.lagrangian = Lagrangian(self.compiled)
        settled = not self.tiny and self._relax(lagrangian)
        few = self.compiled.changes <= FEW
        proving, guided, annealed = (
            SHARES_BEFORE_NIGHTS if self._branches(lagrangian) else SHARES_OF_FEW if few else SHARES
        )
        if not settled:
            self._prove(lagrangian, proving if self.objective is not None else 0.35)
        if self.objective is not None and not self.tiny and not settled and not self.proved:
            self._guided(lagrangian, guided)
            self._anneal(neighbours, annealed, HEAT_OF_GOOD)
        if self.tiny and not self.proved:
            everything = {change: np.flatnonzero(ok) for change, ok in enumerate(self.compiled.ok)}
            outcome = self._whole(everything, self.effort.left)
            return self.objective is not None or outcome.answer != "INFEASIBLE"
        if self.objective is not None and not self.proved:
            with Pool(max(1, self.workers)) as pool:
                if settled:
                    self._close_in(lagrangian, pool)
                self._improve(lagrangian, pool)
        return True

    # --- phases ------------------------------------------------------------------------------------------------------

    def _begin_with(self, first: Mapping[int, int]) -> None:
        for change in sorted(first, key=lambda change: first[change]):
            if self.state.feasible(change)[first[change]]:
                self.state.place(change, first[change])

    def _repair(self) -> bool:
        """Find a complete plan where insertion did not; False if it is proven that there is none."""
        self.phase = "looking for any plan"
        outcome = find_any(self.compiled, self.limits(0.4 * self.effort.left))
        self.effort.charge(outcome.units)
        if outcome.answer == "INFEASIBLE":
            return False
        restore(self.state, dict.fromkeys(range(self.compiled.changes), UNPLACED))
        self._begin_with(outcome.starts)
        greedy(self.state, self.insertion)
        self.keep()
        return True

    def _complete(self, neighbours: Neighbours, share: float) -> None:
        self.phase = "looking for any plan"
        running = self.effort.until(share, 12 * self.insert_units, np.inf, self.tick)
        complete(self.state, neighbours, self.insertion, self.rng, running)
        self.keep()

    def _guided(self, lagrangian: Lagrangian, share: float) -> None:
        """Plan from nothing by what the multipliers know, trusting them more and less, and keep the best."""
        self.phase = "local search"
        running = self.effort.until(share, self.insert_units, np.inf, self.tick)
        for trust in TRUST:
            if running() >= 1.0:
                break
            state = State(self.compiled)
            complete = greedy(state, Insertion(self.compiled, lagrangian.best, trust))
            self.effort.charge(self.compiled.changes * self.insert_units)
            if complete and not state.missing():
                descend(state, running)
                if state.objective() < (self.objective or 0):
                    self.objective, self.best = state.objective(), list(state.starts)
        restore(self.state, dict(enumerate(self.best or [])))

    def _anneal(self, neighbours: Neighbours, share: float, heat: float = HEAT) -> None:
        self.phase = "local search"
        running = self.effort.until(share, 6 * self.insert_units, self.steps, self.tick)
        starts = anneal(self.state, neighbours, self.insertion, self.rng, running, heat)
        restore(self.state, dict(enumerate(starts)))
        self.keep()

    def _prove(self, lagrangian: Lagrangian, share: float) -> None:
        """Raise the bound; without a plan yet, only as far as prices of the starts are needed."""
        self.phase = "bound"

        def tick() -> None:
            self.bound = max(self.bound, lagrangian.best.cents)
            self.tick()

        lagrangian.improve(
            self._ceiling(lagrangian), self.effort.until(share, self._step_units(lagrangian), self.steps, tick)
        )
        self.bound = max(self.bound, lagrangian.best.cents)
        self.tick(now=True)

    def _relax(self, lagrangian: Lagrangian) -> bool:
        """Take multipliers from the linear relaxation where it is small; True where steps cannot better them."""
        self.phase = "bound"
        limits = self.limits(RELAXATION_SHARE * self.effort.left)
        settled, units = price_by_relaxation(lagrangian, self._ceiling(lagrangian), limits)
        self.effort.charge(units)
        self.bound = max(self.bound, lagrangian.best.cents)
        self.tick(now=True)
        return settled

    def _close_in(self, lagrangian: Lagrangian, pool: Pool) -> None:
        """Improve the plan until few starts are left that a cheaper one could take, and choose the best of those."""
        if self.compiled.budgets or self.effort.units is not None:
            return
        restore(self.state, dict(enumerate(self.best or [])))
        search = Neighbourhoods(self.state, lagrangian, self.rng, pool, FIRST_SIZE)
        until = 0.15 + 0.85 * self.effort.used
        few = False
        while not few and self.effort.used < until and not self.proved and search.stale < STALE:
            self._side_by_side(search, lagrangian, min(until, self.effort.used + 0.01))
            few = few_kept(lagrangian, self.objective or 0)
        search.forget()
        if few and self.objective is not None and not self.proved:
            self.phase = "proof"
            starts, bound = best_of_kept(lagrangian, self.objective, self.limits(0.95 * self.effort.left))
            self.bound = max(self.bound, min(self.objective, bound))
            restore(self.state, dict.fromkeys(range(self.compiled.changes), UNPLACED))
            self._begin_with(starts)
            self.keep()
            restore(self.state, dict(enumerate(self.best or [])))
            self.tick(now=True)

    def _ceiling(self, lagrangian: Lagrangian) -> int:
        return self.objective if self.objective is not None else 2 * max(1, lagrangian.best.cents)

    def _step_units(self, lagrangian: Lagrangian) -> float:
        calls = len(lagrangian.sharing.groups) + 5 * self.compiled.changes
        numbers = lagrangian.sharing.charged_size + len(lagrangian.best.brackets)
        return CALL_UNITS * calls + 5 * ARRAY_UNITS * numbers

    def _improve(self, lagrangian: Lagrangian, pool: Pool) -> None:
        """Improve plan and bound side by side; prove the optimum where what is left to choose from is small."""
        restore(self.state, dict(enumerate(self.best or [])))
        few = self.compiled.changes <= FEW
        branching = self._branches(lagrangian)
        looking, proving = (LOOKING_BEFORE_NIGHTS, PROVING_BEFORE_NIGHTS) if branching else (LOOKING, PROVING)
        search = Neighbourhoods(self.state, lagrangian, self.rng, pool, self.compiled.changes if few else FIRST_SIZE)
        while self.effort.used < ENOUGH and not self.proved:
            share = self.effort.used + looking * self._left if few else ENOUGH
            self._side_by_side(search, lagrangian, share, ONE_LOOK * looking)
            search.forget()
            if few and self.effort.used < ENOUGH and not self.proved:
                self._prove(lagrangian, self.effort.used + proving * self._left)
                if branching:
                    self._branch(lagrangian, pool)
                self._lift(lagrangian, pool, min(ENOUGH, self.effort.used + 0.5 * self._left))
                search.stale = 0
        self._finish(lagrangian, self.effort.left)

    def _branches(self, lagrangian: Lagrangian) -> bool:
        """Tell whether to branch over nights: seconds decide how far that gets, so not where units are counted."""
        return self.compiled.changes <= FEW and self.effort.units is None and Nights.suits(lagrangian)

    @property
    def _left(self) -> float:
        """The share of the budget that is left."""
        return max(0.0, 1.0 - self.effort.used)

    def _branch(self, lagrangian: Lagrangian, pool: Pool) -> None:
        """Branch over the nights in which changes may share outages; every plan found on the way is kept."""
        if self.proved or self.best is None or self.objective is None:
            return
        self.phase = "bound, nights"
        nights = Nights(lagrangian, self.objective, self.best)

        def running() -> float:
            self.bound = max(self.bound, min(nights.cents, self.objective or 0))
            self.tick()
            return self.effort.used / ENOUGH

        def found(starts: Mapping[int, int]) -> int:
            restore(self.state, dict.fromkeys(range(self.compiled.changes), UNPLACED))
            self._begin_with({change: start for change, start in starts.items() if start != UNPLACED})
            self.keep()
            restore(self.state, dict.fromkeys(range(self.compiled.changes), UNPLACED))
            restore(self.state, dict(enumerate(self.best or [])))
            return self.objective or 0

        nights.grow(pool, self.limits(self.effort.left), running, found)
        running()

    def _lift(self, lagrangian: Lagrangian, pool: Pool, share: float) -> None:
        """Let clusters of changes choose together, then solve in full what that leaves, if it is little."""
        if self.proved or self.best is None or self.objective is None or self.effort.used >= share:
            return
        self.phase = "bound, clusters"
        clusters = Clusters(lagrangian, self.best)
        running = self.effort.until(share, 0.0, np.inf, self.tick)
        for cents in lift(clusters, self.limits(CLUSTER_EFFORT), pool, running, self._charge_shared):
            self.bound = max(self.bound, min(cents, self.objective))
            self.tick()
            if self.proved:
                return
        kept = clusters.keeps(self.objective)
        if sum(map(len, kept)) <= PROOF_STARTS and self.effort.used < ENOUGH:
            self._whole(dict(enumerate(kept)), 0.7 * self.effort.left)

    def _charge_shared(self, units: float) -> None:
        # Two at a time take the time of one where there are two cores.
        self.effort.charge(units / IN_FLIGHT)

    def _side_by_side(
        self, search: Neighbourhoods, lagrangian: Lagrangian, share: float, longest: float = ONE_LOOK * LOOKING
    ) -> None:
        """Keep the workers busy with neighbourhoods, each a part `longest` of what is left, and step the bound."""
        counted = self.effort.units is not None
        step = self._step_units(lagrangian)
        self.phase = "exact, neighbourhoods"
        while self.effort.used < share and not self.proved and search.stale < STALE:
            while search.in_flight < (IN_FLIGHT if counted else self.workers + 1):
                whole = search.size >= self.compiled.changes
                most = longest * self.effort.left
                freed = search.launch(self.limits(most if whole else min(NEIGHBOURHOOD_EFFORT, most)))
                self.effort.charge(freed * self.insert_units)
            stepped = 0
            while stepped < (STEPS_BETWEEN if counted else 1) and lagrangian.moving and not self.proved:
                lagrangian.step(self._ceiling(lagrangian))
                self.bound = max(self.bound, lagrangian.best.cents)
                self.effort.charge(step)
                stepped += 1
            spent = search.land(60.0 if counted else 0.0 if stepped else 0.1, in_order=counted)
            self._charge_shared(spent)
            self.keep()
            self.tick()

    def _finish(self, lagrangian: Lagrangian, limit: float) -> None:
        """Solve in full what a cheaper plan could still take; nothing left means that the plan is optimal."""
        if self.objective is None or self.proved:
            return
        if lagrangian.best.kept(self.objective) <= PROOF_STARTS and self.effort.left > 0:
            kept = {
                change: np.flatnonzero(lagrangian.best.keeps(change, self.objective)) + self.compiled.begin[change]
                for change in range(self.compiled.changes)
            }
            self._whole(kept, limit)

    def _whole(self, kept: Mapping[int, Numbers], limit: float) -> Outcome:
        """Solve over all kept starts at once: its bound holds for the whole, below the price of the known plan."""
        self.phase = "proof"
        empty = State(self.compiled)
        everyone = range(self.compiled.changes)
        candidates = {change: kept[change][empty.feasible(change, everyone)[kept[change]]] for change in everyone}
        hint = dict(enumerate(self.best)) if self.best else None
        outcome = solve_candidates(empty, candidates, replace(self.limits(limit), workers=1, thorough=True), hint)
        self.effort.charge(outcome.units)
        ceiling = self.objective
        if outcome.starts:
            restore(self.state, dict(enumerate(self.compiled.changes * [UNPLACED])))
            restore(self.state, outcome.starts)
            self.keep()
        if ceiling is None:
            self.bound = max(self.bound, int(np.ceil(outcome.bound - 1e-6)) if outcome.answer != "INFEASIBLE" else 0)
        else:
            self.bound = max(self.bound, min(ceiling, int(np.ceil(min(outcome.bound, ceiling) - 1e-6))))
        self.tick(now=True)
        return outcome
