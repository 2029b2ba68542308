"""Windows chosen by hand: priced, checked, and where an administrator says so, against a hard rule for a while."""

from dataclasses import dataclass
from datetime import datetime

from scheduler.desk.access import RefusedError
from scheduler.desk.deciding import new_window, times
from scheduler.desk.judging import Bench, Judged
from scheduler.desk.planning import OVERRIDABLE
from scheduler.desk.store import Store
from scheduler.desk.tables import OVERRIDES
from scheduler.desk.writing import Done, Writing, words, write
from scheduler.inputs.tables import utc_text


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """Why an administrator sets hard rules aside for one window, and until when."""

    reason: str
    expires_at: datetime


def price(store: Store, change: str, start: datetime, *, now: datetime) -> Judged:
    """Say what a start of a change would cost and which rules it would break, everything else as it is.

    Raises
    ------
    RefusedError
        If there is no such change in the portfolio, or it can have no such start.
    """
    with store.reading() as connection:
        return Bench(connection, now).judged(change, start)


def move(
    store: Store,
    change: str,
    start: datetime,
    *,
    by: str,
    seen: int,
    reason: str = "",
    override: SetAside | None = None,
    key: str | None = None,
    now: datetime | None = None,
) -> Done:
    """Propose a window chosen by hand, and pin the change to it; what was announced holds until it is approved.

    A window that breaks a hard rule is refused, unless an administrator says with `override` why it may, and until
    when.

    Raises
    ------
    RefusedError
        With the rules that it breaks.
    """

    def decide(writing: Writing) -> None:
        row = writing.change(change, seen, "move")
        writing.actor.must("move", row["teams"])
        judged = Bench(writing.connection, writing.now).judged(change, start)
        rules = sorted({one.rule for one in judged.broken})
        detail = {}
        if judged.broken:
            if override is None:
                broken = "; ".join(f"{one.rule}: {one.text}" for one in judged.broken)
                raise RefusedError(f"{change} may not start then. {broken}")
            writing.actor.must("override", row["teams"])
            fast = [one for one in judged.broken if one.rule not in OVERRIDABLE]
            if fast:
                raise RefusedError(f"{fast[0].rule} cannot be set aside: {fast[0].text}")
            why = words(override.reason, "the reason of the exception")
            if override.expires_at <= writing.now:
                raise RefusedError("the exception would have expired already; give a later instant")
            detail = {"override": {"reason": why, "expires_at": utc_text(override.expires_at)}}
        placement = judged.placement
        writing.add(
            "move",
            change,
            words(reason, "the reason", needed=False),
            window=row["proposal"] or new_window(),
            cost_cents=judged.cents,
            overridden=rules,
            **times(placement.start, placement.end, placement.reserved_until),
            **detail,
        )

    request = {"do": "move", "change": change, "seen": seen, "start": utc_text(start), "reason": reason}
    if override is not None:
        request |= {"override": override.reason, "expires": utc_text(override.expires_at)}
    return write(store, decide, by=by, request=request, key=key, now=now)


def end_override(
    store: Store,
    override: int,
    *,
    by: str,
    reason: str = "",
    key: str | None = None,
    now: datetime | None = None,
) -> Done:
    """End an exception before it expires; its window has to be planned again."""

    def decide(writing: Writing) -> None:
        row = writing.shelf.get(OVERRIDES, override)
        if row is None or row["ended_at"] is not None:
            raise RefusedError(f"there is no exception {override} to end")
        change = writing.change(row["change"], None)
        writing.actor.must("end override", change["teams"])
        writing.add("end override", row["change"], words(reason, "the reason", needed=False), override=override)

    request = {"do": "end override", "override": override}
    return write(store, decide, by=by, request=request, key=key, now=now)
