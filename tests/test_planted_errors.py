"""Errors planted into one face of one law: the probe that compares the faces with the oracle must catch each.

An error is planted by handing the face a portfolio and starts that differ from the true ones in just what a face with
that error would get wrong. Where an error cannot matter to a law the table says why, and the probe must stay silent.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

import pytest
from agreement import Case, disagreement
from hand_cases import hand_cases
from oracle_effects import Starts, expected_slots, reserved_slots, schedule_at
from strategies import case_of

from scheduler.costs import COSTS
from scheduler.law import Cost, Rule
from scheduler.portfolio import Change, Portfolio
from scheduler.rules import RULES
from scheduler.solver.problem import Problem

LAWS = (*RULES, *COSTS)
RANDOM_CASES = 200
ELSEWHERE = "Pacific/Auckland"
World = tuple[Portfolio, Starts]


@cache
def probe() -> list[Case]:
    by_hand = [Case(one.portfolio, one.starts) for one in hand_cases()]
    return [*by_hand, *(Case(*case_of(seed)) for seed in range(RANDOM_CASES))]


# --- the errors ----------------------------------------------------------------------------------------------------


def lasting(portfolio: Portfolio, change: Change, expected: int, reserved: int) -> Change:
    """A change of other lengths, in slots; equal lengths leave no chance of running over."""
    slot = portfolio.policy.slot_minutes
    if (expected, reserved) == (expected_slots(portfolio, change), reserved_slots(portfolio, change)):
        return change
    if reserved == reserved_slots(portfolio, change) and change.duration_p90_minutes >= expected * slot:
        return replace(change, duration_minutes=expected * slot)
    p90 = max(expected * slot, min(change.duration_p90_minutes, reserved * slot))
    return replace(
        change,
        duration_minutes=min(change.duration_minutes, p90) if reserved > expected else expected * slot,
        duration_p90_minutes=p90,
        backout_minutes=reserved * slot - p90,
    )


def resized(start: int, expected: int, reserved: int) -> Callable[[World], World]:
    """Move the start, the expected end and the end of the reserved window by so many slots, where that leaves one."""

    def plant(world: World) -> World:
        portfolio, starts = world
        changes, moved = {}, {}
        for name, change in portfolio.changes.items():
            lengths = expected_slots(portfolio, change), reserved_slots(portfolio, change)
            wanted = lengths[0] + expected - start, lengths[1] + reserved - start
            possible = 1 <= wanted[0] <= wanted[1] and starts.get(name, 0) + start >= 0
            # Hardly a rule sees the expected end, so a one-slot one may follow the start.
            if not possible and expected == 0 and wanted[1] >= 1 and starts.get(name, 0) + start >= 0:
                wanted, possible = (min(max(wanted[0], 1), wanted[1]), wanted[1]), True
            changes[name] = lasting(portfolio, change, *wanted) if possible else change
            if name in starts:
                moved[name] = starts[name] + start if possible else starts[name]
        return replace(portfolio, changes=changes), moved

    return plant


def expected_for_reserved(world: World) -> World:
    portfolio, starts = world
    changes = {
        name: replace(change, duration_p90_minutes=change.duration_minutes, backout_minutes=0)
        for name, change in portfolio.changes.items()
    }
    return replace(portfolio, changes=changes), starts


def reserved_for_expected(world: World) -> World:
    portfolio, starts = world
    changes = {
        name: replace(
            change,
            duration_minutes=change.reserved_minutes,
            duration_p90_minutes=change.reserved_minutes,
            backout_minutes=0,
        )
        for name, change in portfolio.changes.items()
    }
    return replace(portfolio, changes=changes), starts


def zone_of_people(world: World) -> World:
    portfolio, starts = world
    moved = {
        "teams": {name: replace(team, time_zone=ELSEWHERE) for name, team in portfolio.teams.items()},
        "calendars": {name: replace(one, time_zone=ELSEWHERE) for name, one in portfolio.calendars.items()},
        "engineers": portfolio.engineers
        and {name: replace(one, time_zone=ELSEWHERE) for name, one in portfolio.engineers.items()},
    }
    return replace(portfolio, **moved), starts


def zone_of_policy(world: World) -> World:
    """Let the weeks of the horizon be those of another zone: a grid with the same slots, and more or fewer of them."""
    portfolio, starts = world
    return replace(portfolio, policy=replace(portfolio.policy, time_zone="UTC")), starts


ERRORS: Mapping[str, Callable[[World], World]] = {
    "start one early": resized(-1, 0, 0),
    "start one late": resized(1, 0, 0),
    "expected end one early": resized(0, -1, 0),
    "expected end one late": resized(0, 1, 0),
    "reserved end one early": resized(0, 0, -1),
    "reserved end one late": resized(0, 0, 1),
    "expected for reserved": expected_for_reserved,
    "reserved for expected": reserved_for_expected,
    "zone of people": zone_of_people,
    "zone of the policy": zone_of_policy,
}
STARTS = {"start one early", "start one late"}
EXPECTED = {"expected end one early", "expected end one late", "reserved for expected"}
RESERVED = {"reserved end one early", "reserved end one late", "expected for reserved"}
PEOPLE, POLICY = {"zone of people"}, {"zone of the policy"}
# What each law looks at; an error in anything else cannot matter to it.
LOOKS_AT = {
    "horizon": STARTS | RESERVED | POLICY,  # `now` and the end of the local weeks
    "mandatory": set(),  # only whether a change is placed
    "precedence": STARTS | RESERVED,
    "same window": STARTS,
    "conflict": STARTS | RESERVED,
    "capacity": STARTS | RESERVED | PEOPLE,
    "redundancy": STARTS | RESERVED,
    "blackout": STARTS | RESERVED | PEOPLE,
    "allowed": STARTS | RESERVED | PEOPLE,
    "protected hours": STARTS | RESERVED | PEOPLE,
    "never": STARTS | RESERVED | PEOPLE,
    # Blocks of 28 days are local; a reserved end that comes earlier takes an equal expected end along.
    "outage minutes": STARTS | EXPECTED | {"reserved end one early"} | POLICY,
    "earliest": STARTS,  # an instant: its zone is resolved when the file is read
    # An override holds for the start that is pinned; the probe has no case of one that is due a slot earlier.
    "due": RESERVED | {"start one early"},
    "rejected windows": STARTS | RESERVED,
    "pins": STARTS | RESERVED,  # a rejection lifts the pins of windows that it overlaps
    "move cap": STARTS | RESERVED,  # a rejection takes back the announcement of a window that it overlaps
    "notice": STARTS | PEOPLE,
    "downtime": STARTS | EXPECTED | RESERVED | PEOPLE,  # the zone of a team is where its usage recurs
    "delay": STARTS,
    "soft calendars": STARTS | RESERVED | PEOPLE,
    "preferences": STARTS | RESERVED | PEOPLE,
    "disruption": STARTS | RESERVED | POLICY,  # the days left are those of the policy's calendar
    "drop": set(),
}


# --- planting ------------------------------------------------------------------------------------------------------


@cache
def planted(error: str, number: int) -> World:
    case = probe()[number]
    return ERRORS[error]((case.portfolio, case.starts))


def with_error(law: Rule | Cost, face: str, error: str, number: int) -> Rule | Cost:
    """A copy of a law, one face of which sees the world of a case through an error."""
    portfolio, starts = planted(error, number)
    schedule = schedule_at(portfolio, starts)
    if face == "post":

        def post(true: Portfolio, problem: Problem) -> None:
            law.post(portfolio, problem)

        return replace(law, post=post)
    if isinstance(law, Rule):
        check = law.check
        return replace(law, check=lambda *_: check(portfolio, schedule))
    bill = law.bill
    return replace(law, bill=lambda *_: bill(portfolio, schedule))


def caught(law: Rule | Cost, face: str, error: str) -> bool:
    for number, case in enumerate(probe()):
        slots = planted(error, number)[0].horizon.slots
        if slots != case.portfolio.horizon.slots and (
            law.name != "horizon" or max(case.starts.values(), default=0) >= slots
        ):
            continue  # primitives of another grid do not fit the problem at all
        bad = with_error(law, face, error, number)
        if face == "post":
            # The faulty problem is asked about the starts as it sees them.
            moved = Case.__new__(Case)
            moved.__dict__.update(case.__dict__, starts=planted(error, number)[1])
            case = moved
        if disagreement(bad, case):
            return True
    return False


def test_the_table_names_every_law() -> None:
    assert set(LOOKS_AT) == {law.name for law in LAWS}


def test_the_probe_is_silent_without_an_error() -> None:
    for case in probe():
        for law in LAWS:
            assert disagreement(law, case) is None


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("face", ["definition", "post"])
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_errors_are_caught_where_they_matter(law: Rule | Cost, face: str, error: str) -> None:
    assert caught(law, face, error) is (error in LOOKS_AT[law.name])


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_silence_is_caught(law: Rule | Cost) -> None:
    dumb_post = replace(law, post=lambda *_: None)
    field = "check" if isinstance(law, Rule) else "bill"
    dumb_definition = replace(law, **{field: lambda *_: iter(())})
    for dumb in (dumb_post, dumb_definition):
        assert any(disagreement(dumb, case) for case in probe()), f"{law.name} may say nothing"
