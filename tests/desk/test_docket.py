"""What waits for whom at the desk, and which buttons somebody is to see; the workflow is asked whether that is so."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from builders import MONDAY, change, level, portfolio, service, team, when
from desks import NOW, Desk, usual
from desks import office as office_of
from stores import Stores

from scheduler.desk import workflow
from scheduler.desk.access import ROLES, Actor, Role
from scheduler.desk.docket import Matter, approvers_of, docket, notice_until
from scheduler.desk.library import portfolio_of
from scheduler.desk.position import position
from scheduler.desk.possible import ORDER, possible
from scheduler.desk.store import Store


def _fill(store: Store) -> None:
    Desk(store).bring(usual())


@pytest.fixture
def office(stores: Stores) -> Iterator[Desk]:
    with Store(stores.like("sqlite", "usual", _fill)) as store:
        yield Desk(store)


def matters(desk: Desk) -> dict[str, Matter]:
    with desk.store.reading() as connection:
        found = docket(portfolio_of(connection), position(connection), desk.now, approvers_of(connection))
    return {one.change: one for one in found}


def needs(desk: Desk, change: str) -> list[str]:
    return [one.kind for one in matters(desk)[change].needs]


def test_what_has_no_window_waits_for_a_plan(office: Desk) -> None:
    assert {change: [need.kind for need in one.needs] for change, one in matters(office).items()} == {
        "A": ["plan"],
        "B": ["plan"],
        "E": ["plan"],
    }
    assert not any(one.waits for one in matters(office).values())


def test_the_most_pressing_comes_first(office: Desk) -> None:
    office.move("A", "Wed 02:00")
    office.move("B", "Tue 02:00")
    # By when it is too late: nobody was promised notice, so the starts say it.
    assert list(matters(office)) == ["B", "A", "E"]
    assert [one.waits for one in matters(office).values()] == [True, True, False]
    assert matters(office)["B"].needs[0].by == when("Tue 02:00")
    office.do(workflow.object_to, "A", team="blue", reason="We close the month.")
    first, second = matters(office)["A"].needs
    assert list(matters(office)) == ["A", "B", "E"]
    assert (first.kind, first.text) == ("answer", "Answer blue, who objects: We close the month.")
    assert second.kind == "approve"


def test_several_must_approve(office: Desk) -> None:
    workflow.set_approvers(office.store, by="ana", now=NOW, normal=2)
    office.move("A", "Tue 02:00")
    assert matters(office)["A"].needs[0].text == "Approve or reject the window."
    office.do(workflow.approve, "A")
    assert matters(office)["A"].needs[0].text == "Approve or reject the window. ana approved; 2 must."
    office.do(workflow.approve, "A", by="bob")
    assert needs(office, "A") == []
    office.move("A", "Wed 02:00")
    assert matters(office)["A"].needs[0].text == "Approve or reject the move."


def test_work_is_asked_after(office: Desk) -> None:
    office.scheduled("A", "Tue 02:00")
    assert needs(office, "A") == []
    office.now = when("Tue 02:00")
    assert needs(office, "A") == ["begin"]
    office.now = when("Tue 04:00")
    assert needs(office, "A") == ["late"]
    office.now = when("Tue 02:10")
    office.do(workflow.start, "A")
    assert needs(office, "A") == []
    office.now = when("Tue 04:00")
    assert needs(office, "A") == ["late"]
    office.do(workflow.finish, "A")
    assert needs(office, "A") == ["review"]
    office.do(workflow.review, "A", note="fine")
    assert needs(office, "A") == []


def test_what_is_on_hold_or_stale_or_rejected_waits_for_others(office: Desk) -> None:
    office.move("A", "Tue 02:00")
    office.do(workflow.hold, "A", reason="parts")
    assert (needs(office, "A"), matters(office)["A"].flags) == ([], ("on hold", "pinned"))
    office.do(workflow.release, "A")
    longer = replace(change("A", hours=3), requested_by="ivy")
    office.bring(office_of(longer, change("B", services="mail", type="standard"), change("E", type="emergency")))
    assert (needs(office, "A"), matters(office)["A"].flags) == (["replan"], ("pinned", "stale"))
    office.move("B", "Tue 02:00")
    office.do(workflow.reject, "B", reason="no")
    assert needs(office, "B") == ["replan"]


def test_an_exception_that_ends_too_early_is_seen(office: Desk) -> None:
    office.now = when("Mon 00:00")
    early = workflow.SetAside(reason="needed", expires_at=when("Thu 00:00"))
    office.move("A", "Fri 02:00", override=early)
    approve, exception = matters(office)["A"].needs
    assert (approve.kind, exception.kind, exception.by) == ("approve", "exception", when("Thu 00:00"))
    office.do(workflow.withdraw, "A")
    office.move("A", "Fri 03:00", override=replace(early, expires_at=when("Sat 00:00")))
    assert needs(office, "A") == ["approve"]


def test_an_exception_that_ends_too_early_is_made_up_for_by_a_later_one(office: Desk) -> None:
    office.now = when("Mon 00:00")
    early = workflow.SetAside(reason="needed", expires_at=when("Thu 00:00"))
    office.move("A", "Fri 02:00", override=early)
    office.move("A", "Fri 03:00", override=early)
    office.move("A", "Fri 02:00", override=replace(early, expires_at=when("Sat 00:00")))
    assert needs(office, "A") == ["approve"]
    office.do(workflow.approve, "A")
    office.now = when("Fri 02:00")
    office.do(workflow.start, "A")


def test_notice_ends_with_a_day_of_the_strictest_team() -> None:
    p = portfolio(
        changes=[change("A"), change("E", type="emergency"), change("N", impact="NO-IMPACT")],
        services=[service("app")],
        teams=[
            team("near", uses="app", zone="UTC", notice=2),
            team("far", uses="app", zone="Asia/Singapore", notice=3, level="premium"),
        ],
        levels=[level("premium", weight=2, notice=9)],
    )
    # Monday 20:00 UTC is Tuesday 04:00 in Singapore: three days before is Saturday, which ends there at 16:00 UTC.
    assert notice_until(p, "A", MONDAY + timedelta(hours=20)) == MONDAY - timedelta(days=2) + timedelta(hours=16)
    # Of Near alone Saturday would be enough, too, but it ends at midnight UTC.
    assert notice_until(p, "E", MONDAY) is None
    assert notice_until(p, "N", MONDAY) is None
    assert notice_until(p, "gone", MONDAY) is None


# --- buttons ---------------------------------------------------------------------------------------------------------


def pressed(desk: Desk, action: str, user: str) -> str:
    """Do something to A as somebody; give why it was refused."""
    reasoned = ("reject", "defer", "hold", "cancel", "backout")
    given: dict[str, Any] = {"by": user} | ({"reason": "so"} if action in reasoned else {})
    try:
        match action:
            case "move":
                desk.do(workflow.move, "A", when("Wed 02:00"), **given)
            case "extend":
                desk.do(workflow.extend, "A", 30, reason="slow", **given)
            case "review":
                desk.do(workflow.review, "A", note="fine", **given)
            case "object":
                desk.do(workflow.object_to, "A", team="blue", reason="no", **given)
            case "comment":
                workflow.comment(desk.store, "A", "hm", by=user, now=desk.now)
            case _:
                desk.do(getattr(workflow, action), "A", **given)
    except workflow.RefusedError as error:
        return str(error)
    return ""


def _draft(desk: Desk) -> None:
    """Leave A as it came."""


def _proposed(desk: Desk) -> None:
    desk.move("A", "Tue 02:00")


def _held(desk: Desk) -> None:
    _proposed(desk)
    desk.do(workflow.hold, "A", reason="parts")


def _rejected(desk: Desk) -> None:
    _proposed(desk)
    desk.do(workflow.reject, "A", reason="no")


def _scheduled(desk: Desk) -> None:
    desk.scheduled("A", "Tue 02:00")


def _now(desk: Desk) -> None:
    _scheduled(desk)
    desk.now = when("Tue 02:00")


def _working(desk: Desk) -> None:
    _now(desk)
    desk.do(workflow.start, "A")


def _done(desk: Desk) -> None:
    _working(desk)
    desk.do(workflow.finish, "A")


def _closed(desk: Desk) -> None:
    _done(desk)
    desk.do(workflow.review, "A", note="fine")


STATES = (_draft, _proposed, _held, _rejected, _scheduled, _now, _working, _done, _closed)
USERS: dict[str, Role] = dict(zip(("vic", "tom", "mia", "ada"), ROLES, strict=True))
MIA: dict[str, Role] = {"mia": "change manager"}


@pytest.mark.parametrize("state", STATES)
def test_buttons_are_those_that_the_workflow_allows(stores: Stores, state: Callable[[Desk], None]) -> None:
    def fill(store: Store) -> None:
        desk = Desk(store, by="ada")
        desk.bring(usual())
        for user, role in reversed(USERS.items()):
            workflow.put_user(store, user, by="ada", role=role, team="blue" if user == "tom" else "", now=NOW)
        state(desk)

    now = NOW if state in (_draft, _proposed, _held, _rejected, _scheduled) else when("Tue 02:00")
    name = getattr(state, "__name__").strip("_")  # noqa: B009
    wrong = []
    # The table of permissions is tested as a whole elsewhere.
    for user, role in (USERS if state is _proposed else MIA).items():
        actor = Actor(user, role, "blue" if user == "tom" else "")
        with Store(stores.like("sqlite", f"docket {name}", fill)) as store, store.reading() as connection:
            shown = {one.action: one.against for one in possible(actor, position(connection), "A", now)}
        assert list(shown) == [one for one in ORDER if one in shown]
        for action in ORDER:
            with Store(stores.like("sqlite", f"docket {name}", fill)) as store:
                refused = pressed(Desk(store, now=now, by="ada"), action, user)
            good = shown.get(action) == "" if not refused else shown.get(action) != ""
            if not good:
                wrong.append((user, action, shown.get(action), refused))
    assert not wrong


def test_nobody_is_offered_their_own_request(office: Desk) -> None:
    office.move("A", "Tue 02:00")
    with office.store.reading() as connection:
        at = position(connection)
    ivy = Actor("ivy", "change manager")
    assert "you requested it" in {one.action: one.against for one in possible(ivy, at, "A", NOW)}["approve"]
    assert possible(ivy, at, "nothing", NOW) == ()
