"""Worker processes that are killed, stopped, interrupted and left alone, with real processes and real signals."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scheduler.solver.compiled import compile_problem
from scheduler.solver.effort import Effort
from scheduler.solver.exact import Numbers, posed, solve_candidates
from scheduler.solver.limits import Limits
from scheduler.solver.optimise import optimise
from scheduler.solver.problem import Problem
from scheduler.solver.rows import Rows
from scheduler.solver.search import greedy
from scheduler.solver.state import UNPLACED, State
from scheduler.solver.workers import LOST, Pool, solved_by

EASY = Limits(10.0).lean()


def easy(number: int) -> str:
    """min x0 + (10 + number) x1 + 99 x2 with exactly one of x1, x2: costs 10 + number."""
    rows = Rows()
    rows.literals(3)
    rows.exactly_one([1, 2])
    rows.minimise({0: 1, 1: 10 + number, 2: 99})
    return rows.text()


def pigeons(count: int = 16) -> str:
    """`count` pigeons and one hole less, as pairs: no solver without counting proves this before the end of time."""
    rows = Rows()
    holes = [rows.literals(count - 1) for _ in range(count)]
    for own in holes:
        rows.exactly_one(own)
    for hole in range(count - 1):
        for one in range(count):
            for other in range(one):
                rows.at_most_one([holes[one][hole], holes[other][hole]])
    return rows.text()


SLOW = {
    "num_workers": 1,
    "max_time_in_seconds": 120.0,
    "cp_model_presolve": False,
    "linearization_level": 0,
    "symmetry_level": 0,
    "cp_model_probing_level": 0,
}


def gone(pid: int) -> bool:
    """Tell whether a process has ended (a zombie that nobody has waited for yet has)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def becomes_true(condition: Callable[[], object], seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_models_are_solved_and_answered_by_ticket() -> None:
    with Pool(2) as pool:
        assert pool.pids == []  # nothing is started before there is work
        tickets = [pool.submit(easy(number), EASY) for number in range(6)]
        assert len(pool.pids) == 2
        found = {}
        while pool.busy:
            found.update(dict(pool.wait(30.0)))
        assert [found[ticket].objective for ticket in tickets] == [10, 11, 12, 13, 14, 15]
        assert {found[ticket].status for ticket in tickets} == {"OPTIMAL"}
        assert found[tickets[0]].values == [0, 1, 0]
        pids = pool.pids
    assert all(map(gone, pids))


def test_results_are_taken_in_the_order_of_submission_however_they_end() -> None:
    with Pool(2) as pool:
        slow = pool.submit(pigeons(), SLOW | {"max_time_in_seconds": 1.0})
        quick = pool.submit(easy(0), EASY)
        first, second = pool.take(slow, 30.0), pool.take(quick, 30.0)
    assert first is not None
    assert second is not None
    assert (first.status, second.objective) == ("UNKNOWN", 10)


def test_what_takes_too_long_is_not_waited_for() -> None:
    with Pool(1) as pool:
        pool.submit(pigeons(), SLOW)
        begun = time.monotonic()
        assert pool.wait(0.3) == []
        pids = pool.pids
    assert time.monotonic() - begun < 10
    assert all(map(gone, pids))


def test_a_killed_worker_loses_its_model_and_the_others_go_on() -> None:
    with Pool(2) as pool:
        slow = pool.submit(pigeons(), SLOW)
        assert becomes_true(lambda: pool.pids)
        (victim,) = pool.pids
        time.sleep(0.5)
        os.kill(victim, signal.SIGKILL)
        assert pool.take(slow, 30.0) == LOST
        found = [pool.take(pool.submit(easy(number), EASY), 30.0) for number in range(3)]
        assert [one.objective for one in found if one] == [10, 11, 12]
        assert victim not in pool.pids


def test_without_workers_models_are_solved_here() -> None:
    with Pool(1, restarts=0) as pool:
        slow = pool.submit(pigeons(), SLOW)
        os.kill(pool.pids[0], signal.SIGKILL)
        waiting = pool.submit(easy(3), EASY)
        assert pool.take(slow, 30.0) == LOST
        here = pool.take(waiting, 30.0)
        assert here is not None
        assert here.objective == 13
        assert pool.pids == []


def test_what_is_solved_here_ends_with_the_pool() -> None:
    with Pool(1, restarts=-1) as pool:
        pool.submit(pigeons(), SLOW)
        assert pool.pids == []
        begun = time.monotonic()
    assert time.monotonic() - begun < 20


def test_a_model_that_cannot_be_read_is_refused_by_name() -> None:
    with Pool(1) as pool:
        refused = pool.take(pool.submit("no model", EASY), 30.0)
        assert refused is not None
        assert refused.status == "MODEL_INVALID"
        after = pool.take(pool.submit(easy(0), EASY), 30.0)
        assert after is not None
        assert after.objective == 10


def test_workers_ignore_ctrl_c() -> None:
    with Pool(1) as pool:
        assert pool.take(pool.submit(easy(0), EASY), 30.0) is not None
        os.kill(pool.pids[0], signal.SIGINT)
        second = pool.take(pool.submit(easy(1), EASY), 30.0)
        assert second is not None
        assert second.objective == 11


PARENT = """
import sys, time
sys.path.insert(0, {tests!r})
from scheduler.solver.workers import Pool
from test_workers import SLOW, pigeons
pool = Pool(2)  # no main guard, and never closed
for _ in range(2):
    pool.submit(pigeons(), SLOW)
time.sleep(1)
print(*pool.pids, flush=True)
time.sleep(600)
"""


def test_workers_end_with_a_parent_that_was_killed() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT.format(tests=str(Path(__file__).parent))], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    with parent.stdout:
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 2
        assert not any(map(gone, pids))
        parent.kill()
        parent.wait()
    assert becomes_true(lambda: all(map(gone, pids)))


