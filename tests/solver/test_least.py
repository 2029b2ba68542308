"""What a start costs at least, against whole solves with the change pinned there."""

from dataclasses import replace

import numpy as np
import pytest
from builders import change, portfolio
from strategies import Seeded, random_portfolio

from scheduler.explain import Witness
from scheduler.explanation import curve_rows
from scheduler.portfolio import Decision, Portfolio
from scheduler.publish.curve_file import AT_LEAST, curve_file
from scheduler.schedule import Schedule
from scheduler.solver.least import NEVER
from scheduler.solver.local import kept
from scheduler.solver.solve import compiled, solve


@pytest.mark.parametrize("seed", range(30, 42))
def test_no_plan_with_a_start_costs_less(seed: int) -> None:
    p = random_portfolio(Seeded(seed))
    result = solve(p, deterministic=0.5, time_limit=20)
    if result.objective_cents is None or not result.schedule.placements:
        return
    name = result.schedule.placements[seed % len(result.schedule.placements)].change
    curve = Witness(p, result.schedule).curve(name, at_least=True)
    assert curve.at_least is not None
    assert curve.slot is not None
    assert curve.at_least[curve.slot] <= 0
    number = compiled(p).problem.index[name]
    rng = np.random.default_rng(seed)
    for slot in rng.choice(np.flatnonzero(compiled(p).ok[number]), size=3).tolist():
        pin = Decision(change=name, kind="pin", start=p.horizon.at(slot))
        forced = solve(replace(p, decisions=(*p.decisions, pin)), deterministic=0.5, time_limit=20)
        if forced.objective_cents is not None:
            assert curve.at_least[slot] <= forced.objective_cents - result.objective_cents
    # Where the others can stay the plan with that start is one of them.
    open_starts = ~np.logical_or.reduce([*curve.forbidden.values(), np.zeros(p.horizon.slots, dtype=np.bool_)])
    assert (curve.at_least[open_starts] <= (curve.cents - curve.now_cents)[open_starts]).all()


def test_two_changes_that_share_an_outage() -> None:
    # One user at 100 cents an hour. Together A and B cost 200 cents; A apart costs 200 more unless B goes with it.
    p = portfolio(changes=[change("A", hours=2), change("B", hours=2, due="Mon 03:00")], users={("Blue", "app"): 1})
    result = solve(p, deterministic=1.0)
    assert (result.objective_cents, result.status) == (200, "OPTIMAL")
    for witness in (Witness(p, result.schedule), Witness(replayed(p), result.schedule)):
        curve = witness.curve("A", at_least=True)
        assert curve.at_least is not None
        at_most = curve.cents - curve.now_cents
        # At 100 nothing can be shared, so 200 is what it costs, and what it costs at least cannot be more.
        assert at_most[100] == 200
        assert 0 < curve.at_least[100] <= 200
        assert curve.at_least[curve.slot] <= 0
    late = Witness(p, result.schedule).curve("B", at_least=True)
    assert late.at_least is not None
    assert late.at_least[100] == NEVER
    rows = curve_rows(p, late)
    assert rows[100][AT_LEAST] is None
    text = curve_file(p, late, ".csv").decode()
    assert text.splitlines()[0] == "start,cents,extra_cents,forbidden_by,at_least_cents"
    assert text.splitlines()[101].endswith(",due,")


def replayed(p: Portfolio) -> Portfolio:
    """The same portfolio, as it is read anew: no solve left multipliers."""
    fresh = portfolio(changes=list(p.changes.values()), users={("Blue", "app"): 1})
    assert kept(fresh) is None
    return fresh


def test_a_curve_that_was_not_bounded_says_so() -> None:
    p = portfolio(changes=[change("A", drop=5)], users={("Blue", "app"): 1})
    curve = Witness(p, Schedule()).curve("A")
    assert curve.at_least is None
    assert AT_LEAST not in curve_rows(p, curve)[0]
