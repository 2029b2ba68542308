"""Pairs of team and service by number: for text and categories, in any order, with rows and without."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from builders import portfolio

from scheduler.inputs.pairs import named, runs
from scheduler.portfolio import no_usage

ROWS = [("b", "web"), ("b", "web"), ("a", "web"), ("b", "mail"), ("b", "web")]


def usage(categories: bool) -> pd.DataFrame:
    teams, services = zip(*ROWS, strict=True)
    if not categories:
        return pd.DataFrame({"team": teams, "service": services})
    # Texts that no row has are among the categories of a table from which rows were taken.
    texts = ["a", "b", "mail", "nobody", "web"]
    return pd.DataFrame({name: named(texts, map(texts.index, cells)) for name, cells in
                         (("team", teams), ("service", services))})  # fmt: skip


def by_row(frame: pd.DataFrame) -> list[tuple[str, str]]:
    found = runs(replace(portfolio(), usage=frame, _carried={}))
    assert found.begin[0] == 0
    return [found.pairs[pair] for pair, rows in zip(found.pair, np.diff(found.begin), strict=True) for _ in range(rows)]


@pytest.mark.parametrize("categories", [False, True])
def test_rows_lead_to_their_pairs(categories: bool) -> None:
    found = runs(replace(portfolio(), usage=usage(categories), _carried={}))
    assert by_row(usage(categories)) == ROWS
    assert found.begin.tolist() == [0, 2, 3, 4, 5]
    assert sorted(found.pairs) == sorted(set(ROWS))
    order, begin = found.rows()
    together = [ROWS[row] for row in order]
    for number, pair in enumerate(found.pairs):
        assert together[begin[number] : begin[number + 1]] == [pair] * ROWS.count(pair)
    # Within a pair rows keep their order.
    web = found.pairs.index(("b", "web"))
    assert order[begin[web] : begin[web + 1]].tolist() == [0, 1, 4]


def test_rows_in_order_stay_where_they_are() -> None:
    frame = usage(categories=True).sort_values(["team", "service"])
    order, begin = runs(replace(portfolio(), usage=frame, _carried={})).rows()
    assert order == slice(None)
    assert begin.tolist() == [0, 1, 2, 5]


def test_no_rows_have_no_pairs() -> None:
    found = runs(replace(portfolio(), usage=no_usage(), _carried={}))
    assert list(found.pairs) == []
    assert found.begin.tolist() == [0]
    order, begin = found.rows()
    assert order == slice(None)
    assert begin.tolist() == [0]


def test_many_names_do_not_run_over() -> None:
    # 300 teams need more than 8 bits, and their pairs with 300 services more than 16.
    names = [f"n{number:03}" for number in range(300)]
    frame = pd.DataFrame({"team": named(names, np.repeat(np.arange(300), 300).astype(np.int16)),
                          "service": named(names, np.tile(np.arange(300), 300).astype(np.int16))})  # fmt: skip
    pairs = by_row(frame)
    assert len(set(pairs)) == 90_000
    assert [pairs[one] for one in (0, 299, 300, 89_999)] == [
        ("n000", "n000"), ("n000", "n299"), ("n001", "n000"), ("n299", "n299"),
    ]  # fmt: skip
