"""People by slot and by hour of the week, on weeks worked out by hand."""

from dataclasses import replace

import pandas as pd
import pytest
from builders import change, depends, level, portfolio, schedule, team, when
from ui_plans import plan, world

from scheduler.horizon import Window
from scheduler.portfolio import Portfolio
from scheduler.ui.heat import HEAT_COLUMNS, WEEK_COLUMNS, hour_of_week, merged, people, usage_heat

at = pd.Timestamp


def small() -> Portfolio:
    """Blue has 4 on app and 10 on web (which needs app), Green 3 on app; from Mon 12:00 to 13:00 Green has 9."""
    green = [3.0] * 336
    green[24:26] = [9.0, 9.0]
    return portfolio(
        changes=[change("A", hours=2), change("B", hours=1)],
        dependencies=[depends("web", "app")],
        teams=[team("Blue", level="premium", price=100), team("Green", price=200)],
        levels=[level("premium", weight=2)],
        users={("Blue", "app"): 4, ("Blue", "web"): 10, ("Green", "app"): green},
    )


def test_people_are_counted_once_per_team_and_with_what_needs_the_service() -> None:
    # Whoever works on web is not counted again on app, which web needs.
    assert list(people(small(), "service", "app")[23:27]) == [13, 19, 19, 13]
    assert list(people(small(), "service", "web")[:2]) == [10, 10]
    assert list(people(small(), "team", "Green")[23:26]) == [3, 9, 9]
    with pytest.raises(KeyError):
        people(small(), "service", "nothing")


def test_heat_by_hour() -> None:
    heat = usage_heat(small(), ids=["app"], inside=Window(when("Mon 11:30"), when("Mon 13:00")))
    assert tuple(heat.columns) == HEAT_COLUMNS
    rows = heat[["row", "start", "end", "users", "level"]].to_dict("records")
    # 13 of 19 is 68%, in the level that ends at 80%.
    assert rows == [
        {"row": "app", "start": at("2027-03-01 11:00"), "end": at("2027-03-01 12:00"), "users": 13.0, "level": 4},
        {"row": "app", "start": at("2027-03-01 12:00"), "end": at("2027-03-01 13:00"), "users": 19.0, "level": 5},
    ]
    assert heat["share"].tolist() == [13 / 19, 1.0]


def test_longer_steps_start_at_local_midnight_and_mean_what_is_in_them() -> None:
    heat = usage_heat(small(), "team", ids=["Green"], hours=4)
    noon = heat[heat["start"] == at("2027-03-01 12:00")]
    assert noon["users"].tolist() == [(9 + 3 * 3) / 4]
    assert len(heat) == 7 * 6


def test_neighbours_that_look_alike_are_merged() -> None:
    heat = usage_heat(small(), "team", ids=["Green", "Blue"])
    joined = merged(heat)
    # Green: the whole week but an hour of Monday; Blue is the same all week.
    assert list(zip(joined["row"], joined["users"], strict=True)) == [
        ("Green", 3.0), ("Green", 9.0), ("Green", 3.0), ("Blue", 10.0),
    ]  # fmt: skip
    assert joined["start"].iloc[0] == at("2027-03-01 00:00")
    assert joined["end"].iloc[-1] == at("2027-03-08 00:00")


@pytest.mark.parametrize(
    ("start", "missing", "hours"),
    [
        # Clocks in London leave 01:00 out on 28 March, and show it twice on 31 October.
        ("2027-03-22T00:00Z", at("2027-03-28 01:00"), 167),
        ("2027-10-24T23:00Z", None, 168),
    ],
)
def test_clock_changes(start: str, missing: pd.Timestamp | None, hours: int) -> None:
    p = portfolio(users={("Blue", "app"): 2}, start=start, zone="Europe/London")
    heat = usage_heat(p, ids=["app"])
    assert len(heat) == hours
    assert heat["start"].is_unique
    assert missing not in set(heat["start"])
    assert set(heat["users"]) == {2.0}


def test_a_week_has_168_hours_and_says_which_windows_run_in_them() -> None:
    p = small()
    hours = hour_of_week(p, schedule(p, {"A": "Mon 11:30", "B": "Mon 12:00"}))
    assert tuple(hours.columns) == WEEK_COLUMNS
    assert len(hours) == 168
    noon = hours.set_index(["day", "hour"])
    # At noon Blue has 10 and Green 9; without services the hour costs Blue (4 + 10) × 100 × 2 and Green 9 × 200.
    assert noon.loc[("Mon", 12), ["users", "cents", "cost"]].tolist() == [19.0, 4600.0, "46 EUR"]
    assert noon.loc[("Mon", 11), ["users", "windows", "changes"]].tolist() == [13.0, 1, "A"]
    assert noon.loc[("Mon", 12), ["windows", "changes"]].tolist() == [2, "A, B"]
    assert noon.loc[("Mon", 13), ["windows", "changes"]].tolist() == [1, "A"]
    assert hours["windows"].sum() == 4


def test_a_week_of_one_team_or_service() -> None:
    p = small()
    assert hour_of_week(p, team="Green")["users"].max() == 9
    assert hour_of_week(p, service="web")["users"].max() == 10
    assert hour_of_week(p, service="web", measure="cost")["share"].tolist() == [1.0] * 168
    assert hour_of_week(p)["windows"].sum() == 0


def test_hours_are_those_of_the_zone() -> None:
    result, _ = plan()
    home, away = (hour_of_week(result.portfolio, result.schedule, zone=zone) for zone in (None, "America/New_York"))
    # A runs on Tuesday from 01:00 to 03:00 in London, which is Monday from 20:00 in New York.
    assert "A" in home.set_index(["day", "hour"]).at[("Tue", 2), "changes"]
    assert "A" in away.set_index(["day", "hour"]).at[("Mon", 21), "changes"]


def test_without_people_nothing_is_hot() -> None:
    p = replace(world(), known_users={}, usage=world().usage, teams={})
    assert set(usage_heat(p, ids=["app"])["level"]) == {0}
    assert set(hour_of_week(p)["share"]) == {0.0}
    assert list(usage_heat(p, ids=[]).columns) == list(HEAT_COLUMNS)
    assert merged(usage_heat(p, ids=[])).empty
