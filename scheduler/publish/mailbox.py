"""Gets mails that came in: from a folder of files, or by IMAP (RFC 3501)."""

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scheduler.publish.replies import MOST_BYTES
from scheduler.settings import Mailbox

MOST_AT_ONCE = 500


class MailboxError(Exception):
    """The mailbox cannot be read, in words that say why; nothing in it was touched."""


def in_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Give the mails in a folder, or in a Maildir (its `new` and `cur`), by name.

    Raises
    ------
    MailboxError
        If the folder cannot be read.
    """
    try:
        places = [folder / name for name in ("new", "cur") if (folder / name).is_dir()] or [folder]
        for path in sorted(path for place in places for path in place.iterdir() if path.is_file()):
            if not path.name.startswith(".") and path.stat().st_size <= MOST_BYTES:
                yield path.name, path.read_bytes()
    except OSError as error:
        raise MailboxError(f"{folder}: cannot be read ({error.strerror})") from error


@contextmanager
def by_imap(settings: Mailbox) -> Iterator[list[tuple[str, bytes]]]:
    """Give the mails that nobody has read, a few hundred at most; left without an error, they are marked as read.

    Raises
    ------
    MailboxError
        If the server cannot be reached, or refuses.
    """
    try:
        with _connected(settings) as client:
            client.login(settings.user, settings.password.get_secret_value())
            _check(client.select(_quoted(settings.folder)), f"{settings.folder} cannot be opened")
            listed = _check(client.search(None, "UNSEEN"), "cannot be searched")[0] or b""
            numbers = [one.decode() for one in listed.split()[:MOST_AT_ONCE]]
            found = []
            for number in numbers:
                sizes = re.search(rb"RFC822\.SIZE (\d+)", _first(client.fetch(number, "(RFC822.SIZE)")))
                if sizes and int(sizes[1]) <= MOST_BYTES:
                    for part in client.fetch(number, "(BODY.PEEK[])")[1]:
                        if isinstance(part, tuple):
                            found.append((f"mail {number}", part[1]))
            yield found
            for number in numbers:
                client.store(number, "+FLAGS", "(\\Seen)")
    except (OSError, imaplib.IMAP4.error) as error:
        raise MailboxError(f"{settings.host}: {error}") from error


def _connected(settings: Mailbox) -> imaplib.IMAP4:
    if not settings.host:
        raise MailboxError("no mailbox is set; name a folder, or set host and user of the mailbox")
    if settings.security == "tls":
        context = ssl.create_default_context()
        return imaplib.IMAP4_SSL(settings.host, settings.port, ssl_context=context, timeout=settings.timeout_seconds)
    return imaplib.IMAP4(settings.host, settings.port, timeout=settings.timeout_seconds)


def _check(answer: tuple[str, list[Any]], words: str) -> list[Any]:
    if answer[0] != "OK":
        raise MailboxError(words)
    return answer[1]


def _first(answer: tuple[str, Any]) -> bytes:
    return b" ".join(one for one in answer[1] if isinstance(one, bytes))


def _quoted(folder: str) -> str:
    escaped = folder.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
