"""One case of the scaling benchmark, in a process of its own: plan one portfolio and print what it took as JSON."""

import json
import os
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

BEGUN = time.monotonic()

from cases import Case  # noqa: E402

import scheduler.solver.solve as planning  # noqa: E402
from scheduler.baselines import figures_of, habit_schedules  # noqa: E402
from scheduler.demand.usage import expected_users  # noqa: E402
from scheduler.inputs import load  # noqa: E402
from scheduler.portfolio import Change, Portfolio  # noqa: E402
from scheduler.schedule import Result, total  # noqa: E402
from scheduler.solver.incumbent import Progress  # noqa: E402
from scheduler.solver.search import greedy  # noqa: E402
from scheduler.solver.state import State  # noqa: E402
from scheduler.verify import bill, verify  # noqa: E402

IMPORTED = time.monotonic() - BEGUN
AT_SECONDS = (10, 30, 60, 180, 300, 600)
HABITS = ("first_come", "earliest", "sunday_0200")


def plain(portfolio: Portfolio) -> Portfolio:
    """Give a portfolio in which work takes exactly its P50 and goes well, in the windows that it reserves anyway.

    What P90 keeps beyond P50 is kept as time to back out, with no chance that it is needed; no fairness phase.
    """

    def certain(change: Change) -> Change:
        tail = change.duration_p90_minutes - change.duration_minutes
        return replace(
            change,
            duration_p90_minutes=change.duration_minutes,
            backout_minutes=change.backout_minutes + tail,
            failure_chance=0.0,
        )

    changes = {name: certain(change) for name, change in portfolio.changes.items()}
    return replace(portfolio, changes=changes, policy=replace(portfolio.policy, fairness_epsilon=0.0))


class Memory:
    """The peak memory of this process and of those it starts, in MiB, sampled where the system tells."""

    def __init__(self) -> None:
        self.children = 0.0
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._sample, daemon=True)
        self._watch.start()

    def _sample(self) -> None:
        while not self._over.wait(0.2):
            self.children = max(self.children, sum(_peak(child) for child in _descendants(os.getpid())))

    @property
    def peak(self) -> float:
        """Peak of this process, and the most that its children, alive together, had taken."""
        own = _peak(os.getpid()) or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return own + (self.children or resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)

    def stop(self) -> float:
        """End the sampling and give the peak."""
        self._over.set()
        self._watch.join()
        return self.peak


def _descendants(process: int) -> Iterator[int]:
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            children = [int(child) for child in task.read_text().split()]
        except OSError:
            continue
        for child in children:
            yield child
            yield from _descendants(child)


