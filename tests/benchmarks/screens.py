"""How long every screen takes to answer for a plan of thousands of changes, in Chromium, and whether all is reached.

    python tests/benchmarks/screens.py [--size XL] [--seed 1] [--seconds 60] [--keep DIR]

Makes the portfolio, brings it to a desk, plans it, proposes the plan and serves the desk; with `--keep` all of it stays
in a folder, and is used again. Prints for every screen the seconds from the click to the page standing still: of the
first load, and of what is done there next, which should be below 2 once the server is through with what it prepares at
its start; then the totals on the screens beside those of the
store, how many windows each screen leads to, the load of the machine, and the seconds that the server worked.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from page import BAR, FLAGS, IDLE, ROOT
from page import serving as served
from playwright.sync_api import sync_playwright
from sessions import prepare
from streamlit.testing.v1 import AppTest

from scheduler.desk.store import Store
from scheduler.ui import state
from scheduler.ui.app import SCREENS
from scheduler.ui.burden_frames import team_burdens
from scheduler.ui.collisions import collisions
from scheduler.ui.desk import Desk
from scheduler.ui.desk_plan import latest_answer
from scheduler.ui.moments import read_moment
from scheduler.ui.outages import outages
from scheduler.ui.subscriptions import open_desk
from scheduler.ui.week import WEEK, in_week, monday, week_window

LIMIT_SECONDS = 2.0
ONCE = ("first load", "until it is quiet")
PATIENCE = 300_000
OTHERS = {
    "Meeting": "/meeting",
    "Replan": "/replan",
    "Runs": "/runs",
    "What if": "/what-if",
    "Windows of": "/my-team",
    "Log": "/log",
    "Inputs": "/inputs",
    "People": "/people",
}
"""Screens on which nothing grows with what is done there, by the beginning of their titles."""
Row = tuple[str, str, float]


def main() -> None:
    """Make, plan, serve, click through, and compare."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    options.add_argument("--size", default="XL", choices=["S", "M", "L", "XL"])
    options.add_argument("--seed", default="1")
    options.add_argument("--seconds", default="60", help="to plan for")
    options.add_argument("--keep", help="folder for portfolio and plan, used again where they are there")
    options.add_argument("--chromium", default="/usr/bin/chromium", help="the browser")
    chosen = options.parse_args()
    with _folder(chosen.keep) as folder:
        portfolio, place = folder / "portfolio", folder / "desk.db"
        if not (portfolio / "policy.toml").exists():
            generate = [sys.executable, ROOT / "data" / "generate.py", "--size", chosen.size, "--seed", chosen.seed]
            subprocess.run([*generate, "--out", portfolio], check=True, capture_output=True)
        if not place.exists():
            prepare(str(place), str(portfolio), float(chosen.seconds))
        rows = []
        print(f"{'screen':<24}{'what':<34}{'seconds':>8}")
        for screen, what, seconds in clicked_through(place, chosen.chromium):
            slow = "  slow" if what not in ONCE and seconds > LIMIT_SECONDS else ""
            print(f"{screen:<24}{what:<34}{seconds:>8.2f}{slow}", flush=True)
            rows.append((screen, what, seconds))
        steps = [seconds for _, what, seconds in rows if what not in ONCE]
        print(f"{sum(one > LIMIT_SECONDS for one in steps)} of {len(steps)} steps above {LIMIT_SECONDS:g} s")
        print(f"load of the machine: {', '.join(f'{one:.1f}' for one in os.getloadavg())}")
        for line in compared(place):
            print(line)
        print(f"{opened_without_browser(str(place))} screens open in AppTest")


