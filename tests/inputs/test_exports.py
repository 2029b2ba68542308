"""From files to files: imports, drafts and plans written back, and what is refused."""

import csv
import json
from pathlib import Path

import openpyxl
import pytest
from exported import jira_csv, servicenow_csv, with_services, write_csv, write_excel

from scheduler.inputs.errors import InputError
from scheduler.inputs.exports import draft_mapping, import_changes, write_back


def plan(folder: Path, *changes: str) -> str:
    path = folder / "schedule.json"
    times = {"start": "2027-03-06T22:00:00Z", "end": "2027-03-06T23:30:00Z", "reserved_until": "2027-03-07T00:00:00Z"}
    document = {"time_zone": "Europe/London", "placements": [{"change": change} | times for change in changes]}
    path.write_text(json.dumps(document))
    return str(path)


@pytest.mark.parametrize(("make", "count"), [(servicenow_csv, 2), (jira_csv, 2)])
def test_the_tool_is_told_by_the_columns(tmp_path: Path, make: object, count: int) -> None:
    folder = with_services(tmp_path / "portfolio")
    imported = import_changes(str(make(tmp_path)), None, str(folder))  # type: ignore[operator]
    assert imported.path == folder / "changes.csv"
    assert len(list(csv.DictReader(imported.content.decode().splitlines()))) >= count
    assert imported.text.startswith(f"{count} changes from")
    assert "1 left out as [skip] of" in imported.text


def test_a_table_with_our_own_columns_needs_no_mapping(tmp_path: Path) -> None:
    path = write_excel(tmp_path / "e.xlsx", [["Change", "services", "duration_minutes"], ["A", "mail", 60]])
    imported = import_changes(str(path), None, str(tmp_path / "new.csv"))
    assert imported.content == b"change,services,duration_minutes\nA,mail,60\n"


def test_other_tables_are_refused_with_a_way_on(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "e.csv", [("Ref", "What"), ("A", "x")])
    with pytest.raises(InputError, match="draft a mapping with --draft") as refused:
        import_changes(str(path), None, str(tmp_path / "new.csv"))
    assert "its columns are 'Ref', 'What'" in refused.value.problems[0]
    drafted = draft_mapping(str(path), str(tmp_path / "mapping.toml"))
    assert b'change = "Ref"' in drafted.content


def test_unknown_services_are_refused(tmp_path: Path) -> None:
    folder = with_services(tmp_path / "portfolio")
    path = write_csv(tmp_path / "e.csv", [("change", "services", "duration_minutes"), ("A", "mial", "5")])
    with pytest.raises(InputError, match=r"'mial' is no service of services.csv.*'mial' = 'mail'"):
        import_changes(str(path), None, str(folder))


def test_there_and_back_as_csv(tmp_path: Path) -> None:
    path = servicenow_csv(tmp_path)
    written = write_back(str(path), "servicenow", plan(tmp_path, "CHG0030002", "elsewhere"), str(tmp_path / "back.csv"))
    first, second, _ = csv.DictReader(written.content.decode().splitlines())
    assert (second["start_date"], second["end_date"]) == ("2027-03-06 22:00:00", "2027-03-06 23:30:00")
    assert second["short_description"] == "'=1+1 close a hole"
    assert first["start_date"] == "2027-03-06 22:00:00"  # as it was
    assert written.text.startswith("planned times of 1 changes (Europe/London)")
    (remark,) = written.remarks
    assert remark == "2 rows have no window in the plan and stay as they were: 'CHG0030001', 'CHG0030003'"


def test_there_and_back_as_excel(tmp_path: Path) -> None:
    path = write_excel(tmp_path / "e.xlsx", [["change", "services", "duration_minutes"], ["A", "mail", 60]])
    out = tmp_path / "back.xlsx"
    out.write_bytes(write_back(str(path), None, plan(tmp_path, "A"), str(out)).content)
    rows = list(openpyxl.load_workbook(out).active.iter_rows(values_only=True))
    assert rows[0] == ("change", "services", "duration_minutes", "planned_start", "planned_end")
    assert [str(value) for value in rows[1][3:]] == ["2027-03-06 22:00:00", "2027-03-06 23:30:00"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, r"is no schedule\.json that can be read"),
        ("{", "is not what plan --out writes"),
        ('{"placements": [], "time_zone": "/etc/passwd"}', "'/etc/passwd' is not a time zone"),
        ('{"placements": [{"change": "A", "start": "soon"}]}', "is not what plan --out writes"),
        ('{"placements": [{"change": "A", "start": "2027-03-06", "end": "2027-03-06", '
         '"reserved_until": "2027-03-06"}]}', "a time has no offset"),
    ],
)  # fmt: skip
def test_plans_that_cannot_be_read(tmp_path: Path, content: str | None, problem: str) -> None:
    path = write_csv(tmp_path / "e.csv", [("change", "services"), ("A", "mail")])
    schedule = tmp_path / "schedule.json"
    if content is not None:
        schedule.write_text(content)
    with pytest.raises(InputError, match=problem):
        write_back(str(path), None, str(schedule), str(tmp_path / "back.csv"))


def test_the_plan_of_something_else(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "e.csv", [("change", "services"), ("A", "mail")])
    with pytest.raises(InputError, match="none of its changes is in"):
        write_back(str(path), None, plan(tmp_path, "B"), str(tmp_path / "back.csv"))


def test_a_workbook_is_written_as_one(tmp_path: Path) -> None:
    path = write_excel(tmp_path / "e.xlsx", [["change", "services"], ["A", "mail"]])
    with pytest.raises(InputError, match=r"end it in \.xlsx"):
        write_back(str(path), None, plan(tmp_path, "A"), str(tmp_path / "back.csv"))


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        import_changes(str(tmp_path / "none.csv"), None, str(tmp_path))
