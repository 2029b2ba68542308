"""Serves the desk, or a plan, to browsers of this machine; nothing goes to or comes from elsewhere.

Where there is a store, a process before this one has the port and answers for the calendars (`publish.doorkeeper`).
"""

import gc
import sys
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from scheduler.publish import doorkeeper
from scheduler.publish.doorkeeper import Doorkeeper
from scheduler.publish.web import Source, keep_secrets_out_of_logs, routes

from . import state, subscriptions, theme
from .desk import Desk

LOOPBACK = "127.0.0.1"
SWITCH_SECONDS = 0.0005
SCRIPT = Path(__file__).parent / "app.py"


def serve(
    out: Path | None = None,
    *,
    portfolio: Path | None = None,
    store: str | None = None,
    public_url: str = "",
    port: int = 8501,
    browser: bool = True,
) -> None:
    """Serve the desk of a store on loopback until the process is stopped, or with `out` the plan in that folder.

    `portfolio` replaces the portfolio's folder that the plan names. With a store the calendars of its desk are served
    as well, under addresses that begin with `public_url`.

    Raises
    ------
    StoreError
        If the store cannot be used.
    """
    source: Source = subscriptions.NoFeeds()
    reached = public_url or f"http://{LOOPBACK}:{port}"
    if store is not None:
        opened = subscriptions.open_desk(store, reached)
        source = opened.feeds
        state.show_source(Desk(opened))
    if out is not None:
        state.show(out, portfolio)
    keep_secrets_out_of_logs()
    with ExitStack() as ending:
        ending.callback(subscriptions.close_desk)
        keeper: Doorkeeper | None = None
        if store is not None and doorkeeper.is_possible():
            keeper = ending.enter_context(Doorkeeper(port, store=store, public_url=reached))
        app = st.App(
            SCRIPT,
            lifespan=partial(_lifespan, keeper),
            routes=routes(source, secure=public_url.startswith("https:")),
        )
        app.run(config=config(port, browser=browser, behind=keeper is not None))


def config(port: int, *, browser: bool, behind: bool = False) -> Mapping[str, Any]:
    """Give the settings of the server, the same wherever it is started from.

    Where it is `behind` a process that has the port, it takes any other.
    """
    settings: dict[str, Any] = {
        "server.address": LOOPBACK,
        "server.port": 0 if behind else port,
        "server.allowedHosts": [LOOPBACK, "localhost"],
        "server.headless": not browser,
        "server.fileWatcherType": "none",
        "server.enableStaticServing": False,
        "browser.serverAddress": LOOPBACK,
        "browser.serverPort": port,
        "browser.gatherUsageStats": False,
        "client.toolbarMode": "minimal",
        # Buttons move the first day of the timeline, which has a default too.
        "global.disableWidgetStateDuplicationWarning": True,
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "client.allowedOrigins": [],
        "theme.font": theme.FONT,
        "theme.paddingTop": "1rem",
        "theme.headingFontSizes": ["1.75rem", "1.4rem", "1.15rem"],
        "theme.metricValueFontSize": "1.3rem",
    }
    for mode, palette in (("light", theme.LIGHT), ("dark", theme.DARK)):
        settings |= {f"theme.{mode}.{name}": value for name, value in theme.page_theme(palette).items()}
    return settings


@asynccontextmanager
async def _lifespan(keeper: Doorkeeper | None, app: st.App) -> AsyncIterator[dict[str, Any]]:
    # Streamlit collects garbage after every run of the page, which takes long where much is loaded that never goes.
    from . import app as _pages  # noqa: F401 - imports what pages import

    gc.collect()
    gc.freeze()
    # What answers visitors needs little; it should not wait long for the threads that draw pages.
    sys.setswitchinterval(SWITCH_SECONDS)
    threading.Thread(target=state.warm, daemon=True).start()
    if keeper is not None:
        keeper.start(int(st.get_option("server.port")))
    try:
        yield {}
    finally:
        state.stop()
