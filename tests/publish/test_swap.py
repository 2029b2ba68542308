"""Files are replaced together or not at all, whatever fails on the way and wherever a run is killed."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scheduler.publish import swap
from scheduler.publish.swap import replace_together

OLD = {"plan.json": b"old", "rows.csv": b"old", "feeds/a.ics": b"old", "feeds/b.ics": b"old"}
NEW = {"plan.json": b"new", "rows.csv": b"new", "feeds/a.ics": b"new", "feeds/c.ics": b"new"}
OWNED = ("feeds/*.ics",)


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    folder = tmp_path / "deep" / "out"
    replace_together(folder, OLD, OWNED)
    assert content(folder) == OLD
    return folder


def test_the_new_set_replaces_the_old_and_leaves_what_is_not_ours(old: Path) -> None:
    (old / "decisions.csv").write_bytes(b"mine")
    (old / "feeds" / "notes.txt").write_bytes(b"mine")
    (old / "own").mkdir()
    replace_together(old, NEW, OWNED)
    assert content(old) == NEW | {"decisions.csv": b"mine", "feeds/notes.txt": b"mine"}
    assert sorted(path.name for path in old.iterdir()) == ["decisions.csv", "feeds", "own", "plan.json", "rows.csv"]


def test_a_folder_in_the_way_changes_nothing(old: Path) -> None:
    (old / "feeds" / "c.ics").mkdir()
    with pytest.raises(IsADirectoryError, match=r"c\.ics"):
        replace_together(old, NEW, OWNED)
    (old / "feeds" / "c.ics").rmdir()
    assert content(old) == OLD


def test_a_file_where_a_folder_is_needed_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "feeds").write_bytes(b"mine")
    (tmp_path / "plan.json").write_bytes(b"old")
    with pytest.raises(OSError, match="feeds"):
        replace_together(tmp_path, NEW, OWNED)
    assert content(tmp_path) == {"feeds": b"mine", "plan.json": b"old"}


def test_a_new_folder_that_cannot_be_filled_is_not_left_behind(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="name too long"):
        replace_together(tmp_path / "out", {"x" * 300: b""})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("call", ["replace", "unlink", "hardlink_to", "rename"])
@pytest.mark.parametrize("after", range(8))
def test_any_failing_step_leaves_the_old_set(old: Path, monkeypatch: pytest.MonkeyPatch, call: str, after: int) -> None:
    # The operating system fails once, at each of the calls that change the folder in turn.
    real, calls = getattr(Path, call), iter(range(100))

    def failing(self: Path, *args: object, **more: object) -> object:
        if next(calls) == after:
            raise PermissionError(f"{call} refused")
        return real(self, *args, **more)

    monkeypatch.setattr(Path, call, failing)
    try:
        replace_together(old, NEW, OWNED)
    except PermissionError:
        expected = OLD
    else:
        expected = NEW
    monkeypatch.undo()
    assert content(old) == expected
    assert sorted(path.name for path in old.iterdir()) == ["feeds", "plan.json", "rows.csv"]


KILLED = """
import importlib.util, os, pathlib, signal, sys

path, folder, call, after = sys.argv[1:]
spec = importlib.util.spec_from_file_location("swap", path)
swap = importlib.util.module_from_spec(spec)
spec.loader.exec_module(swap)
real, left = getattr(os, call), [int(after)]

def deadly(*args, **more):
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    return real(*args, **more)

setattr(os, call, deadly)
swap.replace_together(pathlib.Path(folder), %r, %r)
"""


@pytest.mark.parametrize("call", ["fsync", "replace", "rename", "unlink", "rmdir"])
def test_a_killed_run_is_undone_or_finished_by_the_next(tmp_path: Path, call: str) -> None:
    for after in (0, 1, 2, 3, 5, 8, 11):
        folder = tmp_path / str(after)
        replace_together(folder, OLD, OWNED)
        # Loaded alone, so that a run costs a twentieth of a second.
        arguments = [swap.__file__, str(folder), call, str(after)]
        process = subprocess.run([sys.executable, "-c", KILLED % (NEW, OWNED), *arguments], check=False)
        assert process.returncode in (0, -signal.SIGKILL)
        decided = (folder / ".plan-decided").exists()
        visible = {name: data for name, data in content(folder).items() if not name.startswith(".")}
        assert decided or visible in (OLD, NEW)
        expected = NEW if decided or process.returncode == 0 else visible
        # The next run fails before it decides anything, so what it leaves is what it found or finished.
        with pytest.raises(OSError, match="name too long"):
            replace_together(folder, {"x" * 300: b""})
        assert content(folder) == expected
        assert sorted(path.name for path in folder.iterdir()) == ["feeds", "plan.json", "rows.csv"]
