"""Where a portfolio comes from: a folder of tables, or one JSON document that holds them all."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from scheduler.horizon import Window, join
from scheduler.inputs.calendar_files import read_calendars
from scheduler.inputs.cells import CellError, parse_time
from scheduler.inputs.columns import FILES
from scheduler.inputs.errors import Findings, InputError, Place, shown
from scheduler.inputs.policy import PolicyCells, policy_cells, read_policy
from scheduler.inputs.recorded import COLUMNS, Recorded, from_columns, open_usage
from scheduler.inputs.sheets import MOST_ROWS, cell_text
from scheduler.inputs.tables import Table, ZoneOf, read_header, read_table, stem_of, survey, table_of
from scheduler.inputs.text_files import Record, UnreadableError, read_text

DOCUMENT = "portfolio.json"
_MOST_MEGABYTES = 50
Announced = dict[str, tuple[datetime, datetime]]
Periods = dict[str, tuple[Window, ...]]


class Source(Protocol):
    """What `load` asks of the place that a portfolio comes from."""

    @property
    def name(self) -> str:
        """The path as it is kept with the portfolio."""

    def survey(self, findings: Findings) -> None:
        """Report what is missing, and what nobody asked for."""

    def policy(self, findings: Findings) -> PolicyCells:
        """Read the policy."""

    def table(self, file: str, findings: Findings, zone_of: ZoneOf) -> Table:
        """Read one table."""

    def usage(self, findings: Findings) -> Recorded | None:
        """Read the columns of recorded usage."""

    def periods(self, policy: PolicyCells, calendars: Table, findings: Findings) -> Periods:
        """Read the intervals of calendars that have any."""

    def announced(self, findings: Findings) -> Announced:
        """Read which windows were announced for which start, and when."""


def open_source(path: Path) -> Source:
    """Find what a path leads to: a folder of tables, a folder with a portfolio.json, or such a file itself.

    Raises
    ------
    InputError
        Where it is none of them, or the document cannot be read.
    """
    if path.is_dir() and not (path / "policy.toml").exists() and (path / DOCUMENT).is_file():
        path = path / DOCUMENT
    if path.is_dir():
        return _Folder(path)
    if not path.is_file() or path.suffix.lower() != ".json":
        raise InputError([f"{path}: is not a folder; a portfolio is a folder of tables, or a {DOCUMENT}"])
    findings = Findings()
    text = read_text(path, findings, _MOST_MEGABYTES)
    if text is None:
        raise InputError(findings.problems)
    try:
        document = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError, MemoryError) as error:
        raise InputError([f"{path.name}: is not JSON that can be read ({error}); write it anew"]) from None
    if not isinstance(document, dict):
        raise InputError([f"{path.name}: is not an object with a policy and tables; write it anew"])
    return _Document(path, {key: value for key, value in document.items() if value is not None})


@dataclass(frozen=True, slots=True)
class _Folder:
    path: Path

    @property
    def name(self) -> str:
        return str(self.path.resolve())

    def survey(self, findings: Findings) -> None:
        survey(self.path, findings)

    def policy(self, findings: Findings) -> PolicyCells:
        return read_policy(self.path, findings)

    def table(self, file: str, findings: Findings, zone_of: ZoneOf) -> Table:
        return read_table(self.path, file, findings, zone_of)

    def usage(self, findings: Findings) -> Recorded | None:
        return open_usage(self.path, findings)

    def periods(self, policy: PolicyCells, calendars: Table, findings: Findings) -> Periods:
        return read_calendars(self.path, policy, calendars, findings)

    def announced(self, findings: Findings) -> Announced:
        return {}


@dataclass(frozen=True, slots=True)
class _Document:
    path: Path
    content: Mapping[str, Any]
    _periods: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.path.resolve())

    def _called(self, stem: str) -> str:
        return f"{self.path.name}, {stem}"

    def survey(self, findings: Findings) -> None:
        known = [*map(stem_of, FILES), "announced"]
        for key in self.content:
            if key not in known:
                findings.warn(Place(self.path.name, 0, key), f"unknown key, ignored{findings.guess(key, known)}")
        for file in FILES.values():
            if file.required and stem_of(file.name) not in self.content:
                findings.problem(Place(self.path.name, 0, stem_of(file.name)), "this required table is missing; add it")

    def policy(self, findings: Findings) -> PolicyCells:
        content = self.content.get("policy", {})
        if not isinstance(content, dict):
            findings.problem(Place(self._called("policy")), "is not an object; write one with the keys of policy.toml")
            return PolicyCells()
        return policy_cells(content, {}, self._called("policy"), findings)

    def table(self, file: str, findings: Findings, zone_of: ZoneOf) -> Table:
        stem = stem_of(file)
        if stem not in self.content:
            return Table(file, whole=not FILES[file].required)
        rows = self.content[stem]
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            findings.problem(Place(self._called(stem)), "is not a list of objects; write one object for each row")
            return Table(self._called(stem), whole=False)
        if not rows:
            return Table(self._called(stem), exists=True)
        if file == "calendars.csv":
            self._periods.update(
                {str(row.get("calendar")): row["periods"] for row in rows if row.get("periods") is not None}
            )
            rows = [{key: value for key, value in row.items() if key != "periods"} for row in rows]
        return table_of(file, self._called(stem), _records(rows), findings, zone_of)

    def usage(self, findings: Findings) -> Recorded | None:
        content = self.content.get("usage")
        place = Place(self._called("usage"))
        if content is None:
            # Millions of rows are kept beside the document, in a form that holds them.
            beside = self.path.parent / "usage.parquet"
            return open_usage(self.path.parent, findings) if beside.is_file() else None
        columns: list[Any] = list(content.values()) if isinstance(content, dict) else [None]
        if not all(isinstance(one, list) for one in columns) or len(set(map(len, columns))) > 1:
            findings.problem(place, "is not an object of lists of one length; write one list for each column")
            return None
        header = read_header("usage.csv", place.file, list(content), findings)
        if any(column.required and column not in header for column in COLUMNS.values()):
            return None
        return from_columns(place.file, {one.name: list(map(cell_text, content[one.name])) for one in header if one})

    def periods(self, policy: PolicyCells, calendars: Table, findings: Findings) -> Periods:
        found = read_calendars(self.path.parent, policy, calendars, findings)
        for name, pairs in self._periods.items():
            place = Place(self._called("calendars"), 0, f"{name}.periods")
            try:
                found[name] = tuple(join(Window(_instant(start), _instant(end)) for start, end in pairs))
            except (CellError, TypeError, ValueError) as error:
                findings.problem(place, f"is not a list of pairs of instants ({error}); write [[start, end], …]")
        return found

    def announced(self, findings: Findings) -> Announced:
        found: Announced = {}
        place = Place(self._called("announced"))
        rows = self.content.get("announced", [])
        if not isinstance(rows, list):
            findings.problem(place, "is not a list of objects; give change, start, announced_at in each")
            return {}
        for row in rows:
            try:
                found[row["change"]] = (_instant(row["start"]), _instant(row["announced_at"]))
            except (CellError, TypeError, KeyError) as error:
                findings.problem(place, f"has an entry that cannot be read ({error}); give change, start, announced_at")
        return found


def _instant(text: object) -> datetime:
    value = parse_time(str(text))
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value


def _records(rows: list[dict[str, Any]]) -> Iterator[Record]:
    header = list(dict.fromkeys(str(key) for row in rows for key in row))
    yield 0, header
    for number, row in enumerate(rows, start=1):
        if number > MOST_ROWS:
            raise UnreadableError(f"has more than {MOST_ROWS:,} rows; was the right file saved here?", number)
        for key, value in row.items():
            if isinstance(value, dict):
                raise UnreadableError(f"{shown(value)} is not a single value; write one", number, key)
        yield number, [cell_text(row.get(key)) for key in header]
