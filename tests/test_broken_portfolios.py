"""Portfolios as broken as people and attackers make them, through the command line in a gibibyte of memory.

Every one must be refused with exit code 1 and a message that names the place, in time, without a traceback and without
a plan. One process loads the program and forks for each portfolio, so that there can be many.
"""

import itertools
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet
import pytest

from scheduler.inputs.columns import COLUMNS

SECONDS, GIBIBYTE = 60, 2**30
FORKING = """
import json, os, resource, signal, sys
import openpyxl
import scheduler.cli
from scheduler.inputs.cells import zones
zones()  # reads many files, once for all
for line in sys.stdin:
    folder, seconds, size, command = json.loads(line)
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_AS, (size, size))
        signal.alarm(seconds)
        for number, name in ((1, "stdout"), (2, "stderr")):
            os.dup2(os.open(f"{folder}.{name}", os.O_WRONLY | os.O_CREAT), number)
        sys.argv = ["scheduler", *command]
        code = 99
        try:
            scheduler.cli.main()
        except SystemExit as end:
            code = end.code or 0
        except BaseException:
            import traceback
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    status = os.waitpid(child, 0)[1]
    print(json.dumps(os.waitstatus_to_exitcode(status)), flush=True)
"""
SOUND = {
    "policy.toml": {"name": '"Small"', "start": "2027-03-01T00:00:00Z", "weeks": "4", "now": "2027-02-28T12:00:00Z"},
    "teams.csv": {"team": "Blue", "cost_per_user_hour": "10", "uses": "mail", "headcount": "5", "contact": "Bea"},
    "services.csv": {"service": "mail", "name": "Mail"},
    "dependencies.csv": {"service": "mail", "depends_on": "db"},
    "redundancy.csv": {"group": "pool", "service": "db", "min_up": "1"},
    "usage.csv": {"team": "Blue", "service": "mail", "start": "2027-02-20 10:00", "users": "5"},
    "events.csv": {"team": "Blue", "start": "2027-03-01", "end": "2027-03-02", "factor": "2"},
    "changes.csv": {"change": "C1", "services": "mail", "duration_minutes": "45"},
    "external.csv": {"external": "V1", "services": "mail", "start": "2027-03-03T00:00Z", "end": "2027-03-03T02:00Z"},
    "engineers.csv": {"engineer": "ana", "skills": "dba"},
    "calendars.csv": {"calendar": "night", "kind": "allowed", "hours": "22:00-06:00"},
    "preferences.csv": {"team": "Blue", "kind": "never", "hours": "22:00-06:00"},
    "decisions.csv": {"change": "C1", "kind": "reject", "start": "2027-03-01T02:00Z"},
    "history.csv": {"change": "C0", "kind": "normal"},
}
REQUIRED = ("policy.toml", "teams.csv", "services.csv", "changes.csv")
# What a cell of a type cannot be.
WRONG_BY_TYPE = {
    "whole number": ["many", "-1", "1.5", "99999999999"],
    "decimal": ["many", "-0.5", "1e99"],
    "share": ["1.5", "half"],
    "money": ["1.005", "12,50", "-1"],
    "yes or no": ["maybe"],
    "choice": ["something"],
    "time": ["soon", "2027-13-01", "2027-03-01T25:00", "0001-01-01"],
    "zone": ["Nowhere/Land"],
    "holidays": ["XX-99"],
    "hours": ["always", "Mon 25:00-26:00"],
    "e-mail": ["nobody"],
    "skills": ["dba*0"],
    "works": ["sometimes"],
    "predecessors": ["nobody+2h"],
    "targets": ["planet:earth", "service:nowhere"],
}


def small(folder: Path, file: str = "", column: str = "", value: str = "") -> None:
    """Write a sound portfolio but for one cell, with the files that are required and the one of the cell."""
    for name, row in SOUND.items():
        cells = row | ({column: value} if name == file else {})
        if name == "policy.toml":
            (folder / name).write_text("".join(f"{key} = {cell}\n" for key, cell in cells.items()))
        elif name in (*REQUIRED, file):
            quoted = ['"' + cell.replace('"', '""') + '"' for cell in cells.values()]
            (folder / name).write_text(f"{','.join(cells)}\n{','.join(quoted)}\n")
    if file in ("dependencies.csv", "redundancy.csv"):
        (folder / "services.csv").write_text("service\nmail\ndb\n")


