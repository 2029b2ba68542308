from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.horizon import WeeklyHours
from scheduler.inputs import load, portfolio_document
from scheduler.inputs.portfolio_document import hours_text

GOLDEN = Path(__file__).parents[1] / "golden" / "portfolio"

spans = st.integers(0, 1439).flatmap(lambda start: st.tuples(st.just(start), st.integers(1, 1440).map(start.__add__)))
weekly = st.sets(st.tuples(st.integers(0, 6), spans).map(lambda one: (one[0], *one[1])), min_size=1)


@given(weekly)
def test_weekly_hours_are_written_as_they_are_read(found: set[tuple[int, int, int]]) -> None:
    hours = WeeklyHours(tuple(sorted(found)))
    assert WeeklyHours.parse(hours_text(hours)) == hours


def test_a_document_in_the_words_of_the_tables() -> None:
    portfolio = load(GOLDEN)
    start = datetime(2027, 3, 1, tzinfo=UTC)
    change = next(iter(portfolio.changes))
    document = portfolio_document(replace(portfolio, announced={change: (start, start)}, done=frozenset(["Z"])))
    assert list(document)[:4] == ["policy", "teams", "services", "dependencies"]
    assert document["policy"]["name"] == "Golden"
    assert document["teams"][0]["team"] == next(iter(portfolio.teams))
    assert document["announced"] == [
        {"change": change, "start": "2027-03-01T00:00:00Z", "announced_at": "2027-03-01T00:00:00Z"}
    ]
    assert {"change": "Z"} in document["history"]
    assert set(document["usage"]) == {"team", "service", "start", "minutes", "users"}


def test_what_no_file_can_hold_is_refused() -> None:
    portfolio = load(GOLDEN)
    with pytest.raises(ValueError, match="1/3 is no decimal number"):
        portfolio_document(replace(portfolio, policy=replace(portfolio.policy, degraded_share=Fraction(1, 3))))
