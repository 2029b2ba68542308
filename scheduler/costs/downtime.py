"""Money lost while a service is degraded or out: users x hours x cost per user-hour x factor.

The factor of a change at a slot is the share of the state it puts the service in times the chance that it still does.
Where several changes overlap on a service, the largest factor counts, once. `downtime` bills the slots before the
expected end of a change at the largest factor, `overrun` those that are only lost if work runs long or is backed out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from scheduler.carried import carried
from scheduler.demand.impact import FACTOR_PARTS, Cents, factors, prices
from scheduler.demand.topology import clients
from scheduler.law import Cost
from scheduler.portfolio import Portfolio
from scheduler.schedule import Charge, Schedule, known

if TYPE_CHECKING:
    from scheduler.solver.problem import Problem

NAME, OVERRUN = "downtime", "overrun"


# --- bill: slot by slot, the changes at the largest factor ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Loss:
    """A slot of a service that is lost at `factor`, for which `changes`, sorted, are answerable."""

    slot: int
    cost: str
    factor: Fraction
    changes: tuple[str, ...]


def bill(portfolio: Portfolio, schedule: Schedule) -> Iterator[Charge]:
    """Charge every team for every service, split equally over the changes at the largest factor.

    Neighbouring slots of the same cost, change and factor are one row; rows of no money are left out.
    """
    table, users, at = prices(portfolio), clients(portfolio), portfolio.horizon.at
    for service, losses in _losses(portfolio, schedule).items():
        for change in sorted({change for loss in losses for change in loss.changes}):
            for run in _runs([loss for loss in losses if change in loss.changes]):
                first, last = run[0], run[-1]
                within = slice(first.slot, last.slot + 1)
                of_teams, weighted_of_teams = (
                    _own(table.of_clients(service, first.factor, within, weighted=weighted), change, run)
                    for weighted in (False, True)
                )
                for team, cents, weighted in zip(users[service], of_teams, weighted_of_teams, strict=True):
                    if cents or weighted:
                        yield Charge(
                            cost=first.cost,
                            team=team,
                            service=service,
                            change=change,
                            start=at(first.slot),
                            end=at(last.slot + 1),
                            share=first.factor,
                            cents=cents,
                            weighted_cents=weighted,
                        )


def _losses(portfolio: Portfolio, schedule: Schedule) -> dict[str, list[_Loss]]:
    """Give the lost slots of every service that loses any, in order."""
    horizon = portfolio.horizon
    active: dict[str, dict[int, list[tuple[Fraction, str, bool]]]] = {}
    for placement in known(portfolio, schedule):
        begin, expected = horizon.floor(placement.start), horizon.ceil(placement.end)
        for service, row in factors(portfolio, placement.change).items():
            slots = active.setdefault(service, {})
            for slot, factor in enumerate(row, start=begin):
                if factor and 0 <= slot < horizon.slots:
                    slots.setdefault(slot, []).append((factor, placement.change, slot < expected))
    losses: dict[str, list[_Loss]] = {}
    for service, slots in sorted(active.items()):
        for slot, running in sorted(slots.items()):
            largest = max(factor for factor, _, _ in running)
            answerable = [(change, planned) for factor, change, planned in running if factor == largest]
            cost = NAME if any(planned for _, planned in answerable) else OVERRUN
            changes = tuple(sorted(change for change, _ in answerable))
            losses.setdefault(service, []).append(_Loss(slot, cost, largest, changes))
    return losses


def _runs(losses: Sequence[_Loss]) -> Iterator[list[_Loss]]:
    """Cut losses, in order, into stretches of neighbouring slots with one cost and one factor."""
    # The place in the list less the slot stays the same along neighbouring slots.
    for _, run in groupby(enumerate(losses), key=lambda one: (one[0] - one[1].slot, one[1].cost, one[1].factor)):
        yield [loss for _, loss in run]


def _own(amounts: Cents, change: str, losses: Sequence[_Loss]) -> list[int]:
    """Add up the equal parts of one of the changes that share losses; the first by id also takes what is left over.

    `amounts` has a row for each team and a column for each loss; so has the answer one sum for each team.
    """
    shares = np.array([len(loss.changes) for loss in losses])
    own = amounts // shares
    own += np.where([loss.changes[0] == change for loss in losses], amounts - own * shares, 0)
    return [int(total) for total in own.sum(axis=1)]


# --- post: one cell per service and level of the factor ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Level:
    """A step of the factor on a service, from `below` to `level`, and who reaches it: (change, 0, slots from start)."""

    service: str
    below: Fraction
    level: Fraction
    members: tuple[tuple[str, int, int], ...]


@carried(*FACTOR_PARTS)
def levels(portfolio: Portfolio) -> Sequence[Level]:
    """Cut the largest factor of every service into levels: each is paid once while any change reaches it."""
    rows: dict[str, dict[str, tuple[Fraction, ...]]] = {}
    distinct: dict[int, tuple[Fraction, ...]] = {}
    for change in portfolio.changes:
        for service, row in factors(portfolio, change).items():
            rows.setdefault(service, {})[change] = distinct[id(row)] = row
    # Comparing fractions is slow, and thousands of changes share a few rows of a few factors: their ranks are compared.
    values = sorted({Fraction(0), *(factor for row in distinct.values() for factor in row)})
    rank = {factor: number for number, factor in enumerate(values)}
    ranks = {key: [rank[factor] for factor in row] for key, row in distinct.items()}
    # Factors never rise while work goes on, so a level is reached from the start on or never.
    reached = {key: [sum(one >= level for one in row) for level in range(len(rank))] for key, row in ranks.items()}
    found: list[Level] = []
    for service, by_change in rows.items():
        below = 0
        for level in sorted({one for row in by_change.values() for one in ranks[id(row)]} - {0}):
            lengths = ((name, 0, reached[id(row)][level]) for name, row in by_change.items())
            found.append(Level(service, values[below], values[level], tuple(one for one in lengths if one[2])))
            below = level
    return found


def post(portfolio: Portfolio, problem: "Problem") -> None:
    """Post every level as a cell that weighs what the step adds for all clients."""
    table = prices(portfolio)
    for step in levels(portfolio):
        weight = table.added_weighted(step.service, step.below, step.level)
        if weight.any():
            problem.cell(weight, step.members)


COST = Cost(
    NAME,
    "What clients lose while a service is out or degraded, by the chance that it is; changes that share an outage "
    "share its cost.",
    bill,
    post,
)