def wrong_cells() -> Iterator[tuple[str, Callable[[Path], None], str]]:
    """Each column of each table wrong in every way its type can be, and empty where it is required."""
    for column in COLUMNS:
        if "NAME" in column.name or "." in column.name:
            continue
        wrong = list(WRONG_BY_TYPE.get(column.type, []))
        if column.type in ("id", "ids") and column.refers and "*" not in column.refers:
            wrong.append("nobody at all")
        if column.required and column.when_empty == "":
            wrong.append("")
        for value in wrong:
            quoted = json.dumps(value) if column.file == "policy.toml" else value
            keys = list(SOUND["policy.toml"])
            row = (keys.index(column.name) if column.name in keys else len(keys)) + 1
            place = f"row {row if column.file == 'policy.toml' else 2}, {column.name}"

            def write(folder: Path, column: Any = column, value: str = quoted) -> None:
                small(folder, column.file, column.name, value)

            yield f"{column.file} {column.name} {value}", write, f"{column.file}, {place}"


def file_of(name: str, content: bytes, also: dict[str, str] | None = None) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        small(folder)
        for other, text in (also or {}).items():
            (folder / other).write_text(text)
        (folder / name).write_bytes(content)

    return write


def sparse(name: str, size: int, begin: bytes = b"") -> Callable[[Path], None]:
    """Write a file of that size that takes no room on the disk."""

    def write(folder: Path) -> None:
        small(folder)
        with (folder / name).open("wb") as file:
            file.write(begin)
            file.truncate(size)

    return write


def special(name: str, make: Callable[[Path], None], *, also: dict[str, str] | None = None) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        small(folder)
        for other, text in (also or {}).items():
            (folder / other).write_text(text)
        (folder / name).unlink(missing_ok=True)
        make(folder / name)

    return write


def zipped(parts: dict[str, tuple[bytes, int]]) -> Callable[[Path], None]:
    """Write services.xlsx whose parts repeat some bytes many times."""

    def write(folder: Path) -> None:
        small(folder)
        (folder / "services.csv").unlink()
        book = openpyxl.Workbook()
        book.active.append(["service"])
        book.save(folder / "sound.zip")
        with (
            zipfile.ZipFile(folder / "sound.zip") as old,
            zipfile.ZipFile(folder / "services.xlsx", "w", zipfile.ZIP_DEFLATED) as new,
        ):
            for name in sorted({*old.namelist(), *parts}):
                with new.open(name, "w", force_zip64=True) as part:
                    content, times = parts[name] if name in parts else (old.read(name), 1)
                    for _ in range(times):
                        part.write(content)
        (folder / "sound.zip").unlink()

    return write


def parquet(name: str, table: Any, times: int = 1) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        small(folder)
        (folder / name.replace(".parquet", ".csv")).unlink(missing_ok=True)
        with pyarrow.parquet.ParquetWriter(folder / name, table.schema) as file:
            for _ in range(times):
                file.write_table(table)

    return write


CALENDAR = {"calendars.csv": "calendar,kind,file\nc,blackout,x.ics\n"}
SHEET, STRINGS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
SPACE = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
ROWS = b"<worksheet xmlns='" + SPACE + b"'><sheetData>%s</sheetData></worksheet>"
LAUGHS = b"<!DOCTYPE worksheet [<!ENTITY a0 'ha'>%s]>" % b"".join(
    b"<!ENTITY a%d '%s'>" % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12)
) + ROWS % b"<row><c t='inlineStr'><is><t>&a11;</t></is></c></row>"  # fmt: skip
MILLION = 1_000_000
ONE_PERIOD = {"team": "Blue", "service": "mail", "start": "2027-02-20", "users": "1"}
USAGE = pa.table({name: pa.array([cell] * MILLION).dictionary_encode() for name, cell in ONE_PERIOD.items()})
HEAD = b"change,services,duration_minutes"


