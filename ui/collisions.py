"""Which windows collide: those that break a rule together, and those at the same time on the same service.

The first is a conflict that somebody has to settle. The second may be just what a plan wants, since a service that is
out for two changes at once is paid for once; whoever runs both still has to know of each other.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scheduler.demand.topology import effects
from scheduler.portfolio import Portfolio
from scheduler.schedule import Placement, Schedule
from scheduler.verify import verify

from .per_plan import per_plan
from .review import Plan


@dataclass(frozen=True, slots=True)
class Collision:
    """What collides with a window: other changes, the services that both touch, and the rules that are broken."""

    others: frozenset[str]
    services: frozenset[str]
    broken: tuple[str, ...]

    @property
    def is_conflict(self) -> bool:
        """Tell whether a rule is broken."""
        return bool(self.broken)


@per_plan
def collisions(plan: Plan) -> Mapping[str, Collision]:
    """Give what collides with every window that something collides with, by change."""
    return found_in(plan.portfolio, plan.result.schedule)


def found_in(portfolio: Portfolio, schedule: Schedule) -> Mapping[str, Collision]:
    """Give what collides with every window of a schedule that something collides with, by change."""
    others: dict[str, set[str]] = defaultdict(set)
    services: dict[str, set[str]] = defaultdict(set)
    broken: dict[str, list[str]] = defaultdict(list)
    for first, second, service in _at_once(portfolio, schedule):
        for one, other in ((first, second), (second, first)):
            others[one].add(other)
            services[one].add(service)
    for violation in verify(portfolio, schedule):
        for change in violation.changes:
            broken[change].append(f"{violation.rule}: {violation.text}")
            others[change] |= set(violation.changes) - {change}
    return {
        change: Collision(frozenset(others[change]), frozenset(services[change]), tuple(broken[change]))
        for change in sorted({*others, *broken})
        if change in schedule.by_change
    }


def _at_once(portfolio: Portfolio, schedule: Schedule) -> Iterator[tuple[str, str, str]]:
    """List pairs of changes that touch one service at overlapping times, with the service."""
    touch = effects(portfolio)
    by_service: dict[str, list[Placement]] = defaultdict(list)
    for one in sorted(schedule.placements, key=lambda one: (one.start, one.change)):
        for service in touch[one.change].touches & portfolio.services.keys():
            by_service[service].append(one)
    for service, windows in sorted(by_service.items()):
        running: list[Placement] = []
        for one in windows:
            running = [other for other in running if other.reserved_until > one.start]
            yield from ((other.change, one.change, service) for other in running)
            running.append(one)
