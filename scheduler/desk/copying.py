"""Copies of a store that is in use: to a backup file and back, or from one database to another."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from scheduler.desk.store import Store, StoreError
from scheduler.desk.tables import DESK, LOG, metadata

BATCH = 100


def backup(store: Store, path: str | Path) -> None:
    """Write all of a store, as it is at one moment, to a file that is itself a store; nobody has to wait meanwhile.

    The file is there as a whole, or what was there before is.

    Raises
    ------
    StoreError
        If the store cannot be read, or the file not be written.
    """
    file = Path(path)
    try:
        with tempfile.TemporaryDirectory(dir=file.absolute().parent, prefix=".backup") as folder:
            made = Path(folder) / "store.db"
            with Store(made, create=True) as target:
                _fill(store, target)
                target.fold_wal()
            with made.open("rb") as written:
                os.fsync(written.fileno())
            made.replace(file)
    except OSError as error:
        raise StoreError(f"{file}: cannot be written ({error.strerror})") from error


def restore(store: Store, path: str | Path) -> None:
    """Put what a backup holds in place of all that a store holds, at once: others see the one or the other.

    Raises
    ------
    StoreError
        If the backup cannot be read, or the store not be written; it is then as it was.
    """
    file = Path(path)
    if not file.is_file():
        raise StoreError(f"{file}: there is no such file")
    with tempfile.TemporaryDirectory() as folder:
        # A backup stays as it is, also where it is of an older form.
        made = Path(folder) / "store.db"
        shutil.copyfile(file, made)
        with Store(made, create=True) as source:
            _fill(source, store)


def copy(store: Store, place: str) -> None:
    """Copy all of a store to another database, which must be empty.

    Raises
    ------
    StoreError
        If the other holds something, or cannot be written.
    """
    with Store(place, create=True) as target:
        with target.reading() as connection:
            if connection.execute(sa.select(DESK.c.last)).scalar_one() > 0:
                raise StoreError(f"{target.name}: holds a desk already; choose an empty database")
        _fill(store, target)


def _fill(source: Store, target: Store) -> None:
    """Replace all rows of one store by those of another, in one transaction."""
    with source.reading() as given, target.writing() as taken, _log_open(taken):
        for table in metadata.sorted_tables:
            taken.execute(table.delete())
            found = given.execution_options(stream_results=True).execute(sa.select(table)).mappings()
            while rows := found.fetchmany(BATCH):
                taken.execute(table.insert(), [dict(row) for row in rows])


@contextmanager
def _log_open(connection: sa.Connection) -> Iterator[None]:
    """Let the log be replaced within this transaction, and close it again."""
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(f"ALTER TABLE {LOG.name} DISABLE TRIGGER log_is_append_only")
        yield
        connection.exec_driver_sql(f"ALTER TABLE {LOG.name} ENABLE TRIGGER log_is_append_only")
        return
    query = sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'log'")
    triggers = connection.execute(query).all()
    for trigger in triggers:
        connection.exec_driver_sql(f"DROP TRIGGER {trigger.name}")
    yield
    for trigger in triggers:
        connection.exec_driver_sql(trigger.sql)
