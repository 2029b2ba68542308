"""Turns another tool's export of changes into changes.csv, and writes planned times back into the same export.

What cannot be read is gathered over the whole export: file, row, column of the export, value, and how to mend it. A
value that comes in many rows is reported once.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from math import ceil

from scheduler.horizon import wall_to_utc
from scheduler.inputs.cells import CellError, parse, parse_time
from scheduler.inputs.columns import TABLES, Column
from scheduler.inputs.errors import Findings, Place, and_more, nearest, several, shown
from scheduler.inputs.export_table import Export
from scheduler.inputs.mapping import CHANGES, UNIT_MINUTES, ExportMapping
from scheduler.inputs.tables import guarded, utc_text

Rows = list[dict[str, str]]
_LISTS = ("ids", "predecessors", "skills")
_WORDS = {"y": "yes", "1": "yes", "x": "yes", "n": "no", "0": "no"}
_LENGTH = re.compile(
    r"(?P<number>[0-9]+(?:[.,][0-9]+)?)\s*(?P<unit>min(?:ute)?s?|m|hours?|hrs?|h|days?|d|weeks?|w)\b\s*", re.I
)
_CLOCK = re.compile(r"(?:(?P<days>[0-9]{1,3}) days?, )?(?P<hours>[0-9]{1,3}):(?P<minutes>[0-5][0-9])(?::[0-5][0-9])?")
_UNIT = {"m": 1, "h": 60, "d": 1440, "w": 7 * 1440}


def closest(name: str, known: Mapping[str, str]) -> str | None:
    """Give what the known word stands for that another tool's name resembles, or has in it; None if there is none."""
    close = nearest(name, list(known))
    inside = [word for word in known if re.search(rf"\b{re.escape(word)}\b", name.casefold())]
    return known[close] if close else known[max(inside, key=len)] if inside else None


