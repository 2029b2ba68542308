"""Turns what recipients have to be told into mails that are written down in the store, in one step.

A mail, and the note of what it tells, are kept together or not at all, so that nothing is told twice or forgotten
however the program ends; `scheduler.publish.sending` takes it from there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from scheduler.desk.library import portfolio_of
from scheduler.desk.outbox import Told, add_mail, next_number, put_told, told
from scheduler.desk.store import Store
from scheduler.desk.tables import DESK
from scheduler.desk.windows import windows
from scheduler.portfolio import Portfolio
from scheduler.publish.addresses import is_address
from scheduler.publish.announcing import Message, grouped, messages
from scheduler.publish.desk_feeds import DeskFeeds
from scheduler.publish.invites import Envelope, Person, digest_mail, invite_mail, method_of
from scheduler.publish.letter import together
from scheduler.publish.plain_text import one_line
from scheduler.publish.stream import domain_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """In whose name mail goes: an address, else that of the policy's organizer, and whether answers to it are read."""

    address: str = ""
    replies: bool = False

    def sender(self, portfolio: Portfolio) -> Person | None:
        """Give who writes; None where nobody is named."""
        address = one_line(self.address or portfolio.policy.organizer)
        return Person(address, one_line(portfolio.policy.name)) if is_address(address) else None


@dataclass(frozen=True, slots=True)
class Written:
    """How many mails were written down, and remarks on what could not be."""

    mails: int
    remarks: tuple[str, ...] = ()


class Post:
    """What a store has to tell by mail; kept open, it reads again only what is new.

    `public_url` is where the pages are reached, for the links in mails; without it there are none.
    """

    def __init__(self, store: Store, office: Office | None = None, public_url: str = "") -> None:
        self._store, self._office = store, office or Office()
        self._feeds = DeskFeeds(store, public_url)

    def upcoming(self, now: datetime) -> list[Message]:
        """List what has to be told and is not written down yet, each with the time at which it is due."""
        with self._store.reading() as connection:
            if not _holds_portfolio(connection):
                return []
            portfolio, before = portfolio_of(connection), told(connection, after=now)
        archive = self._feeds.archive(now)
        return list(messages(portfolio, archive, before, now, replies=self._office.replies))

    def write_due(self, now: datetime) -> Written:
        """Write down every mail that is due."""
        with self._store.writing() as connection:
            # Nobody can decide anything meanwhile, so this reads what holds.
            due = grouped(self.upcoming(now), now)
            if not due:
                return Written(0)
            portfolio = portfolio_of(connection)
            sender = self._office.sender(portfolio)
            if sender is None:
                return Written(0, ("mail waits: set organizer in policy.toml, or from in the settings of mail",))
            store = connection.execute(sa.select(DESK.c.store)).scalar_one()[:12]
            domain = domain_of(portfolio.policy.domain)
            for group in due:
                number = next_number(connection)
                # Numbers come again after a backup was restored, ids must not.
                id = f"{number}.{now.astimezone(UTC):%Y%m%d%H%M%S}.{store}@{domain}"
                self._write(connection, group, sender, number, id, now)
        return Written(len(due))

    def _write(
        self, connection: sa.Connection, group: Sequence[Message], sender: Person, number: int, id: str, now: datetime
    ) -> None:
        to = group[0].to
        before = [one.before for one in group]
        envelope = Envelope(
            sender=sender,
            to=Person(to.address, to.name),
            at=now.astimezone(UTC).replace(microsecond=0),
            id=id,
            before=(before[0].thread,) if len(group) == 1 and before[0] else (),
            replies=self._office.replies,
        )
        if len(group) == 1:
            subject = group[0].letter.subject
            content = invite_mail(group[0].entry, envelope, group[0].letter)
        else:
            starts = [(one.entry.start, one.letter) for one in group if isinstance(one.entry.start, datetime)]
            letter = together(starts, to.language, to.zone, to=to.name)
            subject = letter.subject
            content = digest_mail([(one.entry, one.letter) for one in group], envelope, letter)
        add_mail(
            connection,
            id=number,
            message_id=id,
            sender=sender.address,
            address=to.address,
            subject=subject,
            windows=[one.entry.id for one in group],
            content=content,
            at=now,
        )
        changes = _changes(connection)
        for one in group:
            put_told(connection, _told(one, changes, number, id, now))


def _holds_portfolio(connection: sa.Connection) -> bool:
    return bool(windows(connection))


def _changes(connection: sa.Connection) -> Mapping[str, str]:
    return {one.id: one.change for one in windows(connection)}


def _told(one: Message, changes: Mapping[str, str], number: int, id: str, now: datetime) -> Told:
    entry = one.entry
    assert isinstance(entry.start, datetime)
    assert isinstance(entry.end, datetime)
    return Told(
        window=entry.id,
        kind=one.to.kind,
        scope=one.to.scope,
        address=one.to.address,
        change=changes[entry.id],
        method=method_of(entry),
        sequence=entry.revision,
        fingerprint=one.fingerprint,
        start=entry.start,
        until=entry.end,
        thread=one.before.thread if one.before else id,
        mail=number,
        at=now,
    )
