"""Exports for AWS Systems Manager Change Calendar (documents of the type ChangeCalendar, format TEXT).

A calendar of DEFAULT_OPEN is closed in its events: freezes. One of DEFAULT_CLOSED is open in its events only: approved
windows. The service takes 64 KB in all and refuses deleted occurrences, so events are single, in UTC and short. What
lies furthest ahead is left out where not everything fits; the description says until when the calendar is complete.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from icalendar import Calendar, Event, vText

from scheduler.publish.plain_text import one_line
from scheduler.publish.stream import Entry, in_order

Default = Literal["DEFAULT_OPEN", "DEFAULT_CLOSED"]
PRODUCT = "-//AWS//Change Calendar 1.0//EN"
MOST_BYTES = 64 * 1024
LONGEST_SUMMARY = 60


@dataclass(frozen=True, slots=True)
class ChangeCalendar:
    """A document, and the instant from which events are missing in it for want of room, if there is one."""

    content: bytes
    complete_until: datetime | None


def change_calendar(
    name: str, default: Default, entries: Iterable[Entry], most_bytes: int = MOST_BYTES
) -> ChangeCalendar:
    """Write the entries, none of which may be of whole days, as a change calendar; see `ChangeCalendar`."""
    found = [(entry, _event(entry)) for entry in in_order(entries)]
    sizes = [len(event.to_ical()) for _, event in found]
    # The description is longest where it says what is missing.
    room = most_bytes - len(_calendar(name, default, datetime(9999, 12, 31, tzinfo=UTC)).to_ical())
    fitting = 0
    while fitting < len(found) and sum(sizes[: fitting + 1]) <= room:
        fitting += 1
    missing = found[fitting][0].start if fitting < len(found) else None
    until = missing if isinstance(missing, datetime) else None
    calendar = _calendar(name, default, until)
    for _, event in found[:fitting]:
        calendar.add_component(event)
    return ChangeCalendar(bytes(calendar.to_ical(sorted=False)), until)


def _calendar(name: str, default: Default, until: datetime | None) -> Calendar:
    said = one_line(name)[:LONGEST_SUMMARY]
    if until is not None:
        said += f"; complete until {until:%Y-%m-%d %H:%M} UTC, later events did not fit"
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("x-calendar-type", vText(default))
    calendar.add("x-wr-caldesc", vText(said))
    return calendar


def _event(entry: Entry) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.revision)
    event.add("dtstamp", entry.revised_at.replace(microsecond=0))
    event.add("dtstart", entry.start)
    event.add("dtend", entry.end)
    event.add("summary", one_line(entry.content.summary)[:LONGEST_SUMMARY])
    return event
