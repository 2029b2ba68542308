"""What every entry of the log does: the only place that says so.

The store keeps what its log folds to, entry by entry as they are added; `replayed` folds a log from nothing. Both run
this code, which looks at nothing but the rows and the entry, so that they agree.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from scheduler.desk.entries import Entry, entries
from scheduler.desk.fold_people import PEOPLE
from scheduler.desk.shelf import BATCH, MemoryShelf, Row, Shelf
from scheduler.desk.states import planned_state, proposed_state
from scheduler.desk.tables import (
    CHANGES,
    FOLDED,
    NOTICES,
    OBJECTIONS,
    OVERRIDES,
    REJECTIONS,
    SETTINGS,
    WINDOW_REVISIONS,
    WINDOWS,
)

Apply = Callable[[Shelf, Entry], None]


def apply(shelf: Shelf, entry: Entry) -> None:
    """Do what an entry says."""
    APPLY[entry.action](shelf, entry)


def replayed(log: Iterable[Entry]) -> MemoryShelf:
    """Fold a whole log from nothing."""
    shelf = MemoryShelf()
    for entry in log:
        apply(shelf, entry)
    return shelf


def refold(connection: sa.Connection) -> None:
    """Store what the whole log folds to, in place of what is stored."""
    rows = replayed(entries(connection)).rows
    for table in FOLDED:
        connection.execute(table.delete())
        found = list(rows[table.name].values())
        for number in range(0, len(found), BATCH):
            connection.execute(table.insert(), found[number : number + BATCH])


def instant(value: str | None) -> datetime | None:
    """Read an instant of an entry's detail."""
    return None if value is None else datetime.fromisoformat(value)


# --- windows ---------------------------------------------------------------------------------------------------------


def _times(detail: Mapping[str, Any]) -> Row:
    return {name: instant(detail[name]) for name in ("start", "end", "reserved_until")}


def _note_revision(shelf: Shelf, window: Row) -> None:
    names = ("status", "start", "end", "reserved_until", "sequence", "seq", "version")
    row = {name: window[name] for name in names}
    shelf.put(WINDOW_REVISIONS, row | {"window": window["id"], "at": window["revised_at"]})


def _revise(shelf: Shelf, entry: Entry, id: str, **given: Any) -> Row:
    window = _need(shelf.get(WINDOWS, id))
    window |= given | {"sequence": window["sequence"] + 1, "revised_at": entry.at, "seq": entry.seq}
    shelf.put(WINDOWS, window)
    _note_revision(shelf, window)
    return window


def _open(shelf: Shelf, entry: Entry, change: Row, status: str) -> None:
    detail = entry.detail
    window = _times(detail) | {
        "id": detail["window"],
        "change": entry.change,
        "status": status,
        "sequence": 0,
        "revised_at": entry.at,
        "announced_at": None,
        "first_announced_at": None,
        "version": change["version"],
        "cost_cents": detail.get("cost_cents"),
        "seq": entry.seq,
    }
    shelf.put(WINDOWS, window)
    _note_revision(shelf, window)


def _end(shelf: Shelf, entry: Entry, change: Row, name: str) -> None:
    """Take a window of a change back: those that clients were told of are cancelled, others withdrawn."""
    id, change[name] = change[name], None
    if id is not None:
        told = _need(shelf.get(WINDOWS, id))["first_announced_at"] is not None
        window = _revise(shelf, entry, id, status="cancelled" if told else "withdrawn")
        if told:
            _tell(shelf, entry, change, window, "cancelled")


def _tell(shelf: Shelf, entry: Entry, change: Row, window: Row, kind: str) -> None:
    for part, team in enumerate(change["teams"]):
        row = {
            "id": entry.seq,
            "part": part,
            "window": window["id"],
            "change": entry.change,
            "team": team,
            "kind": kind,
        }
        shelf.put(NOTICES, row | {"sequence": window["sequence"], "at": entry.at, "start": window["start"]})


# --- changes ---------------------------------------------------------------------------------------------------------


def _need(row: Row | None) -> Row:
    if row is None:
        raise ValueError("the log speaks of something that is not there")
    return row


def _change(shelf: Shelf, entry: Entry) -> Row:
    return _need(shelf.get(CHANGES, entry.change))


def _put(shelf: Shelf, entry: Entry, change: Row) -> None:
    shelf.put(CHANGES, change | {"revision": entry.seq})


