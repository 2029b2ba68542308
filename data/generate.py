"""Make the sample portfolio, another company of its shape, or a benchmark family, byte for byte from a seed.

    python data/generate.py                                 remakes data/sample
    python data/generate.py --seed 7 --out DIR              another company of the sample's shape
    python data/generate.py --size M --sharing 0.3 --out DIR    a benchmark portfolio

Every mandatory change has been placed once, naively, before anything is written: a legal schedule exists.
"""

import argparse
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from company import company
from families import announce, family
from patterns import write_usage
from placing import Ground, demand, length, slots_of
from work import EMERGENCY, KINDS, Work, describe
from world import SLOT_MINUTES, Mask, Row, World, midnight
from writing import TABLES, write

# Constants of the families; the study behind them varied only the sharing.
DURATION_SLOTS = (1, 12)
"""P50 of 0.5 to 6 hours."""
RESERVE = 1.4
"""P90 over P50."""
WINDOWS = {"any": 0.46, "night": 0.18, "weekend": 0.18, "both": 0.18}
RELEASE_SHARE = 0.6
"""Releases (earliest) fall in this share of the horizon."""
DUE_WEEKS = (2, 6)
FREEZE_DAYS, FREEZE_EVERY_WEEKS = 3, 4
CAPACITY_SHARE = 0.5
"""Engineers per skill, over the peak that the private optimum of every change would need."""
LEAST_PER_SKILL = 2
SKILLS = ("platform", "network", "dba", "apps", "storage", "security")
TWO_SKILLS = 0.05
"""Share of changes that need an engineer of each of two skills."""
SECOND_SKILL = 0.25
"""Share of engineers who may have been given a second skill."""
EXCLUSIONS = 0.10
PRECEDENCES = 0.12
NEAR = 8
"""A change follows one that is released at most so many changes before it."""
LAG_SHARE = 0.5
OPTIONAL = 0.10
DROP_OVER_PRIVATE = 2.0
"""What dropping an optional change costs, over what it costs on its own."""
DELAYED = 0.15
DELAY_PER_DAY = (5, 40)
USAGE_WEEKS = 12

# Constants of the sample alone.
DURATION_SPREAD = (0.75, 1.35)
TAILS = (1.2, 1.4, 1.4, 1.4, 1.5, 2.0)
BACKOUT_SHARE = 0.12
PLATFORM_WEIGHT = {"network": 3, "storage": 3, "identity": 3, "database": 3, "gateway": 3}
MOST_PER_SERVICE = {"shared": 2, "leaf": 3}


@dataclass(frozen=True)
class Size:
    """How large a portfolio is."""

    changes: int
    services: int
    weeks: int
    teams: int
    skills: int


SAMPLE = Size(changes=59, services=40, weeks=8, teams=14, skills=6)
SIZES = {
    "S": Size(changes=50, services=20, weeks=4, teams=10, skills=6),
    "M": Size(changes=500, services=150, weeks=8, teams=40, skills=6),
    "L": Size(changes=2000, services=600, weeks=13, teams=80, skills=6),
    "XL": Size(changes=5000, services=2000, weeks=26, teams=120, skills=6),
}


def pick_services(world: World, count: int, sharing: float, rng: np.random.Generator) -> list[Row]:
    """Choose the service of each change: a share from the shared ones, the rest from the leaves."""
    picked: list[Row] = []
    for layer, many in (("shared", round(count * sharing)), ("leaf", count - round(count * sharing))):
        rows = [row for row in world.services if row["layer"] == layer]
        if world.named:
            rows *= max(MOST_PER_SERVICE[layer], math.ceil(many / len(rows)))
        weight = np.array([PLATFORM_WEIGHT.get(row["kind"], 1.0) if world.named else 1.0 for row in rows])
        again = not world.named and layer == "shared"
        chosen = rng.choice(len(rows), size=many, replace=again, p=weight / weight.sum()).tolist() if many else []
        picked += [rows[i] for i in chosen]
    return [picked[int(i)] for i in rng.permutation(count)]


