"""How long one call of CP-SAT may take, and one call of it in a thread of its own."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, TypeVar

from ortools.sat.python import cp_model

from scheduler.solver.cpsat import Solved, Solving

T = TypeVar("T")
LEAN = {
    "max_presolve_iterations": 1,
    "cp_model_probing_level": 0,
    "symmetry_level": 0,
    "merge_at_most_one_work_limit": 0.0,
    "merge_no_overlap_work_limit": 0.0,
}
"""For models over candidate starts: most of presolve takes longer there than it saves."""
PACE = 0.3
"""What CP-SAT counts per second of one core on those; units are given and told in seconds of a core."""
CHARACTER_UNITS = 1e-6
"""What writing, reading and presolving a model take per character of its text, which CP-SAT does not count."""


@dataclass(frozen=True)
class Limits:
    """How long one call of CP-SAT may take: seconds, or deterministic units (OR-Tools' own) where they are given."""

    seconds: float
    units: float | None = None
    workers: int = 1
    seed: int = 0
    stop: threading.Event | None = None
    thorough: bool = False
    """Spare no presolve, which pays where a whole problem is to be proved."""

    def parameters(self, used: float = 0.0) -> Mapping[str, Any]:
        """Give the parameters of CP-SAT, by name, for these limits, `used` seconds of them being gone."""
        parameters: dict[str, Any] = {
            "num_workers": self.workers,
            "random_seed": self.seed,
            "linearization_level": 2,
            "catch_sigint_signal": False,
        }
        if self.units is None:
            parameters["max_time_in_seconds"] = max(0.01, self.seconds - used)
        else:
            parameters["max_deterministic_time"] = self.units
            parameters["interleave_search"] = self.workers > 1
        return parameters

    def lean(self, used: float = 0.0) -> Mapping[str, Any]:
        """Give the parameters for a model over candidate starts, `used` seconds of the limits being gone."""
        parameters = {**self.parameters(used), **({} if self.thorough else LEAN)}
        # The pace was measured on lean presolve; where none is spared, OR-Tools' own units are meant.
        spares = self.units is not None and not self.thorough
        return parameters | {"max_deterministic_time": PACE * self.units} if spares and self.units else parameters

    def run(self, model: cp_model.CpModel, used: float = 0.0) -> tuple[cp_model.CpSolver, Any]:
        """Solve a model made with OR-Tools' own interface within these limits, `used` seconds of them being gone."""
        solver = cp_model.CpSolver()
        for name, value in self.parameters(used).items():
            setattr(solver.parameters, name, value)
        return solver, heard(lambda: solver.solve(model), solver.stop_search, self.stop)

    def solve(self, text: str, used: float = 0.0) -> Solved:
        """Solve a model over candidate starts, in text; ValueError where CP-SAT cannot read it."""
        solving = Solving(text, self.lean(used))
        return heard(solving.run, solving.stop, self.stop)


def heard(solve: Callable[[], T], stop_search: Callable[[], object], stop: threading.Event | None) -> T:
    """Solve in a thread of its own, so that signals are handled and `stop` is heard meanwhile."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        solving = pool.submit(solve)
        while not solving.done():
            wait([solving], timeout=0.1)
            if stop is not None and stop.is_set():
                stop_search()
    return solving.result()
