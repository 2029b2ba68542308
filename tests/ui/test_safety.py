"""What holds for all screens: nothing is written but by the workflow, nothing is fetched, and texts stay texts."""

import ast
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from small_desk import bring, plan, small_portfolio
from small_plan import CHANGES, POLICY

from scheduler.desk import workflow
from scheduler.desk.position import position
from scheduler.desk.store import Store
from scheduler.ui.app import SCREENS

Serve = Callable[..., AbstractContextManager[str]]
UI = Path(__file__).parents[2] / "ui"
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"
SOURCES = {path.relative_to(UI).as_posix(): ast.parse(path.read_text("utf-8")) for path in sorted(UI.rglob("*.py"))}
READING = {"preview", "price", "revision_of", "possible"}
"""What the workflow offers that writes nothing."""
WRITERS = {name for name in workflow.__all__ if name[0].islower()} - READING

# --- no view writes except through the workflow ----------------------------------------------------------------------


def imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Every name that a module imports from another, as (module, name)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not node.level:
            yield from ((node.module or "", alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)


@pytest.mark.parametrize("file", SOURCES)
def test_screens_write_by_the_workflow_alone(file: str) -> None:
    found = list(imported(SOURCES[file]))
    # Neither what writes to the log, nor a function of the workflow by another name, nor a way around both.
    assert not [one for one in found if one[0] == "scheduler.desk.writing" and one[1] in ("write", "Writing")]
    assert not [one for one in found if one[0].startswith("scheduler.desk.") and one[1] in WRITERS], found
    assert not [
        one for one in found if one[0] in ("sqlite3", "psycopg", "scheduler.desk.fold", "scheduler.desk.copying")
    ]
    attributes = {node.attr for node in ast.walk(SOURCES[file]) if isinstance(node, ast.Attribute)}
    assert not {"writing", "exec_driver_sql", "raw_connection", "engine", "commit", "begin"} & attributes
    if any(one[0] == "scheduler.desk.tables" for one in found):
        # Whoever knows the tables only asks.
        assert not {"insert", "update", "delete", "text"} & attributes


def test_writers_are_known() -> None:
    """The list above would be worth nothing if the workflow called its functions otherwise."""
    assert {"approve", "reject", "move", "import_portfolio", "put_user", "start_run", "propose"} <= WRITERS
    assert READING & set(workflow.__all__) >= {"preview", "price"}


# --- every page in a real browser ------------------------------------------------------------------------------------

HOSTILE = (
    "<img src=x onerror=alert(1)> [l](http://evil.example) ![i](http://evil.example/i.png) **b** `c` $x$ :smile: "
    ":material/home: :red[r] <- -> http://evil.example www.evil.example a@evil.example"
)
SOON = datetime(2027, 3, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The place of a desk in every text of which is what means harm: names, reasons, comments, people."""
    place = str(tmp_path_factory.mktemp("hostile") / "desk.db")
    cell = f'"{HOSTILE}"'
    changes = CHANGES.replace("Patch order entry", cell).replace("Holes are known.", cell)
    portfolio = small_portfolio(
        policy=POLICY.replace('"Small"', json.dumps(HOSTILE)),
        changes=changes.replace("Order entry cannot be opened.", cell),
        services=f"service,name,used_for,owner\napp,{cell},{cell},{cell}\nmail,Mail,,\ndb,Database,,\n",
        teams="team,name,time_zone,cost_per_user_hour,uses,headcount,contact\n"
        f"blue,{cell},Europe/London,10,,,{cell}\ngreen,Green,Asia/Singapore,5,mail,40,Ben\n",
        preferences=f"team,kind,hours,cost_per_hour,reason\nblue,avoid,Mon 01:00-02:00,3,{cell}\n",
        calendars=f"calendar,kind,hours,applies_to\n{cell},blackout,Wed 09:00-10:00,*\n",
        events=f"team,start,end,factor,note\nblue,2027-03-02,2027-03-03,2,{cell}\n",
        engineers=f"engineer,skills,works\n{cell},dba,Mon-Sun 00:00-24:00\n",
    )
    with Store(place, create=True) as store:
        bring(store, portfolio, by="root")
        plan(store, by="root")
        workflow.put_user(store, "root", by="root", role="administrator", name=HOSTILE)
        workflow.put_user(store, f"{HOSTILE[:60]}@evil.example", by="root", role="viewer", name=HOSTILE)
        workflow.put_user(store, "ben", by="root", role="change manager", name=HOSTILE)
        workflow.comment(store, "A", HOSTILE, by="root")
        workflow.prefer(
            store, "green", "avoid", by="root", hours="Tue 01:00-02:00", cost_cents_per_hour=1, reason=HOSTILE
        )
        workflow.absent(store, HOSTILE, by="root", start=SOON, end=SOON + timedelta(days=1), reason=HOSTILE)
        workflow.delegate(store, "ben", by="root", start=SOON, end=SOON + timedelta(days=1))
        for change, action, given in (
            ("A", workflow.object_to, {"team": "blue"}),
            ("A", workflow.hold, {}),
            ("A", workflow.release, {}),
            ("A", workflow.pin, {}),
            ("B", workflow.defer, {}),
            ("B", workflow.reject, {}),
            ("D", workflow.approve, {}),
            ("D", workflow.cancel, {}),
        ):
            with store.reading() as connection:
                seen = position(connection).changes[change]["revision"]
            action(store, change, by="root", seen=seen, reason=HOSTILE, **given)  # type: ignore[operator]
        with store.reading() as connection:
            (objection,) = position(connection).objections
        workflow.answer(store, objection["id"], by="root", uphold=False, text=HOSTILE)
    return place


def test_no_page_fetches_anything_or_takes_texts_for_more(
    hostile: str, run_server: Serve, fresh: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LOGNAME", "root")
    tab = fresh()
    with run_server("serve", "--store", hostile) as address:
        paths = [one.path or one.name for one in SCREENS if one.at in ("both", "desk") and one.name != "change"]
        for number, path in enumerate([*paths, *(f"change?change={change}" for change in "ABD")]):
            tab.goto(f"{address}/{path}")
            tab.get_by_role("heading", level=1).first.wait_for()
            tab.locator(IDLE).wait_for()
            tab.wait_for_timeout(500)
            tab.screenshot(path=tmp_path / f"{number}.png", full_page=True)
            assert harmless(tab), path
            assert not tab.get_by_test_id("stException").count(), path
    # That none of it left the machine is said by the fixture.


def harmless(tab: Any) -> bool:
    """Tell that nothing on the page is a picture, a link, a formula or a colour that a text asked for."""
    asked_for = "img[src='x'], [src*='evil'], [href*='evil'], [href^='mailto'], .katex, :text-is('b'), :text-is('r')"
    assert not tab.get_by_test_id("stMain").locator(asked_for).count()
    return "\N{SMILING FACE WITH OPEN MOUTH AND SMILING EYES}" not in tab.get_by_test_id("stMain").inner_text()
