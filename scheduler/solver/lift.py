"""The bound lifted cluster by cluster: what a few changes that share much must really pay together.

The Lagrangian lets every change choose alone. Here small clusters of changes choose together instead: inside a cluster
a slot of a shared cell is paid once, at the sum of its members' shares, and resources, lags, caps and budgets hold
among the members. Every plan pays a cluster at least the minimum of that problem, which is at least what its members
pay alone, and shares of different clusters never add up to more than a cell's weight, so

    bound = Σ over clusters of max(Σ of singles, lower bound by CP-SAT) − Σ price × capacity

holds for any clusters and multipliers, whether or not a solve ends. Starts with a reduced cost above a threshold are
left to a cluster only as the knowledge that they cost at least the threshold more than the singles do.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from scheduler.horizon import Mask
from scheduler.solver.bound import Bound, Lagrangian
from scheduler.solver.cluster import Cluster, ClusterModel
from scheduler.solver.covers import Numbers
from scheduler.solver.cpsat import Solved
from scheduler.solver.forest import Rows
from scheduler.solver.limits import CHARACTER_UNITS, PACE, Limits
from scheduler.solver.state import UNPLACED
from scheduler.solver.windows import Floats
from scheduler.solver.workers import Pool

MOST = 12
"""Changes in a cluster; larger ones are seldom solved and gain less."""
ROUNDS = ((300, 1.0), (1200, 4.0), (4000, 12.0))
"""Starts left to a cluster, and the share of the limits for it, first and where that was not enough."""


class Clusters:
    """The clusters of one problem at the present multipliers of a Lagrangian, beside a known plan."""

    def __init__(self, lagrangian: Lagrangian, starts: Sequence[int]) -> None:
        self.lagrangian, self.compiled, self.starts = lagrangian, lagrangian.compiled, starts
        self.bound: Bound = lagrangian.evaluated()
        sharing = lagrangian.sharing
        self._stakes_of: list[list[int]] = [[] for _ in starts]
        self._holders_of: dict[int, set[int]] = defaultdict(set)
        for stake, (change, holder) in enumerate(zip(sharing.change.tolist(), sharing.holder.tolist(), strict=True)):
            self._stakes_of[change].append(stake)
            self._holders_of[holder].add(change)
        self.clusters = sorted(self._gather(), key=lambda one: one.lower - one.upper)
        for cluster in self.clusters:
            # Kept small: the rows of a cluster are made again when its turn comes.
            cluster.linear, cluster.weight = {}, {}

    # --- which changes go together -----------------------------------------------------------------------------------

    def _gather(self) -> list[Cluster]:
        """Join trees of lags and other changes greedily, those first that pay most above their minimum in the plan."""
        units, lowest = self._units()
        paid = [sum(map(self._paid, unit)) - low for unit, low in zip(units, lowest, strict=True)]
        unit_of = {change: number for number, unit in enumerate(units) for change in unit}
        together = self._shared()
        waiting = set(range(len(units)))
        found = []
        for seed in sorted(waiting, key=lambda number: (-paid[number], number)):
            if seed not in waiting:
                continue
            waiting.discard(seed)
            members: list[int] = list(units[seed])
            close: dict[int, float] = defaultdict(float)
            joined, lower, fresh = [seed], lowest[seed], list(units[seed])
            while True:
                for change in fresh:
                    for other, weight in together[change].items():
                        close[unit_of[other]] += weight
                fitting = [
                    (weight, -unit)
                    for unit, weight in close.items()
                    if unit in waiting and weight > 0 and len(members) + len(units[unit]) <= MOST
                ]
                if not fitting:
                    break
                unit = -max(fitting)[1]
                waiting.discard(unit)
                joined.append(unit)
                lower, fresh = lower + lowest[unit], list(units[unit])
                members += fresh
            cluster = Cluster(sorted(members), lower)
            if len(members) > 1:
                self.prepare(cluster)
                if cluster.upper - cluster.lower > 1.0:
                    found.append(cluster)
        return found

    def _units(self) -> tuple[list[list[int]], list[float]]:
        """List what chooses together in the Lagrangian, trees of lags and single changes, and what each pays."""
        forest, bound = self.lagrangian.forest, self.bound
        units: list[list[int]] = []
        lowest: list[float] = []
        out = bound.out.copy()
        for tree in forest.trees:
            members = [tree[0].parent, *(edge.child for edge in tree)]
            rows: Rows = {change: self._row(change).copy() for change in members}
            forest.gather(tree, rows, out)
            units.append(members)
            lowest.append(min(float(rows[members[0]].min(initial=np.inf)), float(out[members[0]])))
        for change in range(self.compiled.changes):
            if change not in forest.links:
                units.append([change])
                lowest.append(min(float(self._row(change).min(initial=np.inf)), float(bound.out[change])))
        return units, lowest

    def _row(self, change: int) -> Floats:
        return self.bound.brackets[self.bound.at[change] : self.bound.at[change + 1]]

    def _paid(self, change: int) -> float:
        start = self.starts[change]
        if start == UNPLACED:
            return float(self.bound.out[change])
        return float(self._row(change)[start - self.compiled.begin[change]])

    def _shared(self) -> list[dict[int, float]]:
        """Say how much changes have to do with each other: shares of the same cells, and scarce resources."""
        sharing, compiled = self.lagrangian.sharing, self.compiled
        together: list[dict[int, float]] = [defaultdict(float) for _ in self.starts]
        held: dict[int, list[tuple[int, float]]] = defaultdict(list)
        for stake in range(len(sharing.holder)):
            holder = int(sharing.holder[stake])
            if holder < sharing.single:
                held[int(sharing.cell[holder])].append((int(sharing.change[stake]), float(self._share(holder).sum())))
        for own in held.values():
            for number, (one, share) in enumerate(own):
                for other, more in own[number + 1 :]:
                    if one != other:
                        together[one][other] += min(share, more)
                        together[other][one] += min(share, more)
        mean = abs(self.bound.value) / max(1, compiled.changes)
        for resource in compiled.resources:
            users = {use.change: use.amount for use in resource.uses}
            if len(users) <= MOST:
                for one, amount in users.items():
                    for other, more in users.items():
                        if one != other and amount + more > int(resource.capacity.max(initial=0)):
                            together[one][other] += 0.1 * mean
        return together

    def _share(self, holder: int) -> Floats:
        sharing = self.lagrangian.sharing
        first, last = int(sharing.first[holder]), int(sharing.last[holder])
        begin = int(sharing.base[holder]) + first
        return self.lagrangian.shares[begin : begin + last - first]

    # --- what a cluster pays -----------------------------------------------------------------------------------------

    def prepare(self, cluster: Cluster) -> None:
        """Split what members are charged into prices of starts and weights of cells, and price the known plan."""
        sharing, compiled = self.lagrangian.sharing, self.compiled
        members = set(cluster.changes)
        linear = {change: self._row(change).copy() for change in cluster.changes}
        weight: dict[int, Floats] = {}
        active: dict[int, Mask] = {}
        added: set[int] = set()
        for change in cluster.changes:
            begin, end = int(compiled.begin[change]), int(compiled.end[change])
            for stake in self._stakes_of[change]:
                holder = int(sharing.holder[stake])
                # A pooled holder whose changes are all here is paid by whoever takes the cell down, like a single one.
                if not self._holders_of[holder] <= members:
                    continue
                cell, first, last = int(sharing.cell[holder]), int(sharing.first[holder]), int(sharing.last[holder])
                share, offset, length = self._share(holder), int(sharing.offset[stake]), int(sharing.length[stake])
                if cell not in weight:
                    weight[cell] = np.zeros(compiled.slots)
                    active[cell] = np.zeros(compiled.slots, dtype=np.bool_)
                if holder not in added:
                    added.add(holder)
                    weight[cell][first:last] += share
                rate = sharing.rate(stake)[first:last]
                running = np.concatenate(([0.0], np.cumsum(share * rate)))
                index = np.arange(begin, end) + offset - first
                linear[change] -= running[np.clip(index + length, 0, last - first)]
                linear[change] += running[np.clip(index, 0, last - first)]
        paid = 0.0
        for change in cluster.changes:
            start = self.starts[change]
            if start == UNPLACED:
                paid += float(self.bound.out[change])
                continue
            paid += float(linear[change][start - compiled.begin[change]])
            for part in compiled.cells_of[change]:
                if part.target in active:
                    active[part.target][start + part.offset : start + part.offset + part.length] = True
        cluster.upper = paid + sum(float(row[active[cell]].sum()) for cell, row in weight.items())
        # What rounding took below 0 would let a slot seem to pay somebody.
        cluster.linear, cluster.weight = linear, {cell: np.maximum(row, 0.0) for cell, row in weight.items()}

    def model(self, cluster: Cluster) -> "ClusterModel":
        """Give the model of a cluster over the starts that its threshold and its round leave."""
        self.prepare(cluster)
        most = ROUNDS[cluster.round][0]
        reduced = {change: self.bound.reduced_row(change) for change in cluster.changes}
        everything = np.sort(np.concatenate(list(reduced.values())))
        cluster.threshold = cluster.upper - cluster.lower
        if most < len(everything):
            cluster.threshold = min(cluster.threshold, float(everything[most]))
        candidates = {
            change: np.flatnonzero(row <= cluster.threshold) + int(self.compiled.begin[change])
            for change, row in reduced.items()
        }
        return ClusterModel(self.lagrangian, cluster, candidates)

    def take(self, cluster: Cluster, model: "ClusterModel", solved: Solved) -> bool:
        """Note what a cluster gains; tell whether more starts or more time could still raise that."""
        proved = min(model.least(solved), cluster.lower + cluster.threshold)
        cluster.gain = max(cluster.gain, proved - cluster.lower)
        cluster.linear, cluster.weight = {}, {}
        room = cluster.upper - cluster.lower
        cluster.round += 1
        return cluster.round < len(ROUNDS) and cluster.gain < 0.98 * room

    @property
    def cents(self) -> int:
        """The bound that the gains so far prove, in whole weighted cents."""
        gained = sum(cluster.gain for cluster in self.clusters)
        return int(np.ceil(self.bound.value + gained - 2 * self.bound.slack))

    def keeps(self, upper: int) -> list[Numbers]:
        """Give for every change the starts that a plan cheaper than `upper` may still take, in order."""
        gain_of = dict.fromkeys(range(self.compiled.changes), 0.0)
        for cluster in self.clusters:
            gain_of.update(dict.fromkeys(cluster.changes, cluster.gain))
        value = self.bound.value + sum(cluster.gain for cluster in self.clusters)
        return [
            np.flatnonzero(value - gain + self.bound.reduced_row(change) <= upper - 1 + 2 * self.bound.slack)
            + int(self.compiled.begin[change])
            for change, gain in gain_of.items()
        ]


def lift(
    clusters: Clusters,
    limits: Limits,
    pool: Pool | None,
    running: Callable[[], float],
    charge: Callable[[float], None] = lambda _: None,
) -> Iterator[int]:
    """Raise the bound cluster by cluster, the most promising first; gives every better bound, in weighted cents.

    Each cluster is solved within a share of `limits`. Several are solved at a time
    where there is a `pool` of workers; results are taken in the order in which they were asked for. Ends with
    `running()` at 1, or when no cluster can gain more. `charge` is told the units of every solve.
    """
    best = max(clusters.lagrangian.best.cents, clusters.cents)
    waiting = deque(clusters.clusters)
    asked: deque[tuple[Cluster, ClusterModel, int]] = deque()
    while waiting or asked:
        while waiting and running() < 1.0 and len(asked) < (1 if pool is None else pool.processes):
            cluster = waiting.popleft()
            model = clusters.model(cluster)
            share = ROUNDS[cluster.round][1] / ROUNDS[-1][1]
            units = None if limits.units is None else share * limits.units
            own = replace(limits, seconds=share * limits.seconds, units=units)
            text = model.text()
            if pool is None:
                solved = own.solve(text)
                charge(solved.units / PACE + CHARACTER_UNITS * len(text))
                if clusters.take(cluster, model, solved):
                    waiting.append(cluster)
            else:
                asked.append((cluster, model, pool.submit(text, own.lean())))
        if asked and pool is not None:
            cluster, model, ticket = asked[0]
            answer = pool.take(ticket, 0.2)
            if answer is not None:
                asked.popleft()
                charge(answer.units / PACE + CHARACTER_UNITS * model.size)
                if clusters.take(cluster, model, answer):
                    waiting.append(cluster)
            elif running() >= 1.0:
                return
        if clusters.cents > best:
            best = clusters.cents
            yield best
        if running() >= 1.0 and not asked:
            return
