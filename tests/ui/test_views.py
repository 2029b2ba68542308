"""Every screen: opens alone, says the numbers of the files, and meets states that nobody hopes for."""

import csv
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from small_plan import CHANGES, POLICY, Place, read, said, write_portfolio
from streamlit.testing.v1 import AppTest

from scheduler.batch import plan
from scheduler.inputs import load
from scheduler.inputs.decisions import read_decisions
from scheduler.ui import state
from scheduler.ui.views import change as change_view
from scheduler.wording import money_text, window_text

Open = Callable[..., AppTest]
VIEWS = sorted(path.stem for path in Path(str(change_view.__file__)).parent.glob("[!_]*.py"))
OF_A_DESK = (
    "change_desk", "inputs", "meeting", "my_team", "people", "proposals", "replan_desk", "runs", "what_if",
)  # fmt: skip
OF_A_PLAN = [name for name in VIEWS if name not in (*OF_A_DESK, "calendars", "log")]
pytestmark = pytest.mark.usefixtures("place")


def document(place: Place) -> dict[str, Any]:
    return dict(json.loads((place.out / "schedule.json").read_text()))


def charges(place: Place) -> list[dict[str, str]]:
    with (place.out / "charges.csv").open(newline="") as table:
        return list(csv.DictReader(table))


def decide(visitor: AppTest, button: str, reason: str = "", by: str = "Ann") -> AppTest:
    (area,) = visitor.text_area
    area.set_value(reason)
    visitor.text_input(key="by").set_value(by)
    next(one for one in visitor.button if one.label == button).click().run()
    assert not visitor.exception, visitor.exception
    return visitor


# --- they open -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", VIEWS)
def test_every_view_opens_alone(view: Open, name: str) -> None:
    visitor = view(name, change="A")
    assert visitor.title
    assert not visitor.error


def test_the_front_door_leads_to_the_schedule(router: Open) -> None:
    assert router().title[0].value == "Forward schedule"


def test_an_address_leads_to_a_change(router: Open) -> None:
    visitor = router(change="A")
    assert visitor.title[0].value.startswith("A ")
    # The way back does not lead there again.
    next(one for one in visitor.button if one.label == "Forward schedule").click().run()
    assert visitor.title[0].value == "Forward schedule"


def test_a_change_that_nobody_knows(view: Open) -> None:
    visitor = view("change", change="<b>Z</b>")
    assert visitor.title[0].value == "No such change"
    assert visitor.text[0].value == "The portfolio has no change '<b>Z</b>'."
    assert view("change").text[0].value == "No change was chosen."


def test_a_row_of_the_table_leads_to_its_change(router: Open, place: Place) -> None:
    visitor = router()
    second = visitor.dataframe[0].value["change"].iloc[1]
    visitor.session_state["windows"] = {"selection": {"rows": [1], "columns": [], "cells": []}}
    visitor.run()
    assert visitor.title[0].value.startswith(f"{second} ")


def test_a_bar_of_the_timeline_leads_to_its_change(router: Open) -> None:
    visitor = router()
    visitor.session_state["timeline"] = {"selection": {"pick": [{"change": "B"}]}}
    visitor.run()
    assert visitor.title[0].value.startswith("B ")


# --- numbers and words -----------------------------------------------------------------------------------------------


def test_the_headline_is_that_of_the_files(view: Open, place: Place) -> None:
    content = document(place)
    assert content["cost_cents"] > 0
    own = content["objective_cents"] - content["parts"]["drop"]["weighted_cents"]
    first, *others = (content["baselines"][name] for name in ("first_come", "earliest", "random_best", "sunday_0200"))
    best = min((one for one in others if not one["violations"]), key=lambda one: one["objective_cents"])
    shown = {read(one.label): read(one.value) for one in view("forward_schedule").metric}
    saved = [f"saves {1 - own / one['objective_cents']:.1%}" for one in (first, best)]
    assert list(shown.values())[:3] == [money_text(content["cost_cents"], "GBP", whole=True), *saved]
    assert shown["Needs a decision"] == "3"
    assert content["status"] == "OPTIMAL"
    assert shown["Could be cheaper by"] == "nothing"


