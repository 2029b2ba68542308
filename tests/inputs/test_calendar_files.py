import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from scheduler.cli import app

FREEZE = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
UID:1
DTSTART;VALUE=DATE:20270305
DTEND;VALUE=DATE:20270307
END:VEVENT
END:VCALENDAR
"""


def with_file(folder: Any, kind: str, more: str = "", file: str = "calendars/x.ics", head: str = "") -> Any:
    (folder.path / "calendars").mkdir(exist_ok=True)
    folder.write("calendars/x.ics", FREEZE)
    return folder.write("calendars.csv", f"calendar,kind,file{head}\ncal,{kind},{file}{more}\n")


def starts(folder: Any) -> list[str]:
    portfolio = folder.load()
    windows = portfolio.calendars["cal"].windows(portfolio.horizon.window)
    return [f"{one.start:%m-%d %H:%M} {one.end:%m-%d %H:%M}" for one in windows]


@pytest.mark.parametrize("kind", ["blackout", "allowed", "working"])
def test_the_entries_are_the_hours_of_the_calendar(folder: Any, kind: str) -> None:
    assert starts(with_file(folder, kind)) == ["03-05 00:00 03-07 00:00"]
    assert folder.warnings() == []


def test_whole_days_are_those_of_the_calendars_zone(folder: Any) -> None:
    with_file(folder, "blackout", ",Asia/Singapore", head=",time_zone")
    assert starts(folder) == ["03-04 16:00 03-06 16:00"]


def test_open_and_closed_by_default(folder: Any) -> None:
    with_file(folder, "allowed")
    folder.write("calendars/x.ics", FREEZE.replace("VERSION:2.0", "X-CALENDAR-TYPE:DEFAULT_OPEN"))
    # Allowed is what lies between the closed times, from some weeks before the horizon to some weeks after.
    assert starts(folder) == ["01-25 00:00 03-05 00:00", "03-07 00:00 05-03 00:00"]
    with_file(folder, "blackout")
    folder.write("calendars/x.ics", FREEZE.replace("VERSION:2.0", "X-CALENDAR-TYPE:DEFAULT_CLOSED"))
    assert starts(folder) == ["01-25 00:00 03-05 00:00", "03-07 00:00 05-03 00:00"]


def test_free_entries_may_be_left_out(folder: Any) -> None:
    with_file(folder, "blackout", ",no", head=",transparent")
    folder.write("calendars/x.ics", FREEZE.replace("UID:1", "UID:1\nTRANSP:TRANSPARENT"))
    assert starts(folder) == []
    assert folder.warnings() == [
        "calendars.csv, row 2, file: 'x.ics' has entries marked free (TRANSP:TRANSPARENT), left out; "
        "column transparent says which",
        "calendars.csv, row 2, file: 'calendars/x.ics' has no entries around the horizon",
    ]


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        ("calendars/y.ics", "'calendars/y.ics' is no file of the portfolio; did you mean 'calendars/x.ics'?"),
        ("Z", "'Z' is no file of the portfolio; add it there, or correct it here"),
        ("calendars", "'calendars' is no file of the portfolio; did you mean 'calendars/x.ics'?"),
        ("../x.ics", "'../x.ics' is not inside the portfolio's folder; "
         "copy the file there and write calendars/name.ics"),
        ("/etc/passwd", "'/etc/passwd' is not inside the portfolio's folder; "
         "copy the file there and write calendars/name.ics"),
        ("http://example.com/x.ics", "'http://example.com/x.ics' is not inside the portfolio's folder; "
         "copy the file there and write calendars/name.ics"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_had(folder: Any, file: str, problem: str) -> None:
    assert with_file(folder, "blackout", file=file).problems() == [f"calendars.csv, row 2, file: {problem}"]


# --- scheduler busy ----------------------------------------------------------------------------------------------

RANGE = ("--from", "2027-03-06", "--to", "2027-03-10T00:00Z")


def busy(path: Path, *options: str, text: str = FREEZE) -> Any:
    (path / "x.ics").write_text(text)
    return CliRunner().invoke(app, ["busy", str(path / "x.ics"), *options])


def test_busy_prints_one_document(tmp_path: Path) -> None:
    answer = busy(tmp_path, *RANGE, "--zone", "Asia/Singapore", "--json")
    assert answer.exit_code == 0
    # Singapore is eight hours ahead: the range begins on 5 March 16:00 UTC, and the days end on 6 March 16:00 UTC.
    assert json.loads(answer.stdout) == {
        "file": "x.ics",
        "from": "2027-03-05T16:00:00Z",
        "to": "2027-03-10T00:00:00Z",
        "zone": "Asia/Singapore",
        "busy": [
            {
                "start": "2027-03-05T16:00:00Z",
                "end": "2027-03-06T16:00:00Z",
                "summary": "",
                "uid": "1",
                "all_day": True,
            }
        ],
        "warnings": [],
    }


def test_busy_in_lines(tmp_path: Path) -> None:
    free = FREEZE.replace("UID:1", "UID:1\nTRANSP:TRANSPARENT")
    answer = busy(tmp_path, *RANGE, text=free)
    assert answer.stdout == "2027-03-06T00:00:00Z 2027-03-07T00:00:00Z\n"
    assert answer.stderr.startswith("warning: x.ics: 'x.ics' has entries marked free")
    assert busy(tmp_path, *RANGE, "--skip-free", text=free).stdout == ""


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--from", "2027-03-06", "--to", "2027-03-06"), "to: 2027-03-06T00:00:00Z is not after from"),
        (("--from", "soon", "--to", "2027-03-06"), "from: 'soon' is not a time"),
        ((*RANGE, "--zone", "Londn"), "zone: 'Londn' is not a time zone; did you mean 'Europe/London'?"),
    ],
)
def test_busy_refuses_what_it_cannot_read(tmp_path: Path, options: tuple[str, ...], reason: str) -> None:
    answer = busy(tmp_path, *options, "--json")
    assert answer.exit_code == 1
    assert answer.stdout == ""
    assert answer.stderr.startswith(reason)
    missing = CliRunner().invoke(app, ["busy", str(tmp_path / "none.ics"), *RANGE])
    assert missing.exit_code == 1
    assert missing.stderr.endswith("none.ics: is not a file\n")
