"""No secret in any log, error or figure: all that may be secret is planted, and all that comes out is searched."""

import http.client
import io
import json
import logging
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from business_units import scheduler, unreadable
from desks import Desk, usual
from stores import Stores
from typer.testing import CliRunner

from scheduler import journal
from scheduler.cli import app
from scheduler.desk import workflow
from scheduler.desk.store import Store
from scheduler.publish.desk_feeds import DeskFeeds
from scheduler.publish.figures import server_figures
from scheduler.publish.web import application
from scheduler.settings import Metrics, Settings

PASSWORD, CLIENT, COOKIE, DATABASE = (
    f"{name}-3f9c1e7ab24d5860" for name in ("smtp", "oidc", "cookie-of-more-than-32-characters", "database")
)
PLANTED = (PASSWORD, CLIENT, COOKIE, DATABASE)


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    """Variables that name a file of settings with a secret wherever one may be, figures switched on, logs in JSON."""
    path = tmp_path / "settings.toml"
    path.write_text(
        f'[mail]\nhost = "127.0.0.1"\nport = 9\nuser = "planner"\npassword = "{PASSWORD}"\nsecurity = "none"\n'
        f'from = "plan@example.com"\n[sign_in]\nclient_id = "desk"\nclient_secret = "{CLIENT}"\n'
        f'cookie_secret = "{COOKIE}"\nserver_metadata_url = "http://127.0.0.1:9/.well-known/openid-configuration"\n'
        f'redirect_uri = "http://127.0.0.1/oauth2callback"\n[log]\nformat = "json"\nlevel = "debug"\n'
        "[metrics]\nroute = true\n"
    )
    return {"SCHEDULER_CONFIG": str(path)}


def search(*texts: str | bytes) -> None:
    for text in texts:
        shown = text.decode(errors="replace") if isinstance(text, bytes) else text
        for secret in PLANTED:
            assert secret not in shown


