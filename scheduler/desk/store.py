"""Opens the store of the desk: SQLite in WAL mode, or PostgreSQL by URL, upgraded to the form that this program knows.

Writers come one after another: on SQLite by its own lock, on PostgreSQL by a lock on the one row of `desk`, which
every writer takes before anything else, so that none can wait for another in a circle. Readers see one moment, and
never wait.
"""

import sqlite3
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from scheduler.desk.fold import refold
from scheduler.desk.tables import DESK

MIGRATIONS = Path(__file__).parent / "migrations"
PATIENCE_SECONDS = 30.0
_UPGRADE_LOCK = 0x6D61696E  # any number that only upgrades of this program lock


class StoreError(Exception):
    """The store cannot be used, in words that say why and what to do; what it holds is whole."""


def store_url(place: str | Path) -> sa.URL:
    """Give the URL of a store: as given, or of the SQLite file at a path.

    Raises
    ------
    StoreError
        If it is the URL of a database that is neither SQLite nor PostgreSQL.
    """
    text = str(place)
    if "://" not in text:
        return sa.URL.create("sqlite", database=text)
    try:
        url = sa.make_url(text)
    except sa.exc.ArgumentError as error:
        raise StoreError(f"{text} is not the URL of a database") from error
    match url.get_backend_name():
        case "sqlite" if url.database and url.database != ":memory:":
            return url.set(drivername="sqlite")
        case "postgresql" | "postgres":
            return url.set(drivername="postgresql+psycopg")
    raise StoreError(f"{url.drivername}: a store is a SQLite file, or a PostgreSQL database by its URL")


