"""Compare ways to forecast usage for choosing windows: every method beside ours, on the same origins.

    python tests/benchmarks/usage_methods.py FOLDER [--every WEEKS] [--tune] [--libraries DIR] [--mstl-minutes N]

FOLDER holds `series.csv` and `usage_hourly.parquet`; the protocol is that of `scheduler/backtest/protocol.py`. One
table is printed: the share recovered in each regime, the paired 90 % interval of what ours recovers more, CPU seconds
per 1000 series, and the mean excess over habits that were quiet. LightGBM and MSTL (statsforecast) run in an
environment of their own, since they need an older pandas than ours: it is made in DIR, or for this once. MSTL takes
about a second for each series, so it gets `--mstl-minutes` (15; 0 leaves it out); in its row all is told on the origins
that it came to. `--tune` chooses the constants of `scheduler/demand/recent.py` on all data sets but one, every fourth
week, and scores them on that one.

Tried without gain on 41 recorded series: weights of half-life 1.5 to 6 weeks; robust (Huber) averages; shrinking
working days toward each other; smoothing over neighbouring hours; learning how far each family keeps holidays, from
those in its history (twelve weeks hold too few); autocorrelations by lag instead of a geometric decay; separate
persistence of what a family has in common; the last two or three days instead of the last one; an empirical Bayes
prior around the organisation's shape instead of around the mean. Trees (LightGBM) taught on the other data sets to
correct ours lose 0.010 at any hour even where a quarter of what they say is added, and the mean of theirs and ours
0.036. What the same weeks of last year had beside ours, or ours of late beside what came, by hour of the day, wins
0.001 (0.000 to 0.003) in staffed hours and nothing clear at any hour, and takes a year of history or half of one.
"""

import argparse
import itertools
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from usage_rivals import Rival, interpreter, key_of, lightgbm, mstl
from usage_ways import WAYS, with_totals_known

from scheduler.backtest.protocol import REGIMES, Replay, replay
from scheduler.backtest.recordings import Origin, origins, read_recordings
from scheduler.backtest.scores import better_by, quiet_habits, scores
from scheduler.backtest.weekly import forecast
from scheduler.demand import recent

HIER_HOL = "both (HIER-HOL)"
GRID = {"_DRIFT": (0.5, 1.0, 1.5), "_CLEAR": (3.0, 6.0, 12.0), "_MOST_OF_HOUR": (0.05, 0.1, 0.2)}
TUNED_EVERY, LEAST_MONDAYS = 4, 12


def head() -> None:
    titles = [*REGIMES, "ours more: any", "ours more: staffed", "CPU s", "excess over quiet"]
    print(f"{'method':34s}" + "".join(f"{title:>{15 if at < 4 else 20}s}" for at, title in enumerate(titles)))


def row(name: str, told: Replay, ours: Replay | None, note: str = "") -> None:
    """Print what a method came to, and the intervals of what ours recovers more on the same origins."""
    found = scores(told.trials)
    cells = [f"{found[regime].share:15.3f}" if regime in found else f"{'':15s}" for regime in REGIMES]
    for regime in ("any", "staffed"):
        gain = "" if ours is None else _gain(ours, told, regime)
        cells.append(f"{gain:>20s}")
    quiet = quiet_habits(told.trials)
    print(f"{name:34s}{''.join(cells)}{told.cpu_seconds_per_1000:20.3f}{quiet.excess:+20.4f} {note}", flush=True)


def _gain(ours: Replay, told: Replay, regime: str) -> str:
    mondays = told.trials[told.trials["regime"] == regime].groupby("family")["monday"].nunique()
    # The bootstrap draws runs of six weeks: of hardly more than one run it makes nothing but the same again.
    if mondays.max() < LEAST_MONDAYS:
        return "too few weeks"
    return "{:+.3f} to {:+.3f}".format(*better_by(ours.trials, told.trials, regime))


def of_rival(rival: Rival, known: Sequence[Origin]) -> Replay:
    told = replay(known, lambda origin: rival.found[key_of(origin)], fallback=False)
    return Replay(told.trials, rival.per_1000)


