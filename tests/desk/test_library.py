"""Versions of the portfolio are kept whole: as one archive now, and as one compressed document in old stores."""

import json
import zlib

import pytest
import sqlalchemy as sa
from desks import Desk, office, usual

from scheduler.batch import sample_folder
from scheduler.desk.library import portfolio_of
from scheduler.desk.store import Store
from scheduler.desk.tables import VERSIONS
from scheduler.inputs import load, portfolio_document
from scheduler.inputs.fingerprint import content_hash


@pytest.fixture
def engine() -> str:
    return "sqlite"


def read(store: Store) -> tuple[int, str]:
    with store.reading() as connection:
        size = connection.execute(sa.select(sa.func.length(VERSIONS.c.document))).scalar_one()
        return size, content_hash(portfolio_of(connection))


def test_recorded_usage_is_kept_beside_the_rest(store: Store) -> None:
    sample = load(sample_folder())
    Desk(store).bring(sample)
    size, found = read(store)
    assert found == content_hash(sample)
    # 147 thousand rows of usage: as text they take almost twice as much, and millions would be more than can be read.
    assert len(sample.usage) > 100_000
    assert size < 0.7 * len(zlib.compress(json.dumps(portfolio_document(sample)).encode()))


def test_a_portfolio_without_usage_is_kept(store: Store) -> None:
    Desk(store).bring(usual())
    assert read(store)[1] == content_hash(usual())


def test_versions_of_old_stores_are_read(store: Store) -> None:
    p = office()
    Desk(store).bring(p)
    old = zlib.compress(json.dumps(portfolio_document(p)).encode())
    with store.writing() as connection:
        connection.execute(VERSIONS.update().values(document=old, source="old"))
    assert read(store)[1] == content_hash(p)
