"""What a schedule breaks and what it costs, by the definitions alone: no solver is asked.

Any schedule can be judged, wherever it comes from: one made by hand, by a habit, or by another tool.
"""

from scheduler.costs import COSTS
from scheduler.portfolio import Portfolio
from scheduler.rules import RULES
from scheduler.schedule import Charge, Schedule, Violation


def verify(portfolio: Portfolio, schedule: Schedule) -> list[Violation]:
    """List every rule that a schedule breaks, in the order of `RULES`; empty where it is legal."""
    return [violation for rule in RULES for violation in rule.check(portfolio, schedule)]


def overridden(portfolio: Portfolio, schedule: Schedule) -> list[Violation]:
    """List what `verify` would find more if no decision set a rule aside, so that an override stays in sight."""
    return [
        violation
        for rule in RULES
        if rule.strict is not None
        for violation in _without(list(rule.strict(portfolio, schedule)), list(rule.check(portfolio, schedule)))
    ]


def _without(some: list[Violation], others: list[Violation]) -> list[Violation]:
    return [one for one in some if one not in others]


def bill(portfolio: Portfolio, schedule: Schedule) -> list[Charge]:
    """List everything a schedule costs, sorted by cost, team, service, change and time.

    The sum of `weighted_cents` is what the solver minimises. Changes that the portfolio does not have cost nothing;
    of a change placed twice the last placement is priced.
    """
    charges = [charge for cost in COSTS for charge in cost.bill(portfolio, schedule)]
    return sorted(charges, key=lambda one: (one.cost, one.team, one.service, one.change, one.start))
