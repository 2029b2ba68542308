from collections.abc import Mapping
from dataclasses import replace
from itertools import product

import pytest
from builders import assert_rule, blackout, calendar, change, engineer, portfolio, problem_of, schedule, when
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.horizon import Window
from scheduler.rules.capacity import MOST_SKILLS, RULE, duty
from scheduler.schedule import Schedule, Shift

ANA = engineer("Ana", skills="dba;network")
BEN = engineer("Ben", skills="network")


@pytest.mark.parametrize(
    ("start", "legal"),
    [
        # {dba} 1 <= 1 and {network} 2 <= 2, but {dba, network} 3 > 2: P and Q may not overlap.
        ("Mon 00:30", True),
        ("Mon 01:00", False),
        ("Mon 01:30", False),
        ("Mon 02:30", False),  # inside P's reserve
        ("Mon 03:00", True),
    ],
)
def test_an_engineer_with_two_skills_serves_one_at_a_time(start: str, legal: bool) -> None:
    p = portfolio(
        changes=[change("P", skills="dba;network", p90=90, backout=30), change("Q", minutes=30, skills="network")],
        engineers=[ANA, BEN],
    )
    assert_rule(RULE, p, {"P": "Mon 01:00", "Q": start}, legal=legal)


@pytest.mark.parametrize(("skills", "legal"), [("network", True), ("network*2", True), ("network*3", False)])
def test_units_of_one_skill(skills: str, legal: bool) -> None:
    p = portfolio(changes=[change("A", skills=skills)], engineers=[ANA, BEN])
    assert_rule(RULE, p, {"A": "Mon 00:00"}, legal=legal)


def test_units_of_two_skills() -> None:
    # Three people: Ana for dba, Ben and Cem for network.
    staff = [ANA, BEN, engineer("Cem", skills="network")]
    p = portfolio(changes=[change("A", skills="dba;network*2"), change("B", skills="dba")], engineers=staff)
    assert_rule(RULE, p, {"A": "Mon 00:00", "B": "Mon 01:00"}, legal=True)
    assert_rule(RULE, p, {"A": "Mon 00:00", "B": "Mon 00:30"}, legal=False)


def test_no_list_of_engineers_is_no_rule_and_an_empty_one_is_nobody() -> None:
    changes = [change("A", skills="dba"), change("B")]
    assert_rule(RULE, portfolio(changes=changes), {"A": "Mon 00:00"}, legal=True)
    assert_rule(RULE, portfolio(changes=changes, engineers=[]), {"A": "Mon 00:00"}, legal=False)
    assert_rule(RULE, portfolio(changes=changes, engineers=[]), {"B": "Mon 00:00"}, legal=True)


def test_a_skill_that_nobody_has() -> None:
    p = portfolio(changes=[change("A", skills="cobol"), change("B", skills="network")], engineers=[ANA])
    assert_rule(RULE, p, {"A": "Mon 00:00"}, legal=False)
    assert_rule(RULE, p, {"B": "Mon 00:00"}, legal=True)


@pytest.mark.parametrize(
    ("start", "legal"),
    [
        ("Mon 08:30", False),
        ("Mon 09:00", True),
        ("Mon 15:00", True),  # reserved until 17:00
        ("Mon 15:30", False),  # the work would fit, its reserve would not
        ("Sat 10:00", False),
    ],
)
def test_working_hours_hold_the_reserved_window(start: str, legal: bool) -> None:
    staff = [engineer("Ana", skills="dba", works="Mon-Fri 09:00-17:00")]
    p = portfolio(changes=[change("A", skills="dba", p90=90, backout=30)], engineers=staff)
    assert_rule(RULE, p, {"A": start}, legal=legal)


