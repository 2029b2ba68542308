"""What the desk knows becomes a portfolio: decisions, objections, absences, and work that goes on or is over."""

from dataclasses import replace

import pytest
from builders import blackout, change, decide, engineer, level, portfolio, schedule, team, when

from scheduler.desk.planning import (
    OVERRIDABLE,
    Absence,
    Facts,
    Objection,
    Override,
    Running,
    absent,
    folded,
    held,
    unpinned,
)
from scheduler.horizon import Window
from scheduler.portfolio import PastWork, Preference
from scheduler.rules.capacity import duty
from scheduler.schedule import announced_at, place
from scheduler.solver.solve import solve
from scheduler.standing import standing
from scheduler.verify import bill, overridden, verify

MONDAY = "Mon 00:00"


def window(start: str, end: str) -> Window:
    return Window(when(start), when(end))


def test_decisions_of_the_desk_win_over_those_of_the_portfolio() -> None:
    p = portfolio(changes=[change("A")], decisions=[decide("A", "pin", "Mon 02:00")])
    q = folded(p, Facts(decisions=(decide("A", "approve", "Tue 02:00", "Mon 00:00"),)))
    assert standing(q).pinned == {"A": when("Tue 02:00")}
    assert standing(q).announced == {"A": when("Tue 02:00")}
    assert q.content_hash
    assert q.content_hash != folded(p, Facts()).content_hash


def test_decisions_on_what_is_gone_or_outside_the_horizon_are_passed_over() -> None:
    p = portfolio(changes=[change("A", hours=2)])
    late = decide("A", "pin", "Sun 23:00")  # two hours from there end an hour after the week
    q = folded(p, Facts(decisions=(decide("Z", "pin", "Mon 02:00"), late)))
    assert q.decisions == ()
    assert len(q.warnings) == 1
    assert "pin is passed over" in q.warnings[0]


def test_an_override_pins_and_lasts_until_it_expires() -> None:
    p = portfolio(changes=[change("A")], blackouts=[blackout("Tue 00:00", "Wed 00:00")])
    facts = Facts(
        overrides=(Override(change="A", start=when("Tue 03:00"), rules=("blackout",), expires_at=when("Mon 12:00")),)
    )
    judged = schedule(p, {"A": "Tue 03:00"})
    assert verify(folded(p, facts), judged) == []
    assert [one.rule for one in overridden(folded(p, facts), judged)] == ["blackout"]
    over = folded(p, replace(facts, now=when("Mon 12:00")))
    assert [one.rule for one in verify(over, judged)] == ["blackout"]


def test_an_objection_that_is_upheld_rejects_and_one_with_a_price_keeps_other_work_off() -> None:
    p = portfolio(changes=[change("A"), change("B")], teams=[team("blue", uses="app")])
    upheld = Objection(team="blue", change="A", start=when("Tue 02:00"), upheld=True)
    priced = Objection(team="blue", change="A", start=when("Tue 02:00"), cost_cents_per_hour=500)
    assert standing(folded(p, Facts(objections=(upheld,)))).rejected == {"A": (when("Tue 02:00"),)}
    q = folded(p, Facts(objections=(priced,)))
    assert standing(q).rejected == {}
    # An hour of work in these hours costs what the team says, whoever does it.
    assert [one.cents for one in bill(q, schedule(q, {"B": "Tue 02:00"}))] == [500]
    assert bill(q, schedule(q, {"B": "Tue 03:00"})) == []


def test_preferences_are_added() -> None:
    wish = Preference(team="blue", kind="never", start=when("Tue 00:00"), end=when("Wed 00:00"))
    p = portfolio(changes=[change("A")], teams=[team("blue", uses="app")])
    q = folded(p, Facts(preferences=(wish,)))
    assert [one.rule for one in verify(q, schedule(q, {"A": "Tue 02:00"}))] == ["never"]


def test_who_is_away_is_not_on_duty() -> None:
    p = portfolio(changes=[change("A", skills="dba")], engineers=[engineer("ana", skills="dba")])
    q = absent(p, [Absence(engineer="ana", window=window("Mon 20:00", "Tue 08:00"))])
    before, after = duty(q)["ana"]
    assert (before.end, after.start) == (when("Mon 20:00"), when("Tue 08:00"))
    assert [one.rule for one in verify(q, schedule(q, {"A": "Tue 07:00"}))] == ["capacity"]
    with pytest.raises(KeyError):
        absent(p, [Absence(engineer="zoe", window=window("Mon 20:00", "Tue 08:00"))])


# --- what goes on, what is over, what is left out ------------------------------------------------------------------


def test_what_is_over_is_done_and_what_came_after_it_may_start() -> None:
    p = portfolio(changes=[change("A"), change("B", after="A", not_with="A")], announced={"A": ("Mon 02:00", MONDAY)})
    past = PastWork(change="A", actual_start=when("Mon 02:00"), actual_end=when("Mon 02:40"))
    q = folded(p, Facts(now=when("Mon 06:00"), finished=(past,)))
    assert set(q.changes) == {"B"}
    assert q.done == {"A"}
    assert q.history == (past,)
    assert q.changes["B"].not_with == ()
    assert verify(q, schedule(q, {"B": "Mon 06:00"})) == []


