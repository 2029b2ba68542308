"""Reads what vendors send about their work: calendars with the MAINTNOTE properties, plain ones, and mails of them.

MAINTNOTE is a draft that carriers use (draft-gunter-calext-maintenance-notifications-00); what they send differs from
it, and is taken as it is meant: lines broken without the space that marks it, no SEQUENCE, STATUS or ORGANIZER, the
status RE-SCHEDULED, impact by object. A notice without an impact is one of an outage. Of notices with one UID the
highest SEQUENCE counts. Mails and web pages in words are read by another program, where there is one
(`scheduler.inputs.notice_parser`).
"""

import base64
import binascii
import email
import email.policy
import quopri
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Literal

from scheduler.horizon import Window
from scheduler.inputs.components import Component, components, value_text
from scheduler.inputs.errors import shown
from scheduler.inputs.ical import first_window
from scheduler.inputs.recurrence import RuleError
from scheduler.portfolio import Impact

NoticeStatus = Literal["TENTATIVE", "CONFIRMED", "CANCELLED", "IN-PROCESS", "COMPLETED"]
MOST_BYTES = 5_000_000
_STATUSES: dict[str, NoticeStatus] = {
    "TENTATIVE": "TENTATIVE",
    "CONFIRMED": "CONFIRMED",
    "CANCELLED": "CANCELLED",
    "CANCELED": "CANCELLED",
    "IN-PROCESS": "IN-PROCESS",
    "COMPLETED": "COMPLETED",
    "RE-SCHEDULED": "CONFIRMED",
}
_PROPERTY = re.compile(r"[A-Za-z][A-Za-z0-9-]*[;:]")
_BASE64 = re.compile(rb"[A-Za-z0-9+/\s]+={0,2}\s*")
_HEADER = re.compile(rb"[A-Za-z][A-Za-z0-9-]*:|From ")
_CALENDARS = ("text/calendar", "application/ics")


class NoticeError(ValueError):
    """A notice that cannot be read; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One piece of a vendor's work: in [start, end) its `objects`, by the vendor's ids, have an impact each.

    `id` is the vendor's, `sequence` counts its notices of it (-1: not told), `stamp` is when this one was made.
    """

    provider: str
    account: str = ""
    id: str
    uid: str = ""
    sequence: int = -1
    stamp: datetime | None = None
    status: NoticeStatus = "CONFIRMED"
    impact: Impact = Impact.OUTAGE
    objects: tuple[tuple[str, Impact], ...] = ()
    start: datetime
    end: datetime
    summary: str = ""
    organizer: str = ""


def read_notices(content: bytes, zone: str = "UTC", source: str = "") -> tuple[list[Notice], list[str]]:
    """Read the notices in a calendar, or in a mail that has one; give them, and remarks on what was odd.

    `zone` is that of whole days and of times without a zone; `source` stands for the provider where none is named.

    Raises
    ------
    NoticeError
        If there is no calendar in it, or it cannot be read as a whole.
    """
    if len(content) > MOST_BYTES:
        raise NoticeError(f"has more than {MOST_BYTES:,} bytes")
    remarks: dict[str, None] = {}
    found: dict[tuple[str, str], Notice] = {}
    for stream in _streams(content):
        for notice in _notices(stream, zone, source, remarks):
            key = (notice.provider, notice.uid or notice.id)
            if key not in found or notice.sequence >= found[key].sequence:
                found[key] = notice
    return list(found.values()), list(remarks)


def _streams(content: bytes) -> Iterator[str]:
    """Give the calendars in what was sent."""
    plain = content.lstrip(b"\xef\xbb\xbf \r\n\t")
    if not plain[:15].upper().startswith(b"BEGIN:VCALENDAR") and _BASE64.fullmatch(plain):
        try:
            plain = base64.b64decode(plain, validate=False).lstrip(b"\xef\xbb\xbf \r\n\t")
        except binascii.Error as error:
            raise NoticeError(f"is neither a calendar nor a mail ({error})") from error
    if plain[:15].upper().startswith(b"BEGIN:VCALENDAR"):
        yield _text(plain)
        return
    if not _HEADER.match(plain):
        raise NoticeError("is neither a calendar nor a mail")
    message = email.message_from_bytes(plain, policy=email.policy.default)
    parts = [part for part in message.walk() if part.get_content_type() in _CALENDARS]
    if not parts:
        raise NoticeError("has no calendar in it; it needs a program that reads the words of vendors")
    # The same calendar mostly comes twice in a mail, for two kinds of reader.
    seen: dict[str, None] = {}
    for part in parts:
        body = part.get_payload(decode=True) if isinstance(part, EmailMessage) else b""
        seen[_text(body if isinstance(body, bytes) else b"")] = None
    yield from seen


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig").replace("\0", "")
    except UnicodeDecodeError:
        return content.decode("latin-1").replace("\0", "")


