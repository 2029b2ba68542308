"""Reads tables into rows of typed values, noting every problem and every column that nobody asked for."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from scheduler.horizon import is_skipped, wall_to_utc
from scheduler.inputs.cells import CellError, parse
from scheduler.inputs.columns import FILES, TABLES, Column
from scheduler.inputs.errors import Findings, Place, shown
from scheduler.inputs.sheets import ENDINGS, find_table, records
from scheduler.inputs.text_files import Record, UnreadableError

_OTHER_SPREADSHEETS = (".xls", ".xlsm", ".xlsb", ".ods")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet takes for a formula."""

ZoneOf = Callable[["Row"], str]


@dataclass(slots=True)
class Row:
    """One row: `number` is the line an editor shows, `values` has what could be read, by column.

    A column without a value is None, whether its cell was empty or could not be read; `empty` tells which.
    """

    file: str
    number: int
    values: dict[str, Any] = field(default_factory=dict)
    empty: set[str] = field(default_factory=set)

    def __getitem__(self, column: str) -> Any:
        return self.values.get(column)

    def place(self, column: str = "") -> Place:
        """Give the place of a cell of this row."""
        return Place(self.file, self.number, column)


@dataclass(slots=True)
class Table:
    """The rows of one file.

    `exists` tells whether the file is there; `whole` whether every row could be told apart, so that an id that is not
    in it is really missing.
    """

    file: str
    rows: list[Row] = field(default_factory=list)
    exists: bool = False
    whole: bool = True

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def by(self, column: str) -> dict[str, Row]:
        """Map the values of a column to their row, the first one where a value comes twice."""
        found: dict[str, Row] = {}
        for row in self.rows:
            if row[column] is not None:
                found.setdefault(row[column], row)
        return found


def survey(folder: Path, findings: Findings) -> None:
    """Report files that are required and missing, not known, of a kind that is not read, or no files at all."""
    known = {
        "policy.toml",
        *(f"{stem_of(file)}{ending}" for file in TABLES for ending in ENDINGS if file != "policy.toml"),
    }
    try:
        paths = sorted((path for path in folder.iterdir() if not path.name.startswith(".")), key=lambda path: path.name)
        names = [path.name for path in paths if path.is_file()]
    except OSError as error:
        findings.problem(Place(folder.name), f"cannot be read ({error.strerror}); check that you may open it")
        return
    for path in paths:
        if path.name in known and path.name not in names:
            findings.problem(Place(path.name), "is not a regular file, or a link that leads nowhere; put a file there")
    for name in names:
        ending = Path(name).suffix.lower()
        if ending in _OTHER_SPREADSHEETS:
            findings.warn(Place(name), f"files of type {ending} are not read, this one is ignored; save it as .xlsx")
        elif ending in (*ENDINGS, ".toml", ".tsv") and name not in known:
            findings.warn(Place(name), f"unknown file, ignored{findings.guess(name, known)}")
    stems = {stem_of(name) for name in names if name in known}
    for file in FILES.values():
        if file.required and stem_of(file.name) not in stems:
            mend = findings.guess(file.name, [name for name in names if name not in known], "add it")
            findings.problem(Place(file.name), f"required file is missing{mend}")


def stem_of(file: str) -> str:
    """Give the name of a file without its ending."""
    return file.rpartition(".")[0]


def read_table(folder: Path, file: str, findings: Findings, zone_of: ZoneOf) -> Table:
    """Read one table of a portfolio, in whatever form it has; one that is not there is a table without rows.

    Times without an offset are wall-clock times of `zone_of(row)`; all come out in UTC.
    """
    path = find_table(folder, file, findings)
    if path is None:
        return Table(file, whole=not FILES[file].required)
    return table_of(file, path.name, records(path), findings, zone_of)


def table_of(file: str, name: str, found: Iterator[Record], findings: Findings, zone_of: ZoneOf) -> Table:
    """Read the records of a table, the header first; `name` is what messages call it."""
    table = Table(name, exists=True)
    columns: list[Column | None] = []
    try:
        for number, cells in found:
            if not columns:
                columns = read_header(file, name, cells, findings)
                table.whole = not any(one.required for one in TABLES[file].values() if one not in columns)
            elif any(cell.strip() for cell in cells):
                if len(cells) != len(columns):
                    text = f"has {len(cells)} cells where the header has {len(columns)}"
                    findings.problem(Place(name, number), f"{text}; check its commas and quotation marks")
                    _rescue(table, number, columns, cells)
                else:
                    table.rows.append(_row(file, Row(name, number), columns, cells, findings, zone_of))
    except UnreadableError as error:
        findings.problem(Place(name, error.row, error.column), error.text)
        table.whole = False
        return table
    if not columns:
        findings.problem(Place(name), f"is empty; write at least the header {','.join(_required(file))}")
        table.whole = False
    return table


