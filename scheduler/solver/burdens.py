"""What each team loses through a partial schedule, exactly, kept up to date beside a `State`.

Cells are those of `downtime`, with the client money of every team in place of one weight; steps that the same changes
reach alike are one cell here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
        self._prices = prices(portfolio)
        self._steps: list[list[tuple[_Step, npt.NDArray[np.int64]]]] = []
        for members, steps in _cells(portfolio, self.teams).items():
            for name, offset, length in members:
                self.parts_of[index[name]].append(Part(len(self.clients), 1, offset, length))
            number = {team: row for row, team in enumerate(sorted({team for step in steps for team in step.teams}))}
            self.clients.append(np.array(list(number), dtype=np.int64))
            self._steps.append([(step, np.array([number[team] for team in step.teams])) for step in steps])
        self._covers = np.zeros((len(self.clients), portfolio.horizon.slots), dtype=np.int16)

    def cents(self, cell: int, within: slice = slice(None)) -> Cents:
        """Give the cents of a cell's clients in some slots, shape (clients of the cell, slots).

        They are worked out when asked for: of thousands of cells together they would fill gigabytes.
        """
        table = np.zeros((len(self.clients[cell]), self._covers[cell, within].shape[0]), dtype=np.int64)
        for step, rows in self._steps[cell]:
            cents = self._prices.of_clients(step.service, step.level, within, weighted=False)
            if step.below:
                cents = cents - self._prices.of_clients(step.service, step.below, within, weighted=False)
            table[rows] += cents[step.clients]
        return table

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
            lost = self.cents(part.target, slice(begin, end))[:, free].sum(axis=1)
            self.lost[self.clients[part.target]] += sign * lost

    # --- asking ----------------------------------------------------------------------------------------------------

    def open_cents(self, cell: int, within: slice) -> Cents:
        """Give the cents of a cell's clients in slots where nobody placed is active, shape (clients, slots)."""
        table: Cents = self.cents(cell, within) * (self._covers[cell, within] == 0).astype(np.int64)
        return table

    def added(self, change: int, starts: Sequence[int]) -> Cents:
        """Price starts of an unplaced change for every team, all others staying; shape (starts, teams)."""
        found = np.zeros((len(starts), len(self.teams)), dtype=np.int64)
        for part in self.parts_of[change] if len(starts) else ():
            first = min(starts) + part.offset
            table = self.open_cents(part.target, slice(first, max(starts) + part.offset + part.length))
            rows = self.clients[part.target]
            for number, start in enumerate(starts):
                begin = start + part.offset - first
                found[number, rows] += table[:, begin : begin + part.length].sum(axis=1)
        return found

    def exposed(self, change: int, start: int, team: int) -> int:
        """Give what a team loses in the slots of a change at a start, whoever else takes them too."""
        total = 0
        for part in self.parts_of[change]:
            own = self.clients[part.target] == team
            if own.any():
                begin = start + part.offset
                total += int(self.cents(part.target, slice(begin, begin + part.length))[own].sum())
        return total

    def pressure(self, change: int, weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Price every start of an unplaced change by `weights` per cent of each team; shape (slots,)."""
        slots = self._covers.shape[1]
        found = np.zeros(slots, dtype=np.float64)
        for part in self.parts_of[change]:
            own = weights[self.clients[part.target]]
            if own.any():
                row = own @ self.open_cents(part.target, slice(None))
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


@dataclass(frozen=True, slots=True)
class _Step:
    """A step of the factor on a service: which of its clients have a size, and their numbers among the teams."""

    service: str
    below: Fraction
    level: Fraction
    clients: npt.NDArray[np.int64]
    teams: tuple[int, ...]


def _cells(portfolio: Portfolio, teams: Sequence[str]) -> Mapping[_Key, list[_Step]]:
    """Give the steps that take from teams for every set of members that reaches them alike."""
    number = {team: number for number, team in enumerate(teams)}
    of_service: dict[str, tuple[npt.NDArray[np.int64], tuple[int, ...]]] = {}
    for service, users in clients(portfolio).items():
        sized = [row for row, team in enumerate(users) if team in number]
        of_service[service] = np.array(sized, dtype=np.int64), tuple(number[users[row]] for row in sized)
    found: dict[_Key, list[_Step]] = {}
    for step in levels(portfolio):
        rows, sized_teams = of_service[step.service]
        if sized_teams:
            own = _Step(step.service, step.below, step.level, rows, sized_teams)
            found.setdefault(tuple(sorted(step.members)), []).append(own)
    return found
