"""Backup, restore and copies between engines, of a store that is in use."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from builders import when
from desks import NOW, Desk, assert_replays
from stores import ENGINES, Stores

from scheduler.desk import workflow
from scheduler.desk.copying import backup, copy, restore
from scheduler.desk.store import Store, StoreError
from scheduler.desk.tables import metadata


def content(store: Store) -> dict[str, list[tuple[object, ...]]]:
    with store.reading() as connection:
        tables = metadata.sorted_tables
        return {
            table.name: [tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key))]
            for table in tables
        }


@pytest.mark.parametrize("other", ENGINES)
def test_a_copy_holds_the_same(desk: Desk, stores: Stores, other: str) -> None:
    desk.scheduled("A", "Tue 02:00")
    place = stores.empty(other)
    copy(desk.store, place)
    with Store(place) as taken:
        assert content(taken) == content(desk.store)
        log = assert_replays(taken)
        # The copy goes on by itself, its log closed as ever.
        Desk(taken).do(workflow.unpin, "A")
        assert len(assert_replays(taken)) == len(log) + 1
        with pytest.raises(StoreError, match="only ever added to"), taken.writing() as connection:
            connection.exec_driver_sql("DELETE FROM log")
    with pytest.raises(StoreError, match="holds a desk already"):
        copy(desk.store, place)


def test_a_backup_is_of_one_moment_and_comes_back(desk: Desk, tmp_path: Path) -> None:
    desk.move("A", "Tue 02:00")
    before = content(desk.store)
    # A writer in the middle of its work keeps nobody from a backup, and is not in it.
    with desk.store.writing() as connection:
        connection.exec_driver_sql("UPDATE changes SET outcome = 'half'")
        backup(desk.store, tmp_path / "kept.db")
        connection.rollback()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept.db"]
    with Store(tmp_path / "kept.db") as kept:
        assert content(kept) == before
    (tmp_path / "kept.db-wal").unlink(missing_ok=True)
    desk.do(workflow.cancel, "A", reason="a mistake")
    restore(desk.store, tmp_path / "kept.db")
    assert content(desk.store) == before
    desk.do(workflow.approve, "A")
    assert_replays(desk.store)


def test_what_cannot_be_read_or_written(desk: Desk, tmp_path: Path) -> None:
    before = content(desk.store)
    with pytest.raises(StoreError, match="there is no such file"):
        restore(desk.store, tmp_path / "none.db")
    (tmp_path / "notes.txt").write_text("no store " * 1000)
    with pytest.raises(StoreError, match="is not a store, or is damaged"):
        restore(desk.store, tmp_path / "notes.txt")
    with pytest.raises(StoreError, match="cannot be written"):
        backup(desk.store, tmp_path / "nowhere" / "kept.db")
    assert content(desk.store) == before


def test_the_clock_goes_on_after_a_restore(desk: Desk, tmp_path: Path) -> None:
    backup(desk.store, tmp_path / "kept.db")
    desk.move("A", "Tue 02:00", now=when("Tue 00:00"))
    restore(desk.store, tmp_path / "kept.db")
    assert desk.move("A", "Tue 02:00").entries[0].at == NOW
