"""Reads policy.toml into the policy of a portfolio."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from scheduler.horizon import Horizon
from scheduler.inputs.cells import CellError, parse, parse_time
from scheduler.inputs.columns import TABLES, Column
from scheduler.inputs.errors import Findings, Place, shown
from scheduler.inputs.tables import Row, instant, read_cell, utc_text
from scheduler.inputs.text_files import read_text
from scheduler.portfolio import Forecast, Policy, ServiceLevel

FILE = "policy.toml"
_COLUMNS = TABLES[FILE]
_SLOT_MINUTES = (15, 30, 60)
_MOST_MEGABYTES = 1
_LEVELS, _FORECAST = "service_levels", "forecast"
_TABLE = re.compile(r"\s*\[\s*([^\[\]#]+?)\s*\]")
_KEY = re.compile(r"\s*([A-Za-z0-9_\"'.-]+?)\s*=")


@dataclass(frozen=True, slots=True)
class _Section:
    """Part of the document: its keys as the user writes them, and as `columns` names them."""

    prefix: str
    column_prefix: str
    document: Mapping[str, Any]

    @property
    def columns(self) -> dict[str, Column]:
        """The columns by the last part of their key."""
        found = {name.removeprefix(self.column_prefix): one for name, one in _COLUMNS.items()}
        return {name: one for name, one in found.items() if self.column_prefix + name == one.name and "." not in name}


@dataclass(slots=True)
class PolicyCells:
    """What could be read of policy.toml: the keys at its top, those of [forecast], and those of each service level."""

    main: Row = field(default_factory=lambda: Row(FILE, 0))
    forecast: Row = field(default_factory=lambda: Row(FILE, 0))
    levels: dict[str, Row] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    whole: bool = False
    file: str = FILE

    @property
    def zone(self) -> str:
        """The policy's zone, UTC where it could not be read."""
        return self.main["time_zone"] or "UTC"

    @property
    def horizon(self) -> Horizon | None:
        """The grid, where all that it needs could be read."""
        start, weeks, slot = (self.main[name] for name in ("start", "weeks", "slot_minutes"))
        if start is None or weeks is None or slot not in _SLOT_MINUTES:
            return None
        return Horizon.of_weeks(start, weeks, self.zone, slot)

    def place(self, key: str) -> Place:
        """Give the place of a dotted key, with its line where it has one of its own."""
        return Place(self.file, self.lines.get(key, 0), key)


def read_policy(folder: Path, findings: Findings) -> PolicyCells:
    """Read policy.toml; keys that are not known are warned about."""
    path = folder / FILE
    text = read_text(path, findings, _MOST_MEGABYTES) if path.is_file() else None
    if text is None:
        return PolicyCells()
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError, ArithmeticError) as error:
        findings.problem(Place(FILE), f"is not TOML ({error}); correct that line")
        return PolicyCells()
    return policy_cells(document, _lines(text), FILE, findings)


def policy_cells(document: Mapping[str, Any], lines: Mapping[str, int], file: str, findings: Findings) -> PolicyCells:
    """Read the keys of a policy; `lines` says where they stand in the file."""
    cells = PolicyCells(lines=lines, whole=True, file=file)
    tables = {name: _table(cells, document, name, "", findings) for name in (_LEVELS, _FORECAST)}
    top = {name: value for name, value in document.items() if name not in tables}
    _read(cells, cells.main, _Section("", "", top), findings)
    _read(cells, cells.forecast, _Section(f"{_FORECAST}.", f"{_FORECAST}.", tables[_FORECAST]), findings)
    for name in tables[_LEVELS]:
        _check_name(cells, name, findings)
        prefix = f"{_LEVELS}.{name}."
        level = _table(cells, tables[_LEVELS], name, f"{_LEVELS}.", findings)
        cells.levels[name] = Row(file, 0)
        _read(cells, cells.levels[name], _Section(prefix, f"{_LEVELS}.NAME.", level), findings)
    _check_grid(cells, document, findings)
    return cells


def _table(
    cells: PolicyCells, parent: Mapping[str, Any], name: str, prefix: str, findings: Findings
) -> Mapping[str, Any]:
    value = parent.get(name, {})
    if isinstance(value, dict):
        return value
    mend = f"write [{prefix}{name}] on a line of its own, and its keys below"
    findings.problem(cells.place(prefix + name), f"{shown(value)} is not a table; {mend}")
    return {}


def _check_name(cells: PolicyCells, name: str, findings: Findings) -> None:
    key = f"{_LEVELS}.{name}"
    if not name.strip() or name != name.strip():
        findings.problem(
            cells.place(key), f"{shown(name)} is no name for a service level; write one without spaces around"
        )
        return
    try:
        parse(TABLES["teams.csv"]["service_level"], name, findings)
    except CellError as error:
        findings.problem(cells.place(key), str(error))


