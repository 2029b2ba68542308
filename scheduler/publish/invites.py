"""Invitations to windows: iTIP objects (RFC 5546), and the mails that carry them (iMIP, RFC 6047).

A window is invited to under the UID and SEQUENCE that its feeds have. One mail is about one window, for one recipient:
programs act on one calendar part only. Several messages in one mail are text for people, with a calendar file that has
no METHOD, as feeds have none. The same values give the same bytes, except for the borders between the parts of a mail,
which come from its id.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Literal

from icalendar import Calendar, vCalAddress

from scheduler.desk.library import portfolio_of
from scheduler.desk.store import Store
from scheduler.desk.windows import windows
from scheduler.publish.addresses import is_address
from scheduler.publish.announcing import letter_of, recipients
from scheduler.publish.contents import Status
from scheduler.publish.desk_feeds import DeskFeeds
from scheduler.publish.letter import Letter
from scheduler.publish.plain_text import one_line
from scheduler.publish.stream import NO_MAIL, Entry, Feed, domain_of, event_of, mailto, stream

PRODUCT = "-//Maintenance window scheduler//Invite//EN"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a mail address, or without one (empty)."""

    address: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What a mail says of itself: who writes to whom and when, its id, and the ids of those before it on its subject.

    Ids come without angle brackets. `replies` tells whether somebody reads what is answered.
    """

    sender: Person
    to: Person
    at: datetime
    id: str
    before: tuple[str, ...] = ()
    replies: bool = False


def method_of(entry: Entry) -> str:
    """Give what an invitation does: CANCEL for what was cancelled, REQUEST for all else, updates included."""
    return "CANCEL" if entry.status is Status.CANCELLED else "REQUEST"


def invitation(entry: Entry, envelope: Envelope, letter: Letter) -> bytes:
    """Write the calendar object of a mail: REQUEST or CANCEL, one event, in the words of the letter."""
    said = replace(entry.content, summary=letter.summary, lines=letter.lines, apology="")
    event = event_of(replace(entry, content=said), words=letter.summary)
    # When the message was made (RFC 5545 section 3.8.7.2); the last revision is said apart.
    del event["DTSTAMP"]
    event.add("dtstamp", envelope.at.replace(microsecond=0))
    event.add("organizer", _person(envelope.sender))
    attendee = _person(envelope.to)
    attendee.params["ROLE"] = "REQ-PARTICIPANT"
    if entry.status is not Status.CANCELLED:
        attendee.params["PARTSTAT"] = "NEEDS-ACTION"
        attendee.params["RSVP"] = "TRUE" if envelope.replies else "FALSE"
    event.add("attendee", attendee)
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", method_of(entry))
    calendar.add_component(event)
    return bytes(calendar.to_ical(sorted=False))


def invite_mail(entry: Entry, envelope: Envelope, letter: Letter) -> bytes:
    """Write the mail about one window, as it goes over the wire."""
    calendar, method = invitation(entry, envelope, letter), method_of(entry)
    message = _mail(envelope, letter)
    body = message.get_payload(0)
    assert isinstance(body, EmailMessage)
    body.add_alternative(
        calendar, maintype="text", subtype="calendar", cte="base64", params={"charset": "UTF-8", "method": method}
    )
    name = "cancel.ics" if method == "CANCEL" else "invite.ics"
    message.add_attachment(calendar, maintype="application", subtype="ics", cte="base64", filename=name)
    return _bytes(message, envelope)


def digest_mail(entries: Sequence[tuple[Entry, Letter]], envelope: Envelope, letter: Letter) -> bytes:
    """Write one mail about several windows; `letter` is that of all, beside each entry is its own."""
    said = [
        replace(entry, content=replace(entry.content, summary=own.summary, lines=own.lines, apology=""))
        for entry, own in entries
    ]
    changed = max(entry.revised_at for entry, _ in entries)
    calendar = stream(
        Feed(name=letter.subject, uid=envelope.id, last_modified=changed, entries=tuple(said)), prefixed=False
    )
    message = _mail(envelope, letter)
    message.add_attachment(calendar, maintype="application", subtype="ics", cte="base64", filename="windows.ics")
    return _bytes(message, envelope)


def invite_files(
    store: Store,
    change: str,
    now: datetime,
    *,
    team: str | None = None,
    sender: str = "",
    public_url: str = "",
    proposals: bool = True,
) -> dict[str, bytes]:
    """Give the invitations to the windows of a change as files, to send by hand: `NAME.eml` and `NAME.ics` for each.

    There is one pair for every address that would be written to, or only for those of one `team`; NAME is made of the
    team or engineer and, after the first, a number. Windows that are not approved yet come as TENTATIVE, unless
    `proposals` is off. `sender` is the organizer where it is not the policy's. The same state gives the same bytes.

    Raises
    ------
    RefusedError
        If there is no portfolio yet.
    StoreError
        If the store does not answer.
    """
    with store.reading() as connection:
        portfolio = portfolio_of(connection)
        wanted = {one.id for one in windows(connection, proposals=True, change=change)}
    archive = DeskFeeds(store, public_url).archive(now)
    address = one_line(sender or portfolio.policy.organizer)
    found: dict[str, bytes] = {}
    counts: Counter[str] = Counter()
    for to in recipients(portfolio):
        if team is not None and (to.kind, to.scope) != ("team", team):
            continue
        for entry in archive.feed(to.kind, to.scope, now, proposals=proposals).entries:
            if entry.id not in wanted:
                continue
            kind: Literal["planned", "cancelled"] = "cancelled" if entry.status is Status.CANCELLED else "planned"
            said = letter_of(to, kind, entry, None, replies=False)
            made = hashlib.sha256(f"{entry.uid} {entry.revision} {to.address}".encode()).hexdigest()[:24]
            envelope = Envelope(
                sender=Person(address, one_line(portfolio.policy.name)),
                to=Person(to.address, to.name),
                at=entry.revised_at.replace(microsecond=0),
                id=f"{made}@{domain_of(portfolio.policy.domain)}",
            )
            name = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{to.kind}-{to.scope}").strip("-.") or to.kind
            counts[name] += 1
            name += f"-{counts[name]}" if counts[name] > 1 else ""
            found[f"{name}.ics"] = invitation(entry, envelope, said)
            if is_address(address):
                found[f"{name}.eml"] = invite_mail(entry, envelope, said)
    return found


def _mail(envelope: Envelope, letter: Letter) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = _address(envelope.sender)
    message["To"] = _address(envelope.to)
    message["Subject"] = one_line(letter.subject)
    message["Date"] = format_datetime(envelope.at)
    message["Message-ID"] = f"<{envelope.id}>"
    if envelope.before:
        message["In-Reply-To"] = f"<{envelope.before[-1]}>"
        message["References"] = " ".join(f"<{one}>" for one in envelope.before)
    # So that no holiday reply answers it (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message["MIME-Version"] = "1.0"
    message.make_mixed()
    body = EmailMessage(policy=SMTP)
    body.set_content(letter.text, cte="quoted-printable")
    body.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    message.attach(body)
    return message


def _bytes(message: EmailMessage, envelope: Envelope) -> bytes:
    """Give a mail as bytes, its borders being made of its id instead of by chance."""
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            made = hashlib.sha256(f"{number} {envelope.id}".encode()).hexdigest()[:32]
            part.set_boundary(f"=_{made}")
    return message.as_bytes()


def _address(person: Person) -> Address:
    return Address(display_name=one_line(person.name), addr_spec=person.address)


def _person(person: Person) -> vCalAddress:
    address = vCalAddress(mailto(person.address) if person.address else NO_MAIL)
    name = one_line(person.name) or person.address
    if name:
        address.params["CN"] = name.replace('"', "'")
    return address
