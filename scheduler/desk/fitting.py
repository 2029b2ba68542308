"""Fits what is new into a plan that was announced: few windows move, and each of them for what that saves.

The plan before is the start. What is new, or cannot stay, takes its cheapest place; where there is none, one window
makes room for it. Then single windows move, alone or together with the place of what is new, the best gain first, as
long as that pays for the price of the move. Nothing is drawn by lot, so two runs give the same plan.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from scheduler.solver.search import Insertion, greedy
from scheduler.solver.state import UNPLACED, State, restore

PLACES = 60  # cheapest starts of what is new that are tried together with every other window
ANCHORS = 20  # cheapest starts of a window that what is new is tried beside
_NO_PRICE = int(np.iinfo(np.int64).max)
ROOM = 400  # starts of what has no place that are tried to make room
Starts = dict[int, int]
Found = tuple[Starts, int] | None
"""Starts of some changes, and what the whole plan then costs."""


@dataclass
class Fitting:
    """A state that a plan before is put into; `running()` is asked now and then, and ends the search at 1.

    Those of `still` keep the start they have, if it is legal, and are put there first. `fresh` are the changes that are
    planned together with whatever else moves: those that are new or cannot stay are added to it.
    """

    state: State
    before: Mapping[int, int]
    running: Callable[[], float]
    still: frozenset[int] = frozenset()
    fresh: list[int] = field(default_factory=list)

    def fit(self) -> bool:
        """Place everything; tell whether every mandatory change has a place."""
        self._as_before()
        self.fresh += [change for change, start in enumerate(self.state.starts) if start == UNPLACED]
        greedy(self.state, Insertion(self.state.compiled))
        for change in self.state.missing():
            if self.state.starts[change] == UNPLACED:
                self._make_room(change)
        greedy(self.state, Insertion(self.state.compiled))
        if self.state.missing():
            return False
        self.improve()
        return True

    def _as_before(self) -> None:
        """Put every change where it was, as far as that is legal: those that may not move first, then as time goes."""
        order = sorted(self.before, key=lambda one: (one not in self.still, self.before[one], one))
        waiting = set(order)
        for change in order:
            waiting.discard(change)
            if self.state.allows(change, self.before[change], waiting):
                self.state.place(change, self.before[change])

    # --- making room -----------------------------------------------------------------------------------------------

    def _make_room(self, change: int) -> None:
        """Let the one window make room for a change whose move costs least, wherever both then are."""
        state, best, ceiling = self.state, None, _NO_PRICE
        for other in self._others(change):
            if self.running() >= 1.0:
                break
            start = state.remove(other)
            for place, _ in self._by_price(change)[:ROOM]:
                state.place(change, place)
                found = self._cheapest({change: place}, other, ceiling)
                state.remove(change)
                if found is not None:
                    best, ceiling = found
            state.place(other, start)
        if best is not None:
            restore(state, best)

    def _others(self, change: int) -> Iterator[int]:
        """Give the placed changes that may move and have something in common with one, in order of their numbers."""
        for other in sorted(related(self.state, [change])):
            if other not in self.still and self.state.starts[other] != UNPLACED:
                yield other

    # --- moving -----------------------------------------------------------------------------------------------

    def improve(self) -> None:
        """Move one window after another, with what is new, the best gain first, until none is left."""
        while (found := self._best_move()) is not None:
            restore(self.state, found)

    def _best_move(self) -> Starts | None:
        """Give the move of a window, alone or with one change that is new, that saves most; None where none does."""
        state, best = self.state, None
        ceiling = state.objective()
        for change in range(state.compiled.changes):
            if self.running() >= 1.0:
                return None
            if state.starts[change] == UNPLACED or change in self.still:
                continue
            for found in (self._alone(change, ceiling), *self._with_fresh(change, ceiling)):
                if found is not None and found[1] < ceiling:
                    best, ceiling = found
        return best

    def _alone(self, change: int, ceiling: int) -> Found:
        """Give the cheapest place of a change, all others staying, if that costs less than `ceiling`."""
        start = self.state.remove(change)
        found = self._cheapest({}, change, ceiling)
        self.state.place(change, start)
        return found

    def _with_fresh(self, change: int, ceiling: int) -> Iterator[Found]:
        for other in self.fresh:
            if other != change and other not in self.still and self.state.starts[other] != UNPLACED:
                found = self._pair(change, other, ceiling)
                if found is not None:
                    ceiling = found[1]
                    yield found

    def _pair(self, change: int, other: int, ceiling: int) -> Found:
        """Give the cheapest places of two changes together that were tried, if they cost less than `ceiling`."""
        state, best = self.state, None
        sharing = _sharing(state, change, other)
        if not sharing and not _competing(state, change, other):
            return None
        before = {one: state.starts[one] for one in (change, other)}
        state.remove(other)
        beside = set() if sharing else set(state.choices(other)[0].tolist())
        state.remove(change)
        empty = self._without(change, other)
        # What does not share can only be cheaper where the other window stood in its way.
        places = [one for one in self._by_price(other) if one[0] not in beside]
        rest = self._by_price(change)
        # What comes after the other has no start before that has one; what it pays by itself it pays anywhere.
        least = rest[0][1] if rest and not sharing else int(state.compiled.costs[change].min())
        anchors = [(other, change, *one) for one in places[:PLACES] if empty + one[1] + least < ceiling]
        if sharing:
            anchors += [(change, other, *one) for one in rest[:ANCHORS] if empty + one[1] < ceiling]
        for anchor, follower, start, _ in anchors:
            state.place(anchor, start)
            found = self._cheapest({anchor: start}, follower, ceiling)
            state.remove(anchor)
            if found is not None:
                best, ceiling = found, found[1]
        restore(state, before)
        return best

    def _by_price(self, change: int) -> list[tuple[int, int]]:
        """Give the legal starts of a change that is out and what each adds, the cheapest first."""
        legal, price = self.state.choices(change)
        order = np.lexsort((self.state.compiled.problem.tie_rank[change][legal], price))
        return list(zip(legal[order].tolist(), price[order].tolist(), strict=True))

    def _cheapest(self, beside: Starts, change: int, ceiling: int) -> Found:
        """Give the cheapest start of a change that is out, together with others just placed, if below `ceiling`."""
        legal, price = self.state.choices(change)
        if not len(legal):
            return None
        cents = self._without(change) + int(price.min())
        if cents >= ceiling:
            return None
        best = legal[price == price.min()]
        return {**beside, change: int(best[np.argmin(self.state.compiled.problem.tie_rank[change][best])])}, cents

    def _without(self, *out: int) -> int:
        """Price what is placed, with no drop prices for what is only out to be placed again."""
        return self.state.objective() - sum(self.state.compiled.drop[change] or 0 for change in out)


def _sharing(state: State, one: int, other: int) -> bool:
    cells = {part.target for part in state.compiled.cells_of[one]}
    return any(part.target in cells for part in state.compiled.cells_of[other])


def _competing(state: State, one: int, other: int) -> bool:
    return one in related(state, [other])


def related(state: State, changes: Iterable[int]) -> set[int]:
    """Give the changes that share a cell, a resource, a lag or a cap with some."""
    compiled = state.compiled
    found: set[int] = set()
    for change in changes:
        found |= {one.change for part in compiled.cells_of[change] for one in compiled.members[part.target]}
        found |= {one.change for part in compiled.uses_of[change] for one in compiled.resources[part.target].uses}
        found |= {one.change for part in compiled.counted_of[change] for one in compiled.counted[part.target]}
        found |= {one for lag in compiled.lags_of[change] for one in (lag.before, lag.after)}
    return found - set(changes)
