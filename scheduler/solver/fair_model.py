"""CP-SAT on chosen starts where the largest burden of a team is minimised and the cost is only limited."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from scheduler.solver.burdens import Burdens
from scheduler.solver.covers import Numbers, Span
from scheduler.solver.exact import Model
from scheduler.solver.state import State

UNITS = 1_000_000
"""The largest burden at the beginning of a model, in its own integer units."""


class FairModel(Model):
    """The model of chosen starts with the largest burden as its objective and the cost as a constraint."""

    def __init__(
        self, state: State, candidates: dict[int, Numbers], burdens: Burdens, caps: Sequence[int], budget: int
    ) -> None:
        super().__init__(state, candidates)
        for literals in self.take.values():
            self.rows.exactly_one(literals)
        held = state.objective() - sum(state.compiled.drop[change] or 0 for change in candidates)
        self.rows.at_most(list(self.prices), list(self.prices.values()), budget - held)
        # Room above the present largest burden: amounts are rounded up, and the present plan has to fit.
        self._largest = self.rows.integer(0, UNITS + UNITS // 100)
        self._burdens(burdens, caps)
        self.rows.minimise({self._largest: 1})

    def _burdens(self, burdens: Burdens, caps: Sequence[int]) -> None:
        teams = len(caps)
        separable = {
            change: np.zeros((teams, len(starts)), dtype=np.int64) for change, starts in self.candidates.items()
        }
        shared: dict[int, npt.NDArray[np.int64]] = {}
        for spans, cells in self.grouped(burdens.parts_of).items():
            low, times = self.times(spans)
            cents = np.zeros((teams, len(times)), dtype=np.int64)
            for cell in cells:
                cents[burdens.clients[cell]] += burdens.open_cents(cell, slice(low, low + len(times)))
            self._cell_of_teams(spans, low, times, cents, separable, shared)
        for team, cap in enumerate(caps):
            amounts: dict[int, int] = {}
            for change, table in separable.items():
                amounts.update(zip(self.take[change], table[team].tolist(), strict=True))
            amounts.update((literal, int(row[team])) for literal, row in shared.items())
            scaled = {literal: -(-cents * UNITS // cap) for literal, cents in amounts.items() if cents}
            base = -(-int(burdens.lost[team]) * UNITS // cap)
            if scaled or base:
                self.rows.at_most([*scaled, self._largest], [*scaled.values(), -1], -base)

    def _cell_of_teams(
        self,
        spans: Sequence[Span],
        low: int,
        times: Numbers,
        cents: Numbers,
        separable: dict[int, npt.NDArray[np.int64]],
        shared: dict[int, npt.NDArray[np.int64]],
    ) -> None:
        """Add to `separable`, of shape (teams, candidates), what one change takes alone, and to `shared` the rest."""
        for change, prices in self.alone(spans, low, np.where(times == 1, cents, 0)):
            separable[change] += prices
        where = np.flatnonzero((times > 1) & cents.any(axis=0))
        if not len(where):
            return
        begins, table = self.signatures(spans, where + low)
        amounts = np.add.reduceat(cents[:, where], begins, axis=1)
        for ranges, amount in zip(table.T.tolist(), amounts.T, strict=True):
            literal = self.any_of(ranges)
            shared[literal] = shared[literal] + amount if literal in shared else amount

    def then_cheapest(self, starts: Mapping[int, int]) -> None:
        """Ask for the lowest cost at the largest burden just reached, `starts` being the plan that reached it."""
        if self.reached is not None:
            self.rows.at_most([self._largest], [1], self.reached)
        self.hint(starts)
        self.rows.minimise(self.prices)
