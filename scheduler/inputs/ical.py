"""Reads `.ics` files (RFC 5545) into the intervals their entries take: blackouts, allowed hours, shifts.

Repeated entries are expanded inside one range only, with EXDATE, RDATE and RECURRENCE-ID. Entries of whole days last
from local midnight to midnight of the zone asked for. Times without a zone are on the clock of X-WR-TIMEZONE, else of
the zone asked for. A repeated entry keeps its length on the wall clock, as calendars show it; DURATION is nominal in
days and exact in hours. Cancelled entries do not count. Entries marked free (TRANSPARENT) do unless asked otherwise,
because calendars export freezes of whole days so. Change calendars of AWS Systems Manager say what their entries mean:
`X-CALENDAR-TYPE:DEFAULT_CLOSED` makes them the open times. Whatever is left out is warned about; what cannot be read is
refused, so that no freeze is lost.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scheduler.horizon import Window, join, without
from scheduler.inputs.clocks import Clock, clock_of, defined_clocks
from scheduler.inputs.components import Component, components, value_text
from scheduler.inputs.errors import Findings, Place, shown
from scheduler.inputs.recurrence import Budget, RuleError, occurrences, parse_rule
from scheduler.inputs.text_files import read_text

MOST_MEGABYTES = 5
_MOST_STEPS = 100_000
_TIME = re.compile(r"(?P<date>[0-9]{8})(?P<clock>T[0-9]{6}(?P<utc>Z)?)?")
_LENGTH = re.compile(
    r"\+?P(?:(?P<weeks>[0-9]{1,5})W)?(?:(?P<days>[0-9]{1,5})D)?"
    r"(?:T(?:(?P<hours>[0-9]{1,6})H)?(?:(?P<minutes>[0-9]{1,8})M)?(?:(?P<seconds>[0-9]{1,9})S)?)?"
)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Occurrence:
    """One time an entry takes: what it is called (`summary`), which entry it is (`uid`), and whether of whole days."""

    window: Window
    summary: str = ""
    uid: str = ""
    all_day: bool = False


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the entries of a file take inside a range: joined, and one by one in the order of time.

    `default` is AWS's DEFAULT_OPEN or DEFAULT_CLOSED, or empty.
    """

    inside: Window
    entries: tuple[Window, ...]
    default: str = ""
    occurrences: tuple[Occurrence, ...] = ()

    @property
    def closed(self) -> list[Window]:
        """The intervals in which a blackout holds: the entries, or for DEFAULT_CLOSED the rest."""
        return without([self.inside], self.entries) if self.default == "DEFAULT_CLOSED" else list(self.entries)

    @property
    def open(self) -> list[Window]:
        """The intervals in which work is allowed: the entries, or for DEFAULT_OPEN the rest."""
        return without([self.inside], self.entries) if self.default == "DEFAULT_OPEN" else list(self.entries)


@dataclass(frozen=True, slots=True)
class _Moment:
    """A point of time as the file writes it: a wall-clock time on a clock, or a date (00:00, `whole_day`)."""

    wall: datetime
    clock: Clock
    whole_day: bool

    @property
    def utc(self) -> datetime:
        return self.clock.to_utc(self.wall)


