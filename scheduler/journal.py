"""What the program logs: lines for people, or one JSON object a line; with the id of the run, and without secrets."""

import json
import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

HIDDEN = "…"
SHORTEST_SECRET = 4  # shorter ones would blot out ordinary words
_run: ContextVar[str] = ContextVar("run", default="")
_ORDINARY = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", "color_message"}


@contextmanager
def in_run(run: str) -> Iterator[None]:
    """Give everything that is logged inside the id of a run; threads that begin inside have to say so again."""
    token = _run.set(run)
    try:
        yield
    finally:
        _run.reset(token)


def configure(
    format: Literal["text", "json"] = "text",
    level: str = "info",
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
) -> logging.Handler:
    """Log to a stream (the error output) in one form, in place of all that was set up before."""
    handler = logging.StreamHandler(stream or sys.stderr)
    hidden = tuple(one for one in secrets if len(one) >= SHORTEST_SECRET)
    handler.setFormatter(JsonLines(hidden) if format == "json" else TextLines(hidden))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    return handler


class TextLines(logging.Formatter):
    """A line with the time in UTC, the level, the run, and what is to say."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._secrets = tuple(secrets)

    def format(self, record: logging.LogRecord) -> str:
        """Give a record as one line, or more where an error is told in full."""
        run = _run_of(record)
        # What comes from outside must not begin a line of its own, which would pass for ours.
        said = " ".join(record.getMessage().splitlines())
        lines = [" ".join(filter(None, [_at(record), record.levelname, run and f"run={run}", said]))]
        if record.exc_info:
            lines.append(self.formatException(record.exc_info))
        return without("\n".join(lines), self._secrets)


class JsonLines(TextLines):
    """One JSON object a line: at, level, logger, run, message, and whatever the record was given beside."""

    def format(self, record: logging.LogRecord) -> str:
        """Give a record as one object."""
        content: dict[str, Any] = {"at": _at(record), "level": record.levelname.lower(), "logger": record.name}
        if run := _run_of(record):
            content["run"] = run
        content["message"] = record.getMessage()
        content |= {name: value for name, value in vars(record).items() if name not in _ORDINARY | {"run"}}
        if record.exc_info:
            content["error"] = self.formatException(record.exc_info)
        return json.dumps(_hidden(content, self._secrets), ensure_ascii=False, default=str)


def without(text: str, secrets: Iterable[str]) -> str:
    """Give a text without the secrets in it."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return text


def _hidden(value: Any, secrets: tuple[str, ...]) -> Any:
    # In each text rather than in the finished line, where a secret might be written with escapes.
    if isinstance(value, dict):
        return {name: _hidden(one, secrets) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden(one, secrets) for one in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return without(str(value), secrets)


def _run_of(record: logging.LogRecord) -> str:
    return str(getattr(record, "run", "") or _run.get())


def _at(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