def _rescue(table: Table, number: int, columns: list[Column | None], cells: list[str]) -> None:
    """Keep the id of a row that cannot be read, so that what refers to it is not reported as well."""
    for column, cell in zip(columns, cells, strict=False):
        if column and column.key and cell.strip():
            table.rows.append(Row(table.file, number, {column.name: cell.strip()}))
            return
    table.whole = False


def _required(file: str) -> list[str]:
    return [column.name for column in TABLES[file].values() if column.required]


def read_header(file: str, name: str, names: list[str], findings: Findings) -> list[Column | None]:
    """Find the column of every name in the header of a table; None for names that are not known.

    `name` is what messages call the table.
    """
    known = TABLES[file]
    place, called = Place(name, 1), name
    columns: list[Column | None] = []
    if len(names) == 1 and any(mark in names[0] for mark in ";\t"):
        findings.problem(place, f"{shown(names[0])} is one single column; separate columns by commas")
        return [None]
    for name in (name.strip() for name in names):
        column = known.get(name)
        if column and column in columns:
            findings.problem(Place(called, 1, name), "this column comes twice; delete one")
        if not column:
            unused = [other for other in known if other not in names]
            what = f"{shown(name)} is an unknown column, ignored" if name else "a column without a name is ignored"
            findings.warn(place, what + findings.guess(name, unused))
        columns.append(column)
    for column in known.values():
        if column.required and column not in columns:
            mend = findings.guess(column.name, [name.strip() for name in names if name.strip() not in known], "add it")
            findings.problem(Place(called, 1, column.name), f"this required column is missing{mend}")
    return columns


def _row(
    file: str, row: Row, columns: list[Column | None], cells: list[str], findings: Findings, zone_of: ZoneOf
) -> Row:
    times: list[tuple[Column, str]] = []
    for column, cell in zip(columns, cells, strict=True):
        if column is None:
            continue
        read_cell(row, column, cell.strip(), findings)
        if isinstance(row[column.name], datetime):
            times.append((column, cell.strip()))
    for column in TABLES[file].values():
        if column.name not in row.values:
            read_cell(row, column, "", findings, missing=column not in columns)
    # The zone may stand in any column, so times wait until the whole row is read.
    for column, cell in times:
        row.values[column.name] = instant(row[column.name], cell, zone_of(row), row.place(column.name), findings)
    return row


def read_cell(row: Row, column: Column, cell: str, findings: Findings, *, missing: bool = False) -> None:
    """Put the value of a cell into its row, or note what is wrong with it; an empty cell takes the default."""
    value = None
    try:
        value = parse(column, cell, findings) if cell else None
        if value in (None, ()):
            row.empty.add(column.name)
            value = parse(column, column.default, findings) if column.default else None
            if column.required and not missing and column.when_empty == "":
                findings.problem(row.place(column.name), "this required cell is empty; fill it in")
    except CellError as error:
        findings.problem(row.place(column.name), str(error))
    row.values[column.name] = value


def instant(value: datetime, cell: str, zone: str, place: Place, findings: Findings) -> datetime:
    """Give the instant of a time; one without offset is on the wall clock of `zone`, moved forward where skipped."""
    if value.tzinfo is not None:
        return value
    found = wall_to_utc(value, zone)
    if is_skipped(value, zone):
        findings.warn(place, skipped_text(cell, zone, found))
    return found


def skipped_text(cell: str, zone: str, found: datetime) -> str:
    """Say that a wall-clock time does not exist, and which one is taken."""
    local = found.astimezone(ZoneInfo(zone))
    return f"{shown(cell)} is skipped in {zone}, where the clocks go forward; {local:%Y-%m-%d %H:%M} is taken"


def utc_text(value: datetime) -> str:
    """Write an instant as `2027-03-06T16:00:00Z`."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def guarded(cell: str) -> str:
    """Keep a spreadsheet from taking a cell for a formula, so that `unguarded` gives it back.

    >>> guarded("=1+1"), unguarded("'=1+1"), guarded("'=1"), unguarded("''=1"), unguarded("'twas late")
    ("'=1+1", '=1+1', "''=1", "'=1", "'twas late")
    """
    return f"'{cell}" if cell.lstrip("'").startswith(_FORMULA) else cell


def unguarded(cell: str) -> str:
    """Give the cell that `guarded` was given."""
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(_FORMULA) else cell
