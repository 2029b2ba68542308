"""Work on a change, from its start to what was learnt, and who is away from work."""

from datetime import datetime, timedelta

from scheduler.desk.access import RefusedError
from scheduler.desk.deciding import times
from scheduler.desk.library import portfolio_of
from scheduler.desk.position import position
from scheduler.desk.store import Store
from scheduler.desk.tables import WINDOWS
from scheduler.desk.writing import Done, Writing, words, write
from scheduler.inputs.tables import utc_text

EARLY = timedelta(minutes=15)
"""How long before its window work may begin."""


def start(
    store: Store, change: str, *, by: str, seen: int, key: str | None = None, now: datetime | None = None
) -> Done:
    """Say that work has begun, in its window."""

    def decide(writing: Writing) -> None:
        row = writing.change(change, seen, "start")
        writing.actor.must("start", row["teams"])
        if row["on_hold"]:
            raise RefusedError(f"{change} is on hold; release it first")
        at = position(writing.connection)
        window = at.window_of(change)
        if window is None or not window.start - EARLY <= writing.now < window.reserved_until:
            told = "" if window is None else f" from {utc_text(window.start)} to {utc_text(window.reserved_until)}"
            raise RefusedError(f"{change} has its window{told}, which is not now; move it first")
        if at.lapsed(change, window.start, writing.now):
            raise RefusedError(f"the exception that {change} has its window by has expired; move it first")
        writing.add("start", change)

    return write(store, decide, by=by, request={"do": "start", "change": change, "seen": seen}, key=key, now=now)


def extend(
    store: Store,
    change: str,
    minutes: int,
    *,
    by: str,
    seen: int,
    reason: str,
    key: str | None = None,
    now: datetime | None = None,
) -> Done:
    """Give running work more time: both its expected end and the end of its window come later by so many minutes."""

    def decide(writing: Writing) -> None:
        row = writing.change(change, seen, "extend")
        writing.actor.must("extend", row["teams"])
        if minutes <= 0:
            raise RefusedError("more time is a number of minutes above 0")
        window, more = writing.shelf.get(WINDOWS, row["window"]) or {}, timedelta(minutes=minutes)
        later = times(window["start"], window["end"] + more, window["reserved_until"] + more)
        writing.add("extend", change, words(reason, "the reason"), minutes=minutes, **later)

    request = {"do": "extend", "change": change, "seen": seen, "minutes": minutes, "reason": reason}
    return write(store, decide, by=by, request=request, key=key, now=now)


def finish(
    store: Store,
    change: str,
    *,
    by: str,
    seen: int,
    note: str = "",
    key: str | None = None,
    now: datetime | None = None,
) -> Done:
    """Say that work is done."""
    return _over(store, "finish", change, by, seen, words(note, "the note", needed=False), key, now)


def backout(
    store: Store, change: str, *, by: str, seen: int, reason: str, key: str | None = None, now: datetime | None = None
) -> Done:
    """Say that work was undone, and why."""
    return _over(store, "backout", change, by, seen, words(reason, "the reason"), key, now)


def review(
    store: Store, change: str, *, by: str, seen: int, note: str, key: str | None = None, now: datetime | None = None
) -> Done:
    """Close a change with what was learnt."""
    return _over(store, "review", change, by, seen, words(note, "what was learnt"), key, now)


def _over(
    store: Store, action: str, change: str, by: str, seen: int, text: str, key: str | None, now: datetime | None
) -> Done:
    def decide(writing: Writing) -> None:
        row = writing.change(change, seen, action)
        writing.actor.must(action, row["teams"])
        writing.add(action, change, text)

    request = {"do": action, "change": change, "seen": seen, "text": text}
    return write(store, decide, by=by, request=request, key=key, now=now)


def absent(
    store: Store,
    engineer: str,
    *,
    by: str,
    start: datetime,
    end: datetime,
    reason: str = "",
    key: str | None = None,
    now: datetime | None = None,
) -> Done:
    """Say that an engineer is away during [start, end), whatever the calendars say; plans from now on know it."""

    def decide(writing: Writing) -> None:
        writing.actor.must("absent")
        if engineer not in (portfolio_of(writing.connection).engineers or {}):
            raise RefusedError(f"there is no engineer {engineer!r}")
        if end <= start:
            raise RefusedError("an absence has a start and a later end")
        times = {"start": utc_text(start), "end": utc_text(end)}
        writing.add("absent", None, words(reason, "the reason", needed=False), engineer=engineer, **times)

    request = {"do": "absent", "engineer": engineer, "start": utc_text(start), "end": utc_text(end), "reason": reason}
    return write(store, decide, by=by, request=request, key=key, now=now)


def end_absence(store: Store, absence: int, *, by: str, key: str | None = None, now: datetime | None = None) -> Done:
    """Say that an engineer is back, or was never away."""

    def decide(writing: Writing) -> None:
        writing.actor.must("end absence")
        if absence not in [one["id"] for one in position(writing.connection).absences]:
            raise RefusedError(f"there is no absence {absence} to end")
        writing.add("end absence", absence=absence)

    return write(store, decide, by=by, request={"do": "end absence", "absence": absence}, key=key, now=now)