@dataclass(slots=True)
class _Reader:
    """What all entries of a file share."""

    inside: Window
    zone: Clock
    floating: Clock
    named: bool
    clocks: Mapping[str, Clock]
    budget: Budget
    notes: dict[str, None] = field(default_factory=dict)

    def note(self, text: str) -> None:
        """Say something of the file, once."""
        self.notes[text] = None

    def moments(self, parameters: Mapping[str, str], value: str) -> Iterator[_Moment]:
        """Read a property of one or more times; of a period only its start."""
        for piece in value.split(","):
            yield self.moment(parameters, piece.strip().partition("/")[0])

    def moment(self, parameters: Mapping[str, str], text: str) -> _Moment:
        """Read one time, or raise `RuleError`."""
        match = _TIME.fullmatch(text)
        try:
            wall = datetime.fromisoformat(text.removesuffix("Z")) if match else None
        except ValueError:
            wall = None
        if match is None or wall is None:
            raise RuleError(f"{shown(text)} is not a time such as 20270401T080000Z or 20270401")
        if not match["clock"]:
            return _Moment(wall, self.zone, whole_day=True)
        if match["utc"]:
            return _Moment(wall, Clock(zone="UTC"), whole_day=False)
        name = parameters.get("TZID", "").strip()
        if not name:
            if not self.named:
                self.note(f"has times without a zone, taken to be in {self.floating.zone}")
            return _Moment(wall, self.floating, whole_day=False)
        clock = clock_of(name, self.clocks)
        if clock is None:
            raise RuleError(f"its time zone {shown(name)} is neither defined in the file nor known")
        return _Moment(wall, clock, whole_day=False)


def read_calendar(
    path: Path, inside: Window, zone: str, place: Place, findings: Findings, *, transparent: bool = True
) -> Meaning | None:
    """Read the intervals that a calendar file takes inside a range, joined; None (and a problem) where it cannot be.

    `zone` is that of whole days, and of times without a zone. `transparent` tells whether entries marked free count.
    Problems and warnings are noted at `place`, with the name of the file.
    """

    def problem(text: str) -> None:
        findings.problem(place, f"{shown(path.name)} {text}")

    inner = Findings()
    text = read_text(path, inner, most_megabytes=MOST_MEGABYTES)
    if text is None:
        findings.problem(place, "; ".join(inner.problems))
        return None
    try:
        calendars = components(text)
    except (ValueError, LookupError) as error:
        problem(f"cannot be read as a calendar: {error}")
        return None
    budget = Budget(_MOST_STEPS)
    found: list[Occurrence] = []
    defaults = {calendar.text("X-CALENDAR-TYPE").upper() for calendar in calendars} - {""}
    if len(defaults) > 1 or defaults - {"DEFAULT_OPEN", "DEFAULT_CLOSED"}:
        problem(
            f"has X-CALENDAR-TYPE {', '.join(map(shown, sorted(defaults)))}; use one DEFAULT_OPEN or DEFAULT_CLOSED"
        )
        return None
    for calendar in calendars:
        try:
            clocks = defined_clocks(calendar, inside, budget)
            named = calendar.text("X-WR-TIMEZONE")
            home = clock_of(named, clocks) if named else None
            here = Clock(zone=zone)
            reader = _Reader(inside, here, home or here, home is not None, clocks, budget)
            found += _entries(calendar, reader, transparent)
        except RuleError as error:
            problem(f"cannot be used: {error}")
            return None
        for note in reader.notes:
            findings.warn(place, f"{shown(path.name)} {note}")
    windows = tuple(one for one in join(one.window for one in found) if one.overlaps(inside))
    apart = sorted(one for one in found if one.window.start < one.window.end and one.window.overlaps(inside))
    return Meaning(inside, windows, min(defaults, default=""), tuple(apart))


def first_window(calendar: Component, part: Component, zone: str) -> tuple[Window, list[str]]:
    """Give the interval of one entry of a calendar, the first where it comes back, and remarks on it.

    Raises
    ------
    RuleError
        With what is wrong with its times.
    """
    years = sorted(int(text[:4]) for text in (part.text("DTSTART"),) if text[:4].isdecimal())
    year = min(max(years[0], 2), 9990) if years else 2000
    around = Window(datetime(year - 1, 1, 1, tzinfo=UTC), datetime(year + 2, 1, 1, tzinfo=UTC))
    clocks = defined_clocks(calendar, around, budget := Budget(_MOST_STEPS))
    home = clock_of(named, clocks) if (named := calendar.text("X-WR-TIMEZONE")) else None
    here = Clock(zone=zone)
    reader = _Reader(around, here, home or here, home is not None, clocks, budget)
    (window,) = _span(part, reader)
    if part.all("RRULE") or part.all("RDATE"):
        reader.note("has an entry that comes back; only its first time is taken")
    return window, list(reader.notes)


