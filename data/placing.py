"""Place every change once, naively, so that a legal schedule of what is generated is known to exist.

Changes are taken in file order, each at the cheapest start that is left (what each would choose alone). The laws are
written here a second time, in the plainest form, and know nothing of the scheduler: this is a guard, not a planner.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain, combinations
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from patterns import hours_of_profile
from world import OUT, SLOT_MINUTES, Curve, Mask, Row, Topology, World, instants, midnight, minutes_of_week, open_in

DEGRADED_SHARE = 0.3
Ints = npt.NDArray[np.int64]


def slots_of(minutes: int) -> int:
    """Round minutes up to whole slots."""
    return -(-minutes // SLOT_MINUTES)


def length(change: Row) -> int:
    """Give the slots a change keeps reserved: P90 and the way back."""
    return slots_of(
        int(change["duration_p90_minutes"] or change["duration_minutes"]) + int(change["backout_minutes"] or 0)
    )


def demand(change: Row) -> dict[str, int]:
    """Read `dba;network*2` as engineers per skill."""
    parts = [part.split("*") for part in change["skills"].split(";") if part]
    return {part[0]: int(part[1]) if len(part) > 1 else 1 for part in parts}


def fits(allowed: Mask, slots: int) -> Mask:
    """Tell for every start whether the `slots` from there on are all allowed and inside the horizon."""
    bad = np.concatenate(([0], np.cumsum(~allowed)))
    good = np.zeros(len(allowed), dtype=bool)
    good[: len(allowed) - slots + 1] = bad[slots:] - bad[:-slots] == 0
    return good


class Ground:
    """The horizon of a company in slots: prices, calendars, and what has been placed so far."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.topology = Topology(world)
        end = midnight(world.start.astimezone(ZoneInfo(world.zone)) + timedelta(weeks=world.weeks), world.zone)
        self.slots = int((end - world.start) / timedelta(minutes=SLOT_MINUTES))
        self.times = instants(world.start, self.slots, SLOT_MINUTES)
        self.minute = {zone: minutes_of_week(self.times, zone) for zone in self._zones()}
        self.teams = {row["team"]: row for row in world.teams}
        self.price = self._prices()
        self.calendars = {row["calendar"]: row for row in world.calendars}
        self.placed: dict[str, tuple[int, int]] = {}
        self.used: dict[frozenset[str], Ints] = {}
        self.member_out: dict[tuple[str, str], Ints] = {}

    def _zones(self) -> set[str]:
        rows = (self.world.teams, self.world.engineers, self.world.calendars)
        return {self.world.zone} | {row["time_zone"] for row in chain(*rows)}

    def _prices(self) -> dict[str, Curve]:
        """Give what each service is worth per slot to all its clients, weighted, in currency units."""
        price = {row["service"]: np.zeros(self.slots) for row in self.world.services}
        hour = {name: hours_of_profile(team, self.times) for name, team in self.teams.items()}
        for (name, service), pair in self.world.pairs.items():
            team = self.teams[name]
            rate = float(team["cost_per_user_hour"]) * self.world.levels[team["service_level"]][0] * SLOT_MINUTES / 60
            price[service] += pair.profile[hour[name]] * rate
        return price

    def slot(self, when: datetime) -> int:
        """Give the first slot that starts at or after `when`."""
        return -int((self.world.start - when) // timedelta(minutes=SLOT_MINUTES))

    def effect(self, change: Row) -> dict[str, int]:
        """Give the states that the change alone causes; a redundant member alone is nobody's trouble."""
        return self.topology.states(change["services"].split(";"), change["impact"])

    def cost(self, change: Row) -> Curve:
        """Price every start of the change on its own, over the expected length."""
        rate = np.zeros(self.slots)
        if change["impact"] not in ("REDUCED-REDUNDANCY", "NO-IMPACT"):
            for node, state in self.effect(change).items():
                if node in self.price:
                    rate += self.price[node] * (1.0 if state == OUT else DEGRADED_SHARE)
        total = np.concatenate(([0.0], np.cumsum(rate), np.full(self.slots, np.inf)))
        slots = slots_of(int(change["duration_minutes"]))
        return total[slots : slots + self.slots] - total[: self.slots]

    def first_notice(self, change: Row) -> int:
        """Give the first start that every affected team hears of in time."""
        if change["type"] == "emergency" or change["impact"] in ("REDUCED-REDUNDANCY", "NO-IMPACT"):
            return 0
        down = self.effect(change)
        first = 0
        for name in {team for team, service in self.world.pairs if service in down}:
            team = self.teams[name]
            days = int(team["notice_days"] or self.world.levels[team["service_level"]][1])
            here = self.world.now.astimezone(ZoneInfo(team["time_zone"]))
            first = max(first, self.slot(midnight(here + timedelta(days=days), team["time_zone"])))
        return first

    def closed(self, change: Row) -> Mask:
        """Tell in which slots a blackout that the change touches forbids work."""
        touched = set(change["services"].split(";")) | set(self.effect(change))
        shut = np.zeros(self.slots, dtype=bool)
        for row in self.world.calendars:
            names = {target.removeprefix("service:") for target in row["applies_to"].split(";")}
            if row["kind"] != "blackout" or not ("*" in names or names & touched):
                continue
            if row["file"]:
                begin, end, _ = self.world.freezes[row["file"]]
                shut[max(0, self.slot(begin)) : max(0, self.slot(end))] = True
            else:
                shut |= open_in(row["hours"], self.minute[row["time_zone"]])
        return shut

    def alone(self, change: Row) -> Mask:
        """Tell which starts the calendar leaves a change that has the company to itself."""
        slots = length(change)
        allowed = ~self.closed(change)
        if change["allowed"]:
            rows = [self.calendars[name] for name in change["allowed"].split(";")]
            allowed &= np.any([open_in(row["hours"], self.minute[row["time_zone"]]) for row in rows], axis=0)
        good = fits(allowed, slots)
        first = max(self.first_notice(change), self._day(change["earliest"], 0))
        good[:first] = False
        good[max(0, self._day(change["due"], self.slots) - slots + 1) :] = False
        return good

    def _day(self, text: str, default: int) -> int:
        return self.slot(midnight(datetime.fromisoformat(text), self.world.zone)) if text else default

    def on_duty(self, skills: frozenset[str]) -> Ints:
        """Count the engineers on duty in each slot who hold any of the skills."""
        count = np.zeros(self.slots, dtype=np.int64)
        for row in self.world.engineers:
            if skills & set(row["skills"].split(";")):
                calendar = self.calendars.get(row["works"])
                hours, zone = (
                    (calendar["hours"], calendar["time_zone"]) if calendar else (row["works"], row["time_zone"])
                )
                count += open_in(hours, self.minute[zone])
        return count

    def _sets(self) -> Iterator[frozenset[str]]:
        skills = sorted({skill for row in self.world.engineers for skill in row["skills"].split(";")})
        for size in range(1, len(skills) + 1):
            yield from (frozenset(some) for some in combinations(skills, size))

    def legal(self, change: Row) -> Mask:
        """Tell which starts are left beside what has been placed."""
        slots, good, need = length(change), self.alone(change), demand(change)
        if not self.used:
            self.used = {some: self.on_duty(some) for some in self._sets()}
        for some, free in self.used.items():
            units = sum(need.get(skill, 0) for skill in some)
            if units:
                good &= fits(free >= units, slots)
        for other in [name for name in change["not_with"].split(";") if name in self.placed]:
            begin, end = self.placed[other]
            good[max(0, begin - slots + 1) : end] = False
        for part in [part for part in change["after"].split(";") if part]:
            before, _, lag = part.partition("+")
            if before in self.placed:
                good[: self.placed[before][1] + slots_of(int(lag.removesuffix("m") or 0))] = False
        effect = self.effect(change)
        for group, members in self.topology.members.items():
            mine = [member for member in members if effect.get(member) == OUT]
            if mine and effect.get(group) != OUT:
                out = np.sum([(self._out(group, m) > 0) | (m in mine) for m in members], axis=0)
                good &= fits(out <= len(members) - self.topology.min_up[group], slots)
        return good

    def _out(self, group: str, member: str) -> Ints:
        return self.member_out.setdefault((group, member), np.zeros(self.slots, dtype=np.int64))

    def put(self, change: Row, start: int) -> None:
        """Take a change into the schedule."""
        end, need, effect = start + length(change), demand(change), self.effect(change)
        self.placed[change["change"]] = (start, end)
        for some, free in self.used.items():
            free[start:end] -= sum(need.get(skill, 0) for skill in some)
        for group, members in self.topology.members.items():
            if effect.get(group) != OUT:
                for member in members:
                    if effect.get(member) == OUT:
                        self._out(group, member)[start:end] += 1

    def cheapest(self, change: Row, good: Mask) -> int | None:
        """Give the first cheapest of the starts that are left, or nothing."""
        if not good.any():
            return None
        return int(np.argmin(np.where(good, self.cost(change), np.inf)))
