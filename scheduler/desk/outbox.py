"""Mails on their way: each is written down before it goes, goes in its turn, and goes once.

A mail is `waiting` until its `next_at`, `sending` while a sender has it, and in the end `sent`, `refused` by the other
side for good, or `unconfirmed`: handed over by a sender that died before it heard the answer. Mails to one address go
in the order of their ids; one that has to wait holds back those after it. Senders of a store come one after another
(`scheduler.publish.sending`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from scheduler.desk.mail_tables import MAILS, TOLD
from scheduler.desk.store import Store

MailStatus = Literal["waiting", "sending", "sent", "unconfirmed", "refused"]
LONGEST_WAIT = timedelta(hours=1)
LONGEST_ERROR = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail without its content; `windows` are those it speaks of, `attempts` how often it was tried."""

    id: int
    message_id: str
    sender: str
    address: str
    subject: str
    windows: tuple[str, ...]
    at: datetime
    status: MailStatus
    attempts: int
    next_at: datetime
    ended_at: datetime | None
    error: str


@dataclass(frozen=True, slots=True)
class HandedOver:
    """Which attempt at which mail had its last byte said, or about to be said, and whether it was taken."""

    mail: int
    attempt: int
    answered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an address was last told of a window, as team or engineer (`kind`, `scope`).

    `fingerprint` stands for the words, `thread` is the id of the first mail on it, `mail` the number of the last.
    """

    window: str
    kind: Literal["team", "engineer"]
    scope: str
    address: str
    change: str
    method: str
    sequence: int
    fingerprint: str
    start: datetime
    until: datetime
    thread: str
    mail: int
    at: datetime

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Of what, and to whom."""
        return self.window, self.kind, self.scope, self.address


_SHOWN = tuple(column for column in MAILS.columns if column.name != "content")


def next_number(connection: sa.Connection) -> int:
    """Give the number of the next mail."""
    return 1 + (connection.execute(sa.select(sa.func.max(MAILS.c.id))).scalar() or 0)


def add_mail(connection: sa.Connection, *, content: bytes, at: datetime, **given: Any) -> None:
    """Write a mail down, to go at once: `id`, `message_id`, `sender`, `address`, `subject` and `windows`."""
    row = given | {"windows": list(given["windows"]), "content": content, "at": at, "next_at": at}
    connection.execute(MAILS.insert().values(row | {"status": "waiting", "attempts": 0, "ended_at": None, "error": ""}))


def put_told(connection: sa.Connection, told: Told) -> None:
    """Note what an address is being told, in place of what it was told before."""
    table = TOLD.c
    same = (table.window == told.window, table.kind == told.kind)
    connection.execute(TOLD.delete().where(*same, table.scope == told.scope, table.address == told.address))
    connection.execute(TOLD.insert().values({column.name: getattr(told, column.name) for column in TOLD.columns}))


def told(connection: sa.Connection, *, after: datetime | None = None, window: str | None = None) -> list[Told]:
    """List what was told: of all windows, of those that end after an instant, or of one."""
    query = sa.select(TOLD).order_by(*(TOLD.c[name] for name in ("window", "kind", "scope", "address")))
    if after is not None:
        query = query.where(TOLD.c.until > after)
    if window is not None:
        query = query.where(TOLD.c.window == window)
    return [Told(**row._mapping) for row in connection.execute(query)]


def mails(connection: sa.Connection, *statuses: MailStatus) -> list[Mail]:
    """List mails in their order: all, or those of some statuses."""
    query = sa.select(*_SHOWN).order_by(MAILS.c.id)
    if statuses:
        query = query.where(MAILS.c.status.in_(statuses))
    return [_mail(row) for row in connection.execute(query)]


def content_of(connection: sa.Connection, id: int) -> bytes | None:
    """Give a mail as it goes over the wire; None where there is no such mail."""
    found: bytes | None = connection.execute(sa.select(MAILS.c.content).where(MAILS.c.id == id)).scalar()
    return found


def due(connection: sa.Connection, now: datetime) -> list[Mail]:
    """List the mails whose turn it is: of every address the first that has not gone, where it need not wait."""
    first: dict[str, Mail] = {}
    for mail in mails(connection, "waiting", "sending"):
        first.setdefault(mail.address.casefold(), mail)
    return [one for one in first.values() if one.status == "waiting" and one.next_at <= now]


def take(store: Store, id: int) -> tuple[Mail, bytes] | None:
    """Take a waiting mail to send it, and count the attempt; None where another has it."""
    with store.writing() as connection:
        values = {"status": "sending", "attempts": MAILS.c.attempts + 1}
        mine = (MAILS.c.id == id, MAILS.c.status == "waiting")
        if connection.execute(MAILS.update().where(*mine).values(values)).rowcount != 1:
            return None
        row = connection.execute(sa.select(*_SHOWN).where(MAILS.c.id == id)).one()
        return _mail(row), content_of(connection, id) or b""


def end(store: Store, id: int, status: MailStatus, now: datetime, error: str = "") -> None:
    """Note what became of a mail that was being sent."""
    _set(store, [id], status=status, ended_at=now, error=error[:LONGEST_ERROR])


def put_off(store: Store, mail: Mail, now: datetime, error: str) -> None:
    """Let a mail wait longer each time it cannot go: a minute, two, four, up to an hour. It is never given up."""
    wait = min(LONGEST_WAIT, timedelta(minutes=2 ** min(mail.attempts - 1, 10)))
    _set(store, [mail.id], status="waiting", next_at=now + wait, error=error[:LONGEST_ERROR])


def recover(store: Store, handed_over: HandedOver | None, now: datetime) -> list[int]:
    """Sort out what a sender that died was sending; nobody may be sending now.

    A mail that was handed over and not answered is `unconfirmed`, since the other side has it unless the machine failed
    too. All that were not handed over wait again. Gives the unconfirmed ones.
    """
    with store.reading() as connection:
        left = mails(connection, "sending")
    over = [one.id for one in left if handed_over and (one.id, one.attempts) == (handed_over.mail, handed_over.attempt)]
    if over and handed_over and handed_over.answered:
        _set(store, over, status="sent", ended_at=now)
    elif over:
        text = "handed over, but the sender ended before it heard the answer; see whether it came, else send it again"
        _set(store, over, status="unconfirmed", ended_at=now, error=text)
    _set(store, [one.id for one in left if one.id not in over], status="waiting")
    return over if handed_over and not handed_over.answered else []


def send_again(store: Store, id: int, now: datetime) -> bool:
    """Let a mail that was refused, or whose fate is not known, wait for its turn again; False where it is neither."""
    with store.writing() as connection:
        over = (MAILS.c.id == id, MAILS.c.status.in_(("unconfirmed", "refused")))
        values = {"status": "waiting", "next_at": now, "ended_at": None, "error": ""}
        return connection.execute(MAILS.update().where(*over).values(values)).rowcount == 1


def _set(store: Store, ids: Sequence[int], **values: Any) -> None:
    if ids:
        with store.writing() as connection:
            connection.execute(MAILS.update().where(MAILS.c.id.in_(list(ids))).values(values))


def _mail(row: Any) -> Mail:
    given = dict(row._mapping)
    return Mail(**given | {"windows": tuple(given["windows"])})