# --- the halves of a neighbourhood -------------------------------------------------------------------------------


def crowded(count: int, slots: int, starts: int) -> tuple[State, dict[int, Numbers], dict[int, int]]:
    """Changes on shared cells with a plan for all, taken out again, and candidates around that plan."""
    rng = np.random.default_rng(5)
    problem = Problem(slots, [f"C{number:03}" for number in range(count)])
    for change in problem.changes:
        problem.mask("horizon", change, np.arange(slots) <= slots - 8)
        problem.price_start(change, rng.integers(0, 300, slots))
    for _ in range(count):
        members = [(change, 0, int(rng.integers(2, 8))) for change in problem.changes if rng.random() < 6 / count]
        problem.cell(rng.integers(50, 500, slots), members)
    problem.resource("capacity", "dba", np.full(slots, 4), [(change, 1, 0, 8) for change in problem.changes])
    state = State(compile_problem(problem))
    assert greedy(state)
    before = dict(enumerate(state.starts))
    for change in before:
        state.remove(change)
    candidates = {
        change: np.unique([*rng.choice(slots - 8, starts, replace=False).tolist(), start])
        for change, start in before.items()
    }
    return state, candidates, before


def test_a_worker_chooses_as_this_process_does() -> None:
    state, candidates, before = crowded(8, 200, 6)
    limits = Limits(60.0, units=10.0)
    here = solve_candidates(state, candidates, limits, before)
    built, constant = posed(state, candidates, before)
    with Pool(1) as pool:
        solved = pool.take(pool.submit(built.text(), limits.lean()), 60.0)
    assert solved is not None
    assert built.outcome(solved, constant) == here
    assert here.answer == "OPTIMAL"


def test_a_lost_answer_chooses_nothing() -> None:
    state, candidates, before = crowded(5, 100, 5)
    built, constant = posed(state, candidates, before)
    outcome = built.outcome(LOST, constant)
    assert (outcome.answer, outcome.starts) == ("UNKNOWN", {})


