"""Tables of exports as they are: separators, title rows, kinds of values, and files that are none."""

from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pytest

from scheduler.inputs.errors import Findings
from scheduler.inputs.export_table import Export, read_export


def local(*parts: int) -> datetime:
    """A time without a zone, as Excel has them."""
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001


def read(path: Path, **options: str | list[str]) -> tuple[Export | None, list[str]]:
    findings = Findings()
    return read_export(path, findings, **options), findings.problems  # type: ignore[arg-type]


def saved(folder: Path, rows: list[list[object]], name: str = "export.xlsx", sheet: str = "Sheet") -> Path:
    book = openpyxl.Workbook()
    page = book.active
    page.title = sheet
    for row in rows:
        page.append(row)
    book.save(folder / name)
    return folder / name


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_csv_with_any_separator(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "export.csv"
    path.write_text(
        "\ufeff"
        + separator.join(["Key", "Title"])
        + "\n"
        + separator.join(["A", '"x\ny"'])
        + "\n\n"
        + "B"
        + separator
        + "\n"
    )
    export, problems = read(path)
    assert problems == []
    assert export is not None
    assert (export.header, export.header_row, export.separator) == (("Key", "Title"), 1, separator)
    # The line break in A's cell makes B's row the fifth line.
    assert export.rows == ((2, ("A", "x\ny")), (5, ("B", "")))


def test_excel_keeps_kinds_of_values_and_skips_a_title(tmp_path: Path) -> None:
    header = ["Ref", "Hours", "When", "Day", "Length", "Sure"]
    values = ["A", 1.5, local(2027, 3, 6, 16), date(2027, 3, 7), time(1, 30), True]
    path = saved(tmp_path, [["Changes of the second quarter"], [], header, values, [" ", None], ["B"]])
    export, problems = read(path)
    assert problems == []
    assert export is not None
    assert (export.header_row, export.header) == (3, tuple(header))
    (number, first), (_, second) = export.rows
    assert number == 4
    assert first == ("A", "1.5", "2027-03-06T16:00:00", "2027-03-07T00:00:00", "01:30", "yes")
    assert second == ("B", "", "", "", "", "")


def test_the_header_is_where_a_key_is(tmp_path: Path) -> None:
    path = saved(tmp_path, [["a", "b", "c"], ["Number", "Title"], ["CHG1", "x"]])
    export, _ = read(path, keys=["number"])
    assert export is not None
    assert export.header == ("Number", "Title")
    assert export.columns("NUMBER ") == [0]
    assert export.columns("nothing") == []


def test_a_column_may_come_twice(tmp_path: Path) -> None:
    path = tmp_path / "jira.csv"
    path.write_text("Issue key,Components,Components\nX-1,app,web\n")
    export, _ = read(path)
    assert export is not None
    assert export.columns("components") == [1, 2]


def test_a_sheet_by_name(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Key"])
    book.create_sheet("Plan").append(["Ref"])
    path = tmp_path / "export.xlsx"
    book.save(path)
    export, _ = read(path, sheet="plan")
    assert export is not None
    assert export.header == ("Ref",)
    assert (export.sheet, export.sheets) == ("Plan", ("Sheet", "Plan"))
    first, _ = read(path)
    assert first is not None
    assert (first.header, first.sheet) == (("Key",), "Sheet")
    assert read(path, sheet="Plans")[1] == ["export.xlsx: has no sheet 'Plans'; its sheets are 'Sheet', 'Plan'"]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("e.csv", b"", "e.csv: has no rows; was it saved empty?"),
        ("e.csv", b"a\xff", "e.csv, row 1: byte 0xff is not UTF-8 text; save the file as UTF-8"),
        ("e.csv", b'a,"b', "e.csv, row 1: cannot be read as CSV (unexpected end of data); check its quotation marks"),
        ("e.xls", b"anything", "e.xls: is of a kind that is not read; save it as .xlsx or CSV"),
    ],
)
def test_files_that_are_no_table(tmp_path: Path, name: str, content: bytes, problem: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert read(tmp_path / name) == (None, [problem])
