"""How long work of a kind took in the past, shown beside the lengths that were typed; nothing is planned by it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

import numpy as np

from scheduler.portfolio import Change, PastWork, Portfolio, remembered

LEAST_WORKS = 3
"""Fewer works of a kind say nothing of its lengths."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """Lengths of past work in minutes: the median, what nine in ten kept to, how many works, and which."""

    p50_minutes: int
    p90_minutes: int
    works: int
    of: str


@remembered
def learnt(portfolio: Portfolio) -> Mapping[str, Learnt]:
    """Give what past work says of the length of each change that resembles enough of it.

    The nearest past counts that has enough works with a real start and end: earlier occurrences of the same repeated
    change, else work of its kind (history.csv names the type of change there) on one of its services, else all work of
    its kind. Quantiles lie between neighbouring works in proportion, rounded up to whole minutes.
    """
    timed = [work for work in portfolio.history if work.actual_start is not None and work.actual_end is not None]
    found = {}
    for change in portfolio.changes.values():
        for works, of in _resembling(change, timed):
            if len(works) >= LEAST_WORKS:
                found[change.id] = _lengths(works, of)
                break
    return found


def _resembling(change: Change, timed: Iterable[PastWork]) -> Iterable[tuple[list[PastWork], str]]:
    series, repeated, _ = change.id.rpartition("@")
    yield [work for work in timed if repeated and work.change.rpartition("@")[0] == series], f"earlier {series}"
    kind = [work for work in timed if work.kind.casefold() == change.type]
    shared = [work for work in kind if set(work.services) & set(change.services)]
    yield shared, f"{change.type} work on its services"
    yield kind, f"{change.type} work"


def _lengths(works: Iterable[PastWork], of: str) -> Learnt:
    minutes = [(work.actual_end - work.actual_start) / timedelta(minutes=1) for work in works]  # type: ignore[operator]
    p50, p90 = (ceil(round(float(one), 6)) for one in np.quantile(minutes, (0.5, 0.9)))
    return Learnt(p50, p90, len(minutes), of)
