"""What remains of the decisions on windows when later ones win."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from scheduler.portfolio import Decision, Portfolio, remembered

THEIRS = frozenset(("blackout", "allowed", "protected hours", "never", "earliest", "due", "rejected windows", "notice"))
"""Rules that the window of somebody else's work (type external) need not obey: all that may be overridden."""


@dataclass(frozen=True, slots=True)
class StandingDecisions:
    """What remains of the decisions when later ones win: pinned, rejected and announced starts per change.

    `overrides` names the rules that do not bind a pinned start.
    """

    pinned: Mapping[str, datetime]
    rejected: Mapping[str, tuple[datetime, ...]]
    announced: Mapping[str, datetime]
    overrides: Mapping[str, frozenset[str]]


@remembered
def standing(portfolio: Portfolio) -> StandingDecisions:
    """Fold the decisions in their order.

    A rejection lifts an earlier pin or approval of a window it overlaps, a pin or approval lifts earlier rejections of
    windows it overlaps, and of two pins the later holds. Approved windows are pinned unless the policy says that
    `approved_may_move`. A `fixed_start` in the change itself is not a decision and stays. What overrides rules pins,
    and these are overridden until the change is pinned elsewhere, or no more. Somebody else's work is where it is.

    Announced is the last window of a change that was approved, told to clients, or announced by an earlier schedule;
    a rejection of a window that overlaps it takes that back.
    """
    pinned: dict[str, datetime] = {}
    rejected: dict[str, list[datetime]] = {}
    overrides: dict[str, frozenset[str]] = {}
    announced = {change: at for change, (at, _) in portfolio.announced.items() if change in portfolio.changes}
    for decision in portfolio.decisions:
        change, start = decision.change, decision.start
        reach = portfolio.reserved(change) * portfolio.horizon.slot
        if decision.kind == "reject":
            if change in pinned and abs(pinned[change] - start) < reach:
                del pinned[change]
            if change in announced and abs(announced[change] - start) < reach:
                del announced[change]
            rejected.setdefault(change, []).append(start)
        else:
            rejected[change] = [other for other in rejected.get(change, []) if abs(other - start) >= reach]
            rules = frozenset(decision.overrides)
            if pinned.pop(change, None) == start:
                rules |= overrides[change]
            if decision.kind == "pin" or rules or not portfolio.policy.approved_may_move:
                pinned[change], overrides[change] = start, rules
            if _announces(portfolio, decision):
                announced[change] = start
    for id, one in portfolio.changes.items():
        if one.type == "external" and one.fixed_start is not None:
            # Whoever does it does not ask for our rules.
            pinned[id], overrides[id] = one.fixed_start, THEIRS
            rejected.pop(id, None)
    refused = {change: tuple(starts) for change, starts in rejected.items() if starts}
    kept = {change: rules for change, rules in overrides.items() if change in pinned and rules}
    return StandingDecisions(pinned, refused, announced, kept)


def _announces(portfolio: Portfolio, decision: Decision) -> bool:
    """Tell whether a decision tells clients of a window, and not before an earlier schedule told them of another."""
    before = portfolio.announced.get(decision.change)
    if decision.announced_at is None:
        return decision.kind == "approve"
    return before is None or decision.announced_at >= before[1]
