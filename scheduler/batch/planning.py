"""From a folder to a plan and its files, for the command line."""

import importlib.resources
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from scheduler.baselines import baselines
from scheduler.inputs import InputError, load, read_schedule, with_previous
from scheduler.portfolio import Portfolio
from scheduler.publish.files import write_plan
from scheduler.schedule import Result, Schedule
from scheduler.solver.incumbent import Progress
from scheduler.solver.solve import solve


def plan(
    portfolio: Portfolio,
    *,
    time_limit: float = 30.0,
    deterministic: float | None = None,
    workers: int = 1,
    seed: int = 0,
    previous: Schedule | None = None,
    progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
    out: str | Path | None = None,
    more: Callable[[Result], Mapping[str, bytes]] | None = None,
) -> Result:
    """Solve a portfolio, compare the plan with the habits, and write its files where `out` names a folder.

    The parameters are those of `scheduler.solver.solve.solve`; `more` gives further files of a result by name. Without
    a schedule nothing is written, and an earlier plan in `out` stays.

    Raises
    ------
    OSError
        If a file cannot be written; `out` then holds what it held before.
    """
    begun = time.monotonic()

    def say(phase: str) -> None:
        if progress is not None:
            progress(Progress(time.monotonic() - begun, phase, result.objective_cents, result.bound_cents))

    result = solve(
        portfolio,
        time_limit=time_limit,
        deterministic=deterministic,
        workers=workers,
        seed=seed,
        previous=previous,
        progress=progress,
        stop=stop,
    )
    if result.objective_cents is None:
        return result
    say("pricing the habits")
    result = replace(result, baselines=baselines(portfolio, result.schedule, seed=seed))
    if out is not None:
        say("writing the files")
        write_plan(result, out, more(result) if more else None)
    return result


def load_after(
    folder: str | Path, previous: str | Path, *, now: str | None = None, out: str | Path | None = None
) -> tuple[Portfolio, Schedule]:
    """Load a portfolio as it is after an earlier schedule, whose announced windows count as announced.

    `out` is the folder of a plan whose decisions count as well.

    Raises
    ------
    InputError
        With every problem of the folder, or else of the schedule.
    """
    portfolio = load(folder, now=now, out=out)
    schedule = read_schedule(previous, portfolio)
    return with_previous(portfolio, schedule), schedule


def load_with_plan(folder: str | Path, plan: str | Path, *, now: str | None = None) -> tuple[Portfolio, Schedule]:
    """Load a portfolio and a schedule of it, seen from when the schedule was made unless `now` is given.

    A plan that was legal when it was made gave notice from then on; seen from today it might seem late. Decisions
    beside the schedule count as well.

    Raises
    ------
    InputError
        With every problem of the folder, or else of the schedule.
    """
    portfolio = load(folder, now=now or _planned_at(Path(plan)), out=Path(plan).parent)
    return portfolio, read_schedule(plan, portfolio)


def _planned_at(plan: Path) -> str | None:
    try:
        document = json.loads(plan.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None  # said in full by whoever reads the schedule itself
    now = document.get("now") if isinstance(document, dict) else None
    return now if isinstance(now, str) else None


def sample_folder() -> Path:
    """Find the sample portfolio: in the installed package, or else beside the package in a checkout.

    Raises
    ------
    InputError
        If it is in neither place.
    """
    package = Path(str(importlib.resources.files("scheduler")))
    for folder in (package / "data" / "sample", package.parent / "data" / "sample"):
        if (folder / "policy.toml").is_file():
            return folder
    raise InputError(["the sample portfolio is not installed; in a checkout make it with: python data/generate.py"])
