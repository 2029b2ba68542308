"""Branch and bound over nights against trying everything."""

import heapq
from collections.abc import Iterator, Mapping
from itertools import count

import pytest
from strategies import Seeded
from tiny_problems import every_plan, random_problem

from scheduler.solver import nights
from scheduler.solver.bound import Lagrangian
from scheduler.solver.compiled import compile_problem
from scheduler.solver.limits import Limits
from scheduler.solver.nights import Nights
from scheduler.solver.state import UNPLACED, State, restore
from scheduler.solver.workers import Pool


@pytest.fixture(scope="module", params=[1, 2])
def pool(request: pytest.FixtureRequest) -> Iterator[Pool]:
    with Pool(request.param) as made:
        yield made


@pytest.mark.parametrize("small", [0, nights.SMALL])
def test_against_brute_force(small: int, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether nodes are branched or given to CP-SAT whole, no bound passes the optimum and the end proves it."""
    branched, tried = grown(small, pool, monkeypatch)
    assert tried >= 30
    assert branched >= 15 or small


def test_the_race_proves_where_the_tree_does_not_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Nights, "_branch", lambda tree, node, _change, _runs: heapq.heappush(tree._open, node))
    with Pool(2) as pool:
        branched, tried = grown(0, pool, monkeypatch)
    assert (branched, tried >= 30) == (0, True)


def grown(small: int, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """Grow the trees of problems whose every plan is known; how many had nodes, and how many there were."""
    monkeypatch.setattr(nights, "SMALL", small)
    monkeypatch.setattr(nights, "MIDDLING", small)
    monkeypatch.setattr(nights, "CANDIDATES", 2)
    tried = branched = 0
    for seed in range(150):
        problem = random_problem(Seeded(seed), stacked=20)
        plans = sorted(((price, sorted(starts.items())) for price, starts in every_plan(problem)))
        compiled = compile_problem(problem)
        made, ticks = Lagrangian(compiled), count()
        if not plans or not Nights.suits(made):
            continue
        optimum, (worst, poor) = plans[0][0], plans[-1]
        made.improve(worst, lambda ticks=ticks: next(ticks) / 5)  # type: ignore[misc]
        starts = [dict(poor).get(change, UNPLACED) for change in range(compiled.changes)]
        tree, best = Nights(made, worst, starts), worst

        def running(tree: Nights = tree, optimum: int = optimum, seed: int = seed) -> float:
            assert tree.cents <= optimum, f"seed {seed}: a bound above the optimum"
            return 0.0

        def found(plan: Mapping[int, int], compiled: object = compiled) -> int:
            nonlocal best
            state = State(compiled)  # type: ignore[arg-type]
            restore(state, {change: start for change, start in plan.items() if start != UNPLACED})
            best = best if state.missing() else min(best, state.objective())
            return best

        tree.grow(pool, Limits(20.0), running, found)
        assert best == tree.cents == optimum, f"seed {seed}"
        tried += 1
        branched += tree.nodes > 1
    return branched, tried
