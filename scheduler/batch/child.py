"""The process that plans one portfolio: asked over its input, answering over its output, gone with whoever asked.

Started as `python -m scheduler.batch.child`. It writes no file: the plan's files are its answer.
"""

import importlib
import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from scheduler.batch.job import Job, Kind
from scheduler.batch.planning import plan
from scheduler.inputs import InputError, load
from scheduler.inputs.tables import utc_text
from scheduler.publish.files import REPORT, plan_files
from scheduler.schedule import Result
from scheduler.solver.cpsat import receive, send
from scheduler.solver.incumbent import Progress

STOP = "stop"
EVERY_SECONDS = 0.5


def answer(job: Job, stop: threading.Event, tell: "Teller") -> dict[str, Any]:
    """Plan a portfolio; give what an `Outcome` has of it."""
    try:
        portfolio = load(job.folder, now=job.now, out=job.out if Path(job.out).is_dir() else None)
    except InputError as error:
        return _end("refused", messages=tuple(error.problems))
    result = plan(
        portfolio,
        time_limit=job.time_limit,
        deterministic=job.deterministic,
        workers=job.workers,
        seed=job.seed,
        progress=tell,
        stop=stop,
    )
    policy = portfolio.policy
    given = {
        "status": result.status,
        "currency": policy.currency,
        "portfolio_hash": portfolio.content_hash,
        "now": utc_text(portfolio.now),
        "changes": len(portfolio.changes),
    }
    if result.objective_cents is None:
        if result.status == "INFEASIBLE":
            reasons = tuple(one.text for one in result.clash) or ("what stands in the way was not found in time",)
            return _end("infeasible", messages=reasons, **given)
        return _end(
            "stopped", messages=(f"no schedule was found in {result.seconds:.1f} s; give it more time",), **given
        )
    tell.phase("drawing the report" if job.report else "writing the files")
    return _end(
        "planned",
        cost_cents=result.cost_cents,
        objective_cents=result.objective_cents,
        bound_cents=result.bound_cents,
        gap=result.gap,
        placed=len(result.schedule.placements),
        files=plan_files(result, _report(result) if job.report else None),
        **given,
    )


def _end(kind: Kind, **given: Any) -> dict[str, Any]:
    return {"kind": kind} | given


def _report(result: Result) -> dict[str, bytes]:
    # The pages come after this in the house, and in a checkout lie beside the package.
    return {REPORT: importlib.import_module("scheduler.ui.report").report(result)}


class Teller:
    """Tells whoever asked where the run stands, a few times a second at most."""

    def __init__(self, answers: BinaryIO) -> None:
        self._answers = answers
        self._last = 0.0
        self._progress = Progress(0.0, "reading", None, None)

    def __call__(self, progress: Progress) -> None:
        """Tell one report, unless another was told a moment ago."""
        self._progress = progress
        if time.monotonic() >= self._last + EVERY_SECONDS:
            self._last = time.monotonic()
            send(self._answers, progress)

    def phase(self, name: str) -> None:
        """Tell that a phase has begun."""
        before = self._progress
        send(self._answers, Progress(before.seconds, name, before.objective_cents, before.bound_cents))


def main() -> None:
    """Plan the portfolio that is asked for, and answer."""
    # Whatever prints to the output by mistake must not come between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with suppress(OSError):
        # Where memory runs out the system should end this process, and not the one that watches over it.
        Path("/proc/self/oom_score_adj").write_text("1000")
    source = sys.stdin.buffer
    job: Job = receive(source)
    stop = threading.Event()

    def listen() -> None:
        try:
            while True:
                if receive(source) == STOP:
                    stop.set()
        except (EOFError, OSError):
            os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    try:
        found = answer(job, stop, Teller(answers))
    except MemoryError:
        found = _end("too much memory", messages=("there was no memory left",))
    except Exception as error:
        found = _end("failed", messages=(f"{type(error).__name__}: {error}",))
    send(answers, found)
    answers.flush()
    # Threads of libraries must not keep it alive.
    os._exit(0)


if __name__ == "__main__":
    main()
