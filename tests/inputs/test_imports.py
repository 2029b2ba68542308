"""Exports of other tools as rows of changes.csv, worked out by hand."""

from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from exported import jira_csv, servicenow_csv, write_csv, write_excel

from scheduler.inputs.errors import Findings
from scheduler.inputs.export_table import read_export
from scheduler.inputs.imports import Rows, change_rows, changes_csv
from scheduler.inputs.mapping import read_mapping

SERVICES = {"payments": "Payments", "mail": "Electronic mail"}
LEAST = "[columns]\nchange = 'id'\nservices = 'service'\nduration_minutes = 'length'\n"


def rows(path: Path, mapping: str, services: dict[str, str] | None = SERVICES) -> tuple[Rows, list[str]]:
    findings = Findings()
    chosen = read_mapping(mapping, findings)
    export = read_export(path, findings, keys=chosen.columns["change"] if chosen else ())
    assert chosen is not None
    assert export is not None
    return change_rows(export, chosen, services, findings), findings.problems


def own(
    folder: Path, text: str, cells: dict[str, object], services: dict[str, str] | None = SERVICES
) -> tuple[dict[str, str], list[str]]:
    """Import one row through a mapping of `LEAST` and more."""
    mapping = folder / "mapping.toml"
    mapping.write_text(text if "[columns]" in text else f"{text}\n{LEAST}")
    filled = {"id": "A", "service": "mail", "length": 60} | cells
    path = write_excel(folder / "e.xlsx", [list(filled), list(filled.values())])
    found, problems = rows(path, str(mapping), services)
    return (found[0] if found else {}), problems


def test_servicenow(tmp_path: Path) -> None:
    found, problems = rows(servicenow_csv(tmp_path), "servicenow")
    assert problems == []
    first, second = found  # the third is closed
    assert {name: cell for name, cell in first.items() if cell} == {
        "change": "CHG0030001",
        "title": "Patch the payments database",
        "type": "normal",
        "services": "payments",
        "duration_minutes": "90",  # 22:00 to 23:30
        "due": "2027-03-21",  # all of the 20th
        "why": "Support ends",
        "requested_by": "Abel Tuter",
    }
    # No configuration item: the service counts.
    assert (second["services"], second["type"], second["duration_minutes"]) == ("mail", "emergency", "60")
    assert second["description"] == "first line\nsecond line"


def test_jira(tmp_path: Path) -> None:
    found, problems = rows(jira_csv(tmp_path), "jira")
    assert problems == []
    first, second = found  # the third is done
    assert {name: cell for name, cell in first.items() if cell} == {
        "change": "OPS-7",
        "title": "Upgrade mail",
        "type": "normal",
        "services": "mail;payments",  # two columns of one name
        "duration_minutes": "90",  # 5400 seconds
        "due": "2027-03-21",  # all of the 20th
        "requested_by": "Ana",
    }
    assert (second["duration_minutes"], second["services"]) == ("135", "payments")


@pytest.mark.parametrize(
    ("length", "unit", "minutes"),
    [
        (60, "minutes", "60"),
        (1.5, "hours", "90"),
        ("0.5", "days", "720"),
        (61, "seconds", "2"),
        ("1:30", "hours", "90"),
        (time(1, 30), "hours", "90"),
        (timedelta(hours=30), "hours", "1800"),
        ("2h 30m", "hours", "150"),
        ("90 min", "hours", "90"),
        ("1,5 hours", "minutes", "90"),
        ("1 day", "hours", "1440"),
    ],
)
def test_lengths(tmp_path: Path, length: object, unit: str, minutes: str) -> None:
    text = f"{LEAST}[units]\nduration_minutes = '{unit}'\n"
    found, problems = own(tmp_path, text, {"length": length})
    assert (found.get("duration_minutes"), problems) == (minutes, [])


@pytest.mark.parametrize(
    ("layout", "cell", "earliest", "due"),
    [
        ("", "2027-03-06 16:00", "2027-03-06 16:00", "2027-03-06 16:00"),
        ("", "2027-03-06T16:00+02:00", "2027-03-06T14:00:00Z", "2027-03-06T14:00:00Z"),
        ("time_format = '%d/%m/%Y %H:%M'", "06/03/2027 16:00", "2027-03-06 16:00", "2027-03-06 16:00"),
        # New York is five hours behind.
        ("time_zone = 'America/New_York'", "2027-03-06 16:00", "2027-03-06T21:00:00Z", "2027-03-06T21:00:00Z"),
        # A day begins with its first minute, and what is due on it may take all of it.
        ("", "2027-03-06", "2027-03-06", "2027-03-07"),
        ("", date(2027, 3, 6), "2027-03-06", "2027-03-07"),
        ("", "2027-03-06 00:00", "2027-03-06", "2027-03-07"),
        ("time_zone = 'America/New_York'", "2027-03-06", "2027-03-06T05:00:00Z", "2027-03-07T05:00:00Z"),
        ("", datetime.fromisoformat("2027-03-06T16:00"), "2027-03-06 16:00", "2027-03-06 16:00"),
    ],
)
def test_times(tmp_path: Path, layout: str, cell: object, earliest: str, due: str) -> None:
    text = f"{layout}\n{LEAST}earliest = 'from'\ndue = 'by'\n"
    found, problems = own(tmp_path, text, {"from": cell, "by": cell})
    assert (problems, found["earliest"], found["due"]) == ([], earliest, due)


