"""The best plan and bound of a run, kept outside any solver, and how it stands."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from scheduler.solver.bound import Bound, Lagrangian
from scheduler.solver.compiled import Compiled
from scheduler.solver.effort import Effort
from scheduler.solver.limits import Limits
from scheduler.solver.search import Insertion
from scheduler.solver.state import State

TINY_STARTS = 3_000  # all starts together: solved whole at once
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
    priced: "Priced | None" = field(default=None, compare=False)


@dataclass(frozen=True)
class Priced:
    """The best multipliers of a run, as prices of all starts of the problem that was searched.

    In that problem, changes that must start together are one.
    """

    compiled: Compiled
    bound: Bound


@dataclass
class Incumbent:
    """What a run over one problem works with, and the best it has found."""

    compiled: Compiled
    effort: Effort
    seed: int
    workers: int
    report: Callable[[Progress], None] | None
    found: Callable[[list[int], int], None] | None = None
    phase: str = ""
    best: list[int] | None = None
    objective: int | None = None
    bound: int = 0
    _last: float = -1.0
    _told: int | None = None
    lagrangian: Lagrangian | None = None
    rng: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.state = State(self.compiled)
        self.insertion = Insertion(self.compiled)
        # Tiny problems are solved whole at once, so search and bound need only a start there.
        self.tiny = int(self.compiled.ok.sum()) <= TINY_STARTS
        self.steps = 100.0 if self.tiny else np.inf
        parts = sum(map(len, (*self.compiled.cells_of, *self.compiled.uses_of, *self.compiled.counted_of)))
        per_change = parts / max(1, self.compiled.changes)
        width = float((self.compiled.end - self.compiled.begin).mean()) if self.compiled.changes else 0.0
        self.insert_units = CALL_UNITS * (5 + per_change) + ARRAY_UNITS * width * (10 + per_change)

    # --- keeping -----------------------------------------------------------------------------------------------------

    @property
    def priced(self) -> Priced | None:
        """The multipliers of this run, once there are some."""
        return None if self.lagrangian is None else Priced(self.compiled, self.lagrangian.best)

    @property
    def proved(self) -> bool:
        """Tell whether nothing can be cheaper than the best plan."""
        return self.objective is not None and self.bound >= self.objective

    def limits(self, amount: float) -> Limits:
        """Give limits of an amount of effort, in its own measure."""
        units = amount if self.effort.units is not None else None
        return Limits(amount, units, self.workers, self.seed, self.effort.stop)

    def keep(self) -> None:
        """Remember the state's plan if it is complete and the best so far: the incumbent lives outside any solver."""
        price = self.state.objective()
        if not self.state.missing() and (self.objective is None or price <= self.objective):
            self.objective, self.best = price, list(self.state.starts)

    def tick(self, phase: str | None = None, now: bool = False) -> None:
        """Tell whoever wants to know how the run stands, twice a second at most."""
        self.phase = phase or self.phase
        if self.report is not None and (now or self.effort.elapsed - self._last >= 0.5):
            self._last = self.effort.elapsed
            self.report(Progress(self._last, self.phase, self.objective, self.bound or None))
        if self.found is None or self.best is None or self.objective is None:
            return
        if self._told is None or self.objective < self._told:
            self._told = self.objective
            self.found(list(self.best), self.objective)
