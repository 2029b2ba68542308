"""A mixed integer program solved by HiGHS in processes of their own, which can be ended at any time.

HiGHS hears no request to stop and greets on standard output: as a program, run by the path of this file, it disturbs
nobody. What it is asked and what it answers are arrays. How long it takes depends much on the order of the columns:
where there are several workers they race on several orders, and the first to prove its answer ends the others.
"""

import io
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix

Arrays = Mapping[str, npt.NDArray[Any]]
GRACE = 5.0
"""Seconds that the process has to start and to answer beyond its limit."""
FINISHED, INFEASIBLE = 0, 2
"""Statuses of scipy's answer: there is nothing better, or there is nothing."""


class Found(NamedTuple):
    """The values of the columns, empty if none were found, and a bound on their cost, infinite if there can be none."""

    values: npt.NDArray[np.float64]
    bound: float
    proved: bool


def solved(program: Arrays, seconds: float, stop: threading.Event | None = None, processes: int = 1) -> Found | None:
    """Solve a program within some seconds; None where no process answered, or somebody asked to stop.

    `program` has `entries`, `rows` and `columns` of the matrix, `low` and `high` of the rows, `costs` of the columns,
    which lie in [0, 1], and `whole` where those must be 0 or 1.
    """
    over = threading.Event()
    best: Found | None = None
    with ThreadPoolExecutor(processes) as pool:
        racing = [pool.submit(_asked, program, seconds, number, over, stop) for number in range(processes)]
        try:
            for one in as_completed(racing):
                found = one.result()
                if found is not None:
                    best = found if best is None or found.proved else _better(best, found, program)
                if best is not None and best.proved:
                    break
        finally:
            over.set()
    return best


def _better(one: Found, other: Found, program: Arrays) -> Found:
    """Give the cheaper values and the higher bound of two answers that are not proved."""
    cost = [float(program["costs"] @ found.values) if len(found.values) else np.inf for found in (one, other)]
    return Found((one, other)[int(np.argmin(cost))].values, max(one.bound, other.bound), False)


def _asked(
    program: Arrays, seconds: float, number: int, over: threading.Event, stop: threading.Event | None
) -> Found | None:
    """Have one process solve a program, its columns in an order of their own."""
    asked, paths = io.BytesIO(), os.pathsep.join(path for path in sys.path if path)
    np.savez(asked, allow_pickle=False, seconds=np.array(seconds), number=np.array(number), **program)
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
            if waited > seconds + GRACE or over.is_set() or (stop is not None and stop.is_set()):
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
    return Found(arrays["values"], float(arrays["bound"]), bool(arrays["proved"]))


def _answer(asked: Arrays) -> dict[str, npt.NDArray[Any]]:
    """Solve what was asked."""
    many, number = len(asked["costs"]), int(asked["number"])
    order = np.random.default_rng(number).permutation(many) if number else np.arange(many)
    matrix = csr_matrix((asked["entries"], (asked["rows"], asked["columns"])), shape=(len(asked["low"]), many))
    result = milp(
        asked["costs"][order],
        integrality=asked["whole"][order].astype(np.int64),
        bounds=Bounds(0.0, 1.0),
        constraints=LinearConstraint(matrix[:, order], asked["low"], asked["high"]),
        options={"time_limit": float(asked["seconds"]), "mip_rel_gap": 0.0},
    )
    values = np.zeros(0)
    if result.x is not None:
        values = np.empty(many)
        values[order] = result.x
    bound = np.inf if result.status == INFEASIBLE else result.mip_dual_bound
    bound = -np.inf if bound is None else bound
    proved = result.status in (FINISHED, INFEASIBLE)
    return {"values": values, "bound": np.array(bound), "proved": np.array(proved)}


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