@contextmanager
def _folder(keep: str | None) -> Iterator[Path]:
    if keep is not None:
        yield Path(keep)
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def clicked_through(place: Path, chromium: str) -> Iterator[Row]:
    """Give the seconds of every step on every screen of a desk."""
    with served("--store", str(place)) as address, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        tab = browser.new_context(viewport={"width": 1280, "height": 1400}).new_page()
        tab.set_default_timeout(PATIENCE)

        def timed(screen: str, what: str, click: Callable[[], Any], seen: str = IDLE) -> Row:
            begun = time.monotonic()
            click()
            time.sleep(0.1)  # until the page knows that it has to run
            tab.locator(seen).first.wait_for()
            tab.locator(IDLE).wait_for()
            return screen, what, time.monotonic() - begun

        def option(label: str, name: str) -> Callable[[], None]:
            tab.get_by_label(label, exact=True).click()
            found = tab.get_by_role("option", name=name, exact=True)
            found.wait_for()
            return found.click

        def press(name: str) -> Callable[[], None]:
            return tab.get_by_role("button", name=name, exact=True).first.click

        def search(words: str) -> None:
            tab.get_by_placeholder("change, ").fill(words)
            tab.keyboard.press("Enter")

        def quiet() -> Row:
            """Wait until nothing is prepared any more: what a server does at its start slows the first clicks down."""
            begun, process = time.monotonic(), server()
            every = [process, *process.children(recursive=True)]
            while sum(one.cpu_percent() for one in every if one.is_running()) > 10 or time.monotonic() - begun < 3:
                time.sleep(1)
            return "Server", "until it is quiet", time.monotonic() - begun

        def opened(screen: str, path: str, seen: str) -> Iterator[Row]:
            yield timed(screen, "first load", lambda: tab.goto(f"{address}{path}"), seen)
            if screen == "Forward schedule":
                yield quiet()
            yield timed(screen, "loaded again", lambda: tab.goto(f"{address}{path}"), seen)

        at = "Forward schedule"
        yield from opened(at, "/", BAR)
        yield timed(at, "later", press("Later"))
        yield timed(at, "by team", tab.get_by_text("by team").click)
        yield timed(at, "search", lambda: search("network"))
        yield timed(at, "search no more", lambda: search(""))
        yield timed(at, "the whole plan", option("Shown", "All"))
        yield timed(at, "next page of rows", press("Page 2"))
        yield timed(at, "six hours", option("Shown", "6 hours"))
        yield timed(at, "one week", option("Shown", "1 week"), BAR)
        change = tab.locator(BAR).last.get_attribute("aria-label").split("change: ")[1].split(";")[0]
        curve = "text=What every start would cost"
        another = tab.locator(BAR).first.get_attribute("aria-label").split("change: ")[1].split(";")[0]
        assert change != another
        yield from opened("Change", f"/change?change={change}", curve)
        yield timed("Change", "another change", lambda: tab.goto(f"{address}/change?change={another}"), curve)
        at = "Week"
        yield from opened(at, "/week", ".ec-event.window")
        yield timed(at, "later", press("Later"), ".ec-event.window")
        yield timed(at, "search", lambda: search("network"))
        at = "Service outage"
        yield from opened(at, "/outages", "text=Every window that is felt")
        yield timed(at, "later", press("Later"))
        yield timed(at, "the whole plan", option("Shown", "All"))
        at = "Teams"
        yield from opened(at, "/teams", "text=Its calendar")
        yield from opened("Savings and burden", "/savings", "text=In which hours of the week")
        yield from opened("Calendars", "/calendars", "text=Calendars")
        at = "Proposals"
        yield from opened(at, "/proposals", "text=Proposals")
        yield timed(at, "search", lambda: search("network"))
        yield timed(at, "all changes", tab.get_by_text("All", exact=True).first.click)
        for screen, path in OTHERS.items():
            yield from opened(screen, path, f"h1:has-text('{screen}')")
        process = server()
        used = process.cpu_times()
        print(f"the server worked {used.user + used.system:.0f} s, and has {process.memory_info().rss / 2**20:.0f} MB")
        browser.close()


def server() -> psutil.Process:
    """Give the process that draws the pages."""
    return next(one for one in psutil.Process().children(recursive=True) if "serve" in one.cmdline())


def opened_without_browser(place: str) -> int:
    """Open every screen of a desk by itself, and count them."""
    desk = Desk(open_desk(place, "http://127.0.0.1"))
    state.show_source(desk)
    change, screens = next(iter(desk.plan().placed)), [one for one in SCREENS if one.at in ("both", "desk")]
    for one in screens:
        name = one.show.__module__.rpartition(".")[2]
        visitor = AppTest.from_string(f"from scheduler.ui.views import {name}\n{name}.show()\n", default_timeout=600)
        visitor.query_params["change"] = change
        visitor.run()
        assert not visitor.exception, (one.name, visitor.exception)
    return len(screens)


def compared(place: Path) -> Iterator[str]:
    """Say that what screens show is all there is in a store, and costs the same."""
    with Store(str(place)) as store, store.reading() as connection:
        plan = read_moment(connection, datetime.now(UTC)).plan()
        written = latest_answer(connection)
    held = {one["change"]: one["cents"] for one in written["placements"]}
    lost = written["cost_cents"]
    windows, teams = len(plan.placed), plan.windows("team")
    yield f"windows: {len(held)} in the store, {windows} in the plan, {len(plan.table)} in the table, " + (
        f"{teams['change'].nunique()} on teams' rows"
    )
    yield f"cents: {sum(held.values())} in the store, {int(plan.table['cents'].sum())} in the table"
    yield f"clients lose: {lost} in the store, {int(team_burdens(plan)['cents'].sum())} on the page of teams, " + (
        f"{int(outages(plan)['cents'].sum())} on that of outages"
    )
    zone, seen = plan.portfolio.policy.time_zone, set()
    first = monday(plan.table["start"].min().date())
    while week_window(first, zone).start < plan.portfolio.horizon.end:
        seen |= {one.change for one in in_week(plan, plan.placed, week_window(first, zone))}
        first += WEEK
    yield f"weeks lead to {len(seen)} windows; {len(collisions(plan))} have a badge"


if __name__ == "__main__":
    main()