def draw_changes(world: World, size: Size, sharing: float, rng: np.random.Generator) -> list[Row]:
    """Draw the work: what, how long, when at the earliest and latest, who, and after what."""
    named = world.named
    taken: set[str] = set()
    changes: list[Row] = []
    for i, service in enumerate(pick_services(world, size.changes, sharing, rng)):
        kinds = [w for w in KINDS[service["kind"]] if named or w.impact != "NO-IMPACT"]
        fresh = [w for w in kinds if w.title.format(name=service["name"]) not in taken] or kinds
        work = fresh[int(rng.integers(len(fresh)))]
        change = blank(f"CHG-{1001 + i}" if named else f"C{i:05d}") | describe(work, service)
        if change["title"] in taken:
            change["title"] += f" ({change['change']})"
        taken.add(change["title"])
        change |= {"services": service["service"], "requested_by": service["owner"]}
        change["type"] = "standard" if work.impact in ("NO-IMPACT", "REDUCED-REDUNDANCY") else "normal"
        if not named:
            change["skills"] = draw_skills(size.skills, rng)
        draw_length(change, work if named else None, rng)
        draw_times(change, world, size, service, rng)
        if rng.random() < OPTIONAL:
            change["mandatory"] = "no"
        elif rng.random() < DELAYED:
            change["delay_cost_per_day"] = str(int(rng.integers(*DELAY_PER_DAY)))
        changes.append(change)
    draw_pairs(changes, named, rng)
    return changes


def draw_skills(many: int, rng: np.random.Generator) -> str:
    """Draw one skill of `many`, or two for some changes."""
    first, second = (SKILLS[int(i)] for i in rng.choice(many, size=2, replace=False))
    return f"{first};{second}" if rng.random() < TWO_SKILLS else first


def blank(name: str) -> Row:
    """Give a change with every column empty but its id."""
    return dict.fromkeys(TABLES["changes"].split(), "") | {"change": name, "mandatory": "yes"}


def draw_length(change: Row, work: Work | None, rng: np.random.Generator) -> None:
    """Draw P50, P90 and, for a few changes of a named company, a way back."""
    if work is None:
        minutes, tail = int(rng.integers(DURATION_SLOTS[0], DURATION_SLOTS[1] + 1)) * SLOT_MINUTES, RESERVE
    else:
        low, high = DURATION_SPREAD
        minutes = max(30, min(360, round(work.minutes * (low + (high - low) * rng.random()) / 15) * 15))
        tail = TAILS[int(rng.integers(len(TAILS)))]
        if rng.random() < BACKOUT_SHARE and not work.impact:
            change["backout_minutes"] = ("30", "45", "60")[int(rng.integers(3))]
            change["failure_chance"] = ("0.05", "0.1")[int(rng.integers(2))]
    change["duration_minutes"] = str(minutes)
    change["duration_p90_minutes"] = str(math.ceil(minutes * tail / 5) * 5)


def draw_times(change: Row, world: World, size: Size, service: Row, rng: np.random.Generator) -> None:
    """Draw the release, the due date and the calendars that the change names."""
    monday = world.start.astimezone(ZoneInfo(world.zone))
    release = int(rng.random() * RELEASE_SHARE * size.weeks * 7)
    due = release + int(rng.integers(DUE_WEEKS[0] * 7, DUE_WEEKS[1] * 7 + 1))
    change["earliest"] = (monday + timedelta(days=release)).date().isoformat() if release else ""
    change["due"] = (monday + timedelta(days=due)).date().isoformat() if due < size.weeks * 7 else ""
    window = list(WINDOWS)[int(rng.choice(len(WINDOWS), p=list(WINDOWS.values())))]
    if change["type"] != "standard" and window != "any":
        both = window == "both" or (window == "night" and service["nights"] == "busy")
        names = ("night", "weekend") if both else (window,)
        change["allowed"] = ";".join(f"{name}-{service['site'] or 'all'}" for name in names)


