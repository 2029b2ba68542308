"""Sliding sums and minima against the definition, windows past either end included."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scheduler.solver.windows import window_minima, window_sums

VALUES = st.lists(st.integers(0, 99), min_size=1, max_size=12)


@given(VALUES, st.integers(-15, 15), st.integers(0, 12), st.none() | st.integers(0, 20))
def test_minima_of_windows(values: list[int], first: int, count: int, length: int | None) -> None:
    expected = []
    for begin in range(first, first + count):
        end = len(values) if length is None else min(len(values), begin + length)
        expected.append(min(values[max(0, begin) : max(0, end)], default=np.inf))
    assert window_minima(np.array(values, dtype=np.float64), first, count, length).tolist() == expected


@given(VALUES, st.data(), st.integers(0, 6), st.integers(1, 8))
def test_sums_of_windows(values: list[int], data: st.DataObject, offset: int, length: int) -> None:
    begin = data.draw(st.integers(0, len(values) - 1))
    end = data.draw(st.integers(begin + 1, len(values)))
    expected = [sum(values[start + offset : start + offset + length]) for start in range(begin, end)]
    assert window_sums(np.array(values), begin, end, offset, length).tolist() == expected
