"""How the columns and words of another tool's export become those of changes.csv: a `mapping.toml`, or a built-in one.

time_zone = "Europe/London"        # of times without an offset; else the policy's
time_format = "%d/%m/%Y %H:%M"     # of times that are not ISO 8601; several as a list
sheet = "Changes"                  # of a workbook; else the first
list_separator = ","               # between several values in one cell; else ';'

[columns]                          # column of changes.csv = column of the export; the first filled one of a list
change = "Ref"
services = ["System", "Application"]
[units]                            # of numbers: minutes, hours, days or seconds
duration_minutes = "hours"
[length]                           # where the export has two times and no length
from = "Start"
to = "End"
[values.services]                  # value in the export = value in changes.csv
"Payments (production)" = "payments"
[defaults]                         # where the export has nothing
duration_minutes = 60
[skip]                             # rows that are not to be planned
Status = ["Closed", "Cancelled"]
[back]                             # where planned times go when a plan is written back
start = "Start"
end = "End"
reserved_until = "Window ends"
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from scheduler.inputs.cells import zones
from scheduler.inputs.columns import TABLES
from scheduler.inputs.errors import Findings, Place, shown
from scheduler.inputs.text_files import read_text

CHANGES = "changes.csv"
UNIT_MINUTES: Mapping[str, float] = MappingProxyType({"minutes": 1, "hours": 60, "days": 1440, "seconds": 1 / 60})
_BACK = ("start", "end", "reserved_until")
_TEXTS = ("time_zone", "sheet", "list_separator")
_TABLES = ("columns", "units", "length", "values", "defaults", "skip", "back")

BUILT_IN: Mapping[str, str] = MappingProxyType(
    {
        # Fields of the table change_request by their names, and by the labels that a list is exported with.
        "servicenow": """
time_format = ["%Y-%m-%d %H:%M:%S", "%d-%m-%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S"]
[columns]
change = ["number", "Number"]
title = ["short_description", "Short description"]
type = ["type", "Type"]
services = ["cmdb_ci", "Configuration item", "business_service", "Service"]
due = ["requested_by_date", "Requested by date"]
why = ["justification", "Justification"]
requested_by = ["requested_by", "Requested by"]
description = ["description", "Description"]
[length]
from = ["start_date", "Planned start date"]
to = ["end_date", "Planned end date"]
[skip]
state = ["0", "3", "4", "Review", "Closed", "Canceled", "Cancelled"]
[back]
start = ["start_date", "Planned start date"]
end = ["end_date", "Planned end date"]
""",
        # A filter exported as CSV (all fields): system fields by name, custom fields as Custom field (NAME).
        "jira": """
