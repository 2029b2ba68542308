"""The cards above a plan."""

from builders import change, portfolio, schedule

from scheduler.schedule import BaselineFigures, Result
from scheduler.ui.headline import against


def test_a_habit_that_breaks_rules_is_not_compared() -> None:
    p = portfolio(changes=[change("A")])
    result = Result(portfolio=p, schedule=schedule(p, {"A": "Mon 01:00"}), status="FEASIBLE", objective_cents=7500)
    habit = BaselineFigures(objective_cents=10_000, cost_cents=9_000, drop_cents=0, violations=0)
    broken = BaselineFigures(objective_cents=5_000, cost_cents=4_000, drop_cents=0, violations=2)
    currency = p.policy.currency
    assert against(result, "sunday_0200", habit) == (
        "Against Sunday 02:00", "saves 25.0%", f"that costs 100.00 {currency} weighted"
    )  # fmt: skip
    assert against(result, "sunday_0200", broken) == (
        "Against Sunday 02:00", "breaks rules", f"2 times; that would cost 50.00 {currency} weighted"
    )  # fmt: skip
