"""A disk that is full, and files that may not be written: a clear error, and all that was there is whole."""

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from desks import Desk, assert_replays, usual
from stores import Stores

from scheduler.desk import workflow
from scheduler.desk.store import Store, StoreError

SCRIPT = """
import resource, sys
sys.path[:0] = [{tests!r}, {root!r}]
from builders import when
from desks import Desk
from scheduler.desk import workflow
from scheduler.desk.store import Store, StoreError

with Store({place!r}) as store:
    desk = Desk(store)
    desk.move("A", "Tue 02:00")
    resource.setrlimit(resource.RLIMIT_FSIZE, ({most}, {most}))
    try:
        for number in range(1000):
            workflow.comment(store, "A", "x" * 3900, by="ana", now=desk.now)
    except StoreError as error:
        print(number, error)
"""


def test_no_file_may_grow(stores: Stores) -> None:
    place = stores.new("sqlite")
    with Store(place) as store:
        Desk(store).bring(usual())
    tests = Path(__file__).parents[1]
    script = SCRIPT.format(tests=str(tests), root=str(tests.parent), place=place, most=600_000)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    written, _, words = done.stdout.partition(" ")
    assert "nothing was written" in words, done.stdout + done.stderr
    with Store(place) as store:
        with store.reading() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        log = assert_replays(store)
        # Every comment that was acknowledged is there, and none that was not.
        assert sum(one.action == "comment" for one in log) == int(written)
        Desk(store).do(workflow.approve, "A")


def test_a_database_that_takes_no_writes(stores: Stores, engine: str) -> None:
    with Store(stores.new(engine)) as store:
        desk = Desk(store)
        desk.bring(usual())

        @sa.event.listens_for(store.engine, "connect")
        def _read_only(connection: object, record: object) -> None:
            statement = "PRAGMA query_only=ON" if store.is_sqlite else "SET default_transaction_read_only = on"
            cursor = connection.cursor()  # type: ignore[attr-defined]
            cursor.execute(statement)
            cursor.close()
            connection.commit()  # type: ignore[attr-defined]

        store.engine.dispose()
        with pytest.raises(StoreError, match="may not be written"):
            desk.move("A", "Tue 02:00")
        assert desk.row("A")["state"] == "Draft"
        assert_replays(store)
