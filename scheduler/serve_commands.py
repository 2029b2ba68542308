"""Commands that open pages in a browser: `serve`, and `demo`, which can end with it."""

import getpass
import importlib
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from scheduler import feed_commands
from scheduler.batch import sample_folder
from scheduler.console import result_text
from scheduler.desk import workflow
from scheduler.desk.position import position
from scheduler.desk.store import Store, StoreError, store_url
from scheduler.desk_commands import followed, opened
from scheduler.inputs import load
from scheduler.running import APP_NAME, STOPPED, answer, orderly, refuse, run, usual_store
from scheduler.settings import ConfigurationError, read_settings

DEMO_SECONDS = 50.0
AFTER_SOLVING = 10.0
"""Seconds that the demo keeps for pricing the habits on a slow machine."""

LOWEST_PORT, PORT = 1, 8501
LOOPBACK = "127.0.0.1"
Port = Annotated[int, typer.Option(metavar="N", min=LOWEST_PORT, max=65535, help="Port of the page on this machine.")]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("demo")(demo_command)
    app.command("serve")(serve_command)


def demo_command(
    out: Annotated[
        str | None, typer.Option(metavar="DIR", help="Write schedule, charges, report and feeds there.")
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option(metavar="S", min=0.0, help="Seconds to plan for; else what is left of the minute.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, max=2**31 - 1, help="Seed of everything random.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False,
    open_page: Annotated[
        bool, typer.Option("--open", help="Then open it in a browser: at a desk of its own, or with --out its files.")
    ] = False,
    port: Port = PORT,
    no_browser: NoBrowser = False,
) -> None:
    """Plan the sample portfolio, within a minute, and show what the plan saves."""
    begun = time.monotonic()
    if open_page and out is None:
        place = str(Path(typer.get_app_dir(APP_NAME)) / "demo.db")
        _plan_at_desk(place, time_limit, seed, begun)
        serve(None, None, port, browser=not no_browser, store=place)
        return
    with orderly():
        portfolio = load(sample_folder())
    answer(run(portfolio, limit=_left(time_limit, begun), seed=seed, out=out), json=json, out=out)
    if open_page and out is not None:
        serve(Path(out), None, port, browser=not no_browser)


def _left(time_limit: float | None, begun: float) -> float:
    return max(5.0, DEMO_SECONDS - AFTER_SOLVING - (time.monotonic() - begun)) if time_limit is None else time_limit


def _plan_at_desk(place: str, time_limit: float | None, seed: int, begun: float) -> None:
    """Bring the sample to a desk and propose a plan of it; what was decided there before stays."""
    by = getpass.getuser()
    with opened(place, create=True) as desk:
        portfolio = load(sample_folder())
        seen = workflow.preview(desk, portfolio).seen
        workflow.import_portfolio(desk, portfolio, by=by, seen=seen)
        with desk.reading() as connection:
            waiting = [one for one, row in position(connection).changes.items() if row["state"] in ("Draft", "Assess")]
        if waiting or time_limit is not None:
            limit = _left(time_limit, begun)
            found = followed(desk, workflow.start_run(desk, by=by, time_limit=limit, seed=seed, workers=2), by)
            if found.schedule is None:
                refuse([found.message or "stopped without a schedule"], code=STOPPED)
            workflow.propose(desk, found.schedule, by=by)
        print(result_text(_as_it_stands(desk)))


def _as_it_stands(desk: Store) -> Any:
    # Loaded for this command alone; in a checkout it lies beside the package.
    moments = importlib.import_module("scheduler.ui.moments")
    with desk.reading() as connection:
        return moments.read_moment(connection, datetime.now(UTC)).plan().result


def serve_command(
    folder: Annotated[
        str | None, typer.Argument(metavar="[DIR]", help="Where plan --out wrote a plan; without it, the desk.")
    ] = None,
    portfolio: Annotated[
        str | None, typer.Option(metavar="FOLDER", help="Its portfolio, where it is not the one it was made from.")
    ] = None,
    port: Port = PORT,
    no_browser: NoBrowser = False,
    store: feed_commands.OptionalStore = None,
    public_url: feed_commands.PublicUrl = "",
    address: Annotated[
        str, typer.Option(metavar="IP", help="Address to listen at; any but loopback takes [sign_in] in the settings.")
    ] = LOOPBACK,
) -> None:
    """Open the desk in a browser on this machine, or with DIR the plan there, and take decisions."""
    for path in (folder, portfolio):
        if path is not None and not Path(path).is_dir():
            refuse([f"{path}: is not a folder"])
    if folder is None and portfolio is not None:
        raise typer.BadParameter("goes with the DIR of a plan", param_hint="--portfolio")
    if folder is None:
        store = store or usual_store()
        _make_where_none_is(store)
    out, chosen = (None if path is None else Path(path) for path in (folder, portfolio))
    with configured():
        settings = read_settings()
    url = public_url or settings.public_url
    given = {"store": store, "public_url": url, "address": address, "sign_in": settings.sign_in}
    serve(out, chosen, port, browser=not no_browser, **given)


@contextmanager
def configured() -> Iterator[None]:
    """Turn settings that cannot be used into reasons."""
    try:
        yield
    except ConfigurationError as error:
        refuse(error.problems)


def _make_where_none_is(place: str) -> None:
    """Make the file of a store that is not there; one that is there is not changed without being asked."""
    with orderly():
        try:
            url = store_url(place)
            if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
                Store(place, create=True).close()
        except StoreError as error:
            refuse([str(error)])


def serve(
    out: Path | None,
    portfolio: Path | None,
    port: int,
    *,
    browser: bool,
    **given: Any,
) -> None:
    """Serve the desk of a store, or the plan in a folder, until the process is stopped; `given` is for the server."""
    # Loaded for this command alone, as pages need a lot; in a checkout they lie beside the package.
    serving = importlib.import_module("scheduler.ui.serving")
    with socket.socket() as probe:
        # A server that is there already would be taken for this one.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((given.get("address", LOOPBACK), port))
        except OSError as error:
            refuse([f"port {port} cannot be used ({error.strerror}); choose another with --port"])
    try:
        serving.serve(out, portfolio=portfolio, port=port, browser=browser, **given)
    except StoreError as error:
        refuse([str(error)])
    except serving.SignInError as error:
        refuse(error.problems)
