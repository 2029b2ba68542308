import pytest
from builders import assert_rule, change, depends, group, level, portfolio, schedule, team

from scheduler.rules.protected_hours import RULE

DAY = level("premium", protected="Mon-Fri 09:00-17:00")


@pytest.mark.parametrize(
    ("start", "legal"),
    [
        # One hour of work, two reserved.
        ("Mon 07:00", True),
        ("Mon 07:30", False),  # reserved until 09:30
        ("Mon 16:30", False),
        ("Mon 17:00", True),
        ("Sat 12:00", True),
    ],
)
def test_the_reserve_keeps_clear(start: str, legal: bool) -> None:
    p = portfolio(changes=[change("A", backout=60)], teams=[team("t", uses="app", level="premium")], levels=[DAY])
    assert_rule(RULE, p, {"A": start}, legal=legal)


def test_a_slot_that_is_touched_is_closed() -> None:
    quarter = level("premium", protected="Mon 09:10-09:20")
    p = portfolio(changes=[change("A", minutes=30)], teams=[team("t", uses="app", level="premium")], levels=[quarter])
    assert_rule(RULE, p, {"A": "Mon 08:30"}, legal=True)
    assert_rule(RULE, p, {"A": "Mon 09:00"}, legal=False)
    assert_rule(RULE, p, {"A": "Mon 09:30"}, legal=True)


@pytest.mark.parametrize(
    ("start", "legal"),
    [
        # New York goes forward on 14 March 2027: 09:00 there is 14:00 UTC before and 13:00 after.
        ("2027-03-12T13:00Z", True),
        ("2027-03-12T13:30Z", False),
        ("2027-03-15T12:00Z", True),
        ("2027-03-15T12:30Z", False),
    ],
)
def test_hours_are_on_the_clock_of_the_team(start: str, legal: bool) -> None:
    p = portfolio(
        changes=[change("A")],
        teams=[team("t", uses="app", level="premium", zone="America/New_York")],
        levels=[DAY],
        weeks=3,
    )
    assert_rule(RULE, p, {"A": start}, legal=legal)


@pytest.mark.parametrize(
    ("impact", "legal"), [("OUTAGE", False), ("DEGRADED", True), ("REDUCED-REDUNDANCY", True), ("NO-IMPACT", True)]
)
def test_only_outages_are_forbidden(impact: str, legal: bool) -> None:
    p = portfolio(changes=[change("A", impact=impact)], teams=[team("t", uses="app", level="premium")], levels=[DAY])
    assert_rule(RULE, p, {"A": "Mon 10:00"}, legal=legal)


@pytest.mark.parametrize(("effect", "legal"), [("OUTAGE", False), ("DEGRADED", True)])
def test_through_what_the_service_needs(effect: str, legal: bool) -> None:
    p = portfolio(
        changes=[change("A", services="db")],
        dependencies=[depends("app", "db", effect)],  # type: ignore[arg-type]
        teams=[team("t", uses="app", level="premium"), team("u", uses="db")],
        levels=[DAY],
    )
    assert_rule(RULE, p, {"A": "Mon 10:00"}, legal=legal)


def test_a_group_that_is_used_counts_when_it_is_out() -> None:
    p = portfolio(
        changes=[change("A", services="m1"), change("B", services="m1;m2")],
        groups=[group("pool", "m1;m2")],
        teams=[team("t", uses="pool", level="premium")],
        levels=[DAY],
    )
    assert_rule(RULE, p, {"A": "Mon 10:00", "B": "Mon 20:00"}, legal=True)
    assert_rule(RULE, p, {"A": "Mon 10:00", "B": "Mon 10:00"}, legal=False)


def test_levels_without_hours_protect_nothing_and_empty_hours_always() -> None:
    changes, teams = [change("A")], [team("t", uses="app", level="basic")]
    assert_rule(RULE, portfolio(changes=changes, teams=teams, levels=[level("basic")]), {"A": "Mon 10:00"}, legal=True)
    always = [level("basic", protected="")]
    assert_rule(RULE, portfolio(changes=changes, teams=teams, levels=always), {"A": "Sat 03:00"}, legal=False)


def test_words() -> None:
    p = portfolio(
        changes=[change("A", services="db")],
        dependencies=[depends("app", "db")],
        teams=[team("t", uses="app;db", level="premium"), team("u", uses="app")],
        levels=[DAY],
    )
    (violation,) = RULE.check(p, schedule(p, {"A": "Mon 16:30"}))
    assert violation.text == (
        "A at Mon 1 Mar 2027 16:30 to 17:30 UTC puts app and db out in the protected hours of t, "
        "Mon 1 Mar 2027 09:00 to 17:00 UTC"
    )
