"""Pairs of team and service by number: for text and categories, in any order, with rows and without."""

import numpy as np
import pandas as pd
import pytest

from scheduler.inputs.pairs import named, pairs_of
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


@pytest.mark.parametrize("categories", [False, True])
def test_rows_lead_to_their_pairs(categories: bool) -> None:
    pairs, pair_of = pairs_of(usage(categories))
    assert [pairs[one] for one in pair_of] == ROWS
    assert sorted(pairs) == sorted(set(ROWS))


def test_no_rows_have_no_pairs() -> None:
    pairs, pair_of = pairs_of(no_usage())
    assert pairs == []
    assert pair_of.shape == (0,)


def test_many_names_do_not_run_over() -> None:
    # 300 teams need more than 8 bits, and their pairs with 300 services more than 16.
    names = [f"n{number:03}" for number in range(300)]
    frame = pd.DataFrame({"team": named(names, np.repeat(np.arange(300), 300).astype(np.int16)),
                          "service": named(names, np.tile(np.arange(300), 300).astype(np.int16))})  # fmt: skip
    pairs, pair_of = pairs_of(frame)
    assert len(pairs) == 90_000
    assert [pairs[one] for one in pair_of[[0, 299, 300, 89_999]]] == [
        ("n000", "n000"), ("n000", "n299"), ("n001", "n000"), ("n299", "n299"),
    ]  # fmt: skip
