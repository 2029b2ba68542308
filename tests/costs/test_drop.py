from builders import assert_cost, change, portfolio, problem_of, when

from scheduler.costs.drop import COST
from scheduler.rules.mandatory import RULE


def test_only_optional_changes_left_out_are_charged() -> None:
    p = portfolio(changes=[change("A", drop=500), change("B", drop=70), change("C", optional=True), change("D")])
    assert_cost(COST, p, {}, cents=570)
    assert_cost(COST, p, {"A": "Mon 00:00"}, cents=70)
    assert_cost(COST, p, {"A": "Mon 00:00", "B": "Mon 00:00"}, cents=0)
    (row,) = assert_cost(COST, p, {"A": "Mon 00:00", "D": "Mon 00:00"}, cents=70)
    assert (row.cost, row.team, row.service, row.change) == ("drop", "", "", "B")
    assert (row.start, row.end) == (when("Mon 00:00"), when("Mon 00:00 +1w"))


def test_the_price_stands_beside_the_rule_that_lets_a_change_out() -> None:
    p = portfolio(changes=[change("A", drop=500), change("B", optional=True), change("C")])
    assert problem_of(p, RULE, COST).drop_price == [500, 0, None]
