"""Serves the desk, or a plan, to browsers of this machine, or of others where people sign in.

Pages ask nothing of any other host.

Where there is a store, a process before this one has the port and answers for the calendars (`publish.doorkeeper`).
"""

import gc
import sys
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import streamlit as st
from starlette.middleware import Middleware

from scheduler.publish import doorkeeper
from scheduler.publish.doorkeeper import Doorkeeper
from scheduler.publish.web import Source, keep_secrets_out_of_logs, routes
from scheduler.settings import SignIn

from . import signing_in, state, subscriptions, theme
from .deep_links import DeepLinks
from .desk import Desk
from .signing_in import SignInError, Visit

LOOPBACK = "127.0.0.1"
SWITCH_SECONDS = 0.0005
SCRIPT = Path(__file__).parent / "app.py"


def serve(
    out: Path | None = None,
    *,
    portfolio: Path | None = None,
    store: str | None = None,
    public_url: str = "",
    address: str = LOOPBACK,
    port: int = 8501,
    browser: bool = True,
    sign_in: SignIn | None = None,
) -> None:
    """Serve the desk of a store until the process is stopped, or with `out` the plan in that folder.

    People of other machines come in only where they sign in: at another address than loopback a desk with `sign_in`.

    `portfolio` replaces the portfolio's folder that the plan names. With a store the calendars of its desk are served
    as well, under addresses that begin with `public_url`.

    Raises
    ------
    StoreError
        If the store cannot be used.
    SignInError
        If signing in is not set up in full, or people would come from elsewhere without it.
    """
    signs_in = sign_in if sign_in is not None and signing_in.is_wanted(sign_in) and out is None else None
    secrets = None if signs_in is None else signing_in.secrets(signs_in)
    if signs_in is None and not is_loopback(address):
        raise SignInError([f"{address} is reached from elsewhere: that takes a desk, and [sign_in] in the settings"])
    source: Source = subscriptions.NoFeeds()
    reached = public_url or f"http://{LOOPBACK}:{port}"
    if store is not None:
        opened = subscriptions.open_desk(store, reached)
        source = opened.feeds
        state.show_source(Desk(opened, signed_in=None if signs_in is None else _visits(signs_in)))
    if out is not None:
        state.show(out, portfolio)
    keep_secrets_out_of_logs()
    with ExitStack() as ending:
        ending.callback(subscriptions.close_desk)
        keeper: Doorkeeper | None = None
        if store is not None and doorkeeper.is_possible():
            keeper = ending.enter_context(Doorkeeper(port, store=store, public_url=reached, address=address))
        secure = public_url.startswith("https:")
        app = st.App(
            SCRIPT,
            lifespan=partial(_lifespan, keeper),
            routes=routes(source, secure=secure),
            secrets=secrets,
            middleware=[] if signs_in is None else [Middleware(DeepLinks, secure=secure)],
        )
        hosts = [urlsplit(url).hostname or "" for url in (public_url, signs_in.redirect_uri if signs_in else "")]
        app.run(config=config(port, browser=browser, behind=keeper is not None, address=address, hosts=hosts))


def is_loopback(address: str) -> bool:
    """Tell whether only this machine reaches an address."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def _visits(settings: SignIn) -> Callable[[], Visit | None]:
    lasts = timedelta(hours=settings.max_age_hours)
    return lambda: signing_in.visit(lasts)


def config(
    port: int, *, browser: bool, behind: bool = False, address: str = LOOPBACK, hosts: Sequence[str] = ()
) -> Mapping[str, Any]:
    """Give the settings of the server, the same wherever it is started from; `hosts` are the names it is reached by.

    Where it is `behind` a process that has the port, it takes any other, on this machine.
    """
    settings: dict[str, Any] = {
        "server.address": LOOPBACK if behind else address,
        "server.port": 0 if behind else port,
        "server.allowedHosts": list(dict.fromkeys([LOOPBACK, "localhost", *filter(None, hosts)])),
        "server.headless": not browser,
        "server.fileWatcherType": "none",
        "server.enableStaticServing": False,
        "browser.serverAddress": next(filter(None, hosts), LOOPBACK),
        "browser.serverPort": port,
        "browser.gatherUsageStats": False,
        "client.toolbarMode": "minimal",
        # Buttons move the first day of the timeline, which has a default too.
        "global.disableWidgetStateDuplicationWarning": True,
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "runner.magicEnabled": False,
        # To go through all that a large plan keeps after every run would make every visitor wait.
        "runner.postScriptGC": False,
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
    # What is loaded for good need not be gone through whenever garbage is collected.
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
