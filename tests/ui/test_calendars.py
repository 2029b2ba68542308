"""The page of calendars: an address is made and shown once, opens its feed, is replaced and revoked."""

import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import strict_ical
from desks import Desk, usual
from small_plan import Place, said
from stores import Stores
from streamlit.testing.v1 import AppTest

from scheduler.desk.store import Store
from scheduler.desk.tokens import tokens
from scheduler.publish.subscribing import PROGRAMS
from scheduler.ui import subscriptions
from scheduler.ui.subscriptions import OpenDesk

Open = Callable[..., AppTest]


def store_of(stores: Stores) -> str:
    """Give a store whose change A, of Blue, is scheduled."""
    place = stores.new("sqlite")
    with Store(place) as store:
        desk = Desk(store)
        desk.bring(usual())
        desk.scheduled("A", "Tue 02:00")
    return place


@pytest.fixture
def desk(stores: Stores) -> Iterator[OpenDesk]:
    yield subscriptions.open_desk(store_of(stores), "https://maint.example.com")
    subscriptions.close_desk()


def press(visitor: AppTest, label: str) -> AppTest:
    next(one for one in visitor.button if one.label == label).click().run()
    assert not visitor.exception, visitor.exception
    return visitor


@pytest.mark.usefixtures("place")
def test_without_a_store_it_says_how_to_have_one(view: Open) -> None:
    assert "scheduler serve DIR --store" in said(view("calendars"))


def test_an_address_is_made_and_shown_once(view: Open, desk: OpenDesk) -> None:
    visitor = view("calendars")
    assert "There are none yet." in said(visitor)
    visitor.text_input(key="calendar for").set_value("bob")
    words = said(press(visitor, "Make the address"))
    (address,) = re.findall(r"https://maint\.example\.com/feeds/[\w-]{32}\.ics", words)
    for program in PROGRAMS:
        assert program.steps[0] in words
        assert program.wait in words
    assert "cannot reach" not in words
    assert address not in said(visitor.run())
    assert "team blue · everything · for bob" in said(visitor)
    with desk.store.reading() as connection:
        (token,) = tokens(connection)
    assert (token.kind, token.scope, token.user, token.detail) == ("team", "blue", "bob", "full")


def test_it_is_replaced_and_revoked(view: Open, desk: OpenDesk) -> None:
    visitor = press(view("calendars"), "Make the address")
    assert "https://maint.example.com/feeds/" in said(press(visitor, "Replace"))
    assert "works until" in said(visitor)
    press(press(visitor.run(), "Revoke"), "Revoke")
    assert "The address is revoked" in said(visitor)
    assert "There are none yet." in said(visitor)


def test_blackouts_have_no_notices(view: Open, desk: OpenDesk) -> None:
    visitor = view("calendars")
    visitor.selectbox(key="calendar kind").set_value("blackouts").run()
    assert visitor.selectbox(key="calendar detail").options == ["everything", "only that there is maintenance"]
    assert "blackouts · everything" in said(press(visitor, "Make the address").run())


def test_a_store_that_does_not_answer(view: Open, desk: OpenDesk) -> None:
    with desk.store.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE tokens RENAME TO away")
    assert "The store does not answer." in said(view("calendars"))


def test_in_a_browser_the_address_opens_the_feed(
    browser: Any, run_server: Callable[..., AbstractContextManager[str]], place: Place, stores: Stores, tmp_path: Path
) -> None:
    with run_server("serve", place.out, "--store", store_of(stores)) as server:
        tab = browser.new_page()
        tab.set_default_timeout(30_000)
        tab.goto(f"{server}/calendars")
        tab.get_by_role("button", name="Make the address").click()
        dialog = tab.get_by_role("dialog")
        dialog.get_by_text("This address is shown once.").wait_for()
        assert dialog.get_by_role("tab").all_inner_texts() == [one.name for one in PROGRAMS]
        assert dialog.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
        (address,) = re.findall(rf"{server}/feeds/[\w-]{{32}}\.ics", dialog.inner_text())
        tab.close()
        with urllib.request.urlopen(address) as answer:
            assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
            assert answer.headers["etag"]
            (event,) = strict_ical.read(answer.read()).parts
        assert event.one("SUMMARY") == "app unavailable"
        for path in ("/feeds/never.ics", "/feeds/a/b", "/feeds"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(server + path)
