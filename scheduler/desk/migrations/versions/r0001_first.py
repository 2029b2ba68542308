"""The first form of the store."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


# Rows of the log are only ever added: whoever tries otherwise, through any door, is refused by the database itself.
_SQLITE = """
CREATE TRIGGER log_is_append_only_{verb} BEFORE {verb} ON log
BEGIN SELECT RAISE(ABORT, 'the log is only ever added to'); END
"""
_POSTGRESQL = """
CREATE FUNCTION log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the log is only ever added to'; END $$;
CREATE TRIGGER log_is_append_only BEFORE UPDATE OR DELETE ON log
FOR EACH ROW EXECUTE FUNCTION log_is_append_only();
"""


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "changes",
        sa.Column("change", sa.Text(), primary_key=True, autoincrement=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("on_hold", sa.Boolean(), nullable=False),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("window", sa.Text(), nullable=True),
        sa.Column("proposal", sa.Text(), nullable=True),
        sa.Column("approvals", sa.Text(), nullable=False),
        sa.Column("started_at", sa.String(27), nullable=True),
        sa.Column("ended_at", sa.String(27), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "comments",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
    )
    op.create_table(
        "delegations",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("giver", sa.Text(), nullable=False),
        sa.Column("taker", sa.Text(), nullable=False),
        sa.Column("start", sa.String(27), nullable=False),
        sa.Column("end", sa.String(27), nullable=False),
        sa.Column("ended_at", sa.String(27), nullable=True),
    )
    op.create_table(
        "desk",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.String(27), nullable=True),
    )
    op.create_table(
        "log",
        sa.Column("seq", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("change", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("part", sa.BigInteger(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.UniqueConstraint("key", "part"),
    )
    op.create_index("log_change", "log", ["change", "seq"])
    op.create_table(
        "notices",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("part", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("window", sa.Text(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("start", sa.String(27), nullable=False),
    )
    op.create_table(
        "objections",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("start", sa.String(27), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_by", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.String(27), nullable=True),
    )
    op.create_table(
        "overrides",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("start", sa.String(27), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("expires_at", sa.String(27), nullable=False),
        sa.Column("ended_at", sa.String(27), nullable=True),
    )
    op.create_table(
        "preferences",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("hours", sa.Text(), nullable=False),
        sa.Column("start", sa.String(27), nullable=True),
        sa.Column("end", sa.String(27), nullable=True),
        sa.Column("cost_cents_per_hour", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("ended_at", sa.String(27), nullable=True),
    )
    op.create_table(
        "rejections",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("start", sa.String(27), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.String(27), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=True),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("started_at", sa.String(27), nullable=True),
        sa.Column("heard_at", sa.String(27), nullable=True),
        sa.Column("ended_at", sa.String(27), nullable=True),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("objective_cents", sa.BigInteger(), nullable=True),
        sa.Column("bound_cents", sa.BigInteger(), nullable=True),
        sa.Column("schedule", sa.BigInteger(), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("stop_asked", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "schedules",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("run", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("objective_cents", sa.BigInteger(), nullable=True),
        sa.Column("bound_cents", sa.BigInteger(), nullable=True),
        sa.Column("cost_cents", sa.BigInteger(), nullable=True),
        sa.Column("document", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "settings",
        sa.Column("name", sa.Text(), primary_key=True, autoincrement=False),
        sa.Column("value", sa.Text(), nullable=False),
    )
    op.create_table(
        "tokens",
        sa.Column("id", sa.Text(), primary_key=True, autoincrement=False),
        sa.Column("hash", sa.Text(), nullable=False, unique=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.String(27), nullable=True),
        sa.Column("revoked_at", sa.String(27), nullable=True),
        sa.Column("successor", sa.Text(), nullable=True),
    )
    op.create_table(
        "users",
        sa.Column("user", sa.Text(), primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
    )
    op.create_table(
        "versions",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("warnings", sa.Text(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "window_revisions",
        sa.Column("window", sa.Text(), primary_key=True, autoincrement=False),
        sa.Column("sequence", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("start", sa.String(27), nullable=False),
        sa.Column("end", sa.String(27), nullable=False),
        sa.Column("reserved_until", sa.String(27), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "windows",
        sa.Column("id", sa.Text(), primary_key=True, autoincrement=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("start", sa.String(27), nullable=False),
        sa.Column("end", sa.String(27), nullable=False),
        sa.Column("reserved_until", sa.String(27), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("revised_at", sa.String(27), nullable=False),
        sa.Column("announced_at", sa.String(27), nullable=True),
        sa.Column("first_announced_at", sa.String(27), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("cost_cents", sa.BigInteger(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
    )
    op.create_index("windows_change", "windows", ["change"])
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(_SQLITE.format(verb=verb))
    else:
        op.execute(_POSTGRESQL)
