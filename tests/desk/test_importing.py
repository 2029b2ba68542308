"""New versions of the portfolio: what differs, what that makes stale, and what is gone."""

from dataclasses import replace
from typing import Any

import pytest
from builders import blackout, change, decide, when
from desks import NOW, Desk, as_read, assert_replays, usual

from scheduler.desk import workflow
from scheduler.desk.library import portfolio_of
from scheduler.desk.store import Store
from scheduler.desk.tables import NOTICES, VERSIONS
from scheduler.inputs.fingerprint import content_hash
from scheduler.portfolio import Portfolio


def altered(change_id: str, **given: Any) -> Portfolio:
    made = usual()
    return as_read(replace(made, changes={**made.changes, change_id: replace(made.changes[change_id], **given)}))


def test_what_is_kept_is_what_was_brought(desk: Desk) -> None:
    with desk.store.reading() as connection:
        kept = portfolio_of(connection)
    assert content_hash(replace(kept, now=NOW)) == usual().content_hash
    assert workflow.preview(desk.store, usual()).text == "nothing differs from what is there"
    assert desk.bring(usual()).entries == ()
    assert len(desk.rows(VERSIONS)) == 1


def test_texts_make_nothing_stale_but_calendars_tell_them(desk: Desk) -> None:
    desk.scheduled("A", "Tue 02:00")
    before = desk.window("A")
    made = altered("A", what_you_will_notice="You will be signed out.")
    assert workflow.preview(desk.store, made).text == "1 altered: A"
    desk.bring(made)
    after = desk.window("A")
    assert before is not None
    assert after is not None
    assert not desk.row("A")["stale"]
    assert (after.sequence, after.version, after.start) == (before.sequence + 1, 2, before.start)
    assert_replays(desk.store)


def test_a_longer_change_is_planned_again(desk: Desk) -> None:
    desk.scheduled("A", "Tue 02:00")
    desk.move("B", "Tue 06:00")
    desk.bring(altered("A", duration_p90_minutes=240))
    assert (desk.row("A")["stale"], desk.row("B")["stale"]) == (True, False)
    desk.move("A", "Wed 02:00")  # what is chosen by hand now is not stale
    desk.do(workflow.approve, "A")
    window = desk.window("A")
    assert window is not None
    assert window.reserved_until == when("Wed 06:00")
    assert_replays(desk.store)


def test_a_proposal_on_old_inputs_is_not_approved(desk: Desk) -> None:
    desk.move("A", "Tue 02:00")
    desk.bring(altered("A", duration_p90_minutes=240))
    with pytest.raises(workflow.RefusedError, match="the inputs of A changed since its window was found; plan again"):
        desk.do(workflow.approve, "A")


def test_a_new_blackout_makes_stale_what_it_hits(desk: Desk) -> None:
    desk.scheduled("A", "Tue 02:00")
    desk.scheduled("B", "Thu 02:00")
    made = usual()
    freeze = replace(blackout("Tue 00:00", "Wed 00:00"), id="freeze")
    desk.bring(as_read(replace(made, calendars={**made.calendars, "freeze": freeze})))
    assert (desk.row("A")["stale"], desk.row("B")["stale"]) == (True, False)
    assert desk.log()[-1].reason.startswith("blackout: ")


def test_what_is_gone_is_cancelled_and_may_come_back(desk: Desk) -> None:
    desk.scheduled("A", "Tue 02:00")
    made = usual()
    without = as_read(replace(made, changes={name: one for name, one in made.changes.items() if name != "A"}))
    assert workflow.preview(desk.store, without).removed == ("A",)
    desk.bring(without)
    assert (desk.row("A")["state"], desk.row("A")["outcome"]) == ("Cancelled", "removed")
    assert [one["kind"] for one in desk.rows(NOTICES)] == ["planned", "cancelled"]
    desk.bring(made)
    assert (desk.row("A")["state"], desk.window("A")) == ("Draft", None)
    desk.scheduled("A", "Tue 02:00")
    assert_replays(desk.store)


def test_running_work_does_not_vanish(desk: Desk) -> None:
    desk.scheduled("A", "Tue 02:00")
    desk.now = when("Tue 02:00")
    desk.do(workflow.start, "A")
    made = usual()
    without = as_read(replace(made, changes={name: one for name, one in made.changes.items() if name != "A"}))
    with pytest.raises(workflow.RefusedError, match="A is being worked on and may not be gone"):
        desk.bring(without)
    assert_replays(desk.store)


def test_of_two_imports_at_once_the_later_looks_again(desk: Desk) -> None:
    desk.bring(altered("A", title="One"))
    with pytest.raises(workflow.StaleError, match="the portfolio was changed since you looked at it"):
        desk.bring(altered("A", title="Two"), seen=1)


def test_what_was_approved_before_there_was_a_desk(store: Store) -> None:
    desk, made = Desk(store), usual()
    told = decide("A", "approve", "Tue 02:00", announced_at="2027-02-20T08:00Z")
    desk.bring(as_read(replace(made, decisions=(told, decide("B", "pin", "Thu 02:00")))))
    window = desk.window("A")
    assert window is not None
    assert (desk.row("A")["state"], desk.row("B")["state"]) == ("Scheduled", "Draft")
    assert (window.start, window.announced_at) == (when("Tue 02:00"), when("2027-02-20T08:00Z"))
    assert_replays(store)


def test_one_more_change_is_a_draft(desk: Desk) -> None:
    made = usual()
    more = change("N", services="mail")
    found = desk.bring(as_read(replace(made, changes={**made.changes, "N": more})))
    assert [one.action for one in found.entries] == ["import", "add"]
    assert desk.row("N")["teams"] == ["green"]