# --- entries -----------------------------------------------------------------------------------------------------


def _entries(calendar: Component, reader: _Reader, transparent: bool) -> Iterator[Occurrence]:
    latest: dict[tuple[str, str], Component] = {}
    for number, part in enumerate(calendar.inside, start=1):
        if part.name in ("VAVAILABILITY", "VFREEBUSY"):
            reader.note(f"has a {part.name}, which is not read; give its hours as entries (VEVENT)")
        if part.name != "VEVENT":
            continue
        key = (part.text("UID") or f"number {number}", part.text("RECURRENCE-ID"))
        if key not in latest or _sequence(part) >= _sequence(latest[key]):
            latest[key] = part
    changed: dict[str, list[Component]] = {}
    for (uid, recurrence), part in latest.items():
        if recurrence:
            changed.setdefault(uid, []).append(part)
    for (uid, recurrence), part in latest.items():
        if _counts(part, reader, transparent):
            try:
                summary, days = value_text(part.text("SUMMARY")), _start(part, reader).whole_day
                for window in _span(part, reader) if recurrence else _all_of(part, changed.get(uid, []), reader):
                    yield Occurrence(window, summary, value_text(part.text("UID")), days)
            except RuleError as error:
                raise RuleError(f"its entry {shown(part.text('SUMMARY') or uid)}: {error}") from None
            except OverflowError:
                raise RuleError(f"its entry {shown(part.text('SUMMARY') or uid)} leads out of the calendar") from None


def _sequence(part: Component) -> int:
    text = part.text("SEQUENCE")
    return int(text) if text.isdecimal() and len(text) < 12 else 0


def _counts(part: Component, reader: _Reader, transparent: bool) -> bool:
    if part.text("STATUS").upper() == "CANCELLED":
        return False
    if part.text("X-EVENT-TYPE").upper() == "ADVISORY":
        reader.note("has advisory entries (X-EVENT-TYPE:ADVISORY), which block nothing and are left out")
        return False
    if part.text("TRANSP").upper() == "TRANSPARENT":
        what = "counted all the same" if transparent else "left out"
        reader.note(f"has entries marked free (TRANSP:TRANSPARENT), {what}; column transparent says which")
        return transparent
    return True


def _start(part: Component, reader: _Reader, name: str = "DTSTART") -> _Moment:
    for parameters, value in part.all(name):
        return reader.moment(parameters, value.strip())
    raise RuleError(f"{name} is missing")


def _ends(part: Component, start: _Moment, reader: _Reader) -> "_Length":
    """Give how long an entry lasts, or raise `RuleError` where it ends before it starts."""
    if part.text("DURATION"):
        match = _LENGTH.fullmatch(part.text("DURATION").upper())
        if not match or not any(match.groups()):
            raise RuleError(f"DURATION {shown(part.text('DURATION'))} is not a length such as PT2H or P1D")
        given = {name: int(value or 0) for name, value in match.groupdict().items()}
        exact = timedelta(hours=given["hours"], minutes=given["minutes"], seconds=given["seconds"])
        return _Length(timedelta(weeks=given["weeks"], days=given["days"]), exact)
    if not part.all("DTEND"):
        return _Length(_DAY if start.whole_day else timedelta())
    end = _start(part, reader, "DTEND")
    if start.whole_day and end.wall == start.wall:
        reader.note("has an entry of whole days that ends on the day it starts, taken to be that day")
        return _Length(_DAY)
    if end.utc < start.utc:
        raise RuleError(f"it ends ({end.wall:%Y-%m-%d %H:%M}) before it starts ({start.wall:%Y-%m-%d %H:%M})")
    if end.clock == start.clock:
        return _Length(end.wall - start.wall)
    return _Length(exact=end.utc - start.utc)


