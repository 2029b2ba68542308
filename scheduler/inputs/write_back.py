"""Writes planned times into an export of another tool, which otherwise stays as it is.

Cells that a spreadsheet would take for a formula become text, whoever wrote them: text of an export comes from whoever
could file a request. Formulas of a workbook are replaced by what they last came to.
"""

import csv
import io
import warnings
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from scheduler.inputs.export_table import Export, reads
from scheduler.inputs.mapping import ExportMapping
from scheduler.inputs.sheets import check_package
from scheduler.inputs.tables import guarded

Planned = Mapping[str, Mapping[str, datetime]]
"""Aware times of each change: start, end, reserved_until."""

_PLAIN = "%Y-%m-%d %H:%M"
_EXCEL_TIME = "yyyy-mm-dd hh:mm"


def columns_back(export: Export, mapping: ExportMapping) -> Mapping[str, tuple[str, int]]:
    """Give for each time of `[back]` its column's name and position; one that is not there yet comes after the last."""
    found: dict[str, tuple[str, int]] = {}
    for what, names in mapping.back.items():
        there = [position for name in names for position in export.columns(name)]
        fresh = len(export.header) + sum(1 for _, position in found.values() if position >= len(export.header))
        found[what] = (export.header[there[0]], there[0]) if there else (names[0], fresh)
    return found


def csv_back(export: Export, mapping: ExportMapping, planned: Planned, zone: str, text: str) -> str:
    """Give the CSV text of an export with planned times, in the layout that the column has, else ISO 8601."""
    columns = columns_back(export, mapping)
    layouts = {what: _layout(export, mapping, position) for what, (_, position) in columns.items()}
    width = max([len(export.header), *(position + 1 for _, position in columns.values())])
    planned_in = {number: planned.get(change, {}) for number, change in change_ids(export, mapping).items()}
    written = io.StringIO()
    writer = csv.writer(written, delimiter=export.separator, lineterminator="\r\n" if "\r\n" in text else "\n")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=export.separator)
    line = 1
    for cells in reader:
        if line == export.header_row:
            cells += [""] * (width - len(cells))
            for name, position in columns.values():
                cells[position] = cells[position] or name
        elif times := planned_in.get(line):
            cells += [""] * (width - len(cells))
            for what, (_, position) in columns.items():
                cells[position] = times[what].astimezone(ZoneInfo(zone)).strftime(layouts[what])
        writer.writerow([_text_only(cell) for cell in cells])
        line = reader.line_num + 1
    return written.getvalue()


def excel_back(export: Export, mapping: ExportMapping, planned: Planned, zone: str, path: Path) -> bytes:
    """Give the workbook of an export with planned times on the wall clock of `zone`.

    Raises
    ------
    UnreadableError
        If it is no longer the workbook that the export was read from.
    """
    import openpyxl

    check_package(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about styles and the like, which nobody asked for
        book, values = (openpyxl.load_workbook(path, data_only=data_only) for data_only in (False, True))
    for page in book.worksheets:
        _defuse(page, values[page.title])
    page = book[export.sheet]
    columns = columns_back(export, mapping)
    for name, position in columns.values():
        if position >= len(export.header):
            page.cell(export.header_row, position + 1).value = name
    for number, change in change_ids(export, mapping).items():
        for what, (_, position) in columns.items():
            if change in planned:
                cell = page.cell(number, position + 1)
                cell.value = planned[change][what].astimezone(ZoneInfo(zone)).replace(tzinfo=None)
                if not cell.is_date or cell.number_format == "yyyy-mm-dd h:mm:ss":
                    cell.number_format = _EXCEL_TIME
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def change_ids(export: Export, mapping: ExportMapping) -> Mapping[int, str]:
    """Give the change of every row of an export."""
    positions = [position for name in mapping.columns["change"] for position in export.columns(name)]
    found: dict[int, str] = {}
    for number, cells in export.rows:
        filled = [cells[position] for position in positions if cells[position]]
        if filled:
            found[number] = filled[0]
    return found


def _layout(export: Export, mapping: ExportMapping, position: int) -> str:
    """Find the layout that most times of a column are written in, the mapping's first where there are none."""
    texts = [cells[position] for _, cells in export.rows if position < len(cells) and cells[position]]

    def readable(layout: str) -> int:
        return sum(1 for text in texts if reads(text, layout))

    layouts = mapping.time_formats or (_PLAIN,)
    best = max(layouts, key=readable)
    return best if readable(best) or not texts else _PLAIN


def _text_only(cell: str) -> str:
    """Make a formula text; a plain number is none, whatever its sign."""
    try:
        float(cell)
    except ValueError:
        return guarded(cell)
    return cell


def _defuse(page: Any, values: Any) -> None:
    for row in page.iter_rows():
        for cell in row:
            if cell.data_type == "f":
                came_to = values.cell(cell.row, cell.column).value
                cell.value = str(getattr(cell.value, "text", cell.value)) if came_to is None else came_to
            if isinstance(cell.value, str) and cell.value.startswith(("=", "+", "-", "@")):
                cell.data_type = "s"
                cell.quotePrefix = True
