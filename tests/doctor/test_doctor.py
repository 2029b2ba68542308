"""Every fault that doctor knows, planted; and an installation in which all is well."""

import json
import shutil
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from small_plan import CHANGES, POLICY, write_portfolio
from stores import FORMS, Stores
from typer.testing import CliRunner

from scheduler.cli import app
from scheduler.desk import workflow
from scheduler.desk.store import Store
from scheduler.doctor import Finding, examine
from scheduler.inputs import load

SECRET = "correct-horse-battery"
COOKIE = "0123456789abcdef0123456789abcdef"
NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A place without any settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    for name in ("SCHEDULER_CONFIG", "SCHEDULER_STORE", "SCHEDULER_SECRETS_DIR", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)


def put(text: str) -> None:
    path = Path("scheduler.toml")
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)


def faults(store: str | None = None, *folders: str | Path, now: datetime | None = None) -> dict[str, list[Finding]]:
    """Look at everything; every fault has a word on how to mend it, and none holds a secret."""
    found: dict[str, list[Finding]] = {}
    for one in examine(store, [str(folder) for folder in folders], now=now):
        if one.state == "fault":
            assert one.mend
            found.setdefault(one.check, []).append(one)
        assert SECRET not in f"{one.found} {one.mend}"
        assert COOKIE not in f"{one.found} {one.mend}"
    return found


def only(found: dict[str, list[Finding]], check: str) -> str:
    """Give what was found by the one check that found something, once."""
    assert list(found) == [check]
    (one,) = found[check]
    return f"{one.found} | {one.mend}"


# --- the machine -----------------------------------------------------------------------------------------------------


def test_nothing_set_up_is_no_fault() -> None:
    assert faults() == {}


def test_settings_that_are_wrong() -> None:
    put(f'[mail]\nhost = "127.0.0.1"\nport = "{SECRET}"\nhots = "x"\n')
    found = faults()
    assert [one.found.split(" (")[0].split(": ")[-1] for one in found["settings"]] == ["[mail] port", "[mail] hots"]


def test_secrets_that_others_may_read() -> None:
    put(f'[mail]\npassword = "{SECRET}"\n')
    assert faults() == {}
    Path("scheduler.toml").chmod(0o644)
    assert "chmod 600" in only(faults(), "settings")
    put('public_url = "https://plan.example.com"\n')
    Path("scheduler.toml").chmod(0o644)
    assert faults() == {}


