"""Local search on the compiled problem: greedy marginal insertion, then annealed ruin and recreate.

Every price is exact: the marginal cost of a change over all its starts is a sliding sum over the slots of its cells
that nobody else takes down. (Ruin and recreate: Schrimpf et al., Journal of Computational Physics 159, 2000.)
"""

import heapq
from collections.abc import Callable, Collection, Iterable, Sequence

import numpy as np

from scheduler.solver.bound import Bound
from scheduler.solver.compiled import Compiled
from scheduler.solver.forest import Forest, Rows
from scheduler.solver.state import UNPLACED, State, restore
from scheduler.solver.windows import Numbers

MOST_AHEAD = 6  # lags that an insertion looks along
LEAST_GAIN = 1e-4  # share of the objective below which another round of single moves is not worth it


def cheapest(state: State, change: int) -> tuple[int, int] | None:
    """Give the legal start with the lowest marginal cost and that cost; ties by `tie_rank`; None if there is none."""
    legal, price = state.choices(change)
    return (_first(state, change, legal, price), int(price.min())) if len(legal) else None


def _first(state: State, change: int, starts: Numbers, price: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> int:
    best = starts[price == price.min()]
    return int(best[np.argmin(state.compiled.problem.tie_rank[change][best])])


class Insertion:
    """Places changes one by one at their cheapest legal start, with an eye to those that lags tie to them.

    With a `guide` a start is judged by its reduced cost too, which counts `trust`, from 0 to 1, and its price the rest:
    multipliers know where changes that are not placed yet would gladly share an outage.
    """

    def __init__(self, compiled: Compiled, guide: Bound | None = None, trust: float = 0.0) -> None:
        self.forest = Forest(compiled)
        self._guide, self._trust = guide, trust

    def choices(self, state: State, change: int, free: Collection[int] = ()) -> tuple[Numbers, Numbers]:
        """Give the legal starts of a change and how this insertion judges them."""
        starts, prices = state.choices(change, free)
        if self._guide is None:
            return starts, prices
        reduced = self._guide.reduced_row(change)[starts - state.compiled.begin[change]]
        # A start that no lag allows by the multipliers is not for them to judge.
        reduced = np.where(np.isfinite(reduced), reduced, prices)
        return starts, np.rint((1 - self._trust) * prices + self._trust * reduced).astype(np.int64)

    def insert(self, state: State, change: int, waiting: Collection[int] = ()) -> bool:
        """Place a change at its cheapest legal start, or leave an optional one out where that is cheaper.

        `waiting` are changes that are to be placed afterwards: what they will cost counts where a lag ties them to it.
        """
        found = self._with_followers(state, change, waiting) or self._cheapest(state, change)
        drop = state.compiled.drop[change]
        if found is None:
            return drop is not None
        start, price = found
        if drop is None or price <= drop or _needed(state, change):
            state.place(change, start)
        return True

    def _cheapest(self, state: State, change: int) -> tuple[int, int] | None:
        legal, price = self.choices(state, change)
        return (_first(state, change, legal, price), int(price.min())) if len(legal) else None

    def _with_followers(self, state: State, change: int, waiting: Collection[int]) -> tuple[int, int] | None:
        if change not in self.forest.links:
            return None
        edges = self.forest.edges_from(
            change, lambda other: state.starts[other] == UNPLACED and other in waiting, MOST_AHEAD
        )
        if not edges:
            return None
        begin, end, drop = state.compiled.begin, state.compiled.end, state.compiled.drop
        members = {change, *(edge.child for edge in edges)}
        rows: Rows = {}
        out = {one: np.inf if (price := drop[one]) is None else float(price) for one in members}
        for one in members:
            starts, prices = self.choices(state, one, members)
            rows[one] = np.full(end[one] - begin[one], np.inf)
            rows[one][starts - begin[one]] = prices
        # Its own lags to changes that are neither placed nor among these are asked for as ever.
        starts, _ = state.choices(change, members)
        self.forest.gather(edges, rows, out)
        price = rows[change][starts - begin[change]]
        if not np.isfinite(price).any():
            return None
        start = _first(state, change, starts, price)
        if drop[change] is None or not np.isfinite(out[change]):
            return start, 0
        # Compared with leaving it out, which leaves out what must follow it too.
        return start, int(float(price.min()) - out[change]) + (drop[change] or 0)


def _needed(state: State, change: int) -> bool:
    return any(
        lag.before == change and (state.starts[lag.after] != UNPLACED or state.compiled.drop[lag.after] is None)
        for lag in state.compiled.lags_of[change]
    )


def greedy(state: State, insertion: Insertion | None = None) -> bool:
    """Insert what is not placed, changes with the fewest starts first and none before those it follows."""
    compiled = state.compiled
    insertion = insertion or Insertion(compiled)
    room = compiled.ok.sum(axis=1).tolist()
    waiting = {change for change, start in enumerate(state.starts) if start == UNPLACED}
    ahead = {
        change: sum(1 for lag in compiled.lags_of[change] if lag.after == change and lag.before in waiting)
        for change in waiting
    }
    ready = [(room[change], change) for change in waiting if not ahead[change]]
    heapq.heapify(ready)
    complete = True
    while waiting:
        # Lags that go round in a circle leave nobody ready: whoever has the fewest starts goes first then.
        change = heapq.heappop(ready)[1] if ready else min(waiting, key=lambda number: (room[number], number))
        if change not in waiting:
            continue
        waiting.discard(change)
        complete &= insertion.insert(state, change, waiting)
        for lag in compiled.lags_of[change]:
            if lag.before == change and lag.after in waiting:
                ahead[lag.after] -= 1
                if not ahead[lag.after]:
                    heapq.heappush(ready, (room[lag.after], lag.after))
    return complete


def descend(state: State, running: Callable[[], float]) -> None:
    """Move one change after another to its cheapest start, all others staying, until that gains next to nothing."""
    before = None
    while before is None or state.objective() < (1 - LEAST_GAIN) * before:
        before = state.objective()
        for change in range(state.compiled.changes):
            if running() >= 1.0:
                return
            start = state.starts[change]
            if start != UNPLACED:
                state.remove(change)
                legal, price = state.choices(change)
                state.place(change, int(legal[price.argmin()]) if len(legal) else start)


class Neighbours:
    """Which changes share a cell, a resource, a cap or a lag: what is worth replanning together."""

    def __init__(self, compiled: Compiled) -> None:
        cells = [{member.change for member in members} for members in (*compiled.members, *compiled.counted)]
        others = [{use.change for use in resource.uses} for resource in compiled.resources]
        others += [{lag.before, lag.after} for lag in compiled.problem.lags]
        others += [set(cap.amounts) for cap in compiled.caps]
        self._sharing = _groups_of(compiled.changes, cells)
        self._bound = _groups_of(compiled.changes, others)
        self.shares = [change for change, own in enumerate(self._sharing) if own]

    def sharing(self, change: int) -> bool:
        """Tell whether a change may share an outage with others."""
        return bool(self._sharing[change])

    def related(
        self,
        first: Sequence[int],
        size: int,
        rng: np.random.Generator,
        near: Callable[[int], bool],
        sharing: float = 0.5,
    ) -> list[int]:
        """Pick up to `size` changes around some: mostly such that have something in common, the rest by chance.

        `sharing` is how often that is a cell, where there is one, and not a resource, a cap or a lag.
        """
        chosen = [first[number] for number in rng.permutation(len(first))[:size].tolist()]
        seen = set(chosen)
        for _ in range(4 * size):
            if len(chosen) >= size:
                break
            one = chosen[int(rng.integers(len(chosen)))]
            cells, others = self._sharing[one], self._bound[one]
            around = cells if cells and (not others or rng.random() < sharing) else others
            if around and rng.random() < 0.9:
                group = around[int(rng.integers(len(around)))]
                other = group[int(rng.integers(len(group)))]
            else:
                other = int(rng.integers(len(self._bound)))
            if other not in seen and near(other):
                seen.add(other)
                chosen.append(other)
        return chosen


def _groups_of(changes: int, groups: Iterable[set[int]]) -> list[list[list[int]]]:
    of: list[list[list[int]]] = [[] for _ in range(changes)]
    for group in groups:
        if len(group) > 1:
            members = sorted(group)
            for change in members:
                of[change].append(members)
    return of


def anneal(
    state: State,
    neighbours: Neighbours,
    insertion: Insertion,
    rng: np.random.Generator,
    running: Callable[[], float],
    heat: float,
) -> list[int]:
    """Ruin and recreate until `running()` (the share of the effort that is used up) reaches 1; give the best starts.

    Temperature falls linearly from `heat` × the mean cost per change. A mandatory change that finds no place makes
    a move fail, so a complete schedule stays complete.
    """
    current = best = state.objective()
    best_starts, best_missing = list(state.starts), len(state.missing())
    count = state.compiled.changes
    temperature = heat * current / max(1, count)
    while (used := running()) < 1.0:
        seed = int(rng.integers(count))
        ruined = neighbours.related([seed], int(rng.integers(1, min(12, count) + 1)), rng, lambda _: True)
        before = {change: state.starts[change] for change in ruined}
        missing = len(state.missing())
        for change in ruined:
            if state.starts[change] != UNPLACED:
                state.remove(change)
        _recreate(state, insertion, _recreation_order(state.compiled, ruined, rng))
        price, left = state.objective(), len(state.missing())
        gain = current - price
        hot = temperature * (1.0 - used)
        legal = left <= missing and not _orphans(state, ruined)
        if legal and (left < missing or gain >= 0 or (hot > 0 and rng.random() < np.exp(gain / hot))):
            current = price
            if (left, price) < (best_missing, best):
                best, best_starts, best_missing = price, list(state.starts), left
        else:
            restore(state, before)
    return best_starts


def complete(
    state: State,
    neighbours: Neighbours,
    insertion: Insertion,
    rng: np.random.Generator,
    running: Callable[[], float],
    most: int = 24,
) -> bool:
    """Ruin and recreate around mandatory changes without a place, whatever it costs; tell whether all have one.

    They go in first, among what was taken out, and as many may stay without as were before: such moves in turn make
    room. Ends with `running()` at 1.
    """
    most = min(most, state.compiled.changes)
    while missing := state.missing():
        if running() >= 1.0:
            return False
        seed = missing[int(rng.integers(len(missing)))]
        ruined = neighbours.related([seed], int(rng.integers(min(2, most), most + 1)), rng, lambda _: True)
        before = {change: state.starts[change] for change in ruined}
        for change in ruined:
            if state.starts[change] != UNPLACED:
                state.remove(change)
        order = _recreation_order(state.compiled, ruined, rng)
        _recreate(state, insertion, sorted(order, key=lambda change: before[change] != UNPLACED))
        # One that had to wait for another of them is tried again.
        _recreate(state, insertion, state.missing())
        if len(state.missing()) > len(missing) or _orphans(state, ruined):
            restore(state, dict.fromkeys([*ruined, *missing], UNPLACED) | before)
    return True


def _recreate(state: State, insertion: Insertion, order: Sequence[int]) -> None:
    waiting = set(order)
    for change in order:
        waiting.discard(change)
        insertion.insert(state, change, waiting)


def _recreation_order(compiled: Compiled, changes: Sequence[int], rng: np.random.Generator) -> list[int]:
    order = [changes[index] for index in rng.permutation(len(changes))]
    for _ in range(len(order)):
        swaps = [
            (order.index(lag.before), order.index(lag.after))
            for change in order
            for lag in compiled.lags_of[change]
            if lag.before in order and lag.after in order and order.index(lag.before) > order.index(lag.after)
        ]
        if not swaps:
            break
        early, late = swaps[0]
        order[early], order[late] = order[late], order[early]
    return order


def _orphans(state: State, changes: Iterable[int]) -> bool:
    """Tell whether a change is left out although one that follows it is placed."""
    return any(
        state.starts[lag.before] == UNPLACED and state.starts[lag.after] != UNPLACED
        for change in changes
        for lag in state.compiled.lags_of[change]
    )


def settle_ties(state: State) -> None:
    """Move every change to the start that ties prefer among those of equal cost, until nothing moves."""
    moved = True
    while moved:
        moved = False
        for change in range(state.compiled.changes):
            if state.starts[change] != UNPLACED:
                start = state.remove(change)
                found = cheapest(state, change)
                state.place(change, start if found is None else found[0])
                moved |= state.starts[change] != start
