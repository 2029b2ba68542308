"""Runs in processes of their own: what they write, how they end, and what is left where one is killed."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from builders import change, engineer, when
from desks import NOW, Desk, assert_replays, office
from stores import Stores

from scheduler.batch import sample_folder
from scheduler.desk import workflow
from scheduler.desk.plans import document_of
from scheduler.desk.runs import AT_WORK, Run, course, run, runs
from scheduler.desk.store import Store
from scheduler.desk.tables import SCHEDULES
from scheduler.inputs import load
from scheduler.inputs.fingerprint import content_hash
from scheduler.portfolio import no_usage

PATIENCE_SECONDS = 240.0


def wait(desk: Desk, id: int, until: Callable[[Run], bool]) -> Run:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        with desk.store.reading() as connection:
            found = run(connection, id)
        if until(found):
            return found
        time.sleep(0.1)
    raise AssertionError(f"the run is still {found}")


def over(found: Run) -> bool:
    return found.status not in AT_WORK


def test_a_run_is_found_again_and_proposed(desk: Desk) -> None:
    given = {"by": "ana", "time_limit": 20.0, "planned_at": NOW, "key": "go"}
    number = workflow.start_run(desk.store, **given)  # type: ignore[arg-type]
    assert workflow.start_run(desk.store, **given) == number  # type: ignore[arg-type]
    with pytest.raises(workflow.RefusedError, match=f"run {number} is at work"):
        workflow.start_run(desk.store, by="bob")
    # Being planned: the normal change is assessed, the standard one need not be, the emergency awaits approval.
    assert [desk.row(one)["state"] for one in "ABE"] == ["Assess", "Draft", "Authorise"]
    # Whoever comes back opens the store anew, and finds the run.
    with Store(desk.store.url.render_as_string(hide_password=False)) as again:
        found = wait(Desk(again), number, over)
    assert (found.status, found.phase, found.objective_cents, found.bound_cents) == ("finished", "optimal", 0, 0)
    assert found.schedule is not None
    assert len(desk.rows(SCHEDULES)) == 1  # every better plan took the place of the one before
    with desk.store.reading() as connection:
        assert [one.id for one in runs(connection)] == [number]
        document = document_of(connection, found.schedule)
        points = course(connection, number)
    # Its course is there to be drawn: it ends where the run did, and no cost in it is higher than one before.
    assert (points[-1].phase, points[-1].objective_cents, points[-1].bound_cents) == ("optimal", 0, 0)
    costs = [one.objective_cents for one in points if one.objective_cents is not None]
    assert costs == sorted(costs, reverse=True)
    assert [one.seconds for one in points] == sorted(one.seconds for one in points)
    workflow.propose(desk.store, found.schedule, by="ana")
    starts = {one: proposal.start for one in "ABE" if (proposal := desk.proposal(one)) is not None}
    assert starts == {one["change"]: when(one["start"]) for one in document["placements"]}
    assert [desk.row(one)["state"] for one in "ABE"] == ["Proposed", "Proposed", "Authorise"]
    # Nothing differs a second time.
    assert workflow.propose(desk.store, found.schedule, by="ana").entries == ()
    assert_replays(desk.store)

    # Of a process on another machine, only its silence tells that it is gone.
    assert found.heard_at is not None
    with desk.store.writing() as connection:
        connection.exec_driver_sql("UPDATE runs SET status = 'running', host = 'elsewhere'")
    with desk.store.reading() as connection:
        assert run(connection, number, now=found.heard_at + timedelta(seconds=19)).status == "running"
        assert run(connection, number, now=found.heard_at + timedelta(seconds=21)).status == "stopped"


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_plan_that_knew_less_is_not_proposed(desk: Desk) -> None:
    desk.do(workflow.hold, "B", reason="wait")
    desk.do(workflow.cancel, "E", reason="not needed")
    number = workflow.start_run(desk.store, by="ana", time_limit=20.0, planned_at=NOW)
    schedule = wait(desk, number, over).schedule
    assert schedule is not None
    desk.scheduled("A", "Tue 02:00")
    with pytest.raises(workflow.StaleError, match=r"A was changed since you looked at it: .*ana moved A"):
        workflow.propose(desk.store, schedule, by="ana")
    # What is on hold or over stays as it is.
    assert workflow.propose(desk.store, schedule, by="ana", only=["B", "E"]).entries == ()


@pytest.mark.parametrize("engine", ["sqlite"])
def test_ana_is_ill_tonight(store: Store) -> None:
    # Only Ana can do A; B needs nobody.
    desk = Desk(store)
    changes = change("A", hours=2, skills="dba"), change("B", services="mail")
    desk.bring(office(*changes, engineers=[engineer("ana", skills="dba"), engineer("ben", skills="network")]))
    desk.scheduled("A", "Tue 02:00")
    desk.scheduled("B", "Tue 02:00")
    before = desk.window("A")
    with pytest.raises(workflow.RefusedError, match="there is no engineer 'eve'"):
        workflow.absent(store, "eve", by="ana", start=when("Mon 18:00"), end=when("Tue 12:00"), now=NOW)
    done = workflow.absent(
        store, "ana", by="ana", start=when("Mon 18:00"), end=when("Tue 12:00"), reason="ill", now=NOW
    )
    number = workflow.start_run(store, by="ana", kind="at risk", time_limit=10.0, planned_at=NOW)
    found = wait(desk, number, over)
    assert found.schedule is not None, found.message
    assert [one.change for one in workflow.propose(store, found.schedule, by="ana").entries] == ["A"]
    proposal = desk.proposal("A")
    assert proposal is not None
    assert not when("Mon 16:00") < proposal.start < when("Tue 12:00")
    # Clients keep what they were told until somebody approves the move.
    assert desk.window("A") == before
    with pytest.raises(workflow.RefusedError, match="capacity"):
        desk.move("A", "Tue 03:00")
    workflow.end_absence(store, done.revision, by="ana")
    desk.move("A", "Tue 03:00")
    assert_replays(store)


@pytest.mark.parametrize("engine", ["sqlite"])
def test_there_is_no_plan_where_nothing_fits(desk: Desk) -> None:
    desk.scheduled("A", "Tue 02:00")
    number = workflow.start_run(desk.store, by="ana", planned_at=when("Wed 00:00"))
    found = wait(desk, number, over)
    # A is pinned to a window that has passed.
    assert (found.status, found.schedule) == ("finished", None)
    assert "A" in found.message


@pytest.fixture
def busy(stores: Stores) -> Iterator[Desk]:
    """Give a desk with a portfolio that takes the solver a while."""
    sample = replace(load(sample_folder()), usage=no_usage())
    with Store(stores.new("sqlite")) as store:
        desk = Desk(store, now=sample.now)
        desk.bring(replace(sample, content_hash=content_hash(sample)))
        yield desk


def test_a_killed_run_shows_as_stopped_and_is_taken_up_again(busy: Desk) -> None:
    number = workflow.start_run(busy.store, by="ana", time_limit=600.0, planned_at=busy.now)
    found = wait(busy, number, lambda one: one.schedule is not None)
    assert found.pid is not None
    os.kill(found.pid, signal.SIGKILL)
    dead = wait(busy, number, over)
    assert (dead.status, dead.message) == ("stopped", "its process was ended from outside")
    assert dead.schedule is not None
    assert dead.objective_cents is not None
    with busy.store.reading() as connection:
        best = document_of(connection, dead.schedule)
    assert best["objective_cents"] == dead.objective_cents
    with pytest.raises(workflow.RefusedError, match="is not at work: stopped"):
        workflow.stop_run(busy.store, number, by="ana")

    assert workflow.resume_run(busy.store, number, by="ana") == number
    again = wait(busy, number, lambda one: one.schedule != dead.schedule)
    assert again.status == "running"
    workflow.stop_run(busy.store, number, by="ana")
    ended = wait(busy, number, over)
    assert (ended.status, ended.message) == ("stopped", "")
    assert ended.objective_cents is not None
    assert ended.objective_cents <= dead.objective_cents
    assert ended.schedule is not None
    assert workflow.propose(busy.store, ended.schedule, by="ana", now=busy.now).entries
    assert_replays(busy.store)


@pytest.mark.parametrize("engine", ["sqlite"])
def test_there_is_no_such_run(desk: Desk) -> None:
    with pytest.raises(workflow.RefusedError, match="there is no run 7"):
        workflow.resume_run(desk.store, 7, by="ana")
    with pytest.raises(workflow.RefusedError, match="there is no plan 7"):
        workflow.propose(desk.store, 7, by="ana")
