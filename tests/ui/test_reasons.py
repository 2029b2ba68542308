"""Why a window is where it is, on portfolios where the answer is known."""

from builders import blackout, change, portfolio, schedule

from scheduler.explain import explain
from scheduler.portfolio import Portfolio
from scheduler.ui.reasons import reasons

MONDAY_NIGHT = "Mon 1 Mar 2027 02:00 to 03:00 UTC"


def why(p: Portfolio, start: str, change: str = "A", **others: str) -> list[str]:
    (one,) = explain(p, schedule(p, {change: start} | others), [change])
    return list(reasons(one, {"Blue": "Blue, Ltd"}))


def world(**more: object) -> Portfolio:
    """Four users by day and night but one from Monday 02:00 to 03:00."""
    users = [4.0] * 336
    users[4:6] = [1.0, 1.0]
    return portfolio(**({"changes": [change("A")], "users": {("Blue", "app"): users}} | more))  # type: ignore[arg-type]


def test_the_cheapest_window_needs_no_excuse() -> None:
    assert why(world(), "Mon 02:00") == [
        "No open window costs less while the other changes stay where they are; nor does any other."
    ]


def test_a_cheaper_window_that_is_legal_is_owned_up_to() -> None:
    # Four users and four users cost 400 cents, one user 100.
    (said,) = why(world(), "Tue 02:00")
    assert said.startswith("An open window would cost 3.00 EUR less while the other changes stay where they are")


def test_a_rule_that_binds_is_named_with_its_price() -> None:
    p = world(blackouts=[blackout("Mon 00:00", "Mon 12:00")])
    first, said = why(p, "Tue 02:00")
    assert first.endswith("what stands in the way of a cheaper one follows.")
    assert said == (
        f"No work is done on a service inside a blackout that applies to it. Without that, {MONDAY_NIGHT} would cost "
        "3.00 EUR less."
    )


def test_two_rules_at_once_are_blamed_together() -> None:
    p = world(changes=[change("A", earliest="Mon 12:00")], blackouts=[blackout("Mon 00:00", "Mon 12:00")])
    _, said = why(p, "Tue 02:00")
    assert said == f"Only without the rules blackout and earliest together, {MONDAY_NIGHT} would cost 3.00 EUR less."


def test_sharing_and_assumed_usage_are_said() -> None:
    p = portfolio(changes=[change("A"), change("B")], users={("Blue", "app"): 4})
    first, *_ = why(p, "Mon 02:00", B="Mon 02:00")
    assert first == "It shares its outage with B, so clients pay for that outage once."
