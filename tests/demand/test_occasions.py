"""Occasions in a portfolio: patterns found in its record change its forecast, and they and events are told."""

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import MONDAY, change, event, when
from demand.records import person, recorded, users_at

from scheduler.batch.planning import plan
from scheduler.demand.occasions import occasions, patterns
from scheduler.horizon import Window


def month_ends(weeks, **about):
    """Ten users by day in every hour, thirty on the last working day of each month; MONDAY is 2027-03-01."""
    t = person("t")
    rows = []
    for day in range(weeks * 7, 0, -1):
        start = MONDAY - timedelta(days=day)
        coming = [start.date() + timedelta(days=n) for n in range(1, 4)]
        last = start.weekday() < 5 and all(one.weekday() >= 5 or one.month != start.month for one in coming)
        last = last and any(one.month != start.month for one in coming)
        # A little that differs from week to week, so that chance has a measure.
        rows += [("t", "app", start + timedelta(hours=h), 60, 30.0 if last else 10.0 + day % 3 / 10) for h in range(24)]
    return recorded(rows, [t], start=MONDAY, weeks=5, **about)


def test_a_month_end_in_the_record_is_expected_again():
    p = month_ends(52)
    ((one,),) = patterns(p).values()
    assert one.place == "last working day of the month"
    assert one.seen >= 11
    # The last working day of March 2027 is Wednesday the 31st.
    assert users_at(p, "t", "2027-03-31 12:00") > 25
    assert users_at(p, "t", "2027-03-30 12:00") < 12
    assert users_at(p, "t", "2027-03-24 12:00") < 12


@pytest.mark.parametrize(("weeks", "day"), [(52, "2027-03-30"), (13, "2027-03-31")])
def test_a_plan_keeps_off_month_ends_that_the_record_is_long_enough_to_show(weeks, day):
    # Of other Wednesdays half: five users in every hour, where Tuesdays have ten; of month-ends three times as many.
    work = change("C", hours=2, earliest="2027-03-30T00:00Z", due="2027-04-01T00:00Z")
    p = month_ends(weeks, changes=[work])
    usual = (p.usage["start"].dt.day_of_week == 2) & (p.usage["users"] < 20)
    p = replace(
        p,
        usage=p.usage.assign(users=p.usage["users"].where(~usual, p.usage["users"] / 2)),
        teams={"t": replace(p.teams["t"], cost_cents_per_user_hour=1000)},
        policy=replace(p.policy, fairness_epsilon=0.0),
    )
    placed = plan(p, deterministic=1.0).schedule.by_change["C"]
    assert f"{placed.start:%Y-%m-%d}" == day


def test_three_months_are_not_enough():
    p = month_ends(13)
    assert patterns(p) == {}
    assert users_at(p, "t", "2027-03-31 12:00") < 25


def test_patterns_near_a_window_are_told():
    p = month_ends(52)
    near = Window(when("2027-03-27T02:00Z"), when("2027-03-27T04:00Z"))
    (text,) = occasions(p, ["t"], near)
    assert text.startswith("t on app, last working day of the month: 3 × the usual use")
    assert text.endswith("here Wed 31 Mar 2027")
    far = Window(when("2027-03-10T02:00Z"), when("2027-03-10T04:00Z"))
    assert list(occasions(p, ["t"], far)) == []
    assert list(occasions(p, ["other"], near)) == []


def test_events_near_a_window_are_told():
    p = recorded([], [person("t")], changes=[change("C")], events=[event("t", "Tue 09:00", "Tue 17:00", factor="2")])
    window = Window(when("Mon 04:00"), when("Mon 05:00"))
    assert list(occasions(p, ["t"], window)) == ["t: an event, 2 × the usual use, Tue 2 Mar 2027 09:00 to 17:00 UTC"]
    assert list(occasions(p, ["u"], window)) == []