@dataclass
class _Import:
    export: Export
    mapping: ExportMapping
    services: Mapping[str, str] | None
    findings: Findings
    notes: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    """Rows of every (column, text) that is to be reported."""

    def note(self, column: str, text: str, row: int) -> None:
        self.notes.setdefault((column, text), []).append(row)

    def report(self) -> None:
        for (column, text), rows in self.notes.items():
            self.findings.problem(Place(self.export.file, rows[0], column), f"{text}{and_more(len(rows))}")

    # --- cells -----------------------------------------------------------------------------------------------------

    def cells(self, cells: Sequence[str], names: Iterable[str]) -> tuple[str, list[str]]:
        """Give the first of some columns of the export that is filled in a row, and what is in it, by its name."""
        known = ""
        for name in names:
            positions = self.export.columns(name)
            known = known or (self.export.header[positions[0]] if positions else "")
            filled = [cells[position] for position in positions if cells[position]]
            if filled:
                return self.export.header[positions[0]], filled
        return known, []

    def time(self, value: str) -> datetime | date:
        """Read a time, or a date, which other tools write as its midnight; it stays on the wall clock."""
        found = self._parsed_time(value)
        return found.date() if found.tzinfo is None and found.time() == time() else found

    def instant_text(self, moment: datetime | date, *, whole_day: bool = False) -> str:
        """Write a time as changes.csv has it: in UTC, or on the wall clock of the policy where no zone is known.

        Who says "due on the 6th" means the end of that day (`whole_day`).
        """
        if not isinstance(moment, datetime):
            moment += timedelta(days=whole_day)
            if not self.mapping.time_zone:
                return moment.isoformat()
            moment = datetime.combine(moment, time())
        if moment.tzinfo is None and self.mapping.time_zone:
            moment = wall_to_utc(moment, self.mapping.time_zone)
        return utc_text(moment) if moment.tzinfo else moment.isoformat(sep=" ", timespec="minutes")

    def _parsed_time(self, text: str) -> datetime:
        for layout in self.mapping.time_formats:
            try:
                return datetime.strptime(text, layout)  # noqa: DTZ007 - the zone is the mapping's
            except ValueError:
                continue
        try:
            return parse_time(text)
        except CellError:
            raise CellError(
                f"{shown(text)} is not a time; say in {self.mapping.file} how times are written, as in "
                f'time_format = "%d/%m/%Y %H:%M"'
            ) from None

    def minutes(self, value: str, unit: str) -> str:
        """Read a length, whole minutes rounded up: a number of `unit`, 1:30, `2h 30m`, or `1 day, 6:00:00`."""
        text = value
        clock = _CLOCK.fullmatch(text)
        if clock:
            return str(1440 * int(clock["days"] or 0) + 60 * int(clock["hours"]) + int(clock["minutes"]))
        if _LENGTH.fullmatch(text) or not _LENGTH.sub("", text):
            parts = [(one["number"].replace(",", "."), _UNIT[one["unit"][0].lower()]) for one in _LENGTH.finditer(text)]
            return str(ceil(sum(Fraction(number) * minutes for number, minutes in parts)))
        try:
            return str(ceil(Fraction(text) * Fraction(UNIT_MINUTES[unit]).limit_denominator(60)))
        except (ValueError, ZeroDivisionError):
            raise CellError(f"{shown(text)} is not a length; write minutes, 1:30 or 2h 30m") from None

    def service(self, name: str) -> str:
        """Find a service by its id or its name, whatever the capitals."""
        if self.services is None or name in self.services:
            return name
        folded = {word.casefold(): one for one, title in self.services.items() for word in (title, one)}
        if name.casefold() in folded:
            return folded[name.casefold()]
        meant = closest(name, folded)
        meant = f" = {meant!r}" if meant else " = the id of a service"
        raise CellError(
            f"{shown(name)} is no service of services.csv; add it there, or write under [values.services] in a "
            f"mapping: {shown(name)}{meant}"
        )

    # --- columns ---------------------------------------------------------------------------------------------------

    def text(self, column: Column, source: str, filled: list[str]) -> str:
        """Write what was found for a column of changes.csv as its cell."""
        words = self.mapping.values.get(column.name, {})
        if column.type in _LISTS:
            pieces = [
                piece.strip()
                for value in filled
                for piece in re.split(f"[{re.escape(self.mapping.list_separator)};\n]", value)
                if piece.strip()
            ]
            mapped = [part.strip() for piece in pieces for part in words.get(piece.casefold(), piece).split(";")]
            found = [self.service(one) if column.refers == ("service",) else one for one in mapped if one]
            return ";".join(dict.fromkeys(found))
        value = word = filled[0]
        if word.casefold() in words:
            return words[word.casefold()]
        if column.unit == "minutes":
            unit = self.mapping.units.get(column.name) or self.mapping.units.get(source.casefold(), "minutes")
            return self.minutes(value, unit)
        if column.type == "time":
            return self.instant_text(self.time(value), whole_day=column.name == "due")
        if column.type == "choice":
            return next((one for one in column.choices if one.casefold() == word.casefold()), word)
        if column.type == "yes or no":
            return _WORDS.get(word.casefold(), word)
        return word if column.type == "long text" else " ".join(word.split())

    def length(self, cells: Sequence[str]) -> tuple[str, str]:
        """Give the column and the minutes between two times of a row; empty where one of them is."""
        if self.mapping.length is None:
            return "", ""
        ends = [self.cells(cells, names) for names in self.mapping.length]
        (_, begin), (name, end) = ends
        if not begin or not end:
            return name, ""
        first, last = (self._wall(self.time(found[0])) for found in (begin, end))
        if (first.tzinfo is None) != (last.tzinfo is None):
            raise CellError("has an offset where the other time has none; give both, or set time_zone")
        if last <= first:
            raise CellError(f"{shown(end[0])} is not after {shown(begin[0])}; correct one of them")
        return name, str(ceil((last - first) / timedelta(minutes=1)))

    def _wall(self, moment: datetime | date) -> datetime:
        wall = moment if isinstance(moment, datetime) else datetime.combine(moment, time())
        return wall_to_utc(wall, self.mapping.time_zone) if self.mapping.time_zone and wall.tzinfo is None else wall

    def row(self, number: int, cells: Sequence[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for column in TABLES[CHANGES].values():
            source, filled = self.cells(cells, self.mapping.columns.get(column.name, ()))
            try:
                text = self.text(column, source, filled) if filled else ""
                if not text and column.name == "duration_minutes":
                    measured, text = self.length(cells)
                    source = source or measured
                text = text or self.mapping.defaults.get(column.name, "")
                if text:
                    parse(column, text, self.findings)
                    if column.type in ("id", *_LISTS) and guarded(text) != text:
                        raise CellError(f"{shown(text)} begins like a formula of a spreadsheet; choose another id")
                elif column.required:
                    raise CellError(
                        f"is empty; fill it, set {column.name} under [defaults] in a mapping, or leave such rows out "
                        "under [skip]"
                    )
                found[column.name] = text
            except CellError as error:
                self.note(source or column.name, str(error), number)
        return found


def change_rows(export: Export, mapping: ExportMapping, services: Mapping[str, str] | None, findings: Findings) -> Rows:
    """Give the rows of changes.csv; `services` (id to name) holds those that are known, None where nobody knows.

    Every problem of every row is reported, once per column and value.
    """
    work = _Import(export, mapping, services, findings)
    for column, names in mapping.columns.items():
        if not any(export.columns(name) for name in names) and TABLES[CHANGES][column].required:
            if column == "duration_minutes" and (mapping.length or column in mapping.defaults):
                continue
            mend = findings.guess(names[0], export.header, f"its columns are {several(export.header, 12)}")
            findings.problem(
                Place(export.file, export.header_row), f"has no column {' or '.join(names)} for {column}{mend}"
            )
    if findings.problems:
        return []
    rows: Rows = []
    seen: dict[str, int] = {}
    for number, cells in export.rows:
        if not any(cells) or _skipped(work, cells):
            continue
        row = work.row(number, cells)
        change = row.get("change", "")
        if change and change in seen:
            work.note("change", f"{shown(change)} comes twice, first in row {seen[change]}; delete one", number)
        seen.setdefault(change, number)
        rows.append(row)
    work.report()
    if not rows and not findings.problems:
        findings.problem(Place(export.file), f"has no row that is to be planned; see [skip] in {mapping.file}")
    return rows


def _skipped(work: _Import, cells: Sequence[str]) -> bool:
    for name, words in work.mapping.skip.items():
        _, filled = work.cells(cells, [name])
        if {value.casefold() for value in filled} & {word.casefold() for word in words}:
            return True
    return False


def changes_csv(rows: Rows) -> str:
    """Write rows as changes.csv, with the columns that any of them fills; formulas become text."""
    used = [name for name, column in TABLES[CHANGES].items() if column.required or any(row.get(name) for row in rows)]
    texts = {name for name in used if TABLES[CHANGES][name].type in ("text", "long text")}
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(used)
    for row in rows:
        cells = ((name, row.get(name, "")) for name in used)
        writer.writerow([guarded(cell) if name in texts else cell for name, cell in cells])
    return written.getvalue()
