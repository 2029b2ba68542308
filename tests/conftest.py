"""What tests of several parts need: a store on each of the two engines."""

from collections.abc import Iterator

import pytest
from hypothesis import settings
from stores import ENGINES, Stores, stores_in

from scheduler.desk.store import Store

# A busy machine is no failure: what takes long is measured by the benchmarks.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    """Give a maker of stores."""
    with stores_in(tmp_path_factory.mktemp("stores")) as made:
        yield made


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Give the name of each engine in turn."""
    name: str = request.param
    return name


@pytest.fixture
def store(stores: Stores, engine: str) -> Iterator[Store]:
    """Give an empty store on each engine in turn."""
    with Store(stores.new(engine)) as opened:
        yield opened
