"""Charts draw what their frames hold: every mark is there, and its data are those of the frame."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import altair as alt
import pandas as pd
import pytest
from ui_plans import FIRST_WEEK, HOSTILE, SHOWN, hostile_plan, nothing_planned, plan

from scheduler.baselines import habit_schedules
from scheduler.explain import Witness
from scheduler.schedule import Result
from scheduler.ui import charts, heat, tables
from scheduler.ui.curves import curve, curve_marks
from scheduler.ui.drawing import svg
from scheduler.ui.lanes import LANE
from scheduler.ui.theme import DARK, LIGHT, NAMED

Spec = dict[str, Any]


def views(spec: Spec) -> dict[str, Spec]:
    """Give every named view of a chart."""
    return {layer["name"]: layer for layer in spec["layer"]}


def data(spec: Spec, view: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = spec["datasets"][(views(spec)[view].get("data") or spec["data"])["name"]]
    return found


def as_drawn(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Give the rows of a frame as Altair writes them, local times called UTC."""
    times = frame.select_dtypes("datetime64[us]").columns
    return frame.assign(
        **{name: frame[name].dt.strftime("%Y-%m-%dT%H:%M:%S+00:00") for name in times}
    ).to_dict("records")  # fmt: skip


def week(result: Result, **options: Any) -> Spec:
    usage = heat.usage_heat(result.portfolio)
    chart = charts.timeline(tables.windows(result), usage, zone="Europe/London", span=FIRST_WEEK, **options)
    return chart.to_dict()


def test_the_timeline_has_every_mark_and_the_rows_of_its_frames() -> None:
    result, _ = plan()
    spec = week(result)
    assert {name: view["mark"]["type"] for name, view in views(spec).items()} == {
        "heat": "rect", "ticks": "rule", "bars": "bar", "expected": "bar", "starts": "tick",
        "names_before": "text", "names_behind": "text",
    }  # fmt: skip
    told = ["title", "state_text", "window", "over_by", "cost"]
    windows = tables.windows(result)[[*(name for name in charts.BAR_COLUMNS if name != "line"), *told]]
    drawn = data(spec, "bars")
    assert [{key: row[key] for key in windows} for row in drawn] == as_drawn(windows)
    assert data(spec, "expected") == data(spec, "starts") == drawn
    usage = heat.usage_heat(result.portfolio)[["row", "start", "end", "users", "level"]]
    shaded = data(spec, "heat")
    assert [{key: row[key] for key in usage} for row in shaded] == as_drawn(usage)


def test_a_row_is_shaded_over_all_its_lines() -> None:
    result, _ = plan()
    drawn = tables.windows(result)
    row = drawn["row"].iloc[0]
    # Each window of the row runs at once with itself.
    twice = pd.concat([drawn, drawn[drawn["row"] == row]], ignore_index=True)
    usage = heat.usage_heat(result.portfolio)
    spec = charts.timeline(twice, usage, zone="Europe/London", span=FIRST_WEEK).to_dict()
    shaded = {(one["row"], one["line"], one["last"]) for one in data(spec, "heat")}
    assert shaded == {(name, name, name + LANE * (name == row)) for name in usage["row"]}


def test_what_is_expected_and_what_is_reserved_end_where_they_do() -> None:
    found = views(week(plan()[0]))
    assert found["bars"]["encoding"]["x2"]["field"] == "reserved_until"
    assert found["expected"]["encoding"]["x2"]["field"] == "end"
    assert found["bars"]["mark"]["fillOpacity"] < 1
    assert "fillOpacity" not in found["expected"]["mark"]
    assert found["starts"]["mark"]["thickness"] == charts.LEAST_PIXELS


def test_a_window_can_be_picked_by_its_change() -> None:
    (pick,) = week(plan()[0])["params"]
    assert pick["name"] == charts.PICK == "pick"
    assert pick["views"] == ["bars"]
    assert pick["select"] == {"type": "point", "fields": ["change"]}


def test_states_have_a_colour_a_symbol_and_a_word() -> None:
    spec = week(plan()[0])
    colour = views(spec)["bars"]["encoding"]["color"]
    assert colour["scale"] == {
        "domain": ["○ proposed", "✓ approved", "■ pinned"],
        "range": [LIGHT.proposed, LIGHT.approved, LIGHT.pinned],
    }
    texts = {row["change"]: row["text"] for row in data(spec, "names_before")}
    assert texts == {"F": "○ F", "A": "○ A", "B": "○ B", "C": "■ C", "D": "✓ D"}


