"""Money lost while a service is degraded or out: users x hours x cost per user-hour x factor.

The factor of a change at a slot is the share of the state it puts the service in times the chance that it still does.
Where several changes overlap on a service, the largest factor counts, once. `downtime` bills the slots before the
expected end of a change at the largest factor, `overrun` those that are only lost if work runs long or is backed out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from scheduler.carried import carried
from scheduler.demand.impact import FACTOR_PARTS, Cents, factors, prices
from scheduler.demand.topology import clients
from scheduler.demand.usage import USAGE_PARTS
from scheduler.law import Cost
from scheduler.portfolio import Portfolio
from scheduler.schedule import Charge, Schedule, known

if TYPE_CHECKING:
    from scheduler.solver.problem import Problem

NAME, OVERRUN = "downtime", "overrun"


# --- bill: slot by slot, the changes at the largest factor ---------------------------------------------------------


_Active = list[tuple[str, int, int]]


class _Loss(NamedTuple):
    """A slot of a service that is lost at `factor`, for which `changes`, sorted, are answerable.

    Losses at equal factors hold the same object.
    """

    slot: int
    cost: str
    factor: Fraction
    changes: tuple[str, ...]


def bill(portfolio: Portfolio, schedule: Schedule) -> Iterator[Charge]:
    """Charge every team for every service, split equally over the changes at the largest factor.

    Neighbouring slots of the same cost, change and factor are one row; rows of no money are left out.
    """
    known_rows = _known_rows(portfolio)
    for service, active in sorted(_active(portfolio, schedule).items()):
        found = known_rows.get(service)
        if found is None or found[0] != active:
            found = known_rows[service] = active, tuple(_rows(portfolio, service, active))
        yield from found[1]


@carried(*FACTOR_PARTS, *USAGE_PARTS)
def _known_rows(portfolio: Portfolio) -> dict[str, tuple[_Active, tuple[Charge, ...]]]:
    """Keep the latest rows of every service: a what-if moves few changes, and most services see none of them."""
    return {}


def _rows(portfolio: Portfolio, service: str, active: _Active) -> Iterator[Charge]:
    table, users, at = prices(portfolio), clients(portfolio), portfolio.horizon.at
    losses = _losses(portfolio, service, active)
    if losses:
        slots = np.array([loss.slot for loss in losses], dtype=np.int64)
        amounts = table.at_factors(service, slots, [loss.factor for loss in losses])
        places: dict[str, list[int]] = {}
        for number, loss in enumerate(losses):
            for change in loss.changes:
                places.setdefault(change, []).append(number)
        for change, numbers in sorted(places.items()):
            own = [losses[number] for number in numbers]
            begins = _begins(own)
            sums = np.add.reduceat(_own(amounts[:, :, numbers], change, own), begins, axis=2).tolist()
            for run, (begin, end) in enumerate(pairwise([*begins, len(own)])):
                first, last = own[begin], own[end - 1]
                for team, cents, weighted in zip(users[service], *sums, strict=True):
                    if cents[run] or weighted[run]:
                        yield Charge(
                            cost=first.cost,
                            team=team,
                            service=service,
                            change=change,
                            start=at(first.slot),
                            end=at(last.slot + 1),
                            share=first.factor,
                            cents=cents[run],
                            weighted_cents=weighted[run],
                        )


def _active(portfolio: Portfolio, schedule: Schedule) -> dict[str, _Active]:
    """Give the changes at work on each service that loses any slot, as (change, first slot, slot of expected end)."""
    horizon = portfolio.horizon
    active: dict[str, _Active] = {}
    for placement in known(portfolio, schedule):
        one = placement.change, horizon.floor(placement.start), horizon.ceil(placement.end)
        for service in factors(portfolio, placement.change):
            active.setdefault(service, []).append(one)
    return active


def _losses(portfolio: Portfolio, service: str, active: _Active) -> list[_Loss]:
    """Give the lost slots of a service, in order."""
    slots_of_horizon = portfolio.horizon.slots
    # Equal factors become one object: comparing fractions is slow.
    one_of: dict[Fraction, Fraction] = {}
    slots: dict[int, list[tuple[Fraction, str, bool]]] = {}
    for change, begin, expected in active:
        for slot, factor in enumerate(factors(portfolio, change)[service], start=begin):
            if factor and 0 <= slot < slots_of_horizon:
                slots.setdefault(slot, []).append((one_of.setdefault(factor, factor), change, slot < expected))
    own = []
    for slot, running in sorted(slots.items()):
        if len(running) == 1:
            [(largest, change, planned)] = running
            own.append(_Loss(slot, NAME if planned else OVERRUN, largest, (change,)))
            continue
        largest = max(factor for factor, _, _ in running)
        answerable = [(change, planned) for factor, change, planned in running if factor is largest]
        cost = NAME if any(planned for _, planned in answerable) else OVERRUN
        own.append(_Loss(slot, cost, largest, tuple(sorted(change for change, _ in answerable))))
    return own


def _begins(losses: Sequence[_Loss]) -> list[int]:
    """Say where, in losses in order, stretches of neighbouring slots with one cost and one factor begin."""
    return [
        number
        for number, loss in enumerate(losses)
        if not number
        or losses[number - 1].slot + 1 != loss.slot
        or losses[number - 1].cost != loss.cost
        or losses[number - 1].factor is not loss.factor
    ]


def _own(amounts: Cents, change: str, losses: Sequence[_Loss]) -> Cents:
    """Give the equal part of one of the changes that share losses; the first by id also takes what is left over.

    `amounts` has a column, in its last dimension, for each loss; so has the answer.
    """
    if all(len(loss.changes) == 1 for loss in losses):
        return amounts
    shares = np.array([len(loss.changes) for loss in losses])
    own: Cents = amounts // shares
    own += np.where([loss.changes[0] == change for loss in losses], amounts - own * shares, 0)
    return own


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