def test_the_table_holds_every_window_at_its_price(view: Open, place: Place) -> None:
    (table,) = view("forward_schedule").dataframe
    cents: dict[str, int] = {}
    for row in charges(place):
        cents[row["change"]] = cents.get(row["change"], 0) + int(row["cents"])
    placements = document(place)["placements"]
    assert len(placements) == 3
    assert {row.change: round(row.cost * 100) for row in table.value.itertuples()} == {
        one["change"]: cents.get(one["change"], 0) for one in placements
    }
    assert {one["change"]: one["cents"] for one in placements} == {
        one["change"]: cents.get(one["change"], 0) for one in placements
    }


def test_savings_and_burdens_are_those_of_the_files(view: Open, place: Place) -> None:
    habits, teams = view("savings").dataframe
    baselines = document(place)["baselines"]
    assert len(habits.value) == 1 + len(baselines)
    shown = dict(zip(habits.value["planned by"], habits.value["weighted cost"], strict=True))
    for name, words in (("first_come", "first come first served"), ("sunday_0200", "Sunday 02:00")):
        assert read(shown[words]) == money_text(baselines[name]["objective_cents"], "GBP")
    cents = {"blue": 0, "green": 0}
    for row in charges(place):
        if row["cost"] in ("downtime", "overrun"):
            cents[row["team"]] += int(row["cents"])
    assert sum(cents.values()) == document(place)["cost_cents"] > 0
    lost = dict(zip(teams.value["team"], teams.value["loses"], strict=True))
    assert lost == {"Blue Ltd": money_text(cents["blue"], "GBP"), "Green Inc": money_text(cents["green"], "GBP")}


def test_a_forecast_needs_some_weeks_to_be_compared(view: Open) -> None:
    assert view("savings").info[-1].value == "Too little was recorded to compare a week with its forecast."


def test_the_last_week_stands_beside_its_forecast(view: Open, place: Place) -> None:
    usage = place.portfolio / "usage.csv"
    head, *rows = usage.read_text().splitlines()
    # The same two weeks, four times over.
    for back in (2, 4, 6):
        for row in rows[: 14 * 24]:
            team, service, start, users = row.split(",")
            earlier = datetime.fromisoformat(start) - timedelta(weeks=back)
            rows.append(f"{team},{service},{earlier:%Y-%m-%dT%H:%MZ},{users}")
    usage.write_text("\n".join([head, *rows]) + "\n")
    visitor = view("savings")
    (chosen,) = visitor.selectbox
    assert chosen.options[0] == "all services"
    assert "from what was known when it began: off by 0.0 of " in visitor.caption[-1].value
    chosen.select_index(1).run()
    assert not visitor.exception


def test_a_change_costs_what_the_files_say(view: Open, place: Place) -> None:
    lost: dict[str, int] = {}
    for row in charges(place):
        if row["change"] == "A" and row["cost"] in ("downtime", "overrun"):
            lost[row["team"]] = lost.get(row["team"], 0) + int(row["cents"])
    assert set(lost) == {"blue"}
    visitor = view("change", change="A")
    total = money_text(lost["blue"], "GBP")
    assert f"It costs clients {total}" in [read(one.value) for one in visitor.subheader]
    assert list(visitor.dataframe[0].value["cost"]) == [total]
    assert list(visitor.dataframe[0].value["team"]) == ["Blue Ltd"]
    assert "Holes are known." in said(visitor)


def test_every_time_carries_its_zone(view: Open) -> None:
    # After a time come, at most, the rest of an interval and then a zone; or the axis or heading has named one.
    zoned = re.compile(r"\d\d:\d\d(?: to (?:\w+ \d+ \w+ \d{4} )?\d\d:\d\d)? (?:GMT|BST|UTC[+\-\d]*)")
    for visitor in (view("forward_schedule"), view("change", change="A"), view("change", change="B"), view("replan")):
        times = re.findall(r"\d\d:\d\d", said(visitor))
        found = [time for text in zoned.findall(said(visitor)) for time in re.findall(r"\d\d:\d\d", text)]
        # The habit of Sunday 02:00 is a name.
        assert sorted(times) == sorted([*found, *re.findall(r"(?<=Sunday )\d\d:\d\d", said(visitor))])


