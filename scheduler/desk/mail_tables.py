"""The tables of mail: what is on its way, what was told, and what was answered. No log stands behind them."""

import sqlalchemy as sa

from scheduler.desk.columns import document, id_column, instant, number, table, text

MAILS = table(
    "mails",
    id_column("id", sa.BigInteger),
    text("message_id"),
    text("sender"),
    text("address"),
    text("subject"),
    document("windows"),
    instant("at"),
    text("status"),
    number("attempts"),
    instant("next_at"),
    instant("ended_at", null=True),
    text("error"),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Index("mails_status", "status", "id"),
)
"""Mails in the order in which they go: waiting, sending, sent, unconfirmed or refused; see `scheduler.desk.outbox`."""

TOLD = table(
    "told",
    id_column("window", sa.Text),
    id_column("kind", sa.Text),
    id_column("scope", sa.Text),
    id_column("address", sa.Text),
    text("change"),
    text("method"),
    number("sequence"),
    text("fingerprint"),
    instant("start"),
    instant("until"),
    text("thread"),
    number("mail"),
    instant("at"),
)
"""What every address was last told of every window, as team or engineer; `thread` is the id of the first mail on it."""

REPLIES = table(
    "replies",
    id_column("id", sa.BigInteger),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    text("window"),
    text("change"),
    text("team"),
    text("address"),
    text("kind"),
    number("sequence"),
    text("text"),
    instant("start", null=True),
    instant("end", null=True),
    instant("at"),
    text("outcome"),
    sa.Index("replies_change", "change", "id"),
)
"""Answers to invitations: accepted, declined, tentative or countered (with another `start` and `end`), and what came
of each."""
