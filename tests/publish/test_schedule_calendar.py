"""The forward schedule as a calendar: what it says to those who plan, and that no text can break it."""

from dataclasses import replace
from datetime import UTC, datetime

import strict_ical
import vobject
from builders import change, decide, depends, group, portfolio, schedule, service, team
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.portfolio import Impact, Portfolio
from scheduler.publish.feeds import team_feed
from scheduler.publish.schedule_calendar import schedule_calendar
from scheduler.publish.stream import DEFAULT_DOMAIN

TOLD = datetime(2027, 2, 10, 9, tzinfo=UTC)


def world() -> Portfolio:
    """CHG-1 puts `db` out and `app` with it; CHG-2 takes one of two nodes; CHG-3 has no effect. Only CHG-2 is told."""
    one = change("CHG-1", services="db", hours=2, p90=180, backout=30)
    return portfolio(
        changes=[
            replace(one, title="New database", why="The old one\nis slow.", requested_by="Ann"),
            change("CHG-2", services="m1", impact=Impact.REDUCED_REDUNDANCY),
            change("CHG-3", services="app", impact=Impact.NO_IMPACT),
        ],
        services=[replace(service("app"), name="Order entry"), service("db")],
        teams=[replace(team("Blue"), name="Blue, Ltd"), team("Green")],
        dependencies=[depends("app", "db"), depends("app", "G", "DEGRADED")],
        groups=[group("G", "m1;m2", min_up=1)],
        users={("Blue", "app"): 5, ("Green", "app"): 1},
        zone="Europe/London",
        now="2027-02-20T10:00Z",
        decisions=[decide("CHG-2", "approve", "Tue 10:00", TOLD)],
    )


STARTS = {"CHG-1": "Mon 02:00", "CHG-2": "Tue 10:00", "CHG-3": "Mon 01:00"}


def test_every_window_says_what_is_done_and_who_is_affected() -> None:
    p = world()
    calendar = strict_ical.read(schedule_calendar(p, schedule(p, STARTS)))
    first, second, third = calendar.parts
    # In the order of time: 01:00, 02:00, and Tuesday.
    assert [one.one("UID") for one in (first, second, third)] == [
        f"schedule/CHG-{number}@{DEFAULT_DOMAIN}" for number in (3, 1, 2)
    ]
    assert second.one("SUMMARY") == "Proposed: New database (CHG-1)"
    assert (second.one("DTSTART"), second.one("DTEND")) == ("20270301T020000Z", "20270301T053000Z")
    assert second.one("STATUS") == "TENTATIVE"
    assert second.one("DESCRIPTION").split("\n") == [
        "This is a proposal: the time is not settled yet and may change.",
        "When: Mon 1 Mar 2027 02:00 to 05:30 GMT (local time in Europe/London).",
        "Expected to be over by Mon 1 Mar 2027 04:00 GMT; the rest is kept in case it takes longer.",
        "Work on: db",
        "Unavailable: Order entry and db",
        "Affected: Blue, Ltd and Green",
        "Why: The old one is slow.",
        "Requested by: Ann",
    ]
    assert third.one("SUMMARY").endswith("(CHG-2)")
    assert not third.one("SUMMARY").startswith("Proposed")
    assert third.one("STATUS") == "CONFIRMED"
    assert "Affected: nobody" in third.one("DESCRIPTION")
    assert [one.one("CATEGORIES") for one in calendar.parts] == [
        "Maintenance,NO-IMPACT",
        "Maintenance,OUTAGE",
        "Maintenance,REDUCED-REDUNDANCY",
    ]


def test_one_change_alone_and_one_without_a_window() -> None:
    p = world()
    chosen = schedule(p, {"CHG-1": "Mon 02:00"})
    assert len(strict_ical.read(schedule_calendar(p, chosen, ["CHG-1"])).parts) == 1
    assert strict_ical.read(schedule_calendar(p, chosen, ["CHG-2"])).parts == []


def test_windows_here_do_not_replace_those_of_a_feed() -> None:
    p = world()
    chosen = schedule(p, STARTS)
    here, there = strict_ical.read(schedule_calendar(p, chosen)), strict_ical.read(team_feed(p, chosen, "Blue"))
    assert not {one.one("UID") for one in here.parts} & {one.one("UID") for one in there.parts}


@settings(max_examples=50)
@given(st.text())
def test_no_text_breaks_the_calendar(text: str) -> None:
    p = world()
    hostile = replace(p.changes["CHG-1"], title=text, why=text, requested_by=text)
    p = replace(p, changes=dict(p.changes) | {"CHG-1": hostile}, policy=replace(p.policy, name=text))
    stream = schedule_calendar(p, schedule(p, {"CHG-1": "Mon 02:00"}))
    assert len(strict_ical.read(stream).parts) == 1
    assert len(vobject.readOne(stream.decode()).vevent_list) == 1
