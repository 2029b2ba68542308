"""A week of windows as a calendar shows it: wall-clock times of one zone as texts, and what dragging one means.

A browser lives in a zone of its own, in which some hours of another do not exist or come twice: no instant is ever
asked of it, only how far a window was dragged.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from scheduler.demand.reach import binds
from scheduler.demand.topology import clients
from scheduler.horizon import Window, is_skipped, wall_to_utc
from scheduler.portfolio import Portfolio, remembered
from scheduler.schedule import Placement, place
from scheduler.wording import clock_text, window_text, zone_text

from .frames import local_time
from .heat import LEVELS, People, people_on, row_labels
from .review import Plan, Standing
from .shades import holidays_of
from .text import visible
from .theme import STATES, state_text

WEEK = timedelta(days=7)
MOST_AT_ONCE = 60
"""Windows on one page of a week: more could not be told apart."""
CLOCK = "%Y-%m-%dT%H:%M:%S"
MOST_DAYS = 400
"""Nobody drags a window further than that."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A start that somebody asks about, of a change as they saw it at a revision."""

    change: str
    start: datetime
    seen: int


def monday(day: date) -> date:
    """Give the Monday of a week."""
    return day - timedelta(days=day.weekday())


def week_window(first: date, zone: str) -> Window:
    """Give the local week that begins on a day."""
    midnight = datetime.combine(first, datetime.min.time())
    return Window(wall_to_utc(midnight, zone), wall_to_utc(midnight + WEEK, zone))


def dropped(moved: Mapping[str, Any], zone: str) -> tuple[datetime, str]:
    """Give the instant at which a dragged window is to start, and what has to be said of it.

    Raises
    ------
    ValueError
        If what the browser sent makes no sense.
    """
    days, seconds = int(moved["days"]), int(moved["seconds"])
    if abs(days) + abs(seconds) / 86400 > MOST_DAYS:
        raise ValueError("a window cannot be dragged that far")
    local = datetime.strptime(str(moved["from"]), CLOCK)  # noqa: DTZ007 - a wall-clock time, whose zone is given
    local += timedelta(days=days, seconds=seconds)
    start = wall_to_utc(local, zone)
    if is_skipped(local, zone):
        return start, f"There is no {local:%H:%M} that night: the clocks go forward. It is {clock_text(start, zone)}."
    return start, ""


def in_week(plan: Plan, changes: Iterable[str], week: Window) -> list[Placement]:
    """List the windows that reach into a week, in order of time."""
    found = [plan.placed[one] for one in changes if one in plan.placed and plan.placed[one].reserved.overlaps(week)]
    return sorted(found, key=lambda one: (one.start, one.change))


def events(
    plan: Plan,
    placements: Iterable[Placement],
    standing: Mapping[str, Standing],
    *,
    movable: Callable[[str], bool],
    asked: Asked | None = None,
    refused: bool = False,
) -> list[dict[str, Any]]:
    """Give windows as the calendar takes them; one that is asked about stands where it is and where it is to go."""
    found = []
    for one in placements:
        waits = asked is not None and asked.change == one.change
        found.append(_event(plan, one, standing[one.change].state, movable=not waits and movable(one.change)))
        if waits:
            found[-1]["classes"] = [*found[-1]["classes"], "was"]
    if asked is not None and asked.change in plan.portfolio.changes:
        there = place(plan.portfolio, asked.change, asked.start)
        state = "refused" if refused else standing[asked.change].state if asked.change in standing else "proposed"
        event = _event(plan, there, state, movable=movable(asked.change))
        word = "refused here" if refused else "to be decided"
        found.append({**event, "id": f"{event['id']} asked", "classes": [*event["classes"], "asked"], "more": word})
    return found


def _event(plan: Plan, one: Placement, state: str, *, movable: bool) -> dict[str, Any]:
    zone, change = plan.portfolio.policy.time_zone, plan.portfolio.changes[one.change]
    names = row_labels(plan.portfolio, "service")
    services = ", ".join(names[service] for service in change.services)
    start = local_time(one.start, zone)
    symbol = STATES.get(state, "⚠")
    what = visible(f"{change.title} · {services}" if change.title else services)
    word = state_text(state) if state in STATES else "⚠ refused"
    return {
        "id": one.change,
        "change": one.change,
        "start": start.strftime(CLOCK),
        "end": (start + (one.reserved_until - one.start)).strftime(CLOCK),
        "title": f"{symbol} {visible(one.change)}",
        "when": f"{clock_text(one.start, zone)}–{clock_text(one.reserved_until, zone)} {zone_text(one.start, zone)}",
        "more": what,
        "says": f"{visible(one.change)}, {word}, {window_text(one.reserved, zone)}: {what}",
        "movable": movable,
        "step": plan.portfolio.policy.slot_minutes * 60,
        "classes": ["window", f"state-{state}", "" if movable else "fixed"],
    }


def shades(portfolio: Portfolio, week: Window, *, changes: Collection[str], heat: bool) -> list[dict[str, Any]]:
    """Give what lies behind the windows of a week: usage, what is over, public holidays, and blackouts that bind them.

    A blackout is shown if it binds any of `changes`, and says which services it is of unless it is of all.
    """
    zone, found = portfolio.policy.time_zone, []
    if heat:
        found += [
            _shade(window, f"heat-{level}", "", zone, number)
            for number, (window, level) in enumerate(_busy(portfolio, week))
        ]
    if portfolio.now > week.start:
        found.append(_shade(Window(week.start, min(portfolio.now, week.end)), "past", "", zone, 0))
    for window, text in holidays_of(portfolio, portfolio.teams, week):
        found.append(_shade(window, "holiday", text, zone, len(found)))
    for calendar in portfolio.calendars.values():
        if calendar.kind != "blackout" or not any(binds(portfolio, calendar, one) for one in changes):
            continue
        where = "" if "*" in calendar.applies_to else f" ({', '.join(calendar.applies_to)})"
        kind = "blackout" if calendar.hard else "soft"
        for window in calendar.windows(week):
            found.append(_shade(window, kind, visible(f"{calendar.id}{where}"), zone, len(found)))
    return found


def _busy(portfolio: Portfolio, week: Window) -> list[tuple[Window, int]]:
    """Give stretches of a week by the level of how many people are at work, from 1 on; quiet ones are left out."""
    horizon, users = portfolio.horizon, _everybody(portfolio)
    first, last = max(0, horizon.floor(week.start)), min(horizon.slots, horizon.ceil(week.end))
    levels = np.searchsorted(LEVELS, users[first:last] / (users.max(initial=0) or 1), side="left")
    found: list[tuple[Window, int]] = []
    for slot, level in enumerate(levels.tolist(), first):
        if level and found and found[-1][1] == level and found[-1][0].end == horizon.at(slot):
            found[-1] = Window(found[-1][0].start, horizon.at(slot + 1)), level
        elif level:
            found.append((Window(horizon.at(slot), horizon.at(slot + 1)), level))
    return found


@remembered
def _everybody(portfolio: Portfolio) -> People:
    return people_on(portfolio, clients(portfolio))


def _shade(window: Window, kind: str, text: str, zone: str, number: int) -> dict[str, Any]:
    start = local_time(window.start, zone)
    return {
        "id": f"{kind} {number}",
        "start": start.strftime(CLOCK),
        "end": (start + (window.end - window.start)).strftime(CLOCK),
        "title": text,
        "says": text,
        "shade": True,
        "classes": [kind],
    }
