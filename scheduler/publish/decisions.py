"""Adds decisions to the log beside a plan: rows are only ever added, by one writer at a time, all of a row or nothing.

Whoever decides says what plan they saw. If it was replaced meanwhile, or somebody else decided on the same change,
nothing is written: a decision holds for what was looked at.
"""

import csv
import io
from pathlib import Path

from scheduler.inputs.columns import TABLES
from scheduler.inputs.decisions import FILE, LoggedDecision, read_decisions
from scheduler.inputs.tables import guarded, utc_text
from scheduler.publish.plain_text import plain
from scheduler.publish.read_back import plan_id
from scheduler.publish.swap import alone_in, put

LONGEST_REASON = 2000
COLUMNS = tuple(TABLES[FILE])


class OutdatedError(Exception):
    """A decision on a plan that was replaced, or on a change that somebody else decided on, since it was looked at."""


def log_decision(folder: str | Path, made: LoggedDecision, *, plan: str, known: int) -> None:
    """Add one decision to decisions.csv.

    `plan` is the `plan_id` of the plan that was looked at, `known` how many decisions on this change were seen with it.

    Raises
    ------
    OutdatedError
        If one of the two is no longer so.
    InputError
        If the log that is there cannot be read.
    OSError
        If it cannot be written; it is then as it was.
    """
    path = Path(folder)
    with alone_in(path):
        if plan_id(path) != plan:
            raise OutdatedError("the plan was replaced by another since you looked at it")
        change = made.decision.change
        others = [one for one in read_decisions(path) if one.decision.change == change][known:]
        if others:
            by = f" by {others[-1].by}" if others[-1].by else ""
            raise OutdatedError(f"{change} was decided on{by} since you looked at it ({others[-1].decision.kind})")
        put(path / FILE, _with_row(path / FILE, made))


def _with_row(path: Path, made: LoggedDecision) -> bytes:
    text = path.read_text(encoding="utf-8-sig") if path.exists() else ""
    rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    header = [name.strip() for name in rows[0]] if rows else list(COLUMNS)
    missing = [name for name in COLUMNS if name not in header]
    cells = _cells(made)
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    writer.writerow([*header, *missing])
    writer.writerows([*row, *[""] * len(missing)] for row in rows[1:])
    writer.writerow([cells.get(name, "") for name in [*header, *missing]])
    return table.getvalue().encode("utf-8")


def _cells(made: LoggedDecision) -> dict[str, str]:
    decision = made.decision
    return {
        "change": guarded(decision.change),
        "kind": decision.kind,
        "start": utc_text(decision.start),
        "announced_at": utc_text(decision.announced_at) if decision.announced_at else "",
        "reason": guarded(plain(made.reason).strip()[:LONGEST_REASON]),
        "by": guarded(" ".join(plain(made.by).split())[:LONGEST_REASON]),
        "at": utc_text(made.at) if made.at else "",
    }
