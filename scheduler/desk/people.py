"""People, in whose place they decide, their secrets, and the settings of the desk."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from scheduler.desk.access import ROLES, RefusedError, Role
from scheduler.desk.deciding import APPROVERS
from scheduler.desk.library import current_version, portfolio_of
from scheduler.desk.store import Store
from scheduler.desk.tables import DELEGATIONS, TOKENS, USERS
from scheduler.desk.tokens import DETAILS, KINDS, TokenDetail, TokenKind, hash_of, new_secret
from scheduler.desk.writing import Done, Writing, words, write
from scheduler.inputs.tables import utc_text

GRACE = timedelta(days=7)
"""How long a secret that was replaced stays good, unless one says otherwise."""


def put_user(
    store: Store,
    user: str,
    *,
    by: str,
    role: Role,
    team: str = "",
    name: str = "",
    active: bool = True,
    key: str | None = None,
    now: datetime | None = None,
) -> Done:
    """Add a user, or change what is known of one; who is sent away (`active` off) has no good secrets any more.

    The first user of a desk is an administrator, and one always stays.

    Raises
    ------
    RefusedError
        If the role, or the team of a team member, does not exist, or no administrator would be left.
    """

    def decide(writing: Writing) -> None:
        id = words(user, "the user")
        writing.actor.must("user")
        if role not in ROLES:
            raise RefusedError(f"{role!r} is no role; choose one of {', '.join(ROLES)}")
        if role == "team member" and not team:
            raise RefusedError("a team member is of a team; name it")
        if team and current_version(writing.connection) and team not in portfolio_of(writing.connection).teams:
            raise RefusedError(f"there is no team {team!r}")
        others = writing.shelf.find(
            USERS, USERS.c.role == "administrator", USERS.c.active.is_(True), USERS.c.user != id
        )
        if not others and (role != "administrator" or not active):
            raise RefusedError("somebody has to be an administrator of this desk; make one first")
        old = writing.shelf.get(USERS, id)
        writing.add("user", user=id, name=words(name or id, "the name"), role=role, team=team, active=active)
        if old is not None and (not active or old["team"] != team):
            # Whoever left a team reads no more of it.
            scope = [TOKENS.c.user == id, TOKENS.c.revoked_at.is_(None)]
            if active:
                scope += [TOKENS.c.kind == "team", TOKENS.c.scope == old["team"]]
            for token in writing.shelf.find(TOKENS, *scope):
                writing.add("revoke", id=token["id"])

    request = {"do": "user", "user": user, "role": role, "team": team, "name": name, "active": active}
    return write(store, decide, by=by, request=request, key=key, now=now)


def delegate(
    store: Store,
    taker: str,
    *,
    by: str,
    start: datetime,
    end: datetime,
    giver: str | None = None,
    key: str | None = None,
    now: datetime | None = None,
) -> Done:
    """Let `taker` approve in the place of `by` during [start, end); only an administrator may name another `giver`."""

    def decide(writing: Writing) -> None:
        absent = giver or by
        writing.actor.must("delegate")
        if absent != by and writing.actor.role != "administrator":
            raise RefusedError("only an administrator may say who stands in for somebody else")
        known = {row["user"] for row in writing.shelf.find(USERS, USERS.c.active.is_(True))}
        for user in (taker, absent):
            if known and user not in known:
                raise RefusedError(f"{user} is not a user of this desk")
        if taker == absent or end <= start:
            raise RefusedError("somebody else stands in, from a start to a later end")
        writing.add("delegate", giver=absent, taker=taker, start=utc_text(start), end=utc_text(end))

    request = {"do": "delegate", "taker": taker, "giver": giver, "start": utc_text(start), "end": utc_text(end)}
    return write(store, decide, by=by, request=request, key=key, now=now)


def end_delegation(
    store: Store, delegation: int, *, by: str, key: str | None = None, now: datetime | None = None
) -> Done:
    """End a delegation before its time."""

    def decide(writing: Writing) -> None:
        row = writing.shelf.get(DELEGATIONS, delegation)
        writing.actor.must("end delegation")
        if row is None or row["ended_at"] is not None:
            raise RefusedError(f"there is no delegation {delegation} to end")
        if row["giver"] != by and writing.actor.role != "administrator":
            raise RefusedError("only who gave it, or an administrator, may end it")
        writing.add("end delegation", delegation=delegation)

    request = {"do": "end delegation", "delegation": delegation}
    return write(store, decide, by=by, request=request, key=key, now=now)


# --- secrets ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was made; its secret is told this once, and never where the request was asked twice."""

    id: str
    secret: str | None


