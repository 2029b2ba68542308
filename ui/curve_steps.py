"""The steps of a curve of prices: what its line goes through, and what is told where it is pointed at."""

import numpy as np
import numpy.typing as npt
import pandas as pd

MOST_STEPS = 700
"""About as many as a screen has columns for; half a year has ten times as many starts."""


def line_and_told(points: pd.DataFrame, step: pd.Timedelta) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give the steps that the line goes through, and those that are told, from `CURVE_COLUMNS`.

    Both have start, end and extra, what is told rules, cost and when too. Where there are more than `MOST_STEPS`,
    neighbours are told together, and the line goes through the cheapest and the dearest of them.
    """
    found = _steps(points, step)
    if len(found) <= MOST_STEPS:
        said = _said(found["when"], found["until"])
        steps = found.assign(when=said).drop(columns="until")
        return steps, steps
    together = found.groupby(np.arange(len(found)) * MOST_STEPS // len(found), sort=False)
    low, high = together["extra"].idxmin().to_numpy(), together["extra"].idxmax().to_numpy()
    ends = np.array([0, len(found) - 1])
    told = together.agg(
        start=("start", "first"), end=("end", "last"), when=("when", "first"), until=("until", "last"),
        extra=("extra", "min"), rules=("rules", _any_of),
    )  # fmt: skip
    told["cost"] = _costs(found["cost"].iloc[low], found["cost"].iloc[high])
    told["when"] = _said(told["when"], told["until"])
    line = found.loc[np.unique(np.concatenate([low, high, ends])), ["start", "end", "extra"]]
    return line, told.drop(columns="until")


def _steps(points: pd.DataFrame, step: pd.Timedelta) -> pd.DataFrame:
    """Join neighbouring starts that cost the same and that the same rules forbid; the last stays on its own."""
    alike = points[["extra", "rules"]]
    begins: npt.NDArray[np.bool_] = (alike != alike.shift()).any(axis=1).to_numpy()
    run = np.cumsum(np.append(begins[:-1], True) if len(begins) else begins)
    found = points.groupby(run, sort=False).agg(
        start=("start", "first"), last=("start", "last"), extra=("extra", "first"), rules=("rules", "first"),
        cost=("cost", "first"), when=("when", "first"), until=("when", "last"),
    ).reset_index(drop=True)  # fmt: skip
    return found.assign(end=found["last"] + step).drop(columns="last")


def _said(first: "pd.Series[str]", last: "pd.Series[str]") -> list[str]:
    ends = zip(first.tolist(), last.tolist(), strict=True)
    return [one if one == other else f"any from {one} to {other}" for one, other in ends]


def _costs(low: "pd.Series[str]", high: "pd.Series[str]") -> list[str]:
    ends = zip(low.tolist(), high.tolist(), strict=True)
    return [one if one == other else f"{one} to {other}" for one, other in ends]


def _any_of(rules: "pd.Series[str]") -> str:
    """Name every rule that forbids some of a few starts, and say where it forbids some of them only."""
    distinct = set(rules)
    if len(distinct) == 1:
        return str(distinct.pop())
    return f"some by {', '.join(sorted({rule for one in distinct for rule in one.split(', ') if rule}))}"
