"""A mapping drafted from the names of columns can be read, and says what it could not guess."""

from pathlib import Path

from exported import write_csv

from scheduler.inputs.draft import draft
from scheduler.inputs.errors import Findings
from scheduler.inputs.export_table import read_export
from scheduler.inputs.mapping import ExportMapping, read_mapping


def drafted(
    folder: Path, rows: list[tuple[str, ...]], services: dict[str, str] | None = None
) -> tuple[str, ExportMapping | None, list[str]]:
    findings = Findings()
    export = read_export(write_csv(folder / "e.csv", rows), findings)
    assert export is not None
    text = draft(export, services)
    (folder / "mapping.toml").write_text(text)
    return text, read_mapping(str(folder / "mapping.toml"), findings), findings.problems


def test_names_that_people_give(tmp_path: Path) -> None:
    header = (
        "Ticket",
        "Short description",
        "System",
        "Duration (hours)",
        "Not before",
        "Deadline",
        "Planned start",
        "Planned end",
    )
    text, found, problems = drafted(
        tmp_path, [header, ("1", "x", 'CRM "new"', "1", "", "", "", ""), ("2", "y", "Mail", "1", "", "", "", "")],
        {"mail": "Mail", "crm": "CRM"},
    )  # fmt: skip
    assert problems == []
    assert found is not None
    assert found.columns == {
        "change": ("Ticket",),
        "title": ("Short description",),
        "services": ("System",),
        "duration_minutes": ("Duration (hours)",),
        "earliest": ("Not before",),
        "due": ("Deadline",),
    }
    assert found.units == {"duration_minutes": "hours"}
    assert found.back == {"start": ("Planned start",), "end": ("Planned end",)}
    # Mail is known by its name; the other service is told by what comes closest.
    assert found.values == {"services": {'crm "new"': "crm"}}
    assert "Ticket, Short description" in text


def test_without_a_length_it_is_the_time_between_start_and_end(tmp_path: Path) -> None:
    _, found, problems = drafted(tmp_path, [("Id", "Application", "Start", "End"), ("A", "x", "", "")])
    assert problems == []
    assert found is not None
    assert found.length == (("Start",), ("End",))
    assert found.defaults == {"duration_minutes": "60"}


def test_what_cannot_be_guessed_is_left_to_the_reader(tmp_path: Path) -> None:
    text, found, problems = drafted(tmp_path, [("abc", "def"), ("A", "x")])
    assert found is None
    assert problems == ["mapping.toml, columns.change: is missing; name the column of the export that has the ids"]
    for column in ("change", "services", "duration_minutes"):
        assert f'# {column} = ""   # needed:' in text


def test_layouts_of_times_lists_and_other_sheets(tmp_path: Path) -> None:
    rows = [("Ref", "Affected systems", "Dauer (h)", "Not before", "Deadline"),
            ("1", "Mail, CRM", "1", "13.04.2027 18:00", "30.04.2027"), ("2", "CRM", "2", "", "2027-04-30")]  # fmt: skip
    text, found, _ = drafted(tmp_path, rows, {"crm": "Customers", "mail": "Mail"})
    assert found is not None
    # Neither layout fits both, so both are given; the ISO date needs none.
    assert found.time_formats == ("%d.%m.%Y %H:%M", "%d.%m.%Y")
    assert (found.list_separator, found.units) == (",", {"duration_minutes": "hours"})
    assert "such as 13.04.2027 18:00" in text
    # The day 13 can be no month, so the American layout is out; of two that fit, the day comes first.
    _, found, _ = drafted(tmp_path, [("Ref", "System", "Due"), ("1", "x", "04/13/2027"), ("2", "x", "04/05/2027")])
    assert found is not None
    assert found.time_formats == ("%m/%d/%Y",)
    _, found, _ = drafted(tmp_path, [("Ref", "System", "Due"), ("1", "x", "04/05/2027")])
    assert found is not None
    assert found.time_formats == ("%d/%m/%Y",)
