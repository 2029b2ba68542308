"""How long the pages take to answer for a plan of a few hundred changes, beside the sample in the same browser.

    python tests/benchmarks/page.py [--size M] [--seed 1] [--seconds 30]

Prints seconds from the click to the page standing still, for both plans, and their ratio. The first load of each is
apart: it fetches the page's own script and waits for the portfolio to be read.
"""

import argparse
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[2]
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"
BAR = "svg.marks path[aria-label*='change:']"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu"]


def main() -> None:
    """Plan both portfolios, and click through both."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    options.add_argument("--size", default="M", choices=["S", "M"])
    options.add_argument("--seed", default="1")
    options.add_argument("--seconds", default="30", help="to plan each of them for")
    options.add_argument("--chromium", default="/usr/bin/chromium", help="the browser")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        large = Path(folder) / "portfolio"
        generate = [sys.executable, ROOT / "data" / "generate.py", "--size", chosen.size, "--seed", chosen.seed]
        subprocess.run([*generate, "--out", large], check=True, capture_output=True)
        taken = {}
        for name, portfolio in (("sample", ROOT / "data" / "sample"), (chosen.size, large)):
            out = Path(folder) / f"plan of {name}"
            command = [sys.executable, "-m", "scheduler.cli", "plan", portfolio, "--out", out]
            subprocess.run([*command, "--time-limit", chosen.seconds], check=True, capture_output=True)
            taken[name] = clicked_through(out, chosen.chromium)
    print(f"{'seconds':<22}{'sample':>8}{chosen.size:>8}{'ratio':>8}")
    for step, seconds in taken[chosen.size].items():
        before = taken["sample"][step]
        print(f"{step:<22}{before:>8.2f}{seconds:>8.2f}{seconds / before:>8.1f}")


def clicked_through(out: Path, chromium: str) -> Mapping[str, float]:
    """Give the seconds of every step on the plan in a folder."""
    taken: dict[str, float] = {}
    with serving(str(out)) as address, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        tab = browser.new_context(viewport={"width": 1280, "height": 1400}).new_page()
        tab.set_default_timeout(60_000)

        def timed(step: str, click: Callable[[], Any], seen: str = IDLE) -> None:
            begun = time.monotonic()
            click()
            time.sleep(0.1)  # until the page knows that it has to run
            tab.locator(seen).first.wait_for()
            tab.locator(IDLE).wait_for()
            taken[step] = time.monotonic() - begun

        def search(words: str) -> None:
            tab.get_by_placeholder("change, title").fill(words)
            tab.keyboard.press("Enter")

        def choose(step: str, name: str) -> None:
            tab.get_by_label("Shown").click()
            option = tab.get_by_role("option", name=name, exact=True)
            option.wait_for()
            timed(step, option.click)

        timed("first load", lambda: tab.goto(address), BAR)
        time.sleep(3)
        timed("loaded again", lambda: tab.goto(address), BAR)
        timed("later", lambda: tab.get_by_role("button", name="Later").click())
        timed("by team", lambda: tab.get_by_text("by team").click())
        timed("search", lambda: search("network"))
        timed("search no more", lambda: search(""))
        choose("all weeks", "All")
        choose("one week", "1 week")
        timed("a change", lambda: tab.locator(BAR).last.click(), "text=What every start would cost")
        timed("back", lambda: tab.get_by_role("button", name="Forward schedule").click(), BAR)
        tab.get_by_test_id("stTopNavSection").filter(has_text="Clients").click()
        savings = tab.get_by_role("menuitem", name="Savings")
        timed("savings", savings.click, "text=In which hours of the week")
        browser.close()
    return taken


@contextmanager
def serving(*what: str) -> Iterator[str]:
    """Serve a plan's folder, or a desk, on a free port, and wait until the server has read it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "scheduler.cli", "serve", *what, "--port", str(port), "--no-browser"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2).close()
                break
            except OSError:
                time.sleep(0.2)
        time.sleep(15)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


if __name__ == "__main__":
    main()
