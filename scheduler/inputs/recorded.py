"""Reads the cells of recorded usage by whole columns: ten million rows are no exception there.

Names and times repeat a lot, so each column of them comes as a list of distinct values and one code per row.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from scheduler.inputs.cells import LONGEST_CELL, CellError, parse, parse_time
from scheduler.inputs.columns import TABLES, Column
from scheduler.inputs.errors import Findings, Place, and_more, at_most
from scheduler.inputs.sheets import find_table, records
from scheduler.inputs.tables import read_header
from scheduler.inputs.text_files import MOST_LINE, Record, UnreadableError, decoded

COLUMNS = TABLES["usage.csv"]
REPEATING = ("team", "service", "start")
Codes = npt.NDArray[np.signedinteger]
"""Positions and numbers of rows, in the smallest integers that hold them: ten million rows have a lot of them."""

Floats = npt.NDArray[np.float64]
_MOST_MEGABYTES = 4_000
_MOST_ROWS = 50_000_000
_READ_AT_ONCE = 16_000_000
# Of one kind of mistake this many values are named, the rest counted.
_MOST_VALUES = 20


@dataclass(slots=True)
class Coded:
    """A column as distinct values and, per row, the position of its value; -1 where the cell is empty."""

    values: list[Any]
    codes: Codes


@dataclass(slots=True)
class Recorded:
    """The columns of a usage file by name, and how a position in them becomes the line an editor shows."""

    file: str
    first_line: int = 2
    skipped: list[int] = field(default_factory=list)
    columns: dict[str, pa.ChunkedArray] = field(default_factory=dict)

    def line(self, position: int) -> int:
        """Give the line of the row at a position; in a Parquet file the first row is 1."""
        line = position + self.first_line
        for skipped in self.skipped:
            line += skipped <= line
        return line

    def place(self, position: int, column: str = "") -> Place:
        """Give the place of a cell."""
        return Place(self.file, self.line(position), column)

    def coded(self, column: str) -> Coded:
        """Give a column as distinct values and codes, and let go of its cells."""
        array = self.columns.pop(column)
        if not pa.types.is_dictionary(array.type):
            array = array.dictionary_encode()
        array = array.unify_dictionaries().combine_chunks()
        values = array.dictionary.to_pylist()
        codes = array.indices.cast(pa.int32()).fill_null(-1).to_numpy(zero_copy_only=False)
        empty = [code for code, value in enumerate(values) if value is None or str(value).strip() == ""]
        return Coded(values, np.where(np.isin(codes, empty), np.int32(-1), codes) if empty else codes)

    def refuse(self, codes: Codes, code: int, column: str, text: str, findings: Findings) -> None:
        """Report what is wrong with every row that has a code, once."""
        rows = np.flatnonzero(codes == code)
        if len(rows):
            findings.problem(self.place(int(rows[0]), column), f"{text}{and_more(len(rows))}")


def open_usage(folder: Path, findings: Findings) -> Recorded | None:
    """Read the columns of the usage file; None where there is no such file, or it cannot be read at all."""
    path = find_table(folder, "usage.csv", findings)
    if path is None or any(note.startswith("usage.") for note in findings.problems):
        return None
    try:
        too_large = at_most(path, _MOST_MEGABYTES)
        if too_large:
            raise UnreadableError(too_large)
        if path.suffix == ".xlsx":
            return from_records(path.name, records(path), findings)
        return _parquet(path, findings) if path.suffix == ".parquet" else _csv(path, findings)
    except UnreadableError as error:
        findings.problem(Place(path.name, error.row, error.column), error.text)
    except MemoryError:
        findings.problem(Place(path.name), "does not fit into memory; was the right file saved here?")
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        reason = " ".join(str(error).split())
        findings.problem(Place(path.name), f"cannot be read ({reason[:200]}); check how it was saved")
    return None


def from_records(name: str, found: Iterator[Record], findings: Findings) -> Recorded | None:
    """Take the columns from records of text, the header first; None where a required one is missing."""
    number, names = next(found, (1, []))
    header = read_header("usage.csv", name, names, findings)
    if any(column.required and column not in header for column in COLUMNS.values()):
        return None
    blank = [""] * len(header)
    rows: list[list[str]] = []
    first = number + 1
    for row, cells in found:
        # Lines that a reader leaves out count, so that each row keeps its number.
        rows += [blank] * (row - first - len(rows))
        if len(cells) != len(header):
            raise UnreadableError(f"has {len(cells)} cells where the header has {len(header)}; check its columns", row)
        rows.append(cells)
    columns = zip(*rows, strict=True) if rows else [()] * len(header)
    return from_columns(
        name, {column.name: list(cells) for column, cells in zip(header, columns, strict=True) if column}, first
    )


def from_columns(name: str, columns: Mapping[str, list[str]], first_line: int = 1) -> Recorded:
    """Take columns of text cells by name."""
    arrays = {key: pa.chunked_array([pa.array([cell or None for cell in cells], pa.string())])
              for key, cells in columns.items()}  # fmt: skip
    return Recorded(name, first_line, columns=arrays)


def _check_text(path: Path) -> None:
    """Raise `UnreadableError` where a file is not UTF-8 text, or has a line longer than can be read."""
    row = 1
    with path.open("rb") as file:
        while lines := file.read(_READ_AT_ONCE):
            lines += file.readline(MOST_LINE)
            decoded(lines, row)
            ends = np.flatnonzero(np.frombuffer(lines, np.uint8) == ord("\n"))
            gaps = np.diff(ends, prepend=-1, append=len(lines))
            if gaps.max() > MOST_LINE:
                text = f"has a line of more than {MOST_LINE:,} characters; check how it was saved"
                raise UnreadableError(text, row + int(gaps.argmax()))
            row += len(ends)


def _csv(path: Path, findings: Findings) -> Recorded | None:
    _check_text(path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        names = next(csv.reader([file.readline(LONGEST_CELL)]), [])
    if not names:
        required = ",".join(column.name for column in COLUMNS.values() if column.required)
        findings.problem(Place(path.name), f"does not begin with a header; write at least {required}")
        return None
    header = read_header("usage.csv", path.name, names, findings)
    if any(column.required and column not in header for column in COLUMNS.values()):
        return None
    found = Recorded(path.name)

    def skip(row: Any) -> str:
        found.skipped.append(row.number)
        if len(found.skipped) <= _MOST_VALUES and row.text.strip():
            text = f"has {row.actual_columns} cells where the header has {len(header)}"
            findings.problem(Place(path.name, row.number), f"{text}; check its commas and quotation marks")
        return "skip"

    keys = [str(position) for position, _ in enumerate(header)]
    wanted = {column.name: key for key, column in zip(keys, header, strict=True) if column}
    repeating = pa.dictionary(pa.int32(), pa.string())
    table = pyarrow.csv.read_csv(
        path,
        read_options=pyarrow.csv.ReadOptions(use_threads=False, column_names=keys, skip_rows=1),
        parse_options=pyarrow.csv.ParseOptions(invalid_row_handler=skip, ignore_empty_lines=False),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types={key: repeating if name in REPEATING else pa.string() for name, key in wanted.items()},
            include_columns=list(wanted.values()),
            strings_can_be_null=True,
            null_values=[""],
        ),
    )
    ragged = len(found.skipped) - _MOST_VALUES
    if ragged > 0:
        findings.problem(Place(path.name), f"has {ragged:,} more rows with a wrong number of cells; check them all")
    found.columns = {name: table[key] for name, key in wanted.items()}
    return found


def _parquet(path: Path, findings: Findings) -> Recorded | None:
    rows = pyarrow.parquet.read_metadata(path).num_rows
    if rows > _MOST_ROWS:
        raise UnreadableError(f"has {rows:,} rows, more than the {_MOST_ROWS:,} that can be read")
    schema = pyarrow.parquet.read_schema(path)
    header = read_header("usage.csv", path.name, list(schema.names), findings)
    if any(column.required and column not in header for column in COLUMNS.values()):
        return None
    names = [column.name for column in header if column]
    # Text that repeats is kept as codes, as most of it is stored; columns of other types stay as they are.
    texts = [name for name in names if name in REPEATING]
    table = pyarrow.parquet.read_table(path, columns=names, read_dictionary=texts)
    found = Recorded(path.name, first_line=1)
    for name in names:
        column = table[name]
        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        if name in REPEATING and not _readable(name, kind):
            text = f"holds values of type {kind}; save {'times' if name == 'start' else 'text'} there"
            findings.problem(Place(path.name, 0, name), text)
            return None
        found.columns[name] = column.cast(pa.timestamp("us", kind.tz), safe=False) if _is_time(kind) else column
    return found


def _is_time(kind: Any) -> bool:
    return bool(pa.types.is_timestamp(kind))


def _readable(name: str, kind: Any) -> bool:
    if name == "start" and (_is_time(kind) or pa.types.is_date(kind)):
        return True
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind)
        or (pa.types.is_integer(kind) and name != "start")
    )


def numbers(recorded: Recorded, name: str, findings: Findings) -> Floats:
    """Give a column of numbers, NaN where a cell is empty (or says NaN); what is no number is reported."""
    column, array = COLUMNS[name], recorded.columns[name]
    try:
        values = array.cast(pa.float64(), safe=False).to_numpy()
        empty = np.isnan(values)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        texts = pd.Series(array.to_pandas().astype("str")).str.strip()
        values = pd.to_numeric(texts, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        empty = (texts.isna() | texts.str.lower().isin(["", "nan"])).to_numpy()
    least, most = float(column.least or 0), float(column.most or np.inf)
    wrong = ~empty & ~((values >= least) & (values <= most))
    if column.decimals == 0:
        wrong |= ~empty & (values != np.floor(values))
    if wrong.any():
        _report_numbers(recorded, column, np.flatnonzero(wrong), findings)
    del recorded.columns[name], array
    wrong |= empty
    return np.where(wrong, np.nan, values) if wrong.any() else values


def _report_numbers(recorded: Recorded, column: Column, rows: Codes, findings: Findings) -> None:
    texts = recorded.columns[column.name].take(pa.array(rows)).to_pylist()
    first: dict[str, int] = {}
    counts: dict[str, int] = {}
    for row, text in zip(rows, texts, strict=True):
        cell = str(text).strip()
        first.setdefault(cell, int(row))
        counts[cell] = counts.get(cell, 0) + 1
    for cell, row in list(first.items())[:_MOST_VALUES]:
        try:
            parse(column, cell, findings)
        except CellError as error:
            findings.problem(recorded.place(row, column.name), f"{error}{and_more(counts[cell])}")
    rest = sum(counts[cell] for cell in list(first)[_MOST_VALUES:])
    if rest:
        text = f"{rest:,} more rows have values that cannot be used; correct them all"
        findings.problem(Place(recorded.file, 0, column.name), text)


def times(recorded: Recorded, starts: Coded, findings: Findings) -> list[datetime | None]:
    """Give the distinct starts as times, naive where they have no offset; None where one cannot be read."""
    return [_time(recorded, starts, code, findings) for code in range(len(starts.values))]


def _time(recorded: Recorded, starts: Coded, code: int, findings: Findings) -> datetime | None:
    value = starts.values[code]
    if isinstance(value, datetime):
        if 1970 <= value.year < 2200:
            return value.astimezone(UTC) if value.tzinfo else value
        value = value.isoformat()
    elif isinstance(value, date):
        value = datetime.combine(value, time()).isoformat()
    elif value is None or not value.strip():
        return None
    try:
        return parse_time(value.strip())
    except CellError as error:
        recorded.refuse(starts.codes, code, "start", str(error), findings)
        return None
