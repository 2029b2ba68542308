"""Who is written to when: never too early, never twice, and nothing of what was taken back in time."""

from dataclasses import replace

import pytest
from builders import change, when
from desks import as_read
from publish.mail_world import MINUTES, Mailing, by_icalendar, mailing, offices, parts_of, usual_changes

from scheduler.desk import workflow
from scheduler.desk.store import Store


def sequences(desk: Mailing) -> list[tuple[str, int]]:
    found = []
    for content in desk.contents():
        parts = parts_of(content)
        if "text/calendar" in parts:
            one = by_icalendar(parts["text/calendar"].get_payload(decode=True))
            found.append((one.method, one.sequence))
    return found


def test_a_decision_that_is_taken_back_in_time_is_told_to_nobody(store: Store) -> None:
    desk = mailing(store)
    desk.scheduled("A", "Mon 02:00 +1w")
    assert desk.after(4) == 0
    desk.do(workflow.reject, "A", reason="a slip")
    assert [desk.after(minutes) for minutes in (1, 4, 60)] == [0, 0, 0]
    # The same for a move and back; what then holds is what was told.
    desk.scheduled("B", "Mon 02:00 +1w")
    assert desk.after(5) == 1
    desk.scheduled("B", "Tue 02:00 +1w")
    assert desk.after(4) == 0
    desk.scheduled("B", "Mon 02:00 +1w")
    assert [desk.after(minutes) for minutes in (5, 60)] == [0, 0]


def test_a_mail_is_due_five_minutes_after_the_last_decision(store: Store) -> None:
    desk = mailing(store)
    desk.scheduled("A", "Mon 02:00 +1w")
    assert [one.due for one in desk.post.upcoming(desk.now)] == [desk.now + 5 * MINUTES]
    assert [desk.after(minutes) for minutes in (4.9, 0.1, 5, 600)] == [0, 1, 0, 0]
    assert desk.post.upcoming(desk.now) == []


def test_what_is_near_goes_at_once_if_it_moves_or_ends(store: Store) -> None:
    desk = mailing(store)
    desk.scheduled("A", "Wed 08:00")
    desk.scheduled("B", "Wed 12:00")
    # New windows wait for five minutes, however near they are.
    assert [desk.after(minutes) for minutes in (1, 4)] == [0, 2]
    desk.scheduled("A", "Thu 08:00")
    assert desk.after(0) == 1
    # Of B, both times are more than 48 hours away.
    desk.scheduled("B", "Thu 12:00")
    assert [desk.after(minutes) for minutes in (1, 4)] == [0, 1]
    desk.now = when("Tue 12:00")
    desk.do(workflow.cancel, "B", reason="not needed")
    assert desk.after(0) == 0
    desk.do(workflow.cancel, "A", reason="not needed")
    assert desk.after(0) == 1
    assert desk.after(5) == 1
    assert [method for method, _ in sequences(desk)] == ["REQUEST"] * 4 + ["CANCEL"] * 2


def test_what_is_decided_at_night_comes_in_the_morning_in_one(store: Store) -> None:
    desk = mailing(store)
    desk.now = when("Mon 22:30")
    desk.scheduled("B", "Mon 02:00 +1w")
    desk.now = when("Tue 03:10")
    desk.scheduled("C", "Thu 02:00 +1w")
    assert [one.due for one in desk.post.upcoming(desk.now)] == [when("Tue 07:00")] * 2
    assert desk.after(60) == 0
    desk.now = when("Tue 07:00")
    assert desk.after(0) == 1
    (content,) = desk.contents()
    parts = parts_of(content)
    assert "text/calendar" not in parts
    assert desk.subjects() == ["2 messages about planned work, Monday, 8 March 2027 to Thursday, 11 March 2027"]
    stream = parts["application/ics"].get_payload(decode=True).decode()
    assert "METHOD" not in stream
    for change_id in ("B", "C"):
        window = desk.window(change_id)
        assert window is not None
        assert f"UID:{window.id}@maint.example.com\r\n" in stream
    assert desk.after(600) == 0


