"""Of what the tables of the store are made: types that read the same on SQLite and PostgreSQL."""

import json
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

INSTANT_LENGTH = 27


class Instant(sa.types.TypeDecorator[datetime]):
    """An aware instant as text in UTC, of one width so that texts sort as instants do."""

    impl = sa.String
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(INSTANT_LENGTH)

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> str | None:
        """Write an instant; one without a zone is a mistake."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no zone")
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        """Read an instant."""
        return None if value is None else datetime.fromisoformat(value)


class Document(sa.types.TypeDecorator[Any]):
    """What JSON can hold, as ASCII text that is the same for the same content."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str:
        """Write a document."""
        return json.dumps(value, sort_keys=True, allow_nan=False)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:
        """Read a document."""
        return None if value is None else json.loads(value)


metadata = sa.MetaData()


def table(name: str, *columns: sa.schema.SchemaItem) -> sa.Table:
    """Give a table of the store."""
    return sa.Table(name, metadata, *columns)


def id_column(name: str, type: type[sa.types.TypeEngine[Any]]) -> sa.Column[Any]:
    """Give a column of the key."""
    return sa.Column(name, type, primary_key=True, autoincrement=False)


def text(name: str, *, null: bool = False) -> sa.Column[str]:
    """Give a column of text."""
    return sa.Column(name, sa.Text, nullable=null)


def instant(name: str, *, null: bool = False) -> sa.Column[datetime]:
    """Give a column of instants."""
    return sa.Column(name, Instant, nullable=null)


def flag(name: str) -> sa.Column[bool]:
    """Give a column of yes and no."""
    return sa.Column(name, sa.Boolean, nullable=False)


def number(name: str, *, null: bool = False) -> sa.Column[int]:
    """Give a column of whole numbers."""
    return sa.Column(name, sa.BigInteger, nullable=null)


def document(name: str) -> sa.Column[Any]:
    """Give a column of documents."""
    return sa.Column(name, Document, nullable=False)
