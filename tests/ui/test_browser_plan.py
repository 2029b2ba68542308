"""A planner's hour in a real browser, in another zone: drags a window, replans with a reload on the way, accepts it."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from small_desk import bring

from scheduler.batch import sample_folder
from scheduler.desk import workflow
from scheduler.desk.position import position
from scheduler.desk.runner import Runner
from scheduler.desk.runs import ask_run
from scheduler.desk.store import Store
from scheduler.inputs import load
from scheduler.ui.week import monday

Serve = Callable[..., AbstractContextManager[str]]
PATIENCE = 60_000
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"
HERE = "Europe/London"
HOUR_PIXELS = 26


@pytest.fixture
def away(browser: Any) -> Iterator[Any]:
    """A tab in New York."""
    context = browser.new_context(viewport={"width": 1280, "height": 1400}, timezone_id="America/New_York")
    tab = context.new_page()
    tab.set_default_timeout(PATIENCE)
    yield tab
    context.close()


@pytest.fixture(scope="module")
def sample_desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk with the sample, planned for a moment and proposed."""
    path = tmp_path_factory.mktemp("desk") / "desk.db"
    with Store(path, create=True) as store:
        bring(store, load(sample_folder()))
        number, _ = ask_run(store, by="ann", time_limit=4.0)
        runner = Runner(store, number)
        runner.go()
        assert runner.best is not None, runner.message
        workflow.propose(store, runner.best[0], by="ann")
    return path


def starts(path: Path) -> dict[str, datetime]:
    with Store(path) as store, store.reading() as connection:
        at = position(connection)
        return {change: window.start for change in at.open if (window := at.planned_of(change)) is not None}


def draggable(path: Path) -> tuple[str, datetime, datetime]:
    """A change that stands alone in its hours, a good start for it in its week, and its start."""
    now, zone = datetime.now(UTC), ZoneInfo(HERE)
    planned = starts(path)
    with Store(path) as store:
        for change, start in sorted(planned.items(), key=lambda one: one[1]):
            local = start.astimezone(zone)
            crowd = [one for one in planned.values() if abs(one - start) < timedelta(hours=12)]
            if len(crowd) > 2 or not 1 <= local.hour <= 20:
                continue
            for hours in (1, 2, -1, 3):
                wanted = start + timedelta(hours=hours)
                if (
                    wanted.astimezone(zone).date() == local.date()
                    and not workflow.price(store, change, wanted, now=now).broken
                ):
                    return change, wanted, start
    raise AssertionError("the sample has no such change")


def drag(tab: Any, change: str, to: datetime) -> None:
    """Drag a window by its upper edge to a start in the same week."""
    event = tab.locator(".ec-event.window", has_text=change).last
    box = event.bounding_box()
    local = to.astimezone(ZoneInfo(HERE))
    day = tab.locator(".ec-body .ec-day").nth(local.weekday()).bounding_box()
    tab.mouse.move(box["x"] + min(12, box["width"] / 2), box["y"] + 6)
    tab.mouse.down()
    at = day["y"] + (local.hour + local.minute / 60) * HOUR_PIXELS + 6
    tab.mouse.move(day["x"] + day["width"] / 2, at - 20, steps=8)
    tab.mouse.move(day["x"] + day["width"] / 2, at, steps=5)
    tab.wait_for_timeout(300)
    tab.mouse.up()


def settled(tab: Any) -> None:
    tab.wait_for_timeout(400)
    tab.locator(IDLE).wait_for()


def test_a_planner_drags_and_replans(away: Any, browser: Any, run_server: Serve, sample_desk: Path) -> None:
    change, good, before = draggable(sample_desk)
    local = before.astimezone(ZoneInfo(HERE))
    first = monday(local.date())
    with run_server("serve", "--store", sample_desk) as address:
        # Into a blackout: Tuesday 09:00 lies in the morning rush, wherever the browser is.
        away.goto(f"{address}/week?week={first}&q={change}")
        away.locator(".ec-event.window", has_text=change).first.wait_for()
        settled(away)
        rush = datetime(first.year, first.month, first.day, 9, tzinfo=ZoneInfo(HERE)) + timedelta(days=1)
        drag(away, change, rush)
        away.get_by_text("Refused.").wait_for()
        away.get_by_text(re.compile(r"It costs clients [\d,.]+ GBP")).wait_for()
        away.get_by_text(re.compile(rf"^blackout: {change} at \w+ \d+ \w+ 2027 09:00 .*morning-rush")).wait_for()
        assert starts(sample_desk)[change] == before
        away.get_by_role("button", name="Leave it where it is").click()
        away.get_by_text("Refused.").wait_for(state="detached")
        settled(away)

        # Onto a good hour: priced, then accepted.
        drag(away, change, good)
        away.get_by_text("Possible.").wait_for()
        assert starts(sample_desk)[change] == before
        away.get_by_role("button", name="Move it there").click()
        away.get_by_text(f"{change} is to be at").wait_for()
        assert starts(sample_desk)[change] == good

        # Replans; a reload and a second browser see the same run.
        away.goto(f"{address}/replan?seconds=2+minutes")
        away.get_by_role("button", name="Replan", exact=True).click()
        away.get_by_text("Run 2, begun by").wait_for()
        cost = away.get_by_test_id("stMetricValue").first
        away.wait_for_function("element => element.innerText.includes('GBP')", arg=cost.element_handle())
        away.reload()
        away.get_by_text("Run 2, begun by").wait_for()
        other = browser.new_context().new_page()
        other.set_default_timeout(PATIENCE)
        other.goto(f"{address}/replan")
        other.get_by_text("Run 2, begun by").wait_for()
        other.get_by_role("button", name="Stop, and keep the best so far").click()
        away.get_by_text("Run 2: stopped").wait_for(timeout=3 * PATIENCE)
        other.context.close()

        # What it found, if it found anything, is accepted.
        away.get_by_text(re.compile("What it would change|nothing is left to accept")).first.wait_for()
        if away.get_by_role("button", name="Accept all").count():
            away.get_by_role("button", name="Accept all").click()
            away.get_by_text("All of it is proposed").wait_for()
        # What was moved by hand is pinned.
        assert starts(sample_desk)[change] == good
