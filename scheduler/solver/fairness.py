"""The second phase: among plans of nearly the lowest cost, one whose hardest hit team loses the least.

After a plan of cost C is found, the largest burden over size of any team is made as small as the effort allows under
cost <= (1 + fairness_epsilon) x C. What is placed stays placed: fairness moves work, it never drops any. First single
changes are moved while that helps, then CP-SAT moves the changes that burden the hardest hit teams together, among
starts that are cheap or spare those teams; last, every change returns to the cheapest start that keeps what was won.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor

import numpy as np
import numpy.typing as npt

from scheduler.portfolio import Portfolio
from scheduler.schedule import Fairness
from scheduler.solver.burdens import Burdens
from scheduler.solver.compiled import Compiled
from scheduler.solver.effort import Effort
from scheduler.solver.exact import Limits, Numbers, Outcome
from scheduler.solver.fair_model import FairModel
from scheduler.solver.search import Neighbours
from scheduler.solver.state import UNPLACED, State, restore

SHARE = 0.25
"""The last part of the effort, which is kept for this phase."""
WHOLE_STARTS = 2_000  # all starts together: one model of everything, and its optimum is the answer
CANDIDATES = 5  # best starts of each change in the first models, for each of the rates
RATES = (0.0, 0.03, 0.1, 0.3, 1.0)  # what burden is priced at to choose starts, over cost / largest burden of the plan
FIRST_FREE, FIRST_OF_MANY, MANY = 40, 20, 100
"""Changes in the first neighbourhood, and in that of many changes; it grows and shrinks with what CP-SAT manages."""
SWEEP_STARTS = 100  # cheapest starts that single moves look at
NEIGHBOURHOOD_EFFORT = 2.0
SEARCH_SHARE = 0.85  # of the phase; the rest is for the last step
STALE = 6  # models of all changes, each of more starts, solved to the end without gain before the phase ends
HOT = 0.9  # teams whose burden is at least this share of the largest are spared together
CALL_UNITS, ARRAY_UNITS = 2e-5, 2e-9  # deterministic prices of a numpy call and of one array element


def budget_of(objective: int, epsilon: float) -> int:
    """Give the largest cost that the phase may reach: (1 + epsilon) x C, in whole weighted cents."""
    return floor(objective * (1 + Fraction(repr(epsilon))))


@dataclass(frozen=True)
class Shared:
    """A plan, its price, and what became of the largest burden; None where no team loses anything."""

    starts: list[int]
    objective: int
    fairness: Fairness | None


def share_out(
    portfolio: Portfolio,
    compiled: Compiled,
    starts: Sequence[int],
    effort: Effort,
    *,
    seed: int = 0,
    workers: int = 1,
    tick: Callable[[], None] = lambda: None,
) -> Shared:
    """Give starts of the same changes, at a cost within the policy's epsilon, with the smallest largest burden found.

    `starts` is a legal plan with UNPLACED where a change is left out. Ends when the effort is used up, when the best
    is proved, or when nothing more is found.
    """
    burdens = Burdens(portfolio, compiled.problem.changes)
    state = State(compiled)
    placed = {change: start for change, start in enumerate(starts) if start != UNPLACED}
    restore(state, placed)
    burdens.follow({}, placed)
    before, before_team = burdens.worst(), burdens.worst_team()
    if not before:
        return Shared(list(starts), state.objective(), None)
    budget = budget_of(state.objective(), portfolio.policy.fairness_epsilon)
    _Phase(state, burdens, budget, effort, np.random.default_rng(seed), workers, seed, tick).go()
    after = burdens.worst()
    figures = Fairness(
        before=float(before), before_team=before_team, after=float(after), after_team=burdens.worst_team()
    )
    return Shared(list(state.starts), state.objective(), figures)


@dataclass
class _Phase:
    state: State
    burdens: Burdens
    budget: int
    effort: Effort
    rng: np.random.Generator
    workers: int
    seed: int
    tick: Callable[[], None]
    placed: list[int] = field(init=False)
    rate: float = 0.0
    width: int = CANDIDATES

    def __post_init__(self) -> None:
        compiled = self.state.compiled
        self.placed = [change for change, start in enumerate(self.state.starts) if start != UNPLACED]
        parts = sum(len(own) for own in (*compiled.cells_of, *compiled.uses_of, *self.burdens.parts_of))
        per_change = 10 + parts / max(1, compiled.changes)
        self.price = CALL_UNITS * per_change + ARRAY_UNITS * compiled.slots * per_change

    def go(self) -> None:
        self._sweep()
        self._neighbourhoods()
        self._cheapen()

    # --- single moves ------------------------------------------------------------------------------------------------

    def _sweep(self) -> None:
        """Move one change after another away from the hardest hit team, while that helps and the effort lasts."""
        moved = True
        while moved:
            moved = False
            for change in self._answerable():
                if self.effort.used >= 1.0:
                    return
                moved |= self._move(change, fairer=True)

    def _answerable(self) -> list[int]:
        """List the changes through which the hardest hit team loses anything, the worst first."""
        team = int(np.argmax(self.burdens.ratios()))
        lost = {change: self.burdens.exposed(change, self.state.starts[change], team) for change in self.placed}
        return sorted((change for change in self.placed if lost[change]), key=lambda change: (-lost[change], change))

    def _move(self, change: int, *, fairer: bool) -> bool:
        """Give a change the start with the smallest largest burden, or the cheapest one that does not raise it."""
        self.effort.charge(self.price)
        self.tick()
        before, worst = self.state.starts[change], self.burdens.worst()
        self.state.remove(change)
        legal = np.flatnonzero(self.state.feasible(change))
        price = self.state.marginal(change)[legal]
        own = price[legal == before]
        ceiling = self.budget - self.state.objective() + (self.state.compiled.drop[change] or 0) if fairer else own[0]
        within = legal[price <= ceiling], price[price <= ceiling]
        cheap = np.lexsort((self.state.compiled.problem.tie_rank[change][within[0]], within[1]))[:SWEEP_STARTS]
        choice, price = within[0][cheap], within[1][cheap]
        self.burdens.remove(change, before)
        lost = self.burdens.lost + self.burdens.added(change, choice.tolist())
        largest = self.burdens.ratios(lost).max(axis=1)
        fair_enough = np.flatnonzero(largest <= float(worst) * (1 + 1e-12))
        order = np.lexsort((price, largest)) if fairer else fair_enough
        for number in [*order[:3].tolist(), None]:
            start = before if number is None else int(choice[number])
            self.burdens.place(change, start)
            reached = self.burdens.worst()
            if number is None or start == before or reached < worst or (not fairer and reached == worst):
                break
            self.burdens.remove(change, start)
        self.state.place(change, start)
        return start != before

    def _cheapen(self) -> None:
        """Return every change to the cheapest start that keeps the largest burden, ties as in any plan."""
        moved, rounds = True, 0
        while moved and rounds < 5:
            moved, rounds = False, rounds + 1
            for change in self.placed:
                if self.effort.used >= 1.0:
                    return
                moved |= self._move(change, fairer=False)

    # --- neighbourhoods ----------------------------------------------------------------------------------------------

    def _neighbourhoods(self) -> None:
        """Place again as many changes together, among as many starts, as CP-SAT manages."""
        compiled = self.state.compiled
        whole = int(compiled.ok[self.placed].sum()) <= WHOLE_STARTS
        first = FIRST_FREE if len(self.placed) <= MANY else FIRST_OF_MANY
        size, stale = len(self.placed) if whole else min(first, len(self.placed)), 0
        neighbours = None if whole else Neighbours(compiled)
        while self.effort.used < SEARCH_SHARE and stale < STALE:
            free = self.placed if neighbours is None else self._free(neighbours, size)
            left = self.effort.left * (1 - (1 - SEARCH_SHARE) / (1 - self.effort.used))
            limit = left if whole else min(NEIGHBOURHOOD_EFFORT, max(0.1, 0.5 * left))
            better, answer = self._replan(free, limit, whole=whole)
            if whole:
                return
            if answer != "OPTIMAL":
                size = max(5, 3 * size // 4)
            elif size < len(self.placed):
                size = min(len(self.placed), size + size // 2)
            elif not better:
                self.width += self.width // 2
                stale += 1
            self.tick()

    def _free(self, neighbours: Neighbours, size: int) -> list[int]:
        """Choose changes that burden the hardest hit team, and as many of their neighbours as there is room for."""
        chosen = self._answerable()
        if len(chosen) > size:
            chosen = [chosen[number] for number in sorted(self.rng.permutation(len(chosen))[:size].tolist())]
        others = set(chosen)
        while chosen and len(chosen) < size:
            seed = chosen[int(self.rng.integers(len(chosen)))]
            near = neighbours.related([seed], 4, self.rng, lambda other: self.state.starts[other] != UNPLACED)
            fresh = [other for other in near if other not in others and self.state.starts[other] != UNPLACED]
            fresh = fresh or [change for change in self.placed if change not in others][:1]
            if not fresh:
                break
            chosen += fresh
            others.update(fresh)
        return chosen[:size]

    def _replan(self, free: list[int], limit: float, *, whole: bool) -> tuple[bool, str]:
        """Let CP-SAT place some changes again; kept where the largest burden falls, or else the cost alone does."""
        state, burdens, begun = self.state, self.burdens, time.monotonic()
        before = {change: state.starts[change] for change in free}
        held = (burdens.worst(), state.objective())
        self.rate = held[1] / float(held[0])
        caps = [max(1, floor(held[0] * size)) for size in burdens.sizes]
        hot = np.where(burdens.ratios() >= HOT * float(held[0]), 1.0 / np.array(burdens.sizes, dtype=np.float64), 0.0)
        for change, start in before.items():
            state.remove(change)
            burdens.remove(change, start)
        if whole:
            candidates = {change: np.flatnonzero(state.feasible(change, before)) for change in free}
        else:
            candidates = {change: self._candidates(change, before, hot) for change in free}
        model = FairModel(state, candidates, burdens, caps, self.budget)
        model.hint(before)
        outcome = model.solve(self._limits(limit), used=time.monotonic() - begun)
        self._charge(outcome, free)
        first = outcome
        if outcome.starts and self.effort.used < 1.0:
            model.then_cheapest(outcome.starts)
            outcome = model.solve(self._limits(0.2 * limit))
            self._charge(outcome, [])
        for starts in (outcome.starts, first.starts, before):
            if starts:
                restore(state, starts)
                burdens.follow({}, starts)
                reached = (burdens.worst(), state.objective())
                if starts is before or (reached < held and reached[1] <= self.budget):
                    return starts is not before and reached[0] < held[0], first.answer
                burdens.follow(starts, {})
        raise AssertionError("a plan is always among the choices")

    def _candidates(self, change: int, free: dict[int, int], hot: npt.NDArray[np.float64]) -> Numbers:
        """Choose starts that are cheap or spare the hot teams: the best ones at several prices of their burden."""
        legal = np.flatnonzero(self.state.feasible(change, free))
        price = self.state.marginal(change)[legal].astype(np.float64)
        spared = self.burdens.pressure(change, hot)[legal]
        chosen = {free[change]}
        for rate in RATES:
            order = np.argsort(price + rate * self.rate * spared, kind="stable")
            chosen.update(legal[order[: self.width]].tolist())
        return np.array(sorted(chosen), dtype=np.int64)

    def _limits(self, amount: float) -> Limits:
        return Limits(
            amount, amount if self.effort.units is not None else None, self.workers, self.seed, self.effort.stop
        )

    def _charge(self, outcome: Outcome, free: Sequence[int]) -> None:
        self.effort.charge(outcome.units + len(free) * self.price)
