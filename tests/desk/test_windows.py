"""Reading windows: what was announced, what is proposed, and what is gone but kept."""

from datetime import datetime

from builders import when

from scheduler.desk import windows
from scheduler.desk.store import Store
from scheduler.desk.tables import WINDOW_REVISIONS, WINDOWS


def row(id: str, status: str, start: str, until: str, told: datetime | None, at: str) -> dict[str, object]:
    return {
        "id": id, "change": id.upper(), "status": status, "start": when(start), "end": when(until),
        "reserved_until": when(until), "sequence": 1, "revised_at": when(at), "announced_at": told,
        "first_announced_at": told, "version": 1, "cost_cents": 5, "seq": 3,
    }  # fmt: skip


TOLD = when("Mon 08:00")
ROWS = [
    row("c", "cancelled", "Tue 02:00", "Tue 04:00", TOLD, "Mon 10:00"),
    row("b", "proposed", "Wed 02:00", "Wed 04:00", None, "Mon 09:00"),
    row("a", "scheduled", "Thu 02:00", "Thu 04:00", TOLD, "Mon 08:00"),
    row("d", "withdrawn", "Tue 03:00", "Tue 04:00", None, "Mon 08:30"),
]


def test_what_is_listed(store: Store) -> None:
    with store.writing() as connection:
        connection.execute(WINDOWS.insert(), ROWS)
    with store.reading() as connection:
        assert [one.id for one in windows.windows(connection)] == ["c", "a"]
        assert [one.id for one in windows.windows(connection, proposals=True)] == ["c", "d", "b", "a"]
        # A cancelled window is kept until its end, and not at it.
        assert [one.id for one in windows.windows(connection, gone_after=when("Tue 03:59"))] == ["c", "a"]
        assert [one.id for one in windows.windows(connection, gone_after=when("Tue 04:00"))] == ["a"]
        assert [one.id for one in windows.windows(connection, change="A")] == ["a"]
        assert windows.window(connection, "b") == windows.DeskWindow(**ROWS[1])  # type: ignore[arg-type]
        assert windows.window(connection, "z") is None
        assert windows.last_revised(connection) == when("Mon 10:00")


def test_an_empty_store_has_none(store: Store) -> None:
    with store.reading() as connection:
        assert windows.windows(connection, proposals=True) == []
        assert windows.last_revised(connection) is None


def test_revisions_come_in_their_order(store: Store) -> None:
    kept = {name: ROWS[2][name] for name in ("status", "start", "end", "reserved_until", "seq", "version")}
    rows = [kept | {"window": id, "sequence": number, "at": TOLD} for id, number in (("a", 1), ("b", 0), ("a", 0))]
    with store.writing() as connection:
        connection.execute(WINDOW_REVISIONS.insert(), rows)
    with store.reading() as connection:
        assert [(one.window, one.sequence) for one in windows.revisions(connection, "a")] == [("a", 0), ("a", 1)]
