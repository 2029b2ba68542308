"""A desk whose teams and engineers have addresses, mails read back by two readers, and a mail server to send to."""

import email
import email.parser
import email.policy
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import vobject
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from builders import change, portfolio, service, team, when
from desks import Desk, as_read
from icalendar import Calendar

from scheduler.desk.outbox import content_of, mails
from scheduler.desk.store import Store
from scheduler.portfolio import Change, Portfolio
from scheduler.publish.posting import Office, Post
from scheduler.settings import Mail as MailSettings

MINUTES = timedelta(minutes=1)
MORNING = when("Mon 09:00")
DESK_ADDRESS = "desk@maint.example.com"


def offices(*changes: Change, **more: Any) -> Portfolio:
    """Blue reads German and uses app, Green English and mail; Red uses app and has no address."""
    teams = [
        replace(
            team("blue", uses="app", zone="Europe/Berlin"),
            name="Blau & Söhne",
            headcount=10,
            contact="Änne",
            email="anne@blue.example",
            language="de",
        ),
        replace(team("green", uses="mail", zone="Europe/London"), headcount=5, email="gus@green.example"),
        replace(team("red", uses="app"), headcount=1),
    ]
    given = {
        "weeks": 4,
        "teams": teams,
        "services": [
            replace(service("app"), name="Order entry", used_for="taking orders", owner="Ann Lee"),
            replace(service("mail"), name="Post"),
        ],
    }
    made = portfolio(changes=changes or usual_changes(), **(given | more))
    policy = replace(made.policy, domain="maint.example.com", organizer=DESK_ADDRESS, name="Maintenance, Ltd")
    return as_read(replace(made, policy=policy))


def usual_changes() -> list[Change]:
    """A on app with what clients notice, B and C on mail."""
    told = replace(
        change("A", hours=2, p90=180),
        title="Failover of db-cluster to firmware 7; RFC 4711",
        what_you_will_notice="No orders can be entered, <b>really</b>.",
        workaround="Paper; see the binder.",
    )
    return [told, change("B", services="mail"), change("C", services="mail", hours=2)]


@dataclass
class Mailing(Desk):
    """A desk with its post."""

    replies: bool = False
    post: Post = field(init=False)

    def __post_init__(self) -> None:
        self.post = Post(self.store, Office(replies=self.replies))

    def after(self, minutes: float) -> int:
        """Let time pass, and write down what is due; give how many mails that are."""
        self.now += minutes * MINUTES
        return self.post.write_due(self.now).mails

    def contents(self) -> list[bytes]:
        with self.store.reading() as connection:
            return [content_of(connection, one.id) or b"" for one in mails(connection)]

    def subjects(self) -> list[str]:
        with self.store.reading() as connection:
            return [one.subject for one in mails(connection)]


def mailing(store: Store, made: Portfolio | None = None, **given: Any) -> Mailing:
    """Give a desk with a portfolio, and nothing decided."""
    desk = Mailing(store, now=MORNING, **given)
    desk.bring(made or offices())
    return desk


# --- readers ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Invited:
    """What a reader makes of an invitation; instants in UTC."""

    method: str
    uid: str
    sequence: int
    status: str
    start: datetime
    end: datetime
    organizer: str
    attendee: str
    summary: str


def parts_of(content: bytes) -> dict[str, Any]:
    """Take a mail apart with the policy that reads headers as text, and again with the oldest one."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    old = email.parser.BytesParser(policy=email.policy.compat32).parsebytes(content)
    assert [one.get_content_type() for one in message.walk()] == [one.get_content_type() for one in old.walk()]
    assert not message.defects
    found: dict[str, Any] = {"message": message}
    for part, plain in zip(message.walk(), old.walk(), strict=True):
        assert not part.defects
        if not part.is_multipart():
            assert part.get_payload(decode=True) == plain.get_payload(decode=True)
            found[part.get_content_type()] = part
    return found


def by_icalendar(stream: bytes) -> Invited:
    calendar = Calendar.from_ical(stream)
    (event,) = calendar.walk("VEVENT")
    return Invited(
        method=str(calendar["METHOD"]),
        uid=str(event["UID"]),
        sequence=int(event["SEQUENCE"]),
        status=str(event["STATUS"]),
        start=event["DTSTART"].dt.astimezone(UTC),
        end=event["DTEND"].dt.astimezone(UTC),
        organizer=str(event["ORGANIZER"]).removeprefix("mailto:"),
        attendee=str(event["ATTENDEE"]).removeprefix("mailto:"),
        summary=str(event["SUMMARY"]),
    )


def by_vobject(stream: bytes) -> Invited:
    calendar = vobject.readOne(stream.decode())
    (event,) = calendar.vevent_list
    return Invited(
        method=calendar.method.value,
        uid=event.uid.value,
        sequence=int(event.sequence.value),
        status=event.status.value,
        start=event.dtstart.value.astimezone(UTC),
        end=event.dtend.value.astimezone(UTC),
        organizer=event.organizer.value.removeprefix("mailto:"),
        attendee=event.attendee.value.removeprefix("mailto:"),
        summary=event.summary.value,
    )


# --- a server --------------------------------------------------------------------------------------------------------


@dataclass
class Letterbox:
    """Keeps what a real mail server was given, in the order in which it came; `answers` are what it says to some."""

    taken: list[tuple[str, bytes]] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)

    async def handle_RCPT(  # noqa: N802 - the name that the server looks for
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self.taken += [(address, envelope.content) for address in envelope.rcpt_tos]
        return "250 taken"

    def ids(self) -> list[str]:
        return [str(email.message_from_bytes(content)["Message-ID"]).strip("<>") for _, content in self.taken]


def free_port() -> int:
    """Give a port of this machine at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@contextmanager
def served(box: Letterbox, port: int = 0) -> Iterator[MailSettings]:
    """Serve a letterbox on this machine; give the settings that reach it."""
    chosen = port or free_port()
    controller = Controller(box, hostname="127.0.0.1", port=chosen, ready_timeout=30)
    controller.start()
    try:
        yield MailSettings(host="127.0.0.1", port=chosen, security="none", timeout_seconds=20)
    finally:
        controller.stop()
