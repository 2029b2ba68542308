"""Which windows an absence, a longer piece of work or any other news puts at risk, and what can be done for them."""

from dataclasses import dataclass, replace

from scheduler.desk.planning import Absence, absent, unpinned
from scheduler.desk.replan import Replanned, named, replan
from scheduler.horizon import Window
from scheduler.portfolio import Portfolio
from scheduler.schedule import Schedule, Violation, place
from scheduler.verify import verify


@dataclass(frozen=True, slots=True, kw_only=True)
class AtRisk:
    """A window that cannot stay as it is, and why.

    Where `covered_by` names engineers, they can do the work and the window need not move; otherwise it has to.
    """

    change: str
    window: Window
    reasons: tuple[Violation, ...]
    covered_by: tuple[str, ...] = ()

    @property
    def must_move(self) -> bool:
        """Tell whether other engineers are not enough."""
        return not self.covered_by


def at_risk(portfolio: Portfolio, plan: Schedule) -> list[AtRisk]:
    """List the windows of a plan that break a rule of the portfolio as it is now, those that must move first.

    Windows are as long as the portfolio says now. Where only the people named cannot do it, those who can all at once
    are named, whom the plan named as far as possible.
    """
    now = _as_long_as_now(portfolio, plan)
    bare = Schedule(tuple(replace(one, engineers=()) for one in now.placements))
    found = _by_change(portfolio, now)
    lasting = _by_change(portfolio, bare)
    staying = Schedule(tuple(one for one in bare.placements if one.change not in lasting))
    others = named(portfolio, staying, plan)
    risks = []
    for change, reasons in found.items():
        placement = others.by_change.get(change)
        covered = () if placement is None else tuple(sorted({shift.engineer for shift in placement.engineers}))
        window = now.by_change[change].reserved
        risks.append(AtRisk(change=change, window=window, reasons=tuple(reasons), covered_by=covered))
    return sorted(risks, key=lambda one: (not one.must_move, one.window.start, one.change))


def replan_at_risk(
    portfolio: Portfolio, plan: Schedule, *, seconds: float = 20.0, search: float = 0.0
) -> tuple[list[AtRisk], Replanned]:
    """List the windows at risk, and replan those that must move; all others stay, and keep whom they can.

    Pins and approvals of windows that must move are lifted: that is what has to be decided again.
    """
    risks = at_risk(portfolio, plan)
    moving = [one.change for one in risks if one.must_move]
    free = {*moving, *(change for change in portfolio.changes if change not in plan.by_change)}
    return risks, replan(unpinned(portfolio, moving), plan, only=free, seconds=seconds, search=search)


def absence(
    portfolio: Portfolio, plan: Schedule, away: Absence, *, seconds: float = 20.0
) -> tuple[list[AtRisk], Replanned]:
    """Say what becomes of a plan when an engineer is away: the windows at risk, and a plan in which only those move.

    Raises
    ------
    KeyError
        If there is no such engineer.
    """
    return replan_at_risk(absent(portfolio, [away]), plan, seconds=seconds)


def _as_long_as_now(portfolio: Portfolio, plan: Schedule) -> Schedule:
    placements = []
    for one in plan.placements:
        if one.change in portfolio.changes:
            due = place(portfolio, one.change, one.start)
            same = (one.end, one.reserved_until) == (due.end, due.reserved_until)
            placements.append(replace(one, announced_at=due.announced_at) if same else due)
    return Schedule(tuple(placements))


def _by_change(portfolio: Portfolio, plan: Schedule) -> dict[str, list[Violation]]:
    """Give what `verify` finds by the changes that it speaks of and that have a window to lose."""
    found: dict[str, list[Violation]] = {}
    for violation in verify(portfolio, plan):
        for change in violation.changes:
            if change in plan.by_change:
                found.setdefault(change, []).append(violation)
    return found