def ics(*lines: str) -> bytes:
    entry = ["BEGIN:VCALENDAR", "BEGIN:VEVENT", "DTSTART:19700101T000000Z", "DURATION:PT1M", *lines, "END:VEVENT"]
    return "\r\n".join([*entry, "END:VCALENDAR", ""]).encode()


SPECIAL: list[tuple[str, Callable[[Path], None], str]] = [
    # Cut off, in other encodings, not text at all.
    ("policy cut off", file_of("policy.toml", b'name = "Sma'), "policy.toml: is not TOML"),
    ("policy empty", file_of("policy.toml", b""), "policy.toml, name: this required key is missing"),
    ("policy nested", file_of("policy.toml", b"a = " + b"[" * 90_000), "policy.toml: is not TOML"),
    ("policy of JSON", file_of("policy.toml", b'{"name": 1}'), "policy.toml: is not TOML"),
    ("policy huge number", file_of("policy.toml", b'name = "x"\nstart = 2027-03-01\nweeks = 1' + b"0" * 4000),
     "policy.toml, row 3, weeks"),
    ("changes cut in a quote", file_of("changes.csv", HEAD + b'\nC1,"mail'),
     "changes.csv, row 2: cannot be read as CSV"),
    ("changes cut in a row", file_of("changes.csv", HEAD + b"\nC1,mail,45\nC2,ma"), "changes.csv, row 3: has 2 cells"),
    ("changes empty", file_of("changes.csv", b""), "changes.csv: is empty"),
    ("changes with semicolons", file_of("changes.csv", b"change;services;duration_minutes\nC1;mail;45\n"),
     "changes.csv, row 1: 'change;services;duration_minutes' is one single column"),
    ("changes without a column", file_of("changes.csv", b"change,services\nC1,mail\n"),
     "changes.csv, row 1, duration_minutes: this required column is missing"),
    ("changes with a column twice", file_of("changes.csv", HEAD + b",change\nC1,mail,45,C1\n"),
     "changes.csv, row 1, change: this column comes twice"),
    ("changes in Latin 1", file_of("changes.csv", HEAD + b",title\nC1,mail,45,caf\xe9\n"),
     "changes.csv, row 2: byte 0xe9 is not UTF-8"),
    ("teams in UTF-16", file_of("teams.csv", "team,cost_per_user_hour\nBlue,1\n".encode("utf-16")),
     "teams.csv, row 1: byte 0xff is not UTF-8"),
    ("services with NUL", file_of("services.csv", b"service\nmail\0\n"), "services.csv, row 2: has a NUL byte"),
    ("usage in Latin 1", file_of("usage.csv", b"team,service,start,users\nBl\xfce,mail,2027-02-20,1\n"),
     "usage.csv, row 2: byte 0xfc is not UTF-8"),
    ("usage cut off", file_of("usage.csv", b"team,service,start,users\nBlue,mail,2027-02-20"),
     "usage.csv, row 2: has 3 cells"),
    ("usage empty", file_of("usage.csv", b""), "usage.csv: does not begin with a header"),
    ("usage no Parquet", file_of("usage.parquet", b"PAR1" * 99), "usage.parquet: cannot be read"),
    ("teams no Parquet", file_of("teams.parquet", b"PAR1"), "teams.parquet: is here beside teams.csv"),
    ("no Excel", file_of("events.xlsx", b"PK\x03\x04" * 99), "events.xlsx: cannot be read as an Excel workbook"),
    ("Excel of HTML", file_of("events.xlsx", b"<table><tr><td>x</td></tr></table>"), "events.xlsx: cannot be read as"),
    ("calendar cut off", file_of("x.ics", ics()[:-30], CALENDAR), "calendars.csv, row 2, file: 'x.ics' cannot be read"),
    ("calendar of HTML", file_of("x.ics", b"<html>", CALENDAR), "calendars.csv, row 2, file: 'x.ics' cannot be read"),
    ("calendar missing", file_of("y.ics", b"", CALENDAR), "calendars.csv, row 2, file: 'x.ics' is no file"),
    ("folder is JSON of nothing", special("policy.toml", lambda path: (path.parent / "portfolio.json").write_text("[")),
     "portfolio.json: is not JSON"),
    # Long lines, large files, many rows.
    ("changes of 1 GB in a line", sparse("changes.csv", 10**9, HEAD), "changes.csv: is 1,000 MB, more than"),
    ("changes of 99 MB in a line", sparse("changes.csv", 99 * 10**6, HEAD), "changes.csv, row 1: has a line of more"),
    ("usage of 1 GB in a line", sparse("usage.csv", 10**9, b"team,service,start,users"), "usage.csv, row 1: has a NUL"),
    ("usage of text in a line", file_of("usage.csv", b"team,service,start,users\n" + b"x" * 20_000_000),
     "usage.csv, row 2: has a line of more than 1,000,000 characters"),
    ("policy of 1 GB", sparse("policy.toml", 10**9), "policy.toml: is 1,000 MB, more than the 1 MB"),
    ("a cell of 200,000 characters", file_of("changes.csv", HEAD + b'\nC1,mail,"' + b"4" * 200_000 + b'"\n'),
     "changes.csv, row 2: cannot be read as CSV (field larger than field limit"),
    ("too many rows", file_of("services.csv", b"service\n" + b"s\n" * 100_001),
     "services.csv, row 100002: has more than"),
    ("many wrong rows", file_of("changes.csv", HEAD + b"\n" + b"C,mail,x\n" * 50_000),
     "changes.csv, duration_minutes: 49,000 more like these"),
    ("a long chain", file_of("changes.csv", HEAD + b",same_window_as,after\n" + b"".join(
        b"C%d,mail,45,%s,%s\n" % (n, b"C%d" % (n - 1) if n else b"", b"C0" if n == 9_999 else b"")
        for n in range(10_000))),
     "changes.csv, row 10001, after: 'C9999' comes after 'C0' and starts together with it"),
    ("a circle", file_of("changes.csv", HEAD + b",after\nC1,mail,45,C2\nC2,mail,45,C1\n"), "in a circle"),
    # Rules that run away.
    ("a rule of seconds", file_of("changes.csv", HEAD + b",repeats\nC1,mail,45,FREQ=SECONDLY\n"),
     "changes.csv, row 2, repeats: 'FREQ=SECONDLY' cannot be used"),
    ("a rule of step 0", file_of("changes.csv", HEAD + b",repeats\nC1,mail,45,FREQ=DAILY;INTERVAL=0\n"),
     "changes.csv, row 2, repeats"),
    ("many daily rules", file_of("changes.csv", HEAD + b",repeats\n" + b"".join(
        b"C%d,mail,45,FREQ=DAILY\n" % n for n in range(5_000))), "changes with it; make it rarer"),
    ("entries of seconds", file_of("x.ics", ics("RRULE:FREQ=SECONDLY;COUNT=1000000000"), CALENDAR),
     "row 2, file: 'x.ics'"),
    ("entries counted for ever", file_of("x.ics", ics("RRULE:FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30;COUNT=9"), CALENDAR),
     "calendars.csv, row 2, file: 'x.ics' cannot be used: its entry 'number 1': it comes back too often"),
    ("many entries", file_of("x.ics", ics("END:VEVENT\r\nBEGIN:VEVENT\r\n" * 10_001), CALENDAR),
     "more than 10,000 entries"),
    ("deep entries", file_of("x.ics", b"BEGIN:VCALENDAR\r\n" * 100_000, CALENDAR),
     "more than 10,000 entries, or entries"),
    # Packages that explode.
    ("a sheet of 300 MB", zipped({SHEET: (b" " * 10**6, 300)}), "services.xlsx: unpacks to 300 MB"),
    ("strings of 60 MB", zipped({STRINGS: (b" " * 10**6, 60)}), "services.xlsx: unpacks to 60 MB"),
    ("a sheet of blanks", zipped({SHEET: (b" " * 10**6, 150)}), "services.xlsx: cannot be read as an Excel workbook"),
    ("a million laughs", zipped({SHEET: (LAUGHS, 1)}), "services.xlsx: cannot be read as an Excel workbook"),
    ("a row far away", zipped({SHEET: (ROWS % b"<row r='999999999999'><c><v>1</v></c></row>", 1)}),
     "services.xlsx: has no sheet"),
    ("columns far away", zipped({SHEET: (ROWS % (b"<row><c r='XFD1'><v>1</v></c></row>" * 9), 1)}),
     "services.xlsx, row 1"),
    ("rows of one value", parquet("services.parquet", pa.table({"service": USAGE["team"]})),
     "services.parquet: has 1,000,000"),
    ("a very long value", parquet("services.parquet", pa.table({"service": ["s" * 10**7]})),
     "has a cell of 10,000,000"),
    ("usage of 51 million rows", parquet("usage.parquet", USAGE, 51), "usage.parquet: has 51,000,000 rows, more than"),
    ("usage of lists", parquet("usage.parquet", pa.table({name: [["x"]] for name in USAGE.schema.names})),
     "usage.parquet"),
    # What is no file.
    ("a FIFO for changes", special("changes.csv", os.mkfifo), "changes.csv: is not a regular file"),
    ("a FIFO for usage", special("usage.csv", os.mkfifo), "usage.csv: is not a regular file"),
    ("a FIFO for the policy", special("policy.toml", os.mkfifo), "policy.toml: is not a regular file"),
    ("a FIFO for a calendar", special("x.ics", os.mkfifo, also=CALENDAR), "row 2, file: 'x.ics' is no file"),
    ("a link to itself", special("teams.csv", lambda path: path.symlink_to(path)), "teams.csv: is not a regular file"),
    ("a folder in a circle", special("calendars", lambda path: path.symlink_to(path.parent), also={
        "calendars.csv": "calendar,kind,file\nc,blackout,calendars/calendars/x.ics\n"}), "row 2, file"),
    ("a folder for a file", special("services.csv", lambda path: path.mkdir()), "services.csv: is not a regular file"),
    ("a device", special("usage.csv", lambda path: path.symlink_to("/dev/zero")), "usage.csv: is not a regular file"),
    ("a way out", file_of("calendars.csv", b"calendar,kind,file\nc,blackout,../../x.ics\n"),
     "is not inside the portfolio"),
]  # fmt: skip
BROKEN = [*wrong_cells(), *SPECIAL]


