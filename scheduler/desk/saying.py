"""What people say beside decisions: comments, objections and their answers, wishes of teams."""

from datetime import datetime
from typing import Literal

from scheduler.desk.access import RefusedError
from scheduler.desk.deciding import must_have_window
from scheduler.desk.library import portfolio_of
from scheduler.desk.position import position
from scheduler.desk.store import Store
from scheduler.desk.tables import OBJECTIONS, PREFERENCES
from scheduler.desk.writing import Done, Writing, words, write
from scheduler.horizon import WeeklyHours
from scheduler.inputs.tables import utc_text


def comment(
    store: Store, change: str, text: str, *, by: str, key: str | None = None, now: datetime | None = None
) -> Done:
    """Say something about a change; it decides nothing, so it is never out of date."""

    def decide(writing: Writing) -> None:
        row = writing.change(change, None)
        writing.actor.must("comment", row["teams"])
        writing.add("comment", change, words(text, "the comment"))

    return write(store, decide, by=by, request={"do": "comment", "change": change, "text": text}, key=key, now=now)


def object_to(
    store: Store,
    change: str,
    *,
    team: str,
    by: str,
    seen: int,
    reason: str,
    key: str | None = None,
    now: datetime | None = None,
) -> Done:
    """Object, for a team that a change touches, to the window that it has or is to have."""

    def decide(writing: Writing) -> None:
        row = writing.change(change, seen, "object")
        writing.actor.must("object", [team])
        if team not in row["teams"]:
            raise RefusedError(f"{change} takes nothing from {team}")
        must_have_window(row)
        window = position(writing.connection).planned_of(change)
        start = None if window is None else utc_text(window.start)
        writing.add("object", change, words(reason, "the reason"), team=team, start=start)

    request = {"do": "object", "change": change, "team": team, "seen": seen, "reason": reason}
    return write(store, decide, by=by, request=request, key=key, now=now)


def answer(
    store: Store,
    objection: int,
    *,
    by: str,
    uphold: bool,
    text: str,
    key: str | None = None,
    now: datetime | None = None,
) -> Done:
    """Answer an objection: one that is upheld keeps plans off that window, as a rejection does."""

    def decide(writing: Writing) -> None:
        row = writing.shelf.get(OBJECTIONS, objection)
        if row is None:
            raise RefusedError(f"there is no objection {objection}")
        writing.actor.must("answer", [row["team"]])
        if row["status"] != "open":
            raise RefusedError(f"objection {objection} was answered by {row['answered_by']} already")
        status = "upheld" if uphold else "declined"
        writing.add("answer", row["change"], words(text, "the answer"), objection=objection, status=status)

    request = {"do": "answer", "objection": objection, "uphold": uphold, "text": text}
    return write(store, decide, by=by, request=request, key=key, now=now)


def prefer(
    store: Store,
    team: str,
    kind: Literal["never", "avoid", "prefer"],
    *,
    by: str,
    hours: str = "",
    start: datetime | None = None,
    end: datetime | None = None,
    cost_cents_per_hour: int | None = None,
    reason: str = "",
    key: str | None = None,
    now: datetime | None = None,
) -> Done:
    """Keep a team's wish for hours free of work, or for work in them; plans from now on know it.

    `hours` are weekly, on the team's clock; or [start, end) is one period.
    """

    def decide(writing: Writing) -> None:
        writing.actor.must("prefer", [team])
        if team not in portfolio_of(writing.connection).teams:
            raise RefusedError(f"there is no team {team!r}")
        if (start is None) != (end is None) or (start is not None and end is not None and end <= start):
            raise RefusedError("a period has a start and a later end")
        if bool(hours) == (start is not None):
            raise RefusedError("give weekly hours, or one period")
        try:
            WeeklyHours.parse(hours)
        except ValueError as error:
            raise RefusedError(str(error)) from error
        if kind == "avoid" and (cost_cents_per_hour is None or cost_cents_per_hour <= 0):
            raise RefusedError("say what an hour of work then costs")
        writing.add(
            "prefer",
            None,
            words(reason, "the reason", needed=False),
            team=team,
            kind=kind,
            hours=hours,
            start=None if start is None else utc_text(start),
            end=None if end is None else utc_text(end),
            cost_cents_per_hour=cost_cents_per_hour,
        )

    request: dict[str, object] = {
        "do": "prefer",
        "team": team,
        "kind": kind,
        "hours": hours,
        "start": start,
        "end": end,
    }
    request |= {"cost": cost_cents_per_hour, "reason": reason}
    return write(store, decide, by=by, request=request, key=key, now=now)


def drop_preference(
    store: Store, preference: int, *, by: str, key: str | None = None, now: datetime | None = None
) -> Done:
    """Take a wish back."""

    def decide(writing: Writing) -> None:
        row = writing.shelf.get(PREFERENCES, preference)
        if row is None or row["ended_at"] is not None:
            raise RefusedError(f"there is no wish {preference} to take back")
        writing.actor.must("drop preference", [row["team"]])
        writing.add("drop preference", preference=preference)

    request = {"do": "drop preference", "preference": preference}
    return write(store, decide, by=by, request=request, key=key, now=now)
