"""One port, two processes: calendars are answered whatever the pages do, and everything else reaches the pages."""

import asyncio
import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
import websockets
from desks import Desk, usual
from publish.test_web import Clock, Site, serving
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from stores import Stores

from scheduler.desk import workflow
from scheduler.desk.store import Store
from scheduler.publish.desk_feeds import DeskFeeds
from scheduler.publish.doorkeeper import Doorkeeper
from scheduler.publish.web import routes


class Pages:
    """Stands in for the pages: echoes what it is sent, and can be made to do nothing else for a while."""

    def __init__(self) -> None:
        self.busy, self.go_on = threading.Event(), threading.Event()

    async def echo(self, request: Request) -> Response:
        return Response(await request.body(), headers={"asked": f"{request.method} {request.url.path}"})

    async def long(self, request: Request) -> Response:
        async def parts() -> Any:
            for number in range(2000):
                yield f"{number:05}".encode() * 200

        return StreamingResponse(parts())

    async def stall(self, request: Request) -> Response:
        self.busy.set()
        assert self.go_on.wait(60)
        return PlainTextResponse("done")

    async def talk(self, websocket: WebSocket) -> None:
        await websocket.accept()
        async for text in websocket.iter_text():
            await websocket.send_text(text[::-1])

    def app(self, source: DeskFeeds) -> Starlette:
        return Starlette(
            routes=[
                *routes(source),
                Route("/long", self.long),
                Route("/stall", self.stall),
                WebSocketRoute("/talk", self.talk),
                Route("/{rest:path}", self.echo, methods=["GET", "POST", "PUT"]),
            ]
        )


def children(parent: int | None = None) -> set[psutil.Process]:
    """Give the processes that answer for calendars."""
    return {
        one
        for one in psutil.Process(parent).children(recursive=True)
        if one.status() != psutil.STATUS_ZOMBIE and "scheduler.publish.door" in one.cmdline()
    }


@contextmanager
def open_door(desk: Desk, place: str) -> Iterator[tuple[Site, Pages]]:
    feeds, pages = DeskFeeds(desk.store), Pages()
    with serving(pages.app(feeds)) as behind, Doorkeeper(0, store=place, public_url="") as keeper:
        keeper.start(behind)
        site = Site(desk, keeper.port, Clock())
        assert site.ask("/healthz").status == 200
        yield site, pages
    feeds.close()


@pytest.fixture(scope="module")
def house(stores: Stores) -> Iterator[tuple[Site, Pages]]:
    """Give a desk whose change A, of Blue, is scheduled, and pages with a process for calendars before them."""
    place = stores.new("sqlite")
    with Store(place) as store:
        desk = Desk(store)
        desk.bring(usual())
        desk.scheduled("A", "Tue 02:00")
        with open_door(desk, place) as both:
            yield both


def test_calendars_are_answered_while_the_pages_do_nothing(house: tuple[Site, Pages]) -> None:
    site, pages = house
    path, _ = site.token()
    first = site.ask(path)
    assert first.status == 200
    stalled = threading.Thread(target=site.ask, args=("/stall",))
    stalled.start()
    assert pages.busy.wait(30)
    # The pages can answer nobody now.
    again = site.ask(path, If_None_Match=first.headers["etag"])
    assert (again.status, again.headers["connection"]) == (304, "close")
    assert site.ask(path, "HEAD").headers["content-length"] == str(len(first.body))
    assert site.ask("/feeds/never.ics").status == 404
    # What another process decides is told at once.
    site.desk.do(workflow.cancel, "A", reason="not needed")
    assert site.ask(path, If_None_Match=first.headers["etag"]).status == 200
    pages.go_on.set()
    stalled.join(30)


def test_everything_else_reaches_the_pages_as_it_is(house: tuple[Site, Pages]) -> None:
    site, _ = house
    path, _ = site.token()
    assert site.ask("/schedule?by=team").headers["asked"] == "GET /schedule"
    assert site.ask("/feedsandmore").headers["asked"] == "GET /feedsandmore"
    assert site.ask("/healthz").body == b"ok\n"
    assert len(site.ask("/long").body) == 2000 * 1000
    sent = os.urandom(3_000_000)
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
    # The same connection again and again; a question for a feed that comes over it is answered by the pages.
    for _ in range(2):
        connection.request("PUT", "/upload", sent)
        answer = connection.getresponse()
        assert (answer.getheader("asked"), answer.read()) == ("PUT /upload", sent)
        connection.request("GET", path)
        answer = connection.getresponse()
        assert (answer.status, answer.read()[:15]) == (200, b"BEGIN:VCALENDAR")
    connection.close()
    # A question that comes byte by byte may be decided on too early, which costs time and nothing else.
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
    connection.connect()
    for byte in f"GET {path} HTTP/1.0\r\n\r\n".encode()[:6]:
        connection.sock.send(bytes([byte]))
        time.sleep(0.02)
    connection.sock.send(f"GET {path} HTTP/1.0\r\n\r\n".encode()[6:])
    got = b""
    while data := connection.sock.recv(65536):
        got += data
    assert b"BEGIN:VCALENDAR" in got
    connection.close()


def test_websockets_are_carried(house: tuple[Site, Pages]) -> None:
    site, _ = house

    async def talk() -> list[str | bytes]:
        async with websockets.connect(f"ws://127.0.0.1:{site.port}/talk", max_size=None, open_timeout=60) as far:
            told = []
            for text in ("abc", "x" * 500_000 + "y"):
                await far.send(text)
                told.append(await far.recv())
            return told

    assert asyncio.run(talk()) == ["cba", "y" + "x" * 500_000]


def test_a_process_that_ends_is_replaced_while_people_wait_in_line(house: tuple[Site, Pages]) -> None:
    site, _ = house
    path, _ = site.token()
    before, (first,) = site.ask(path), children()
    first.kill()
    first.wait(30)
    assert site.ask(path).body == before.body
    (second,) = children()
    assert second != first


def test_who_started_it_takes_it_along(stores: Stores, tmp_path: Path) -> None:
    place = stores.new("sqlite")
    with Store(place) as store:
        desk = Desk(store)
        desk.bring(usual())
        others = children()
        with open_door(desk, place) as (site, _):
            path, _ = site.token()
            assert site.ask(path).status == 200
            (process,) = children() - others
        assert not process.is_running()
        with pytest.raises(ConnectionRefusedError):
            site.ask(path)
        # Also where it had no time to say so.
        starter = tmp_path / "starter.py"
        starter.write_text(
            "import sys, time\nfrom scheduler.publish.doorkeeper import Doorkeeper\n"
            f"keeper = Doorkeeper(0, store={place!r}, public_url='')\nkeeper.start(1)\n"
            "print(keeper.port, flush=True)\ntime.sleep(120)\n"
        )
        parent = psutil.Popen([sys.executable, str(starter)], stdout=subprocess.PIPE)
        port = int(parent.stdout.readline())
        alone = Site(desk, port, Clock())
        assert alone.ask(path).status == 200
        # Nobody is where the pages should be.
        assert alone.ask("/schedule").status == 503
        (process,) = children(parent.pid)
        parent.send_signal(signal.SIGKILL)
        parent.wait(30)
        process.wait(30)
        parent.stdout.close()
