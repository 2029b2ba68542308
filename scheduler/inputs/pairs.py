"""Which team and service each row of recorded usage is of, as numbers: tens of millions of rows repeat few names."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from scheduler.carried import carried
from scheduler.portfolio import Portfolio

Codes = npt.NDArray[np.integer]
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Runs:
    """Rows of recorded usage in runs of one pair of team and service: mostly all rows of a pair follow one another.

    Run n has the rows from `begin[n]` to `begin[n + 1]`, all of `pairs[pair[n]]`.
    """

    pairs: Sequence[Pair]
    begin: npt.NDArray[np.int64]
    pair: npt.NDArray[np.int64]

    def rows(self) -> tuple[slice | npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Give an order of rows in which those of each pair are together, and where each pair then begins and ends."""
        counts = np.bincount(self.pair, weights=np.diff(self.begin), minlength=len(self.pairs)).astype(np.int64)
        begin = np.concatenate(([0], np.cumsum(counts)))
        if (np.diff(self.pair) > 0).all():
            return slice(None), begin
        return np.argsort(np.repeat(self.pair, np.diff(self.begin)), kind="stable"), begin


@carried("usage")
def runs(portfolio: Portfolio) -> Runs:
    """Find the runs of pairs in recorded usage; pairs are in no order that means anything."""
    usage = portfolio.usage
    (team, teams), (service, services) = (coded(usage[column]) for column in ("team", "service"))
    code: Codes = np.multiply(team, len(services), dtype=np.int32 if len(teams) * len(services) < 2**31 else np.int64)
    code = code + service
    begin = np.flatnonzero(np.concatenate((np.ones(min(1, len(code)), np.bool_), code[1:] != code[:-1])))
    distinct, pair = np.unique(code[begin], return_inverse=True)
    found = [(str(teams[one // len(services)]), str(services[one % len(services)])) for one in distinct.tolist()]
    return Runs(found, np.append(begin, len(code)), pair)


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
