"""A store of every form there ever was is upgraded, on both engines, with all that it holds."""

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from desks import Desk, assert_replays
from stores import FORMS, Stores, stored_tables

from scheduler.desk import workflow
from scheduler.desk.library import portfolio_of
from scheduler.desk.plans import document_of
from scheduler.desk.store import MIGRATIONS, Store, StoreError
from scheduler.desk.tables import metadata

KEPT = sorted(path.stem for path in FORMS.glob("*.db"))


def rows(store: Store, form: str) -> dict[str, list[tuple[object, ...]]]:
    """Give all rows in the columns that a form had, as they are stored."""
    with store.reading() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(sa.select(table))), key=str)
            for table in stored_tables(form).sorted_tables
        }


def test_every_form_is_kept() -> None:
    assert sorted(one.revision for one in ScriptDirectory(str(MIGRATIONS)).walk_revisions()) == KEPT


@pytest.mark.parametrize("form", KEPT)
def test_an_old_store_comes_along(stores: Stores, engine: str, form: str) -> None:
    place = stores.of_form(engine, form)
    if form != KEPT[-1]:
        with pytest.raises(StoreError, match=f"of an older form .{form}.; run: scheduler db upgrade"):
            Store(place)
    with Store(place, create=True, form=form) as store:
        before = rows(store, form)
    assert all(before[name] for name in ("log", "windows", "runs", "schedules", "versions", "tokens", "overrides"))
    with Store(place, create=True) as store:
        assert store.revision() == KEPT[-1]
        assert rows(store, form) == before
        assert_replays(store)
        with store.reading() as connection:
            assert set(sa.inspect(connection).get_table_names()) == {*metadata.tables, "alembic_version"}
            assert list(portfolio_of(connection).changes) == ["A", "B", "E"]
            assert document_of(connection, 1)["status"] == "OPTIMAL"
        # It goes on from there.
        desk = Desk(store)
        assert (desk.row("A")["state"], desk.row("A")["teams"], desk.row("B")["state"]) == (
            "Scheduled",
            ["blue"],
            "Rejected",
        )
        desk.do(workflow.hold, "A", reason="wait")
        assert_replays(store)