def test_work_that_goes_on_keeps_the_rest_of_its_window_whatever_it_breaks() -> None:
    """A ran over: it was to end at 04:00 and now keeps its place until 06:00, inside a blackout from 05:00 on."""
    p = portfolio(
        changes=[change("A", hours=2, skills="dba", due="Mon 04:00"), change("B", skills="dba", due="Mon 10:00")],
        engineers=[engineer("ana", skills="dba")],
        blackouts=[blackout("Mon 05:00", "Mon 06:00")],
        decisions=[decide("A", "approve", "Mon 02:00", "2027-02-20T00:00Z")],
    )
    running = Running(
        change="A",
        started_at=when("Mon 02:00"),
        end=when("Mon 05:00"),
        reserved_until=when("Mon 06:00"),
        engineers=("ana",),
    )
    q = folded(p, Facts(now=when("Mon 03:10"), running=(running,)))
    found = solve(q, time_limit=5)
    # The first whole slot from now on is 03:30; ana is busy with A until 06:00.
    assert found.schedule.by_change["A"].start == when("Mon 03:30")
    assert found.schedule.by_change["A"].end == when("Mon 05:00")
    assert found.schedule.by_change["A"].reserved_until == when("Mon 06:00")
    assert found.schedule.by_change["B"].start >= when("Mon 06:00")
    assert [one.rule for one in verify(q, schedule(q, {"A": "Mon 03:30", "B": "Mon 04:00"}))] == ["capacity"]


def test_running_work_without_names_needs_its_skills() -> None:
    p = portfolio(
        changes=[change("A", hours=2, skills="dba"), change("B", skills="dba")],
        engineers=[engineer("ana", skills="dba"), engineer("ben", skills="dba")],
    )
    running = Running(change="A", started_at=when("Mon 02:00"), end=when("Mon 04:00"), reserved_until=when("Mon 04:00"))
    q = folded(p, Facts(now=when("Mon 03:00"), running=(running,)))
    assert q.changes["A"].skills == (("dba", 1),)
    assert verify(q, schedule(q, {"A": "Mon 03:00", "B": "Mon 03:00"})) == []


def test_two_that_run_owe_one_another_nothing_any_more() -> None:
    p = portfolio(changes=[change("A", hours=2), change("B", hours=2, not_with="A"), change("C", not_with="A")])
    both = tuple(
        Running(change=name, started_at=when("Mon 02:00"), end=when("Mon 04:00"), reserved_until=when("Mon 04:00"))
        for name in "AB"
    )
    q = folded(p, Facts(now=when("Mon 03:00"), running=both))
    assert verify(q, schedule(q, {"A": "Mon 03:00", "B": "Mon 03:00", "C": "Mon 04:00"})) == []
    assert [one.rule for one in verify(q, schedule(q, {"A": "Mon 03:00", "B": "Mon 03:00", "C": "Mon 03:00"}))] == [
        "conflict"
    ]


def test_what_hangs_on_a_change_that_is_left_out_is_left_out_and_told() -> None:
    p = portfolio(
        changes=[change("A"), change("B", after="A"), change("C", same_as="B"), change("D", not_with="C"), change("E")]
    )
    q = folded(p, Facts(left_out={"A": "on hold"}))
    assert set(q.changes) == {"D", "E"}
    assert [text.partition(" ")[0] for text in q.warnings] == ["B", "C"]
    assert "on hold" in q.warnings[0]
    assert q.changes["D"].not_with == ()


# --- pins lifted and set -------------------------------------------------------------------------------------------


def test_a_lifted_pin_leaves_the_window_announced_with_its_notice_and_price() -> None:
    p = portfolio(
        changes=[change("A"), change("B")],
        levels=[level("gold", notice=5)],
        teams=[team("blue", uses="app", level="gold")],
        decisions=[decide("A", "reject", "Tue 02:00"), decide("A", "approve", "Wed 02:00", "2027-02-20T00:00Z"),
                   decide("B", "pin", "Thu 02:00")],
        move_cost=700,
    )  # fmt: skip
    q = unpinned(p, ["A"])
    assert standing(q).pinned == {"B": when("Thu 02:00")}
    assert standing(q).announced == {"A": when("Wed 02:00")}
    assert standing(q).rejected == {"A": (when("Tue 02:00"),)}
    assert announced_at(q, "A", when("Wed 02:00")) == when("2027-02-20T00:00Z")
    # Unmoved it keeps the notice it was given; moved to Sunday it has six days, and costs 700 × (1 + 7 / 2).
    assert verify(q, schedule(q, {"A": "Wed 02:00", "B": "Thu 02:00"})) == []
    assert sum(one.cents for one in bill(q, schedule(q, {"A": "Sun 02:00", "B": "Thu 02:00"}))) == 3150


def test_a_window_that_is_held_stays_as_announced_as_it_was() -> None:
    told = when("2027-02-20T00:00Z")
    p = portfolio(changes=[change("A"), change("B")], announced={"A": ("Wed 02:00", told)})
    q = held(p, schedule(p, {"A": "Wed 02:00", "B": "Thu 02:00"}), ["A", "B"])
    assert standing(q).pinned == {"A": when("Wed 02:00"), "B": when("Thu 02:00")}
    assert standing(q).announced == {"A": when("Wed 02:00")}
    assert place(q, "A", when("Wed 02:00")).announced_at == told
    assert place(q, "B", when("Thu 02:00")).announced_at is None


def test_the_rules_that_may_be_overridden_are_those_of_the_list() -> None:
    assert "capacity" not in OVERRIDABLE
    assert "redundancy" not in OVERRIDABLE
    assert "blackout" in OVERRIDABLE
