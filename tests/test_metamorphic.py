"""What must not change, or only one way, when a portfolio is changed: at proved optima of tiny portfolios.

Their history repeats itself exactly week by week, without holidays, so that forecasts are exact and move with it.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

import pytest
from builders import MONDAY, blackout, calendar, change, decide, depends, engineer, group, level, preference
from demand.records import recorded, weekly
from strategies import Choice, Seeded, flag, subset

from scheduler.portfolio import Change, Decision, Portfolio, Preference, Team
from scheduler.schedule import Charge, Result
from scheduler.solver.solve import solve
from scheduler.verify import bill

SEEDS = range(16)
SERVICES = ("app", "web", "db")
WEEK = timedelta(weeks=1)
# Clocks of these do not change between the first week of history and the second of planning.
ZONES = ("UTC", "Europe/London", "Asia/Singapore", "Asia/Kathmandu")


def team_of(choice: Choice, name: str) -> Team:
    return Team(
        id=name,
        service_level=choice.pick(["basic", "premium"]),
        time_zone=choice.pick(ZONES),
        cost_cents_per_user_hour=choice.pick([100, 333, 1001]),
        uses=subset(choice, SERVICES, 60) or ("app",),
    )


def change_of(choice: Choice, name: str, before: list[str]) -> Change:
    earliest = MONDAY + timedelta(hours=50) + timedelta(minutes=30 * choice.integer(0, 6))
    p90, backout = choice.pick([60, 90]), choice.pick([0, 0, 30])
    reserved = timedelta(minutes=p90 + backout)
    return change(
        name,
        services=choice.pick([*SERVICES, "m1"]),
        minutes=choice.pick([30, 60]),
        p90=p90,
        backout=backout,
        failure_chance=0.3 if backout else 0,
        earliest=earliest,
        due=earliest + reserved + timedelta(minutes=30 * choice.integer(2, 8)),
        after=subset(choice, before, 15),
        not_with=subset(choice, before, 20),
        same_as=subset(choice, before, 10),
        skills=choice.pick(["", "dba", "dba;network"]),
        drop=choice.pick([None, None, 400]),
        delay=choice.pick([0, 0, 700]),
    )


@cache
def portfolio_of(seed: int) -> Portfolio:
    choice = Seeded(seed)
    teams = [team_of(choice, name) for name in ("red", "blue")]
    changes: list[Change] = []
    for name in ("A", "B", "C"):
        changes.append(change_of(choice, name, [one.id for one in changes]))
    rows = []
    for one in teams:
        for service in one.uses:
            shape = [choice.pick([0, 1, 2.5, 7, 20]) for _ in range(12)]

            def users(minute: int, shape: list[float] = shape) -> float:
                return shape[minute // 60 % 12]

            rows += weekly(one, users, MONDAY, weeks=3, service=service)
    people = [engineer("ann", skills="dba;network"), engineer("bob", skills="network")]
    wish = preference("red", choice.pick(["avoid", "prefer"]), choice.pick(["03:00-05:00", "00:00-12:00"]), cost=500)
    return recorded(
        rows,
        teams,
        changes=changes,
        levels=[level("basic", notice=choice.pick([None, 1])), level("premium", weight="2.5", minutes=90)],
        dependencies=[depends("web", "db"), depends("app", "pool"), depends("app", "db", "DEGRADED")],
        groups=[group("pool", "m1;m2")],
        engineers=people if flag(choice, 60) else None,
        calendars=[calendar("quiet", "blackout", "Wed 04:00-05:00", cost=300)],
        preferences=[wish],
        announced={"A": ("Wed 03:00", "2027-02-20T00:00Z")} if flag(choice, 40) else {},
        move_cost=100,
        move_cost_per_day=1000,
        max_moves=choice.pick([None, 0]),
    )


def solved(p: Portfolio) -> Result:
    result = solve(p, deterministic=0.5)
    assert result.status in ("OPTIMAL", "INFEASIBLE")
    return result


@cache
def best(seed: int) -> Result:
    return solved(portfolio_of(seed))


def feasible() -> list[int]:
    return [seed for seed in SEEDS if best(seed).status == "OPTIMAL"]


def objective(result: Result) -> int:
    assert result.objective_cents is not None
    return result.objective_cents


def test_enough_of_them_have_a_plan_that_costs() -> None:
    assert len(feasible()) >= 8
    assert sum(objective(best(seed)) > 0 for seed in feasible()) >= 6


@pytest.mark.parametrize("seed", SEEDS)
def test_a_new_blackout_never_lowers_the_cost(seed: int) -> None:
    p, before = portfolio_of(seed), best(seed)
    closed = blackout("Wed 03:30", "Wed 04:30", id="new", applies_to=("*", "service:app")[seed % 2])
    after = solved(replace(p, calendars=p.calendars | {"new": closed}))
    if before.status == "INFEASIBLE":
        assert after.status == "INFEASIBLE"
    elif after.status == "OPTIMAL":
        assert objective(after) >= objective(before)


def test_a_new_blackout_often_raises_it() -> None:
    raised = 0
    for seed in feasible():
        p = portfolio_of(seed)
        closed = blackout("Wed 03:30", "Wed 04:30", id="new")
        after = solved(replace(p, calendars=p.calendars | {"new": closed}))
        raised += after.status == "INFEASIBLE" or objective(after) > objective(best(seed))
    assert raised >= 3


@pytest.mark.parametrize("seed", SEEDS)
def test_pinning_the_optimum_changes_nothing(seed: int) -> None:
    p, before = portfolio_of(seed), best(seed)
    if before.status == "INFEASIBLE":
        return
    pins = tuple(decide(one.change, "pin", one.start) for one in before.schedule.placements)
    after = solved(replace(p, decisions=pins))
    assert objective(after) == objective(before)
    assert starts(after) == starts(before)


def starts(result: Result) -> dict[str, datetime]:
    return {one.change: one.start for one in result.schedule.placements}


def later(p: Portfolio) -> Portfolio:
    """The same world a week later."""

    def moved(instant: datetime | None) -> datetime | None:
        return None if instant is None else instant + WEEK

    def decision(one: Decision) -> Decision:
        return replace(one, start=one.start + WEEK, announced_at=moved(one.announced_at))

    def wish(one: Preference) -> Preference:
        return replace(one, start=moved(one.start), end=moved(one.end))

    usage = p.usage.copy()
    usage["start"] += WEEK
    return replace(
        p,
        policy=replace(p.policy, start=p.policy.start + WEEK),
        now=p.now + WEEK,
        changes={
            name: replace(one, earliest=moved(one.earliest), due=moved(one.due), fixed_start=moved(one.fixed_start))
            for name, one in p.changes.items()
        },
        decisions=tuple(map(decision, p.decisions)),
        preferences=tuple(map(wish, p.preferences)),
        announced={name: (at + WEEK, told + WEEK) for name, (at, told) in p.announced.items()},
        usage=usage,
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_a_week_later_everything_is_the_same(seed: int) -> None:
    before, after = best(seed), solved(later(portfolio_of(seed)))
    assert after.status == before.status
    if before.status == "OPTIMAL":
        assert objective(after) == objective(before)
        assert starts(after) == {name: start + WEEK for name, start in starts(before).items()}


def with_twin(p: Portfolio, team: str) -> Portfolio:
    """The same world with a team that is in everything like one there is, but asks for nothing."""
    rows = p.usage[p.usage["team"] == team].copy()
    rows["team"] = "twin"
    usage = type(p.usage)({name: [*p.usage[name], *rows[name]] for name in p.usage.columns}).astype(
        p.usage.dtypes.to_dict()
    )
    return replace(p, teams=p.teams | {"twin": replace(p.teams[team], id="twin")}, usage=usage)


def rows_of(charges: Iterable[Charge], team: str) -> list[Charge]:
    return [replace(one, team="") for one in charges if one.team == team and one.cost in ("downtime", "overrun")]


def weighted(charges: Iterable[Charge]) -> int:
    return sum(one.weighted_cents for one in charges)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_twin_of_a_team_doubles_its_bill(seed: int) -> None:
    p, before = portfolio_of(seed), best(seed)
    world = with_twin(p, "blue")
    after = solved(world)
    assert after.status == before.status
    if before.status == "INFEASIBLE":
        return
    for schedule in (before.schedule, after.schedule):
        alone, together = bill(p, schedule), bill(world, schedule)
        assert rows_of(together, "twin") == rows_of(together, "blue") == rows_of(alone, "blue")
        assert weighted(together) == weighted(alone) + weighted(rows_of(alone, "blue"))
    # Neither optimum is beaten by the plan of the other world.
    assert objective(after) <= objective(before) + weighted(rows_of(bill(p, before.schedule), "blue"))
    assert objective(before) <= objective(after) - weighted(rows_of(after.charges, "twin"))
