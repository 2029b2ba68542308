"""The textbook model of a canonical problem: a variable for every change and start over the whole horizon.

It is written from `Problem` alone and shares nothing with the solver, so it is a second opinion on what an optimum is:
HiGHS solves it through scipy, and CP-SAT.

    x[change, start]  1 where the change takes that start         Σ x + dropped = 1
    y[cell, slot]     1 where the cell is active                  Σ x of one change that cover the slot ≤ y
    capacity          Σ amount × x that cover the slot ≤ capacity
    lag               x[after, t] ≤ Σ x[before, u] with t − u in [lo, hi]
    budget            Σ y of the cells in a period ≤ limit
    cap               Σ amount × x ≤ limit
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from ortools.sat.python import cp_model
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from scheduler.solver.problem import Member, Problem

Numbers = npt.NDArray[np.int64]


@dataclass
class Model:
    """Rows `low ≤ Σ coefficient × variable ≤ high` over binary variables, and the price of every variable.

    `first_start[change]` is the number of the variable of the change's first start, `starts[change]` are its starts,
    `dropped[change]` the number of its drop variable. `covers` are the rows that are a sum of starts at most one y.
    """

    prices: list[int] = field(default_factory=list)
    starts: list[Numbers] = field(default_factory=list)
    first_start: list[int] = field(default_factory=list)
    dropped: list[int | None] = field(default_factory=list)
    covers: list[tuple[Numbers, int]] = field(default_factory=list)
    rows: list[tuple[Numbers, Numbers, float, float]] = field(default_factory=list)

    def variables(self, prices: Iterable[int]) -> int:
        """Add variables and give the number of the first."""
        first = len(self.prices)
        self.prices.extend(prices)
        return first

    def row(self, numbers: npt.ArrayLike, coefficients: npt.ArrayLike, low: float, high: float) -> None:
        """Add a row."""
        own = np.asarray(numbers, dtype=np.int64)
        self.rows.append((own, np.broadcast_to(np.asarray(coefficients, dtype=np.int64), own.shape), low, high))

    def starts_of(self, values: npt.ArrayLike) -> dict[int, int]:
        """Read the starts from the values of the variables."""
        value = np.asarray(values)
        found = {}
        for change, (first, starts) in enumerate(zip(self.first_start, self.starts, strict=True)):
            taken = np.flatnonzero(value[first : first + len(starts)] > 0.5)
            if len(taken):
                found[change] = int(starts[taken[0]])
        return found


def whole_horizon(problem: Problem) -> Model:
    """Write the textbook model; cells of the same members are merged and those of one change priced by its starts."""
    model = Model()
    shared: dict[tuple[Member, ...], Numbers] = {}
    own_price: dict[int, Numbers] = {n: problem.start_cost[n].copy() for n in problem.start_cost}
    for cell in problem.cells:
        changes = {member.change for member in cell.members}
        if len(changes) == 1:
            (change,) = changes
            before = own_price.get(change, np.zeros(problem.slots, dtype=np.int64))
            own_price[change] = before + _window_prices(cell.members, cell.weight)
        elif changes and cell.weight.any():
            shared[cell.members] = shared.get(cell.members, 0) + cell.weight
    for change, price in enumerate(problem.drop_price):
        starts = np.flatnonzero(problem.allowed(change))
        prices = own_price[change][starts].tolist() if change in own_price else [0] * len(starts)
        model.starts.append(starts)
        model.first_start.append(model.variables(prices))
        model.dropped.append(None if price is None else model.variables([price]))
        numbers = [*range(model.first_start[-1], model.first_start[-1] + len(starts) + (price is not None))]
        model.row(numbers, 1, 1, 1)
    for members, weight in shared.items():
        _cover(model, members, weight > 0, weight)
    _add_budgets(model, problem)
    for resource in problem.resources:
        _add_resource(model, [(u.change, u.amount, u.offset, u.length) for u in resource.uses], resource.capacity)
    for lag in problem.lags:
        befores = model.starts[lag.before]
        for number, start in enumerate(model.starts[lag.after]):
            lowest = start - lag.hi if lag.hi is not None else 0
            begin, end = np.searchsorted(befores, lowest), np.searchsorted(befores, start - lag.lo, side="right")
            partners = model.first_start[lag.before] + np.arange(begin, max(begin, end))
            own = model.first_start[lag.after] + number
            model.row([own, *partners], [1, *[-1] * len(partners)], -np.inf, 0)
    for cap in problem.caps:
        numbers = [model.first_start[change] + np.arange(len(model.starts[change])) for change in cap.amounts]
        amounts = [own[model.starts[change]] for change, own in cap.amounts.items()]
        if numbers:
            model.row(np.concatenate(numbers), np.concatenate(amounts), -np.inf, cap.limit)
    return model


def _window_prices(members: Sequence[Member], weight: Numbers) -> Numbers:
    """Price every start of the one change of a cell: the weight of all slots that any of its members covers."""
    slots = len(weight)
    prices = np.zeros(slots, dtype=np.int64)
    for start in range(slots):
        covered = np.zeros(slots, dtype=np.bool_)
        for member in members:
            covered[max(0, start + member.offset) : max(0, start + member.offset + member.length)] = True
        prices[start] = weight[covered].sum()
    return prices


def _covering(model: Model, change: int, windows: Iterable[tuple[int, int]], slots: int) -> dict[int, list[int]]:
    """Give for every slot the numbers of the change's start variables whose windows (offset, length) cover it."""
    found: dict[int, set[int]] = defaultdict(set)
    for number, start in enumerate(model.starts[change].tolist()):
        for offset, length in windows:
            for slot in range(max(0, start + offset), min(slots, start + offset + length)):
                found[slot].add(model.first_start[change] + number)
    return {slot: sorted(numbers) for slot, numbers in found.items()}


