"""What was answered to invitations, beside the change that it is about."""

from collections.abc import Callable
from datetime import UTC, datetime

from small_plan import said
from streamlit.testing.v1 import AppTest

from scheduler.desk.replies import Reply, ReplyKind, add_reply
from scheduler.ui.desk import Desk

Open = Callable[..., AppTest]
AT = datetime(2027, 3, 2, 9, 30, tzinfo=UTC)


def answer(kind: ReplyKind, text: str, **given: datetime) -> Reply:
    return Reply(
        key=f"<{kind}@blue.example>",
        window="w-1",
        change="A",
        team="blue",
        address="blue@blue.example",
        kind=kind,
        sequence=0,
        text=text,
        start=given.get("start"),
        end=given.get("end"),
        at=AT,
        outcome="",
    )


def test_answers_to_invitations_stand_beside_the_change(view: Open, desk: Desk) -> None:
    assert "Answers to invitations" not in said(view("change_desk", change="A"))
    begin, end = datetime(2027, 3, 9, 20, tzinfo=UTC), datetime(2027, 3, 9, 22, tzinfo=UTC)
    with desk.at.store.writing() as connection:
        add_reply(connection, answer("declined", "month end <b>"))
        add_reply(connection, answer("countered", "later, please", start=begin, end=end))
    words = said(view("change_desk", change="A"))
    assert "blue, blue@blue.example, Tue 2 Mar 2027 09:30" in words
    assert "month end <b>" in words
    assert "Proposed: Tue 9 Mar 2027 20:00 to 22:00" in words
    assert "Answers to invitations" not in said(view("change_desk", change="B"))
