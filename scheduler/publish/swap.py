"""Replaces a set of files in a folder together, or leaves them all as they were.

The new set is first written whole, and flushed to the disk, inside the folder. One rename then decides that it counts;
what follows only moves finished files to their places. A failure on the way puts the old files back. A run that is
killed on the way leaves the rest of the moves to the next one. Whatever else the folder holds is not touched.
"""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_STAGING, _DECIDED, _BEFORE = ".plan-staging-", ".plan-decided", ".plan-before"
_MANIFEST = "manifest.json"


def replace_together(folder: Path, files: Mapping[str, bytes], owned: Sequence[str] = ()) -> None:
    """Write `files` (paths relative to `folder`) and remove what matches an `owned` pattern but is not among them.

    Raises
    ------
    OSError
        If something cannot be written; the folder then holds what it held before.
    """
    created = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with alone_in(folder):
            _finish_earlier(folder)
            staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=folder))
            try:
                _stage(staging, folder, files, owned)
                staging.rename(folder / _DECIDED)
                _sync(folder)
                _move(folder, folder / _DECIDED)
            finally:
                shutil.rmtree(staging, ignore_errors=True)
    except BaseException:
        if created:
            _remove_if_empty(folder)
        raise


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold a lock on a folder that ends with the process, however that ends; another writer waits."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def put(path: Path, content: bytes) -> None:
    """Replace one file: readers see the old one or the new one, whole. The folder should be held by `alone_in`.

    Raises
    ------
    OSError
        If it cannot be written; it is then as it was.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    os.close(descriptor)
    temporary = Path(name)
    try:
        _write(temporary, content)
        temporary.chmod(0o644)
        temporary.replace(path)
        _sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _stage(staging: Path, folder: Path, files: Mapping[str, bytes], owned: Sequence[str]) -> None:
    for name, content in files.items():
        if (folder / name).is_dir():
            raise IsADirectoryError(f"{folder / name} is a folder; a file is to be written there")
        path = staging / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, content)
    present = {path.relative_to(folder).as_posix() for pattern in owned for path in folder.glob(pattern)}
    # The first file comes last: whoever reads it finds the others in place.
    manifest = {"write": list(files)[::-1], "remove": sorted(present - set(files))}
    _write(staging / _MANIFEST, json.dumps(manifest).encode())
    for path in [staging, *(path for path in staging.rglob("*") if path.is_dir())]:
        _sync(path)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _move(folder: Path, decided: Path) -> None:
    """Carry out a manifest; undo it if a step fails."""
    manifest = json.loads((decided / _MANIFEST).read_bytes())
    before = folder / _BEFORE
    done: list[str] = []
    try:
        for name in [*manifest["write"], *manifest["remove"]]:
            path = folder / name
            done.append(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists():
                _keep(path, before / name)
            if name in manifest["remove"]:
                path.unlink(missing_ok=True)
            elif (decided / name).exists():  # not there: moved before an earlier run was killed
                (decided / name).replace(path)
        for parent in {(folder / name).parent for name in done}:
            _sync(parent)
        # From here on it is rubbish, which must not be taken for a decision when only half of it is cleared away.
        rubbish = decided.rename(folder / f"{_STAGING}done")
    except BaseException:
        # First take the decision back, so that nobody finishes what is being undone.
        withdrawn = folder / f"{_STAGING}withdrawn"
        decided.rename(withdrawn)
        for name in reversed(done):
            if (before / name).exists():
                (before / name).replace(folder / name)
            elif not (withdrawn / name).exists():
                (folder / name).unlink(missing_ok=True)
        shutil.rmtree(withdrawn, ignore_errors=True)
        raise
    finally:
        shutil.rmtree(before, ignore_errors=True)
    shutil.rmtree(rubbish, ignore_errors=True)


def _keep(path: Path, copy: Path) -> None:
    copy.parent.mkdir(parents=True, exist_ok=True)
    try:
        copy.hardlink_to(path)
    except OSError:  # a file system without hard links
        shutil.copy2(path, copy)


def _finish_earlier(folder: Path) -> None:
    """Finish what a killed run had decided, and clear away what one had not."""
    shutil.rmtree(folder / _BEFORE, ignore_errors=True)
    if (folder / _DECIDED).exists():
        _move(folder, folder / _DECIDED)
    for leftover in folder.glob(f"{_STAGING}*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return
