"""The protocol on recordings small enough to work out by hand, and that no forecast sees what then happened."""

import numpy as np
import pandas as pd
import pytest

from scheduler.backtest.protocol import EIGHT_TEAMS, choose, permitted, replay
from scheduler.backtest.recordings import Recording, origins, read_recordings
from scheduler.backtest.scores import better_by, quiet_habits, scores
from scheduler.backtest.weekly import forecast
from scheduler.inputs import InputError

MONDAY = 738_886  # 2024-01-01


def recording(weeks, *, family="f", name="s", holiday=None):
    users = np.asarray(weeks, dtype=float)
    return Recording(family, name, MONDAY, users, np.zeros(users.shape, dtype=bool) if holiday is None else holiday)


def quiet_at(hour, weeks=16, other=2.0):
    one = np.full(168, other)
    one[hour] = 0.0
    return np.tile(one, (weeks, 1))


def test_starts_of_each_regime():
    # One hour of one week: all 168; off office hours 168 − 5 × 10; staffed 5 × 12, Monday 07:00 to Friday 18:00.
    assert len(permitted("any", 168, 1)) == 168
    assert len(permitted("offhours", 168, 1)) == 118
    staffed = permitted("staffed", 168, 1)
    assert (len(staffed), staffed[0], staffed[-1]) == (60, 7, 4 * 24 + 18)
    # Four hours off office hours: Mon-Fri 00-04 to 04-08 (5 starts), 18-22 to 04-08 ... and none that touch 08-18.
    assert 5 not in permitted("offhours", 168, 4)
    assert {4, 18} <= set(permitted("offhours", 168, 4))


def test_what_repeats_is_recovered_in_full():
    # Tuesday 10:00 is empty every week; the habits meet 2 users, in units of a mean hour of 2 × 167 / 168.
    told = replay(origins([recording(quiet_at(34))]), forecast)
    one = told.trials[(told.trials["regime"] == "staffed") & (told.trials["length"] == 1)]
    assert (one["use"] == 0).all()
    assert (one["oracle_use"] == 0).all()
    assert one["habit_use"].to_numpy() == pytest.approx(168 / 167)
    assert scores(told.trials)["staffed"].share == pytest.approx(1.0)
    # Off office hours there is nothing to win: no trial has an oracle that beats the habit.
    assert "offhours" not in scores(told.trials)


def test_forecasts_see_nothing_of_what_then_happened():
    seen = []

    def spy(origin):
        seen.append((np.isnan(origin.ahead).all(), np.isnan(origin.scale).all(), origin.weeks.any()))
        return np.tile(origin.past[:, -168:], 2)

    replay(origins([recording(np.random.default_rng(1).uniform(1, 9, (16, 168)))]), spy)
    assert set(seen) == {(True, True, False)}
    assert len(seen) == 4  # Mondays of weeks 12 to 15


def test_the_future_of_a_recording_does_not_change_its_choice():
    draw = np.random.default_rng(2).uniform(1, 9, (14, 168))
    other = draw.copy()
    other[12:] = other[12:, ::-1]
    first, second = (origins([recording(one)])[0].unseen() for one in (draw, other))
    np.testing.assert_array_equal(forecast(first), forecast(second))


def test_the_habit_stays_where_nothing_clear_is_to_be_won():
    # Mean hour 1: 0.98 is 0.02 less than the habit's 1.0, clear; 0.998 is not. A quiet habit needs 0.01.
    expected = np.array([[1.0, 0.98], [1.0, 0.998], [0.03, 0.022], [0.03, 0.018]])
    found = choose(expected, 0, np.ones(4), np.array([False, False, True, True]))
    assert found.tolist() == [1, 0, 0, 1]


def test_quiet_habits_are_counted():
    # Sunday 02:00-10:00 is empty in history, then busy one week; the window of Tuesday is chosen nowhere for it.
    weeks = np.full((16, 168), 2.0)
    weeks[:, 146:154] = 0.0
    told = replay(origins([recording(weeks)]), forecast)
    quiet = quiet_habits(told.trials)
    assert quiet.trials == ((told.trials["regime"] != "staffed") & (told.trials["regime"] != EIGHT_TEAMS)).sum()
    assert quiet.excess == 0.0


def test_eight_teams_share_one_window():
    # Seven teams are away Monday 09:00, one Friday 10:00: together Monday is best, 1/8 of a (rounded) mean hour.
    members = [recording(quiet_at(9 if n < 7 else 106), name=f"s{n}") for n in range(8)]
    told = replay(origins(members), forecast)
    one = told.trials[(told.trials["regime"] == EIGHT_TEAMS) & (told.trials["length"] == 1)]
    assert len(one) == 7  # four Mondays, three of them with two weeks ahead
    assert one["use"].to_numpy() == pytest.approx(168 / 167 / 8)


def test_fewer_than_eight_make_no_group():
    members = [recording(quiet_at(9), name=f"s{n}") for n in range(7)]
    assert EIGHT_TEAMS not in set(replay(origins(members), forecast).trials["regime"])


def test_hours_not_recorded_are_no_trial():
    weeks = quiet_at(34)
    weeks[12:, 146] = np.nan  # Sunday 02:00 of every week ahead
    told = replay(origins([recording(weeks)]), forecast)
    assert set(told.trials["regime"]) == {"staffed"}


def test_a_better_forecast_has_an_interval_above_zero():
    draw = np.random.default_rng(3)
    weeks = quiet_at(34, 40) + draw.uniform(0, 0.2, (40, 168))
    found = origins([recording(weeks)])
    ours = replay(found, forecast).trials
    random = replay(found, lambda origin: draw.uniform(size=(1, 336))).trials
    low, high = better_by(ours, random, "staffed")
    assert 0 < low < high
    assert better_by(ours, ours, "staffed") == (0.0, 0.0)


def test_folders_are_read_and_refused(tmp_path):
    hours = pd.date_range("2024-01-03 05:00", periods=168 * 15, freq="h")
    rows = pd.DataFrame({"dataset": "d", "series_id": "a", "ts": hours, "value": 3.0})
    rows.loc[0, "value"] = -1.0
    rows.to_parquet(tmp_path / "usage_hourly.parquet")
    (tmp_path / "series.csv").write_text("dataset,series_id,holiday_calendar\nd,a,GB-ENG\n")
    (one,) = read_recordings(tmp_path)
    assert (one.family, one.monday) == ("d", MONDAY)
    # Before Wednesday 05:00, and where a value cannot be, nothing was recorded; then 3.
    assert np.isnan(one.users[0, :54]).all()
    assert one.users[0, 54] == 3.0
    assert one.holiday[0, :25].tolist() == [True] * 24 + [False]
    (tmp_path / "series.csv").write_text("dataset,series_id,holiday_calendar\nd,a,XX\nd,b,\n")
    with pytest.raises(InputError) as refused:
        read_recordings(tmp_path)
    assert len(refused.value.problems) == 2
    (tmp_path / "series.csv").write_text("dataset,holiday_calendar\nd,US\n")
    (tmp_path / "usage_hourly.parquet").unlink()
    with pytest.raises(InputError) as refused:
        read_recordings(tmp_path)
    assert len(refused.value.problems) == 2
