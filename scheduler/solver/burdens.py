"""What each team loses through a partial schedule, exactly, kept up to date beside a `State`.

Cells are those of `downtime`, with the client money of every team in place of one weight; steps that the same changes
reach alike are one cell here.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from scheduler.costs.downtime import levels
from scheduler.demand.burden import sizes
from scheduler.demand.impact import Cents, prices
from scheduler.demand.topology import clients
from scheduler.portfolio import Portfolio
from scheduler.solver.compiled import Part
from scheduler.solver.state import UNPLACED
from scheduler.solver.windows import sums

_Key = tuple[tuple[str, int, int], ...]


class Burdens:
    """The cents of every team with a size, beside the starts of some changes.

    `teams` and `sizes` are in the order of the ids; `lost` has shape (teams,). Changes are numbers of `changes`.
    """

    def __init__(self, portfolio: Portfolio, changes: Sequence[str]) -> None:
        self.teams = tuple(sizes(portfolio))
        self.sizes = tuple(sizes(portfolio).values())
        self._scale = np.array(self.sizes, dtype=np.float64)
        self.lost: Cents = np.zeros(len(self.teams), dtype=np.int64)
        index = {change: number for number, change in enumerate(changes)}
        self.parts_of: list[list[Part]] = [[] for _ in changes]
        self.clients: list[npt.NDArray[np.int64]] = []
        self.cents: list[npt.NDArray[np.integer]] = []
        for members, rows in _cells(portfolio, self.teams).items():
            for name, offset, length in members:
                self.parts_of[index[name]].append(Part(len(self.clients), 1, offset, length))
            table = np.array(list(rows.values()))
            narrow = table.max(initial=0) <= np.iinfo(np.int32).max
            self.clients.append(np.array(list(rows), dtype=np.int64))
            self.cents.append(table.astype(np.int32) if narrow else table)
        self._covers = np.zeros((len(self.cents), portfolio.horizon.slots), dtype=np.int16)

    # --- moving ----------------------------------------------------------------------------------------------------

    def place(self, change: int, start: int) -> None:
        """Add what a change takes from teams that nobody placed takes already."""
        for part in self.parts_of[change]:
            begin, end = start + part.offset, start + part.offset + part.length
            self._lose(part, begin, end, 1)
            self._covers[part.target, begin:end] += 1

    def remove(self, change: int, start: int) -> None:
        """Give back what only this change takes."""
        for part in self.parts_of[change]:
            begin, end = start + part.offset, start + part.offset + part.length
            self._covers[part.target, begin:end] -= 1
            self._lose(part, begin, end, -1)

    def follow(self, before: Mapping[int, int], after: Mapping[int, int]) -> None:
        """Move changes from their starts before to those after; UNPLACED is none."""
        for change, start in before.items():
            if start != UNPLACED:
                self.remove(change, start)
        for change, start in after.items():
            if start != UNPLACED:
                self.place(change, start)

    def _lose(self, part: Part, begin: int, end: int, sign: int) -> None:
        free = self._covers[part.target, begin:end] == 0
        if free.any():
            lost = self.cents[part.target][:, begin:end][:, free].sum(axis=1, dtype=np.int64)
            self.lost[self.clients[part.target]] += sign * lost

    # --- asking ----------------------------------------------------------------------------------------------------

    def open_cents(self, cell: int) -> Cents:
        """Give the cents of a cell's clients where nobody placed is active, shape (clients of the cell, slots)."""
        table: Cents = self.cents[cell] * (self._covers[cell] == 0).astype(np.int64)
        return table

    def added(self, change: int, starts: Sequence[int]) -> Cents:
        """Price starts of an unplaced change for every team, all others staying; shape (starts, teams)."""
        found = np.zeros((len(starts), len(self.teams)), dtype=np.int64)
        for part in self.parts_of[change]:
            free = self._covers[part.target] == 0
            rows, table = self.clients[part.target], self.cents[part.target]
            for number, start in enumerate(starts):
                span = slice(start + part.offset, start + part.offset + part.length)
                found[number, rows] += (table[:, span] * free[span].astype(np.int64)).sum(axis=1, dtype=np.int64)
        return found

    def exposed(self, change: int, start: int, team: int) -> int:
        """Give what a team loses in the slots of a change at a start, whoever else takes them too."""
        return sum(
            int(self.cents[part.target][self.clients[part.target] == team, begin : begin + part.length].sum())
            for part in self.parts_of[change]
            for begin in (start + part.offset,)
        )

    def pressure(self, change: int, weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Price every start of an unplaced change by `weights` per cent of each team; shape (slots,)."""
        slots = self._covers.shape[1]
        found = np.zeros(slots, dtype=np.float64)
        for part in self.parts_of[change]:
            own = weights[self.clients[part.target]]
            if own.any():
                row = own @ self.cents[part.target] * (self._covers[part.target] == 0)
                # Whole numbers, as sliding sums are made for them; a millionth of the largest is fine enough here.
                unit = max(float(row.max(initial=0.0)) * 1e-6, 1e-300)
                found += sums((row / unit).astype(np.int64), part.offset, part.length) * unit
        return found

    def ratios(self, lost: Cents | None = None) -> npt.NDArray[np.float64]:
        """Give burden over size for `lost` of shape (…, teams), as floats."""
        return (self.lost if lost is None else lost) / self._scale

    def worst(self) -> Fraction:
        """Give the largest burden over size, exactly; 0 without teams."""
        return max(self._exact(), default=Fraction(0))

    def worst_team(self) -> str:
        """Name the team with the largest burden over size, the first by id on a tie; empty without teams."""
        return max(zip(self._exact(), self.teams, strict=True), key=lambda one: one[0], default=(0, ""))[1]

    def _exact(self) -> list[Fraction]:
        return [Fraction(int(cents), size) for cents, size in zip(self.lost, self.sizes, strict=True)]


def _cells(portfolio: Portfolio, teams: Sequence[str]) -> Mapping[_Key, dict[int, Cents]]:
    """Give the cents of each client by team number for every set of members that reaches steps alike."""
    table, number = prices(portfolio), {team: number for number, team in enumerate(teams)}
    found: dict[_Key, dict[int, Cents]] = {}
    for step in levels(portfolio):
        rows = found.setdefault(tuple(sorted(step.members)), {})
        for team in clients(portfolio)[step.service]:
            if team in number:
                cents = table.cents(team, step.service, step.level) - table.cents(team, step.service, step.below)
                rows[number[team]] = rows[number[team]] + cents if number[team] in rows else cents
    return {members: rows for members, rows in found.items() if any(cents.any() for cents in rows.values())}