def installed(folder: Path, name: str, version: str, *more: str) -> None:
    """Put the card of an installed package into a folder."""
    card = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    card.mkdir(parents=True)
    (card / "METADATA").write_text("\n".join(["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *more]))


def test_a_library_of_another_version_than_was_tested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path / "site", "holidays", "0.1")
    monkeypatch.syspath_prepend(tmp_path / "site")
    said = only(faults(), "versions")
    assert "holidays 0.1 is not among" in said
    assert "-m pip install 'holidays<1,>=0.90'" in said


def test_libraries_and_a_python_that_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs = ["Requires-Python: >=4", "Requires-Dist: sprockets>=2", 'Requires-Dist: cogs; extra == "dask"']
    installed(tmp_path / "site", "maintenance-window-scheduler", "9", *needs)
    monkeypatch.syspath_prepend(tmp_path / "site")
    found = [one.found for one in faults()["versions"]]
    assert found[0].endswith("is not >=4")
    assert found[1:] == ["sprockets is not installed"]


def test_disks_without_room_or_folder(tmp_path: Path) -> None:
    put(f'[metrics]\ntextfile = "{tmp_path}/gone/batch.prom"\n')
    assert "mkdir -p" in only(faults(), "disk")
    put("[doctor]\nfree_mib = 1000000000\n")
    assert "MiB left | make room" in only(faults(), "disk")


# --- the desk --------------------------------------------------------------------------------------------------------


@pytest.fixture
def recent(tmp_path: Path) -> Path:
    """A portfolio with usage up to last night."""
    days = [NOW - timedelta(days=one) for one in range(1, 15)]
    rows = [f"blue,app,{day:%Y-%m-%dT}{hour:02d}:00Z,5" for day in days for hour in range(24)]
    policy = POLICY.replace("2027-03-01T", f"{NOW + timedelta(days=9):%Y-%m-%dT}").replace(
        "now = 2027-02-20T08:00:00Z", ""
    )
    text = "\n".join(["team,service,start,users", *rows]) + "\n"
    changes = CHANGES.replace("2027-03-01T00:00Z", f"{NOW + timedelta(days=9):%Y-%m-%dT00:00Z}")
    return write_portfolio(tmp_path / "recent", policy=policy, usage=text, changes=changes)


@pytest.fixture
def desk(stores: Stores, recent: Path) -> str:
    """A desk to which that portfolio was brought."""
    place = stores.new("sqlite")
    with Store(place) as store:
        portfolio = load(recent)
        workflow.import_portfolio(store, portfolio, by="ann", seen=workflow.preview(store, portfolio).seen)
    return place


def write(place: str, statement: str, *values: object) -> None:
    with sqlite3.connect(place) as connection:
        connection.execute(statement, values)
    connection.close()


def test_a_desk_that_is_well(desk: str, recent: Path) -> None:
    assert faults(desk, recent) == {}


def test_databases_that_cannot_be_used(tmp_path: Path) -> None:
    assert "there is no store" in only(faults(str(tmp_path / "gone.db")), "database")
    (tmp_path / "noise.db").write_bytes(b"noise" * 1000)
    assert "is not a store, or is damaged" in only(faults(str(tmp_path / "noise.db")), "database")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        place = f"postgresql://ann:{SECRET}@127.0.0.1:{taken.getsockname()[1]}/desk"
        assert "see that it runs" in only(faults(place), "database")
    assert "a store is a SQLite file, or a PostgreSQL" in only(faults(f"oracle://ann:{SECRET}@db/desk"), "database")


def test_a_damaged_page_of_the_desk(desk: str) -> None:
    content = bytearray(Path(desk).read_bytes())
    content[4096 : 4096 * 20] = b"\xff" * (4096 * 19)
    Path(desk).write_bytes(content)
    assert "damaged" in only(faults(desk), "database")


def test_stores_of_another_form(tmp_path: Path, desk: str) -> None:
    shutil.copyfile(FORMS / "0001.db", tmp_path / "old.db")
    assert "older form (0001)" in only(faults(str(tmp_path / "old.db")), "migrations")
    sqlite3.connect(tmp_path / "empty.db").close()
    (tmp_path / "empty.db").touch()
    assert "holds no store yet | scheduler db upgrade" in only(faults(str(tmp_path / "empty.db")), "migrations")
    write(desk, "UPDATE alembic_version SET version_num = 'from the future'")
    assert "newer version of this program" in only(faults(desk), "migrations")


def test_data_that_is_old(desk: str, recent: Path) -> None:
    found = faults(desk, recent, now=NOW + timedelta(days=9))
    assert {check: len(ones) for check, ones in found.items() if check.startswith("data")} == {
        "data of the desk": 2,
        "data of recent": 1,
    }
    assert "9.0 days old (8 are allowed)" in found["data of the desk"][0].found
    put("[doctor]\ndata_days = 30\n")
    assert faults(desk, recent, now=NOW + timedelta(days=9)) == {}
    found = faults(None, recent, now=NOW + timedelta(days=25))
    assert "its weeks ended on" in only(found, "data of recent")


def test_a_folder_that_cannot_be_read(recent: Path) -> None:
    (recent / "changes.csv").unlink()
    assert f"scheduler check {recent}" in only(faults(None, recent), "data of recent")


# --- the network -----------------------------------------------------------------------------------------------------


class Doorkeeper:
    """Lets one user in."""

    def __call__(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        known = isinstance(data, LoginPassword) and (data.login, data.password) == (b"planner", SECRET.encode())
        return AuthResult(success=known, handled=known)


@contextmanager
def mail_server() -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    server = Controller(
        object(),
        hostname="127.0.0.1",
        port=port,
        authenticator=Doorkeeper(),
        auth_require_tls=False,
        auth_required=False,
    )
    server.start()
    try:
        yield port
    finally:
        server.stop()


def mail(port: int, **given: object) -> str:
    rows = {"host": "127.0.0.1", "port": port, "security": "none", "user": "planner", "password": SECRET}
    rows |= {"from": "plan@example.com"} | given
    return "[mail]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in rows.items())


def test_mail_that_works_and_the_ways_it_does_not() -> None:
    with mail_server() as port:
        put(mail(port))
        assert faults() == {}
        put(mail(port, password="wrong"))
        assert "does not let us in: 535" in only(faults(), "mail")
        put(mail(port, security="starttls"))
        assert "cannot do what is asked" in only(faults(), "mail")
        put(mail(port, security="tls", timeout_seconds=2))
        assert "no secure connection" in only(faults(), "mail")
        put(mail(port, **{"from": "planner"}))
        assert "no address that it comes from" in only(faults(), "mail")
    put(mail(port))
    assert "does not answer" in only(faults(), "mail")
    put(mail(25, host="mail.example.invalid"))
    assert "in the clear" in only(faults(), "mail")


@contextmanager
def provider(answer: Callable[[str], tuple[int, bytes]], ahead: timedelta = timedelta(0)) -> Iterator[str]:
    """Serve a description of a provider, from a machine whose clock is `ahead`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, content = answer(base)
            self.send_response_only(status)
            self.send_header("date", format_datetime(datetime.now(UTC) + ahead, usegmt=True))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *given: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield base
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def described(base: str) -> tuple[int, bytes]:
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    return 200, json.dumps({"issuer": base} | {name: f"{base}/{name}" for name in names}).encode()


def sign_in(base: str, **given: str) -> str:
    rows = {"client_id": "desk", "client_secret": SECRET, "cookie_secret": COOKIE}
    rows |= {"server_metadata_url": f"{base}/.well-known/openid-configuration"}
    rows |= {"redirect_uri": "https://plan.example.com/oauth2callback"} | given
    told = "".join(f"{name} = {json.dumps(value)}\n" for name, value in rows.items())
    return f'public_url = "https://plan.example.com"\n[sign_in]\n{told}'


def test_sign_in_that_works_and_settings_that_do_not() -> None:
    with provider(described) as base:
        put(sign_in(base))
        assert faults() == {}
        put(sign_in(base, cookie_secret="short"))
        assert "fewer than 32" in only(faults(), "sign-in")
        put(sign_in(base, client_secret=""))
        assert "client_secret is missing" in only(faults(), "sign-in")
        put(sign_in(base, redirect_uri="https://elsewhere.example.com/oauth2callback"))
        assert "set it to https://plan.example.com/oauth2callback" in only(faults(), "sign-in")
        put(sign_in(base, server_metadata_url=""))
        assert "server_metadata_url is missing" in only(faults(), "sign-in")
    put(sign_in(base))
    assert "does not answer" in only(faults(), "sign-in")


@pytest.mark.parametrize(
    ("status", "content", "words"),
    [
        (404, b"", "answers 404"),
        (200, b"<html>", "is not JSON"),
        (200, b"[]", "no JSON object"),
        (200, b"{}", "issuer, authorization_endpoint, token_endpoint, jwks_uri missing"),
        (200, described("https://login.example.org")[1], "speaks for another provider"),
    ],
)
def test_providers_that_are_none(status: int, content: bytes, words: str) -> None:
    with provider(lambda base: (status, content)) as base:
        put(sign_in(base))
        assert words in only(faults(), "sign-in")


def test_a_clock_that_is_wrong(desk: str) -> None:
    with provider(described, timedelta(minutes=5)) as base:
        put(sign_in(base))
        assert "behind that of the provider of sign-in" in only(faults(), "clock")
    put("")
    write(desk, "UPDATE desk SET last_at = ?", f"{NOW + timedelta(days=2):%Y-%m-%dT%H:%M:%S.%fZ}")
    assert "in the future | set the clock" in only(faults(desk), "clock")


def test_the_clock_of_a_database_counts(stores: Stores) -> None:
    place = stores.new("postgresql")
    assert faults(place) == {}
    # Seen from three hours later, the server is behind.
    said = only(faults(place, now=NOW + timedelta(hours=3)), "clock")
    assert "ahead of that of the database" in said


# --- the command -----------------------------------------------------------------------------------------------------


def test_the_command_ends_with_a_fault_and_tells_no_secret(recent: Path) -> None:
    runner = CliRunner()
    well = runner.invoke(app, ["doctor", str(recent)])
    assert (well.exit_code, well.stdout.splitlines()[-1]) == (0, "no fault was found")
    put(mail(9, security="starttls", timeout_seconds=1))
    place = f"postgresql://ann:{SECRET}@127.0.0.1:9/desk"
    ill = runner.invoke(app, ["doctor", "--store", place])
    assert (ill.exit_code, ill.stdout.splitlines()[-1]) == (1, "2 faults")
    assert "to mend it: see that [mail] host and port are right" in ill.stdout
    told = runner.invoke(app, ["doctor", "--store", place, "--json"])
    document = json.loads(told.stdout)
    assert (document["exit_code"], document["faults"]) == (1, 2)
    assert {one["check"] for one in document["findings"] if one["state"] == "fault"} == {"mail", "database"}
    for shown in (ill.output, told.output):
        assert SECRET not in shown


def test_settings_that_are_wrong_stop_other_commands_but_not_this_one(recent: Path) -> None:
    put("[mail]\nport = -1\n")
    runner = CliRunner()
    stopped = runner.invoke(app, ["check", str(recent)])
    assert stopped.exit_code == 1
    assert "[mail] port" in stopped.stderr
    told = runner.invoke(app, ["doctor"])
    assert told.exit_code == 1
    assert "[mail] port" in told.stdout
