"""Sends mails that are written down in the store by SMTP (RFC 5321), each once, also over crashes of the sender.

A server has taken a mail when it has answered its last byte. A sender that dies before it hears the answer cannot know
it (RFC 1047), so that byte is sent by itself, and a file notes it just before: no other program has to wake up for
that, and a note stays though the program dies at the next instruction. After a crash a mail without such a note goes
again; one with it was handed over to this machine's network and is not sent twice, but shown as unconfirmed. Between
the note and the byte lies nothing but the call itself. Where the whole machine fails, the note may be lost, and a mail
may come twice, with the same Message-ID.
"""

import logging
import os
import re
import smtplib
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from platformdirs import user_state_path

from scheduler.desk.outbox import HandedOver, Mail, due, end, put_off, recover, take
from scheduler.desk.store import Store
from scheduler.desk.tables import DESK
from scheduler.settings import APPLICATION
from scheduler.settings import Mail as MailSettings

_log = logging.getLogger(__name__)
_LOCK = 0x6D61696C  # any number that only senders of this program lock
_LINE_START = re.compile(rb"(?m)^\.")
_PERMANENT = range(500, 600)
_NOTE_LENGTH = 48


class MailError(Exception):
    """Mail cannot be sent now, in words that say why; nothing is lost."""


class BusyError(MailError):
    """Another sender is at it."""


@dataclass(slots=True)
class Sent:
    """What one run did: mails the server took, refused, or could not take now, and those of unknown fate."""

    sent: int = 0
    refused: int = 0
    put_off: int = 0
    unconfirmed: int = 0
    trouble: str = ""


