"""Invitations agree with the store, whoever reads them (RFC 5545, 5546, 6047)."""

import email.utils
from dataclasses import replace

import pytest
from builders import change, engineer, when
from hypothesis import given
from hypothesis import strategies as st
from publish.mail_world import DESK_ADDRESS, Invited, by_icalendar, by_vobject, mailing, offices, parts_of
from strict_ical import read

from scheduler.desk import workflow
from scheduler.desk.runner import Runner
from scheduler.desk.runs import ask_run
from scheduler.desk.store import Store
from scheduler.desk.windows import DeskWindow
from scheduler.desk.windows import window as window_of
from scheduler.publish.addresses import addresses, is_address
from scheduler.publish.contents import Content, Status
from scheduler.publish.invites import Envelope, Person, invite_files, invite_mail
from scheduler.publish.letter import Letter
from scheduler.publish.stream import Entry


def checked(content: bytes, method: str) -> Invited:
    """Read an invitation with every reader, which must agree, and check the form of the mail."""
    assert content.count(b"\n") == content.count(b"\r\n") == content.count(b"\r")
    assert content.isascii()
    parts = parts_of(content)
    message, calendar, file = (parts[name] for name in ("message", "text/calendar", "application/ics"))
    assert [one.get_content_type() for one in message.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    assert calendar.get_param("method") == method
    assert calendar.get_content_charset() == "utf-8"
    assert calendar.get_content_disposition() is None
    assert file.get_content_disposition() == "attachment"
    stream = calendar.get_payload(decode=True)
    assert stream == file.get_payload(decode=True)
    assert stream.count(b"\n") == stream.count(b"\r\n") == stream.count(b"\r")
    (event,) = read(stream).parts
    found = by_icalendar(stream)
    assert found == by_vobject(stream)
    assert (found.uid, str(found.sequence)) == (event.one("UID"), event.one("SEQUENCE"))
    assert found.method == method
    assert email.utils.parseaddr(message["From"])[1] == found.organizer == DESK_ADDRESS
    assert email.utils.parseaddr(message["To"])[1] == found.attendee
    assert message["Auto-Submitted"] == "auto-generated"
    return found


def agrees(found: Invited, window: DeskWindow | None) -> None:
    assert window is not None
    assert (found.uid, found.sequence) == (f"{window.id}@maint.example.com", window.sequence)
    assert (found.start, found.end) == (window.start, window.reserved_until)
    assert found.status == {"scheduled": "CONFIRMED", "cancelled": "CANCELLED"}[window.status]


def test_a_request_an_update_and_a_cancel_agree_with_the_store(store: Store) -> None:
    desk = mailing(store)
    desk.scheduled("A", "Mon 02:00 +1w")
    window = desk.window("A")
    assert desk.after(5) == 1
    first = checked(desk.contents()[-1], "REQUEST")
    agrees(first, window)
    assert first.attendee == "anne@blue.example"
    assert first.summary == "Order entry nicht verfügbar"

    desk.scheduled("A", "Wed 03:30 +1w")
    assert desk.after(5) == 1
    second = checked(desk.contents()[-1], "REQUEST")
    agrees(second, desk.window("A"))
    assert (second.uid, second.sequence > first.sequence) == (first.uid, True)

    desk.do(workflow.cancel, "A", reason="not needed")
    assert desk.after(5) == 1
    third = checked(desk.contents()[-1], "CANCEL")
    assert window is not None
    with store.reading() as connection:
        agrees(third, window_of(connection, window.id))
    assert (third.uid, third.sequence > second.sequence) == (first.uid, True)
    # Each answers the first, so that mail programs show them together.
    ids = [parts_of(one)["message"]["Message-ID"] for one in desk.contents()]
    assert [parts_of(one)["message"]["References"] for one in desk.contents()] == [None, ids[0], ids[0]]


def test_engineers_are_invited_in_the_words_of_the_work(store: Store) -> None:
    asked = replace(change("A", skills="dba", earliest="Mon 02:00 +1w"), title="New index; vacuum")
    ana = replace(engineer("Ana", skills="dba"), email="ana@maint.example.com")
    desk = mailing(store, offices(asked, engineers=[ana]))
    number, _ = ask_run(store, by="ana", time_limit=5.0, planned_at=desk.now)
    Runner(store, number).go()
    workflow.propose(store, 1, by="ana", now=desk.now)
    desk.do(workflow.approve, "A")
    assert desk.after(5) == 2
    (found,) = [one for one in desk.contents() if b"ana@maint.example.com" in one]
    invited = checked(found, "REQUEST")
    agrees(invited, desk.window("A"))
    assert invited.summary == "New index; vacuum (A)"


def test_files_to_send_by_hand(store: Store) -> None:
    desk = mailing(store)
    assert invite_files(store, "A", desk.now) == {}
    desk.scheduled("A", "Mon 02:00 +1w")
    desk.scheduled("B", "Mon 02:00 +1w")
    files = invite_files(store, "A", desk.now)
    assert sorted(files) == ["team-blue.eml", "team-blue.ics"]
    agrees(checked(files["team-blue.eml"], "REQUEST"), desk.window("A"))
    assert by_icalendar(files["team-blue.ics"]) == by_icalendar(
        parts_of(files["team-blue.eml"])["text/calendar"].get_payload(decode=True)
    )
    assert invite_files(store, "A", desk.now) == files
    assert invite_files(store, "A", desk.now, team="green") == {}
    desk.move("C", "Tue 02:00 +1w")
    assert by_icalendar(invite_files(store, "C", desk.now)["team-green.ics"]).status == "TENTATIVE"
    assert invite_files(store, "C", desk.now, proposals=False) == {}


TEXT = st.text(st.characters(codec="utf-8"), max_size=60)


@given(summary=TEXT, line=TEXT, name=TEXT, subject=TEXT)
def test_nothing_that_users_wrote_adds_a_line(summary: str, line: str, name: str, subject: str) -> None:
    start = when("Mon 02:00")
    entry = Entry(
        id="w",
        uid="w@maint.example.com",
        revision=3,
        revised_at=start,
        status=Status.CONFIRMED,
        start=start,
        end=when("Mon 04:00"),
        content=Content(summary=summary, location=line, contact=name),
    )
    envelope = Envelope(
        sender=Person(DESK_ADDRESS, name), to=Person("a@b.example", name), at=start, id="1.x@maint.example.com"
    )
    content = invite_mail(entry, envelope, Letter(subject, summary, name, (line,)))
    found = checked(content, "REQUEST")
    assert (found.uid, found.sequence, found.attendee) == ("w@maint.example.com", 3, "a@b.example")
    assert content == invite_mail(entry, envelope, Letter(subject, summary, name, (line,)))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a@b.example", ["a@b.example"]),
        ("a@b.example; c@d.example,a@b.example", ["a@b.example", "c@d.example"]),
        ("Anna <a@b.example>", []),
        ("a@b.example\r\nBcc: x@y.example", ["a@b.example", "x@y.example"]),
        ("ä@b.example .a@b.example a..b@c.example @b.example a@ a@b@c.example", []),
    ],
)
def test_only_what_any_server_takes_is_an_address(text: str, found: list[str]) -> None:
    assert addresses(text) == found
    assert all(is_address(one) for one in found)
