"""Branch and bound over nights: in which run of open starts each change that shares outages lies.

The Lagrangian lets a change be in many nights at a little in each, and so lets others meet it in all of them. Starts
that a plan cheaper than the known one may still take lie in runs, the quiet hours of one night or weekend. A node of
the tree keeps a change to one run, or to all others; its multipliers go on from those of its parent, which soon prove
most nodes dearer than the known plan. Where nothing is left to tell apart, and with the best starts of every node on
the way down, CP-SAT chooses: that finds the plans that prove the other nodes too dear. Where there are two workers one
of them is asked for all nodes at once, in a race with the tree: either may be the first to prove the plan.

(Land and Doig, Econometrica 28, 1960; the order is best bound first.)
"""

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from scheduler.solver.bound import Bound, Lagrangian
from scheduler.solver.cpsat import Solved
from scheduler.solver.exact import Model, posed
from scheduler.solver.limits import Limits
from scheduler.solver.state import UNPLACED, State
from scheduler.solver.windows import Floats, Numbers
from scheduler.solver.workers import Pool

MOST_SHARES = 300_000
"""Numbers in the multipliers of a problem at most, as every node has some of its own."""
STEPS = 40
"""Steps of the bound for a node at most."""
CANDIDATES = 25
"""Starts of a change that are best by the multipliers of a node: among them its best plan is looked for."""
SMALL, MIDDLING = 6_000, 12_000
"""Open starts of a node that CP-SAT settles whole, and of one that is not branched where a worker has nothing to do."""
QUICK, WHOLE = 4.0, 12.0
"""Seconds for either."""
RACED, RACED_TEXT = 24_000, 16_000_000
"""Open starts of the whole problem among which CP-SAT looks for a cheaper plan beside the tree, and characters of that
model: with twice as many it was seen to take 4 GiB."""


@dataclass(order=True)
class Node:
    """Some starts of every change, and what every plan among them costs at least."""

    value: float
    number: int
    lagrangian: Lagrangian = field(compare=False)
    kept: npt.NDArray[np.bool_] = field(compare=False)
    drop: Floats = field(compare=False)
    whole: bool = field(compare=False, default=False)

    @property
    def bound(self) -> Bound:
        """The bound of its multipliers, and the reduced costs."""
        return self.lagrangian.best


@dataclass
class _Asked:
    """A node that CP-SAT works on; `whole`: all of its starts are in the model, `raced`: it is in the tree as well."""

    node: Node
    model: Model
    constant: int
    whole: bool
    raced: bool = False


