"""What is installed is all there is: every module and every file that modules read is carried by the wheel."""

import fnmatch
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SETUPTOOLS = SETTINGS["tool"]["setuptools"]
HOMES = {"scheduler": ROOT / "scheduler", "scheduler.data": ROOT / "data", "scheduler.ui": ROOT / "ui"}


def test_every_package_is_carried() -> None:
    found = set()
    for name, home in HOMES.items():
        for path in home.rglob("*.py"):
            inner = path.parent.relative_to(home).parts
            found.add(".".join([name, *inner]))
    assert found == set(SETUPTOOLS["packages"])


def test_every_file_that_is_read_is_carried() -> None:
    left = []
    for package, home in HOMES.items():
        for path in home.rglob("*"):
            if not path.is_file() or path.suffix in (".py", ".pyc", ".pyo"):
                continue
            folders = [package, *path.parent.relative_to(home).parts]
            # A package carries what its patterns name below its own folder, subfolders that are no packages included.
            carried = any(
                fnmatch.fnmatch("/".join([*folders[depth:], path.name]), pattern)
                or (pattern == "**/*" and folders[:depth] == [package])
                for depth in range(1, len(folders) + 1)
                for pattern in SETUPTOOLS["package-data"].get(".".join(folders[:depth]), [])
            )
            if not carried:
                left.append(str(path.relative_to(ROOT)))
    assert not left


def test_the_extras_that_messages_name_are_there() -> None:
    extras = SETTINGS["project"]["optional-dependencies"]
    assert "dask" in extras
    assert any("[dask]" in one for one in extras["test"])
