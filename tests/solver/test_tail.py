"""Plans that mind the worst weeks, on a choice that can be worked out by hand."""

import doctest
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from builders import MONDAY, change, when
from demand.records import person, recorded

from scheduler.batch import plan
from scheduler.demand.scenarios import departures, scenarios
from scheduler.inputs.documents import schedule_document
from scheduler.schedule import total
from scheduler.solver import tail as module
from scheduler.solver.solve import solve
from scheduler.solver.tail import scenario_costs, worst_tenth, worst_weights
from scheduler.verify import bill

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


def test_a_week_departs_from_the_weeks_before_it_at_the_level_of_now():
    # Latest first. Before the week of 12 came 4, 4, 4: it departs by 8, when the level was 4; now it is
    # (4 × 1/8 + 4 × 1/4 + 4 × 1/2 + 12) / (15/8) = 124/15 with weeks counting half after one.
    weeks = np.array([12.0, 4.0, 4.0, 4.0]).reshape(1, 4, 1)
    found = departures(weeks, 1.0)
    assert found[0, :, 0].tolist() == pytest.approx([8 * (124 / 15) / 4, 0, 0, 0], rel=1e-6)
    # A week that was not recorded departs from nothing, and two weeks before one are too few.
    weeks[0, 1] = np.nan
    assert not departures(weeks, 1.0).any()
    assert departures(np.zeros((1, 9, 4)), 3.0).tolist() == np.zeros((1, 9, 4)).tolist()
    assert departures(np.full((1, 60, 4), np.nan), 3.0).shape == (1, 52, 4)


def test_a_scenario_is_a_past_week_beside_the_forecast():
    weeks = scenarios(world(0.5))
    # Of ten weeks, the first three have too few before them.
    assert weeks.count == WEEKS - 3
    users = weeks.users(("t", "app"))
    assert users.shape == (7, 7 * 48)
    # Monday departs by twenty in the fifth week back, on the forecast of two; in the sixth and seventh by nothing, and
    # in those since by less and less below: nobody is left.
    assert users[:, 0].tolist() == pytest.approx([0, 0, 0, 0, 22_000, 2000, 2000], abs=300)
    assert set(users[:, 48].tolist()) == {3000}
    assert (weeks.users(("t", "app"), slice(48, 50)) == users[:, 48:50]).all()


def test_a_plan_costs_in_each_scenario_what_its_bill_says():
    p = world(0.5)
    weeks, schedule = scenarios(p), plan(world(0.0), deterministic=1.0).schedule
    users = weeks.users(("t", "app"))
    billed = [total(bill(replace(p, known_users={("t", "app"): one}), schedule)) for one in users]
    assert scenario_costs(p, weeks, schedule).tolist() == pytest.approx(billed, abs=1)


def test_without_a_weight_the_mean_decides_and_with_one_the_worst_week():
    plain, minded = (plan(world(weight), deterministic=2.0) for weight in (0.0, 0.5))
    assert plain.tail is None
    assert plain.schedule.by_change["C"].start == MONDAY
    assert minded.schedule.by_change["C"].start == when("Tue 00:00")
    tail = minded.tail
    assert tail.worst_cents < tail.plain_worst_cents
    # Monday is met by 22 users in one scenario of seven and by two in two others, at 100 cents an hour each.
    assert (tail.plain_mean_cents, tail.plain_worst_cents) == pytest.approx((2600 / 7, 2200), abs=10)
    assert tail.bound_cents <= tail.objective_cents
    # Three users for an hour in every scenario.
    assert tail.worst_cents == tail.mean_cents == 300
    # The plan is billed on the forecast, and the bound of the plan without a weight holds for it.
    assert minded.objective_cents == 300 >= minded.bound_cents
    assert plain.objective_cents == pytest.approx(200, abs=2)
    assert schedule_document(minded)["tail"]["weight"] == 0.5
    assert "tail" not in schedule_document(plain)


def test_the_bound_holds_for_every_window():
    p = world(0.5)
    minded = plan(p, deterministic=2.0)
    weeks = scenarios(p)
    values = []
    for start in range(0, 48 * 7 - 2, 2):
        costs = weeks.users(("t", "app"))[:, start : start + 2].sum(axis=1) / 2 / 10
        values.append(0.5 * costs.mean() + 0.5 * worst_tenth(costs))
    assert minded.tail.bound_cents <= min(values) + 1
    assert minded.tail.objective_cents == pytest.approx(min(values), abs=1)


def test_too_little_record_makes_no_scenarios():
    p = world(0.5)
    late = p.usage[p.usage["start"] >= MONDAY - timedelta(weeks=2)]
    p = replace(p, usage=late)
    assert scenarios(p).count == 0
    assert plan(p, deterministic=1.0).tail is None


def test_every_way_to_solve_minds_bad_weeks():
    told = []
    minded = solve(world(0.5), deterministic=2.0, found=lambda schedule, cents: told.append(cents))
    assert minded.schedule.by_change["C"].start == when("Tue 00:00")
    assert minded.parameters["deterministic"] == 2.0
    assert minded.tail == plan(world(0.5), deterministic=2.0).tail
    assert told
