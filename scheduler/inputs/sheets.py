"""Reads the records of a table from CSV, Excel or Parquet as cells of text, so that all go the same way from there.

Typed cells become what a user would have typed: times ISO 8601, yes or no, numbers without superfluous digits, lists
joined by `;`. Files of others may be made to explode when unpacked, so what comes out is counted, not what goes in.
"""

import math
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet

from scheduler.inputs.cells import LONGEST_CELL
from scheduler.inputs.errors import Findings, Place, at_most, several, shown
from scheduler.inputs.text_files import MOST_MEGABYTES, Record, UnreadableError, csv_records

ENDINGS = (".csv", ".parquet", ".xlsx")
MOST_ROWS = 100_000
_MOST_COLUMNS = 500
# Unpacked sizes in bytes: sheets are streamed, the parts beside them are held in memory.
_MOST_SHEET, _MOST_PART = 200_000_000, 50_000_000
_EXCEL_ERRORS = ("#REF!", "#N/A", "#DIV/0!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!")
_READ_AT_ONCE = 4096


def find_table(folder: Path, file: str, findings: Findings) -> Path | None:
    """Find the one form of a table that is in a folder; of several that is a problem, and the first is given."""
    stem = file.rpartition(".")[0]
    found = [folder / f"{stem}{ending}" for ending in ENDINGS if (folder / f"{stem}{ending}").is_file()]
    for other in found[1:]:
        findings.problem(Place(other.name), f"is here beside {found[0].name}; keep one of the two")
    return found[0] if found else None


def records(path: Path) -> Iterator[Record]:
    """Give the records of a table, the header first, each with the row an editor shows (in Parquet the first is 1).

    Raises
    ------
    UnreadableError
        With the place from which on it cannot be read, and how to mend it.
    """
    too_large = at_most(path, MOST_MEGABYTES)
    if too_large:
        raise UnreadableError(too_large)
    read = {".csv": csv_records, ".parquet": _parquet_records, ".xlsx": excel_records}[path.suffix]
    try:
        for number, record in enumerate(read(path)):
            if number > MOST_ROWS:
                raise UnreadableError(f"has more than {MOST_ROWS:,} rows; was the right file saved here?", record[0])
            yield record
    except OSError as error:
        raise UnreadableError(f"cannot be read ({error.strerror or error}); check that you may open it") from None
    except MemoryError:
        raise UnreadableError("does not fit into memory; was the right file saved here?") from None


def cell_text(value: Any) -> str:
    """Write a typed value as the text of a cell.

    >>> cell_text(45.0), cell_text(True), cell_text(None), cell_text(date(2027, 3, 1)), cell_text(["a", "b"])
    ('45', 'yes', '', '2027-03-01', 'a;b')
    """
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "yes" if value else "no"
        case float():
            return "" if math.isnan(value) else str(int(value)) if value.is_integer() else repr(value)
        case Decimal():
            return format(value, "f")
        case datetime() | date():
            return value.isoformat()
        case time():
            return value.isoformat("minutes")
        case list() | tuple():
            return ";".join(map(cell_text, value))
        case bytes():
            return value.decode("utf-8", "backslashreplace")
    return str(value)


# --- Excel -------------------------------------------------------------------------------------------------------


