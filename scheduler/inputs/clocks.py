"""The clocks of a calendar file: zones by name, and zones that the file defines itself (RFC 5545, section 3.6.5).

A definition in the file beats the name, since makers of calendars give their own rules well-known names. It is read
here and not by a library, which would take the name where it knows one, and cannot be stopped by a rule that comes
every second.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from scheduler.horizon import Window, wall_to_utc
from scheduler.inputs.cells import zones
from scheduler.inputs.components import Component
from scheduler.inputs.errors import shown
from scheduler.inputs.recurrence import Budget, RuleError, occurrences, parse_rule

_OFFSET = re.compile(r"(?P<sign>[+-])(?P<hours>[0-9]{2})(?P<minutes>[0-5][0-9])(?P<seconds>[0-5][0-9])?")
_WALL = re.compile(r"[0-9]{8}T[0-9]{6}")
# Far enough back for the last change of a clock that changes once a year.
_BACK = timedelta(days=800)


@dataclass(frozen=True, slots=True)
class Clock:
    """Turns wall-clock times into instants and back: by the rules of a zone, or by changes listed in order.

    A change is (instant, offset before, offset after). In a repeated hour the first pass is taken; a skipped time moves
    forward by the length of the jump.
    """

    zone: str = ""
    changes: tuple[tuple[datetime, timedelta, timedelta], ...] = ()

    def to_utc(self, wall: datetime) -> datetime:
        """Give the instant at which the clock shows `wall`."""
        if self.zone:
            return wall_to_utc(wall, self.zone)
        # From this wall-clock time on a change counts: after the gap, or after the first pass.
        turns = [at.replace(tzinfo=None) + max(before, after) for at, before, after in self.changes]
        return (wall - self._offset(bisect_right(turns, wall))).replace(tzinfo=UTC)

    def to_wall(self, instant: datetime) -> datetime:
        """Give what the clock shows at an instant."""
        if self.zone:
            return instant.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)
        number = bisect_right([at for at, _, _ in self.changes], instant)
        return instant.astimezone(UTC).replace(tzinfo=None) + self._offset(number)

    def _offset(self, number: int) -> timedelta:
        return self.changes[number - 1][2] if number else self.changes[0][1]


def clock_of(name: str, defined: Mapping[str, Clock]) -> Clock | None:
    """Find the clock of a TZID: defined in the file, an IANA name (also behind a path), or a Windows name."""
    if name in defined:
        return defined[name]
    pieces = name.split("/")
    for known in (name, "/".join(pieces[-3:]), "/".join(pieces[-2:]), WINDOWS_TO_OLSON.get(name, "")):
        if known in zones():
            return Clock(zone=known)
    return None


def defined_clocks(calendar: Component, inside: Window, budget: Budget) -> dict[str, Clock]:
    """Read every VTIMEZONE of a calendar, as far as it matters in `inside`.

    Raises
    ------
    RuleError
        With the zone that cannot be read.
    """
    found = {}
    for zone in calendar.inside:
        name = zone.text("TZID")
        if zone.name != "VTIMEZONE" or not name:
            continue
        try:
            changes = sorted(set(_changes(zone.inside, inside, budget)))
        except (ValueError, OverflowError) as error:
            raise RuleError(f"its time zone {shown(name)} cannot be read: {error}") from None
        if not changes:
            raise RuleError(f"its time zone {shown(name)} cannot be read: it has neither STANDARD nor DAYLIGHT")
        found[name] = Clock(changes=tuple(changes))
    return found


def _changes(
    parts: Iterable[Component], inside: Window, budget: Budget
) -> Iterable[tuple[datetime, timedelta, timedelta]]:
    for part in parts:
        if part.name not in ("STANDARD", "DAYLIGHT"):
            continue
        before, after = (_offset(part.text(name)) for name in ("TZOFFSETFROM", "TZOFFSETTO"))
        start = _wall(part.text("DTSTART"))
        end = inside.end.replace(tzinfo=None) + timedelta(days=2)
        walls = {start}
        for _, value in part.all("RDATE"):
            walls.update(_wall(one) for one in value.split(","))
        for _, value in part.all("RRULE"):
            rule = parse_rule(value)
            until = rule.until
            if until is not None and until.tzinfo is not None:
                until = until.replace(tzinfo=None) + before
                rule = replace(rule, until=until)
            latest = min(inside.start.replace(tzinfo=None), until or datetime.max)  # noqa: DTZ901 - a wall-clock time
            walls.update(occurrences(rule, start, max(start, latest - _BACK), end, budget))
        for wall in walls:
            yield (wall - before).replace(tzinfo=UTC), before, after


def _offset(text: str) -> timedelta:
    match = _OFFSET.fullmatch(text)
    if not match:
        raise ValueError(f"{shown(text)} is not an offset such as +0100")
    size = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"]), seconds=int(match["seconds"] or 0))
    return -size if match["sign"] == "-" else size


def _wall(text: str) -> datetime:
    if not _WALL.fullmatch(text):
        raise ValueError(f"{shown(text)} is not a time such as 19970330T020000")
    return datetime.fromisoformat(text)
