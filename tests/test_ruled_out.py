"""What `never` costs: one user-hour is a euro, and 100 users are there but in the night of the wish."""

from builders import blackout, change, level, portfolio, preference, schedule, team

from scheduler.console import result_text
from scheduler.portfolio import Portfolio
from scheduler.ruled_out import RuledOut, ruled_out
from scheduler.solver.solve import solve

# Nobody is there on Tuesday 02:00-04:00, ten on Wednesday 02:00-04:00.
NIGHTS = [100.0] * 52 + [0.0] * 4 + [100.0] * 44 + [10.0] * 4 + [100.0] * 232
WISH = preference("blue", "never", "Tue 00:00-06:00", reason="stock-taking")


def world(**more: object) -> Portfolio:
    return portfolio(
        changes=[change("A", hours=2), change("B", services="mail")],
        teams=[team("blue", level="premium"), team("green", uses="mail")],
        levels=[level("premium", weight=3)],
        users={("blue", "app"): NIGHTS, ("green", "mail"): 1},
        preferences=[WISH],
        **more,  # type: ignore[arg-type]
    )


def test_the_price_of_a_wish() -> None:
    # Two hours of ten users on Wednesday: 2,000 cents, 6,000 weighted.
    p = world()
    assert ruled_out(p, schedule(p, {"A": "Wed 02:00", "B": "Tue 02:00"})) == [
        RuledOut(
            change="A",
            saving_cents=6000,
            text="A at Tue 2 Mar 2027 02:00 to 04:00 UTC meets hours that blue ruled out, "
            "Tue 2 Mar 2027 00:00 to 06:00 UTC (stock-taking)",
        )
    ]


def test_what_another_rule_forbids_as_well_is_not_the_price_of_the_wish() -> None:
    p = world(blackouts=[blackout("Tue 00:00", "Tue 06:00")])
    assert ruled_out(p, schedule(p, {"A": "Wed 02:00", "B": "Thu 02:00"})) == []


def test_where_a_legal_start_is_as_cheap_the_wish_costs_nothing() -> None:
    p = world()
    moved = portfolio(changes=p.changes.values(), preferences=[WISH], teams=[team("blue")], users={("blue", "app"): 5})
    assert ruled_out(moved, schedule(moved, {"A": "Thu 02:00", "B": "Thu 02:00"})) == []


def test_a_plan_says_so() -> None:
    text = result_text(solve(world(), deterministic=1.0))
    assert text.endswith(
        "Hours that teams ruled out keep these changes dearer (weighted by service level):\n"
        "  A would cost 60.00 EUR less there: A at Tue 2 Mar 2027 02:00 to 04:00 UTC meets hours that blue ruled out, "
        "Tue 2 Mar 2027 00:00 to 06:00 UTC (stock-taking)"
    )
