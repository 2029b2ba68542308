"""Compare ways to forecast usage for choosing windows: every method beside ours, on the same origins.

    python tests/benchmarks/usage_methods.py FOLDER [--every WEEKS] [--tune] [--mstl PYTHON]

FOLDER holds `series.csv` and `usage_hourly.parquet`; the protocol is that of `scheduler/backtest/protocol.py`. Printed
are the share recovered in each regime, the paired 90 % interval of what ours wins over it, and CPU seconds per 1000
series. `--tune` chooses the constants of `scheduler/demand/recent.py` on all data sets but one and scores them on that
one. `--mstl` names an interpreter that has statsforecast, which needs an older pandas than ours and so an environment
of its own (`python -m venv other && other/bin/pip install statsforecast`); each series then takes about a second, so
MSTL and ours are compared on every 26th origin.

Tried without gain on 41 recorded series: weights of half-life 1.5 to 6 weeks; robust (Huber) averages; shrinking
working days toward each other; smoothing over neighbouring hours; learning how far each family keeps holidays, from
those in its history (twelve weeks hold too few); autocorrelations by lag instead of a geometric decay; separate
persistence of what a family has in common; the last two or three days instead of the last one; an empirical Bayes
prior around the organisation's shape instead of around the mean.
"""

import argparse
import itertools
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from scheduler.backtest.protocol import REGIMES, Replay, replay
from scheduler.backtest.recordings import HISTORY_WEEKS, Floats, Origin, origins, read_recordings
from scheduler.backtest.scores import better_by, quiet_habits, scores
from scheduler.backtest.weekly import forecast
from scheduler.demand import recent

HOURS = 168
AHEAD = np.arange(2 * HOURS)
GRID = {"_DRIFT": (0.5, 1.0, 1.5), "_CLEAR": (3.0, 6.0, 12.0), "_MOST_OF_HOUR": (0.05, 0.1, 0.2)}
MSTL_EVERY = 26
MSTL_SCRIPT = """
import sys, time, warnings
import numpy as np
from statsforecast.models import MSTL
warnings.simplefilter("ignore")
past = np.load(sys.argv[1])
model = MSTL(season_length=[24, 168])
model.forecast(past[0], 336)
began = time.process_time()
found = np.stack([model.forecast(one, 336)["mean"] for one in past])
np.save(sys.argv[2], found)
print(time.process_time() - began)
"""


def by_week(origin: Origin, holidays: bool) -> Floats:
    past = np.where(origin.past_holiday & holidays, np.nan, origin.past)
    return past.reshape(len(past), HISTORY_WEEKS, HOURS)


