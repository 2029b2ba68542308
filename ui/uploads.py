"""Files that somebody uploads, as the files of a portfolio: unpacked, merged with what is there, checked as a whole.

Nothing of it is stored before it is imported. Archives are untrusted: names in them lead nowhere, and what they unpack
to is counted.
"""

import io
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TypeVar

import pandas as pd

from scheduler.inputs import InputError, load
from scheduler.inputs.columns import FILES, TABLES
from scheduler.inputs.errors import Findings
from scheduler.inputs.exports import draft_mapping, import_changes
from scheduler.inputs.portfolio_folder import csv_bytes
from scheduler.inputs.sheets import ENDINGS, excel_records, find_table, records, sheet_names
from scheduler.inputs.tables import stem_of
from scheduler.inputs.text_files import UnreadableError
from scheduler.portfolio import Portfolio

MOST_FILES, MOST_BYTES = 500, 300_000_000
STEMS = {stem_of(file): file for file in FILES}
"""The files of a portfolio by their name without ending."""
Files = Mapping[str, bytes]
T = TypeVar("T")
_UNSAFE = re.compile(r"[^\w .+-]")


@dataclass(frozen=True)
class Parcel:
    """What was uploaded: files of a portfolio by name, tables of other tools, and what was wrong with the rest."""

    files: dict[str, bytes] = field(default_factory=dict)
    foreign: dict[str, bytes] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Checked:
    """What became of files: a portfolio with its warnings, or every problem of every file."""

    portfolio: Portfolio | None
    problems: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the author may want to know."""
        return () if self.portfolio is None else self.portfolio.warnings


def unpacked(uploads: Mapping[str, bytes]) -> Parcel:
    """Sort uploaded files: those of a portfolio by their names, archives and workbooks by what is in them."""
    parcel = Parcel()
    for name, content in uploads.items():
        try:
            _add(parcel, PurePosixPath(name.replace("\\", "/")), content)
        except UnreadableError as error:
            parcel.problems.append(f"{Path(name).name}: {error.text}")
        except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError) as error:
            parcel.problems.append(f"{Path(name).name}: cannot be read ({error}); save it again")
    return parcel


def _add(parcel: Parcel, path: PurePosixPath, content: bytes) -> None:
    ending, stem = path.suffix.lower(), path.stem
    name = f"{stem}{ending}"
    if ending == ".zip":
        for inner, bytes_ in _archive(content):
            _add(parcel, inner, bytes_)
    elif ending == ".ics":
        parcel.files[f"calendars/{_UNSAFE.sub('_', path.name)}"] = content
    elif name == "policy.toml" or (stem in STEMS and stem != "policy" and ending in ENDINGS):
        parcel.files[name] = content
    elif ending == ".xlsx" and (sheets := _sheets(content)):
        parcel.files.update(sheets)
    elif ending in (".csv", ".xlsx", ".tsv", ".txt"):
        parcel.foreign[path.name] = content
    else:
        parcel.problems.append(f"{path.name}: is no file of a portfolio; it was passed over")


def _archive(content: bytes) -> Iterator[tuple[PurePosixPath, bytes]]:
    left = MOST_BYTES
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = [one for one in archive.infolist() if not one.is_dir()]
        if len(parts) > MOST_FILES:
            raise UnreadableError(f"holds {len(parts):,} files; was the right one chosen?")
        for part in parts:
            path = PurePosixPath(part.filename.replace("\\", "/"))
            if path.name.startswith(".") or "__MACOSX" in path.parts or path.suffix.lower() == ".zip":
                continue
            with archive.open(part) as opened:
                found = opened.read(left + 1)
            left -= len(found)
            if left < 0:
                raise UnreadableError(f"unpacks to more than {MOST_BYTES // 1_000_000} MB; was the right one chosen?")
            yield path, found


def _sheets(content: bytes) -> dict[str, bytes]:
    """Give the sheets of a workbook that are named like tables of a portfolio, as CSV; none where there are none."""
    with _folder({"book.xlsx": content}) as folder:
        path = folder / "book.xlsx"
        named = {sheet: sheet.strip().lower() for sheet in sheet_names(path)}
        return {
            f"{stem}.csv": _as_csv(list(cells for _, cells in excel_records(path, sheet)))
            for sheet, stem in named.items()
            if stem in STEMS and stem != "policy"
        }


def _as_csv(rows: list[list[str]]) -> bytes:
    if not rows:
        return b"\n"
    width = max(map(len, rows))
    return csv_bytes(rows[0] + [""] * (width - len(rows[0])), [row + [""] * (width - len(row)) for row in rows[1:]])


def merged(base: Files, upper: Files) -> dict[str, bytes]:
    """Put files in place of those of the same table, in whatever form that is, and keep the others."""
    replaced = {stem_of(name) for name in upper if "/" not in name}
    return {name: one for name, one in base.items() if "/" in name or stem_of(name) not in replaced} | dict(upper)


def checked(files: Files, source: str = "") -> Checked:
    """Read files as a portfolio, and give every problem where they are none; `source` says where they come from."""
    with _folder(files) as folder:
        try:
            portfolio = load(folder)
        except InputError as error:
            return Checked(None, tuple(one.replace(f"{folder}/", "") for one in error.problems))
    return Checked(replace(portfolio, folder=source))


def archive_of(files: Files) -> bytes:
    """Give files as a zip archive, the same for the same files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


