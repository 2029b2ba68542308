import pytest
from builders import assert_rule, change, depends, group, level, portfolio, problem_of, schedule, team, when

from scheduler.horizon import Window
from scheduler.rules.outage_minutes import RULE

TWO_HOURS = level("premium", minutes=120)
PREMIUM = team("t", uses="app", level="premium")


@pytest.mark.parametrize(
    ("third", "legal"),
    [
        ("Thu 00:00", False),
        ("Mon 00:00", True),  # shares the hour of X
        ("Mon 00:30", False),  # half of it: 150 minutes
        ("Mon 00:00 +4w", True),  # in the next block
    ],
)
def test_example_of_the_laws(third: str, legal: bool) -> None:
    # laws.md, example 6: X counts 60 minutes (expected), not 180 (reserved).
    changes = [change(name, p90=120, backout=60, failure_chance=0.1) for name in ("X", "Y", "Z")]
    p = portfolio(changes=changes, teams=[PREMIUM], levels=[TWO_HOURS], weeks=6)
    assert_rule(RULE, p, {"X": "Mon 00:00", "Y": "Tue 00:00", "Z": third}, legal=legal)


@pytest.mark.parametrize(
    ("start", "legal"),
    [
        ("Sun 22:30 +3w", False),  # 90 minutes in the first block
        ("Sun 23:00 +3w", True),  # 60 in each
        ("Sun 23:30 +3w", False),
    ],
)
def test_a_window_over_the_end_of_a_block_counts_in_both(start: str, legal: bool) -> None:
    p = portfolio(
        changes=[change("A", hours=2), change("B")],
        teams=[PREMIUM],
        levels=[level("premium", minutes=60)],
        weeks=6,
    )
    assert_rule(RULE, p, {"A": start}, legal=legal)


def test_blocks_end_at_local_midnight() -> None:
    # London goes forward on 28 March 2027: four weeks from 22 March 00:00 end at 18 April 23:00 UTC.
    p = portfolio(
        changes=[change("A"), change("B")],
        teams=[PREMIUM],
        levels=[level("premium", minutes=60)],
        start="2027-03-22T00:00Z",
        zone="Europe/London",
        weeks=5,
    )
    assert_rule(RULE, p, {"A": "2027-04-18T22:00Z", "B": "2027-04-18T23:00Z"}, legal=True)
    assert_rule(RULE, p, {"A": "2027-04-18T21:00Z", "B": "2027-04-18T22:00Z"}, legal=False)
    assert_rule(RULE, p, {"A": "2027-04-18T23:00Z", "B": "2027-04-19T00:00Z"}, legal=False)


def test_the_last_part_block_has_the_full_limit() -> None:
    p = portfolio(changes=[change("A", hours=2)], teams=[PREMIUM], levels=[TWO_HOURS], weeks=5)
    assert_rule(RULE, p, {"A": "Mon 00:00 +4w"}, legal=True)


def test_a_boundary_inside_a_slot_moves_to_its_end() -> None:
    # Lord Howe puts its clocks back half an hour on 4 April 2027: four weeks of 60-minute slots end half-way in one.
    p = portfolio(
        changes=[change("A"), change("B")],
        teams=[PREMIUM],
        levels=[level("premium", minutes=60)],
        start="2027-03-14T13:00Z",
        zone="Australia/Lord_Howe",
        weeks=5,
        slot=60,
    )
    assert_rule(RULE, p, {"A": "2027-04-11T12:00Z", "B": "2027-04-11T13:00Z"}, legal=False)
    assert_rule(RULE, p, {"A": "2027-04-11T13:00Z", "B": "2027-04-11T14:00Z"}, legal=True)


@pytest.mark.parametrize(("minutes", "legal"), [(0, False), (59, False), (60, True), (89, True)])
def test_whole_slots_count(minutes: int, legal: bool) -> None:
    # 40 minutes of work take two slots.
    p = portfolio(changes=[change("A", minutes=40)], teams=[PREMIUM], levels=[level("premium", minutes=minutes)])
    assert_rule(RULE, p, {"A": "Mon 00:00"}, legal=legal)


def test_the_strictest_user_decides() -> None:
    p = portfolio(
        changes=[change("A"), change("B")],
        teams=[PREMIUM, team("u", uses="app", level="strict"), team("v", uses="app")],
        levels=[TWO_HOURS, level("strict", minutes=90)],
    )
    assert_rule(RULE, p, {"A": "Mon 00:00", "B": "Mon 00:30"}, legal=True)
    assert_rule(RULE, p, {"A": "Mon 00:00", "B": "Mon 01:00"}, legal=False)


def test_services_count_apart() -> None:
    p = portfolio(
        changes=[change("A"), change("B", services="mail")],
        teams=[team("t", uses="app;mail", level="premium")],
        levels=[level("premium", minutes=60)],
    )
    assert_rule(RULE, p, {"A": "Mon 00:00", "B": "Tue 00:00"}, legal=True)


@pytest.mark.parametrize(
    ("services", "effect", "legal"),
    [("db", "OUTAGE", False), ("db", "DEGRADED", True), ("m1", "OUTAGE", True), ("m1;m2", "OUTAGE", False)],
)
def test_out_through_what_it_needs(services: str, effect: str, legal: bool) -> None:
    # app needs db and a pool that can spare one of its two members.
    p = portfolio(
        changes=[change("A"), change("B", services=services)],
        dependencies=[depends("app", "db", effect), depends("app", "pool")],  # type: ignore[arg-type]
        groups=[group("pool", "m1;m2")],
        teams=[PREMIUM],
        levels=[level("premium", minutes=60)],
    )
    assert_rule(RULE, p, {"A": "Mon 00:00", "B": "Tue 00:00"}, legal=legal)


def test_little_is_posted_where_little_can_be_exceeded() -> None:
    p = portfolio(changes=[change("A"), change("B")], teams=[PREMIUM], levels=[TWO_HOURS])
    assert not problem_of(p, RULE).budgets
    # db and app go out through the same changes: the strictest promise of the two is enough.
    p = portfolio(
        changes=[change(name, services="db") for name in ("A", "B", "C")],
        dependencies=[depends("app", "db")],
        teams=[PREMIUM, team("u", uses="db", level="strict")],
        levels=[TWO_HOURS, level("strict", minutes=100)],
    )
    (budget,) = problem_of(p, RULE).budgets
    assert budget.limit.tolist() == [3]


def test_words() -> None:
    p = portfolio(
        changes=[change("A"), change("B"), change("C", services="mail")],
        teams=[PREMIUM],
        levels=[level("premium", minutes=90)],
    )
    (violation,) = RULE.check(p, schedule(p, {"B": "Mon 00:00", "A": "Tue 00:00", "C": "Tue 00:00"}))
    assert violation.changes == ("A", "B")
    assert violation.window == Window(when("Mon 00:00"), when("Tue 01:00"))
    assert violation.text == (
        "app is expected out for 120 minutes in Mon 1 Mar 2027 00:00 to Mon 8 Mar 2027 00:00 UTC; "
        "t is promised 90 at most"
    )
