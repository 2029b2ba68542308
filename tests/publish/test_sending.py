"""Each mail reaches a real server once, in order, whatever becomes of the sender, the server or the mail."""

import email
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from icalendar import Calendar
from publish.mail_world import MINUTES, MORNING, Letterbox, free_port, mailing, served

from scheduler.desk.outbox import (
    HandedOver,
    add_mail,
    due,
    end,
    mails,
    next_number,
    recover,
    send_again,
    take,
)
from scheduler.desk.store import Store
from scheduler.publish.sending import BusyError, _alone, send_waiting
from scheduler.settings import Mail as MailSettings

CRASHES = 10


def fill(store: Store, *addresses: str) -> None:
    """Write down a mail to each of some addresses."""
    with store.writing() as connection:
        for address in addresses:
            number = next_number(connection)
            add_mail(
                connection,
                id=number,
                message_id=f"{number}@maint.example.com",
                sender="desk@maint.example.com",
                address=address,
                subject="s",
                windows=["w"],
                content=f"Message-ID: <{number}@maint.example.com>\r\n\r\n.hidden\r\n..\r\n.\r\nend".encode(),
                at=MORNING,
            )


def states(store: Store) -> list[tuple[str, int]]:
    with store.reading() as connection:
        return [(one.status, one.attempts) for one in mails(connection)]


def at(instant: datetime = MORNING) -> Callable[[], datetime]:
    return lambda: instant


def test_every_mail_arrives_once_and_whole(store: Store, tmp_path: Path) -> None:
    fill(store, "a@x.example", "b@x.example", "a@x.example")
    box = Letterbox()
    with served(box) as settings:
        for expected in (3, 0):
            assert send_waiting(store, settings, journal=tmp_path / "note", now=at()).sent == expected
    # Of one address in order; lines of a dot are no end of a mail.
    assert sorted(box.ids()) == ["1@maint.example.com", "2@maint.example.com", "3@maint.example.com"]
    assert [id for (address, _), id in zip(box.taken, box.ids(), strict=True) if address == "a@x.example"] == [
        "1@maint.example.com",
        "3@maint.example.com",
    ]
    assert {content.split(b"\r\n\r\n", 1)[1] for _, content in box.taken} == {b".hidden\r\n..\r\n.\r\nend\r\n"}
    assert states(store) == [("sent", 1)] * 3


def test_a_dead_server_loses_nothing(store: Store, tmp_path: Path) -> None:
    fill(store, "a@x.example", "b@x.example", "a@x.example")
    port = free_port()
    dead = MailSettings(host="127.0.0.1", port=port, security="none", timeout_seconds=5)
    for _ in range(3):
        done = send_waiting(store, dead, journal=tmp_path / "note", now=at())
        assert (done.sent, bool(done.trouble)) == (0, True)
    assert states(store) == [("waiting", 0)] * 3
    box = Letterbox()
    with served(box, port) as settings:
        assert send_waiting(store, settings, journal=tmp_path / "note", now=at()).sent == 3
    assert len(box.ids()) == len(set(box.ids())) == 3


def test_what_is_refused_is_not_tried_again_and_what_is_put_off_holds_back_what_follows(
    store: Store, tmp_path: Path
) -> None:
    fill(store, "gone@x.example", "full@x.example", "b@x.example", "full@x.example")
    box = Letterbox(answers={"gone@x.example": "550 nobody here", "full@x.example": "452 come back later"})
    with served(box) as settings:
        done = send_waiting(store, settings, journal=tmp_path / "note", now=at())
        assert (done.sent, done.refused, done.put_off) == (1, 1, 1)
        assert states(store) == [("refused", 1), ("waiting", 1), ("sent", 1), ("waiting", 0)]
        with store.reading() as connection:
            assert [one.error for one in mails(connection, "refused")] == ["550 nobody here"]
        box.answers.clear()
        # A minute, then two.
        assert send_waiting(store, settings, journal=tmp_path / "note", now=at(MORNING + 0.9 * MINUTES)).sent == 0
        assert send_waiting(store, settings, journal=tmp_path / "note", now=at(MORNING + MINUTES)).sent == 2
        assert send_again(store, 1, MORNING)
        assert not send_again(store, 2, MORNING)
        assert send_waiting(store, settings, journal=tmp_path / "note", now=at()).sent == 1
    assert [address for address, _ in box.taken] == [
        "b@x.example",
        "full@x.example",
        "full@x.example",
        "gone@x.example",
    ]