def _add(shelf: Shelf, entry: Entry) -> None:
    known = ("type", "requested_by", "version", "teams")
    row = {name: entry.detail[name] for name in known} | {
        "change": entry.change,
        "state": "Draft",
        "revision": entry.seq,
    }
    row |= {"on_hold": False, "pinned": False, "stale": False, "window": None, "proposal": None, "approvals": []}
    shelf.put(CHANGES, row | {"started_at": None, "ended_at": None, "outcome": ""})


def _alter(shelf: Shelf, entry: Entry) -> None:
    change = _change(shelf, entry)
    change |= {name: entry.detail[name] for name in ("type", "requested_by", "version", "teams")}
    if entry.detail["stale"] and (change["window"] or change["proposal"]):
        change |= {"stale": True, "approvals": []}
    if entry.detail["told"]:
        for id in filter(None, (change["window"], change["proposal"])):
            _revise(shelf, entry, id, version=change["version"])
    _put(shelf, entry, change)


def _assess(shelf: Shelf, entry: Entry) -> None:
    change = _change(shelf, entry)
    change["state"] = planned_state(change["type"], change["state"])
    _put(shelf, entry, change)


def _propose(shelf: Shelf, entry: Entry) -> None:
    change, detail = _change(shelf, entry), entry.detail
    if change["proposal"] is not None:
        given = _times(detail) | {"cost_cents": detail.get("cost_cents"), "version": change["version"]}
        _revise(shelf, entry, change["proposal"], **given)
    else:
        _open(shelf, entry, change, "proposed")
        change["proposal"] = detail["window"]
    state = proposed_state(change["type"], change["state"])
    change |= {"state": state, "approvals": [], "stale": False}
    _put(shelf, entry, change)


def _move(shelf: Shelf, entry: Entry) -> None:
    _propose(shelf, entry)
    _put(shelf, entry, _change(shelf, entry) | {"pinned": True})
    if entry.detail["overridden"]:
        detail = entry.detail["override"]
        row = {"id": entry.seq, "change": entry.change, "start": instant(entry.detail["start"]), "by": entry.by}
        row |= {"rules": entry.detail["overridden"], "reason": detail["reason"], "at": entry.at}
        shelf.put(OVERRIDES, row | {"expires_at": instant(detail["expires_at"]), "ended_at": None})


def _withdraw(shelf: Shelf, entry: Entry) -> None:
    change = _change(shelf, entry)
    _end(shelf, entry, change, "proposal")
    change["approvals"] = []
    if change["window"] is None:
        change |= {"state": planned_state(change["type"], "Proposed"), "pinned": False, "stale": False}
    _put(shelf, entry, change)


def _confirm(shelf: Shelf, entry: Entry) -> None:
    # The window that was announced is still good: what its change was altered in makes no difference.
    _put(shelf, entry, _change(shelf, entry) | {"stale": False})


def _assign(shelf: Shelf, entry: Entry) -> None:
    _revise(shelf, entry, entry.detail["window"])


def _approve(shelf: Shelf, entry: Entry) -> None:
    change = _change(shelf, entry)
    change["approvals"] = [*change["approvals"], entry.detail["approver"]]
    if len(change["approvals"]) < entry.detail["needed"]:
        change["state"] = "Scheduled" if change["window"] else "Authorise"
    else:
        _schedule(shelf, entry, change)
    _put(shelf, entry, change)


def _schedule(shelf: Shelf, entry: Entry, change: Row) -> None:
    proposal = _need(shelf.get(WINDOWS, change["proposal"]))
    # A window that was approved before it came to the desk was announced then.
    told = instant(entry.detail.get("announced_at")) or entry.at
    given: Row = {"status": "scheduled", "announced_at": told, "version": change["version"]}
    if change["window"] is None:
        change |= {"window": proposal["id"], "proposal": None}
        window = _revise(shelf, entry, proposal["id"], first_announced_at=told, **given)
        _tell(shelf, entry, change, window, "planned")
    else:
        _end(shelf, entry, change, "proposal")
        given |= {name: proposal[name] for name in ("start", "end", "reserved_until", "cost_cents")}
        window = _revise(shelf, entry, change["window"], **given)
        _tell(shelf, entry, change, window, "moved")
    change |= {"state": "Scheduled", "approvals": []}


