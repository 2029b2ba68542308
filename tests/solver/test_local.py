"""What-ifs around one change: legal, billed right, and with a bound that holds, against whole solves of small plans."""

from dataclasses import replace

import numpy as np
import pytest
from builders import change, depends, engineer, portfolio
from strategies import Seeded, random_portfolio

from scheduler.portfolio import Decision, Portfolio
from scheduler.schedule import Result, total
from scheduler.solver.bound import Lagrangian
from scheduler.solver.compiled import compile_problem
from scheduler.solver.effort import Effort
from scheduler.solver.incumbent import Priced
from scheduler.solver.local import kept, narrowed, restricted
from scheduler.solver.optimise import optimise
from scheduler.solver.solve import build, compiled, resolve, solve
from scheduler.solver.together import together
from scheduler.verify import bill, verify


def pinned(p: Portfolio, name: str, slot: int) -> Portfolio:
    pin = Decision(change=name, kind="pin", start=p.horizon.at(slot))
    return replace(p, decisions=(*p.decisions, pin))


def is_sound(p: Portfolio, result: Result) -> None:
    assert verify(p, result.schedule) == []
    assert total(bill(p, result.schedule)) == result.objective_cents
    assert result.bound_cents is not None
    assert result.objective_cents is not None
    assert result.bound_cents <= result.objective_cents


@pytest.mark.parametrize("seeds", [range(0, 20), range(20, 40), range(40, 60)], ids=str)
def test_a_pin_moved_around_is_legal_and_its_bound_holds(seeds: range) -> None:
    answered = with_bound = 0
    for seed in seeds:
        p = random_portfolio(Seeded(seed))
        first = solve(p, deterministic=0.5, time_limit=20)
        if first.objective_cents is None:
            continue
        rng = np.random.default_rng(seed)
        ok, index = compiled(p).ok, compiled(p).problem.index
        movable = [one.change for one in first.schedule.placements if ok[index[one.change]].sum() > 1]
        if not movable:
            continue
        name = str(rng.choice(movable))
        slot = int(rng.choice(np.flatnonzero(ok[index[name]])))
        asked = pinned(p, name, slot)
        result = resolve(asked, first.schedule)
        again = solve(asked, deterministic=0.5, time_limit=20)
        if result is None:
            continue
        answered += 1
        is_sound(asked, result)
        assert result.schedule.by_change[name].start == p.horizon.at(slot)
        assert again.objective_cents is not None
        assert again.bound_cents is not None
        # Each bound holds for each plan.
        assert (result.bound_cents or 0) <= again.objective_cents
        assert again.bound_cents <= (result.objective_cents or 0)
        with_bound += bool(result.bound_cents)
    assert answered >= 5
    assert with_bound >= 1


@pytest.mark.parametrize("seed", range(12))
def test_multipliers_with_some_starts_closed_bound_what_is_left(seed: int) -> None:
    p = random_portfolio(Seeded(100 + seed))
    problem = build(p)
    joined = together(problem)
    one = compile_problem(joined.problem if joined else problem)
    lagrangian = Lagrangian(one)
    for _ in range(30):
        lagrangian.step(10**9)
    rng = np.random.default_rng(seed)
    ok = one.ok & (rng.random(one.ok.shape) < 0.7)
    fewer = replace(one, ok=ok)
    bound = restricted(lagrangian.best, fewer)
    if bound is lagrangian.best:
        assert optimise(fewer, Effort(20.0, 0.5)).status == "INFEASIBLE"
        return
    # Fewer starts cost no less, and no more than the cheapest plan with them.
    assert bound.value >= lagrangian.best.value - 1e-6 * abs(lagrangian.best.value) - 1e-6
    answer = optimise(fewer, Effort(20.0, 0.5))
    assert answer.objective is None or bound.cents <= answer.objective
    for number in range(one.changes):
        row = bound.reduced_row(number)
        open_starts = ok[number, one.begin[number] : one.end[number]]
        assert not np.isfinite(row[~open_starts]).any()
        if answer.objective is not None and answer.starts[number] >= 0:
            start = answer.starts[number] - int(one.begin[number])
            assert bound.value + row[start] <= answer.objective + bound.slack


def test_a_start_that_opens_again_needs_a_new_problem() -> None:
    p = portfolio(changes=[change("A", hours=2), change("B", hours=2)], users={("Blue", "app"): 1}, decisions=[])
    solve(p, deterministic=1.0)
    before = kept(p)
    assert before is not None
    with_pin = pinned(p, "A", 30)
    closed = narrowed(before, build(with_pin))
    assert closed is not None
    assert closed.compiled.ok[0].sum() == 1
    assert narrowed(Priced(closed.compiled, closed.bound), build(p)) is None
    # Another price changes the cells.
    dearer = replace(p, known_users={("Blue", "app"): np.full(p.horizon.slots, 5000, dtype=np.int64)})
    assert narrowed(before, build(dearer)) is None


def test_a_pin_that_breaks_a_lag_moves_what_follows() -> None:
    # B takes 1 h and follows A at any distance; A is pinned behind where B was, and both cost the same everywhere.
    p = portfolio(changes=[change("A"), change("B", after="A")], users={("Blue", "app"): 1})
    first = solve(p, deterministic=1.0)
    late = first.schedule.by_change["B"].start
    slot = p.horizon.floor(late) + 5
    result = resolve(pinned(p, "A", slot), first.schedule)
    assert result is not None
    is_sound(pinned(p, "A", slot), result)
    assert result.schedule.by_change["A"].start == p.horizon.at(slot)
    assert result.schedule.by_change["B"].start > result.schedule.by_change["A"].start


def test_whoever_is_named_stays_where_nothing_moves() -> None:
    p = portfolio(
        changes=[
            change("A", services="app", skills="dba", earliest="Mon 01:00", due="Mon 02:00"),
            change("B", services="mail", skills="dba"),
        ],
        engineers=[engineer("Ana", skills="dba"), engineer("Ben", skills="dba")],
    )
    first = solve(p, deterministic=1.0)
    named = first.schedule.by_change["A"]
    other = {"Ana": "Ben", "Ben": "Ana"}[named.engineers[0].engineer]
    swapped = replace(named, engineers=(replace(named.engineers[0], engineer=other),))
    before = replace(
        first.schedule, placements=tuple(swapped if one.change == "A" else one for one in first.schedule.placements)
    )
    asked = pinned(p, "B", 200)
    result = resolve(asked, before)
    assert result is not None
    is_sound(asked, result)
    assert result.schedule.by_change["A"].engineers == swapped.engineers
    # Where the one who was named has left, somebody else comes.
    left = replace(asked, engineers={name: one for name, one in (asked.engineers or {}).items() if name != other})
    result = resolve(left, before)
    assert result is not None
    is_sound(left, result)
    assert result.schedule.by_change["A"].engineers[0].engineer != other


def test_known_multipliers_only() -> None:
    p = portfolio(changes=[change("A", hours=2)], dependencies=[depends("web", "app")], users={("Blue", "web"): 1})
    plan = solve(p, deterministic=1.0).schedule
    other = portfolio(changes=[change("A", hours=2)], users={("Blue", "app"): 1})
    assert resolve(other, plan, known=True) is None
    result = resolve(other, plan)
    assert result is not None
    assert result.bound_cents == 0
    is_sound(other, result)