class Nights:
    """A tree of nodes under the problem of a Lagrangian, beside a known plan `starts` that costs `upper`.

    `nodes` counts those that were not proved too dear as they were made.
    """

    def __init__(self, lagrangian: Lagrangian, upper: int, starts: Sequence[int]) -> None:
        self.compiled, self.upper, self.starts = lagrangian.compiled, upper, list(starts)
        root = lagrangian.best
        self._at, self._slack = root.at, root.slack
        kept = np.isfinite(root.brackets) & (root.value + root.reduced <= upper - 1 + root.slack)
        weights = lagrangian.compiled.weight.sum(axis=1)
        self._weight = {
            change: max(part.length for part in parts) * float(sum(weights[part.target] for part in parts))
            for change, parts in enumerate(self.compiled.cells_of)
            if parts
        }
        self._length = {change: max(part.length for part in self.compiled.cells_of[change]) for change in self._weight}
        self.nodes = 0
        self._open: list[Node] = [Node(root.value, 0, lagrangian, kept, root.out.copy())]
        self._asked: dict[int, _Asked] = {}
        self._settled = float("inf")

    @staticmethod
    def suits(lagrangian: Lagrangian) -> bool:
        """Tell whether there are outages to share, and few enough multipliers."""
        return 0 < lagrangian.sharing.size <= MOST_SHARES

    @property
    def cents(self) -> int:
        """What every plan costs at least, in weighted cents."""
        values = [self._settled, float(self.upper), *(node.value for node in self._open)]
        values += [asked.node.value for asked in self._asked.values() if not asked.raced]
        return int(np.ceil(min(values) - self._slack))

    def grow(
        self, pool: Pool, limits: Limits, running: Callable[[], float], found: Callable[[Mapping[int, int]], int]
    ) -> None:
        """Branch until all is proved or `running()` is 1; `found` takes starts and tells the price of the best plan."""
        looked, until = 0, 4
        racing = pool.processes > 1 and self._open[0].kept.sum() <= RACED
        if racing and not self._ask(pool, limits, self._open[0], whole=True, raced=True):
            self._open.clear()
        while (self._open or self._asked) and self.cents < self.upper and running() < 1.0:
            self._open = [node for node in self._open if self._promising(node)]
            heapq.heapify(self._open)
            blocked = not self._open
            if self._open:
                node = heapq.heappop(self._open)
                change, runs = self._choose(node)
                left = int(node.kept.sum())
                idle = len(self._asked) < pool.processes
                if not node.whole and (left <= SMALL or change is None or (idle and left <= MIDDLING)):
                    if idle:
                        self._ask(pool, limits, node, whole=True)
                    else:
                        heapq.heappush(self._open, node)
                        blocked = True
                elif change is None:
                    self._settled = min(self._settled, node.value)
                else:
                    if idle and self.nodes >= looked + until:
                        looked, until = self.nodes, 2 * until  # good plans are found soon, or hardly ever
                        self._ask(pool, limits, node, whole=False)
                    self._branch(node, change, runs)
            for done in pool.wait(0.1 if blocked else 0.0):
                self._take(done.ticket, done.solved, found)

    def _promising(self, node: Node) -> bool:
        return node.value <= self.upper - 1 + self._slack

    def _rows(self, node: Node, change: int) -> tuple[Numbers, Floats]:
        """Give the open starts of a change, from the begin of its window on, and their reduced costs."""
        part = slice(int(self._at[change]), int(self._at[change + 1]))
        places = np.flatnonzero(node.kept[part])
        return places, node.bound.reduced[part][places]

    def _choose(self, node: Node) -> tuple[int | None, list[Numbers]]:
        """Pick the change whose outages weigh most of those with several runs left, and its runs, the best first."""
        for change in sorted(self._weight, key=lambda change: -self._weight[change]):
            places, reduced = self._rows(node, change)
            holes = np.flatnonzero(np.diff(places) > self._length[change])
            if len(holes):
                runs = np.split(np.arange(len(places)), holes + 1)
                own = self.starts[change] - int(self.compiled.begin[change])
                runs.sort(key=lambda run: (own not in places[run], float(reduced[run].min())))
                return change, [places[run] for run in runs]
        return None, []

    def _branch(self, node: Node, change: int, runs: list[Numbers]) -> None:
        """Make a node of the best run, one of all others, and one without the change where that may be dropped."""
        must = node.drop.copy()
        must[change] = np.inf
        self._make(node, change, runs[0], must)
        self._make(node, change, np.concatenate(runs[1:]), must)
        if np.isfinite(node.drop[change]):
            self._make(node, change, np.zeros(0, dtype=np.int64), node.drop)

    def _make(self, parent: Node, change: int, places: Numbers, drop: Floats) -> None:
        kept = parent.kept.copy()
        kept[self._at[change] : self._at[change + 1]] = False
        kept[self._at[change] + places] = True
        lagrangian = parent.lagrangian.restricted(kept, drop)
        for _ in range(STEPS):
            value = lagrangian.step(self.upper)
            if not np.isfinite(value):
                return
            if lagrangian.best.cents >= self.upper:
                return
        lagrangian.rest()
        bound = lagrangian.best
        kept &= bound.value + bound.reduced <= self.upper - 1 + self._slack
        self.nodes += 1
        heapq.heappush(self._open, Node(max(bound.value, parent.value), self.nodes, lagrangian, kept, drop))

    # --- CP-SAT ------------------------------------------------------------------------------------------------------

    def _ask(self, pool: Pool, limits: Limits, node: Node, *, whole: bool, raced: bool = False) -> bool:
        """Have CP-SAT work on a node; False where a change has no start left, and the node no plan."""
        empty, candidates = State(self.compiled), {}
        everyone = range(self.compiled.changes)
        for change in everyone:
            places, reduced = self._rows(node, change)
            if not whole:
                places = np.sort(places[np.argsort(reduced, kind="stable")[:CANDIDATES]])
            starts = places + int(self.compiled.begin[change])
            candidates[change] = starts[empty.feasible(change, everyone)[starts]]
        if any(self.compiled.drop[change] is None and not len(own) for change, own in candidates.items()):
            return False
        if whole:  # nothing but a cheaper plan is asked for
            model, constant = posed(empty, candidates, below=self.upper)
        else:
            hint = {c: start if start in candidates[c] else UNPLACED for c, start in enumerate(self.starts)}
            model, constant = posed(empty, candidates, hint)
        text = model.text()
        if raced and len(text) > RACED_TEXT:
            return True
        node.whole |= raced
        seconds = limits.seconds if raced else min(WHOLE if whole else QUICK, limits.seconds)
        own = replace(limits, seconds=seconds, workers=1, thorough=not whole)
        self._asked[pool.submit(text, own.lean())] = _Asked(node, model, constant, whole, raced)
        return True

    def _take(self, ticket: int, solved: Solved, found: Callable[[Mapping[int, int]], int]) -> None:
        asked = self._asked.pop(ticket, None)
        if asked is None or solved.status == "LOST":
            if asked is not None and asked.whole and not asked.raced:
                heapq.heappush(self._open, asked.node)
            return
        outcome = asked.model.outcome(solved, asked.constant)
        if outcome.starts:
            self.upper = min(self.upper, found(outcome.starts))
        proved = outcome.answer in ("OPTIMAL", "INFEASIBLE")
        if asked.raced and proved:
            self._settled = float("inf")
            self._open.clear()
            self._asked.clear()
        elif asked.whole and not asked.raced and not proved:
            asked.node.value = max(asked.node.value, outcome.bound)
            asked.node.whole = True
            heapq.heappush(self._open, asked.node)
