"""A change manager's morning in a real browser: look, pick, reject, replan, approve, take a calendar away."""

import csv
import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import strict_ical
import vobject
from small_plan import CHANGES, Place, write_portfolio

from scheduler.horizon import Window
from scheduler.ui.review import Plan, read_plan
from scheduler.wording import money_text, window_text

Serve = Callable[..., AbstractContextManager[str]]
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"


def bar_of(tab: Any, change: str) -> Any:
    """The bar of a change on the timeline; screen readers are told what it is."""
    return tab.locator(f"svg.marks path[aria-label*='change: {change};']").last


def easy_to_move(plan: Plan) -> str:
    """A proposal in the first week that has other windows, and costs somebody something."""
    week = plan.table.iloc[0]["start"].date()
    for row in plan.table.itertuples():
        near = (row.start.date() - week).days < 5
        if near and row.state == "proposed" and row.cents and plan.explain(row.change)[0].others:
            return str(row.change)
    raise AssertionError("the sample has no such change")


def lost_by(out: Path, change: str) -> int:
    """What charges.csv says that clients lose to a change."""
    with (out / "charges.csv").open(newline="") as table:
        rows = [row for row in csv.DictReader(table) if row["change"] == change]
    return sum(int(row["cents"]) for row in rows if row["cost"] in ("downtime", "overrun"))


def test_a_change_manager_reviews_the_sample(tab: Any, run_server: Serve, tmp_path: Path) -> None:
    out = tmp_path / "plan"
    with run_server("demo", "--open", "--out", out, "--time-limit", 5) as address:
        plan = read_plan(out)
        change, zone, currency = easy_to_move(plan), plan.portfolio.policy.time_zone, plan.portfolio.policy.currency
        before = plan.placed[change].reserved

        # Opens, and reads the headline.
        tab.goto(address)
        main = tab.get_by_test_id("stMain")
        main.get_by_role("heading", name="Forward schedule").wait_for()
        document = json.loads((out / "schedule.json").read_text())
        metrics = tab.get_by_test_id("stMetricValue")
        metrics.first.wait_for()
        assert metrics.first.inner_text() == money_text(document["cost_cents"], currency, whole=True)
        own = document["objective_cents"] - document["parts"]["drop"]["weighted_cents"]
        share = 1 - own / document["baselines"]["first_come"]["objective_cents"]
        assert metrics.nth(1).inner_text() == f"saves {share:.1%}"

        # Picks a window on the timeline, and sees its price and its reason.
        bar_of(tab, change).click()
        tab.get_by_role("heading", name=re.compile(f"^{change}")).wait_for()
        assert tab.url.endswith(f"/change?change={change}")
        lost = money_text(lost_by(out, change), currency)
        tab.get_by_role("heading", name=f"It costs clients {lost}").wait_for()
        tab.get_by_role("heading", name="Why here").wait_for()
        tab.get_by_text(re.compile("^• .+")).first.wait_for()
        main.get_by_text(window_text(before, zone), exact=True).wait_for()

        # A rejection needs a reason.
        tab.get_by_role("button", name="Reject").click()
        tab.get_by_text("Say why").wait_for()
        tab.get_by_label("Reason").fill("The quarter closes that night.")
        tab.get_by_role("button", name="Reject").click()
        tab.get_by_text(f"{change} is rejected").wait_for()

        # Replans, and sees it moved.
        tab.get_by_role("button", name="Replan").click()
        tab.get_by_text(f"to be given another window: {change}").wait_for()
        tab.get_by_label("Plan for").click()
        tab.get_by_role("option", name="1 minute").click()
        tab.get_by_role("button", name="Replan").click()
        tab.get_by_role("button", name="Take the best so far").click()
        tab.get_by_text("The plan is new.").wait_for(timeout=60_000)
        again = read_plan(out)
        after = again.placed[change].reserved
        assert not after.overlaps(before)
        assert again.document.id != plan.document.id

        # Approves.
        tab.goto(f"{address}/?change={change}")
        main.get_by_text(window_text(after, zone), exact=True).wait_for()
        tab.get_by_role("button", name="Approve").click()
        tab.get_by_text(f"{change} is approved").wait_for()
        with (out / "decisions.csv").open(newline="") as table:
            rows = [(row["change"], row["kind"], row["reason"]) for row in csv.DictReader(table)]
        assert rows == [(change, "reject", "The quarter closes that night."), (change, "approve", "")]

        # Takes a calendar away.
        with tab.expect_download() as download:
            tab.get_by_role("button", name="This change", exact=True).click()
        stream = Path(download.value.path()).read_bytes()
        assert download.value.suggested_filename == f"{change}.ics"
        (event,) = strict_ical.read(stream).parts
        assert event.one("STATUS") == "CONFIRMED"
        assert not event.one("SUMMARY").startswith("Proposed")
        assert (event.one("DTSTART"), event.one("DTEND")) == (ical(after)[0], ical(after)[1])
        assert vobject.readOne(stream.decode()).vevent.dtstart.value == after.start


