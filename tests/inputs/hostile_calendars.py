"""Calendars as they come from everywhere, and what each means in March 2027, or why it is refused."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """A file, and either the start of every time it takes (UTC, or a day) or words of the refusal."""

    content: bytes
    starts: tuple[str, ...] = ()
    refused: str = ""
    warned: str = ""


def calendar(*lines: str, head: tuple[str, ...] = ()) -> bytes:
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *head, *lines, "END:VCALENDAR", ""]).encode()


def event(
    *lines: str, uid: str = "1", start: str = "20270310T100000Z", end: str = "20270310T110000Z"
) -> tuple[str, ...]:
    """Give the lines of an entry; start and end come with parameters where they have a colon."""
    given = (("DTSTART", start), ("DTEND", end))
    times = [f"{name}{'' if ':' in text else ':'}{text}" for name, text in given if text]
    return ("BEGIN:VEVENT", f"UID:{uid}", *times, *lines, "END:VEVENT")


TEN = ("2027-03-10T10:00:00Z",)
BERLIN = ";TZID=Europe/Berlin:"
DAYS = ",".join(str(one) for one in range(1, 32))
WEEK = tuple(f"2027-03-{day:02}T10:00:00Z" for day in (10, 11, 13, 15, 16))

ZONE = (
    "BEGIN:VTIMEZONE",
    "TZID:Here",
    "BEGIN:STANDARD",
    "DTSTART:19700101T000000",
    "TZOFFSETFROM:+0300",
    "TZOFFSETTO:+0300",
    "END:STANDARD",
    "END:VTIMEZONE",
)
SECONDLY_ZONE = (*ZONE[:3], ZONE[3], "RRULE:FREQ=SECONDLY", *ZONE[4:])

CASES: dict[str, Case] = {
    # --- recurrence bombs ---
    "every second": Case(calendar(*event("RRULE:FREQ=SECONDLY;COUNT=1000000000")), refused="too often"),
    "every minute": Case(calendar(*event("RRULE:FREQ=MINUTELY")), refused="too often"),
    "cross product": Case(
        calendar(
            *event(
                f"RRULE:FREQ=YEARLY;BYMONTHDAY={DAYS};BYHOUR={','.join(map(str, range(24)))};"
                f"BYMINUTE={','.join(map(str, range(60)))};BYSECOND={','.join(map(str, range(60)))}"
            )
        ),
        refused="times a day",
    ),
    "hourly since the year 1": Case(
        calendar(*event("RRULE:FREQ=HOURLY;COUNT=999999999", start="00010101T000000Z", end="00010101T000100Z")),
        refused="too often",
    ),
    "rules by the thousand": Case(
        calendar(*(line for number in range(10_000) for line in event("RRULE:FREQ=HOURLY", uid=str(number)))),
        refused="too often",
    ),
    "never comes": Case(calendar(*event("RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")), TEN),
    "never comes by set position": Case(calendar(*event("RRULE:FREQ=DAILY;BYHOUR=10;BYSETPOS=7")), TEN),
    "a zone that changes every second": Case(
        calendar(*SECONDLY_ZONE, *event(start=";TZID=Here:20270310T130000", end=";TZID=Here:20270310T140000")),
        refused="too often",
    ),
    "nonsense rule": Case(calendar(*event("RRULE:FREQ=SOMETIMES")), refused="SOMETIMES"),
    "rule without end of time": Case(calendar(*event("RRULE:FREQ=YEARLY;INTERVAL=999999999")), TEN),
    # --- size ---
    "too large": Case(calendar("X-FILL:" + "x" * 100) + b"X" * 5 * 2**20, refused="5 MB"),
    "nearly too large": Case(
        calendar(*(line for number in range(4000) for line in event("DESCRIPTION:" + "x" * 1100, uid=str(number)))),
        TEN * 4000,
    ),
    "a line of a megabyte": Case(calendar(*event("DESCRIPTION:" + "x" * 2**20)), refused="a line of more than"),
    "a folded line of a megabyte": Case(calendar(*event("DESCRIPTION:" + "\r\n ".join(["x" * 70] * 15_000))), TEN),
    "too many entries": Case(
        calendar(*(line for number in range(10_001) for line in event(uid=str(number)))), refused="more than 10,000"
    ),
    "entries in entries": Case(calendar(*["BEGIN:VEVENT"] * 500, *["END:VEVENT"] * 500), refused="entries in entries"),
    # --- zones ---
    "unknown zone": Case(
        calendar(*event(start=";TZID=Moon/Base:20270310T110000", end=";TZID=Moon/Base:20270310T120000")),
        refused="Moon/Base",
    ),
    "Windows zone": Case(
        calendar(
            *event(
                start=";TZID=W. Europe Standard Time:20270310T110000",
                end=";TZID=W. Europe Standard Time:20270310T120000",
            )
        ),
        TEN,
    ),
    "a zone of the file": Case(
        calendar(*ZONE, *event(start=";TZID=Here:20270310T130000", end=";TZID=Here:20270310T140000")), TEN
    ),
    "floating": Case(
        calendar(*event(start="20270310T110000", end="20270310T120000")), TEN, warned="times without a zone"
    ),
    "floating with a zone of the calendar": Case(
        calendar(*event(start="20270310T060000", end="20270310T070000"), head=("X-WR-TIMEZONE:America/New_York",)),
        ("2027-03-10T11:00:00Z",),
    ),
    "the skipped hour": Case(
        # Europe/Berlin has no 02:30 on 28 March 2027; it is half past one UTC, when clocks show 03:30.
        calendar(*event(start=f"{BERLIN}20270328T023000", end=f"{BERLIN}20270328T043000")),
        ("2027-03-28T01:30:00Z",),
    ),
    "daily over the jump": Case(
        calendar(*event("RRULE:FREQ=DAILY;COUNT=2", start=f"{BERLIN}20270327T110000", end=f"{BERLIN}20270327T120000")),
        ("2027-03-27T10:00:00Z", "2027-03-28T09:00:00Z"),
    ),
    "the repeated hour": Case(
        # Clocks in Cairo's former rules do not matter: the file says when they go back, on 7 March at 03:00 to 02:00.
        calendar(
            "BEGIN:VTIMEZONE",
            "TZID:Back",
            "BEGIN:STANDARD",
            "DTSTART:20270307T030000",
            "TZOFFSETFROM:+0200",
            "TZOFFSETTO:+0100",
            "END:STANDARD",
            "END:VTIMEZONE",
            *event(start=";TZID=Back:20270307T023000", end=";TZID=Back:20270307T040000"),
        ),
        ("2027-03-07T00:30:00Z",),
    ),
    # --- not a calendar, or not whole ---
    "truncated": Case(calendar(*event())[:-20], refused="ends what did not begin"),
    "cut in an entry": Case(calendar(*event())[:70], refused="cut off"),
    "a web page": Case(b"<!DOCTYPE html><html><title>Sign in</title></html>", refused="web page"),
    "a web page after spaces": Case(b"\r\n  <html>", refused="web page"),
    "empty": Case(b"", refused="empty"),
    "Latin-1": Case(calendar(*event("SUMMARY:Füllung")).decode().encode("latin-1"), refused="not UTF-8"),
    "UTF-16": Case(calendar(*event()).decode().encode("utf-16"), refused="not UTF-8"),
    "zeros": Case(calendar(*event("SUMMARY:a\0b")), refused="NUL"),
    "a picture": Case(b"\x89PNG\r\n\x1a\n" + bytes(range(256)), refused="not UTF-8"),
    "mark of bytes": Case(b"\xef\xbb\xbf" + calendar(*event()), TEN),
    "only LF": Case(calendar(*event()).replace(b"\r\n", b"\n"), TEN),
    "small letters": Case(calendar(*event()).replace(b"DTSTART", b"dtstart").replace(b"VEVENT", b"vevent"), TEN),
    "no colon": Case(calendar(*event("THIS IS NO LINE")), refused="not of the form"),
    # --- lines that come in through text ---
    "an escaped line": Case(calendar(*event("SUMMARY:a\\nDTSTART:20270301T000000Z")), TEN),
    "a line separator": Case(
        calendar(*event("SUMMARY:a\u2028DTSTART:20270301T000000Z\x85DTEND:20270302T000000Z")), TEN
    ),
    "a form feed": Case(calendar(*event("SUMMARY:a\x0cDTSTART:20270301T000000Z\x1cX:y\x0bZ:1")), TEN),
    "a parameter with a colon": Case(calendar(*event('ATTENDEE;CN="a:DTSTART":mailto:a@b.example')), TEN),
    # --- which entry counts ---
    "two sequences": Case(
        calendar(
            *event("SEQUENCE:3"),
            *event("SEQUENCE:10", start="20270311T100000Z", end="20270311T110000Z"),
            *event("SEQUENCE:2", start="20270312T100000Z", end="20270312T110000Z"),
        ),
        ("2027-03-11T10:00:00Z",),
    ),
    "cancelled": Case(calendar(*event("STATUS:CANCELLED"), *event(uid="2")), TEN),
    "cancelled later": Case(calendar(*event("SEQUENCE:1"), *event("SEQUENCE:2", "STATUS:CANCELLED"))),
    "overridden": Case(
        # 10 to 16 March at 10:00; the 12th is cancelled, and the 14th left out.
        calendar(
            *event("RRULE:FREQ=DAILY;COUNT=7", "EXDATE:20270314T100000Z"),
            *event(
                "RECURRENCE-ID:20270312T100000Z", "STATUS:CANCELLED", start="20270312T100000Z", end="20270312T110000Z"
            ),
        ),
        WEEK,
    ),
    "moved": Case(
        calendar(
            *event("RRULE:FREQ=DAILY;COUNT=3"),
            *event("RECURRENCE-ID:20270311T100000Z", start="20270320T100000Z", end="20270320T110000Z"),
        ),
        ("2027-03-10T10:00:00Z", "2027-03-12T10:00:00Z", "2027-03-20T10:00:00Z"),
    ),
    # --- times ---
    "ends before it starts": Case(calendar(*event(end="20270309T100000Z")), refused="before it starts"),
    "no such day": Case(calendar(*event(start="20270230T100000Z")), refused="is not a time"),
    "the last day there is": Case(
        calendar(*event("RRULE:FREQ=DAILY", start="99991231T230000Z", end="99991231T235959Z")),
    ),
    "out of the calendar": Case(
        calendar(*event("DURATION:P99999W", start="99991231T230000Z", end="")), refused="out of the calendar"
    ),
    "a negative length": Case(calendar(*event("DURATION:-PT1H", end="")), refused="is not a length"),
    "no start": Case(calendar(*event(start="")), refused="DTSTART is missing"),
    "without length": Case(calendar(*event(end="20270310T100000Z")), warned="without length"),
    "whole days": Case(
        calendar(*event(start=";VALUE=DATE:20270328", end=";VALUE=DATE:20270329")), ("2027-03-27T23:00:00Z",)
    ),
}
