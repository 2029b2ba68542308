"""Names for engineers: cases by hand, and the fewest hand-overs against every assignment of tiny plans."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import permutations

import numpy as np
from builders import change, engineer, portfolio, schedule, when

from scheduler.portfolio import Portfolio
from scheduler.rules.capacity import duty
from scheduler.schedule import Schedule
from scheduler.solver.roster import roster
from scheduler.solver.solve import solve
from scheduler.verify import verify


def named(p: Portfolio, starts: Mapping[str, str | datetime]) -> Schedule:
    found = roster(p, schedule(p, starts))
    assert not [one for one in verify(p, found) if one.rule == "capacity"]
    return found


def shifts(plan: Schedule, change: str) -> list[tuple[str, str, datetime, datetime]]:
    return [(one.engineer, one.skill, one.start, one.end) for one in plan.by_change[change].engineers]


def test_one_engineer_stays_for_the_whole_reserved_window() -> None:
    p = portfolio(
        changes=[change("A", hours=1, backout=60, skills="dba")],
        engineers=[
            engineer("Ana", skills="dba", works="Mon 00:00-03:30"),
            engineer("Ben", skills="dba", works="Mon 02:00-06:00"),
        ],
    )
    # Two hours from 02:00: Ana would have to leave at 03:30.
    plan = named(p, {"A": "Mon 02:00"})
    assert shifts(plan, "A") == [("Ben", "dba", when("Mon 02:00"), when("Mon 04:00"))]


def test_work_changes_hands_where_nobody_can_stay() -> None:
    p = portfolio(
        changes=[change("A", hours=3, skills="dba")],
        engineers=[
            engineer("Ana", skills="dba", works="Mon 00:00-04:00"),
            engineer("Ben", skills="dba", works="Mon 03:00-06:00"),
        ],
    )
    # 02:00 to 05:00: one hand-over, between 03:00 and 04:00, at an hour when something changes.
    first, second = shifts(named(p, {"A": "Mon 02:00"}), "A")
    assert (first[0], first[2], second[0], second[3]) == ("Ana", when("Mon 02:00"), "Ben", when("Mon 05:00"))
    assert first[3] == second[2]
    assert when("Mon 03:00") <= first[3] <= when("Mon 04:00")


def test_who_can_do_both_is_kept_for_what_nobody_else_can() -> None:
    p = portfolio(
        changes=[change("P", hours=2, skills="network"), change("Q", hours=2, skills="dba")],
        engineers=[engineer("Ana", skills="dba;network"), engineer("Ben", skills="network")],
    )
    # P runs alone for an hour; were Ana on it she would have to leave when Q begins.
    plan = named(p, {"P": "Mon 01:00", "Q": "Mon 02:00"})
    assert shifts(plan, "P") == [("Ben", "network", when("Mon 01:00"), when("Mon 03:00"))]
    assert shifts(plan, "Q") == [("Ana", "dba", when("Mon 02:00"), when("Mon 04:00"))]


def test_two_units_are_two_people() -> None:
    p = portfolio(
        changes=[change("A", hours=1, skills="dba*2;network")],
        engineers=[engineer(name, skills="dba;network") for name in ("Ana", "Ben", "Cai")],
    )
    plan = named(p, {"A": "Mon 01:00"})
    assert sorted(one[0] for one in shifts(plan, "A")) == ["Ana", "Ben", "Cai"]
    assert sorted(one[1] for one in shifts(plan, "A")) == ["dba", "dba", "network"]


def test_without_a_list_or_without_skills_there_are_no_names() -> None:
    asks = portfolio(changes=[change("A", skills="dba")])
    assert named(asks, {"A": "Mon 01:00"}).placements[0].engineers == ()
    nothing = portfolio(changes=[change("A")], engineers=[engineer("Ana", skills="dba")])
    assert named(nothing, {"A": "Mon 01:00"}).placements[0].engineers == ()


def test_a_plan_carries_names() -> None:
    p = portfolio(
        changes=[change("A", skills="dba"), change("B", skills="dba"), change("C")],
        engineers=[engineer("Ana", skills="dba", works="Mon-Fri 09:00-17:00")],
        users={("Blue", "app"): 1},
    )
    result = solve(p, deterministic=1.0)
    assert verify(p, result.schedule) == []
    assert {one.change: [shift.engineer for shift in one.engineers] for one in result.schedule.placements} == {
        "A": ["Ana"],
        "B": ["Ana"],
        "C": [],
    }


# --- against every assignment --------------------------------------------------------------------------------------


def fewest(p: Portfolio, plan: Schedule) -> int | None:
    """Go through the slots with every assignment of each; None where some slot has none."""
    on_duty = {name: p.horizon.covered(windows) for name, windows in duty(p).items()}
    units = [
        (one.change, skill, number)
        for one in plan.placements
        for skill, amount in p.changes[one.change].skills
        for number in range(amount)
    ]
    spans = {one.change: (p.horizon.floor(one.start), p.horizon.ceil(one.reserved_until)) for one in plan.placements}

    def assignments(slot: int) -> Iterator[dict[tuple[str, str, int], str]]:
        active = [unit for unit in units if spans[unit[0]][0] <= slot < spans[unit[0]][1]]
        staff = [name for name, mask in on_duty.items() if mask[slot]]
        for people in permutations(staff, len(active)):
            if all(unit[1] in p.engineers[name].skills for unit, name in zip(active, people, strict=True)):
                yield dict(zip(active, people, strict=True))

    # (unit, engineer) pairs -> hand-overs so far
    best: dict[frozenset[tuple[tuple[str, str, int], str]], int] = {frozenset(): 0}
    for slot in range(min(a for a, _ in spans.values()), max(b for _, b in spans.values())):
        after: dict[frozenset[tuple[tuple[str, str, int], str]], int] = {}
        for assigned in assignments(slot):
            for before, count in best.items():
                there = dict(before)
                more = count + sum(1 for unit, name in assigned.items() if unit in there and there[unit] != name)
                key = frozenset(assigned.items())
                after[key] = min(after.get(key, more), more)
        if not after:
            return None
        best = after
    return min(best.values())


def counted(p: Portfolio, plan: Schedule) -> int:
    """Hand-overs of a plan with names: engineers who come to a job after its first slot."""
    found = 0
    for one in plan.placements:
        found += sum(1 for shift in one.engineers if shift.start > one.start)
    return found


def random_plan(seed: int) -> tuple[Portfolio, Schedule]:
    rng = np.random.default_rng(seed)

    def hours() -> str:
        begin, length = int(rng.integers(0, 5)), int(rng.integers(2, 6))
        return f"Mon {begin:02}:00-{begin + length:02}:00"

    skills = ["dba", "network", "dba;network"]
    staff = [
        engineer(
            name, skills=skills[int(rng.integers(3))], works="" if rng.random() < 0.3 else "; ".join({hours(), hours()})
        )
        for name in ("Ana", "Ben", "Cai", "Dee")
    ]
    work = [
        change(
            name, hours=int(rng.integers(2, 6)), skills=str(rng.choice(["dba", "network", "dba;network", "network*2"]))
        )
        for name in "PQR"
    ]
    p = portfolio(changes=work, engineers=staff)
    return p, schedule(p, {one.id: f"Mon 0{int(rng.integers(0, 5))}:{rng.choice(['00', '30'])}" for one in work})


def test_the_fewest_hand_overs() -> None:
    compared, changed = 0, 0
    for seed in range(400):
        p, plan = random_plan(seed)
        least = fewest(p, plan)
        legal = not [one for one in verify(p, plan) if one.rule == "capacity"]
        assert legal == (least is not None)
        if least is not None:
            found = named(p, {one.change: one.start for one in plan.placements})
            assert counted(p, found) == least, seed
            compared, changed = compared + 1, changed + (least > 0)
    assert compared >= 60
    assert changed >= 10
