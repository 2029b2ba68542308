"""How fast feeds are served while subscribers poll and people use the pages, all of it on this machine.

    python tests/benchmarks/feeds.py [--seconds 30] [--subscribers 1000] [--rate 50] [--sessions 20] [--think 5]

The sample portfolio is planned and its windows are decided on at a desk. Every subscriber has an address of their own
and asks with the ETag of the answer before, at a steady rate in all; an answer's wait is counted from when its question
was due, so that a server that stalls cannot hide it. A bare Starlette route in a server of its own is asked meanwhile,
more seldom: what that waits is this machine's doing. At the same time sessions of the pages, over real websockets and
in a process of their own, go from page to page, each some seconds after the one before was drawn (--think). Last, feeds
and the bare route are asked as fast as a few connections can, one after the other.
"""

import argparse
import asyncio
import http.client
import itertools
import multiprocessing
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from scheduler.batch import plan, sample_folder
from scheduler.desk import workflow
from scheduler.desk.access import RefusedError
from scheduler.desk.position import position
from scheduler.desk.store import Store
from scheduler.inputs import load
from scheduler.publish.desk_feeds import DeskFeeds
from scheduler.publish.web import feed_path

PAGES = ("schedule", "schedule", "savings", "schedule", "log", "schedule", "calendars")
"""What a session looks at, in turn, each from another place on."""
BARE_RATE = 10.0
BARE = """
import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
BODY = b"x" * {size}
async def answer(request):
    return Response(BODY, media_type="text/calendar; charset=utf-8")
uvicorn.run(Starlette(routes=[Route("/", answer)]), port={port}, access_log=False, log_level="warning")
"""
CONNECTIONS = 8


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], port: int, path: str) -> Iterator[int]:
    """Run a server until the end of the block, from the start of which on it answers; give its process."""
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 180
        while True:
            assert server.poll() is None, "the server ended"
            assert time.monotonic() < end, "the server does not answer"
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5):
                    break
            except OSError:
                time.sleep(0.2)
        yield server.pid
    finally:
        server.terminate()
        server.wait(20)


def prepare(folder: Path, subscribers: int) -> list[str]:
    """Plan the sample, decide on its windows, make tokens; give the paths of the feeds."""
    portfolio = load(sample_folder())
    result = plan(portfolio, deterministic=2.0, out=folder / "out")
    paths = []
    with Store(folder / "desk.db", create=True) as store:
        seen = workflow.preview(store, portfolio).seen
        workflow.import_portfolio(store, portfolio, by="ana", seen=seen, now=portfolio.now)
        refused = 0
        for placement in result.schedule.placements:
            try:
                for action in (workflow.move, workflow.approve):
                    with store.reading() as connection:
                        revision = position(connection).changes[placement.change]["revision"]
                    start = (placement.start,) if action is workflow.move else ()
                    action(store, placement.change, *start, by="ana", seen=revision, now=portfolio.now)  # type: ignore[operator]
            except RefusedError:
                refused += 1
        print(f"windows: {len(result.schedule.placements)}, of which not approved (own request or a rule): {refused}")
        teams = itertools.cycle(portfolio.teams)
        for _ in range(subscribers):
            made = workflow.create_token(store, "team", next(teams), by="ana", now=portfolio.now)
            paths.append(feed_path(made.secret or ""))
    return paths


# --- sessions of the pages -------------------------------------------------------------------------------------------


async def session(port: int, number: int, think: float, counts: Counter[str]) -> None:
    """Open a session of the pages and have one page drawn after the other."""
    address = f"ws://127.0.0.1:{port}/_stcore/stream"
    pages = itertools.cycle(PAGES[number % len(PAGES) :] + PAGES[: number % len(PAGES)])
    async with websockets.connect(address, subprotocols=["streamlit"], max_size=None, open_timeout=120) as socket_:  # type: ignore[list-item]
        for page in pages:
            ask = BackMsg()
            ask.rerun_script.query_string = ""
            ask.rerun_script.page_name = page
            await socket_.send(ask.SerializeToString())
            while True:
                message = ForwardMsg()
                data = await asyncio.wait_for(socket_.recv(), 120)
                message.ParseFromString(data if isinstance(data, bytes) else data.encode())
                if message.WhichOneof("type") == "script_finished":
                    counts["runs"] += 1
                    break
            await asyncio.sleep(think)


async def visit(port: int, sessions: int, think: float, ready: "Event", over: "Event") -> tuple[float, int]:
    """Run sessions until it is over; give pages a second from when each had had one, and how many were lost."""
    counts: Counter[str] = Counter()
    running = [asyncio.create_task(session(port, number, think, counts)) for number in range(sessions)]
    while counts["runs"] < sessions and not any(one.done() for one in running):
        await asyncio.sleep(0.1)
    begun, before = time.monotonic(), counts["runs"]
    ready.set()
    while not over.is_set():
        await asyncio.sleep(0.1)
    rate = (counts["runs"] - before) / (time.monotonic() - begun)
    lost = sum(one.done() for one in running)
    for one in running:
        one.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    return rate, lost


def visitors(port: int, sessions: int, think: float, ready: "Event", over: "Event", told: "Queue[Any]") -> None:
    """Run sessions in this process."""
    told.put(asyncio.run(visit(port, sessions, think, ready, over)))


