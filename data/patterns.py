"""How many people use a service at an hour, and the noisy record of it that `usage.parquet` holds."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import holidays
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from world import Curve, Row, World, instants

OFFICE_DAY = (1, 1, 1, 1, 1, 2, 6, 25, 70, 95, 100, 98, 76, 86, 100, 97, 85, 48, 20, 10, 6, 4, 2, 1)
CARE_DAY = (3, 2, 2, 2, 2, 4, 15, 45, 75, 92, 100, 98, 90, 90, 95, 97, 95, 90, 75, 60, 38, 18, 8, 4)
EVENING_DAY = (28, 15, 9, 6, 5, 6, 10, 18, 28, 36, 42, 48, 55, 52, 50, 52, 58, 66, 78, 92, 100, 95, 75, 48)
SHIFT_DAY = (70, 66, 62, 60, 60, 64, 75, 85, 95, 100, 100, 96, 90, 95, 98, 96, 92, 90, 86, 84, 82, 80, 76, 72)
NIGHT_DAY = (34, 48, 60, 52, 40, 22, 8, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5, 6, 8, 14, 24)
NIGHT_PEAK_DAY = (62, 88, 100, 90, 70, 40, 14, 6, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5, 8, 12)

# Pattern -> weekday, Saturday, Sunday (per cent of the peak), and how much of the Saturday and Sunday is left.
PATTERNS: dict[str, tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], float, float]] = {
    "office": (OFFICE_DAY, OFFICE_DAY, OFFICE_DAY, 0.05, 0.03),
    "six_day": (OFFICE_DAY, OFFICE_DAY, OFFICE_DAY, 0.45, 0.03),
    "care": (CARE_DAY, CARE_DAY, CARE_DAY, 0.7, 0.5),
    "evening": (EVENING_DAY, EVENING_DAY, EVENING_DAY, 1.0, 1.0),
    "shifts": (SHIFT_DAY, SHIFT_DAY, SHIFT_DAY, 0.85, 0.8),
    "night_batch": (NIGHT_DAY, NIGHT_DAY, NIGHT_PEAK_DAY, 0.7, 1.0),
}
QUIET_ON_HOLIDAYS = ("office", "six_day", "care")
DAY_NOISE = 0.08
HOUR_NOISE = 0.12
GAP_CHANCE = 0.25
"""Chance that a series has a stretch that nobody recorded."""
EMPTY_CHANCE = 0.0005
"""Chance that an hour has a row without a value."""


def weekly_profile(pattern: str, users: float, rng: np.random.Generator) -> Curve:
    """Give the expected users of 168 local hours from Monday 00:00, with a floor and a lean of this team's own."""
    weekday, saturday, sunday, left_saturday, left_sunday = PATTERNS[pattern]
    days = [np.array(weekday)] * 5 + [np.array(saturday) * left_saturday, np.array(sunday) * left_sunday]
    shape = np.concatenate(days) / 100.0
    lean = 0.35 * rng.random()
    shape = (1 - lean) * shape + lean * np.roll(shape, int(rng.integers(-1, 2)) if pattern != "night_batch" else 0)
    floor = 0.002 + 0.01 * rng.random()
    return users * np.maximum(shape, floor)


def closed_dates(code: str, years: range) -> set[str]:
    """Give the public holidays of a code such as `GB-ENG` as ISO dates."""
    country, _, subdivision = code.partition("-")
    return {day.isoformat() for day in holidays.country_holidays(country, subdiv=subdivision or None, years=years)}


def hours_of_profile(team: Row, times: list[datetime]) -> npt.NDArray[np.int64]:
    """Give the hour of week whose users each instant has; a quiet holiday is a Sunday."""
    local = [t.astimezone(ZoneInfo(team["time_zone"])) for t in times]
    closed = closed_dates(team["holidays"], range(local[0].year, local[-1].year + 1))
    quiet = team["pattern"] in QUIET_ON_HOLIDAYS
    sunday = [quiet and t.date().isoformat() in closed for t in local]
    days = [6 if shut else t.weekday() for shut, t in zip(sunday, local, strict=True)]
    return np.array([day * 24 + t.hour for day, t in zip(days, local, strict=True)], dtype=np.int64)


def write_usage(world: World, weeks: int, rng: np.random.Generator, path: Path) -> int:
    """Record `weeks` of hourly use before `now` in each team's local time; returns the number of rows.

    The history must not hold a clock change, so that a local time names one hour.
    """
    times = instants(world.now - timedelta(weeks=weeks), weeks * 7 * 24, 60)
    tables = []
    for team in sorted(world.teams, key=lambda row: row["team"]):
        hour = hours_of_profile(team, times)
        local = [t.astimezone(ZoneInfo(team["time_zone"])).replace(tzinfo=None) for t in times]
        day_of = np.array([t.toordinal() for t in local]) - local[0].toordinal()
        shut_week = np.array([t.month == 12 and t.day >= 24 and team["pattern"] in QUIET_ON_HOLIDAYS for t in local])
        day_noise = np.exp(DAY_NOISE * rng.standard_normal(day_of[-1] + 1))[day_of] * np.where(shut_week, 0.5, 1.0)
        for service in sorted(s for t, s in world.pairs if t == team["team"]):
            pair = world.pairs[team["team"], service]
            if not pair.recorded:
                continue
            users = pair.profile[hour] * day_noise * np.exp(HOUR_NOISE * rng.standard_normal(len(times)))
            users = np.round(users, 1)
            keep = np.ones(len(times), dtype=bool)
            if rng.random() < GAP_CHANCE:
                first = int(rng.integers(0, len(times) - 72))
                keep[first : first + int(rng.integers(6, 49))] = False
            empty = rng.random(len(times)) < EMPTY_CHANCE
            column = pa.array(users[keep], mask=empty[keep])
            kept = [t for t, k in zip(local, keep, strict=True) if k]
            names = [pa.array([name] * len(kept), pa.string()) for name in (team["team"], service)]
            tables.append(
                pa.table([*names, pa.array(kept, pa.timestamp("ms")), column], ["team", "service", "start", "users"])
            )
    table = pa.concat_tables(tables).combine_chunks()
    pq.write_table(table, path, compression="zstd", compression_level=9, use_dictionary=True, row_group_size=1 << 20)
    return int(table.num_rows)
