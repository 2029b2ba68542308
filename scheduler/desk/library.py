"""Versions of the portfolio in the store: as they were imported, and as planning needs them now."""

import io
import json
import tempfile
import zipfile
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
from scheduler.portfolio import Portfolio, no_usage

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
    row = {
        "id": number,
        "content_hash": portfolio.content_hash or content_hash(portfolio),
        "at": at,
        "by": by,
        "source": source,
    }
    connection.execute(
        VERSIONS.insert().values(row | {"warnings": list(portfolio.warnings), "document": _packed(portfolio)})
    )
    return number


def _packed(portfolio: Portfolio) -> bytes:
    """Give a portfolio as it is kept: an archive of portfolio.json and, of what was recorded, usage.parquet."""
    document = portfolio_document(replace(portfolio, usage=no_usage()))
    del document["usage"]
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("portfolio.json", json.dumps(document, separators=(",", ":")))
        if len(portfolio.usage):
            table = io.BytesIO()
            portfolio.usage.to_parquet(table, index=False)
            archive.writestr("usage.parquet", table.getvalue(), zipfile.ZIP_STORED)
    return kept.getvalue()


def _unpacked(kept: bytes, folder: Path) -> None:
    """Write a portfolio that was kept into a folder, whichever form it was kept in."""
    if zipfile.is_zipfile(io.BytesIO(kept)):
        with zipfile.ZipFile(io.BytesIO(kept)) as archive:
            archive.extractall(folder)
    else:
        # Versions of old stores are one compressed portfolio.json.
        (folder / "portfolio.json").write_bytes(zlib.decompress(kept))


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
        _unpacked(row["document"], Path(folder))
        try:
            portfolio = load(folder)
        except InputError as error:
            raise RefusedError(f"version {number} of the portfolio cannot be read: {error.problems[0]}") from error
    return replace(portfolio, warnings=tuple(row["warnings"]), folder=row["source"])
