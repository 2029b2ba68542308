"""Planned times in the export they came from: its shape, its layout of times, and formulas as text."""

import io
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
from exported import JIRA, jira_csv, write_csv, write_excel

from scheduler.inputs.errors import Findings
from scheduler.inputs.export_table import Export, read_export
from scheduler.inputs.mapping import ExportMapping, read_mapping
from scheduler.inputs.write_back import columns_back, csv_back, excel_back


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2027, 3, 6, hour, minute, tzinfo=UTC)


PLANNED = {"start": at(16), "end": at(17, 30), "reserved_until": at(18)}
MAPPING = ExportMapping("m.toml", columns={"change": ("id",)}, back={"start": ("Start",), "end": ("Finish",)})


def table(path: Path, mapping: ExportMapping) -> Export:
    export = read_export(path, Findings(), keys=mapping.columns["change"])
    assert export is not None
    return export


def test_jira_keeps_its_layout_and_everything_else(tmp_path: Path) -> None:
    path = jira_csv(tmp_path)
    text = path.read_bytes().decode()
    mapping = read_mapping("jira", Findings())
    assert mapping is not None
    written = csv_back(table(path, mapping), mapping, {"OPS-8": PLANNED}, "Asia/Singapore", text)
    before, after = text.splitlines(), written.splitlines()
    assert after[:2] == before[:2]
    assert after[3] == before[3]
    # 16:00 UTC is midnight in Singapore; the comment that begins with @ is text now.
    assert after[2].endswith(",07/Mar/27 12:00 AM,07/Mar/27 01:30 AM")
    assert ",'@all read this," in after[2]
    assert written.count("\r\n") == text.count("\r\n") == 4
    assert after[0].split(",") == list(JIRA)


def test_columns_that_are_not_there_come_last(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "e.csv", [("Changes",), ("id", "Finish"), ("A", ""), ("B", ""), ()])
    export = table(path, MAPPING)
    assert columns_back(export, MAPPING) == {"start": ("Start", 2), "end": ("Finish", 1)}
    text = path.read_bytes().decode()
    assert csv_back(export, MAPPING, {"A": PLANNED}, "UTC", text).splitlines() == [
        "Changes",
        "id,Finish,Start",
        "A,2027-03-06 17:30,2027-03-06 16:00",
        "B,",
        "",
    ]


def test_formulas_of_a_csv_become_text_and_numbers_stay(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "e.csv", [("id", "x", "Start", "Finish"), ("A", "=1+1", "", ""), ("B", "-5", "@x", "+1")]
    )
    written = csv_back(table(path, MAPPING), MAPPING, {}, "UTC", path.read_bytes().decode())
    assert written.splitlines()[1:] == ["A,'=1+1,,", "B,-5,'@x,+1"]


def test_excel_gets_real_times_and_no_formula(tmp_path: Path) -> None:
    path = write_excel(tmp_path / "e.xlsx", [["Changes"], ["id", "note", "Start"], ["A"], ["B", "+1", "soon"]])
    book = openpyxl.load_workbook(path)
    book.active["B3"] = "=HYPERLINK(1)"
    book.active["B3"].data_type = "s"  # somebody's text
    book.create_sheet("Sums")["A2"] = "=1+1"  # a formula that never came to anything
    book.save(path)
    content = excel_back(table(path, MAPPING), MAPPING, {"A": PLANNED}, "America/New_York", path)
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert (book["Sums"]["A2"].value, book["Sums"]["A2"].data_type) == ("=1+1", "s")
    page = book.active
    assert [cell.value for cell in page[2]] == ["id", "note", "Start", "Finish"]
    assert page["C3"].value == datetime(2027, 3, 6, 11)  # noqa: DTZ001 - Excel knows no zones; 16:00 UTC in New York
    assert page["D3"].value == datetime(2027, 3, 6, 12, 30)  # noqa: DTZ001
    assert page["C3"].number_format == "yyyy-mm-dd hh:mm"
    assert (page["B3"].value, page["B3"].data_type) == ("=HYPERLINK(1)", "s")
    assert page["B3"].quotePrefix
    assert page["B4"].quotePrefix
    assert (page["C4"].value, page["D4"].value) == ("soon", None)


def test_the_reserve_has_a_column_of_its_own_where_it_is_asked_for(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "e.csv", [("id",), ("A",)])
    mapping = ExportMapping("m.toml", columns={"change": ("id",)}, back={"reserved_until": ("Window ends",)})
    text = path.read_bytes().decode()
    assert csv_back(table(path, mapping), mapping, {"A": PLANNED}, "UTC", text) == (
        "id,Window ends\r\nA,2027-03-06 18:00\r\n"
    )
