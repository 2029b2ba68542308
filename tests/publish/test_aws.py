"""Exports for AWS Change Calendar: what they say, and that they fit."""

from datetime import UTC, datetime, timedelta

import strict_ical
from publish.feed_world import NOW, archive

from scheduler.publish.aws import MOST_BYTES, PRODUCT, change_calendar
from scheduler.publish.contents import Content, Status
from scheduler.publish.stream import Entry

BEGIN = datetime(2027, 3, 1, tzinfo=UTC)


def entries(count: int) -> list[Entry]:
    return [
        Entry(
            id=str(number),
            uid=f"{number}@x",
            revision=1,
            revised_at=BEGIN,
            status=Status.CONFIRMED,
            start=BEGIN + timedelta(days=number),
            end=BEGIN + timedelta(days=number, hours=1),
            content=Content(summary=f"Übung, {number}; " + "x" * 200),
        )
        for number in range(count)
    ]


def test_it_has_what_the_service_reads_and_nothing_else() -> None:
    made = change_calendar("Freezes", "DEFAULT_OPEN", archive().freezes_everywhere(NOW))
    read = strict_ical.read(made.content)
    assert (read.one("PRODID"), read.one("X-CALENDAR-TYPE")) == (PRODUCT, "DEFAULT_OPEN")
    # The freeze of everything: all of Wednesday; that of one service closes nothing else.
    (event,) = read.parts
    assert {name for name, _, _ in event.properties} == {"UID", "SEQUENCE", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY"}
    assert (event.one("DTSTART"), event.one("DTEND")) == ("20270303T000000Z", "20270304T000000Z")
    assert made.complete_until is None


def test_what_is_over_is_left_out() -> None:
    assert archive().freezes_everywhere(datetime(2027, 3, 4, tzinfo=UTC)) == []


def test_it_never_passes_64_kilobytes_and_says_until_when_it_is_complete() -> None:
    made = change_calendar("Windows", "DEFAULT_CLOSED", entries(400))
    read = strict_ical.read(made.content)
    assert MOST_BYTES - 400 < len(made.content) <= MOST_BYTES
    assert made.complete_until == BEGIN + timedelta(days=len(read.parts))
    assert f"complete until {made.complete_until:%Y-%m-%d}" in read.one("X-WR-CALDESC")
    assert all(len(one.one("SUMMARY")) <= 60 for one in read.parts)
    assert change_calendar("Windows", "DEFAULT_CLOSED", entries(50)).complete_until is None
