"""Secrets of feeds know how much they show."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Take the store to this form; secrets there are show everything that was announced."""
    op.add_column("tokens", sa.Column("detail", sa.Text(), nullable=False, server_default="full"))
    op.add_column("tokens", sa.Column("proposals", sa.Boolean(), nullable=False, server_default=sa.false()))
