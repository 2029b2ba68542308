"""What vendors send is read as it is meant: the standard's notices, what is sent in their place, and mails of both."""

import base64
import json
import os
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from unittest import SkipTest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.inputs.notices import Notice, NoticeError, read_notices
from scheduler.portfolio import Impact

REAL = "SCHEDULER_TEST_NOTICES"
"""Names a folder of notices as vendors sent them, each beside its expected result (NAME_result.json)."""


def calendar(*lines: str) -> bytes:
    times = ["DTSTART:20270310T220000Z", "DTEND:20270311T020000Z"] if not any("DTSTART" in one for one in lines) else []
    inside = ["BEGIN:VEVENT", "UID:u1@carrier.example", *times, *lines, "END:VEVENT"]
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *inside, "END:VCALENDAR", ""]).encode()


MAINTNOTE = (
    "SUMMARY:Splicing\\, west",
    "SEQUENCE:2",
    "DTSTAMP:20270301T080000Z",
    "ORGANIZER;CN=noc@carrier.example:mailto:noc@carrier.example",
    "X-MAINTNOTE-PROVIDER:carrier.example",
    "X-MAINTNOTE-ACCOUNT:4711",
    "X-MAINTNOTE-MAINTENANCE-ID:WO-1",
    "X-MAINTNOTE-OBJECT-ID;X-MAINTNOTE-OBJECT-IMPACT=DEGRADED:line\\,1",
    "X-MAINTNOTE-OBJECT-ID:line2",
    "X-MAINTNOTE-IMPACT:REDUCED-REDUNDANCY",
    "X-MAINTNOTE-STATUS:CONFIRMED",
)


def one(content: bytes) -> Notice:
    (found,), _ = read_notices(content)
    return found


def test_a_notice_of_the_standard() -> None:
    assert one(calendar(*MAINTNOTE)) == Notice(
        provider="carrier.example",
        account="4711",
        id="WO-1",
        uid="u1@carrier.example",
        sequence=2,
        stamp=datetime(2027, 3, 1, 8, tzinfo=UTC),
        status="CONFIRMED",
        impact=Impact.DEGRADED,
        objects=(("line,1", Impact.DEGRADED), ("line2", Impact.REDUCED_REDUNDANCY)),
        start=datetime(2027, 3, 10, 22, tzinfo=UTC),
        end=datetime(2027, 3, 11, 2, tzinfo=UTC),
        summary="Splicing, west",
        organizer="noc@carrier.example",
    )


def test_a_plain_entry_is_an_outage_of_what_it_names() -> None:
    found = one(calendar("SUMMARY:Router swap", "LOCATION:wan-1", "CATEGORIES:wan-2,wan-1", "STATUS:TENTATIVE"))
    assert (found.provider, found.id, found.sequence) == ("unknown", "u1@carrier.example", -1)
    assert found.objects == (("wan-1", Impact.OUTAGE), ("wan-2", Impact.OUTAGE))
    assert (found.status, found.impact) == ("TENTATIVE", Impact.OUTAGE)


@pytest.mark.parametrize(
    ("line", "remark"),
    [
        ("X-MAINTNOTE-STATUS:RE-SCHEDULED", ""),
        ("X-MAINTNOTE-STATUS:X-SOON", "which nobody defined; taken for CONFIRMED"),
        ("X-MAINTNOTE-IMPACT:X-BAD", "which nobody defined; taken for OUTAGE"),
        ("X-MAINTNOTE-OBJECT-ID;SR=1:ABC(X) EP1:AA-6-\r\nELE", "broken without the space"),
        ("RRULE:FREQ=WEEKLY", "only its first time is taken"),
    ],
)
def test_what_is_odd_is_read_and_said(line: str, remark: str) -> None:
    (found,), remarks = read_notices(calendar(line))
    assert (found.status, found.impact) == ("CONFIRMED", Impact.OUTAGE)
    assert remark in "".join(remarks)
    assert bool(remarks) == bool(remark)
    if "EP1" in line:
        assert [name for name, _ in found.objects] == ["ABC(X) EP1:AA-6-ELE"]


