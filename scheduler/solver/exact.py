"""CP-SAT on a choice of candidate starts: the whole of a small problem, or a neighbourhood of a large one.

Only some changes are free and each has a list of candidate starts; the others stay where the state has them. There is
one literal per candidate and one per set of candidates that cover the same slots of shared cells, so the model grows
with the candidates and not with the horizon.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import numpy as np

from scheduler.solver.compiled import Part
from scheduler.solver.covers import LOW_BITS, NUMBER_BITS, Covers, Span
from scheduler.solver.covers import Numbers as Numbers
from scheduler.solver.cpsat import Solved
from scheduler.solver.limits import CHARACTER_UNITS, PACE
from scheduler.solver.limits import Limits as Limits
from scheduler.solver.problem import Lag
from scheduler.solver.rows import Rows
from scheduler.solver.state import UNPLACED, State

Answer = Literal["OPTIMAL", "FEASIBLE", "INFEASIBLE", "UNKNOWN"]


@dataclass(frozen=True)
class Outcome:
    """What CP-SAT found: starts (UNPLACED for a dropped change) of the free changes, and a bound on the whole.

    `bound` holds for the problem restricted to the candidates and to the placements that were kept, nothing else.
    """

    answer: Answer
    starts: Mapping[int, int]
    bound: float
    units: float


class Model(Covers):
    """One CP-SAT model over the candidates of the free changes, around a state that holds the others.

    `take` gives the literals of each change's candidates, `prices` what each literal costs. `reached` is the objective
    of the last solution, None before there is one; `size` is how long the text is that was last made of it.
    """

    def __init__(self, state: State, candidates: Mapping[int, Numbers]) -> None:
        super().__init__(candidates, state.compiled.slots)
        self.state, self.compiled = state, state.compiled
        self.rows = Rows()
        self.reached: int | None = None
        self.size = 0
        self.take: dict[int, range] = {}
        self.prices: dict[int, int] = {}
        self._out: dict[int, int] = {}
        self._known: dict[tuple[int, ...], int] = {}
        self.separable = {change: self.start_prices(change) for change in candidates}
        self._choose()
        self._cells()
        self._resources()
        self._lags()
        self._budgets()
        self._caps()
        for change, prices in self.separable.items():
            self.prices.update(zip(self.take[change], prices.tolist(), strict=True))

    def start_prices(self, change: int) -> Numbers:
        """Give what each candidate of a change costs, whatever else is chosen."""
        return self.compiled.cost_at(change, self.candidates[change])

    def drop_price(self, change: int) -> int | None:
        """Give what leaving a change out costs, None where it may not be."""
        return self.compiled.drop[change]

    def _choose(self) -> None:
        for change, starts in self.candidates.items():
            literals = self.take[change] = self.rows.literals(len(starts))
            drop = self.drop_price(change)
            required = any(
                lag.before == change and lag.after not in self.candidates and self.state.starts[lag.after] != UNPLACED
                for lag in self.compiled.lags_of[change]
            )
            if drop is None or required:
                self.rows.exactly_one(literals)
            else:
                out = self._out[change] = self.rows.literals(1)[0]
                self.rows.exactly_one([*literals, out])
                self.prices[out] = drop

    def _literals(self, ranges: Iterable[int]) -> list[tuple[int, list[int]]]:
        """Give for each change the literals of its candidates in given ranges."""
        found = []
        for change, own in groupby(sorted(ranges), lambda one: one >> 2 * NUMBER_BITS):
            parts = [self.take[change][one >> NUMBER_BITS & LOW_BITS : one & LOW_BITS] for one in own]
            found.append((change, list(parts[0]) if len(parts) == 1 else sorted(set().union(*parts))))
        return found

    def any_of(self, ranges: Iterable[int]) -> int:
        """Give the literal that is true when a covering candidate is taken, one for all slots that the same cover."""
        key = tuple(filter(None, ranges))
        literal = self._known.get(key)
        if literal is None:
            literal = self._known[key] = self.rows.literals(1)[0]
            for _, covering in self._literals(key):
                self.rows.at_most_one([*covering, -literal - 1])
        return literal

    # --- primitives --------------------------------------------------------------------------------------------------

    def grouped(self, parts_of: Sequence[Sequence[Part]]) -> dict[tuple[Span, ...], list[int]]:
        """Give what the free changes touch, by the spans over which they do: what is touched alike stands together."""
        found: dict[int, list[Span]] = defaultdict(list)
        for change in self.candidates:
            for part in parts_of[change]:
                found[part.target].append((change, part.offset, part.length))
        alike: dict[tuple[Span, ...], list[int]] = defaultdict(list)
        for target, spans in found.items():
            alike[tuple(spans)].append(target)
        return alike

    def _cells(self) -> None:
        for spans, cells in self.grouped(self.compiled.cells_of).items():
            low, times = self.times(spans)
            weight = np.zeros(len(times), dtype=np.int64)
            for cell in cells:
                weight += self.state.open_weight(cell)[low : low + len(times)]
            weight[times == 0] = 0
            if not weight.any():
                continue
            for change, prices in self.alone(spans, low, np.where(times == 1, weight, 0)):
                self.separable[change] += prices
            where = np.flatnonzero((times > 1) & (weight > 0))
            if len(where):
                begins, table = self.signatures(spans, where + low)
                prices = np.add.reduceat(weight[where], begins)
                for ranges, price in zip(table.T.tolist(), prices.tolist(), strict=True):
                    literal = self.any_of(ranges)
                    self.prices[literal] = self.prices.get(literal, 0) + price

    def _resources(self) -> None:
        alike: dict[tuple[tuple[Span, int], ...], list[int]] = defaultdict(list)
        found: dict[int, list[tuple[Span, int]]] = defaultdict(list)
        for change in self.candidates:
            for part in self.compiled.uses_of[change]:
                found[part.target].append(((change, part.offset, part.length), part.amount))
        for target, uses in found.items():
            alike[tuple(uses)].append(target)
        room_of: dict[tuple[tuple[int, int], ...], int] = {}
        for key, targets in alike.items():
            spans, amounts = zip(*key, strict=True)
            low, demand = self.demand(spans, amounts)
            free = self.state.free[targets, low : low + len(demand)].min(axis=0)
            # A slot overfull without the free changes may not be touched, but is not theirs to mend.
            free = np.maximum(free, 0)
            short = np.flatnonzero(demand > free)
            if not len(short):
                continue
            begins, table = self.signatures(spans, short + low)
            rooms = np.minimum.reduceat(free[short], begins).tolist()
            for ranges, room in zip(table.T.tolist(), rooms, strict=True):
                terms = tuple((one, amount) for one, amount in zip(ranges, amounts, strict=True) if one)
                room_of[terms] = min(room, room_of.get(terms, room))
        for terms, room in sorted(room_of.items()):
            literals: list[int] = []
            sizes: list[int] = []
            for one, amount in terms:
                own = self.take[one >> 2 * NUMBER_BITS][one >> NUMBER_BITS & LOW_BITS : one & LOW_BITS]
                literals += own
                sizes += [amount] * len(own)
            if 2 * min(sizes) > room and max(sizes) <= room:
                self.rows.at_most_one(literals)
            else:
                self.rows.at_most(literals, sizes, room)

    def _lags(self) -> None:
        lags: dict[int, Lag] = {id(lag): lag for change in self.candidates for lag in self.compiled.lags_of[change]}
        for lag in lags.values():
            if lag.before in self.candidates and lag.after in self.candidates:
                self._lag(lag)

    def _lag(self, lag: Lag) -> None:
        before, after = self.candidates[lag.before], self.candidates[lag.after]
        first, second = self.take[lag.before], self.take[lag.after]
        his = np.searchsorted(before, after - lag.lo, side="right").tolist()
        los = np.searchsorted(before, after - lag.hi, side="left").tolist() if lag.hi is not None else [0] * len(after)
        rows: dict[tuple[int, int], list[int]] = defaultdict(list)
        for literal, lo, hi in zip(second, los, his, strict=True):
            rows[lo, hi].append(literal)
        earlier: list[int] = []
        for (lo, hi), own in rows.items():
            # Without an end everything up to here needs a predecessor in time: tighter than these candidates alone.
            earlier = own if lag.hi is not None else [*earlier, *own]
            support = first[lo:hi]
            self.rows.at_most([*earlier, *support], [1] * len(earlier) + [-1] * len(support), 0)

    def _budgets(self) -> None:
        spans_of = {cell: spans for spans, cells in self.grouped(self.compiled.counted_of).items() for cell in cells}
        for budget in self.compiled.budgets:
            cells = [cell for cell in budget.cells if cell in spans_of]
            if not cells:
                continue
            spent = np.zeros(len(budget.limit), dtype=np.int64)
            inside = budget.period >= 0
            for cell in budget.cells:
                spent += np.bincount(
                    budget.period[inside & ~self.state.counted_open(cell)], minlength=len(budget.limit)
                )
            terms: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
            for cell in cells:
                low, times = self.times(spans_of[cell])
                where = low + np.flatnonzero(times)
                where = where[self.state.counted_open(cell)[where] & inside[where]]
                begins, table = self.signatures(spans_of[cell], where)
                literals = [self.any_of(ranges) for ranges in table.T.tolist()]
                run = np.repeat(np.arange(len(begins)), np.diff([*begins.tolist(), len(where)]))
                for number, period in zip(run.tolist(), budget.period[where].tolist(), strict=True):
                    terms[period][literals[number]] += 1
            for period, amounts in terms.items():
                room = int(budget.limit[period] - spent[period])
                if sum(amounts.values()) > room:
                    self.rows.at_most(list(amounts), list(amounts.values()), max(room, 0))

    def _caps(self) -> None:
        for number, cap in enumerate(self.compiled.caps):
            literals: list[int] = []
            amounts: list[int] = []
            for change in cap.amounts:
                if change in self.candidates:
                    literals += self.take[change]
                    amounts += cap.amounts[change][self.candidates[change]].tolist()
            self.rows.at_most(literals, amounts, max(0, self.state.room[number]))

    # --- solving -----------------------------------------------------------------------------------------------------

    def hint(self, starts: Mapping[int, int]) -> None:
        """Tell CP-SAT a whole plan: every literal gets a value, as partial hints are of little use."""
        values: dict[int, int] = {}
        taken: dict[int, int] = {}
        for change, literals in self.take.items():
            number = int(np.searchsorted(self.candidates[change], starts[change]))
            found = number < len(literals) and self.candidates[change][number] == starts[change]
            taken[change] = number if found else -1
            values.update((literal, int(position == taken[change])) for position, literal in enumerate(literals))
            if change in self._out:
                values[self._out[change]] = int(not found)
        for ranges, literal in self._known.items():
            values[literal] = int(
                any(
                    (one >> NUMBER_BITS & LOW_BITS) <= taken[one >> 2 * NUMBER_BITS] < (one & LOW_BITS)
                    for one in ranges
                )
            )
        self.rows.hint(values)

    def text(self) -> str:
        """Give the model as text, for this process or another one to solve."""
        text = self.rows.text()
        self.size = len(text)
        return text

    def outcome(self, solved: Solved, constant: int = 0) -> Outcome:
        """Read CP-SAT's answer; `constant` is added to the bound of the model's objective.

        Raises
        ------
        ValueError
            Where CP-SAT refuses the model.
        """
        units = solved.units / PACE + CHARACTER_UNITS * self.size
        if solved.status in ("OPTIMAL", "FEASIBLE"):
            starts = {}
            for change, literals in self.take.items():
                taken = [n for n, value in enumerate(solved.values[literals.start : literals.stop]) if value]
                starts[change] = int(self.candidates[change][taken[0]]) if taken else UNPLACED
            self.reached = round(solved.objective)
            answer: Answer = "OPTIMAL" if solved.status == "OPTIMAL" else "FEASIBLE"
            return Outcome(answer, starts, constant + solved.bound, units)
        if solved.status == "INFEASIBLE":
            return Outcome("INFEASIBLE", {}, float("inf"), units)
        if solved.status == "MODEL_INVALID":
            raise ValueError("CP-SAT refused the model")
        return Outcome("UNKNOWN", {}, constant, units)

    def solve(self, limits: Limits, constant: int = 0, used: float = 0.0) -> Outcome:
        """Solve the model here, `used` seconds of the limits being gone; ValueError where CP-SAT refuses it."""
        return self.outcome(limits.solve(self.text(), used), constant)


def posed(
    state: State,
    candidates: Mapping[int, Numbers],
    hint: Mapping[int, int] | None = None,
    optimise: bool = True,
    below: int | None = None,
) -> tuple[Model, int]:
    """Give the model of a choice among candidates, ready to be solved here or elsewhere, and what its bound leaves out.

    See `solve_candidates`; `Model.text` is what to solve and `Model.outcome` reads the answer. With `below` only plans
    cheaper than that are looked for: INFEASIBLE then says that there is none.
    """
    constant = state.objective() - sum(state.compiled.drop[change] or 0 for change in candidates)
    built = Model(state, candidates)
    if optimise:
        built.rows.minimise(built.prices, None if below is None else below - 1 - constant)
    if hint is not None:
        built.hint(hint)
    return built, constant


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
    built, constant = posed(state, candidates, hint, optimise)
    return built.solve(limits, constant, used=time.monotonic() - begun)
