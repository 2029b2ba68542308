"""Arithmetic of sorted lists of intervals, on hours of one Monday."""

import pytest
from builders import when

from scheduler.horizon import Window, common, first_met, without


def hours(*pairs: tuple[int, int]) -> list[Window]:
    return [Window(when(f"Mon {start}:00"), when(f"Mon {end}:00")) for start, end in pairs]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([(1, 5)], [(2, 3), (4, 6)], [(2, 3), (4, 5)]),
        ([(1, 3), (5, 7)], [(2, 6)], [(2, 3), (5, 6)]),
        ([(1, 3)], [(3, 5)], []),  # touching is not sharing: half-open
        ([(1, 3)], [], []),
    ],
)
def test_common(first: list[tuple[int, int]], second: list[tuple[int, int]], expected: list[tuple[int, int]]) -> None:
    assert common(hours(*first), hours(*second)) == hours(*expected)


@pytest.mark.parametrize(
    ("windows", "holes", "expected"),
    [
        ([(1, 6)], [(2, 3), (4, 5)], [(1, 2), (3, 4), (5, 6)]),
        ([(1, 3), (4, 6)], [(2, 5)], [(1, 2), (5, 6)]),
        ([(2, 4)], [(1, 5)], []),
        ([(2, 4)], [(4, 5)], [(2, 4)]),
        ([(2, 4)], [(2, 3)], [(3, 4)]),
    ],
)
def test_without(windows: list[tuple[int, int]], holes: list[tuple[int, int]], expected: list[tuple[int, int]]) -> None:
    assert without(hours(*windows), hours(*holes)) == hours(*expected)


@pytest.mark.parametrize(
    ("window", "expected"), [((0, 1), None), ((0, 2), (1, 3)), ((3, 5), None), ((2, 9), (1, 3)), ((6, 7), (5, 7))]
)
def test_first_met(window: tuple[int, int], expected: tuple[int, int] | None) -> None:
    found = first_met(hours((1, 3), (5, 7)), hours(window)[0])
    assert found == (hours(expected)[0] if expected else None)
