"""Small random portfolios, schedules and canonical problems.

Everything is made by asking a `Choice`. Hypothesis is one source of choices (its examples shrink), a seed is another
(its examples are the same on every machine and for ever), so one generator serves property tests and fixed probes.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import strategies as st

from scheduler.horizon import DAYS, Horizon, WeeklyHours
from scheduler.portfolio import (
    Calendar,
    Change,
    Decision,
    Dependency,
    Engineer,
    Impact,
    Policy,
    Portfolio,
    Predecessor,
    Preference,
    RedundancyGroup,
    Service,
    ServiceLevel,
    Team,
)

T = TypeVar("T")


class Choice(Protocol):
    """A source of decisions."""

    def integer(self, low: int, high: int) -> int: ...

    def pick(self, options: Sequence[T]) -> T: ...


class Drawn:
    """Choices of Hypothesis; the first option is the one it shrinks to."""

    def __init__(self, draw: Callable[[st.SearchStrategy[T]], T]) -> None:
        self.draw = draw

    def integer(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def pick(self, options: Sequence[T]) -> T:
        return options[self.draw(st.integers(0, len(options) - 1))]


class Seeded:
    """Choices of a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def integer(self, low: int, high: int) -> int:
        return self.random.randint(low, high)

    def pick(self, options: Sequence[T]) -> T:
        return options[self.random.randrange(len(options))]


def flag(choice: Choice, percent: int) -> bool:
    return choice.integer(0, 99) >= 100 - percent


def subset(choice: Choice, options: Sequence[T], percent: int) -> tuple[T, ...]:
    return tuple(option for option in options if flag(choice, percent))


# --- portfolios ----------------------------------------------------------------------------------------------------

# (start: local midnight of a Monday, zone of the policy, instant near which everything happens)
WORLDS = [
    (datetime(2027, 3, 1, tzinfo=UTC), "UTC", datetime(2027, 3, 3, 20, tzinfo=UTC)),
    (datetime(2027, 3, 15, tzinfo=UTC), "UTC", datetime(2027, 3, 15, tzinfo=UTC)),  # the first slots of the horizon
    (datetime(2027, 2, 28, 16, tzinfo=UTC), "Asia/Singapore", datetime(2027, 3, 7, 9, tzinfo=UTC)),  # the last
    # Clocks go forward on 28 March at 01:00 UTC, back on 31 October at 01:00.
    (datetime(2027, 3, 22, tzinfo=UTC), "Europe/London", datetime(2027, 3, 27, 22, tzinfo=UTC)),
    (datetime(2027, 10, 24, 23, tzinfo=UTC), "Europe/London", datetime(2027, 10, 30, 22, tzinfo=UTC)),
    # Forward on 14 March at 07:00 UTC.
    (datetime(2027, 3, 8, 5, tzinfo=UTC), "America/New_York", datetime(2027, 3, 14, 4, tzinfo=UTC)),
    # Back on 3 April at 16:00 UTC.
    (datetime(2027, 3, 28, 13, tzinfo=UTC), "Australia/Sydney", datetime(2027, 4, 3, 13, tzinfo=UTC)),
    # Half an hour forward on 2 October at 15:30 UTC.
    (datetime(2027, 9, 26, 13, 30, tzinfo=UTC), "Australia/Lord_Howe", datetime(2027, 10, 2, 12, tzinfo=UTC)),
]
ZONES = ["UTC", "Europe/London", "America/New_York", "Asia/Singapore", "Australia/Sydney", "Asia/Kathmandu"]
SPAN = 14  # slots after the focus in which things happen

SERVICES = ["app", "web", "db", "m1", "m2", "m3", "aux"]
# Every edge points from left to right in this order: web, app, top, pool, m1, m2, m3, aux, db.
EDGES = [
    ("app", "db"),
    ("app", "pool"),
    ("web", "app"),
    ("web", "pool"),
    ("web", "top"),
    ("m1", "db"),
    ("m2", "db"),
    ("m3", "aux"),
    ("aux", "db"),
]


@dataclass(frozen=True)
class _World:
    horizon: Horizon
    focus: int

    def at(self, choice: Choice, low: int = 0, high: int = SPAN) -> datetime:
        """An instant on the grid, near the focus and inside the horizon."""
        slot = self.focus + choice.integer(low, high)
        return self.horizon.at(min(max(slot, 0), self.horizon.slots - 1))


