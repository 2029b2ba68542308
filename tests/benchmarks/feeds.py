"""How fast feeds are served while subscribers poll and people use the pages, all of it on this machine.

    python tests/benchmarks/feeds.py [--seconds 30] [--subscribers 1000] [--rate 50] [--sessions 20] [--think 5]

The sample portfolio is planned and its windows are decided on at a desk. Every subscriber has an address of their own
and asks with the ETag of the answer before, at a steady rate in all; an answer's wait is counted from when its question
was due, so that a server that stalls cannot hide it. Meanwhile sessions of the pages, over real websockets, have the
forward schedule drawn, and again some seconds after it was (--think). Then feeds and a bare Starlette route are asked
as fast as a few connections can, each in a server of its own, one after the other.
"""

import argparse
import asyncio
import http.client
import itertools
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from scheduler.batch import plan, sample_folder
from scheduler.desk import workflow
from scheduler.desk.access import RefusedError
from scheduler.desk.position import position
from scheduler.desk.store import Store
from scheduler.inputs import load
from scheduler.publish.web import feed_path

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
def running(command: list[str], port: int, path: str) -> Iterator[None]:
    """Run a server until the end of the block; it answers from the start of it on."""
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
        yield
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


async def session(port: int, until: float, think: float, counts: Counter[str]) -> None:
    """Open a session of the pages and have the forward schedule drawn again whenever it is done."""
    address = f"ws://127.0.0.1:{port}/_stcore/stream"
    async with websockets.connect(address, subprotocols=["streamlit"], max_size=None, open_timeout=120) as socket_:  # type: ignore[list-item]
        while time.monotonic() < until:
            ask = BackMsg()
            ask.rerun_script.query_string = ""
            ask.rerun_script.page_script_hash = ""
            await socket_.send(ask.SerializeToString())
            while True:
                message = ForwardMsg()
                data = await asyncio.wait_for(socket_.recv(), 120)
                message.ParseFromString(data if isinstance(data, bytes) else data.encode())
                if message.WhichOneof("type") == "script_finished":
                    counts["runs"] += 1
                    break
            await asyncio.sleep(think)


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


async def poll(port: int, paths: list[str], rate: float, seconds: float, sessions: int, think: float) -> None:
    """Poll at a steady rate while sessions run; print what became of it."""
    counts: Counter[str] = Counter()
    waits: list[float] = []
    tags: dict[str, str] = {}
    begun = time.monotonic()
    pages = [asyncio.create_task(session(port, begun + seconds + 5, think, counts)) for _ in range(sessions)]
    if sessions:
        await asyncio.sleep(5)  # the first drawing of a page is not what is measured
    first, runs_before = time.monotonic(), counts["runs"]

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
    took, runs = time.monotonic() - first, counts["runs"] - runs_before
    for page in pages:
        page.cancel()
    ended = await asyncio.gather(*pages, return_exceptions=True)
    failed = [one for one in ended if isinstance(one, Exception)]
    p50, p99, most = np.percentile(waits, [50, 99, 100]) * 1000
    print(
        f"{len(paths)} subscribers, {rate:g} requests/s for {seconds:g} s, {sessions} sessions "
        f"({runs / took:.1f} pages/s drawn, {len(failed)} sessions lost): "
        f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, most {most:.1f} ms; "
        f"{ {key: value for key, value in counts.items() if key != 'runs' and value} }"
    )


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
        port = free_port()
        pages = [*cli, "serve", str(folder / "out"), "--store", store, "--port", str(port), "--no-browser"]
        with running(pages, port, "/healthz"):
            for path in paths[:20]:
                urllib.request.urlopen(f"http://127.0.0.1:{port}{path}").read()
            for sessions in (0, given.sessions):
                asyncio.run(poll(port, paths, given.rate, given.seconds, sessions, given.think))
        port = free_port()
        alone = [*cli, "serve-feeds", "--store", store, "--port", str(port)]
        with running(alone, port, "/healthz"):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{paths[0]}") as answer:
                size = len(answer.read())
            asyncio.run(poll(port, paths, given.rate, given.seconds, 0, given.think))
            flood(port, paths, 2, tags=True)
            full, known = (flood(port, paths, 5, tags=tags) for tags in (False, True))
        port = free_port()
        with running([sys.executable, "-c", BARE.format(size=size, port=port)], port, "/"):
            bare = flood(port, ["/"], 5, tags=False)
        print(f"serve-feeds, {size} bytes, requests/s: {full:.0f}; not modified: {known:.0f}; bare route: {bare:.0f}")


if __name__ == "__main__":
    main()
