"""Nothing is fetched from where only this machine can go, and nothing that is too large, too slow or sent around."""

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from scheduler.inputs.fetching import FetchError, _is_public, fetch

GOOD = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
HERE = ("127.0.0.1",)


class Pages(BaseHTTPRequestHandler):
    """Answers well and badly, by the path."""

    def do_GET(self) -> None:
        port = self.server.server_address[1]
        redirects = {
            "/once": "/good",
            "/loop": "/loop",
            "/inward": f"http://localhost:{port}/good",
            "/metadata": "http://169.254.169.254/latest",
            "/file": "file:///etc/passwd",
        }
        if self.path in redirects:
            self.send_response(302)
            self.send_header("Location", redirects[self.path])
            self.end_headers()
        elif self.path == "/missing":
            self.send_error(404)
        elif self.path == "/packed":
            self._send(gzip.compress(b"0" * 1000), {"Content-Encoding": "gzip"})
        elif self.path == "/cut":
            self._send(GOOD, {"Content-Length": "5000"})
        elif self.path == "/large":
            self.send_response(200)
            self.end_headers()
            self._drip(b"x" * 100_000, 0.0)
        elif self.path == "/slow":
            self.send_response(200)
            self.end_headers()
            self._drip(b"x", 0.05)
        else:
            self._send(GOOD, {"Content-Length": str(len(GOOD))})

    def _send(self, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _drip(self, piece: bytes, wait: float) -> None:
        try:
            for _ in range(400):
                self.wfile.write(piece)
                time.sleep(wait)
        except OSError:
            return

    def log_message(self, format: str, *arguments: object) -> None:
        return


@contextmanager
def served() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def pages() -> Iterator[str]:
    with served() as address:
        yield address


@pytest.mark.parametrize("path", ["/good", "/once"])
def test_a_file_is_fetched_where_the_host_is_allowed(pages: str, path: str) -> None:
    assert fetch(pages + path, allowed=HERE) == GOOD


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/loop", "sent on more than 3 times"),
        ("/inward", "localhost is on this machine or in this network"),
        ("/metadata", "169.254.169.254 is on this machine or in this network"),
        ("/file", "no address such as https"),
        ("/missing", "answers 404"),
        ("/packed", "sends it packed"),
        ("/large", "larger than 5,000,000 bytes"),
        ("/cut", "127.0.0.1: IncompleteRead|ended before all of it was there"),
    ],
)
def test_what_is_refused(pages: str, path: str, problem: str) -> None:
    with pytest.raises(FetchError, match=problem):
        fetch(pages + path, allowed=HERE)


def test_a_slow_server_is_not_waited_for(pages: str) -> None:
    begun = time.monotonic()
    with pytest.raises(FetchError, match=r"longer than 0\.5 seconds"):
        fetch(f"{pages}/slow", allowed=HERE, most_seconds=0.5)
    assert time.monotonic() - begun < 10


def test_a_server_that_never_answers_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(FetchError, match=r"longer than 0\.5 seconds"):
        fetch(f"http://127.0.0.1:{silent.getsockname()[1]}/", allowed=HERE, most_seconds=0.5)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://0/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://10.0.0.1/",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://100.64.0.1/",
        "http://localhost/",
        "http://0x7f000001/",
        "http://2130706433/",
    ],
)
def test_nothing_private_is_asked(url: str) -> None:
    with pytest.raises(FetchError, match="on this machine or in this network"):
        fetch(url)


@pytest.mark.parametrize("url", ["", "x.ics", "ftp://a.example/x", "http:///x", "http://a b/", "http://a:b@c.example/",
                                 "http://[::1", "http://x:99999/", "javascript:1"])  # fmt: skip
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(FetchError, match=r"no address|name or password"):
        fetch(url)


def test_which_addresses_are_public() -> None:
    assert _is_public("8.8.8.8")
    assert _is_public("2606:4700::1111")
    private = ("127.0.0.2", "0.0.0.0", "224.0.0.1", "::", "fe80::1%eth0", "fc00::1", "::ffff:10.0.0.1", "2002:7f00:1::")
    assert not [one for one in private if _is_public(one)]
