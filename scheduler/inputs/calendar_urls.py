"""Brings calendar files up to date from where they are published; a bad one never replaces a good one.

A row of calendars.csv with a `url` keeps what was fetched in its `file`, so that planning needs no network and gives
the same plan twice.
"""

import os
import tempfile
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from scheduler.horizon import Window
from scheduler.inputs.calendar_files import around
from scheduler.inputs.errors import Findings, InputError, Place
from scheduler.inputs.fetching import FetchError, fetch
from scheduler.inputs.ical import read_calendar
from scheduler.inputs.policy import PolicyCells, read_policy
from scheduler.inputs.tables import Row, read_table


@dataclass
class Refreshed:
    """Names of calendars that were new or changed, that were as before, and what was wrong with others."""

    changed: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def refresh(folder: Path, *, allowed: Collection[str] = ()) -> Refreshed:
    """Fetch every calendar that has an address; each is checked as planning would, and then replaced at once.

    `allowed` are hosts that may be on this machine or in this network.

    Raises
    ------
    InputError
        If policy.toml or calendars.csv cannot be read.
    """
    findings = Findings()
    policy = read_policy(folder, findings)
    rows = read_table(folder, "calendars.csv", findings, lambda row: policy.zone).rows
    if findings.problems or policy.horizon is None:
        raise InputError(findings.problems)
    done = Refreshed()
    for row in rows:
        if row["url"]:
            try:
                changed = _refresh(folder, policy, row, allowed)
            except (FetchError, OSError) as error:
                done.problems.append(f"{row.place('url')}: {error}; what was there before stays")
            else:
                (done.changed if changed else done.same).append(row["calendar"])
    return done


def _refresh(folder: Path, policy: PolicyCells, row: Row, allowed: Collection[str]) -> bool:
    assert policy.horizon is not None
    name = row["file"]
    if not name:
        raise FetchError("has no file to keep it in; write one such as calendars/x.ics in column file")
    inside = PurePath(name.replace("\\", "/"))
    if inside.is_absolute() or ".." in inside.parts or ":" in name:
        raise FetchError("has a file that is not inside the portfolio's folder")
    content = fetch(row["url"], allowed=allowed)
    path = folder / inside
    if path.is_file() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, made = tempfile.mkstemp(prefix=".fetched-", suffix=".ics", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _check(Path(made), policy.horizon.window, row, policy.zone)
        Path(made).replace(path)
    finally:
        Path(made).unlink(missing_ok=True)
    return True


def _check(path: Path, horizon: Window, row: Row, zone: str) -> None:
    findings = Findings()
    free = row["transparent"] is not False
    if read_calendar(path, around(horizon), row["time_zone"] or zone, Place("it"), findings, transparent=free) is None:
        raise FetchError(findings.problems[0].replace(f"it: '{path.name}' ", ""))