def test_windows_of_one_time_in_one_row_do_not_hide_each_other() -> None:
    result, _ = plan()
    windows = tables.windows(result, "team")
    spec = charts.timeline(windows, heat.usage_heat(result.portfolio, "team"), zone="Europe/London").to_dict()
    lines = {(row["row"], row["change"]): row["line"] for row in data(spec, "bars")}
    assert lines["Blue", "A"] == "Blue"
    assert lines["Blue", "B"] == f"Blue{LANE}"
    assert views(spec)["bars"]["encoding"]["y"]["scale"]["domain"] == ["Blue", f"Blue{LANE}", "Green", "Red"]


def test_a_span_cuts_windows_and_heat() -> None:
    result, _ = plan()
    span = (pd.Timestamp("2027-03-02 01:00"), pd.Timestamp("2027-03-02 02:00"))
    spec = charts.timeline(
        tables.windows(result), heat.usage_heat(result.portfolio), zone="Europe/London", span=span
    ).to_dict()
    assert {row["change"] for row in data(spec, "bars")} == {"A"}
    assert {row["start"] for row in data(spec, "heat")} == {"2027-03-02T01:00:00+00:00"}


def every_chart(result: Result) -> dict[str, Callable[..., alt.LayerChart]]:
    p, zone, currency = result.portfolio, "Europe/London", result.portfolio.policy.currency
    hours = heat.hour_of_week(p, result.schedule)
    found: dict[str, Callable[..., alt.LayerChart]] = {
        "timeline": lambda **options: charts.timeline(tables.windows(result), heat.usage_heat(p), zone=zone, **options),
        "hours": lambda **options: charts.hour_of_week(hours, zone=zone, **options),
        "teams": lambda **options: charts.team_costs(tables.charges_by_team(result), currency=currency, **options),
        "savings": lambda **options: charts.savings(tables.savings(result), currency=currency, **options),
    }
    if p.changes:
        price = Witness(p, result.schedule).curve(next(iter(p.changes)))
        habits = {name: runs[0] for name, runs in habit_schedules(p, result.schedule).items() if name != "random"}
        found["curve"] = lambda **options: charts.price_curve(
            curve(p, price), curve_marks(p, price, habits), zone=zone, currency=currency, **options
        )
    return found


def test_hours_of_the_week_and_the_windows_in_them() -> None:
    result, _ = plan()
    hours = heat.hour_of_week(result.portfolio, result.schedule)
    spec = charts.hour_of_week(hours, zone="Europe/London").to_dict()
    assert {name: view["mark"]["type"] for name, view in views(spec).items()} == {
        "heat": "rect", "windows": "point", "counts": "text",
    }  # fmt: skip
    assert data(spec, "heat") == as_drawn(hours)
    assert data(spec, "counts") == data(spec, "windows") == as_drawn(hours[hours["windows"] > 0])


def test_team_costs_are_drawn_in_their_order() -> None:
    result, _ = plan()
    teams = tables.charges_by_team(result)
    spec = charts.team_costs(teams, currency="EUR").to_dict()
    drawn = data(spec, "bars")
    assert [{key: row[key] for key in teams} for row in drawn] == as_drawn(teams)
    assert [row["amount"] for row in drawn] == [cents / 100 for cents in teams["cents"]]
    assert views(spec)["bars"]["encoding"]["y"]["scale"]["domain"] == list(teams["name"])
    assumed = charts.team_costs(teams.assign(assumed=True), currency="EUR").to_dict()
    assert all(row["text"] == f"{row['cost']} (assumed usage)" for row in data(assumed, "texts"))


def test_a_habit_that_breaks_rules_is_grey_and_not_called_cheaper() -> None:
    result, _ = plan()
    figures = tables.savings(result)
    broken = figures.assign(kind=["plan", "broken", *["habit"] * (len(figures) - 2)])
    spec = charts.savings(broken, currency="EUR").to_dict()
    drawn = data(spec, "bars")
    assert [row["kind"] for row in drawn] == list(broken["kind"])
    assert drawn[0]["text"] == figures["cost"].iloc[0]
    assert drawn[1]["text"] == "breaks rules, not compared"
    assert [row["text"] for row in drawn[2:]] == list(figures["text"][2:])
    scale = views(spec)["bars"]["encoding"]["color"]["scale"]
    assert dict(zip(scale["domain"], scale["range"], strict=True))["broken"] == LIGHT.line


