"""Lags between changes as trees: the cheapest starts of a whole tree at once, exactly.

When every change of a tree has a price for each of its starts, the cheapest starts that keep all lags between them
follow from messages along the tree: each change tells its neighbour what it and everything behind it costs at best,
for every start of that neighbour (dynamic programming on a tree; min-sum messages, Pearl, 1988). Lags that would close
a circle are left out, so the price of a tree is a lower bound there and exact elsewhere.
"""

from collections import deque
from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass

import numpy as np

from scheduler.solver.compiled import Compiled
from scheduler.solver.problem import Lag
from scheduler.solver.state import UNPLACED
from scheduler.solver.windows import Floats, Numbers, window_minima

Rows = MutableMapping[int, Floats]
"""By change: a price for every start of its window [begin, end), infinite where it may not start."""
Out = MutableMapping[int, float] | Floats
"""By change: the price of leaving it out, infinite where it may not be."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A lag between two changes, seen from the root of a tree."""

    parent: int
    child: int
    lag: Lag


class Forest:
    """A spanning forest of the lags of a problem; `trees` gives the edges of each, parents before children."""

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self.links: dict[int, list[Lag]] = {}
        group = list(range(compiled.changes))

        def root(change: int) -> int:
            while group[change] != change:
                group[change] = group[group[change]]
                change = group[change]
            return change

        for lag in compiled.problem.lags:
            one, other = root(lag.before), root(lag.after)
            if one != other:
                group[one] = other
                self.links.setdefault(lag.before, []).append(lag)
                self.links.setdefault(lag.after, []).append(lag)
        seen: set[int] = set()
        self.trees: list[list[Edge]] = []
        for change in sorted(self.links):
            if change not in seen:
                self.trees.append(self.edges_from(change, lambda _: True))
                seen.update([change, *(edge.child for edge in self.trees[-1])])

    def edges_from(self, root: int, member: Callable[[int], bool], most: int | None = None) -> list[Edge]:
        """List the edges of a change's tree over members only, from the change outwards; the first `most` of them."""
        edges: list[Edge] = []
        waiting = deque([(root, -1)])
        while waiting and (most is None or len(edges) < most):
            change, come_from = waiting.popleft()
            for lag in self.links.get(change, ()):
                other = lag.after if lag.before == change else lag.before
                if other != come_from and member(other):
                    edges.append(Edge(change, other, lag))
                    waiting.append((other, change))
        return edges[:most]

    # --- messages ----------------------------------------------------------------------------------------------------

    def _offered(self, lag: Lag, sender: int, row: Floats, out: float) -> tuple[Floats, float]:
        """Give what a sender costs at best, for every start of the other change of a lag and for its being left out."""
        begin, end = self.compiled.begin, self.compiled.end
        other = lag.before if sender == lag.after else lag.after
        count = int(end[other] - begin[other])
        ahead = int(begin[other] - begin[sender])
        length = None if lag.hi is None else lag.hi - lag.lo + 1
        if sender == lag.after:
            found = window_minima(row, ahead + lag.lo, count, length)
            return np.minimum(found, out), out
        if length is not None:
            found = window_minima(row, ahead - (lag.hi or 0), count, length)
        else:  # everything up to t − lo: the same, seen backwards
            latest = int(end[other]) - 1 - lag.lo - int(begin[sender])
            found = window_minima(row[::-1], len(row) - 1 - latest, count, None)[::-1]
        return found, min(out, float(row.min(initial=np.inf)))

    def gather(self, edges: Sequence[Edge], rows: Rows, out: Out) -> None:
        """Add to the row of every parent what its children cost at best; `out` prices being left out, in the same way.

        Afterwards the root's row, or its entry of `out`, holds the price of the whole tree.
        """
        for edge in reversed(edges):
            offered, left_out = self._offered(edge.lag, edge.child, rows[edge.child], float(out[edge.child]))
            rows[edge.parent] = rows[edge.parent] + offered
            out[edge.parent] += left_out

    def choose(self, edges: Sequence[Edge], rows: Rows, out: Out, starts: Numbers) -> None:
        """Read the cheapest starts of a gathered tree off its rows, from the root outwards, into `starts`."""
        if not edges:
            return
        begin = self.compiled.begin
        starts[edges[0].parent] = _cheapest(rows[edges[0].parent], int(begin[edges[0].parent]), out[edges[0].parent])
        for edge in edges:
            at, child, lag = int(starts[edge.parent]), edge.child, edge.lag
            lo, hi = int(begin[child]), int(self.compiled.end[child])
            if child == lag.after:
                first, last = at + lag.lo, hi if lag.hi is None else at + lag.hi + 1
                window = (max(lo, first), min(hi, last)) if at != UNPLACED else (lo, lo)
                left_out = float(out[child])
            else:
                first, last = (lo if lag.hi is None else at - lag.hi), at - lag.lo + 1
                window = (max(lo, first), min(hi, last)) if at != UNPLACED else (lo, hi)
                left_out = np.inf if at != UNPLACED else float(out[child])
            part = rows[child][window[0] - lo : max(window[0], window[1]) - lo]
            starts[child] = _cheapest(part, window[0], left_out)

    def spread(self, edges: Sequence[Edge], rows: Rows, out: Out) -> None:
        """After `gather`, make every row the price of the whole tree by the start of that change."""
        for edge in edges:
            child, parent = edge.child, edge.parent
            offered, left_out = self._offered(edge.lag, child, rows[child], float(out[child]))
            rest = np.where(np.isfinite(offered), rows[parent] - np.where(np.isfinite(offered), offered, 0.0), np.inf)
            rest_out = float(out[parent]) - left_out if np.isfinite(left_out) else np.inf
            told, told_out = self._offered(edge.lag, parent, rest, rest_out)
            rows[child] = rows[child] + told
            out[child] += told_out


def _cheapest(row: Floats, first: int, out: float) -> int:
    """Give the slot of the smallest price, the earliest of them, or UNPLACED where that is dearer than being out."""
    if not len(row):
        return UNPLACED
    best = int(row.argmin())
    return first + best if row[best] <= out and np.isfinite(row[best]) else UNPLACED
