"""What changes take of resources, slot by slot, and which resources can be short at all."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from scheduler.solver.compiled import Compiled
from scheduler.solver.windows import Floats, Numbers


@dataclass
class Loads:
    """What changes take of resources, with equal demands (rows of `amounts`) told apart once."""

    compiled: Compiled
    amounts: csr_array = field(init=False)

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

    def load(self, resources: Numbers, starts: Numbers, placed: npt.NDArray[np.bool_]) -> Floats:
        """Add up what placed changes take of some resources; shape (resources, slots)."""
        slots = self.compiled.slots
        amounts = self.amounts[:, resources]
        some = np.flatnonzero(np.diff(amounts.indptr))
        row_of = np.full(self.amounts.shape[0], -1, dtype=np.int64)
        row_of[some] = np.arange(len(some))
        spans = self.spans[placed[self.spans[:, 0]] & (row_of[self.spans[:, 3]] >= 0)]
        begin = np.minimum(starts[spans[:, 0]] + spans[:, 1], slots)
        steps = np.zeros((len(some), slots + 1))
        np.add.at(steps, (row_of[spans[:, 3]], begin), 1.0)
        np.add.at(steps, (row_of[spans[:, 3]], np.minimum(begin + spans[:, 2], slots)), -1.0)
        return np.asarray(amounts[some].T @ np.cumsum(steps, axis=1)[:, :slots])
