"""What changes take of resources, slot by slot, and which resources can be short at all."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from scheduler.solver.compiled import Compiled
from scheduler.solver.windows import Floats, Numbers

MOST_REMEMBERED = 64
"""Sets of resources whose demands are kept at hand: the bound asks for the same few again and again."""


@dataclass(frozen=True)
class Chosen:
    """Some demands, with `spans` as those of `Loads`, numbered by the rows (or columns) of `amounts`."""

    amounts: csr_array
    spans: Numbers


@dataclass
class Loads:
    """What changes take of resources, with equal demands (rows of `amounts`) told apart once."""

    compiled: Compiled
    amounts: csr_array = field(init=False)
    _charged: tuple[bytes, Chosen] | None = field(init=False, default=None)
    _loaded: dict[bytes, Chosen] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        known: dict[tuple[bytes, bytes], int] = {}
        rows: list[tuple[int, int, int, int]] = []
        entries: list[tuple[Numbers, Numbers]] = []
        for change, spans in enumerate(self.compiled.use_spans):
            for span in spans:
                row = known.setdefault((span.targets.tobytes(), span.amounts.tobytes()), len(known))
                if row == len(entries):
                    entries.append((span.targets, span.amounts))
                rows.append((change, span.offset, span.length, row))
        self.spans = np.array(rows, dtype=np.int64).reshape(-1, 4)
        indices = np.concatenate([np.zeros(0, dtype=np.int64), *(targets for targets, _ in entries)])
        values = np.concatenate([np.zeros(0), *(amounts for _, amounts in entries)]).astype(np.float64)
        pointers = np.cumsum([0, *(len(targets) for targets, _ in entries)])
        self.amounts = csr_array((values, indices, pointers), shape=(len(entries), len(self.compiled.resources)))
        self._find_pairs()

    def _find_pairs(self) -> None:
        """Tell resources that only two changes use, which seldom meet, from those that many do."""
        pairs = []
        for number, resource in enumerate(self.compiled.resources):
            if len(resource.uses) == 2:
                one, other = resource.uses
                if one.change != other.change:
                    pairs.append((number, one.change, one.offset, one.length, other.change, other.offset, other.length))
        self.pairs = np.array(pairs, dtype=np.int64).reshape(-1, 7)
        self._wide = np.ones(len(self.compiled.resources), dtype=np.bool_)
        self._wide[self.pairs[:, 0]] = False

    def active(self, starts: Numbers, placed: npt.NDArray[np.bool_], priced: npt.NDArray[np.bool_]) -> Numbers:
        """List the resources that have a price or could be short now."""
        number, one, one_from, one_long, other, other_from, other_long = self.pairs.T
        first, second = starts[one] + one_from, starts[other] + other_from
        meet = placed[one] & placed[other] & (first < second + other_long) & (second < first + one_long)
        chosen = self._wide | priced
        chosen[number[meet]] = True
        return np.flatnonzero(chosen)

    def charged(self, priced: npt.NDArray[np.bool_]) -> Chosen:
        """Give the demands for resources that have a price, a row each, and the spans of who has them."""
        key = priced.tobytes()
        if self._charged is None or self._charged[0] != key:
            rows = np.flatnonzero(np.ravel(self.amounts[:, np.flatnonzero(priced)].sum(axis=1)) > 0)
            self._charged = key, Chosen(self.amounts[rows], self._spans_of(rows))
        return self._charged[1]

    def load(self, resources: Numbers, starts: Numbers, placed: npt.NDArray[np.bool_]) -> Floats:
        """Add up what placed changes take of some resources; shape (resources, slots)."""
        slots, key = self.compiled.slots, resources.tobytes()
        if key not in self._loaded:
            if len(self._loaded) >= MOST_REMEMBERED:
                self._loaded.clear()
            amounts = self.amounts[:, resources]
            rows = np.flatnonzero(np.diff(amounts.indptr))
            self._loaded[key] = Chosen(amounts[rows].T.tocsr(), self._spans_of(rows))
        chosen = self._loaded[key]
        spans = chosen.spans[placed[chosen.spans[:, 0]]]
        begin = np.minimum(starts[spans[:, 0]] + spans[:, 1], slots)
        steps = np.zeros((chosen.amounts.shape[1], slots + 1))
        row = spans[:, 3] * (slots + 1)
        np.add.at(steps.reshape(-1), row + begin, 1.0)
        np.add.at(steps.reshape(-1), row + np.minimum(begin + spans[:, 2], slots), -1.0)
        return np.asarray(chosen.amounts @ np.cumsum(steps, axis=1)[:, :slots])

    def _spans_of(self, rows: Numbers) -> Numbers:
        """List the spans with some demands, numbered as they come in `rows`."""
        number = np.full(self.amounts.shape[0], -1, dtype=np.int64)
        number[rows] = np.arange(len(rows))
        spans = self.spans[number[self.spans[:, 3]] >= 0]
        return np.column_stack((spans[:, :3], number[spans[:, 3]]))
