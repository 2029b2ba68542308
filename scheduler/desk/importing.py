"""A new version of the portfolio: what it changes is shown first, then kept, and marks what was planned on the old."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from scheduler.demand.topology import affected_teams
from scheduler.desk.access import RefusedError
from scheduler.desk.deciding import new_window, times
from scheduler.desk.entries import entries
from scheduler.desk.library import add_version, current_version, portfolio_of, seen_from
from scheduler.desk.position import Position, planned, position
from scheduler.desk.states import OVER
from scheduler.desk.store import Store
from scheduler.desk.writing import Done, StaleError, Writing, write
from scheduler.inputs.fingerprint import content_hash
from scheduler.portfolio import Change, Decision, Portfolio
from scheduler.schedule import announced_at, place
from scheduler.standing import standing
from scheduler.verify import verify
from scheduler.wording import listing

_TEXTS = frozenset(("title", "what_you_will_notice", "why", "workaround", "description", "requested_by"))
_TOLD = frozenset(("title", "what_you_will_notice", "why", "workaround", "description", "services", "impact"))
"""Columns that no plan depends on, and those that feeds show."""
_PARTS = ("policy", "teams", "services", "dependencies", "groups", "engineers", "calendars", "events", "preferences")
MOST_NAMED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What a portfolio makes different: changes that are new, altered (with the columns) or gone, and other parts."""

    seen: int | None
    added: tuple[str, ...] = ()
    altered: Mapping[str, tuple[str, ...]]
    removed: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    same: bool = False

    @property
    def text(self) -> str:
        """Say it in a few lines."""
        if self.same:
            return "nothing differs from what is there"
        lines = [
            f"{len(names)} {word}: {listing(sorted(names), MOST_NAMED)}"
            for word, names in (("new", self.added), ("altered", self.altered), ("gone", self.removed))
            if names
        ]
        if self.parts:
            lines.append(f"also differ: {listing(self.parts)}")
        return "\n".join(lines) or "no change differs"


def preview(store: Store, portfolio: Portfolio) -> Import:
    """Say what importing a portfolio would change; nothing is written."""
    with store.reading() as connection:
        return _compared(connection, portfolio, position(connection))


def import_portfolio(
    store: Store,
    portfolio: Portfolio,
    *,
    by: str,
    seen: int | None,
    key: str | None = None,
    now: datetime | None = None,
) -> Done:
    """Make a portfolio the current version; `seen` is the version that it was compared with (None: there was none).

    New changes are drafts; one that the portfolio's own decisions approve is scheduled, as announced there. An altered
    one, and one whose window breaks a rule now, is stale: it cannot be approved until it was planned again. One that
    is gone is cancelled, and clients who knew of it are told. Nothing is done where nothing differs.

    Raises
    ------
    StaleError
        If another version was imported meanwhile.
    RefusedError
        If a change that is gone is being worked on.
    """

    def decide(writing: Writing) -> None:
        writing.actor.must("import")
        at = position(writing.connection)
        found = _compared(writing.connection, portfolio, at)
        if found.seen != seen:
            imports = [one for one in entries(writing.connection) if one.action == "import"]
            raise StaleError("the portfolio", [one for one in imports if one.detail["version"] > (seen or 0)][-3:])
        if found.same:
            return
        busy = [change for change in found.removed if at.changes[change]["state"] == "Implement"]
        if busy:
            raise RefusedError(f"{listing(busy)} is being worked on and may not be gone; finish it first")
        version = add_version(writing.connection, portfolio, by=by, source=portfolio.folder, at=writing.now)
        counts = {"added": len(found.added), "altered": len(found.altered), "removed": len(found.removed)}
        writing.add("import", None, found.text, version=version, **counts)
        for change in found.removed:
            writing.add("cancel", change, "it is no longer in the portfolio", outcome="removed")
        for change in found.added:
            writing.add("add", change, **_known(portfolio, change, version))
            _adopt(writing, portfolio, change)
        stale = _broken(portfolio, at, writing.now)
        for change in sorted(found.altered.keys() | stale.keys()):
            columns = found.altered.get(change, ())
            detail = _known(portfolio, change, version) | {
                "columns": list(columns),
                "stale": change in stale or not _TEXTS.issuperset(columns),
                "told": bool(_TOLD.intersection(columns)) or "teams" in columns,
            }
            writing.add("alter", change, stale.get(change, listing(columns)), **detail)

    request = {"do": "import", "content": portfolio.content_hash, "seen": seen}
    return write(store, decide, by=by, request=request, key=key, now=now)


