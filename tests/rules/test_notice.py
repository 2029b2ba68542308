import pytest
from builders import Instant, assert_rule, change, decide, depends, group, level, portfolio, schedule, team

from scheduler.rules.notice import RULE

SINGAPORE, LONDON, NEW_YORK = "Asia/Singapore", "Europe/London", "America/New_York"


@pytest.mark.parametrize(
    ("start", "legal"),
    [
        # 23:30 UTC on 1 March is 2 March in Singapore, so five days later is 7 March 00:00 there, 6 March 16:00 UTC.
        ("2027-03-06T15:30Z", False),
        ("2027-03-06T16:00Z", True),
    ],
)
def test_days_are_those_of_the_team(start: str, legal: bool) -> None:
    p = portfolio(
        changes=[change("A")], teams=[team("blue", uses="app", notice=5, zone=SINGAPORE)], now="2027-03-01T23:30Z"
    )
    assert_rule(RULE, p, {"A": start}, legal=legal)


@pytest.mark.parametrize(
    ("now", "days", "start", "legal"),
    [
        # New York springs forward on 14 March 2027 at 07:00 UTC: midnight is 05:00 UTC before, 04:00 UTC after.
        ("2027-03-13T12:00Z", 1, "2027-03-14T04:30Z", False),
        ("2027-03-13T12:00Z", 1, "2027-03-14T05:00Z", True),
        ("2027-03-13T12:00Z", 2, "2027-03-15T03:30Z", False),
        ("2027-03-13T12:00Z", 2, "2027-03-15T04:00Z", True),
        # And falls back on 7 November 2027 at 06:00 UTC: midnight is 04:00 UTC before, 05:00 UTC after.
        ("2027-11-06T12:00Z", 1, "2027-11-07T03:30Z", False),
        ("2027-11-06T12:00Z", 1, "2027-11-07T04:00Z", True),
        ("2027-11-06T12:00Z", 2, "2027-11-08T04:30Z", False),
        ("2027-11-06T12:00Z", 2, "2027-11-08T05:00Z", True),
    ],
)
def test_days_across_a_clock_change(now: str, days: int, start: str, legal: bool) -> None:
    p = portfolio(
        changes=[change("A")],
        teams=[team("blue", uses="app", notice=days, zone=NEW_YORK)],
        start="2027-03-08T05:00Z" if "-03-" in now else "2027-11-01T04:00Z",
        now=now,
        weeks=2,
        zone=NEW_YORK,
    )
    assert_rule(RULE, p, {"A": start}, legal=legal)


@pytest.mark.parametrize(("days", "legal"), [(0, True), (1, False)])
def test_no_days_means_today(days: int, legal: bool) -> None:
    p = portfolio(changes=[change("A")], teams=[team("blue", uses="app", notice=days)], now="Mon 09:00")
    assert_rule(RULE, p, {"A": "Mon 23:00"}, legal=legal)


@pytest.mark.parametrize(
    ("own", "start", "legal"),
    [
        (None, "Wed 00:00", True),  # two days of its level
        (None, "Tue 23:30", False),
        (4, "Thu 23:30", False),  # more than its level
        (4, "Fri 00:00", True),
        (0, "Mon 00:00", True),  # less than its level
    ],
)
def test_a_team_overrides_its_level(own: int | None, start: str, legal: bool) -> None:
    p = portfolio(
        changes=[change("A")],
        levels=[level("premium", notice=2)],
        teams=[team("blue", uses="app", level="premium", notice=own), team("green", uses="app")],
    )
    assert_rule(RULE, p, {"A": start}, legal=legal)


def test_the_strictest_affected_team_decides() -> None:
    teams = [
        team("blue", uses="app", notice=1),
        team("green", uses="web", notice=3),  # degraded through `app`
        team("red", uses="mail", notice=6),  # not affected
    ]
    p = portfolio(changes=[change("A")], teams=teams, dependencies=[depends("web", "app", "DEGRADED")])
    assert_rule(RULE, p, {"A": "Thu 00:00"}, legal=True)
    assert_rule(RULE, p, {"A": "Wed 23:30"}, legal=False)
    late = list(RULE.check(p, schedule(p, {"A": "Mon 12:00"})))
    assert [one.text for one in late] == [
        "A on Mon 1 Mar 2027 gives blue 0 days of notice from Mon 1 Mar 2027 (UTC) instead of 1",
        "A on Mon 1 Mar 2027 gives green 0 days of notice from Mon 1 Mar 2027 (UTC) instead of 3",
    ]


