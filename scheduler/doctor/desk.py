"""The store of the desk: whether it opens, is of the right form, takes writes, and how old what it holds is."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from scheduler.desk.access import RefusedError
from scheduler.desk.library import portfolio_of
from scheduler.desk.store import Store, StoreError, newest_form
from scheduler.desk.tables import DESK, VERSIONS
from scheduler.doctor.findings import Finding
from scheduler.inputs import InputError, load
from scheduler.portfolio import Portfolio

PATIENCE_SECONDS = 10.0
DAY = timedelta(days=1)


def open_store(place: str) -> tuple[Store | None, list[Finding]]:
    """Open a store of any form, and say whether it may be read and written."""
    check = "database"
    try:
        store = Store(place, patience=PATIENCE_SECONDS, form="any")
    except StoreError as error:
        return None, [
            Finding(check, "fault", str(error), "see that --store, or store in the settings, names it rightly")
        ]
    try:
        form = store.revision()
        if store.is_sqlite:
            with store.reading() as connection:
                damage = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
            if damage != "ok":
                raise StoreError(f"{store.name}: is damaged ({damage})")
        if form == newest_form():
            with store.writing() as connection:
                connection.execute(sa.select(DESK.c.last))
    except StoreError as error:
        store.close()
        return None, [
            Finding(check, "fault", str(error), "see that it runs and is whole, or: scheduler db restore FILE")
        ]
    return store, [Finding(check, "good", f"{store.name} answers" + (" and takes writes" if form else ""))]


def form_findings(store: Store) -> Iterator[Finding]:
    """Say whether the store is of the form that this program knows."""
    check, form, newest = "migrations", store.revision(), newest_form()
    if form == newest:
        yield Finding(check, "good", f"form {form}, the newest")
    elif form is None:
        yield Finding(check, "fault", f"{store.name} holds no store yet", "scheduler db upgrade")
    else:
        try:
            store.check_form()
        except StoreError as error:
            mend = "install the version that made it" if "newer" in str(error) else "scheduler db upgrade"
            yield Finding(check, "fault", str(error), mend)


def desk_data_findings(store: Store, days: float, now: datetime) -> Iterator[Finding]:
    """Say how old the last import and the usage in it are."""
    check = "data of the desk"
    try:
        with store.reading() as connection:
            imported = connection.execute(sa.select(sa.func.max(VERSIONS.c.at))).scalar()
            if imported is None:
                yield Finding(check, "warning", "no portfolio was imported yet", "scheduler import FOLDER")
                return
            portfolio = portfolio_of(connection)
    except (StoreError, RefusedError, InputError) as error:
        yield Finding(check, "fault", f"cannot be read: {error}", "import the portfolio anew: scheduler import FOLDER")
        return
    mend = "import what is newer: scheduler import FOLDER; a limit of your own is [doctor] data_days"
    yield _aged(check, "the last import", imported, days, now, mend)
    yield from _usage(check, portfolio, days, now, mend)


def folder_findings(folder: str, days: float, now: datetime) -> Iterator[Finding]:
    """Say whether a portfolio can be read, and how old its usage is."""
    check = f"data of {Path(folder).name}"
    try:
        portfolio = load(folder)
    except InputError as error:
        more = f" (and {len(error.problems) - 1} more)" if len(error.problems) > 1 else ""
        yield Finding(check, "fault", f"{error.problems[0]}{more}", f"scheduler check {folder} lists everything")
        return
    yield from _usage(check, portfolio, days, now, "bring in newer usage, as with: scheduler import-usage")
    if portfolio.horizon.end <= now:
        mend = "set a later start in policy.toml"
        yield Finding(check, "fault", f"its weeks ended on {portfolio.horizon.end:%Y-%m-%d}", mend)


def newest_entry(store: Store) -> datetime | None:
    """Give when the last entry of the log was written; None in an empty one."""
    with store.reading() as connection:
        found: datetime | None = connection.execute(sa.select(DESK.c.last_at)).scalar()
    return found


def database_clock(store: Store) -> datetime | None:
    """Ask a database of its own machine what time it has; None for a file."""
    if store.is_sqlite:
        return None
    with store.reading() as connection:
        found: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return found.astimezone(UTC)


def _usage(check: str, portfolio: Portfolio, days: float, now: datetime, mend: str) -> Iterator[Finding]:
    if portfolio.usage.empty:
        yield Finding(check, "warning", "no usage is recorded; office hours are assumed", "scheduler import-usage")
        return
    newest = portfolio.usage["start"].max().to_pydatetime()
    yield _aged(check, "the newest usage", newest, days, now, mend)


def _aged(check: str, what: str, at: datetime, days: float, now: datetime, mend: str) -> Finding:
    age = (now - at) / DAY
    said = f"{what} is of {at.astimezone(UTC):%Y-%m-%d %H:%M} UTC, "
    said += f"{age:.1f} days old" if age >= 0 else "ahead of the clock, as in a rehearsal"
    return (
        Finding(check, "fault", f"{said} ({days:g} are allowed)", mend) if age > days else Finding(check, "good", said)
    )
