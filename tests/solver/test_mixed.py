"""A mixed integer program in a process of its own: right, and ended when somebody asks."""

import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from strategies import Seeded
from tiny_problems import optimum, random_problem

from scheduler.solver import mixed
from scheduler.solver.bound import Lagrangian
from scheduler.solver.compiled import compile_problem
from scheduler.solver.duals import best_of_kept
from scheduler.solver.limits import Limits


def knapsack(items: int) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]:
    """Pick what is worth most of items whose sizes are drawn, several sacks at once."""
    rng = np.random.default_rng(1)
    rows, columns = np.divmod(np.arange(items * 30), items)
    sizes = rng.integers(1, 1000, items * 30).astype(float)
    return {
        "entries": sizes, "rows": rows, "columns": columns, "low": np.full(30, -np.inf),
        "high": sizes.reshape(30, items).sum(axis=1) / 2, "costs": -rng.integers(1, 1000, items).astype(float),
        "whole": np.ones(items, dtype=np.bool_),
    }  # fmt: skip


def test_whole_numbers_are_chosen() -> None:
    # Sizes 3, 2, 2 in a sack of 4: the two small ones are worth 10, the large one with two halves 6 + 5.
    program = {
        "entries": np.array([3.0, 2.0, 2.0]), "rows": np.zeros(3, dtype=np.int64), "columns": np.arange(3),
        "low": np.array([-np.inf]), "high": np.array([4.0]), "costs": np.array([-6.0, -5.0, -5.0]),
        "whole": np.ones(3, dtype=np.bool_),
    }  # fmt: skip
    found = mixed.solved(program, 10.0)
    assert found is not None
    assert found.values.round().tolist() == [0, 1, 1]
    assert found.bound == pytest.approx(-10.0)


def test_what_was_found_in_time_is_given() -> None:
    program = knapsack(400)
    found = mixed.solved(program, 2.0)
    assert found is not None
    assert not found.proved
    cost = float(program["costs"] @ found.values)  # type: ignore[operator]
    assert found.bound <= cost < 0
    matrix = np.asarray(program["entries"], dtype=float).reshape(30, 400)
    assert (matrix @ found.values <= np.asarray(program["high"], dtype=float) + 1e-3).all()


@pytest.mark.parametrize("processes", [1, 2])
def test_orders_of_the_columns_agree(processes: int) -> None:
    program = knapsack(20)
    sizes, worth = np.asarray(program["entries"]).reshape(30, 20), -np.asarray(program["costs"])
    every = (np.arange(1 << 20)[:, None] >> np.arange(20)) & 1
    fits = np.ones(len(every), dtype=np.bool_)
    for row, room in zip(sizes, program["high"], strict=True):
        fits &= every @ row <= room
    found = mixed.solved(program, 60.0, processes=processes)
    assert found is not None
    assert found.proved
    assert -float((every[fits] @ worth).max()) == pytest.approx(found.bound)
    assert float(program["costs"] @ found.values) == pytest.approx(found.bound)  # type: ignore[operator]


def test_what_cannot_be_is_told() -> None:
    program = knapsack(20) | {"low": np.full(30, 1e9), "high": np.full(30, 1e9)}
    found = mixed.solved(program, 10.0)
    assert found is not None
    assert found.proved
    assert not len(found.values)
    assert found.bound == np.inf


@pytest.mark.parametrize("processes", [1, 2])
def test_a_stop_is_heard_at_once(processes: int) -> None:
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    begin = time.monotonic()
    assert mixed.solved(knapsack(400), 60.0, stop, processes) is None
    assert time.monotonic() - begin < 5.0


def test_only_the_answer_is_written_to_standard_output() -> None:
    finished = subprocess.run([sys.executable, mixed.__file__], input=b"", capture_output=True, check=False)
    assert finished.returncode
    assert not finished.stdout


@pytest.mark.parametrize("seed", range(8))
def test_the_best_of_all_starts_is_the_optimum(seed: int) -> None:
    problem = random_problem(Seeded(seed))
    problem.budgets.clear()
    best = optimum(problem)
    lagrangian = Lagrangian(compile_problem(problem))  # which has proved nothing yet, and so keeps every start
    starts, bound = best_of_kept(lagrangian, 10**6, Limits(10.0))
    if best is None:
        assert not starts
    else:
        assert bound == best
        assert not list(problem.broken(starts))
        assert problem.cost(starts) == best
