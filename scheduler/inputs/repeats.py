"""Turns a change that repeats into one change per occurrence, named `id@2026-12-08` by its local date.

A rule is an RRULE, with a distance after it where wanted (`FREQ=MONTHLY;BYDAY=2TU + 5 days`), or words (`second
Tuesday + 5 days`). It counts from the row's `earliest`, else from `fixed_start`, else from the start of the horizon,
on the policy's clock, and has the occurrences that begin inside the horizon. `earliest`, `due` and `fixed_start` of the
row are those of the first occurrence; later ones keep the same distances on the wall clock. An occurrence is over
before the next one begins.

An occurrence that is in history.csv is done. One that is over, or that has no room before the horizon ends, is left out
with a warning. What others say of the repeated id:

- `after`: a change comes after the last occurrence that begins on or before its own date (its `earliest`). Where there
  is none, a single change comes after the first occurrence; a repeated one waits for nothing.
- `not_with`: every occurrence. `same_window_as`: the occurrence of the same date, so both must repeat.
- Decisions, schedules and history name occurrences.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from scheduler.horizon import Horizon, wall_to_utc
from scheduler.inputs.cells import LONGEST_ID
from scheduler.inputs.columns import TABLES
from scheduler.inputs.errors import Findings, shown
from scheduler.inputs.recurrence import DAYS, Budget, Recurrence, RuleError, occurrences, parse_rule
from scheduler.inputs.references import resolve
from scheduler.inputs.tables import Row, Table, utc_text

_DISTANCE = re.compile(r"(?P<rule>.*\S)\s*(?P<sign>[+-])\s*(?P<count>[0-9]{1,3})\s*(?P<unit>day|week)s?", re.I | re.S)
_WORDS = re.compile(
    r"(?:every\s+|the\s+)?(?P<place>first|second|third|fourth|fifth|last)\s+(?P<day>[a-z]+)"
    r"(?:\s+of\s+(?:the|each|every)\s+month)?",
    re.I,
)
_PLACES = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "last": -1}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MOST_OCCURRENCES = 800
# Of all rows together.
_MOST_CHANGES = 20_000
_MOST_STEPS = 1_000_000


@dataclass(slots=True)
class Series:
    """The occurrences of one repeated change by local date; those that are left out have no row."""

    rows: dict[date, Row] = field(default_factory=dict)
    left_out: dict[date, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Frame:
    """What occurrences are placed in: the grid, its clock, the instant of planning, and what is done."""

    horizon: Horizon
    zone: str
    now: datetime
    done: frozenset[str]
    budget: Budget = field(default_factory=lambda: Budget(_MOST_STEPS))

    def local(self, instant: datetime) -> datetime:
        """Give the wall-clock time of an instant."""
        return instant.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)


def expand_repeats(
    changes: Table, decisions: Table, done: frozenset[str], horizon: Horizon, now: datetime, findings: Findings
) -> Mapping[str, Series]:
    """Put the occurrences of repeated changes in the place of their rows, in both tables, and give them by id."""
    frame = _Frame(horizon, horizon.time_zone, now, done)
    found: dict[str, Series] = {}
    rows: list[Row] = []
    full = False
    single = {row["change"]: row for row in reversed(changes.rows) if row["repeats"] is None}
    for row in changes.rows:
        if row["repeats"] is None or row["change"] is None:
            rows.append(row)
            continue
        try:
            if row["change"] in found or row["change"] in single:
                raise RuleError(f"{shown(row['change'])} is in another row too; give one of them another id")
            # What comes after too many is not expanded any more: thousands of rules would fill the memory.
            series = None if full else _series(row, frame, findings)
            full = series is None or len(rows) + len(series.rows) > _MOST_CHANGES
            if series is not None:
                found[row["change"]] = series
            if full:
                raise RuleError(f"there are more than {_MOST_CHANGES:,} changes with it; make it rarer")
        except RuleError as error:
            findings.problem(row.place("repeats"), f"{shown(row['repeats'])} cannot be used: {error}")
            rows.append(row)
            continue
        rows += found[row["change"]].rows.values()
    changes.rows = rows
    if found:
        _References(found, changes, frame, findings).mend()
    gone = {name for series in found.values() for name in series.left_out.values()}
    decisions.rows = [row for row in decisions.rows if row["change"] not in gone]
    return found


def _rule(text: str) -> tuple[Recurrence, timedelta]:
    """Read a rule, and how far after its dates the change comes."""
    distance = timedelta()
    match = _DISTANCE.fullmatch(text.strip())
    if match:
        text, days = match["rule"], int(match["count"]) * (7 if match["unit"].lower() == "week" else 1)
        distance = timedelta(days=-days if match["sign"] == "-" else days)
    words = _WORDS.fullmatch(text.strip())
    if words:
        weekday = [name for name in _WEEKDAYS if name.startswith(words["day"].lower()) and len(words["day"]) > 1]
        if len(weekday) != 1:
            raise RuleError(f"{shown(words['day'])} is not a weekday; write one such as Tuesday")
        text = f"FREQ=MONTHLY;BYDAY={_PLACES[words['place'].lower()]}{DAYS[_WEEKDAYS.index(weekday[0])]}"
    rule = parse_rule(text)
    if rule.frequency == "HOURLY":
        raise RuleError("it comes more often than daily, and occurrences are named by their date; use DAILY or rarer")
    return rule, distance


def _series(row: Row, frame: _Frame, findings: Findings) -> Series:
    rule, distance = _rule(row["repeats"])
    if rule.until is not None and rule.until.tzinfo is not None:
        rule = replace(rule, until=frame.local(rule.until))
    given = row["earliest"] or row["fixed_start"]
    anchor = frame.local(given or frame.horizon.start)
    begin, end = frame.local(frame.horizon.start), frame.local(frame.horizon.end)
    try:
        origin, last = anchor - distance, end - distance
        first = next(occurrences(rule, origin, origin, last, frame.budget), None)
        coming = occurrences(rule, origin, begin - distance, last, frame.budget)
        times = [moment + distance for moment in _some(coming)]
    except OverflowError:
        raise RuleError("it leads out of the calendar; correct it") from None
    if first is None or not times:
        findings.warn(row.place("repeats"), "never comes inside the horizon, so nothing is planned")
        return Series()
    _check_dates(times)
    shifts = {}
    for column in ("due", "fixed_start"):
        if row[column] is not None:
            shifts[column] = frame.local(row[column]) - (first + distance)
            if shifts[column] < timedelta() or (column == "due" and not shifts[column]):
                text = f"{utc_text(row[column])} is before the first occurrence"
                at = utc_text(wall_to_utc(first + distance, frame.zone))
                findings.problem(row.place(column), f"{text} ({at}); correct it, or leave it empty")
                return Series()
    return _occurrences(row, times, shifts, frame, findings)


def _some(coming: Iterator[datetime]) -> Iterator[datetime]:
    for number, moment in enumerate(coming):
        if number >= _MOST_OCCURRENCES:
            raise RuleError(f"it comes more than {_MOST_OCCURRENCES} times in the horizon; make it rarer")
        yield moment


def _check_dates(times: Sequence[datetime]) -> None:
    for one, other in pairwise(times):
        if one.date() == other.date():
            text = f"it comes twice on {one:%Y-%m-%d}, and occurrences are named by their date"
            raise RuleError(f"{text}; use one row for each time of day")


def _occurrences(
    row: Row, times: Sequence[datetime], shifts: Mapping[str, timedelta], frame: _Frame, findings: Findings
) -> Series:
    series = Series()
    minutes = max(row["duration_minutes"] or 1, row["duration_p90_minutes"] or 1) + (row["backout_minutes"] or 0)
    reserved = frame.horizon.length(minutes) * frame.horizon.slot
    for number, moment in enumerate(times):
        name = f"{row['change']}@{moment:%Y-%m-%d}"
        if len(name) > LONGEST_ID:
            raise RuleError(f"{shown(name)} is longer than an id can be ({LONGEST_ID}); shorten the id")
        start = wall_to_utc(moment, frame.zone)
        due = wall_to_utc(times[number + 1], frame.zone) if number + 1 < len(times) else None
        if due is not None and due - start < reserved:
            raise RuleError(f"it comes back on {times[number + 1]:%Y-%m-%d}, before the {minutes} minutes reserved "
                            f"for {shown(name)} are over; make it rarer")  # fmt: skip
        if "due" in shifts:
            latest = wall_to_utc(moment + shifts["due"], frame.zone)
            due = latest if due is None else min(due, latest)
        if name in frame.done:
            series.left_out[moment.date()] = name
        elif due is not None and due <= frame.now:
            findings.warn(row.place("repeats"), f"{shown(name)} was over before now, so it is left out")
            series.left_out[moment.date()] = name
        elif start + reserved > frame.horizon.end:
            findings.warn(row.place("repeats"), f"{shown(name)} has no room before the horizon ends; it is left out")
            series.left_out[moment.date()] = name
        else:
            changed = {"change": name, "earliest": start, "due": due, "repeats": None}
            if "fixed_start" in shifts:
                changed["fixed_start"] = wall_to_utc(moment + shifts["fixed_start"], frame.zone)
            filled = {column for column, value in changed.items() if value is not None}
            series.rows[moment.date()] = Row(row.file, row.number, row.values | changed, row.empty - filled)
    return series


class _References:
    """Turns what changes say of repeated ids into what holds for their occurrences."""

    def __init__(self, found: Mapping[str, Series], changes: Table, frame: _Frame, findings: Findings) -> None:
        self.found, self.changes, self.frame, self.findings = found, changes, frame, findings
        self.own = {id(row): (name, day) for name, series in found.items() for day, row in series.rows.items()}
        self.gone = {name for series in found.values() for name in series.left_out.values()} - frame.done
        self.known = {*found, *self.gone, *(row["change"] for row in changes if row["change"] is not None)}

    def mend(self) -> None:
        """Rewrite the cells of every row."""
        for row in self.changes.rows:
            for column, turned in (
                ("after", self._after),
                ("not_with", self._not_with),
                ("same_window_as", self._same),
            ):
                pieces: dict[str, None] = {}
                for piece in row[column] or ():
                    name = resolve(piece, self.known) if TABLES["changes.csv"][column].type == "predecessors" else piece
                    if name in self.found and name == self._series_of(row):
                        text = f"{shown(piece)} is this change itself; delete it here"
                        self.findings.problem(row.place(column), text)
                    elif name in self.found:
                        pieces.update((other + piece[len(name) :], None) for other in turned(row, name))
                    elif name not in self.gone:
                        pieces[piece] = None
                if row[column] is not None:
                    row.values[column] = tuple(pieces)

    def _series_of(self, row: Row) -> str | None:
        return self.own[id(row)][0] if id(row) in self.own else None

    def _after(self, row: Row, name: str) -> list[str]:
        series = self.found[name]
        if id(row) in self.own:
            day: date | None = self.own[id(row)][1]
        else:
            day = self.frame.local(row["earliest"]).date() if row["earliest"] else None
        before = [one for one in (*series.rows, *series.left_out) if day is not None and one <= day]
        if before:
            last = max(before)
            return [series.rows[last]["change"]] if last in series.rows else []
        return [] if id(row) in self.own or not series.rows else [next(iter(series.rows.values()))["change"]]

    def _not_with(self, row: Row, name: str) -> list[str]:
        return [one["change"] for one in self.found[name].rows.values()]

    def _same(self, row: Row, name: str) -> list[str]:
        series = self.found[name]
        if id(row) not in self.own:
            names = [*(one["change"] for one in series.rows.values()), f"{name}@2027-01-31"]
            text = f"{shown(name)} repeats and this change does not; name one occurrence, such as {shown(names[0])}"
            self.findings.problem(row.place("same_window_as"), text)
            return []
        day = self.own[id(row)][1]
        if day in series.rows:
            return [series.rows[day]["change"]]
        if day not in series.left_out:
            text = f"{shown(name)} does not come on {day}, as {shown(row['change'])} does"
            self.findings.problem(row.place("same_window_as"), f"{text}; give both the same rule")
        return []
