"""Trees of lags: the cheapest starts of all their changes together, against trying every combination."""

from itertools import product

import numpy as np
import pytest

from scheduler.solver.compiled import compile_problem
from scheduler.solver.forest import Forest
from scheduler.solver.problem import Problem
from scheduler.solver.state import UNPLACED

SLOTS = 5


def drawn(seed: int) -> Problem:
    """Three changes in a row, some of them optional, lags with and without an end."""
    rng = np.random.default_rng(seed)
    problem = Problem(SLOTS, ["A", "B", "C"])
    for change in problem.changes:
        problem.price_start(change, rng.integers(0, 20, SLOTS))
        if rng.random() < 0.5:
            problem.price_drop(change, int(rng.integers(0, 20)))
    for before, after in (("A", "B"), ("C", "B") if seed % 2 else ("B", "C")):
        lo = int(rng.integers(-1, 3))
        problem.lag("precedence", before, after, lo, lo + int(rng.integers(0, 3)) if rng.random() < 0.5 else None)
    return problem


@pytest.mark.parametrize("seed", range(60))
def test_a_tree_of_lags_is_priced_exactly(seed: int) -> None:
    problem = drawn(seed)
    compiled = compile_problem(problem)
    best: dict[tuple[int, int], float] = {}
    for starts in product(range(-1, SLOTS), repeat=3):
        placed = {change: start for change, start in enumerate(starts) if start != UNPLACED}
        if not list(problem.broken(placed)):
            for change, start in enumerate(starts):
                best[change, start] = min(best.get((change, start), np.inf), problem.cost(placed))
    forest = Forest(compiled)
    (tree,) = forest.trees
    rows = {
        change: np.where(compiled.ok[change, begin:end], compiled.costs[change], np.inf)
        for change, (begin, end) in enumerate(zip(compiled.begin, compiled.end, strict=True))
    }
    out = np.array([np.inf if price is None else float(price) for price in compiled.drop])
    forest.gather(tree, rows, out)
    root = tree[0].parent
    cheapest = min(float(rows[root].min(initial=np.inf)), float(out[root]))
    assert cheapest == min(best.values(), default=np.inf)
    if np.isfinite(cheapest):
        starts = np.full(3, UNPLACED)
        forest.choose(tree, rows, out, starts)
        placed = {change: int(start) for change, start in enumerate(starts) if start != UNPLACED}
        assert not list(problem.broken(placed))
        assert problem.cost(placed) == cheapest
        forest.spread(tree, rows, out)
        for change in range(3):
            for ahead, price in enumerate(rows[change]):
                assert price == best.get((change, int(compiled.begin[change]) + ahead), np.inf)
            assert out[change] == best.get((change, UNPLACED), np.inf)
