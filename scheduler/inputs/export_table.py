"""Reads the table of an export of another tool, CSV or Excel: a header somewhere near the top, and rows of cells."""

import csv
import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from scheduler.inputs.errors import Findings, Place, at_most, several, shown
from scheduler.inputs.sheets import MOST_ROWS, excel_records, sheet_names
from scheduler.inputs.text_files import MOST_MEGABYTES, Record, UnreadableError, decoded

EXCEL = ".xlsx"
HEADER_WITHIN = 30
_SEPARATORS = ",;\t|"


@dataclass(frozen=True)
class Export:
    """One table: names of its columns, and its rows, as wide as the header, with the numbers that an editor shows.

    Names may come twice. Cells are text without blanks around it; empty where there is nothing. Of a workbook `sheet`
    is the one that was read, and `sheets` are all.
    """

    file: str
    header: tuple[str, ...]
    header_row: int
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    separator: str = ","
    sheet: str = ""
    sheets: tuple[str, ...] = ()

    def columns(self, name: str) -> list[int]:
        """Give the positions of the columns of a name, whatever its capitals."""
        return [number for number, own in enumerate(self.header) if own.casefold() == name.strip().casefold()]


def read_export(path: Path, findings: Findings, *, sheet: str = "", keys: Collection[str] = ()) -> Export | None:
    """Read a table whose header is the first row with one of `keys` in it, or else the first that fills the width.

    Of a workbook the first sheet is read unless `sheet` names another. Formulas count as what they last came to. Gives
    None, and a problem, where there is no such table.
    """
    place = Place(path.name)
    separator, sheets = ",", []
    try:
        too_large = at_most(path, MOST_MEGABYTES)
        if too_large:
            raise UnreadableError(too_large)
        if path.suffix.lower() == EXCEL:
            sheets = sheet_names(path)
            found = [name for name in sheets if not sheet or name.casefold() == sheet.casefold()]
            if not found:
                raise UnreadableError(f"has no sheet {shown(sheet)}; its sheets are {several(sheets)}")
            sheet = found[0]
            records = list(excel_records(path, sheet))
        elif path.suffix.lower() in (".xls", ".xlsm", ".xlsb", ".ods"):
            raise UnreadableError("is of a kind that is not read; save it as .xlsx or CSV")
        else:
            text = decoded(path.read_bytes())
            separator = _separator(text)
            records = list(_csv_records(text, separator))
    except UnreadableError as error:
        findings.problem(Place(path.name, error.row, error.column), error.text)
        return None
    filled = [(number, cells) for number, cells in records if any(cell.strip() for cell in cells)]
    if not filled:
        where = f" in the sheet {shown(sheet)}; name another as sheet in a mapping" if len(sheets) > 1 else ""
        findings.problem(place, f"has no rows{where or '; was it saved empty?'}")
        return None
    table = _table(path.name, filled, {key.casefold() for key in keys})
    return replace(table, separator=separator, sheet=sheet if sheets else "", sheets=tuple(sheets))


def _table(file: str, records: list[Record], keys: set[str]) -> Export:
    top = records[:HEADER_WITHIN]
    named = [n for n, (_, cells) in enumerate(top) if {cell.strip().casefold() for cell in cells} & keys]
    # A title above the table fills few cells of its row.
    most = max(_filled(cells) for _, cells in top)
    wide = [n for n, (_, cells) in enumerate(top) if 2 * _filled(cells) >= most]
    number, names = records[(named or wide)[0]]
    header = [name.strip() for name in names]
    while not header[-1]:
        header.pop()
    width = len(header)
    rows = ((row, [cell.strip() for cell in cells[:width]]) for row, cells in records if row > number)
    body = tuple((row, (*cells, *[""] * (width - len(cells)))) for row, cells in rows)
    return Export(file, tuple(header), number, body)


def _filled(cells: list[str]) -> int:
    return sum(bool(cell.strip()) for cell in cells)


def _separator(text: str) -> str:
    """Give the mark that the first line with any has most of; Excel writes ';' where ',' is the decimal point."""
    line = next((line for line in text.splitlines() if any(mark in line for mark in _SEPARATORS)), "")
    return max(_SEPARATORS, key=line.count)


def _csv_records(text: str, separator: str) -> Iterator[Record]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 1
    try:
        for number, cells in enumerate(reader):
            if number > MOST_ROWS:
                raise UnreadableError(f"has more than {MOST_ROWS:,} rows; keep those that are to be planned", line)
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableError(f"cannot be read as CSV ({error}); check its quotation marks", line) from None


def reads(text: str, layout: str) -> bool:
    """Tell whether a time is written in a layout of `strptime`."""
    try:
        datetime.strptime(text, layout)  # noqa: DTZ007 - only whether it can be read
    except ValueError:
        return False
    return True