def _hours(choice: Choice, world: _World, zone: str, *, longest: int) -> WeeklyHours:
    """Weekly hours with a boundary or two near the focus, now and then off the grid."""
    begin = world.at(choice) + timedelta(minutes=choice.pick([0, 0, 0, 10]))
    local = begin.astimezone(ZoneInfo(zone))
    end = local + timedelta(minutes=world.horizon.slot_minutes * choice.integer(1, longest) + choice.pick([0, 0, 5]))
    days = choice.pick([DAYS[local.weekday()], DAYS[local.weekday()], "", "Fri-Mon"])
    return WeeklyHours.parse(f"{days} {local:%H:%M}-{end:%H:%M}")


def _calendars(choice: Choice, world: _World) -> list[Calendar]:
    found = []
    targets = ["*", "service:app", "service:db", "team:red", "team:blue", "site:north", "engineer:ann", "engineer:bob"]
    for number in range(choice.integer(0, 2)):
        zone = choice.pick(ZONES)
        found.append(
            Calendar(
                id=f"freeze{number}",
                kind="blackout",
                hours=_hours(choice, world, zone, longest=3),
                time_zone=zone,
                applies_to=(choice.pick(targets),),
                hard=not flag(choice, 40),
                cost_cents_per_hour=choice.pick([100, 777, 40_001]),
            )
        )
    for name in ("staffed", "quiet"):
        zone = choice.pick(ZONES)
        applies_to = (choice.pick(["service:app", "team:red", "site:north", "engineer:bob", "*"]),)
        found.append(
            Calendar(
                id=name,
                kind="allowed",
                hours=_hours(choice, world, zone, longest=30),
                time_zone=zone,
                applies_to=applies_to if flag(choice, 8) else (),
                hard=not flag(choice, 25),
                cost_cents_per_hour=choice.pick([100, 777, 40_001]),
            )
        )
    zone = choice.pick(ZONES)
    works = _hours(choice, world, zone, longest=30)
    targets = [(), (), (), ("engineer:ann",), ("*",)]
    found.append(Calendar(id="shift", kind="working", hours=works, time_zone=zone, applies_to=choice.pick(targets)))
    return found


def _preferences(choice: Choice, world: _World, teams: Sequence[Team]) -> list[Preference]:
    found = []
    for _ in range(choice.pick([0, 0, 1, 2])):
        team = choice.pick(teams)
        weekly = flag(choice, 60)
        start = world.at(choice) + timedelta(minutes=choice.pick([0, 0, 10]))
        found.append(
            Preference(
                team=team.id,
                kind=choice.pick(["avoid", "prefer", "avoid", "never"]),
                hours=_hours(choice, world, team.time_zone, longest=4) if weekly else None,
                start=None if weekly else start,
                end=None if weekly else start + timedelta(minutes=choice.pick([30, 45, 120])),
                cost_cents_per_hour=choice.pick([None, 99, 2001]),
            )
        )
    return found


def _level(choice: Choice, world: _World, name: str, weight: Fraction, days: Sequence[int | None]) -> ServiceLevel:
    protected = _hours(choice, world, choice.pick(ZONES), longest=3) if flag(choice, 25) else None
    return ServiceLevel(
        name=name,
        weight=weight,
        notice_days=choice.pick(days),
        max_outage_minutes_per_28_days=choice.pick([None, None, 60, 90, 150]),
        protected_hours=protected,
    )


def _engineers(choice: Choice, world: _World) -> list[Engineer] | None:
    if flag(choice, 25):
        return None
    skills = [["dba"], ["network"], choice.pick([["network"], ["dba", "network"], ["dba"]])]
    found = []
    for name, known in zip(("ann", "bob", "cyd"), skills, strict=True):
        zone = choice.pick(ZONES)
        span = _hours(choice, world, zone, longest=30).spans
        text = "; ".join(f"{DAYS[d]} {a // 60:02}:{a % 60:02}-{b // 60 % 24:02}:{b % 60:02}" for d, a, b in span)
        works = choice.pick(["", "", "", "", "shift", text])
        if name != "cyd" or flag(choice, 60):
            found.append(Engineer(id=name, skills=frozenset(known), time_zone=zone, works=works))
    return found


