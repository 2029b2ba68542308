"""Feeds of what the store of the desk holds: read when it was written to, kept until then.

Whoever asks for a feed first looks at the mark of the desk (`scheduler.desk.watching`). As long as that is the same,
what was found out before holds: what a secret opens, and the bytes of the feed. Only time can change them then, and
both know until when they are good.
"""

import gc
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from scheduler.desk.library import portfolio_of
from scheduler.desk.plans import naming_plans, shifts_of
from scheduler.desk.store import Store, StoreError
from scheduler.desk.tables import DESK, LOG, VERSIONS, WINDOW_REVISIONS, WINDOWS
from scheduler.desk.tokens import Token, hash_of, token_of
from scheduler.desk.watching import Mark, Watch, mark_of
from scheduler.portfolio import Portfolio
from scheduler.publish.contents import Kind, Status
from scheduler.publish.history import KEPT, Archive, Edition, Revision, WindowHistory
from scheduler.publish.stream import Detail, stream
from scheduler.publish.validators import Body
from scheduler.schedule import Placement, Shift

REMEMBERED = timedelta(days=400)
"""How long windows that are over count for when their feeds last changed."""

STATUSES = {
    "proposed": Status.TENTATIVE,
    "scheduled": Status.CONFIRMED,
    "implementing": Status.IN_PROCESS,
    "done": Status.COMPLETED,
    "cancelled": Status.CANCELLED,
    "withdrawn": Status.CANCELLED,
}
Shifts = Mapping[str, tuple[Shift, ...]]


QUIET = ("token", "rotate", "revoke", "user", "delegate", "end delegation", "comment")
"""What is decided without any feed saying another thing afterwards."""


@dataclass(frozen=True, eq=False)
class _Shown:
    """What the store held at a mark, and the feeds that were written of it so far.

    `last` is the last entry of the log then, which `entry` tells from any other with that number.
    """

    mark: Mark
    last: int
    entry: tuple[object, ...]
    archive: Archive
    bodies: dict[tuple[Kind, str, Detail, bool], tuple[Body, datetime | None]] = field(default_factory=dict)

    def body(self, kind: Kind, scope: str, detail: Detail, proposals: bool, now: datetime) -> Body | None:
        """Give a feed that was written and that nothing has left since."""
        body, until = self.bodies.get((kind, scope, detail, proposals), (None, None))
        return body if until is None or now < until else None


