"""Where everything stands at the desk: what planning, judging and showing a plan start from."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import sqlalchemy as sa

from scheduler.desk.planning import Absence, Facts, Objection, Override, Running, folded, unpinned
from scheduler.desk.shelf import Row
from scheduler.desk.states import OVER
from scheduler.desk.tables import CHANGES, OBJECTIONS, OVERRIDES, PREFERENCES, REJECTIONS, SETTINGS, WINDOWS
from scheduler.desk.windows import DeskWindow
from scheduler.horizon import WeeklyHours, Window
from scheduler.portfolio import Change, Decision, PastWork, Portfolio, Preference
from scheduler.schedule import Schedule, place
from scheduler.standing import standing


@dataclass(frozen=True, eq=False)
class Position:
    """Rows of the store at one moment: changes, their windows, what was rejected and which rules were set aside."""

    changes: Mapping[str, Row]
    windows: Mapping[str, DeskWindow]
    rejections: tuple[Row, ...] = ()
    overrides: tuple[Row, ...] = ()
    objections: tuple[Row, ...] = ()
    preferences: tuple[Row, ...] = ()
    absences: tuple[Row, ...] = ()

    def window_of(self, change: str) -> DeskWindow | None:
        """Give the window that clients were told of, if there is one."""
        row = self.changes.get(change)
        return None if row is None or row["window"] is None else self.windows[row["window"]]

    def proposal_of(self, change: str) -> DeskWindow | None:
        """Give the window that waits for a decision, if there is one."""
        row = self.changes.get(change)
        return None if row is None or row["proposal"] is None else self.windows[row["proposal"]]

    def planned_of(self, change: str) -> DeskWindow | None:
        """Give the window that the change is to have as things stand: the proposal before the announced one."""
        return self.proposal_of(change) or self.window_of(change)

    @cached_property
    def open(self) -> tuple[str, ...]:
        """The changes that still need a window, or work of which goes on."""
        return tuple(sorted(change for change, row in self.changes.items() if row["state"] not in OVER))

    def schedule(self, portfolio: Portfolio) -> Schedule:
        """Give the plan as things stand: what is left of work that goes on, and every window announced or proposed."""
        pinned = standing(portfolio).pinned
        placements = []
        for change in self.open:
            window = self.planned_of(change)
            if change in portfolio.changes and window is not None:
                begun = window.status == "implementing"
                placements.append(place(portfolio, change, pinned[change] if begun else window.start))
        return Schedule(tuple(placements))

    def set_aside(self, change: str, start: datetime, now: datetime) -> frozenset[str]:
        """Give the rules that need not hold for a start of a change, as an administrator said, until that expires."""
        return frozenset(
            rule
            for one in self.overrides
            if (one["change"], one["start"], one["ended_at"]) == (change, start, None) and now < one["expires_at"]
            for rule in one["rules"]
        )

    def facts(self, now: datetime, portfolio: Portfolio, *, free: Collection[str] = ()) -> Facts:
        """Give what was decided and has happened; changes in `free` are planned even where they are on hold."""
        work = [(portfolio.changes[change], row) for change, row in self.changes.items() if change in portfolio.changes]
        return Facts(
            now=now,
            decisions=self._decisions(),
            overrides=tuple(self._overrides()),
            objections=tuple(
                Objection(team=one["team"], change=one["change"], start=one["start"], upheld=one["status"] == "upheld")
                for one in self.objections
                if one["start"] is not None
            ),
            preferences=tuple(_preference(one) for one in self.preferences if one["ended_at"] is None),
            absences=tuple(
                Absence(
                    engineer=one["engineer"],
                    window=Window(datetime.fromisoformat(one["start"]), datetime.fromisoformat(one["end"])),
                    reason=one["reason"],
                )
                for one in self.absences
                if one["engineer"] in (portfolio.engineers or {})
            ),
            running=tuple(self._running(row) for _, row in work if row["state"] == "Implement"),
            finished=tuple(self._finished(one, row) for one, row in work if row["state"] in ("Review", "Closed")),
            left_out={one.id: why for one, row in work if one.id not in free and (why := self._left_out(row))},
        )

    def _decisions(self) -> tuple[Decision, ...]:
        # Rejections come first: what was announced or pinned after all stays so.
        found = [Decision(change=one["change"], kind="reject", start=one["start"]) for one in self.rejections]
        for change in self.open:
            window, planned, row = self.window_of(change), self.planned_of(change), self.changes[change]
            if window is not None:
                told = window.announced_at
                found.append(Decision(change=change, kind="approve", start=window.start, announced_at=told))
            if (row["pinned"] or row["on_hold"]) and planned is not None:
                told = planned.announced_at
                found.append(Decision(change=change, kind="pin", start=planned.start, announced_at=told))
        return tuple(found)

    def lapsed(self, change: str, start: datetime, by: datetime) -> list[Row]:
        """List the exceptions of a window that have expired by an instant; not those that later ones make up for."""
        own = (change, start, None)
        held = [one for one in self.overrides if (one["change"], one["start"], one["ended_at"]) == own]
        lasting = {rule for one in held if one["expires_at"] > by for rule in one["rules"]}
        return [one for one in held if one["expires_at"] <= by and not lasting.issuperset(one["rules"])]

    def _overrides(self) -> Iterator[Override]:
        for one in self.overrides:
            planned = self.planned_of(one["change"])
            holds = one["ended_at"] is None and planned is not None and planned.start == one["start"]
            if holds and one["change"] in self.open:
                yield Override(
                    change=one["change"], start=one["start"], rules=tuple(one["rules"]), expires_at=one["expires_at"]
                )

    def _running(self, row: Row) -> Running:
        window = self.windows[row["window"]]
        began = row["started_at"]
        return Running(change=row["change"], started_at=began, end=window.end, reserved_until=window.reserved_until)

    def _finished(self, change: Change, row: Row) -> PastWork:
        window = self.windows[row["window"]]
        return PastWork(
            change=change.id,
            kind=change.type,
            services=change.services,
            planned_start=window.start,
            planned_end=window.end,
            actual_start=row["started_at"],
            actual_end=row["ended_at"],
        )

    def _left_out(self, row: Row) -> str:
        if row["state"] == "Cancelled":
            return "it was cancelled"
        return "it is on hold" if row["on_hold"] and self.planned_of(row["change"]) is None else ""


def _preference(row: Row) -> Preference:
    return Preference(
        team=row["team"],
        kind=row["kind"],
        hours=WeeklyHours.parse(row["hours"]) if row["hours"] else None,
        start=row["start"],
        end=row["end"],
        cost_cents_per_hour=row["cost_cents_per_hour"],
        reason=row["reason"],
    )


def position(connection: sa.Connection) -> Position:
    """Read where everything stands."""

    def rows(table: sa.Table) -> list[Row]:
        found = connection.execute(sa.select(table).order_by(*table.primary_key))
        names = list(found.keys())  # which mappings of rows would ask for row by row
        return [dict(zip(names, row, strict=True)) for row in found]

    return Position(
        {row["change"]: row for row in rows(CHANGES)},
        {row["id"]: DeskWindow(**row) for row in rows(WINDOWS)},
        tuple(rows(REJECTIONS)),
        tuple(rows(OVERRIDES)),
        tuple(rows(OBJECTIONS)),
        tuple(rows(PREFERENCES)),
        tuple(connection.execute(sa.select(SETTINGS.c.value).where(SETTINGS.c.name == "absences")).scalar() or ()),
    )


def planned(portfolio: Portfolio, at: Position, *, free: Collection[str] = (), hashed: bool = True) -> Portfolio:
    """Give a portfolio as it is to be planned, seen from its `now`: the solver learns of the desk in no other way.

    Of changes in `free`, pins and approvals are lifted; what was announced of them stays announced. What is only looked
    at need not be `hashed`, which takes a second where there is much usage.
    """
    world = folded(portfolio, at.facts(portfolio.now, portfolio, free=free), hashed=hashed)
    return unpinned(world, [one for one in free if one in world.changes]) if free else world