def test_teams_read_their_own_clock(view: Open, place: Place) -> None:
    shown = place.read()
    (singapore,) = view("change", change="B").dataframe[0].value["window"]
    assert singapore == window_text(shown.placed["B"].reserved, "Asia/Singapore")
    assert "UTC+08" in singapore


def test_what_has_no_window_says_why(view: Open) -> None:
    words = said(view("change", change="C"))
    assert "This change has no window in the plan." in words
    assert "Leaving it out costs 70.00 GBP." in words
    reason = "no start is left: C, which needs 30 min, is due Mon 1 Mar 2027 00:00 GMT"
    assert f"C (70.00 GBP): {reason}" in said(view("forward_schedule"))


# --- finding ---------------------------------------------------------------------------------------------------------


def rows(visitor: AppTest) -> list[str]:
    return [one for table in visitor.dataframe for one in table.value["change"]]


def test_search_finds_changes_services_and_teams(view: Open) -> None:
    for words, found in (("patch", {"A"}), ("MAIL", {"B"}), ("blue", {"A", "D"}), ("blue base", {"D"}), ("zz", set())):
        visitor = view("forward_schedule", q=words)
        assert set(rows(visitor)) == found, words
    assert "No window is like that" in said(visitor)


def test_states_narrow_the_table(view: Open, place: Place) -> None:
    decide(view("change", change="A"), "Approve")
    visitor = view("forward_schedule")
    assert {one: count for one, count in zip(*[iter(["A", 1])] * 2, strict=True)} == {"A": 1}
    pills = visitor.get("button_group")[1]
    pills.set_value(["approved"]).run()
    assert rows(visitor) == ["A"]


def test_a_stretch_of_time_without_windows_leads_to_the_first(view: Open, place: Place) -> None:
    last = place.read().table["start"].max().date()
    assert last < datetime(2027, 3, 13).date()  # noqa: DTZ001
    visitor = view("forward_schedule", **{"from": "2027-03-14", "span": "1 day"})
    assert "No such window in this stretch of time." in said(visitor)
    next(one for one in visitor.button if one.label == "Go to the first").click().run()
    assert "No such window" not in said(visitor)


# --- decisions -------------------------------------------------------------------------------------------------------


def test_a_rejection_needs_a_reason_and_is_logged(view: Open, place: Place) -> None:
    visitor = decide(view("change", change="A"), "Reject", reason="  ")
    assert "Say why" in said(visitor)
    assert read_decisions(place.out) == []
    decide(visitor, "Reject", reason="Year end.", by="Ann\nLee")
    assert "A is rejected" in said(visitor)
    (row,) = read_decisions(place.out)
    window = place.read().placed["A"]
    assert (row.decision.change, row.decision.kind, row.decision.start) == ("A", "reject", window.start)
    assert (row.decision.announced_at, row.reason, row.by) == (None, "Year end.", "Ann Lee")
    assert "✕ rejected" in said(view("forward_schedule"))
    assert "One window was rejected and waits" in said(view("forward_schedule"))


def test_an_approval_announces_and_can_be_taken_back(view: Open, place: Place) -> None:
    decide(view("change", change="A"), "Approve")
    (row,) = read_decisions(place.out)
    assert row.decision.kind == "approve"
    assert row.decision.announced_at is not None
    visitor = view("change", change="A")
    assert "Approved: it keeps this window. Announced" in said(visitor)
    assert "✓ approved" in said(visitor)
    decide(visitor, "Reject", reason="A mistake.")
    assert [one.decision.kind for one in read_decisions(place.out)] == ["approve", "reject"]
    decide(view("change", change="A"), "Approve")
    assert "✓ approved" in said(view("change", change="A"))