class DeskFeeds:
    """The feeds of a store; several threads may ask.

    `public_url` is where the pages are reached, for the links in the feeds; without it there are none.
    """

    def __init__(self, store: Store, public_url: str = "") -> None:
        self._store, self._public_url = store, public_url.rstrip("/")
        self._watch = Watch(store)
        self._editions: dict[int, Edition] = {}
        self._shifts: dict[int, Shifts] = {}
        self._shown: _Shown | None = None
        self._opened: tuple[Mark | None, dict[str, Token]] = None, {}
        self._lock = threading.Lock()

    def warm(self, seconds: float = 30.0) -> None:
        """Read now what the first who asks would wait for; where that takes longer, go on meanwhile."""
        thread = threading.Thread(target=self._read_ahead, daemon=True)
        thread.start()
        thread.join(seconds)

    def _read_ahead(self) -> None:
        try:
            self.archive(datetime.now(UTC))
        except StoreError:
            return  # whoever asks is told
        # What stays for good need not be gone through whenever garbage is collected, while somebody waits.
        gc.collect()
        gc.freeze()

    def close(self) -> None:
        """Give back what is held open of the store."""
        self._watch.close()

    def glance(self) -> Mark | None:
        """Give the mark of the desk where that can be told without waiting."""
        return self._watch.glance()

    def look(self) -> Mark:
        """Give the mark of the desk: what `recall` gives for it is as good as what `find` would.

        Raises
        ------
        StoreError
            If the store does not answer.
        """
        return self._watch.look()

    def recall(self, secret: str, now: datetime, seen: Mark) -> Body | None:
        """Give the feed that a secret opens where that was found out at the mark that was seen; waits for nothing."""
        (mark, tokens), shown = self._opened, self._shown
        token = tokens.get(hash_of(secret))
        if mark != seen or shown is None or shown.mark != seen or token is None or not token.good(now):
            return None
        if token.kind == "sign-in":
            return None
        return shown.body(token.kind, token.scope, token.detail, token.proposals, now)

    def find(self, secret: str, now: datetime, seen: Mark | None = None) -> Body | None:
        """Give the feed that a secret opens; None alike for one that is unknown, revoked or expired, or opens no feed.

        `seen` is the mark of the desk, where somebody looked since they were asked.

        Raises
        ------
        StoreError
            If the store does not answer.
        """
        mark = self._watch.look() if seen is None else seen
        with self._store.reading() as connection:
            token = token_of(connection, secret, now)
        if token is None or token.kind == "sign-in":
            return None
        body = self.body(token.kind, token.scope, token.detail, now, proposals=token.proposals, seen=mark)
        # It was read after the mark: as long as the desk has that mark, nothing was decided since.
        opened = self._opened
        if opened[0] != mark:
            opened = self._opened = mark, {}
        opened[1][token.hash] = token
        return body

    def body(
        self,
        kind: Kind,
        scope: str,
        detail: Detail,
        now: datetime,
        *,
        proposals: bool = False,
        seen: Mark | None = None,
    ) -> Body:
        """Give a feed."""
        shown = self._current(now, seen)
        kept = shown.body(kind, scope, detail, proposals, now)
        if kept is None:
            feed = shown.archive.feed(kind, scope, now, proposals=proposals)
            kept = Body.of(stream(feed, detail), feed.last_modified)
            shown.bodies[kind, scope, detail, proposals] = kept, shown.archive.next_leave(now)
        return kept

    def archive(self, now: datetime) -> Archive:
        """Give everything that feeds are made of, as it is now."""
        return self._current(now, None).archive

    def _current(self, now: datetime, seen: Mark | None) -> _Shown:
        mark = self._watch.look() if seen is None else seen
        shown = self._shown
        if shown is not None and shown.mark == mark:
            return shown
        # Whoever comes while another reads what is new is given what was there before: a moment later, not a wait.
        if not self._lock.acquire(blocking=shown is None):
            assert shown is not None
            return shown
        try:
            if self._shown is None or self._shown.mark != mark:
                with self._store.reading() as connection:
                    self._shown = self._still(connection) or self._read(connection, now)
            return self._shown
        finally:
            self._lock.release()

    def _still(self, connection: sa.Connection) -> _Shown | None:
        """Give what is shown under the mark of now, where only things were decided that no feed tells of."""
        shown = self._shown
        if shown is None or _entry(connection, shown.last) != shown.entry:
            return None
        last = _last(connection)
        loud = sa.select(LOG.c.seq).where(LOG.c.seq > shown.last, LOG.c.action.not_in(QUIET)).limit(1)
        if last < shown.last or connection.execute(loud).first() is not None:
            return None
        return replace(shown, mark=mark_of(connection), last=last, entry=_entry(connection, last))

    def _read(self, connection: sa.Connection, now: datetime) -> _Shown:
        last = _last(connection)
        if self._shown is not None and _entry(connection, self._shown.last) != self._shown.entry:
            # A backup was restored: what is numbered alike may be something else.
            self._editions, self._shifts = {}, {}
        since = now - REMEMBERED
        windows = connection.execute(sa.select(WINDOWS).where(WINDOWS.c.reserved_until > since)).mappings().all()
        revisions: dict[str, list[Mapping[str, Any]]] = {row["id"]: [] for row in windows}
        for row in connection.execute(sa.select(WINDOW_REVISIONS).order_by(WINDOW_REVISIONS.c.sequence)).mappings():
            if row["window"] in revisions:
                revisions[row["window"]].append(dict(row))
        needed = {row["version"] for rows in revisions.values() for row in rows}
        versions = connection.execute(sa.select(VERSIONS.c.id, VERSIONS.c.at).order_by(VERSIONS.c.id)).all()
        for number, at in versions:
            if number not in self._editions:
                self._editions[number] = Edition(number, at, partial(self._portfolio, number))
        newest = max((number for number, _ in versions), default=None)
        editions = [
            self._editions[number] for number, at in versions if at > since or number in needed or number == newest
        ]
        plans = naming_plans(connection)
        histories = [self._history(connection, dict(row), revisions[row["id"]], plans, now) for row in windows]
        return _Shown(mark_of(connection), last, _entry(connection, last), Archive(editions, histories, self._link))

    def _portfolio(self, number: int) -> Portfolio:
        with self._store.reading() as connection:
            return portfolio_of(connection, number)

    def _history(
        self,
        connection: sa.Connection,
        window: Mapping[str, Any],
        rows: list[Mapping[str, Any]],
        naming: Mapping[tuple[str, datetime], list[tuple[int, int]]],
        now: datetime,
    ) -> WindowHistory:
        found = []
        for number, row in enumerate(rows):
            status = STATUSES[row["status"]]
            told = window["announced_at"] if number == len(rows) - 1 else window["first_announced_at"]
            plans = [plan for seq, plan in naming.get((window["change"], row["start"]), ()) if seq <= row["seq"]]
            shown = row["reserved_until"] + KEPT > now
            placement = Placement(
                change=window["change"],
                start=row["start"],
                end=row["end"],
                reserved_until=row["reserved_until"],
                announced_at=None if status is Status.TENTATIVE else told,
                engineers=self._engineers(connection, plans[-1], window["change"]) if plans and shown else (),
            )
            found.append(
                Revision(
                    at=row["at"],
                    sequence=row["sequence"],
                    status=status,
                    placement=placement,
                    edition=row["version"],
                )
            )
        return WindowHistory(id=window["id"], revisions=tuple(found))

    def _engineers(self, connection: sa.Connection, plan: int, change: str) -> tuple[Shift, ...]:
        if plan not in self._shifts:
            self._shifts[plan] = shifts_of(connection, plan)
        return self._shifts[plan].get(change, ())

    def _link(self, window: str, change: str) -> str:
        return f"{self._public_url}/?change={quote(change, safe='')}" if self._public_url else ""


def _last(connection: sa.Connection) -> int:
    found: int | None = connection.execute(sa.select(DESK.c.last)).scalar()
    if found is None:
        raise StoreError("the store holds no desk")
    return found


def _entry(connection: sa.Connection, number: int) -> tuple[object, ...]:
    """Give what tells an entry of the log from one that took its number after a backup was restored."""
    columns = (DESK.c.store, LOG.c.at, LOG.c.by, LOG.c.action, LOG.c.request, LOG.c.part)
    query = sa.select(*columns).select_from(DESK).outerjoin(LOG, LOG.c.seq == number)
    return tuple(connection.execute(query).one())
