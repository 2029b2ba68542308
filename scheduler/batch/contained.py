"""Plans one portfolio in a process of its own, within limits of time and memory, whatever happens there."""

import os
import queue
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, BinaryIO, Self, cast

import psutil

from scheduler.batch.child import STOP
from scheduler.batch.job import Job, Outcome
from scheduler.solver.cpsat import receive, send
from scheduler.solver.incumbent import Progress

Tell = Callable[[str, Progress], None]
"""Told how the portfolio of a name stands."""

POLL_SECONDS, FAMILY_SECONDS = 0.05, 1.0
GRACE_SECONDS = 10.0  # for a plan that was asked to stop
MIB = 2**20
LONGEST_TAIL = 2000
OURS = "SCHEDULER_"


def plan_contained(job: Job, *, stop: threading.Event | None = None, tell: Tell | None = None) -> Outcome:
    """Plan a portfolio in a process of its own, and tell what became of it; nothing that happens there is raised.

    At the hard limit, or once `stop` is set, the process is asked for the best plan it has, and ended if it gives none
    within a moment. Memory is that of the process and all it has started, looked at many times a second.
    """
    begun = time.monotonic()
    asked = 0.0
    grace = min(GRACE_SECONDS, max(1.0, job.hard_limit / 2))

    def over(kind: str, *messages: str, **given: Any) -> Outcome:
        # Rounded up: a peak over the limit is told as over it.
        seconds, peak = time.monotonic() - begun, -(-child.peak // MIB) or None
        where = {"name": job.name, "folder": job.folder, "place": socket.gethostname()}
        return Outcome(**where | {"kind": kind, "messages": messages, "seconds": seconds, "peak_mib": peak} | given)

    with _Child(job) as child:
        while True:
            message = child.heard(POLL_SECONDS)
            if isinstance(message, dict):
                given = dict(message)
                if asked and given["kind"] == "planned":
                    given["messages"] = (f"asked to stop after {asked - begun:.0f} s; this is the best until then",)
                return over(given.pop("kind"), *given.pop("messages", ()), **given)
            if isinstance(message, Progress) and tell is not None:
                tell(job.name, message)
            if message is _GONE:
                return over("lost", child.last_words())
            if job.memory_limit is not None and child.memory() > job.memory_limit * MIB:
                return over("too much memory", f"it took {child.peak // MIB} MiB of the {job.memory_limit} allowed")
            if job.memory_limit is None:
                child.memory()
            now = time.monotonic()
            stopped = stop is not None and stop.is_set()
            if not asked and (stopped or now - begun >= job.hard_limit):
                asked = now
                child.ask_to_stop()
            if asked and now - asked >= grace:
                if stopped:
                    return over("stopped", "the run was stopped before it had a plan")
                return over("too slow", f"given up after {now - begun:.0f} s ({job.hard_limit:g} s are allowed)")


_GONE = object()


class _Child:
    """The process, what it says, and the memory of it and all it started."""

    def __init__(self, job: Job) -> None:
        # Where this program found its modules, the process finds them too; of our settings it needs none.
        environment = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        paths = os.pathsep.join(path for path in sys.path if path)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "scheduler.batch.child", job.name],  # the name is for whoever lists processes
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment | {"PYTHONPATH": paths},
            start_new_session=True,
        )
        self._heard: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._tail = b""
        self._family: list[psutil.Process] = []
        self._family_at = self._looked_at = -FAMILY_SECONDS
        self._now = self.peak = 0
        self._threads = [threading.Thread(target=one, daemon=True) for one in (self._listen, self._keep_tail)]
        for thread in self._threads:
            thread.start()
        self._send(job)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it with all that it started."""
        for process in self._relatives():
            with suppress(psutil.Error):
                process.kill()
        self._process.kill()
        self._process.wait()
        for thread in self._threads:
            thread.join(1.0)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            with suppress(OSError):
                cast(BinaryIO, pipe).close()

    def heard(self, timeout: float) -> object:
        """Give the next thing it said; None if it said nothing, _GONE once it is gone."""
        try:
            return self._heard.get(timeout=timeout)
        except queue.Empty:
            return None

    def ask_to_stop(self) -> None:
        self._send(STOP)

    def memory(self) -> int:
        """Look how many bytes it and all it started hold."""
        now = time.monotonic()
        if now - self._family_at >= FAMILY_SECONDS:
            self._family, self._family_at = self._relatives(), now
        if now - self._looked_at >= POLL_SECONDS:
            held = 0
            for process in self._family:
                with suppress(psutil.Error):
                    held += process.memory_info().rss
            self._now, self._looked_at = held, now
            self.peak = max(self.peak, held)
        return self._now

    def last_words(self) -> str:
        """Say how it ended, by what it said last."""
        number = self._process.wait()
        self._threads[1].join(1.0)
        lines = self._tail.decode(errors="replace").strip().splitlines()
        how = f"its process was ended by signal {-number}" if number < 0 else f"its process ended with {number}"
        return ": ".join([how, *lines[-1:]])

    def _relatives(self) -> list[psutil.Process]:
        try:
            itself = psutil.Process(self._process.pid)
            return [itself, *itself.children(recursive=True)]
        except psutil.Error:
            return []

    def _send(self, message: object) -> None:
        # Where it is gone its listener tells so.
        with suppress(OSError, ValueError):
            send(cast(BinaryIO, self._process.stdin), message)

    def _listen(self) -> None:
        try:
            while True:
                self._heard.put(receive(cast(BinaryIO, self._process.stdout)))
        except (EOFError, OSError, ValueError):
            self._heard.put(_GONE)

    def _keep_tail(self) -> None:
        with suppress(OSError, ValueError):
            while words := os.read(cast(BinaryIO, self._process.stderr).fileno(), 4096):
                self._tail = (self._tail + words)[-LONGEST_TAIL:]