def test_the_next_plan_obeys(view: Open, place: Place) -> None:
    before = place.read().placed
    decide(view("change", change="A"), "Approve")
    decide(view("change", change="D"), "Reject", reason="Not then.")
    after = place.plan().placed
    assert after["A"].start == before["A"].start
    assert after["A"].announced_at is not None
    assert not after["D"].reserved.overlaps(before["D"].reserved)
    states = {row.change: row.state for row in view("forward_schedule").dataframe[0].value.itertuples()}
    assert states == {"A": "✓ approved", "B": "○ proposed", "D": "○ proposed"}


def test_a_decision_on_a_plan_that_was_replaced_says_what_changed(view: Open, place: Place) -> None:
    visitor, other = view("change", change="D"), view("change", change="B")
    before = place.read().placed["D"].reserved
    decide(view("change", change="D"), "Reject", reason="Not then.")
    after = place.plan().placed["D"].reserved
    decide(visitor, "Approve")
    words = said(visitor)
    zone = "Europe/London"
    assert f"D moved from {window_text(before, zone)} to {window_text(after, zone)}. Nothing was decided" in words
    decide(other, "Approve")
    assert "B has the same window still. Nothing was decided" in said(other)
    assert len(read_decisions(place.out)) == 1


def test_two_visitors_cannot_both_decide(view: Open, place: Place) -> None:
    ann, ben = view("change", change="A"), view("change", change="A")
    decide(ann, "Approve", by="Ann")
    decide(ben, "Reject", reason="No.", by="Ben")
    assert "A was decided on by Ann since you looked at it" in said(ben)
    assert len(read_decisions(place.out)) == 1


# --- states that nobody hopes for ------------------------------------------------------------------------------------


def test_no_plan_yet(view: Open, place: Place) -> None:
    (place.out / "schedule.json").unlink()
    for name in OF_A_PLAN:
        assert "There is no plan here yet" in said(view(name))


def test_a_plan_that_cannot_be_read(view: Open, place: Place) -> None:
    (place.out / "schedule.json").write_text("<html>")
    for name in OF_A_PLAN:
        words = said(view(name))
        assert "The plan cannot be read" in words
        assert "schedule.json: is not JSON" in words


def test_charges_that_are_gone(view: Open, place: Place) -> None:
    (place.out / "charges.csv").unlink()
    assert "charges.csv: cannot be read" in said(view("forward_schedule"))


def test_decisions_that_cannot_be_read(view: Open, place: Place) -> None:
    (place.out / "decisions.csv").write_text("change,kind,start\nA,maybe,soon\n")
    for name in OF_A_PLAN:
        assert "'maybe' is not" in said(view(name, change="A"))


def test_a_portfolio_that_is_gone_can_be_shown_where_it_is_now(view: Open, place: Place) -> None:
    elsewhere = place.portfolio.rename(place.portfolio.parent / "elsewhere")
    words = said(view("forward_schedule"))
    assert "The portfolio of this plan is gone" in words
    assert f"scheduler serve {place.out} --portfolio FOLDER" in words
    state.show(place.out, elsewhere)
    assert view("forward_schedule").title[0].value == "Forward schedule"


def test_a_portfolio_that_cannot_be_read(view: Open, place: Place) -> None:
    (place.portfolio / "teams.csv").unlink()
    words = said(view("forward_schedule"))
    assert "The portfolio of this plan cannot be read" in words
    assert "teams.csv: required file is missing" in words


def test_a_portfolio_that_changed_makes_the_plan_stale(view: Open, place: Place) -> None:
    visitor = view("change", change="A")
    table = place.portfolio / "changes.csv"
    # What means the same is no change.
    table.write_text(table.read_text() + "\n")
    assert "Stale" not in said(view("forward_schedule"))
    table.write_text(table.read_text().replace("Patch order entry", "Patch all of order entry"))
    for name in ("forward_schedule", "replan", "change"):
        assert "**Stale.** The portfolio changed" in said(view(name, change="A"))
    decide(visitor, "Approve")
    assert "replan before you approve" in said(visitor)
    assert read_decisions(place.out) == []
    table.write_text("broken")
    assert "The portfolio cannot be read any more" in said(view("forward_schedule"))


