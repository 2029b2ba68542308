"""Feeds of a real desk: whatever is decided there, in whatever order, calendars follow as they should."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import strict_ical
from builders import change, engineer, when
from desks import NOW, Desk, assert_replays, office, usual
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from publish.feed_world import compare
from stores import Stores

from scheduler.desk import workflow
from scheduler.desk.access import RefusedError
from scheduler.desk.library import portfolio_of
from scheduler.desk.plans import named_for, packed
from scheduler.desk.position import position
from scheduler.desk.store import Store
from scheduler.desk.tables import RUNS, SCHEDULES
from scheduler.inputs.documents import schedule_document
from scheduler.inputs.fingerprint import content_hash
from scheduler.portfolio import Portfolio
from scheduler.publish.contents import Kind
from scheduler.publish.desk_feeds import DeskFeeds
from scheduler.publish.stream import Detail
from scheduler.schedule import Result, Schedule, Shift, place

LOOKS: tuple[tuple[Kind, str, bool], ...] = (
    ("team", "blue", False),
    ("team", "blue", True),
    ("team", "green", False),
    ("service", "mail", False),
    ("all", "", False),
    ("all", "", True),
    ("blackouts", "", False),
)
STARTS = ("Wed 02:00", "Thu 02:00", "Mon 02:00 +1w", "Tue 02:00 +1w")


def renamed() -> Portfolio:
    made = usual()
    made = replace(made, teams=dict(made.teams) | {"blue": replace(made.teams["blue"], name="Azure")})
    return replace(made, content_hash=content_hash(made))


def shorter() -> Portfolio:
    """B is gone, and A puts out the mail, not app."""
    return office(change("A", services="mail", hours=2), change("E", type="emergency", hours=1))


PORTFOLIOS = {"usual": usual, "renamed": renamed, "shorter": shorter}
ACTIONS = ("move", "move", "approve", "approve", "cancel", "reject", "import", "token", "rotate", "revoke")
steps = st.tuples(
    st.integers(min_value=1, max_value=1200),  # minutes since the step before
    st.sampled_from(ACTIONS),
    st.sampled_from(["A", "B"]),
    st.sampled_from(STARTS),
    st.sampled_from(sorted(PORTFOLIOS)),
)


class Tokens:
    """What tokens should open, kept beside the store: until when each secret is good, and those that may be rotated."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.good, self.newest = desk, dict[str, Any](), list[tuple[str, str]]()

    def make(self, made: workflow.NewToken) -> None:
        assert made.secret
        self.good[made.secret] = None
        self.newest.append((made.id, made.secret))

    def step(self, action: str) -> None:
        given: dict[str, Any] = {"by": "ana", "now": self.desk.now}
        if action == "token" or not self.newest:
            self.make(workflow.create_token(self.desk.store, "team", "blue", **given))
            return
        id, secret = self.newest.pop(0)
        if action == "rotate":
            self.make(workflow.rotate_token(self.desk.store, id, grace=timedelta(hours=10), **given))
            self.good[secret] = self.desk.now + timedelta(hours=10)
        else:
            workflow.revoke_token(self.desk.store, id, **given)
            self.good[secret] = self.desk.now


def do(desk: Desk, tokens: Tokens, action: str, change: str, start: str, taken: str) -> None:
    if action in ("token", "rotate", "revoke"):
        tokens.step(action)
        return
    try:
        if action == "import":
            desk.bring(PORTFOLIOS[taken]())
        elif action == "move":
            desk.move(change, start)
        elif action == "approve":
            desk.do(workflow.approve, change)
        else:
            desk.do(getattr(workflow, action), change, reason="not then")
    except (RefusedError, KeyError):
        pass  # not possible as things stand


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, min_size=1, max_size=8))
def test_any_history_at_the_desk(stores: Stores, taken: list[tuple[int, str, str, str, str]]) -> None:
    with Store(stores.new("sqlite")) as store:
        desk = Desk(store)
        desk.bring(usual())
        desk.scheduled("A", "Wed 02:00")
        feeds, tokens = DeskFeeds(store), Tokens(desk)

        def look(source: DeskFeeds) -> dict[Any, strict_ical.Component]:
            found = {}
            for kind, scope, proposals in LOOKS:
                detail: Detail = "full" if kind == "blackouts" else "maintnote"
                body = source.body(kind, scope, detail, desk.now, proposals=proposals)
                found[kind, scope, proposals] = strict_ical.read(body.plain)
            return found

        before = look(feeds)
        for minutes, *step in taken:
            desk.now += timedelta(minutes=minutes)
            do(desk, tokens, *step)
            after = look(feeds)
            for key, feed in after.items():
                compare(before[key], feed, desk.now)
            for secret, until in tokens.good.items():
                remembered = feeds.recall(secret, desk.now, feeds.look())
                opened = feeds.find(secret, desk.now)
                assert remembered is None or remembered == opened
                assert feeds.recall(secret, desk.now, feeds.look()) == opened
                assert (opened is not None) == (until is None or desk.now < until)
                assert opened is None or opened.plain == feeds.body("team", "blue", "full", desk.now).plain
            before = after
        # Who opens the store anew writes the same bytes.
        assert before == look(DeskFeeds(store))