def draw_pairs(changes: list[Row], named: bool, rng: np.random.Generator) -> None:
    """Draw what must follow what and what must not meet.

    In a named company a change follows one of the same campaign, which tries it first, and does not meet one of the
    same owner; in a family any two may be meant. The change that is released first goes first.
    """
    order = sorted(range(len(changes)), key=lambda i: (changes[i]["earliest"], i))
    near = [(a, b) for n, a in enumerate(order) for b in order[n + 1 : n + 1 + NEAR] if a < b]
    every = [(a, b) for a, b in combinations(order, 2) if a < b and changes[a]["services"] != changes[b]["services"]]
    follow = [(a, b) for a, b in every if changes[a]["why"] == changes[b]["why"]] if named else near
    apart = [(a, b) for a, b in every if changes[a]["requested_by"] == changes[b]["requested_by"]]
    for first, second in some(follow, int(len(changes) * PRECEDENCES), rng):
        if not changes[second]["after"] and changes[first]["mandatory"] == "yes":
            lag = f"+{int(rng.integers(1, 4)) * 1440}m" if rng.random() < LAG_SHARE else ""
            changes[second]["after"] = changes[first]["change"] + lag
    for first, second in some(apart, int(len(changes) * EXCLUSIONS), rng):
        if not changes[second]["not_with"]:
            changes[second]["not_with"] = changes[first]["change"]


