"""One port for two servers: who asks for a calendar is answered here, everybody else is passed on to the pages.

The threads that draw pages share one interpreter, and whoever else needs it waits for them. So calendars are answered
by a process of their own, which takes in every connection. The first bytes of it decide, for all of it: what begins as
a question for a feed is answered here, and the connection ends with the answer; anything else is carried to the pages
and back unread, websockets and uploads alike. The pages answer questions for feeds as well, where one comes to them.
"""

import asyncio
import json
import os
import socket
import sys
import threading
import time
from contextlib import closing
from typing import Any, cast

import uvicorn
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from scheduler import journal
from scheduler.desk.store import Store, StoreError
from scheduler.publish.desk_feeds import DeskFeeds
from scheduler.publish.figures import server_figures
from scheduler.publish.web import FEEDS, METRICS, application, keep_secrets_out_of_logs
from scheduler.settings import read_settings, secret_values

LOOPBACK = "127.0.0.1"
SWITCH_SECONDS = 0.0005
FAREWELL_SECONDS = 5
_OURS = tuple(f"{method} {path}".encode() for method in ("GET", "HEAD") for path in (f"{FEEDS}/", f"{METRICS} "))
_NOBODY = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\nretry-after: 5\r\n"
    b"cache-control: no-store\r\ncontent-length: 23\r\nconnection: close\r\n\r\nnot available just now\n"
)


class _Half(asyncio.Protocol):
    """One end of a connection that is carried: what comes in goes out at the other, no faster than that takes it."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: _Half | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)

    def eof_received(self) -> bool:
        if self.other is not None and self.other.transport is not None and self.other.transport.can_write_eof():
            self.other.transport.write_eof()
        return True

    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        self.transport = None
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()


class Door(_Half):
    """A connection that somebody opened; `pages` is the port on this machine to which what is no feed is carried."""

    pages = 0

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any], _loop: Any = None) -> None:
        super().__init__()
        self._config, self._state, self._app_state = config, server_state, app_state
        self._carrying: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first bytes."""
        super().connection_made(transport)
        # The server counts its connections and, when it ends, tells each to shut down.
        self._connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Decide by the first bytes, and carry what follows."""
        if self.other is not None:
            super().data_received(data)
        elif data.startswith(_OURS):
            self._answer(data)
        else:
            assert self.transport is not None
            self.transport.pause_reading()
            self._carrying = asyncio.get_running_loop().create_task(self._carry(data))

    def eof_received(self) -> bool:
        """Carry the end of what is asked; whoever asked nothing gets nothing."""
        return self.other is not None and super().eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        """Close the other end as well."""
        self._connections.discard(self)
        super().connection_lost(error)

    def shutdown(self) -> None:
        """Close both ends."""
        for one in (self, self.other):
            if one is not None and one.transport is not None:
                one.transport.close()

    @property
    def _connections(self) -> set[Any]:
        return self._state.connections

    def _answer(self, data: bytes) -> None:
        assert self.transport is not None
        self._connections.discard(self)
        inner = H11Protocol(self._config, self._state, self._app_state)
        inner.connection_made(self.transport)
        self.transport.set_protocol(inner)
        inner.data_received(data)

    async def _carry(self, data: bytes) -> None:
        far = _Half()
        try:
            await asyncio.get_running_loop().create_connection(lambda: far, LOOPBACK, self.pages)
        except OSError:
            if self.transport is not None:
                self.transport.write(_NOBODY)
                self.transport.close()
            return
        assert far.transport is not None
        if self.transport is None:
            far.transport.close()
            return
        self.other, far.other = far, self
        far.transport.write(data)
        self.transport.resume_reading()


def door_to(port: int) -> type[Door]:
    """Give the protocol of a door before pages that are at a port of this machine."""
    return type("DoorTo", (Door,), {"pages": port})


def main() -> None:
    """Serve as the first line of standard input says, until that ends: then whoever started this is gone."""
    given = json.loads(sys.stdin.readline())
    settings = read_settings()
    journal.configure(settings.log.format, "warning", secret_values(settings))
    keep_secrets_out_of_logs()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        store = Store(given["store"])
    except StoreError as error:
        raise SystemExit(str(error)) from error
    with store, closing(DeskFeeds(store, given["public_url"])) as feeds, socket.socket(fileno=given["fd"]) as listener:
        listener.setblocking(False)
        config = Config(
            application(
                feeds, secure=given["public_url"].startswith("https:"), figures=server_figures(settings, store)
            ),
            http=door_to(given["pages"]),
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            # What comes after a feed on the same connection may be for the pages.
            headers=[("connection", "close")],
            timeout_graceful_shutdown=FAREWELL_SECONDS,
        )
        server = uvicorn.Server(config)
        threading.Thread(target=_until_left_alone, args=(server,), daemon=True).start()
        feeds.warm()
        server.run(sockets=[listener])


def _until_left_alone(server: uvicorn.Server) -> None:
    sys.stdin.read()
    server.should_exit = True
    time.sleep(2 * FAREWELL_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    main()
