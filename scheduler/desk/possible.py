"""What somebody may do to a change as it stands: for buttons; the workflow decides again when one is pressed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from scheduler.desk.access import Actor
from scheduler.desk.position import Position
from scheduler.desk.shelf import Row
from scheduler.desk.states import ALLOWED
from scheduler.desk.working import EARLY

ORDER = (
    "approve",
    "reject",
    "move",
    "defer",
    "withdraw",
    "pin",
    "unpin",
    "hold",
    "release",
    "start",
    "extend",
    "finish",
    "backout",
    "review",
    "cancel",
    "object",
    "comment",
)
"""Everything that may be done to a change, in the order that buttons have."""


@dataclass(frozen=True, slots=True)
class Possible:
    """Something that may be done; `against` says what stands in its way for now, and is empty where nothing does."""

    action: str
    against: str = ""


def possible(actor: Actor, at: Position, change: str, now: datetime) -> tuple[Possible, ...]:
    """List what the actor's role and the state of a change let be done, in `ORDER`."""
    row = at.changes.get(change)
    return () if row is None else tuple(_possible(actor, at, row, now))


def _possible(actor: Actor, at: Position, row: Row, now: datetime) -> Iterator[Possible]:
    window, proposal = at.window_of(row["change"]), at.proposal_of(row["change"])
    fits = {
        "approve": proposal is not None,
        "reject": proposal is not None or window is not None,
        "defer": proposal is not None,
        "withdraw": proposal is not None,
        "pin": not row["pinned"] and (proposal or window) is not None,
        "unpin": row["pinned"],
        "hold": not row["on_hold"],
        "release": row["on_hold"],
        "object": (proposal or window) is not None,
    }
    against = {
        "approve": _against_approval(actor, row),
        "start": _held(row)
        or ("" if window and window.start - EARLY <= now < window.reserved_until else "its window is not now"),
    }
    for action in ORDER:
        state_allows = row["state"] in ALLOWED.get(action, (row["state"],))
        if state_allows and actor.may(action, row["teams"]) and fits.get(action, True):
            yield Possible(action, against.get(action, ""))


def _against_approval(actor: Actor, row: Row) -> str:
    if row["stale"]:
        return "its inputs changed since its window was found; plan again first"
    if row["requested_by"].strip().casefold() == actor.user.casefold():
        return "you requested it: somebody else must approve it"
    if actor.user in row["approvals"]:
        return "you have approved it already: somebody else must too"
    return _held(row)


def _held(row: Row) -> str:
    return "it is on hold; release it first" if row["on_hold"] else ""
