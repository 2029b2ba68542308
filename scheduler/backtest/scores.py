"""How much of what separates a habit from hindsight was recovered, and how sure that is."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from scheduler.backtest.protocol import REGIMES

Floats = npt.NDArray[np.float64]
# Weeks that follow each other are alike: they are drawn together.
_WEEKS_TOGETHER = 6
_DRAWS = 2000


@dataclass(frozen=True, slots=True)
class Score:
    """What came out in one regime.

    `share` is the mean over families of 1 − regret / the habit's regret, regret against the oracle; `pooled` takes the
    ratio of the families' mean regrets instead. `use`, `habit_use` and `oracle_use` are means in units of the mean
    hour. Families weigh the same in all of them. `families` has the share of each.
    """

    share: float
    pooled: float
    use: float
    habit_use: float
    oracle_use: float
    trials: int
    families: dict[str, float]


@dataclass(frozen=True, slots=True)
class QuietHabits:
    """Trials whose habit was quiet in history: their number, and the mean use of the choice beyond the habit's."""

    trials: int
    excess: float


def scores(trials: pd.DataFrame) -> dict[str, Score]:
    """Score every regime that has trials in which the oracle beats the habit."""
    found = {}
    for regime in REGIMES:
        means = trials[trials["regime"] == regime].groupby("family")[["use", "habit_use", "oracle_use"]].mean()
        regret, of_habit = means["use"] - means["oracle_use"], means["habit_use"] - means["oracle_use"]
        means, regret, of_habit = means[of_habit > 0], regret[of_habit > 0], of_habit[of_habit > 0]
        if means.empty:
            continue
        shares = 1 - regret / of_habit
        use, habit_use, oracle_use = (float(value) for value in means.mean())
        found[regime] = Score(
            share=float(shares.mean()),
            pooled=float(1 - regret.sum() / of_habit.sum()),
            use=use,
            habit_use=habit_use,
            oracle_use=oracle_use,
            trials=int((trials["regime"] == regime).sum()),
            families={str(name): float(share) for name, share in shares.items()},
        )
    return found


def quiet_habits(trials: pd.DataFrame) -> QuietHabits:
    """Say what leaving quiet habits cost, over all regimes."""
    quiet = trials[trials["quiet"].astype(bool)]
    excess = float((quiet["use"] - quiet["habit_use"]).mean()) if len(quiet) else 0.0
    return QuietHabits(len(quiet), excess)


def better_by(trials: pd.DataFrame, other: pd.DataFrame, regime: str, *, level: float = 0.9) -> tuple[float, float]:
    """Give the interval of how much larger the share of `trials` is than that of `other`, on the same origins.

    A bootstrap of blocks of weeks (Künsch, Annals of Statistics 17, 1989), both drawn together; `level` is what it
    covers. Both frames must have the same trials in the same order.
    """
    both = trials[["family", "monday", "regime", "use", "habit_use", "oracle_use"]].assign(
        other=other["use"].to_numpy()
    )
    both = both[both["regime"] == regime]
    draw = np.random.default_rng(0)
    differences = np.zeros(_DRAWS)
    families = [group for _, group in both.groupby("family")]
    counted = 0
    for family in families:
        weekly = family.groupby("monday")[["use", "habit_use", "oracle_use", "other"]].sum()
        regret, of_other, of_habit = (
            (weekly[name] - weekly["oracle_use"]).to_numpy() for name in ("use", "other", "habit_use")
        )
        if of_habit.sum() <= 0:
            continue
        counted += 1
        weeks = _blocks(len(weekly), draw)
        total = of_habit[weeks].sum(axis=1)
        gain = (of_other[weeks] - regret[weeks]).sum(axis=1)
        differences += np.divide(gain, total, out=np.zeros(_DRAWS), where=total > 0)
    if not counted:
        return float("nan"), float("nan")
    low, high = np.quantile(differences / counted, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _blocks(weeks: int, draw: np.random.Generator) -> npt.NDArray[np.int64]:
    """Draw weeks in runs, around the end; shape (draws, weeks)."""
    runs = -(-weeks // _WEEKS_TOGETHER)
    first = draw.integers(0, weeks, size=(_DRAWS, runs, 1))
    return ((first + np.arange(_WEEKS_TOGETHER)) % weeks).reshape(_DRAWS, -1)[:, :weeks]
