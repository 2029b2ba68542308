"""Large neighbourhood search: CP-SAT places a few dozen changes again among their best starts, over and over.

Several neighbourhoods are solved at a time, in processes of their own, around the plan as it was when each was posed.
What comes back is checked and priced against the plan as it then is, so it makes no difference how they overlap.
(Shaw, Principles and Practice of Constraint Programming 1998.)
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scheduler.solver.bound import Bound
from scheduler.solver.exact import Model, posed
from scheduler.solver.limits import Limits
from scheduler.solver.search import Neighbours
from scheduler.solver.state import UNPLACED, State, restore
from scheduler.solver.windows import Floats, Numbers
from scheduler.solver.workers import Pool

BEST_REDUCED, BEST_MARGINAL = 25, 12
NEAR_DAYS = 6 / 28  # half of the neighbourhoods lie within this share of the horizon
SMALLEST, LARGEST = 5, 150
NARROW = 0.5  # of the candidates, for all changes together at first
WIDER = 1.6  # candidates, each time that all changes together find nothing better among theirs


@dataclass
class _Flight:
    """A neighbourhood that is being solved, with the plan around it as it was when it was posed."""

    model: Model
    constant: int
    before: Mapping[int, int]


class Neighbourhoods:
    """Improves the plan that a state holds.

    `size` is how many changes the next neighbourhood frees; it grows while CP-SAT solves them to the end and shrinks
    when it does not. `stale` counts the neighbourhoods of all changes since the last one that made the plan cheaper.
    """

    def __init__(self, state: State, rng: np.random.Generator, pool: Pool, size: int) -> None:
        self.state, self.rng, self.pool = state, rng, pool
        self.neighbours = Neighbours(state.compiled)
        self.size = size
        self.width = 1.0 if size < state.compiled.changes else NARROW
        self.stale = 0
        self.landed = self.improved = 0
        self._flights: dict[int, _Flight] = {}
        self._busy: set[int] = set()
        self._reference: Bound | None = None
        self._regret: Floats = np.ones(state.compiled.changes)
        self._posed = 0

    @property
    def in_flight(self) -> int:
        """How many neighbourhoods are being solved."""
        return len(self._flights)

    # --- posing ------------------------------------------------------------------------------------------------------

    def launch(self, bound: Bound, limits: Limits) -> int:
        """Pose one more neighbourhood and give how many changes it frees; `bound` says which starts are promising."""
        self._look_up(bound)
        free = self._choose()
        before = {change: self.state.starts[change] for change in free}
        price = self.state.objective()
        for change, start in before.items():
            if start != UNPLACED:
                self.state.remove(change)
        candidates = {change: self._candidates(change, before) for change in free}
        model, constant = posed(self.state, candidates, before)
        restore(self.state, before)
        assert self.state.objective() == price
        ticket = self.pool.submit(model.text(), limits.lean())
        self._flights[ticket] = _Flight(model, constant, before)
        self._busy.update(free)
        return len(free)

    def _look_up(self, bound: Bound) -> None:
        """Note what the multipliers think of the present starts; not for every step, as it prices every start."""
        if self._reference is None or (self._posed % 10 == 0 and bound is not self._reference):
            self._reference = bound
        if self._posed % 10 == 0:
            compiled, reference = self.state.compiled, self._reference
            for change, start in enumerate(self.state.starts):
                row = reference.reduced_row(change)
                ahead = start - int(compiled.begin[change])
                self._regret[change] = row[ahead] if 0 <= ahead < len(row) else 0.0
            self._regret[~np.isfinite(self._regret)] = 0.0
        self._posed += 1

    def _choose(self) -> list[int]:
        """Pick a change, by chance or by what it pays over its best start, and others that it shares something with."""
        state, compiled = self.state, self.state.compiled
        total = float(self._regret.sum())
        if total > 0 and self.rng.random() < 0.6:
            seed = int(self.rng.choice(compiled.changes, p=self._regret / total))
        else:
            seed = int(self.rng.integers(compiled.changes))
        middle = state.starts[seed]
        far = compiled.slots
        if self.rng.random() < 0.5 and middle != UNPLACED and self.size < compiled.changes:
            far = int(NEAR_DAYS * compiled.slots) if compiled.slots < 3000 else 600

        if self.size >= compiled.changes:
            if not self._busy:
                return list(range(compiled.changes))
            # Beside all of them, half of them: whoever comes second must find something better still.
            return self.neighbours.related(seed, max(1, compiled.changes // 2), self.rng, lambda _: True)

        def near(other: int) -> bool:
            return other not in self._busy and abs(state.starts[other] - middle) <= far

        few = 3 * self.size > compiled.changes
        return self.neighbours.related(seed, self.size, self.rng, (lambda _: True) if few else near)

    def _candidates(self, change: int, free: Mapping[int, int]) -> Numbers:
        legal, marginal = self.state.choices(change, free)
        chosen = {free[change]} - {UNPLACED}
        if self._reference is not None:
            reduced = self._reference.reduced_row(change)[legal - self.state.compiled.begin[change]]
            chosen.update(legal[np.argsort(reduced, kind="stable")[: int(self.width * BEST_REDUCED)]].tolist())
        chosen.update(legal[np.argsort(marginal, kind="stable")[: int(self.width * BEST_MARGINAL)]].tolist())
        return np.array(sorted(chosen), dtype=np.int64)

    # --- taking ------------------------------------------------------------------------------------------------------

    def land(self, timeout: float, *, in_order: bool) -> float:
        """Take what has been solved by now, or the one posed first if `in_order`; give the effort it took in units."""
        spent = 0.0
        if in_order:
            ticket = min(self._flights)
            solved = self.pool.take(ticket, timeout)
            done = [] if solved is None else [(ticket, solved)]
        else:
            done = [(one.ticket, one.solved) for one in self.pool.wait(timeout)]
        for ticket, solved in done:
            flight = self._flights.pop(ticket, None)
            if flight is None:
                continue
            self._busy.difference_update(flight.before)
            if solved.status == "LOST":
                continue
            outcome = flight.model.outcome(solved, flight.constant)
            spent += outcome.units
            better = bool(outcome.starts) and self._take(flight.before, outcome.starts)
            self.landed += 1
            self.improved += better
            self._resize(len(flight.before), solved_to_the_end=outcome.answer == "OPTIMAL", better=better)
        return spent

    def forget(self) -> None:
        """Give up what is being solved; its answers are not taken."""
        self._flights.clear()
        self._busy.clear()

    def _resize(self, freed: int, *, solved_to_the_end: bool, better: bool) -> None:
        changes = self.state.compiled.changes
        if better:
            self.stale = 0
        elif solved_to_the_end and freed == changes:
            self.stale += 1
            self.width *= WIDER
        if solved_to_the_end:
            self.size = min(changes, max(LARGEST, 1), self.size + 1 + self.size // 8)
        else:
            self.size = max(min(SMALLEST, changes), 3 * self.size // 4)

    def _take(self, before: Mapping[int, int], starts: Mapping[int, int]) -> bool:
        """Move changes to new starts where that is still legal and no dearer; tell whether it made the plan cheaper."""
        state = self.state
        present = {change: state.starts[change] for change in before}
        if all(present[change] == start for change, start in starts.items()):
            return False
        price, missing = state.objective(), len(state.missing())
        for change, start in present.items():
            if start != UNPLACED:
                state.remove(change)
        waiting = set(starts)
        legal = True
        for change in sorted(starts, key=lambda change: (starts[change], change)):
            waiting.discard(change)
            if starts[change] != UNPLACED:
                if not state.allows(change, starts[change], waiting):
                    legal = False
                    break
                state.place(change, starts[change])
        if not legal or len(state.missing()) > missing or state.objective() > price or _orphaned(state, starts):
            for change in starts:
                if state.starts[change] != UNPLACED:
                    state.remove(change)
            restore(state, present)
            return False
        return state.objective() < price


def _orphaned(state: State, changes: Mapping[int, int]) -> bool:
    """Tell whether one of some changes is left out although one that must follow it is placed."""
    return any(
        lag.before == change and state.starts[lag.after] != UNPLACED
        for change, start in changes.items()
        if start == UNPLACED
        for lag in state.compiled.lags_of[change]
    )
