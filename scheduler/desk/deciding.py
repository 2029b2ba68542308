"""Decisions on windows: approve, reject, pin, hold, cancel.

Every function writes to the log or refuses with the reason (`RefusedError`); `seen` is the revision of the change that
was looked at.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from scheduler.desk.access import RefusedError, actor_of, stands_in_for
from scheduler.desk.judging import Bench
from scheduler.desk.shelf import Row
from scheduler.desk.store import Store
from scheduler.desk.tables import CHANGES, SETTINGS, USERS
from scheduler.desk.writing import Done, Writing, words, write
from scheduler.inputs.tables import utc_text

APPROVERS: Mapping[str, int] = {"standard": 1, "normal": 1, "emergency": 1, "external": 1}
"""How many must approve a change of each type, unless the setting `approvers` says otherwise."""


def new_window() -> str:
    """Make an id for a window that no other has, here or at any other desk."""
    return uuid.uuid4().hex


def times(start: datetime, end: datetime, reserved_until: datetime) -> dict[str, str]:
    """Give the times of a window as an entry of the log holds them."""
    return {"start": utc_text(start), "end": utc_text(end), "reserved_until": utc_text(reserved_until)}


# --- approve and reject ----------------------------------------------------------------------------------------------


def approve(
    store: Store,
    change: str,
    *,
    by: str,
    seen: int,
    instead_of: str | None = None,
    reason: str = "",
    key: str | None = None,
    now: datetime | None = None,
) -> Done:
    """Approve the proposed window; the last of those who must makes it announced.

    `instead_of` names somebody who is away and let `by` approve in their place.

    Raises
    ------
    RefusedError
        If the inputs changed since the proposal, the change is on hold, the window breaks a rule by now (notice grows
        short while nobody decides), or `by` requested it or approved already.
    """

    def decide(writing: Writing) -> None:
        row = writing.change(change, seen, "approve")
        if instead_of is None:
            writing.actor.must("approve", row["teams"])
        else:
            if instead_of not in stands_in_for(writing.connection, by, writing.now):
                raise RefusedError(f"{instead_of} has not let {by} approve in their place at this time")
            actor_of(writing.connection, instead_of).must("approve", row["teams"])
        must_be_proposed(row)
        _must_be_ready(row)
        people = {by} if instead_of is None else {by, instead_of}
        for one in sorted(people):
            if _requested(writing, row, one):
                raise RefusedError(f"{one} requested {change}: somebody else must approve it")
            if one in row["approvals"]:
                raise RefusedError(f"{one} has approved {change} already: somebody else must approve it too")
        _must_be_legal(writing, change)
        detail = {"approver": by, "instead_of": instead_of, "needed": approvers(writing.connection, row["type"])}
        writing.add("approve", change, words(reason, "the reason", needed=False), **detail)

    request = asked("approve", change, seen, reason) | {"instead of": instead_of}
    return write(store, decide, by=by, request=request, key=key, now=now)


def approvers(connection: sa.Connection, type: str) -> int:
    """Give how many must approve a change of a type."""
    found = connection.execute(sa.select(SETTINGS.c.value).where(SETTINGS.c.name == "approvers")).scalar()
    return int({**APPROVERS, **(found or {})}[type])


def _requested(writing: Writing, row: Row, user: str) -> bool:
    name = writing.connection.execute(sa.select(USERS.c.name).where(USERS.c.user == user)).scalar() or user
    return row["requested_by"].strip().casefold() in {user.casefold(), name.casefold()}


def must_be_proposed(row: Row) -> None:
    """Refuse where there is nothing to decide on."""
    if row["proposal"] is None:
        raise RefusedError(f"{row['change']} has no proposal to decide on")


def must_have_window(row: Row) -> None:
    """Refuse where there is no window at all."""
    if row["proposal"] is None and row["window"] is None:
        raise RefusedError(f"{row['change']} has no window")


def _must_be_ready(row: Row) -> None:
    if row["on_hold"]:
        raise RefusedError(f"{row['change']} is on hold; release it first")
    if row["stale"]:
        raise RefusedError(f"the inputs of {row['change']} changed since its window was found; plan again first")


def _must_be_legal(writing: Writing, change: str) -> None:
    bench = Bench(writing.connection, writing.now)
    proposal = bench.at.proposal_of(change)
    if proposal is not None:
        refused = bench.judged(change, proposal.start).refused
        if refused:
            raise RefusedError(f"the window breaks a rule by now ({refused[0].rule}): {refused[0].text}")


def reject(
    store: Store, change: str, *, by: str, seen: int, reason: str, key: str | None = None, now: datetime | None = None
) -> Done:
    """Reject the proposed window, or where none is proposed the announced one: no plan proposes it again."""

    def decide(writing: Writing) -> None:
        row = writing.change(change, seen, "reject")
        writing.actor.must("reject", row["teams"])
        must_have_window(row)
        writing.add("reject", change, words(reason, "the reason"))

    return write(store, decide, by=by, request=asked("reject", change, seen, reason), key=key, now=now)


def defer(
    store: Store, change: str, *, by: str, seen: int, reason: str, key: str | None = None, now: datetime | None = None
) -> Done:
    """Put the decision on the proposed window off: nothing changes, but that it was looked at and why it waits."""

    def decide(writing: Writing) -> None:
        row = writing.change(change, seen, "defer")
        writing.actor.must("defer", row["teams"])
        must_be_proposed(row)
        writing.add("defer", change, words(reason, "the reason"))

    return write(store, decide, by=by, request=asked("defer", change, seen, reason), key=key, now=now)


# --- flags and the end -----------------------------------------------------------------------------------------------


def pin(
    store: Store,
    change: str,
    *,
    by: str,
    seen: int,
    reason: str = "",
    key: str | None = None,
    now: datetime | None = None,
) -> Done:
    """Pin a change to the window that it has: no plan moves it."""
    return _flagged(store, "pin", "pinned", True, change, by, seen, reason, key, now)


def unpin(
    store: Store,
    change: str,
    *,
    by: str,
    seen: int,
    reason: str = "",
    key: str | None = None,
    now: datetime | None = None,
) -> Done:
    """Let plans move a change again, as far as its approval does."""
    return _flagged(store, "unpin", "pinned", False, change, by, seen, reason, key, now)


def hold(
    store: Store, change: str, *, by: str, seen: int, reason: str, key: str | None = None, now: datetime | None = None
) -> Done:
    """Put a change on hold: it is neither proposed nor approved nor started until it is released."""
    return _flagged(store, "hold", "on_hold", True, change, by, seen, words(reason, "the reason"), key, now)


def release(
    store: Store,
    change: str,
    *,
    by: str,
    seen: int,
    reason: str = "",
    key: str | None = None,
    now: datetime | None = None,
) -> Done:
    """Take a change off hold."""
    return _flagged(store, "release", "on_hold", False, change, by, seen, reason, key, now)


def _flagged(
    store: Store,
    action: str,
    flag: str,
    value: bool,
    change: str,
    by: str,
    seen: int,
    reason: str,
    key: str | None,
    now: datetime | None,
) -> Done:
    def decide(writing: Writing) -> None:
        row = writing.change(change, seen, action)
        writing.actor.must(action, row["teams"])
        if action == "pin":
            must_have_window(row)
        if row[flag] == value:
            raise RefusedError(f"{change} is {'' if value else 'not '}{flag.replace('_', ' ')} already")
        writing.add(action, change, words(reason, "the reason", needed=False))

    return write(store, decide, by=by, request=asked(action, change, seen, reason), key=key, now=now)


def cancel(
    store: Store, change: str, *, by: str, seen: int, reason: str, key: str | None = None, now: datetime | None = None
) -> Done:
    """Cancel a change; clients who were told of its window are told of that too."""

    def decide(writing: Writing) -> None:
        row = writing.change(change, seen, "cancel")
        writing.actor.must("cancel", row["teams"])
        writing.add("cancel", change, words(reason, "the reason"), outcome="cancelled")

    return write(store, decide, by=by, request=asked("cancel", change, seen, reason), key=key, now=now)


def asked(action: str, change: str, seen: int, reason: str) -> dict[str, Any]:
    """Give what was asked for, as a request that is asked twice is told by."""
    return {"do": action, "change": change, "seen": seen, "reason": reason}


def revision_of(connection: sa.Connection, change: str) -> int:
    """Give the revision that a change has now: what a decision on it has to name.

    Raises
    ------
    RefusedError
        If there is no such change.
    """
    found = connection.execute(sa.select(CHANGES.c.revision).where(CHANGES.c.change == change)).scalar()
    if found is None:
        raise RefusedError(f"there is no change {change!r}")
    return int(found)
