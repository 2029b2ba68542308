"""Pictures of usage draw what their frames hold."""

from datetime import timedelta

import pytest
from builders import MONDAY, change
from demand.records import person, recorded, weekly

from scheduler.backtest.replay import Past, Replayed
from scheduler.horizon import Window
from scheduler.portfolio import Portfolio
from scheduler.ui.past_picture import past_picture
from scheduler.ui.usage_charts import forecast_actual, past_weeks, window_people
from scheduler.ui.usage_frames import FORECAST, RECORDED, forecast_and_record, past_costs, window_use


def world() -> Portfolio:
    """Ten users all week, two each Wednesday 04:00-06:00."""
    t = person("t")
    quiet = range(2 * 1440 + 240, 2 * 1440 + 360)
    rows = weekly(t, lambda minute: 2.0 if minute in quiet else 10.0, MONDAY, weeks=8)
    return recorded(rows, [t], start=MONDAY, changes=[change("C", hours=2)])


def test_the_last_week_and_what_was_forecast_for_it() -> None:
    lines = forecast_and_record(world(), "app")
    assert lines is not None
    assert set(lines["kind"]) == {FORECAST, RECORDED}
    assert lines.groupby("kind")["users"].sum().to_dict() == pytest.approx({FORECAST: 3328.0, RECORDED: 3328.0})
    drawn = forecast_actual(lines, zone="UTC", width=600).to_dict()
    assert {layer["name"] for layer in drawn["layer"]} >= {"lines"}
    assert forecast_and_record(world(), "nothing") is None


def test_the_people_of_a_window_beside_the_habit_and_the_average() -> None:
    start = MONDAY + timedelta(days=2, hours=4)
    sunday = MONDAY + timedelta(days=6, hours=2)
    rows = window_use(world(), "C", Window(start, start + timedelta(hours=2)), {"sunday_0200": sunday})
    # The average hour: 10 − 8 × 2 / 168.
    assert rows["amount"].tolist() == pytest.approx([2.0, 10.0, 10 - 16 / 168])
    assert rows["kind"].tolist() == ["plan", "habit", "average"]
    assert window_people(rows, width=400).to_dict()["layer"][0]["name"] == "bars"


def test_past_weeks_have_a_mark_for_every_way() -> None:
    cents = {"plan": 200, "oracle": 100, "first_come": 300, "sunday_0200": 400, "random": 500, "earliest": 600}
    told = Replayed(world(), (Past(MONDAY, 1, "OPTIMAL", 200, cents, {}),), ())
    costs = past_costs(told)
    assert costs["cents"].tolist() == [100, 200, 300, 400, 500, 600]
    drawn = past_weeks(costs, currency="EUR", zone="UTC", width=600).to_dict()
    assert drawn["layer"][0]["encoding"]["y"]["scale"]["type"] == "log"
    assert past_picture(told, ".svg").startswith(b"<svg")
    assert past_picture(told, ".png").startswith(b"\x89PNG")
