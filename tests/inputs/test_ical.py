from datetime import UTC, datetime
from pathlib import Path

import pytest

from scheduler.horizon import Window
from scheduler.inputs.errors import Findings, Place
from scheduler.inputs.ical import Meaning, read_calendar

PLACEHOLDER = "VTO" + "DO"
MARCH = Window(datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 4, 1, tzinfo=UTC))


def calendar(*lines: str) -> str:
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//EN", *lines, "END:VCALENDAR", ""])


def event(*lines: str, uid: str = "1") -> str:
    return "\r\n".join(["BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20270101T000000Z", *lines, "END:VEVENT"])


def read(path: Path, text: str | bytes, zone: str = "UTC", **options: bool) -> tuple[Meaning | None, Findings]:
    file = path / "x.ics"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    findings = Findings()
    return read_calendar(file, MARCH, zone, Place("calendars.csv", 2, "file"), findings, **options), findings


def times(path: Path, *lines: str, zone: str = "UTC", warnings: tuple[str, ...] = ()) -> list[str]:
    meaning, findings = read(path, calendar(*lines), zone)
    assert findings.problems == []
    assert findings.warnings == [f"calendars.csv, row 2, file: 'x.ics' {warning}" for warning in warnings]
    assert meaning is not None
    return [f"{one.start:%m-%d %H:%M} {one.end:%m-%d %H:%M}" for one in meaning.entries]


# Instants in UTC; London's clocks go forward at 01:00 on 28 March 2027, New York's (five hours behind) on the 14th.
ENTRIES = [
    (["DTSTART:20270302T080000Z", "DTEND:20270302T100000Z"], ["03-02 08:00 03-02 10:00"]),
    (["DTSTART;TZID=America/New_York:20270302T080000", "DURATION:PT90M"], ["03-02 13:00 03-02 14:30"]),
    (["DTSTART;TZID=Eastern Standard Time:20270316T080000", "DURATION:PT1H"], ["03-16 12:00 03-16 13:00"]),
    (["DTSTART;TZID=Europe/London:20270328T000000", "DTEND;TZID=Europe/London:20270328T060000"],
     ["03-28 00:00 03-28 05:00"]),
    (["DTSTART;TZID=Europe/London:20270327T120000", "DURATION:P1D"], ["03-27 12:00 03-28 11:00"]),
    (["DTSTART;TZID=Europe/London:20270327T120000", "DURATION:PT24H"], ["03-27 12:00 03-28 12:00"]),
    (["DTSTART:20270302T080000Z", "DTEND;TZID=America/New_York:20270302T050000"], ["03-02 08:00 03-02 10:00"]),
    (["DTSTART;TZID=Europe/London:20270328T013000", "DURATION:PT1H"], ["03-28 01:30 03-28 02:30"]),
    # Only what reaches into March counts, whole.
    (["DTSTART:20270228T230000Z", "DTEND:20270301T010000Z"], ["02-28 23:00 03-01 01:00"]),
    (["DTSTART:20270228T230000Z", "DTEND:20270301T000000Z"], []),
    (["STATUS:CANCELLED", "DTSTART:20270302T080000Z", "DTEND:20270302T100000Z"], []),
    (["STATUS:TENTATIVE", "DTSTART:20270302T080000Z", "DTEND:20270302T100000Z"], ["03-02 08:00 03-02 10:00"]),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "expected"), ENTRIES)
def test_single_entries(tmp_path: Path, lines: list[str], expected: list[str]) -> None:
    assert times(tmp_path, event(*lines)) == expected


def test_whole_days_are_local_days(tmp_path: Path) -> None:
    # The day of the clock change has 23 hours in London.
    days = event("DTSTART;VALUE=DATE:20270327", "DTEND;VALUE=DATE:20270329")
    assert times(tmp_path, days, zone="Europe/London") == ["03-27 00:00 03-28 23:00"]
    assert times(tmp_path, event("DTSTART;VALUE=DATE:20270305"), zone="Asia/Singapore") == ["03-04 16:00 03-05 16:00"]
    same = event("DTSTART;VALUE=DATE:20270305", "DTEND;VALUE=DATE:20270305")
    note = "has an entry of whole days that ends on the day it starts, taken to be that day"
    assert times(tmp_path, same, warnings=(note,)) == ["03-05 00:00 03-06 00:00"]
    # X-WR-TIMEZONE is where the owner looks from; a day off is a day of the place.
    assert times(tmp_path, "X-WR-TIMEZONE:Asia/Singapore", event("DTSTART;VALUE=DATE:20270305")) == [
        "03-05 00:00 03-06 00:00"
    ]


