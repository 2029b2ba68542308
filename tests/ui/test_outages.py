"""The projected service outage: what services feel, hour by hour, as rows and as files to take away."""

import csv
import io
from collections.abc import Callable
from datetime import datetime

from builders import change, depends, portfolio, schedule, team
from small_plan import Place, said
from streamlit.testing.v1 import AppTest
from ui_plans import HOSTILE, hostile_plan, planned

from scheduler.schedule import lost_cents
from scheduler.ui.burden_frames import team_burdens
from scheduler.ui.outages import outage_chart, outage_hours, outages, outages_csv
from scheduler.ui.review import Plan
from scheduler.ui.views.outages import _printed

Open = Callable[..., AppTest]


def plan_of(zone: str = "UTC", **starts: str) -> Plan:
    """A takes app out and degrades web, B takes app out too."""
    p = portfolio(
        changes=[change("A", hours=2), change("B", hours=2)],
        dependencies=[depends("web", "app", "DEGRADED")],
        teams=[team("Blue", uses="app"), team("Green", uses="web")],
        users={("Blue", "app"): [10, 20], ("Green", "web"): [5, 5]},
        weeks=4,
        zone=zone,
    )
    return Plan(id="p", result=planned(p, schedule(p, starts)), answer={})


def local(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2027, 3, day, hour, minute)  # noqa: DTZ001


def test_every_service_that_feels_a_window_has_a_row() -> None:
    plan = plan_of(A="Mon 01:00", B="Tue 01:00")
    rows = outages(plan)
    found = [(one.change, one.id, one.impact, one.minutes) for one in rows.itertuples()]
    assert found == [
        ("A", "app", "OUTAGE", 120), ("A", "web", "DEGRADED", 120),
        ("B", "app", "OUTAGE", 120), ("B", "web", "DEGRADED", 120),
    ]  # fmt: skip
    # All that clients lose is in some row.
    assert rows["cents"].sum() == lost_cents(plan.result.charges) > 0


def test_hours_count_an_overlap_once() -> None:
    # A from 01:00 to 03:00 and B from 02:30 to 04:30: app is out 60, 60, 60 and 30 minutes of the hours from 01:00 on.
    plan = plan_of(A="Mon 01:00", B="Mon 02:30")
    hours = outage_hours(plan, ["app"], (local(1, 0), local(2, 0)), 1)
    assert [(one.start.hour, one.minutes, one.changes) for one in hours.itertuples()] == [
        (1, 60, "A"),
        (2, 60, "A and B"),
        (3, 60, "B"),
        (4, 30, "B"),
    ]
    days = outage_hours(plan, ["app", "web"], (local(1, 0), local(3, 0)), 24)
    assert [(one.id, one.impact, one.minutes) for one in days.itertuples()] == [
        ("app", "OUTAGE", 210),
        ("web", "DEGRADED", 210),
    ]


def test_an_hour_that_is_skipped_has_no_outage() -> None:
    # In London 01:00 to 02:00 does not come on 28 March: from 00:30 for two hours is until 03:30.
    plan = plan_of("Europe/London", A="2027-03-28T00:30Z")
    hours = outage_hours(plan, ["app"], (local(28, 0), local(29, 0)), 1)
    assert [(one.start.hour, one.minutes) for one in hours.itertuples()] == [(0, 30), (2, 60), (3, 30)]
    chart = outage_chart(hours, ["app"], zone="Europe/London", span=(local(28, 0), local(29, 0)))
    assert len(chart.to_dict()["layer"]) == 5


def test_files_hold_the_same_rows_and_no_formula() -> None:
    plan = plan_of(A="Mon 01:00")
    rows = list(csv.DictReader(io.StringIO(outages_csv(plan, outages(plan), {"A": "approved"}).decode())))
    assert [(one["service"], one["impact"], one["state"], one["start_utc"]) for one in rows] == [
        ("app", "OUTAGE", "approved", "2027-03-01T01:00:00Z"),
        ("web", "DEGRADED", "approved", "2027-03-01T01:00:00Z"),
    ]
    hostile = Plan(id="h", result=hostile_plan()[0], answer={})
    text = outages_csv(hostile, outages(hostile), {}).decode()
    assert HOSTILE.replace('"', '""') in text
    page = _printed(hostile, outages(hostile), "UTC").decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_shares_are_of_what_teams_have() -> None:
    # Blue loses 2 h of app at 20 users of its office hours; Green the same hours, degraded.
    plan = plan_of(A="Mon 01:00")
    rows = team_burdens(plan).set_index("team")
    lost = {team: rows.loc[team, "cents"] for team in ("Blue", "Green")}
    assert sum(lost.values()) == lost_cents(plan.result.charges)
    # Weighted by what their services are worth, shares are 1 on average.
    size = {"Blue": 15 * 24 * 28 * 100, "Green": 5 * 24 * 28 * 100}
    fair = sum(lost.values()) / sum(size.values())
    for name, cents in lost.items():
        assert abs(rows.loc[name, "share"] - cents / size[name] / fair) < 1e-9


def test_the_pages_show_them(view: Open, place: Place) -> None:
    shown = view("outages")
    assert set(shown.dataframe[0].value["change"]) == {"A", "B", "D"}
    services = shown.dataframe[0].value
    assert set(services[services["change"] == "D"]["service"]) == {"Database", "Order entry"}
    teams = view("teams")
    assert list(teams.dataframe[0].value["team"]) == ["Blue Ltd", "Green Inc"]
    assert "3 days of notice" in said(teams)
    green = view("teams", team="green")
    assert [one.value for one in green.subheader] == ["Green Inc"]
    assert "Asia/Singapore" in said(green)
    green.text_input(key="teams q").set_value("zz").run()
    assert "No team is like that." in said(green)