def _read(cells: PolicyCells, row: Row, section: _Section, findings: Findings) -> None:
    for name in section.document:
        if name not in section.columns:
            unused = set(section.columns) - set(section.document)
            text = f"unknown key, ignored{findings.guess(name, unused)}"
            findings.warn(cells.place(section.prefix + name), text)
    for name, column in section.columns.items():
        key = section.prefix + name
        place = cells.place(key)
        cell = _written(section.document.get(name, ""))
        here = Row(cells.file, place.row)
        if cell is None:
            findings.problem(place, f"{shown(section.document[name])} is not a single value; write one")
        elif column.required and name not in section.document:
            findings.problem(place, "this required key is missing; add it")
        else:
            read_cell(here, replace(column, name=key), cell, findings)
        row.values[name] = here[key]


def _written(value: object) -> str | None:
    """Give a TOML value as a cell would be written, or None for tables, lists and times of day."""
    match value:
        case bool():
            return "yes" if value else "no"
        case str():
            return value.strip()
        case int() | Decimal():
            return str(value)
        case date():
            return value.isoformat()
    return None


def _check_grid(cells: PolicyCells, document: Mapping[str, Any], findings: Findings) -> None:
    values = cells.main.values
    for name in ("start", "now"):
        if isinstance(values[name], datetime):
            cell = _written(document[name]) or ""
            values[name] = instant(values[name], cell, cells.zone, cells.place(name), findings)
    start, slot = values["start"], values["slot_minutes"]
    if start is not None and (start.second or start.microsecond):
        text = f"{shown(_written(document['start']))} is not on a whole minute; leave the seconds out"
        findings.problem(cells.place("start"), text)
    if slot is not None and slot not in _SLOT_MINUTES:
        findings.problem(cells.place("slot_minutes"), f"{slot} is not one of 15, 30, 60; write one of these")


def _lines(text: str) -> dict[str, int]:
    """Find the line of every key and table written at the start of a line; the first one where it comes twice."""
    found: dict[str, int] = {}
    prefix = ""
    for number, line in enumerate(text.split("\n"), start=1):
        table, key = _TABLE.match(line), _KEY.match(line)
        if table:
            prefix = re.sub(r"[\"']", "", re.sub(r"\s*\.\s*", ".", table[1]))
            found.setdefault(prefix, number)
            prefix += "."
        elif key:
            found.setdefault(prefix + re.sub(r"[\"']", "", key[1]), number)
    return found


def planning_instant(cells: PolicyCells, now: datetime | str | None, clock: datetime, findings: Findings) -> datetime:
    """Give the instant of planning, in whole seconds: what the caller says, or else the policy, or else the clock.

    The clock counts only until the horizon starts. A text is read as a cell would be, in the policy's zone.
    """
    place = Place("now") if now is not None else cells.place("now")
    start: datetime | None = cells.main["start"]
    found = cells.main["now"] or (min(clock, start) if start else clock)
    if isinstance(now, str):
        try:
            found = instant(parse_time(now.strip()), now, cells.zone, place, findings)
        except CellError as error:
            findings.problem(place, str(error))
    elif now is not None:
        found = instant(now, str(now), cells.zone, place, findings)
    horizon = cells.horizon
    if horizon and found >= horizon.end:
        text = f"{utc_text(found)} is not before the end of the horizon ({utc_text(horizon.end)})"
        findings.problem(place, f"{text}; choose an earlier instant, or a later start in policy.toml")
    instant_of_planning: datetime = found.astimezone(UTC).replace(microsecond=0)
    return instant_of_planning


def build_policy(cells: PolicyCells) -> Policy:
    """Build the policy from cells in which no problem was found."""
    main, forecast = cells.main, cells.forecast
    return Policy(
        name=main["name"],
        start=main["start"],
        weeks=main["weeks"],
        time_zone=cells.zone,
        slot_minutes=main["slot_minutes"],
        currency=main["currency"],
        organizer=main["organizer"] or "",
        domain=main["domain"] or "",
        service_levels={name: _level(name, row) for name, row in sorted(cells.levels.items())},
        degraded_share=Fraction(main["degraded_share"]),
        failure_chance=float(main["failure_chance"]),
        redundancy_failure_per_hour=Fraction(main["redundancy_failure_per_hour"]),
        fairness_epsilon=float(main["fairness_epsilon"]),
        tail_weight=float(main["tail_weight"]),
        move_cost_cents=main["move_cost"],
        move_cost_cents_per_day=main["move_cost_per_day"],
        max_moves=main["max_moves"],
        approved_may_move=main["approved_may_move"],
        forecast=Forecast(
            prior_weeks=float(forecast["prior_weeks"]),
            half_life_weeks=float(forecast["half_life_weeks"]),
            history_weeks=forecast["history_weeks"],
        ),
    )


def _level(name: str, row: Row) -> ServiceLevel:
    return ServiceLevel(
        name=name,
        weight=Fraction(row["weight"]),
        notice_days=row["notice_days"],
        max_outage_minutes_per_28_days=row["max_outage_minutes_per_28_days"],
        protected_hours=row["protected_hours"],
    )
