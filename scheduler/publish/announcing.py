"""Who has to be written to, about which windows: what the store holds now against what everybody was last told.

Nothing is kept of decisions as such. A decision that is taken back before its mail was due therefore leaves no trace:
what holds is again what was told.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from scheduler.desk.outbox import Told
from scheduler.horizon import Window
from scheduler.portfolio import Portfolio
from scheduler.publish.addresses import addresses
from scheduler.publish.contents import Kind, Status
from scheduler.publish.history import Archive
from scheduler.publish.languages import Language, language_of
from scheduler.publish.letter import Kind as LetterKind
from scheduler.publish.letter import Letter, letter, work_letter
from scheduler.publish.plain_text import one_line
from scheduler.publish.stream import Entry

UNDO = timedelta(minutes=5)
"""How long a decision can be taken back with nothing sent."""

SOON = timedelta(hours=48)
"""Moves and cancellations of what is nearer than this go at once."""

NIGHT = (time(20), time(7))
"""On a recipient's clock: what is decided then comes in the morning, as one message."""

_NOON = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Recipient:
    """One address that is told of windows, as a team's or an engineer's (`kind`, `scope`).

    `here` is off for one that is so no longer.
    """

    kind: Literal["team", "engineer"]
    scope: str
    address: str
    name: str
    zone: str
    language: Language
    here: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One thing to be told to one recipient; `due` is when, `before` what it was told last.

    `night` is the same for what goes in one mail; None for what goes alone.
    """

    to: Recipient
    kind: LetterKind
    entry: Entry
    before: Told | None
    letter: Letter
    fingerprint: str
    due: datetime
    night: tuple[str, date] | None


def recipients(portfolio: Portfolio) -> list[Recipient]:
    """List everybody who is told by mail: the addresses of teams and of engineers, in the order of the portfolio."""
    found = [
        Recipient("team", team.id, address, one_line(team.contact), team.time_zone, language_of(team.language))
        for team in portfolio.teams.values()
        for address in addresses(team.email)
    ]
    return found + [
        Recipient("engineer", one.id, address, one_line(one.id), one.time_zone, language_of(""))
        for one in (portfolio.engineers or {}).values()
        for address in addresses(one.email)
    ]


def messages(
    portfolio: Portfolio, archive: Archive, told: Iterable[Told], now: datetime, *, replies: bool = False
) -> Iterator[Message]:
    """Give everything that somebody has not been told yet and that is not over, due or not, recipient by recipient.

    A recipient is told of a window that was announced, of another time, of other words, and of its end; of the end only
    who was told of the window. An address that is a team's or an engineer's no more is told that the windows it knows
    are cancelled for it.
    """
    known: dict[tuple[Literal["team", "engineer"], str, str], dict[str, Told]] = {}
    for one in told:
        known.setdefault((one.kind, one.scope, one.address), {})[one.window] = one
    everybody = {(one.kind, one.scope, one.address): one for one in recipients(portfolio)}
    for kind, scope, address in known.keys() - everybody.keys():
        team = portfolio.teams.get(scope) if kind == "team" else None
        zone = team.time_zone if team else portfolio.policy.time_zone
        language = language_of(team.language if team else "")
        everybody[kind, scope, address] = Recipient(kind, scope, address, "", zone, language, here=False)
    entries: dict[tuple[Kind, str], tuple[Entry, ...]] = {}
    for key, recipient in sorted(everybody.items(), key=lambda pair: pair[0]):
        if key[:2] not in entries:
            entries[key[:2]] = archive.feed(*key[:2], now).entries
        for entry in entries[key[:2]]:
            if isinstance(entry.end, datetime) and entry.end > now:
                before = known.get(key, {}).get(entry.id)
                found = _message(recipient, entry, before, now, replies)
                if found is not None:
                    yield found


def _message(to: Recipient, entry: Entry, before: Told | None, now: datetime, replies: bool) -> Message | None:
    aware = before is not None and before.method != "CANCEL"
    if entry.status is Status.TENTATIVE or not isinstance(entry.start, datetime) or not isinstance(entry.end, datetime):
        return None
    fingerprint = fingerprint_of(entry)
    if not to.here or entry.status is Status.CANCELLED:
        if before is None or not aware:
            return None
        kind: LetterKind = "cancelled"
        # They know it by the time they were told of; whatever it was moved to since is none of theirs.
        revision = entry.revision if entry.revision > before.sequence else before.sequence + 1
        entry = replace(entry, status=Status.CANCELLED, start=before.start, end=before.until, revision=revision)
    elif before is None or not aware:
        kind = "planned"
        if before is not None:
            entry = replace(entry, revision=max(entry.revision, before.sequence))
    elif (before.start, before.until) != (entry.start, entry.end):
        kind = "moved"
    elif before.fingerprint != fingerprint:
        kind = "changed"
    else:
        return None
    due, night = _due(to, kind, entry, before, now)
    return Message(
        to=to,
        kind=kind,
        entry=entry,
        before=before,
        letter=letter_of(to, kind, entry, before, replies),
        fingerprint=fingerprint,
        due=due,
        night=night,
    )


def _due(
    to: Recipient, kind: LetterKind, entry: Entry, before: Told | None, now: datetime
) -> tuple[datetime, tuple[str, date] | None]:
    """Tell when a message is due, and with what it may go together: with all of a night, decided in or worked in."""
    assert isinstance(entry.start, datetime)
    near = min(entry.start, before.start) if before else entry.start
    if kind in ("moved", "cancelled") and near - now < SOON:
        return now, None
    due = entry.revised_at + UNDO
    zone = ZoneInfo(to.zone)
    local = entry.revised_at.astimezone(zone)
    if local.time() >= NIGHT[0] or local.time() < NIGHT[1]:
        day = (local + timedelta(days=1) if local.time() >= NIGHT[0] else local).date()
        morning = datetime.combine(day, NIGHT[1], zone)
        if near - morning >= SOON:
            return max(due, morning), ("decided", day)
    return due, ("work", (entry.start.astimezone(zone) - _NOON).date())


def fingerprint_of(entry: Entry) -> str:
    """Give a short text that differs where what is said of a window differs enough to say it again."""
    facts, said = entry.content.facts, entry.content
    if facts is None:
        # Who does the work: what is done, not who is affected.
        words: object = (said.summary, [one for one in said.lines if one.startswith(("Work on:", "Only after:"))])
    else:
        words = (facts.unavailable, facts.limited, facts.notice, facts.workaround, facts.why)
    return hashlib.sha256(repr(words).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def letter_of(to: Recipient, kind: LetterKind, entry: Entry, before: Told | None, replies: bool) -> Letter:
    """Write to a recipient about one window: to a team in plain words, to who does the work in those of the work."""
    facts, link = entry.content.facts, entry.content.link
    assert isinstance(entry.start, datetime)
    assert isinstance(entry.end, datetime)
    if facts is None:
        return work_letter(entry.content, kind, entry.start, to.zone, to.language, to=to.name)
    if kind == "cancelled":
        facts = replace(facts, start=entry.start, end=entry.end, reserved_until=entry.end)
    was = Window(before.start, before.until) if before and kind == "moved" else None
    return letter(facts, kind, to.language, to=to.name, before=was, replies=replies, link=link)


def grouped(found: Iterable[Message], now: datetime) -> list[list[Message]]:
    """Give what is due, each group being one mail to one recipient, in the order in which they go."""
    groups: dict[tuple[object, ...], list[Message]] = {}
    for number, one in enumerate(found):
        if one.due <= now:
            alone: object = number if one.night is None else one.night
            groups.setdefault((one.to.kind, one.to.scope, one.to.address, alone), []).append(one)
    return sorted(groups.values(), key=lambda group: min((one.due, one.entry.start.isoformat()) for one in group))