def test_the_curve_marks_what_is_forbidden_and_the_starts() -> None:
    result, _ = plan()
    p = result.portfolio
    price = Witness(p, result.schedule).curve("C")
    points, marks = curve(p, price), curve_marks(p, price, {})
    spec = charts.price_curve(points, marks, zone="Europe/London", currency="EUR").to_dict()
    steps, every = data(spec, "prices"), as_drawn(points)
    assert data(spec, "starts") == steps
    known = {one["start"]: one for one in every}
    same = [(one["extra"], one["rules"]) for one in steps]
    assert same == [(known[one["start"]]["extra"], known[one["start"]]["rules"]) for one in steps]
    assert [one["end"] for one in steps[:-1]] == [one["start"] for one in steps[1:]]
    assert steps[-1]["start"] == every[-1]["start"]
    assert all(a != b for a, b in pairwise(same[:-1]))
    assert any(one["when"].startswith("any from ") for one in steps) == (len(steps) < len(every))
    assert data(spec, "marks") == as_drawn(marks.iloc[::-1])
    # C is fixed to Wednesday 22:00, slot 140: everything else is forbidden, before it and after it.
    assert data(spec, "forbidden") == [
        {"start": "2027-03-01T00:00:00+00:00", "end": "2027-03-03T22:00:00+00:00"},
        {"start": "2027-03-03T22:30:00+00:00", "end": "2027-03-07T23:30:00+00:00"},
    ]
    assert views(spec)["marks"]["encoding"]["shape"]["scale"]["domain"] == list(marks["label"])


@pytest.mark.parametrize("name", ["timeline", "hours", "curve"])
def test_times_are_local_and_say_of_which_zone(name: str) -> None:
    spec = every_chart(plan()[0])[name]().to_dict()
    axes = [view["encoding"]["x"] for view in spec["layer"]]
    assert all("(Europe/London)" in axis["title"] for axis in axes if axis.get("title"))
    assert any(axis.get("title") for axis in axes)
    assert all(axis["scale"]["type"] == "utc" for axis in axes if axis["type"] == "temporal")


@pytest.mark.parametrize("name", ["timeline", "hours", "teams", "savings", "curve"])
@pytest.mark.parametrize("options", [{"width": 1080}, {"width": 340}, {"palette": DARK, "width": 800}])
def test_every_chart_is_valid_and_can_be_drawn(name: str, options: dict[str, Any]) -> None:
    chart = every_chart(plan()[0])[name](**options)
    chart.to_dict()
    drawing = svg(chart, "name", "words")
    assert drawing.count("<path") > 3
    assert f'width="{options["width"]}"' in drawing


@pytest.mark.parametrize("name", ["timeline", "hours", "teams", "savings", "curve"])
def test_names_in_a_chart_are_nothing_but_text(name: str) -> None:
    drawing = svg(every_chart(hostile_plan()[0])[name](width=1080, palette=NAMED), "name", HOSTILE)
    assert "<script" not in drawing
    assert "<img" not in drawing
    assert "\x07" not in drawing
    assert "\u202e" not in drawing
    if name in ("timeline", "teams"):
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in drawing


def test_no_name_of_a_user_reaches_an_expression() -> None:
    spec = every_chart(hostile_plan()[0])["timeline"]().to_dict()
    axis = views(spec)["bars"]["encoding"]["y"]["axis"]
    assert axis["labelExpr"] == f"indexof(datum.label, '{LANE}') < 0 ? datum.label : ''"
    assert SHOWN in views(spec)["bars"]["encoding"]["y"]["scale"]["domain"][0]


@pytest.mark.parametrize("name", ["timeline", "hours", "teams", "savings"])
def test_nothing_planned_can_be_drawn(name: str) -> None:
    chart = every_chart(nothing_planned())[name](width=600)
    assert "<svg" in svg(chart, "name", "words")


def test_without_a_span_the_timeline_shows_all_it_has() -> None:
    result, _ = plan()
    spec = charts.timeline(tables.windows(result), heat.usage_heat(result.portfolio, ids=[]), zone="UTC").to_dict()
    assert [row["change"] for row in data(spec, "bars")] == list(tables.windows(result)["change"])
    assert data(spec, "heat") == []