def _peak(process: int) -> float:
    """Give the largest resident size of a process in MiB, 0 where it is gone or the system does not tell."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)


@contextmanager
def timed(record: dict[str, Any], name: str) -> Iterator[None]:
    """Note the seconds that a block takes."""
    begun = time.monotonic()
    yield
    record[name] = round(time.monotonic() - begun, 3)


def watched(record: dict[str, Any], name: str) -> None:
    """Note the seconds that the solver spends in one of its steps, without changing the step."""
    step: Callable[..., Any] = getattr(planning, name)

    def measured(*given: Any) -> Any:
        with timed(record, name):
            return step(*given)

    setattr(planning, name, measured)


class Trace:
    """What is known when: every change of objective or bound, by seconds from the start of planning."""

    def __init__(self) -> None:
        self.points: list[tuple[float, str, int | None, int | None]] = []
        self.begun = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        now = progress.objective_cents, progress.bound_cents
        if not self.points or self.points[-1][2:] != now:
            self.points.append((round(time.monotonic() - self.begun, 2), progress.phase, *now))

    def at(self, seconds: float) -> dict[str, int | float | None]:
        """Give objective, bound and gap as they were known at a time."""
        known = [point for point in self.points if point[0] <= seconds]
        objective, bound = known[-1][2:] if known else (None, None)
        return {"objective": objective, "bound": bound, "gap": gap(objective, bound)}


def gap(objective: int | None, bound: int | None) -> float | None:
    """Give (objective − bound) / objective, None while one is not known."""
    if objective is None or bound is None:
        return None
    return (objective - bound) / objective if objective else 0.0


def planned(portfolio: Portfolio, case: Case, record: dict[str, Any]) -> Result:
    """Plan a portfolio and note what came when."""
    watched(record, "build")
    watched(record, "compile_problem")
    trace = Trace()
    result = planning.solve(portfolio, time_limit=case.seconds, workers=case.workers, progress=trace)
    record["seconds"] = round(time.monotonic() - trace.begun, 2)
    compiling = record["build"] + record["compile_problem"]
    first = next((point[0] for point in trace.points if point[2] is not None), None)
    proof = record["seconds"] if result.status == "OPTIMAL" else None
    cheapest = None if result.objective_cents is None else result.objective_cents - result.fairness_price_cents
    record |= {
        "status": result.status,
        "objective": result.objective_cents,
        "bound": result.bound_cents,
        "gap": result.gap,
        "gap_before_fairness": gap(cheapest, result.bound_cents),
        "first_plan": first,
        "first_plan_after_compiling": None if first is None else round(first - compiling, 3),
        "proof": next((p[0] for p in trace.points if p[2] is not None and p[2] == p[3]), proof),
        "at": {str(t): trace.at(t) for t in AT_SECONDS if t <= case.seconds * 1.05},
        "trace": trace.points,
    }
    return result


def compared(portfolio: Portfolio, result: Result, record: dict[str, Any]) -> None:
    """Check a plan and note what the habits would have cost, and the greedy plan that the search begins with."""
    objective, bound = result.objective_cents, result.bound_cents
    record["violations"] = len(verify(portfolio, result.schedule))
    record["bill"] = total(bill(portfolio, result.schedule))
    record["sound"] = not record["violations"] and record["bill"] == objective and (bound or 0) <= (objective or 0)
    record["dropped"] = len(portfolio.changes) - len(result.schedule.placements)
    for habit in HABITS:
        with timed(record, f"{habit}_seconds"):
            ((schedule,),) = habit_schedules(portfolio, result.schedule, names=[habit]).values()
            figures = figures_of(portfolio, schedule)
        record[habit] = {"objective": figures.objective_cents + figures.drop_cents, "violations": figures.violations}
    state = State(planning.compiled(portfolio))
    with timed(record, "greedy_seconds"):
        complete = greedy(state)
    record["greedy"] = state.objective() if complete else None
    first_come = record["first_come"]["objective"]
    if objective is not None and bound is not None and first_come:
        record["below_first_come"] = 1 - objective / first_come
        record["share_left"] = (objective - bound) / (first_come - bound) if first_come > bound else None


def measure(case: Case, folder: Path) -> dict[str, Any]:
    """Load, plan, check and compare one portfolio."""
    record: dict[str, Any] = {"imports": round(IMPORTED, 3)}
    with timed(record, "load"):
        portfolio = load(folder)
    if case.kind == "plain":
        portfolio = plain(portfolio)
    with timed(record, "usage"):
        expected_users(portfolio)
    memory = Memory()
    record["memory_before"] = round(memory.peak)
    result = planned(portfolio, case, record)
    record["memory"] = round(memory.stop())
    compiled = planning.compiled(portfolio)
    record |= {"changes": compiled.changes, "slots": compiled.slots, "resources": len(compiled.resources)}
    record |= {"shared_cells": len(compiled.members), "start_variables": int(compiled.ok.sum())}
    if result.objective_cents is not None:
        compared(portfolio, result, record)
    return record


if __name__ == "__main__":
    print(json.dumps(measure(Case(**json.loads(sys.argv[2])), Path(sys.argv[3]))))
