"""Expected users: exact repetition, holidays, clock changes and assumptions, by hand and drawn."""

import time
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from builders import MONDAY, when
from demand.records import minute_of_week, person, recorded, users_at, weekly
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from scheduler.demand.usage import assumed, expected_users
from scheduler.portfolio import Policy, Portfolio, Service, no_usage

# Mondays 00:00 UTC before the clocks change, so that two weeks from there cross the change.
CHANGES = {
    "Europe/London": ("2027-03-22", "2026-10-19"),
    "America/New_York": ("2027-03-08", "2026-10-26"),
    "Australia/Lord_Howe": ("2027-03-29", "2026-09-28"),
    "Asia/Singapore": ("2027-03-22", "2026-10-19"),
    "Asia/Kolkata": ("2027-03-22", "2026-10-19"),
}


@settings(max_examples=30, deadline=None)
@given(
    profile=arrays(np.int64, 336, elements=st.integers(0, 10**6)),
    zone=st.sampled_from(sorted(CHANGES)),
    which=st.integers(0, 1),
    # With a single week an hour that the clocks skip was never recorded.
    weeks=st.integers(2, 12),
    gap=st.integers(-3, 3),
    slot=st.sampled_from([15, 30, 60]),
    noisy=st.booleans(),
)
def test_a_week_that_repeats_is_forecast_exactly(profile, zone, which, weeks, gap, slot, noisy):
    """Across a clock change in the horizon (gap <= 0) or in the history (gap > 0), in local time."""
    start = when(f"{CHANGES[zone][which]}T00:00Z") + timedelta(weeks=gap)
    t, other = person("t", zone=zone), person("other", zone="Europe/Paris")
    rows = weekly(t, lambda minute: profile[minute // 30] / 1000, start, weeks=weeks, minutes=30)
    if noisy:
        draw = np.random.default_rng(1)
        rows += weekly(other, lambda _: float(draw.poisson(3)), start, weeks=weeks)
    p = recorded(rows, [t, other], start=start, weeks=2, slot=slot)
    # The mean of the half-hours that a slot covers, or the half-hour that covers it; half up, in thousandths.
    parts = [
        [
            int(profile[minute_of_week(p.horizon.at(n) + timedelta(minutes=late), zone) // 30])
            for late in range(0, slot, 15)
        ]
        for n in range(p.horizon.slots)
    ]
    expected = [(2 * sum(part) + len(part)) // (2 * len(part)) for part in parts]
    assert expected_users(p)["t", "app"].tolist() == expected


@pytest.mark.parametrize("weeks", [1, 2, 5, 12, 30])
def test_hourly_rows_of_whole_weeks_are_forecast_exactly(weeks):
    # 17 users plus a tenth for each hour of the week, in hourly rows: both half-hours have those of their hour.
    t = person("t", zone="Europe/London")
    rows = weekly(t, lambda minute: 17 + minute // 60 / 10, MONDAY, weeks=weeks)
    found = expected_users(recorded(rows, [t]))["t", "app"]
    assert found.tolist() == [17_000 + 100 * (n // 2) for n in range(336)]


def test_rows_of_ten_minutes_are_averaged_and_forecast_exactly():
    # Users 0, 1 or 5 by the ten minutes of the half-hour: 2 on average.
    t = person("t")
    rows = weekly(t, lambda minute: (0.0, 1.0, 5.0)[minute // 10 % 3], MONDAY, weeks=3, minutes=10)
    assert set(expected_users(recorded(rows, [t]))["t", "app"].tolist()) == {2000}


def test_a_series_of_zeros_is_forecast_as_zeros_beside_others():
    zero, busy = person("zero"), person("busy")
    draw = np.random.default_rng(1)
    rows = weekly(zero, lambda _: 0.0, MONDAY) + weekly(busy, lambda _: float(draw.poisson(9)), MONDAY)
    p = recorded(rows, [zero, busy])
    assert not expected_users(p)["zero", "app"].any()
    assert ("zero", "app") not in assumed(p)


def test_half_a_thousandth_goes_up():
    # 1.0005 users in binary is a little less than that; the law rounds the number that was written.
    t = person("t")
    assert set(expected_users(recorded(weekly(t, lambda _: 1.0005, MONDAY), [t]))["t", "app"].tolist()) == {1001}
    assert set(expected_users(recorded(weekly(t, lambda _: 1.0004, MONDAY), [t]))["t", "app"].tolist()) == {1000}


def test_missing_weeks_do_not_count_as_zero():
    t = person("t")
    gone = when("2027-02-01T00:00Z")
    rows = weekly(t, lambda minute: minute // 60, MONDAY, weeks=6)
    rows = [(*row[:4], float("nan") if gone <= row[2] < gone + timedelta(weeks=2) else row[4]) for row in rows]
    assert expected_users(recorded(rows, [t]))["t", "app"].tolist() == [1000 * (n // 2) for n in range(336)]


# --- clock changes -------------------------------------------------------------------------------------------------


def one_hour(day_of_week, hour, *, users=10.0):
    """Users in one local hour of the week, nobody else."""
    first = day_of_week * 1440 + hour * 60
    return lambda minute: users if first <= minute < first + 60 else 0.0


@pytest.mark.parametrize(
    ("zone", "start", "before", "after"),
    [
        # Tuesdays 09:00-10:00 local. London: 09:00 UTC until the clocks go forward on 2027-03-28, then 08:00 UTC.
        ("Europe/London", "2027-03-22", "2027-03-23T09:00Z", "2027-03-30T08:00Z"),
        # And back on 2026-10-25: 08:00, then 09:00 UTC.
        ("Europe/London", "2026-10-19", "2026-10-20T08:00Z", "2026-10-27T09:00Z"),
        # New York, 2027-03-14: 14:00, then 13:00 UTC; 2026-11-01: 13:00, then 14:00 UTC.
        ("America/New_York", "2027-03-08", "2027-03-09T14:00Z", "2027-03-16T13:00Z"),
        ("America/New_York", "2026-10-26", "2026-10-27T13:00Z", "2026-11-03T14:00Z"),
        # Lord Howe, by half an hour, 2027-04-04: 22:00 UTC of Monday, then 22:30; 2026-10-04: 22:30, then 22:00.
        ("Australia/Lord_Howe", "2027-03-29", "2027-03-29T22:00Z", "2027-04-05T22:30Z"),
        ("Australia/Lord_Howe", "2026-09-28", "2026-09-28T22:30Z", "2026-10-05T22:00Z"),
    ],
)
def test_the_wall_clock_holds_across_both_changes(zone, start, before, after):
    t = person("t", zone=zone)
    start = when(f"{start}T00:00Z")
    p = recorded(weekly(t, one_hour(1, 9), start, minutes=30), [t], start=start, weeks=2)
    found = expected_users(p)["t", "app"]
    busy = {p.horizon.floor(when(one)) + half for one in (before, after) for half in (0, 1)}
    assert set(np.flatnonzero(found).tolist()) == busy
    assert {int(found[slot]) for slot in busy} == {10_000}


def test_the_night_of_each_change():
    # London, 5 users on Sundays 01:00-02:00. On 2027-03-28 that hour does not exist; on 2026-10-25 it comes twice:
    # 00:00 and 01:00 UTC. In between it is one hour: 2027-03-21, 01:00 UTC.
    t = person("t", zone="Europe/London")
    for start, hours in (
        ("2027-03-22T00:00Z", []),
        ("2026-10-19T00:00Z", ["2026-10-25T00:00Z", "2026-10-25T01:00Z"]),
        ("2027-03-15T00:00Z", ["2027-03-21T01:00Z"]),
    ):
        p = recorded(weekly(t, one_hour(6, 1, users=5.0), when(start)), [t], start=start)
        busy = [slot for one in hours for slot in (p.horizon.floor(when(one)), p.horizon.floor(when(one)) + 1)]
        assert np.flatnonzero(expected_users(p)["t", "app"]).tolist() == busy


def test_a_change_inside_the_history_does_not_shift_it():
    # Twelve weeks before 2027-05-03 hold 2027-03-28: six weeks at 09:00 UTC and five at 08:00 are one local hour.
    t = person("t", zone="Europe/London")
    p = recorded(weekly(t, one_hour(1, 9), when("2027-05-03T00:00Z")), [t], start="2027-05-03T00:00Z")
    assert users_at(p, "t", "2027-05-04 09:00") == users_at(p, "t", "2027-05-04 09:30") == 10
    assert int(expected_users(p)["t", "app"].sum()) == 20_000


# --- holidays ------------------------------------------------------------------------------------------------------


def by_day(minute):
    """Monday 1, Tuesday 2 … Sunday 7 users."""
    return float(minute // 1440 + 1)


def test_past_holidays_are_left_out_and_coming_ones_are_sundays():
    # London 2027: Good Friday is 26 March, Easter Monday 29 March, both in the history of a plan from 5 April; the
    # early May holiday, Monday 3 May, lies in its fifth week.
    t = person("t", zone="Europe/London", holidays="GB-ENG")
    start = when("2027-04-05T00:00Z")
    free = (date(2027, 3, 26), date(2027, 3, 29))
    rows = [
        (*row[:4], 500.0 if row[2].astimezone(ZoneInfo("Europe/London")).date() in free else row[4])
        for row in weekly(t, by_day, start)
    ]
    p = recorded(rows, [t], start=start, weeks=5)
    assert users_at(p, "t", "2027-04-05 10:00") == 1
    assert users_at(p, "t", "2027-04-09 10:00") == 5
    assert users_at(p, "t", "2027-05-03 00:00") == 7
    assert users_at(p, "t", "2027-05-03 23:30") == 7
    assert users_at(p, "t", "2027-05-04 00:00") == 2
    # A team elsewhere does not share the holiday.
    elsewhere = replace(t, holidays="")
    assert users_at(recorded(weekly(t, by_day, start), [elsewhere], start=start, weeks=5), "t", "2027-05-03 10:00") == 1


def test_holidays_follow_the_local_date_of_each_team():
    # National Day in Singapore, Monday 2027-08-09, lasts from 2027-08-08T16:00Z; Monday 00:00 local is that instant.
    start = when("2027-08-02T00:00Z")
    t = person("t", zone="Asia/Singapore", holidays="SG")
    p = recorded(weekly(t, by_day, start), [t], start=start, weeks=2)
    found = expected_users(p)["t", "app"]
    at = p.horizon.floor(when("2027-08-08T16:00Z"))
    # Sunday's 7 users all through the holiday, Tuesday's 2 after it.
    assert set(found[at - 48 : at + 48].tolist()) == {7000}
    assert found[at + 48] == 2000


def test_a_series_recorded_on_a_holiday_only_still_counts():
    t = person("t", zone="Europe/London", holidays="GB-ENG")
    rows = [("t", "app", when("2027-03-26T10:00Z"), 60, 4.0)]
    p = recorded(rows, [t], start="2027-03-29T00:00Z", weeks=2)
    assert users_at(p, "t", "2027-04-09 10:00") == 4
    assert not assumed(p)


# --- assumptions ---------------------------------------------------------------------------------------------------


def test_without_any_record_office_hours_are_assumed():
    # Good Friday is 2027-03-26, Easter Monday 2027-03-29; London's clocks go forward on the 28th.
    t = person("t", zone="Europe/London", holidays="GB-ENG", headcount=40, uses="app;mail")
    p = recorded([], [t], start="2027-03-22T00:00Z", weeks=2)
    assert assumed(p) == {("t", "app"), ("t", "mail")}
    for local, users in {
        "2027-03-25 07:30": 0,
        "2027-03-25 08:00": 40,
        "2027-03-25 17:30": 40,
        "2027-03-25 18:00": 0,
        "2027-03-26 10:00": 0,
        "2027-03-27 10:00": 0,
        "2027-03-28 10:00": 0,
        "2027-03-29 10:00": 0,
        "2027-03-30 08:00": 40,
        "2027-03-30 07:30": 0,
    }.items():
        assert users_at(p, "t", local) == users, local


def test_without_a_headcount_one_user_is_assumed():
    p = recorded([], [person("t", uses="app"), person("none", headcount=0, uses="app")])
    assert users_at(p, "t", "Mon 09:00") == 1
    assert users_at(p, "none", "Mon 09:00") == 0


def test_office_hours_where_the_grid_is_off_the_hour():
    # Kathmandu is 5:45 ahead: 08:00 there is 02:15 UTC, so half of the slot from 02:00 UTC; 18:00 is 12:15 UTC.
    found = expected_users(recorded([], [person("t", zone="Asia/Kathmandu", headcount=10, uses="app")]))["t", "app"]
    assert found[:6].tolist() == [0, 0, 0, 0, 5000, 10_000]
    assert found[24:26].tolist() == [5000, 0]


def test_empty_values_make_a_client_but_no_record():
    t = person("t", headcount=3)
    p = recorded([("t", "app", when("2027-02-22T10:00Z"), 60, float("nan"))], [t])
    assert assumed(p) == {("t", "app")}
    assert users_at(p, "t", "Mon 10:00") == 3


def test_rows_from_now_on_are_no_record():
    t = person("t", headcount=3)
    p = recorded([("t", "app", when("Mon 00:00"), 60, 77.0)], [t])
    assert assumed(p) == {("t", "app")}
    assert users_at(p, "t", "Mon 10:00") == 3


def test_similar_teams_lend_their_shape_at_local_time():
    # London and New York use app on Tuesdays 09:00-10:00 of their own clocks, 30 and 10 users; nobody was recorded in
    # Singapore, which therefore uses it on Tuesdays 09:00-10:00 of its own, by 20 users, the mean level.
    teams = [person("uk", zone="Europe/London"), person("us", zone="America/New_York")]
    rows = weekly(teams[0], one_hour(1, 9, users=30), MONDAY) + weekly(teams[1], one_hour(1, 9, users=10), MONDAY)
    new = person("sg", zone="Asia/Singapore", uses="app;mail")
    p = recorded(rows, [*teams, new], weeks=2)
    assert assumed(p) == {("sg", "app"), ("sg", "mail")}
    found = expected_users(p)["sg", "app"]
    # 09:00 in Singapore is 01:00 UTC.
    busy = [p.horizon.floor(when(one)) for one in ("Tue 01:00", "Tue 01:30", "Tue 01:00 +1w", "Tue 01:30 +1w")]
    assert np.flatnonzero(found).tolist() == busy
    assert set(found[busy].tolist()) == {20_000}
    # Nobody else uses mail.
    assert users_at(p, "sg", "2027-03-02 12:00", "mail") == 1


def test_headcounts_scale_what_similar_teams_lend():
    # 30 and 10 users for 60 and 20 heads is half a user per head; the team without a headcount is left out of that.
    teams = [person("a", headcount=60), person("b", headcount=20), person("c")]
    rows = [
        row
        for t, users in zip(teams, (30, 10, 90), strict=True)
        for row in weekly(t, one_hour(1, 9, users=users), MONDAY)
    ]
    p = recorded(rows, [*teams, person("new", headcount=8, uses="app"), person("free", uses="app")])
    assert users_at(p, "new", "Tue 09:00") == 4
    assert users_at(p, "new", "Tue 10:00") == 0
    # Without an own headcount: the mean level of 30, 10 and 90 users, 43.333.
    assert users_at(p, "free", "Tue 09:00") == 43.333


def test_a_lent_shape_keeps_the_holidays_of_the_borrower():
    start = when("2027-03-22T00:00Z")
    lender, t = person("lender"), person("t", zone="Europe/London", holidays="GB-ENG", uses="app")
    p = recorded(weekly(lender, by_day, start), [lender, t], start=start)
    # Good Friday takes the Sunday of the shape: 7 users where a Friday has 5.
    assert users_at(p, "t", "2027-03-26 10:00") == 7
    assert users_at(p, "lender", "2027-03-26 10:00") == 5


def test_similar_teams_that_never_use_it_lend_nothing():
    lender, t = person("lender"), person("t", uses="app", headcount=5)
    p = recorded(weekly(lender, lambda _: 0.0, MONDAY), [lender, t])
    assert not expected_users(p)["t", "app"].any()


# --- users known beforehand ----------------------------------------------------------------------------------------


def test_known_users_replace_the_forecast_of_the_pairs_they_name():
    t, other = person("t"), person("other", uses="mail")
    p = recorded(weekly(t, by_day, MONDAY), [t, other])
    known = np.arange(p.horizon.slots)
    p = replace(p, known_users={("t", "app"): known, ("other", "app"): known[::-1]})
    assert expected_users(p)["t", "app"].tolist() == known.tolist()
    assert expected_users(p)["other", "app"].tolist() == known[::-1].tolist()
    assert assumed(p) == {("other", "mail")}
    assert known.flags.writeable


# --- size ----------------------------------------------------------------------------------------------------------


def test_two_hundred_series_take_a_fraction_of_a_second():
    draw = np.random.default_rng(1)
    names, count = [f"t{n}" for n in range(40)], 12 * 168
    starts = pd.date_range(end=MONDAY, periods=count + 1, freq="h", inclusive="left")
    zones = ("Europe/London", "America/New_York", "Asia/Singapore")
    pairs = [(name, f"s{n}") for name in names for n in range(5)]
    usage = pd.DataFrame(
        {
            "team": np.repeat([one for one, _ in pairs], count),
            "service": np.repeat([one for _, one in pairs], count),
            "start": np.tile(starts, len(pairs)),
            "minutes": 60,
            "users": draw.random(len(pairs) * count),
        }
    ).astype(no_usage().dtypes.to_dict())
    p = Portfolio(
        policy=Policy(name="Large", start=MONDAY, weeks=8),
        now=MONDAY,
        teams={
            name: person(name, zone=zones[n % 3], holidays=("GB-ENG", "US-NY", "SG")[n % 3])
            for n, name in enumerate(names)
        },
        services={f"s{n}": Service(id=f"s{n}") for n in range(5)},
        usage=usage,
    )
    began = time.process_time()
    assert len(expected_users(p)) == 200
    # 0.15 s where nothing else runs.
    assert time.process_time() - began < 1.5
    found = np.concatenate(list(expected_users(p).values()))
    assert found.dtype == np.int64
    assert found.min() >= 0