def families(told: Replay, rival: Replay) -> None:
    for regime, one in scores(told.trials).items():
        low, high = better_by(told.trials, rival.trials, regime)
        parts = " ".join(f"{family} {share:.3f}" for family, share in one.families.items())
        print(f"  {regime:15s} {one.share:.4f} (pooled {one.pooled:.3f}; {parts}); "
              f"over HIER-HOL {low:+.4f} to {high:+.4f}")  # fmt: skip


def tuned_elsewhere(known: Sequence[Origin], sample: Sequence[Origin]) -> Replay:
    """Score each data set with the constants that are best, in the mean over regimes, on a sample of the others."""
    usual = {name: getattr(recent, name) for name in GRID}
    tried = {}
    for values in itertools.product(*GRID.values()):
        _set(dict(zip(GRID, values, strict=True)))
        tried[values] = replay(sample, forecast).trials
        told = {name: round(one.share, 4) for name, one in scores(tried[values]).items()}
        print(values, told, file=sys.stderr, flush=True)
    chosen: dict[str, tuple[float, ...]] = {}
    for family in sorted({one.family for one in known}):

        def elsewhere(values: tuple[float, ...], family: str = family) -> float:
            trials = tried[values]
            found = scores(trials[trials["family"] != family])
            return sum(found[regime].share for regime in REGIMES[:3])

        chosen[family] = max(tried, key=elsewhere)
        print(f"constants for {family}, chosen on the others: {dict(zip(GRID, chosen[family], strict=True))}")
    parts = []
    for values in sorted(set(chosen.values())):
        _set(dict(zip(GRID, values, strict=True)))
        trials = replay(known, forecast).trials
        parts.append(trials[[chosen[family] == values for family in trials["family"]]])
    _set(usual)
    return Replay(pd.concat(parts).sort_index(), float("nan"))


def _set(constants: dict[str, float]) -> None:
    for name, value in constants.items():
        setattr(recent, name, value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=1, metavar="WEEKS", help="weeks between origins")
    parser.add_argument("--tune", action="store_true", help="leave one data set out for the constants")
    parser.add_argument("--libraries", type=Path, metavar="DIR", help="keep the environment of LightGBM and MSTL here")
    parser.add_argument("--mstl-minutes", type=float, default=15.0, metavar="N")
    asked = parser.parse_args()
    recordings = read_recordings(asked.folder)
    known = origins(recordings, asked.every)
    count = sum(len(one.names) for one in known)
    print(f"{count:,} Mondays of {len(recordings)} series in {len(known)} origins")
    head()
    ours = replay(known, forecast)
    found = {name: replay(known, way, fallback=False) for name, way in WAYS.items()}
    row("habit", Replay(ours.trials.assign(use=ours.trials["habit_use"]), 0.0), ours)
    for name, told in found.items():
        row(name, told, ours)
    row("ours without the fallback", replay(known, forecast, fallback=False), ours)
    row("ours", ours, None)
    row("ceiling: every day's total known", replay(known, with_totals_known(known), fallback=False), ours)
    with tempfile.TemporaryDirectory() as folder:
        python = interpreter(asked.libraries or Path(folder))
        trees = lightgbm(python, known)
        row(
            "LightGBM, 24 features", of_rival(trees, known), ours, f"+ {trees.fit:.1f} s fit, taught on other data sets"
        )
        if asked.mstl_minutes:
            slow = mstl(python, known, asked.mstl_minutes)
            part = [one for one in known if key_of(one) in slow.found]
            note = f"on {sum(len(one.names) for one in part):,} Mondays, {len(part)} origins"
            ours_there = replay(part, forecast)
            row("MSTL (statsforecast)", of_rival(slow, part), ours_there, note)
            row("  ours there", ours_there, None, note)
            row("  HIER-HOL there", replay(part, WAYS[HIER_HOL], fallback=False), ours_there, note)
    print("ours by data set, with the paired 90 % interval of ours less HIER-HOL:")
    families(ours, found[HIER_HOL])
    if asked.tune:
        apart = tuned_elsewhere(known, origins(recordings, TUNED_EVERY * asked.every))
        rival = Replay(found[HIER_HOL].trials.loc[apart.trials.index], float("nan"))
        print("ours, constants tuned on the other data sets:")
        families(apart, rival)


if __name__ == "__main__":
    main()
