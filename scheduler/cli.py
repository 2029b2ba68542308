"""The command line.

Exit codes: 0 done, 1 refused input, 2 wrong usage, 3 no feasible schedule, or `verify` found a broken rule, 4 stopped
early without a schedule.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from scheduler import (
    batch_command,
    desk_commands,
    doctor_command,
    feed_commands,
    import_command,
    mail_commands,
    notice_commands,
    replan_commands,
    saying_commands,
    serve_commands,
    store_commands,
)
from scheduler.backtesting import backtest_command
from scheduler.batch import load_after, load_with_plan
from scheduler.configured import use_settings
from scheduler.console import (
    explanations_document,
    explanations_text,
    portfolio_document,
    portfolio_text,
    violations_document,
    violations_text,
)
from scheduler.explain import Witness
from scheduler.inputs import InputError, load
from scheduler.inputs.calendar_files import busy_document
from scheduler.inputs.cells import CellError, parse_time
from scheduler.inputs.starter import write_starter
from scheduler.lengths import lengths_document, lengths_text
from scheduler.publish.curve_file import CURVE_FORMATS, curve_document, curve_file
from scheduler.running import BROKEN, answer, orderly, print_json, refuse, run, solve_file
from scheduler.schedule import Schedule
from scheduler.solver.clash import emptied
from scheduler.solver.document_schema import SCHEMA
from scheduler.usage_commands import import_usage_command
from scheduler.verify import verify

app = typer.Typer(
    name="scheduler",
    help="Picks maintenance windows where clients lose least, and proves how good the plan is.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    callback=use_settings,
)


def _time(text: str | None) -> str | None:
    if text is not None:
        try:
            parse_time(text)
        except CellError as error:
            raise typer.BadParameter(str(error)) from error
    return text


def _curve_path(path: str | None) -> str | None:
    if path is not None and Path(path).suffix.lower() not in CURVE_FORMATS:
        raise typer.BadParameter(f"{path} ends in none of {', '.join(CURVE_FORMATS)}")
    return path


Folder = Annotated[str, typer.Argument(metavar="FOLDER", help="Folder of a portfolio.")]
SchedulePath = Annotated[str, typer.Argument(metavar="SCHEDULE", help="A schedule.json, or any JSON with placements.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Now = Annotated[str | None, typer.Option(metavar="T", callback=_time, help="Instant of planning (ISO 8601).")]
Curve = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        callback=_curve_path,
        help="Write what every start of CHANGE would cost at most, and at least, there: .csv, .json, .svg or .png.",
    ),
]
Out = Annotated[str | None, typer.Option(metavar="DIR", help="Write schedule, charges, report and feeds there.")]
Limit = Annotated[float, typer.Option(metavar="S", min=0.0, help="Seconds to plan for.")]
Workers = Annotated[int | None, typer.Option(metavar="N", min=1, help="Cores to use; 1 with --deterministic, else 2.")]
Seed = Annotated[int, typer.Option(metavar="N", min=0, max=2**31 - 1, help="Seed of everything random.")]
Units = Annotated[
    float | None,
    typer.Option(metavar="UNITS", min=0.0, help="Units of work instead of seconds: two runs give the same plan."),
]


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
    cluster: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Dask scheduler whose workers solve parts of a large problem."),
    ] = None,
    json: Json = False,
    progress: Annotated[
        Literal["text", "json"], typer.Option(help="How progress is written to the error output.")
    ] = "text",
) -> None:
    """Choose a window for every change. Ctrl-C keeps the best plan found so far."""
    with orderly():
        before: Schedule | None = None
        if previous is None:
            portfolio = load(folder, now=now, out=out)
        else:
            portfolio, before = load_after(folder, previous, now=now, out=out)
    result = run(
        portfolio,
        limit=time_limit,
        units=deterministic,
        workers=workers,
        seed=seed,
        previous=before,
        out=out,
        records=progress == "json",
        cluster=cluster,
    )
    answer(result, json=json, out=out)


@app.command("init")
def init_command(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="A folder that is new or empty.")],
) -> None:
    """Write a small commented portfolio to begin with; nothing is overwritten."""
    with orderly():
        names = write_starter(folder, datetime.now(UTC).date())
    print(f"{folder}: {', '.join(names)}")
    print(f"next: scheduler check {folder}")


@app.command("check")
def check_command(folder: Folder, now: Now = None, json: Json = False) -> None:
    """Read a portfolio and list everything that is wrong with it, or that one may want to know."""
    try:
        portfolio = load(folder, now=now)
    except InputError as error:
        if json:
            print_json({"problems": error.problems, "warnings": []})
        refuse(error.problems)
    if json:
        print_json(portfolio_document(portfolio, emptied(portfolio)) | {"lengths": lengths_document(portfolio)})
    else:
        print("\n".join(filter(None, [portfolio_text(portfolio, emptied(portfolio)), lengths_text(portfolio)])))


@app.command("verify")
def verify_command(folder: Folder, schedule: SchedulePath, now: Now = None, json: Json = False) -> None:
    """List every rule that a schedule breaks, without asking the solver."""
    with orderly():
        portfolio, judged = load_with_plan(folder, schedule, now=now)
    violations = verify(portfolio, judged)
    if json:
        print_json(violations_document(violations))
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
    curve: Curve = None,
) -> None:
    """Say why every change is where it is, what it costs whom, and what else it could have.

    With CHANGE, `--json` also lists what every start of it would cost.
    """
    if curve is not None and change is None:
        raise typer.BadParameter("name the CHANGE whose curve it is", param_hint="--curve")
    with orderly():
        portfolio, judged = load_with_plan(folder, schedule, now=now)
        if change is not None and change not in portfolio.changes:
            raise typer.BadParameter(f"there is no change {change!r} in {folder}", param_hint="CHANGE")
        try:
            witness = Witness(portfolio, judged)
        except ValueError as error:
            raise InputError([f"{schedule}: {error}"]) from error
        explanations = [witness.explain(one) for one in (portfolio.changes if change is None else [change])]
        price = None if change is None else witness.curve(change, at_least=curve is not None)
        if curve is not None and price is not None:
            Path(curve).write_bytes(curve_file(portfolio, price, Path(curve).suffix.lower()))
    for violation in verify(portfolio, judged):
        print(f"warning: the schedule breaks a rule: {violation.text}", file=sys.stderr)
    if json:
        curves = [] if price is None else [curve_document(portfolio, price)]
        print_json(explanations_document(explanations, curves))
    else:
        print(explanations_text(explanations))


@app.command("solve-problem")
def solve_problem_command(
    file: Annotated[str | None, typer.Argument(metavar="FILE", help="A canonical problem as JSON.")] = None,
    time_limit: Limit = 30.0,
    deterministic: Units = None,
    workers: Workers = None,
    seed: Seed = 0,
    json: Json = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print what such a file may hold, as a JSON schema.")
    ] = False,
) -> None:
    """Solve a canonical problem: any scheduling problem in the terms that the solver knows."""
    if schema:
        print_json(dict(SCHEMA))
        return
    if file is None:
        raise typer.BadParameter("name a file, or ask for --schema", param_hint="FILE")
    solve_file(file, limit=time_limit, units=deterministic, workers=workers, seed=seed, json=json)


@app.command("busy")
def busy_command(
    file: Annotated[str, typer.Argument(metavar="FILE.ics", help="A calendar file.")],
    start: Annotated[str, typer.Option("--from", metavar="T", help="Start of the range (ISO 8601).")],
    end: Annotated[str, typer.Option("--to", metavar="T", help="End of the range.")],
    zone: Annotated[str, typer.Option(metavar="Z", help="Zone of whole days, and of times without one.")] = "UTC",
    skip_free: Annotated[bool, typer.Option("--skip-free", help="Leave out entries marked free.")] = False,
    json: Json = False,
) -> None:
    """List the intervals that a calendar makes busy, in UTC: what an inbound calendar means."""
    with orderly():
        document = busy_document(file, start, end, zone, transparent=not skip_free)
    if json:
        print_json(document)
        return
    for warning in document["warnings"]:
        print(f"warning: {warning}", file=sys.stderr)
    for one in document["busy"]:
        print(" ".join([one["start"], one["end"], one["summary"]]).rstrip())


app.command("backtest")(backtest_command)
app.command("import-usage")(import_usage_command)


for part in (
    doctor_command,
    batch_command,
    serve_commands,
    import_command,
    desk_commands,
    saying_commands,
    replan_commands,
    feed_commands,
    mail_commands,
    notice_commands,
    store_commands,
):
    part.add_to(app)


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    app()


# --- what commands share -----------------------------------------------------------------------------------------


if __name__ == "__main__":
    main()