def some(pairs: list[tuple[int, int]], many: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Draw `many` of the pairs."""
    return [pairs[int(i)] for i in rng.permutation(len(pairs))[:many]]


def hire(world: World, changes: list[Row], rng: np.random.Generator) -> None:
    """Give a family its engineers: half of what the peak of everybody's private optimum would need."""
    ground = Ground(world)
    wanted: dict[str, np.ndarray] = {}
    for change in changes:
        start = ground.cheapest(change, ground.alone(change)) or 0
        for skill, units in demand(change).items():
            use = wanted.setdefault(skill, np.zeros(ground.slots, dtype=np.int64))
            use[start : start + slots_of(int(change["duration_p90_minutes"]))] += units
    skills = sorted(wanted)
    for skill in skills:
        for i in range(max(LEAST_PER_SKILL, math.ceil(CAPACITY_SHARE * int(wanted[skill].max())))):
            second = skills[int(rng.integers(len(skills)))] if rng.random() < SECOND_SKILL else skill
            both = ";".join(dict.fromkeys((skill, second)))
            world.engineers.append(
                {"engineer": f"{skill}-{i + 1}", "skills": both, "time_zone": world.zone, "works": ""}
            )


def place(world: World, changes: list[Row], decided: dict[str, str]) -> tuple[list[Row], dict[str, datetime]]:
    """Place every change once, loosening what cannot be placed.

    Returns the decisions that the plan must obey, and the start that each change was given.
    """
    ground, decisions, starts = Ground(world), [], {}
    for change in changes:
        if change["mandatory"] == "no":
            alone = ground.alone(change)
            price = float(ground.cost(change)[alone].min()) if alone.any() else 0.0
            change["drop_cost"] = f"{max(500, math.ceil(price * DROP_OVER_PRIVATE / 100) * 100)}"
        good = ground.legal(change)
        for column in ("allowed", "due", "after", "not_with"):
            if not good.any():
                change[column] = ""
                good = ground.legal(change)
        start = first_choice(ground, change, good)
        kind = decided.get(change["change"], "")
        if kind == "reject":
            decisions.append(decision(change, kind, ground.times[start], ""))
            good[max(0, start - length(change) + 1) : start + length(change)] = False
            start = first_choice(ground, change, good)
        if kind == "approve":
            told = world.now - timedelta(days=4)
            decisions.append(decision(change, kind, ground.times[start], told.astimezone(UTC).isoformat()))
        ground.put(change, start)
        starts[change["change"]] = ground.times[start]
    return decisions, starts


def first_choice(ground: Ground, change: Row, good: Mask) -> int:
    """Give the cheapest start that is left; a company where there is none is not written."""
    start = ground.cheapest(change, good)
    if start is None:
        raise RuntimeError(f"{change['change']} cannot be placed; try another seed")
    return start


def decision(change: Row, kind: str, start: datetime, announced_at: str) -> Row:
    """Give one row of decisions.csv."""
    when = start.astimezone(UTC).isoformat()
    return {"change": change["change"], "kind": kind, "start": when, "announced_at": announced_at}


def special(world: World, changes: list[Row]) -> tuple[dict[str, str], list[Row]]:
    """Add to a named company an emergency, work that was done before, an approved window and a rejected one."""
    portal = next(row for row in world.services if row["service"] == "customer-portal")
    emergency = blank("EMG-0041") | describe(EMERGENCY, portal) | {"services": portal["service"], "type": "emergency"}
    monday = world.start.astimezone(ZoneInfo(world.zone)).date()
    emergency |= {"duration_minutes": "60", "duration_p90_minutes": "90", "backout_minutes": "30"}
    emergency |= {"due": (monday + timedelta(days=5)).isoformat(), "requested_by": "Security"}
    changes.insert(0, emergency)
    normal = [row for row in changes if row["type"] == "normal" and row["mandatory"] == "yes"]
    follower = next(row for row in normal if not row["after"])
    follower["after"] = "CHG-0987"
    soon = min(normal, key=lambda row: row["earliest"])
    free = next(row for row in reversed(normal) if row is not soon and not row["allowed"])
    done = datetime(2027, 2, 6, 22, tzinfo=UTC)
    times = {"planned_start": 0, "planned_end": 150}
    history = {"change": "CHG-0987", "kind": "normal", "services": follower["services"]}
    history |= {name: (done + timedelta(minutes=minutes)).isoformat() for name, minutes in times.items()}
    return {soon["change"]: "approve", free["change"]: "reject"}, [history]


def freeze(world: World, freezes: bool, rng: np.random.Generator) -> None:
    """Draw the freezes of a family, or take those of a named company out again; they need calendar files."""
    if not freezes:
        world.freezes = {}
        world.calendars = [row for row in world.calendars if not row["file"]]
    elif not world.named:
        for block in range(world.weeks // FREEZE_EVERY_WEEKS):
            day = world.start + timedelta(weeks=block * FREEZE_EVERY_WEEKS, days=int(rng.integers(5, 22)))
            days = [midnight(day + timedelta(days=d, hours=12), world.zone) for d in (0, FREEZE_DAYS)]
            name = f"freeze-{block + 1}"
            file = f"calendars/{name}.ics"
            world.freezes[file] = (days[0], days[1], f"Freeze {block + 1}")
            row = {"calendar": name, "kind": "blackout", "file": file, "hours": "", "time_zone": world.zone}
            world.calendars.append(row | {"applies_to": "*"})


@dataclass(frozen=True)
class Drawn:
    """A portfolio before it is written, and the naive schedule that shows that it can be planned."""

    world: World
    changes: list[Row]
    decisions: list[Row]
    history: list[Row]
    starts: dict[str, datetime]


def draw(size_name: str | None, sharing: float, seed: int, freezes: bool = False) -> Drawn:
    """Draw everything but the usage; without a size, a company of the sample's shape."""
    world_rng, change_rng, freeze_rng = (stream(seed, part) for part in ("world", "changes", "freezes"))
    decided: dict[str, str] = {}
    history: list[Row] = []
    if size_name is None:
        world = company(world_rng)
        freeze(world, freezes, freeze_rng)
        changes = draw_changes(world, SAMPLE, sharing, change_rng)
        decided, history = special(world, changes)
    else:
        size = SIZES[size_name]
        private = size.changes - round(size.changes * sharing)
        name = f"Family {size_name}, sharing {sharing:g}, seed {seed}"
        world = family(name, size.services, private, size.weeks, size.teams, world_rng)
        freeze(world, freezes, freeze_rng)
        announce(world, stream(seed, "days"))
        changes = draw_changes(world, size, sharing, change_rng)
        hire(world, changes, change_rng)
    decisions, starts = place(world, changes, decided)
    return Drawn(world, changes, decisions, history, starts)


def stream(seed: int, part: str) -> np.random.Generator:
    """Give random numbers of their own to each part, so that one can change without the others."""
    return np.random.Generator(np.random.PCG64([seed, *part.encode()]))


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "sample", help="folder to write")
    parser.add_argument("--size", choices=sorted(SIZES), help="a benchmark family instead of the sample's shape")
    parser.add_argument("--sharing", type=float, default=0.3, help="share of changes on shared services (default 0.3)")
    parser.add_argument("--seed", type=int, default=1, help="any whole number from 0 on (default 1)")
    parser.add_argument("--freezes", action="store_true", help="with freezes of whole days, as calendar files (.ics)")
    given = parser.parse_args()
    if not 0 <= given.sharing <= 1:
        parser.error("--sharing is a share from 0 to 1")
    drawn = draw(given.size, given.sharing, given.seed, given.freezes)
    write(given.out, drawn.world, drawn.changes, drawn.decisions, drawn.history)
    write_usage(drawn.world, USAGE_WEEKS, stream(given.seed, "usage"), given.out / "usage.parquet")


if __name__ == "__main__":
    main()
