"""Reads one cell: a parser for each type of `columns.TYPES`, with messages that say how to mend what cannot be read."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from scheduler.horizon import WeeklyHours
from scheduler.inputs.columns import MONEY, TYPES, Column
from scheduler.inputs.errors import Findings, shown

# The csv module reads no longer cell either.
LONGEST_CELL = 131_072
LONGEST_ID = 200
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?")
_UNITS = re.compile(r"(?P<skill>.*\S)\s*\*\s*(?P<people>[0-9]{1,4})")
_LAG = re.compile(r"(?P<change>.*\S)\s*\+\s*(?P<length>[0-9]{1,6})\s*(?P<unit>[mhd])")
_LAG_MINUTES = {"m": 1, "h": 60, "d": 1440}
_MAIL = re.compile(r"[^@\s;,<>]+@[^@\s;,<>]+")
_TARGETS = ("service", "team", "site", "engineer")
_TRUE, _FALSE = ("yes", "true"), ("no", "false")


class CellError(ValueError):
    """A cell that cannot be read: the message names the value and how to mend it."""


def parse(column: Column, text: str, findings: Findings) -> Any:
    """Read a cell that is not empty.

    Whole numbers come as int, decimals and shares as Decimal, money as int (cents), times as datetime (naive where the
    cell has no offset), ids and targets as tuples of text, skills as pairs (skill, people), weekly hours as
    `WeeklyHours`, yes or no as bool, everything else as text.

    Raises
    ------
    CellError
        With the value and how to mend it.
    """
    _check_text(column, text)
    return _PARSERS[column.type](column, text, findings)


def _check_text(column: Column, text: str) -> None:
    if len(text) > LONGEST_CELL:
        raise CellError(f"{shown(text)} is {len(text):,} characters long; at most {LONGEST_CELL:,} can be read")
    if text.isprintable():
        return
    breaks = "\n\r\t" if column.type == "long text" else ""
    for letter in text:
        if unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") and letter not in breaks:
            what = "a line break" if letter in "\n\r\u2028\u2029" else "a control character"
            raise CellError(f"{shown(text)} has {what} in it; delete it")


def _wrong(column: Column, text: str, what: str) -> CellError:
    return CellError(f"{shown(text)} is not {what}; write {TYPES[column.type]}")


def _text(column: Column, text: str, findings: Findings) -> str:
    return text


def _id(column: Column, text: str, findings: Findings) -> str:
    if ";" in text:
        raise CellError(f"{shown(text)} has a ';' in it, which separates ids in lists; choose an id without it")
    if len(text) > LONGEST_ID:
        raise CellError(f"{shown(text)} is {len(text):,} characters long; an id has at most {LONGEST_ID}")
    if not text.isprintable():
        raise CellError(f"{shown(text)} has an invisible character in it; delete it")
    return text


def _ids(column: Column, text: str, findings: Findings) -> tuple[str, ...]:
    pieces = [piece.strip() for piece in text.split(";")]
    return tuple(dict.fromkeys(_id(column, piece, findings) for piece in pieces if piece))


def _mail(column: Column, text: str, findings: Findings) -> str:
    if not _MAIL.fullmatch(text):
        raise _wrong(column, text, "an e-mail address")
    return text


def _number(column: Column, text: str, what: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        if _NUMBER.fullmatch(text.replace(",", ".")):
            raise CellError(f"{shown(text)} is not {what}; write a decimal point as '.' and nothing between thousands")
        raise _wrong(column, text, what)
    number = Decimal(text)
    if column.least is not None and number < column.least:
        raise CellError(f"{shown(text)} is less than {column.least}; write {column.least} or more")
    if column.most is not None and number > column.most:
        raise CellError(f"{shown(text)} is more than {column.most:,}; write {column.most:,} or less")
    if column.decimals and number != round(number, column.decimals):
        places = "two decimals; round it to cents" if column.type == MONEY else f"{column.decimals} decimals; round it"
        raise CellError(f"{shown(text)} has more than {places}")
    return number


def _decimal(column: Column, text: str, findings: Findings) -> Decimal:
    return _number(column, text, "a number")


def _whole(column: Column, text: str, findings: Findings) -> int:
    number = _number(column, text, "a whole number")
    if number != int(number):
        raise _wrong(column, text, "a whole number")
    if column.choices and str(int(number)) not in column.choices:
        raise CellError(f"{shown(text)} is not one of {', '.join(column.choices)}; write one of these")
    return int(number)


def _money(column: Column, text: str, findings: Findings) -> int:
    return int(_number(column, text, "an amount of money") * 100)


def _flag(column: Column, text: str, findings: Findings) -> bool:
    if text.casefold() not in _TRUE + _FALSE:
        raise CellError(f"{shown(text)} is not yes or no; write one of these")
    return text.casefold() in _TRUE


def _choice(column: Column, text: str, findings: Findings) -> str:
    for choice in column.choices:
        if text.casefold() == choice.casefold():
            return choice
    mend = findings.guess(text, column.choices, "write one of these")
    raise CellError(f"{shown(text)} is not one of {', '.join(column.choices)}{mend}")


def _time(column: Column, text: str, findings: Findings) -> datetime:
    return parse_time(text)


def parse_time(text: str) -> datetime:
    """Read an ISO 8601 time; it is naive where the text has no offset, and a bare date means 00:00.

    Raises
    ------
    CellError
        With the value and how to mend it.
    """
    try:
        value = datetime.fromisoformat(text)
        if value.utcoffset() is not None:
            value = value.astimezone(UTC)
    except (ValueError, OverflowError):
        raise CellError(f"{shown(text)} is not a time; write {TYPES['time']}") from None
    if not 1970 <= value.year < 2200:
        raise CellError(f"{shown(text)} is not between 1970 and 2199; correct the year")
    return value


@cache
def zones() -> frozenset[str]:
    """List the names of all time zones."""
    return frozenset(available_timezones())


def _zone(column: Column, text: str, findings: Findings) -> str:
    if text not in zones():
        mend = findings.guess(text, zones(), f"write {TYPES['zone']}")
        raise CellError(f"{shown(text)} is not a time zone{mend}")
    return text


@cache
def _holiday_codes() -> frozenset[str]:
    import holidays  # costs a third of a second, and many portfolios have none

    countries = holidays.list_supported_countries(include_aliases=False)
    return frozenset(countries) | {f"{country}-{region}" for country in countries for region in countries[country]}


def _holidays(column: Column, text: str, findings: Findings) -> str:
    if text not in _holiday_codes():
        mend = findings.guess(text, _holiday_codes(), f"write {TYPES['holidays']}")
        raise CellError(f"{shown(text)} is not a country or region whose public holidays are known{mend}")
    return text


def _hours(column: Column, text: str, findings: Findings) -> WeeklyHours:
    try:
        hours = WeeklyHours.parse(text)
    except ValueError as error:
        raise CellError(f"{error}; write {TYPES['hours']}") from None
    if not hours.spans:
        raise _wrong(column, text, "weekly hours")
    return hours


def _skills(column: Column, text: str, findings: Findings) -> tuple[tuple[str, int], ...]:
    people: dict[str, int] = {}
    # One skill named twice asks for two people.
    for piece in filter(None, (piece.strip() for piece in text.split(";"))):
        match = _UNITS.fullmatch(piece)
        skill = _id(column, match["skill"] if match else piece, findings)
        count = int(match["people"]) if match else 1
        if count < 1:
            raise CellError(f"{shown(piece)} asks for nobody; write 1 or more, or leave the skill out")
        people[skill] = people.get(skill, 0) + count
    return tuple(people.items())


def split_lag(piece: str) -> tuple[str, int]:
    """Split `id+120m` into the id and the minutes; a piece of another form is an id with a pause of 0.

    >>> split_lag("CHG-7+2h"), split_lag("CHG-7")
    (('CHG-7', 120), ('CHG-7', 0))
    """
    match = _LAG.fullmatch(piece)
    return (match["change"], int(match["length"]) * _LAG_MINUTES[match["unit"]]) if match else (piece, 0)


def _targets(column: Column, text: str, findings: Findings) -> tuple[str, ...]:
    targets: list[str] = []
    for piece in _ids(column, text, findings):
        kind, colon, name = (part.strip() for part in piece.partition(":"))
        if piece != "*" and (kind not in _TARGETS or not colon or not name):
            raise _wrong(column, piece, "something that a calendar can bind")
        targets.append(f"{kind}:{name}" if colon else piece)
    return tuple(dict.fromkeys(targets))


_PARSERS: Mapping[str, Callable[[Column, str, Findings], Any]] = {
    "id": _id,
    "text": _text,
    "long text": _text,
    "ids": _ids,
    "e-mail": _mail,
    "whole number": _whole,
    "decimal": _decimal,
    "share": _decimal,
    "money": _money,
    "yes or no": _flag,
    "choice": _choice,
    "time": _time,
    "zone": _zone,
    "holidays": _holidays,
    "hours": _hours,
    "works": _text,
    "predecessors": _ids,
    "skills": _skills,
    "targets": _targets,
}
