"""A desk to test with: a small portfolio in a store, and short ways to decide on it."""

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from builders import blackout, change, portfolio, team, when

from scheduler.desk import workflow
from scheduler.desk.entries import Entry, entries
from scheduler.desk.fold import replayed
from scheduler.desk.position import position
from scheduler.desk.shelf import Row, key_of
from scheduler.desk.store import Store
from scheduler.desk.tables import FOLDED
from scheduler.desk.windows import DeskWindow
from scheduler.desk.writing import Done
from scheduler.inputs import load, portfolio_document
from scheduler.portfolio import Change, Portfolio

NOW = when("Mon 00:00")


def office(*changes: Change, **given: Any) -> Portfolio:
    """Give a portfolio whose service `app` Blue uses and `mail` Green; nothing may be done on Friday."""
    given = {"weeks": 2, "blackouts": [blackout("Fri 00:00", "Sat 00:00")]} | given
    teams = [replace(team("blue", uses="app"), headcount=10), replace(team("green", uses="mail"), headcount=5)]
    return as_read(portfolio(changes=changes, teams=teams, **given))


def as_read(portfolio: Portfolio) -> Portfolio:
    """Give a portfolio as it would be read from a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "portfolio.json"
        path.write_text(json.dumps(portfolio_document(portfolio)))
        return load(path)


def usual() -> Portfolio:
    """Give three changes: A on app, asked for by ivy, B on mail, standard, and E on app, an emergency."""
    asked = replace(change("A", hours=2), requested_by="ivy")
    return office(asked, change("B", services="mail", type="standard"), change("E", type="emergency", hours=1))


@dataclass
class Desk:
    """A store, and ways to write to it that name the revision there is now unless told another."""

    store: Store
    now: datetime = NOW
    by: str = "ana"

    def bring(self, portfolio: Portfolio, **given: Any) -> Done:
        seen = workflow.preview(self.store, portfolio).seen
        return workflow.import_portfolio(
            self.store, portfolio, **{"by": self.by, "now": self.now, "seen": seen} | given
        )

    def do(self, action: Callable[..., Done], change: str, *rest: Any, **given: Any) -> Done:
        seen = {} if "seen" in given else {"seen": self.row(change)["revision"]}
        return action(self.store, change, *rest, **{"by": self.by, "now": self.now} | seen | given)

    def move(self, change: str, start: str, **given: Any) -> Done:
        return self.do(workflow.move, change, when(start), **given)

    def scheduled(self, change: str, start: str) -> None:
        """Move a change there and approve it."""
        self.move(change, start)
        self.do(workflow.approve, change)

    def row(self, change: str) -> Row:
        with self.store.reading() as connection:
            return position(connection).changes[change]

    def window(self, change: str) -> DeskWindow | None:
        with self.store.reading() as connection:
            return position(connection).window_of(change)

    def proposal(self, change: str) -> DeskWindow | None:
        with self.store.reading() as connection:
            return position(connection).proposal_of(change)

    def log(self) -> list[Entry]:
        with self.store.reading() as connection:
            return entries(connection)

    def rows(self, table: sa.Table) -> list[Row]:
        with self.store.reading() as connection:
            return [dict(row) for row in connection.execute(sa.select(table)).mappings()]


def assert_replays(store: Store) -> list[Entry]:
    """Fold the log from nothing, and compare with every stored row; give the log."""
    with store.reading() as connection:
        log = entries(connection)
        assert [one.seq for one in log] == list(range(1, len(log) + 1))
        folded = replayed(log).rows
        for table in FOLDED:
            stored = {key_of(table, row): dict(row) for row in connection.execute(sa.select(table)).mappings()}
            assert stored == folded[table.name], table.name
    assert json.dumps([one.detail for one in log])
    return log
