import ast
from dataclasses import replace
from pathlib import Path

from builders import (
    blackout,
    calendar,
    change,
    decide,
    engineer,
    group,
    level,
    portfolio,
    preference,
    schedule,
    team,
    when,
)

import scheduler
from scheduler.costs import COSTS
from scheduler.rules import RULES
from scheduler.schedule import Schedule, total
from scheduler.verify import bill, verify

ROOT = Path(scheduler.__file__).parent.parent


def imports(module: str) -> set[str]:
    """Names of the modules that a module of the package imports, but for type checking only."""
    path = ROOT.joinpath(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not path.exists():
        return set()  # a name inside a module
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return
        if isinstance(node, ast.Import):
            found.update(name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update({node.module, *(f"{node.module}.{name.name}" for name in node.names)})
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(path.read_text(encoding="utf-8")))
    return found


def reached(module: str) -> set[str]:
    """Names of everything that importing a module may load, the root package's own re-exports apart."""
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            parts = name.split(".")
            parents = [".".join(parts[:count]) for count in range(2, len(parts))] if parts[0] == "scheduler" else []
            waiting.extend([*parents, *(imports(name) if parts[0] == "scheduler" and len(parts) > 1 else ())])
    return seen


def test_no_solver_is_reached() -> None:
    names = reached("scheduler.verify")
    assert {"scheduler.rules.capacity", "scheduler.costs.downtime", "scheduler.demand.impact"} <= names
    assert not {name for name in names if name.startswith("scheduler.solver") or name.split(".")[0] == "ortools"}
    # The walk does find OR-Tools where it is.
    assert any(name.split(".")[0] == "ortools" for name in reached("scheduler.solver.solve"))


def test_every_law_has_a_name_of_its_own_and_a_sentence() -> None:
    names = [law.name for law in (*RULES, *COSTS)]
    assert len(set(names)) == len(names)
    sentences = [rule.law for rule in RULES] + [cost.meaning for cost in COSTS]
    assert all(sentence[0].isupper() and sentence.endswith(".") for sentence in sentences)


def test_every_rule_speaks_in_the_order_of_the_list() -> None:
    # One change per rule, each placed where it breaks that rule and no other.
    p = portfolio(
        changes=[
            change("absent"),
            change("past"),
            change("first", services="s1"),
            change("second", services="s1", after="first"),
            change("one", services="s2", not_with="other"),
            change("other", services="s2"),
            change("staffed", services="s3", skills="dba"),
            change("m1", services="m1"),
            change("m2", services="m2"),
            change("closed", services="s4"),
            change("nights", services="s5", allowed="nights"),
            change("soon", services="s6", earliest="Wed 00:00"),
            change("late", services="s7", due="Mon 02:00"),
            change("refused", services="s8"),
            change("pinned", services="s9"),
            change("sudden", services="s10"),
            change("tied", services="s11"),
            change("apart", services="s11", same_as="tied"),
            change("guarded", services="s12"),
            change("unwanted", services="s13"),
            change("long", services="s14"),
            change("moved", services="s15"),
        ],
        groups=[group("G", "m1;m2")],
        engineers=[engineer("Ana", skills="dba", works="Tue 00:00-24:00")],
        blackouts=[blackout("Mon 12:00", "Mon 13:00", applies_to="service:s4")],
        calendars=[calendar("nights", "allowed", "22:00-06:00")],
        decisions=[decide("refused", "reject", "Mon 12:00"), decide("pinned", "pin", "Tue 12:00")],
        teams=[
            team("blue", uses="s10", notice=3),
            team("red", uses="s12", level="guarded"),
            team("green", uses="s13"),
            team("black", uses="s14", level="brief"),
        ],
        levels=[level("guarded", protected="Mon 12:00-13:00"), level("brief", minutes=30)],
        preferences=[preference("green", "never", "Mon 12:00-13:00")],
        announced={"moved": ("Tue 12:00", "2027-02-01T12:00Z")},
        max_moves=0,
        now="Mon 10:00",
    )
    starts = dict.fromkeys(p.changes, "Mon 12:00") | {"past": "Mon 09:00", "apart": "Mon 14:00"}
    del starts["absent"]
    broken = [(one.rule, one.changes) for one in verify(p, schedule(p, starts))]
    assert broken == [
        ("mandatory", ("absent",)),
        ("horizon", ("past",)),
        ("precedence", ("first", "second")),
        ("same window", ("apart", "tied")),
        ("conflict", ("one", "other")),
        ("capacity", ("staffed",)),
        ("redundancy", ("m1", "m2")),
        ("blackout", ("closed",)),
        ("allowed", ("nights",)),
        ("protected hours", ("guarded",)),
        ("never", ("unwanted",)),
        ("outage minutes", ("long",)),
        ("earliest", ("soon",)),
        ("due", ("late",)),
        ("rejected windows", ("refused",)),
        ("pins", ("pinned",)),
        ("move cap", ("moved",)),
        ("notice", ("sudden",)),
    ]
    assert [rule for rule, _ in broken] == [rule.name for rule in RULES]


def test_a_legal_schedule_is_silent() -> None:
    p = portfolio(changes=[change("A"), change("B", after="A")], users={("blue", "app"): 1})
    assert verify(p, schedule(p, {"A": "Mon 00:00", "B": "Mon 01:00"})) == []


def test_bill_is_sorted_and_adds_up() -> None:
    p = portfolio(
        changes=[change("B", delay=2400), change("A"), change("C", drop=70)],
        users={("green", "app"): 1, ("blue", "app"): 2},
    )
    charges = bill(p, schedule(p, {"A": "Mon 02:00", "B": "Mon 01:00"}))
    assert [(one.cost, one.team, one.change, one.start, one.cents) for one in charges] == [
        ("delay", "", "B", when("Mon 00:00"), 100),
        ("downtime", "blue", "A", when("Mon 02:00"), 200),
        ("downtime", "blue", "B", when("Mon 01:00"), 200),
        ("downtime", "green", "A", when("Mon 02:00"), 100),
        ("downtime", "green", "B", when("Mon 01:00"), 100),
        ("drop", "", "C", when("Mon 00:00"), 70),
    ]
    assert total(charges) == 770


def test_schedules_of_other_hands_are_judged_too() -> None:
    p = portfolio(
        changes=[change("A", skills="dba", allowed="nights", not_with="B"), change("B", after="A")],
        calendars=[calendar("nights", "allowed", "22:00-06:00")],
        engineers=[engineer("Ana", skills="dba")],
        users={("blue", "app"): 1},
    )
    a, b = schedule(p, {"A": "Mon 00:00", "B": "Mon 01:00"}).placements
    stranger = replace(b, change="X")
    broken = verify(p, Schedule((a, b, stranger)))
    assert [(one.rule, one.changes) for one in broken] == [("mandatory", ("X",))]
    assert total(bill(p, Schedule((a, b, stranger)))) == 200

    outside = schedule(p, {"A": "2027-02-28T23:10Z", "B": "Sun 23:40"})
    assert {one.rule for one in verify(p, outside)} == {"horizon"}
    # Off the grid a window is priced from the slot that holds its start: A is out of the horizon, B has its last slot.
    assert total(bill(p, outside)) == 50
