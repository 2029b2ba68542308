"""A meeting of the advisory board: its agenda, one change after the other, its minutes, and pages to print."""

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime

from desk_pages import do, labels, press, row, user
from small_desk import BY
from small_plan import said
from streamlit.testing.v1 import AppTest

from scheduler.desk import workflow
from scheduler.desk.docket import approvers_of
from scheduler.desk.entries import Entry, entries
from scheduler.ui.desk import Desk
from scheduler.ui.dockets import matters
from scheduler.ui.printed import forward_schedule, minutes
from scheduler.ui.views.meeting import agenda
from scheduler.wording import money_text, window_text

Open = Callable[..., AppTest]
NOW = datetime(2027, 2, 20, 9, tzinfo=UTC)


def begin(view: Open, desk: Desk) -> AppTest:
    visitor = press(view("meeting"), "Begin the meeting")
    assert str(visitor.query_params["since"]) == str(desk.moment().revision)
    return visitor


def every(desk: Desk) -> list[str]:
    with desk.at.store.reading() as connection:
        approvers = approvers_of(connection)
    return [one.change for one in matters(desk.moment(), NOW, approvers) if one.waits]


def test_the_agenda_is_what_needs_a_decision(view: Open, desk: Desk) -> None:
    visitor = view("meeting")
    assert "Agenda: 3 changes" in said(visitor)
    assert list(visitor.dataframe[0].value["change"]) == every(desk)


def test_a_meeting_decides_puts_off_and_notes(view: Open, desk: Desk) -> None:
    first, second, third = every(desk)
    visitor = begin(view, desk)
    assert visitor.title[0].value.startswith(f"{first} ")
    visitor = press(visitor, "Approve")
    # What was decided stays in sight until somebody goes on.
    visitor = press(visitor, "Next")
    assert visitor.title[0].value.startswith(f"{second} ")
    visitor.text_area(key=f"comment text meeting {second}").set_value("Ask the auditors.")
    visitor = press(visitor, "Say it")
    visitor = press(visitor, "Put off")
    visitor.text_area(key=f"words defer {second}").set_value("Until the auditors answer.")
    visitor = press(visitor, f"Put off {second}")
    visitor = press(visitor, "Next")
    assert visitor.title[0].value.startswith(f"{third} ")
    visitor = press(visitor, "Reject")
    visitor.text_area(key=f"words reject {third}").set_value("Too dear.")
    visitor = press(visitor, f"Reject {third}")
    words = said(visitor)
    assert "Minutes (4)" in words
    for text in (
        f"approved {first}",
        "Ask the auditors.",
        "Until the auditors answer.",
        f"rejected {third}: Too dear.",
    ):
        assert text in words
    assert {one: row(desk, one)["state"] for one in (first, second, third)} == {
        first: "Scheduled",
        second: "Proposed",
        third: "Rejected",
    }
    # What was put off comes last, and may be decided after all.
    visitor = press(visitor, "Next")
    assert visitor.title[0].value.startswith(f"{second} ")
    visitor = press(visitor, "End the meeting")
    assert "Agenda: 1 change" in said(visitor)
    assert "since" not in visitor.query_params


def test_a_meeting_goes_on_after_a_reload_and_for_others(view: Open, desk: Desk) -> None:
    first, second, _ = every(desk)
    visitor = press(begin(view, desk), "Approve")
    since = str(visitor.query_params["since"])
    again = view("meeting", since=since, item=second)
    assert again.title[0].value.startswith(f"{second} ")
    assert f"approved {first}" in said(again)
    # Nonsense in the address begins anew.
    for wrong in ("x", "99999", "-1", "1" * 30):
        assert "Agenda: 2 changes" in said(view("meeting", since=wrong))
    assert view("meeting", since=since, item="nothing").title[0].value.startswith(f"{second} ")


def test_two_at_one_meeting(view: Open, desk: Desk) -> None:
    first, *_ = every(desk)
    visitor = begin(view, desk)
    do(desk, workflow.reject, first, reason="no", by="bob")
    visitor = press(visitor, "Approve")
    words = said(visitor)
    assert re.search(rf"{first} is not as you saw it: bob rejected it", words)
    assert row(desk, first)["state"] == "Rejected"


def test_somebody_who_may_not_decide_may_listen(view: Open, desk: Desk) -> None:
    user(desk, "vic", "viewer")
    shown = labels(begin(view, desk))
    assert "Approve" not in shown
    assert "Say it" not in shown
    assert "Next" in shown


def test_the_agenda_is_told_from_the_log(desk: Desk) -> None:
    first, second, third = every(desk)
    with desk.at.store.reading() as connection:
        found = matters(desk.moment(), NOW, approvers_of(connection))

    def entry(seq: int, action: str, change: str) -> Entry:
        return Entry(seq=seq, at=NOW, by="ann", action=action, change=change)

    log = [entry(1, "defer", first), entry(2, "approve", first), entry(3, "defer", second), entry(4, "comment", third)]
    waiting, put_off, settled = agenda(found, log)
    assert [[one.change for one in group] for group in (waiting, put_off, settled)] == [[third], [second], [first]]


# --- to print --------------------------------------------------------------------------------------------------------


def test_the_forward_schedule_holds_every_window_to_come(desk: Desk) -> None:
    do(desk, workflow.approve, "A", by=BY)
    plan = desk.plan()
    with desk.at.store.reading() as connection:
        found = matters(desk.moment(), NOW, approvers_of(connection))
    page = forward_schedule(plan, desk.moment(), found, NOW).decode()
    approved, proposed = page.split("<h2>Proposed</h2>")
    for change, part in (("A", approved), ("B", proposed), ("D", proposed)):
        assert f"<bdi>{change}</bdi>" in part
        assert html.escape(window_text(plan.placed[change].reserved, "Europe/London")) in part
        cents = sum(one.cents for one in plan.result.charges if one.change == change)
        assert money_text(cents, "GBP") in part
    assert "<bdi>C</bdi>" not in page
    assert "@page" in page
    assert "src=" not in page
    assert "Nothing is approved." not in approved
    # A window that is over is not to come.
    later = max(one.reserved_until for one in plan.placed.values())
    assert "<bdi>B</bdi>" not in forward_schedule(plan, desk.moment(), found, later).decode()


def test_minutes_hold_what_was_said_as_text(desk: Desk) -> None:
    do(desk, workflow.hold, "A", reason="<script>alert(1)</script>\u202e", by=BY)
    with desk.at.store.reading() as connection:
        log = entries(connection)
    page = minutes(desk.plan(), desk.moment(), log, NOW, NOW).decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;⟨U+202E⟩" in page
    assert "<script" not in page
    assert "put on hold" in page
    # What planning brought in is not of the meeting, but what it proposed is.
    assert "brought in" not in page
