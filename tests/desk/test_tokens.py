"""Secrets of feeds: what the store keeps of them, and when they open something."""

import re

import pytest
from builders import when

from scheduler.desk import tokens
from scheduler.desk.store import Store
from scheduler.desk.tables import TOKENS, USERS

SECRET = tokens.new_secret()


def put(store: Store, *, active: bool = True, **given: object) -> None:
    row = {
        "id": "t1", "hash": tokens.hash_of(SECRET), "kind": "team", "scope": "blue", "user": "bob",
        "at": when("Mon 08:00"), "by": "ana", "expires_at": None, "revoked_at": None, "successor": None,
    }  # fmt: skip
    user = {"user": "bob", "name": "Bob", "role": "viewer", "team": "", "active": active, "at": when("Mon 08:00")}
    with store.writing() as connection:
        connection.execute(TOKENS.insert().values(row | given))
        connection.execute(USERS.insert().values(user))


def test_secrets_are_long_and_each_is_new() -> None:
    made = {tokens.new_secret() for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{32}", one) for one in made)  # 24 bytes: 192 bits


@pytest.mark.parametrize(
    ("given", "at", "good"),
    [
        ({}, "Mon 09:00", True),
        ({"expires_at": when("Tue 09:00"), "successor": "t2"}, "Tue 08:59", True),  # rotated, within its grace
        ({"expires_at": when("Tue 09:00"), "successor": "t2"}, "Tue 09:00", False),
        ({"revoked_at": when("Mon 08:30")}, "Mon 09:00", False),
        ({"active": False}, "Mon 09:00", False),  # Bob has left
    ],
)
def test_what_a_secret_opens(store: Store, given: dict[str, object], at: str, good: bool) -> None:
    put(store, **given)
    with store.reading() as connection:
        found = tokens.token_of(connection, SECRET, when(at))
        assert (found is not None) == good
        assert found is None or (found.kind, found.scope, found.user) == ("team", "blue", "bob")
        assert tokens.token_of(connection, SECRET + "x", when(at)) is None
        assert [one.id for one in tokens.tokens(connection)] == ["t1"]
