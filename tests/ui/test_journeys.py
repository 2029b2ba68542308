"""Change managers at one desk in real browsers: from nothing to an invite, two at once, a rejection, a meeting."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import strict_ical
from playwright.sync_api import expect
from small_desk import bring, fill, plan, small_portfolio
from small_plan import CHANGES
from stores import Stores

from scheduler.desk.entries import entries
from scheduler.desk.position import position
from scheduler.desk.shelf import Row
from scheduler.desk.store import Store
from scheduler.ui.app import SCREENS

Serve = Callable[..., AbstractContextManager[str]]
Fresh = Callable[..., Any]
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"
LONG = 180_000


def row(place: str, change: str) -> Row:
    with Store(place) as store, store.reading() as connection:
        return position(connection).changes[change]


def actions(place: str, change: str) -> list[tuple[str, str]]:
    with Store(place) as store, store.reading() as connection:
        return [(one.by, one.action) for one in entries(connection, change=change)]


def button(tab: Any, name: str | re.Pattern[str]) -> Any:
    return tab.get_by_test_id("stMain").get_by_role("button", name=name, exact=isinstance(name, str))


def go(tab: Any, page: str) -> None:
    """Choose a page from the menu."""
    (section,) = {one.section for one in SCREENS if one.title == page}
    if section:
        tab.get_by_test_id("stTopNavSection").filter(has_text=section).click()
    tab.get_by_role("menuitem" if section else "link", name=page, exact=True).first.click()
    tab.get_by_role("heading", name=page, level=1).wait_for()


def propose(tab: Any, run: int) -> None:
    """Wait for a run to end, and propose what it found."""
    tab.get_by_role("heading", name=f"Run {run}: finished").wait_for(timeout=LONG)
    button(tab, re.compile("Accept all|Propose its windows")).click()
    tab.get_by_text(re.compile("(is|are) proposed")).first.wait_for()


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch, run_server: Serve) -> Callable[[str, str], AbstractContextManager[str]]:
    """Give a function that serves a desk to somebody: on a machine of one's own, that is whoever is logged in."""

    def serve(name: str, place: str) -> AbstractContextManager[str]:
        monkeypatch.setenv("LOGNAME", name)
        return run_server("serve", "--store", place)

    return serve


@pytest.fixture
def small(stores: Stores) -> Iterator[str]:
    """Give the place of a desk with the small portfolio, planned and proposed."""
    return iter([stores.like("sqlite", "small", fill)])


def test_from_nothing_to_an_invite(tab: Any, named: Any, tmp_path: Path) -> None:
    place = str(tmp_path / "desk.db")
    with named("maria", place) as address:
        # An empty desk leads on.
        tab.goto(address)
        button(tab, "Bring one in").click()
        button(tab, "Load the sample").click()
        tab.get_by_role("heading", name="Replan", level=1).wait_for()
        tab.shoot("1-loaded")
        tab.get_by_label("Plan for").click()
        tab.get_by_role("option", name="10 seconds").click()
        button(tab, "Replan").click()
        propose(tab, 1)
        tab.shoot("2-planned")

        # All that is legal is approved with one confirmation.
        go(tab, "Proposals")
        button(tab, re.compile(r"^Approve all shown \(\d+\)")).click()
        tab.get_by_text(re.compile(r"together they cost [\d,.]+ GBP")).wait_for()
        tab.shoot("3-summary")
        button(tab, re.compile(r"^Approve these \d+")).click()
        tab.get_by_text(re.compile(r"^\d+ approved")).wait_for(timeout=LONG)
        tab.shoot("4-approved")

        with Store(place) as store, store.reading() as connection:
            at = position(connection)
        change = next(one for one, found in sorted(at.changes.items()) if found["state"] == "Scheduled")
        window = at.window_of(change)
        assert window is not None

        # The window of one is taken away as a calendar.
        tab.goto(f"{address}/change?change={change}")
        tab.get_by_role("heading", name="Why here").wait_for(timeout=LONG)
        tab.shoot("5-change")
        with tab.expect_download() as download:
            button(tab, "This change").click()
        (event,) = strict_ical.read(Path(download.value.path()).read_bytes()).parts
        assert event.one("STATUS") == "CONFIRMED"
        assert event.one("DTSTART") == f"{window.start:%Y%m%dT%H%M%SZ}"