@pytest.mark.parametrize(("works", "legal"), [("09:00-17:00", True), ("09:10-17:00", False), ("09:00-16:50", False)])
def test_working_hours_hold_every_slot_whole(works: str, legal: bool) -> None:
    staff = [engineer("Ana", skills="dba", works=works)]
    p = portfolio(changes=[change("A", hours=8, skills="dba")], engineers=staff)
    assert_rule(RULE, p, {"A": "Mon 09:00"}, legal=legal)


def test_hand_over_between_slots() -> None:
    # Ana until 12:00, Ben from 12:00; nobody between 18:00 and 06:00.
    staff = [
        engineer("Ana", skills="dba", works="06:00-12:00"),
        engineer("Ben", skills="dba", works="12:00-18:00"),
    ]
    p = portfolio(changes=[change("A", hours=2, skills="dba")], engineers=staff)
    assert_rule(RULE, p, {"A": "Mon 11:00"}, legal=True)
    assert_rule(RULE, p, {"A": "Mon 16:30"}, legal=False)


@pytest.mark.parametrize(
    ("monday", "start", "legal"),
    [
        # London, 28 March 2027: Sunday 00:00-06:00 is 00:00 to 05:00 UTC.
        ("2027-03-22T00:00Z", "2027-03-28T04:00Z", True),
        ("2027-03-22T00:00Z", "2027-03-28T04:30Z", False),
        # London, 31 October 2027: 30 October 23:00 to 06:00 UTC.
        ("2027-10-24T23:00Z", "2027-10-30T23:00Z", True),
        ("2027-10-24T23:00Z", "2027-10-30T22:30Z", False),
        ("2027-10-24T23:00Z", "2027-10-31T05:00Z", True),
        ("2027-10-24T23:00Z", "2027-10-31T05:30Z", False),
    ],
)
def test_nights_of_a_clock_change(monday: str, start: str, legal: bool) -> None:
    staff = [engineer("Ana", skills="dba", works="Sun 00:00-06:00", zone="Europe/London")]
    p = portfolio(changes=[change("A", skills="dba")], engineers=staff, start=monday, zone="Europe/London")
    assert_rule(RULE, p, {"A": start}, legal=legal)


def test_calendars_cut_working_hours() -> None:
    p = portfolio(
        engineers=[
            engineer("Ana", skills="dba", works="office", zone="Asia/Singapore"),
            engineer("Ben", skills="dba", works="Mon 00:00-24:00"),
        ],
        blackouts=[
            blackout("Mon 12:00", "Mon 13:00", id="lunch", applies_to="engineer:Ana"),
            blackout("Mon 09:00", "Mon 10:00", id="freeze"),  # binds work, not engineers
            blackout("Mon 14:00", "Mon 15:00", id="soft", applies_to="engineer:Ana", hard=False),
        ],
        calendars=[
            calendar("office", "working", "Mon 08:00-18:00"),  # in its own zone, UTC
            calendar("house", "working", "Mon 07:00-17:00", applies_to="*"),
            calendar("badge", "allowed", "Mon 09:00-20:00", applies_to="engineer:Ana"),
            calendar("other", "allowed", "Tue 09:00-20:00", applies_to="*"),  # binds work, not engineers
            calendar("nobody", "working", "Tue 09:00-20:00"),
        ],
    )
    assert duty(p)["Ana"] == (
        Window(when("Mon 09:00"), when("Mon 12:00")),
        Window(when("Mon 13:00"), when("Mon 17:00")),
    )
    assert duty(p)["Ben"] == (Window(when("Mon 07:00"), when("Mon 17:00")),)


def test_words() -> None:
    staff = [ANA, BEN, engineer("Cem", skills="windows")]
    p = portfolio(
        changes=[change("P", skills="dba;network"), change("Q", skills="network;windows"), change("R")],
        engineers=staff,
    )
    (violation,) = RULE.check(p, schedule(p, {"P": "Mon 00:00", "Q": "Mon 00:30", "R": "Mon 00:00"}))
    assert violation.changes == ("P", "Q")
    assert violation.window == Window(when("Mon 00:30"), when("Mon 01:00"))
    assert violation.text == (
        "P and Q need 3 with dba or network at Mon 1 Mar 2027 00:30 to 01:00 UTC; on duty with that: Ana and Ben"
    )


