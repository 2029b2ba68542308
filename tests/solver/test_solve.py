"""Whole plans of small portfolios: ties, what is left out, what cannot be, and where a search begins."""

from builders import blackout, change, decide, portfolio, when

from scheduler.schedule import Result
from scheduler.solver.solve import solve


def starts(result: Result) -> dict[str, object]:
    return {placement.change: placement.start for placement in result.schedule.placements}


def test_ties_prefer_office_hours_then_the_earliest_start() -> None:
    # Nobody loses anything, so every start costs the same: Monday 08:00, and two hours must end by 18:00.
    result = solve(portfolio(changes=[change("A", hours=2), change("B", hours=12)]), time_limit=5)
    assert result.status == "OPTIMAL"
    # Twelve hours never fit into office hours, so B takes the earliest start of all.
    assert starts(result) == {"A": when("Mon 08:00"), "B": when("Mon 00:00")}


def test_two_changes_share_the_outage_of_one_service() -> None:
    # One user at 100 cents an hour: two hours together cost 200 cents, apart they would cost 400.
    p = portfolio(changes=[change("A", hours=2), change("B", hours=2)], users={("Blue", "app"): 1})
    result = solve(p, time_limit=5)
    assert (result.status, result.objective_cents, result.bound_cents, result.gap) == ("OPTIMAL", 200, 200, 0.0)
    assert starts(result)["A"] == starts(result)["B"]


def test_an_optional_change_is_left_out_where_that_is_cheaper() -> None:
    # An hour costs 100 cents everywhere; leaving A out costs 60.
    p = portfolio(changes=[change("A", drop=60)], users={("Blue", "app"): 1})
    result = solve(p, time_limit=5)
    assert (result.objective_cents, result.cost_cents, result.drop_cents) == (60, 0, 60)
    (left_out,) = result.unplaced
    assert (left_out.change, left_out.drop_cents) == ("A", 60)


def test_a_change_without_any_start_names_the_rules_that_leave_none() -> None:
    p = portfolio(
        changes=[change("A", hours=2, earliest="Tue 10:00", due="Wed 10:00"), change("B")],
        blackouts=[blackout("Tue 00:00", "Wed 09:00")],
    )
    result = solve(p, time_limit=5)
    assert result.status == "INFEASIBLE"
    # Each is needed: without any one of them A could start on Monday, on Tuesday, or on Thursday.
    assert {(one.rule, one.changes) for one in result.clash} == {
        (rule, ("A",)) for rule in ("earliest", "due", "blackout")
    }
    assert [(one.change, one.reason) for one in result.unplaced] == [
        ("A", "no start is left: " + "; ".join(one.text for one in result.clash)),
        ("B", "no schedule was found"),
    ]


def test_a_change_without_any_start_is_left_out_with_the_reason() -> None:
    p = portfolio(changes=[change("A", hours=2, due="Mon 01:00", drop=5), change("B", after="A", drop=5)])
    result = solve(p, time_limit=5)
    texts = {one.change: one.reason for one in result.unplaced}
    assert texts["A"] == "no start is left: A, which needs 2 h, is due Mon 1 Mar 2027 01:00 UTC"
    assert texts["B"].startswith("no start is left: B comes after A, which needs 2 h; A, which needs 2 h, is due")


def test_a_change_whose_follower_must_start_too_soon_says_so() -> None:
    p = portfolio(changes=[change("A", hours=30), change("B", after="A", due="Tue 06:00")])
    result = solve(p, time_limit=5)
    texts = {one.change: one.reason for one in result.unplaced}
    assert texts["A"] == "no start is left: what must come after it has none"
    assert texts["B"].startswith("no start is left: B comes after A, which needs 30 h; B, which needs 1 h, is due")


def test_changes_that_cannot_all_be_placed_are_infeasible() -> None:
    window = {"earliest": "Tue 10:00", "due": "Tue 11:00", "hours": 1}
    p = portfolio(changes=[change("A", not_with="B", **window), change("B", not_with="A", **window)])
    result = solve(p, time_limit=5)
    assert (result.status, result.objective_cents) == ("INFEASIBLE", None)
    assert result.clash


def test_approved_windows_stay_and_carry_their_announcement() -> None:
    p = portfolio(
        changes=[change("A")],
        users={("Blue", "app"): 5},
        decisions=[decide("A", "approve", "Wed 12:00", announced_at="2027-02-20T09:00Z")],
    )
    (placement,) = solve(p, time_limit=5).schedule.placements
    assert placement.start == when("Wed 12:00")
    assert placement.announced_at == when("2027-02-20T09:00Z")


def test_deterministic_runs_are_equal() -> None:
    p = portfolio(
        changes=[change(name, hours=2, services=f"app;s{name}") for name in "ABCDEFGH"],
        users={("Blue", "app"): [1.0, 5.0, 2.0], ("Green", "sA"): 3, ("Green", "sB"): [2.0, 7.0]},
    )
    one, two = (solve(p, deterministic=1.0, seed=4) for _ in range(2))
    assert (one.schedule, one.objective_cents, one.bound_cents) == (two.schedule, two.objective_cents, two.bound_cents)
