"""Which changes a calendar binds, the meaning of `applies_to`, and which a preference does, and when.

`*` binds all work. `service:x` binds what touches that service or group, `team:x` what touches any service that team
uses, `site:x` what touches any service there. A change touches the services it lists, whatever its impact, and those
that are not up through it. `engineer:x` binds the hours of that engineer and no change. A preference of team x binds
what `team:x` does.
"""

from scheduler.demand.topology import clients, effects
from scheduler.horizon import Window, join
from scheduler.portfolio import Calendar, Portfolio, Preference


def binds(portfolio: Portfolio, calendar: Calendar, change: str) -> bool:
    """Tell whether a calendar applies to what a change touches."""
    touches = effects(portfolio)[change].touches
    return any(_names(portfolio, target, touches) for target in calendar.applies_to)


def touches_team(portfolio: Portfolio, team: str, change: str) -> bool:
    """Tell whether a change touches any service or group that a team uses."""
    return _names(portfolio, f"team:{team}", effects(portfolio)[change].touches)


def preferred_windows(portfolio: Portfolio, preference: Preference) -> list[Window]:
    """List the intervals in the horizon that a preference speaks of, joined and in order."""
    inside = portfolio.horizon.window
    if preference.hours is not None:
        return preference.hours.windows(portfolio.teams[preference.team].time_zone, inside)
    start, end = preference.start or inside.start, preference.end or inside.end
    return join([Window(max(start, inside.start), min(end, inside.end))])


def _names(portfolio: Portfolio, target: str, touches: frozenset[str]) -> bool:
    kind, _, name = target.partition(":")
    match kind:
        case "*":
            return True
        case "service":
            return name in touches
        case "team":
            return any(name in clients(portfolio).get(node, ()) for node in touches)
        case "site":
            return any(node in portfolio.services and portfolio.services[node].site == name for node in touches)
    return False
