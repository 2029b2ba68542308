"""How soon the pages of the desk answer when many people use them at once, and what a session takes of memory.

    python tests/benchmarks/sessions.py [--sessions 20] [--seconds 120] [--think 4] [--portfolio FOLDER]

Serves a desk with a plan of a portfolio (else the sample) and opens sessions over real websockets. Each goes through
all pages, once to load them and then on until the time is over, with pauses as somebody has who reads; meanwhile one
more writes a decision every few seconds, so that the desk has to be read anew. Prints, for every page, the seconds from
asking to the end of the run, the 95th percentile of all, and the memory of the server before, with, and per session.
The clients share the machine with the server; the load beside is printed.
"""

import argparse
import asyncio
import itertools
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import psutil
import websockets
from feeds import free_port, running
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from scheduler.batch import sample_folder
from scheduler.desk import workflow
from scheduler.desk.position import position
from scheduler.desk.runner import Runner
from scheduler.desk.runs import ask_run
from scheduler.desk.store import Store
from scheduler.inputs import load
from scheduler.ui.app import SCREENS

PAGES = [one.path or one.name for one in SCREENS if one.at in ("both", "desk")]
MOST_SECONDS = 3.0
BY = "ana"
Taken = dict[str, list[float]]


def main() -> int:
    """Measure, and say whether the 95th percentile is what it should be."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    options.add_argument("--sessions", type=int, default=20)
    options.add_argument("--seconds", type=float, default=120.0, help="for how long they go on after all have loaded")
    options.add_argument("--think", type=float, default=4.0, help="mean pause before the next click, in seconds")
    options.add_argument("--write", type=float, default=5.0, help="seconds between decisions of somebody else")
    options.add_argument("--portfolio", default=str(sample_folder()))
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = str(Path(folder) / "desk.db")
        change = prepare(place, given.portfolio)
        port = free_port()
        command = [
            sys.executable,
            "-m",
            "scheduler.cli",
            "serve",
            "--store",
            place,
            "--port",
            str(port),
            "--no-browser",
        ]
        with running(command, port, "/healthz") as server:
            asyncio.run(_visit(port, "schedule", change))
            return measure(port, server, place, change, given)


def prepare(place: str, folder: str, seconds: float = 10.0) -> str:
    """Bring a portfolio to a new desk, plan it and propose the plan; give a change that has a window."""
    with Store(place, create=True) as store:
        portfolio = load(folder)
        workflow.import_portfolio(store, portfolio, by=BY, seen=None)
        number, _ = ask_run(store, by=BY, time_limit=seconds)
        runner = Runner(store, number)
        runner.go()
        assert runner.best is not None, runner.message
        workflow.propose(store, runner.best[0], by=BY)
        with store.reading() as connection:
            at = position(connection)
        return next(one for one in at.open if at.planned_of(one) is not None)


def measure(port: int, server: int, place: str, change: str, given: argparse.Namespace) -> int:
    """Let sessions come and go through the pages; print what it took."""
    process = psutil.Process(server)
    before, cpu = process.memory_info().rss, sum(process.cpu_times()[:2])
    first: Taken = defaultdict(list)
    later: Taken = defaultdict(list)
    over, began = threading.Event(), time.monotonic()
    writer = threading.Thread(target=decide_again_and_again, args=(place, change, given.write, over))
    writer.start()
    lost = asyncio.run(_visitors(port, change, given, first, later))
    over.set()
    writer.join()
    lasted = time.monotonic() - began
    after = process.memory_info().rss
    print(f"{'page':<16}{'first p50':>10}{'runs':>7}{'p50':>8}{'p95':>8}{'max':>8}")
    for page in PAGES:
        if later[page]:
            print(
                f"{page:<16}{statistics.median(first[page]):>10.2f}{len(later[page]):>7}"
                f"{statistics.median(later[page]):>8.2f}{_p95(later[page]):>8.2f}{max(later[page]):>8.2f}"
            )
    every = [one for values in later.values() for one in values]
    worst = _p95(every)
    used = (sum(process.cpu_times()[:2]) - cpu) / lasted
    print(
        f"{given.sessions} sessions, one click in {given.think:g} s each, a decision in {given.write:g} s: "
        f"{len(every)} reruns, p50 {statistics.median(every):.2f} s, p95 {worst:.2f} s, max {max(every):.2f} s; "
        f"{lost} sessions lost"
    )
    mebi = 2**20
    print(
        f"memory: {before / mebi:.0f} MiB before, {after / mebi:.0f} MiB with all of them, "
        f"{(after - before) / mebi / given.sessions:.1f} MiB per session"
    )
    print(f"the server used {used:.0%} of a core; load of the machine {os.getloadavg()}, on {os.cpu_count()} cores")
    return 0 if worst <= MOST_SECONDS and not lost else 1


def _p95(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(0.95 * len(values)))]


async def _visitors(port: int, change: str, given: argparse.Namespace, first: Taken, later: Taken) -> int:
    loaded = asyncio.Barrier(given.sessions + 1)
    tasks = [
        asyncio.create_task(_session(port, number, change, given.think, loaded, first, later))
        for number in range(given.sessions)
    ]
    everybody = asyncio.create_task(loaded.wait())
    await asyncio.wait([everybody, *tasks], return_when=asyncio.FIRST_COMPLETED)
    if not everybody.done():
        raise next(one.exception() or AssertionError("over too soon") for one in tasks if one.done())
    await asyncio.sleep(given.seconds)
    lost = sum(one.done() for one in tasks)
    for one in tasks:
        one.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return lost


async def _session(
    port: int, number: int, change: str, think: float, loaded: asyncio.Barrier, first: Taken, later: Taken
) -> None:
    pause = random.Random(number)
    pages = PAGES[number % len(PAGES) :] + PAGES[: number % len(PAGES)]
    async with _opened(port) as socket:
        for page in pages:
            first[page].append(await _run(socket, page, change))
        await loaded.wait()
        for page in itertools.cycle(pages):
            await asyncio.sleep(pause.expovariate(1 / think))
            later[page].append(await _run(socket, page, change))


async def _visit(port: int, page: str, change: str) -> None:
    """Have a page drawn once, so that what is read for the first visitor is read."""
    async with _opened(port) as socket:
        await _run(socket, page, change)


def _opened(port: int) -> websockets.connect:
    address, spoken = f"ws://127.0.0.1:{port}/_stcore/stream", [websockets.Subprotocol("streamlit")]
    return websockets.connect(address, subprotocols=spoken, max_size=None, open_timeout=120, ping_interval=None)


async def _run(socket: websockets.ClientConnection, page: str, change: str) -> float:
    begun = time.monotonic()
    asked = BackMsg()
    asked.rerun_script.query_string = f"change={change}" if page == "change" else ""
    asked.rerun_script.page_name = page
    await socket.send(asked.SerializeToString())
    while True:
        message = ForwardMsg()
        data = await asyncio.wait_for(socket.recv(), 120)
        message.ParseFromString(data if isinstance(data, bytes) else data.encode())
        if message.WhichOneof("type") == "script_finished":
            return time.monotonic() - begun


def decide_again_and_again(place: str, change: str, pause: float, over: threading.Event) -> None:
    """Pin and unpin a change until it is over, as somebody else would decide things."""
    with Store(place) as store:
        for action in itertools.cycle((workflow.pin, workflow.unpin)):
            if over.wait(pause):
                return
            with store.reading() as connection:
                seen = position(connection).changes[change]["revision"]
            action(store, change, by=BY, seen=seen, now=datetime.now(UTC))


if __name__ == "__main__":
    sys.exit(main())
