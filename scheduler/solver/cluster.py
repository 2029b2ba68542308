"""What a few changes pay when they choose together at given multipliers, as a model for CP-SAT in whole numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from scheduler.horizon import Mask
from scheduler.solver.bound import Lagrangian
from scheduler.solver.compiled import Compiled
from scheduler.solver.covers import Numbers
from scheduler.solver.cpsat import Solved
from scheduler.solver.exact import Model
from scheduler.solver.problem import Cents
from scheduler.solver.state import UNPLACED, State
from scheduler.solver.windows import Floats

LARGEST = 2.0**36
"""What a cluster's prices are scaled to at most, as whole numbers."""


@dataclass
class Cluster:
    """Some changes, what they pay at the multipliers when each chooses alone, and what a known plan pays for them."""

    changes: Sequence[int]
    lower: float
    upper: float = 0.0
    gain: float = 0.0
    round: int = 0
    threshold: float = 0.0
    linear: Mapping[int, Floats] = field(default_factory=dict)
    weight: Mapping[int, Floats] = field(default_factory=dict)


class _Members(State):
    """An empty schedule in which cells weigh what a cluster's members hold of them."""

    def __init__(self, compiled: Compiled, weight: Mapping[int, Cents]) -> None:
        self.compiled = compiled
        self.starts = [UNPLACED] * compiled.changes
        self.free = compiled.capacity
        self.room = [cap.limit for cap in compiled.caps]
        self._weight = weight
        self._nothing = np.zeros(compiled.slots, dtype=np.int64)

    def open_weight(self, cell: int) -> Cents:
        return self._weight.get(cell, self._nothing)

    def counted_open(self, cell: int) -> Mask:
        return np.ones(self.compiled.slots, dtype=np.bool_)


class ClusterModel(Model):
    """A cluster's own problem in whole numbers; `base` is what was taken off its prices, in cents."""

    def __init__(self, lagrangian: Lagrangian, cluster: Cluster, candidates: Mapping[int, Numbers]) -> None:
        compiled = lagrangian.compiled
        self._linear: dict[int, Floats] = {}
        self._drops: dict[int, float | None] = {}
        self.base = 0.0
        for change, starts in candidates.items():
            row, drop = cluster.linear[change][starts - compiled.begin[change]], compiled.drop[change]
            least = min(float(row.min(initial=np.inf)), np.inf if drop is None else float(drop))
            least = least if np.isfinite(least) else 0.0
            self._linear[change] = row - least
            self._drops[change] = None if drop is None else drop - least
            self.base += least
        size = sum(float(row.max(initial=0.0)) for row in self._linear.values())
        size += sum(one for one in self._drops.values() if one) + sum(float(w.sum()) for w in cluster.weight.values())
        self.scale = min(1e6, LARGEST / max(size, 1.0))
        weight = {cell: np.floor(row * self.scale).astype(np.int64) for cell, row in cluster.weight.items()}
        super().__init__(_Members(compiled, weight), candidates)
        self.rows.minimise(self.prices)

    def start_prices(self, change: int) -> Numbers:
        """Give what each candidate of a change pays by itself, scaled and rounded down."""
        return np.floor(self._linear[change] * self.scale).astype(np.int64)

    def drop_price(self, change: int) -> int | None:
        """Give what leaving a change out costs, scaled and rounded down; None where it may not be."""
        drop = self._drops[change]
        return None if drop is None else int(np.floor(drop * self.scale))

    def least(self, solved: Solved) -> float:
        """Give what CP-SAT proved that the cluster pays at least, in cents; infinite where nothing fits."""
        if solved.status == "INFEASIBLE":
            return float("inf")
        # No price is negative, so what says nothing says 0.
        return self.base + max(0.0, solved.bound) / self.scale