def test_what_is_posted() -> None:
    # Skills with the same holders are one; `vpn` is held by some of those who hold `network` or `wan`, so these imply
    # nothing about it, but the set of all three has the engineers of `network` and implies it. `dba` hangs together
    # with nothing. Two units of `dba` against two holders can never be short.
    staff = [
        engineer("Ana", skills="network;wan;vpn"),
        engineer("Ben", skills="network;wan"),
        engineer("Cem", skills="dba"),
        engineer("Dan", skills="dba"),
    ]
    changes = [change("A", skills="network;wan;vpn*2"), change("B", skills="dba*2")]
    problem = problem_of(portfolio(changes=changes, engineers=staff), RULE)
    assert sorted(resource.label for resource in problem.resources) == ["network or vpn or wan", "vpn"]
    resources = {resource.label: resource for resource in problem.resources}
    assert [use.amount for use in resources["network or vpn or wan"].uses] == [4]
    assert set(resources["network or vpn or wan"].capacity) == {2}
    assert set(resources["vpn"].capacity) == {1}


def test_too_many_skills_that_hang_together_are_refused() -> None:
    # A chain: engineer n holds skills n and n + 1, which makes one part of skills with different holders.
    def chain(skills: int) -> None:
        staff = [engineer(f"E{n}", skills=f"s{n};s{n + 1}") for n in range(skills - 1)]
        staff += [engineer(f"F{n}", skills=f"s{n}") for n in range(skills)]
        problem_of(portfolio(changes=[change(f"C{n}", skills=f"s{n}*3") for n in range(skills)], engineers=staff), RULE)

    chain(MOST_SKILLS)
    with pytest.raises(ValueError, match="11 skills hang together through engineers who have several of them"):
        chain(MOST_SKILLS + 1)


SKILLS = ("a", "b", "c", "d")
SETS_OF_SKILLS = st.sets(st.sampled_from(SKILLS), min_size=1)


@given(
    staff=st.lists(SETS_OF_SKILLS, max_size=4),
    demands=st.lists(st.dictionaries(st.sampled_from(SKILLS), st.integers(1, 2), min_size=1), min_size=1, max_size=3),
)
@settings(max_examples=200, deadline=None)
def test_both_faces_agree_with_trying_every_assignment(staff: list[set[str]], demands: list[dict[str, int]]) -> None:
    p = portfolio(
        changes=[
            change(f"C{n}", skills=";".join(f"{skill}*{amount}" for skill, amount in sorted(demand.items())))
            for n, demand in enumerate(demands)
        ],
        engineers=[engineer(f"E{n}", skills=sorted(skills)) for n, skills in enumerate(staff)],
    )
    units = [skill for demand in demands for skill, amount in demand.items() for _ in range(amount)]
    served = any(
        len(set(people)) == len(units) and all(skill in staff[who] for skill, who in zip(units, people, strict=True))
        for people in (product(range(len(staff)), repeat=len(units)) if len(units) <= len(staff) else ())
    )
    assert_rule(RULE, p, {name: "Mon 00:00" for name in p.changes}, legal=served)


# --- names ---------------------------------------------------------------------------------------------------------


def shift(engineer: str, skill: str, start: str, end: str) -> Shift:
    return Shift(engineer=engineer, skill=skill, start=when(start), end=when(end))


