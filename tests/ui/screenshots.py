"""Makes the screenshots of the README anew: `python tests/ui/screenshots.py [--seconds 20]`.

Plans the sample at a desk of its own, serves it, and looks at it in Chromium, light and dark. Pictures go to
.github/screenshots, at most 150 kB each.
"""

import argparse
import io
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

PICTURES = ROOT / ".github" / "screenshots"
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"
MOST_BYTES = 150_000
SCREENS = {
    "schedule": ("/?from=2027-03-15", "svg.marks path[aria-label*='change:']", 900),
    "change": ("/change?change={change}", "text=What every start would cost", 900),
    "week": ("/week?week=2027-03-15", ".ec-event.window", 960),
}


def main() -> None:
    """Plan, serve, and look."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    options.add_argument("--seconds", type=float, default=20.0, help="to plan for")
    options.add_argument("--chromium", default="/usr/bin/chromium", help="the browser")
    options.add_argument("--only", choices=list(SCREENS), help="one screen alone")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "desk.db"
        change = _planned(place, chosen.seconds)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "scheduler.cli", "serve", "--store", place, "--port", str(port)]
        server = subprocess.Popen([*map(str, command), "--no-browser"], cwd=ROOT, stdout=subprocess.DEVNULL)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait(f"{address}/healthz")
            with sync_playwright() as driver:
                browser = driver.chromium.launch(executable_path=chosen.chromium, args=["--headless", "--no-sandbox"])
                for name, (path, seen, height) in SCREENS.items():
                    if chosen.only in (None, name):
                        for mode in ("light", "dark"):
                            _picture(browser, f"{address}{path.format(change=change)}", seen, height, name, mode)
                browser.close()
        finally:
            server.terminate()
            server.wait(20)


def _planned(place: Path, seconds: float) -> str:
    from small_desk import bring

    from scheduler.batch import sample_folder
    from scheduler.desk import workflow
    from scheduler.desk.runner import Runner
    from scheduler.desk.runs import ask_run
    from scheduler.desk.store import Store
    from scheduler.inputs import load

    with Store(place, create=True) as store:
        bring(store, load(sample_folder()))
        number, _ = ask_run(store, by="ann", time_limit=seconds)
        runner = Runner(store, number)
        runner.go()
        assert runner.best is not None, runner.message
        workflow.propose(store, runner.best[0], by="ann")
    return "CHG-1017"


def _wait(url: str) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("the server does not answer")


def _picture(browser: Any, url: str, seen: str, height: int, name: str, mode: str) -> None:
    context = browser.new_context(
        viewport={"width": 1280, "height": height}, color_scheme=mode, timezone_id="Europe/London"
    )
    tab = context.new_page()
    tab.set_default_timeout(120_000)
    tab.goto(url)
    tab.locator(seen).first.wait_for()
    tab.locator(IDLE).wait_for()
    tab.wait_for_timeout(3000)
    path = PICTURES / f"{name}-{mode}.png"
    picture = Image.open(io.BytesIO(tab.screenshot())).convert("RGB")
    picture.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    context.close()
    if path.stat().st_size > MOST_BYTES:
        raise SystemExit(f"{path.name} has {path.stat().st_size} bytes, more than {MOST_BYTES}")


if __name__ == "__main__":
    main()
