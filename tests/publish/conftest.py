"""Readers of calendars that are installed once for all tests."""

from pathlib import Path

import pytest
from npm_packages import shared_folder
from publish import feed_readers


@pytest.fixture(scope="session")
def ical_js(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder in which ical.js is."""
    return feed_readers.ical_js(shared_folder(tmp_path_factory) / "ical.js")


@pytest.fixture(scope="session")
def notice_parser(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the Python that has circuit-maintenance-parser."""
    return feed_readers.notice_parser(shared_folder(tmp_path_factory) / "notice-parser")