@pytest.mark.parametrize("seconds", [0.0, 0.05])
def test_a_limit_inside_presolve_leaves_the_plan_that_was_there(seconds: float) -> None:
    state, candidates, before = crowded(150, 1500, 60)
    outcome = solve_candidates(state, candidates, Limits(seconds), before)
    assert outcome.answer in ("UNKNOWN", "FEASIBLE")
    assert state.starts == [UNPLACED] * 150  # what is free stays free, for the caller to put back


def test_stop_ends_a_long_solve_with_the_best_so_far() -> None:
    state, candidates, before = crowded(100, 1500, 60)
    stop = threading.Event()
    threading.Timer(2.0, stop.set).start()
    begun = time.monotonic()
    outcome = solve_candidates(state, candidates, Limits(300.0, stop=stop), before)
    assert time.monotonic() - begun < 60
    assert outcome.answer in ("FEASIBLE", "UNKNOWN", "OPTIMAL")


def test_a_run_that_ends_at_once_returns_its_first_plan() -> None:
    state, _, _ = crowded(80, 1500, 20)
    compiled = state.compiled
    answer = optimise(compiled, Effort(0.5), workers=2)
    assert answer.status == "FEASIBLE"
    starts = dict(enumerate(answer.starts))
    assert not list(compiled.problem.broken(starts))
    assert compiled.problem.cost(starts) == answer.objective


def own_workers() -> set[int]:
    """List the worker processes that this process has started and that are running."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and not gone(int(entry.name)):
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if parent == os.getpid() and b"cpsat.py" in command:
                found.add(int(entry.name))
    return found


def test_a_run_whose_workers_are_killed_again_and_again_keeps_its_plan() -> None:
    state, _, _ = crowded(60, 1200, 5)
    compiled, answers = state.compiled, []
    run = threading.Thread(target=lambda: answers.append(optimise(compiled, Effort(12.0), workers=2)))
    run.start()
    killed = 0
    while run.is_alive():
        for pid in own_workers():
            os.kill(pid, signal.SIGKILL)
            killed += 1
        run.join(0.7)
    assert killed > 0
    (answer,) = answers
    assert answer.status in ("OPTIMAL", "FEASIBLE")
    starts = dict(enumerate(answer.starts))
    assert not list(compiled.problem.broken(starts))
    assert compiled.problem.cost(starts) == answer.objective
    assert not own_workers()


# --- workers of an executor ------------------------------------------------------------------------------------------


class Refusing(Executor):
    """Takes `good` models, and fails with those after: at once, or by their futures."""

    def __init__(self, good: int, *, at_once: bool) -> None:
        self.good, self.at_once, self.asked = good, at_once, 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        self.asked += 1
        if self.asked > self.good and self.at_once:
            raise ConnectionError("the cluster is gone")
        future: Future[Any] = Future()
        if self.asked > self.good:
            future.set_exception(ConnectionError("the worker is gone"))
        else:
            future.set_result(fn(*args, **kwargs))
        return future


def solve_all(pool: Pool, models: int) -> list[float]:
    tickets = [pool.submit(easy(number), EASY) for number in range(models)]
    found = []
    for number, ticket in enumerate(tickets):
        solved = pool.take(ticket, 60.0)
        while solved == LOST:  # as the search does: it asks again for what it still wants
            solved = pool.take(pool.submit(easy(number), EASY), 60.0)
        assert solved is not None
        found.append(solved.objective)
    return found


def test_models_are_solved_by_an_executor() -> None:
    with ThreadPoolExecutor(2) as executor, solved_by(executor), Pool(2) as pool:
        assert solve_all(pool, 5) == [10, 11, 12, 13, 14]
        assert pool.pids == []
    with Pool(1) as pool:
        assert solve_all(pool, 1) == [10]
        assert len(pool.pids) == 1  # outside of the block they are processes of this machine again


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("good", [0, 2])
def test_processes_of_this_machine_take_over_where_an_executor_fails(good: int, at_once: bool) -> None:
    executor = Refusing(good, at_once=at_once)
    with solved_by(executor), Pool(1) as pool:
        assert solve_all(pool, 4) == [10, 11, 12, 13]
        assert len(pool.pids) == 1
    assert executor.asked == good + 1
