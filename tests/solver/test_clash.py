"""Minimal clashes: against trying everything on tiny problems, and on portfolios rebuilt from what is named."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from builders import blackout, calendar, change, decide, depends, engineer, group, level, portfolio, team
from hypothesis import assume, given, settings
from strategies import Seeded
from tiny_problems import optimum, problems, random_problem

from scheduler.portfolio import Impact, Portfolio
from scheduler.schedule import Clash
from scheduler.solver.clash import cores, emptied, emptied_by, find_cores, quick_xplain, rules_alone
from scheduler.solver.clash_words import in_words
from scheduler.solver.deciding import has_plan
from scheduler.solver.demands import Demand, demands, only_changes, only_demands, without
from scheduler.solver.effort import Effort
from scheduler.solver.problem import Problem


def effort() -> Effort:
    return Effort(60.0)


# --- canonical problems, by brute force --------------------------------------------------------------------------


def alone(problem: Problem, kept: Iterable[Demand]) -> Problem:
    """The changes that some demands name, as mandatory as they are, with these demands and no others."""
    kept = list(kept)
    named = [problem.index[name] for name in {name for demand in kept for name in demand.changes}]
    part = Problem(problem.slots, [problem.changes[number] for number in sorted(named)])
    whole = only_changes(problem, named)
    part = only_demands(whole, [keys for demand, keys in demands(whole).items() if demand in kept])
    for name in set(whole.changes) - {problem.changes[number] for number in named}:
        part.drop_price[part.index[name]] = 0
    return part


def assert_minimal(problem: Problem) -> int:
    found = list(find_cores(problem, effort()))
    named: set[str] = set()
    for core in found:
        changes = {name for demand in core.demands for name in demand.changes}
        assert core.minimal
        assert not changes & named, "two clashes share a change"
        named |= changes
        assert optimum(alone(problem, core.demands)) is None, f"{core} can be obeyed"
        for spared in core.demands:
            rest = [demand for demand in core.demands if demand != spared]
            assert optimum(alone(problem, rest)) is not None, f"{spared} is not needed in {core}"
            lifted = alone(problem, core.demands)
            assert optimum(without(lifted, spared)) is not None, f"lifting {spared} does not help {core}"
    return len(found)


def test_clashes_of_tiny_problems_are_minimal() -> None:
    counts = [0, 0, 0]
    for seed in range(200):
        problem = random_problem(Seeded(seed))
        if optimum(problem) is None:
            count = assert_minimal(problem)
            assert count, f"seed {seed}: infeasible, but no clash was found"
            counts[min(count, 2)] += 1
        else:
            assert not list(find_cores(problem, effort())), f"seed {seed}: a clash, but there is a plan"
    assert counts[1] > 10, "hardly any of the problems is infeasible: they test nothing"


@settings(max_examples=30, deadline=None)
@given(problems())
def test_clashes_of_drawn_problems_are_minimal(problem: Problem) -> None:
    assume(optimum(problem) is None)
    assert assert_minimal(problem)


@pytest.mark.parametrize("count", range(1, 6))
def test_quick_xplain_finds_a_minimal_part(count: int) -> None:
    # Infeasible as soon as all the first `count` odd numbers are in.
    bad = set(range(1, 2 * count, 2))
    asked = 0

    def infeasible(some: Iterable[int]) -> bool:
        nonlocal asked
        asked += 1
        return bad <= set(some)

    assert quick_xplain(range(40), infeasible) == sorted(bad)
    assert asked <= 2 * count * 7  # Junker's bound is about 2k log2(n / k) + 2k
    assert quick_xplain([1, 2], lambda some: True) == []


# --- portfolios, rebuilt from the demands that are named -----------------------------------------------------------


OF_OUTAGES = ("redundancy", "protected hours", "outage minutes")


def rebuilt(p: Portfolio, clash: Iterable[Clash]) -> Portfolio:
    """Build the portfolio anew: only the changes named, and of every rule only what is named for them."""
    holds = {(one.rule, frozenset(one.changes)) for one in clash}
    named = frozenset().union(*(changes for _, changes in holds))

    def bound(rule: str, name: str) -> bool:
        return any(kind == rule and name in changes for kind, changes in holds)

    def pairs(rule: str, name: str) -> set[str]:
        return {other for kind, pair in holds if kind == rule and name in pair for other in pair - {name}}

    changes = {
        name: replace(
            one,
            earliest=one.earliest if bound("earliest", name) else None,
            due=one.due if bound("due", name) else None,
            allowed=one.allowed if bound("allowed", name) else (),
            skills=one.skills if bound("capacity", name) else (),
            fixed_start=one.fixed_start if bound("pins", name) else None,
            same_window_as=tuple(other for other in one.same_window_as if other in pairs("same window", name)),
            not_with=tuple(other for other in one.not_with if other in pairs("conflict", name)),
            after=tuple(other for other in one.after if other.change in pairs("precedence", name)),
            type=one.type if bound("notice", name) else "emergency",
            # What takes nothing out breaks no group and no promise.
            impact=one.impact if any(bound(rule, name) for rule in OF_OUTAGES) else Impact.DEGRADED,
        )
        for name, one in p.changes.items()
        if name in named
    }
    kind_of = {"reject": "rejected windows", "approve": "move cap"}
    return replace(
        p,
        changes=changes,
        decisions=tuple(one for one in p.decisions if bound(kind_of.get(one.kind, "pins"), one.change)),
        calendars={
            name: replace(one, applies_to=tuple(f"service:for {c}" for c in named if bound("blackout", c)))
            if one.kind == "blackout"
            else one
            for name, one in p.calendars.items()
        },
    )


def clashes(p: Portfolio) -> tuple[list[tuple[Clash, ...]], bool]:
    """Every clash of a portfolio in words, and whether all are proved minimal."""
    found = cores(rules_alone(p), effort())
    return [in_words(p, rules_alone(p), core.demands) for core in found], all(core.minimal for core in found)


def with_own_services(p: Portfolio) -> Portfolio:
    """Give every change a service of its own beside the others, so that a blackout can be lifted for one alone."""
    services = {f"for {name}": replace(p.services["app"], id=f"for {name}") for name in p.changes}
    changes = {name: replace(one, services=(*one.services, f"for {name}")) for name, one in p.changes.items()}
    return replace(p, changes=changes, services=p.services | services)


def fits(p: Portfolio) -> bool:
    answer = has_plan(rules_alone(p), effort())
    assert answer is not None
    return answer


def assert_clash(p: Portfolio, clash: tuple[Clash, ...]) -> None:
    assert not fits(rebuilt(p, clash)), "what is named can be obeyed"
    for spared in clash:
        rest = [one for one in clash if one != spared]
        assert fits(rebuilt(p, rest)), f"without {spared} it still cannot be obeyed"


MONDAY_NIGHT = {"earliest": "Mon 20:00", "due": "Tue 02:00"}
STAFF = [engineer("Ana", skills="dba", works="Mon-Fri 18:00-04:00"), engineer("Ben", skills="network")]
PARTS = {
    "people": [
        change("P1", hours=3, skills="dba", **MONDAY_NIGHT),
        change("P2", hours=4, skills="dba", **MONDAY_NIGHT),
        change("P3", hours=1, skills="network", **MONDAY_NIGHT),
    ],
    "order": [
        change("O1", earliest="Wed 10:00", hours=5),
        change("O2", after="O1+120m", hours=2, due="Wed 18:00"),
        change("O3", after="O2"),
    ],
    "freeze": [change("F1", earliest="Fri 00:00", due="Sat 00:00", hours=3), change("F2", hours=2)],
    "group": [
        change("G1", services="m1", hours=30, earliest="Tue 00:00", due="Wed 12:00"),
        change("G2", services="m2", hours=10, earliest="Tue 00:00", due="Wed 00:00"),
    ],
    "together": [
        change("T1", same_as="T2", due="Mon 02:00"),
        change("T2", same_as="T3"),
        change("T3", earliest="Mon 03:00"),
    ],
    # An hour before the shop opens at eight and two after it closes at eight.
    "protected": [change("R1", services="shop", hours=3, earliest="Mon 07:00", due="Mon 22:00")],
    # Two may share an hour, but of three that exclude each other there are three hours out.
    "minutes": [
        change("M1", services="till", not_with="M2;M3"),
        change("M2", services="till", not_with="M3"),
        change("M3", services="till"),
    ],
    "moves": [change("V1"), change("V2"), change("V3")],
    "pins": [
        change("C1", not_with="C2", hours=2, fixed_start="Thu 10:00"),
        change("C2", hours=2, fixed_start="Thu 11:00"),
    ],
}


def world(*parts: str) -> Portfolio:
    changes = [one for part in parts for one in PARTS[part]]
    p = portfolio(
        changes=[change("free", skills="dba"), *changes],
        engineers=STAFF,
        groups=[group("pool", "m1;m2;m3", min_up=2)],
        dependencies=[depends("app", "pool")],
        blackouts=[blackout("Fri 00:00", "Sat 00:00", id="freeze")],
        levels=[level("open", protected="Mon-Sun 08:00-20:00"), level("paid", minutes=120)],
        teams=[team("Shoppers", level="open", uses="shop"), team("Tellers", level="paid", uses="till")],
        decisions=[decide(name, "approve", "Fri 10:00") for name in ("V1", "V2") if "moves" in parts],
        approved_may_move=True,
        max_moves=1,
    )
    return with_own_services(p)


@pytest.mark.parametrize("part", PARTS)
def test_one_clash_is_named_and_minimal(part: str) -> None:
    p = world(part)
    found, proved = clashes(p)
    assert proved
    assert len(found) == 1
    assert_clash(p, found[0])


@pytest.mark.parametrize(
    "parts",
    [
        ("people", "order"),
        ("freeze", "group"),
        ("people", "order", "freeze"),
        ("order", "group", "pins"),
        ("together", "moves"),
        ("minutes", "protected", "people"),
    ],
)
def test_disjoint_clashes_are_told_apart(parts: tuple[str, ...]) -> None:
    p = world(*parts)
    found, proved = clashes(p)
    assert proved
    assert len(found) == len(parts)
    for clash in found:
        assert_clash(p, clash)
        # Every change of a part starts with its letter: a clash keeps to one part.
        assert len({name[0] for one in clash for name in one.changes}) == 1
    assert [len(one) for one in found] == sorted(len(one) for one in found)


def test_demands_of_other_rules_in_words() -> None:
    said = {rule: text for part in PARTS for clash in clashes(world(part))[0] for rule, text in texts(clash)}
    assert said["same window"] == "T2 and T3 must start together"
    assert said["protected hours"] == ("R1 puts services out for up to 3 h, outside the protected hours of Shoppers")
    assert said["outage minutes"] == (
        "Tellers is promised till is out for 120 minutes in 28 days at most; M1 puts it out for 60, M2 puts it out for "
        "60 and M3 puts it out for 60"
    )
    assert said["move cap"] == (
        "at most 1 announced windows may move, so not all of V1 from Fri 5 Mar 2027 10:00 UTC and "
        "V2 from Fri 5 Mar 2027 10:00 UTC"
    )
    assert said["pins"] == "C2 is fixed to Thu 4 Mar 2027 11:00 UTC"
    assert said["redundancy"] == "G1 takes m1 and G2 takes m2 out of pool, which can spare 1 at a time"


def texts(clash: tuple[Clash, ...]) -> list[tuple[str, str]]:
    return [(one.rule, one.text) for one in clash]


def test_where_everything_fits_there_is_no_clash() -> None:
    p = portfolio(changes=[change("A", not_with="B"), change("B", not_with="A")])
    assert clashes(p)[0] == []


def test_a_clash_in_words() -> None:
    found, _ = clashes(world("people"))
    assert [(one.rule, one.changes, one.text) for one in found[0]] == [
        (
            "capacity",
            ("P1", "P2"),
            "P1 and P2 each need 1 with dba; where they could run there is at most 1 of these on duty at a time (Ana)",
        ),
        ("earliest", ("P1",), "P1 may not start before Mon 1 Mar 2027 20:00 UTC"),
        ("earliest", ("P2",), "P2 may not start before Mon 1 Mar 2027 20:00 UTC"),
        ("due", ("P1",), "P1, which needs 3 h, is due Tue 2 Mar 2027 02:00 UTC"),
        ("due", ("P2",), "P2, which needs 4 h, is due Tue 2 Mar 2027 02:00 UTC"),
    ]
    found, _ = clashes(world("order"))
    assert [(one.rule, one.changes, one.text) for one in found[0]] == [
        ("precedence", ("O1", "O2"), "O2 comes after O1, which needs 5 h, 2 h later at the soonest"),
        ("earliest", ("O1",), "O1 may not start before Wed 3 Mar 2027 10:00 UTC"),
        ("due", ("O2",), "O2, which needs 2 h, is due Wed 3 Mar 2027 18:00 UTC"),
    ]


def test_people_who_are_there_but_not_long_enough() -> None:
    # Four are there from 11:00 to 12:00, but one alone after 13:00, and P and Q need two each for three hours.
    hours = {"Ana": "Mon 08:00-14:00", "Ben": "Mon 08:00-13:00", "Cleo": "Mon 11:00-12:00", "Dora": "Mon 11:00-12:00"}
    p = portfolio(
        changes=[change(name, hours=3, skills="dba*2", due="Mon 14:00", earliest="Mon 08:00") for name in "PQ"],
        engineers=[engineer(name, skills="dba", works=works) for name, works in hours.items()],
    )
    ((capacity, *_),) = clashes(p)[0]
    assert capacity.text == (
        "P and Q each need 2 with dba; where they could run there are times with only 1 of these on duty "
        "(Ana, Ben, Cleo and Dora)"
    )


def test_nobody_on_duty() -> None:
    p = portfolio(
        changes=[change("P", skills="dba", due="Mon 06:00")],
        engineers=[engineer("Ana", skills="dba", works="Tue 08:00-14:00")],
    )
    assert [one.text for one in emptied_by(p, "P")] == [
        "P needs 1 with dba; where they could run nobody with that is on duty",
        "P, which needs 1 h, is due Mon 1 Mar 2027 06:00 UTC",
    ]


# --- what empties one change ---------------------------------------------------------------------------------------


def test_masks_that_empty_a_change_are_named_with_what_they_come_from() -> None:
    p = portfolio(
        changes=[
            change("A", hours=2, earliest="Tue 10:00", due="Wed 10:00"),
            change("B", hours=2, allowed="nights", due="Mon 20:00"),
            change("C", due="Wed 00:00"),
            change("D", hours=200),
            change("E", fixed_start="Mon 08:00", earliest="Mon 09:00"),
            change("F", skills="dba*2"),
            change("G"),
            change("H", after="A"),
        ],
        levels=[level("premium", notice=5)],
        teams=[team("Blue", level="premium", uses="app")],
        engineers=[engineer("Ana", skills="dba")],
        blackouts=[blackout("Tue 00:00", "Wed 09:00")],
        calendars=[calendar("nights", "allowed", "Mon-Sun 22:00-06:00")],
    )
    said = {name: [(one.rule, one.text) for one in emptied_by(p, name)] for name in p.changes}
    assert emptied(p) == {name: emptied_by(p, name) for name in "ABCDEFH"}
    # The fixed start of E needs no notice. Each set is the smallest there is: for A notice and due are enough.
    assert said == {
        "A": [
            ("due", "A, which needs 2 h, is due Wed 3 Mar 2027 10:00 UTC"),
            ("notice", "Blue must hear of A 5 days ahead, so that it cannot start before Sat 6 Mar 2027 00:00 UTC"),
        ],
        "B": [
            ("due", "B, which needs 2 h, is due Mon 1 Mar 2027 20:00 UTC"),
            ("notice", "Blue must hear of B 5 days ahead, so that it cannot start before Sat 6 Mar 2027 00:00 UTC"),
        ],
        "C": [
            ("due", "C, which needs 1 h, is due Wed 3 Mar 2027 00:00 UTC"),
            ("notice", "Blue must hear of C 5 days ahead, so that it cannot start before Sat 6 Mar 2027 00:00 UTC"),
        ],
        "D": [
            (
                "horizon",
                "D needs 200 h between now, Mon 1 Mar 2027 00:00 UTC, and the end of the planned weeks, "
                "Mon 8 Mar 2027 00:00 UTC",
            )
        ],
        "E": [
            ("earliest", "E may not start before Mon 1 Mar 2027 09:00 UTC"),
            ("pins", "E is fixed to Mon 1 Mar 2027 08:00 UTC"),
        ],
        "F": [
            ("capacity", "F needs 2 with dba; where they could run there is at most 1 of these on duty at a time (Ana)")
        ],
        "G": [],
        "H": said["A"],
    }


def test_calendars_that_empty_a_change_are_named() -> None:
    p = portfolio(
        changes=[change("A", hours=9, allowed="nights"), change("B", hours=3, allowed="nights", due="Mon 04:00")],
        blackouts=[blackout("Mon 02:00", "Mon 05:00", applies_to="service:app")],
        calendars=[calendar("nights", "allowed", "Mon-Sun 22:00-06:00")],
        decisions=[decide("B", "reject", "Mon 00:00")],
    )
    (only,) = emptied_by(p, "A")
    assert (only.rule, only.text) == ("allowed", "A needs 9 h inside the allowed hours nights")
    # Until 04:00 there are eight hours of night with two of freeze, or the window that was refused.
    assert [(one.rule, one.text) for one in emptied_by(p, "B")] == [
        ("blackout", "B needs 3 h outside the blackout freeze (Mon 1 Mar 2027 02:00 to 05:00 UTC)"),
        ("due", "B, which needs 3 h, is due Mon 1 Mar 2027 04:00 UTC"),
    ]


def test_two_changes_that_start_together_and_have_no_start() -> None:
    # Each is the other's reason as well as its own; one is named.
    p = portfolio(changes=[change("A", due="Mon 00:30"), change("B", due="Mon 00:30", same_as="A"), change("C")])
    for name in ("A", "B"):
        (only,) = emptied_by(p, name)
        assert only.rule == "due"
        assert only.changes in (("A",), ("B",))
    assert emptied_by(p, "C") == ()
