"""Takes people where they were going once they have signed in; Streamlit would lead everybody to the first page.

Where a page is asked for, its address is kept in a cookie for a while; the answer that ends signing in leads there.
"""

from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, unquote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "scheduler_return_to"
KEPT_SECONDS = 600
LONGEST = 2000
CALLBACK = "/oauth2callback"
_NO_PAGES = ("/_stcore", "/auth/", CALLBACK, "/feeds", "/static", "/media", "/component", "/healthz", "/readyz")


class DeepLinks:
    """The middleware; `secure` where people come by HTTPS."""

    def __init__(self, app: ASGIApp, secure: bool = False) -> None:
        self.app, self.secure = app, secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"]
        keep = address_of(scope) if _is_page(scope) else ""
        back = kept_address(scope["headers"]) if path == CALLBACK else ""

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message["headers"])
                if keep:
                    headers.append((b"set-cookie", self._cookie(quote(keep, safe=""), KEPT_SECONDS)))
                if back and message["status"] in (302, 303, 307) and (b"location", b"/") in headers:
                    headers[headers.index((b"location", b"/"))] = (b"location", back.encode("ascii"))
                    headers.append((b"set-cookie", self._cookie("", 0)))
                message = {**message, "headers": headers}
            await send(message)

        await self.app(scope, receive, answer)

    def _cookie(self, value: str, seconds: int) -> bytes:
        secure = "; Secure" if self.secure else ""
        return f"{COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}".encode("ascii")


def _is_page(scope: Scope) -> bool:
    accepts = next((value for name, value in scope["headers"] if name == b"accept"), b"")
    return scope["method"] == "GET" and b"text/html" in accepts and not scope["path"].startswith(_NO_PAGES)


def address_of(scope: Scope) -> str:
    """Give path and query of a request as they go into an address; empty where that is no address here."""
    query = scope["query_string"].decode("latin-1")
    return _safe(quote(scope["path"], safe="/%:@!$&'()*+,;=~-._") + (f"?{query}" if query else ""))


def kept_address(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Give the address in the cookie of a request; empty where there is none that may be gone to."""
    for name, value in headers:
        if name == b"cookie":
            try:
                found = SimpleCookie(value.decode("latin-1")).get(COOKIE)
            except CookieError:
                return ""
            if found is not None:
                return _safe(unquote(found.value))
    return ""


def _safe(address: str) -> str:
    """Give an address back where it cannot lead to another host, nor end a header."""
    here = address.startswith("/") and not address.startswith("//") and "\\" not in address
    plain = address.isascii() and address.isprintable() and " " not in address
    return address if here and plain and len(address) <= LONGEST and not address.startswith(_NO_PAGES) else ""
