"""Replay real usage: how much of what separates a habit from hindsight does the forecast recover?

    python tests/benchmarks/usage_backtest.py FOLDER [--every WEEKS]

FOLDER holds `series.csv` and `usage_hourly.parquet`. Each Monday 00:00 local (or each N-th, with `--every`) is an
origin: from the 12 weeks before it alone, the quietest window of 1, 2, 4 and 8 hours in the next one and two weeks is
chosen, then what was really used in it is read off, in units of the series' mean hour. The habit is Sunday 02:00, in
staffed hours Friday ending 19:00; the oracle saw the future. Share recovered = 1 − regret / the habit's regret,
regret against the oracle. Series of one data set make a family: they are forecast together, as the series of one
organisation are, and families weigh the same.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from scheduler.demand.profile import Block, weekly_profiles
from scheduler.demand.public_holidays import public_holidays
from scheduler.portfolio import Forecast

HOURS = 168
LENGTHS = (1, 2, 4, 8)
REGIMES = ("any", "offhours", "staffed")
SETTINGS = Forecast()
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Series:
    """Usage and public holidays by local hour from a Monday on; both of shape (weeks, 168)."""

    family: str
    name: str
    monday: pd.Timestamp
    users: Floats
    holiday: Flags


def read(folder: Path) -> list[Series]:
    about, rows = pd.read_csv(folder / "series.csv"), pd.read_parquet(folder / "usage_hourly.parquet")
    by_series = dict(tuple(rows.groupby(["dataset", "series_id"])))
    found = []
    for line in about.itertuples():
        hours = by_series[line.dataset, line.series_id].drop_duplicates("ts").set_index("ts")["value"]
        monday = hours.index[0].normalize() - pd.Timedelta(days=hours.index[0].weekday())
        weeks = (hours.index[-1] - monday) // pd.Timedelta(weeks=1)
        grid = pd.date_range(monday, periods=weeks * HOURS, freq="h")
        days = [day.toordinal() in public_holidays(line.holiday_calendar, day.year) for day in grid[::24]]
        users = hours.reindex(grid).to_numpy(dtype=np.float64).reshape(-1, HOURS)
        found.append(Series(line.dataset, line.series_id, monday, users, np.repeat(days, 24).reshape(-1, HOURS)))
    return found


def forecast(members: Sequence[tuple[Series, int]]) -> Floats:
    """Forecast the two weeks from week `origin` of each (series, origin) on; shape (series, 336)."""
    weeks = SETTINGS.history_weeks
    past = np.stack(
        [
            np.where(one.holiday[origin - weeks : origin], np.nan, one.users[origin - weeks : origin]).ravel()
            for one, origin in members
        ]
    )
    hours = np.arange(weeks * HOURS)
    (profile,) = weekly_profiles([Block(past, hours % HOURS, weeks - 1 - hours // HOURS)], HOURS, SETTINGS)
    ahead = np.tile(np.arange(HOURS), 2)
    coming = np.stack([np.resize(one.holiday[origin : origin + 2].ravel(), 2 * HOURS) for one, origin in members])
    return np.take_along_axis(profile, np.where(coming, 144 + ahead % 24, ahead), axis=1)


def windows(values: Floats, length: int) -> Floats:
    sums = np.concatenate(([0.0], np.cumsum(values)))
    return (sums[length:] - sums[:-length]) / length


def permitted(regime: str, hours: int, length: int) -> Flags:
    start = np.arange(hours - length + 1)
    day, hour = start // 24 % 7, start % 24
    if regime == "staffed":
        return (day < 5) & (hour >= 7) & (hour + length <= 19)
    if regime == "any":
        return np.ones(len(start), dtype=np.bool_)
    at = np.arange(hours)
    office = (at // 24 % 7 < 5) & (at % 24 >= 8) & (at % 24 < 18)
    return windows(office.astype(np.float64), length) == 0


def trials(one: Series, origin: int, expected: Floats) -> Iterator[tuple[str, str, float, float, float]]:
    scale = np.nanmean(one.users)
    actual = one.users[origin : origin + 2].ravel() / scale
    for weeks in (1, 2):
        if len(actual) < weeks * HOURS:
            continue
        for length in LENGTHS:
            used, hoped = (windows(values[: weeks * HOURS], length) for values in (actual, expected))
            for regime in REGIMES:
                usual = 4 * 24 + 19 - length if regime == "staffed" else 6 * 24 + 2
                starts = np.flatnonzero(permitted(regime, weeks * HOURS, length) & ~np.isnan(used))
                if usual in starts:
                    chosen = starts[np.argmin(hoped[starts])]
                    yield one.family, regime, used[chosen], used[usual], used[starts].min()


def replay(series: Sequence[Series], every: int) -> tuple[pd.DataFrame, float]:
    """Give one row per trial, and the CPU seconds of 1000 forecasts."""
    origins: dict[tuple[str, pd.Timestamp], list[tuple[Series, int]]] = {}
    for one in series:
        for origin in range(SETTINGS.history_weeks, len(one.users) - 1, every):
            past = one.users[origin - SETTINGS.history_weeks : origin]
            if np.isnan(past).mean() <= 0.5:
                monday = one.monday + pd.Timedelta(weeks=origin)
                origins.setdefault((one.family, monday), []).append((one, origin))
    rows, cpu = [], 0.0
    for members in origins.values():
        began = time.process_time()
        expected = forecast(members)
        cpu += time.process_time() - began
        for (one, origin), row in zip(members, expected, strict=True):
            rows += trials(one, origin, row)
    count = sum(len(members) for members in origins.values())
    return pd.DataFrame(rows, columns=["family", "regime", "use", "habit_use", "oracle_use"]), 1000 * cpu / count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=1, metavar="WEEKS", help="weeks between origins")
    asked = parser.parse_args()
    rows, cpu = replay(read(asked.folder), asked.every)
    means = rows.groupby(["regime", "family"]).mean()
    for regime in REGIMES:
        of_family = means.loc[regime]
        regret = of_family.sub(of_family["oracle_use"], axis=0)
        shares = 1 - regret["use"] / regret["habit_use"]
        pooled = 1 - regret["use"].sum() / regret["habit_use"].sum()
        each = ", ".join(f"{family} {share:.3f}" for family, share in shares.items())
        print(f"{regime}: mean of families {shares.mean():.4f}, regrets pooled {pooled:.4f} ({each})")
    print(f"CPU seconds per 1000 series: {cpu:.3f}")


if __name__ == "__main__":
    main()
