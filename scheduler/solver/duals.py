"""What every slot of a resource is worth, and who pays for a shared slot: one linear program over all open starts.

The subgradient steps of the bound come close to the best multipliers and then crawl. On problems of a few thousand
starts the linear relaxation is solved outright in about a second, and its dual values are such multipliers: the bound
they give is that of the relaxation. They are only ever taken as multipliers, so the bound is valid whatever the program
or its tolerances leave wrong.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from ortools.linear_solver.python import model_builder_helper as linear
from scipy.sparse import csr_matrix

from scheduler.solver.bound import Lagrangian
from scheduler.solver.compiled import Compiled, window_of
from scheduler.solver.limits import Limits, heard
from scheduler.solver.mixed import Found, solved
from scheduler.solver.windows import Floats, Numbers, reach

MOST_STARTS = 20_000
"""Open starts of all changes together."""
MOST_ENTRIES = 2_000_000
"""Numbers in the matrix of the program without shared cells."""
MOST_COVERS = 60_000
"""Numbers in the rows of shared cells; with more of them steps of the bound get further in the time."""
MIXED_STARTS = 6_000
"""Starts left after reduced-cost fixing among which HiGHS chooses."""
MIXED_ERROR = 0.01
"""How far its bound, which is not exact, is trusted: whole costs lie 1 apart."""
ENTRY_UNITS = 1e-6
"""What the program takes per number in its matrix."""
LAG_ENTRIES = 6
"""Numbers that a lag takes per start of its two changes: two sums of starts, two rows for the lag."""


@dataclass
class _Rows:
    """Rows Σ number × column within [low, high], as the entries of a sparse matrix."""

    count: int = 0
    rows: list[Numbers] = field(default_factory=list)
    columns: list[Numbers] = field(default_factory=list)
    numbers: list[Floats] = field(default_factory=list)
    low: list[Floats] = field(default_factory=list)
    high: list[Floats] = field(default_factory=list)

    def add(self, low: Floats, high: Floats) -> int:
        """Add empty rows and give the number of the first."""
        first = self.count
        self.count += len(low)
        self.low.append(low)
        self.high.append(high)
        return first

    def at_most(self, high: Floats) -> int:
        """Add empty rows without a lower limit and give the number of the first."""
        return self.add(np.full(len(high), -np.inf), high)

    @property
    def entries(self) -> int:
        """How many numbers there are."""
        return sum(map(len, self.numbers))

    def put(self, rows: Numbers, columns: Numbers, number: Floats | float) -> None:
        """Add to the numbers of some columns in some rows."""
        self.rows.append(rows)
        self.columns.append(columns)
        self.numbers.append(np.broadcast_to(np.asarray(number, dtype=np.float64), rows.shape))


class _Program:
    """The linear relaxation of a compiled problem: which open starts are taken, and which shared slots are down."""

    def __init__(self, lagrangian: Lagrangian) -> None:
        self.lagrangian = lagrangian
        self.compiled = compiled = lagrangian.compiled
        self.change, self.start = np.nonzero(compiled.ok)
        self.first = np.searchsorted(self.change, np.arange(compiled.changes + 1))
        rows = [compiled.cost_at(change, self.start[self._own(change)]) for change in range(compiled.changes)]
        self.costs: list[Floats] = [np.concatenate([np.zeros(0), *rows])]
        self.columns = len(self.change)
        self.lines = _Rows()
        drop = np.array([np.inf if price is None else float(price) for price in compiled.drop])
        self.costs[0] -= np.where(np.isfinite(drop), drop, 0.0)[self.change]
        self.lines.add(np.where(np.isfinite(drop), 0.0, 1.0), np.ones(compiled.changes))
        self.lines.put(self.change, np.arange(self.columns), 1.0)
        self._resources()
        self.cap_row = self.lines.at_most(np.array([cap.limit for cap in compiled.caps], dtype=np.float64))
        for number, cap in enumerate(compiled.caps):
            for change, amounts in cap.amounts.items():
                own = self._own(change)
                self.lines.put(np.full(len(own), self.cap_row + number), own, amounts[self.start[own]].astype(float))
        self._lags()
        self.cover_row, self.cover_at = self.lines.count, list[Numbers]()
        self._covers()

    def _own(self, change: int) -> Numbers:
        """Give the columns of a change's starts."""
        return np.arange(self.first[change], self.first[change + 1])

    def _spread(self, change: int, offset: int, length: int) -> tuple[Numbers, Numbers]:
        """Give the columns of a change's starts with each slot that they cover, as pairs."""
        own = self._own(change)
        slots = (self.start[own] + offset)[:, None] + np.arange(length)
        inside = slots < self.compiled.slots
        return np.broadcast_to(own[:, None], slots.shape)[inside], slots[inside]

    def _resources(self) -> None:
        compiled = self.compiled
        most = np.zeros(compiled.capacity.shape, dtype=np.int64)
        for change, uses in enumerate(compiled.uses_of):
            for use in uses:
                most[use.target] += use.amount * reach(compiled.ok[change], use.offset, use.length)
        self.short = np.flatnonzero(most > compiled.capacity)
        row_of = np.full(most.size, -1, dtype=np.int64)
        self.resource_row = self.lines.at_most(np.maximum(compiled.capacity, 0).ravel()[self.short].astype(float))
        row_of[self.short] = self.resource_row + np.arange(len(self.short))
        for change, uses in enumerate(compiled.uses_of):
            for use in uses:
                columns, slots = self._spread(change, use.offset, use.length)
                rows = row_of[use.target * compiled.slots + slots]
                self.lines.put(rows[rows >= 0], columns[rows >= 0], float(use.amount))

    def _lags(self) -> None:
        """Ask lags of sums of starts: whoever has started by t has been preceded by then, and followed in time."""
        compiled, begin, end = self.compiled, self.compiled.begin, self.compiled.end
        sums: dict[int, int] = {}
        for change in sorted({change for lag in compiled.problem.lags for change in (lag.before, lag.after)}):
            width = int(end[change] - begin[change])
            sums[change] = self.columns
            self.columns += width
            self.costs.append(np.zeros(width))
            row = self.lines.add(np.zeros(width), np.zeros(width))
            rows, own = np.arange(row, row + width), self._own(change)
            self.lines.put(rows, sums[change] + np.arange(width), 1.0)
            self.lines.put(rows[1:], sums[change] + np.arange(width - 1), -1.0)
            self.lines.put(row + self.start[own] - begin[change], own, -1.0)

        def started(rows: Numbers, change: int, by: Numbers, number: float) -> None:
            """Put the sum of starts up to a slot for each row; nothing before the window, everything after it."""
            place = np.minimum(by, end[change] - 1) - begin[change]
            self.lines.put(rows[place >= 0], sums[change] + place[place >= 0], number)

        for lag in compiled.problem.lags:
            by = np.arange(begin[lag.after], end[lag.after])
            row = self.lines.at_most(np.zeros(len(by)))
            rows = np.arange(row, row + len(by))
            started(rows, lag.after, by, 1.0)
            started(rows, lag.before, by - lag.lo, -1.0)
            if lag.hi is not None:
                row = self.lines.at_most(np.zeros(len(by)))
                rows, last = np.arange(row, row + len(by)), np.full(len(by), compiled.slots)
                for change, at, sign in ((lag.after, by - 1, 1.0), (lag.before, by - 1 - lag.hi, -1.0)):
                    started(rows, change, last, sign)
                    started(rows, change, at, -sign)

    def _covers(self) -> None:
        """Ask that a shared slot be paid for as soon as one change takes it down, change by change."""
        compiled, sharing = self.compiled, self.lagrangian.sharing
        weighty = np.flatnonzero(compiled.weight)
        down = np.full(compiled.weight.size, -1, dtype=np.int64)
        down[weighty] = self.columns + np.arange(len(weighty))
        self.columns += len(weighty)
        self.costs.append(compiled.weight.ravel()[weighty].astype(np.float64))
        for stake in np.flatnonzero(sharing.holder < sharing.single).tolist():
            holder, change = int(sharing.holder[stake]), int(sharing.change[stake])
            cell = down[sharing.cell[holder] * compiled.slots :][: compiled.slots]
            slots = np.arange(sharing.first[holder], sharing.last[holder])
            slots = slots[cell[slots] >= 0]
            row = self.lines.at_most(np.zeros(len(slots)))
            self.cover_at.append(sharing.base[holder] + slots)
            self.lines.put(np.arange(row, row + len(slots)), cell[slots], -1.0)
            columns, covered = self._spread(change, int(sharing.offset[stake]), int(sharing.length[stake]))
            kept = cell[covered] >= 0
            self.lines.put(row + np.searchsorted(slots, covered[kept]), columns[kept], 1.0)

    def whole(self, limits: Limits) -> Found | None:
        """Solve with whole starts, by as many processes as there are workers."""
        lines = self.lines
        whole = np.arange(self.columns) < len(self.change)
        low, high = np.concatenate(lines.low), np.concatenate(lines.high)
        entries, rows, columns = (
            np.concatenate(lines.numbers),
            np.concatenate(lines.rows),
            np.concatenate(lines.columns),
        )
        program = {"entries": entries, "rows": rows, "columns": columns, "low": low, "high": high, "whole": whole}
        return solved(program | {"costs": np.concatenate(self.costs)}, limits.seconds, limits.stop, limits.workers)

    def multipliers(self, duals: Floats) -> tuple[Floats, Floats, Floats]:
        """Give the prices of resources and caps and the shares that the dual values of the rows amount to."""
        worth = np.maximum(0.0, -duals)
        prices = np.zeros(self.compiled.capacity.size)
        prices[self.short] = worth[self.resource_row : self.resource_row + len(self.short)]
        shares = self.lagrangian.shares
        if self.cover_at:
            shares = np.zeros(len(shares))
            shares[np.concatenate(self.cover_at)] = worth[self.cover_row :]
        cap_prices = worth[self.cap_row : self.cap_row + len(self.compiled.caps)]
        return prices.reshape(self.compiled.capacity.shape), cap_prices, shares

    def duals(self, limits: Limits) -> Floats | None:
        """Solve the program, and give the dual value of every row; None where that did not finish."""
        lines = self.lines
        entries = (np.concatenate(lines.numbers), (np.concatenate(lines.rows), np.concatenate(lines.columns)))
        matrix = csr_matrix(entries, shape=(lines.count, self.columns))
        model: Any = linear.ModelBuilderHelper()  # its types do not know numpy's
        nothing, everything = np.zeros(self.columns), np.full(self.columns, np.inf)
        costs, low, high = map(np.concatenate, (self.costs, lines.low, lines.high))
        model.fill_model_from_sparse_data(nothing, everything, costs, low, high, matrix)
        solver = linear.ModelSolverHelper("GLOP")
        parameters = "use_dual_simplex: true"
        if limits.units is None:
            solver.set_time_limit_in_seconds(max(0.01, limits.seconds))
        else:
            parameters += f" max_deterministic_time: {limits.units}"
        solver.set_solver_specific_parameters(parameters)
        heard(lambda: solver.solve(model), solver.interrupt_solve, limits.stop)
        finished = solver.has_solution() and solver.status() == linear.SolveStatus.OPTIMAL
        return np.array(solver.dual_values()) if finished else None


