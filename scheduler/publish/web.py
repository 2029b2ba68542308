"""The routes of the calendars (Starlette), the same beside the browser pages and in a process of their own.

A feed is found by the secret in its path alone: there is no sign-in, no cookie, no redirect, as the programs that fetch
calendars can follow none. What is wrong with a secret is not told. An error answers 503 with no calendar in it: readers
that were given an empty one would delete everything.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Protocol, TypeVar

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from scheduler.metrics import CONTENT_TYPE, ServerFigures
from scheduler.publish.validators import Body, wants_gzip

FEEDS, METRICS = "/feeds", "/metrics"
MAX_AGE_SECONDS = 900
RETRY_SECONDS = 60
PATIENCE_SECONDS = 10.0
MOST_THREADS = 16
T = TypeVar("T")
_log = logging.getLogger(__name__)

_EVERY = {"referrer-policy": "no-referrer", "x-content-type-options": "nosniff", "x-robots-tag": "noindex"}
_PRIVATE = f"private, max-age={MAX_AGE_SECONDS}, no-transform"


Mark = tuple[str, ...]
"""What is another one after anything changed that a feed depends on, but for the time."""


class Source(Protocol):
    """Where feeds come from. What waits may raise anything where it does not answer."""

    def glance(self) -> Mark | None:
        """Give the mark of now where that can be told at once; it never waits or raises, and None tells nothing."""

    def look(self) -> Mark:
        """Give the mark of now; it may wait."""

    def recall(self, secret: str, now: datetime, seen: Mark) -> Body | None:
        """Give what `find` would, where it is known to hold at a mark; it never waits, and None tells nothing."""

    def find(self, secret: str, now: datetime, seen: Mark) -> Body | None:
        """Give the feed that a secret opens, or None alike for one that is unknown, revoked or expired; it may wait.

        `seen` is a mark that was given after the question came.
        """


def feed_path(secret: str) -> str:
    """Give the path of a feed."""
    return f"{FEEDS}/{secret}.ics"


def routes(
    source: Source,
    *,
    secure: bool = False,
    clock: Callable[[], datetime] | None = None,
    figures: ServerFigures | None = None,
) -> list[BaseRoute]:
    """Give the routes of the feeds and the two questions a supervisor asks: is it alive, can it serve.

    With `secure`, answers tell browsers to come by HTTPS only, from then on. `figures` count what is answered, and
    are given to whoever asks for them.
    """
    site = _Site(source, secure, clock or _now, figures)
    return [
        *([Route(METRICS, site.metrics, methods=["GET"])] if figures is not None else []),
        Route(f"{FEEDS}/{{secret}}.ics", site.counted_feed, methods=["GET", "HEAD"]),
        # Pages of the browser may answer whatever no route takes: nothing below this path may come to them.
        Route(f"{FEEDS}/{{rest:path}}", site.missing, methods=["GET", "HEAD"]),
        Route(FEEDS, site.missing, methods=["GET", "HEAD"]),
        Route("/healthz", site.alive, methods=["GET", "HEAD"]),
        Route("/readyz", site.ready, methods=["GET", "HEAD"]),
        Route("/robots.txt", site.robots, methods=["GET", "HEAD"]),
    ]


def application(
    source: Source,
    *,
    secure: bool = False,
    clock: Callable[[], datetime] | None = None,
    figures: ServerFigures | None = None,
) -> Starlette:
    """Give an application of the routes alone."""
    return Starlette(routes=routes(source, secure=secure, clock=clock, figures=figures))


def _now() -> datetime:
    return datetime.now(UTC)


class _Site:
    """The answers."""

    def __init__(
        self, source: Source, secure: bool, clock: Callable[[], datetime], figures: ServerFigures | None = None
    ) -> None:
        self._source, self._clock, self._figures = source, clock, figures
        self._threads: anyio.CapacityLimiter | None = None
        self._look: asyncio.Task[Mark] | None = None
        self._next_look: asyncio.Task[Mark] | None = None
        self._headers = _EVERY | ({"strict-transport-security": "max-age=31536000"} if secure else {})

    async def _asked(self, question: Callable[[], T]) -> T:
        # A database that hangs would in time hold every thread there is, those of the pages too.
        if self._threads is None:
            self._threads = anyio.CapacityLimiter(MOST_THREADS)
        with anyio.fail_after(PATIENCE_SECONDS):
            return await anyio.to_thread.run_sync(question, abandon_on_cancel=True, limiter=self._threads)

    async def _looked(self) -> Mark:
        """Give a mark from after now; whoever waits for one is given the same."""
        if self._next_look is None:
            self._next_look = asyncio.create_task(self._look_after(self._look))
        return await asyncio.shield(self._next_look)

    async def _look_after(self, before: "asyncio.Task[Mark] | None") -> Mark:
        # A look that had begun may have missed what was decided just before somebody asked: they wait for the next.
        if before is not None:
            await asyncio.wait({before})
        self._look, self._next_look = self._next_look, None
        return await self._asked(self._source.look)

    async def _found(self, secret: str, now: datetime) -> Body | None:
        seen = self._source.glance()
        body = None if seen is None else self._source.recall(secret, now, seen)
        if body is not None:
            return body
        with anyio.fail_after(PATIENCE_SECONDS):
            if seen is None:
                seen = await self._looked()
                body = self._source.recall(secret, now, seen)
            return body or await self._asked(partial(self._source.find, secret, now, seen))

    async def counted_feed(self, request: Request) -> Response:
        answer = await self.feed(request)
        if self._figures is not None:
            self._figures.feed_answered(answer.status_code)
        return answer

    async def metrics(self, request: Request) -> Response:
        assert self._figures is not None
        try:
            page = await self._asked(self._figures.page)
        except Exception as error:
            _log.error("figures could not be given: %s", type(error).__name__)
            return self._unavailable()
        return Response(page, headers=self._headers | {"cache-control": "no-store", "content-type": CONTENT_TYPE})

    async def feed(self, request: Request) -> Response:
        now = self._clock()
        try:
            body = await self._found(request.path_params["secret"], now)
        except Exception as error:
            # Neither the path nor what the database says of its question may be logged: they hold the secret.
            _log.error("a feed could not be given: %s", type(error).__name__)
            return self._unavailable()
        if body is None:
            return await self.missing(request)
        zipped = wants_gzip(request.headers.get("accept-encoding"))
        headers = self._headers | {
            "etag": body.etag(zipped=zipped),
            "last-modified": body.shown_modified(now),
            "cache-control": _PRIVATE,
            "vary": "Accept-Encoding",
        }
        if body.known_to(request.headers):
            return Response(status_code=304, headers=headers)
        if zipped:
            headers["content-encoding"] = "gzip"
        return Response(
            body.zipped if zipped else body.plain, headers=headers, media_type="text/calendar; charset=utf-8"
        )

    async def missing(self, request: Request) -> Response:
        """Answer everything that opens nothing, in one way."""
        return PlainTextResponse("not found\n", 404, self._headers | {"cache-control": "no-store"})

    async def alive(self, request: Request) -> Response:
        return PlainTextResponse("ok\n", headers=self._headers | {"cache-control": "no-store"})

    async def ready(self, request: Request) -> Response:
        try:
            with anyio.fail_after(PATIENCE_SECONDS):
                await self._looked()
        except Exception as error:
            _log.error("not ready: %s", type(error).__name__)
            return self._unavailable()
        return PlainTextResponse("ready\n", headers=self._headers | {"cache-control": "no-store"})

    async def robots(self, request: Request) -> Response:
        # Some services that fetch calendars for people keep to this file.
        return PlainTextResponse(f"User-agent: *\nAllow: {FEEDS}/\nDisallow: /\n", headers=self._headers)

    def _unavailable(self) -> Response:
        headers = self._headers | {"cache-control": "no-store", "retry-after": str(RETRY_SECONDS)}
        return PlainTextResponse("not available just now\n", 503, headers)


class WithoutSecrets(logging.Filter):
    """Takes the secrets of feeds out of what is logged of requests."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace what follows the path of the feeds."""
        if isinstance(record.args, tuple):
            record.args = tuple(_hidden(one) if isinstance(one, str) else one for one in record.args)
        if isinstance(record.msg, str):
            record.msg = _hidden(record.msg)
        return True


def _hidden(text: str) -> str:
    before, mark, _ = text.partition(f"{FEEDS}/")
    return f"{before}{mark}…" if mark else text


def keep_secrets_out_of_logs(names: Sequence[str] = ("uvicorn.access", "uvicorn.error")) -> None:
    """Take secrets out of what servers log of requests."""
    for name in names:
        logger = logging.getLogger(name)
        if not any(isinstance(one, WithoutSecrets) for one in logger.filters):
            logger.addFilter(WithoutSecrets())
