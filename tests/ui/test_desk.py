"""The desk behind the screens: one look per revision, who may do what, and what is said of writes that are refused."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from desk_pages import press
from small_desk import bring, plan, small_portfolio
from small_plan import CHANGES, Place, read, said
from streamlit.testing.v1 import AppTest

from scheduler.desk import workflow
from scheduler.desk.access import ForbiddenError
from scheduler.desk.position import position
from scheduler.desk.store import Store
from scheduler.schedule import total
from scheduler.ui import state
from scheduler.ui.desk import Desk, Refusal
from scheduler.ui.folder import Folder
from scheduler.ui.moments import LASTS
from scheduler.ui.review import UnusableError
from scheduler.ui.source import Seen, Source
from scheduler.verify import bill, verify

Open = Callable[..., AppTest]


def seen(desk: Desk, change: str) -> int:
    return desk.standing(desk.plan())[change].known


# --- the plan as things stand ----------------------------------------------------------------------------------------


def test_the_plan_is_that_of_the_run(desk: Desk) -> None:
    shown = desk.plan()
    result = shown.result
    assert sorted(shown.placed) == ["A", "B", "D"]
    assert verify(shown.portfolio, result.schedule) == []
    assert result.objective_cents == total(bill(shown.portfolio, result.schedule)) == shown.answer["objective_cents"]
    # What was proven of it holds while it is as it was found.
    assert (result.status, result.gap) == ("OPTIMAL", 0.0)
    assert "first_come" in result.baselines
    assert [(one.change, one.drop_cents) for one in result.unplaced] == [("C", 7000)]
    assert result.unplaced[0].reason.startswith("no start is left")
    assert {one.state for one in desk.standing(shown).values()} == {"proposed"}


def test_a_moved_window_is_billed_and_nothing_is_proven_any_more(desk: Desk) -> None:
    before = desk.plan()
    later = before.placed["B"].start + timedelta(days=1)
    done = desk.attempt(workflow.move, "B", later, seen=seen(desk, "B"))
    assert not isinstance(done, Refusal)
    after = desk.plan()
    assert after.placed["B"].start == later != before.placed["B"].start
    assert after.result.objective_cents == total(bill(after.portfolio, after.result.schedule))
    assert (after.result.status, after.result.bound_cents, after.result.gap) == ("FEASIBLE", None, None)
    # The habits placed the same changes.
    assert after.result.baselines == before.result.baselines


def test_an_approved_window_is_announced_and_a_rejected_one_waits(desk: Desk) -> None:
    shown = desk.plan()
    for change, verdict in (("A", "approve"), ("D", "reject")):
        one = Seen(shown.id, seen(desk, change), shown.placed[change].reserved)
        assert desk.decide(change, verdict, one, reason="Not then." if verdict == "reject" else "") == ""  # type: ignore[arg-type]
    after = desk.plan()
    assert desk.standing(after)["A"].state == "approved"
    assert after.placed["A"].announced_at is not None
    assert sorted(after.placed) == ["A", "B"]
    assert desk.waiting(after) == ["D"]
    assert after.result.baselines == {}
    reasons = {one.change: one.reason for one in after.result.unplaced}
    assert reasons["D"] == "its window was rejected, and no plan has given it another yet"


def test_inputs_that_changed_are_said(desk: Desk) -> None:
    assert desk.stale(desk.plan()) == ""
    longer = CHANGES.replace("B,Move the mail,mail,120,", "B,Move the mail,mail,150,")
    bring(desk.at.store, small_portfolio(changes=longer))
    assert desk.stale(desk.plan()).startswith("What the windows of B were found from has changed.")
    shown = desk.plan()
    against = desk.decide("B", "approve", Seen(shown.id, seen(desk, "B"), shown.placed["B"].reserved))
    assert against == ("The inputs of B changed since its window was found; plan again first. Nothing was done.")


# --- one look per revision -------------------------------------------------------------------------------------------


def statements(store: Store) -> list[str]:
    """Everything asked of the database from now on."""
    asked: list[str] = []
    sa.event.listen(store.engine, "before_cursor_execute", lambda *event: asked.append(event[2]))
    return asked


def test_the_store_is_read_again_only_where_somebody_wrote(desk: Desk) -> None:
    first, shown = desk.moment(), desk.plan()
    asked = statements(desk.at.store)
    assert desk.moment() is first
    assert desk.plan() is shown
    assert not asked
    # Somebody else, by another way.
    with Store(desk.at.store.url.render_as_string()) as other:
        workflow.pin(other, "A", by="ben", seen=seen(desk, "A"))
    assert desk.moment().revision == first.revision + 1
    assert desk.standing(desk.plan())["A"].known == first.revision + 1


def test_charts_are_kept_over_decisions_that_they_do_not_show(desk: Desk) -> None:
    first = desk.plan()
    moment = desk.moment()
    desk.attempt(workflow.comment, "A", "fine")
    desk.attempt(workflow.pin, "A", seen=seen(desk, "A"))
    desk.attempt(workflow.approve, "B", seen=seen(desk, "B"))
    decided = desk.plan()
    assert decided.portfolio.decisions != first.portfolio.decisions
    assert desk.moment().portfolio is moment.portfolio
    assert decided is not first
    assert decided.kept is first.kept
    assert decided.placed["B"].announced_at is not None
    desk.attempt(workflow.move, "A", decided.placed["A"].start + timedelta(days=1), seen=seen(desk, "A"))
    moved = desk.plan()
    assert moved.kept is not first.kept
    # What is on hold or cancelled is no more to be planned: the portfolio is read anew.
    desk.attempt(workflow.cancel, "A", seen=seen(desk, "A"), reason="not needed")
    assert desk.plan().kept is not moved.kept
    assert "A" not in desk.plan().portfolio.changes


def test_no_write_makes_a_portfolio_look_newer_than_it_was_seen(desk: Desk) -> None:
    first = desk.moment()
    desk.attempt(workflow.pin, "A", seen=seen(desk, "A"))
    again = desk.moment()
    assert again.portfolio is first.portfolio
    assert again.seen_at == first.seen_at < again.read_at
    desk._moment = replace(again, seen_at=again.seen_at - LASTS)
    assert desk.moment().portfolio is not first.portfolio
    assert desk.moment().seen_at > again.read_at


def test_a_page_shows_one_moment_unless_it_writes(desk: Desk) -> None:
    with desk.held():
        first = desk.moment()
        asked = statements(desk.at.store)
        workflow.pin(desk.at.store, "A", by="ben", seen=seen(desk, "A"))
        del asked[:]
        assert desk.moment() is first
        assert not asked
        desk.attempt(workflow.comment, "A", "So it is.")
        assert desk.moment().revision == first.revision + 2
    assert desk.moment().revision == first.revision + 2


# --- who may -------------------------------------------------------------------------------------------------------


def test_without_users_whoever_is_at_this_machine_is_administrator(desk: Desk) -> None:
    assert (desk.actor().user, desk.actor().role) == ("ann", "administrator")
    assert desk.may("override")


def test_roles_are_those_of_the_store(desk: Desk) -> None:
    workflow.put_user(desk.at.store, "ann", by="ann", role="administrator", name="Ann Lee")
    workflow.put_user(desk.at.store, "vic", by="ann", role="viewer")
    workflow.put_user(desk.at.store, "tom", by="ann", role="team member", team="blue")
    as_vic, as_tom, as_nobody = (Desk(desk.at, lambda who=who: who) for who in ("vic", "tom", "zoe"))  # type: ignore[misc]
    assert not as_vic.may("approve")
    assert (as_tom.may("object", "blue"), as_tom.may("object", "green")) == (True, False)
    with pytest.raises(ForbiddenError):
        as_nobody.actor()
    assert not as_nobody.may("look")
    refused = as_vic.attempt(workflow.pin, "A", seen=seen(desk, "A"))
    assert isinstance(refused, Refusal)
    assert refused.kind == "forbidden"
    assert "vic (viewer) may not do this" in refused.text
    # A role that is taken away is gone at the next look.
    assert desk.may("approve")
    workflow.put_user(desk.at.store, "bea", by="ann", role="administrator")
    workflow.put_user(desk.at.store, "ann", by="bea", role="viewer")
    assert not desk.may("approve")


def test_who_decided_meanwhile_is_named(desk: Desk) -> None:
    workflow.put_user(desk.at.store, "ann", by="ann", role="administrator")
    workflow.put_user(desk.at.store, "ben", by="ann", role="change manager", name="Ben Ode")
    shown, known = desk.plan(), seen(desk, "A")
    workflow.approve(desk.at.store, "A", by="ben", seen=known, reason="The bank agrees.")
    against = desk.decide("A", "reject", Seen(shown.id, known, shown.placed["A"].reserved), reason="No.")
    assert against.startswith("A is not as you saw it: Ben Ode approved it ")
    assert against.endswith("(The bank agrees.). Nothing was done; look again, then decide.")
    with desk.at.store.reading() as connection:
        assert position(connection).changes["A"]["state"] == "Scheduled"


# --- desks that are empty --------------------------------------------------------------------------------------------


def test_an_empty_desk_leads_to_its_inputs(empty_desk: Desk, router: Open) -> None:
    with pytest.raises(UnusableError) as empty:
        empty_desk.plan()
    assert (empty.value.page, empty.value.mend) == ("inputs", "Bring one in")
    visitor = router()
    assert "There is no portfolio at this desk yet." in said(visitor)
    next(one for one in visitor.button if one.label == "Bring one in").click().run()
    assert visitor.title[0].value == "Inputs"
    next(one for one in visitor.button if one.label == "Load the sample").click().run()
    assert not visitor.exception
    assert visitor.title[0].value == "Replan"
    moment = empty_desk.moment()
    assert moment.portfolio is not None
    assert len(moment.portfolio.changes) == len(moment.position.changes) == 60
    # A rehearsal is planned from its own present, up to which its usage is recorded.
    assert moment.portfolio.now.isoformat() == "2027-02-22T09:00:00+00:00"


def test_a_desk_that_nobody_planned_leads_to_planning(empty_desk: Desk, router: Open) -> None:
    bring(empty_desk.at.store, small_portfolio())
    visitor = router()
    assert "No change has a window." in said(visitor)
    assert "4 changes to be given a window" in said(visitor)
    next(one for one in visitor.button if one.label == "Plan").click().run()
    assert visitor.title[0].value == "Replan"
    plan(empty_desk.at.store)
    assert router().title[0].value == "Forward schedule"


# --- the screens on both sources -------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["files", "desk"])
@pytest.mark.parametrize("name", ["forward_schedule", "change", "savings"])
def test_screens_draw_either_source(
    name: str, source: str, view: Open, place: Place, desk: Desk, request: pytest.FixtureRequest
) -> None:
    if source == "files":
        state.show(place.out)
    else:
        state.show_source(desk)
    words = said(view(name, change="A"))
    assert "Small" in words or "Patch order entry" in words
    # The same plan at the same price.
    if name == "change":
        assert "It costs clients" in words


def test_decisions_on_a_page_are_those_of_the_desk(desk: Desk, router: Open) -> None:
    visitor = router(change="A")
    press(visitor, "Reject").text_area(key="words reject A").set_value("Year end.")
    press(visitor, "Reject A")
    assert "A is rejected" in read(said(visitor))
    with desk.at.store.reading() as connection:
        assert position(connection).changes["A"]["state"] == "Rejected"
    assert "One window was rejected and waits" in said(router())


def test_both_sources_are_whole() -> None:
    """That both keep to the interface is checked by types; that it is one interface is checked here."""
    names = [name for name, one in vars(Source).items() if callable(one) and not name.startswith("_")]
    assert "decide" in names
    assert all(callable(getattr(one, name)) for name in names for one in (Desk, Folder))