def _mended(text: str) -> tuple[str, bool]:
    """Put lines together that were broken without the space that says so; tell whether there were any."""
    lines: list[str] = []
    broken = False
    for line in re.split(r"\r\n|\r|\n", text):
        if lines and line and line[0] not in " \t" and not _PROPERTY.match(line):
            lines[-1] += line
            broken = True
        else:
            lines.append(line)
    return "\r\n".join(lines), broken


def _notices(stream: str, zone: str, source: str, remarks: dict[str, None]) -> Iterator[Notice]:
    text, broken = _mended(stream)
    if broken:
        remarks["has lines that are broken without the space that marks it; they were put together"] = None
    try:
        calendars = components(text)
    except (ValueError, LookupError) as error:
        raise NoticeError(f"cannot be read as a calendar: {error}") from error
    for calendar in calendars:
        for part in calendar.inside:
            if part.name == "VEVENT":
                try:
                    window, odd = first_window(calendar, part, zone)
                except (RuleError, OverflowError, ValueError) as error:
                    raise NoticeError(f"its entry {shown(_value(part, 'SUMMARY'))}: {error}") from error
                if window.end <= window.start:
                    raise NoticeError(f"its entry {shown(_value(part, 'SUMMARY'))} ends when it starts")
                remarks.update(dict.fromkeys(odd))
                yield _notice(part, window, source, remarks)


def _notice(part: Component, window: Window, source: str, remarks: dict[str, None]) -> Notice:
    organizer = part.text("ORGANIZER").removeprefix("mailto:").removeprefix("MAILTO:")
    impact = _impact(_value(part, "X-MAINTNOTE-IMPACT"), Impact.OUTAGE, remarks)
    objects = [
        (value_text(value), _impact(parameters.get("X-MAINTNOTE-OBJECT-IMPACT", ""), impact, remarks))
        for parameters, value in part.all("X-MAINTNOTE-OBJECT-ID")
    ]
    ids = part.all("X-MAINTNOTE-MAINTENANCE-ID")
    first = [value for parameters, value in ids if parameters.get("X-MAINTNOTE-PRECEDENCE", "").upper() == "PRIMARY"]
    uid = _value(part, "UID")
    id = value_text((first or [value for _, value in ids] or [uid])[0])
    if not id:
        raise NoticeError(f"its entry {shown(_value(part, 'SUMMARY'))} has neither a MAINTENANCE-ID nor a UID")
    given = (_value(part, "X-MAINTNOTE-STATUS") or _value(part, "STATUS") or "CONFIRMED").upper()
    if given not in _STATUSES:
        remarks[f"has the status {shown(given)}, which nobody defined; taken for CONFIRMED"] = None
    sequence = part.text("SEQUENCE")
    stamp = part.text("DTSTAMP")
    return Notice(
        provider=_value(part, "X-MAINTNOTE-PROVIDER") or organizer.rpartition("@")[2] or source or "unknown",
        account=_value(part, "X-MAINTNOTE-ACCOUNT"),
        id=id,
        uid=uid,
        sequence=int(sequence) if sequence.isdecimal() and len(sequence) < 10 else -1,
        stamp=_stamp(stamp),
        status=_STATUSES.get(given, "CONFIRMED"),
        impact=max([impact, *(one for _, one in objects)], key=list(Impact).index),
        objects=tuple(objects) or tuple((one, impact) for one in _places(part)),
        start=window.start,
        end=window.end,
        summary=_value(part, "SUMMARY"),
        organizer=organizer,
    )


def _value(part: Component, name: str) -> str:
    for parameters, value in part.all(name):
        if parameters.get("ENCODING", "").upper() == "QUOTED-PRINTABLE":
            value = quopri.decodestring(value.encode("utf-8")).decode("utf-8", "replace")
        return value_text(value)
    return ""


def _places(part: Component) -> Iterable[str]:
    """Name what a plain entry is about: what it calls its place and its kinds."""
    names = [
        _value(part, "LOCATION"),
        *(value_text(one) for _, value in part.all("CATEGORIES") for one in value.split(",")),
    ]
    return [one for one in dict.fromkeys(names) if one]


def _impact(text: str, otherwise: Impact, remarks: dict[str, None]) -> Impact:
    if not text:
        return otherwise
    try:
        return Impact(text.upper())
    except ValueError:
        remarks[f"has the impact {shown(text)}, which nobody defined; taken for OUTAGE"] = None
        return Impact.OUTAGE


def _stamp(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None