def price_by_relaxation(lagrangian: Lagrangian, upper: int, limits: Limits) -> tuple[bool, float]:
    """Give the bound the multipliers of the linear relaxation where they prove more.

    Gives whether steps cannot better them, and the units that it took.

    Does nothing where the relaxation is too large, or is not solved within the limits. `upper` is as in a step.
    """
    compiled = lagrangian.compiled
    if limits.stop is not None and limits.stop.is_set():
        return False, 0.0
    entries = _entries(compiled)
    if int(compiled.ok.sum()) > MOST_STARTS or entries > MOST_ENTRIES or _cover_entries(compiled) > MOST_COVERS:
        return False, 0.0
    program = _Program(lagrangian)
    found = program.duals(limits)
    if found is not None:
        before, earlier = lagrangian.evaluated().value, (lagrangian.prices, lagrangian.cap_prices, lagrangian.shares)
        lagrangian.adopt(*program.multipliers(found))
        if lagrangian.evaluated().value > before:
            lagrangian.step(upper)
        else:
            lagrangian.adopt(*earlier)
    return found is not None and not compiled.members, ENTRY_UNITS * program.lines.entries


def few_kept(lagrangian: Lagrangian, upper: int) -> bool:
    """Tell whether reduced costs leave few enough starts, to a plan cheaper than `upper`, for `best_of_kept`."""
    return lagrangian.best.kept(upper) <= MIXED_STARTS


