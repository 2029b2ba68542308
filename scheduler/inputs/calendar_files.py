"""Finds the calendar files that calendars.csv names, and takes from each what its kind of calendar needs.

Also says what a calendar file means that belongs to no portfolio.
"""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path, PurePath
from typing import Any

from scheduler.horizon import Window
from scheduler.inputs.cells import CellError, parse_time, zones
from scheduler.inputs.errors import Findings, InputError, Place, shown
from scheduler.inputs.ical import Meaning, Occurrence, read_calendar
from scheduler.inputs.policy import PolicyCells
from scheduler.inputs.tables import Table, instant, utc_text

# Shifts and notes about the past reach beyond the horizon.
_BESIDE = timedelta(weeks=5)


def read_calendars(
    folder: Path, policy: PolicyCells, calendars: Table, findings: Findings
) -> dict[str, tuple[Window, ...]]:
    """Read the intervals of every calendar that has a file, over the horizon and some weeks around it."""
    horizon = policy.horizon
    found: dict[str, tuple[Window, ...]] = {}
    for row in calendars:
        name = row["file"]
        if name is None or row["calendar"] is None or horizon is None:
            continue
        place = row.place("file")
        inside = PurePath(name.replace("\\", "/"))
        if inside.is_absolute() or ".." in inside.parts or ":" in name:
            text = f"{shown(name)} is not inside the portfolio's folder"
            findings.problem(place, f"{text}; copy the file there and write calendars/name.ics")
            continue
        path = folder / inside
        if not path.is_file():
            known = sorted(str(other.relative_to(folder)) for other in folder.glob("*/*.ics"))
            mend = findings.guess(name, known, "add it there, or correct it here")
            if row["url"]:
                mend = "; run: scheduler fetch FOLDER"
            findings.problem(place, f"{shown(name)} is no file of the portfolio{mend}")
            continue
        zone, free = row["time_zone"] or policy.zone, row["transparent"] is not False
        meaning = read_calendar(path, around(horizon.window), zone, place, findings, transparent=free)
        if meaning is not None:
            found[row["calendar"]] = tuple(meaning.closed if row["kind"] == "blackout" else meaning.open)
            if not meaning.entries:
                findings.warn(place, f"{shown(name)} has no entries around the horizon")
    return found


def around(horizon: Window) -> Window:
    """Give the range over which calendars of a portfolio are read."""
    return Window(horizon.start - _BESIDE, horizon.end + _BESIDE)


def _closed(meaning: Meaning) -> Iterable[Occurrence]:
    if meaning.default == "DEFAULT_CLOSED":
        return [Occurrence(one) for one in meaning.closed]
    return meaning.occurrences


def busy_document(file: str | Path, start: str, end: str, zone: str, *, transparent: bool = True) -> dict[str, Any]:
    """Give what a calendar file makes busy in [start, end): entry by entry, cut to that range, in UTC.

    Each has what its entry is called (`summary`), its `uid`, and whether it is of whole days. Times without an offset,
    whole days, and entries without a zone are in `zone`. For a calendar whose entries are the open times
    (DEFAULT_CLOSED) the rest is busy, under no name.

    Raises
    ------
    InputError
        With what is wrong with the file, the times or the zone.
    """
    path, findings = Path(file), Findings()
    ends = []
    if zone not in zones():
        findings.problem(Place("zone"), f"{shown(zone)} is not a time zone{findings.guess(zone, zones())}")
        raise InputError(findings.problems)
    for name, text in (("from", start), ("to", end)):
        try:
            ends.append(instant(parse_time(text.strip()), text, zone, Place(name), findings))
        except CellError as error:
            findings.problem(Place(name), str(error))
    if len(ends) == 2 and ends[1] <= ends[0]:
        findings.problem(
            Place("to"), f"{utc_text(ends[1])} is not after from ({utc_text(ends[0])}); correct one of them"
        )
    if not path.is_file():
        findings.problem(Place(str(file)), "is not a file")
    if findings.problems:
        raise InputError(findings.problems)
    inside = Window(ends[0], ends[1])
    meaning = read_calendar(path, inside, zone, Place(path.name), findings, transparent=transparent)
    if meaning is None:
        raise InputError(findings.problems)
    return {
        "file": path.name,
        "from": utc_text(inside.start),
        "to": utc_text(inside.end),
        "zone": zone,
        "busy": [
            {
                "start": utc_text(max(one.window.start, inside.start)),
                "end": utc_text(min(one.window.end, inside.end)),
                "summary": one.summary,
                "uid": one.uid,
                "all_day": one.all_day,
            }
            for one in _closed(meaning)
        ],
        "warnings": findings.warnings,
    }
