"""Proposals, one change, a team's page: what they show, what they write, and what they refuse to overwrite."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from desk_pages import do, labels, press, row, user
from small_desk import BY, bring, small_portfolio
from small_plan import CHANGES, read, said
from streamlit.testing.v1 import AppTest

from scheduler.desk import workflow
from scheduler.desk.entries import entries
from scheduler.desk.said import comments, objections, wishes
from scheduler.ui.desk import Desk
from scheduler.ui.judged import last_checked, sound_since
from scheduler.wording import instant_text, money_text, window_text

Open = Callable[..., AppTest]


# --- the list --------------------------------------------------------------------------------------------------------


def test_the_list_begins_with_what_needs_a_decision(view: Open, desk: Desk) -> None:
    visitor = view("proposals")
    (table,) = visitor.dataframe
    cents = {change: 0 for change in desk.plan().placed}
    for charge in desk.plan().result.charges:
        if charge.change in cents:
            cents[charge.change] += charge.cents
    assert dict(zip(table.value["change"], (round(cost * 100) for cost in table.value["cost"]), strict=True)) == cents
    # A takes its service from Blue, who was promised three days; that ends before windows themselves begin.
    policy, planned = desk.plan().portfolio.policy, desk.plan().placed
    shown = table.value.set_index("change")
    assert shown["window"]["B"] == window_text(planned["B"].reserved, policy.time_zone)
    assert shown["by"]["B"] == instant_text(planned["B"].start, policy.time_zone)
    assert shown["by"]["A"] != instant_text(planned["A"].start, policy.time_zone)
    cards = {read(one.label): read(one.value) for one in visitor.metric}
    assert cards["Needs a decision"] == "3"
    assert cards["Clients lose"] == money_text(desk.plan().result.cost_cents, "GBP", whole=True)
    assert cards["Above the best possible"] == "nothing"
    assert re.fullmatch(r"saves [\d.]+%", cards["Against first come first served"])
    # C is optional and has no window, so no person has to decide anything.
    visitor.session_state["show"] = "all"
    visitor.run()
    assert "C" in set(visitor.dataframe[0].value["change"])


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"q": "patch"}, {"A"}),
        ({"q": "order entry"}, {"A", "D"}),
        ({"q": "green mail"}, {"B", "C"}),
        ({"teams": ["green"]}, {"B", "C"}),
        ({"services": ["db"]}, {"D"}),
        ({"states": ["Proposed"]}, {"A", "B", "D"}),
        ({"person": "bob"}, {"A"}),
        ({"q": "nothing like it"}, set()),
    ],
)
def test_the_list_is_filtered(view: Open, desk: Desk, given: dict[str, Any], found: set[str]) -> None:
    do(desk, workflow.object_to, "A", team="blue", reason="month end")
    visitor = view("proposals")
    visitor.session_state["show"] = "all"
    for key, value in given.items():
        visitor.session_state[key] = value
    visitor.run()
    assert not visitor.exception
    shown = set(visitor.dataframe[0].value["change"]) if visitor.dataframe else set()
    assert shown == found


def test_several_are_approved_with_one_confirmation(view: Open, desk: Desk) -> None:
    visitor = press(view("proposals"), "Approve all shown (3)")
    words = said(visitor)
    assert "3 windows, between" in words
    total = sum(charge.cents for charge in desk.plan().result.charges if charge.change in desk.plan().placed)
    assert f"together they cost {money_text(total, 'GBP')}, and 2 teams will be told." in words
    assert {row(desk, change)["state"] for change in "ABD"} == {"Proposed"}
    visitor = press(visitor, "Approve these 3")
    assert "3 approved: the teams are told of their windows." in said(visitor)
    assert {row(desk, change)["state"] for change in "ABD"} == {"Scheduled"}
    assert [one.value for one in visitor.text] == ["Nothing needs a decision."]


def test_only_selected_windows_are_approved_and_what_is_left_out_is_named(view: Open, desk: Desk) -> None:
    do(desk, workflow.object_to, "A", team="blue", reason="month end")
    visitor = view("proposals")
    order = list(visitor.dataframe[0].value["change"])
    assert order[0] == "A"
    visitor.session_state["proposals"] = {"selection": {"rows": [0, order.index("B")], "columns": [], "cells": []}}
    visitor.run()
    visitor = press(visitor, "Approve selected (1)")
    assert "Left out: A, as an objection to it is not answered." in said(visitor)
    press(visitor, "Approve these 1")
    assert {change: row(desk, change)["state"] for change in "ABD"} == {
        "A": "Proposed",
        "B": "Scheduled",
        "D": "Proposed",
    }


def test_what_changed_meanwhile_is_not_approved_with_the_others(view: Open, desk: Desk) -> None:
    visitor = press(view("proposals"), "Approve all shown (3)")
    do(desk, workflow.hold, "B", reason="wait for parts")
    visitor = press(visitor, "Approve these 3")
    words = said(visitor)
    assert "2 approved, 1 refused. B: B is not as you saw it: bob put on hold it" in words
    assert row(desk, "B")["state"] == "Proposed"
    assert row(desk, "A")["state"] == "Scheduled"


def test_nobody_approves_without_the_role(view: Open, desk: Desk) -> None:
    user(desk, "vic", "viewer")
    assert not [one for one in labels(view("proposals")) if one.startswith("Approve")]
    assert "There is nothing for you to decide here." in said(view("change_desk", change="A"))


def test_an_empty_desk_leads_to_inputs(view: Open, empty_desk: Desk) -> None:
    for name in ("proposals", "change_desk", "meeting", "my_team"):
        words = said(view(name))
        assert "There is no portfolio at this desk yet." in words, name


# --- one change ------------------------------------------------------------------------------------------------------


def test_a_change_shows_all_that_a_decision_needs(view: Open, desk: Desk) -> None:
    visitor = view("change_desk", change="A")
    words = said(visitor)
    plan = desk.plan()
    assert visitor.title[0].value.startswith("A ")
    assert f"It costs clients {money_text(lost(desk, 'A'), 'GBP')}" in words
    for part in (
        "Why here",
        "What else it could have",
        "Cheaper, but forbidden",
        "What every start would cost",
        "History",
    ):
        assert part in words
    assert window_text(plan.placed["A"].reserved, "Europe/London") in words
    assert "OK: no rule is broken" in words
    assert re.search(r"Last checked \d\d:\d\d (GMT|BST)", read(words))
    assert "After that, teams have less notice than they were promised." in words
    assert "ann\nproposed" in words
    shown = labels(visitor)
    assert shown[shown.index("Approve") :][:10] == [
        "Approve", "Reject", "Move", "Put off", "Withdraw", "Pin", "Hold", "Cancel", "Object", "Next of 2 that wait",
    ]  # fmt: skip


def lost(desk: Desk, change: str) -> int:
    charges = desk.plan().result.charges
    return sum(one.cents for one in charges if one.change == change and one.cost in ("downtime", "overrun"))


def test_approved_with_one_press(view: Open, desk: Desk) -> None:
    visitor = press(view("change_desk", change="A"), "Approve")
    assert "A is approved: the teams are told of its window." in said(visitor)
    assert row(desk, "A")["state"] == "Scheduled"
    assert "Approve" not in labels(visitor)


def test_a_rejection_needs_its_reason(view: Open, desk: Desk) -> None:
    visitor = press(view("change_desk", change="A"), "Reject")
    visitor = press(visitor, "Reject A")
    assert "Say it in a few words" in said(visitor)
    assert row(desk, "A")["state"] == "Proposed"
    visitor.text_area(key="words reject A").set_value("The quarter closes that night.")
    visitor = press(visitor, "Reject A")
    assert row(desk, "A")["state"] == "Rejected"
    words = said(visitor)
    assert "Its window was rejected: plan again." in words
    assert "The quarter closes that night." in words


def test_a_decision_on_what_somebody_else_decided_is_refused(view: Open, desk: Desk) -> None:
    visitor = view("change_desk", change="A")
    do(desk, workflow.hold, "A", reason="wait for parts")
    visitor = press(visitor, "Approve")
    words = said(visitor)
    assert re.search(r"A is not as you saw it: bob put on hold it .* \(wait for parts\)", words)
    assert "Changed since you looked at it:" in words
    assert row(desk, "A")["state"] == "Proposed"
    # Pressing again does not help; looking again does.
    visitor = press(visitor, "Release")
    assert row(desk, "A")["on_hold"]
    visitor = press(visitor, "Look again")
    assert "Changed since you looked at it:" not in said(visitor)
    press(visitor, "Release")
    assert not row(desk, "A")["on_hold"]


def test_a_plan_that_is_sound_is_not_checked_again_for_each_change(view: Open, desk: Desk) -> None:
    moment, plan = desk.moment(), desk.plan()
    start = plan.placed["A"].start
    assert sound_since(moment, plan, "A", start) == moment.seen_at
    assert workflow.price(desk.at.store, "A", start, now=moment.seen_at).broken == ()
    assert sound_since(moment, plan, "A", start + timedelta(days=1)) is None
    visitor = view("change_desk", change="A")
    assert "OK: no rule is broken" in said(visitor)
    assert last_checked(desk, "A", start) is None
    visitor = press(visitor, "Check now")
    assert last_checked(desk, "A", start) is not None
    assert "OK: no rule is broken" in said(visitor)
    # What is pinned is judged with the pin lifted, as whoever moves it would have it.
    desk.attempt(workflow.pin, "A", seen=row(desk, "A")["revision"])
    assert sound_since(desk.moment(), desk.plan(), "A", start) is None


def test_a_window_moved_by_hand_is_priced_before_it_is_taken(view: Open, desk: Desk) -> None:
    start = desk.plan().placed["A"].start
    visitor = press(view("change_desk", change="A"), "Move")
    visitor.date_input(key="day A").set_value((start + timedelta(days=2)).date()).run()
    visitor.time_input(key="hour A").set_value(start.time()).run()
    words = said(visitor)
    judged = workflow.price(desk.at.store, "A", start + timedelta(days=2), now=desk.moment().read_at)
    assert judged.more_cents is not None
    assert judged.more_cents > 0
    assert f"It costs clients {money_text(judged.cents, 'GBP')}, {money_text(judged.more_cents, 'GBP')} more" in words
    assert "No rule is broken." in words
    press(visitor, "Propose this window")
    planned = desk.moment().position.planned_of("A")
    assert planned is not None
    assert planned.start == start + timedelta(days=2)
    assert row(desk, "A")["pinned"]


def test_a_forbidden_window_is_refused_but_for_an_exception(view: Open, desk: Desk) -> None:
    # C is due before anything can start.
    visitor = press(view("change_desk", change="C"), "Move")
    words = said(visitor)
    assert "due" in words or "too late" in words
    blocked = next(one for one in visitor.button if one.label == "Propose this window")
    assert blocked.disabled
    visitor.text_input(key="exception C").set_value("The auditors come.").run()
    press(visitor, "Propose this window")
    (exception,) = desk.moment().position.overrides
    assert (exception["change"], exception["reason"], exception["by"]) == ("C", "The auditors come.", BY)
    shown = said(view("change_desk", change="C"))
    assert "**Exception** from" in shown
    assert "The auditors come." in shown
    assert "too late, set aside" in shown


def test_no_exception_without_an_administrator(view: Open, desk: Desk) -> None:
    user(desk, "mia", "change manager")
    visitor = press(view("change_desk", change="C"), "Move")
    assert "Only an administrator may set rules aside for a window." in said(visitor)
    assert next(one for one in visitor.button if one.label == "Propose this window").disabled


def test_work_is_followed_to_its_review(view: Open, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    press(view("change_desk", change="A"), "Approve")
    window = desk.moment().position.window_of("A")
    assert window is not None
    monkeypatch.setattr("scheduler.ui.state.now", lambda: window.start)
    # The log's clock is that of the machine, which has not come so far.
    visitor = press(view("change_desk", change="A"), "Start work")
    assert "which is not now; move it first" in said(visitor)
    do(desk, workflow.start, "A", by=BY, now=window.start)
    for label, word in (("Extend", "Why does it need more time?"), ("Finish", ""), ("Close", "What was learnt?")):
        visitor = press(view("change_desk", change="A"), label)
        if word:
            (area,) = [one for one in visitor.text_area if one.label == word]
            area.set_value("The disk is slow.")
            visitor = press(visitor, f"{label} A")
    assert row(desk, "A")["state"] == "Closed"
    with desk.at.store.reading() as connection:
        last = entries(connection, change="A")[-3:]
    assert [(one.action, one.reason) for one in last] == [
        ("extend", "The disk is slow."),
        ("finish", ""),
        ("review", "The disk is slow."),
    ]


def test_an_objection_is_answered_where_it_is_read(view: Open, desk: Desk) -> None:
    do(desk, workflow.object_to, "A", team="blue", reason="We close the month.")
    visitor = view("change_desk", change="A")
    assert "Answer blue, who objects: We close the month." in said(visitor)
    (area,) = [one for one in visitor.text_area if one.label == "Answer"]
    area.set_value("You are right; sorry.")
    visitor = press(visitor, "Uphold: keep off this window")
    assert "Objection: upheld: plans keep off that window" in said(visitor)
    # Who answered goes on from there, without looking again.
    assert "Changed since you looked at it:" not in said(visitor)
    with desk.at.store.reading() as connection:
        (one,) = objections(connection)
    assert (one.status, one.answer, one.answered_by) == ("upheld", "You are right; sorry.", BY)


def test_a_comment_is_kept(view: Open, desk: Desk) -> None:
    visitor = view("change_desk", change="A")
    visitor.text_area(key="comment text A").set_value("Who brings the key?")
    visitor = press(visitor, "Say it")
    assert "Who brings the key?" in said(visitor)
    with desk.at.store.reading() as connection:
        assert [one.text for one in comments(connection, "A")] == ["Who brings the key?"]


def test_somebody_approves_in_the_place_of_another(view: Open, desk: Desk) -> None:
    for name, role in (("root", "administrator"), ("mia", "change manager"), ("vic", "change manager")):
        workflow.put_user(desk.at.store, name, by="root", role=role)  # type: ignore[arg-type]
    desk.who = lambda: "vic"
    now = desk.moment().read_at
    given = {"start": now - timedelta(days=1), "end": now + timedelta(days=1), "by": "mia"}
    workflow.delegate(desk.at.store, "vic", **given)  # type: ignore[arg-type]
    visitor = view("change_desk", change="A")
    (choice,) = [one for one in visitor.selectbox if one.label == "Approve in the place of"]
    choice.set_value("mia").run()
    press(visitor, "Approve")
    with desk.at.store.reading() as connection:
        last = entries(connection, change="A")[-1]
    assert (last.action, last.by, last.detail["instead_of"]) == ("approve", "vic", "mia")


def test_a_change_whose_inputs_changed_waits_for_a_plan(view: Open, desk: Desk) -> None:
    bring(desk.at.store, small_portfolio(changes=CHANGES.replace("B,Move the mail,mail,120,", "B,Move it,mail,150,")))
    visitor = view("change_desk", change="B")
    assert "stale" in said(visitor)
    assert "Approve: its inputs changed since its window was found; plan again first." in said(visitor)
    assert next(one for one in visitor.button if one.label == "Approve").disabled


# --- a team ----------------------------------------------------------------------------------------------------------


def test_a_team_sees_its_own_windows_in_its_own_time(view: Open, desk: Desk) -> None:
    user(desk, "tom", "team member", "green")
    visitor = view("my_team")
    words = said(visitor)
    assert visitor.title[0].value == "Windows of Green Inc"
    assert "Times are local in Asia/Singapore, the zone of this team." in words.replace("\\", "")
    window = desk.plan().placed["B"].reserved
    assert window_text(window, "Asia/Singapore") in words
    assert "A  Patch order entry" not in words
    assert "Not approved yet: it may still move." in words


def test_a_team_objects_and_reads_the_answer(view: Open, desk: Desk) -> None:
    user(desk, "tom", "team member", "green")
    visitor = view("my_team")
    (area,) = [one for one in visitor.text_area if one.label == "What speaks against this window?"]
    area.set_value("We ship that day.")
    visitor = press(visitor, "Object to this window")
    assert "Objection: not answered yet" in said(visitor)
    # There is no second one while the first is not answered.
    assert "Object to this window" not in labels(visitor)
    with desk.at.store.reading() as connection:
        (one,) = objections(connection)
    assert (one.team, one.by, one.change) == ("green", "tom", "B")
    workflow.answer(desk.at.store, one.id, uphold=False, text="It is two hours only.", by="root")
    words = said(view("my_team"))
    assert "Objection: declined" in words
    assert "It is two hours only." in words


def test_a_team_asks_for_hours_and_takes_that_back(view: Open, desk: Desk) -> None:
    user(desk, "tom", "team member", "green")
    visitor = view("my_team")
    visitor.selectbox(key="wish kind").set_value("never")
    visitor.text_input(key="wish hours").set_value("Fri 09:00-12:00")
    visitor = press(visitor, "Ask for it")
    assert "• never Fri 09:00-12:00, asked for by tom" in said(visitor)
    with desk.at.store.reading() as connection:
        assert [(one.team, one.kind) for one in wishes(connection)] == [("green", "never")]
    press(visitor, "Take back")
    with desk.at.store.reading() as connection:
        assert wishes(connection) == []
