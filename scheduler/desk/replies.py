"""What was answered to invitations, as it is shown beside a change; each answer is kept once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from scheduler.desk.mail_tables import REPLIES

ReplyKind = Literal["accepted", "declined", "tentative", "countered", "said"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer by mail: of whom (`address`, of a `team` or engineer), to which notice (`sequence`) of which window.

    `start` and `end` are another time that was proposed (countered); `outcome` is what came of it, in words.
    """

    key: str
    window: str
    change: str
    team: str
    address: str
    kind: ReplyKind
    sequence: int
    text: str
    start: datetime | None
    end: datetime | None
    at: datetime
    outcome: str


def add_reply(connection: sa.Connection, reply: Reply) -> bool:
    """Keep an answer; False where it is kept already."""
    if is_kept(connection, reply.key):
        return False
    number = 1 + (connection.execute(sa.select(sa.func.max(REPLIES.c.id))).scalar() or 0)
    given = {column.name: getattr(reply, column.name) for column in REPLIES.columns if column.name != "id"}
    connection.execute(REPLIES.insert().values(given | {"id": number}))
    return True


def is_kept(connection: sa.Connection, key: str) -> bool:
    """Tell whether an answer was taken in before."""
    return connection.execute(sa.select(REPLIES.c.id).where(REPLIES.c.key == key)).first() is not None


def replies(connection: sa.Connection, *, change: str | None = None) -> list[Reply]:
    """List answers in the order in which they were taken in: all, or those about one change."""
    query = sa.select(*(column for column in REPLIES.columns if column.name != "id")).order_by(REPLIES.c.id)
    if change is not None:
        query = query.where(REPLIES.c.change == change)
    return [Reply(**row._mapping) for row in connection.execute(query)]
