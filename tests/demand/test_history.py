"""Rows of usage on the grid of slots."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from builders import MONDAY, when
from demand.records import person, recorded

from scheduler.demand.history import MOST_AT_ONCE, histories, step_minutes, step_of_week, steps_of

T = person("t")
NAN = float("nan")


def tail(rows, *, steps=4, **about):
    """The last steps of the only history, and the instant at which they end."""
    (history,) = histories(
        recorded([("t", "app", when(at), minutes, users) for at, minutes, users in rows], [T], **about)
    )
    assert history.pairs == (("t", "app"),)
    return history.users[0, -steps:].tolist(), history.steps.end


def test_an_hour_gives_its_users_to_both_half_hours():
    values, end = tail([("2027-02-28T22:00Z", 60, 7.0), ("2027-02-28T23:00Z", 60, 0.1)])
    assert values == [7, 7, 0.1, 0.1]
    assert end == MONDAY


def test_shorter_rows_are_averaged():
    # 23:00-23:30 from three rows of ten minutes, 23:30-24:00 from two of a quarter.
    values, _ = tail(
        [
            ("2027-02-28T23:00Z", 10, 1.0),
            ("2027-02-28T23:10Z", 10, 2.0),
            ("2027-02-28T23:20Z", 10, 6.0),
            ("2027-02-28T23:30Z", 15, 5.0),
            ("2027-02-28T23:45Z", 15, 8.0),
        ],
        steps=2,
    )
    assert values == pytest.approx([3.0, 6.5])


def test_rows_off_the_grid_are_weighted_by_overlap():
    # [22:50, 23:20) with 3 and [23:20, 23:50) with 6 on half-hours: 22:30 has 10 minutes of 3; 23:00 has 20 of 3 and
    # 10 of 6, so 4; 23:30 has 20 minutes of 6.
    values, end = tail([("2027-02-28T22:50Z", 30, 3.0), ("2027-02-28T23:20Z", 30, 6.0)], steps=3)
    assert values == pytest.approx([3, 4, 6])
    assert end == MONDAY


def test_what_is_not_recorded_is_not_zero():
    values, _ = tail([("2027-02-28T22:00Z", 30, 4.0), ("2027-02-28T22:30Z", 30, NAN), ("2027-02-28T23:30Z", 30, 0.0)])
    assert np.isnan(values).tolist() == [False, True, True, False]
    assert values[0] == 4
    assert values[3] == 0
    # A missing value does not pull the average of its neighbours down.
    assert tail([("2027-02-28T23:00Z", 15, 4.0), ("2027-02-28T23:15Z", 15, NAN)], steps=1)[0] == [4]


def test_rows_from_now_on_are_ignored():
    values, end = tail(
        [("2027-02-28T23:00Z", 60, 1.0), ("2027-03-01T00:00Z", 60, 50.0), ("2027-03-01T01:00Z", 60, 99.0)],
        now="2027-03-01T00:00Z",
        steps=2,
    )
    assert (values, end) == ([1, 1], MONDAY)


def test_replanning_under_way_uses_what_the_horizon_has_seen():
    values, end = tail(
        [("2027-03-02T10:00Z", 60, 3.0), ("2027-03-02T11:00Z", 60, 4.0), ("2027-03-02T12:00Z", 60, 5.0)],
        now="2027-03-02T12:00Z",
    )
    assert (values, end) == ([3, 3, 4, 4], when("2027-03-02T12:00Z"))


def test_a_row_that_now_cuts_counts_up_to_now():
    values, end = tail([("2027-02-28T23:00Z", 60, 3.0)], now="2027-02-28T23:30Z", steps=2)
    assert end == when("2027-02-28T23:30Z")
    assert np.isnan(values[0])
    assert values[1] == 3


def test_the_window_is_the_last_weeks_before_the_last_record():
    # The last record ends 2027-02-14: twelve weeks before that is 2026-11-22 00:00.
    rows = [("2026-11-21T23:00Z", 60, 5.0), ("2026-11-22T00:00Z", 60, 6.0), ("2027-02-13T23:00Z", 60, 7.0)]
    values, end = tail(rows, steps=12 * 336)
    assert end == when("2027-02-14T00:00Z")
    assert np.nansum(values) == 2 * 6 + 2 * 7
    assert values[:2] == [6, 6]


def test_a_pair_that_fell_silent_long_ago_keeps_its_own_window():
    old, new = person("old"), person("new")
    rows = [
        ("old", "app", when("2025-06-02T10:00Z"), 60, 3.0),
        ("new", "app", when("2027-02-28T10:00Z"), 60, 4.0),
        ("new", "mail", when("2027-02-27T10:00Z"), 60, 5.0),
    ]
    first, second = histories(recorded(rows, [old, new]))
    assert set(first.pairs) == {("new", "app"), ("new", "mail")}
    assert first.steps.end == when("2027-02-28T11:00Z")
    assert second.pairs == (("old", "app"),)
    assert second.steps.end == when("2025-06-02T11:00Z")
    assert second.users[0, -2:].tolist() == [3, 3]


def test_the_grid_is_that_of_the_horizon():
    # A horizon from 00:15 in half-hours: 23:00-23:30 with 2 and 23:30-24:00 with 4 meet in the slot from 23:15.
    rows = [("2027-02-28T23:00Z", 30, 2.0), ("2027-02-28T23:30Z", 30, 4.0)]
    values, end = tail(rows, start=MONDAY + timedelta(minutes=15), steps=3)
    assert values == pytest.approx([2, 3, 4])
    assert end == MONDAY + timedelta(minutes=15)


def test_nothing_recorded_has_no_history():
    assert not list(histories(recorded([], [T])))
    assert not list(histories(recorded([("t", "app", when("Sun 10:00 +2w"), 60, 3.0)], [T])))
    assert not list(histories(recorded([("t", "app", datetime(2027, 2, 1, tzinfo=UTC), 60, NAN)], [T])))


@pytest.mark.parametrize(("slot", "step"), [(15, 15), (20, 10), (30, 30), (60, 30), (120, 30)])
def test_steps_divide_slots_and_clock_changes(slot, step):
    p = recorded([], [T], slot=slot)
    assert step_minutes(p) == step
    assert steps_of(p).end == p.horizon.end


def test_public_holidays_are_sundays():
    # Good Friday 2027-03-26 in London: 10:00 is step 20 of Sunday, 6 × 48 + 20 = 308, not of Friday, 4 × 48 + 20 = 212.
    steps = steps_of(recorded([], [T], start="2027-03-22T00:00Z"))
    assert step_of_week(steps, "Europe/London", "GB-ENG")[4 * 48 + 20] == 308
    assert step_of_week(steps, "Europe/London")[4 * 48 + 20] == 212
    assert step_of_week(steps, "Europe/London", "GB-ENG")[3 * 48 + 20] == 164


def test_many_pairs_come_in_parts_in_any_order_of_rows():
    # One row each, last pair first, and a second row of every pair after all of those.
    count = MOST_AT_ONCE + 2
    names = [f"s{number:03}" for number in range(count)]
    rows = [
        ("t", name, datetime(2027, 2, 28, 10 + again, tzinfo=UTC), 60, float(number + 1000 * again))
        for again in (0, 1)
        for number, name in reversed(list(enumerate(names)))
    ]
    first, second = histories(recorded(rows, [T]))
    assert [len(one.pairs) for one in (first, second)] == [MOST_AT_ONCE, 2]
    found = {pair: row for one in (first, second) for pair, row in zip(one.pairs, one.users, strict=True)}
    assert set(found) == {("t", name) for name in names}
    for number, name in enumerate(names):
        recorded_values = found["t", name][~np.isnan(found["t", name])].tolist()
        assert recorded_values == [number, number, number + 1000, number + 1000]


def test_values_over_whole_steps_that_meet_are_averaged():
    # Two rows of the same hour, and one of the hour after: 3 and 5 are 4 on average.
    at = [datetime(2027, 2, 28, hour, tzinfo=UTC) for hour in (10, 10, 11)]
    rows = [("t", "app", begin, 60, users) for begin, users in zip(at, (3.0, 5.0, 7.0), strict=True)]
    (history,) = histories(recorded(rows, [T]))
    assert history.users[~np.isnan(history.users)].tolist() == [4.0, 4.0, 7.0, 7.0]