def _known(portfolio: Portfolio, change: str, version: int) -> dict[str, Any]:
    one = portfolio.changes[change]
    teams = list(affected_teams(portfolio, change))
    return {"type": one.type, "requested_by": one.requested_by, "version": version, "teams": teams}


def _compared(connection: sa.Connection, portfolio: Portfolio, at: Position) -> Import:
    version = current_version(connection)
    if version is None:
        return Import(seen=None, added=tuple(portfolio.changes), altered={})
    before = portfolio_of(connection, version)
    if content_hash(replace(before, now=portfolio.now)) == portfolio.content_hash:
        return Import(seen=version, altered={}, same=True)
    gone = {change for change, row in at.changes.items() if row["outcome"] == "removed"}
    here = {change for change in portfolio.changes if change in at.changes and change not in gone}
    live = {change for change in here if at.changes[change]["state"] not in OVER}
    altered = {}
    for change in sorted(live):
        row = at.changes[change]
        columns = _columns(before.changes.get(change), portfolio.changes[change])
        if list(affected_teams(portfolio, change)) != row["teams"]:
            columns = (*columns, "teams")
        if columns:
            altered[change] = columns
    return Import(
        seen=version,
        added=tuple(change for change in portfolio.changes if change not in here),
        altered=altered,
        removed=tuple(change for change in at.open if change not in portfolio.changes),
        parts=tuple(name for name in _PARTS if getattr(before, name) != getattr(portfolio, name)),
    )


def _columns(before: Change | None, after: Change) -> tuple[str, ...]:
    names = [one.name for one in fields(Change)]
    return tuple(name for name in names if before is None or getattr(before, name) != getattr(after, name))


def _adopt(writing: Writing, portfolio: Portfolio, change: str) -> None:
    """Take over a window that the portfolio's own decisions approved."""
    start = standing(portfolio).pinned.get(change)
    approved = Decision(change=change, kind="approve", start=start) if start is not None else None
    if start is None or not any(replace(one, announced_at=None) == approved for one in portfolio.decisions):
        return
    placement = place(portfolio, change, start)
    told = announced_at(portfolio, change, start)
    reason = "approved before the import"
    window = times(placement.start, placement.end, placement.reserved_until)
    writing.add("propose", change, reason, window=new_window(), schedule=None, cost_cents=None, **window)
    detail = {"approver": writing.actor.user, "instead_of": None, "needed": 1}
    if told is not None:
        detail["announced_at"] = told.isoformat()
    writing.add("approve", change, reason, **detail)


def _broken(portfolio: Portfolio, at: Position, now: datetime) -> Mapping[str, str]:
    """Give the changes whose windows break a rule of the new portfolio, with the words of it."""
    portfolio = planned(seen_from(portfolio, now), at)
    schedule = at.schedule(portfolio)
    found: dict[str, str] = {}
    for violation in verify(portfolio, schedule):
        for change in violation.changes:
            row = at.changes.get(change)
            window = at.planned_of(change)
            if row is None or window is None or row["stale"] or row["state"] == "Implement":
                continue
            if violation.rule not in at.set_aside(change, window.start, now):
                found.setdefault(change, f"{violation.rule}: {violation.text}")
    return found
