"""Mails on their way, what was told by mail, and the answers."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

INSTANT = sa.String(27)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _at(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, INSTANT, nullable=null)


def _id(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), primary_key=True, autoincrement=False)


def upgrade() -> None:
    """Take the store to this form."""
    op.create_table(
        "mails",
        _id("id"),
        *(_text(name) for name in ("message_id", "sender", "address", "subject", "windows")),
        _at("at"),
        _text("status"),
        _number("attempts"),
        _at("next_at"),
        _at("ended_at", null=True),
        _text("error"),
        sa.Column("content", sa.LargeBinary(), nullable=False),
    )
    op.create_index("mails_status", "mails", ["status", "id"])
    op.create_table(
        "told",
        *(sa.Column(name, sa.Text(), primary_key=True) for name in ("window", "kind", "scope", "address")),
        *(_text(name) for name in ("change", "method")),
        _number("sequence"),
        _text("fingerprint"),
        _at("start"),
        _at("until"),
        _text("thread"),
        _number("mail"),
        _at("at"),
    )
    op.create_table(
        "replies",
        _id("id"),
        sa.Column("key", sa.Text(), nullable=False, unique=True),
        *(_text(name) for name in ("window", "change", "team", "address", "kind")),
        _number("sequence"),
        _text("text"),
        _at("start", null=True),
        _at("end", null=True),
        _at("at"),
        _text("outcome"),
    )
    op.create_index("replies_change", "replies", ["change", "id"])
