"""What is wrong with an input, gathered over all its files before anybody is told.

A message says where, what was found and how to mend it:
`changes.csv, row 14, duration_p90_minutes: 30 is less than duration_minutes (45); swap them or leave it empty`.
A row is the line an editor shows, so the header is row 1.
"""

import difflib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

_PLAIN_NUMBER = re.compile(r"[+-]?[0-9][0-9.]*")
_MOST_SHOWN = 80
# Comparing one word with ten thousand takes a tenth of a second, so a file of typing errors gets this many guesses.
_MOST_GUESSES = 200
# Of one column of one file this many are told, the rest counted.
_MOST_ALIKE = 1000


class InputError(Exception):
    """Input that cannot be planned; `problems` has every reason, one line each, in the order of files and rows."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(self.problems)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A file, a row in it and a column; row 0 and an empty column stand for the whole."""

    file: str
    row: int = 0
    column: str = ""

    def __str__(self) -> str:
        return ", ".join([self.file, *([f"row {self.row}"] if self.row else []), *([self.column] * bool(self.column))])


@dataclass
class Findings:
    """Collects problems, which refuse the input, and warnings, which do not.

    `order` gives the names of the files, so that messages come in the order a reader works in.
    """

    order: tuple[str, ...] = ()
    _problems: dict[tuple[Place, str], None] = field(default_factory=dict)
    _warnings: dict[tuple[Place, str], None] = field(default_factory=dict)
    _guesses: int = 0

    def problem(self, place: Place, text: str) -> None:
        """Note a reason to refuse the input."""
        self._problems[place, text] = None

    def warn(self, place: Place, text: str) -> None:
        """Note something that the reader should know."""
        self._warnings[place, text] = None

    def adopt(self, other: "Findings", file: str) -> None:
        """Take over what another reader found in one file, under a name that tells it from others."""
        for mine, theirs in ((self._problems, other._problems), (self._warnings, other._warnings)):
            mine.update({(replace(place, file=file), text): None for place, text in theirs})

    @property
    def problems(self) -> list[str]:
        """All reasons to refuse, by file and row."""
        return self._sorted(self._problems)

    @property
    def warnings(self) -> list[str]:
        """All warnings, by file and row."""
        return self._sorted(self._warnings)

    def guess(self, word: str, known: Collection[str], otherwise: str = "") -> str:
        """Suggest the known word that was probably meant, as `; did you mean 'x'?`, or else say `otherwise`."""
        self._guesses += 1
        if self._guesses <= _MOST_GUESSES:
            found = nearest(word, known)
            if found:
                return f"; did you mean {shown(found)}?"
        return f"; {otherwise}" if otherwise else ""

    def _sorted(self, notes: Iterable[tuple[Place, str]]) -> list[str]:
        def rank(note: tuple[Place, str]) -> tuple[int, str, int]:
            file = note[0].file
            # The forms of a table have its place, and so has a table inside a document.
            stem = file.rpartition(", ")[2].partition(".")[0]
            known = [number for number, name in enumerate(self.order) if name.partition(".")[0] == stem]
            return (known[0] if known else len(self.order), file, note[0].row)

        counts: dict[tuple[str, str], int] = {}
        lines = []
        for place, text in sorted(notes, key=rank):
            kind = (place.file, place.column)
            counts[kind] = counts.get(kind, 0) + 1
            if counts[kind] <= _MOST_ALIKE:
                lines.append(f"{place}: {text}")
        for (file, column), count in counts.items():
            if count > _MOST_ALIKE:
                lines.append(f"{Place(file, 0, column)}: {count - _MOST_ALIKE:,} more like these; correct them all")
        return [_one_line(line) for line in lines]


def _one_line(text: str) -> str:
    # Names of files and keys are untrusted too: they must not move a terminal's cursor or fake another message.
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def nearest(word: str, known: Collection[str]) -> str | None:
    """Give the known word that a mistyped one most resembles, or None where none comes close.

    >>> nearest("Londn", ["Europe/London", "Europe/Lisbon"]), nearest("xyz", ["mail"])
    ('Europe/London', None)
    """
    folded = {name.casefold(): name for name in known}
    # The last part of a path counts as a name of its own, so that a city finds its zone.
    tails = {name.rpartition("/")[2]: name for name in folded if "/" in name}
    for names in (folded, tails):
        match = difflib.get_close_matches(word.casefold(), names, n=1, cutoff=0.6)
        if match:
            return folded[tails[match[0]] if names is tails else match[0]]
    return None


def shown(value: object) -> str:
    r"""Quote a value for a message: numbers as they are, text in quotation marks, cut at about 80 characters.

    >>> shown("30"), shown("a" * 200)[-3:], shown("tab\t")
    ('30', "a…'", "'tab\\t'")
    """
    text = str(value)
    if _PLAIN_NUMBER.fullmatch(text) and len(text) <= _MOST_SHOWN:
        return text
    return repr(text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 1] + "…")


def several(values: Collection[str], most: int = 5) -> str:
    """Quote some values for a message, the rest counted.

    >>> several(["a", "b", "c"], most=2)
    "'a', 'b' and 1 more"
    """
    names = [shown(value) for value in values]
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return ", ".join(names)


def and_more(rows: int) -> str:
    """Say in how many rows beside the one named something is found.

    >>> and_more(1), and_more(3)
    ('', ' (and in 2 more rows)')
    """
    return f" (and in {rows - 1:,} more row{'s' * (rows > 2)})" if rows > 1 else ""


def at_most(path: Path, megabytes: int) -> str | None:
    """Say that a file is larger than a table can sensibly be, or None."""
    size = path.stat().st_size
    if size <= megabytes * 1_000_000:
        return None
    return f"is {size / 1e6:,.0f} MB, more than the {megabytes} MB that can be read; was the right file saved here?"
