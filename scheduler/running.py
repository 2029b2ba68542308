"""What the commands share: exit codes, one run that shows its progress, and orderly ends."""

import importlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer

from scheduler.batch import plan
from scheduler.batch.cluster import solvers_on
from scheduler.batch.runners import RunnerError
from scheduler.console import ProblemProgress, ProgressLine, ProgressRecords, problem_text, result_text
from scheduler.inputs import InputError, dump
from scheduler.portfolio import Portfolio
from scheduler.publish.files import REPORT, check_writable, schedule_json
from scheduler.schedule import Result, Schedule
from scheduler.solver.compiled import compile_problem
from scheduler.solver.document import answer_of, read_problem
from scheduler.solver.effort import Effort
from scheduler.solver.optimise import optimise

REFUSED, USAGE, BROKEN, STOPPED = 1, 2, 3, 4
APP_NAME = "maintenance-window-scheduler"


def usual_store() -> str:
    """Give the place of the store of whoever names none: a file among their own settings."""
    return str(Path(typer.get_app_dir(APP_NAME)) / "desk.db")


StorePlace = Annotated[
    str,
    typer.Option(
        "--store",
        metavar="PLACE",
        envvar="SCHEDULER_STORE",
        default_factory=usual_store,
        help="SQLite file of the desk, or URL of its database.",
    ),
]


def run(
    portfolio: Portfolio,
    *,
    limit: float,
    units: float | None = None,
    workers: int | None = None,
    seed: int = 0,
    previous: Schedule | None = None,
    out: str | None = None,
    records: bool = False,
    cluster: str | None = None,
) -> Result:
    """Plan a portfolio, showing progress; Ctrl-C ends it early, and what cannot be read or written ends the program.

    With the address of a Dask `cluster` its workers solve parts of the problem, as far as they answer.
    """
    line = (ProgressRecords if records else ProgressLine)(portfolio.policy.currency)
    with orderly(), stopping() as stop, _solvers(cluster) as threads:
        if out is not None:
            check_writable(out)
        try:
            return plan(
                portfolio,
                time_limit=limit,
                deterministic=units,
                workers=workers or (threads if units is None else None) or _cores(units),
                seed=seed,
                previous=previous,
                progress=line,
                stop=stop,
                out=out,
                more=report_files,
            )
        finally:
            line.done()


@contextmanager
def _solvers(cluster: str | None) -> Iterator[int | None]:
    """Use the workers of a cluster; give how many there are, None where there is none to be used."""
    threads: int | None = None
    with ExitStack() as stack:
        if cluster is not None:
            try:
                threads = stack.enter_context(solvers_on(cluster))
            except RunnerError as error:
                print(f"warning: {error}; processes of this machine do its work", file=sys.stderr)
        yield threads


def report_files(result: Result) -> dict[str, bytes]:
    """Give the report of a plan, by the name of its file."""
    # Loaded for a plan that is written alone: drawing needs a lot, and in a checkout lies beside the package.
    report = importlib.import_module("scheduler.ui.report")
    return {REPORT: report.report(result)}


def answer(result: Result, *, json: bool, out: str | None) -> None:
    """Print a result, and end the program where there is no schedule."""
    if json:
        print(schedule_json(result).decode(), end="")
    else:
        print(result_text(result))
    if result.status == "INFEASIBLE":
        print("no feasible schedule", file=sys.stderr)
        raise typer.Exit(BROKEN)
    if result.objective_cents is None:
        print("stopped without a schedule", file=sys.stderr)
        raise typer.Exit(STOPPED)
    if out is not None:
        print(f"written to {out}", file=sys.stderr)


def solve_file(file: str, *, limit: float, units: float | None, workers: int | None, seed: int, json: bool) -> None:
    """Solve a canonical problem from a file and print what was found; end the program where there is no plan."""
    with orderly(), stopping() as stop:
        problem = read_problem(file)
        effort = Effort(limit, units, stop)
        line = ProblemProgress()
        try:
            compiled = compile_problem(problem)
            found = optimise(compiled, effort, seed=seed, workers=workers or _cores(units), progress=line)
        finally:
            line.done()
    document = answer_of(problem, found.status, found.starts, found.objective, found.bound, effort.elapsed)
    if json:
        print_json(document)
    else:
        print(problem_text(document))
    if found.objective is None:
        raise typer.Exit(BROKEN if found.status == "INFEASIBLE" else STOPPED)


def _cores(units: float | None) -> int:
    return min(2, os.cpu_count() or 1) if units is None else 1


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """Give an event that Ctrl-C, or a request to terminate, sets; the second one ends the program at once."""
    stop = threading.Event()

    def handle(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        # Not through the stream, which the signal may have interrupted in the middle of a line.
        with suppress(OSError, ValueError):
            os.write(sys.stderr.fileno(), b"\nstopping; the best plan so far is kept (again to give up)\n")

    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, handle) for number in signals]
    try:
        yield stop
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)


@contextmanager
def orderly() -> Iterator[None]:
    """Turn input that cannot be used and files that cannot be read or written into reasons, and Ctrl-C into an end."""
    try:
        yield
    except KeyboardInterrupt:
        raise typer.Exit(STOPPED) from None
    except InputError as error:
        refuse(error.problems)
    except OSError as error:
        refuse([f"{error.filename or 'file'}: {error.strerror or error}"])


def refuse(problems: list[str], code: int = REFUSED) -> NoReturn:
    """Print every reason that an input is refused, and end the program."""
    for problem in problems:
        print(problem, file=sys.stderr)
    raise typer.Exit(code)


def print_json(document: dict[str, Any]) -> None:
    """Print one JSON document."""
    print(dump(document), end="")