def create_token(
    store: Store,
    kind: TokenKind,
    scope: str = "",
    *,
    by: str,
    user: str | None = None,
    detail: TokenDetail = "full",
    proposals: bool = False,
    key: str | None = None,
    now: datetime | None = None,
) -> NewToken:
    """Make a secret that opens a feed (or with kind sign-in, the pages) for `user`, by default for `by`.

    The feed tells everything, only that there is something (`busy`), or also what programs read (`maintnote`, not for
    blackouts); with `proposals` it has windows that are not approved yet.
    """
    secret, holder = new_secret(), user or by

    def decide(writing: Writing) -> None:
        teams = [scope] if kind == "team" and holder == by else []
        writing.actor.must("token", teams)
        if kind not in KINDS:
            raise RefusedError(f"{kind!r} is nothing to open; choose one of {', '.join(KINDS)}")
        if kind == "sign-in" and writing.actor.role != "administrator":
            raise RefusedError("only an administrator lets people sign in")
        if bool(scope) != (kind in ("team", "service", "engineer")):
            raise RefusedError(f"say which {kind}" if not scope else f"there is only one {kind}")
        if detail not in DETAILS or (kind == "blackouts" and detail == "maintnote"):
            raise RefusedError(f"{detail!r} is no way to write the feed of {kind}; choose full or busy")
        if scope and current_version(writing.connection) and scope not in _scopes(writing.connection, kind):
            raise RefusedError(f"there is no {kind} {scope!r}")
        writing.add(
            "token",
            id=uuid.uuid4().hex,
            hash=hash_of(secret),
            kind=kind,
            scope=scope,
            user=holder,
            detail=detail,
            proposals=proposals,
        )

    request = {"do": "token", "kind": kind, "scope": scope, "user": user, "detail": detail, "proposals": proposals}
    return _made(write(store, decide, by=by, request=request, key=key, now=now), secret)


def rotate_token(
    store: Store,
    token: str,
    *,
    by: str,
    grace: timedelta = GRACE,
    key: str | None = None,
    now: datetime | None = None,
) -> NewToken:
    """Replace a secret by a new one; the old one stays good for a while, so that subscribers can change over."""
    secret = new_secret()

    def decide(writing: Writing) -> None:
        row = _good(writing, token, "rotate")
        writing.add(
            "rotate",
            id=uuid.uuid4().hex,
            hash=hash_of(secret),
            rotated=token,
            expires_at=utc_text(writing.now + max(grace, timedelta(0))),
            **{name: row[name] for name in ("kind", "scope", "user", "detail", "proposals")},
        )

    request = {"do": "rotate", "token": token, "grace": grace.total_seconds()}
    return _made(write(store, decide, by=by, request=request, key=key, now=now), secret)


def revoke_token(store: Store, token: str, *, by: str, key: str | None = None, now: datetime | None = None) -> Done:
    """Make a secret worthless at once."""

    def decide(writing: Writing) -> None:
        _good(writing, token, "revoke")
        writing.add("revoke", id=token)

    return write(store, decide, by=by, request={"do": "revoke", "token": token}, key=key, now=now)


def _scopes(connection: sa.Connection, kind: TokenKind) -> Collection[str]:
    portfolio = portfolio_of(connection)
    known: dict[str, Collection[str]] = {"team": portfolio.teams, "service": portfolio.services}
    return known.get(kind, portfolio.engineers or ())


def _good(writing: Writing, token: str, action: str) -> dict[str, Any]:
    row = writing.shelf.get(TOKENS, token)
    mine = row is not None and row["user"] == writing.actor.user
    writing.actor.must(action, [writing.actor.team] if mine else [])
    if row is None or row["revoked_at"] is not None:
        raise RefusedError(f"there is no good token {token!r}")
    if action == "rotate" and row["successor"] is not None:
        raise RefusedError("it was replaced already; rotate the one that replaced it")
    return row


def _made(done: Done, secret: str) -> NewToken:
    return NewToken(str(done.entries[0].detail["id"]), None if done.again else secret)


# --- settings --------------------------------------------------------------------------------------------------------


def set_approvers(
    store: Store, *, by: str, key: str | None = None, now: datetime | None = None, **numbers: int
) -> Done:
    """Say how many must approve a change of each type, from 1 on."""

    def decide(writing: Writing) -> None:
        writing.actor.must("set")
        wrong = [type for type, number in numbers.items() if type not in APPROVERS or number < 1]
        if wrong or not numbers:
            raise RefusedError(f"give a number from 1 on for some of {', '.join(APPROVERS)}")
        writing.add("set", name="approvers", value={**APPROVERS, **numbers})

    return write(store, decide, by=by, request={"do": "approvers", **numbers}, key=key, now=now)


def users(connection: sa.Connection) -> list[dict[str, Any]]:
    """List everybody that the desk knows."""
    return [dict(row) for row in connection.execute(sa.select(USERS).order_by(USERS.c.user)).mappings()]
