"""The way back after signing in: to the page that was asked for, and to no other host."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from scheduler.ui.deep_links import COOKIE, LONGEST, DeepLinks, kept_address

HTML = b"text/html,application/xhtml+xml"


async def server(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with a page, or where signing in ends lead to the first one, as Streamlit does."""
    headers = [(b"content-type", b"text/html")]
    if scope["path"] == "/oauth2callback":
        failed = b"error" in scope["query_string"]
        headers = [(b"location", b"/elsewhere" if failed else b"/")]
    await send(
        {"type": "http.response.start", "status": 302 if headers[0][0] == b"location" else 200, "headers": headers}
    )
    await send({"type": "http.response.body", "body": b""})


class Visitor:
    """A browser that keeps the one cookie."""

    def __init__(self, *, secure: bool = False) -> None:
        self.app, self.cookie = DeepLinks(server, secure=secure), ""

    def get(self, address: str, *, method: str = "GET", accept: bytes = HTML) -> dict[str, str]:
        """Ask for an address, and give the headers of the answer."""
        path, _, query = address.partition("?")
        sent: list[Message] = []
        headers = [(b"accept", accept), (b"cookie", f"a=b; {COOKIE}={self.cookie}".encode("latin-1"))]
        scope: dict[str, Any] = {"type": "http", "method": method, "path": path, "headers": headers}

        async def receive() -> Message:
            return {"type": "http.request"}

        async def send(message: Message) -> None:
            sent.append(message)

        answered = self.app(scope | {"query_string": query.encode("ascii")}, receive, send)
        # Tests that drive a browser leave a loop running in this thread.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, answered).result()
        found = {name.decode(): value.decode("ascii") for name, value in sent[0]["headers"]}
        if "set-cookie" in found:
            self.cookie = found["set-cookie"].partition(";")[0].partition("=")[2]
        return found

    def back(self) -> str:
        """Come back from the provider, and give where it leads."""
        return self.get("/oauth2callback?code=x")["location"]


@pytest.mark.parametrize("address", ["/change?change=A", "/change?change=C%26D+%2F", "/", "/schedule?by=by+team"])
def test_people_come_back_to_where_they_were_going(address: str) -> None:
    visitor = Visitor()
    cookie = visitor.get(address)["set-cookie"]
    assert "HttpOnly; SameSite=Lax" in cookie
    assert "Secure" not in cookie
    assert visitor.back() == address
    # Once: who signs in again later, from elsewhere, begins at the first page.
    assert visitor.back() == "/"


def test_only_pages_are_kept() -> None:
    visitor = Visitor()
    visitor.get("/change?change=A")
    visitor.get("/_stcore/health")
    visitor.get("/feeds/secret.ics")
    visitor.get("/savings", accept=b"*/*")  # no browser asks for a page so
    visitor.get("/savings", method="POST")
    assert visitor.back() == "/change?change=A"


def test_another_end_of_signing_in_is_left_alone() -> None:
    visitor = Visitor()
    visitor.get("/change?change=A")
    assert visitor.get("/oauth2callback?error=no")["location"] == "/elsewhere"


@pytest.mark.parametrize(
    "address",
    [
        "//evil.example/x", "https://evil.example", "/\\evil.example", "/\r\nset-cookie: a=b", "/a b", "/é", "",
        "evil", "/auth/logout", "/oauth2callback", "/feeds/x.ics", f"/{'x' * LONGEST}",
    ],
)  # fmt: skip
def test_a_forged_cookie_leads_nowhere(address: str) -> None:
    visitor = Visitor()
    visitor.cookie = quote(address, safe="")
    assert visitor.back() == "/"


@given(st.binary(max_size=80))
def test_any_cookie_at_all_is_survived(value: bytes) -> None:
    found = kept_address([(b"cookie", COOKIE.encode() + b"=" + value)])
    assert found == "" or (found.startswith("/") and not found.startswith("//") and found.isascii())


def test_behind_https_the_cookie_goes_nowhere_else() -> None:
    assert Visitor(secure=True).get("/savings")["set-cookie"].endswith("; Secure")
