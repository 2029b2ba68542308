"""The command line.

Exit codes: 0 done, 1 refused input, 2 wrong usage, 3 no feasible schedule, or `verify` found a broken rule, 4 stopped
early without a schedule.
"""

import importlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, Literal, NoReturn

import typer

from scheduler.batch import load_after, load_with_plan, plan, sample_folder
from scheduler.console import (
    ProgressLine,
    ProgressRecords,
    explanations_document,
    explanations_text,
    portfolio_text,
    result_text,
    violations_document,
    violations_text,
)
from scheduler.explain import explain
from scheduler.inputs import InputError, dump, load
from scheduler.inputs.cells import CellError, parse_time
from scheduler.portfolio import Portfolio
from scheduler.publish.files import REPORT, check_writable, schedule_json
from scheduler.schedule import Result, Schedule
from scheduler.verify import verify

REFUSED, USAGE, BROKEN, STOPPED = 1, 2, 3, 4
DEMO_SECONDS = 50.0
AFTER_SOLVING = 10.0
"""Seconds that the demo keeps for pricing the habits on a slow machine."""

LOWEST_PORT, PORT = 1, 8501

app = typer.Typer(
    name="scheduler",
    help="Picks maintenance windows where clients lose least, and proves how good the plan is.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _time(text: str | None) -> str | None:
    if text is not None:
        try:
            parse_time(text)
        except CellError as error:
            raise typer.BadParameter(str(error)) from error
    return text


Folder = Annotated[str, typer.Argument(metavar="FOLDER", help="Folder of a portfolio.")]
SchedulePath = Annotated[str, typer.Argument(metavar="SCHEDULE", help="A schedule.json, or any JSON with placements.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Now = Annotated[str | None, typer.Option(metavar="T", callback=_time, help="Instant of planning (ISO 8601).")]
Out = Annotated[str | None, typer.Option(metavar="DIR", help="Write schedule, charges, report and feeds there.")]
Limit = Annotated[float, typer.Option(metavar="S", min=0.0, help="Seconds to plan for.")]
Workers = Annotated[int | None, typer.Option(metavar="N", min=1, help="Cores to use; 1 with --deterministic, else 2.")]
Port = Annotated[int, typer.Option(metavar="N", min=LOWEST_PORT, max=65535, help="Port of the page on this machine.")]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")]
Seed = Annotated[int, typer.Option(metavar="N", min=0, max=2**31 - 1, help="Seed of everything random.")]
Units = Annotated[
    float | None,
    typer.Option(metavar="UNITS", min=0.0, help="Units of work instead of seconds: two runs give the same plan."),
]


@app.command("demo")
def demo_command(
    out: Out = None,
    time_limit: Annotated[
        float | None, typer.Option(metavar="S", min=0.0, help="Seconds to plan for; else what is left of the minute.")
    ] = None,
    seed: Seed = 0,
    json: Json = False,
    open_page: Annotated[bool, typer.Option("--open", help="Then show the plan in a browser.")] = False,
    port: Port = PORT,
    no_browser: NoBrowser = False,
) -> None:
    """Plan the sample portfolio, within a minute, and show what the plan saves."""
    begun = time.monotonic()
    if open_page and out is None:
        out = str(Path(typer.get_app_dir("maintenance-window-scheduler")) / "demo")
    with _orderly():
        portfolio = load(sample_folder())
    left = max(5.0, DEMO_SECONDS - AFTER_SOLVING - (time.monotonic() - begun))
    limit = left if time_limit is None else time_limit
    _answer(_run(portfolio, limit=limit, seed=seed, out=out), json=json, out=out)
    if open_page and out is not None:
        _serve(Path(out), None, port, browser=not no_browser)


@app.command("plan")
def plan_command(
    folder: Folder,
    out: Out = None,
    time_limit: Limit = 30.0,
    deterministic: Units = None,
    workers: Workers = None,
    seed: Seed = 0,
    now: Now = None,
    previous: Annotated[
        str | None, typer.Option(metavar="FILE", help="The schedule.json before: what it announced stays announced.")
    ] = None,
    json: Json = False,
    progress: Annotated[
        Literal["text", "json"], typer.Option(help="How progress is written to the error output.")
    ] = "text",
) -> None:
    """Choose a window for every change. Ctrl-C keeps the best plan found so far."""
    with _orderly():
        before: Schedule | None = None
        if previous is None:
            portfolio = load(folder, now=now, out=out)
        else:
            portfolio, before = load_after(folder, previous, now=now, out=out)
    result = _run(
        portfolio,
        limit=time_limit,
        units=deterministic,
        workers=workers,
        seed=seed,
        previous=before,
        out=out,
        records=progress == "json",
    )
    _answer(result, json=json, out=out)


@app.command("check")
def check_command(folder: Folder, now: Now = None, json: Json = False) -> None:
    """Read a portfolio and list everything that is wrong with it, or that one may want to know."""
    try:
        portfolio = load(folder, now=now)
    except InputError as error:
        if json:
            _print_json({"problems": error.problems, "warnings": []})
        _refuse(error.problems)
    if json:
        _print_json({"problems": [], "warnings": list(portfolio.warnings)})
    else:
        print(portfolio_text(portfolio))


@app.command("verify")
def verify_command(folder: Folder, schedule: SchedulePath, now: Now = None, json: Json = False) -> None:
    """List every rule that a schedule breaks, without asking the solver."""
    with _orderly():
        portfolio, judged = load_with_plan(folder, schedule, now=now)
    violations = verify(portfolio, judged)
    if json:
        _print_json(violations_document(violations))
    else:
        print(violations_text(violations))
    if violations:
        raise typer.Exit(BROKEN)


@app.command("explain")
def explain_command(
    folder: Folder,
    schedule: SchedulePath,
    change: Annotated[str | None, typer.Argument(metavar="CHANGE", help="Only this change.")] = None,
    now: Now = None,
    json: Json = False,
) -> None:
    """Say why every change is where it is, what it costs whom, and what else it could have."""
    with _orderly():
        portfolio, judged = load_with_plan(folder, schedule, now=now)
        if change is not None and change not in portfolio.changes:
            raise typer.BadParameter(f"there is no change {change!r} in {folder}", param_hint="CHANGE")
        try:
            explanations = explain(portfolio, judged, None if change is None else [change])
        except ValueError as error:
            raise InputError([f"{schedule}: {error}"]) from error
    for violation in verify(portfolio, judged):
        print(f"warning: the schedule breaks a rule: {violation.text}", file=sys.stderr)
    if json:
        _print_json(explanations_document(explanations))
    else:
        print(explanations_text(explanations))


@app.command("serve")
def serve_command(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="Where plan --out wrote a plan.")],
    portfolio: Annotated[
        str | None, typer.Option(metavar="FOLDER", help="Its portfolio, where it is not the one it was made from.")
    ] = None,
    port: Port = PORT,
    no_browser: NoBrowser = False,
) -> None:
    """Show a plan in a browser on this machine, and take decisions on it."""
    for path in (folder, portfolio):
        if path is not None and not Path(path).is_dir():
            _refuse([f"{path}: is not a folder"])
    _serve(Path(folder), Path(portfolio) if portfolio else None, port, browser=not no_browser)


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    app()


# --- what commands share -----------------------------------------------------------------------------------------


def _run(
    portfolio: Portfolio,
    *,
    limit: float,
    units: float | None = None,
    workers: int | None = None,
    seed: int = 0,
    previous: Schedule | None = None,
    out: str | None = None,
    records: bool = False,
) -> Result:
    cores = min(2, os.cpu_count() or 1) if units is None else 1
    line = (ProgressRecords if records else ProgressLine)(portfolio.policy.currency)
    with _orderly(), _stopping() as stop:
        if out is not None:
            check_writable(out)
        try:
            return plan(
                portfolio,
                time_limit=limit,
                deterministic=units,
                workers=workers or cores,
                seed=seed,
                previous=previous,
                progress=line,
                stop=stop,
                out=out,
                more=_report,
            )
        finally:
            line.done()


def _report(result: Result) -> dict[str, bytes]:
    # Loaded for a plan that is written alone: drawing needs a lot, and in a checkout lies beside the package.
    report = importlib.import_module("scheduler.ui.report")
    return {REPORT: report.report(result)}


def _answer(result: Result, *, json: bool, out: str | None) -> None:
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


def _serve(out: Path, portfolio: Path | None, port: int, *, browser: bool) -> None:
    # Loaded for this command alone, as pages need a lot; in a checkout they lie beside the package.
    serving = importlib.import_module("scheduler.ui.serving")
    with socket.socket() as probe:
        # A server that is there already would be taken for this one.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            _refuse([f"port {port} cannot be used ({error.strerror}); choose another with --port"])
    serving.serve(out, portfolio=portfolio, port=port, browser=browser)


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """Give an event that Ctrl-C, or a request to terminate, sets; the second one ends the program at once."""
    stop = threading.Event()

    def handle(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        print("\nstopping; the best plan so far is kept (again to give up)", file=sys.stderr)

    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, handle) for number in signals]
    try:
        yield stop
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)


@contextmanager
def _orderly() -> Iterator[None]:
    """Turn input that cannot be used and files that cannot be read or written into reasons, and Ctrl-C into an end."""
    try:
        yield
    except KeyboardInterrupt:
        raise typer.Exit(STOPPED) from None
    except InputError as error:
        _refuse(error.problems)
    except OSError as error:
        _refuse([f"{error.filename or 'file'}: {error.strerror or error}"])


def _refuse(problems: list[str]) -> NoReturn:
    for problem in problems:
        print(problem, file=sys.stderr)
    raise typer.Exit(REFUSED)


def _print_json(document: dict[str, Any]) -> None:
    print(dump(document), end="")


if __name__ == "__main__":
    main()
