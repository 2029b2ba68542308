"""Do the two faces of a law and the oracle say the same of one schedule? Shared by the property tests and the probe."""

from collections import defaultdict
from functools import lru_cache

import oracle
from oracle_effects import Starts, schedule_at

from scheduler.law import Cost, Rule
from scheduler.portfolio import Portfolio
from scheduler.schedule import Charge
from scheduler.solver.problem import Problem

# Rules that also judge windows that leave the horizon; the others are only asked about those inside.
ABOUT_THE_GRID = ("horizon", "mandatory")


class Case:
    """A portfolio with start slots for some of its changes, and what the oracle says of them."""

    def __init__(self, portfolio: Portfolio, starts: Starts) -> None:
        self.portfolio, self.starts = portfolio, dict(starts)
        self.schedule = schedule_at(portfolio, starts)
        self.inside = all(p.reserved_until <= portfolio.horizon.end for p in self.schedule.placements)
        self.broken = oracle.violations(portfolio, self.schedule)
        self.bill = oracle.bill(portfolio, self.schedule) if self.inside else {}


@lru_cache(maxsize=4096)
def posted(law: Rule | Cost, portfolio: Portfolio) -> Problem:
    """A problem with one law only. Unless the law says otherwise, changes may be left out free of charge."""
    problem = Problem(portfolio.horizon.slots, sorted(portfolio.changes))
    if law.name not in ("mandatory", "drop"):
        for change in portfolio.changes:
            problem.price_drop(change, 0)
    law.post(portfolio, problem)
    return problem


def rule_disagreement(rule: Rule, case: Case) -> str | None:
    """What the faces of a rule and the oracle say of a case where they differ, None where all agree."""
    if not case.inside and rule.name not in ABOUT_THE_GRID:
        return None
    found = list(rule.check(case.portfolio, case.schedule))
    problem = posted(rule, case.portfolio)
    names = set(problem.broken({problem.index[change]: slot for change, slot in case.starts.items()}))
    says = {
        "check": bool(found),
        "post": rule.name in names,
        "oracle": rule.name in case.broken,
    }
    strangers = {violation.rule for violation in found} | names - {rule.name, "mandatory", "horizon"}
    if len(set(says.values())) > 1 or strangers - {rule.name}:
        return f"{rule.name} broken? {says}; other names {strangers}; {[violation.text for violation in found]}"
    return None


def cost_disagreement(cost: Cost, case: Case) -> str | None:
    """What the faces of a cost and the oracle say of a case where they differ, None where all agree."""
    # A start before the earliest waits for nothing; the law does not price it.
    if not case.inside or (cost.name == "delay" and "earliest" in case.broken):
        return None
    charges = list(cost.bill(case.portfolio, case.schedule))
    names = ("downtime", "overrun") if cost.name == "downtime" else (cost.name,)
    expected = {row: amounts for row, amounts in case.bill.items() if row[0] in names}
    problem = posted(cost, case.portfolio)
    price = problem.cost({problem.index[change]: slot for change, slot in case.starts.items()})
    total = sum(weighted for _, weighted in expected.values())
    rows = by_row(charges)
    if rows != expected or price != total:
        return f"{cost.name}: bill {rows}, oracle {expected}, problem {price}, oracle {total}"
    return misplaced(charges, case) if cost.name == "downtime" else None


def misplaced(charges: list[Charge], case: Case) -> str | None:
    """Tell of rows that overlap, touch although they are equal, or leave out or add slots in which money is lost."""
    floor = case.portfolio.horizon.floor
    slots: dict[oracle.Row, set[int]] = defaultdict(set)
    edges: dict[oracle.Row, list[int]] = defaultdict(list)
    for charge in charges:
        if charge.team:
            row = (charge.cost, charge.team, charge.service, charge.change, charge.share)
            slots[row].update(range(floor(charge.start), floor(charge.end)))
            edges[row] += [floor(charge.start), floor(charge.end)]
    for row, lost in oracle.lost_slots(case.portfolio, case.schedule).items():
        placement = case.schedule.by_change[row[3]]
        own = range(floor(placement.start), floor(placement.reserved_until))
        if not lost <= slots[row] <= set(own) or len(set(edges[row])) < len(edges[row]):
            return f"{row}: billed over {sorted(slots[row])} with edges {edges[row]}, lost in {sorted(lost)}"
    return None


def by_row(charges: list[Charge]) -> oracle.Bill:
    """Add charges up as the oracle does."""
    rows: oracle.Bill = defaultdict(lambda: (0, 0))
    for charge in charges:
        row = (charge.cost, charge.team, charge.service, charge.change, charge.share if charge.team else None)
        rows[row] = (rows[row][0] + charge.cents, rows[row][1] + charge.weighted_cents)
    return dict(rows)


def disagreement(law: Rule | Cost, case: Case) -> str | None:
    return rule_disagreement(law, case) if isinstance(law, Rule) else cost_disagreement(law, case)
