"""What every generated company is made of: its tables, its clock, and the states its services take.

Rows are dictionaries with the columns of the portfolio files. Keys that are no column (`kind`, `pattern`, `layer`)
guide the generator and are not written.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from graphlib import TopologicalSorter
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

Row = dict[str, str]
Curve = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

SLOT_MINUTES = 30
WEEK_MINUTES = 7 * 24 * 60
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
UP, DEGRADED, OUT = 0, 1, 2


@dataclass
class Pair:
    """A team's use of one service: `profile` holds 168 local hours from Monday 00:00, in concurrent users."""

    profile: Curve
    recorded: bool = True


@dataclass
class World:
    """A company before its changes are drawn."""

    name: str
    start: datetime
    weeks: int
    now: datetime
    zone: str
    levels: dict[str, tuple[int, int]]
    """Weight and notice days of each service level."""
    named: bool = True
    """Whether its services have names, sites and owners that people know."""
    teams: list[Row] = field(default_factory=list)
    services: list[Row] = field(default_factory=list)
    dependencies: list[Row] = field(default_factory=list)
    redundancy: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    engineers: list[Row] = field(default_factory=list)
    calendars: list[Row] = field(default_factory=list)
    freezes: dict[str, tuple[datetime, datetime, str]] = field(default_factory=dict)
    """Calendar file -> first day, the day after the last, and what it is called."""
    pairs: dict[tuple[str, str], Pair] = field(default_factory=dict)


def instants(start: datetime, count: int, minutes: int) -> list[datetime]:
    """Give `count` instants in UTC, `minutes` apart, from `start` on."""
    return [start + timedelta(minutes=minutes * i) for i in range(count)]


def midnight(day: datetime, zone: str) -> datetime:
    """Give the instant of 00:00 on the date of `day` in `zone`."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(ZoneInfo("UTC"))


def minutes_of_week(times: list[datetime], zone: str) -> npt.NDArray[np.int64]:
    """Give the local minutes since Monday 00:00 of each instant."""
    local = [t.astimezone(ZoneInfo(zone)) for t in times]
    return np.array([t.weekday() * 1440 + t.hour * 60 + t.minute for t in local], dtype=np.int64)


def open_in(hours: str, minute: npt.NDArray[np.int64]) -> Mask:
    """Tell which local minutes of the week lie in weekly hours such as `Mon-Fri 22:00-06:00`; empty is always."""
    if not hours:
        return np.ones(len(minute), dtype=bool)
    inside = np.zeros(WEEK_MINUTES, dtype=bool)
    for span in hours.split(";"):
        days, h0, m0, h1, m1 = re.fullmatch(r"(\S+) (\d\d):(\d\d)-(\d\d):(\d\d)", span.strip()).groups()  # type: ignore[union-attr]
        first, last = (DAYS.index(day) for day in (days.split("-") * 2)[:2])
        begin, end = int(h0) * 60 + int(m0), int(h1) * 60 + int(m1)
        length = end - begin if end > begin else end + 1440 - begin
        for day in range(first, last + 1 + (7 if last < first else 0)):
            inside[(np.arange(length) + day * 1440 + begin) % WEEK_MINUTES] = True
    return inside[minute]


class Topology:
    """The states that services and groups take when some services are worked on."""

    def __init__(self, world: World) -> None:
        self.needs: dict[str, list[tuple[str, str]]] = {row["service"]: [] for row in world.services}
        for row in world.dependencies:
            self.needs[row["service"]].append((row["depends_on"], row["effect"]))
        self.members: dict[str, list[str]] = {}
        self.min_up: dict[str, int] = {}
        for row in world.redundancy:
            self.members.setdefault(row["group"], []).append(row["service"])
            self.min_up[row["group"]] = int(row["min_up"])
        graph = {node: [need for need, _ in needs] for node, needs in self.needs.items()} | self.members
        self.order = list(TopologicalSorter(graph).static_order())

    def states(self, services: list[str], impact: str) -> dict[str, int]:
        """Give the state of every service and group that one change does not leave up."""
        own = {"": OUT, "OUTAGE": OUT, "REDUCED-REDUNDANCY": OUT, "DEGRADED": DEGRADED, "NO-IMPACT": UP}[impact]
        state: dict[str, int] = {}
        for node in self.order:
            if node in self.members:
                level = sorted(state[member] for member in self.members[node])[self.min_up[node] - 1]
            else:
                level = own if node in services else UP
                for need, effect in self.needs[node]:
                    passed = state[need] if effect == "OUTAGE" else DEGRADED * (state[need] == OUT)
                    level = max(level, passed)
            state[node] = level
        return {node: level for node, level in state.items() if level}