def test_windows_of_one_night_come_in_one_mail_and_others_apart(store: Store) -> None:
    desk = mailing(store, offices(*usual_changes(), change("D", services="mail")))
    desk.scheduled("B", "Mon 22:00 +1w")
    desk.scheduled("C", "Tue 01:00 +1w")
    desk.scheduled("D", "Tue 22:00 +1w")
    assert desk.after(5) == 2
    assert sorted(len(one.split("\n")) and one.startswith("2 messages") for one in desk.subjects()) == [False, True]
    # What was told together is updated one by one.
    desk.scheduled("C", "Wed 01:00 +1w")
    assert desk.after(5) == 1
    assert desk.subjects()[-1].startswith("New time: ")


def test_other_words_are_told_and_who_does_it_is_not(store: Store) -> None:
    desk = mailing(store)
    desk.scheduled("A", "Mon 02:00 +1w")
    assert desk.after(5) == 1
    first, *others = usual_changes()
    desk.bring(offices(replace(first, requested_by="somebody else", title="another"), *others))
    assert desk.after(5) == 0
    desk.bring(offices(replace(first, what_you_will_notice="Orders are slow."), *others))
    assert desk.after(5) == 1
    assert desk.subjects()[-1].startswith("Bitte noch einmal lesen: ")
    assert [method for method, _ in sequences(desk)] == ["REQUEST", "REQUEST"]


def test_work_that_goes_on_or_ends_as_planned_is_no_news(store: Store) -> None:
    desk = mailing(store)
    desk.scheduled("A", "Thu 08:00")
    assert desk.after(5) == 1
    desk.now = when("Thu 08:00")
    desk.do(workflow.start, "A")
    assert desk.after(10) == 0
    desk.do(workflow.extend, "A", 60, reason="it takes longer")
    assert desk.after(0) == 1
    desk.do(workflow.finish, "A")
    assert [desk.after(10), desk.after(600)] == [0, 0]


def test_another_address_is_invited_and_the_old_one_told_that_it_is_over(store: Store) -> None:
    desk = mailing(store)
    desk.scheduled("B", "Mon 02:00 +1w")
    assert desk.after(5) == 1
    made = offices()
    moved = replace(made, teams=made.teams | {"green": replace(made.teams["green"], email="new@green.example")})
    desk.bring(as_read(moved))
    assert desk.after(5) == 2
    found = [by_icalendar(parts_of(one)["text/calendar"].get_payload(decode=True)) for one in desk.contents()[1:]]
    assert sorted((one.method, one.attendee) for one in found) == [
        ("CANCEL", "gus@green.example"),
        ("REQUEST", "new@green.example"),
    ]
    assert {one.method: one.sequence for one in found}["CANCEL"] == sequences(desk)[0][1] + 1
    desk.bring(made)
    assert desk.after(5) == 2
    assert desk.after(600) == 0


def test_what_is_over_is_told_to_nobody(store: Store) -> None:
    desk = mailing(store)
    desk.scheduled("A", "Tue 02:00")
    desk.now = when("Tue 05:00")
    assert desk.after(600) == 0


def test_without_a_sender_mail_waits_and_says_so(store: Store) -> None:
    made = offices()
    desk = mailing(store, replace(made, policy=replace(made.policy, organizer="")))
    desk.scheduled("A", "Mon 02:00 +1w")
    written = desk.post.write_due(desk.now + 5 * MINUTES)
    assert written.mails == 0
    assert "set organizer in policy.toml" in written.remarks[0]
    assert len(desk.post.upcoming(desk.now)) == 1


@pytest.mark.parametrize("kind", ["move", "cancel"])
def test_sequences_rise_with_every_message(store: Store, kind: str) -> None:
    desk = mailing(store)
    for day in ("Mon", "Tue", "Wed", "Thu"):
        desk.scheduled("A", f"{day} 02:00 +1w")
        desk.after(5)
    if kind == "cancel":
        desk.do(workflow.cancel, "A", reason="not needed")
        desk.after(5)
    found = [number for _, number in sequences(desk)]
    assert found == sorted(set(found))
    assert len(found) == 4 + (kind == "cancel")
