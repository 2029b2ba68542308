"""CP-SAT on a choice of candidate starts: the whole of a small problem, or a neighbourhood of a large one.

Only some changes are free and each has a list of candidate starts; the others stay where the state has them. There is
one literal per candidate and one per run of slots of a shared cell that the same candidates cover, so the model grows
with the candidates and not with the horizon.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from ortools.sat.python import cp_model

from scheduler.solver.compiled import Part
from scheduler.solver.problem import Lag
from scheduler.solver.state import UNPLACED, State

Numbers = npt.NDArray[np.int64]
Answer = Literal["OPTIMAL", "FEASIBLE", "INFEASIBLE", "UNKNOWN"]


@dataclass(frozen=True)
class Limits:
    """How long one call of CP-SAT may take: seconds, or deterministic units (OR-Tools' own) where they are given."""

    seconds: float
    units: float | None = None
    workers: int = 1
    seed: int = 0
    stop: threading.Event | None = None

    def run(self, model: cp_model.CpModel, used: float = 0.0) -> tuple[cp_model.CpSolver, Any]:
        """Solve a model within these limits, `used` seconds of them being gone.

        The solver works in a thread of its own, so that signals are handled and `stop` is heard while it does.
        """
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = self.workers
        solver.parameters.random_seed = self.seed
        solver.parameters.linearization_level = 2
        solver.parameters.catch_sigint_signal = False
        if self.units is None:
            solver.parameters.max_time_in_seconds = max(0.01, self.seconds - used)
        else:
            solver.parameters.max_deterministic_time = self.units
            solver.parameters.interleave_search = self.workers > 1
        with ThreadPoolExecutor(max_workers=1) as pool:
            solving = pool.submit(solver.solve, model)
            while not solving.done():
                wait([solving], timeout=0.1)
                if self.stop is not None and self.stop.is_set():
                    solver.stop_search()
        return solver, solving.result()


@dataclass(frozen=True)
class Outcome:
    """What CP-SAT found: starts (UNPLACED for a dropped change) of the free changes, and a bound on the whole.

    `bound` holds for the problem restricted to the candidates and to the placements that were kept, nothing else.
    """

    answer: Answer
    starts: Mapping[int, int]
    bound: float
    units: float


class _Model:
    """One CP-SAT model over the candidates of the free changes, around a state that holds the others."""

    def __init__(self, state: State, candidates: Mapping[int, Numbers]) -> None:
        self.state, self.compiled = state, state.compiled
        self.candidates = candidates
        self.model = cp_model.CpModel()
        self.take: dict[int, list[cp_model.IntVar]] = {}
        self.costs: list[tuple[cp_model.LinearExprT, int]] = []
        self.hints: list[tuple[cp_model.IntVar, list[tuple[int, int, int]]]] = []
        self.separable = {change: self.compiled.cost[change][starts].copy() for change, starts in candidates.items()}
        self._choose()
        self._cells()
        self._resources()
        self._lags()
        self._budgets()
        for change, prices in self.separable.items():
            self.costs += [(literal, int(price)) for literal, price in zip(self.take[change], prices, strict=True)]

    def _choose(self) -> None:
        names = self.compiled.problem.changes
        for change, starts in self.candidates.items():
            literals = [self.model.new_bool_var(f"{names[change]}@{start}") for start in starts]
            self.take[change] = literals
            drop = self.compiled.drop[change]
            required = any(
                lag.before == change and lag.after not in self.candidates and self.state.starts[lag.after] != UNPLACED
                for lag in self.compiled.lags_of[change]
            )
            if drop is None or required:
                self.model.add_exactly_one(literals)
            else:
                out = self.model.new_bool_var(f"{names[change]} left out")
                self.model.add_exactly_one([*literals, out])
                self.costs.append((out, drop))
                self.hints.append((out, [(change, -1, -1)]))

    # --- which candidates cover a slot -------------------------------------------------------------------------------

    def _runs(
        self, parts: Sequence[tuple[int, Part]], *extra: Numbers
    ) -> Iterator[tuple[slice, list[tuple[int, int]]]]:
        """Cut the grid into runs of slots that the same candidates cover and where `extra` values are the same.

        Gives for each run that someone covers its slots and, for each part, the range of candidates covering it.
        """
        slots = self.compiled.slots
        index = np.arange(slots)
        columns = []
        for change, part in parts:
            starts = self.candidates[change]
            columns.append(np.searchsorted(starts, index - part.offset - part.length, side="right"))
            columns.append(np.searchsorted(starts, index - part.offset, side="right"))
        table = np.array([*columns, *extra])
        edges = np.flatnonzero((table[:, 1:] != table[:, :-1]).any(axis=0)) + 1
        bounds = [0, *edges.tolist(), slots]
        for begin, end in pairwise(bounds):
            ranges = [(int(table[2 * n, begin]), int(table[2 * n + 1, begin])) for n in range(len(parts))]
            if any(lo < hi for lo, hi in ranges):
                yield slice(begin, end), ranges

    def _covered(self, parts: Sequence[tuple[int, Part]], ranges: Sequence[tuple[int, int]]) -> dict[int, list[int]]:
        """Give for each change the candidates (by number) that cover a run through any of its parts."""
        covered: dict[int, list[int]] = {}
        for (change, _), (lo, hi) in zip(parts, ranges, strict=True):
            if lo < hi:
                covered[change] = sorted({*covered.get(change, []), *range(lo, hi)})
        return covered

    def _any(self, covered: Mapping[int, Sequence[int]], name: str) -> cp_model.IntVar:
        """Give a literal that is true when one of the covering candidates is taken."""
        literal = self.model.new_bool_var(name)
        for change, numbers in covered.items():
            self.model.add(sum(self.take[change][number] for number in numbers) <= literal)
        self.hints.append((literal, [(change, number, number) for change in covered for number in covered[change]]))
        return literal

    # --- primitives --------------------------------------------------------------------------------------------------

    def _parts(self, parts_of: Sequence[Sequence[Part]]) -> dict[int, list[tuple[int, Part]]]:
        grouped: dict[int, list[tuple[int, Part]]] = defaultdict(list)
        for change in self.candidates:
            for part in parts_of[change]:
                grouped[part.target].append((change, part))
        return grouped

    def _cells(self) -> None:
        for cell, parts in self._parts(self.compiled.cells_of).items():
            weight = self.state.open_weight(cell)
            running = np.concatenate(([0], np.cumsum(weight)))
            for span, ranges in self._runs(parts):
                price = int(running[span.stop] - running[span.start])
                if price == 0:
                    continue
                covered = self._covered(parts, ranges)
                if len(covered) == 1:
                    ((change, numbers),) = covered.items()
                    self.separable[change][numbers] += price
                else:
                    self.costs.append((self._any(covered, f"cell {cell} down from slot {span.start}"), price))

    def _resources(self) -> None:
        for target, parts in self._parts(self.compiled.uses_of).items():
            free = self.state.free[target]
            for span, ranges in self._runs(parts):
                room = int(free[span].min())
                demand: dict[int, int] = defaultdict(int)
                for (change, part), (lo, hi) in zip(parts, ranges, strict=True):
                    if lo < hi:
                        demand[change] += part.amount
                if sum(demand.values()) > room:
                    terms = [
                        part.amount * self.take[change][number]
                        for (change, part), (lo, hi) in zip(parts, ranges, strict=True)
                        for number in range(lo, hi)
                    ]
                    # A slot overfull without the free changes may not be touched, but is not theirs to mend.
                    self.model.add(sum(terms) <= max(room, 0))

    def _lags(self) -> None:
        lags: dict[int, Lag] = {id(lag): lag for change in self.candidates for lag in self.compiled.lags_of[change]}
        for lag in lags.values():
            if lag.before in self.candidates and lag.after in self.candidates:
                self._lag(lag)

    def _lag(self, lag: Lag) -> None:
        before, after = self.candidates[lag.before], self.candidates[lag.after]
        first, second = self.take[lag.before], self.take[lag.after]
        for number, start in enumerate(after):
            hi = int(np.searchsorted(before, start - lag.lo, side="right"))
            lo = 0 if lag.hi is None else int(np.searchsorted(before, start - lag.hi, side="left"))
            # Everything up to this start needs a predecessor in time: tighter than one candidate alone.
            earlier = second[: number + 1] if lag.hi is None else [second[number]]
            self.model.add(sum(earlier) <= sum(first[lo:hi]))

    def _budgets(self) -> None:
        parts_of = self._parts(self.compiled.counted_of)
        for budget in self.compiled.budgets:
            cells = [cell for cell in budget.cells if cell in parts_of]
            if not cells:
                continue
            spent = np.zeros(len(budget.limit), dtype=np.int64)
            inside = budget.period >= 0
            for cell in budget.cells:
                np.add.at(spent, budget.period[inside & ~self.state.counted_open(cell)], 1)
            terms: dict[int, list[cp_model.LinearExprT]] = defaultdict(list)
            most: dict[int, int] = defaultdict(int)
            for cell in cells:
                is_open = self.state.counted_open(cell).astype(np.int64)
                for span, ranges in self._runs(parts_of[cell], is_open, budget.period):
                    period = int(budget.period[span.start])
                    if period < 0 or not is_open[span.start]:
                        continue
                    covered = self._covered(parts_of[cell], ranges)
                    length = span.stop - span.start
                    name = f"{budget.rule} cell {cell} from slot {span.start}"
                    terms[period].append(length * self._any(covered, name))
                    most[period] += length
            for period, expressions in terms.items():
                room = int(budget.limit[period] - spent[period])
                if most[period] > room:
                    self.model.add(sum(expressions) <= max(room, 0))

    # --- solving -----------------------------------------------------------------------------------------------------

    def hint(self, starts: Mapping[int, int]) -> None:
        """Tell CP-SAT a whole plan: every literal gets a value, as partial hints are of little use."""
        taken: dict[int, int] = {}
        for change, literals in self.take.items():
            number = int(np.searchsorted(self.candidates[change], starts[change]))
            found = number < len(literals) and self.candidates[change][number] == starts[change]
            taken[change] = number if found else -1
            for position, literal in enumerate(literals):
                self.model.add_hint(literal, position == taken[change])
        for literal, covers in self.hints:
            self.model.add_hint(literal, any(lo <= taken[change] <= hi for change, lo, hi in covers))


def solve_candidates(
    state: State,
    candidates: Mapping[int, Numbers],
    limits: Limits,
    hint: Mapping[int, int] | None = None,
    optimise: bool = True,
) -> Outcome:
    """Choose among candidate starts of unplaced changes, with everything the state holds kept in place.

    `candidates` maps each free change to its sorted starts; whatever the kept placements forbid must have been removed
    (`State.feasible`). Drop prices of changes that are neither free nor placed are part of the bound.
    """
    begun = time.monotonic()
    built = _Model(state, candidates)
    constant = state.objective() - sum(state.compiled.drop[change] or 0 for change in candidates)
    if optimise:
        built.model.minimize(sum(price * literal for literal, price in built.costs if price))
    if hint is not None:
        built.hint(hint)
    solver, status = limits.run(built.model, used=time.monotonic() - begun)
    units = solver.response_proto.deterministic_time
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        starts = {
            change: next(
                (int(start) for start, x in zip(candidates[change], xs, strict=True) if solver.boolean_value(x)),
                UNPLACED,
            )
            for change, xs in built.take.items()
        }
        answer: Answer = "OPTIMAL" if status == cp_model.OPTIMAL else "FEASIBLE"
        return Outcome(answer, starts, constant + solver.best_objective_bound, units)
    if status == cp_model.INFEASIBLE:
        return Outcome("INFEASIBLE", {}, float("inf"), units)
    if status == cp_model.MODEL_INVALID:
        raise ValueError(f"CP-SAT refused the model: {built.model.validate()}")
    return Outcome("UNKNOWN", {}, constant, units)
