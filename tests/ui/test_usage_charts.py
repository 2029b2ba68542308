"""Pictures of usage draw what their frames hold."""

import doctest
from datetime import timedelta

import pytest
from builders import MONDAY, change
from demand.records import person, recorded, weekly

from scheduler.backtest.replay import Past, Replayed
from scheduler.horizon import Window
from scheduler.portfolio import Portfolio
from scheduler.ui import usage_frames
from scheduler.ui.past_picture import past_picture
from scheduler.ui.usage_charts import forecast_actual, past_weeks, window_people
from scheduler.ui.usage_frames import FORECAST, RECORDED, forecast_and_record, forecast_text, past_costs, window_use


def world() -> Portfolio:
    """Ten users all week, two each Wednesday 04:00-06:00."""
    t = person("t")
    quiet = range(2 * 1440 + 240, 2 * 1440 + 360)
    rows = weekly(t, lambda minute: 2.0 if minute in quiet else 10.0, MONDAY, weeks=8)
    return recorded(rows, [t], start=MONDAY, changes=[change("C", hours=2)])


def test_the_last_week_and_what_was_forecast_for_it() -> None:
    lines = forecast_and_record(world(), service="app")
    assert lines is not None
    assert set(lines["kind"]) == {FORECAST, RECORDED}
    assert lines.groupby("kind")["users"].sum().to_dict() == pytest.approx({FORECAST: 3328.0, RECORDED: 3328.0})
    drawn = forecast_actual(lines, zone="UTC", width=600).to_dict()
    assert {layer["name"] for layer in drawn["layer"]} >= {"lines"}
    assert forecast_and_record(world(), service="nothing") is None


def test_people_are_counted_once_per_team_and_teams_only_where_they_were_recorded() -> None:
    blue, green, silent = person("blue"), person("green"), person("silent", uses="app")
    end = MONDAY
    rows = weekly(blue, lambda _: 10.0, end, weeks=8) + weekly(blue, lambda _: 4.0, end, weeks=8, service="web")
    rows += weekly(green, lambda _: 3.0, end, weeks=8)
    # Blue's app was twice as busy in the last week, and green was away for an hour of it.
    last = end - timedelta(weeks=1)
    rows = [(t, s, at, m, u * (2 if at >= last and (t, s) == ("blue", "app") else 1)) for t, s, at, m, u in rows]
    rows = [one for one in rows if (one[0], one[2]) != ("green", last)]
    p = recorded(rows, [blue, green, silent], start=end)

    def means(**of: str) -> dict[str, float]:
        lines = forecast_and_record(p, **of)
        assert lines is not None
        return lines.groupby("kind")["users"].mean().to_dict()

    assert means() == means(service="app") == pytest.approx({FORECAST: 10.0, RECORDED: 20.0})
    assert means(service="web") == pytest.approx({FORECAST: 4.0, RECORDED: 4.0})
    assert means(team="green") == pytest.approx({FORECAST: 3.0, RECORDED: 3.0})
    lines = forecast_and_record(p, team="green")
    assert lines is not None
    assert lines["users"].isna().sum() == 2
    assert forecast_and_record(p, team="silent") is None
    assert forecast_text(forecast_and_record(p)) == "off by 10.0 of 20.0 people in the mean hour (50%)"
    assert doctest.testmod(usage_frames).failed == 0


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
