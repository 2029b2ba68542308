"""Feeds of what the store of the desk holds: read when it was written to, kept until then."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from scheduler.desk.library import portfolio_of
from scheduler.desk.plans import document_of
from scheduler.desk.store import Store, StoreError
from scheduler.desk.tables import DESK, LOG, VERSIONS, WINDOW_REVISIONS, WINDOWS
from scheduler.desk.tokens import token_of
from scheduler.inputs.cells import parse_time
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


@dataclass(eq=False)
class _Shown:
    """What the store held after the entry `last` of its log, and the feeds that were written of it so far."""

    last: int
    archive: Archive
    bodies: dict[tuple[Kind, str, Detail, bool], tuple[Body, datetime | None]] = field(default_factory=dict)


class DeskFeeds:
    """The feeds of a store; several threads may ask.

    `public_url` is where the pages are reached, for the links in the feeds; without it there are none.
    """

    def __init__(self, store: Store, public_url: str = "") -> None:
        self._store, self._public_url = store, public_url.rstrip("/")
        self._editions: dict[int, Edition] = {}
        self._shifts: dict[int, Shifts] = {}
        self._shown: _Shown | None = None
        self._lock = threading.Lock()

    def find(self, secret: str, now: datetime) -> Body | None:
        """Give the feed that a secret opens; None alike for one that is unknown, revoked or expired, or opens no feed.

        Raises
        ------
        StoreError
            If the store does not answer.
        """
        with self._store.reading() as connection:
            token = token_of(connection, secret, now)
            last = _last(connection)
        if token is None or token.kind == "sign-in":
            return None
        return self.body(token.kind, token.scope, token.detail, now, proposals=token.proposals, last=last)

    def check(self) -> None:
        """Return where the store answers.

        Raises
        ------
        StoreError
            If it does not.
        """
        with self._store.reading() as connection:
            _last(connection)

    def body(
        self,
        kind: Kind,
        scope: str,
        detail: Detail,
        now: datetime,
        *,
        proposals: bool = False,
        last: int | None = None,
    ) -> Body:
        """Give a feed; `last` is how far the log went when somebody looked, if anybody did."""
        shown = self._current(now, last)
        key = (kind, scope, detail, proposals)
        kept = shown.bodies.get(key)
        if kept is None or (kept[1] is not None and now >= kept[1]):
            feed = shown.archive.feed(kind, scope, now, proposals=proposals)
            kept = Body.of(stream(feed, detail), feed.last_modified), shown.archive.next_leave(now)
            shown.bodies[key] = kept
        return kept[0]

    def archive(self, now: datetime) -> Archive:
        """Give everything that feeds are made of, as it is now."""
        return self._current(now, None).archive

    def _current(self, now: datetime, last: int | None) -> _Shown:
        if last is None:
            with self._store.reading() as connection:
                last = _last(connection)
        shown = self._shown
        if shown is not None and shown.last == last:
            return shown
        # Whoever comes while another reads what is new is given what was there before: a moment later, not a wait.
        if not self._lock.acquire(blocking=shown is None):
            assert shown is not None
            return shown
        try:
            if self._shown is None or self._shown.last != last:
                with self._store.reading() as connection:
                    self._shown = self._read(connection, now)
            return self._shown
        finally:
            self._lock.release()

    def _read(self, connection: sa.Connection, now: datetime) -> _Shown:
        if self._shown is not None and _last(connection) < self._shown.last:
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
        proposed = _proposed(connection)
        histories = [self._history(connection, dict(row), revisions[row["id"]], proposed, now) for row in windows]
        return _Shown(_last(connection), Archive(editions, histories, self._link))

    def _portfolio(self, number: int) -> Portfolio:
        with self._store.reading() as connection:
            return portfolio_of(connection, number)

    def _history(
        self,
        connection: sa.Connection,
        window: Mapping[str, Any],
        rows: list[Mapping[str, Any]],
        proposed: Mapping[tuple[str, datetime], list[tuple[int, int]]],
        now: datetime,
    ) -> WindowHistory:
        found = []
        for number, row in enumerate(rows):
            status = STATUSES[row["status"]]
            told = window["announced_at"] if number == len(rows) - 1 else window["first_announced_at"]
            plans = [plan for seq, plan in proposed.get((window["change"], row["start"]), ()) if seq <= row["seq"]]
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
            document = document_of(connection, plan)
            self._shifts[plan] = {
                one["change"]: tuple(
                    Shift(
                        engineer=shift["engineer"],
                        skill=shift["skill"],
                        start=parse_time(shift["start"]),
                        end=parse_time(shift["end"]),
                    )
                    for shift in one.get("engineers") or ()
                )
                for one in document["placements"]
            }
        return self._shifts[plan].get(change, ())

    def _link(self, window: str, change: str) -> str:
        return f"{self._public_url}/?change={quote(change, safe='')}" if self._public_url else ""


def _last(connection: sa.Connection) -> int:
    found: int | None = connection.execute(sa.select(DESK.c.last)).scalar()
    if found is None:
        raise StoreError("the store holds no desk")
    return found


def _proposed(connection: sa.Connection) -> Mapping[tuple[str, datetime], list[tuple[int, int]]]:
    """Give by change and start the entries of the log that proposed a window, and the plans that did."""
    found: dict[tuple[str, datetime], list[tuple[int, int]]] = {}
    rows = connection.execute(
        sa.select(LOG.c.seq, LOG.c.change, LOG.c.detail).where(LOG.c.action == "propose").order_by(LOG.c.seq)
    )
    for seq, change, detail in rows:
        if detail.get("schedule") is not None:
            found.setdefault((change, parse_time(detail["start"])), []).append((seq, detail["schedule"]))
    return found