time_format = ["%d/%b/%y %I:%M %p", "%d/%b/%y", "%d/%b/%Y %I:%M %p", "%Y-%m-%dT%H:%M:%S.%f%z"]
[columns]
change = ["Issue key", "Key"]
title = ["Summary"]
type = ["Custom field (Change type)", "Change type"]
services = ["Custom field (Affected services)", "Affected services", "Components", "Component/s", "Component s"]
duration_minutes = ["Original estimate", "Original Estimate", "Custom field (Duration in minutes)"]
due = ["Due date", "Due Date", "Due"]
why = ["Custom field (Change reason)", "Change reason"]
requested_by = ["Reporter"]
description = ["Description"]
[units]
"Original estimate" = "seconds"
[length]
from = ["Custom field (Change start date)", "Change start date"]
to = ["Custom field (Change completion date)", "Change completion date"]
[skip]
Status = ["Done", "Closed", "Completed", "Canceled", "Cancelled", "Declined", "Failed", "Resolved"]
[back]
start = ["Custom field (Change start date)", "Change start date"]
end = ["Custom field (Change completion date)", "Change completion date"]
""",
    }
)


Names = tuple[str, ...]


@dataclass(frozen=True)
class ExportMapping:
    """A mapping as it was read; every name of a column of the export is a choice of names, the first filled one counts.

    `units` is by column of changes.csv or of the export, `values` by column of changes.csv.
    """

    file: str
    columns: Mapping[str, Names] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    length: tuple[Names, Names] | None = None
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    skip: Mapping[str, Names] = field(default_factory=dict)
    back: Mapping[str, Names] = field(default_factory=dict)
    time_zone: str = ""
    time_formats: Names = ()
    sheet: str = ""
    list_separator: str = ";"


def read_mapping(name: str, findings: Findings) -> ExportMapping | None:
    """Read a built-in mapping by its name, or a file; None and problems where it cannot be used."""
    if name in BUILT_IN:
        return _mapping(name, tomllib.loads(BUILT_IN[name]), findings)
    path = Path(name)
    if not path.is_file():
        findings.problem(Place(name), f"there is no such file; name one, or one of {', '.join(BUILT_IN)}")
        return None
    text = read_text(path, findings)
    if text is None:
        return None
    try:
        return _mapping(path.name, tomllib.loads(text), findings)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        findings.problem(Place(path.name), f"is not TOML ({error}); mend it there")
        return None


def _mapping(file: str, document: Mapping[str, Any], findings: Findings) -> ExportMapping | None:
    """Check the shape of a mapping; every problem is reported."""
    known = (*_TEXTS, "time_format", *_TABLES)
    for key in document:
        if key not in known:
            findings.problem(Place(file, 0, key), f"unknown key{findings.guess(key, known, 'delete it')}")
    reader = _Reader(file, document, findings)
    columns = {name: reader.names("columns", name) for name in reader.table("columns")}
    reader.known_columns("columns", columns)
    units = {name: reader.text("units", name) for name in reader.table("units")}
    for name, unit in units.items():
        if unit not in UNIT_MINUTES:
            reader.problem("units", name, f"{shown(unit)} is not one of {', '.join(UNIT_MINUTES)}")
    values = {
        name: {str(word): reader.cell(f"values.{name}", str(word), value) for word, value in table.items()}
        for name, table in reader.table("values").items()
        if reader.is_table(f"values.{name}", table)
    }
    reader.known_columns("values", values)
    defaults = {name: reader.cell("defaults", name, value) for name, value in reader.table("defaults").items()}
    reader.known_columns("defaults", defaults)
    back = {name: reader.names("back", name) for name in reader.table("back")}
    for name in back:
        if name not in _BACK:
            reader.problem("back", name, f"is not one of {', '.join(_BACK)}")
    length = {name: reader.names("length", name) for name in reader.table("length")}
    if length and length.keys() != {"from", "to"}:
        reader.problem("length", "", "has to name two columns, from and to")
    zone = reader.text("", "time_zone")
    if zone and zone not in zones():
        reader.problem("", "time_zone", f"{shown(zone)} is not a time zone{findings.guess(zone, zones())}")
    if "change" not in columns and not findings.problems:
        reader.problem("columns", "change", "is missing; name the column of the export that has the ids")
    mapping = ExportMapping(
        file=file,
        columns=columns,
        units={name.casefold(): unit for name, unit in units.items()},
        length=(length.get("from", ()), length.get("to", ())) if length else None,
        values={name: {word.casefold(): value for word, value in words.items()} for name, words in values.items()},
        defaults=defaults,
        skip={name: reader.names("skip", name) for name in reader.table("skip")},
        back=back,
        time_zone=zone,
        time_formats=reader.names("", "time_format") if "time_format" in document else (),
        sheet=reader.text("", "sheet"),
        list_separator=reader.text("", "list_separator") or ";",
    )
    return None if findings.problems else mapping


@dataclass
class _Reader:
    file: str
    document: Mapping[str, Any]
    findings: Findings

    def problem(self, table: str, key: str, text: str) -> None:
        self.findings.problem(Place(self.file, 0, ".".join(filter(None, (table, key)))), text)

    def table(self, name: str) -> Mapping[str, Any]:
        found = self.document.get(name, {})
        return found if self.is_table(name, found) else {}

    def is_table(self, name: str, found: object) -> bool:
        if not isinstance(found, dict):
            self.problem(name, "", f"{shown(found)} is not a table; write [{name}] and its keys below")
        return isinstance(found, dict)

    def _value(self, table: str, key: str) -> object:
        return (self.table(table) if table else self.document).get(key, "")

    def text(self, table: str, key: str) -> str:
        found = self._value(table, key)
        if not isinstance(found, str):
            self.problem(table, key, f"{shown(found)} is not text; put it in quotation marks")
            return ""
        return found

    def names(self, table: str, key: str) -> Names:
        """Read one name, or a list of names; numbers count as they are written."""
        found = self._value(table, key)
        listed = found if isinstance(found, list) else [found]
        if not all(isinstance(one, str | int) and str(one).strip() for one in listed):
            self.problem(table, key, f"{shown(found)} is not a name or a list of names")
            return ()
        return tuple(str(one).strip() for one in listed)

    def cell(self, table: str, key: str, value: object) -> str:
        if isinstance(value, bool):
            return "yes" if value else "no"
        if not isinstance(value, str | int | float):
            self.problem(table, key, f"{shown(value)} is not text or a number")
            return ""
        return str(value).strip()

    def known_columns(self, table: str, names: Mapping[str, object]) -> None:
        known = TABLES[CHANGES]
        for name in names:
            if name not in known:
                self.problem(
                    table, name, f"changes.csv has no such column{self.findings.guess(name, known, 'delete it')}"
                )