class _Noting:
    """A client that notes when it is about to say the last byte of a mail."""

    note: Callable[[], None]

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Send a mail whose lines end in CRLF."""
        client: Any = self
        client.putcmd("data")
        code, answer = client.getreply()
        if code != 354:
            raise smtplib.SMTPDataError(code, answer)
        whole = _LINE_START.sub(b"..", msg if msg.endswith(b"\r\n") else msg + b"\r\n") + b".\r\n"
        client.send(whole[:-1])
        self.note()
        client.send(whole[-1:])
        given: tuple[int, bytes] = client.getreply()
        return given


class _Plain(_Noting, smtplib.SMTP):
    pass


class _Secure(_Noting, smtplib.SMTP_SSL):
    pass


def send_waiting(
    store: Store, settings: MailSettings, *, journal: Path | None = None, now: Callable[[], datetime] | None = None
) -> Sent:
    """Send every mail whose turn it is, in order; end at once where the server cannot be reached.

    `journal` is where the note is kept, else a place of this store on this machine.

    Raises
    ------
    BusyError
        If another sender of this store is at work.
    """
    clock = now or (lambda: datetime.now(UTC))
    done = Sent()
    with _alone(store, journal or journal_of(store)) as note:
        done.unconfirmed = len(recover(store, note.read(), clock()))
        if done.unconfirmed:
            _log.warning("%d mail(s) were handed over, but not confirmed", done.unconfirmed)
        client: smtplib.SMTP | None = None
        try:
            while True:
                with store.reading() as connection:
                    turn = due(connection, clock())
                if not turn:
                    return done
                for mail in turn:
                    client = client or connected(settings)
                    client = _send(store, client, mail.id, note, done, clock)
        except (OSError, smtplib.SMTPException, MailError) as error:
            done.trouble = in_words(error)
            _log.warning("mail waits: %s", done.trouble)
            return done
        finally:
            if client is not None:
                _leave(client)


def _send(
    store: Store, client: smtplib.SMTP, id: int, note: "_Note", done: Sent, clock: Callable[[], datetime]
) -> smtplib.SMTP | None:
    """Send one mail, and give the client if it can be used on."""
    taken = take(store, id)
    if taken is None:
        return client
    mail, content = taken
    # The mixin above has it; the type of the library does not.
    client.note = lambda: note.write(mail.id, mail.attempts)  # type: ignore[attr-defined]
    try:
        client.sendmail(mail.sender, [mail.address], content)
    except smtplib.SMTPRecipientsRefused as error:
        code, answer = error.recipients[mail.address]
        _judge(store, mail, code, answer, done, clock())
    except smtplib.SMTPDataError as error:
        _judge(store, mail, error.smtp_code, error.smtp_error, done, clock())
    except (OSError, smtplib.SMTPException) as error:
        # Of the sender, the connection or the server, not of this mail.
        put_off(store, mail, clock(), in_words(error))
        done.put_off += 1
        client.close()
        raise
    else:
        note.write(mail.id, mail.attempts, answered=True)
        end(store, mail.id, "sent", clock())
        done.sent += 1
    # A server may have had enough of us with its refusal.
    return client if client.sock is not None else None


def _judge(store: Store, mail: Mail, code: int, answer: bytes | str, done: Sent, now: datetime) -> None:
    text = f"{code} {answer.decode('utf-8', 'replace') if isinstance(answer, bytes) else answer}"
    if code in _PERMANENT:
        end(store, mail.id, "refused", now, text)
        done.refused += 1
        _log.warning("mail %d was refused: %s", mail.id, text)
    else:
        put_off(store, mail, now, text)
        done.put_off += 1


def connected(settings: MailSettings) -> smtplib.SMTP:
    """Connect to the server that takes mail, and sign in; whoever asked ends it.

    Raises
    ------
    MailError
        If no server is set.
    OSError, smtplib.SMTPException
        If it does not answer, or not as it should.
    """
    if not settings.host:
        raise MailError("no host that takes mail is set; see the settings of mail")
    host, port, patience = settings.host, settings.port, settings.timeout_seconds
    context = ssl.create_default_context()
    client: smtplib.SMTP = (
        _Secure(host, port, timeout=patience, context=context)
        if settings.security == "tls"
        else _Plain(host, port, timeout=patience)
    )
    try:
        # The last byte of a mail is small, and must not wait for others.
        client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # type: ignore[union-attr]
        if settings.security == "starttls":
            client.starttls(context=context)
        if settings.user:
            client.login(settings.user, settings.password.get_secret_value())
    except BaseException:
        client.close()
        raise
    return client


def _leave(client: smtplib.SMTP) -> None:
    try:
        client.quit()
    except (OSError, smtplib.SMTPException):
        client.close()


def in_words(error: Exception) -> str:
    """Say what a server answered, or what went wrong on the way there."""
    if isinstance(error, smtplib.SMTPResponseException):
        answer = error.smtp_error
        return f"{error.smtp_code} {answer.decode('utf-8', 'replace') if isinstance(answer, bytes) else answer}"
    return str(error) or type(error).__name__


# --- the note --------------------------------------------------------------------------------------------------------


class _Note:
    """The file that outlives a sender: one line of fixed length, whose last byte (mail, attempt) comes, or came."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, mail: int, attempt: int, *, answered: bool = False) -> None:
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.write(self._descriptor, f"{mail} {attempt} {answered:d}".ljust(_NOTE_LENGTH - 1).encode() + b"\n")

    def read(self) -> HandedOver | None:
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        parts = os.read(self._descriptor, _NOTE_LENGTH).split()
        if len(parts) != 3 or not all(one.isdigit() for one in parts):
            return None
        return HandedOver(int(parts[0]), int(parts[1]), answered=parts[2] == b"1")


def journal_of(store: Store) -> Path:
    """Give the place of the note: beside a file, else in the folder where programs of this user keep such things."""
    if store.is_sqlite:
        return Path(f"{store.url.database}-mail")
    with store.reading() as connection:
        id = connection.execute(sa.select(DESK.c.store)).scalar_one()
    return user_state_path(APPLICATION) / f"{id}-mail"


@contextmanager
def _alone(store: Store, journal: Path) -> Iterator[_Note]:
    """Hold the right to send, which ends with this process however that ends."""
    journal.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(journal, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(descriptor)
        if store.is_sqlite:
            yield _Note(descriptor)
            return
        with store.engine.connect() as connection:
            # There may be senders on other machines; the lock is let go with the connection.
            free = connection.execute(sa.select(sa.func.pg_try_advisory_lock(_LOCK))).scalar()
            connection.commit()
            if not free:
                raise BusyError("another sender is at work")
            try:
                yield _Note(descriptor)
            finally:
                connection.execute(sa.select(sa.func.pg_advisory_unlock(_LOCK)))
                connection.commit()
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        lock = msvcrt.locking
        try:
            os.lseek(descriptor, _NOTE_LENGTH, os.SEEK_SET)
            lock(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BusyError("another sender is at work") from error
        return
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise BusyError("another sender is at work") from error