def best_of_kept(lagrangian: Lagrangian, upper: int, limits: Limits) -> tuple[dict[int, int], int]:
    """Choose, in a problem without budgets, among the starts that a plan cheaper than `upper` can take.

    Gives the starts, empty where none were found within the limits, and a bound on every plan cheaper than `upper`.
    """
    compiled = lagrangian.compiled
    ok = np.zeros_like(compiled.ok)
    for change, (first, last) in enumerate(zip(compiled.begin.tolist(), compiled.end.tolist(), strict=True)):
        ok[change, first:last] = compiled.ok[change, first:last] & lagrangian.best.keeps(change, upper)
    begin, end = window_of(ok)
    costs = [
        row[first - old : last - old] if first < last else row[:0]
        for row, first, last, old in zip(compiled.costs, begin, end, compiled.begin, strict=True)
    ]
    program = _Program(Lagrangian(replace(compiled, ok=ok, begin=begin, end=end, costs=costs)))
    found = program.whole(limits)
    if found is None:
        return {}, 0
    bound = found.bound + sum(price for price in compiled.drop if price is not None)
    proved = 0 if bound == -np.inf else int(np.ceil(min(bound, upper) - MIXED_ERROR))
    if not len(found.values):
        return {}, proved
    taken = np.flatnonzero(found.values[: len(program.change)] > 0.5)
    starts_of = dict(zip(program.change[taken].tolist(), program.start[taken].tolist(), strict=True))
    return starts_of, proved


def _entries(compiled: Compiled) -> int:
    """Count the numbers that resources, caps and lags put into the program, from above."""
    starts = compiled.ok.sum(axis=1)
    uses = sum(int(starts[change]) * use.length for change, own in enumerate(compiled.uses_of) for use in own)
    caps = sum(int(starts[change]) for cap in compiled.caps for change in cap.amounts)
    width = compiled.end - compiled.begin
    return uses + caps + sum(LAG_ENTRIES * int(width[lag.before] + width[lag.after]) for lag in compiled.problem.lags)


def _cover_entries(compiled: Compiled) -> int:
    """Count the numbers in the rows of shared cells, from above."""
    starts = compiled.ok.sum(axis=1)
    return sum(int(starts[change]) * part.length for change, own in enumerate(compiled.cells_of) for part in own)
