"""What waits for somebody at the desk: which changes need a decision or work, why, and until when."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from scheduler.demand.topology import affected_teams
from scheduler.desk.deciding import APPROVERS
from scheduler.desk.position import Position
from scheduler.desk.shelf import Row
from scheduler.desk.tables import SETTINGS
from scheduler.desk.windows import DeskWindow
from scheduler.portfolio import Portfolio
from scheduler.wording import listing

NeedKind = Literal["late", "approve", "answer", "begin", "exception", "review", "replan", "plan"]
DECISIONS: tuple[NeedKind, ...] = ("late", "answer", "approve", "begin", "exception", "review")
"""What a person has to decide or say, the most pressing first; the other kinds wait for the next plan."""
_RANK: Mapping[NeedKind, int] = {kind: rank for rank, kind in enumerate((*DECISIONS, "replan", "plan"))}
_FAR = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One thing that a change waits for, in words; `by` is the instant from which on it is too late, or None."""

    kind: NeedKind
    text: str
    by: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """A change at the desk, and what it waits for, the most pressing first."""

    change: str
    row: Row
    needs: tuple[Need, ...]
    window: DeskWindow | None
    proposal: DeskWindow | None

    @property
    def planned(self) -> DeskWindow | None:
        """The window that it is to have: the proposal before the announced one."""
        return self.proposal or self.window

    @property
    def waits(self) -> bool:
        """Tell whether a person has to decide something."""
        return bool(self.needs) and self.needs[0].kind in DECISIONS

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags that are up."""
        return tuple(name.replace("_", " ") for name in ("on_hold", "pinned", "stale") if self.row[name])


def approvers_of(connection: sa.Connection) -> Mapping[str, int]:
    """Give how many must approve a change, by its type."""
    found = connection.execute(sa.select(SETTINGS.c.value).where(SETTINGS.c.name == "approvers")).scalar()
    return {**APPROVERS, **(found or {})}


def docket(portfolio: Portfolio, at: Position, now: datetime, approvers: Mapping[str, int]) -> tuple[Matter, ...]:
    """List every change, what is most pressing first, then by the instant until which, then in the order of windows.

    `portfolio` may lack changes that the desk has: those that a later import left out.
    """
    said: dict[str, list[Row]] = defaultdict(list)
    for one in at.objections:
        if one["status"] == "open":
            said[one["change"]].append(one)
    found = []
    for change, row in at.changes.items():
        needs = sorted(_needs(portfolio, at, row, said[change], now, approvers), key=_pressing)
        given: dict[str, Any] = {"window": at.window_of(change), "proposal": at.proposal_of(change)}
        found.append(Matter(change=change, row=row, needs=tuple(needs), **given))
    return tuple(sorted(found, key=_order))


def notice_until(portfolio: Portfolio, change: str, start: datetime) -> datetime | None:
    """Give the end of the last day on which announcing a start still gives every affected team its notice.

    Days are those of each team's own calendar. None where no team was promised notice: emergencies, and changes that
    take nothing from anybody.
    """
    one = portfolio.changes.get(change)
    if one is None or one.type == "emergency":
        return None
    ends = []
    for team in affected_teams(portfolio, change):
        days, zone = portfolio.notice_days(team), ZoneInfo(portfolio.teams[team].time_zone)
        if days is not None:
            day = start.astimezone(zone).date() - timedelta(days=days) + timedelta(days=1)
            ends.append(datetime.combine(day, time(), zone).astimezone(UTC))
    return min(ends, default=None)


def _needs(
    portfolio: Portfolio,
    at: Position,
    row: Row,
    objections: Collection[Row],
    now: datetime,
    approvers: Mapping[str, int],
) -> Iterator[Need]:
    change, window = row["change"], at.window_of(row["change"])
    for one in objections:
        yield Need(kind="answer", text=f"Answer {one['team']}, who objects: {one['reason']}")
    match row["state"]:
        case "Implement" if window is not None and window.reserved_until <= now:
            yield Need(kind="late", text="Its window is over and work goes on: finish it, extend it or back it out.")
        case "Scheduled" if window is not None and window.reserved_until <= now and not row["on_hold"]:
            yield Need(kind="late", text="Its window is over and work never began: move it or cancel it.")
        case "Scheduled" if window is not None and window.start <= now and not row["on_hold"]:
            yield Need(kind="begin", text="Its window has begun: say when work starts.", by=window.reserved_until)
        case "Review":
            yield Need(kind="review", text="Work is over: say what was learnt.")
        case "Rejected":
            yield Need(kind="replan", text="Its window was rejected: plan again.")
        case "Draft" | "Assess" if not row["on_hold"]:
            yield Need(kind="plan", text="It has no window yet.")
    proposal = at.proposal_of(change)
    if row["stale"]:
        yield Need(kind="replan", text="Its inputs changed since its window was found: plan again.")
    elif proposal is not None and not row["on_hold"]:
        yield Need(kind="approve", text=_approval(row, window, approvers), by=_until(portfolio, proposal))
    planned = proposal or window
    if planned is not None and row["state"] not in ("Implement", "Review", "Closed", "Cancelled"):
        for one in at.lapsed(change, planned.start, planned.start):
            text = f"The exception from {listing(one['rules'])} expires before the window begins: move it."
            yield Need(kind="exception", text=text, by=one["expires_at"])


def _approval(row: Row, window: DeskWindow | None, approvers: Mapping[str, int]) -> str:
    text = "Approve or reject the window." if window is None else "Approve or reject the move."
    given, needed = row["approvals"], approvers[row["type"]]
    return f"{text} {listing(given)} approved; {needed} must." if given else text


def _until(portfolio: Portfolio, proposal: DeskWindow) -> datetime:
    return min(filter(None, (notice_until(portfolio, proposal.change, proposal.start), proposal.start)))


def _pressing(need: Need) -> tuple[int, datetime]:
    return _RANK[need.kind], need.by or _FAR


def _order(one: Matter) -> tuple[int, datetime, datetime, str]:
    rank, by = _pressing(one.needs[0]) if one.needs else (len(_RANK), _FAR)
    return rank, by, one.planned.start if one.planned else _FAR, one.change
