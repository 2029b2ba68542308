"""Readers of calendars that are installed once for all tests."""

from pathlib import Path

import pytest
from publish import feed_readers


@pytest.fixture(scope="session")
def ical_js(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder in which ical.js is."""
    return feed_readers.ical_js(_shared(tmp_path_factory) / "ical.js")


@pytest.fixture(scope="session")
def notice_parser(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the Python that has circuit-maintenance-parser."""
    return feed_readers.notice_parser(_shared(tmp_path_factory) / "notice-parser")


def _shared(factory: pytest.TempPathFactory) -> Path:
    """Give a folder that test processes of one run share: each has its own below it."""
    base = factory.getbasetemp()
    return base.parent if base.name.startswith("popen-") else base
