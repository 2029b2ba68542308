"""Rules that a decision sets aside for the window it pins: both faces let it pass, and it stays in sight."""

from dataclasses import replace

import pytest
from builders import blackout, change, portfolio, schedule, team, when

from scheduler.portfolio import Decision, Portfolio
from scheduler.rules import RULES
from scheduler.solver.solve import build, solve
from scheduler.standing import standing
from scheduler.verify import overridden, verify

MAY = {"blackout", "allowed", "protected hours", "never", "earliest", "due", "rejected windows", "notice"}


def frozen(*decisions: Decision) -> Portfolio:
    """A freeze on Tuesday, and A, which takes an hour and must be over by Monday 05:00."""
    p = portfolio(
        changes=[change("A", due="Mon 05:00"), change("B")],
        blackouts=[blackout("Tue 00:00", "Wed 00:00")],
        teams=[team("blue", uses="app")],
    )
    return replace(p, decisions=decisions)


def pin(start: str, *overrides: str) -> Decision:
    return Decision(change="A", kind="pin", start=when(start), overrides=overrides)


def test_only_rules_that_mask_starts_may_be_overridden() -> None:
    assert {rule.name for rule in RULES if rule.strict is not None} == MAY


def test_an_overridden_rule_lets_the_pinned_window_pass_and_is_still_told() -> None:
    p = frozen(pin("Tue 03:00", "blackout", "due"))
    judged = schedule(p, {"A": "Tue 03:00", "B": "Mon 01:00"})
    assert verify(p, judged) == []
    assert sorted(one.rule for one in overridden(p, judged)) == ["blackout", "due"]
    found = solve(p, time_limit=5)
    assert found.schedule.by_change["A"].start == when("Tue 03:00")


@pytest.mark.parametrize(
    ("start", "rules"),
    [
        ("Tue 04:00", {"blackout", "due", "pins"}),  # not the window that was decided on
        ("Mon 01:00", {"pins"}),  # breaks nothing else
    ],
)
def test_another_window_of_the_change_is_bound_as_ever(start: str, rules: set[str]) -> None:
    p = frozen(pin("Tue 03:00", "blackout", "due"))
    judged = schedule(p, {"A": start, "B": "Mon 01:00"})
    assert {one.rule for one in verify(p, judged)} == rules


def test_only_the_rules_named_are_set_aside_and_only_for_that_change() -> None:
    p = frozen(pin("Tue 03:00", "blackout"))
    judged = schedule(p, {"A": "Tue 03:00", "B": "Tue 03:00"})
    assert {(one.rule, one.changes) for one in verify(p, judged)} == {("due", ("A",)), ("blackout", ("B",))}
    assert solve(p, time_limit=5).status == "INFEASIBLE"


def test_masks_that_changes_share_are_opened_for_one_alone() -> None:
    p = frozen(pin("Tue 03:00", "blackout"))
    problem, slot = build(p), p.horizon.floor(when("Tue 03:00"))
    assert [problem.masks[problem.index[name]]["blackout"][slot] for name in ("A", "B")] == [True, False]


def test_an_override_ends_with_its_pin() -> None:
    again = Decision(change="A", kind="approve", start=when("Tue 03:00"))
    elsewhere = Decision(change="A", kind="pin", start=when("Tue 06:00"))
    refused = Decision(change="A", kind="reject", start=when("Tue 03:00"))
    first = pin("Tue 03:00", "blackout")
    assert standing(frozen(first, again)).overrides == {"A": frozenset({"blackout"})}
    assert standing(frozen(first, elsewhere)).overrides == {}
    assert standing(frozen(first, refused)).overrides == {}
    # An approval alone does not pin where approved windows may move, one that overrides does.
    may_move = frozen(replace(first, kind="approve"))
    may_move = replace(may_move, policy=replace(may_move.policy, approved_may_move=True))
    assert standing(may_move).pinned == {"A": when("Tue 03:00")}
