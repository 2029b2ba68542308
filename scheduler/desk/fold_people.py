"""What entries about people, what they say and wish, their secrets and the settings do."""

from collections.abc import Callable, Mapping
from datetime import datetime

from scheduler.desk.entries import Entry
from scheduler.desk.shelf import Row, Shelf
from scheduler.desk.tables import COMMENTS, DELEGATIONS, PREFERENCES, SETTINGS, TOKENS, USERS


def _user(shelf: Shelf, entry: Entry) -> None:
    names = ("user", "name", "role", "team", "active")
    shelf.put(USERS, {name: entry.detail[name] for name in names} | {"at": entry.at})


def _delegate(shelf: Shelf, entry: Entry) -> None:
    row: Row = {name: datetime.fromisoformat(entry.detail[name]) for name in ("start", "end")}
    row |= {"id": entry.seq, "giver": entry.detail["giver"], "taker": entry.detail["taker"], "ended_at": None}
    shelf.put(DELEGATIONS, row)


def _end_delegation(shelf: Shelf, entry: Entry) -> None:
    row = shelf.get(DELEGATIONS, entry.detail["delegation"]) or {}
    shelf.put(DELEGATIONS, row | {"ended_at": entry.at})


def _token(shelf: Shelf, entry: Entry) -> None:
    names = ("id", "hash", "kind", "scope", "user")
    row = {name: entry.detail[name] for name in names} | {"at": entry.at, "by": entry.by}
    row |= {"detail": entry.detail.get("detail", "full"), "proposals": entry.detail.get("proposals", False)}
    shelf.put(TOKENS, row | {"expires_at": None, "revoked_at": None, "successor": None})


def _rotate(shelf: Shelf, entry: Entry) -> None:
    _token(shelf, entry)
    old = shelf.get(TOKENS, entry.detail["rotated"]) or {}
    old |= {"successor": entry.detail["id"], "expires_at": datetime.fromisoformat(entry.detail["expires_at"])}
    shelf.put(TOKENS, old)


def _revoke(shelf: Shelf, entry: Entry) -> None:
    row = shelf.get(TOKENS, entry.detail["id"]) or {}
    shelf.put(TOKENS, row | {"revoked_at": entry.at})


def _set(shelf: Shelf, entry: Entry) -> None:
    shelf.put(SETTINGS, {"name": entry.detail["name"], "value": entry.detail["value"]})


def _comment(shelf: Shelf, entry: Entry) -> None:
    row = {"id": entry.seq, "change": entry.change, "by": entry.by, "at": entry.at}
    shelf.put(COMMENTS, row | {"text": entry.reason})


def _prefer(shelf: Shelf, entry: Entry) -> None:
    names = ("team", "kind", "hours", "cost_cents_per_hour")
    row = {name: entry.detail[name] for name in names} | {"id": entry.seq, "by": entry.by, "at": entry.at}
    row |= {name: _instant(entry.detail[name]) for name in ("start", "end")}
    shelf.put(PREFERENCES, row | {"reason": entry.reason, "ended_at": None})


def _drop_preference(shelf: Shelf, entry: Entry) -> None:
    row = shelf.get(PREFERENCES, entry.detail["preference"]) or {}
    shelf.put(PREFERENCES, row | {"ended_at": entry.at})


def _instant(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


def _absent(shelf: Shelf, entry: Entry) -> None:
    names = ("engineer", "start", "end")
    away = {name: entry.detail[name] for name in names} | {"id": entry.seq, "reason": entry.reason}
    shelf.put(SETTINGS, {"name": "absences", "value": [*_absences(shelf), away]})


def _end_absence(shelf: Shelf, entry: Entry) -> None:
    left = [one for one in _absences(shelf) if one["id"] != entry.detail["absence"]]
    shelf.put(SETTINGS, {"name": "absences", "value": left})


def _identity(shelf: Shelf, entry: Entry) -> None:
    kept = {**_identities(shelf), entry.detail["key"]: entry.detail["user"]}
    shelf.put(SETTINGS, {"name": "identities", "value": kept})


def _forget_identity(shelf: Shelf, entry: Entry) -> None:
    kept = {key: user for key, user in _identities(shelf).items() if user != entry.detail["user"]}
    shelf.put(SETTINGS, {"name": "identities", "value": kept})


def _identities(shelf: Shelf) -> Mapping[str, str]:
    return dict((shelf.get(SETTINGS, "identities") or {"value": {}})["value"])


def _absences(shelf: Shelf) -> list[Row]:
    return list((shelf.get(SETTINGS, "absences") or {"value": []})["value"])


PEOPLE: Mapping[str, Callable[[Shelf, Entry], None]] = {
    "user": _user,
    "delegate": _delegate,
    "end delegation": _end_delegation,
    "token": _token,
    "rotate": _rotate,
    "revoke": _revoke,
    "set": _set,
    "comment": _comment,
    "absent": _absent,
    "end absence": _end_absence,
    "identity": _identity,
    "forget identity": _forget_identity,
    "prefer": _prefer,
    "drop preference": _drop_preference,
}
