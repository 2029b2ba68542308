"""Instants, intervals and money as people read them; every expected text worked out by hand."""

import doctest
from datetime import UTC, datetime

import pytest

from scheduler import wording
from scheduler.horizon import Window


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_the_examples_in_the_docstrings_hold() -> None:
    outcome = doctest.testmod(wording)
    assert outcome.attempted > 0
    assert outcome.failed == 0


@pytest.mark.parametrize(
    ("start", "end", "zone", "expected"),
    [
        # One local day: the date once, the zone once.
        ("2027-07-04T01:00", "2027-07-04T03:00", "Europe/London", "Sun 4 Jul 2027 02:00 to 04:00 BST"),
        # 16:00 UTC is midnight in Singapore, which has no abbreviation of its own.
        (
            "2027-03-06T15:00",
            "2027-03-06T17:00",
            "Asia/Singapore",
            "Sat 6 Mar 2027 23:00 to Sun 7 Mar 2027 01:00 UTC+08",
        ),
        # New York sets its clocks back on 7 November 2027 at 06:00 UTC: 01:30 comes twice.
        ("2027-11-07T05:30", "2027-11-07T06:30", "America/New_York", "Sun 7 Nov 2027 01:30 EDT to 01:30 EST"),
    ],
)
def test_window_text(start: str, end: str, zone: str, expected: str) -> None:
    assert wording.window_text(Window(at(start), at(end)), zone) == expected


@pytest.mark.parametrize(
    ("cents", "whole", "expected"),
    [
        (0, False, "0.00 EUR"),
        (5, False, "0.05 EUR"),
        (-5, False, "-0.05 EUR"),
        (100000, False, "1,000.00 EUR"),
        (49, True, "0 EUR"),
        (-49, True, "0 EUR"),
        (50, True, "1 EUR"),
        (99999950, True, "1,000,000 EUR"),
    ],
)
def test_money_text(cents: int, whole: bool, expected: str) -> None:
    assert wording.money_text(cents, "EUR", whole=whole) == expected


@pytest.mark.parametrize(("words", "expected"), [([], ""), (["a"], "a"), (["a", "b"], "a and b")])
def test_listing(words: list[str], expected: str) -> None:
    assert wording.listing(words) == expected
