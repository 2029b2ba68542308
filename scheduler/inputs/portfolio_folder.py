"""The folder form of a whole portfolio: written from one, to be edited as tables and read back as one that is equal.

What was announced by an earlier plan is no part of it: no table holds that.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from scheduler.inputs.columns import TABLES
from scheduler.inputs.portfolio_document import portfolio_document
from scheduler.inputs.sheets import cell_text
from scheduler.portfolio import Portfolio

POLICY, CALENDARS, USAGE = "policy.toml", "calendars.csv", "usage.parquet"
MOST_ROWS_AS_CSV = 5_000
"""Recorded usage of more rows is written as Parquet."""


def portfolio_files(portfolio: Portfolio) -> dict[str, bytes]:
    """Give the files of a portfolio by their names; `scheduler.inputs.load` reads the folder that holds them."""
    document = portfolio_document(portfolio)
    files = {POLICY: _toml(document["policy"]).encode()}
    for file, columns in TABLES.items():
        rows = document.get(file.removesuffix(".csv"))
        if file in (POLICY, "usage.csv") or rows is None:
            continue
        if file == CALENDARS:
            rows = [_calendar(row, number, files) for number, row in enumerate(rows, 1)]
        files[file] = csv_bytes(list(columns), [[cell_text(row.get(name)) for name in columns] for row in rows])
    usage: Mapping[str, Sequence[Any]] = document["usage"]
    if usage["team"]:
        files |= _usage(usage)
    return dict(sorted(files.items()))


def csv_bytes(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    """Write a table of texts as CSV, without the columns that are empty in every row, but for the first."""
    kept = [number for number in range(len(header)) if number == 0 or any(row[number] for row in rows)] if rows else []
    kept = kept or list(range(len(header)))
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([header[number] for number in kept])
    writer.writerows([[row[number] for number in kept] for row in rows])
    return buffer.getvalue().encode()


def _usage(usage: Mapping[str, Sequence[Any]]) -> dict[str, bytes]:
    names = list(usage)
    if len(usage["team"]) <= MOST_ROWS_AS_CSV:
        rows = list(zip(*(map(cell_text, usage[name]) for name in names), strict=True))
        return {"usage.csv": csv_bytes(names, rows)}
    starts = pa.array([datetime.fromisoformat(one) for one in usage["start"]], pa.timestamp("us", "UTC"))
    buffer = io.BytesIO()
    pa.parquet.write_table(pa.table({**usage, "start": starts}), buffer)
    return {USAGE: buffer.getvalue()}


def _calendar(row: Mapping[str, Any], number: int, files: dict[str, bytes]) -> dict[str, Any]:
    """Give the row of a calendar; periods go into a file of their own, which it then names."""
    if "periods" not in row:
        return dict(row)
    name = f"calendars/{number}.ics"
    files[name] = _stream(row["calendar"], row["periods"])
    return {key: value for key, value in row.items() if key not in ("periods", "time_zone")} | {"file": name}


def _stream(calendar: str, periods: Sequence[Sequence[str]]) -> bytes:
    """Write periods as a calendar (RFC 5545): one event each, in UTC."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//maintenance window scheduler//portfolio//EN"]
    for number, (start, end) in enumerate(periods, 1):
        begin, until = (f"{datetime.fromisoformat(one):%Y%m%dT%H%M%SZ}" for one in (start, end))
        lines += ["BEGIN:VEVENT", f"UID:{number}@portfolio", f"DTSTAMP:{begin}"]
        lines += [f"DTSTART:{begin}", f"DTEND:{until}", "SUMMARY:closed", "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def _toml(policy: Mapping[str, Any]) -> str:
    tables = {name: value for name, value in policy.items() if isinstance(value, Mapping)}
    lines = _pairs({name: value for name, value in policy.items() if name not in tables})
    for level, keys in tables.pop("service_levels", {}).items():
        keys = {key: value for key, value in keys.items() if key != "name"}
        lines += ["", f"[service_levels.{_quoted(level)}]", *_pairs(keys)]
    for name, keys in tables.items():
        lines += ["", f"[{name}]", *_pairs(keys)]
    return "\n".join(lines) + "\n"


def _pairs(keys: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {_value(one)}" for key, one in keys.items()]


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else _quoted(str(value))


def _quoted(text: str) -> str:
    """Write a text as a basic string of TOML."""
    marks = {'"': '\\"', "\\": "\\\\"}
    plain = (marks.get(one, one) if one >= " " and one != "\x7f" else f"\\u{ord(one):04x}" for one in text)
    return f'"{"".join(plain)}"'
