"""Plans of many windows: every screen opens on them, and what it shows adds up to what the plan holds."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from builders import MONDAY, change, portfolio, service, team
from small_plan import read
from streamlit.testing.v1 import AppTest

from scheduler.inputs import load, portfolio_document
from scheduler.publish.files import write_plan
from scheduler.schedule import Result, lost_cents, schedule_of, total
from scheduler.ui import state
from scheduler.ui.burden_frames import team_burdens
from scheduler.ui.components.schedule_timeline import ROWS_OF_LONG_SPANS, WINDOWS_AT_ONCE, in_pages
from scheduler.ui.outages import outages
from scheduler.ui.views.outages import MOST_ROWS
from scheduler.ui.week import MOST_AT_ONCE
from scheduler.verify import bill
from scheduler.wording import money_text

Open = Callable[..., AppTest]
CHANGES, SERVICES, TEAMS, WEEKS = 700, 90, 30, 4


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plan of 700 windows in four weeks, on 90 services that 30 teams use, written as `plan --out` does."""
    services = [service(f"service {number:02d}") for number in range(SERVICES)]
    teams = [
        team(f"team {number:02d}", uses=[one.id for one in services[number::TEAMS]], zone="Europe/London")
        for number in range(TEAMS)
    ]
    changes = [change(f"C{number:03d}", services=services[number % SERVICES].id) for number in range(CHANGES)]
    folder = tmp_path_factory.mktemp("many")
    made = portfolio(changes=changes, services=services, teams=teams, weeks=WEEKS, zone="Europe/London")
    (folder / "portfolio").mkdir()
    (folder / "portfolio" / "portfolio.json").write_text(json.dumps(portfolio_document(made)))
    p = load(folder / "portfolio", now=made.now)
    minutes = (WEEKS * 7 * 24 - 4) * 60 // CHANGES // 30 * 30
    plan = schedule_of(p, {one.id: MONDAY + timedelta(minutes=minutes * n) for n, one in enumerate(changes)})
    charges = tuple(bill(p, plan))
    result = Result(portfolio=p, schedule=plan, status="FEASIBLE", charges=charges, objective_cents=total(charges))
    write_plan(result, folder / "out", {})
    return folder


@pytest.fixture(autouse=True)
def shown(many: Path) -> None:
    state.show(many / "out", many / "portfolio")


def test_totals_are_those_of_the_plan(view: Open) -> None:
    plan = state.plan()
    assert len(plan.placed) == CHANGES
    lost = lost_cents(plan.result.charges)
    assert lost > 0
    visitor = view("forward_schedule", span="All")
    assert len(visitor.dataframe[0].value) == CHANGES
    assert round(visitor.dataframe[0].value["cost"].sum() * 100) == total(plan.result.charges)
    shown = {read(one.label): read(one.value) for one in visitor.metric}
    assert shown["Clients lose"] == money_text(lost, plan.portfolio.policy.currency, whole=True)
    assert int(team_burdens(plan)["cents"].sum()) == lost
    assert int(outages(plan)["cents"].sum()) == lost
    assert len(view("teams").dataframe[0].value) == TEAMS


def test_every_row_is_on_some_page(view: Open) -> None:
    plan = state.plan()
    visitor = view("outages")
    # A month has every window, 500 rows to a page.
    visitor.selectbox(key="outage span").set_value("All").run()
    assert not visitor.exception
    assert len(visitor.dataframe[0].value) == MOST_ROWS < len(outages(plan))
    assert f"{len(outages(plan)):,} rows" in " ".join(one.value for one in visitor.caption)
    pages = visitor.get("pagination")
    assert len(pages) == 2
    week = view("week", week="2027-03-01")
    told = next(one.value for one in week.caption if "of this week" in one.value)
    first, of = told.split(" of ")[:2]
    assert int(first) == MOST_AT_ONCE < int(of.split()[0])
    assert view("forward_schedule", span="All").get("pagination")
    assert SERVICES > ROWS_OF_LONG_SPANS


def test_pages_of_a_timeline_hold_rows_and_windows_that_come_at_once() -> None:
    assert in_pages({}, 3) == []
    assert in_pages({"a": 1, "b": 1, "c": 1, "d": 1}, 3) == [["a", "b", "c"], ["d"]]
    half, much = WINDOWS_AT_ONCE // 2, 2 * WINDOWS_AT_ONCE
    assert in_pages({"a": half, "b": half, "c": 1}, 9) == [["a", "b"], ["c"]]
    assert in_pages({"a": 1, "b": much, "c": 1}, 9) == [["a"], ["b"], ["c"]]


@pytest.mark.parametrize("name", ["change", "savings", "calendars", "replan"])
def test_the_other_screens_open(view: Open, name: str) -> None:
    visitor = view(name, change="C350")
    assert visitor.title
    assert not visitor.error
