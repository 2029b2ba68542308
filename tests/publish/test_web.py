"""The feeds over real HTTP, from a store: what clients, strangers and supervisors are answered."""

import gzip
import http.client
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import strict_ical
import uvicorn
from builders import MONDAY
from desks import NOW, Desk, usual
from starlette.types import ASGIApp
from stores import Stores

from scheduler.desk import workflow
from scheduler.desk.store import Store
from scheduler.desk.tables import TOKENS
from scheduler.publish.desk_feeds import DeskFeeds
from scheduler.publish.web import application, feed_path, keep_secrets_out_of_logs


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Clock:
    """What the server takes for the time."""

    now: datetime = NOW + timedelta(hours=1)

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Site:
    """A desk, and a server of its feeds."""

    desk: Desk
    port: int
    clock: "Clock"

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def token(self, kind: Any = "team", scope: str = "blue", **given: Any) -> tuple[str, str]:
        """Make a token; give its path and its id."""
        made = workflow.create_token(self.desk.store, kind, scope, by="ana", now=self.desk.now, **given)
        return feed_path(made.secret or ""), made.id


@contextmanager
def serving(app: ASGIApp) -> Iterator[int]:
    """Serve an application on loopback; give the port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="info", lifespan="off", log_config=None))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        end = time.monotonic() + 30
        while not server.started:
            assert time.monotonic() < end
            time.sleep(0.01)
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(30)


@pytest.fixture
def site(stores: Stores) -> Iterator[Site]:
    """Give a desk whose change A, of Blue, is scheduled, and its server."""
    with Store(stores.new("sqlite"), patience=2.0) as store:
        desk = Desk(store)
        desk.bring(usual())
        desk.scheduled("A", "Tue 02:00")
        clock = Clock()
        with serving(application(DeskFeeds(store, "https://maint.example.com"), clock=clock)) as port:
            yield Site(desk, port, clock)


def test_a_feed_is_given_with_what_clients_need(site: Site) -> None:
    path, _ = site.token()
    answer = site.ask(path)
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert re.fullmatch(r'"[0-9a-f]{32}"', answer.headers["etag"])
    assert answer.headers["cache-control"] == "private, max-age=900, no-transform"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert {"set-cookie", "content-disposition", "location", "content-encoding"}.isdisjoint(answer.headers)
    (event,) = strict_ical.read(answer.body).parts
    assert event.one("SUMMARY") == "app unavailable"
    assert event.one("URL") == "https://maint.example.com/?change=A"
    head = site.ask(path, "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert {k: v for k, v in head.headers.items() if k != "date"} == {
        k: v for k, v in answer.headers.items() if k != "date"
    }
    assert head.headers["content-length"] == str(len(answer.body))


def test_the_secret_is_in_no_file(site: Site) -> None:
    path, id = site.token()
    body = site.ask(path).body.decode()
    assert path.removeprefix("/feeds/").removesuffix(".ics") not in body
    assert id not in body
    (stored,) = site.desk.rows(TOKENS)
    assert path.removeprefix("/feeds/").removesuffix(".ics") not in str(stored)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_client_that_has_it_is_told_so(site: Site, method: str) -> None:
    path, _ = site.token()
    first = site.ask(path)
    tag, modified = first.headers["etag"], first.headers["last-modified"]
    for headers in (
        {"If_None_Match": tag},
        {"If_None_Match": f"W/{tag}"},
        {"If_None_Match": f'"other", {tag}'},
        {"If_None_Match": "*"},
        {"If_None_Match": tag, "If_Modified_Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"If_Modified_Since": modified},
        {"If_Modified_Since": "Fri, 01 Jan 2100 00:00:00 GMT"},
    ):
        answer = site.ask(path, method, **headers)
        assert (answer.status, answer.body) == (304, b""), headers
        assert (answer.headers["etag"], answer.headers["last-modified"]) == (tag, modified)
        assert answer.headers["cache-control"] == first.headers["cache-control"]
    for headers in (
        {"If_None_Match": '"other"'},
        {"If_None_Match": '"other"', "If_Modified_Since": modified},  # the tag wins
        {"If_None_Match": tag.strip('"')},
        {"If_Modified_Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"If_Modified_Since": "yesterday"},
        {"If_Modified_Since": ""},
    ):
        assert site.ask(path, method, **headers).status == 200, headers


def test_gzip_is_for_those_who_ask_and_has_a_tag_of_its_own(site: Site) -> None:
    path, _ = site.token()
    plain, zipped = site.ask(path), site.ask(path, Accept_Encoding="deflate, gzip;q=0.5")
    assert zipped.headers["content-encoding"] == "gzip"
    assert gzip.decompress(zipped.body) == plain.body
    assert zipped.headers["etag"] != plain.headers["etag"]
    assert "accept-encoding" in zipped.headers["vary"].lower()
    assert site.ask(path, Accept_Encoding="gzip", If_None_Match=zipped.headers["etag"]).status == 304
    for accepted in ("", "*", "br", "gzip;q=0", "identity"):
        assert site.ask(path, Accept_Encoding=accepted).body == plain.body


def test_unknown_revoked_and_expired_secrets_are_answered_alike(site: Site) -> None:
    path, id = site.token()
    old, old_id = site.token()
    kept = site.ask(path)
    workflow.revoke_token(site.desk.store, id, by="ana")
    workflow.rotate_token(site.desk.store, old_id, by="ana", grace=timedelta(0))
    sign_in = feed_path(workflow.create_token(site.desk.store, "sign-in", by="ana").secret or "")
    paths = [path, old, sign_in, "/feeds/never.ics", "/feeds/a/b.ics", "/feeds/", "/feeds", "/feeds/%00%ff.ics"]
    answers = [site.ask(one, If_None_Match=kept.headers["etag"]) for one in paths]
    for one in answers:
        assert (one.status, one.body) == (404, b"not found\n")
        assert {k: v for k, v in one.headers.items() if k != "date"} == {
            k: v for k, v in answers[0].headers.items() if k != "date"
        }
    assert site.ask(path, "HEAD").status == 404
    assert site.ask(path, "POST").status == site.ask("/feeds/never.ics", "POST").status == 405


def test_a_rotated_secret_works_for_its_grace_and_changes_no_uid(site: Site) -> None:
    path, id = site.token()
    before = site.ask(path).body
    made = workflow.rotate_token(site.desk.store, id, by="ana")
    assert site.ask(path).body == before == site.ask(feed_path(made.secret or "")).body


def test_whoever_leaves_the_team_reads_no_more(site: Site) -> None:
    store = site.desk.store
    workflow.put_user(store, "ana", by="ana", role="administrator")
    workflow.put_user(store, "bob", by="ana", role="team member", team="blue")
    (path, _), (other, _) = site.token(user="bob"), site.token(user="ana")
    assert site.ask(path).status == 200
    workflow.put_user(store, "bob", by="ana", role="team member", team="green")
    assert (site.ask(path).status, site.ask(other).status) == (404, 200)


def test_what_is_decided_is_seen_and_dated(site: Site) -> None:
    path, _ = site.token()
    asking, _ = site.token(proposals=True, detail="maintnote")
    (was,) = strict_ical.read(site.ask(path).body).parts
    first = site.ask(path)
    site.desk.move("A", "Wed 02:00")
    assert site.ask(path, If_None_Match=first.headers["etag"]).status == 304
    assert {one.one("STATUS") for one in strict_ical.read(site.ask(asking).body).parts} == {"CONFIRMED", "TENTATIVE"}
    site.desk.do(workflow.approve, "A")
    moved = site.ask(path, If_None_Match=first.headers["etag"])
    assert moved.status == 200
    (now,) = strict_ical.read(moved.body).parts
    assert now.one("UID") == was.one("UID")
    assert int(now.one("SEQUENCE")) == int(was.one("SEQUENCE")) + 1
    assert now.one("DTSTART") == f"{MONDAY + timedelta(days=2, hours=2):%Y%m%dT%H%M%SZ}"
    site.desk.do(workflow.cancel, "A", reason="not needed")
    (gone,) = strict_ical.read(site.ask(path).body).parts
    assert (gone.one("STATUS"), gone.one("UID")) == ("CANCELLED", was.one("UID"))
    assert int(gone.one("SEQUENCE")) > int(now.one("SEQUENCE"))


def test_a_date_is_trusted_only_when_its_second_is_over(site: Site) -> None:
    path, _ = site.token()
    site.clock.now = site.desk.now + timedelta(milliseconds=300)
    early = site.ask(path).headers["last-modified"]
    site.desk.now += timedelta(milliseconds=500)
    site.desk.move("A", "Wed 02:00")
    site.desk.do(workflow.approve, "A")
    site.clock.now += timedelta(hours=1)
    # It changed again in the second in which it had changed before.
    moved = site.ask(path, If_Modified_Since=early)
    assert moved.status == 200
    assert site.ask(path, If_Modified_Since=moved.headers["last-modified"]).status == 304


def test_a_supervisor_is_told_and_robots_may_read(site: Site) -> None:
    assert (site.ask("/healthz").status, site.ask("/readyz").status) == (200, 200)
    assert "Allow: /feeds/" in site.ask("/robots.txt").body.decode()


def test_an_outage_is_never_an_empty_calendar(tmp_path: Path, stores: Stores) -> None:
    with Store(stores.new("sqlite"), patience=0.5) as store:
        desk = Desk(store)
        desk.bring(usual())
        clock = Clock()
        with serving(application(DeskFeeds(store), clock=clock)) as port:
            site = Site(desk, port, clock)
            path, _ = site.token()
            before = site.ask(path)
            with store.writing() as connection:
                connection.exec_driver_sql("ALTER TABLE tokens RENAME TO away")
            for one in (path, "/feeds/never.ics"):
                for method in ("GET", "HEAD"):
                    answer = site.ask(one, method, If_None_Match=before.headers["etag"])
                    assert answer.status == 503
                    assert b"VCALENDAR" not in answer.body
                    assert answer.headers["retry-after"] == "60"
                    assert answer.headers["cache-control"] == "no-store"
            assert site.ask("/healthz").status == 200
            with store.writing() as connection:
                connection.exec_driver_sql("ALTER TABLE away RENAME TO tokens")
            assert site.ask(path).body == before.body


class Gate:
    """A way to a database server that can be shut."""

    def __init__(self, target: str) -> None:
        self._target, self.open = target, True
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def shut(self) -> None:
        self.open = False
        for one in self._sockets:
            one.close()

    def close(self) -> None:
        self.shut()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if not self.open:
                client.close()
                continue
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._target)
            self._sockets += [client, server]
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=_pump, args=(source, sink), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    finally:
        for one in (source, sink):
            one.close()


def test_a_server_that_goes_away_and_comes_back(stores: Stores) -> None:
    import sqlalchemy as sa

    url = sa.make_url(stores.new("postgresql"))
    folder = url.query["host"]
    gate = Gate(f"{folder}/.s.PGSQL.5432")
    direct = Desk(Store(url.render_as_string(hide_password=False)))
    direct.bring(usual())
    through = url.set(host="127.0.0.1", port=gate.port, query={})
    clock = Clock()
    with direct.store, Store(through.render_as_string(hide_password=False), patience=2.0) as store:
        app = application(DeskFeeds(store), clock=clock)
        with serving(app) as port:
            site = Site(direct, port, clock)
            path, _ = site.token()
            before = site.ask(path)
            assert before.status == 200
            gate.shut()
            for one in (path, "/feeds/never.ics", "/readyz"):
                answer = site.ask(one)
                assert answer.status == 503, one
                assert b"VCALENDAR" not in answer.body
            assert site.ask("/healthz").status == 200
            gate.open = True
            assert site.ask(path).body == before.body
            assert site.ask("/readyz").status == 200
    gate.close()


def test_no_log_has_a_secret(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    keep_secrets_out_of_logs()
    path, _ = site.token()
    secret = path.removeprefix("/feeds/").removesuffix(".ics")
    with caplog.at_level("DEBUG"):
        site.ask(path)
        with site.desk.store.writing() as connection:
            connection.exec_driver_sql("ALTER TABLE tokens RENAME TO away")
        assert site.ask(path).status == 503
    assert "a feed could not be given: StoreError" in caplog.text
    assert "/feeds/…" in caplog.text
    assert secret not in caplog.text


def test_what_leaves_a_feed_is_dated(stores: Stores) -> None:
    with Store(stores.new("sqlite")) as store:
        desk = Desk(store)
        desk.bring(usual())
        desk.scheduled("A", "Tue 02:00")
        desk.do(workflow.cancel, "A", reason="not needed")
        feeds: Callable[[datetime], Any] = lambda now: DeskFeeds(store).body("team", "blue", "full", now)  # noqa: E731
        end = MONDAY + timedelta(days=1, hours=4)
        before, after = feeds(end - timedelta(seconds=1)), feeds(end)
        assert len(strict_ical.read(before.plain).parts) == 1
        assert strict_ical.read(after.plain).parts == []
        assert before.modified < after.modified == end
