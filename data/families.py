"""Companies without names in any size, for benchmarks: shared services in three layers, the rest private components."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
from company import HOLIDAYS, LEVELS, LONDON, NEW_YORK, NOW, SINGAPORE, START
from patterns import weekly_profile
from world import Pair, World

ZONES = (LONDON, NEW_YORK, SINGAPORE)
SHAPES = ("office", "night_batch", "office", "evening", "office", "care", "office", "night_batch", "office", "shifts")
"""Load shapes of the teams in turn; night batches run in London, where Sunday 02:00 is their busiest hour."""
SMALL = {"shifts": 0.25}
"""Teams of some shapes are small: what is used alike at all hours costs the same at all hours."""
HEADCOUNT = (30, 300)
CLIENTS, PRIVATE_CLIENTS = (2, 4), (1, 2)
"""Teams that use a service of the top layer, and a private component."""
LAYER_SHARE = (0.15, 0.25)
"""Share of the services in the lowest and the middle of three layers; the rest are what teams use."""
KIND_OF_LAYER = (("network", "storage"), ("database", "identity", "gateway"), ("app", "analytics"))
NEEDS = 3
"""Most services of the layer below that a service needs."""
HARD_EDGE_CHANCE = 0.7
PAIRED_SHARE = 0.2
"""Share of the middle layer that stands in redundant pairs."""
DAY_SPREAD = 0.18
"""Standard deviation of the logarithm of how a day's use differs from its weekday's of four weeks before: the median of
four public sets of hourly counts (bicycles 0.52, pedestrians 0.23, servers 0.14, electricity 0.12)."""


def family(name: str, services: int, private: int, weeks: int, teams: int, rng: np.random.Generator) -> World:
    """Make `services` shared services in three layers, `private` components of a team or two, and their clients."""
    world = World(name, START.astimezone(ZoneInfo("UTC")), weeks, NOW, LONDON, LEVELS, named=False)
    for i in range(teams):
        shape, zone = SHAPES[i % len(SHAPES)], ZONES[int(rng.integers(3))]
        zone, level = (LONDON if shape == "night_batch" else zone), list(LEVELS)[int(rng.integers(3))]
        row = {"team": f"team-{i:03d}", "name": f"Team {i:03d}", "service_level": level, "time_zone": zone}
        row |= {"pattern": shape, "holidays": HOLIDAYS[zone], "notice_days": "", "language": "en"}
        people = SMALL.get(shape, 1.0) * HEADCOUNT[0] * (HEADCOUNT[1] / HEADCOUNT[0]) ** rng.random()
        row |= {"cost_per_user_hour": str(int(rng.integers(15, 121))), "headcount": str(int(people))}
        world.teams.append(row | {"contact": f"Contact {i:03d}", "email": f"team-{i:03d}@family.example", "uses": ""})
    layers = _layers(world, services, rng)
    for service in layers[2]:
        _use(world, teams, CLIENTS, service, rng)
    for i in range(private):
        service = f"component-{i:04d}"
        _add(world, service, "app" if rng.random() < 0.6 else "hosted", "leaf")
        _use(world, teams, PRIVATE_CLIENTS, service, rng)
    for hours, label in (("Mon-Sun 22:00-06:00", "night"), ("Sat-Sun 00:00-24:00", "weekend")):
        row = {"calendar": f"{label}-all", "kind": "allowed", "file": "", "hours": hours, "time_zone": LONDON}
        world.calendars.append(row | {"applies_to": ""})
    for team in world.teams:
        team["uses"] = ";".join(sorted(service for name, service in world.pairs if name == team["team"]))
    return world


def announce(world: World, rng: np.random.Generator) -> None:
    """Have each team say by how much each day will differ from its weekday, as no two weeks of theirs are alike."""
    for team in world.teams:
        for day, factor in enumerate(np.exp(DAY_SPREAD * rng.standard_normal(world.weeks * 7))):
            first, after = ((world.start + timedelta(days=day + d)).date().isoformat() for d in (0, 1))
            row = {"team": team["team"], "start": first, "end": after, "factor": f"{factor:.3f}"}
            world.events.append(row | {"note": "as announced"})


def _add(world: World, service: str, kind: str, layer: str) -> None:
    row = {"service": service, "name": service.replace("-", " ").capitalize(), "kind": kind, "layer": layer}
    world.services.append(row | {"used_for": "", "site": "", "nights": "", "time_zone": LONDON, "owner": "Operations"})


def _use(world: World, teams: int, clients: tuple[int, int], service: str, rng: np.random.Generator) -> None:
    many = min(teams, int(rng.integers(clients[0], clients[1] + 1)))
    for team in rng.choice(teams, size=many, replace=False):
        row = world.teams[int(team)]
        users = float(row["headcount"]) * (0.2 + 0.6 * rng.random())
        world.pairs[row["team"], service] = Pair(weekly_profile(row["pattern"], users, rng))


def _layers(world: World, services: int, rng: np.random.Generator) -> list[list[str]]:
    low, middle = (round(services * share) for share in LAYER_SHARE)
    layers: list[list[str]] = []
    for depth, count in enumerate((low, middle, services - low - middle)):
        layers.append([f"service-{depth}-{i:03d}" for i in range(count)])
        for service in layers[depth]:
            _add(world, service, KIND_OF_LAYER[depth][int(rng.integers(len(KIND_OF_LAYER[depth])))], "shared")
    paired = int(len(layers[1]) * PAIRED_SHARE / 2) * 2
    offered = layers[1][paired:]
    for i in range(0, paired, 2):
        for member in layers[1][i : i + 2]:
            world.redundancy.append({"group": f"pair-{i // 2:03d}", "service": member, "min_up": "1"})
            next(row for row in world.services if row["service"] == member)["kind"] = "replica"
        offered.append(f"pair-{i // 2:03d}")
    for above, below in ((layers[1], layers[0]), (layers[2], offered)):
        idle = list(below)
        for service in above:
            for need in rng.choice(len(below), size=min(len(below), int(rng.integers(1, NEEDS + 1))), replace=False):
                _need(world, service, below[int(need)], rng)
                idle = [other for other in idle if other != below[int(need)]]
        for other in idle:
            _need(world, above[int(rng.integers(len(above)))], other, rng)
    return layers


def _need(world: World, service: str, other: str, rng: np.random.Generator) -> None:
    effect = "OUTAGE" if rng.random() < HARD_EDGE_CHANCE else "DEGRADED"
    world.dependencies.append({"service": service, "depends_on": other, "effect": effect})
