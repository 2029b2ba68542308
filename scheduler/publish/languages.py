"""The languages in which clients are written to: a template, a locale and a list of words to explain for each.

Adding a language is adding its two files in `letters/`.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, cached_property
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_timezone_location, get_timezone_name
from babel.lists import format_list
from babel.units import format_unit
from jinja2 import DictLoader, Environment, StrictUndefined

from scheduler.horizon import Window

DEFAULT = "en"
_LETTERS = re.compile(r"[^\W\d_]+")
_ENDINGS = ("s", "es", "ed", "ing", "n", "en", "e", "er", "d", "ned", "ning", "ped", "ping")
_FOLDER = resources.files("scheduler.publish") / "letters"


@dataclass(frozen=True, eq=False)
class Language:
    """How to write in a language: `write` fills a part of its template, the others give values for it.

    `locale` decides how dates, times, lengths and lists are written (CLDR); `words` need an explanation.
    """

    id: str
    locale: Locale
    words: Mapping[str, str] = field(repr=False)
    _module: Any = field(repr=False)

    def write(self, part: str, *values: object) -> str:
        """Fill a part of the template; lines are trimmed, empty ones left out."""
        lines = str(getattr(self._module, part)(*values)).splitlines()
        return "\n".join(" ".join(line.split()) for line in lines if line.strip())

    def day(self, instant: datetime, zone: str) -> str:
        """Write the local date with its weekday."""
        return str(format_date(instant.astimezone(ZoneInfo(zone)), "full", locale=self.locale))

    def clock(self, instant: datetime, zone: str) -> str:
        """Write the local time of day."""
        return str(format_time(instant, "short", tzinfo=ZoneInfo(zone), locale=self.locale))

    def instant(self, instant: datetime, zone: str) -> str:
        """Write the local date and time."""
        return f"{self.day(instant, zone)}, {self.clock(instant, zone)}"

    def window(self, window: Window, zone: str) -> str:
        """Write an interval with its clock, the day of its end and the clock of its start only where they differ."""
        first, last = self.instant(window.start, zone), self.clock(window.end, zone)
        names = [self.zone(one, zone) for one in (window.start, window.end)]
        if self.day(window.start, zone) != self.day(window.end, zone):
            last = self.instant(window.end, zone)
        changed = f" ({names[0]})" if names[0] != names[1] else ""
        return f"{first}{changed} – {last} ({names[1]})"

    def zone(self, instant: datetime, zone: str) -> str:
        """Write which clock it is at an instant: its name, and a place that keeps it."""
        local = instant.astimezone(ZoneInfo(zone))
        name = str(get_timezone_name(local, width="long", locale=self.locale))
        place = str(get_timezone_location(local, locale=self.locale, return_city=True)) if "/" in zone else ""
        return f"{name}, {place}" if place and place not in name else name

    def length(self, length: timedelta) -> str:
        """Write how long something takes, in hours and minutes."""
        hours, minutes = divmod(int(length.total_seconds()) // 60, 60)
        parts = [(hours, "duration-hour"), (minutes, "duration-minute")]
        return self.listing([format_unit(number, unit, locale=self.locale) for number, unit in parts if number], "unit")

    def listing(self, names: Iterable[str], style: str = "standard") -> str:
        """Join words as the language does."""
        return str(format_list(list(names), style=style, locale=self.locale))  # type: ignore[arg-type]

    def explained(self, *texts: str) -> list[tuple[str, str]]:
        """List the words of a text that need to be explained, in the order of the alphabet, each with its meaning."""
        text = " ".join(_folded(one) for one in texts)
        near = {word for token in set(_LETTERS.findall(text)) for word in self._by_form.get(token.casefold(), ())}
        found = {word: self.words[word] for word in near if _pattern(word).search(text)}
        return sorted(found.items(), key=lambda pair: pair[0].casefold())

    def in_plain_words(self, *texts: str) -> list[str]:
        """Explain the words of a text in one line, where there are any."""
        found = self.explained(*texts)
        meanings = "; ".join(f"{word} = {meaning}" for word, meaning in found)
        return [f"{self.write('words', found).splitlines()[0]} {meanings}."] if found else []

    @cached_property
    def _by_form(self) -> Mapping[str, list[str]]:
        """Give the words by the forms that their first letters may take in a text, small."""
        found: dict[str, list[str]] = {}
        for word in self.words:
            first = _LETTERS.findall(word)[0].casefold()
            for ending in ("", *_ENDINGS):
                found.setdefault(first + ending, []).append(word)
        return found


def _folded(text: str) -> str:
    """Give text without what hides a word from a search but not from a reader: forms of letters, invisible signs."""
    return "".join(one for one in unicodedata.normalize("NFKC", text) if unicodedata.category(one) != "Cf")


@cache
def _pattern(word: str) -> re.Pattern[str]:
    """Find a word, but not as part of another: digits, hyphens and underscores end it, as in `db-cluster-04`."""
    shouted = word.isupper()
    spaced = r"[\s_-]+".join(re.escape(one) for one in word.split(" "))
    ending = "s?" if shouted else f"(?:{'|'.join(_ENDINGS)})?"
    return re.compile(rf"(?<![^\W\d_]){spaced}{ending}(?![^\W\d_])", 0 if shouted else re.IGNORECASE)


@cache
def language_of(code: str) -> Language:
    """Give the language of a code such as `de`, `de-AT` or `en_US`; English where there is no such language.

    A country in the code decides how dates and times are written.
    """
    parts = re.split(r"[-_]", code.strip())
    id = parts[0].lower()
    if id not in languages():
        id, parts = DEFAULT, [DEFAULT]
    known = tomllib.loads((_FOLDER / f"{id}.toml").read_text("utf-8"))
    try:
        locale = Locale.parse("_".join(parts)) if len(parts) > 1 else Locale.parse(known["locale"])
    except (ValueError, UnknownLocaleError):
        locale = Locale.parse(known["locale"])
    source = {id: (_FOLDER / f"{id}.txt").read_text("utf-8")}
    # Mails are text: what makes HTML of them escapes it then.
    environment = Environment(loader=DictLoader(source), undefined=StrictUndefined, autoescape=False)
    return Language(id, locale, known["words"], environment.get_template(id).module)


@cache
def languages() -> tuple[str, ...]:
    """List the languages there are."""
    return tuple(sorted(one.name.removesuffix(".toml") for one in _FOLDER.iterdir() if one.name.endswith(".toml")))
