"""A window lies inside the hours that its change names as allowed, and inside the allowed hours of what it touches.

The calendars that a change names are alternatives: the window lies inside their union. Those that bind it through
what it touches each hold by themselves.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from scheduler.demand.reach import binds
from scheduler.horizon import Mask, Window, all_inside, first_met, join
from scheduler.law import Rule
from scheduler.portfolio import Calendar, Portfolio
from scheduler.schedule import Schedule, Violation, known
from scheduler.wording import listing, window_text

if TYPE_CHECKING:
    from scheduler.solver.problem import Problem

NAME = "allowed"


def check(portfolio: Portfolio, schedule: Schedule) -> Iterator[Violation]:
    """Find windows that are not wholly inside allowed hours."""
    zone, everywhere = portfolio.policy.time_zone, portfolio.horizon.window
    open_hours: dict[tuple[str, ...], list[Window]] = {}
    for placement in known(portfolio, schedule):
        for calendars in _required(portfolio, placement.change):
            names = tuple(calendar.id for calendar in calendars)
            if names not in open_hours:
                open_hours[names] = join(window for calendar in calendars for window in calendar.windows(everywhere))
            met = first_met(open_hours[names], placement.reserved)
            if met is None or not met.contains(placement.reserved):
                text = (
                    f"{placement.change} at {window_text(placement.reserved, zone)} does not lie inside "
                    f"the allowed hours {listing(names)}"
                )
                yield Violation(rule=NAME, changes=(placement.change,), text=text, window=placement.reserved)


def post(portfolio: Portfolio, problem: "Problem") -> None:
    """Mask the starts from which any reserved slot would not be covered."""
    horizon = portfolio.horizon
    covered: dict[tuple[str, ...], Mask] = {}
    masks: dict[tuple[tuple[str, ...], int], Mask] = {}
    for change in portfolio.changes:
        for calendars in _required(portfolio, change):
            names, length = tuple(calendar.id for calendar in calendars), portfolio.reserved(change)
            if names not in covered:
                hours = (window for calendar in calendars for window in calendar.windows(horizon.window))
                covered[names] = horizon.covered(hours)
            if (names, length) not in masks:
                masks[names, length] = all_inside(covered[names], length)
            problem.mask(NAME, change, masks[names, length])


def _required(portfolio: Portfolio, change: str) -> Iterator[tuple[Calendar, ...]]:
    """Give the sets of calendars whose union must hold the window.

    A change that names only soft calendars is bound by none of them; beside a hard one they widen the union.
    """
    named = tuple(portfolio.calendars[name] for name in portfolio.changes[change].allowed)
    if any(calendar.hard for calendar in named):
        yield named
    for calendar in portfolio.calendars.values():
        if calendar.kind == "allowed" and calendar.hard and binds(portfolio, calendar, change):
            yield (calendar,)


RULE = Rule(NAME, "A change lies wholly inside the hours allowed to it and to the services it touches.", check, post)
