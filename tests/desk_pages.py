"""What tests of pages of a desk do: look as somebody, press buttons, and let somebody else decide."""

from typing import Any

from small_plan import read
from streamlit.testing.v1 import AppTest

from scheduler.desk import workflow
from scheduler.desk.access import Role
from scheduler.desk.shelf import Row
from scheduler.ui.desk import Desk


def row(desk: Desk, change: str) -> Row:
    return desk.moment().position.changes[change]


def do(desk: Desk, action: Any, change: str, *rest: object, by: str = "bob", **given: object) -> None:
    """Somebody else decides."""
    action(desk.at.store, change, *rest, **{"seen": row(desk, change)["revision"], "by": by} | given)


def press(visitor: AppTest, label: str) -> AppTest:
    """Press a button by what it says."""
    found = [one for one in visitor.button if read(one.label) == label]
    assert len(found) == 1, [one.label for one in visitor.button]
    found[0].click().run()
    assert not visitor.exception, visitor.exception
    return visitor


def labels(visitor: AppTest) -> list[str]:
    return [read(one.label) for one in visitor.button]


def user(desk: Desk, name: str, role: Role, team: str = "") -> None:
    """Keep users, of whom `name` looks."""
    workflow.put_user(desk.at.store, "root", by="root", role="administrator")
    workflow.put_user(desk.at.store, name, by="root", role=role, team=team)
    desk.who = lambda: name
