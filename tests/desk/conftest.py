"""A desk on each engine."""

import pytest
from desks import Desk, usual

from scheduler.desk.store import Store


@pytest.fixture
def desk(store: Store) -> Desk:
    """Give a desk with the usual portfolio."""
    made = Desk(store)
    made.bring(usual())
    return made
