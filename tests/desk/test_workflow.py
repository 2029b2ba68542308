"""The way of a change through the desk, what is refused on it, and what the log then folds to."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from builders import when
from desks import NOW, Desk, assert_replays, usual

from scheduler.desk import workflow
from scheduler.desk.tables import COMMENTS, NOTICES, OBJECTIONS, OVERRIDES, PREFERENCES, REJECTIONS
from scheduler.desk.windows import revisions
from scheduler.desk.writing import Done


def test_a_change_from_draft_to_closed(desk: Desk) -> None:
    assert desk.row("A")["state"] == "Draft"
    desk.move("A", "Tue 02:00")
    assert (desk.row("A")["state"], desk.row("A")["pinned"]) == ("Proposed", True)
    desk.do(workflow.approve, "A")
    window = desk.window("A")
    assert window is not None
    assert (desk.row("A")["state"], window.status, window.announced_at) == ("Scheduled", "scheduled", NOW)
    assert (window.start, window.end, window.sequence) == (when("Tue 02:00"), when("Tue 04:00"), 1)
    desk.now = when("Tue 02:05")
    desk.do(workflow.start, "A")
    desk.do(workflow.extend, "A", 90, reason="the disk is slow")
    assert desk.row("A")["started_at"] == when("Tue 02:05")
    desk.now = when("Tue 05:00")
    desk.do(workflow.finish, "A")
    assert (desk.row("A")["state"], desk.row("A")["outcome"]) == ("Review", "done")
    desk.do(workflow.review, "A", note="reserve more time")
    assert desk.row("A")["state"] == "Closed"
    with desk.store.reading() as connection:
        told = [(one.status, one.reserved_until) for one in revisions(connection, window.id)]
    # proposed, approved, begun, 90 minutes more, over: one id all along
    assert told == [
        ("proposed", when("Tue 04:00")),
        ("scheduled", when("Tue 04:00")),
        ("implementing", when("Tue 04:00")),
        ("implementing", when("Tue 05:30")),
        ("done", when("Tue 05:30")),
    ]
    assert [(one["team"], one["kind"]) for one in desk.rows(NOTICES)] == [("blue", "planned"), ("blue", "moved")]
    assert_replays(desk.store)


def test_what_was_announced_holds_until_its_move_is_approved(desk: Desk) -> None:
    desk.scheduled("A", "Tue 02:00")
    before = desk.window("A")
    desk.now += timedelta(hours=1)
    desk.move("A", "Wed 02:00")
    assert desk.window("A") == before
    assert desk.row("A")["state"] == "Scheduled"
    desk.do(workflow.approve, "A")
    after = desk.window("A")
    assert before is not None
    assert after is not None
    assert (after.id, after.start, after.sequence) == (before.id, when("Wed 02:00"), before.sequence + 1)
    assert (after.first_announced_at, after.announced_at) == (NOW, NOW + timedelta(hours=1))
    assert desk.proposal("A") is None
    assert_replays(desk.store)


def test_rejecting_a_proposal_leaves_what_was_announced(desk: Desk) -> None:
    desk.scheduled("A", "Tue 02:00")
    desk.move("A", "Wed 02:00")
    desk.do(workflow.reject, "A", reason="too soon")
    assert (desk.row("A")["state"], desk.proposal("A")) == ("Scheduled", None)
    desk.do(workflow.reject, "A", reason="not on Tuesdays either")
    assert (desk.row("A")["state"], desk.window("A")) == ("Rejected", None)
    assert [one["start"] for one in desk.rows(REJECTIONS)] == [when("Wed 02:00"), when("Tue 02:00")]
    assert [one["kind"] for one in desk.rows(NOTICES)] == ["planned", "cancelled"]
    assert_replays(desk.store)


def test_a_rejected_window_is_not_taken_again(desk: Desk) -> None:
    desk.move("A", "Tue 02:00")
    desk.do(workflow.reject, "A", reason="month end")
    with pytest.raises(workflow.RefusedError, match="rejected windows"):
        desk.move("A", "Tue 03:00")  # it would overlap the rejected window by an hour
    desk.move("A", "Tue 04:00")


def test_emergencies_go_straight_to_authorisation(desk: Desk) -> None:
    desk.move("E", "Mon 03:00")
    assert desk.row("E")["state"] == "Authorise"
    desk.do(workflow.approve, "E")
    assert desk.row("E")["state"] == "Scheduled"


def test_a_stale_decision_is_refused_with_what_changed(desk: Desk) -> None:
    seen = desk.move("A", "Tue 02:00").revision
    desk.do(workflow.hold, "A", reason="wait for the vendor", by="bob")
    log = desk.log()
    with pytest.raises(workflow.StaleError) as caught:
        workflow.approve(desk.store, "A", by="ana", seen=seen, now=NOW)
    assert "bob put on hold A on 2027-03-01 00:00Z (wait for the vendor)" in str(caught.value)
    assert [one.action for one in caught.value.since] == ["hold"]
    assert desk.log() == log


def test_asking_twice_does_it_once(desk: Desk) -> None:
    seen = desk.row("A")["revision"]
    given = {"by": "ana", "seen": seen, "now": NOW, "key": "click 7"}
    first = workflow.move(desk.store, "A", when("Tue 02:00"), **given)
    again = workflow.move(desk.store, "A", when("Tue 02:00"), **given)
    assert (first.again, again.again, again.entries) == (False, True, first.entries)
    with pytest.raises(workflow.RefusedError, match="was used for another request"):
        workflow.move(desk.store, "A", when("Tue 04:00"), **given)
    assert [one.action for one in desk.log()].count("move") == 1


@pytest.mark.parametrize(
    ("prepare", "refused", "why"),
    [
        (["move"], ["start"], "is in state Proposed"),
        ([], ["approve"], "is in state Draft"),
        (["move", "approve"], ["approve"], "has no proposal"),
        (["move", "hold"], ["approve"], "is on hold; release it first"),
        (["move", "hold"], ["hold"], "on hold already"),
        (["move", "approve"], ["start"], "which is not now"),
        (["cancel"], ["move"], "is in state Cancelled"),
        (["move"], ["reject no reason"], "the reason is missing"),
        (["move", "approve"], ["approve ivy"], "has no proposal"),
        (["move"], ["approve ivy"], "requested A: somebody else must approve it"),
    ],
)
def test_what_is_not_possible(desk: Desk, prepare: list[str], refused: list[str], why: str) -> None:
    acts: dict[str, Callable[[], Done]] = {
        "move": lambda: desk.move("A", "Tue 02:00"),
        "approve": lambda: desk.do(workflow.approve, "A"),
        "approve ivy": lambda: desk.do(workflow.approve, "A", by="IVY"),
        "hold": lambda: desk.do(workflow.hold, "A", reason="wait"),
        "cancel": lambda: desk.do(workflow.cancel, "A", reason="not needed"),
        "start": lambda: desk.do(workflow.start, "A"),
        "reject no reason": lambda: desk.do(workflow.reject, "A", reason=" \0 "),
    }
    for name in prepare:
        acts[name]()
    log = desk.log()
    with pytest.raises(workflow.RefusedError, match=why):
        acts[refused[0]]()
    assert desk.log() == log
    assert_replays(desk.store)


def test_several_must_approve(desk: Desk) -> None:
    workflow.set_approvers(desk.store, by="ana", now=NOW, normal=2)
    desk.move("A", "Tue 02:00")
    desk.do(workflow.approve, "A")
    assert (desk.row("A")["state"], desk.window("A")) == ("Authorise", None)
    with pytest.raises(workflow.RefusedError, match="ana has approved A already"):
        desk.do(workflow.approve, "A")
    desk.move("A", "Tue 04:00")  # another window has to be approved anew by all
    desk.do(workflow.approve, "A")
    assert desk.row("A")["approvals"] == ["ana"]
    desk.do(workflow.approve, "A", by="bob")
    assert desk.row("A")["state"] == "Scheduled"
    assert_replays(desk.store)


def test_whoever_stands_in_may_approve(desk: Desk) -> None:
    for user, role, team in (
        ("ana", "administrator", ""),
        ("mia", "change manager", ""),
        ("tom", "team member", "blue"),
    ):
        workflow.put_user(desk.store, user, by="ana", role=role, team=team, now=NOW)  # type: ignore[arg-type]
    desk.move("A", "Tue 02:00")
    with pytest.raises(workflow.ForbiddenError, match="tom"):
        desk.do(workflow.approve, "A", by="tom")
    with pytest.raises(workflow.RefusedError, match="mia has not let tom approve"):
        desk.do(workflow.approve, "A", by="tom", instead_of="mia")
    away = {"start": when("Mon 08:00"), "end": when("Mon 18:00")}
    workflow.delegate(desk.store, "tom", by="mia", now=NOW, **away)
    with pytest.raises(workflow.RefusedError, match="at this time"):
        desk.do(workflow.approve, "A", by="tom", instead_of="mia", now=when("Mon 07:59"))
    desk.do(workflow.approve, "A", by="tom", instead_of="mia", now=when("Mon 08:00"))
    assert desk.row("A")["state"] == "Scheduled"


def test_a_hard_rule_is_broken_only_with_reason_and_expiry(desk: Desk) -> None:
    for user, role in (("ana", "administrator"), ("mia", "change manager")):
        workflow.put_user(desk.store, user, by="ana", role=role, now=NOW)  # type: ignore[arg-type]
    friday = when("Fri 02:00")
    judged = workflow.price(desk.store, "A", friday, now=NOW)
    assert [one.rule for one in judged.broken] == ["blackout"]
    with pytest.raises(workflow.RefusedError, match="blackout"):
        desk.move("A", "Fri 02:00")
    override = workflow.SetAside(reason="the vendor comes on Friday", expires_at=when("Thu 00:00"))
    with pytest.raises(workflow.ForbiddenError, match="against a hard rule"):
        desk.move("A", "Fri 02:00", override=override, by="mia")
    with pytest.raises(workflow.RefusedError, match="expired already"):
        desk.move("A", "Fri 02:00", override=replace(override, expires_at=NOW))
    desk.move("A", "Fri 02:00", override=override)
    (row,) = desk.rows(OVERRIDES)
    assert (row["rules"], row["reason"], row["by"], row["ended_at"]) == (["blackout"], override.reason, "ana", None)
    # Once it has expired, the window breaks the rule again.
    with pytest.raises(workflow.RefusedError, match=r"breaks a rule by now \(blackout\)"):
        desk.do(workflow.approve, "A", now=when("Thu 00:00"))
    assert_replays(desk.store)


def test_an_exception_holds_until_it_is_ended(desk: Desk) -> None:
    override = workflow.SetAside(reason="the vendor comes on Friday", expires_at=when("Sat 00:00"))
    desk.move("A", "Fri 02:00", override=override)
    desk.do(workflow.approve, "A")
    (row,) = desk.rows(OVERRIDES)
    workflow.end_override(desk.store, row["id"], by="ana", now=NOW)
    assert desk.row("A")["stale"]
    with pytest.raises(workflow.RefusedError, match="no exception"):
        workflow.end_override(desk.store, row["id"], by="ana", now=NOW)


def test_a_move_is_priced_to_the_cent(desk: Desk) -> None:
    # 10 people x 1.00 an hour x 2 hours by day, none by night
    day, night = (workflow.price(desk.store, "A", when(at), now=NOW).cents for at in ("Tue 10:00", "Tue 02:00"))
    assert (day, night) == (2_000, 0)
    desk.move("A", "Tue 02:00")
    assert workflow.price(desk.store, "A", when("Tue 10:00"), now=NOW).more_cents == 2_000
    desk.move("A", "Tue 10:00")
    assert desk.log()[-1].detail["cost_cents"] == 2_000


def test_notice_grows_short_while_nobody_decides(desk: Desk) -> None:
    plan = usual()
    blue = replace(plan.teams["blue"], notice_days=2)
    desk.bring(replace(plan, teams={**plan.teams, "blue": blue}, content_hash="notice"))
    desk.move("A", "Wed 02:00")
    with pytest.raises(workflow.RefusedError, match="notice"):
        desk.do(workflow.approve, "A", now=when("Tue 00:00"))  # from Tuesday to Wednesday is one day
    desk.do(workflow.approve, "A", now=when("Mon 23:30"))


def test_what_people_say(desk: Desk) -> None:
    desk.move("A", "Tue 02:00")
    seen = desk.row("A")["revision"]
    workflow.comment(desk.store, "A", "who is on call?", by="bob", now=NOW)
    assert desk.row("A")["revision"] == seen  # a comment makes nobody's view stale
    with pytest.raises(workflow.RefusedError, match="takes nothing from green"):
        desk.do(workflow.object_to, "A", team="green", reason="no")
    desk.do(workflow.object_to, "A", team="blue", reason="we close our books")
    (row,) = desk.rows(OBJECTIONS)
    assert (row["status"], row["start"], row["team"]) == ("open", when("Tue 02:00"), "blue")
    assert desk.row("A")["revision"] > seen  # an objection does
    workflow.answer(desk.store, row["id"], by="ana", uphold=True, text="you are right", now=NOW)
    with pytest.raises(workflow.RefusedError, match="was answered by ana already"):
        workflow.answer(desk.store, row["id"], by="bob", uphold=False, text="no", now=NOW)
    workflow.prefer(desk.store, "blue", "never", by="ana", hours="Mon 08:00-12:00", reason="call", now=NOW)
    (wish,) = desk.rows(PREFERENCES)
    workflow.drop_preference(desk.store, wish["id"], by="ana", now=NOW)
    with pytest.raises(workflow.RefusedError, match="to take back"):
        workflow.drop_preference(desk.store, wish["id"], by="ana", now=NOW)
    assert [one["text"] for one in desk.rows(COMMENTS)] == ["who is on call?"]
    assert_replays(desk.store)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"hours": "Mon 08:00-25:00"}, "25:00"),
        ({}, "give weekly hours, or one period"),
        ({"hours": "Mon 08:00-12:00", "start": NOW, "end": NOW + timedelta(hours=1)}, "give weekly hours, or one"),
        ({"start": NOW, "end": NOW}, "a start and a later end"),
        ({"hours": "Mon 08:00-12:00", "kind": "avoid"}, "what an hour of work then costs"),
        ({"hours": "Mon 08:00-12:00", "team": "red"}, "there is no team 'red'"),
    ],
)
def test_wishes_that_make_no_sense(desk: Desk, given: dict[str, object], why: str) -> None:
    asked = {"team": "blue", "kind": "never", "by": "ana", "now": NOW} | given
    with pytest.raises(workflow.RefusedError, match=why):
        workflow.prefer(desk.store, **asked)  # type: ignore[arg-type]


def test_the_clock_of_the_log_never_goes_back(desk: Desk) -> None:
    desk.move("A", "Tue 02:00", now=when("Mon 05:00"))
    assert desk.move("B", "Tue 02:00", now=when("Mon 04:00")).entries[0].at == when("Mon 05:00")
