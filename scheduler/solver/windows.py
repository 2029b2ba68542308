"""Sums, hits and minima over windows that slide along the grid: the arithmetic of everything priced per start."""

import numpy as np
import numpy.typing as npt

from scheduler.horizon import Mask

Numbers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def window_sums(values: npt.NDArray[np.generic], begin: int, end: int, offset: int, length: int) -> Numbers:
    """Sum the last axis of `values`, one per slot, over [t + offset, t + offset + length) for every t of [begin, end).

    Slots past the end of the grid count 0; values are whole numbers, or truths, and added up in 64 bits.
    """
    part = values[..., begin + offset : end - 1 + offset + length]
    many, covered = max(end - begin, 0) + length, part.shape[-1]
    running = np.zeros((*values.shape[:-1], many), dtype=np.int64)
    np.cumsum(part, axis=-1, out=running[..., 1 : covered + 1])
    running[..., covered + 1 :] = running[..., covered : covered + 1]
    result: Numbers = running[..., length:] - running[..., : many - length]
    return result


def sums(values: Numbers, offset: int, length: int) -> Numbers:
    """Sum the last axis over [t + offset, t + offset + length) for every start t, slots past the end counting 0."""
    return window_sums(values, 0, values.shape[-1], offset, length)


def hits(marked: Mask, offset: int, length: int) -> Mask:
    """Mark every start t for which a slot of [t + offset, t + offset + length) is marked."""
    if not marked.any():
        return np.zeros(len(marked), dtype=np.bool_)
    return np.asarray(window_sums(marked, 0, len(marked), offset, length) > 0)


def reach(starts: Mask, offset: int, length: int) -> Mask:
    """Mark every slot that is covered from some marked start; shape (slots,)."""
    slots = len(starts)
    steps = np.zeros(slots + 1, dtype=np.int64)
    begins = np.flatnonzero(starts) + offset
    np.add.at(steps, np.minimum(begins, slots), 1)
    np.add.at(steps, np.minimum(begins + length, slots), -1)
    return np.cumsum(steps[:slots]) > 0


def within(starts: Mask, lo: int, hi: int) -> Mask:
    """Mark every t of the grid for which a start is marked in [t + lo, t + hi]."""
    slots = len(starts)
    running = np.concatenate(([0], np.cumsum(starts)))
    index = np.arange(slots)
    begin, end = np.clip(index + lo, 0, slots), np.clip(index + hi + 1, 0, slots)
    result: Mask = running[np.maximum(begin, end)] > running[begin]
    return result


def window_minima(values: Floats, first: int, count: int, length: int | None) -> Floats:
    """Give the smallest of `values[f : f + length]` for f = first, first + 1, … `count` times; infinite where empty.

    Windows may lie outside the array, and without a length they reach to its end. Two running minima per block of a
    window's length give all of them at once (van Herk, Pattern Recognition Letters 13, 1992).
    """
    if length is None:
        suffix = np.append(np.minimum.accumulate(values[::-1])[::-1], np.inf)
        return np.asarray(suffix[np.clip(np.arange(first, first + count), 0, len(values))])
    if count <= 0 or length <= 0:
        return np.full(max(count, 0), np.inf)
    padded = np.full(-(-(count + length) // length) * length, np.inf)
    begin, end = max(0, first), min(len(values), first + count - 1 + length)
    if begin < end:
        padded[begin - first : end - first] = values[begin:end]
    blocks = padded.reshape(-1, length)
    ahead = np.minimum.accumulate(blocks, axis=1).ravel()
    behind = np.minimum.accumulate(blocks[:, ::-1], axis=1)[:, ::-1].ravel()
    result: Floats = np.minimum(behind[:count], ahead[length - 1 : length - 1 + count])
    return result
