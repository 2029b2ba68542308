"""A small plan to look at, and a browser to look with."""

import fcntl
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from unittest import SkipTest
from urllib.parse import urlsplit

import pytest
from small_desk import BY, fill, fill_with_sample
from small_plan import APP, Place, write_portfolio
from stores import Stores
from streamlit.testing.v1 import AppTest

from scheduler.ui import state, subscriptions
from scheduler.ui.desk import Desk


@pytest.fixture(scope="session")
def planned_once(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Give the small portfolio with its plan; not to be written to."""
    folder = tmp_path_factory.mktemp("small")
    place = Place(write_portfolio(folder / "portfolio"), folder / "out")
    place.plan()
    return place


@pytest.fixture
def place(planned_once: Place, tmp_path: Path) -> Place:
    """Give the small portfolio with its plan, to do with as a test likes; the pages show it."""
    shutil.copytree(planned_once.portfolio, tmp_path / "portfolio")
    shutil.copytree(planned_once.out, tmp_path / "out")
    document = tmp_path / "out" / "schedule.json"
    document.write_text(document.read_text().replace(str(planned_once.portfolio), str(tmp_path / "portfolio")))
    state.show(tmp_path / "out")
    return Place(tmp_path / "portfolio", tmp_path / "out")


@pytest.fixture
def desk(stores: Stores) -> Iterator[Desk]:
    """Give a desk with the small portfolio, planned and proposed by Ann, who looks; the pages show it."""
    yield from _shown(stores.like("sqlite", "small", fill))


@pytest.fixture
def empty_desk(stores: Stores) -> Iterator[Desk]:
    """Give a desk that nothing was brought to; the pages show it."""
    yield from _shown(stores.new("sqlite"))


@pytest.fixture
def sample(stores: Stores) -> Iterator[Desk]:
    """Give a desk with a plan of the sample that was proposed, not to be written to; the pages show it."""
    yield from _shown(stores.like("sqlite", "sample", fill_with_sample))


def _shown(place: str) -> Iterator[Desk]:
    desk = Desk(subscriptions.open_desk(place, "http://127.0.0.1"), lambda: BY)
    state.show_source(desk)
    yield desk
    state.show_source(None)
    subscriptions.close_desk()


@pytest.fixture
def router() -> Callable[..., AppTest]:
    """Give a function that comes to the front door as a new visitor: `router(change="A")`."""

    def opened(**parameters: str) -> AppTest:
        return _visit(AppTest.from_file(str(APP), default_timeout=60), parameters)

    return opened


@pytest.fixture
def view() -> Callable[..., AppTest]:
    """Give a function that opens one screen alone, without the router: `view("change", change="A")`."""

    def opened(name: str, **parameters: str) -> AppTest:
        script = f"from scheduler.ui.views import {name}\n{name}.show()\n"
        return _visit(AppTest.from_string(script, default_timeout=60), parameters)

    return opened


def _visit(visitor: AppTest, parameters: dict[str, str]) -> AppTest:
    for key, value in parameters.items():
        visitor.query_params[key] = value
    visitor.run()
    assert not visitor.exception, visitor.exception
    return visitor


# --- a real browser --------------------------------------------------------------------------------------------------

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PATIENCE_SECONDS = 600
STARTING_SECONDS = 120


def find_browser() -> str | None:
    """Give the path of a browser that is installed, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Let one test process in at a time."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def install_browser() -> str | None:
    """Install a browser where that can be done without asking anybody; give its path, or None."""
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "timeout": PATIENCE_SECONDS}
    try:
        if os.geteuid() == 0 and shutil.which("apt-get"):
            settings = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
            subprocess.run(["apt-get", "update"], check=True, env=settings, **quiet)
            subprocess.run(["apt-get", "install", "-y", "chromium"], check=True, env=settings, **quiet)
        else:
            subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=True, **quiet)
    except (OSError, subprocess.SubprocessError):
        return find_browser()
    return find_browser()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Give headless Chromium; where there is none and none can be had, the tests that need one count as skipped."""
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as driver:
        with alone(tmp_path_factory.getbasetemp().parent / "browser.lock"):
            path = find_browser() or install_browser()
        try:
            # Without a path it is the one that playwright itself installed, if it did.
            started = driver.chromium.launch(executable_path=path, args=list(FLAGS))
        except Error as error:
            raise SkipTest(f"no browser can be had: {str(error).splitlines()[0]}") from error
        yield started
        started.close()


@pytest.fixture
def run_server() -> Callable[..., AbstractContextManager[str]]:
    """Give a function that runs a command of `scheduler` that serves, and in whose context its address answers."""
    return _served


PATIENCE = 60_000


@pytest.fixture
def fresh(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Give a function that opens a tab of a visitor of its own: `fresh(width=390)`.

    It notes every request and lets none of them leave the machine; in the end there was none that wanted to, and no
    dialog that a text opened. `shoot(name)` keeps a picture of the tab in the folder of the test.
    """
    tabs: list[Any] = []

    def opened(width: int = 1280, height: int = 1400, **given: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": height}, accept_downloads=True, **given)
        tab = context.new_page()
        tab.set_default_timeout(PATIENCE)
        tab.asked, tab.dialogs = [], []
        tab.on("dialog", lambda dialog: (tab.dialogs.append(dialog.message), dialog.dismiss()))

        def note(route: Any) -> None:
            # What the pages of a provider ask for is not ours; they stop at nothing but this machine either.
            if not urlsplit(route.request.frame.url).path.startswith("/oauth2/"):
                tab.asked.append(route.request.url)
            if urlsplit(route.request.url).hostname == "127.0.0.1":
                route.continue_()
            else:
                route.abort()

        tab.route("**/*", note)
        tab.shoot = lambda name: tab.screenshot(path=tmp_path / f"{name}.png", full_page=True)
        tabs.append(tab)
        return tab

    yield opened
    for tab in tabs:
        tab.context.close()
    for tab in tabs:
        assert tab.asked
        assert {urlsplit(url).hostname for url in tab.asked if not url.startswith(("data:", "blob:"))} == {"127.0.0.1"}
        assert not tab.dialogs


@pytest.fixture
def tab(fresh: Callable[..., Any]) -> Any:
    """Give a tab of a visitor of its own."""
    return fresh()


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Give a function that finds a port that nobody uses."""
    return _free_port


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _served(*arguments: object, port: int | None = None) -> Iterator[str]:
    port = port or _free_port()
    command = [sys.executable, "-m", "scheduler.cli", *map(str, arguments), "--port", str(port), "--no-browser"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + STARTING_SECONDS
        while not _answers(f"{address}/healthz"):
            assert server.poll() is None, "the server ended"
            assert time.monotonic() < end, "the server does not answer"
            time.sleep(0.2)
        yield address
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
