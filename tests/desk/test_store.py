"""Opening and upgrading a store, on both engines, and what is said where that cannot be done."""

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from builders import when
from stores import Stores

from scheduler.desk.store import Store, StoreError
from scheduler.desk.tables import DESK, LOG, RUNS, metadata


def entry(seq: int) -> dict[str, object]:
    return {
        "seq": seq, "at": when("Mon 02:00"), "by": "ana", "action": "comment", "change": "A", "reason": "because",
        "detail": {"ü": [1, None]}, "key": None, "part": 0, "request": "",
    }  # fmt: skip


def test_migrations_make_what_the_tables_say(store: Store) -> None:
    with store.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_every_store_tells_itself_from_others(stores: Stores, engine: str) -> None:
    names = set()
    for _ in range(2):
        with Store(stores.empty(engine), create=True) as store, store.reading() as connection:
            names.add(connection.execute(sa.select(DESK.c.store)).scalar_one())
    assert len(names) == 2


def test_upgrading_again_changes_nothing(store: Store) -> None:
    with store.reading() as connection:
        before = connection.execute(sa.select(DESK)).all()
    store.upgrade()
    with store.reading() as connection:
        assert connection.execute(sa.select(DESK)).all() == before


def test_what_is_written_is_read(store: Store) -> None:
    with store.writing() as connection:
        connection.execute(LOG.insert().values(entry(1)))
    with store.reading() as connection:
        (row,) = connection.execute(sa.select(LOG)).mappings()
        assert dict(row) == entry(1)


@pytest.mark.parametrize("statement", ["UPDATE log SET reason = 'other'", "DELETE FROM log"])
def test_the_log_is_only_ever_added_to(store: Store, statement: str) -> None:
    with store.writing() as connection:
        connection.execute(LOG.insert().values(entry(1)))
    with pytest.raises(StoreError, match="only ever added to"), store.writing() as connection:
        connection.exec_driver_sql(statement)
    with store.reading() as connection:
        assert connection.execute(sa.select(LOG.c.reason)).scalars().all() == ["because"]


def test_an_error_leaves_nothing_half_written(store: Store) -> None:
    two_alike = [entry(1), entry(2) | {"seq": 1}]
    with pytest.raises(StoreError), store.writing() as connection:
        connection.execute(LOG.insert(), two_alike)
    with store.reading() as connection:
        assert connection.execute(sa.select(LOG)).all() == []


def test_instants_need_a_zone(store: Store) -> None:
    naive = when("Mon 02:00").replace(tzinfo=None)
    with pytest.raises(sa.exc.StatementError, match="has no zone"), store.writing() as connection:
        connection.execute(LOG.insert().values(entry(1) | {"at": naive}))


def test_a_second_writer_waits_and_is_told_why_in_the_end(store: Store) -> None:
    with Store(store.url.render_as_string(hide_password=False), patience=0.2) as other, store.writing():
        with pytest.raises(StoreError, match="another program holds it; try again"), other.writing():
            pass
        with other.reading() as connection:
            assert connection.execute(sa.select(RUNS)).all() == []
    with other.writing() as connection:
        assert connection.execute(sa.select(DESK.c.last)).scalar_one() == 0
    other.close()


def test_an_older_form_is_to_be_upgraded(stores: Stores, engine: str) -> None:
    place = stores.empty(engine)
    if engine == "sqlite":
        with pytest.raises(StoreError, match="there is no store; make one with: scheduler db upgrade"):
            Store(place)
        Path(place).touch()
    with pytest.raises(StoreError, match="holds no store yet; make one with: scheduler db upgrade"):
        Store(place)


def test_a_newer_form_is_left_alone(store: Store) -> None:
    with store.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    for create in (False, True):
        with pytest.raises(StoreError, match="made by a newer version"):
            Store(store.url.render_as_string(hide_password=False), create=create)


def test_a_file_that_is_no_store_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("these are my notes, " * 100)
    for create in (False, True):
        with pytest.raises(StoreError, match="is not a store, or is damaged"):
            Store(path, create=create)
    assert path.read_text().startswith("these are my notes")


def test_a_store_without_room_says_so_and_is_whole(stores: Stores) -> None:
    with Store(stores.new("sqlite")) as store:

        @sa.event.listens_for(store.engine, "connect")
        def _small(connection: sqlite3.Connection, record: object) -> None:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count={pages + 1}")

        store.engine.dispose()
        with (
            pytest.raises(StoreError, match="there is no room left; nothing was written"),
            store.writing() as connection,
        ):
            connection.execute(LOG.insert(), [entry(seq) | {"reason": "x" * 4000} for seq in range(1, 100)])
        with store.reading() as connection:
            assert connection.execute(sa.select(LOG.c.seq)).all() == []
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


@pytest.mark.parametrize("place", ["mysql://host/db", "sqlite://", "sqlite:///:memory:", "://"])
def test_other_databases_are_refused(place: str) -> None:
    with pytest.raises(StoreError, match=r"a store is a SQLite file|is not the URL"):
        Store(place)


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(StoreError, match="the database does not answer"):
        Store("postgresql://nobody:secret@127.0.0.1:1/none")


def test_a_name_for_people_has_no_password() -> None:
    with pytest.raises(StoreError) as caught:
        Store("postgresql://nobody:secret@127.0.0.1:1/none")
    assert "secret" not in str(caught.value)
