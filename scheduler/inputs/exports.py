"""What `import` does with files: an export to changes.csv, to a drafted mapping, or back with planned times."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from scheduler.inputs.cells import CellError, parse_time, zones
from scheduler.inputs.columns import TABLES
from scheduler.inputs.draft import draft
from scheduler.inputs.errors import Findings, InputError, Place, several, shown
from scheduler.inputs.export_table import EXCEL, Export, read_export
from scheduler.inputs.imports import change_rows, changes_csv
from scheduler.inputs.mapping import BUILT_IN, CHANGES, ExportMapping, read_mapping
from scheduler.inputs.tables import read_table
from scheduler.inputs.text_files import decoded, read_text
from scheduler.inputs.write_back import Planned, change_ids, csv_back, excel_back

_MARK = b"\xef\xbb\xbf"  # by which Excel knows UTF-8
_LIKE_OURS = "a table with the columns of changes.csv"


@dataclass(frozen=True)
class Imported:
    """What is to be written, where, and a line that says so; `remarks` are for the reader to know."""

    path: Path
    content: bytes
    text: str
    remarks: tuple[str, ...] = ()


def import_changes(export: str, mapping: str | None, out: str) -> Imported:
    """Turn an export into changes.csv; services are looked up in services.csv of the folder that it is for.

    Without a mapping the export is taken for one of a tool that is known by its columns, or for a table whose columns
    have the names of ours.

    Raises
    ------
    InputError
        With everything that cannot be read, row by row.
    """
    findings = Findings()
    path = _changes_path(out)
    chosen, table = _read(export, mapping, findings)
    rows = change_rows(table, chosen, _services(path.parent), findings)
    _refuse(findings)
    left = sum(1 for _, cells in table.rows if any(cells)) - len(rows)
    more = f", {left} left out as [skip] of {chosen.file} says" if left else ""
    text = f"{len(rows)} changes from {table.file} written to {path}{more}"
    return Imported(path, changes_csv(rows).encode(), text, tuple(findings.warnings))


def draft_mapping(export: str, out: str, folder: str | None = None) -> Imported:
    """Draft a mapping for an export; services are those of `folder`, where it is given.

    Raises
    ------
    InputError
        If the export cannot be read.
    """
    findings = Findings()
    table = read_export(_file(export, findings), findings)
    _refuse(findings)
    assert table is not None
    services = _services(Path(folder)) if folder else None
    return Imported(Path(out), draft(table, services).encode(), f"a mapping to start from is written to {out}")


def write_back(export: str, mapping: str | None, schedule: str, out: str) -> Imported:
    """Write the planned times of a schedule.json into a copy of an export, in the shape it has.

    Raises
    ------
    InputError
        If something cannot be read, or no change of the export is planned.
    """
    findings = Findings()
    chosen, table = _read(export, mapping, findings)
    planned, zone = _planned(Path(schedule), findings)
    path = _file(export, findings)
    if not chosen.back:
        findings.problem(Place(chosen.file, 0, "back"), "is missing; name the columns that planned times go to")
    if path.suffix.lower() == EXCEL and not out.lower().endswith(".xlsx"):
        findings.problem(Place(out), "is not the name of a workbook, as the export is one; end it in .xlsx")
    _refuse(findings)
    zone = chosen.time_zone or zone
    content = path.read_bytes()
    ids = list(change_ids(table, chosen).values())
    known = [change for change in planned if change in ids]
    if not known:
        raise InputError([f"{table.file}: none of its changes is in {schedule}; is it the export of this plan?"])
    if path.suffix.lower() == EXCEL:
        written = excel_back(table, chosen, planned, zone, path)
    else:
        written = csv_back(table, chosen, planned, zone, decoded(content)).encode()
        written = _MARK * content.startswith(_MARK) + written
    without = [change for change in ids if change not in planned]
    remarks = (f"{len(without)} rows have no window in the plan and stay as they were: {several(without)}",)
    text = f"planned times of {len(known)} changes ({zone}) written to {out}"
    return Imported(Path(out), written, text, remarks if without else ())


def _read(export: str, mapping: str | None, findings: Findings) -> tuple[ExportMapping, Export]:
    path = _file(export, findings)
    _refuse(findings)
    if mapping is not None:
        chosen = read_mapping(mapping, findings)
        _refuse(findings)
        assert chosen is not None
        table = read_export(path, findings, sheet=chosen.sheet, keys=chosen.columns["change"])
        _refuse(findings)
        assert table is not None
        return chosen, table
    known = [found for name in BUILT_IN if (found := read_mapping(name, findings)) is not None]
    table = read_export(path, findings, keys=[name for one in known for name in one.columns["change"]] + ["change"])
    _refuse(findings)
    assert table is not None
    for one in known:
        if all(any(table.columns(name) for name in one.columns[column]) for column in ("change", "title", "services")):
            return one, table
    if table.columns("change") and table.columns("services"):
        columns = {name: (name,) for name in TABLES[CHANGES]}
        back = {"start": ("planned_start",), "end": ("planned_end",)}
        return ExportMapping(_LIKE_OURS, columns=columns, back=back), table
    raise InputError(
        [
            f"{table.file}: is no export of {' or '.join(BUILT_IN)} and not {_LIKE_OURS} (its columns are "
            f"{several(table.header, 12)}); draft a mapping with --draft mapping.toml and give it with --mapping"
        ]
    )


def _file(name: str, findings: Findings) -> Path:
    path = Path(name)
    if not path.is_file():
        findings.problem(Place(name), "there is no such file")
    return path


def _changes_path(out: str) -> Path:
    path = Path(out)
    return path / CHANGES if path.is_dir() else path


def _services(folder: Path) -> Mapping[str, str] | None:
    """Give id and name of every service of a portfolio's folder; None where it has no services.csv that can be read."""
    table = read_table(folder, "services.csv", Findings(), lambda row: "UTC")
    return {row["service"]: row["name"] or row["service"] for row in table if row["service"]} if table.exists else None


def _planned(path: Path, findings: Findings) -> tuple[Planned, str]:
    """Read the times of the placements of a schedule.json, and the zone to show them in."""
    text = read_text(_file(str(path), findings), findings) if path.is_file() else None
    if text is None:
        findings.problem(Place(str(path)), "is no schedule.json that can be read; name the one that plan --out wrote")
        return {}, "UTC"
    found: dict[str, dict[str, datetime]] = {}
    try:
        document = json.loads(text)
        for one in document["placements"]:
            times = {key: parse_time(one[key]) for key in ("start", "end", "reserved_until")}
            if any(value.tzinfo is None for value in times.values()):
                raise CellError("a time has no offset")
            found[str(one["change"])] = times
        zone = document.get("time_zone", "UTC")
        if zone not in zones():
            raise CellError(f"{shown(zone)} is not a time zone")
        return found, zone
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        findings.problem(Place(path.name), f"is not what plan --out writes ({error}); plan again")
        return {}, "UTC"


def _refuse(findings: Findings) -> None:
    if findings.problems:
        raise InputError(findings.problems)
