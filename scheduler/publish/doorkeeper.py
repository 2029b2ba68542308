"""Keeps the process that answers for calendars before the pages (`scheduler.publish.door`) there, as long as they are.

The port is opened here and stays open: while a process that ended is replaced, whoever comes waits in line.
"""

import json
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

LOOPBACK = "127.0.0.1"
AGAIN_SECONDS = 1.0
FAREWELL_SECONDS = 15.0
_log = logging.getLogger(__name__)


def is_possible() -> bool:
    """Tell whether this system can hand an open port to another process."""
    return os.name == "posix"


class Doorkeeper:
    """The open port, and from `start` on the process that answers there.

    It listens at `address`; `store` and `public_url` are what the calendars are served from, as for the command that
    serves them alone.

    Raises
    ------
    OSError
        If the port cannot be opened.
    """

    def __init__(self, port: int, *, store: str, public_url: str, address: str = LOOPBACK) -> None:
        self._store, self._public_url = store, public_url
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._listener = socket.create_server((address, port), family=family, backlog=2048)
        self._process: subprocess.Popen[bytes] | None = None
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self, pages: int) -> None:
        """Begin to answer; `pages` is the port on this machine where the pages are."""
        threading.Thread(target=self._keep, args=(pages,), daemon=True).start()

    def close(self) -> None:
        """End the process, and close the port."""
        self._ended.set()
        with self._lock:
            process = self._process
        if process is not None:
            _hang_up(process)
            try:
                process.wait(FAREWELL_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._listener.close()

    def _keep(self, pages: int) -> None:
        while self._begin(pages):
            begun = time.monotonic()
            assert self._process is not None
            code = self._process.wait()
            _hang_up(self._process)
            if self._ended.is_set():
                return
            _log.error("the process that serves calendars ended (%s); another is started", code)
            if time.monotonic() - begun < AGAIN_SECONDS:
                self._ended.wait(AGAIN_SECONDS)

    def _begin(self, pages: int) -> bool:
        given = {
            "fd": self._listener.fileno(),
            "pages": pages,
            "store": self._store,
            "public_url": self._public_url,
        }
        with self._lock:
            if self._ended.is_set():
                return False
            # What it needs to know comes by a pipe: others may see arguments, and a store's may hold a password. Its
            # end tells that this process is gone, however it went. Ctrl-C is left to this one.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "scheduler.publish.door"],
                stdin=subprocess.PIPE,
                pass_fds=(self._listener.fileno(),),
                start_new_session=True,
            )
            assert self._process.stdin is not None
            with suppress(OSError):  # it is gone already, and will be replaced
                self._process.stdin.write(json.dumps(given).encode() + b"\n")
                self._process.stdin.flush()
        return True


def _hang_up(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin is not None
    with suppress(OSError):
        process.stdin.close()
