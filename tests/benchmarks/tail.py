"""Does minding the worst tenth of scenarios lower the worst tenth of the weeks that follow, and at what price?

    python tests/benchmarks/tail.py FOLDER [--every WEEKS] [--weights 0.25 0.5 0.75] [--regimes staffed any]

FOLDER holds `series.csv` and `usage_hourly.parquet`. At every origin of `scheduler/backtest/protocol.py` (windows of 1,
2, 4 and 8 hours, one and two weeks ahead) each series takes the window with the least (1 − λ) × mean + λ × mean of the
worst tenth over the scenarios that plans use (`scheduler/demand/scenarios.py`): the forecast, departed from as each of
up to 52 past weeks departed from those before it. What was really used in it is read off: per series, length and weeks
ahead the mean over origins and the mean of their worst tenth, data sets weighing the same, against λ = 0, which is the
forecast alone, with a 95 % interval (bootstrap of blocks of four origins, all series and regimes drawn together), for
each regime and for all together. As about twelve ways to make scenarios were compared on the same recordings, a wider
interval that allows for the choice stands beside it (Bonferroni). Data sets with fewer than 25 origins have no worst
tenth to speak of and are left out.

Tried, worst tenth of staffed windows at λ = 0.5: the last twelve weeks as they were +0.005 (−0.007 to +0.021), their
departures from their own mean added to the forecast +0.001 (−0.014 to +0.010) or multiplied +0.005 (−0.005 to +0.015):
of twelve weeks chance decides. Departures of a year from the mean of the weeks around −0.009 (−0.019 to 0.000), from
the weeks before but not at the level of now −0.016 (−0.040 to +0.003), moved so that their mean is 0 −0.016 (−0.040
to −0.002). Errors of the whole forecast at each past origin do as well as what is used, and take a forecast for each.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from scheduler.backtest.protocol import LENGTHS, habit_start, permitted, window_means
from scheduler.backtest.recordings import (
    AHEAD_WEEKS,
    HISTORY_WEEKS,
    HOURS_PER_WEEK,
    Floats,
    Origin,
    Recording,
    origins,
    read_recordings,
)
from scheduler.backtest.weekly import forecast
from scheduler.demand.scenarios import LEAST_WEEKS, MOST_WEEKS, departures
from scheduler.portfolio import Forecast
from scheduler.solver.tail import worst_weights

DRAWS, TOGETHER, LEAST_ORIGINS = 10_000, 4, 25
Part = tuple[str, str]
"""A data set and a regime."""
TRIED = 12
"""Ways to make scenarios that were compared on these recordings; see above."""


def scenes(origin: Origin, recordings: dict[tuple[str, str], Recording], expected: Floats) -> list[Floats]:
    """Give the scenarios of each series, of shape (scenarios, hours); the forecast alone where few weeks are known."""
    found = []
    for name, usual in zip(origin.names, expected, strict=True):
        one = recordings[origin.family, name]
        week = (origin.monday - one.monday) // 7
        past = np.where(one.holiday, np.nan, one.users)[max(0, week - MOST_WEEKS - HISTORY_WEEKS) : week][::-1]
        apart = departures(past[None], Forecast().half_life_weeks)[0][: max(0, week - LEAST_WEEKS)]
        found.append(np.maximum(usual + np.tile(apart, AHEAD_WEEKS), 0.0) if len(apart) >= LEAST_WEEKS else usual[None])
    return found


def choices(
    origin: Origin, recordings: dict[tuple[str, str], Recording], weights: Sequence[float], regime: str
) -> Iterator[tuple[str, int, str, list[float]]]:
    """Give family, Monday, trial, and the use met under every weight."""
    expected = forecast(origin.unseen())
    there = scenes(origin, recordings, expected)
    for weeks in (1, 2):
        hours = weeks * HOURS_PER_WEEK
        for length in LENGTHS:
            starts = permitted(regime, hours, length)
            used = window_means(origin.ahead[:, :hours], length)[:, starts] / origin.scale[:, None]
            hoped = window_means(expected[:, :hours], length)[:, starts]
            habit = np.searchsorted(starts, habit_start(regime, length))
            for row in np.flatnonzero((origin.weeks >= weeks) & ~np.isnan(used[:, habit]) & (origin.scale > 0)):
                costs = window_means(there[row][:, :hours], length)[:, starts]
                least = worst_weights(np.arange(len(costs), 0.0, -1.0))
                worst = least[least > 0] @ -np.sort(-costs, axis=0)[: np.count_nonzero(least)]
                values = [(1 - one) * costs.mean(axis=0) + one * worst if one else hoped[row] for one in weights]
                met = [used[row, np.argmin(np.where(np.isnan(used[row]), np.inf, one))] for one in values]
                yield origin.family, origin.monday, f"{origin.names[row]} {weeks} {length}", met


def figures(met: Floats) -> Floats:
    """Give mean and worst tenth under every weight, in the mean over trials; `met` is (weights, Mondays, trials)."""
    count = (~np.isnan(met[0])).sum(axis=0)
    met, count = met[:, :, count > 0], count[count > 0]
    most = np.maximum(1, count // 10)
    worst_first = -np.sort(-np.where(np.isnan(met), -np.inf, met), axis=1)
    among = np.arange(met.shape[1])[:, None] < most
    worst = np.where(among, worst_first, 0.0).sum(axis=1) / most
    return np.stack([np.nanmean(met, axis=1).mean(axis=1), worst.mean(axis=1)])


def tables(
    regime: str, rows: list[tuple[object, ...]], weights: Sequence[float], mondays: dict[str, list[int]]
) -> dict[Part, Floats]:
    """Give what was met by data set, (weights, Mondays, trials), where there are Mondays enough for a worst tenth.

    `mondays` are those of each data set in every regime; where a regime has no choice its row is not a number.
    """
    frame = pd.DataFrame(rows, columns=["family", "monday", "trial", *weights])
    found = {}
    for family, part in frame.groupby("family"):
        if part["monday"].nunique() >= LEAST_ORIGINS:
            wide = part.pivot_table(index="monday", columns="trial", values=list(weights)).reindex(mondays[str(family)])
            found[str(family), regime] = np.stack([wide[weight].to_numpy() for weight in weights])
    print(f"{regime}: {len(frame):,} choices", flush=True)
    return found


def redrawn(parts: dict[Part, Floats]) -> list[dict[Part, Floats]]:
    """Give the figures of every table for each draw of blocks of Mondays; a data set draws the same in all regimes."""
    draw = np.random.default_rng(0)
    mondays = {family: one.shape[1] for (family, _), one in parts.items()}
    found = []
    for _ in range(DRAWS):
        at = {}
        for family, count in mondays.items():
            first = draw.integers(0, count, -(-count // TOGETHER))
            at[family] = (first[:, None] + np.arange(TOGETHER)).ravel()[:count] % count
        found.append({part: figures(one[:, at[part[0]]]) for part, one in parts.items()})
    return found


def report(
    title: str,
    names: Sequence[Part],
    told: dict[Part, Floats],
    weights: Sequence[float],
    drawn: list[dict[Part, Floats]],
) -> None:
    """Print what every weight came to in some tables, which weigh the same."""
    mean = np.mean([told[name] for name in names], axis=0)
    spread = np.array([np.mean([one[name] for name in names], axis=0) for one in drawn])
    print(f"{title}; λ = 0: mean {mean[0, 0]:.4f}, worst tenth {mean[1, 0]:.4f}")
    for at, weight in enumerate(weights, start=1):
        text = []
        for number, figure in ((1, "worst tenth"), (0, "mean")):
            apart = spread[:, number, at] - spread[:, number, 0]
            ranges = [np.quantile(apart, [one / 2, 1 - one / 2]) for one in (0.05, 0.05 / TRIED)]
            low, high = (" to ".join(f"{end:+.4f}" for end in ends) for ends in ranges)
            text.append(f"{figure} {mean[number, at] - mean[number, 0]:+.4f} ({low}; for {TRIED} tried {high})")
        apart_by = ", ".join(f"{' '.join(name)} {told[name][1, at] - told[name][1, 0]:+.4f}" for name in names)
        print(f"  λ = {weight}: {'; '.join(text)}; worst tenth of {apart_by}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=1, metavar="WEEKS")
    parser.add_argument("--weights", type=float, nargs="+", default=[0.25, 0.5, 0.75])
    parser.add_argument("--regimes", nargs="+", choices=("staffed", "any", "offhours"), default=["staffed", "any"])
    asked = parser.parse_args()
    weights = [0.0, *asked.weights]
    found = read_recordings(asked.folder)
    by_name = {(one.family, one.name): one for one in found}
    known = origins(found, asked.every)
    mondays: dict[str, list[int]] = {}
    for one in known:
        mondays.setdefault(one.family, []).append(one.monday)
    parts: dict[Part, Floats] = {}
    for regime in asked.regimes:
        rows = [(*place, *met) for one in known for *place, met in choices(one, by_name, weights, regime)]
        parts |= tables(regime, rows, weights, mondays)
    told, drawn = {name: figures(one) for name, one in parts.items()}, redrawn(parts)
    for regime in asked.regimes:
        report(regime, [part for part in parts if part[1] == regime], told, asked.weights, drawn)
    if len(asked.regimes) > 1:
        report("all together", list(parts), told, asked.weights, drawn)


if __name__ == "__main__":
    main()
