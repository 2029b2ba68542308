"""Planning at the desk: begun, followed from the store, compared with what stands, accepted in whole or in part."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from small_desk import plan
from small_plan import read, said
from streamlit.testing.v1 import AppTest

from scheduler.desk import workflow
from scheduler.desk.access import RefusedError
from scheduler.desk.runner import Runner
from scheduler.desk.runs import RunPoint, ask_run
from scheduler.schedule import total
from scheduler.ui.desk import Desk, Refusal
from scheduler.ui.found_plan import Found, differs_table, latest_found, teams_table
from scheduler.ui.run_charts import COST, course_chart, course_frame, gap_chart, gap_frame
from scheduler.verify import bill

Open = Callable[..., AppTest]


def moved(desk: Desk, change: str, days: int) -> None:
    """Move a window by hand, so that the last run found it elsewhere; pins are lifted again."""
    start = desk.plan().placed[change].start + timedelta(days=days)
    seen = desk.standing(desk.plan())[change].known
    done = desk.attempt(workflow.move, change, start, seen=seen)
    assert not isinstance(done, Refusal), done
    seen = desk.standing(desk.plan())[change].known
    assert not isinstance(desk.attempt(workflow.unpin, change, seen=seen), Refusal)


def found_of(desk: Desk) -> Found:
    run = desk.runs()[0]
    assert run.schedule is not None
    found = latest_found(desk, run.id, run.schedule)
    assert isinstance(found, Found)
    return found


def replanned(desk: Desk) -> None:
    number, _ = ask_run(desk.at.store, by="ann", deterministic=0.5)
    Runner(desk.at.store, number).go()


def click(visitor: AppTest, label: str) -> None:
    next(one for one in visitor.button if one.label == label).click().run()
    assert not visitor.exception, visitor.exception


# --- what a run found ------------------------------------------------------------------------------------------------


def test_what_was_accepted_differs_in_nothing(desk: Desk) -> None:
    assert found_of(desk).kinds == {}


def test_what_moves_is_priced_by_itself(desk: Desk) -> None:
    moved(desk, "B", 1)
    replanned(desk)
    found = found_of(desk)
    assert found.kinds == {"B": "moved"}
    before, after = (total(bill(found.portfolio, one)) for one in (found.before, found.after))
    (one,) = found.whole.changes
    assert found.whole.saved_cents == before - after == one.saved_cents
    (row,) = differs_table(found).to_dict("records")
    assert (row["change"], row["what"], row["told"]) == ("B", "moved", "")
    assert row["disturbs"] == "Green Inc"
    assert list(teams_table(found.portfolio, one)["team"]) == ["Green Inc"]
    assert found.looked_at("A") is None


def test_a_part_that_breaks_a_rule_names_what_it_needs(desk: Desk) -> None:
    # A and D may not run at once: put A where the run has D, and D where it has A.
    places = {one: desk.plan().placed[one].start for one in "AD"}
    for change, day in (("A", 1), ("D", 2)):
        moved(desk, change, day)
    for change, other in (("A", "D"), ("D", "A")):
        seen = desk.standing(desk.plan())[change].known
        done = desk.attempt(workflow.move, change, places[other], seen=seen)
        assert not isinstance(done, Refusal), done
        seen = desk.standing(desk.plan())[change].known
        desk.attempt(workflow.unpin, change, seen=seen)
    first = desk.runs()[0]
    assert first.schedule is not None
    found = latest_found(desk, first.id, first.schedule)
    assert isinstance(found, Found)
    assert set(found.kinds) == {"A", "D"}
    part = found.part(["A"])
    assert not part.is_legal
    assert part.needs == ("D",)
    assert found.part(["A", "D"]).is_legal


# --- the page --------------------------------------------------------------------------------------------------------


def test_all_of_it_is_accepted(desk: Desk, view: Open) -> None:
    moved(desk, "B", 1)
    replanned(desk)
    wanted = found_of(desk).after.by_change["B"].start
    visitor = view("replan_desk")
    assert "What it would change" in said(visitor)
    click(visitor, "Accept all")
    assert "All of it is proposed" in said(visitor)
    assert desk.plan().placed["B"].start == wanted
    assert "nothing is left to accept" in said(view("replan_desk"))


def test_some_of_it_is_accepted(desk: Desk, view: Open) -> None:
    for change in "AB":
        moved(desk, change, 1)
    replanned(desk)
    found = found_of(desk)
    assert set(found.kinds) >= {"A", "B"}
    visitor = view("replan_desk")
    number = list(visitor.dataframe[0].value["change"]).index("B")
    key = f"found {found.run} {found.schedule}"
    visitor.session_state[key] = {"selection": {"rows": [number], "columns": [], "cells": []}}
    visitor.run()
    assert "With only these the plan costs" in said(visitor)
    assert "Green Inc" in said(visitor)
    stays = desk.plan().placed["A"].start
    click(visitor, "Accept 1 change")
    assert desk.plan().placed["B"].start == found.after.by_change["B"].start
    assert desk.plan().placed["A"].start == stays


def test_a_run_is_followed_and_stopped_from_the_store(desk: Desk, view: Open) -> None:
    number, _ = ask_run(desk.at.store, by="ann", time_limit=60.0)
    visitor = view("replan_desk")
    assert f"Run {number}, begun by ann: asked" in next(read(one.text) for one in visitor.get("progress"))
    click(visitor, "Stop, and keep the best so far")
    assert desk.runs()[0].stop_asked
    # Another visitor sees the same.
    labels = [one.label for one in view("replan_desk").button]
    assert "It ends with the best so far …" in labels


def test_runs_are_listed_and_taken_up_again(desk: Desk, view: Open) -> None:
    visitor = view("runs")
    (table,) = visitor.dataframe
    assert list(table.value["status"]) == ["✓ finished"]
    assert list(table.value["by"]) == ["ann"]
    assert "at most" in table.value["gap"][0] or table.value["gap"][0] == "nothing"
    visitor.session_state["runs"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    visitor.run()
    assert [one.label for one in visitor.button] == ["What it would change", "Take it up again"]


def test_a_desk_without_a_run_leads_to_one(empty_desk: Desk, view: Open) -> None:
    assert "has not run at this desk yet" in said(view("runs"))
    assert "There is nothing to plan yet" in said(view("replan_desk"))


def test_two_runs_are_not_begun_at_once(desk: Desk) -> None:
    ask_run(desk.at.store, by="ann", time_limit=60.0)
    with pytest.raises(RefusedError, match="is at work"):
        plan(desk.at.store)


# --- its course ------------------------------------------------------------------------------------------------------


def test_the_course_is_drawn() -> None:
    points = [
        RunPoint(0.5, "reading", None, None),
        RunPoint(1.0, "search", 200_00, None),
        RunPoint(2.0, "search", 150_00, 75_00),
    ]
    frame = course_frame(points)
    assert list(frame[frame["what"] == COST]["amount"]) == [200.0, 150.0]
    assert list(gap_frame(points)["gap"]) == [0.5]
    for chart in (course_chart(points, currency="GBP"), gap_chart(points)):
        assert chart.to_dict()["layer"]
