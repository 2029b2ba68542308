# Excel knows no zones.
# ruff: noqa: DTZ001
import zipfile
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet
import pytest

from scheduler.inputs.sheets import cell_text, records
from scheduler.inputs.text_files import UnreadableError

VALUES: list[tuple[Any, str]] = [
    (None, ""), ("x", "x"), (True, "yes"), (False, "no"), (7, "7"), (7.0, "7"), (0.1, "0.1"), (float("nan"), ""),
    (Decimal("1.50"), "1.50"), (Decimal("1E+2"), "100"), (date(2027, 3, 1), "2027-03-01"),
    (datetime(2027, 3, 1, 8), "2027-03-01T08:00:00"),
    (datetime(2027, 3, 1, 8, tzinfo=UTC), "2027-03-01T08:00:00+00:00"),
    (time(8, 30), "08:30"), (["a", 1], "a;1"), (b"x\xff", "x\\xff"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "text"), VALUES)
def test_typed_values_as_cells(value: Any, text: str) -> None:
    assert cell_text(value) == text


def workbook(path: Path, *sheets: tuple[str, list[list[Any]]]) -> Path:
    book = openpyxl.Workbook()
    for number, (name, rows) in enumerate(sheets):
        sheet = book.active if number == 0 else book.create_sheet()
        sheet.title = name
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_a_sheet_of_typed_cells(tmp_path: Path) -> None:
    rows = [["change", "start", "n", "ok"], ["C1", datetime(2027, 3, 1, 8, 0, 0), 45.0, True], [], ["C2", None, 0.5]]
    path = workbook(tmp_path / "x.xlsx", ("Sheet1", rows))
    # The third row is empty; the fourth ends early.
    assert list(records(path)) == [
        (1, ["change", "start", "n", "ok"]),
        (2, ["C1", "2027-03-01T08:00:00", "45", "yes"]),
        (4, ["C2", "", "0.5", ""]),
    ]


def test_which_sheet_is_read(tmp_path: Path) -> None:
    path = workbook(tmp_path / "changes.xlsx", ("Notes", [["x"]]), ("Changes", [["a"]]))
    assert list(records(path)) == [(1, ["a"])]
    path = workbook(tmp_path / "teams.xlsx", ("Empty", []), ("Export", [["b"]]))
    assert list(records(path)) == [(1, ["b"])]
    path = workbook(tmp_path / "services.xlsx", ("One", [["x"]]), ("Two", [["y"]]))
    with pytest.raises(UnreadableError, match="has the sheets 'One', 'Two'; name the one to read 'services'"):
        list(records(path))


def test_formulas_need_a_saved_value(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx", ("x", [["a", "b"], [1, "=A2+1"]]))
    with pytest.raises(UnreadableError, match="has a formula whose value was not saved") as caught:
        list(records(path))
    assert (caught.value.row, caught.value.column) == (2, "column 2")
    # As Excel saves it, with the value beside the formula.
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "y.xlsx", "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, content.replace(b"<f>A2+1</f><v />", b"<f>A2+1</f><v>2</v>").replace(
                b"<f>A2+1</f><v></v>", b"<f>A2+1</f><v>2</v>"))  # fmt: skip
    assert list(records(tmp_path / "y.xlsx"))[1] == (2, ["1", "2"])


def test_errors_of_excel_are_no_text(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx", ("x", [["a"], ["#REF!"]]))
    with pytest.raises(UnreadableError, match="#REF! is an error of Excel"):
        list(records(path))


def test_parquet(tmp_path: Path) -> None:
    table = pa.table(
        {
            "change": pa.array(["C1", "C2", None]).dictionary_encode(),
            "text": ["x", None, "y"],
            "n": pa.array([45, None, 7], pa.int16()),
            "start": pa.array([datetime(2027, 3, 1, tzinfo=UTC)] * 3, pa.timestamp("ms", "UTC")),
            "ids": [["a", "b"], [], None],
            "money": pa.array([Decimal("1.50")] * 3, pa.decimal128(10, 2)),
            "ok": [True, False, None],
        }
    )
    pyarrow.parquet.write_table(table, tmp_path / "x.parquet")
    start = "2027-03-01T00:00:00+00:00"
    assert list(records(tmp_path / "x.parquet")) == [
        (0, ["change", "text", "n", "start", "ids", "money", "ok"]),
        (1, ["C1", "x", "45", start, "a;b", "1.50", "yes"]),
        (2, ["C2", "", "", start, "", "1.50", "no"]),
        (3, ["", "y", "7", start, "", "1.50", ""]),
    ]


def test_what_explodes_is_refused(tmp_path: Path) -> None:
    many = pa.table({"a": pa.array(["x"] * 100_001).dictionary_encode()})
    pyarrow.parquet.write_table(many, tmp_path / "many.parquet")
    long = pa.table({"a": ["x" * 131_073] * 3})
    pyarrow.parquet.write_table(long, tmp_path / "long.parquet")
    (tmp_path / "many.csv").write_text("a\n" + "x\n" * 100_001)
    with (
        zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as package,
        package.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part,
    ):
        for _ in range(201):
            part.write(b" " * 1_000_000)
    (tmp_path / "no.xlsx").write_bytes(b"PK")
    (tmp_path / "no.parquet").write_bytes(b"PAR1")
    expected = {
        "many.parquet": "has 100,001 rows of 1 columns; was the right file saved here?",
        "long.parquet": "has a cell of 131,073 characters",
        "many.csv": "has more than 100,000 rows; was the right file saved here?",
        "bomb.xlsx": "unpacks to 201 MB ('xl/worksheets/sheet1.xml'), more than can be read; "
        "was the right file saved here?",
        "no.xlsx": "cannot be read as an Excel workbook (BadZipFile: File is not a zip file); save it again as .xlsx",
    }
    for name, text in expected.items():
        with pytest.raises(UnreadableError) as caught:
            list(records(tmp_path / name))
        assert caught.value.text == text
    with pytest.raises(UnreadableError, match="cannot be read as Parquet"):
        list(records(tmp_path / "no.parquet"))


def test_rows_that_are_far_apart_or_wide_end_somewhere(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx", ("x", [["a"], ["b"]]))
    for name, old, new in (("far", b'<row r="2"', b'<row r="999999999999"'), ("wide", b'r="A2"', b'r="XFD2"')):
        with zipfile.ZipFile(path) as before, zipfile.ZipFile(tmp_path / f"{name}.xlsx", "w") as after:
            for part in before.namelist():
                content = before.read(part)
                if "sheet1" in part:
                    assert old in content
                    content = content.replace(old, new).replace(b'r="A2"', b"" if name == "far" else b'r="A2"')
                after.writestr(part, content)
        with pytest.raises(UnreadableError, match="has more than 500 columns or 100,000 rows"):
            list(records(tmp_path / f"{name}.xlsx"))
