"""Reads text files, and CSV among them, in bounded memory: long lines, other encodings and binary files are refused."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from scheduler.inputs.errors import Findings, Place, at_most

MOST_MEGABYTES = 100
MOST_LINE = 1_000_000
Record = tuple[int, list[str]]


class UnreadableError(Exception):
    """A file that cannot be read on from some place; `text` says why and how to mend it."""

    def __init__(self, text: str, row: int = 0, column: str = "") -> None:
        super().__init__(text)
        self.text, self.row, self.column = text, row, column


def read_text(path: Path, findings: Findings, most_megabytes: int = MOST_MEGABYTES) -> str | None:
    """Read a text file as UTF-8, with or without a byte order mark; None (and a problem) where that cannot be done."""
    place = Place(path.name)
    too_large = at_most(path, most_megabytes)
    if too_large:
        findings.problem(place, too_large)
        return None
    try:
        content = path.read_bytes()
    except OSError as error:
        findings.problem(place, f"cannot be read ({error.strerror}); check that you may open it")
        return None
    try:
        return decoded(content)
    except UnreadableError as error:
        findings.problem(Place(path.name, error.row), error.text)
        return None


def decoded(content: bytes, row: int = 1) -> str:
    """Decode UTF-8 that begins in a row, or raise `UnreadableError` with the row of what is not."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row += content.count(b"\n", 0, error.start)
        byte = content[error.start]
        raise UnreadableError(f"byte 0x{byte:02x} is not UTF-8 text; save the file as UTF-8", row) from None
    zero = content.find(b"\0")
    if zero >= 0:
        row += content.count(b"\n", 0, zero)
        raise UnreadableError("has a NUL byte, so this is not a text file; save it as UTF-8 text", row)
    return text


def csv_records(path: Path) -> Iterator[Record]:
    """Give the records of a CSV file, each with the line it starts on; empty lines are left out.

    Raises
    ------
    UnreadableError
        With the row from which on the file cannot be read.
    """
    line = 1
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(_lines(file), strict=True)
        try:
            for cells in reader:
                if cells:
                    yield line, cells
                line = reader.line_num + 1
        except csv.Error as error:
            raise UnreadableError(f"cannot be read as CSV ({error}); check its quotation marks", line) from None
        except UnicodeDecodeError:
            decoded(path.read_bytes())  # finds the row, which a reader that reads ahead does not know
            raise


def _lines(file: io.TextIOWrapper) -> Iterator[str]:
    number = 0
    while line := file.readline(MOST_LINE + 1):
        number += 1
        if len(line) > MOST_LINE:
            raise UnreadableError(f"has a line of more than {MOST_LINE:,} characters; check how it was saved", number)
        if "\0" in line:
            raise UnreadableError("has a NUL byte, so this is not a text file; save it as UTF-8 text", number)
        yield line
