"""A desk on each engine."""

from collections.abc import Iterator

import pytest
from desks import Desk, usual
from stores import Stores

from scheduler.desk.store import Store


def _fill(store: Store) -> None:
    Desk(store).bring(usual())


@pytest.fixture
def desk(stores: Stores, engine: str) -> Iterator[Desk]:
    """Give a desk with the usual portfolio."""
    with Store(stores.like(engine, "usual", _fill)) as store:
        yield Desk(store)