def _reject(shelf: Shelf, entry: Entry) -> None:
    change = _change(shelf, entry)
    name = "proposal" if change["proposal"] is not None else "window"
    rejected = _need(shelf.get(WINDOWS, change[name]))
    row = {"id": entry.seq, "change": entry.change, "start": rejected["start"], "by": entry.by, "reason": entry.reason}
    shelf.put(REJECTIONS, row)
    _end(shelf, entry, change, name)
    change |= {"approvals": [], "pinned": False, "stale": False}
    if change["window"] is None:
        change["state"] = "Rejected"
    _put(shelf, entry, change)


def _flag(**given: bool) -> Apply:
    def raise_flag(shelf: Shelf, entry: Entry) -> None:
        _put(shelf, entry, _change(shelf, entry) | given)

    return raise_flag


def _cancel(shelf: Shelf, entry: Entry) -> None:
    change = _change(shelf, entry)
    for name in ("proposal", "window"):
        _end(shelf, entry, change, name)
    change |= {"state": "Cancelled", "approvals": [], "on_hold": False, "pinned": False, "stale": False}
    _put(shelf, entry, change | {"outcome": entry.detail["outcome"], "ended_at": entry.at})


def _start(shelf: Shelf, entry: Entry) -> None:
    change = _change(shelf, entry)
    _end(shelf, entry, change, "proposal")
    _revise(shelf, entry, change["window"], status="implementing")
    _put(shelf, entry, change | {"state": "Implement", "started_at": entry.at, "approvals": []})


def _extend(shelf: Shelf, entry: Entry) -> None:
    change = _change(shelf, entry)
    window = _revise(shelf, entry, change["window"], **_times(entry.detail))
    _tell(shelf, entry, change, window, "moved")
    _put(shelf, entry, change)


def _finish(shelf: Shelf, entry: Entry) -> None:
    change = _change(shelf, entry)
    _revise(shelf, entry, change["window"], status="done")
    outcome = "backed out" if entry.action == "backout" else "done"
    _put(shelf, entry, change | {"state": "Review", "ended_at": entry.at, "outcome": outcome})


def _review(shelf: Shelf, entry: Entry) -> None:
    _put(shelf, entry, _change(shelf, entry) | {"state": "Closed"})


# --- what is said beside it ------------------------------------------------------------------------------------------


def _object(shelf: Shelf, entry: Entry) -> None:
    row = {"id": entry.seq, "change": entry.change, "team": entry.detail["team"], "by": entry.by, "at": entry.at}
    row |= {"reason": entry.reason, "start": instant(entry.detail["start"]), "status": "open"}
    shelf.put(OBJECTIONS, row | {"answer": "", "answered_by": "", "answered_at": None})
    _put(shelf, entry, _change(shelf, entry))


def _answer(shelf: Shelf, entry: Entry) -> None:
    row = _need(shelf.get(OBJECTIONS, entry.detail["objection"]))
    row |= {"status": entry.detail["status"], "answer": entry.reason, "answered_by": entry.by}
    shelf.put(OBJECTIONS, row | {"answered_at": entry.at})
    _put(shelf, entry, _change(shelf, entry))


def _end_override(shelf: Shelf, entry: Entry) -> None:
    row = _need(shelf.get(OVERRIDES, entry.detail["override"]))
    shelf.put(OVERRIDES, row | {"ended_at": entry.at})
    _put(shelf, entry, _change(shelf, entry) | {"stale": True})


def _import(shelf: Shelf, entry: Entry) -> None:
    shelf.put(SETTINGS, {"name": "version", "value": entry.detail["version"]})


def _nothing(shelf: Shelf, entry: Entry) -> None:
    """Do nothing: runs are kept by themselves, and the log says who asked."""


APPLY: Mapping[str, Apply] = {
    "add": _add,
    "alter": _alter,
    "assess": _assess,
    "propose": _propose,
    "withdraw": _withdraw,
    "confirm": _confirm,
    "assign": _assign,
    "move": _move,
    "approve": _approve,
    "reject": _reject,
    "defer": _flag(),
    "pin": _flag(pinned=True),
    "unpin": _flag(pinned=False),
    "hold": _flag(on_hold=True),
    "release": _flag(on_hold=False),
    "cancel": _cancel,
    "start": _start,
    "extend": _extend,
    "finish": _finish,
    "backout": _finish,
    "review": _review,
    "object": _object,
    "answer": _answer,
    "end override": _end_override,
    "import": _import,
    "plan": _nothing,
    "stop": _nothing,
    **PEOPLE,
}
