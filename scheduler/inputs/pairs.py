"""Which team and service each row of recorded usage is of, as numbers: tens of millions of rows repeat few names."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Codes = npt.NDArray[np.integer]
Pair = tuple[str, str]


def pairs_of(usage: pd.DataFrame) -> tuple[list[Pair], Codes]:
    """Give the pairs of team and service that have rows, and for each row the position of its pair; shape (rows,)."""
    (team, teams), (service, services) = (coded(usage[column]) for column in ("team", "service"))
    pair = team.astype(np.int64) * len(services) + service
    # Rows of a pair mostly follow one another, so few of them are looked at.
    first = np.flatnonzero(np.diff(pair, prepend=-1))
    distinct, of_run = np.unique(pair[first], return_inverse=True)
    found = [(str(teams[code // len(services)]), str(services[code % len(services)])) for code in distinct.tolist()]
    return found, np.repeat(of_run.astype(np.int32), np.diff(first, append=len(pair)))


def coded(column: "pd.Series[Any]") -> tuple[Codes, list[str]]:
    """Give the position of each row's text in a list of texts, and that list, which may hold more than occur."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return np.asarray(column.cat.codes), column.cat.categories.tolist()
    codes, values = pd.factorize(column)
    return codes, list(values)


def named(names: list[str], codes: Codes | Iterable[int]) -> pd.Categorical:
    """Give a column of texts by their positions in a list of them."""
    return pd.Categorical.from_codes(
        codes if isinstance(codes, np.ndarray) else list(codes), categories=pd.Index(names, dtype="str")
    )
