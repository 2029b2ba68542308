"""What a batch leaves beside each plan, by which a later run knows what need not be done again."""

import hashlib
import importlib.metadata
import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from scheduler.batch.job import Job, Outcome
from scheduler.publish.files import OWNED
from scheduler.publish.swap import alone_in, put, replace_together

RECORD, DECISIONS = "batch.json", "decisions.csv"
_CHUNK = 2**20


def key_of(job: Job) -> str | None:
    """Give a hash of all that a plan is made from; None where the input cannot be read.

    It is taken of the bytes of every file, so that the one who runs a batch need not load what may be broken or huge.
    """
    digest = hashlib.sha256()
    versions = {name: importlib.metadata.version(name) for name in ("maintenance-window-scheduler", "ortools")}
    digest.update(json.dumps([job.parameters, versions], sort_keys=True).encode())
    try:
        for name, path in _inputs(Path(job.folder), Path(job.out)):
            digest.update(json.dumps([name, path.stat().st_size]).encode())
            _add(digest, path)
    except OSError:
        return None
    return digest.hexdigest()


def kept(job: Job, key: str | None, newest: timedelta) -> Outcome | None:
    """Give what became of a portfolio if it was planned from the same input within `newest`, and all of it is there."""
    out = Path(job.out)
    try:
        record = json.loads((out / RECORD).read_bytes())
        age = datetime.now(UTC) - datetime.fromisoformat(record["finished_at"])
        if key is None or record["key"] != key or not timedelta(0) <= age <= newest:
            return None
        if any(_hash(out / name) != digest for name, digest in record["files"].items()):
            return None
        before = {**record["outcome"], "messages": tuple(record["outcome"]["messages"])}
        before.pop("exit_code")
        return replace(Outcome(**before), kind="kept", name=job.name, folder=job.folder)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # there is none, or it is not one of ours: the portfolio is planned again


def write(job: Job, key: str | None, outcome: Outcome) -> Outcome:
    """Write the plan of a portfolio, or why there is none; an earlier plan stays where there is no new one.

    All the files of a plan are replaced together or not at all; where that fails the outcome says so.
    """
    out = Path(job.out)
    document = outcome.document()
    finished = datetime.now(UTC).isoformat(timespec="seconds")
    if outcome.kind == "planned":
        digests = {name: hashlib.sha256(content).hexdigest() for name, content in outcome.files.items()}
        record = {"key": key, "finished_at": finished, "outcome": document, "files": digests}
        try:
            replace_together(out, {**outcome.files, RECORD: _text(record)}, owned=OWNED)
        except OSError as error:
            told = f"{error.filename or out}: {error.strerror or error}"
            return replace(outcome, kind="not written", messages=(told,), files={})
        return replace(outcome, files={})
    # The record speaks of the plan that lies there; a failure only takes away that it is the newest.
    with suppress(OSError), alone_in(out):
        put(out / RECORD, _text({"key": None, "finished_at": finished, "outcome": document, "files": {}}))
    return outcome


def _text(document: dict[str, Any]) -> bytes:
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")


def _inputs(folder: Path, out: Path) -> Iterable[tuple[str, Path]]:
    if folder.is_file():
        yield folder.name, folder
    else:
        # What is not there, or may not be listed, must not pass for a portfolio without files.
        list(folder.iterdir())
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                yield path.relative_to(folder).as_posix(), path
    if (out / DECISIONS).is_file():
        yield f"plan/{DECISIONS}", out / DECISIONS


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    _add(digest, path)
    return digest.hexdigest()


def _add(digest: Any, path: Path) -> None:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