def averaged(weeks: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Weighted means over weeks, the mean hour where one was never recorded; and the weight behind each."""
    known = ~np.isnan(weeks)
    total = (known * weight[:, None]).sum(axis=1)
    mean = (np.nan_to_num(weeks) * weight[:, None]).sum(axis=1) / np.where(total > 0, total, 1.0)
    level = np.nanmean(np.where(total > 0, mean, np.nan), axis=1, keepdims=True)
    return np.where(total > 0, mean, level), total


def ahead(profile: Floats, origin: Origin, holidays: bool) -> Floats:
    step = np.where(origin.holiday_ahead & holidays, 144 + AHEAD % 24, AHEAD % HOURS)
    return np.take_along_axis(profile, step, axis=1)


def exponential(holidays: bool, prior_weeks: float = 0.0) -> Callable[[Origin], Floats]:
    def found(origin: Origin) -> Floats:
        weight = 0.5 ** (np.arange(HISTORY_WEEKS - 1, -1, -1) / 3)
        mean, total = averaged(by_week(origin, holidays), weight)
        if prior_weeks:
            level = mean.mean(axis=1, keepdims=True)
            busy = level[:, 0] > 0
            shape = (mean[busy] / level[busy]).mean(axis=0) if busy.any() else np.ones(HOURS)
            smooth = np.convolve(np.pad(shape, 2, mode="wrap"), np.array([1, 2, 3, 2, 1]) / 9, "valid")
            mean = (total * mean + prior_weeks * level * smooth) / (total + prior_weeks)
        return ahead(mean, origin, holidays)

    return found


def eight_weeks(origin: Origin) -> Floats:
    return ahead(averaged(by_week(origin, False)[:, -8:], np.ones(8))[0], origin, False)


def seasonal_naive(origin: Origin) -> Floats:
    last, mean = by_week(origin, False)[:, -1], averaged(by_week(origin, False), np.ones(HISTORY_WEEKS))[0]
    return ahead(np.where(np.isnan(last), mean, last), origin, False)


def at_random(origin: Origin) -> Floats:
    return np.random.default_rng(origin.monday).uniform(size=(len(origin.names), 2 * HOURS))


METHODS: dict[str, tuple[Callable[[Origin], Floats], bool]] = {
    "a permitted slot at random": (at_random, False),
    "last week, same slot": (seasonal_naive, False),
    "mean of 8 weeks": (eight_weeks, False),
    "half-life 3 weeks (EW3)": (exponential(False), False),
    "EW3, holidays as Sundays": (exponential(True), False),
    "EW3 shrunk to the organisation": (exponential(False, 2.0), False),
    "both (HIER-HOL)": (exponential(True, 2.0), False),
    "ours without the fallback": (forecast, False),
    "ours": (forecast, True),
}


def table(found: dict[str, Replay], ours: str = "ours") -> None:
    for name, one in found.items():
        cells = []
        for regime, score in scores(one.trials).items():
            low, high = better_by(found[ours].trials, one.trials, regime)
            families = " ".join(f"{family} {share:.3f}" for family, share in score.families.items())
            gain = "" if name == ours else f"; ours {low:+.3f} to {high:+.3f}"
            cells.append(f"  {regime:15s} {score.share:7.3f} (pooled {score.pooled:.3f}; {families}{gain})")
        quiet = quiet_habits(one.trials)
        print(f"{name}: CPU {one.cpu_seconds_per_1000:.2f} s per 1000 series; {quiet.trials:,} choices beside a quiet")
        print(f"  habit, excess {quiet.excess:+.4f}", *cells, sep="\n", flush=True)


def with_mstl(python: str, known: Sequence[Origin]) -> dict[str, Replay]:
    """Run MSTL in its own interpreter, and ours on the same origins."""
    filled = [averaged(by_week(one, False), np.ones(HISTORY_WEEKS))[0] for one in known]
    past = [
        np.where(np.isnan(one.past), np.tile(mean, HISTORY_WEEKS), one.past)
        for one, mean in zip(known, filled, strict=True)
    ]
    with tempfile.TemporaryDirectory() as folder:
        given, told = Path(folder, "past.npy"), Path(folder, "found.npy")
        np.save(given, np.concatenate(past))
        run = [python, "-c", MSTL_SCRIPT, str(given), str(told)]
        seconds = float(subprocess.run(run, check=True, capture_output=True, text=True).stdout)
        found = np.load(told)
    ends = np.cumsum([len(one.names) for one in known])
    of_origin = {
        (one.family, one.monday): found[end - len(one.names) : end] for one, end in zip(known, ends, strict=True)
    }
    mstl = replay(known, lambda origin: of_origin[origin.family, origin.monday], fallback=False)
    mstl = Replay(mstl.trials, 1000 * seconds / len(found))
    return {"MSTL": mstl, "ours": replay(known, forecast)}


def tuned_elsewhere(known: Sequence[Origin]) -> pd.DataFrame:
    """Score each data set with the constants that are best, in the mean over regimes, on the others."""
    usual = {name: getattr(recent, name) for name in GRID}
    tried = []
    for values in itertools.product(*GRID.values()):
        for name, value in zip(GRID, values, strict=True):
            setattr(recent, name, value)
        tried.append((values, replay(known, forecast).trials))
        print(values, {name: round(one.share, 4) for name, one in scores(tried[-1][1]).items()}, file=sys.stderr)
    for name, value in usual.items():
        setattr(recent, name, value)
    parts = []
    for family in sorted({one.family for one in known}):

        def elsewhere(trials: pd.DataFrame, family: str = family) -> float:
            found = scores(trials[trials["family"] != family])
            return sum(found[regime].share for regime in REGIMES[:3])

        values, trials = max(tried, key=lambda one: elsewhere(one[1]))
        print(f"constants for {family}, chosen on the others: {dict(zip(GRID, values, strict=True))}")
        parts.append(trials[trials["family"] == family])
    return pd.concat(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=1, metavar="WEEKS", help="weeks between origins")
    parser.add_argument("--tune", action="store_true", help="leave one data set out for the constants")
    parser.add_argument("--mstl", metavar="PYTHON", help="an interpreter with statsforecast")
    asked = parser.parse_args()
    recordings = read_recordings(asked.folder)
    known = origins(recordings, asked.every)
    found = {name: replay(known, method, fallback=fallback) for name, (method, fallback) in METHODS.items()}
    table(found)
    if asked.tune:
        apart = tuned_elsewhere(known).sort_index()
        rival = found["both (HIER-HOL)"].trials.loc[apart.index]
        for regime, one in scores(apart).items():
            low, high = better_by(apart, rival, regime)
            print(f"tuned on the others, {regime}: {one.share:.4f}; over HIER-HOL {low:+.4f} to {high:+.4f}")
    if asked.mstl:
        print(f"on every {MSTL_EVERY}th origin:")
        table(with_mstl(asked.mstl, origins(recordings, MSTL_EVERY)))


if __name__ == "__main__":
    main()
