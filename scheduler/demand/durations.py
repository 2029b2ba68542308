"""The chance that work still runs, or is being backed out, at every slot of its reserved window.

A length T is lognormal through its median and its 90 % quantile. With chance q the work fails and the backout is
added to it.
"""

from fractions import Fraction
from functools import lru_cache
from math import log
from statistics import NormalDist

from scheduler.portfolio import Portfolio

_NORMAL = NormalDist()
_Z90 = _NORMAL.inv_cdf(0.9)
# Chances are rounded to the nearest of a few steps, so that few different prices occur; midpoints go up.
_STEPS = (
    (0.875, Fraction(1)),
    (0.625, Fraction(3, 4)),
    (0.375, Fraction(1, 2)),
    (0.175, Fraction(1, 4)),
    (0.05, Fraction(1, 10)),
)


def chances(portfolio: Portfolio, change: str) -> tuple[Fraction, ...]:
    """Give the chance that a change holds its services down at each slot from its start; length `reserved(change)`.

    It is 1 before the end (P50 rounded up to whole slots), then what `chance_of_running` gives at the slot's start,
    rounded to 1, 3/4, 1/2, 1/4, 1/10 or 0, and 0 from the end of the reserved window on, where the tuple ends.
    """
    work = portfolio.changes[change]
    slot = portfolio.horizon.slot_minutes
    spread = (work.duration_minutes, work.duration_p90_minutes, work.backout_minutes, work.failure_chance)
    certain, reserved = portfolio.length(change), portfolio.reserved(change)
    return (Fraction(1),) * certain + tuple(
        _rounded(chance_of_running(offset * slot, *spread)) for offset in range(certain, reserved)
    )


@lru_cache(maxsize=65536)
def chance_of_running(elapsed: float, p50: float, p90: float, backout: float, failure_chance: float) -> float:
    """Give (1 − q)·P(T > elapsed) + q·P(T + backout > elapsed), all lengths in minutes.

    >>> round(chance_of_running(90, 60, 120, 60, 0.1), 3)
    0.294
    """
    done_well = (1 - failure_chance) * _longer(elapsed, p50, p90)
    return done_well + failure_chance * _longer(elapsed - backout, p50, p90)


def _longer(elapsed: float, p50: float, p90: float) -> float:
    """Give P(T > elapsed) for the lognormal T with median `p50` and 90 % quantile `p90`."""
    if elapsed <= 0:
        return 1.0
    if p50 == p90:
        return 1.0 if elapsed < p50 else 0.0
    sigma = log(p90 / p50) / _Z90
    return 1.0 - _NORMAL.cdf(log(elapsed / p50) / sigma)


def _rounded(chance: float) -> Fraction:
    exact = round(chance, 9)
    return next((step for least, step in _STEPS if exact >= least), Fraction(0))
