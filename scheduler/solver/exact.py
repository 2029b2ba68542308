"""CP-SAT on a choice of candidate starts: the whole of a small problem, or a neighbourhood of a large one.

Only some changes are free and each has a list of candidate starts; the others stay where the state has them. There is
one literal per candidate and one per run of slots of a shared cell that the same candidates cover, so the model grows
with the candidates and not with the horizon.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from ortools.sat.python import cp_model

from scheduler.horizon import Mask
from scheduler.solver.compiled import Part
from scheduler.solver.problem import Lag
from scheduler.solver.state import UNPLACED, State
from scheduler.solver.windows import reach, sums

Numbers = npt.NDArray[np.int64]
_Run = tuple[slice, list[tuple[int, int]]]
"""Slots of the grid and, for each part, the range of candidates (by number) that cover them."""
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


class Model:
    """One CP-SAT model over the candidates of the free changes, around a state that holds the others.

    `reached` is the objective of the last solution, None before there is one.
    """

    def __init__(self, state: State, candidates: Mapping[int, Numbers]) -> None:
        self.state, self.compiled = state, state.compiled
        self.candidates = candidates
        self.model = cp_model.CpModel()
        self.reached: int | None = None
        self.take: dict[int, list[cp_model.IntVar]] = {}
        self.costs: list[tuple[cp_model.IntVar, int]] = []
        self.hints: list[tuple[cp_model.IntVar, Mapping[int, frozenset[int]]]] = []
        self._covers: dict[tuple[int, int, int], Mask] = {}
        self.separable = {change: self.compiled.cost_at(change, starts) for change, starts in candidates.items()}
        self._choose()
        self._cells()
        self._resources()
        self._lags()
        self._budgets()
        self._caps()
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
                self.hints.append((out, {change: frozenset((-1,))}))

    # --- which candidates cover a slot -------------------------------------------------------------------------------

    def cover(self, change: int, part: Part) -> Mask:
        """Mark the slots that some candidate of a change covers through a part, shape (slots,)."""
        key = (change, part.offset, part.length)
        if key not in self._covers:
            marked = np.zeros(self.compiled.slots, dtype=np.bool_)
            marked[self.candidates[change]] = True
            self._covers[key] = reach(marked, part.offset, part.length)
        return self._covers[key]

    def runs(self, parts: Sequence[tuple[int, Part]], where: Mask, *extra: Numbers) -> Iterator[_Run]:
        """Cut the slots of `where` into runs with the same covering candidates and the same `extra` values."""
        index = np.flatnonzero(where)
        if not len(index):
            return
        columns: list[Numbers] = []
        for change, part in parts:
            starts = self.candidates[change]
            columns.append(np.searchsorted(starts, index - part.offset - part.length, side="right"))
            columns.append(np.searchsorted(starts, index - part.offset, side="right"))
        table = np.array([*columns, *(values[index] for values in extra)])
        edges = np.flatnonzero((table[:, 1:] != table[:, :-1]).any(axis=0) | (np.diff(index) > 1)) + 1
        for begin, end in pairwise([0, *edges.tolist(), len(index)]):
            signature = table[: len(columns), begin].tolist()
            ranges = list(zip(signature[::2], signature[1::2], strict=True))
            yield slice(int(index[begin]), int(index[end - 1]) + 1), ranges

    def covered(self, parts: Sequence[tuple[int, Part]], ranges: Sequence[tuple[int, int]]) -> dict[int, set[int]]:
        """Give for each change the candidates (by number) that cover a run through any of its parts."""
        covered: dict[int, set[int]] = defaultdict(set)
        for (change, _), (lo, hi) in zip(parts, ranges, strict=True):
            if lo < hi:
                covered[change].update(range(lo, hi))
        return covered

    def any_of(self, covered: Mapping[int, Iterable[int]], name: str) -> cp_model.IntVar:
        """Give a literal that is true when one of the covering candidates is taken."""
        literal = self.model.new_bool_var(name)
        for change, numbers in covered.items():
            self.model.add(cp_model.LinearExpr.sum([self.take[change][number] for number in numbers]) <= literal)
        self.hints.append((literal, {change: frozenset(numbers) for change, numbers in covered.items()}))
        return literal

    # --- primitives --------------------------------------------------------------------------------------------------

    def grouped(self, parts_of: Sequence[Sequence[Part]]) -> dict[int, list[tuple[int, Part]]]:
        """Give the parts of the free changes by what they touch."""
        found: dict[int, list[tuple[int, Part]]] = defaultdict(list)
        for change in self.candidates:
            for part in parts_of[change]:
                found[part.target].append((change, part))
        return found

    def _cells(self) -> None:
        """Price cells; those that the free changes take down alike are one cell here, however they differ elsewhere."""
        alike: dict[tuple[tuple[int, int, int], ...], Numbers] = {}
        for cell, parts in self.grouped(self.compiled.cells_of).items():
            key = tuple((change, part.offset, part.length) for change, part in parts)
            weight = self.state.open_weight(cell)
            alike[key] = alike[key] + weight if key in alike else weight
        for key, weight in alike.items():
            parts = [(change, Part(0, 1, offset, length)) for change, offset, length in key]
            self._cell(parts, weight)

    def _cell(self, parts: Sequence[tuple[int, Part]], weight: Numbers) -> None:
        own: dict[int, Mask] = {}
        for change, part in parts:
            cover = self.cover(change, part)
            own[change] = own[change] | cover if change in own else cover
        times = np.sum(list(own.values()), axis=0)
        for change, part in parts:
            alone = np.where(own[change] & (times == 1), weight, 0)
            if alone.any():
                self.separable[change] += sums(alone, part.offset, part.length)[self.candidates[change]]
        running = np.concatenate(([0], np.cumsum(weight)))
        for span, ranges in self.runs(parts, (times > 1) & (weight > 0)):
            price = int(running[span.stop] - running[span.start])
            self.costs.append((self.any_of(self.covered(parts, ranges), f"shared from slot {span.start}"), price))

    def _resources(self) -> None:
        rows: set[tuple[int, tuple[tuple[int, int, int], ...]]] = set()
        for target, parts in self.grouped(self.compiled.uses_of).items():
            free = self.state.free[target]
            demand = np.zeros(self.compiled.slots, dtype=np.int64)
            for change, part in parts:
                demand += part.amount * self.cover(change, part)
            for span, ranges in self.runs(parts, demand > free, free):
                terms = tuple(
                    (change, number, part.amount)
                    for (change, part), (lo, hi) in zip(parts, ranges, strict=True)
                    for number in range(lo, hi)
                )
                # A slot overfull without the free changes may not be touched, but is not theirs to mend.
                rows.add((max(0, int(free[span.start])), terms))
        for room, terms in sorted(rows):
            literals = [self.take[change][number] for change, number, _ in terms]
            amounts = [amount for _, _, amount in terms]
            self.model.add(cp_model.LinearExpr.weighted_sum(literals, amounts) <= room)

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
            self.model.add(cp_model.LinearExpr.sum(earlier) <= cp_model.LinearExpr.sum(first[lo:hi]))

    def _budgets(self) -> None:
        parts_of = self.grouped(self.compiled.counted_of)
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
                where = self.state.counted_open(cell) & inside
                where &= np.logical_or.reduce([self.cover(change, part) for change, part in parts_of[cell]])
                for span, ranges in self.runs(parts_of[cell], where, budget.period):
                    period = int(budget.period[span.start])
                    covered = self.covered(parts_of[cell], ranges)
                    length = span.stop - span.start
                    name = f"{budget.rule} cell {cell} from slot {span.start}"
                    terms[period].append(length * self.any_of(covered, name))
                    most[period] += length
            for period, expressions in terms.items():
                room = int(budget.limit[period] - spent[period])
                if most[period] > room:
                    self.model.add(cp_model.LinearExpr.sum(expressions) <= max(room, 0))

    def _caps(self) -> None:
        for number, cap in enumerate(self.compiled.caps):
            free = [change for change in cap.amounts if change in self.candidates]
            literals = [literal for change in free for literal in self.take[change]]
            amounts = [int(cap.amounts[change][start]) for change in free for start in self.candidates[change]]
            self.model.add(cp_model.LinearExpr.weighted_sum(literals, amounts) <= max(0, self.state.room[number]))

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
            self.model.add_hint(literal, any(taken[change] in numbers for change, numbers in covers.items()))

    def solve(self, limits: Limits, constant: int = 0, used: float = 0.0) -> Outcome:
        """Solve the model, `used` seconds of the limits being gone; `constant` is added to the bound of its objective.

        Raises
        ------
        ValueError
            Where CP-SAT refuses the model.
        """
        solver, status = limits.run(self.model, used)
        units = solver.response_proto.deterministic_time
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            starts = {
                change: next(
                    (
                        int(start)
                        for start, x in zip(self.candidates[change], xs, strict=True)
                        if solver.boolean_value(x)
                    ),
                    UNPLACED,
                )
                for change, xs in self.take.items()
            }
            answer: Answer = "OPTIMAL" if status == cp_model.OPTIMAL else "FEASIBLE"
            self.reached = round(solver.objective_value)
            return Outcome(answer, starts, constant + solver.best_objective_bound, units)
        if status == cp_model.INFEASIBLE:
            return Outcome("INFEASIBLE", {}, float("inf"), units)
        if status == cp_model.MODEL_INVALID:
            raise ValueError(f"CP-SAT refused the model: {self.model.validate()}")
        return Outcome("UNKNOWN", {}, constant, units)


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
    built = Model(state, candidates)
    constant = state.objective() - sum(state.compiled.drop[change] or 0 for change in candidates)
    if optimise:
        literals, prices = zip(*built.costs, strict=True) if built.costs else ((), ())
        built.model.minimize(cp_model.LinearExpr.weighted_sum(literals, prices))
    if hint is not None:
        built.hint(hint)
    return built.solve(limits, constant, used=time.monotonic() - begun)