def test_two_managers_on_one_proposal(fresh: Fresh, named: Any, small: Iterator[str]) -> None:
    place = next(small)
    with named("maria", place) as hers, named("ben", place) as his:
        maria, ben = fresh(), fresh()
        for tab, address in ((maria, hers), (ben, his)):
            tab.goto(f"{address}/change?change=A")
            tab.get_by_role("heading", name="History").wait_for()
        # Ben begins to say why he rejects it; meanwhile Maria approves.
        button(ben, "Reject").click()
        ben.get_by_label("Why is it rejected?").fill("The quarter closes that night.")
        button(maria, "Approve").click()
        maria.get_by_text("A is approved").wait_for()
        # He is told, whether he presses or waits; his words stay, and hers are not overwritten.
        ben.get_by_text(re.compile("Changed since you looked at it: maria approved it .*")).wait_for()
        assert ben.get_by_label("Why is it rejected?").input_value() == "The quarter closes that night."
        ben.shoot("told")
        button(ben, "Reject A").click()
        ben.get_by_text(re.compile("A is not as you saw it: maria approved it .* look again, then decide")).wait_for()
        ben.shoot("refused")
        assert row(place, "A")["state"] == "Scheduled"
        # Having looked, he rejects what was announced.
        button(ben, "Look again").click()
        ben.get_by_text("Changed since you looked at it").wait_for(state="detached")
        button(ben, "Reject A").click()
        ben.get_by_text("A is rejected").wait_for()
        assert actions(place, "A")[-2:] == [("maria", "approve"), ("ben", "reject")]
        maria.get_by_text(re.compile("ben rejected it")).wait_for()


def test_a_rejection_leads_to_another_window(tab: Any, named: Any, small: Iterator[str]) -> None:
    place = next(small)
    with named("maria", place) as address:
        tab.goto(f"{address}/?change=A")
        button(tab, "Reject").click()
        button(tab, "Reject A").click()
        tab.get_by_text("Say it in a few words").wait_for()
        tab.get_by_label("Why is it rejected?").fill("The quarter closes that night.")
        button(tab, "Reject A").click()
        tab.get_by_text("Its window was rejected: plan again.").wait_for()
        tab.shoot("1-rejected")
        before = rejected(place)
        go(tab, "Replan")
        button(tab, "Replan").click()
        propose(tab, 2)
        tab.shoot("2-planned")
        go(tab, "Proposals")
        with Store(place) as store, store.reading() as connection:
            again = position(connection).proposal_of("A")
        assert again is not None
        assert again.start != before


def rejected(place: str) -> Any:
    with Store(place) as store, store.reading() as connection:
        (one,) = position(connection).rejections
    return one["start"]


FIVE = CHANGES + "F,Renew certificates,mail,30,,,,,,,\nG,Enlarge disks,db,60,,,,,,,\n"


def _five(store: Store) -> None:
    bring(store, small_portfolio(changes=FIVE))
    plan(store)


def test_a_meeting_of_five_changes(tab: Any, named: Any, stores: Stores) -> None:
    place = stores.like("sqlite", "five", _five)
    with named("maria", place) as address:
        tab.goto(f"{address}/meeting")
        tab.get_by_role("heading", name="Agenda: 5 changes").wait_for()
        tab.shoot("1-agenda")
        button(tab, "Begin the meeting").click()
        decided: dict[str, str] = {}
        for number, verdict in enumerate(("Approve", "Put off", "Reject", "Approve", "Approve")):
            tab.get_by_text(f"{number - ('Put off' in decided.values())} decided").wait_for()
            # While a page is drawn anew, what it showed before stays for a moment.
            expect(tab.get_by_role("heading", level=1)).to_have_count(1)
            change = tab.get_by_role("heading", level=1).inner_text().split()[0]
            decided[change] = verdict
            if number == 0:
                tab.get_by_label("Note, for the minutes and the change").fill("Ann brings the key.")
                button(tab, "Say it").click()
                tab.get_by_text("Ann brings the key.").first.wait_for()
            button(tab, verdict).click()
            if verdict != "Approve":
                words = "Why is it rejected?" if verdict == "Reject" else "Why does it wait, and for what?"
                tab.get_by_label(words).fill(f"{verdict}: as agreed.")
                button(tab, f"{verdict} {change}").click()
            tab.get_by_text(re.compile(rf"^{change} (is approved|was put off|is rejected)")).wait_for()
            if number == 2:
                tab.shoot("2-under-way")
                # Nothing is lost with a reload.
                tab.reload()
                tab.get_by_role("heading", level=1, name=re.compile(f"^{change} ")).wait_for()
            if number < 4:
                button(tab, re.compile("^Next")).first.click()
                tab.get_by_role("heading", level=1, name=re.compile(f"^(?!{change} )")).wait_for()
        tab.get_by_role("heading", name="Minutes (6)").wait_for()
        tab.shoot("3-done")
        with tab.expect_download() as download:
            button(tab, "Minutes, to print").click()
        minutes = Path(download.value.path()).read_text("utf-8")
        assert "Ann brings the key." in minutes
        with tab.expect_download() as download:
            button(tab, "Forward schedule of change, to print").click()
        schedule = Path(download.value.path()).read_text("utf-8")
        for change, verdict in decided.items():
            assert f"<bdi>{change}</bdi>" in minutes
            assert (f"<bdi>{change}</bdi>" in schedule) == (verdict != "Reject")
        states = {change: row(place, change)["state"] for change in decided}
        assert states == {
            change: {"Approve": "Scheduled", "Put off": "Proposed", "Reject": "Rejected"}[verdict]
            for change, verdict in decided.items()
        }
