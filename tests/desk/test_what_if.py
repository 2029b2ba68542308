"""What a freeze, a rule, a wish, a start or one more engineer is worth."""

from dataclasses import replace

import pytest
from builders import blackout, calendar, change, decide, engineer, level, portfolio, preference, schedule, team, when

from scheduler.desk.what_if import BY_CHANGE, LIFTED, WhatIfs, without_calendar, without_rule
from scheduler.portfolio import Portfolio
from scheduler.rules import RULES
from scheduler.schedule import Schedule, schedule_of
from scheduler.solver.solve import solve
from scheduler.verify import verify

USERS = [{2: 1.0, 3: 2.0, 5: 4.0}.get(slot // 2, 100.0) for slot in range(336)]
"""An hour's outage costs 100 on Monday at 02:00, 200 at 03:00, 400 at 05:00 and 10,000 at any other time."""


def asked(**more: object) -> tuple[Portfolio, Schedule]:
    given = {
        "changes": [change("A", skills="dba"), change("B", skills="dba")],
        "teams": [team("blue", uses="app")],
        "engineers": [engineer("ana", skills="dba")],
        "users": {("blue", "app"): USERS},
    }
    p = portfolio(**(given | more))  # type: ignore[arg-type]
    found = solve(p, time_limit=10)
    assert found.status == "OPTIMAL"
    return p, found.schedule


def test_a_freeze_is_worth_what_the_plan_without_it_saves() -> None:
    """The freeze keeps both off 02:00: at 03:00 and 05:00 they cost 600, without it 300."""
    p, plan = asked(blackouts=[blackout("Mon 02:00", "Mon 03:00", id="audit")])
    found = WhatIfs(p, plan, seconds=5).without_calendar("audit")
    assert (found.base.objective_cents, found.other.objective_cents) == (600, 300)
    assert (found.price_cents, found.at_least, found.at_most) == (-300, -300, -300)
    assert str(found) == "to do without the calendar audit saves 3.00 EUR, weighted by service level"
    assert found.difference is not None
    assert found.difference.saved_cents == 300
    with pytest.raises(KeyError):
        WhatIfs(p, plan).without_calendar("none")


def test_one_more_engineer_lets_both_work_at_once() -> None:
    p, plan = asked()
    found = WhatIfs(p, plan, seconds=5).one_more_like("ana")
    # Both at 02:00 share one outage of 100 instead of 100 + 200.
    assert found.price_cents == -200
    assert "one more engineer like ana saves 2.00 EUR" in str(found)


def test_one_more_engineer_is_bound_by_the_calendars_of_the_other() -> None:
    p, plan = asked(calendars=[calendar("course", "blackout", "Mon 02:00-03:00", applies_to="engineer:ana")])
    # Both are away at 02:00, so both work at 03:00, for 200 instead of 200 + 400.
    assert WhatIfs(p, plan, seconds=5).one_more_like("ana").price_cents == -400


def test_a_start_picked_by_hand_costs_what_the_best_plan_with_it_costs_more() -> None:
    p, plan = asked()
    questions = WhatIfs(p, plan, seconds=5)
    assert questions.at("A", when("Mon 05:00")).price_cents == 200
    # The other makes room: that is no dearer.
    assert questions.at("A", when("Mon 03:00")).price_cents == 0
    assert questions.at("B", when("Mon 02:00")).price_cents == 0
    impossible = questions.at("A", when("Sun 23:30"))
    assert impossible.price_cents is None
    assert impossible.difference is None
    assert "no plan" in str(impossible)


def test_a_wish_is_worth_what_the_plan_without_it_saves() -> None:
    wishes = [preference("blue", "never", "Mon 02:00-03:00"), preference("blue", "avoid", "Sun 02:00-03:00", cost=100)]
    p, plan = asked(preferences=wishes)
    questions = WhatIfs(p, plan, seconds=5)
    assert questions.without_preference(1).price_cents == -300
    assert questions.without_preference(2).price_cents == 0
    with pytest.raises(KeyError):
        questions.without_preference(3)


def test_a_plan_found_on_the_way_that_obeys_everything_is_no_gain() -> None:
    """The plan that was given is a poor one; what a question finds better than it, without need, counts for both."""
    p, _ = asked()
    poor = schedule(p, {"A": "Tue 02:00", "B": "Tue 04:00"})
    found = WhatIfs(p, poor, seconds=5).without_rule("notice")
    assert found.base.objective_cents == 300
    assert found.price_cents == 0


# --- rules that can be lifted --------------------------------------------------------------------------------------


def broken_everywhere() -> tuple[Portfolio, Schedule]:
    """A portfolio and a schedule that break every rule that can be lifted."""
    p = portfolio(
        changes=[
            change("A", hours=2, skills="dba", allowed="nights", earliest="Tue 00:00", due="Mon 03:00"),
            change("B", not_with="A", after="A", same_as="C", skills="dba"),
            change("C"),
            change("D", fixed_start="Thu 02:00"),
            change("E"),
        ],
        services=[],
        teams=[team("blue", uses="app", level="gold")],
        levels=[level("gold", notice=5, minutes=60, protected="Mon 00:00-24:00")],
        engineers=[engineer("ana", skills="dba", works="Mon-Fri 08:00-18:00")],
        blackouts=[blackout("Mon 00:00", "Tue 00:00")],
        calendars=[calendar("nights", "allowed", "Mon-Sun 22:00-06:00")],
        decisions=[decide("E", "reject", "Mon 12:00"), decide("C", "pin", "Wed 02:00")],
        preferences=[preference("blue", "never", "Mon 00:00-24:00")],
        announced={"D": ("Thu 02:00", "2027-02-20T00:00Z")},
        max_moves=0,
    )
    starts = {"A": "Mon 12:00", "B": "Mon 12:00", "C": "Mon 14:00", "D": "Mon 15:00", "E": "Mon 12:00"}
    return p, schedule(p, starts)  # type: ignore[arg-type]


@pytest.mark.parametrize("rule", sorted(LIFTED))
def test_a_lifted_rule_is_not_broken_any_more(rule: str) -> None:
    p, bad = broken_everywhere()
    assert rule in {one.rule for one in verify(p, bad)}
    q = without_rule(p, rule)
    again = schedule_of(q, {one.change: one.start for one in bad.placements})
    assert rule not in {one.rule for one in verify(q, again)}
    assert q.content_hash
    others = {one.rule for one in verify(p, bad)} - {rule, "notice", "move cap", "rejected windows", "pins", "allowed"}
    assert others <= {one.rule for one in verify(q, again)}


@pytest.mark.parametrize("rule", sorted(BY_CHANGE))
def test_some_rules_can_be_lifted_for_one_change_alone(rule: str) -> None:
    p, bad = broken_everywhere()
    of = {"precedence": "B", "earliest": "A", "due": "A", "capacity": "A", "rejected windows": "E", "pins": "D"}[rule]
    q = without_rule(p, rule, [of])
    again = schedule_of(q, {one.change: one.start for one in bad.placements})
    assert not [one for one in verify(q, again) if one.rule == rule and one.changes == (of,)]
    other = "E" if of != "E" else "A"
    untouched = without_rule(p, rule, [other])
    assert [one for one in verify(untouched, again) if one.rule == rule and of in one.changes]


def test_what_cannot_be_lifted_is_refused() -> None:
    p, _ = broken_everywhere()
    assert {rule.name for rule in RULES} - set(LIFTED) == {"horizon", "mandatory", "redundancy"}
    for rule, changes in (("horizon", None), ("notice", ["A"]), ("due", ["Z"])):
        with pytest.raises(KeyError):
            without_rule(p, rule, changes)


def test_a_calendar_that_is_gone_is_named_nowhere() -> None:
    p, _ = broken_everywhere()
    engineers = {"ana": replace((p.engineers or {})["ana"], works="nights")}
    q = without_calendar(replace(p, engineers=engineers), "nights")
    assert q.changes["A"].allowed == ()
    assert (q.engineers or {})["ana"].works == ""
    assert "nights" not in q.calendars