@dataclass(frozen=True, slots=True)
class _Length:
    """A length: first what is counted on the wall clock, then what is counted exactly."""

    nominal: timedelta = timedelta()
    exact: timedelta = timedelta()

    def after(self, start: _Moment) -> Window:
        """Give the interval of this length from `start` on."""
        return Window(start.utc, replace(start, wall=start.wall + self.nominal).utc + self.exact)


def _span(part: Component, reader: _Reader) -> Iterator[Window]:
    start = _start(part, reader)
    window = _ends(part, start, reader).after(start)
    if window.start == window.end:
        reader.note("has an entry without length, which takes no time")
    yield window


def _all_of(part: Component, changed: list[Component], reader: _Reader) -> Iterator[Window]:
    """Give the intervals of an entry that may repeat, without its exceptions; those have intervals of their own."""
    start = _start(part, reader)
    length = _ends(part, start, reader)
    repeats = [parse_rule(value) for _, value in part.all("RRULE")]
    extra = [(parameters, piece) for parameters, value in part.all("RDATE") for piece in value.split(",")]
    if not repeats and not extra:
        yield from _span(part, reader)
        return
    # Two days more, since a wall-clock time may be a day away from UTC.
    first = start.clock.to_wall(reader.inside.start) - length.nominal - length.exact - 2 * _DAY
    last = start.clock.to_wall(reader.inside.end) + 2 * _DAY
    times: dict[datetime, Window] = {start.utc: length.after(start)}
    for rule in repeats:
        if rule.until is not None and rule.until.tzinfo is not None:
            rule = replace(rule, until=start.clock.to_wall(rule.until))
        for wall in occurrences(rule, start.wall, first, last, reader.budget):
            moment = replace(start, wall=wall)
            times[moment.utc] = length.after(moment)
    for parameters, piece in extra:
        moment = reader.moment(parameters, piece.strip().partition("/")[0])
        times[moment.utc] = _period(moment, piece.strip().partition("/")[2], length, reader)
    left_out = [one for found in part.all("EXDATE") for one in reader.moments(*found)]
    left_out += [_start(one, reader, "RECURRENCE-ID") for one in changed]
    instants = {one.utc for one in left_out if not one.whole_day}
    # A bare date leaves out whatever starts on it; dates of whole-day entries may be written as times.
    days = {one.wall.date() for one in left_out if one.whole_day or start.whole_day}
    later = [(_start(one, reader, "RECURRENCE-ID"), one) for one in changed if _and_later(one)]
    for instant, window in times.items():
        if instant in instants or start.clock.to_wall(instant).date() in days:
            continue
        before = [pair for pair in later if pair[0].utc <= instant]
        if not before:
            yield window
        else:
            yield from _moved(instant, *max(before, key=lambda pair: pair[0].utc), start, reader)


def _period(start: _Moment, end: str, length: _Length, reader: _Reader) -> Window:
    """Give the interval of an RDATE, which may be a period of a length of its own."""
    if not end:
        return length.after(start)
    part = Component("VEVENT")
    part.properties.append(("DURATION" if end.startswith(("P", "+P")) else "DTEND", {}, end))
    return _ends(part, start, reader).after(start)


def _and_later(part: Component) -> bool:
    return any(parameters.get("RANGE", "").upper() == "THISANDFUTURE" for parameters, _ in part.all("RECURRENCE-ID"))


def _moved(instant: datetime, since: _Moment, part: Component, start: _Moment, reader: _Reader) -> Iterator[Window]:
    """Give an occurrence that an earlier exception moved together with all later ones."""
    if part.text("STATUS").upper() == "CANCELLED":
        return
    new = _start(part, reader)
    moment = replace(new, wall=new.wall + (start.clock.to_wall(instant) - start.clock.to_wall(since.utc)))
    yield _ends(part, new, reader).after(moment)