@pytest.mark.parametrize(
    ("shifts", "texts"),
    [
        ([], []),  # names are for a roster to add
        ([shift("Ana", "dba", "Mon 01:00", "Mon 03:00")], []),
        ([shift("Ana", "dba", "Mon 01:00", "Mon 02:00"), shift("Cai", "dba", "Mon 02:00", "Mon 03:00")], []),
        (
            [shift("Zoe", "dba", "Mon 01:00", "Mon 03:00")],
            ["there is no engineer Zoe, who is named for A at Mon 1 Mar 2027 01:00 to 03:00 UTC"],
        ),
        (
            [shift("Ben", "dba", "Mon 01:00", "Mon 03:00")],
            ["Ben does not have dba, but is named with it for A at Mon 1 Mar 2027 01:00 to 03:00 UTC"],
        ),
        (
            [shift("Cai", "dba", "Mon 01:00", "Mon 03:00")],
            ["Cai is not on duty throughout A at Mon 1 Mar 2027 01:00 to 03:00 UTC"],
        ),
        (
            [shift("Ana", "dba", "Mon 01:00", "Mon 02:30")],
            ["A needs 1 with dba at Mon 1 Mar 2027 02:30 to 03:00 UTC, but nobody is named"],
        ),
        (
            # In the middle of a slot nobody is there for all of it.
            [shift("Ana", "dba", "Mon 01:00", "Mon 02:15"), shift("Cai", "dba", "Mon 02:15", "Mon 03:00")],
            ["A needs 1 with dba at Mon 1 Mar 2027 02:00 to 02:30 UTC, but nobody is named"],
        ),
        (
            [shift("Ana", "dba", "Mon 01:00", "Mon 03:00"), shift("Ana", "dba", "Mon 03:00", "Mon 02:00")],
            ["Ana is named for A from Mon 1 Mar 2027 03:00 to 02:00 UTC, which is no time"],
        ),
        (
            [shift("Ana", "dba", "Mon 01:00", "Mon 03:00"), shift("Ana", "network", "Mon 02:00", "Mon 03:00")],
            ["Ana is named twice at Mon 1 Mar 2027 02:00 to 03:00 UTC: for A and A"],
        ),
    ],
)
def test_names_have_to_be_possible(shifts: list[Shift], texts: list[str]) -> None:
    p = portfolio(
        changes=[change("A", hours=2, skills="dba")],
        engineers=[ANA, BEN, engineer("Cai", skills="dba", works="Mon 02:00-06:00")],
    )
    assert [one.text for one in RULE.check(p, with_names(schedule(p, {"A": "Mon 01:00"}), {"A": shifts}))] == texts


def with_names(plan: Schedule, names: Mapping[str, list[Shift]]) -> Schedule:
    return Schedule(tuple(replace(one, engineers=tuple(names.get(one.change, ()))) for one in plan.placements))


def test_one_person_at_two_places() -> None:
    p = portfolio(
        changes=[change("A", hours=2, skills="network"), change("B", hours=2, skills="network*2")],
        engineers=[ANA, BEN, engineer("Cai", skills="network")],
    )
    plan = with_names(
        schedule(p, {"A": "Mon 01:00", "B": "Mon 02:00"}),
        {
            "A": [shift("Ana", "network", "Mon 01:00", "Mon 03:00")],
            "B": [shift("Ana", "network", "Mon 02:00", "Mon 04:00"), shift("Ben", "network", "Mon 02:00", "Mon 03:00")],
        },
    )
    found = list(RULE.check(p, plan))
    assert [(one.text, one.changes) for one in found] == [
        ("B needs 2 with network at Mon 1 Mar 2027 03:00 to 04:00 UTC, but 1 is named", ("B",)),
        ("Ana is named twice at Mon 1 Mar 2027 02:00 to 03:00 UTC: for A and B", ("A", "B")),
    ]
    assert found[1].window == Window(when("Mon 02:00"), when("Mon 03:00"))


def test_names_mean_nothing_without_a_list_of_engineers() -> None:
    p = portfolio(changes=[change("A", skills="dba")])
    plan = with_names(schedule(p, {"A": "Mon 01:00"}), {"A": [shift("Zoe", "dba", "Mon 01:00", "Mon 02:00")]})
    assert list(RULE.check(p, plan)) == []
