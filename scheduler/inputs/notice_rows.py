"""Brings notices of vendors into a portfolio: which of its services they touch, and rows of external.csv.

Taking the same notices in again changes nothing. Of one piece of work the notice with the highest SEQUENCE counts, and
what was cancelled leaves. `objects.csv` in the folder says what a vendor's ids are called here (columns object and
services); without a row there, an object that is called like a service is that service.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scheduler.inputs.columns import TABLES
from scheduler.inputs.errors import Findings, InputError, shown
from scheduler.inputs.notices import Notice
from scheduler.inputs.tables import guarded, read_table, unguarded, utc_text
from scheduler.inputs.text_files import csv_records

FILE, OBJECTS = "external.csv", "objects.csv"
_ID = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass
class Taken:
    """What came of notices: ids of rows that are new, changed and gone, and remarks."""

    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    content: bytes = b""


def take_notices(folder: Path, notices: Iterable[Notice], *, blocks: bool = False) -> Taken:
    """Work out external.csv with some notices taken in; `content` is the new file, which is not written yet.

    Raises
    ------
    InputError
        If a table of the folder cannot be read.
    """
    findings = Findings()
    services = {name: row["service"] for row in read_table(folder, "services.csv", findings, lambda row: "UTC")
                for name in (row["service"], row["name"]) if name}  # fmt: skip
    rows = {row["external"]: _plain(row.values) for row in read_table(folder, FILE, findings, lambda row: "UTC")}
    if findings.problems:
        raise InputError(findings.problems)
    here = {name.casefold(): {service} for name, service in services.items()} | _objects(folder, set(services.values()))
    done = Taken()
    for notice in notices:
        id = _ID.sub("-", f"{notice.provider}-{notice.id}").strip("-")
        before: Mapping[str, Any] | None = rows.get(id)
        if before is not None and _sequence(before) > notice.sequence:
            done.remarks.append(f"{id}: a later notice is known already")
            continue
        if notice.status == "CANCELLED":
            if before is not None:
                del rows[id]
                done.gone.append(id)
            continue
        touched = sorted({service for name, _ in notice.objects for service in here.get(name.casefold(), ())})
        unknown = [name for name, _ in notice.objects if name.casefold() not in here]
        if unknown:
            done.remarks.append(f"{id}: {', '.join(map(shown, unknown[:5]))} is no service; name it in {OBJECTS}")
        if not touched:
            done.remarks.append(f"{id}: touches no service of the portfolio, so it is left out")
            continue
        row = {
            "external": id,
            "title": notice.summary[:200],
            "provider": notice.provider,
            "services": touched,
            "impact": notice.impact.value,
            "start": notice.start,
            "end": notice.end,
            "blocks": bool(before["blocks"]) if before is not None else blocks,
            "notice": f"{notice.sequence} {notice.status}",
        }
        if before is None:
            done.new.append(id)
        elif _cells(before) != _cells(row):
            done.changed.append(id)
        rows[id] = row
    done.content = _written(rows)
    return done


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Give the values of a row as they were before they were guarded from spreadsheets."""
    return {name: unguarded(value) if isinstance(value, str) else value for name, value in row.items()}


def _sequence(row: Mapping[str, object]) -> int:
    first = str(row.get("notice") or "").split(" ")[0]
    return int(first) if re.fullmatch(r"-?[0-9]{1,9}", first) else -1


def _objects(folder: Path, services: set[str]) -> dict[str, set[str]]:
    """Read what objects are called here."""
    path = folder / OBJECTS
    if not path.is_file():
        return {}
    found: dict[str, set[str]] = {}
    records = csv_records(path)
    header = next(records, (1, []))[1]
    if not {"object", "services"} <= set(header):
        raise InputError([f"{OBJECTS}: needs the columns object and services"])
    for line, cells in records:
        row = dict(zip(header, cells, strict=False))
        named = {one.strip() for one in row.get("services", "").split(";") if one.strip()}
        strangers = sorted(named - services)
        if strangers:
            raise InputError([f"{OBJECTS}, row {line}, services: {shown(strangers[0])} is no service"])
        found.setdefault(unguarded(row.get("object", "")).strip().casefold(), set()).update(named)
    return found


def _written(rows: Mapping[str, Mapping[str, Any]]) -> bytes:
    table = io.StringIO(newline="")
    writer = csv.DictWriter(table, list(TABLES[FILE]), lineterminator="\n")
    writer.writeheader()
    for _, row in sorted(rows.items(), key=lambda pair: (str(pair[1]["start"]), pair[0])):
        writer.writerow(_cells(row))
    return table.getvalue().encode()


def _cells(row: Mapping[str, Any]) -> dict[str, str]:
    """Give the cells of a row."""
    cells = {name: guarded(str(row[name] or "")) for name in ("external", "title", "provider", "notice")}
    cells |= {"services": ";".join(row["services"]), "impact": str(row["impact"] or "OUTAGE")}
    cells |= {"blocks": "yes" if row["blocks"] else "no"}
    return cells | {name: utc_text(row[name]) for name in ("start", "end")}