def test_two_zones_each_count_for_themselves() -> None:
    # now is 1 March in London and already 2 March in Singapore; London's two days end first, at 3 March 00:00 UTC,
    # Singapore's one day at 3 March 00:00 there = 2 March 16:00 UTC.
    teams = [team("blue", uses="app", notice=2, zone=LONDON), team("green", uses="app", notice=1, zone=SINGAPORE)]
    p = portfolio(changes=[change("A")], teams=teams, now="Mon 20:00")
    assert_rule(RULE, p, {"A": "Tue 23:30"}, legal=False)
    assert_rule(RULE, p, {"A": "Wed 00:00"}, legal=True)


@pytest.mark.parametrize(
    ("announced", "start", "legal"),
    [
        # Five days of notice, now is Tuesday 2 March.
        ({"A": ("Thu 10:00", "2027-02-27T10:00Z")}, "Thu 10:00", True),  # told on 27 February
        ({"A": ("Thu 10:00", "2027-02-28T10:00Z")}, "Thu 10:00", False),  # told on 28 February: four days
        ({"A": ("Thu 10:00", "2027-02-01T10:00Z")}, "Thu 10:30", False),  # moved, so told now
        ({"A": ("Thu 10:00", "2027-02-01T10:00Z")}, "Sun 10:00", True),  # moved, and far enough
        ({"A": ("Thu 10:10", "2027-02-01T10:00Z")}, "Thu 10:00", False),  # announced off the grid
        ({}, "Thu 10:00", False),
    ],
)
def test_an_unmoved_window_keeps_its_announcement(
    announced: dict[str, tuple[Instant, Instant]], start: str, legal: bool
) -> None:
    p = portfolio(
        changes=[change("A")], teams=[team("blue", uses="app", notice=5)], now="Tue 12:00", announced=announced
    )
    assert_rule(RULE, p, {"A": start}, legal=legal)


@pytest.mark.parametrize(("told", "legal"), [("2027-02-27T10:00Z", True), ("2027-02-28T10:00Z", False), (None, False)])
def test_an_approved_window_that_may_move_counts_from_its_announcement(told: str | None, legal: bool) -> None:
    p = portfolio(
        changes=[change("A")],
        teams=[team("blue", uses="app", notice=5)],
        now="Tue 12:00",
        decisions=[decide("A", "approve", "Thu 10:00", told)],
        approved_may_move=True,
    )
    assert_rule(RULE, p, {"A": "Thu 10:00"}, legal=legal)


@pytest.mark.parametrize("how", ["pin", "approve", "fixed"])
def test_pinned_and_fixed_starts_are_exempt_and_only_they(how: str) -> None:
    p = portfolio(
        changes=[change("A", fixed_start="Mon 10:00" if how == "fixed" else None)],
        teams=[team("blue", uses="app", notice=3)],
        decisions=[] if how == "fixed" else [decide("A", "pin" if how == "pin" else "approve", "Mon 10:00")],
    )
    assert_rule(RULE, p, {"A": "Mon 10:00"}, legal=True)
    assert_rule(RULE, p, {"A": "Mon 10:30"}, legal=False)


@pytest.mark.parametrize(
    ("impact", "kind", "legal"),
    [
        ("OUTAGE", "normal", False),
        ("DEGRADED", "standard", False),
        ("REDUCED-REDUNDANCY", "normal", True),
        ("NO-IMPACT", "normal", True),
        ("OUTAGE", "emergency", True),
    ],
)
def test_exempt_work(impact: str, kind: str, legal: bool) -> None:
    p = portfolio(
        changes=[change("A", impact=impact, type=kind)],  # type: ignore[arg-type]
        teams=[team("blue", uses="app", notice=3)],
    )
    assert_rule(RULE, p, {"A": "Mon 10:00"}, legal=legal)


def test_a_spare_member_needs_no_notice() -> None:
    p = portfolio(
        changes=[change("A", services="m1"), change("B", services="m1;m2")],
        groups=[group("G", "m1;m2")],
        dependencies=[depends("app", "G")],
        teams=[team("blue", uses="app", notice=3)],
    )
    assert_rule(RULE, p, {"A": "Mon 10:00", "B": "Thu 10:00"}, legal=True)
    assert_rule(RULE, p, {"A": "Thu 10:00", "B": "Mon 10:00"}, legal=False)