def test_waits_grow_to_an_hour(store: Store, tmp_path: Path) -> None:
    fill(store, "full@x.example")
    now, waits = MORNING, []
    with served(Letterbox(answers={"full@x.example": "452 later"})) as settings:
        for _ in range(8):
            send_waiting(store, settings, journal=tmp_path / "note", now=at(now))
            with store.reading() as connection:
                (mail,) = mails(connection)
            waits.append((mail.next_at - now) / MINUTES)
            now = mail.next_at
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


def test_senders_come_one_after_another(store: Store, tmp_path: Path) -> None:
    fill(store, "a@x.example")
    with _alone(store, tmp_path / "note"), pytest.raises(BusyError):
        send_waiting(store, MailSettings(host="127.0.0.1"), journal=tmp_path / "note")
    assert states(store) == [("waiting", 0)]


def test_what_a_dead_sender_left_is_sorted_out(store: Store) -> None:
    fill(store, "a@x.example", "b@x.example", "c@x.example", "d@x.example")
    for number in (1, 2, 3):
        assert take(store, number) is not None
        assert take(store, number) is None
    # A note of another attempt, or another mail, says nothing of these.
    assert recover(store, HandedOver(1, 2), MORNING) == []
    assert states(store) == [("waiting", 1), ("waiting", 1), ("waiting", 1), ("waiting", 0)]
    for number in (1, 2, 3):
        take(store, number)
    assert recover(store, HandedOver(2, 2), MORNING) == [2]
    assert [status for status, _ in states(store)] == ["waiting", "unconfirmed", "waiting", "waiting"]
    take(store, 3)
    assert recover(store, HandedOver(3, 3, answered=True), MORNING) == []
    assert states(store)[2] == ("sent", 3)
    with store.reading() as connection:
        assert [one.id for one in due(connection, MORNING)] == [1, 4]
        assert due(connection, MORNING - timedelta(seconds=1)) == []
    end(store, 1, "sent", MORNING)
    assert send_again(store, 2, MORNING)


def received(box: Letterbox) -> dict[tuple[str, str], list[int]]:
    """Give the sequences of every window in the order in which an address got them."""
    found: dict[tuple[str, str], list[int]] = {}
    for address, content in box.taken:
        for part in email.message_from_bytes(content).walk():
            if part.get_content_type() in ("application/ics",):
                calendar = Calendar.from_ical(part.get_payload(decode=True))
                for event in calendar.walk("VEVENT"):
                    found.setdefault((address, str(event["UID"])), []).append(int(event["SEQUENCE"]))
    return found


def test_crashes_neither_lose_nor_double_a_mail(store: Store, tmp_path: Path) -> None:
    check_crashes(store, tmp_path / "note", CRASHES if store.is_sqlite else 3, seed=20270301)


def check_crashes(store: Store, journal: Path, crashes: int, seed: int) -> tuple[int, int]:
    """Kill senders, and hold what the server has against what the store says; give (mails, unconfirmed)."""
    mailing(store)
    place = store.url.render_as_string(hide_password=False)
    box = Letterbox()
    script = str(Path(__file__).parent / "crashing_senders.py")
    with served(box) as settings:
        command = [sys.executable, script, place, str(journal), str(settings.port), str(crashes), str(seed)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600 + 30 * crashes, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout) == crashes
    with store.reading() as connection:
        written = mails(connection)
    assert {one.status for one in written} <= {"sent", "unconfirmed"}
    assert Counter(box.ids()) == Counter(one.message_id for one in written)
    for address in {address for address, _ in box.taken}:
        numbers = [int(id.split(".")[0]) for (to, _), id in zip(box.taken, box.ids(), strict=True) if to == address]
        assert numbers == sorted(numbers)
    orders = received(box)
    assert orders
    assert all(order == sorted(set(order)) for order in orders.values())
    return len(written), sum(one.status == "unconfirmed" for one in written)
