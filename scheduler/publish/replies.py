"""Takes in answers to invitations (iTIP REPLY and COUNTER by mail): a decline by a team's contact is an objection.

An answer counts where it comes from the address that was invited, speaks of a window that this address was told of, and
of what it was told last. What answers by itself (RFC 3834) is nobody's answer. Anybody can write any sender into a
mail, so an answer never does more than somebody at the desk could undo: it is kept, shown, and may object.
"""

import email
import email.policy
import email.utils
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from urllib.parse import unquote

from scheduler.desk import workflow
from scheduler.desk.access import RefusedError
from scheduler.desk.outbox import Told, mails, told
from scheduler.desk.replies import Reply, ReplyKind, add_reply, is_kept
from scheduler.desk.store import Store
from scheduler.desk.tables import CHANGES
from scheduler.inputs.components import Component, components, value_text
from scheduler.inputs.ical import first_window
from scheduler.inputs.recurrence import RuleError
from scheduler.publish.plain_text import one_line

MOST_BYTES = 5_000_000
LONGEST_TEXT = 1000
_KINDS: dict[str, ReplyKind] = {"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "tentative"}
_QUOTED = re.compile(r"^\s*(>|-{3,}|_{5,}|On .{5,200} wrote:|Am .{5,200} schrieb .{0,200}:|From: |Von: )", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a mail answers, not yet held against what was told; `thread` are ids of the mails that it answers."""

    key: str
    address: str
    kind: ReplyKind
    uid: str = ""
    sequence: int = -1
    text: str = ""
    start: datetime | None = None
    end: datetime | None = None
    thread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TakenIn:
    """How many mails were answers that count, and why others were not."""

    answers: int
    remarks: tuple[str, ...]


def read_answer(content: bytes) -> Answer | str:
    """Read a mail as an answer; text says why it is none."""
    if len(content) > MOST_BYTES:
        return f"has more than {MOST_BYTES:,} bytes"
    message = email.message_from_bytes(content, policy=email.policy.default)
    try:
        if str(message.get("Auto-Submitted", "no")).strip().lower() != "no":
            return "was not written by anybody"
        address = email.utils.parseaddr(str(message.get("From", "")))[1].casefold()
        headers = f"{message.get('In-Reply-To', '')} {message.get('References', '')}"
        parts = [one for one in message.walk() if one.get_content_type() in ("text/calendar", "application/ics")]
        text = _text(message)
    except (ValueError, LookupError, AttributeError, TypeError, IndexError) as error:
        # Parsers of headers fail in many ways on what is no mail.
        return f"cannot be read as a mail ({type(error).__name__})"
    if not address:
        return "says not who sent it"
    key = hashlib.sha256(content).hexdigest()
    thread = tuple(re.findall(r"<([^<>\s]{3,250})>", headers))
    if not parts:
        return Answer(key=key, address=address, kind="said", text=text, thread=thread)
    body = parts[0].get_payload(decode=True)
    return _of_calendar(body if isinstance(body, bytes) else b"", key, address, text)


def _of_calendar(body: bytes, key: str, address: str, text: str) -> Answer | str:
    try:
        (calendar,) = components(body.decode("utf-8-sig", "replace").replace("\0", ""))
        (event,) = (part for part in calendar.inside if part.name == "VEVENT")
        method = calendar.text("METHOD").upper()
        if method not in ("REPLY", "COUNTER"):
            return f"has a calendar with the method {one_line(method)[:20] or 'none'}, which is no answer"
        mine = [given for given, value in event.all("ATTENDEE") if _address(value) == address]
        if not mine:
            return f"answers for somebody else than its sender, {one_line(address)}"
        sequence = event.text("SEQUENCE")
        given = Answer(
            key=key,
            address=address,
            kind="countered" if method == "COUNTER" else _KINDS.get(mine[0].get("PARTSTAT", "").upper(), "said"),
            uid=event.text("UID"),
            sequence=int(sequence) if sequence.isdecimal() and len(sequence) < 10 else -1,
            text=_comment(event) or text,
        )
        if method == "COUNTER":
            window, _ = first_window(calendar, event, "UTC")
            given = Answer(
                **{name: getattr(given, name) for name in ("key", "address", "kind", "uid", "sequence", "text")},
                start=window.start,
                end=window.end,
            )
    except (ValueError, LookupError, OverflowError, RuleError) as error:
        return f"has a calendar that cannot be read ({one_line(str(error))[:200]})"
    return given


def _address(value: str) -> str:
    return unquote(re.sub(r"^mailto:", "", value.strip(), flags=re.IGNORECASE)).casefold()


def _comment(event: Component) -> str:
    return one_line(" ".join(value_text(value) for _, value in event.all("COMMENT")))[:LONGEST_TEXT]


def _text(message: EmailMessage) -> str:
    """Give what somebody wrote above what they answer."""
    body = message.get_body(("plain",))
    if body is None:
        return ""
    content = body.get_payload(decode=True)
    text = content.decode(body.get_content_charset() or "utf-8", "replace") if isinstance(content, bytes) else ""
    quoted = _QUOTED.search(text)
    return one_line(text[: quoted.start()] if quoted else text)[:LONGEST_TEXT]


def take_in(store: Store, contents: Iterable[tuple[str, bytes]], *, by: str, now: datetime | None = None) -> TakenIn:
    """Take in mails, each under a name for remarks; what was taken in before is passed over.

    `by` is the user in whose name objections are made.

    Raises
    ------
    StoreError
        If the store cannot be written.
    """
    at = now or datetime.now(UTC)
    count, remarks = 0, []
    for name, content in contents:
        found = read_answer(content)
        if isinstance(found, str):
            remarks.append(f"{name}: {found}")
            continue
        with store.reading() as connection:
            if is_kept(connection, found.key):
                continue
            about = _about(found, told(connection), {one.message_id: one.id for one in mails(connection)})
        if isinstance(about, str):
            remarks.append(f"{name}: {about}")
            continue
        outcome = _object(store, found, about, by, at) if found.kind == "declined" else "shown"
        reply = Reply(
            key=found.key,
            window=about.window,
            change=about.change,
            team=about.scope,
            address=found.address,
            kind=found.kind,
            sequence=about.sequence,
            text=found.text,
            start=found.start,
            end=found.end,
            at=at,
            outcome=outcome,
        )
        with store.writing() as connection:
            count += add_reply(connection, reply)
    return TakenIn(count, tuple(remarks))


def _about(answer: Answer, known: Iterable[Told], numbers: dict[str, int]) -> Told | str:
    """Find what an answer is about; text says why it is about nothing."""
    mine = [one for one in known if one.address.casefold() == answer.address]
    if not answer.uid:
        # Words, by the mail that they answer.
        asked = {numbers[id] for id in answer.thread if id in numbers}
        threads = set(answer.thread)
        found = [one for one in mine if one.mail in asked or one.thread in threads]
        return max(found, key=lambda one: one.mail) if found else "answers none of our mails"
    found = [one for one in mine if one.window == unquote(answer.uid.rpartition("@")[0])]
    if not found:
        return f"{one_line(answer.address)} was not invited to what it answers"
    if answer.sequence < found[0].sequence:
        return f"answers an earlier notice ({answer.sequence}) than the last ({found[0].sequence})"
    return found[0]


def _object(store: Store, answer: Answer, about: Told, by: str, at: datetime) -> str:
    """Object for a team, and say what came of it."""
    if about.kind != "team":
        return "shown"
    with store.reading() as connection:
        row = connection.execute(CHANGES.select().where(CHANGES.c.change == about.change)).mappings().first()
    if row is None:
        return "the change is gone"
    reason = f"{answer.address} declined by mail" + (f": {answer.text}" if answer.text else "")
    try:
        workflow.object_to(
            store,
            about.change,
            team=about.scope,
            by=by,
            seen=row["revision"],
            reason=reason,
            key=f"mail {answer.key}",
            now=at,
        )
    except RefusedError as error:
        return f"no objection: {error}"
    return "objection"
