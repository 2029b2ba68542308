"""What a machine has: the settings, the versions of libraries, room on its disks, and rules of time zones."""

import importlib.metadata
import os
import platform
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from scheduler.doctor.findings import Finding
from scheduler.settings import PREFIX, ConfigurationError, Settings, secret_values, settings_file

PACKAGE = "maintenance-window-scheduler"
MIB = 2**20


def settings_findings(settings: Settings | None, error: ConfigurationError | None) -> Iterator[Finding]:
    """Say where the settings come from, what is wrong with them, and who else can read secrets in them."""
    check = "settings"
    if error is not None or settings is None:
        for problem in error.problems if error else ["could not be read"]:
            yield Finding(check, "fault", problem, "correct it there; the README lists every setting")
        return
    file = settings_file()
    if file is None:
        names = ", ".join(sorted(name for name in os.environ if name.startswith(PREFIX)))
        yield Finding(check, "good", f"no file; {f'variables {names}' if names else 'nothing is set'}")
        return
    secret = any(one in file.read_text(encoding="utf-8") for one in secret_values(settings))
    if secret and os.name == "posix" and file.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        mend = f"chmod 600 {file}, or keep secrets in variables or in files of {PREFIX}SECRETS_DIR"
        yield Finding(check, "fault", f"{file} holds secrets, and others may read it", mend)
        return
    yield Finding(check, "good", str(file))


def version_findings() -> Iterator[Finding]:
    """Compare every library that the program needs with what it was tested with."""
    check = "versions"
    try:
        metadata = importlib.metadata.metadata(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        yield Finding(check, "fault", "the program is not installed", f"pip install {PACKAGE}")
        return
    wrong = 0
    pythons = SpecifierSet(metadata["Requires-Python"] or "")
    python = platform.python_version()
    if not pythons.contains(python, prereleases=True):
        wrong += 1
        yield Finding(check, "fault", f"Python {python} is not {pythons}", f"install Python {pythons}")
    for text in metadata.get_all("Requires-Dist") or []:
        wanted = Requirement(text)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
            if "extra" not in str(wanted.marker) or "test" in str(wanted.marker):
                continue
            optional = True
        else:
            optional = False
        mend = f"{Path(sys.executable).name} -m pip install '{wanted.name}{wanted.specifier}'"
        try:
            found = importlib.metadata.version(wanted.name)
        except importlib.metadata.PackageNotFoundError:
            if not optional:
                wrong += 1
                yield Finding(check, "fault", f"{wanted.name} is not installed", mend)
            continue
        if not wanted.specifier.contains(found, prereleases=True):
            wrong += 1
            text = f"{wanted.name} {found} is not among {wanted.specifier}, which was tested"
            yield Finding(check, "warning" if optional else "fault", text, mend)
    if not wrong:
        found = importlib.metadata.version(PACKAGE)
        yield Finding(check, "good", f"{found} with Python {python}, every library as tested")


def disk_findings(settings: Settings, folders: dict[str, Path]) -> Iterator[Finding]:
    """See that there is room where files are written, and that they may be."""
    check = "disk"
    wanted = {**folders, "temporary files": Path(tempfile.gettempdir())}
    if settings.metrics.textfile:
        wanted["figures of batches"] = Path(settings.metrics.textfile).absolute().parent
    for what, folder in wanted.items():
        if not folder.is_dir():
            yield Finding(check, "fault", f"{folder} ({what}) is not there", f"make it: mkdir -p {folder}")
            continue
        try:
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(b"0" * 4096)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            mend = "give this user write access to it, or make room"
            yield Finding(check, "fault", f"{folder} ({what}) cannot be written to: {error.strerror}", mend)
            continue
        free = shutil.disk_usage(folder).free // MIB
        if free < settings.doctor.free_mib:
            mend = "make room there, or set [doctor] free_mib lower"
            yield Finding(check, "fault", f"{folder} ({what}) has only {free:,} MiB left", mend)
        else:
            yield Finding(check, "good", f"{folder} ({what}): {free:,} MiB left")


def zone_findings() -> Iterator[Finding]:
    """See that the rules of time zones are there."""
    try:
        ZoneInfo("Europe/London")
    except (ZoneInfoNotFoundError, OSError, ValueError):
        yield Finding(
            "clock", "fault", "the rules of time zones are missing or damaged", "pip install --upgrade tzdata"
        )