class Store:
    """A store that is open; it may be used by several threads, and is closed at the end."""

    def __init__(
        self, place: str | Path, *, create: bool = False, patience: float = PATIENCE_SECONDS, form: str = "head"
    ) -> None:
        """Open a store, and with `create` make or upgrade it, to an older `form` where one is named.

        Raises
        ------
        StoreError
            If it is not there, is of another form, or cannot be opened.
        """
        self.url = store_url(place)
        self.patience = patience
        self._writers = threading.Lock()
        if self.is_sqlite:
            path = Path(self.url.database or "")
            if not path.exists():
                if not create:
                    raise StoreError(f"{path}: there is no store; make one with: scheduler db upgrade")
                path.parent.mkdir(parents=True, exist_ok=True)
        self.engine = _engine(self.url, patience)
        try:
            if create:
                self.upgrade(form)
            if form == "head":
                self.check_form()
        except BaseException:
            self.close()
            raise

    @property
    def is_sqlite(self) -> bool:
        """Tell whether the store is a SQLite file."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def name(self) -> str:
        """The store as people may see it: without a password."""
        return str(self.url.database) if self.is_sqlite else self.url.render_as_string(hide_password=True)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    # --- transactions ------------------------------------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give a connection that sees the store as it is at one moment.

        Raises
        ------
        StoreError
            If the database cannot be read.
        """
        with self._plain_errors(), self.engine.connect() as connection:
            options: dict[str, Any] = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
            connection = connection.execution_options(**options)
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Give a connection that alone may write; leaving it without an error keeps all of it, else nothing.

        Raises
        ------
        StoreError
            If the database is locked for too long, read-only, full, or gone.
        """
        with self._turn(), self._plain_errors(), self.engine.connect() as connection:
            connection = connection.execution_options(writes=True)
            with connection.begin():
                if not self.is_sqlite:
                    connection.execute(sa.select(DESK.c.last).with_for_update())
                yield connection

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Let threads of this program write in turn: SQLite's own lock goes to whoever happens to ask at the time."""
        if not self.is_sqlite:
            yield
        elif not self._writers.acquire(timeout=self.patience):
            raise StoreError(f"{self.name}: too many want to write at once; try again")
        else:
            try:
                yield
            finally:
                self._writers.release()

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.DBAPIError as error:
            raise StoreError(f"{self.name}: {_in_words(error.orig)}") from error
        except sa.exc.TimeoutError as error:
            raise StoreError(f"{self.name}: too much is asked of it at once; try again") from error
        except sqlite3.Error as error:
            # While connecting, errors of the driver come as they are.
            raise StoreError(f"{self.name}: {_in_words(error)}") from error

    # --- the form ----------------------------------------------------------------------------------------------------

    def revision(self) -> str | None:
        """Give the form that the store has now; None for an empty database."""
        with self._plain_errors(), self.engine.connect() as connection, connection.begin():
            return MigrationContext.configure(connection).get_current_revision()

    def upgrade(self, to: str = "head") -> None:
        """Take the store to the form that this program knows, all of the way or not at all.

        Raises
        ------
        StoreError
            If it is of a newer form, or cannot be written.
        """
        if self.is_sqlite:
            self._use_wal()
        with self._plain_errors(), self.engine.connect() as connection:
            connection = connection.execution_options(writes=True)
            with connection.begin():
                if not self.is_sqlite:
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
                now = MigrationContext.configure(connection).get_current_revision()
                if now is not None and now not in _known_forms():
                    raise StoreError(f"{self.name}: was made by a newer version of this program; use that one")
                config = _config()
                config.attributes["connection"] = connection
                command.upgrade(config, to)
                if now is not None and to == "head" and now != newest_form():
                    # What is stored is what the log folds to, in the words of the new form.
                    refold(connection)
                if connection.execute(sa.select(DESK.c.id)).first() is None:
                    connection.execute(DESK.insert().values(id=1, store=uuid.uuid4().hex, last=0, last_at=None))

    def fold_wal(self) -> None:
        """Put everything into the one file, which may then be moved."""
        with self._plain_errors():
            self.engine.dispose()  # idle connections of ours would keep the file from being had alone
            connection = self.engine.raw_connection()
            try:
                connection.driver_connection.execute("PRAGMA journal_mode=DELETE")  # type: ignore[union-attr]
            finally:
                connection.close()

    def _use_wal(self) -> None:
        # The mode is kept in the file; no transaction may be open while it changes.
        with self._plain_errors():
            connection = self.engine.raw_connection()
            try:
                connection.driver_connection.execute("PRAGMA journal_mode=WAL")  # type: ignore[union-attr]
            finally:
                connection.close()

    def check_form(self) -> None:
        """See that the store is of the form that this program knows.

        Raises
        ------
        StoreError
            If it is older, newer, or holds nothing.
        """
        now = self.revision()
        if now == newest_form():
            return
        if now is None:
            raise StoreError(f"{self.name}: holds no store yet; make one with: scheduler db upgrade")
        if now not in _known_forms():
            raise StoreError(f"{self.name}: was made by a newer version of this program; use that one")
        raise StoreError(f"{self.name}: is of an older form ({now}); run: scheduler db upgrade")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def newest_form() -> str | None:
    """Give the newest form of a store, the one that this program knows."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _known_forms() -> set[str]:
    return {one.revision for one in ScriptDirectory.from_config(_config()).walk_revisions()}


def _engine(url: sa.URL, patience: float) -> sa.Engine:
    if url.get_backend_name() != "sqlite":
        milliseconds = int(patience * 1000)
        options = f"-c lock_timeout={milliseconds} -c timezone=UTC"
        return sa.create_engine(
            url,
            pool_size=5,
            max_overflow=20,
            pool_pre_ping=True,
            pool_timeout=patience,
            connect_args={"options": options},
        )
    engine = sa.create_engine(
        url, pool_size=5, max_overflow=20, pool_timeout=patience, connect_args={"timeout": patience}
    )

    @sa.event.listens_for(engine, "connect")
    def _connected(connection: sqlite3.Connection, record: object) -> None:
        # The driver would begin transactions by itself, late, and not around changes of tables.
        connection.isolation_level = None
        connection.execute("PRAGMA synchronous=FULL")

    @sa.event.listens_for(engine, "begin")
    def _begun(connection: sa.Connection) -> None:
        # A writer that began as a reader might find that another wrote meanwhile.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _in_words(error: BaseException | None) -> str:
    """Say what is wrong with a database, and what helps."""
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    lower = text.lower()
    for mark, words in _WORDS.items():
        if mark in lower:
            return f"{words} ({text})"
    return text


_WORDS = {
    "database is locked": "another program holds it; try again when that is done",
    "lock timeout": "another program holds it; try again when that is done",
    "readonly": "may not be written; give write access to the file and its folder",
    "read-only": "may not be written; use a server that takes writes",
    "is full": "there is no room left; nothing was written, make room and try again",
    "no space left": "there is no room left; nothing was written, make room and try again",
    "disk i/o error": "the disk does not take what is written; nothing was written, make room or mend it and try again",
    "unable to open": "cannot be opened; see that the path is right and its folder may be written",
    "not a database": "is not a store, or is damaged; restore a backup",
    "malformed": "is damaged; restore a backup",
    "connection": "the database does not answer; see that it runs and try again",
}
