"""No change that touches what a team uses is in its reserved window in hours that the team ruled out.

The hours are those of the team's preferences of the kind `never`.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from scheduler.demand.reach import preferred_windows, touches_team
from scheduler.horizon import Mask, any_inside, first_met
from scheduler.law import Rule
from scheduler.portfolio import Portfolio, Preference
from scheduler.schedule import Schedule, Violation, known
from scheduler.wording import window_text

if TYPE_CHECKING:
    from scheduler.solver.problem import Problem

NAME = "never"


def check(portfolio: Portfolio, schedule: Schedule) -> Iterator[Violation]:
    """Find windows in hours that a team ruled out."""
    zone = portfolio.policy.time_zone
    for wish in _ruled_out(portfolio):
        closed = preferred_windows(portfolio, wish)
        for placement in known(portfolio, schedule):
            met = first_met(closed, placement.reserved)
            if met is not None and touches_team(portfolio, wish.team, placement.change):
                why = f" ({wish.reason})" if wish.reason else ""
                text = (
                    f"{placement.change} at {window_text(placement.reserved, zone)} meets "
                    f"hours that {wish.team} ruled out, {window_text(met, zone)}{why}"
                )
                yield Violation(rule=NAME, changes=(placement.change,), text=text, window=placement.reserved)


def post(portfolio: Portfolio, problem: "Problem") -> None:
    """Mask the starts from which any reserved slot would be touched by hours that were ruled out."""
    horizon = portfolio.horizon
    closed: dict[str, Mask] = {}
    for wish in _ruled_out(portfolio):
        mask = horizon.touched(preferred_windows(portfolio, wish))
        closed[wish.team] = closed[wish.team] | mask if wish.team in closed else mask
    masks: dict[tuple[tuple[str, ...], int], Mask] = {}
    for change in portfolio.changes:
        binding = tuple(team for team in closed if touches_team(portfolio, team, change))
        if binding:
            key = (binding, portfolio.reserved(change))
            if key not in masks:
                masks[key] = ~any_inside([closed[team] for team in binding], key[1])
            problem.mask(NAME, change, masks[key])


def _ruled_out(portfolio: Portfolio) -> list[Preference]:
    return [one for one in portfolio.preferences if one.kind == "never"]


RULE = Rule(NAME, "No work is done on what a team uses in hours that the team ruled out.", check, post)
