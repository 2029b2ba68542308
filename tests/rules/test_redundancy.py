import pytest
from builders import assert_rule, change, depends, group, portfolio, problem_of, schedule, when

from scheduler.horizon import Window
from scheduler.rules.redundancy import RULE

GROUP = group("G", "m1;m2;m3", min_up=2)


@pytest.mark.parametrize(
    ("start", "legal"),
    [
        # C1 takes m1 at 00:00-01:00, C2 at 00:30-01:30: one distinct member until 01:30.
        ("Mon 00:00", False),
        ("Mon 00:30", False),
        ("Mon 01:00", False),  # m1 is still out until 01:30
        ("Mon 01:30", True),
    ],
)
def test_distinct_members_count(start: str, legal: bool) -> None:
    p = portfolio(
        changes=[change("C1", services="m1"), change("C2", services="m1"), change("C3", services="m2")],
        groups=[GROUP],
        dependencies=[depends("web", "G")],
    )
    assert_rule(RULE, p, {"C1": "Mon 00:00", "C2": "Mon 00:30", "C3": start}, legal=legal)


def test_a_change_that_breaks_the_group_alone_is_left_out_of_the_count() -> None:
    # C4 puts G out by itself. With it C2 on m1 may run, and C3 on m2 too, but not C2 and C3 together.
    p = portfolio(
        changes=[
            change("C2", services="m1"),
            change("C3", services="m2"),
            change("C4", services="m1;m2", hours=3),
            change("C5", services="m3"),
        ],
        groups=[GROUP],
    )
    apart = {"C4": "Mon 00:00", "C2": "Mon 00:00", "C3": "Mon 01:00", "C5": "Mon 02:00"}
    assert_rule(RULE, p, apart, legal=True)
    assert_rule(RULE, p, {**apart, "C3": "Mon 00:30"}, legal=False)
    assert_rule(RULE, p, {**apart, "C5": "Mon 00:30"}, legal=False)


@pytest.mark.parametrize(("start", "legal"), [("Mon 01:00", False), ("Mon 01:30", False), ("Mon 02:00", True)])
def test_the_reserve_counts(start: str, legal: bool) -> None:
    # One hour of work, reserved for two.
    p = portfolio(changes=[change("A", services="m1", p90=90, backout=30), change("B", services="m2")], groups=[GROUP])
    assert_rule(RULE, p, {"A": "Mon 00:00", "B": start}, legal=legal)


def test_members_out_through_what_they_depend_on_count() -> None:
    # Each member stands on a rack of its own; without its rack m2 is only degraded, which does not count.
    p = portfolio(
        changes=[change("A", services="rack1"), change("B", services="rack2"), change("C", services="rack3")],
        groups=[GROUP],
        dependencies=[depends("m1", "rack1"), depends("m2", "rack2", "DEGRADED"), depends("m3", "rack3")],
    )
    assert_rule(RULE, p, {"A": "Mon 00:00", "B": "Mon 00:00", "C": "Mon 01:00"}, legal=True)
    assert_rule(RULE, p, {"A": "Mon 00:00", "B": "Mon 01:00", "C": "Mon 00:30"}, legal=False)


def test_a_shared_host_may_break_two_groups_at_once() -> None:
    # `host` carries m1 and n1. Its change leaves both groups one to spare less: neither m2 nor n2 beside it.
    p = portfolio(
        changes=[change("A", services="host"), change("B", services="m2"), change("C", services="n2")],
        groups=[group("G", "m1;m2"), group("H", "n1;n2")],
        dependencies=[depends("m1", "host"), depends("n1", "host")],
    )
    assert_rule(RULE, p, {"A": "Mon 00:00", "B": "Mon 01:00", "C": "Mon 01:00"}, legal=True)
    assert_rule(RULE, p, {"A": "Mon 00:00", "B": "Mon 00:30", "C": "Mon 01:00"}, legal=False)
    assert_rule(RULE, p, {"A": "Mon 00:00", "B": "Mon 01:00", "C": "Mon 00:30"}, legal=False)


def test_groups_in_groups() -> None:
    # Two sites of two servers each; a site is out when both of its servers are, and one site is enough.
    p = portfolio(
        changes=[change(name, services=name.lower()) for name in ("N1", "N2", "S1")] + [change("N", services="n1;n2")],
        groups=[group("north", "n1;n2"), group("south", "s1;s2"), group("sites", "north;south")],
    )
    # N takes the whole of north out, S1 only half of south.
    assert_rule(RULE, p, {"N": "Mon 00:00", "S1": "Mon 00:00", "N1": "Mon 02:00", "N2": "Mon 04:00"}, legal=True)
    # N1 and N2 together would put north out: that no single change did.
    assert_rule(RULE, p, {"N": "Mon 00:00", "S1": "Mon 00:00", "N1": "Mon 02:00", "N2": "Mon 02:00"}, legal=False)


@pytest.mark.parametrize(
    ("impact", "legal"), [("OUTAGE", False), ("REDUCED-REDUNDANCY", False), ("DEGRADED", True), ("NO-IMPACT", True)]
)
def test_only_members_that_are_out_count(impact: str, legal: bool) -> None:
    p = portfolio(changes=[change("A", services="m1", impact=impact), change("B", services="m2")], groups=[GROUP])
    assert_rule(RULE, p, {"A": "Mon 00:00", "B": "Mon 00:00"}, legal=legal)


def test_nothing_is_posted_where_nothing_can_be_exceeded() -> None:
    both = portfolio(changes=[change("A", services="m1"), change("B", services="m1")], groups=[GROUP])
    assert not problem_of(both, RULE).budgets
    other = portfolio(changes=[change("A", services="m1"), change("B", services="m2")], groups=[GROUP])
    assert len(problem_of(other, RULE).budgets) == 1


def test_words() -> None:
    p = portfolio(
        changes=[change("C1", services="m1"), change("C2", services="m1"), change("C3", services="m2")],
        groups=[GROUP],
    )
    (violation,) = RULE.check(p, schedule(p, {"C1": "Mon 00:00", "C2": "Mon 00:30", "C3": "Mon 00:30"}))
    assert violation.changes == ("C1", "C2", "C3")
    assert violation.window == Window(when("Mon 00:30"), when("Mon 01:30"))
    assert violation.text == (
        "C1, C2 and C3 together take m1 and m2 of G out at Mon 1 Mar 2027 00:30 to 01:30 UTC; it can spare 1"
    )
