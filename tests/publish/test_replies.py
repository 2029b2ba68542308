"""Answers to invitations are shown once beside the change, and a decline by a team's contact is an objection."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from builders import when
from hypothesis import given
from hypothesis import strategies as st
from publish.mail_world import Mailing, by_icalendar, mailing, parts_of

from scheduler.desk import workflow
from scheduler.desk.replies import Reply, replies
from scheduler.desk.store import Store
from scheduler.desk.tables import OBJECTIONS
from scheduler.publish.mailbox import MailboxError, by_imap, in_folder
from scheduler.publish.replies import read_answer, take_in
from scheduler.settings import Mailbox

ANNE = "anne@blue.example"


def invited(store: Store) -> Mailing:
    """Give a desk that invited Blue to A."""
    desk = mailing(store, replies=True)
    desk.scheduled("A", "Mon 02:00 +1w")
    assert desk.after(5) == 1
    return desk


def answer(
    desk: Mailing, partstat: str, *, sender: str = ANNE, attendee: str = ANNE, method: str = "REPLY", **more: str
) -> bytes:
    """Write what a program answers to the last invitation."""
    sent = parts_of(desk.contents()[-1])
    event = by_icalendar(sent["text/calendar"].get_payload(decode=True))
    given = {"UID": event.uid, "SEQUENCE": str(event.sequence), "COMMENT": "we close\\, our books"} | more
    times = ["DTSTART:20270309T020000Z", "DTEND:20270309T040000Z"]
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"METHOD:{method}",
        "BEGIN:VEVENT",
        *(f"{name}:{value}" for name, value in given.items()),
        *times,
        f"ATTENDEE;PARTSTAT={partstat}:mailto:{attendee}",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = f"Änne <{sender}>", "desk@maint.example.com", "Re: x"
    message["In-Reply-To"] = str(sent["message"]["Message-ID"])
    message.set_content("my words\n\nOn Monday somebody wrote:\n> theirs")
    message.add_alternative(
        "\r\n".join(lines).encode(), maintype="text", subtype="calendar", params={"method": method}, cte="base64"
    )
    return message.as_bytes()


def taken(desk: Mailing, *contents: bytes) -> tuple[int, str]:
    found = take_in(desk.store, [("m", one) for one in contents], by="ana", now=desk.now)
    return found.answers, "\n".join(found.remarks)


def kept(desk: Mailing) -> list[Reply]:
    with desk.store.reading() as connection:
        return replies(connection, change="A")


def test_a_decline_is_an_objection_once(store: Store) -> None:
    desk = invited(store)
    mail = answer(desk, "DECLINED")
    assert taken(desk, mail, mail) == (1, "")
    assert taken(desk, mail) == (0, "")
    (reply,) = kept(desk)
    assert (reply.team, reply.kind, reply.text, reply.outcome) == (
        "blue",
        "declined",
        "we close, our books",
        "objection",
    )
    (objection,) = desk.rows(OBJECTIONS)
    assert (objection["change"], objection["team"], objection["status"]) == ("A", "blue", "open")
    assert objection["reason"] == f"{ANNE} declined by mail: we close, our books"


@pytest.mark.parametrize(("partstat", "kind"), [("ACCEPTED", "accepted"), ("TENTATIVE", "tentative")])
def test_other_answers_are_shown(store: Store, partstat: str, kind: str) -> None:
    desk = invited(store)
    assert taken(desk, answer(desk, partstat)) == (1, "")
    assert [(one.kind, one.outcome) for one in kept(desk)] == [(kind, "shown")]
    assert desk.rows(OBJECTIONS) == []


def test_another_time_may_be_proposed(store: Store) -> None:
    desk = invited(store)
    assert taken(desk, answer(desk, "DECLINED", method="COUNTER")) == (1, "")
    (reply,) = kept(desk)
    assert (reply.kind, reply.start, reply.end) == ("countered", when("Tue 02:00 +1w"), when("Tue 04:00 +1w"))


def test_words_are_an_answer_too(store: Store) -> None:
    desk = invited(store)
    message = EmailMessage()
    message["From"], message["Subject"] = ANNE, "Re: x"
    message["In-Reply-To"] = str(parts_of(desk.contents()[-1])["message"]["Message-ID"])
    message.set_content("Not on Monday, please.\n\n> what you wrote")
    assert taken(desk, message.as_bytes()) == (1, "")
    assert [(one.kind, one.text) for one in kept(desk)] == [("said", "Not on Monday, please.")]
    del message["In-Reply-To"]
    assert taken(desk, message.as_bytes())[1] == "m: answers none of our mails"


def test_what_does_not_count_is_said(store: Store) -> None:
    desk = invited(store)
    cases = {
        "answers for somebody else": answer(desk, "DECLINED", sender="eve@blue.example"),
        "was not invited": answer(desk, "DECLINED", sender="eve@x.example", attendee="eve@x.example"),
        "was not invited to": answer(desk, "DECLINED", UID="another@maint.example.com"),
        "an earlier notice": answer(desk, "DECLINED", SEQUENCE="0"),
        "which is no answer": answer(desk, "DECLINED", method="REQUEST"),
        "not written by anybody": b"Auto-Submitted: auto-replied\r\n" + answer(desk, "DECLINED"),
        "says not who": b"Subject: x\r\n\r\nhello",
        "more than 5,000,000": b"x" * 5_000_001,
        "cannot be read (": answer(desk, "DECLINED").replace(b"QkVHSU46VkNBTEVOREFS", b"QkVHSU46VkNBTEVOREFT"),
    }
    for words, content in cases.items():
        count, said = taken(desk, content)
        assert (count, words in said) == (0, True), (words, said)
    assert kept(desk) == []
    assert desk.rows(OBJECTIONS) == []


def test_an_objection_that_is_not_possible_any_more_is_shown_all_the_same(store: Store) -> None:
    desk = invited(store)
    mail = answer(desk, "DECLINED")
    desk.now = when("Mon 02:00 +1w")
    desk.do(workflow.start, "A")
    assert taken(desk, mail) == (1, "")
    (reply,) = kept(desk)
    assert reply.outcome.startswith("no objection: ")


@given(st.binary(max_size=400), st.sampled_from([b"", b"From: a@b.example\r\nContent-Type: text/calendar\r\n\r\n"]))
def test_anything_can_come_in(content: bytes, head: bytes) -> None:
    found = read_answer(head + content)
    assert found


# --- where they come from --------------------------------------------------------------------------------------------


def test_mails_in_folders(tmp_path: Path) -> None:
    (tmp_path / "b.eml").write_bytes(b"B")
    (tmp_path / "a.eml").write_bytes(b"A")
    (tmp_path / ".hidden").write_bytes(b"C")
    assert list(in_folder(tmp_path)) == [("a.eml", b"A"), ("b.eml", b"B")]
    for name in ("new", "cur", "tmp"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1").write_bytes(name.encode())
    assert [content for _, content in in_folder(tmp_path)] == [b"cur", b"new"]
    with pytest.raises(MailboxError, match="cannot be read"):
        list(in_folder(tmp_path / "none"))


@contextmanager
def imap(contents: list[bytes], seen: set[int]) -> Iterator[Mailbox]:
    """Serve a mailbox by as much of IMAP as is used: LOGIN, SELECT, SEARCH, FETCH, STORE and LOGOUT."""

    def serve(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection, connection.makefile("rwb") as file:
            file.write(b"* OK IMAP4rev1 ready\r\n")
            file.flush()
            for line in file:
                tag, command, *rest = line.decode().split()
                numbers = [one for one in range(1, len(contents) + 1) if one not in seen]
                match command.upper():
                    case "CAPABILITY":
                        file.write(b"* CAPABILITY IMAP4rev1\r\n")
                    case "SELECT":
                        file.write(f"* {len(contents)} EXISTS\r\n".encode())
                    case "SEARCH":
                        file.write(f"* SEARCH {' '.join(map(str, numbers))}\r\n".encode())
                    case "FETCH" if "SIZE" in rest[1]:
                        file.write(f"* {rest[0]} FETCH (RFC822.SIZE {len(contents[int(rest[0]) - 1])})\r\n".encode())
                    case "FETCH":
                        content = contents[int(rest[0]) - 1]
                        file.write(f"* {rest[0]} FETCH (BODY[] {{{len(content)}}}\r\n".encode() + content + b")\r\n")
                    case "STORE":
                        seen.add(int(rest[0]))
                    case "LOGIN" if rest != ["ana", '"secret"']:
                        file.write(f"{tag} NO who are you\r\n".encode())
                        file.flush()
                        continue
                    case "LOGOUT":
                        file.write(b"* BYE\r\n")
                file.write(f"{tag} OK done\r\n".encode())
                file.flush()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        yield Mailbox(host="127.0.0.1", port=listening.getsockname()[1], security="none", user="ana", password="secret")  # type: ignore[arg-type]
        thread.join(20)


def test_mails_by_imap_are_marked_when_they_were_taken_in() -> None:
    contents, seen = [b"From: a\r\n\r\nA", b"From: b\r\n\r\nB", b"x" * 5_000_001], {1}
    with imap(contents, seen) as settings, by_imap(settings) as found:
        assert found == [("mail 2", contents[1])]
        assert seen == {1}
    assert seen == {1, 2, 3}


def test_a_mailbox_that_refuses_is_no_crash() -> None:
    with imap([], set()) as settings:
        stranger = by_imap(settings.model_copy(update={"user": "eve"}))
        with pytest.raises(MailboxError, match="who are you"), stranger:
            raise AssertionError
    with pytest.raises(MailboxError, match="no mailbox is set"), by_imap(Mailbox()):
        raise AssertionError
