"""What a team is written about one window, in plain words of its language, on its own clock.

Only facts go in (`scheduler.publish.facts`), and of them never the title of a change. Words that only those who run
computers know are explained below the text, whoever wrote them.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from scheduler.horizon import Window
from scheduler.publish.contents import Content
from scheduler.publish.facts import Facts
from scheduler.publish.languages import Language
from scheduler.publish.plain_text import one_line, plain

Kind = Literal["planned", "moved", "changed", "cancelled"]
_SUBJECT_LENGTH, _LABEL_LENGTH = 180, 60
_HEAD = '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
_STYLE = "font-family: sans-serif; line-height: 1.4; max-width: 40em"


@dataclass(frozen=True, slots=True)
class Letter:
    """A message: its subject, the words a calendar shows, whom it greets, and its paragraphs."""

    subject: str
    summary: str
    greeting: str
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The greeting and the paragraphs, with an empty line between two."""
        return "\n\n".join([self.greeting, *self.lines]) + "\n"

    @property
    def html(self) -> str:
        """The paragraphs as a web page in which nothing that users wrote is markup."""
        return page(self.subject, [self.greeting, *self.lines])


def letter(
    facts: Facts,
    kind: Kind,
    language: Language,
    *,
    to: str = "",
    before: Window | None = None,
    replies: bool = False,
    link: str = "",
) -> Letter:
    """Write to a team about one window.

    `to` is who is greeted; `before` when it was to be before it moved; `replies` tells whether somebody reads answers;
    `link` is an address where the window is shown.
    """
    values = _values(facts, kind, language, before, one_line(link))
    body = language.write("what", values)
    ends = language.write("closing", values, replies)
    summary, subject = language.write("summary", values), language.write("subject", values)
    found = language.explained(subject, body, ends)
    parts = [body, ends, language.write("words", found)]
    lines = tuple(line for part in parts for line in part.splitlines())
    return Letter(_short(subject), summary, language.write("greeting", one_line(to)), lines)


def work_letter(content: Content, kind: Kind, at: datetime, zone: str, language: Language, *, to: str = "") -> Letter:
    """Write to somebody who does the work: in the words of those who do, which their feed has too."""
    values = {"kind": kind, "unavailable": one_line(content.summary), "day": language.day(at, zone)}
    subject = language.write("work_subject", values)
    cancelled = ("",) if kind != "cancelled" else (language.write("work_cancelled"),)
    lines = tuple(line for line in (*cancelled, *content.lines) if line)
    return Letter(
        _short(subject), language.write("work_summary", values), language.write("greeting", one_line(to)), lines
    )


def together(letters: Sequence[tuple[datetime, Letter]], language: Language, zone: str, *, to: str = "") -> Letter:
    """Write one message of several, each with the start of its window, on a clock; they come in that order."""
    ordered = sorted(letters, key=lambda pair: (pair[0], pair[1].subject))
    days = [language.day(start, zone) for start, _ in ordered]
    subject = language.write("many_subject", len(ordered), days[0], days[-1])
    lines = [language.write("many_opening", len(ordered))]
    for number, (_, one) in enumerate(ordered, start=1):
        lines += [f"{number}. {one.subject}", *one.lines]
    return Letter(_short(subject), subject, language.write("greeting", one_line(to)), tuple(lines))


def _values(facts: Facts, kind: Kind, language: Language, before: Window | None, link: str) -> dict[str, object]:
    zone, spare = facts.zone, facts.end < facts.reserved_until
    people = [*facts.owners, facts.desk]
    return {
        "kind": kind,
        "unavailable": language.listing(facts.unavailable),
        "limited": language.listing(facts.limited),
        "notice": facts.notice,
        "used_for": facts.used_for,
        "workaround": facts.workaround,
        "why": facts.why,
        "day": language.day(facts.start, zone),
        "when": language.window(Window(facts.start, facts.reserved_until), zone),
        "before": language.window(before, zone) if before else "",
        "spare": spare,
        "over": language.instant(facts.end, zone),
        "length": language.length(facts.end - facts.start),
        "told_on": language.day(facts.told_on, zone) if facts.told_on else "",
        "promised_days": facts.promised_days,
        "during": language.listing(dict.fromkeys(one for one in people if one)),
        "after": facts.desk,
        "link": link,
    }


def _short(text: str) -> str:
    """Give a subject that no mail server refuses; what is cut off stands in the message."""
    return text if len(text) <= _SUBJECT_LENGTH else f"{text[: _SUBJECT_LENGTH - 1]}…"


def page(title: str, lines: Sequence[str]) -> str:
    """Give paragraphs as a web page for mail programs: no pictures, no scripts, and readable without its few styles."""
    body = "\n".join(f"<p>{_marked(_linked(html.escape(plain(line))))}</p>" for line in lines)
    head = f'<head><meta charset="utf-8">{_HEAD}<title>{html.escape(one_line(title))}</title></head>'
    return f'<!DOCTYPE html>\n<html>{head}\n<body style="{_STYLE}">\n{body}\n</body></html>\n'


def _marked(escaped: str) -> str:
    """Set off what a line is about, where it says so before a colon."""
    label, colon, rest = escaped.partition(": ")
    return f"<b>{label}:</b> {rest}" if colon and len(label) <= _LABEL_LENGTH else escaped


def _linked(escaped: str) -> str:
    """Make a line that is nothing but an address of ours a link."""
    if re.fullmatch(r"https?://[^\s<>\"']+", escaped):
        return f'<a href="{escaped}">{escaped}</a>'
    return escaped