# --- subscribers -----------------------------------------------------------------------------------------------------


async def ask(port: int, path: str, tag: str) -> tuple[int, str, int]:
    """Ask for a feed over a connection of its own, as subscribers do; give status, tag and the length of the body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    condition = f"If-None-Match: {tag}\r\n" if tag else ""
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{condition}\r\n".encode())
    answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    return int(lines[0].split()[1]), headers.get("etag", ""), len(body)


async def poll(port: int, paths: list[str], rate: float, seconds: float, counts: Counter[str]) -> list[float]:
    """Ask at a steady rate; count the answers, and give what each was waited for."""
    waits: list[float] = []
    tags: dict[str, str] = {}
    first = time.monotonic() + 1.0  # when all who ask are there

    async def one(number: int) -> None:
        due = first + number / rate
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        path = paths[number % len(paths)]
        try:
            status, tag, length = await asyncio.wait_for(ask(port, path, tags.get(path, "")), 30)
        except (OSError, TimeoutError, ValueError) as error:
            counts[type(error).__name__] += 1
            return
        waits.append(time.monotonic() - due)
        counts[f"status {status}"] += 1
        counts["empty"] += status == 200 and length == 0
        tags[path] = tag

    await asyncio.gather(*(one(number) for number in range(int(rate * seconds))))
    return waits


def waited(waits: list[float]) -> str:
    """Say how long was waited."""
    p50, p99, most = np.percentile(waits, [50, 99, 100]) * 1000
    return f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, most {most:.1f} ms"


def measure(port: int, bare: int, paths: list[str], given: argparse.Namespace, sessions: int, server: int) -> None:
    """Poll feeds, and the bare route, while sessions run; print what became of it."""
    context = multiprocessing.get_context("spawn")
    ready, over = context.Event(), context.Event()
    told: Queue[Any] = context.Queue()
    pages = context.Process(target=visitors, args=(port, sessions, given.think, ready, over, told))
    if sessions:
        pages.start()
        assert ready.wait(300), "no session had a page"
    counts: Counter[str] = Counter()
    load, used = os.getloadavg()[0], cpu_seconds(server)

    async def both() -> tuple[list[float], list[float]]:
        others: Counter[str] = Counter()
        return await asyncio.gather(
            poll(port, paths, given.rate, given.seconds, counts), poll(bare, ["/"], BARE_RATE, given.seconds, others)
        )

    waits, others = asyncio.run(both())
    used = cpu_seconds(server) - used
    over.set()
    drawn, lost = told.get(timeout=120) if sessions else (0.0, 0)
    if sessions:
        pages.join()
    print(
        f"{len(paths)} subscribers, {given.rate:g} requests/s for {given.seconds:g} s, {sessions} sessions "
        f"({drawn:.1f} pages/s drawn, {lost} sessions lost): {waited(waits)}; "
        f"{ {key: value for key, value in counts.items() if value} }; bare route meanwhile: {waited(others)}; "
        f"the server used {used / given.seconds:.0%} of a core; load {load:.1f} before, {os.getloadavg()[0]:.1f} after"
    )


def cpu_seconds(pid: int) -> float:
    """Give the processor time of a process and its children."""
    process = psutil.Process(pid)
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return float(sum(one.user + one.system for one in times))


def flood(port: int, paths: list[str], seconds: float, tags: bool) -> float:
    """Ask as fast as a few connections can; give answers per second."""
    import threading

    done = [0] * CONNECTIONS
    end = time.monotonic() + seconds

    def work(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        known: dict[str, str] = {}
        mine = paths[number::CONNECTIONS] or paths
        for path in itertools.cycle(mine):
            if time.monotonic() > end:
                break
            connection.request("GET", path, headers={"If-None-Match": known[path]} if path in known else {})
            answer = connection.getresponse()
            answer.read()
            assert answer.status in (200, 304), answer.status
            if tags:
                known[path] = answer.headers["etag"]
            done[number] += 1
        connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--subscribers", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=50.0)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--think", type=float, default=5.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = prepare(folder, given.subscribers)
        store = str(folder / "desk.db")
        cli = [sys.executable, "-m", "scheduler.cli"]
        port, bare = free_port(), free_port()
        pages = [*cli, "serve", str(folder / "out"), "--store", store, "--port", str(port), "--no-browser"]
        with Store(store) as desk, closing(DeskFeeds(desk)) as feeds:
            size = len(feeds.body("team", next(iter(load(sample_folder()).teams)), "full", datetime.now(UTC)).plain)
        with running([sys.executable, "-c", BARE.format(size=size, port=bare)], bare, "/"):
            with running(pages, port, "/healthz") as server:
                for path in paths[:20]:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}{path}").read()
                for sessions in (0, given.sessions):
                    measure(port, bare, paths, given, sessions, server)
            port = free_port()
            alone = [*cli, "serve-feeds", "--store", store, "--port", str(port)]
            with running(alone, port, "/healthz") as server:
                measure(port, bare, paths, given, 0, server)
                flood(port, paths, 2, tags=True)
                full, known = (flood(port, paths, 5, tags=tags) for tags in (False, True))
            rate = flood(bare, ["/"], 5, tags=False)
        print(f"serve-feeds, {size} bytes, requests/s: {full:.0f}; not modified: {known:.0f}; bare route: {rate:.0f}")


if __name__ == "__main__":
    main()