def test_times_without_a_zone(tmp_path: Path) -> None:
    floating = event("DTSTART:20270302T080000", "DTEND:20270302T100000")
    assert times(tmp_path, "X-WR-TIMEZONE:Asia/Singapore", floating) == ["03-02 00:00 03-02 02:00"]
    note = "has times without a zone, taken to be in America/New_York"
    assert times(tmp_path, floating, zone="America/New_York", warnings=(note,)) == ["03-02 13:00 03-02 15:00"]


WEEKLY = ("DTSTART;TZID=Europe/London:20270302T220000", "DTEND;TZID=Europe/London:20270303T020000")
REPEATED = [
    (["RRULE:FREQ=WEEKLY;COUNT=3"], ["03-02 22:00 03-03 02:00", "03-09 22:00 03-10 02:00", "03-16 22:00 03-17 02:00"]),
    (["RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE;TZID=Europe/London:20270309T220000"],
     ["03-02 22:00 03-03 02:00", "03-16 22:00 03-17 02:00"]),
    (["RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE:20270302T220000Z,20270309T220000Z"], ["03-16 22:00 03-17 02:00"]),
    (["RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE;VALUE=DATE:20270309"],
     ["03-02 22:00 03-03 02:00", "03-16 22:00 03-17 02:00"]),
    (["RRULE:FREQ=WEEKLY;UNTIL=20270309T220000Z"], ["03-02 22:00 03-03 02:00", "03-09 22:00 03-10 02:00"]),
    (["RDATE;TZID=Europe/London:20270304T080000"], ["03-02 22:00 03-03 02:00", "03-04 08:00 03-04 12:00"]),
    (["RDATE;VALUE=PERIOD:20270304T080000Z/PT1H,20270305T080000Z/20270305T083000Z"],
     ["03-02 22:00 03-03 02:00", "03-04 08:00 03-04 09:00", "03-05 08:00 03-05 08:30"]),
    # 27 March is a Saturday: the night of the clock change is an hour shorter, and 22:00 is 21:00 UTC after it.
    (["RRULE:FREQ=DAILY;INTERVAL=25;COUNT=2"], ["03-02 22:00 03-03 02:00", "03-27 22:00 03-28 01:00"]),
    (["RRULE:FREQ=DAILY;INTERVAL=27;COUNT=2"], ["03-02 22:00 03-03 02:00", "03-29 21:00 03-30 01:00"]),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "expected"), REPEATED)
def test_repeated_entries(tmp_path: Path, lines: list[str], expected: list[str]) -> None:
    assert times(tmp_path, event(*WEEKLY, *lines)) == expected


