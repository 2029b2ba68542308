"""Which changes a calendar binds: the meaning of `applies_to`.

`*` binds all work. `service:x` binds what touches that service or group, `team:x` what touches any service that team
uses, `site:x` what touches any service there. A change touches the services it lists, whatever its impact, and those
that are not up through it. `engineer:x` binds the hours of that engineer and no change.
"""

from scheduler.demand.topology import clients, effects
from scheduler.portfolio import Calendar, Portfolio


def binds(portfolio: Portfolio, calendar: Calendar, change: str) -> bool:
    """Tell whether a calendar applies to what a change touches."""
    touches = effects(portfolio)[change].touches
    return any(_names(portfolio, target, touches) for target in calendar.applies_to)


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
