"""Ana is ill tonight: which windows are at risk, who can do the work instead, and what has to move."""

from dataclasses import replace

import pytest
from builders import change, decide, engineer, portfolio, when

from scheduler.desk.planning import Absence
from scheduler.desk.risk import absence, at_risk
from scheduler.horizon import Window
from scheduler.portfolio import Portfolio
from scheduler.schedule import Schedule, Shift, schedule_of
from scheduler.solver.roster import roster
from scheduler.verify import verify

ILL = Absence(engineer="ana", window=Window(when("Mon 18:00"), when("Tue 08:00")), reason="ill")


def tonight(**more: object) -> tuple[Portfolio, Schedule]:
    """A needs two with dba at 20:00, B network, C dba at 23:00; ana has both skills, ben and cleo dba, dan network."""
    p = portfolio(
        changes=[
            change("A", skills="dba*3"),
            change("B", skills="network"),
            change("C", skills="dba"),
            change("D", services="other"),
        ],
        engineers=[
            engineer("ana", skills="dba;network"),
            engineer("ben", skills="dba"),
            engineer("cleo", skills="dba"),
            engineer("dan", skills="network", works="Mon-Tue 22:00-23:00"),
        ],
        now="Mon 12:00",
        users={("blue", "app"): [1.0 if slot // 2 in (20, 22, 23) else 10.0 for slot in range(336)]},
        **more,  # type: ignore[arg-type]
    )
    starts = {"A": when("Mon 20:00"), "B": when("Mon 22:00"), "C": when("Mon 23:00"), "D": when("Mon 20:00")}
    plan = roster(p, schedule_of(p, starts))
    assert verify(p, plan) == []
    return p, plan


def test_windows_at_risk_are_those_that_lose_somebody() -> None:
    p, plan = tonight()
    assert at_risk(p, plan) == []
    risks, found = absence(p, plan, ILL)
    by_change = {one.change: one for one in risks}
    assert by_change["A"].must_move
    assert by_change["A"].reasons
    assert "D" not in by_change
    # Whether ana was named for B and C or not, they can be done without her.
    assert all(not one.must_move and "ana" not in one.covered_by for name, one in by_change.items() if name != "A")
    assert risks[0].change == "A"
    starts = {one.change: one.start for one in found.result.schedule.placements}
    assert {name: starts[name] for name in "BCD"} == {name: plan.by_change[name].start for name in "BCD"}
    # All three are there only when ana is.
    assert starts["A"] >= when("Tue 08:00") or starts["A"] < when("Mon 18:00")
    assert verify(found.result.portfolio, found.result.schedule) == []
    assert not any(
        shift.engineer == "ana" and ILL.window.overlaps(one.reserved)
        for one in found.result.schedule.placements
        for shift in one.engineers
    )


def test_an_approved_window_that_must_move_is_set_free_and_the_others_stay_pinned() -> None:
    decided = [decide(name, "approve", f"Mon {hour}:00", "2027-02-20T00:00Z") for name, hour in
               (("A", "20"), ("B", "22"), ("C", "23"))]  # fmt: skip
    p, plan = tonight(decisions=decided, move_cost=100)
    risks, found = absence(p, plan, ILL)
    assert [one.change for one in risks if one.must_move] == ["A"]
    (move,) = found.moves
    # It is that or no plan: 100 × (1 + 7 / 1), as the window was for today.
    assert (move.change, move.gain_cents, move.price_cents) == ("A", None, 800)
    assert found.result.schedule.by_change["B"].start == when("Mon 22:00")


def test_nobody_of_that_name() -> None:
    p, plan = tonight()
    with pytest.raises(KeyError):
        absence(p, plan, Absence(engineer="zoe", window=ILL.window))


def test_longer_work_puts_what_it_meets_at_risk() -> None:
    p = portfolio(
        changes=[change("A", hours=3), change("B", not_with="A"), change("C")],
    )
    short = portfolio(changes=[change("A"), change("B", not_with="A"), change("C")])
    starts = {"A": when("Mon 02:00"), "B": when("Mon 04:00"), "C": when("Mon 04:00")}
    risks = at_risk(p, schedule_of(short, starts))
    assert [one.change for one in risks] == ["A", "B"]
    assert {violation.rule for one in risks for violation in one.reasons} == {"conflict"}


def test_whoever_is_not_concerned_keeps_whom_he_has() -> None:
    """Ana and ben share a skill, cleo and dan another: with ana away ben takes over, and the others stay."""
    people = [engineer(name, skills=skill) for name, skill in (("ana", "dba"), ("ben", "dba"))]
    people += [engineer(name, skills="network") for name in ("cleo", "dan")]
    p = portfolio(changes=[change("A", skills="dba"), change("B", skills="network")], engineers=people)
    plan = schedule_of(p, {"A": when("Mon 20:00"), "B": when("Mon 20:00")})
    shifts = {"A": ("ana", "dba"), "B": ("dan", "network")}
    plan = Schedule(
        tuple(
            replace(
                one,
                engineers=(
                    Shift(engineer=shifts[one.change][0], skill=shifts[one.change][1], start=one.start,
                          end=one.reserved_until),
                ),
            )
            for one in plan.placements
        )
    )  # fmt: skip
    (risk,), found = absence(p, plan, ILL)
    assert (risk.change, risk.covered_by) == ("A", ("ben",))
    names = {one.change: [shift.engineer for shift in one.engineers] for one in found.result.schedule.placements}
    assert names == {"A": ["ben"], "B": ["dan"]}
