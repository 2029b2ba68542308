import pytest
from builders import assert_rule, change, depends, portfolio, preference, schedule, team

from scheduler.rules.never import RULE


@pytest.mark.parametrize(
    ("start", "legal"),
    [
        # One hour of work, two reserved; Tuesday 10:00-12:00 is ruled out.
        ("Tue 08:00", True),
        ("Tue 08:30", False),
        ("Tue 11:30", False),
        ("Tue 12:00", True),
        ("Wed 10:00", True),
    ],
)
def test_the_reserve_keeps_clear(start: str, legal: bool) -> None:
    p = portfolio(
        changes=[change("A", backout=60)],
        teams=[team("t", uses="app")],
        preferences=[preference("t", "never", "Tue 10:00-12:00")],
    )
    assert_rule(RULE, p, {"A": start}, legal=legal)


@pytest.mark.parametrize(("start", "legal"), [("Tue 09:00", True), ("Tue 09:30", False), ("Wed 00:30", True)])
def test_a_period(start: str, legal: bool) -> None:
    # Until Wednesday 00:10, which touches the slot from 00:00.
    wish = preference("t", "never", start="Tue 10:00", end="Wed 00:10")
    p = portfolio(changes=[change("A")], teams=[team("t", uses="app")], preferences=[wish])
    assert_rule(RULE, p, {"A": start}, legal=legal)
    assert_rule(RULE, p, {"A": "Wed 00:00"}, legal=False)


def test_hours_are_on_the_clock_of_the_team() -> None:
    # 10:00 in Singapore is 02:00 UTC.
    p = portfolio(
        changes=[change("A")],
        teams=[team("t", uses="app", zone="Asia/Singapore")],
        preferences=[preference("t", "never", "Tue 10:00-12:00")],
    )
    assert_rule(RULE, p, {"A": "Tue 02:00"}, legal=False)
    assert_rule(RULE, p, {"A": "Tue 10:00"}, legal=True)


def test_without_hours_it_is_never() -> None:
    p = portfolio(changes=[change("A")], teams=[team("t", uses="app")], preferences=[preference("t", "never")])
    assert_rule(RULE, p, {"A": "Sat 10:00"}, legal=False)


@pytest.mark.parametrize(
    ("services", "impact", "legal"),
    [
        ("app", "OUTAGE", False),
        ("app", "NO-IMPACT", False),  # touched all the same
        ("db", "OUTAGE", False),  # app is degraded
        ("db", "NO-IMPACT", True),
        ("mail", "OUTAGE", True),
    ],
)
def test_whatever_touches_what_the_team_uses(services: str, impact: str, legal: bool) -> None:
    p = portfolio(
        changes=[change("A", services=services, impact=impact)],
        dependencies=[depends("app", "db", "DEGRADED")],
        teams=[team("t", uses="app"), team("u", uses="mail")],
        preferences=[preference("t", "never", "Tue 10:00-12:00")],
    )
    assert_rule(RULE, p, {"A": "Tue 10:00"}, legal=legal)


def test_other_kinds_forbid_nothing() -> None:
    wishes = [preference("t", "avoid", "Tue 10:00-12:00", cost=1), preference("t", "prefer", "Wed 10:00-12:00", cost=1)]
    p = portfolio(changes=[change("A")], teams=[team("t", uses="app")], preferences=wishes)
    assert_rule(RULE, p, {"A": "Tue 10:00"}, legal=True)


def test_words() -> None:
    p = portfolio(
        changes=[change("A")],
        teams=[team("t", uses="app")],
        preferences=[
            preference("t", "never", "Tue 10:00-12:00", reason="board meeting"),
            preference("t", "never", start="Tue 11:00", end="Tue 13:00"),
        ],
    )
    assert [one.text for one in RULE.check(p, schedule(p, {"A": "Tue 11:30"}))] == [
        "A at Tue 2 Mar 2027 11:30 to 12:30 UTC meets hours that t ruled out, Tue 2 Mar 2027 10:00 to 12:00 UTC "
        "(board meeting)",
        "A at Tue 2 Mar 2027 11:30 to 12:30 UTC meets hours that t ruled out, Tue 2 Mar 2027 11:00 to 13:00 UTC",
    ]
