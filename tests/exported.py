"""Sample exports of other tools, made from the documented names of their fields."""

import csv
from collections.abc import Sequence
from pathlib import Path

import openpyxl

SERVICENOW = (
    "number", "type", "state", "short_description", "description", "justification", "cmdb_ci", "business_service",
    "assignment_group", "requested_by", "requested_by_date", "start_date", "end_date", "risk", "impact",
)  # fmt: skip
"""Fields of the table change_request."""

SERVICENOW_ROWS = (
    {
        "number": "CHG0030001", "type": "normal", "state": "-4", "short_description": "Patch the payments database",
        "justification": "Support ends", "cmdb_ci": "Payments", "requested_by": "Abel Tuter",
        "requested_by_date": "2027-03-20 00:00:00", "start_date": "2027-03-06 22:00:00",
        "end_date": "2027-03-06 23:30:00", "risk": "3", "impact": "3",
    },
    {
        "number": "CHG0030002", "type": "Emergency", "state": "-5", "short_description": "=1+1 close a hole",
        "business_service": "mail", "start_date": "2027-03-07 01:00:00", "end_date": "2027-03-07 02:00:00",
        "description": "first line\nsecond line",
    },
    {"number": "CHG0030003", "type": "standard", "state": "3", "short_description": "Long ago", "cmdb_ci": "gone"},
)  # fmt: skip

JIRA = (
    "Summary", "Issue key", "Issue id", "Issue Type", "Status", "Reporter", "Due date", "Description", "Components",
    "Components", "Original estimate", "Custom field (Change type)", "Custom field (Change start date)",
    "Custom field (Change completion date)",
)  # fmt: skip
"""Columns of a filter exported with all fields; those with several values come several times."""

JIRA_ROWS = (
    ("Upgrade mail", "OPS-7", "10007", "Change", "Planning", "Ana", "20/Mar/27 12:00 AM", "", "mail", "payments",
     "5400", "Normal", "", ""),
    ("Move racks", "OPS-8", "10008", "Change", "Awaiting approval", "Ben", "", "@all read this", "Payments", "", "",
     "Standard", "06/Mar/27 10:00 PM", "07/Mar/27 12:15 AM"),
    ("Old", "OPS-9", "10009", "Change", "Done", "Ben", "", "", "x", "", "", "Normal", "", ""),
)  # fmt: skip


def servicenow_csv(folder: Path) -> Path:
    rows = [[row.get(name, "") for name in SERVICENOW] for row in SERVICENOW_ROWS]
    return write_csv(folder / "change_request.csv", [SERVICENOW, *rows])


def jira_csv(folder: Path) -> Path:
    return write_csv(folder / "jira.csv", [JIRA, *JIRA_ROWS])


def write_csv(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def write_excel(path: Path, rows: Sequence[Sequence[object]]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    book.save(path)
    return path


def with_services(folder: Path) -> Path:
    """Make a folder that knows two services."""
    folder.mkdir()
    (folder / "services.csv").write_text("service,name\npayments,Payments\nmail,Electronic mail\n")
    return folder
