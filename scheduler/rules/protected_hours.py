"""No change puts a service out in hours that the service level of a team that uses it protects.

The hours are on the team's clock. What is only degraded is priced and not forbidden.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from scheduler.demand.topology import clients, effects
from scheduler.horizon import Mask, Window, any_inside, first_met
from scheduler.law import Rule
from scheduler.portfolio import Portfolio, remembered
from scheduler.schedule import Schedule, Violation, known
from scheduler.wording import listing, window_text

if TYPE_CHECKING:
    from scheduler.solver.problem import Problem

NAME = "protected hours"


def check(portfolio: Portfolio, schedule: Schedule) -> Iterator[Violation]:
    """Find windows that put something a team uses out in its protected hours."""
    zone, hours = portfolio.policy.time_zone, _protected(portfolio)
    for placement in known(portfolio, schedule):
        for team, out in _losers(portfolio, placement.change).items():
            met = first_met(hours[team], placement.reserved)
            if met is not None:
                text = (
                    f"{placement.change} at {window_text(placement.reserved, zone)} puts {listing(out)} out in the "
                    f"protected hours of {team}, {window_text(met, zone)}"
                )
                yield Violation(rule=NAME, changes=(placement.change,), text=text, window=placement.reserved)


def post(portfolio: Portfolio, problem: "Problem") -> None:
    """Mask the starts from which any reserved slot would be touched by protected hours."""
    horizon = portfolio.horizon
    closed = {team: horizon.touched(windows) for team, windows in _protected(portfolio).items()}
    masks: dict[tuple[tuple[str, ...], int], Mask] = {}
    for change in portfolio.changes:
        teams = tuple(_losers(portfolio, change))
        if teams:
            key = (teams, portfolio.reserved(change))
            if key not in masks:
                masks[key] = ~any_inside([closed[team] for team in teams], key[1])
            problem.mask(NAME, change, masks[key])


@remembered
def _protected(portfolio: Portfolio) -> Mapping[str, tuple[Window, ...]]:
    """Give the protected hours of every team that has any, sorted by team."""
    found = {}
    for team in sorted(portfolio.teams):
        hours = portfolio.level_of(team).protected_hours
        if hours is not None:
            found[team] = tuple(hours.windows(portfolio.teams[team].time_zone, portfolio.horizon.window))
    return found


def _losers(portfolio: Portfolio, change: str) -> Mapping[str, list[str]]:
    """Give the protected teams that lose something they use to a change, with what they lose, all sorted."""
    lost: dict[str, list[str]] = {}
    for node in sorted(effects(portfolio)[change].out):
        for team in clients(portfolio).get(node, ()):
            if team in _protected(portfolio):
                lost.setdefault(team, []).append(node)
    return dict(sorted(lost.items()))


RULE = Rule(NAME, "No work puts a service out in hours that are protected for a team that uses it.", check, post)
