"""A mixed integer program solved by HiGHS in a process of its own, which can be ended at any time.

HiGHS hears no request to stop and greets on standard output: as a program, run by the path of this file, it disturbs
nobody. What it is asked and what it answers are arrays.
"""

import io
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from ortools.linear_solver.python import model_builder_helper as linear
from scipy.sparse import csr_matrix

Arrays = Mapping[str, npt.NDArray[Any]]
GRACE = 5.0
"""Seconds that the process has to start and to answer beyond its limit."""


class Found(NamedTuple):
    """The values of the columns, empty if none were found, and a bound on their cost."""

    values: npt.NDArray[np.float64]
    bound: float


def solved(program: Arrays, seconds: float, stop: threading.Event | None = None) -> Found | None:
    """Solve a program within some seconds; None where nothing was found, or somebody asked to stop.

    `program` has `entries`, `rows` and `columns` of the matrix, `low` and `high` of the rows, `costs` of the columns,
    which lie in [0, 1], and `whole` where those must be 0 or 1.
    """
    asked, paths = io.BytesIO(), os.pathsep.join(path for path in sys.path if path)
    np.savez(asked, allow_pickle=False, seconds=np.array(seconds), **program)
    process = subprocess.Popen(
        [sys.executable, "-P", __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": paths},
        start_new_session=True,
    )
    ended = threading.Event()

    def end_early() -> None:
        waited = 0.0
        while not ended.wait(0.1):
            waited += 0.1
            if waited > seconds + GRACE or (stop is not None and stop.is_set()):
                process.kill()
                return

    threading.Thread(target=end_early, daemon=True).start()
    try:
        answer, _ = process.communicate(asked.getvalue())
    finally:
        ended.set()
        process.kill()
        process.wait()
    if process.returncode or not answer:
        return None
    arrays = np.load(io.BytesIO(answer))
    return Found(arrays["values"], float(arrays["bound"]))


def _answer(asked: Arrays) -> dict[str, npt.NDArray[Any]]:
    """Solve what was asked."""
    shape = (len(asked["low"]), len(asked["costs"]))
    matrix = csr_matrix((asked["entries"], (asked["rows"], asked["columns"])), shape=shape)
    model: Any = linear.ModelBuilderHelper()  # its types do not know numpy's
    model.fill_model_from_sparse_data(
        np.zeros(shape[1]), np.ones(shape[1]), asked["costs"], asked["low"], asked["high"], matrix
    )
    for column in np.flatnonzero(asked["whole"]).tolist():
        model.set_var_integrality(column, True)
    solver = linear.ModelSolverHelper("HIGHS")
    solver.enable_output(False)
    solver.set_time_limit_in_seconds(float(asked["seconds"]))
    solver.set_solver_specific_parameters("mip_rel_gap=0")
    solver.solve(model)
    if not solver.has_solution():
        return {"values": np.zeros(0), "bound": np.array(-np.inf)}
    return {"values": np.array(solver.variable_values()), "bound": np.array(solver.best_objective_bound())}


def main() -> None:
    """Read a program from standard input and write the answer to standard output, which HiGHS does not get to see."""
    out = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    arrays = np.load(io.BytesIO(sys.stdin.buffer.read()))
    with os.fdopen(out, "wb") as pipe:
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **_answer(arrays))
        pipe.write(buffer.getvalue())


if __name__ == "__main__":
    main()