def test_several_ids_have_one_that_comes_first() -> None:
    ids = ("X-MAINTNOTE-MAINTENANCE-ID:A", "X-MAINTNOTE-MAINTENANCE-ID;X-MAINTNOTE-PRECEDENCE=PRIMARY:B")
    assert one(calendar(*ids)).id == "B"


def test_the_highest_sequence_counts() -> None:
    both = calendar("SEQUENCE:3", "STATUS:CANCELLED").replace(b"END:VCALENDAR\r\n", b"")
    both += calendar("SEQUENCE:2").split(b"VERSION:2.0\r\n", 1)[1]
    assert one(both).status == "CANCELLED"


def test_mails_and_wrapped_calendars() -> None:
    content = calendar(*MAINTNOTE)
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "noc@carrier.example", "Maintenance"
    mail.set_content("see the calendar")
    mail.add_attachment(content, maintype="text", subtype="calendar", filename="a.ics")
    mail.add_attachment(content, maintype="application", subtype="ics", filename="b.ics")
    for wrapped in (
        mail.as_bytes(),
        base64.encodebytes(content),
        b"\xef\xbb\xbf" + content,
        content.replace(b"\r", b""),
    ):
        assert one(wrapped) == one(content)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "neither a calendar nor a mail"),
        (b"<html>", "neither a calendar nor a mail"),
        (b"AAAA", "neither a calendar nor a mail"),
        (b"From: a@b.example\r\n\r\nwe work at night", "no calendar in it"),
        (b"x" * 5_000_001, "more than 5,000,000 bytes"),
        (calendar()[:-20], "cannot be read as a calendar"),
        (calendar("DTSTART:20270310T220000Z"), "ends when it starts"),
        (calendar("DTSTART;TZID=Moon:20270310T220000"), "neither defined in the file nor known"),
        (calendar("DTSTART:20270310T220000Z", "DTEND:20270309T220000Z"), "before it starts"),
        (calendar().replace(b"UID:u1@carrier.example\r\n", b""), "neither a MAINTENANCE-ID nor a UID"),
    ],
)
def test_what_is_refused(content: bytes, problem: str) -> None:
    with pytest.raises(NoticeError, match=problem):
        read_notices(content)


@given(data=st.data())
def test_damaged_notices_are_read_or_refused(data: st.DataObject) -> None:
    content = bytearray(calendar(*MAINTNOTE))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content)))
        content[at : at + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=10))
    try:
        found, _ = read_notices(bytes(content))
    except NoticeError:
        found = []
    assert all(notice.start < notice.end for notice in found)


def real_notices() -> list[Path]:
    """List the calendars in the folder of real notices."""
    folder = os.environ.get(REAL)
    if not folder:
        raise SkipTest(f"left out: {REAL} names no folder of real notices")
    found = [path for path in sorted(Path(folder).rglob("*")) if path.is_file() and path.suffix != ".json"]
    return [path for path in found if b"BEGIN:VCALENDAR" in path.read_bytes()]


def test_real_notices_have_the_windows_that_were_expected() -> None:
    paths = real_notices()
    assert len(paths) == 9
    for path in paths:
        expected = json.loads(path.with_name(f"{path.name}_result.json").read_text("utf-8"))
        found, _ = read_notices(path.read_bytes())
        assert [(one.start.timestamp(), one.end.timestamp()) for one in found] == [
            (one["start"], one["end"]) for one in expected
        ]
        for mine, theirs in zip(found, expected, strict=True):
            names = ("provider", "account", "uid", "sequence", "status", "summary")
            assert {name: getattr(mine, name) for name in names} == {name: theirs[name] for name in names}
            assert mine.id == theirs["maintenance_id"]
            assert len(mine.objects) == len(theirs["circuits"])
            # A line that was broken loses its rest in the other reader.
            for (name, impact), other in zip(mine.objects, theirs["circuits"], strict=True):
                assert name.startswith(other["circuit_id"])
                assert impact.value == other["impact"]
