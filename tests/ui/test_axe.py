"""What axe-core finds wrong with the pages for people who do not see or cannot use a mouse: nothing serious of ours."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import npm_packages
import pytest
from playwright.sync_api import expect
from small_desk import fill
from stores import Stores

AXE = "axe-core@4.14.1"
SERIOUS = ("serious", "critical")
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"
CALENDAR = {"aria-required-children"}
"""What the calendar library breaks in its own parts of the page of a week, as it nests them; listed with the rest."""
IN_DARK = ("/proposals", "/change?change=A", "/meeting?since=5", "/my-team", "/schedule")


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_no_serious_violation_is_ours(
    mode: str,
    fresh: Callable[..., Any],
    run_server: Callable[..., AbstractContextManager[str]],
    stores: Stores,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = npm_packages.install(npm_packages.shared_folder(tmp_path_factory) / "axe-core", AXE)
    axe = (folder / "axe.min.js").read_text("utf-8")
    found: dict[tuple[str, str], list[str]] = {}
    with run_server("serve", "--store", stores.like("sqlite", "small", fill)) as address:
        tab = fresh(color_scheme=mode)
        tab.goto(address)
        tab.get_by_test_id("stMain").get_by_role("heading", level=1).wait_for()
        links = {one.get_attribute("href") for one in tab.get_by_test_id("stTopNavLink").all()}
        for section in tab.get_by_test_id("stTopNavSection").all():
            section.click()
            tab.get_by_test_id("stTopNavDropdownLink").first.wait_for()
            links |= {one.get_attribute("href") for one in tab.get_by_test_id("stTopNavDropdownLink").all()}
            section.click()
        paths = (link.removeprefix(address).strip("/") for link in links)
        pages = sorted({*(f"/{path}" for path in paths), *IN_DARK})
        assert {"/proposals", "/meeting", "/log", "/calendars"} <= set(pages)
        for page in pages if mode == "light" else IN_DARK:
            tab.goto(address + page)
            tab.get_by_test_id("stMain").get_by_role("heading", level=1).wait_for()
            tab.locator(IDLE).wait_for()
            # Charts come a little later than all else, and what is drawn anew fades in.
            tab.wait_for_timeout(700)
            tab.locator(IDLE).wait_for()
            expect(tab.locator("[data-stale=true]")).to_have_count(0)
            tab.wait_for_timeout(1000)
            tab.evaluate(axe)
            for one in tab.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]:
                where = [f"{page}: {node['html'][:150]}" for node in one["nodes"]]
                found.setdefault((one["impact"], one["id"]), []).extend(where)
    # The rest is listed in the folder of the test.
    rest = [f"{impact}, {rule}, {len(where)} times: {where[0]}" for (impact, rule), where in sorted(found.items())]
    (tmp_path / "axe.txt").write_text("\n".join(rest), "utf-8")
    serious = {rule: where for (impact, rule), where in found.items() if impact in SERIOUS}
    ours = {
        rule: [one for one in where if not (rule in CALENDAR and one.startswith("/week: <div") and 'class="ec' in one)]
        for rule, where in serious.items()
    }
    assert not any(ours.values()), ours
