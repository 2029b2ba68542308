"""Which candidate starts cover a slot: what models over candidates are built from."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]
Span = tuple[int, int, int]
"""A free change with the offset and the length of what it covers after its start."""
NUMBER_BITS = 20
"""A range of candidates of a change is one number: the change, then first and last candidate, in so many bits each."""
LOW_BITS = (1 << NUMBER_BITS) - 1


class Covers:
    """The candidates of some changes, each change with its sorted starts, on a horizon of so many slots."""

    def __init__(self, candidates: Mapping[int, Numbers], slots: int) -> None:
        self.candidates = candidates
        self.slots = slots
        self._covers: dict[Span, tuple[Numbers, Numbers]] = {}

    def cover(self, span: Span) -> tuple[Numbers, Numbers]:
        """Give the slots that candidates of a change cover, sorted, and for each slot the range of those candidates."""
        if span not in self._covers:
            change, offset, length = span
            starts = self.candidates[change]
            slots = np.unique((starts + offset)[:, None] + np.arange(length))
            slots = slots[slots < self.slots]
            first = np.searchsorted(starts, slots - offset - length, side="right")
            last = np.searchsorted(starts, slots - offset, side="right")
            self._covers[span] = slots, (((change << NUMBER_BITS) + first) << NUMBER_BITS) + last
        return self._covers[span]

    def demand(self, spans: Sequence[Span], amounts: Sequence[int]) -> tuple[int, Numbers]:
        """Add up amounts over the slots that each span can cover: the first slot, and the sums from there on."""
        covers = [self.cover(span)[0] for span in spans]
        covers_of = [(slots, amount) for slots, amount in zip(covers, amounts, strict=True) if len(slots)]
        low = min((int(slots[0]) for slots, _ in covers_of), default=0)
        high = max((int(slots[-1]) + 1 for slots, _ in covers_of), default=0)
        total = np.zeros(high - low, dtype=np.int64)
        for slots, amount in covers_of:
            total[slots - low] += amount
        return low, total

    def times(self, spans: Sequence[Span]) -> tuple[int, Numbers]:
        """Count for each slot the changes that can cover it: the first slot, and the counts from there on."""
        low, times = self.demand(spans, [1] * len(spans))
        if len({change for change, _, _ in spans}) < len(spans):
            times[:] = 0
            for _, own in groupby(sorted(spans), lambda span: span[0]):
                slots = np.unique(np.concatenate([self.cover(span)[0] for span in own]))
                times[slots - low] += 1
        return low, times

    def alone(self, spans: Sequence[Span], low: int, values: Numbers) -> Iterator[tuple[int, Numbers]]:
        """Add up values, whose last axis has the slots from `low` on, over what each candidate covers, span by span."""
        if not values.any():
            return
        length = values.shape[-1]
        running = np.zeros((*values.shape[:-1], length + 1), dtype=np.int64)
        np.cumsum(values, axis=-1, out=running[..., 1:])
        for change, offset, long in spans:
            begin = self.candidates[change] + (offset - low)
            yield change, running[..., np.minimum(begin + long, length)] - running[..., np.minimum(begin, length)]

    def signatures(self, spans: Sequence[Span], slots: Numbers) -> tuple[Numbers, Numbers]:
        """Cut slots into runs that the same candidates cover: where each begins, and its ranges per span (0 for none).

        The ranges have shape (spans, runs).
        """
        table = np.zeros((len(spans), len(slots)), dtype=np.int64)
        for row, span in zip(table, spans, strict=True):
            own, ranges = self.cover(span)
            if len(own):
                place = np.minimum(np.searchsorted(own, slots), len(own) - 1)
                np.copyto(row, ranges[place], where=own[place] == slots)
        changed = (table[:, 1:] != table[:, :-1]).any(axis=0)
        begins = np.concatenate(([0], np.flatnonzero(changed) + 1)) if len(slots) else np.zeros(0, dtype=np.int64)
        return begins, table[:, begins]
