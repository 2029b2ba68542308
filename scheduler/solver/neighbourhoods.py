"""Large neighbourhood search: CP-SAT places a few dozen changes again among their best starts, over and over.

Several neighbourhoods are solved at a time, in processes of their own, around the plan as it was when each was posed.
What comes back is checked and priced against the plan as it then is, so it makes no difference how they overlap.
(Shaw, Principles and Practice of Constraint Programming 1998.)
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scheduler.solver.bound import Bound, Lagrangian
from scheduler.solver.exact import Model, posed
from scheduler.solver.limits import Limits
from scheduler.solver.search import Neighbours
from scheduler.solver.state import UNPLACED, State, restore
from scheduler.solver.windows import Floats, Numbers
from scheduler.solver.workers import Pool

BEST_REDUCED, BEST_MARGINAL, BEST_BESIDE = 5, 3, 3
TIES = 0.01  # of what a change costs on average: a reduced cost of that is as good as none
SHARING = 0.5  # of the neighbourhoods are changes that share outages, wherever those are
NEAR_DAYS = 6 / 28  # half of the neighbourhoods lie within this share of the horizon
FEW = 150  # changes that CP-SAT places all together
SMALLEST, LARGEST = 5, 200
FIRST_OF_FEW = 2.0  # times the candidates, where all changes are placed together
WIDER = 1.6  # times the candidates, where nothing better was found for long
PASSES = 3  # times that all changes were free since then, on average


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

    def __init__(self, state: State, lagrangian: Lagrangian, rng: np.random.Generator, pool: Pool, size: int) -> None:
        self.state, self.lagrangian, self.rng, self.pool = state, lagrangian, rng, pool
        self.neighbours = Neighbours(state.compiled)
        self.size = size
        self.width = 1.0 if size < state.compiled.changes else FIRST_OF_FEW
        self.stale = 0
        self._fruitless = 0
        self._flights: dict[int, _Flight] = {}
        self._busy: set[int] = set()
        self._reference: Bound | None = None
        self._regret: Floats = np.ones(state.compiled.changes)
        self._posed = 0
        self._noise = 0.0
        self._lost: Floats = np.zeros(len(state.compiled.members))

    @property
    def in_flight(self) -> int:
        """How many neighbourhoods are being solved."""
        return len(self._flights)

    # --- posing ------------------------------------------------------------------------------------------------------

    def launch(self, limits: Limits) -> int:
        """Pose one more neighbourhood and give how many changes it frees."""
        self._look_up()
        free = self._choose()
        before = {change: self.state.starts[change] for change in free}
        price = self.state.objective()
        beside = {change: self._beside(change, start) for change, start in before.items() if start != UNPLACED}
        for change in beside:
            self.state.remove(change)
        self._noise = TIES * price / max(1, self.state.compiled.changes)
        candidates = {change: self._candidates(change, before, beside.get(change)) for change in free}
        model, constant = posed(self.state, candidates, before)
        restore(self.state, before)
        assert self.state.objective() == price
        ticket = self.pool.submit(model.text(), limits.lean())
        self._flights[ticket] = _Flight(model, constant, before)
        self._busy.update(free)
        return len(free)

    def _look_up(self) -> None:
        """Note what the multipliers think of the present starts; not every time, as it prices every start."""
        if self._reference is None or self._posed % 10 == 0:
            compiled, reference = self.state.compiled, self.lagrangian.best
            self._reference = reference
            starts = np.array(self.state.starts, dtype=np.int64)
            collected = self.lagrangian.sharing.collected(self.lagrangian.shares, starts, starts != UNPLACED)
            self._lost = np.maximum(self.state.paid() - collected, 0.0)
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
            return self.neighbours.related([seed], max(1, compiled.changes // 2), self.rng, lambda _: True)

        few = 3 * self.size > compiled.changes

        def near(other: int) -> bool:
            return (few or other not in self._busy) and abs(state.starts[other] - middle) <= far

        if self.neighbours.shares and self.rng.random() < SHARING:
            # Who shares an outage may have to meet anywhere.
            far = compiled.slots
            if not self.neighbours.sharing(seed):
                seed = self.neighbours.shares[int(self.rng.integers(len(self.neighbours.shares)))]
            lost = float(self._lost.sum())
            if lost > 0 and self.rng.random() < 0.7:
                # A cell whose outages cost more than those who cause them are charged: they might meet better.
                cell = int(self.rng.choice(len(self._lost), p=self._lost / lost))
                own = {member.change for member in compiled.members[cell]}
                return self.neighbours.related(sorted(own), self.size, self.rng, near, 0.95)
            return self.neighbours.related([seed], self.size, self.rng, near, 0.95)
        return self.neighbours.related([seed], self.size, self.rng, near, 0.3)

    def _beside(self, change: int, start: int) -> Numbers:
        """Give the best starts of a placed change where all others stay."""
        self.state.remove(change)
        legal, price = self.state.choices(change)
        self.state.place(change, start)
        best: Numbers = legal[np.argsort(price, kind="stable")[: int(self.width * BEST_BESIDE)]]
        return best

    def _candidates(self, change: int, free: Mapping[int, int], beside: Numbers | None) -> Numbers:
        """Choose the starts that are best by the multipliers, with all free changes away, and with all others there."""
        legal, marginal = self.state.choices(change, free)
        chosen = ({free[change]} - {UNPLACED}).union(() if beside is None else beside.tolist())
        if self._reference is not None:
            reduced = self._reference.reduced_row(change)[legal - self.state.compiled.begin[change]]
            # Many starts are equally good to the multipliers: take others of them every time.
            reduced = reduced + self.rng.exponential(self._noise, len(reduced))
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
            self._resize(len(flight.before), solved_to_the_end=outcome.answer == "OPTIMAL", better=better)
        return spent

    def forget(self) -> None:
        """Give up what is being solved; its answers are not taken."""
        self._flights.clear()
        self._busy.clear()

    def _resize(self, freed: int, *, solved_to_the_end: bool, better: bool) -> None:
        changes = self.state.compiled.changes
        self._fruitless = 0 if better else self._fruitless + freed
        if better:
            self.stale = 0
        elif solved_to_the_end and (freed == changes or self._fruitless > PASSES * changes):
            self.stale += freed == changes
            self.width *= WIDER
            self._fruitless = 0
        if solved_to_the_end:
            self.size = min(changes, LARGEST, self.size + 1 + self.size // 8)
        elif not better:
            self.size = max(min(SMALLEST, changes), 7 * self.size // 8)

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
