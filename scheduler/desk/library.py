"""Versions of the portfolio in the store: as they were imported, and as planning needs them now."""

import json
import tempfile
import zlib
from collections import OrderedDict
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

import sqlalchemy as sa

from scheduler.desk.access import RefusedError
from scheduler.desk.tables import SETTINGS, VERSIONS
from scheduler.inputs import InputError, load, portfolio_document
from scheduler.inputs.fingerprint import content_hash
from scheduler.portfolio import Portfolio

MOST_KEPT = 4
_kept: "OrderedDict[tuple[str, datetime, str], Portfolio]" = OrderedDict()
_alone = Lock()


def current_version(connection: sa.Connection) -> int | None:
    """Give the number of the version that holds now; None before the first import."""
    found: int | None = connection.execute(sa.select(SETTINGS.c.value).where(SETTINGS.c.name == "version")).scalar()
    return found


def add_version(connection: sa.Connection, portfolio: Portfolio, *, by: str, source: str, at: datetime) -> int:
    """Keep a portfolio, and give the number of its version."""
    number = 1 + (connection.execute(sa.select(sa.func.max(VERSIONS.c.id))).scalar() or 0)
    document = json.dumps(portfolio_document(portfolio), separators=(",", ":")).encode()
    row = {
        "id": number,
        "content_hash": portfolio.content_hash or content_hash(portfolio),
        "at": at,
        "by": by,
        "source": source,
    }
    connection.execute(
        VERSIONS.insert().values(row | {"warnings": list(portfolio.warnings), "document": zlib.compress(document)})
    )
    return number


def portfolio_of(connection: sa.Connection, version: int | None = None, *, now: datetime | None = None) -> Portfolio:
    """Give a version of the portfolio, the current one unless one is named, seen from `now` or else from its import.

    Raises
    ------
    RefusedError
        If there is none, or its weeks are over.
    """
    number = current_version(connection) if version is None else version
    if number is None:
        raise RefusedError("there is no portfolio yet; bring one in with: scheduler import FOLDER")
    columns = (VERSIONS.c.content_hash, VERSIONS.c.at, VERSIONS.c.source)
    row = connection.execute(sa.select(*columns).where(VERSIONS.c.id == number)).first()
    if row is None:
        raise RefusedError(f"there is no version {number} of the portfolio")
    key = (row.content_hash, row.at, row.source)
    with _alone:
        found = _kept.get(key)
    if found is None:
        found = _read(connection, number)
        with _alone:
            _kept[key] = found
            while len(_kept) > MOST_KEPT:
                _kept.popitem(last=False)
    return found if now is None else seen_from(found, now)


def seen_from(portfolio: Portfolio, now: datetime) -> Portfolio:
    """Give a portfolio as it is planned at an instant, which must lie before its end.

    One that names a later instant as its own present, as rehearsals do, is seen from there until the clock has passed
    it: its usage is recorded up to then.

    Raises
    ------
    RefusedError
        If its weeks are over.
    """
    at = max(portfolio.now, now.astimezone(UTC).replace(microsecond=0))
    if at >= portfolio.horizon.end:
        raise RefusedError(f"the planned weeks ended on {portfolio.horizon.end:%Y-%m-%d %H:%M}Z; import later ones")
    return replace(portfolio, now=at)


def _read(connection: sa.Connection, number: int) -> Portfolio:
    row = connection.execute(sa.select(VERSIONS).where(VERSIONS.c.id == number)).mappings().one()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "portfolio.json"
        path.write_bytes(zlib.decompress(row["document"]))
        try:
            portfolio = load(path)
        except InputError as error:
            raise RefusedError(f"version {number} of the portfolio cannot be read: {error.problems[0]}") from error
    return replace(portfolio, warnings=tuple(row["warnings"]), folder=row["source"])