def test_batches_tell_no_secret(settings: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / "out"
    given = ["--out", out, "--runner", "serial", "--metrics-file", tmp_path / "batch.prom"]
    # A portfolio by the name of a secret: even then the log does not have it.
    ran = scheduler("batch", unreadable(tmp_path / "unit"), *given, **settings)
    assert ran.returncode == 1
    rows = [json.loads(line) for line in ran.stderr.splitlines()]
    assert {row["run"] for row in rows} == {json.loads((out / "summary.json").read_text())["run"]}
    assert [row["kind"] for row in rows if row["level"] == "error"] == ["refused"]
    search(
        ran.stdout,
        ran.stderr,
        *(path.read_bytes() for path in tmp_path.rglob("*") if path.suffix in (".json", ".prom")),
    )


@pytest.mark.parametrize(
    "command",
    [
        ["doctor"],
        ["doctor", "--json"],
        ["changes"],
        ["mail", "send"],
        ["serve-feeds"],
        ["propose", "--help"],
        ["user", "add", "ann", "--role", "viewer", "--help"],
    ],
)
def test_commands_at_a_desk_that_does_not_answer_tell_no_secret(
    settings: dict[str, str], command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = f"postgresql://planner:{DATABASE}@127.0.0.1:9/desk"
    monkeypatch.setenv("SCHEDULER_CONFIG", settings["SCHEDULER_CONFIG"])
    monkeypatch.setenv("SCHEDULER_STORE", place)
    ran = CliRunner().invoke(app, command)
    assert ran.output
    assert ran.exception is None or isinstance(ran.exception, SystemExit)
    search(ran.output)
    # The same where the store comes from the file, and is the default of an option that help shows.
    path = Path(settings["SCHEDULER_CONFIG"])
    path.write_text(f'store = "{place}"\n{path.read_text()}')
    monkeypatch.delenv("SCHEDULER_STORE")
    again = CliRunner().invoke(app, command)
    assert again.exit_code == ran.exit_code
    search(again.output)


def test_settings_that_are_refused_tell_no_secret(settings: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path(settings["SCHEDULER_CONFIG"])
    monkeypatch.setenv("SCHEDULER_CONFIG", str(path))
    whole = path.read_text()
    for broken in ('port = "x"', f'pasword = "{PASSWORD}"', f'host = "{PASSWORD}'):
        path.write_text(whole.replace("port = 9", broken))
        ran = CliRunner().invoke(app, ["batch", str(path.parent), "--out", str(path.parent / "out")])
        assert ran.exit_code == 1
        assert "settings.toml" in ran.stderr
        search(ran.output)


@contextmanager
def feeds(place: str, log: Path, **variables: str) -> Iterator[int]:
    """Serve the feeds of a store by the command, with what it logs in a file."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "scheduler.cli", "serve-feeds", "--store", place, "--port", str(port)]
    with log.open("wb") as file:
        server = subprocess.Popen(command, stdout=file, stderr=file, env=os.environ | variables)
        try:
            end = time.monotonic() + 120
            while ask(port, "/healthz")[0] != 200:
                assert time.monotonic() < end
                assert server.poll() is None
                time.sleep(0.1)
            yield port
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait()


def ask(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except OSError:
        return 0, ""
    finally:
        connection.close()


def test_feeds_count_what_they_answer_and_tell_no_secret(
    settings: dict[str, str], stores: Stores, tmp_path: Path
) -> None:
    place = stores.new("sqlite")
    with Store(place) as store:
        desk = Desk(store)
        desk.bring(usual())
        desk.scheduled("A", "Tue 02:00")
        secret = str(workflow.create_token(store, "team", "blue", by="manager").secret)
    log = tmp_path / "feeds.log"
    with feeds(place, log, **settings) as port:
        statuses = [ask(port, f"/feeds/{name}.ics")[0] for name in (secret, secret, f"{secret}x")]
        assert statuses == [200, 200, 404]
        figures = ask(port, "/metrics")[1]
        assert 'scheduler_feed_requests_total{status="200"} 2.0' in figures
        assert 'scheduler_feed_requests_total{status="404"} 1.0' in figures
        assert "scheduler_store_up 1.0" in figures
        assert 'scheduler_changes{state="Scheduled"} 1.0' in figures
        # The store goes away while the server runs: errors are counted, and named by their kind alone.
        with sqlite3.connect(place) as connection:
            connection.execute("DROP TABLE tokens")
            connection.execute("DROP TABLE runs")
            connection.execute("UPDATE desk SET last = last + 1")
        connection.close()
        assert ask(port, f"/feeds/{secret}.ics")[0] == 503
        broken = ask(port, "/metrics")[1]
        assert 'scheduler_feed_requests_total{status="503"} 1.0' in broken
        assert 'scheduler_errors_total{logger="scheduler.publish.web"}' in broken
        assert "scheduler_store_up 0.0" in broken
    logged = log.read_text()
    rows = [json.loads(line) for line in logged.splitlines()]
    assert any(row["level"] == "error" for row in rows)
    search(figures, broken, logged)
    for shown in (figures, broken, logged):
        assert secret not in shown


def test_figures_are_not_given_unless_switched_on(stores: Stores) -> None:
    with Store(stores.new("sqlite")) as store, closing(DeskFeeds(store)) as source:
        for on in (False, True):
            figures = server_figures(Settings(metrics=Metrics(route=on)), store)
            try:
                paths = {getattr(one, "path", "") for one in application(source, figures=figures).routes}
                assert ("/metrics" in paths) == on
            finally:
                if figures is not None:
                    figures.close()


def test_what_is_logged_is_rid_of_secrets_wherever_they_stand() -> None:
    for form in ("text", "json"):
        stream = io.StringIO()
        before = logging.getLogger().handlers[:], logging.getLogger().level
        try:
            journal.configure(form, "info", [PASSWORD, 'quo"ted\\', "abc"], stream)  # type: ignore[arg-type]
            with journal.in_run("r1"):
                log = logging.getLogger("somewhere")
                log.warning("said %s", PASSWORD, extra={"beside": {"deep": [PASSWORD, 3]}, "portfolio": "unit"})
                log.warning('and quo"ted\\ in\nits form')
                try:
                    raise ValueError(f"login failed for {PASSWORD}")
                except ValueError:
                    log.exception("abc")
        finally:
            logging.getLogger().handlers[:], logging.getLogger().level = before
        shown = stream.getvalue()
        assert PASSWORD not in shown
        assert "ted" not in shown.replace("wanted", "")
        assert "login failed for …" in shown
        assert "r1" in shown.splitlines()[0]
        # Shorter texts than any secret should be would blot out ordinary words.
        assert "abc" in shown
        if form == "json":
            rows = [json.loads(line) for line in shown.splitlines()]
            assert rows[0]["beside"] == {"deep": ["…", 3]}
            assert (rows[0]["portfolio"], rows[0]["run"], rows[0]["level"]) == ("unit", "r1", "warning")
            assert rows[0]["at"].endswith("Z")
        else:
            # What is logged begins no line of its own.
            assert all(line.startswith("20") for line in shown.splitlines()[:2])