def _teams(choice: Choice) -> list[Team]:
    return [
        Team(
            id=name,
            service_level=choice.pick(["basic", "premium", ""]),
            time_zone=choice.pick(ZONES),
            cost_cents_per_user_hour=choice.pick([100, 333, 1001]),
            uses=subset(choice, [*SERVICES[:4], "pool", "top"], 40),
            notice_days=choice.pick([None, None, 0, 1, 2]),
        )
        for name in ("red", "blue", "green")[: choice.integer(1, 3)]
    ]


def _change(choice: Choice, world: _World, name: str, before: Sequence[str], *, narrow: bool, staffed: bool) -> Change:
    slot = world.horizon.slot_minutes
    duration = choice.pick([slot, 2 * slot, slot - 5, slot + 10, 3 * slot])
    p90 = duration + choice.pick([0, 0, slot // 2, slot, 2 * slot])
    backout = choice.pick([0, 0, slot // 2, 2 * slot])
    earliest, due = (world.at(choice, 0, 6) if flag(choice, 30) else None), None
    reserved = world.horizon.length(p90 + backout)
    if narrow:
        earliest = world.at(choice, 0, 5)
        due = earliest + (reserved + choice.integer(0, 6)) * world.horizon.slot
    elif flag(choice, 30):
        due = world.at(choice, 3)
    return Change(
        id=name,
        type="emergency" if flag(choice, 10) else "normal",
        services=tuple(dict.fromkeys(choice.pick([*SERVICES, "m1", "m2"]) for _ in range(choice.integer(1, 2)))),
        impact=choice.pick([*[Impact.OUTAGE] * 4, Impact.DEGRADED, Impact.REDUCED_REDUNDANCY, Impact.NO_IMPACT]),
        duration_minutes=duration,
        duration_p90_minutes=p90,
        backout_minutes=backout,
        failure_chance=choice.pick([0.02, 0.1, 0.3, 0.6, 0.9]) if backout else 0.0,
        earliest=earliest + timedelta(minutes=choice.pick([0, 0, 10])) if earliest else None,
        due=due,
        after=tuple(
            Predecessor(change=other, lag_minutes=choice.pick([0, 15, slot, 2 * slot]))
            for other in subset(choice, [*before, "old"], 15)
        ),
        not_with=subset(choice, before, 20),
        same_window_as=subset(choice, before, 12),
        skills=choice.pick([(), (("dba", 1),), (("network", 1),), (("dba", 1), ("network", 1))]) if staffed else (),
        allowed=subset(choice, ["staffed", "quiet"], 5 if narrow else 15),
        mandatory=not flag(choice, 25),
        drop_cost_cents=choice.pick([0, 500, 20_000]),
        delay_cost_cents_per_day=choice.pick([0, 0, 700, 4801]),
        fixed_start=world.at(choice) if flag(choice, 2 if narrow else 5) else None,
    )


OVERRIDES = ("blackout", "allowed", "protected hours", "never", "earliest", "due", "notice")


def _decisions(choice: Choice, world: _World, names: Sequence[str]) -> list[Decision]:
    decisions = []
    for _ in range(choice.pick([0, 0, 0, 1, 2, 3])):
        change, kind, start = choice.pick(names), choice.pick(["reject", "reject", "pin", "approve"]), world.at(choice)
        announced_at = world.at(choice, -200, 0) if flag(choice, 50) else None
        # No choice of its own, so that seeds keep the portfolios they had.
        overrides = OVERRIDES if kind != "reject" and start.hour % 3 == 0 else ()
        decisions.append(
            Decision(change=change, kind=kind, start=start, announced_at=announced_at, overrides=overrides)
        )
    return decisions


def random_portfolio(choice: Choice, *, narrow: bool = False) -> Portfolio:
    """A portfolio of up to four changes; `narrow` leaves every change a handful of starts (three changes then)."""
    start, zone, focus = choice.pick(WORLDS)
    slot_minutes = choice.pick([30, 60])
    policy = Policy(
        name="random",
        start=start,
        weeks=1,
        time_zone=zone,
        slot_minutes=slot_minutes,
        degraded_share=choice.pick([Fraction(3, 10), Fraction(1, 2), Fraction(1), Fraction(0)]),
        redundancy_failure_per_hour=choice.pick([Fraction(0), Fraction(1, 100), Fraction(2, 5)]),
        approved_may_move=flag(choice, 40),
        fairness_epsilon=0,
        move_cost_cents=choice.pick([0, 0, 50, 3333]),
        move_cost_cents_per_day=choice.pick([0, 0, 7, 1001]),
        max_moves=choice.pick([None, None, 0, 1]),
    )
    horizon = Horizon.of_weeks(policy.start, 1, zone, slot_minutes)
    world = _World(horizon, horizon.floor(focus))
    weight = choice.pick([Fraction(2), Fraction(3, 2), Fraction(1, 3)])
    levels = [
        _level(choice, world, "basic", Fraction(1), [None, 1]),
        _level(choice, world, "premium", weight, [None, 1, 2, 3]),
    ]
    policy = replace(policy, service_levels={level.name: level for level in levels})
    teams = _teams(choice)
    engineers = _engineers(choice, world)
    names = ["a", "b", "c", "d"][: choice.integer(1, 3 if narrow else 4)]
    changes = [
        _change(choice, world, name, names[:number], narrow=narrow, staffed=engineers is not None or flag(choice, 50))
        for number, name in enumerate(names)
    ]
    slots = horizon.slots
    pairs = [(team.id, node) for team in teams for node in team.uses]
    return Portfolio(
        policy=policy,
        now=world.at(choice, -60, 2 if narrow else 10)
        if flag(choice, 50)
        else horizon.start - timedelta(hours=choice.integer(0, 30)),
        teams={team.id: team for team in teams},
        services={name: Service(id=name, site="north" if name in ("app", "m1") else "") for name in SERVICES},
        changes={change.id: change for change in changes},
        dependencies=tuple(
            Dependency(service=service, depends_on=needed, effect="DEGRADED" if flag(choice, 40) else "OUTAGE")
            for service, needed in subset(choice, EDGES, 50)
        ),
        groups={
            "pool": RedundancyGroup(id="pool", members=("m1", "m2", "m3"), min_up=choice.integer(1, 3)),
            "top": RedundancyGroup(id="top", members=("pool", "aux"), min_up=choice.integer(1, 2)),
        },
        engineers=None if engineers is None else {engineer.id: engineer for engineer in engineers},
        calendars={calendar.id: calendar for calendar in _calendars(choice, world)},
        decisions=tuple(_decisions(choice, world, names)),
        preferences=tuple(_preferences(choice, world, teams)),
        done=frozenset({"old"}),
        known_users={pair: _users(choice, slots) for pair in pairs},
        announced={name: (world.at(choice), world.at(choice, -200, 0)) for name in subset(choice, names, 20)},
    )


def _users(choice: Choice, slots: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """A few numbers repeated, so that they differ from slot to slot and between teams."""
    pattern = [choice.pick([1000, 0, 500, 7333, 20_000]) for _ in range(choice.integer(1, 5))]
    return np.resize(np.array(pattern, dtype=np.int64), slots)


def random_starts(choice: Choice, portfolio: Portfolio, *, all_placed: bool = False) -> dict[str, int]:
    """Start slots of some or all changes, legal or not, near each other."""
    horizon = portfolio.horizon
    focus = next(horizon.floor(f) for start, _, f in WORLDS if start == horizon.start)
    starts = {}
    for name in portfolio.changes:
        if all_placed or not flag(choice, 15):
            starts[name] = min(focus + choice.integer(0, SPAN), horizon.slots - 1)
    return starts


@st.composite
def portfolios(draw: Callable[[st.SearchStrategy[T]], T], *, narrow: bool = False) -> Portfolio:
    return random_portfolio(Drawn(draw), narrow=narrow)


@st.composite
def cases(draw: Callable[[st.SearchStrategy[T]], T]) -> tuple[Portfolio, dict[str, int]]:
    """A portfolio and start slots for it, legal or not."""
    portfolio = random_portfolio(Drawn(draw))
    return portfolio, random_starts(Drawn(draw), portfolio)


def case_of(seed: int) -> tuple[Portfolio, dict[str, int]]:
    """The portfolio and start slots of a seed."""
    portfolio = random_portfolio(Seeded(seed))
    return portfolio, random_starts(Seeded(-1 - seed), portfolio)