# --- tables to edit --------------------------------------------------------------------------------------------------


def table_of(files: Files, file: str) -> pd.DataFrame:
    """Give a table as texts, as it is in the files, with every column that it may have.

    Raises
    ------
    UnreadableError
        If it cannot be read as a table.
    """
    known = list(TABLES[file])
    with _folder({name: one for name, one in files.items() if stem_of(name) == stem_of(file)}) as folder:
        path = find_table(folder, file, Findings(tuple(FILES)))
        rows = [] if path is None else [cells for _, cells in records(path)]
    header = rows[0] if rows else known
    names = [one if one and one not in header[:number] else f"column {number + 1}" for number, one in enumerate(header)]
    frame = pd.DataFrame([row + [""] * (len(names) - len(row)) for row in rows[1:]], columns=names, dtype="str")
    more = [name for name in known if name not in names]
    frame = frame.reindex(columns=[*names, *more], fill_value="")
    # Rows are numbered as problems name them: the header is the first.
    frame.index = pd.RangeIndex(2, len(frame) + 2, name="row")
    return frame


def table_bytes(frame: pd.DataFrame) -> bytes:
    """Write an edited table as CSV, without empty rows and columns."""
    rows = [["" if pd.isna(cell) else str(cell) for cell in row] for row in frame.itertuples(index=False)]
    return csv_bytes([str(name) for name in frame.columns], [row for row in rows if any(row)])


# --- tables of other tools -------------------------------------------------------------------------------------------


def suggested(name: str, content: bytes, files: Files) -> str:
    """Draft a mapping.toml for a table of another tool.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    return _beside(name, content, files, lambda export, folder: draft_mapping(export, "", folder).content.decode())


def mapped(name: str, content: bytes, mapping: str, files: Files) -> tuple[bytes, tuple[str, ...]]:
    """Turn a table of another tool into changes.csv by a mapping (its text, or the name of a known tool), with remarks.

    Raises
    ------
    InputError
        With everything that cannot be read, row by row.
    """

    def turned(export: str, folder: str) -> tuple[bytes, tuple[str, ...]]:
        chosen = mapping
        if "\n" in mapping or "=" in mapping:
            chosen = f"{Path(export).parent}/mapping.toml"
            Path(chosen).write_text(mapping, encoding="utf-8")
        found = import_changes(export, chosen or None, folder)
        return found.content, found.remarks

    return _beside(name, content, files, turned)


def _beside(name: str, content: bytes, files: Files, work: Callable[[str, str], T]) -> T:
    with _folder(files) as folder, _folder({"export" + Path(name).suffix.lower(): content}) as other:
        (export,) = other.iterdir()
        try:
            return work(str(export), str(folder))
        except InputError as error:
            raise InputError(
                [one.replace(f"{other}/", "").replace(f"{folder}/", "") for one in error.problems]
            ) from error


@contextmanager
def _folder(files: Files) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="portfolio-") as name:
        for file, content in files.items():
            path = Path(name) / file
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        yield Path(name)