def test_a_rule_from_long_ago(tmp_path: Path) -> None:
    old = event("DTSTART;VALUE=DATE:19700105", "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "EXDATE;VALUE=DATE:20270322")
    # 8 March 2027 is 2,983 weeks after 5 January 1970, an odd number; the 1st, 15th and 29th are even.
    assert times(tmp_path, old) == ["03-01 00:00 03-02 00:00", "03-15 00:00 03-16 00:00", "03-29 00:00 03-30 00:00"]


MASTER = event(*WEEKLY, "RRULE:FREQ=WEEKLY;COUNT=4")


def test_exceptions(tmp_path: Path) -> None:
    moved = event("RECURRENCE-ID;TZID=Europe/London:20270309T220000", "DTSTART:20270311T080000Z",
                  "DTEND:20270311T090000Z")  # fmt: skip
    gone = event("RECURRENCE-ID:20270316T220000Z", "STATUS:CANCELLED", "DTSTART:20270316T220000Z")
    assert times(tmp_path, moved, MASTER, gone) == [
        "03-02 22:00 03-03 02:00",
        "03-11 08:00 03-11 09:00",
        "03-23 22:00 03-24 02:00",
    ]


def test_an_exception_that_holds_from_then_on(tmp_path: Path) -> None:
    # From the 9th on two hours later and half as long.
    later = event("RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/London:20270309T220000",
                  "DTSTART;TZID=Europe/London:20270310T000000", "DTEND;TZID=Europe/London:20270310T020000")  # fmt: skip
    assert times(tmp_path, MASTER, later) == [
        "03-02 22:00 03-03 02:00",
        "03-10 00:00 03-10 02:00",
        "03-17 00:00 03-17 02:00",
        "03-24 00:00 03-24 02:00",
    ]


def test_the_highest_sequence_of_a_uid_counts(tmp_path: Path) -> None:
    old = event("SEQUENCE:1", "DTSTART:20270302T080000Z", "DTEND:20270302T100000Z")
    new = event("SEQUENCE:10", "DTSTART:20270303T080000Z", "DTEND:20270303T100000Z")
    assert times(tmp_path, new, old) == ["03-03 08:00 03-03 10:00"]
    cancelled = event("SEQUENCE:11", "STATUS:CANCELLED", "DTSTART:20270303T080000Z", "DTEND:20270303T100000Z")
    assert times(tmp_path, new, old, cancelled) == []


def test_entries_marked_free_count_unless_asked_otherwise(tmp_path: Path) -> None:
    freeze = event("TRANSP:TRANSPARENT", "DTSTART;VALUE=DATE:20270305", "DTEND;VALUE=DATE:20270306")
    note = "has entries marked free (TRANSP:TRANSPARENT), {}; column transparent says which"
    assert times(tmp_path, freeze, warnings=(note.format("counted all the same"),)) == ["03-05 00:00 03-06 00:00"]
    meaning, findings = read(tmp_path, calendar(freeze), transparent=False)
    assert meaning == Meaning(MARCH, ())
    assert findings.warnings == [f"calendars.csv, row 2, file: 'x.ics' {note.format('left out')}"]


def test_what_is_not_read_is_said(tmp_path: Path) -> None:
    note = "has a VAVAILABILITY, which is not read; give its hours as entries (VEVENT)"
    assert times(tmp_path, "BEGIN:VAVAILABILITY\r\nUID:9\r\nEND:VAVAILABILITY", warnings=(note,)) == []
    note = "has an entry without length, which takes no time"
    assert times(tmp_path, event("DTSTART:20270302T080000Z"), warnings=(note,)) == []
    assert times(tmp_path, f"BEGIN:{PLACEHOLDER}\r\nSUMMARY:Add events\r\nEND:{PLACEHOLDER}") == []


@pytest.mark.parametrize(
    ("default", "closed", "open_hours"),
    [("", ["02-27", "03-05"], ["02-27", "03-05"]),
     ("X-CALENDAR-TYPE:DEFAULT_OPEN", ["02-27", "03-05"], ["03-01", "03-06"]),
     ("X-CALENDAR-TYPE:DEFAULT_CLOSED", ["03-01", "03-06"], ["02-27", "03-05"])],
)  # fmt: skip
def test_change_calendars_say_what_their_entries_mean(
    tmp_path: Path, default: str, closed: list[str], open_hours: list[str]
) -> None:
    # Entries from 27 February to 1 March and on 5 March; the rest of March begins after each.
    entries = [
        event("DTSTART;VALUE=DATE:20270227", "DTEND;VALUE=DATE:20270302"),
        event("DTSTART;VALUE=DATE:20270305", uid="2"),
        event("X-EVENT-TYPE:ADVISORY", "DTSTART;VALUE=DATE:20270310", uid="3"),
    ]
    meaning, findings = read(tmp_path, calendar(*filter(None, [default]), *entries))
    assert meaning is not None
    assert len(findings.warnings) == 1  # of the advisory entry
    assert [f"{one.start:%m-%d}" for one in meaning.closed] == [day.replace("03-01", "03-02") for day in closed]
    assert [f"{one.start:%m-%d}" for one in meaning.open] == [day.replace("03-01", "03-02") for day in open_hours]


def test_several_calendars_in_one_file(tmp_path: Path) -> None:
    one = calendar("X-WR-TIMEZONE:Asia/Singapore", event("DTSTART:20270302T080000", "DURATION:PT1H"))
    two = calendar("X-WR-TIMEZONE:UTC", event("DTSTART:20270302T080000", "DURATION:PT1H"))
    meaning, findings = read(tmp_path, one + two)
    assert meaning is not None
    assert [window.start.hour for window in meaning.entries] == [0, 8]
    assert findings.warnings == []


def test_folded_lines_and_a_byte_order_mark(tmp_path: Path) -> None:
    text = calendar(event("SUMMARY:Long\r\n  text", "DTSTART:202703\r\n 02T080000Z", "DURATION:PT1H"))
    meaning, _ = read(tmp_path, b"\xef\xbb\xbf" + text.replace("\r\n", "\n").encode())
    assert meaning is not None
    assert len(meaning.entries) == 1


WRONG = [
    ("", "'x.ics' cannot be read as a calendar: it is empty"),
    ("<html>Log in</html>",
     "'x.ics' cannot be read as a calendar: it is a web page; export the calendar again, and check the address and the "
     "login"),
    (calendar(event("DTSTART:20270302T080000Z"))[:-17],
     "'x.ics' cannot be read as a calendar: it does not begin and end with BEGIN:VCALENDAR and END:VCALENDAR; "
     "was it cut off?"),
    ("name,start\nA,2027-01-01\n",
     "'x.ics' cannot be read as a calendar: its line 1 ('name,start') is not of the form NAME:VALUE"),
    (calendar("END:VEVENT"),
     "'x.ics' cannot be read as a calendar: its line 4 ('END:VEVENT') ends what did not begin"),
    (calendar(*["BEGIN:X"] * 9), "'x.ics' cannot be read as a calendar: it has more than 10,000 entries, or entries in "
     "entries"),
    (calendar("X:" + "a" * 200_001), "'x.ics' cannot be read as a calendar: it has a line of more than 200,000 "
     "characters"),
    (calendar(event("SUMMARY:Freeze", "DTSTART;TZID=Our place:20270302T080000", "DURATION:PT1H")),
     "'x.ics' cannot be used: its entry 'Freeze': its time zone 'Our place' is neither defined in the file nor known"),
    (calendar(event("DTSTART:20270302T080000Z", "DTEND:20270302T070000Z")),
     "'x.ics' cannot be used: its entry 1: it ends (2027-03-02 07:00) before it starts (2027-03-02 08:00)"),
    (calendar(event("DTSTART:20270232T080000Z")),
     "'x.ics' cannot be used: its entry 1: '20270232T080000Z' is not a time such as 20270401T080000Z or 20270401"),
    (calendar(event("DURATION:PT1H")), "'x.ics' cannot be used: its entry 1: DTSTART is missing"),
    (calendar(event("DTSTART:20270302T080000Z", "DURATION:1 hour")),
     "'x.ics' cannot be used: its entry 1: DURATION '1 hour' is not a length such as PT2H or P1D"),
    (calendar(event(*WEEKLY, "RRULE:FREQ=SECONDLY;COUNT=1000000000")),
     "'x.ics' cannot be used: its entry 1: FREQ=SECONDLY comes back too often to be expanded; use HOURLY or rarer"),
    (calendar(event(*WEEKLY, "RRULE:every day")),
     "'x.ics' cannot be used: its entry 1: 'EVERY DAY' is not of the form PART=VALUE; write a rule such as "
     "FREQ=MONTHLY;BYDAY=2TU"),
    (calendar(event("DTSTART:19700101T000000Z", "DURATION:PT1M", "RRULE:FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30;COUNT=9")),
     "'x.ics' cannot be used: its entry 1: it comes back too often to be expanded; make it rarer, or end it with "
     "UNTIL"),
    (calendar("X-CALENDAR-TYPE:HALF_OPEN"),
     "'x.ics' has X-CALENDAR-TYPE 'HALF_OPEN'; use one DEFAULT_OPEN or DEFAULT_CLOSED"),
    (calendar(event("DTSTART:99991231T000000Z", "DURATION:P99999W")),
     "'x.ics' cannot be used: its entry 1 leads out of the calendar"),
    (b"BEGIN:VCALENDAR\r\nX:\xff\r\n", "x.ics, row 2: byte 0xff is not UTF-8 text; save the file as UTF-8"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problem"), WRONG)
def test_what_is_refused(tmp_path: Path, text: str | bytes, problem: str) -> None:
    meaning, findings = read(tmp_path, text)
    assert meaning is None
    assert findings.problems == [f"calendars.csv, row 2, file: {problem}"]


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    meaning, findings = read(tmp_path, b" " * 5_000_001)
    assert meaning is None
    assert "is 5 MB, more than the 5 MB that can be read" in findings.problems[0]
