"""A week of windows: clocks that jump, what dragging means, and moves that are priced, refused or accepted."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import pytest
from builders import blackout, change, portfolio, schedule, team
from small_plan import Place, read, said
from streamlit.testing.v1 import AppTest
from ui_plans import planned

from scheduler.horizon import Window
from scheduler.ui.desk import Desk
from scheduler.ui.review import Plan, Standing
from scheduler.ui.week import Asked, dropped, events, in_week, monday, shades, week_window

Open = Callable[..., AppTest]


def test_a_drag_is_added_to_the_clock_of_the_plan() -> None:
    moved = {"change": "A", "from": "2027-03-01T02:00:00", "days": 1, "seconds": 5400}
    assert dropped(moved, "America/New_York") == (datetime(2027, 3, 2, 8, 30, tzinfo=UTC), "")
    # In London clocks go from 01:00 to 02:00 on 28 March: 01:30 never comes.
    gap = {"change": "A", "from": "2027-03-28T03:30:00", "days": 0, "seconds": -7200}
    start, remark = dropped(gap, "Europe/London")
    assert start == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    assert remark == "There is no 01:30 that night: the clocks go forward. It is 02:30."
    # On 31 October 01:30 comes twice: it is the first.
    twice = {"change": "A", "from": "2027-10-31T00:30:00", "days": 0, "seconds": 3600}
    assert dropped(twice, "Europe/London")[0] == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"from": "soon", "days": 0, "seconds": 0},
        {"from": "2027-03-01T02:00:00", "days": 10**9, "seconds": 0},
        {"from": "2027-03-01T02:00:00", "days": None, "seconds": 0},
    ],
)
def test_what_makes_no_sense_is_no_start(sent: dict[str, object]) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        dropped(sent, "UTC")


def test_a_week_is_as_long_as_its_clocks_say() -> None:
    assert monday(date(2027, 3, 28)) == date(2027, 3, 22)
    week = week_window(date(2027, 3, 22), "Europe/London")
    assert week.end - week.start == timedelta(hours=167)


def plan_of(*, zone: str = "Europe/London") -> Plan:
    p = portfolio(
        changes=[change("A", hours=2), change("B", services="mail"), change("C", services="mail")],
        teams=[team("Blue", uses="app"), team("Green", uses="mail")],
        blackouts=[
            blackout("Tue 08:00", "Tue 10:00", id="rush"),
            blackout("Wed 08:00", "Wed 10:00", id="books", applies_to="service:mail"),
        ],
        users={("Blue", "app"): [0, 10]},
        weeks=2,
        zone=zone,
    )
    starts = {"A": "Mon 01:00", "B": "Sun 23:30", "C": "2027-03-10T01:00Z"}
    return Plan(id="p", result=planned(p, schedule(p, starts)), answer={})


def test_windows_stand_at_the_wall_clock_of_the_plan() -> None:
    plan = plan_of(zone="America/New_York")
    week = week_window(date(2027, 3, 1), "America/New_York")
    shown = in_week(plan, ["A", "B", "C"], week)
    # Mon 01:00 UTC is Sunday evening in New York; B on Sunday 23:30 UTC reaches into that week, C is in the next.
    assert [one.change for one in shown] == ["B"]
    (event,) = events(plan, shown, {"B": Standing("proposed")}, movable=lambda one: True)
    assert (event["start"], event["end"]) == ("2027-03-07T18:30:00", "2027-03-07T19:30:00")
    assert event["title"] == "○ B"
    assert event["when"] == "18:30–19:30 EST"


def test_what_is_asked_stands_beside_what_is() -> None:
    plan = plan_of()
    shown = in_week(plan, ["A"], week_window(date(2027, 3, 1), "Europe/London"))
    asked = Asked("A", datetime(2027, 3, 2, 8, tzinfo=UTC), 7)
    was, there = events(plan, shown, {"A": Standing("approved")}, movable=lambda one: True, asked=asked, refused=True)
    assert (was["start"], was["movable"], was["classes"][-1]) == ("2027-03-01T01:00:00", False, "was")
    assert (there["start"], there["more"]) == ("2027-03-02T08:00:00", "refused here")
    assert "state-refused" in there["classes"]


def test_only_blackouts_that_bind_what_is_shown_are_drawn() -> None:
    plan = plan_of()
    week = week_window(date(2027, 3, 1), "Europe/London")

    def closed(*changes: str) -> list[str]:
        return [one["title"] for one in shades(plan.portfolio, week, changes=changes, heat=False)]

    assert closed("A") == ["rush"]
    assert closed("A", "B") == ["rush", "books (service:mail)"]
    busy = shades(plan.portfolio, week, changes=[], heat=True)
    assert {one["classes"][0] for one in busy} == {"heat-5"}


# --- the page --------------------------------------------------------------------------------------------------------


def by_hand(view: Open, change: str, day: date, clock: time, week: str = "2027-03-01") -> AppTest:
    visitor = view("week", week=week)
    # The names of windows are shown with their titles.
    box = visitor.selectbox[1]
    box.select(next(one for one in box.options if one.startswith(change)))
    visitor.date_input[1].set_value(day)
    visitor.time_input[0].set_value(clock)
    next(one for one in visitor.button if one.label == "What would it cost?").click().run()
    assert not visitor.exception, visitor.exception
    return visitor


def week_of(desk: Desk, change: str) -> str:
    return monday(desk.plan().placed[change].start.date()).isoformat()


def test_a_move_is_priced_and_then_made(view: Open, desk: Desk) -> None:
    before = desk.plan().placed["B"]
    day = before.start.date() + timedelta(days=1)
    visitor = by_hand(view, "B", day, time(4, 30), week_of(desk, "B"))
    assert "Possible. It costs clients" in said(visitor).replace("**", "")
    assert desk.plan().placed["B"].start == before.start
    visitor.text_input(key="week reason").set_value("the vendor comes")
    next(one for one in visitor.button if one.label == "Move it there").click().run()
    assert "B is to be at" in said(visitor)
    after = desk.plan().placed["B"]
    assert after.reserved == Window(
        datetime(day.year, day.month, day.day, 4, 30, tzinfo=UTC),
        datetime(day.year, day.month, day.day, 6, 30, tzinfo=UTC),
    )


def test_a_move_that_breaks_a_rule_is_refused_with_its_price(view: Open, desk: Desk) -> None:
    # Blue is promised three days of notice, and A and D may not run at once.
    other = desk.plan().placed["D"]
    visitor = by_hand(view, "A", other.start.date(), other.start.time(), week_of(desk, "A"))
    words = read(said(visitor))
    assert "Refused. It costs clients" in words.replace("**", "")
    assert "conflict: " in words
    assert not [one for one in visitor.button if one.label == "Move it there"]
    next(one for one in visitor.button if one.label == "Leave it where it is").click().run()
    assert "Refused" not in said(visitor)


def test_files_of_a_plan_are_not_moved(view: Open, place: Place) -> None:
    visitor = view("week", week="2027-03-01")
    assert "windows are moved at a desk" in said(visitor)
    assert not [one for one in visitor.button if one.label == "What would it cost?"]
