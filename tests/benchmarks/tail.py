"""Does minding the worst tenth of past weeks lower the worst tenth of the weeks that follow, and at what price?

    python tests/benchmarks/tail.py FOLDER [--every WEEKS] [--weights 0.25 0.5 0.75]

FOLDER holds `series.csv` and `usage_hourly.parquet`. At every origin of `scheduler/backtest/protocol.py` (staffed
windows of 1, 2, 4 and 8 hours, one and two weeks ahead) each series takes the window with the least
(1 − λ) × mean + λ × mean of the worst tenth over twelve scenarios: the past weeks as they were, or the forecast,
departed from as each of them departed from their mean, as plans do. What was really used in it is read off: per series,
length and weeks ahead the mean over origins and the mean of their worst tenth, data sets weighing the same, against
λ = 0, with a 95 % interval (bootstrap of blocks of four origins, all drawn together). Data sets with fewer than 25
origins have no worst tenth to speak of and are left out.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from scheduler.backtest.protocol import LENGTHS, habit_start, permitted, window_means
from scheduler.backtest.recordings import HISTORY_WEEKS, HOURS_PER_WEEK, Floats, Origin, origins, read_recordings
from scheduler.backtest.weekly import forecast
from scheduler.scenarios import worst_weights

WORST = worst_weights(np.arange(HISTORY_WEEKS)[::-1].astype(np.float64))
DRAWS, TOGETHER, LEAST_ORIGINS = 300, 4, 25
SCENARIOS = ("past weeks", "forecast and departures")


def choices(origin: Origin, weights: list[float]) -> Iterator[tuple[str, int, str, str, list[float]]]:
    """Give family, Monday, kind of scenario, trial, and the use met under every weight."""
    expected = forecast(origin.unseen())
    past = origin.past.reshape(-1, HISTORY_WEEKS, HOURS_PER_WEEK)
    usual = np.where(origin.past_holiday.reshape(past.shape), np.nan, past)
    mean, mean_usual = (mean_of_weeks(one) for one in (past, usual))
    whole = np.where(np.isnan(past), mean[:, None], past)
    apart = np.nan_to_num(usual - mean_usual[:, None])
    for weeks in (1, 2):
        hours = weeks * HOURS_PER_WEEK
        repeated = np.maximum(expected[:, None, :hours] + np.tile(apart, 2)[:, :, :hours], 0.0)
        for kind, scenes in zip(SCENARIOS, (np.tile(whole, 2)[:, :, :hours], repeated), strict=True):
            for length in LENGTHS:
                starts = permitted("staffed", hours, length)
                used = window_means(origin.ahead[:, :hours], length)[:, starts] / origin.scale[:, None]
                habit = np.searchsorted(starts, habit_start("staffed", length))
                for row in np.flatnonzero((origin.weeks >= weeks) & ~np.isnan(used[:, habit]) & (origin.scale > 0)):
                    costs = window_means(scenes[row], length)[:, starts]
                    # The worst tenth of twelve is the worst one and a fifth of the next.
                    worst = np.sort(costs, axis=0)[::-1].T @ WORST
                    values = [(1 - one) * costs.mean(axis=0) + one * worst for one in weights]
                    met = [used[row, np.argmin(np.where(np.isnan(used[row]), np.inf, one))] for one in values]
                    yield origin.family, origin.monday, kind, f"{origin.names[row]} {weeks} {length}", met


def mean_of_weeks(weeks: Floats) -> Floats:
    known = ~np.isnan(weeks)
    found: Floats = np.where(known, weeks, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return found


def figures(met: Floats) -> Floats:
    """Give mean and worst tenth under every weight, in the mean over trials; `met` is (weights, Mondays, trials)."""
    known = (~np.isnan(met[0])).sum(axis=0)
    worst_first = -np.sort(-np.where(np.isnan(met), -np.inf, met), axis=1)
    found = [
        (np.nanmean(met[:, :, at], axis=1), worst_first[:, : max(1, count // 10), at].mean(axis=1))
        for at, count in enumerate(known)
        if count
    ]
    return np.mean(found, axis=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=1, metavar="WEEKS")
    parser.add_argument("--weights", type=float, nargs="+", default=[0.25, 0.5])
    asked = parser.parse_args()
    weights = [0.0, *asked.weights]
    known = origins(read_recordings(asked.folder), asked.every)
    rows = [(*place, *met) for origin in known for *place, met in choices(origin, weights)]
    frame = pd.DataFrame(rows, columns=["family", "monday", "kind", "trial", *weights])
    draw = np.random.default_rng(0)
    for kind, part in frame.groupby("kind"):
        tables = []
        for _, family in part.groupby("family"):
            if family["monday"].nunique() >= LEAST_ORIGINS:
                wide = family.pivot_table(index="monday", columns="trial", values=weights)
                tables.append(np.stack([wide[weight].to_numpy() for weight in weights]))
        told = np.mean([figures(one) for one in tables], axis=0)
        drawn = []
        for _ in range(DRAWS):
            first = [draw.integers(0, one.shape[1], -(-one.shape[1] // TOGETHER)) for one in tables]
            weeks = [
                (at[:, None] + np.arange(TOGETHER)).ravel()[: one.shape[1]] % one.shape[1]
                for at, one in zip(first, tables, strict=True)
            ]
            drawn.append(np.mean([figures(one[:, at]) for one, at in zip(tables, weeks, strict=True)], axis=0))
        spread = np.array(drawn)
        print(f"{kind}, {len(part):,} choices, λ = 0: mean {told[0, 0]:.4f}, worst tenth {told[1, 0]:.4f}")
        for at, weight in enumerate(weights[1:], start=1):
            text = []
            for number, name in enumerate(("mean", "worst tenth")):
                low, high = np.quantile(spread[:, number, at] - spread[:, number, 0], [0.025, 0.975])
                text.append(f"{name} {told[number, at] - told[number, 0]:+.4f} ({low:+.4f} to {high:+.4f})")
            print(f"  λ = {weight}: {'; '.join(text)}", flush=True)


if __name__ == "__main__":
    main()
