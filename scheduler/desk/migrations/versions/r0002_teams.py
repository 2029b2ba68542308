"""Changes know which teams they touch."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Take the store to this form; teams are filled in by the next import."""
    op.add_column("changes", sa.Column("teams", sa.Text(), nullable=False, server_default="[]"))
