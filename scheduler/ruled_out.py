"""What the hours that teams ruled out cost, so that a wish that holds like a rule is not granted unseen."""

from dataclasses import dataclass

import numpy as np

from scheduler.demand.reach import touches_team
from scheduler.explain import Witness
from scheduler.portfolio import Portfolio
from scheduler.rules import never
from scheduler.schedule import Schedule, place


@dataclass(frozen=True, slots=True, kw_only=True)
class RuledOut:
    """A change that would cost less, by how much of what is minimised, in hours that a team ruled out, and which."""

    change: str
    saving_cents: int
    text: str


def ruled_out(portfolio: Portfolio, schedule: Schedule) -> list[RuledOut]:
    """List the changes whose cheapest start only `never` forbids, while all others stay; the dearest first.

    Raises
    ------
    ValueError
        If a placement does not start on the grid of the horizon.
    """
    teams = {one.team for one in portfolio.preferences if one.kind == "never"}
    bound = [name for name in portfolio.changes if any(touches_team(portfolio, team, name) for team in teams)]
    if not bound:
        return []
    witness, found = Witness(portfolio, schedule), []
    for change in bound:
        curve = witness.curve(change)
        if never.NAME not in curve.forbidden:
            continue
        elsewhere = [mask for rule, mask in curve.forbidden.items() if rule != never.NAME]
        open_starts = ~np.logical_or.reduce(elsewhere) if elsewhere else np.ones(len(curve.cents), dtype=np.bool_)
        legal = open_starts & ~curve.forbidden[never.NAME]
        best = min(curve.now_cents, int(curve.cents[legal].min())) if legal.any() else curve.now_cents
        slots = np.flatnonzero(open_starts)
        slot = int(slots[np.argmin(curve.cents[slots])]) if len(slots) else None
        if slot is not None and curve.cents[slot] < best:
            moved = Schedule((place(portfolio, change, portfolio.horizon.at(slot)),))
            text = "; ".join(one.text for one in never.RULE.check(portfolio, moved))
            found.append(RuledOut(change=change, saving_cents=curve.now_cents - int(curve.cents[slot]), text=text))
    return sorted(found, key=lambda one: (-one.saving_cents, one.change))
