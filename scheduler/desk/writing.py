"""The one way into the log: checked, in turn, once, and folded into the stored tables in the same transaction.

Whoever writes about a change names its revision that they saw. Where it has another by now, nothing is written and they
are told what happened since. A request may carry a key; asked again with the same key, it is not done again.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from scheduler.desk.access import Actor, RefusedError, actor_of
from scheduler.desk.entries import Entry, entries, rows_of
from scheduler.desk.fold import apply
from scheduler.desk.shelf import Row, StoredShelf
from scheduler.desk.states import ALLOWED
from scheduler.desk.store import Store
from scheduler.desk.tables import CHANGES, DESK, LOG

LONGEST_TEXT = 4000
MOST_SINCE = 5


class StaleError(RefusedError):
    """Somebody decided on what another has changed since they looked; `since` holds what happened."""

    def __init__(self, change: str, since: list[Entry]) -> None:
        told = "; ".join(sentence(one) for one in since[-MOST_SINCE:])
        more = f" (and {len(since) - MOST_SINCE} more)" if len(since) > MOST_SINCE else ""
        super().__init__(f"{change} was changed since you looked at it: {told}{more}. Look again, then decide")
        self.change = change
        self.since = since


@dataclass(frozen=True, slots=True)
class Done:
    """What a request wrote; `again` where it had been done before and this time nothing was."""

    entries: tuple[Entry, ...]
    again: bool = False

    @property
    def revision(self) -> int:
        """The number of the last entry: the revision of the change that it is about; 0 where nothing was to be done."""
        return self.entries[-1].seq if self.entries else 0


class Writing:
    """One request on its way into the log: what it may look at, and what it adds."""

    def __init__(
        self, connection: sa.Connection, actor: Actor, now: datetime, seq: int, key: str | None, request: str
    ) -> None:
        self.connection = connection
        self.shelf = StoredShelf(connection)
        self.actor = actor
        self.now = now
        self.made: list[Entry] = []
        self._seq, self._key, self._request = seq, key, request

    def add(self, action: str, change: str | None = None, reason: str = "", **detail: Any) -> Entry:
        """Add an entry, and do what it says."""
        entry = Entry(
            seq=self._seq + len(self.made) + 1,
            at=self.now,
            by=self.actor.user,
            action=action,
            change=change,
            reason=reason,
            detail=detail,
            key=self._key,
            part=len(self.made),
            request=self._request,
        )
        self.made.append(entry)
        apply(self.shelf, entry)
        return entry

    def change(self, change: str, seen: int | None, action: str = "") -> Row:
        """Give the row of a change, where it is as it was seen and its state allows the action.

        `seen` is None only where nothing is decided that could be out of date.

        Raises
        ------
        RefusedError
            If there is no such change, or its state does not allow this.
        StaleError
            If it has another revision than was seen.
        """
        row = self.shelf.get(CHANGES, change)
        if row is None:
            raise RefusedError(f"there is no change {change!r}")
        if seen is not None and row["revision"] != seen:
            since = entries(self.connection, change=change, after=seen)
            if since or seen > row["revision"]:
                raise StaleError(change, since)
            raise StaleError(change, entries(self.connection, change=change)[-1:])
        allowed = ALLOWED.get(action)
        if allowed is not None and row["state"] not in allowed:
            raise RefusedError(
                f"{change} is in state {row['state']}: {action} is possible in {', '.join(sorted(allowed))}"
            )
        return row


def write(
    store: Store,
    decide: Callable[[Writing], None],
    *,
    by: str,
    request: Mapping[str, Any],
    key: str | None = None,
    now: datetime | None = None,
) -> Done:
    """Let `decide` add entries to the log: all of them, or none where it refuses.

    `request` is what was asked for, by which a key that is used for something else is told from the same asked again.

    Raises
    ------
    RefusedError
        If it may not be done, with the reason.
    StoreError
        If the database cannot be written.
    """
    asked = hashlib.sha256(json.dumps([by, request], sort_keys=True, default=str).encode()).hexdigest()
    with store.writing() as connection:
        if key is not None:
            before = entries(connection, key=key)
            if before and before[0].request != asked:
                raise RefusedError(f"the key {key!r} was used for another request; choose a new one")
            if before:
                return Done(tuple(before), again=True)
        desk = connection.execute(sa.select(DESK)).one()
        # Clocks may go back; the log does not.
        at = max(filter(None, (now or datetime.now(UTC), desk.last_at)))
        writing = Writing(connection, actor_of(connection, by), at, desk.last, key, asked)
        decide(writing)
        if writing.made:
            connection.execute(LOG.insert(), rows_of(writing.made))
            writing.shelf.flush()
            connection.execute(DESK.update().values(last=writing.made[-1].seq, last_at=at))
        return Done(tuple(writing.made))


def words(text: str, what: str, *, needed: bool = True) -> str:
    """Give a text as it is kept: trimmed, without what no database can hold.

    Raises
    ------
    RefusedError
        If it is empty and needed, or too long.
    """
    kept = text.replace("\0", "").encode("utf-8", "replace").decode().strip()
    if needed and not kept:
        raise RefusedError(f"{what} is missing; say it in a few words")
    if len(kept) > LONGEST_TEXT:
        raise RefusedError(f"{what} has {len(kept)} characters; {LONGEST_TEXT} are enough for anybody")
    return kept


def sentence(entry: Entry) -> str:
    """Say in a few words what an entry of the log did."""
    about = f" {entry.change}" if entry.change else ""
    start = entry.detail.get("start")
    to = f" at {start[:16]}Z" if isinstance(start, str) else ""
    why = f" ({entry.reason})" if entry.reason else ""
    return f"{entry.by} {PAST.get(entry.action, entry.action)}{about}{to} on {entry.at:%Y-%m-%d %H:%M}Z{why}"


PAST: Mapping[str, str] = {
    "add": "brought in",
    "alter": "altered",
    "assess": "began to plan",
    "propose": "proposed",
    "withdraw": "withdrew the proposal for",
    "confirm": "confirmed",
    "assign": "named engineers for",
    "move": "moved",
    "approve": "approved",
    "reject": "rejected",
    "defer": "put off the decision on",
    "pin": "pinned",
    "unpin": "unpinned",
    "hold": "put on hold",
    "release": "released",
    "cancel": "cancelled",
    "start": "started",
    "extend": "extended",
    "finish": "finished",
    "backout": "backed out",
    "review": "closed",
    "comment": "commented on",
    "object": "objected to",
    "answer": "answered an objection to",
    "prefer": "noted a wish for hours",
    "drop preference": "took a wish for hours back",
    "delegate": "let somebody stand in",
    "end delegation": "let nobody stand in any more",
    "end override": "ended the exception for",
    "absent": "noted that somebody is away",
    "identity": "signed in for the first time",
    "forget identity": "let somebody sign in anew",
    "end absence": "noted that somebody is back",
}