def test_there_are_many() -> None:
    assert len(SPECIAL) >= 50
    assert len(BROKEN) >= 200
    assert len({name for name, _, _ in BROKEN}) == len(BROKEN)


@pytest.fixture(scope="module")
def program() -> Iterator[subprocess.Popen[str]]:
    """Start the program that forks for each portfolio."""
    with subprocess.Popen(
        [sys.executable, "-c", FORKING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        yield running
        assert running.stdin is not None
        running.stdin.close()


def outcome(program: subprocess.Popen[str], folder: Path, *command: str) -> tuple[int, str, str]:
    """Run a command: give exit code (minus the signal that ended it), standard output and error output."""
    assert program.stdin is not None
    assert program.stdout is not None
    program.stdin.write(json.dumps([str(folder), SECONDS, GIBIBYTE, command]) + "\n")
    program.stdin.flush()
    code = int(program.stdout.readline())
    return code, *(Path(f"{folder}.{name}").read_text() for name in ("stdout", "stderr"))  # type: ignore[return-value]


@pytest.mark.parametrize(("name", "write", "place"), BROKEN, ids=list(itertools.chain(name for name, _, _ in BROKEN)))
def test_it_is_refused_with_a_reason(
    tmp_path: Path, program: subprocess.Popen[str], name: str, write: Callable[[Path], None], place: str
) -> None:
    folder = tmp_path / "p"
    folder.mkdir()
    write(folder)
    code, output, errors = outcome(program, folder, "plan", str(folder), "--out", f"{folder}.out", "--time-limit", "1")
    assert code == 1, f"{code}: {output[-500:]} {errors[-2000:]}"
    assert "Traceback" not in errors
    assert output == ""
    assert place in errors
    assert max(map(len, errors.splitlines())) < 2000
    assert not Path(f"{folder}.out").exists()


def test_what_is_sound_passes(tmp_path: Path, program: subprocess.Popen[str]) -> None:
    # So that the others are refused for what is broken, and not for want of memory.
    folder = tmp_path / "p"
    folder.mkdir()
    small(folder)
    code, output, errors = outcome(program, folder, "check", str(folder))
    assert code == 0, errors
    assert output.startswith("Small: 1 changes")
