"""The feeds of a store as files, for any web server to give out."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from scheduler.publish.aws import ChangeCalendar, change_calendar
from scheduler.publish.contents import Kind, Status
from scheduler.publish.files import feed_names
from scheduler.publish.history import Archive
from scheduler.publish.stream import Detail, stream
from scheduler.publish.swap import replace_together

FREEZES, WINDOWS = "aws/freezes.ics", "aws/windows.ics"
_FOLDERS: dict[Kind, str] = {"team": "teams", "service": "services", "engineer": "engineers"}
_BINDING = (Status.CONFIRMED, Status.IN_PROCESS)


@dataclass(frozen=True, slots=True)
class Published:
    """How many files were written, and remarks on them."""

    files: int
    remarks: tuple[str, ...]


def publish(
    archive: Archive, folder: Path, now: datetime, *, details: Sequence[Detail] = ("full",), proposals: bool = False
) -> Published:
    """Write every feed, and the change calendars of AWS, all at once or not at all.

    `full` feeds lie in the folder, others in one of their name. A file carries the time at which its feed last changed,
    so that a web server that tells ages by it tells the right one.

    Raises
    ------
    OSError
        If a file cannot be written; the folder then holds what it held before.
    """
    files: dict[str, bytes] = {}
    ages: dict[str, datetime] = {}
    for kind, scope, name in _names(archive):
        feed = archive.feed(kind, scope, now, proposals=proposals)
        for detail in details:
            if kind == "blackouts" and detail == "maintnote":
                continue
            path = name if detail == "full" else f"{detail}/{name}"
            files[path], ages[path] = stream(feed, detail), feed.last_modified
    remarks = []
    for path, made in _change_calendars(archive, now):
        files[path] = made.content
        if made.complete_until is not None:
            remarks.append(f"{path}: is complete until {made.complete_until:%Y-%m-%d %H:%M} UTC; publish again by then")
    owned = [f"{prefix}{name}" for prefix in ("", "busy/", "maintnote/") for name in _patterns()]
    replace_together(folder, files, owned=(*owned, "aws/*.ics"))
    for path, age in ages.items():
        os.utime(folder / path, (age.timestamp(), age.timestamp()))
    return Published(len(files), tuple(remarks))


def _patterns() -> Iterable[str]:
    return ("all.ics", "blackouts.ics", *(f"{folder}/*.ics" for folder in _FOLDERS.values()))


def _names(archive: Archive) -> Iterable[tuple[Kind, str, str]]:
    for kind, folder in _FOLDERS.items():
        for scope, name in feed_names(archive.names(kind)).items():
            yield kind, scope, f"{folder}/{name}"
    yield "all", "", "all.ics"
    yield "blackouts", "", "blackouts.ics"


def _change_calendars(archive: Archive, now: datetime) -> Iterable[tuple[str, ChangeCalendar]]:
    """Give the freezes of everything as closed times, and the approved windows as the only open ones."""
    yield FREEZES, change_calendar("Change freezes", "DEFAULT_OPEN", archive.freezes_everywhere(now))
    approved = [
        one
        for one in archive.feed("all", "", now).entries
        if one.status in _BINDING and isinstance(one.end, datetime) and one.end > now
    ]
    yield WINDOWS, change_calendar("Approved windows", "DEFAULT_CLOSED", approved)