def test_a_run_without_a_schedule(view: Open, place: Place) -> None:
    path = place.out / "schedule.json"
    clash = [{"rule": "due", "changes": ["A"], "text": "A has no possible start: due leaves none"}]
    empty = {"objective_cents": None, "bound_cents": None, "gap": None, "placements": [], "unplaced": []}
    path.write_text(json.dumps(document(place) | empty | {"status": "INFEASIBLE", "clash": clash}))
    words = said(view("forward_schedule"))
    assert "No schedule obeys every rule" in words
    assert "A has no possible start: due leaves none" in words
    path.write_text(json.dumps(document(place) | {"status": "STOPPED", "clash": []}))
    assert "stopped before there was a schedule" in said(view("change", change="A"))


# --- planning anew ---------------------------------------------------------------------------------------------------


def finished(view: Open) -> AppTest:
    run = state.replan()
    assert run is not None
    run.wait(60)
    return view("replan")


def test_replanning_says_what_moved(view: Open, place: Place) -> None:
    decide(view("change", change="D"), "Reject", reason="Not then.")
    before = place.read().placed["D"].reserved
    visitor = view("replan")
    assert "to be given another window: D" in said(visitor)
    visitor.selectbox(key="seconds").set_value("10 seconds")
    next(one for one in visitor.button if one.label == "Replan").click().run()
    assert "You can leave this page; the run goes on." in said(visitor)
    again = finished(view)
    after = place.read().placed["D"].reserved
    assert "The plan is new." in said(again)
    (table,) = again.dataframe
    moved = table.value.set_index("change").loc["D"]
    assert (moved["before"], moved["after"]) == tuple(window_text(one, "Europe/London") for one in (before, after))
    next(one for one in again.button if one.label == "Done").click().run()
    assert "The plan is new." not in said(again)


def test_replanning_that_cannot_be_done_keeps_the_plan(view: Open, place: Place) -> None:
    # D is due at the end of the hour it has, and loses that.
    start = place.read().placed["D"].start
    changes = CHANGES.replace("D,New database,db,60,90,,A", f"D,New database,db,60,60,{start:%Y-%m-%dT%H:%M}Z,A")
    (place.portfolio / "changes.csv").write_text(changes.replace("app,60,90,,,,", "app,60,90,2027-03-01T00:30Z,,,"))
    content = (place.out / "schedule.json").read_bytes()
    visitor = view("replan")
    next(one for one in visitor.button if one.label == "Replan").click().run()
    words = said(finished(view))
    assert "No schedule obeys every rule and decision. The plan stays as it was." in words
    assert "This cannot be met:" in words
    assert "A, which needs 1 h 30 min, is due Mon 1 Mar 2027 00:30 GMT" in words
    assert "let A end after Mon 1 Mar 2027 00:30 GMT" in words
    assert (place.out / "schedule.json").read_bytes() == content
    state.forget_replan()


# --- hostile text ----------------------------------------------------------------------------------------------------

HOSTILE = "<script>alert(1)</script> **b** [l](http://e.example) :smile: $x$ `c`"


def test_hostile_text_reaches_no_markdown(view: Open, place: Place) -> None:
    cell = f'"{HOSTILE}"'
    write_portfolio(
        place.portfolio,
        policy=POLICY.replace('"Small"', json.dumps(HOSTILE)),
        changes=CHANGES.replace("Patch order entry", cell).replace("Holes are known.", cell),
        services=f"service,name,used_for,owner\napp,{cell},{cell},{cell}\nmail,Mail,,\ndb,Database,,\n",
    )
    plan(load(place.portfolio), deterministic=0.5, out=place.out)
    decide(view("change", change="A"), "Reject", reason=HOSTILE, by=HOSTILE[:99])
    drawn = ("title", "subheader", "markdown", "caption", "info", "success", "warning", "error", "button", "metric")
    for visitor in (view(name, change="A") for name in OF_A_PLAN):
        for kind in drawn:
            for one in visitor.get(kind):
                texts = [str(getattr(one, name, "")) for name in ("value", "label", "help")]
                assert not [text for text in texts if "<script>" in text or "**b**" in text or ":smile:" in text]
        assert HOSTILE in said(visitor) or "Replan" in visitor.title[0].value
