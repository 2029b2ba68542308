"""What would make a plan possible, and its price, worked out by hand: a user-hour costs a euro."""

import numpy as np
import numpy.typing as npt
import pytest
from builders import blackout, calendar, change, engineer, level, portfolio, team, when

from scheduler.portfolio import Portfolio
from scheduler.schedule import Result
from scheduler.solver.clash import rules_alone
from scheduler.solver.demands import Demand, without
from scheduler.solver.relaxing import lift
from scheduler.solver.solve import solve


def week(usual: float, **hours: float) -> npt.NDArray[np.float64]:
    """Give users per slot of a week; `Wed_04=0` sets one hour."""
    users = np.full(336, usual)
    for name, value in hours.items():
        start = int((when(f"{name[:3]} {name[4:]}:00") - when("Mon 00:00")).total_seconds() // 1800)
        users[start : start + 2] = value
    return users


def ways(result: Result) -> dict[frozenset[tuple[str, tuple[str, ...]]], int]:
    assert all(one.proven for one in result.relaxations)
    return {
        frozenset((step.rule, step.changes) for step in one.lifted): one.objective_cents for one in result.relaxations
    }


def tuesday() -> Portfolio:
    """A and B exclude each other and both have to run on Tuesday from ten to eleven."""
    only = {"earliest": "Tue 10:00", "due": "Tue 11:00"}
    return portfolio(
        changes=[change("A", not_with="B", **only), change("B", services="mail", **only)],
        users={("Blue", "app"): week(9, Tue_10=5, Wed_03=1), ("Green", "mail"): week(9, Tue_10=3, Mon_03=2)},
    )


def test_single_steps_are_priced_and_the_cheapest_comes_first() -> None:
    result = solve(tuesday(), time_limit=20)
    assert result.status == "INFEASIBLE"
    assert len(result.clash) == 5
    assert result.more_clashes == ()
    # On Tuesday at ten A costs 500 and B 300. After that A costs 100 at best and B, which may not overlap A, 900;
    # before, A costs 900 and B 200.
    assert ways(result) == {
        frozenset({("mandatory", ("A",))}): 300,
        frozenset({("mandatory", ("B",))}): 500,
        frozenset({("due", ("A",))}): 100 + 300,
        frozenset({("earliest", ("B",))}): 500 + 200,
        frozenset({("conflict", ("A", "B"))}): 500 + 300,
        frozenset({("earliest", ("A",))}): 900 + 300,
        frozenset({("due", ("B",))}): 500 + 900,
    }
    assert [one.objective_cents for one in result.relaxations] == sorted(ways(result).values())
    assert result.relaxations[0].lifted[0].text == "leave A out"
    assert result.relaxations[1].lifted[0].text == "let A end after Tue 2 Mar 2027 11:00 UTC"
    # Nobody's level weighs more than 1, so clients lose just what is minimised.
    assert all(one.cost_cents == one.objective_cents for one in result.relaxations)


def test_where_one_step_is_not_enough_the_fewest_are_named() -> None:
    p = portfolio(
        changes=[
            change("A", earliest="Tue 10:00", due="Tue 10:30"),
            change("B", services="mail", due="Mon 01:00", earliest="Mon 04:00"),
        ],
        users={("Blue", "app"): week(9, Tue_10=5, Wed_03=1), ("Green", "mail"): week(9, Mon_00=4, Mon_05=2)},
    )
    result = solve(p, time_limit=20)
    assert len(result.more_clashes) == 1
    found = ways(result)
    # Both clash over their own dates: to do without all due dates, or all earliest dates, is one step. After ten on
    # Tuesday A costs 100; B is late anyway, for 200 from five on Monday. Before, A costs 700, half of it
    # over before ten, and B 400.
    assert found[frozenset({("due", ("A", "B"))})] == 300
    assert found[frozenset({("earliest", ("A", "B"))})] == 1100
    # Or each is mended by itself.
    mend_a = {("due", ("A",)): 100, ("earliest", ("A",)): 700, ("mandatory", ("A",)): 0}
    mend_b = {("due", ("B",)): 200, ("earliest", ("B",)): 400, ("mandatory", ("B",)): 0}
    prices = {frozenset({a, b}): mend_a[a] + mend_b[b] for a in mend_a for b in mend_b}
    apart = {steps: price for steps, price in found.items() if len(steps) == 2}
    # Those tried differ from the first in one step, and the best of each are taken together.
    assert apart.items() <= prices.items()
    assert {step for steps in apart for step in steps} == mend_a.keys() | mend_b.keys()
    assert result.relaxations[0].objective_cents == 0


def test_steps_for_clashes_that_share_no_rule() -> None:
    p = portfolio(
        changes=[
            change("A", earliest="Tue 10:00", due="Tue 10:30"),
            change("B", services="mail", allowed="never"),
        ],
        calendars=[calendar("never", "allowed", "Mon 00:00-00:30")],
        users={("Blue", "app"): week(9, Wed_03=1), ("Green", "mail"): week(9, Mon_05=2)},
    )
    result = solve(p, time_limit=20)
    found = ways(result)
    mend_a = {("due", ("A",)): 100, ("earliest", ("A",)): 900, ("mandatory", ("A",)): 0}
    mend_b = {("allowed", ("B",)): 200, ("mandatory", ("B",)): 0}
    prices = {frozenset({a, b}): mend_a[a] + mend_b[b] for a in mend_a for b in mend_b}
    assert found.items() <= prices.items()
    assert {step for steps in found for step in steps} == mend_a.keys() | mend_b.keys()
    assert min(found.values()) == 0


def test_a_rule_that_many_clashes_share_can_be_lifted_as_a_whole() -> None:
    # Every change must be over before it may start; each alone would have to be mended by itself.
    late = {"earliest": "Tue 10:00", "due": "Tue 10:30"}
    p = portfolio(
        changes=[change(f"A{number}", services=f"s{number}", **late) for number in range(7)],
        users={("Blue", f"s{number}"): week(9, Wed_03=1, Mon_03=2) for number in range(7)},
    )
    result = solve(p, time_limit=20)
    assert len(result.more_clashes) == 6
    everyone = tuple(p.changes)
    # After the due date an hour costs 100 for each, before the earliest start 200.
    assert ways(result) == {frozenset({("due", everyone)}): 700, frozenset({("earliest", everyone)}): 1400}
    assert result.relaxations[0].lifted[0].text == "do without the rule due"


def test_a_clash_that_shows_only_when_another_is_mended_is_met_too() -> None:
    # Two ways to be empty: whichever of blackout and due is lifted, notice and due stay in each other's way.
    p = portfolio(
        changes=[change("A", due="Tue 00:00")],
        levels=[level("premium", notice=3)],
        teams=[team("Blue", level="premium", uses="app")],
        blackouts=[blackout("Mon 00:00", "Tue 00:00")],
        users={("Blue", "app"): 1},
    )
    result = solve(p, time_limit=20)
    assert ways(result) == {frozenset({("due", ("A",))}): 100, frozenset({("mandatory", ("A",))}): 0}


def test_lifting_frees_these_changes_only() -> None:
    p = portfolio(
        changes=[change(name, skills="dba", not_with="C") for name in "AB"] + [change("C", skills="dba*2")],
        engineers=[engineer("Ana", skills="dba")],
    )
    problem = rules_alone(p)
    freed = without(problem, Demand("capacity", ("C",)))
    assert not list(freed.broken({0: 0, 1: 2, 2: 4}))
    assert set(freed.broken({0: 0, 1: 0, 2: 4})) == {"capacity"}
    assert set(problem.broken({0: 0, 1: 2, 2: 4})) == {"capacity"}
    apart = without(freed, Demand("conflict", ("A", "C")))
    assert not list(apart.broken({0: 0, 1: 2, 2: 0}))
    assert set(apart.broken({0: 0, 1: 2, 2: 2})) == {"conflict"}
    out = lift(problem, [Demand("mandatory", ("C",))])
    assert not list(out.broken({0: 0, 1: 2}))


def test_deterministic_runs_give_the_same_reasons() -> None:
    one, two = (solve(tuesday(), deterministic=2.0, seed=3) for _ in range(2))
    assert one.relaxations
    assert (one.clash, one.more_clashes, one.relaxations) == (two.clash, two.more_clashes, two.relaxations)


def test_progress_says_what_is_being_found_out() -> None:
    phases: list[str] = []
    solve(tuesday(), time_limit=20, progress=lambda one: phases.append(one.phase))
    assert phases.index("why nothing fits") < phases.index("what would help")


@pytest.mark.parametrize("limit", [0.0, 0.01])
def test_without_time_nothing_is_claimed(limit: float) -> None:
    result = solve(tuesday(), time_limit=limit)
    # Whatever there was time for: a clash is there if it is called minimal, and a plan is never claimed.
    assert result.status in ("INFEASIBLE", "STOPPED")
    assert result.clash or not result.clash_is_minimal
    assert result.objective_cents is None