def keep_plan(desk: Desk, made: Portfolio, number: int, start: str, who: str) -> None:
    """Keep a plan as a run would have, in which `who` does A as dba."""
    placement = place(made, "A", when(start))
    shift = Shift(engineer=who, skill="dba", start=placement.start, end=placement.reserved_until)
    result = Result(
        portfolio=made, schedule=Schedule((replace(placement, engineers=(shift,)),)), status="FEASIBLE",
        objective_cents=0, bound_cents=0,
    )  # fmt: skip
    run = {
        "id": number, "version": 1, "seq": desk.log()[-1].seq, "asked_by": "ana", "asked_at": NOW, "status": "finished",
        "parameters": {}, "host": "", "phase": "", "seconds": 0.0, "message": "", "stop_asked": False,
    }  # fmt: skip
    plan = {"id": number, "run": number, "version": 1, "at": NOW, "status": "FEASIBLE", "objective_cents": 0}
    with desk.store.writing() as connection:
        connection.execute(RUNS.insert().values(run))
        document = packed(schedule_document(result, ["downtime"]))
        connection.execute(SCHEDULES.insert().values(plan | {"document": document}))


def crewed() -> Portfolio:
    made = usual()
    made = replace(made, engineers={name: engineer(name, skills="dba") for name in ("Eve", "Bo")})
    return replace(made, content_hash=content_hash(made))


def test_an_engineer_follows_the_plan_that_was_proposed(stores: Stores) -> None:
    made = crewed()
    with Store(stores.new("sqlite")) as store:
        desk = Desk(store)
        desk.bring(made)
        keep_plan(desk, made, 1, "Tue 02:00", "Eve")
        workflow.propose(store, 1, by="ana", now=NOW)
        desk.do(workflow.approve, "A")
        (event,) = strict_ical.read(DeskFeeds(store).body("engineer", "Eve", "full", NOW).plain).parts
        assert event.one("SUMMARY") == "Change A (A)"
        assert "You (dba): Tue 2 Mar 2027 02:00 to 04:00 UTC" in event.one("DESCRIPTION")
        assert strict_ical.read(DeskFeeds(store).body("engineer", "Bo", "full", NOW).plain).parts == []


def test_another_engineer_takes_over_a_window_that_stays(stores: Stores) -> None:
    made = crewed()
    with Store(stores.new("sqlite")) as store:
        desk = Desk(store)
        desk.bring(made)
        feeds = DeskFeeds(store)

        def events(kind: Kind, scope: str) -> list[strict_ical.Component]:
            return strict_ical.read(feeds.body(kind, scope, "full", desk.now).plain).parts

        def named() -> list[str]:
            with store.reading() as connection:
                plan = position(connection).schedule(portfolio_of(connection, 1))
                crews = named_for(connection, {one.change: one.start for one in plan.placements})
            return [shift.engineer for crew in crews.values() for shift in crew]

        keep_plan(desk, made, 1, "Tue 02:00", "Eve")
        workflow.propose(store, 1, by="ana", now=NOW)
        desk.do(workflow.approve, "A")
        (hers,), (theirs,) = events("engineer", "Eve"), events("team", "blue")
        assert named() == ["Eve"]
        desk.now += timedelta(hours=1)
        keep_plan(desk, made, 2, "Tue 02:00", "Bo")
        done = workflow.propose(store, 2, by="ana", now=desk.now)
        assert [(one.action, one.change) for one in done.entries] == [("assign", "A")]
        assert named() == ["Bo"]
        (his,) = events("engineer", "Bo")
        assert (his.one("STATUS"), his.one("UID")) == ("CONFIRMED", hers.one("UID"))
        assert "You (dba): Tue 2 Mar 2027 02:00 to 04:00 UTC" in his.one("DESCRIPTION")
        # Who was told of it is told that it is theirs no more; for clients it is the window it was.
        (gone,) = events("engineer", "Eve")
        assert gone.one("STATUS") == "CANCELLED"
        assert int(gone.one("SEQUENCE")) > int(hers.one("SEQUENCE"))
        (same,) = events("team", "blue")
        assert [same.one(name) for name in ("UID", "DTSTART", "SUMMARY", "STATUS", "DESCRIPTION")] == [
            theirs.one(name) for name in ("UID", "DTSTART", "SUMMARY", "STATUS", "DESCRIPTION")
        ]
        assert workflow.propose(store, 2, by="ana", now=desk.now).entries == ()
        # Nobody is named for a window that was moved by hand.
        desk.scheduled("A", "Wed 02:00")
        assert named() == []
        assert [one.one("STATUS") for one in events("engineer", "Bo")] == ["CANCELLED"]
        assert_replays(store)


def test_a_store_that_was_taken_back_is_read_anew(stores: Stores) -> None:
    with Store(stores.new("sqlite")) as store:
        desk = Desk(store)
        desk.bring(usual())
        desk.scheduled("A", "Tue 02:00")
        feeds = DeskFeeds(store)
        assert len(strict_ical.read(feeds.body("team", "blue", "full", NOW).plain).parts) == 1
        with store.writing() as connection:
            for statement in ("UPDATE desk SET last = last - 1", "DELETE FROM window_revisions", "DELETE FROM windows"):
                connection.exec_driver_sql(statement)
        assert strict_ical.read(feeds.body("team", "blue", "full", NOW).plain).parts == []
