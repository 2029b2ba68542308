"""Blackouts as entries of a calendar: single events, whole days as days (RFC 5545 section 3.6.1)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from scheduler.horizon import Window
from scheduler.portfolio import Calendar, Portfolio
from scheduler.publish.contents import Content, name_of
from scheduler.publish.plain_text import one_line
from scheduler.wording import listing, window_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """One interval of a blackout. `calendar` and its start tell it from all others."""

    calendar: str
    window: Window
    zone: str
    everywhere: bool
    content: Content

    @property
    def id(self) -> str:
        """Its calendar and its start."""
        return f"{self.calendar}/{self.window.start:%Y%m%dT%H%M%SZ}"

    @property
    def days(self) -> tuple[date, date] | None:
        """Its first day and the day after its last, where it lasts from midnight to midnight in its zone."""
        ends = [instant.astimezone(ZoneInfo(self.zone)) for instant in (self.window.start, self.window.end)]
        midnight = all(one.time() == datetime.min.time() for one in ends)
        return (ends[0].date(), ends[1].date()) if midnight and ends[0].date() < ends[1].date() else None


def freezes(portfolio: Portfolio, calendars: Iterable[str] | None = None) -> list[Freeze]:
    """List the intervals of the hard blackouts that reach into the horizon, or of some of them, by start."""
    chosen = set(portfolio.calendars if calendars is None else calendars)
    found = [
        Freeze(
            calendar=one.id,
            window=window,
            zone=one.time_zone,
            everywhere="*" in one.applies_to,
            content=_content(portfolio, one, window),
        )
        for one in portfolio.calendars.values()
        if one.id in chosen and one.kind == "blackout" and one.hard
        for window in one.windows(portfolio.horizon.window)
    ]
    return sorted(found, key=lambda one: (one.window, one.calendar))


def _content(portfolio: Portfolio, calendar: Calendar, window: Window) -> Content:
    where = [_target(portfolio, one) for one in calendar.applies_to]
    everywhere = "*" in calendar.applies_to
    return Content(
        summary=f"Change freeze: {one_line(calendar.id)}",
        lines=(
            f"No work is done on {'anything' if everywhere else listing(where)}.",
            f"When: {window_text(window, calendar.time_zone)} (local time in {calendar.time_zone}).",
        ),
        contact=one_line(portfolio.policy.organizer),
    )


def _target(portfolio: Portfolio, target: str) -> str:
    kind, _, id = target.partition(":")
    if kind == "service":
        return name_of(portfolio, id)
    if kind == "team" and id in portfolio.teams:
        return f"what {one_line(portfolio.teams[id].name) or one_line(id)} uses"
    return one_line(f"{kind} {id}")


@dataclass(frozen=True, slots=True)
class FreezeHistory:
    """What became of an interval: as it was last known, since when, how often it moved, and whether it still holds."""

    freeze: Freeze
    revised_at: datetime
    sequence: int
    holds: bool
    domain: str


def followed(editions: Iterable[tuple[datetime, str, Window, Mapping[str, Freeze]]]) -> Iterator[FreezeHistory]:
    """Follow intervals through editions of the portfolio: (taken in at, domain, horizon, intervals by id).

    One that an edition no longer has, though its horizon reaches over it, is lifted.
    """
    known: dict[str, FreezeHistory] = {}
    for at, domain, horizon, found in editions:
        for id, freeze in found.items():
            before = known.get(id)
            if before is None:
                known[id] = FreezeHistory(freeze, at, 0, True, domain)
            elif (before.freeze, before.holds) != (freeze, True):
                moved = before.freeze.window != freeze.window or not before.holds
                known[id] = FreezeHistory(freeze, at, before.sequence + moved, True, before.domain)
        for id in known.keys() - found.keys():
            before = known[id]
            if before.holds and horizon.contains(before.freeze.window) and at < before.freeze.window.end:
                known[id] = FreezeHistory(before.freeze, at, before.sequence + 1, False, before.domain)
    yield from known.values()
