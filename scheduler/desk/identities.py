"""Who somebody is that a provider vouches for (OpenID Connect Core section 2): issuer and subject, never mail alone.

An administrator adds people by their mail address. The first identity that comes with it is kept with the user, and
from then on that identity alone is this user: an address may be given to somebody else, a subject is not (section 5.7).
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from scheduler.desk.access import ForbiddenError, RefusedError
from scheduler.desk.store import Store
from scheduler.desk.tables import SETTINGS, USERS
from scheduler.desk.writing import Done, Writing, write

IDENTITIES = "identities"
"""The setting that has the user of every identity, by its key."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a provider says somebody is; `verified` is off where it says that the address was never checked."""

    issuer: str
    subject: str
    mail: str = ""
    verified: bool = True

    @property
    def key(self) -> str:
        """The text that no other identity has: neither part may hold a space."""
        return f"{self.issuer} {self.subject}"


def identities(connection: sa.Connection) -> dict[str, str]:
    """Give the user of every identity that is known, by its key."""
    found = connection.execute(sa.select(SETTINGS.c.value).where(SETTINGS.c.name == IDENTITIES)).scalar()
    return dict(found or {})


def recognise(store: Store, identity: Identity, *, now: datetime | None = None) -> str:
    """Give the user that an identity is, and keep it with the user where it is their first.

    Raises
    ------
    ForbiddenError
        If it is no user of this desk, or not the one whose address it comes with.
    """
    with store.reading() as connection:
        known = identities(connection).get(identity.key)
        if known is not None:
            return known
        user = _by_mail(connection, identity)

    def decide(writing: Writing) -> None:
        bound = identities(writing.connection)
        if user in bound.values():
            raise ForbiddenError(f"{user} signs in as somebody else; an administrator can let them begin anew")
        writing.add("identity", key=identity.key, user=user)

    write(store, decide, by=user, request={"do": "identity", "key": identity.key, "user": user}, now=now)
    return user


def forget_identity(store: Store, user: str, *, by: str, key: str | None = None, now: datetime | None = None) -> Done:
    """Let the next identity that comes with a user's address be that user: theirs changed, or it was another's."""

    def decide(writing: Writing) -> None:
        writing.actor.must("user")
        kept = identities(writing.connection)
        if user not in kept.values():
            raise RefusedError(f"no identity is known of {user}")
        writing.add("forget identity", user=user)

    return write(store, decide, by=by, request={"do": "forget identity", "user": user}, key=key, now=now)


def _by_mail(connection: sa.Connection, identity: Identity) -> str:
    wanted = identity.mail.strip().casefold()
    users = connection.execute(sa.select(USERS.c.user).where(USERS.c.active.is_(True))).scalars()
    found = [str(one) for one in users if one.casefold() == wanted]
    if not wanted or not identity.verified or len(found) != 1:
        raise ForbiddenError(f"{identity.mail or identity.subject} is not a user of this desk")
    return found[0]
