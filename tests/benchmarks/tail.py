"""Does minding the worst tenth of past weeks lower the worst tenth of the weeks that follow, and at what price?

    python tests/benchmarks/tail.py FOLDER [--every WEEKS] [--weights 0.25 0.5 0.75]

FOLDER holds `series.csv` and `usage_hourly.parquet`. At every origin of `scheduler/backtest/protocol.py` (staffed
windows of 1, 2, 4 and 8 hours, one and two weeks ahead) each series takes the window with the least
(1 − λ) × mean + λ × mean of the worst tenth over scenarios: the forecast, departed from as each of the twelve past
weeks departed from their mean. What was really used in it is read off; of all choices of a data set the mean and the
mean of the worst tenth are compared with those of λ = 0, data sets weighing the same, with a 95 % interval (bootstrap
of blocks of six origins, both drawn together).
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from scheduler.backtest.protocol import LENGTHS, habit_start, permitted, window_means
from scheduler.backtest.recordings import HISTORY_WEEKS, HOURS_PER_WEEK, Origin, origins, read_recordings
from scheduler.backtest.weekly import forecast
from scheduler.scenarios import worst_weights

DRAWS, TOGETHER = 1000, 6


def choices(origin: Origin, weights: list[float]) -> list[tuple[str, int, list[float]]]:
    """Give family, Monday and the use met under every weight, of each series, length and weeks ahead."""
    expected = forecast(origin.unseen())
    past = np.where(origin.past_holiday, np.nan, origin.past).reshape(-1, HISTORY_WEEKS, HOURS_PER_WEEK)
    known = ~np.isnan(past)
    mean = np.where(known, past, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    apart = np.where(known, past - mean[:, None], 0.0)
    found = []
    for weeks in (1, 2):
        hours = weeks * HOURS_PER_WEEK
        scenes = np.maximum(expected[:, None, :hours] + np.tile(apart, 2)[:, :, :hours], 0.0)
        for length in LENGTHS:
            starts = permitted("staffed", hours, length)
            used = window_means(origin.ahead[:, :hours], length)[:, starts] / origin.scale[:, None]
            usual = np.searchsorted(starts, habit_start("staffed", length))
            for row in np.flatnonzero((origin.weeks >= weeks) & ~np.isnan(used[:, usual]) & (origin.scale > 0)):
                costs = window_means(scenes[row], length)[:, starts]
                # The worst tenth of twelve is the worst one and a fifth of the next.
                worst = np.sort(costs, axis=0)[::-1].T @ worst_weights(np.arange(HISTORY_WEEKS)[::-1].astype(float))
                values = [(1 - one) * costs.mean(axis=0) + one * worst for one in weights]
                met = [used[row, np.argmin(np.where(np.isnan(used[row]), np.inf, value))] for value in values]
                found.append((origin.family, origin.monday, met))
    return found


def worst_tenth(values: np.ndarray) -> np.ndarray:
    """Mean of the worst tenth of each column."""
    return np.sort(values, axis=0)[-max(1, len(values) // 10) :].mean(axis=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=1, metavar="WEEKS")
    parser.add_argument("--weights", type=float, nargs="+", default=[0.25, 0.5, 0.75])
    asked = parser.parse_args()
    weights = [0.0, *asked.weights]
    rows = [row for origin in origins(read_recordings(asked.folder), asked.every) for row in choices(origin, weights)]
    frame = pd.DataFrame([(family, monday, *met) for family, monday, met in rows])
    draw = np.random.default_rng(0)
    whole, drawn = [], []
    for _, family in frame.groupby(0):
        values, blocks = family[list(range(2, 2 + len(weights)))].to_numpy(), []
        mondays = [np.flatnonzero(family[1].to_numpy() == one) for one in sorted(family[1].unique())]
        whole.append((values.mean(axis=0), worst_tenth(values)))
        for _ in range(DRAWS):
            first = draw.integers(0, len(mondays), -(-len(mondays) // TOGETHER))
            weeks = [(one + n) % len(mondays) for one in first for n in range(TOGETHER)][: len(mondays)]
            taken = values[np.concatenate([mondays[one] for one in weeks])]
            blocks.append((taken.mean(axis=0), worst_tenth(taken)))
        drawn.append(blocks)
    told, spread = np.mean(whole, axis=0), np.mean(drawn, axis=0)
    print(f"{len(frame):,} choices; use in mean hours. λ = 0: mean {told[0, 0]:.4f}, worst tenth {told[1, 0]:.4f}")
    for at, weight in enumerate(weights[1:], start=1):
        text = []
        for kind, name in enumerate(("mean", "worst tenth")):
            low, high = np.quantile(spread[:, kind, at] - spread[:, kind, 0], [0.025, 0.975])
            text.append(f"{name} {told[kind, at] - told[kind, 0]:+.4f} ({low:+.4f} to {high:+.4f})")
        print(f"λ = {weight}: {'; '.join(text)}")


if __name__ == "__main__":
    main()
