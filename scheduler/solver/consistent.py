"""Which starts masks and lags leave open before anything is planned."""

from collections import defaultdict, deque

import numpy as np

from scheduler.horizon import Mask
from scheduler.solver.problem import Lag, Problem
from scheduler.solver.windows import within


def consistent_starts(problem: Problem) -> Mask:
    """Give the starts that masks and lags leave open, shape (changes, slots).

    A start of b needs some start of a within the lag; a start of a needs some start of b where b is mandatory.
    """
    ok = np.empty((len(problem.changes), problem.slots), dtype=np.bool_)
    for change in range(len(problem.changes)):
        ok[change] = problem.allowed(change)
    lags_of: dict[int, list[Lag]] = defaultdict(list)
    for lag in problem.lags:
        lags_of[lag.before].append(lag)
        lags_of[lag.after].append(lag)
    waiting = deque((lag, one) for lag in problem.lags for one in (lag.after, lag.before))
    while waiting:
        lag, one = waiting.popleft()
        kept = ok[one] & supported(problem, ok, lag, one)
        if (kept != ok[one]).any():
            ok[one] = kept
            waiting.extend((own, own.after if own.before == one else own.before) for own in lags_of[one])
    return ok


def supported(problem: Problem, ok: Mask, lag: Lag, change: int) -> Mask:
    """Mark the starts of a change for which the other one of a lag has a start in `ok`, or may be left out."""
    hi = problem.slots if lag.hi is None else lag.hi
    if change == lag.after:
        return within(ok[lag.before], -hi, -lag.lo)
    if problem.drop_price[lag.after] is not None:
        return np.ones(problem.slots, dtype=np.bool_)
    return within(ok[lag.after], lag.lo, hi)