def test_lists_words_and_defaults(tmp_path: Path) -> None:
    text = (
        f"list_separator = ','\n{LEAST}mandatory = 'must'\nskills = 'who'\ntype = 'kind'\n"
        "[values.services]\n'Pay (prod)' = 'payments'\n'Everything' = 'payments;mail'\n"
        "[values.skills]\n'Databases' = 'dba*2'\n[defaults]\nbackout_minutes = 15\n"
    )
    found, problems = own(
        tmp_path,
        text,
        {"service": "ELECTRONIC MAIL, pay (prod)", "must": "Y", "who": "Databases, network", "kind": "Standard"},
    )
    assert problems == []
    assert (found["services"], found["mandatory"], found["skills"]) == ("mail;payments", "yes", "dba*2;network")
    assert (found["type"], found["backout_minutes"]) == ("standard", "15")
    assert own(tmp_path, text, {"service": "everything"})[0]["services"] == "payments;mail"


def test_without_known_services_any_will_do(tmp_path: Path) -> None:
    assert own(tmp_path, LEAST, {"service": "anything"}, None)[0]["services"] == "anything"


def test_every_problem_is_reported_at_once_and_each_value_once(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "e.csv",
        [
            ("id", "service", "length", "by"),
            ("A", "Paymnts", "60", "soon"),
            ("B", "Paymnts", "long", ""),
            ("B", "zzz", "", ""),
            ("", "mail", "0", ""),
        ],
    )
    (tmp_path / "m.toml").write_text(f"{LEAST}due = 'by'\n")
    _, problems = rows(path, str(tmp_path / "m.toml"))
    mend = "is no service of services.csv; add it there, or write under [values.services] in a mapping:"
    leave = "or leave such rows out under [skip]"
    assert problems == [
        f"e.csv, row 2, service: 'Paymnts' {mend} 'Paymnts' = 'payments' (and in 1 more row)",
        "e.csv, row 2, by: 'soon' is not a time; say in m.toml how times are written, "
        'as in time_format = "%d/%m/%Y %H:%M"',
        "e.csv, row 3, length: 'long' is not a length; write minutes, 1:30 or 2h 30m",
        f"e.csv, row 4, service: 'zzz' {mend} 'zzz' = the id of a service",
        f"e.csv, row 4, length: is empty; fill it, set duration_minutes under [defaults] in a mapping, {leave}",
        "e.csv, row 4, change: 'B' comes twice, first in row 3; delete one",
        f"e.csv, row 5, id: is empty; fill it, set change under [defaults] in a mapping, {leave}",
        "e.csv, row 5, length: 0 is less than 1; write 1 or more",
    ]


def test_columns_that_are_not_there(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "e.csv", [("id", "servce", "x"), ("A", "mail", "")])
    (tmp_path / "m.toml").write_text(LEAST)
    assert rows(path, str(tmp_path / "m.toml"))[1] == [
        "e.csv, row 1: has no column service for services; did you mean 'servce'?",
        "e.csv, row 1: has no column length for duration_minutes; its columns are 'id', 'servce', 'x'",
    ]


def test_the_length_between_two_times(tmp_path: Path) -> None:
    text = "[columns]\nchange = 'id'\nservices = 'service'\n[length]\nfrom = 'a'\nto = 'b'\n"
    found, _ = own(tmp_path, text, {"a": "2027-03-06 23:00", "b": "2027-03-07 00:10"})
    assert found["duration_minutes"] == "70"
    _, problems = own(tmp_path, text, {"a": "2027-03-06 23:00", "b": "2027-03-06 22:00"})
    assert problems == [
        "e.xlsx, row 2, duration_minutes: '2027-03-06 22:00' is not after '2027-03-06 23:00'; correct one of them"
    ]
    _, problems = own(tmp_path, text, {"a": "2027-03-06 23:00", "b": "2027-03-06T22:00Z"})
    assert problems == [
        "e.xlsx, row 2, duration_minutes: has an offset where the other time has none; give both, or set time_zone"
    ]


def test_nothing_left_to_plan(tmp_path: Path) -> None:
    _, problems = own(tmp_path, f"{LEAST}[skip]\nservice = ['MAIL']\n", {})
    assert problems == ["e.xlsx: has no row that is to be planned; see [skip] in mapping.toml"]


def test_formulas_become_text() -> None:
    row = {"change": "A", "title": "=cmd()", "services": "x", "duration_minutes": "5", "description": "-1 and,\n@x"}
    assert changes_csv([row]) == (
        "change,title,services,duration_minutes,description\nA,'=cmd(),x,5,\"'-1 and,\n@x\"\n"
    )


def test_ids_that_begin_like_a_formula_are_refused(tmp_path: Path) -> None:
    _, problems = own(tmp_path, LEAST, {"id": "@sum"})
    assert problems == ["e.xlsx, row 2, id: '@sum' begins like a formula of a spreadsheet; choose another id"]
