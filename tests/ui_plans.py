"""A small plan with one of everything that report, tables and charts show, and a hostile twin of it."""

import json
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

from builders import MONDAY, change, decide, depends, engineer, level, portfolio, schedule, service, team

from scheduler.baselines import baselines
from scheduler.explain import explain
from scheduler.explanation import Explanation
from scheduler.portfolio import Portfolio
from scheduler.publish.files import schedule_json
from scheduler.schedule import Clash, Result, Schedule, Shift, Unplaced, total
from scheduler.verify import bill

HOSTILE = (
    """<script>alert(1)</script>"'><img src=//evil.example/x onerror=alert(1)>{{7*7}}</style>"""
    """\x07\u202ecba\u200b]]>"""
)
SHOWN = HOSTILE.replace("\x07", "⟨U+0007⟩").replace("\u202e", "⟨U+202E⟩").replace("\u200b", "⟨U+200B⟩")


def world() -> Portfolio:
    """A works on app, which web needs; B on mail at the same time; C is pinned, D approved, E left out, F costs nobody.

    Blue is in London with weight 2, Green in New York, Red in London uses mail without a record of it.
    """
    p = portfolio(
        changes=[
            change("A", hours=2, p90=180, backout=30, failure_chance=0.1),
            change("B", services="mail", hours=1, delay=4800),
            change("C", services="app;mail", fixed_start="Wed 22:00"),
            change("D", services="db", impact="DEGRADED"),
            change("E", services="mail", drop=50_000),
            change("F", services="spare", type="emergency"),
        ],
        services=[service("app", zone="Europe/London", site="london"), service("mail")],
        dependencies=[depends("web", "app"), depends("app", "db", "DEGRADED")],
        teams=[
            team("Blue", level="premium", zone="Europe/London", notice=2),
            team("Green", zone="America/New_York", price=250),
            team("Red", uses="mail", zone="Europe/London"),
        ],
        levels=[level("premium", weight=2, notice=5)],
        engineers=[engineer("Ana", skills="dba")],
        decisions=[decide("D", "approve", "Thu 03:00", "2027-02-20T08:00Z")],
        users={("Blue", "app"): 40, ("Green", "web"): [9, 1, 5.5, 2], ("Blue", "mail"): 3, ("Red", "mail"): 0},
        now="2027-02-22T09:00Z",
        zone="Europe/London",
    )
    known = {pair: users for pair, users in (p.known_users or {}).items() if pair != ("Red", "mail")}
    return replace(p, known_users=known, warnings=("services.csv: nobody is said to use spare",), content_hash="4f2a")


STARTS = {"A": "Tue 01:00", "B": "Tue 02:00", "C": "Wed 22:00", "D": "Thu 03:00", "F": "Mon 10:00"}


def planned(p: Portfolio, plan: Schedule) -> Result:
    """Bill a schedule and compare it with the habits."""
    placed = tuple(
        replace(one, engineers=(Shift(engineer="Ana", skill="dba", start=one.start, end=one.reserved_until),))
        if one.change == "A" else one
        for one in plan.placements
    )  # fmt: skip
    plan = Schedule(placed)
    charges = tuple(bill(p, plan))
    left = sorted(set(p.changes) - set(plan.by_change))
    return Result(
        portfolio=p,
        schedule=plan,
        status="FEASIBLE",
        charges=charges,
        objective_cents=total(charges),
        bound_cents=total(charges) // 2,
        seconds=12.5,
        versions={"scheduler": "0.1.0"},
        unplaced=tuple(
            Unplaced(change=name, reason="it is cheaper to leave it out", drop_cents=p.changes[name].drop_cost_cents)
            for name in left
        ),
        baselines=baselines(p, plan),
    )


@cache
def plan() -> tuple[Result, list[Explanation]]:
    """Give the plan and the reasons for every change."""
    p = world()
    result = planned(p, schedule(p, STARTS))
    return result, explain(p, result.schedule)


@cache
def hostile_plan() -> tuple[Result, list[Explanation]]:
    """Give the same plan with hostile text in every field that users write, ids included."""

    def bad(text: str) -> str:
        return f"{text}{HOSTILE}"

    p = world()
    teams = {
        bad(one.id): replace(one, id=bad(one.id), name=bad(f"name {one.id}"), service_level=bad(one.service_level),
                             uses=tuple(map(bad, one.uses)), contact=HOSTILE, email=HOSTILE, language=HOSTILE)
        for one in p.teams.values()
    }  # fmt: skip
    services = {
        bad(one.id): replace(one, id=bad(one.id), name=bad(f"name {one.id}"),
                             used_for=HOSTILE, site=HOSTILE, owner=HOSTILE)
        for one in p.services.values()
    }  # fmt: skip
    texts = ("what_you_will_notice", "why", "workaround", "requested_by", "description")
    changes = {
        bad(one.id): replace(one, id=bad(one.id), title=bad(f"title {one.id}"), services=tuple(map(bad, one.services)),
                             **{field: bad(field) for field in texts})  # type: ignore[arg-type]
        for one in p.changes.values()
    }  # fmt: skip
    policy = replace(
        p.policy,
        name=HOSTILE,
        currency=HOSTILE,
        organizer=HOSTILE,
        domain=HOSTILE,
        service_levels={bad(name): replace(one, name=bad(name)) for name, one in p.policy.service_levels.items()},
    )
    twin = Portfolio(
        policy=policy,
        now=p.now,
        teams=teams,
        services=services,
        changes=changes,
        dependencies=tuple(
            replace(one, service=bad(one.service), depends_on=bad(one.depends_on)) for one in p.dependencies
        ),
        engineers={bad(name): replace(one, id=bad(name), skills=frozenset({HOSTILE}))
                   for name, one in (p.engineers or {}).items()},
        decisions=tuple(replace(one, change=bad(one.change)) for one in p.decisions),
        known_users={(bad(team), bad(node)): users for (team, node), users in (p.known_users or {}).items()},
        warnings=(HOSTILE,),
        content_hash=HOSTILE,
    )  # fmt: skip
    result = planned(twin, schedule(twin, {bad(name): start for name, start in STARTS.items()}))
    first = result.schedule.placements[0]
    shift = Shift(engineer=HOSTILE, skill=HOSTILE, start=first.start, end=first.reserved_until)
    result = replace(
        result,
        schedule=Schedule((replace(first, engineers=(shift,)), *result.schedule.placements[1:])),
        unplaced=tuple(replace(one, reason=HOSTILE) for one in result.unplaced),
        versions={HOSTILE: HOSTILE},
    )
    return result, explain(twin, result.schedule)


def nothing_planned() -> Result:
    """A portfolio without changes, teams and services."""
    p = portfolio()
    return Result(portfolio=p, schedule=Schedule(), status="OPTIMAL", objective_cents=0, bound_cents=0)


def impossible(text: str = "A is due before it can start") -> Result:
    """No schedule obeys every rule."""
    clash = (Clash(rule="due", changes=("A",), text=text),)
    return Result(portfolio=world(), schedule=Schedule(), status="INFEASIBLE", clash=clash)


def document(result: Result) -> dict[str, Any]:
    """Give what `schedule.json` says of a result."""
    found: dict[str, Any] = json.loads(schedule_json(result))
    return found


FIRST_WEEK = (MONDAY.replace(tzinfo=None), MONDAY.replace(tzinfo=None) + timedelta(weeks=1))
