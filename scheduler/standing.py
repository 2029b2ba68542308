"""What remains of the decisions on windows when later ones win."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from scheduler.portfolio import Portfolio, remembered


@dataclass(frozen=True, slots=True)
class StandingDecisions:
    """What remains of the decisions when later ones win: pinned starts and rejected starts per change."""

    pinned: Mapping[str, datetime]
    rejected: Mapping[str, tuple[datetime, ...]]


@remembered
def standing(portfolio: Portfolio) -> StandingDecisions:
    """Fold the decisions in their order.

    A rejection lifts an earlier pin or approval of a window it overlaps, a pin or approval lifts earlier rejections of
    windows it overlaps, and of two pins the later holds. Approved windows are pinned unless the policy says that
    `approved_may_move`. A `fixed_start` in the change itself is not a decision and stays.
    """
    pinned: dict[str, datetime] = {}
    rejected: dict[str, list[datetime]] = {}
    for decision in portfolio.decisions:
        change, start = decision.change, decision.start
        reach = portfolio.reserved(change) * portfolio.horizon.slot
        if decision.kind == "reject":
            if change in pinned and abs(pinned[change] - start) < reach:
                del pinned[change]
            rejected.setdefault(change, []).append(start)
        else:
            rejected[change] = [other for other in rejected.get(change, []) if abs(other - start) >= reach]
            pinned.pop(change, None)
            if decision.kind == "pin" or not portfolio.policy.approved_may_move:
                pinned[change] = start
    return StandingDecisions(pinned, {change: tuple(starts) for change, starts in rejected.items() if starts})
