"""Plans that mind the worst weeks, on a choice that can be worked out by hand."""

import doctest
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from builders import MONDAY, change, when
from demand.records import person, recorded

from scheduler import scenarios as module
from scheduler.batch import plan
from scheduler.demand.scenarios import scenarios
from scheduler.inputs.documents import schedule_document
from scheduler.scenarios import worst_tenth, worst_weights
from scheduler.solver.solve import solve

WEEKS = 10


def world(tail_weight):
    """Monday 00:00: nobody in nine weeks of ten, twenty in one (2 on average). Tuesday: three. Else fifty."""
    t = replace(person("t"), cost_cents_per_user_hour=100)
    rows = []
    for week in range(1, WEEKS + 1):
        for hour in range(168):
            users = {0: 20.0 if week == 5 else 0.0, 24: 3.0}.get(hour, 50.0)
            rows.append(("t", "app", MONDAY - timedelta(weeks=week) + timedelta(hours=hour), 60, users))
    p = recorded(rows, [t], start=MONDAY, changes=[change("C")])
    forecast = replace(p.policy.forecast, half_life_weeks=1000.0, prior_weeks=0.0)
    return replace(p, policy=replace(p.policy, tail_weight=tail_weight, forecast=forecast, fairness_epsilon=0.0))


def test_the_worst_tenth_counts_in_part():
    assert worst_weights(np.arange(20.0))[-2:].tolist() == [0.5, 0.5]
    assert worst_weights(np.arange(12.0))[-2:].tolist() == pytest.approx([1 - 1 / 1.2, 1 / 1.2][::1], abs=1e-12)
    assert worst_tenth(np.array([1.0, 2.0, 9.0])) == 9.0
    assert doctest.testmod(module).failed == 0


def test_a_scenario_is_a_past_week_beside_the_forecast():
    weeks = scenarios(world(0.5))
    assert len(weeks) == WEEKS
    monday = [int(one["t", "app"][0]) for one in weeks]
    tuesday = {int(one["t", "app"][48]) for one in weeks}
    # Monday departs by 18 in the fifth week back and by −2 in the others.
    assert np.argmax(monday) == 4
    assert max(monday) - min(monday) == pytest.approx(20_000, abs=2500)
    assert len(tuesday) == 1


def test_without_a_weight_the_mean_decides_and_with_one_the_worst_week():
    plain, minded = (plan(world(weight), deterministic=2.0) for weight in (0.0, 0.5))
    assert plain.tail is None
    assert plain.schedule.by_change["C"].start == MONDAY
    assert minded.schedule.by_change["C"].start == when("Tue 00:00")
    tail = minded.tail
    assert tail.worst_cents < tail.plain_worst_cents
    assert tail.mean_cents > tail.plain_mean_cents
    assert tail.bound_cents <= tail.objective_cents
    # Three users for an hour in every scenario.
    assert tail.worst_cents == tail.mean_cents == 300
    # The plan is billed on the forecast, and the bound of the plan without a weight holds for it.
    assert minded.objective_cents == 300 >= minded.bound_cents
    assert schedule_document(minded)["tail"]["weight"] == 0.5
    assert "tail" not in schedule_document(plain)


def test_the_bound_holds_for_every_window():
    p = world(0.5)
    minded = plan(p, deterministic=2.0)
    weeks = scenarios(p)
    values = []
    for start in range(0, 48 * 7 - 2, 2):
        costs = np.array([one["t", "app"][start : start + 2].sum() / 2 / 10 for one in weeks])
        values.append(0.5 * costs.mean() + 0.5 * worst_tenth(costs))
    assert minded.tail.bound_cents <= min(values) + 1
    assert minded.tail.objective_cents == pytest.approx(min(values), abs=1)


def test_too_little_record_makes_no_scenarios():
    p = world(0.5)
    late = p.usage[p.usage["start"] >= MONDAY - timedelta(weeks=2)]
    p = replace(p, usage=late)
    assert scenarios(p) == ()
    assert plan(p, deterministic=1.0).objective_cents == solve(p, deterministic=1.0).objective_cents
