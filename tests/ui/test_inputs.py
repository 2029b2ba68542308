"""The page that brings portfolios to the desk: nothing is stored before all is well, and tables are mended in place."""

import io
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from small_desk import small_portfolio
from small_plan import CHANGES, POLICY, SERVICES, TEAMS, said, usage
from stores import Stores
from streamlit.testing.v1 import AppTest

from scheduler.desk import workflow
from scheduler.desk.library import portfolio_of
from scheduler.desk.position import position
from scheduler.desk.store import Store
from scheduler.ui.desk import Desk
from scheduler.ui.uploads import merged

Open = Callable[..., AppTest]
Serve = Callable[..., AbstractContextManager[str]]
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"
BROKEN = CHANGES.replace("A,Patch order entry,app,60,90", "A,Patch order entry,app,sixty,90")
PROBLEM = "changes.csv, row 2, duration_minutes: 'sixty'"
FILES = {
    "policy.toml": POLICY.encode(),
    "teams.csv": TEAMS.encode(),
    "services.csv": SERVICES.encode(),
    "dependencies.csv": b"service,depends_on\napp,db\n",
    "changes.csv": BROKEN.encode(),
    "usage.csv": usage().encode(),
}


def drafted(view: Open, files: dict[str, bytes], **given: Any) -> AppTest:
    """The page with files that were uploaded a moment ago."""
    visitor = view("inputs")
    draft = {"files": files, "source": "p.zip", "foreign": {}, "problems": []} | given
    visitor.session_state["inputs draft"] = draft
    visitor.run()
    assert not visitor.exception, visitor.exception
    return visitor


def press(visitor: AppTest, label: str) -> AppTest:
    next(one for one in visitor.button if one.label == label).click().run()
    assert not visitor.exception, visitor.exception
    return visitor


def test_what_is_wrong_is_said_and_nothing_is_stored(empty_desk: Desk, view: Open) -> None:
    visitor = drafted(view, FILES, problems=["x.exe: is no file of a portfolio; it was passed over"])
    words = said(visitor)
    assert "1 to mend before it can be imported:" in words
    assert PROBLEM in words
    assert "x.exe: is no file" in words
    assert not [one for one in visitor.button if one.label == "Import"]
    assert empty_desk.moment().version is None
    press(visitor, "Put it aside")
    assert PROBLEM not in said(visitor)


def test_a_cell_is_mended_and_the_portfolio_imported(empty_desk: Desk, view: Open) -> None:
    visitor = drafted(view, FILES)
    edits = {"edited_rows": {0: {"duration_minutes": "60"}}, "added_rows": [], "deleted_rows": []}
    visitor.session_state["inputs edit changes.csv 0"] = edits
    visitor.run()
    press(visitor, "Keep and check")
    words = said(visitor)
    assert "No problem was found." in words
    assert "4 new: A, B, C and D" in words
    # Without the router there is no page to go on to, which comes last.
    next(one for one in visitor.button if one.label == "Import").click().run()
    with empty_desk.at.store.reading() as connection:
        assert portfolio_of(connection).content_hash == small_portfolio().content_hash
        assert sorted(position(connection).changes) == ["A", "B", "C", "D"]


def test_what_an_import_changes_is_said_first(desk: Desk, view: Open) -> None:
    longer = CHANGES.replace("B,Move the mail,mail,120,", "B,Move the mail,mail,150,")
    visitor = drafted(view, merged(FILES, {"changes.csv": longer.encode()}))
    words = said(visitor)
    assert "1 altered: B" in words
    same = drafted(view, merged(FILES, {"changes.csv": CHANGES.encode()}))
    assert "nothing differs from what is there" in said(same)
    (button,) = [one for one in same.button if one.label == "Import"]
    assert button.disabled


def test_the_present_one_is_edited(desk: Desk, view: Open) -> None:
    visitor = press(view("inputs"), "Edit the present one")
    assert "nothing differs from what is there" in said(visitor)
    assert "changes.csv" in visitor.session_state["inputs draft"]["files"]


def test_others_are_told_who_brings_portfolios_in(desk: Desk, view: Open) -> None:
    workflow.put_user(desk.at.store, "ann", by="ann", role="administrator")
    workflow.put_user(desk.at.store, "bea", by="ann", role="administrator")
    workflow.put_user(desk.at.store, "ann", by="bea", role="viewer")
    visitor = view("inputs")
    assert "Change managers bring portfolios in." in said(visitor)
    assert not visitor.button


# --- in a real browser -----------------------------------------------------------------------------------------------


def archive(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"portfolio/{name}", content)
    return buffer.getvalue()


def test_a_broken_archive_is_uploaded_mended_and_imported(
    stores: Stores, run_server: Serve, tab: Any, tmp_path: Path
) -> None:
    place = stores.new("sqlite")
    with run_server("serve", "--store", place) as address:
        tab.goto(address)
        tab.get_by_role("button", name="Bring one in").click()
        tab.get_by_role("heading", name="Inputs").wait_for()
        given = {"name": "portfolio.zip", "mimeType": "application/zip", "buffer": archive(FILES)}
        tab.locator("input[type=file]").set_input_files(given)
        tab.get_by_role("button", name="Read the files").click()
        tab.get_by_text("1 to mend before it can be imported").wait_for()
        tab.get_by_text(PROBLEM).wait_for()
        tab.screenshot(path=tmp_path / "broken.png", full_page=True)
        # The table with the problem is open. It is drawn on a canvas, beside which stands the same as a table to read.
        grid = tab.get_by_test_id("stDataFrame").last
        wrong = grid.locator("td", has_text="sixty")
        wrong.wait_for(state="attached")
        grid.scroll_into_view_if_needed()
        for press in range(40):
            if wrong.get_attribute("aria-selected") == "true":
                break
            if press % 10 == 0:  # a click before the canvas listens is lost
                tab.wait_for_timeout(1000)
                box = grid.bounding_box()
                tab.mouse.click(box["x"] + 150, box["y"] + 52)
            else:
                tab.keyboard.press("ArrowRight")
            tab.wait_for_timeout(200)
        assert wrong.get_attribute("aria-selected") == "true"
        tab.keyboard.press("Enter")
        field = tab.locator("textarea.gdg-input, input.gdg-input").first
        field.fill("60")
        field.press("Enter")
        tab.get_by_role("button", name="Keep and check").click()
        tab.get_by_text("No problem was found.").wait_for()
        tab.get_by_text("4 new: A, B, C and D").wait_for()
        tab.screenshot(path=tmp_path / "mended.png", full_page=True)
        with Store(place) as store, store.reading() as connection:
            assert position(connection).changes == {}
        tab.get_by_role("button", name="Import", exact=True).click()
        tab.get_by_text("It is at the desk.").wait_for()
        tab.screenshot(path=tmp_path / "imported.png")
    with Store(place) as store, store.reading() as connection:
        assert portfolio_of(connection).content_hash == small_portfolio().content_hash
