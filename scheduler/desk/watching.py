"""Tells cheaply whether anything was decided since somebody last looked, whichever process decided it.

Nothing is sent around when the store is written to: whoever keeps something of it asks, each time, whether it is still
as it was. On SQLite that is one question that reads no table (`PRAGMA data_version`, which counts what other
connections wrote); on PostgreSQL one that reads one row.
"""

import sqlite3
import threading
from pathlib import Path

import sqlalchemy as sa

from scheduler.desk.store import Store, StoreError
from scheduler.desk.tables import DESK

Mark = tuple[str, ...]
"""What tells one state of the desk from every other: where two are equal, nothing was decided in between."""


class Watch:
    """Somebody who looks at a store again and again; several threads may ask."""

    def __init__(self, store: Store) -> None:
        self._store, self._path = store, Path(store.url.database or "")
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._file = (0, 0)
        self._seen: tuple[int, Mark] | None = None

    def glance(self) -> Mark | None:
        """Give the mark of the desk where that can be told at once; None tells nothing."""
        if not self._store.is_sqlite or not self._lock.acquire(blocking=False):
            return None
        try:
            return self._unchanged()
        except (OSError, sqlite3.Error):
            return None
        finally:
            self._lock.release()

    def look(self) -> Mark:
        """Give the mark of the desk as it is now; it may have to wait for the database.

        Raises
        ------
        StoreError
            If the store does not answer.
        """
        if not self._store.is_sqlite:
            with self._store.reading() as connection:
                return mark_of(connection)
        if not self._lock.acquire(timeout=self._store.patience):
            raise StoreError(f"{self._store.name}: does not answer")
        try:
            return self._look()
        except (OSError, sqlite3.Error) as error:
            self._leave()
            raise StoreError(f"{self._store.name}: cannot be read ({type(error).__name__}: {error})") from error
        finally:
            self._lock.release()

    def __del__(self) -> None:
        self._leave()

    def close(self) -> None:
        """Give back what is held open; whoever looks again opens it again."""
        with self._lock:
            self._leave()

    def _unchanged(self) -> Mark | None:
        """Give the mark that was seen last where nothing was written since, nor another file put in place of this."""
        if self._connection is None or self._seen is None or self._place() != self._file:
            return None
        version, mark = self._seen
        return mark if self._version() == version else None

    def _look(self) -> Mark:
        mark = self._unchanged()
        if mark is not None:
            return mark
        if self._connection is None or self._place() != self._file:
            self._leave()
            # What was opened before would go on showing the file that was there.
            self._store.engine.dispose()
            self._file = self._place()
            # It asks for nothing that would ever be worth waiting for.
            self._connection = sqlite3.connect(
                f"{self._path.absolute().as_uri()}?mode=rw",
                uri=True,
                timeout=0,
                isolation_level=None,
                check_same_thread=False,
            )
        version = self._version()
        # Read after the version: what is written between the two is seen the next time.
        with self._store.reading() as connection:
            mark = mark_of(connection)
        self._seen = version, mark
        return mark

    def _place(self) -> tuple[int, int]:
        status = self._path.stat()
        return status.st_dev, status.st_ino

    def _version(self) -> int:
        assert self._connection is not None
        ((version,),) = self._connection.execute("PRAGMA data_version")
        return int(version)

    def _leave(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection, self._file, self._seen = None, (0, 0), None


def mark_of(connection: sa.Connection) -> Mark:
    """Give the mark of the desk as a connection sees it.

    A backup that is restored may bring back the numbers that the log had before, but not what the database itself
    counts: the transaction that wrote the row, or the changes to its form, of which a restore makes some.

    Raises
    ------
    StoreError
        If the store holds no desk.
    """
    if connection.dialect.name == "sqlite":
        form = connection.exec_driver_sql("PRAGMA schema_version").scalar()
        counted: sa.ColumnElement[str] = sa.literal(str(form))
    else:
        counted = sa.literal_column("xmin::text", sa.Text)
    row = connection.execute(sa.select(DESK.c.store, DESK.c.last, DESK.c.last_at, counted)).first()
    if row is None:
        raise StoreError("the store holds no desk")
    return tuple(str(one) for one in row)
