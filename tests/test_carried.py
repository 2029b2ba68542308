"""What a portfolio made from another takes over: only what it may, and the same as if it were worked out anew."""

import importlib
from collections.abc import Callable
from dataclasses import fields, replace
from fractions import Fraction
from pkgutil import iter_modules
from typing import Any

import pytest
from builders import (
    MONDAY,
    calendar,
    change,
    decide,
    depends,
    engineer,
    event,
    group,
    level,
    schedule,
    service,
    team,
)
from demand.records import recorded, weekly

import scheduler.costs
import scheduler.demand
import scheduler.rules
import scheduler.solver
from scheduler.demand.burden import sizes
from scheduler.demand.impact import prices
from scheduler.demand.topology import behind_services, clients, effects
from scheduler.demand.usage import assumed, expected_users
from scheduler.portfolio import Portfolio
from scheduler.rules.capacity import duty
from scheduler.solver.document import document_of
from scheduler.solver.solve import build
from scheduler.verify import bill

FIELDS = {one.name for one in fields(Portfolio)} - {"_memo", "_carried"}


def carried_functions() -> dict[str, Callable[[Portfolio], Any]]:
    found = {}
    for package in (scheduler.demand, scheduler.rules, scheduler.costs, scheduler.solver):
        for module in iter_modules(package.__path__, f"{package.__name__}."):
            for name, one in vars(importlib.import_module(module.name)).items():
                if isinstance(getattr(one, "parts", None), tuple):
                    found[f"{one.__module__}.{name}"] = one
    return found


class Watched(Portfolio):
    """Notes which of its fields anybody looks at."""

    def __getattribute__(self, name: str) -> Any:
        if name in FIELDS:
            object.__getattribute__(self, "__dict__").setdefault("looked_at", set()).add(name)
        return object.__getattribute__(self, name)


def world() -> Portfolio:
    blue = team("Blue", level="gold", uses="web;G")
    p = recorded(
        weekly(blue, lambda minute: 5.0 + minute % 60, MONDAY, service="web"),
        [blue, team("Green", uses="web")],
        changes=[
            change("A", services="m1", minutes=60, p90=120, backout=60, failure_chance=0.1, skills="dba"),
            change("B", services="m2", skills="dba", allowed="night"),
            change("C", services="m1;m2"),
        ],
        services=[service(name) for name in ("web", "m1", "m2", "m3")],
        levels=[level("gold", weight=2, notice=1)],
        dependencies=[depends("web", "G")],
        groups=[group("G", "m1;m2;m3", min_up=2)],
        engineers=[engineer("Ana", skills="dba", works="Mon-Fri 00:00-24:00")],
        calendars=[calendar("night", "allowed", "22:00-06:00")],
        events=[event("Blue", "Tue 00:00", "Wed 00:00", factor="2")],
        redundancy_failure="0.01",
    )
    return replace(p, _carried={})


@pytest.mark.parametrize("name", sorted(carried_functions()))
def test_an_answer_is_carried_only_by_all_it_depends_on(name: str) -> None:
    function = carried_functions()[name]
    p = world()
    watched = Watched(**{one.name: getattr(p, one.name) for one in fields(p) if one.init})
    function(watched)
    assert watched.__dict__["looked_at"] <= set(function.parts) | {"_memo"}


def test_a_decision_leaves_effects_users_and_prices_alone() -> None:
    p = world()
    first = build(p)
    later = replace(p, decisions=(decide("A", "pin", "Wed 03:00"),))
    second = build(later)
    for answer in (expected_users, assumed, sizes, clients, behind_services, duty):
        assert answer(later) is answer(p)
    assert all(effects(later)[name] is effects(p)[name] for name in p.changes)
    priced = [(one, other) for one, other in zip(first.cells, second.cells, strict=True) if one.kept.any()]
    assert len(priced) > 3
    assert all(one.kept is other.kept for one, other in priced)


@pytest.mark.parametrize(
    "what_if",
    [
        {"decisions": (decide("A", "pin", "Wed 03:00"),)},
        {"changes": world().changes | {"B": change("B", services="web", minutes=90, skills="dba")}},
        {"teams": world().teams | {"Blue": replace(world().teams["Blue"], cost_cents_per_user_hour=7)}},
        {"policy": replace(world().policy, degraded_share=Fraction(1, 2), redundancy_failure_per_hour=Fraction(1, 9))},
        {"policy": replace(world().policy, slot_minutes=60)},
        {"events": ()},
        {"usage": world().usage.iloc[:-50]},
        {"dependencies": (depends("web", "G", "DEGRADED"), depends("m1", "m2"))},
        {"engineers": {}},
        {"now": MONDAY.replace(day=2)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_what_if_is_as_if_worked_out_anew(what_if: dict[str, Any]) -> None:
    p = world()
    plan = {"A": "Wed 03:00", "B": "Thu 23:00", "C": "Fri 01:00"}
    build(p), sizes(p), tuple(bill(p, schedule(p, plan)))
    carried, anew = replace(p, **what_if), replace(world(), **what_if)
    assert carried._carried is p._carried
    assert anew._carried is not p._carried
    assert document_of(build(carried)) == document_of(build(anew))
    assert sizes(carried) == sizes(anew)
    assert tuple(bill(carried, schedule(carried, plan))) == tuple(bill(anew, schedule(anew, plan)))
    # And the first is not disturbed by what was asked of the second.
    assert document_of(build(p)) == document_of(build(world()))


def test_weights_are_kept_only_as_long_as_a_problem_needs_them() -> None:
    p = world()
    row = prices(p).added_weighted("web", Fraction(0), Fraction(1))
    assert prices(p).added_weighted("web", Fraction(0), Fraction(1)) is row
    expected = prices(p).service_weighted("web", Fraction(1)).tolist()
    assert row.tolist() == expected
    del row
    held = [prices(p).service_weighted("web", Fraction(1)) for _ in range(2)]
    assert prices(p).added_weighted("web", Fraction(0), Fraction(1)).tolist() == held[0].tolist() == expected
