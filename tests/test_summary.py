"""What a plan saves, in words."""

import doctest
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest
from builders import change, portfolio, schedule, when

from scheduler import summary
from scheduler.schedule import BaselineFigures, Charge, Fairness, Result, Status, Tail
from scheduler.summary import compared_cents, fairness_text, own_figures, proof_text, saves_text, tail_text


def result(objective: int = 100, bound: int | None = 75, status: Status = "FEASIBLE", dropped: int = 0) -> Result:
    p = portfolio(changes=[change("A"), change("B", drop=dropped)])
    start = when("Mon 01:00")
    charges = [
        Charge(cost=cost, team="", service="", change=name, start=start, end=start + timedelta(hours=1),
               share=Fraction(1), cents=cents, weighted_cents=cents)
        for cost, name, cents in [("downtime", "A", objective - dropped), ("drop", "B", dropped)]
    ]  # fmt: skip
    return Result(
        portfolio=p,
        schedule=schedule(p, {"A": "Mon 01:00"}),
        status=status,
        charges=tuple(charges),
        objective_cents=objective,
        bound_cents=bound,
    )


def habit(cents: int, violations: int = 0) -> BaselineFigures:
    return BaselineFigures(objective_cents=cents, cost_cents=cents, drop_cents=0, violations=violations)


@pytest.mark.parametrize(
    ("plan", "other", "text"),
    [
        (75, habit(100), "saves 25.0%"),
        (100, habit(100), "saves 0.0%"),
        (110, habit(100), "costs 10.0% more"),
        (75, habit(100, violations=1), "cannot be compared: that breaks rules 1 time"),
        (75, habit(50, violations=2), "cannot be compared: that breaks rules 2 times"),
        (75, habit(0), "costs more: that costs nothing"),
        (0, habit(0), "saves nothing: that costs nothing either"),
    ],
)
def test_what_a_plan_saves(plan: int, other: BaselineFigures, text: str) -> None:
    assert saves_text(result(plan), other) == text


def test_drop_prices_are_left_out_of_comparisons() -> None:
    # Of 100 cents 40 are for what is left out; a habit of 120 leaves the same out, so the rest is half of it.
    assert compared_cents(result(100, dropped=40)) == 60
    assert saves_text(result(100, dropped=40), habit(120)) == "saves 50.0%"
    assert own_figures(result(100, dropped=40)) == BaselineFigures(
        objective_cents=60, cost_cents=60, drop_cents=40, violations=0
    )


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (result(100, 75), "No plan can be more than 25.0% cheaper"),
        (result(100, 100, "OPTIMAL"), "No plan can be cheaper"),
        (result(100, 0), "How much cheaper a plan could be was not found out"),
        (replace(result(), bound_cents=None), "How much cheaper a plan could be was not found out"),
    ],
)
def test_how_good_it_provably_is(found: Result, text: str) -> None:
    assert proof_text(found) == text


def test_examples_in_docstrings() -> None:
    assert doctest.testmod(summary).failed == 0


def test_what_was_given_for_fairness() -> None:
    # 101 cents where 100 would do: 1 of 101 is 1.0 %, and 1 of 100 as well.
    fair = replace(
        result(101, bound=100, status="OPTIMAL"),
        fairness=Fairness(before=0.5, before_team="Blue", after=0.4, after_team="Green"),
        fairness_price_cents=1,
    )
    assert proof_text(fair) == "The cheapest plan costs 1.0% less, which was given for fairness between teams"
    said = "Losses are spread over teams: the hardest hit bears 20.0% less for its size"
    assert fairness_text(fair) == f"{said}, for 1.0% of the cost"
    assert fairness_text(replace(fair, fairness_price_cents=0)) == f"{said}, at no cost"


def test_fairness_is_not_praised_where_nothing_was_done() -> None:
    assert fairness_text(result()) == ""
    same = Fairness(before=0.5, before_team="Blue", after=0.5, after_team="Blue")
    assert fairness_text(replace(result(), fairness=same)) == ""


def test_what_minding_bad_weeks_did() -> None:
    # The worst tenth fell from 1000 to 900 cents, the mean rose from 400 to 402.
    tail = Tail(
        weight=0.5,
        scenarios=52,
        objective_cents=651,
        bound_cents=600,
        mean_cents=402,
        worst_cents=900,
        plain_mean_cents=400,
        plain_worst_cents=1000,
    )
    assert tail_text(replace(result(), tail=tail)) == (
        "In the worst tenth of 52 weeks like past ones the plan costs 10.0% less than if bad weeks were not minded, "
        "and in the mean of all 0.5% more"
    )
    nothing = replace(tail, mean_cents=0, plain_mean_cents=0, worst_cents=1, plain_worst_cents=0)
    assert tail_text(replace(result(), tail=nothing)).endswith("costs more than if bad weeks were not minded, and in "
                                                               "the mean of all as much")  # fmt: skip
    assert tail_text(result()) == ""
