"""Rows by table and key: in the store, or in memory when the log is replayed."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import sqlalchemy as sa

from scheduler.desk.tables import FOLDED

Row = dict[str, Any]
Key = tuple[Any, ...]
BATCH = 500


def key_of(table: sa.Table, row: Mapping[str, Any]) -> Key:
    """Give the values of the primary key."""
    return tuple(row[column.name] for column in table.primary_key.columns)


class Shelf(Protocol):
    """Where the fold of the log finds rows and puts them."""

    def get(self, table: sa.Table, *key: Any) -> Row | None:
        """Give a copy of the row with a key."""

    def put(self, table: sa.Table, row: Row) -> None:
        """Add a row, or replace the one of the same key."""


class MemoryShelf:
    """Rows in memory."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[Key, Row]] = {table.name: {} for table in FOLDED}

    def get(self, table: sa.Table, *key: Any) -> Row | None:
        """Give a copy of the row with a key."""
        found = self.rows[table.name].get(key)
        return None if found is None else dict(found)

    def put(self, table: sa.Table, row: Row) -> None:
        """Add a row, or replace the one of the same key."""
        self.rows[table.name][key_of(table, row)] = dict(row)


class StoredShelf:
    """Rows of a store within one transaction; what is put is written at `flush`, in as few statements as can be."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self._read: dict[str, dict[Key, Row | None]] = {table.name: {} for table in FOLDED}
        self._new: dict[str, dict[Key, Row]] = {table.name: {} for table in FOLDED}

    def get(self, table: sa.Table, *key: Any) -> Row | None:
        """Give a copy of the row with a key."""
        new, read = self._new[table.name], self._read[table.name]
        if key in new:
            return dict(new[key])
        if key not in read:
            query = sa.select(table).where(
                *(column == value for column, value in zip(table.primary_key.columns, key, strict=True))
            )
            found = self.connection.execute(query).mappings().first()
            read[key] = None if found is None else dict(found)
        row = read[key]
        return None if row is None else dict(row)

    def load(self, table: sa.Table) -> Iterable[Row]:
        """Read a whole table at once, for what will look at most of its rows anyway."""
        self.flush()
        found = [dict(row) for row in self.connection.execute(sa.select(table)).mappings()]
        self._read[table.name] = {key_of(table, row): row for row in found}
        return [dict(row) for row in found]

    def find(self, table: sa.Table, *where: sa.ColumnElement[bool]) -> list[Row]:
        """List the rows that fulfil conditions, by key."""
        self.flush()
        query = sa.select(table).where(*where).order_by(*table.primary_key.columns)
        return [dict(row) for row in self.connection.execute(query).mappings()]

    def put(self, table: sa.Table, row: Row) -> None:
        """Add a row, or replace the one of the same key."""
        key = key_of(table, row)
        if key not in self._new[table.name]:
            self.get(table, *key)
        self._new[table.name][key] = dict(row)

    def flush(self) -> None:
        """Write what was put."""
        for table in FOLDED:
            new, read = self._new[table.name], self._read[table.name]
            added = [row for key, row in new.items() if read[key] is None]
            changed = [row for key, row in new.items() if read[key] is not None and read[key] != row]
            for number in range(0, len(added), BATCH):
                self.connection.execute(table.insert(), added[number : number + BATCH])
            if changed:
                keys = table.primary_key.columns
                others = [column for column in table.columns if not column.primary_key]
                statement = table.update().where(*(column == sa.bindparam(f"key_{column.name}") for column in keys))
                statement = statement.values({column.name: sa.bindparam(f"to_{column.name}") for column in others})
                self.connection.execute(
                    statement,
                    [
                        {f"key_{column.name}": row[column.name] for column in keys}
                        | {f"to_{column.name}": row[column.name] for column in others}
                        for row in changed
                    ],
                )
            read.update(new)
            new.clear()