def ical(window: Window) -> tuple[str, str]:
    return f"{window.start:%Y%m%dT%H%M%SZ}", f"{window.end:%Y%m%dT%H%M%SZ}"


HOSTILE = (
    "<img src=x onerror=alert(1)> [l](http://evil.example) ![i](http://evil.example/i.png) **b** `c` $x$ :smile: "
    ":material/home: :red[r] <- -> http://evil.example www.evil.example a@evil.example"
)


def test_hostile_text_is_text(tab: Any, run_server: Serve, tmp_path: Path) -> None:
    cell = f'"{HOSTILE}"'
    changes = CHANGES.replace("Patch order entry", cell).replace("Holes are known.", cell)
    changes = changes.replace("Order entry cannot be opened.", cell)
    portfolio = write_portfolio(
        tmp_path / "portfolio",
        changes=changes,
        services=f"service,name,used_for,owner\napp,{cell},{cell},{cell}\nmail,Mail,,\ndb,Database,,\n",
        teams="team,name,time_zone,cost_per_user_hour,uses,headcount,contact\n"
        f"blue,{cell},Europe/London,10,,,{cell}\ngreen,Green,Asia/Singapore,5,mail,40,Ben\n",
    )
    policy = (portfolio / "policy.toml").read_text()
    (portfolio / "policy.toml").write_text(policy.replace('"Small"', json.dumps(HOSTILE)))
    Place(portfolio, tmp_path / "out").plan()
    with run_server("serve", tmp_path / "out") as address:
        tab.goto(f"{address}/?change=A")
        tab.get_by_role("heading", name="What every start would cost").wait_for()
        tab.locator(IDLE).wait_for()
        title = tab.get_by_role("heading", level=1).inner_text().replace("\u2060", "")
        assert title == f"A  {HOSTILE}".replace("  ", " ")
        assert harmless(tab)
        tab.get_by_label("Reason").fill(HOSTILE)
        tab.get_by_label("Your name").fill("<b>An</b>*n*")
        tab.get_by_role("button", name="Reject").click()
        tab.get_by_text("A is rejected").wait_for()
        last = tab.get_by_text("Last decision: reject by <b>An</b>*n*")
        assert last.inner_text().endswith(HOSTILE)
        assert harmless(tab)
        tab.get_by_role("button", name="Forward schedule").click()
        bar_of(tab, "D").wait_for()
        assert harmless(tab)
        tab.get_by_text("by team").click()
        tab.wait_for_url("**rows=by+team**")
        tab.locator(IDLE).wait_for()
        assert harmless(tab)


def harmless(tab: Any) -> bool:
    """Tell that nothing on the page is a picture, a link, a formula or a colour that a text asked for."""
    asked_for = "img[src='x'], [src*='evil'], [href*='evil'], [href^='mailto'], .katex, :text-is('b'), :text-is('r')"
    assert not tab.get_by_test_id("stMain").locator(asked_for).count()
    return "\N{SMILING FACE WITH OPEN MOUTH AND SMILING EYES}" not in tab.get_by_test_id("stMain").inner_text()
