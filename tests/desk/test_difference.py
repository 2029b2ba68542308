"""What differs between two plans, why, what that saved and whom it disturbs; and taking over a part of it."""

import pytest
from builders import change, engineer, level, portfolio, schedule, team, when

from scheduler.desk.accepting import accepted
from scheduler.desk.difference import difference, why_text
from scheduler.portfolio import Portfolio
from scheduler.schedule import Schedule
from scheduler.solver.roster import roster

USERS = [1.0 if slot // 2 in (2, 30) else 10.0 if slot // 2 == 3 else 100.0 for slot in range(336)]
"""Monday 02:00 and Tuesday 06:00 cost 100, Monday 03:00 1,000, any other hour 10,000."""


def asked(**more: object) -> Portfolio:
    return portfolio(
        changes=[change("A", skills="dba"), change("B", skills="dba"), change("C", services="other")],
        levels=[level("gold", notice=2)],
        teams=[team("blue", uses="app", level="gold"), team("red", uses="other")],
        engineers=[engineer("ana", skills="dba")],
        users={("blue", "app"): USERS},
        announced={"A": ("Mon 02:00", "2027-02-20T00:00Z")},
        now="2027-02-27T12:00Z",
        move_cost=100,
        **more,  # type: ignore[arg-type]
    )


def test_each_change_says_what_it_saved_and_whom_it_disturbs() -> None:
    """A leaves 02:00 for Tuesday 06:00, which costs the same, so that B need not pay 1,000 at 03:00."""
    p = asked()
    before = schedule(p, {"A": "Mon 02:00", "B": "Mon 03:00", "C": "Mon 05:00"})
    after = schedule(p, {"A": "Tue 06:00", "B": "Mon 02:00", "C": "Mon 05:00"})
    found = difference(p, before, after)
    # Two calendar days are left until Monday: 100 × (1 + 7 / 2) = 450 for the move.
    assert (found.before.objective_cents, found.after.objective_cents) == (1100, 650)
    assert found.saved_cents == 450
    assert found.after.by_cost == {"disruption": 450, "downtime": 200}
    assert found.after.by_team == {"blue": 200, "red": 0} or found.after.by_team == {"blue": 200}
    a, b = found.changes
    assert (a.change, a.kind, a.was_announced, a.move_cents) == ("A", "moved", True, 450)
    # Put back alone, A and B would both need ana.
    assert a.saved_cents is None
    assert {one.rule for one in a.broken} == {"capacity"}
    assert "as it was it would break capacity" in why_text(a, "EUR")
    assert (b.change, b.was_announced, b.move_cents, b.saved_cents) == ("B", False, 0, 900)
    assert "9.00 EUR more" in why_text(b, "EUR")
    (blue,) = a.teams
    assert (blue.team, blue.cents, blue.notice_days, blue.promised, blue.told_before) == ("blue", 0, 3, 2, True)
    assert not blue.is_late
    assert b.teams[0].cents == -900
    text = str(found)
    assert "2 changes differ; the new plan saves 4.50 EUR" in text
    assert "(announced)" in text


def test_what_is_new_left_out_or_done_by_others_differs_too() -> None:
    p = asked()
    before = roster(p, schedule(p, {"A": "Mon 02:00", "B": "Mon 03:00"}))
    after = schedule(p, {"A": "Mon 02:00", "C": "Mon 05:00"})
    assert [(one.change, one.kind) for one in difference(p, before, after).changes] == [
        ("A", "other engineers"),
        ("B", "left out"),
        ("C", "new"),
    ]
    assert difference(p, before, before).changes == ()
    assert "0 changes differ" in str(difference(p, before, before))


def test_placements_of_what_is_gone_are_not_looked_at() -> None:
    p = asked()
    other = portfolio(changes=[change("Z")])
    gone = Schedule((*schedule(p, {"A": "Mon 02:00"}).placements, *schedule(other, {"Z": "Mon 02:00"}).placements))
    assert difference(p, gone, schedule(p, {"A": "Mon 02:00"})).changes == ()


def test_a_part_is_checked_and_priced_again_and_says_what_it_needs() -> None:
    p = asked()
    before = schedule(p, {"A": "Mon 02:00", "B": "Mon 03:00", "C": "Mon 05:00"})
    after = schedule(p, {"A": "Tue 06:00", "B": "Mon 02:00", "C": "Mon 07:00"})
    alone = accepted(p, before, after, ["B"])
    assert [one.rule for one in alone.figures.broken] == ["capacity"]
    assert alone.needs == ("A",)
    both = accepted(p, before, after, ["B", "A"])
    assert both.is_legal
    assert both.needs == ()
    assert both.figures.objective_cents == 650
    assert both.schedule.by_change["C"].start == when("Mon 05:00")
    assert accepted(p, before, after, ["A"]).is_legal
    assert accepted(p, before, after, []).schedule == before
    with pytest.raises(KeyError):
        accepted(p, before, after, ["Z"])


def test_what_starts_together_is_taken_together() -> None:
    p = portfolio(changes=[change("A"), change("B", same_as="A"), change("C")])
    before = schedule(p, {"A": "Mon 02:00", "B": "Mon 02:00", "C": "Mon 02:00"})
    after = schedule(p, {"A": "Mon 04:00", "B": "Mon 04:00", "C": "Mon 04:00"})
    found = accepted(p, before, after, ["A"])
    assert found.with_it == ("B",)
    assert found.is_legal
    assert found.schedule.by_change["C"].start == when("Mon 02:00")
    # Put back, both go back.
    assert [one.broken for one in difference(p, before, after).changes] == [(), (), ()]


def test_where_nothing_mends_it_nothing_is_named() -> None:
    p = asked()
    before = schedule(p, {"A": "Mon 02:00", "B": "Mon 03:00", "C": "Mon 05:00"})
    # The new plan itself puts both at 02:00: to take more of it over cannot help, and that is no news of the part.
    after = schedule(p, {"A": "Mon 02:00", "B": "Mon 02:00", "C": "Mon 05:00"})
    found = accepted(p, before, after, ["B"])
    assert not found.is_legal
    assert found.needs == ()
