"""CP-SAT on chosen starts where the largest burden of a team is minimised and the cost is only limited."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from ortools.sat.python import cp_model

from scheduler.solver.burdens import Burdens
from scheduler.solver.compiled import Part
from scheduler.solver.exact import Model, Numbers
from scheduler.solver.state import State
from scheduler.solver.windows import sums

UNITS = 1_000_000
"""The largest burden at the beginning of a model, in its own integer units."""


class FairModel(Model):
    """The model of chosen starts with the largest burden as its objective and the cost as a constraint."""

    def __init__(
        self, state: State, candidates: dict[int, Numbers], burdens: Burdens, caps: Sequence[int], budget: int
    ) -> None:
        self._known: dict[tuple[tuple[int, ...], ...], cp_model.IntVar] = {}
        super().__init__(state, candidates)
        for literals in self.take.values():
            self.model.add_exactly_one(literals)
        held = state.objective() - sum(state.compiled.drop[change] or 0 for change in candidates)
        self._cost = cp_model.LinearExpr.weighted_sum(*zip(*self.costs, strict=True)) if self.costs else 0
        self.model.add(self._cost <= budget - held)
        # Room above the present largest burden: amounts are rounded up, and the present plan has to fit.
        self._largest = self.model.new_int_var(0, UNITS + UNITS // 100, "largest burden")
        self._burdens(burdens, caps)
        self.model.minimize(self._largest)

    def any_of(self, covered: Mapping[int, Iterable[int]], name: str) -> cp_model.IntVar:
        """Give one literal for all runs that the same candidates cover: costs and burdens speak of the same slots."""
        key = tuple((change, *sorted(numbers)) for change, numbers in sorted(covered.items()))
        if key not in self._known:
            self._known[key] = super().any_of(covered, name)
        return self._known[key]

    def _burdens(self, burdens: Burdens, caps: Sequence[int]) -> None:
        teams = len(caps)
        separable = {
            change: np.zeros((teams, len(starts)), dtype=np.int64) for change, starts in self.candidates.items()
        }
        shared: dict[int, tuple[cp_model.IntVar, npt.NDArray[np.int64]]] = {}
        alike: dict[tuple[tuple[int, int, int], ...], list[int]] = {}
        for cell, parts in self.grouped(burdens.parts_of).items():
            alike.setdefault(tuple((change, part.offset, part.length) for change, part in parts), []).append(cell)
        for key, cells in alike.items():
            cents = np.zeros((teams, self.compiled.slots), dtype=np.int64)
            for cell in cells:
                cents[burdens.clients[cell]] += burdens.open_cents(cell)
            parts = [(change, Part(0, 1, offset, length)) for change, offset, length in key]
            self._cell_of_teams(parts, cents, separable, shared)
        for team, cap in enumerate(caps):
            literals, amounts = [], []
            for change, table in separable.items():
                literals += self.take[change]
                amounts += table[team].tolist()
            for literal, row in shared.values():
                literals.append(literal)
                amounts.append(int(row[team]))
            terms = [(one, -(-cents * UNITS // cap)) for one, cents in zip(literals, amounts, strict=True) if cents]
            base = -(-int(burdens.lost[team]) * UNITS // cap)
            if terms or base:
                total = cp_model.LinearExpr.weighted_sum(*zip(*terms, strict=True)) if terms else 0
                self.model.add(total + base <= self._largest)

    def _cell_of_teams(
        self,
        parts: Sequence[tuple[int, Part]],
        cents: npt.NDArray[np.int64],
        separable: dict[int, npt.NDArray[np.int64]],
        shared: dict[int, tuple[cp_model.IntVar, npt.NDArray[np.int64]]],
    ) -> None:
        """Add to `separable`, of shape (teams, candidates), what one change takes alone, and to `shared` the rest."""
        covers = {change: np.zeros(self.compiled.slots, dtype=np.bool_) for change, _ in parts}
        for change, part in parts:
            covers[change] |= self.cover(change, part)
        times = np.sum(list(covers.values()), axis=0)
        for change, part in parts:
            alone = cents * (covers[change] & (times == 1))
            separable[change] += sums(alone, part.offset, part.length)[:, self.candidates[change]]
        running = np.concatenate((np.zeros((len(cents), 1), dtype=np.int64), np.cumsum(cents, axis=1)), axis=1)
        for span, ranges in self.runs(parts, (times > 1) & cents.any(axis=0)):
            amount = running[:, span.stop] - running[:, span.start]
            literal = self.any_of(self.covered(parts, ranges), f"burden from slot {span.start}")
            if literal.index in shared:
                amount = amount + shared[literal.index][1]
            shared[literal.index] = (literal, amount)

    def then_cheapest(self, starts: Mapping[int, int]) -> None:
        """Ask for the lowest cost at the largest burden just reached, `starts` being the plan that reached it."""
        if self.reached is not None:
            self.model.add(self._largest <= self.reached)
        self.model.clear_hints()  # type: ignore[no-untyped-call]
        self.hint(starts)
        self.model.minimize(self._cost)
