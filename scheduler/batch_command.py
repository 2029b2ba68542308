"""The command that plans many portfolios, as cron or a person runs it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from scheduler import journal
from scheduler.batch.choice import runner_of
from scheduler.batch.job import Job
from scheduler.batch.many import BusyError, Summary, named, new_run, run_batch
from scheduler.batch.runners import RunnerError
from scheduler.batch_display import BatchBars, BatchLines, is_terminal, summary_text
from scheduler.configured import settings_or_refuse
from scheduler.inputs.cells import CellError, parse_time
from scheduler.metrics import PlanFigures, write_batch_figures
from scheduler.publish.files import check_writable
from scheduler.running import orderly, print_json, refuse, stopping
from scheduler.settings import Settings, secret_values

MIB = 2**20


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("batch")(batch_command)


def _time(text: str | None) -> str | None:
    try:
        parse_time(text or "2000-01-01")
    except CellError as error:
        raise typer.BadParameter(str(error)) from error
    return text


def batch_command(
    folders: Annotated[list[str], typer.Argument(metavar="FOLDERS", help="Folders of portfolios.")],
    out: Annotated[str, typer.Option(metavar="DIR", help="Each plan is written to a folder of its own there.")],
    time_limit: Annotated[
        float | None, typer.Option(metavar="S", min=0.0, help="Seconds to plan each portfolio for.")
    ] = None,
    runner: Annotated[
        str | None, typer.Option(metavar="R", help="serial, processes, or dask:ADDRESS of a Dask scheduler.")
    ] = None,
    processes: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="How many are planned at once by processes.")
    ] = None,
    deterministic: Annotated[
        float | None,
        typer.Option(metavar="UNITS", min=0.0, help="Units of work instead of seconds: two runs give the same plans."),
    ] = None,
    hard_limit: Annotated[
        float | None, typer.Option(metavar="S", min=0.1, help="Seconds after which a portfolio is given up.")
    ] = None,
    memory_limit: Annotated[
        int | None, typer.Option(metavar="MIB", min=1, help="Most memory of one portfolio.")
    ] = None,
    retries: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="How often a portfolio is tried again whose worker was lost.")
    ] = None,
    keep_hours: Annotated[
        float | None,
        typer.Option(metavar="H", min=0.0, help="How long an unchanged portfolio counts as done; 0 plans all anew."),
    ] = None,
    workers: Annotated[int, typer.Option(metavar="N", min=1, help="Cores to use for each portfolio.")] = 1,
    seed: Annotated[int, typer.Option(metavar="N", min=0, max=2**31 - 1, help="Seed of everything random.")] = 0,
    now: Annotated[
        str | None, typer.Option(metavar="T", callback=_time, help="Instant of planning (ISO 8601).")
    ] = None,
    report: Annotated[bool, typer.Option("--report/--no-report", help="Whether to draw report.html.")] = True,
    metrics_file: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write figures for Prometheus there.")
    ] = None,
    log: Annotated[str | None, typer.Option(metavar="text|json", help="Log lines instead of bars.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False,
) -> None:
    """Plan many portfolios; one that cannot be planned stops no other. Ctrl-C keeps the best plans so far."""
    if log not in (None, "text", "json"):
        raise typer.BadParameter("is text or json", param_hint="--log")
    settings = settings_or_refuse()
    given = settings.batch
    seconds = given.time_limit if time_limit is None else time_limit
    hard = hard_limit or given.hard_limit or 3 * seconds + 120
    jobs = [
        Job(
            name=name,
            folder=str(Path(folder).absolute()),
            out=str((Path(out) / name).absolute()),
            time_limit=seconds,
            deterministic=deterministic,
            hard_limit=hard,
            memory_limit=memory_limit or given.memory_limit,
            workers=workers,
            seed=seed,
            now=now,
            report=report,
        )
        for folder, name in named(folders).items()
    ]
    with orderly(), stopping() as stop:
        check_writable(out)
        summary = _run(
            jobs,
            settings,
            stop,
            out=Path(out),
            runner=runner or given.runner,
            processes=processes or given.processes,
            retries=given.retries if retries is None else retries,
            keep=timedelta(hours=given.keep_hours if keep_hours is None else keep_hours),
            log=log,
        )
        if metrics_file or settings.metrics.textfile:
            _write_figures(Path(metrics_file or settings.metrics.textfile), summary)
    if json:
        print_json(summary.document())
    else:
        print(summary_text(summary))
    raise typer.Exit(summary.code)


def _run(
    jobs: list[Job],
    settings: Settings,
    stop: threading.Event,
    *,
    out: Path,
    runner: str,
    processes: int,
    retries: int,
    keep: timedelta,
    log: str | None,
) -> Summary:
    run = new_run()
    with _shown(len(jobs), settings, run, log) as display:
        try:
            engine = runner_of(runner, processes=processes, stop=stop, tell=display.progressed)
            return run_batch(jobs, engine, out, retries=retries, keep=keep, hooks=display, stop=stop, run=run)
        except (RunnerError, BusyError) as error:
            refuse([str(error)])


@contextmanager
def _shown(portfolios: int, settings: Settings, run: str, log: str | None) -> Iterator[BatchLines | BatchBars]:
    """Give what shows the batch, with the log set up."""
    form = log or settings.log.format
    secrets = secret_values(settings)
    with journal.in_run(run):
        if log is None and form == "text" and is_terminal():
            bars = BatchBars(portfolios)
            with bars.shown():
                # The bars stand in for what is less than a warning; set up here, it is written above them.
                journal.configure("text", "warning", secrets)
                yield bars
        else:
            journal.configure("json" if form == "json" else "text", settings.log.level, secrets)
            yield BatchLines()


def _write_figures(path: Path, summary: Summary) -> None:
    plans = [
        PlanFigures(
            portfolio=one.name,
            outcome=one.kind,
            currency=one.currency,
            cost_cents=one.cost_cents,
            gap=one.gap,
            seconds=one.seconds,
            memory_bytes=None if one.peak_mib is None else one.peak_mib * MIB,
        )
        for one in summary.outcomes
    ]
    write_batch_figures(path, plans, code=summary.code, seconds=summary.seconds, ended=time.time())
