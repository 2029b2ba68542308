"""What a plan asks of each team, measured against what the team's services are worth to it.

A team's burden is the client money it loses through downtime and overrun; its size is what it would lose if all it uses
were out over the whole horizon. Burden over size is comparable between large and small teams.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction

from scheduler.carried import carried
from scheduler.demand.impact import prices
from scheduler.demand.topology import clients
from scheduler.demand.usage import USAGE_PARTS
from scheduler.portfolio import Portfolio
from scheduler.schedule import CLIENT_COSTS, Charge


@carried(*USAGE_PARTS)
def sizes(portfolio: Portfolio) -> Mapping[str, int]:
    """Give users x price over the whole horizon of every team that has any, in cents, in the order of the ids."""
    table = prices(portfolio)
    found = dict.fromkeys(sorted(portfolio.teams), 0)
    for service, teams in clients(portfolio).items():
        for team in teams:
            found[team] += int(table.cents(team, service, Fraction(1)).sum())
    return {team: size for team, size in found.items() if size}


def burdens(portfolio: Portfolio, charges: Iterable[Charge]) -> Mapping[str, Fraction]:
    """Give burden over size of every team that has a size; a team that loses nothing bears 0."""
    lost = dict.fromkeys(sizes(portfolio), 0)
    for charge in charges:
        if charge.cost in CLIENT_COSTS and charge.team in lost:
            lost[charge.team] += charge.cents
    return {team: Fraction(cents, sizes(portfolio)[team]) for team, cents in lost.items()}


def largest(burden: Mapping[str, Fraction]) -> tuple[str, Fraction]:
    """Give the team with the largest burden and that burden; the first by id on a tie, ("", 0) without teams."""
    if not burden:
        return "", Fraction(0)
    team = min(burden, key=lambda name: (-burden[name], name))
    return team, burden[team]