def _cover(model: Model, members: Sequence[Member], wanted: npt.NDArray[np.bool_], weight: Numbers) -> Numbers:
    """Add the y of a cell in the wanted slots and its cover rows; give the number of each slot's y, −1 without."""
    numbers = np.full(len(wanted), -1, dtype=np.int64)
    slots = np.flatnonzero(wanted)
    numbers[slots] = model.variables(weight[slots].tolist()) + np.arange(len(slots))
    windows: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for member in members:
        windows[member.change].append((member.offset, member.length))
    for change, own in windows.items():
        for slot, starts in _covering(model, change, own, len(wanted)).items():
            if wanted[slot]:
                model.covers.append((np.array(starts, dtype=np.int64), int(numbers[slot])))
    return numbers


def _add_budgets(model: Model, problem: Problem) -> None:
    counted: dict[int, Numbers] = {}
    inside: dict[int, npt.NDArray[np.bool_]] = {}
    for budget in problem.budgets:
        for number in budget.cells:
            inside[number] = inside.get(number, np.zeros(problem.slots, dtype=np.bool_)) | (budget.period >= 0)
    nothing = np.zeros(problem.slots, dtype=np.int64)
    for number, wanted in inside.items():
        counted[number] = _cover(model, problem.cells[number].members, wanted, nothing)
    for budget in problem.budgets:
        for period, limit in enumerate(budget.limit.tolist()):
            own = [counted[number][budget.period == period] for number in budget.cells]
            if own:
                variables, times = np.unique(np.concatenate(own), return_counts=True)
                model.row(variables, times, -np.inf, limit)


def _add_resource(model: Model, uses: Sequence[tuple[int, int, int, int]], capacity: Numbers) -> None:
    taken: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for change, amount, offset, length in uses:
        for slot, numbers in _covering(model, change, [(offset, length)], len(capacity)).items():
            for number in numbers:
                taken[slot][number] += amount
    for slot, amounts in taken.items():
        owners = np.searchsorted(model.first_start, list(amounts), side="right")
        most: dict[int, int] = defaultdict(int)
        for owner, amount in zip(owners.tolist(), amounts.values(), strict=True):
            most[owner] = max(most[owner], amount)
        if sum(most.values()) > capacity[slot]:
            model.row(list(amounts), list(amounts.values()), -np.inf, max(0, int(capacity[slot])))


@dataclass(frozen=True)
class Found:
    """What a whole-horizon model was solved to; objective and starts are None and empty where no plan was found."""

    status: str
    objective: int | None
    bound: float
    starts: dict[int, int]


def highs(problem: Problem, model: Model, seconds: float = 60.0) -> Found:
    """Solve a whole-horizon model with HiGHS through scipy, on one thread."""
    if not model.prices:
        return Found("OPTIMAL", 0, 0.0, {})
    sums = [(np.append(numbers, y), np.append(np.ones(len(numbers), np.int64), -1), -np.inf, 0)
            for numbers, y in model.covers]  # fmt: skip
    rows = [*model.rows, *sums]
    pointers = np.concatenate([[0], np.cumsum([len(numbers) for numbers, _, _, _ in rows])])
    numbers = np.concatenate([own for own, _, _, _ in rows])
    coefficients = np.concatenate([own for _, own, _, _ in rows]).astype(np.float64)
    matrix = csr_array((coefficients, numbers, pointers), shape=(len(rows), len(model.prices)))
    prices = np.array(model.prices, dtype=np.float64)
    scale = max(1.0, prices.max(initial=0.0) / 1e6)
    result = milp(
        prices / scale,
        integrality=np.ones(len(prices)),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(matrix, np.array([r[2] for r in rows]), np.array([r[3] for r in rows])),
        options={"time_limit": seconds, "mip_rel_gap": 0.0},
    )
    bound = -np.inf if result.mip_dual_bound is None else float(result.mip_dual_bound) * scale
    if result.x is None:
        return Found("INFEASIBLE" if result.status == 2 else "UNKNOWN", None, bound, {})
    starts = model.starts_of(result.x)
    return Found("OPTIMAL" if result.status == 0 else "FEASIBLE", problem.cost(starts), bound, starts)


def cp_sat(model: Model) -> cp_model.CpModel:
    """Write a whole-horizon model for CP-SAT, variables in their order: covers as clauses, the rest as rows."""
    cp = cp_model.CpModel()
    literals = [cp.new_bool_var("") for _ in model.prices]
    for numbers, y in model.covers:
        cp.add_at_most_one([*(literals[number] for number in numbers.tolist()), ~literals[y]])
    for numbers, coefficients, low, high in model.rows:
        own = [literals[number] for number in numbers.tolist()]
        if low == high == 1:
            cp.add_exactly_one(own)
        else:
            cp.add(cp_model.LinearExpr.weighted_sum(own, coefficients.tolist()) <= int(high))
    priced = [(literal, price) for literal, price in zip(literals, model.prices, strict=True) if price]
    cp.minimize(cp_model.LinearExpr.weighted_sum([one for one, _ in priced], [price for _, price in priced]))
    return cp
