"""The page of the log: every entry of the desk, filtered, searched and taken away; untrusted words stay words."""

from collections.abc import Callable, Iterator

import pytest
from desks import Desk, usual
from small_plan import said
from stores import Stores
from streamlit.testing.v1 import AppTest

from scheduler.desk import workflow
from scheduler.desk.entries import entries
from scheduler.ui import subscriptions
from scheduler.ui.subscriptions import OpenDesk

Open = Callable[..., AppTest]
HOSTILE = "<script>alert(1)</script> =cmd|'/c calc'!A1"


@pytest.fixture
def empty(stores: Stores) -> Iterator[OpenDesk]:
    yield subscriptions.open_desk(stores.new("sqlite"), "https://maint.example.com")
    subscriptions.close_desk()


@pytest.fixture
def desk(empty: OpenDesk) -> OpenDesk:
    made = Desk(empty.store)
    made.bring(usual())
    made.scheduled("A", "Tue 02:00")
    workflow.comment(empty.store, "A", HOSTILE, by="ann")
    return empty


def table(visitor: AppTest) -> list[dict[str, object]]:
    return list(visitor.dataframe[0].value.to_dict("records")) if visitor.dataframe else []


@pytest.mark.usefixtures("place")
def test_without_a_store_it_says_how_to_have_one(view: Open) -> None:
    assert "scheduler serve DIR --store" in said(view("log"))


def test_an_empty_store(view: Open, empty: OpenDesk) -> None:
    assert "Nothing was decided yet" in said(view("log"))


def test_it_shows_every_entry_newest_first(view: Open, desk: OpenDesk) -> None:
    with desk.store.reading() as connection:
        log = entries(connection)
    rows = table(view("log"))
    assert [row["number"] for row in rows] == [one.seq for one in reversed(log)]
    assert rows[0] == rows[0] | {"who": "ann", "what": "comment", "change": "A", "why": HOSTILE}
    assert [row["to"] for row in rows if row["what"] == "move"] == ["2027-03-02 02:00 UTC"]


def test_it_is_filtered_and_searched(view: Open, desk: OpenDesk) -> None:
    visitor = view("log")
    visitor.selectbox(key="log action").set_value("approve").run()
    assert {row["what"] for row in table(visitor)} == {"approve"}
    visitor.selectbox(key="log action").set_value("all").run()
    visitor.text_input(key="log text").set_value("ALERT(1)").run()
    assert [row["what"] for row in table(visitor)] == ["comment"]
    visitor.text_input(key="log text").set_value("nobody wrote this").run()
    assert "0 of " in said(visitor)
    assert not visitor.dataframe


def test_a_store_that_does_not_answer(view: Open, desk: OpenDesk) -> None:
    with desk.store.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE log RENAME TO away")
    assert "The store does not answer." in said(view("log"))
