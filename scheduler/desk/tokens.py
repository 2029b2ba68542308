"""Secrets that open feeds and pages: made at random, kept as hashes, looked up in one step."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from scheduler.desk.tables import TOKENS, USERS

TokenKind = Literal["team", "service", "engineer", "all", "blackouts", "sign-in"]
KINDS: tuple[TokenKind, ...] = ("team", "service", "engineer", "all", "blackouts", "sign-in")
TokenDetail = Literal["full", "busy", "maintnote"]
DETAILS: tuple[TokenDetail, ...] = ("full", "busy", "maintnote")
BYTES = 24
"""192 bits of chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What the store knows of a secret: what it opens (`kind`, `scope`), for whom, and until when.

    A feed is written in a `detail`; one with `proposals` has windows that are not approved yet.
    """

    id: str
    hash: str
    kind: TokenKind
    scope: str
    user: str
    at: datetime
    by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    successor: str | None
    detail: TokenDetail = "full"
    proposals: bool = False

    def good(self, now: datetime) -> bool:
        """Tell whether it opens anything: not revoked, and not past the grace that a rotation left it."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def new_secret() -> str:
    """Make a secret that nobody can guess, of characters that need no quoting in an address."""
    return secrets.token_urlsafe(BYTES)


def hash_of(secret: str) -> str:
    """Give what is kept of a secret. It has too many bits of chance for a slow hash to add anything."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def token_of(connection: sa.Connection, secret: str, now: datetime) -> Token | None:
    """Give the token of a secret if it is good; None alike where there is none, or it is revoked or expired.

    The token of a user who was sent away is no good either.
    """
    row = connection.execute(sa.select(TOKENS).where(TOKENS.c.hash == hash_of(secret))).first()
    if row is None:
        return None
    token = Token(**row._mapping)
    active = connection.execute(sa.select(USERS.c.active).where(USERS.c.user == token.user)).scalar()
    return token if token.good(now) and active is not False else None


def tokens(connection: sa.Connection) -> list[Token]:
    """List every token there ever was, oldest first."""
    return [Token(**row._mapping) for row in connection.execute(sa.select(TOKENS).order_by(TOKENS.c.at, TOKENS.c.id))]