def excel_records(path: Path, sheet: str = "") -> Iterator[Record]:
    """Give the records of one sheet: the one named, else the one named like the file, else the only one with cells.

    Raises
    ------
    UnreadableError
        With the row and what is wrong.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and the like, which nobody asked for
            yield from _excel_records(path, sheet)
    except (UnreadableError, OSError, MemoryError):
        raise
    except Exception as error:  # whatever a damaged workbook makes of its reader
        raise _damaged(error) from None


def _damaged(error: Exception) -> UnreadableError:
    return UnreadableError(f"cannot be read as an Excel workbook ({_reason(error)}); save it again as .xlsx")


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"


def _excel_records(path: Path, sheet: str) -> Iterator[Record]:
    import openpyxl  # costs a fifth of a second, and most portfolios are CSV

    formulas = check_package(path)
    with ExitStack() as closed:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        closed.callback(book.close)
        name = _sheet_name(book, sheet or path.stem)
        rows = _rows(book[name], closed)
        sources: Iterator[tuple[Any, ...]] = iter(())
        if formulas:
            written = openpyxl.load_workbook(path, read_only=True)
            closed.callback(written.close)
            sources = _rows(written[name], closed)
        width = 0
        for number, values in enumerate(rows, start=1):
            origin = next(sources, ())
            if len(values) > _MOST_COLUMNS or number > 2 * MOST_ROWS:
                raise UnreadableError(f"has more than {_MOST_COLUMNS} columns or {MOST_ROWS:,} rows", number)
            cells = [_excel_cell(value, number, column) for column, value in enumerate(values)]
            for column, (cell, formula) in enumerate(zip(cells, origin, strict=False)):
                if not cell and isinstance(formula, str) and formula.startswith("="):
                    raise _unsaved(number, column)
            if not any(cell.strip() for cell in cells):
                continue
            if not width:
                while cells and not cells[-1].strip():
                    cells.pop()
                width = len(cells)
            # Rows end with their last filled cell.
            cells += [""] * (width - len(cells))
            while len(cells) > width and not cells[-1].strip():
                cells.pop()
            yield number, cells


def _rows(sheet: Any, closed: ExitStack) -> Iterator[tuple[Any, ...]]:
    # What a sheet says of its own size is not to be trusted.
    sheet.reset_dimensions()
    rows: Iterator[tuple[Any, ...]] = closed.enter_context(closing(sheet.iter_rows(values_only=True)))
    return rows


def _unsaved(row: int, column: int) -> UnreadableError:
    text = "has a formula whose value was not saved; open the file in Excel and save it"
    return UnreadableError(text, row, f"column {column + 1}")


def _excel_cell(value: Any, row: int, column: int) -> str:
    if isinstance(value, str) and value in _EXCEL_ERRORS:
        raise UnreadableError(f"{value} is an error of Excel; mend the formula", row, f"column {column + 1}")
    if isinstance(value, datetime):
        # Excel keeps times as fractions of a day.
        value = (value + timedelta(milliseconds=500)).replace(microsecond=0)
    text = cell_text(value)
    if len(text) > LONGEST_CELL:
        raise UnreadableError(f"has a cell of {len(text):,} characters", row, f"column {column + 1}")
    return text


def sheet_names(path: Path) -> list[str]:
    """List the sheets of a workbook, after the checks of `excel_records`.

    Raises
    ------
    UnreadableError
        With what is wrong.
    """
    import openpyxl

    try:
        check_package(path)
        with warnings.catch_warnings(), ExitStack() as closed:
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(path, read_only=True)
            closed.callback(book.close)
            return [str(sheet.title) for sheet in book.worksheets]
    except (UnreadableError, OSError, MemoryError):
        raise
    except Exception as error:  # whatever a damaged workbook makes of its reader
        raise _damaged(error) from None


def check_package(path: Path) -> bool:
    """Refuse a package that unpacks to more than can be read, and tell whether a sheet has formulas."""
    formulas = False
    with zipfile.ZipFile(path) as package:
        sheets = 0
        for part in package.infolist():
            is_sheet = part.filename.startswith("xl/worksheets/")
            sheets += part.file_size if is_sheet else 0
            # A member never gives more than the size it declares.
            if sheets > _MOST_SHEET or (not is_sheet and part.file_size > _MOST_PART):
                size = max(sheets, part.file_size) / 1e6
                text = f"unpacks to {size:,.0f} MB ({shown(part.filename)}), more than can be read"
                raise UnreadableError(f"{text}; was the right file saved here?")
            if is_sheet and part.filename.endswith(".xml"):
                with package.open(part) as content:
                    before = b""
                    while chunk := content.read(1_000_000):
                        formulas = formulas or b"<f>" in before + chunk or b"<f " in before + chunk
                        before = chunk[-3:]
    return formulas


def _sheet_name(book: Any, wanted: str) -> str:
    names = [sheet.title for sheet in book.worksheets]
    for name in names:
        if name.casefold() == wanted.casefold():
            return str(name)
    filled = []
    for sheet in book.worksheets:
        with ExitStack() as closed:
            if any(value is not None for value in next(_rows(sheet, closed), ())):
                filled.append(sheet.title)
    if len(filled) != 1:
        found = f"has the sheets {several(filled)}" if filled else "has no sheet with cells in row 1"
        raise UnreadableError(f"{found}; name the one to read {shown(wanted)}")
    return str(filled[0])


# --- Parquet -----------------------------------------------------------------------------------------------------


def _parquet_records(path: Path) -> Iterator[Record]:
    try:
        with pyarrow.parquet.ParquetFile(path) as probe:
            schema, rows = probe.schema_arrow, probe.metadata.num_rows
        if rows > MOST_ROWS or len(schema.names) > _MOST_COLUMNS:
            raise UnreadableError(f"has {rows:,} rows of {len(schema.names)} columns; was the right file saved here?")
        # Kept as a dictionary a long text that comes in every row is held once.
        texts = [one.name for one in schema if pa.types.is_string(one.type) or pa.types.is_large_string(one.type)]
        yield 0, list(schema.names)
        number = 0
        with pyarrow.parquet.ParquetFile(path, read_dictionary=texts) as file:
            for batch in file.iter_batches(batch_size=_READ_AT_ONCE, use_threads=False):
                for values in zip(*(_texts(column, number) for column in batch.columns), strict=True):
                    number += 1
                    yield number, list(values)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowKeyError, pa.ArrowTypeError) as error:
        raise UnreadableError(f"cannot be read as Parquet ({_reason(error)}); check how it was saved") from None


def _texts(column: Any, row: int) -> list[str]:
    values = column.dictionary if pa.types.is_dictionary(column.type) else column
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        longest = pyarrow.compute.max(pyarrow.compute.utf8_length(values)).as_py() or 0
        if longest > LONGEST_CELL:
            raise UnreadableError(f"has a cell of {longest:,} characters", row + 1)
    texts = [cell_text(value) for value in values.to_pylist()]
    if values is column:
        return texts
    return [texts[code] if code is not None else "" for code in column.indices.to_pylist()]
