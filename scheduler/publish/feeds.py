"""One iCalendar feed per team: the windows that touch it, in its own words and local times (RFC 5545, RFC 7986).

Windows are single events in UTC that last as long as the calendar reserves; the description says when the work is
expected to be over. The bytes depend on the plan alone: no clock, no random identity, so that a reader who has the
feed already is not told of changes that are none. Everything users wrote is data: control characters are stripped and
X- values escaped, so that no text can add a line of its own.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import quote

from icalendar import Calendar, Event, vText

from scheduler.demand.topology import affected_teams, clients, effects
from scheduler.portfolio import Impact, Portfolio
from scheduler.schedule import Placement, Schedule, notice_given
from scheduler.wording import day_text, instant_text, listing, window_text

DEFAULT_DOMAIN = "maintenance-window-scheduler.invalid"
"""Stands behind the @ of every UID where the policy names no domain (RFC 2606 keeps .invalid out of use)."""

PRODUCT = "-//Maintenance window scheduler//Team feed//EN"
REFRESH = timedelta(hours=1)

_LINE_ENDS = re.compile("\r\n|[\r\x85\u2028\u2029]")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff\ud800-\udfff]")


def team_feeds(portfolio: Portfolio, schedule: Schedule) -> Mapping[str, bytes]:
    """Give the feed of every team of the portfolio, the empty ones included."""
    affecting: dict[str, list[Placement]] = {team: [] for team in portfolio.teams}
    for placement in schedule.placements:
        for team in affected_teams(portfolio, placement.change):
            affecting[team].append(placement)
    return {team: _feed(portfolio, tuple(placements), team) for team, placements in affecting.items()}


def team_feed(portfolio: Portfolio, schedule: Schedule, team: str) -> bytes:
    """Give one team's feed: an event for every placement that puts out or degrades something the team uses.

    A window that was announced is CONFIRMED, one that is still a proposal TENTATIVE and called so. The UID is the
    change's id with the policy's domain (`DEFAULT_DOMAIN` where it has none) and never changes.

    Raises
    ------
    KeyError
        If the portfolio has no such team.
    """
    affecting = [one for one in schedule.placements if team in affected_teams(portfolio, one.change)]
    return _feed(portfolio, tuple(affecting), team)


def plain(text: str) -> str:
    """Strip what no calendar may carry: control characters but the line feed, lone surrogates, byte order marks."""
    return _UNPRINTABLE.sub("", _LINE_ENDS.sub("\n", text).replace("\t", " "))


def one_line(text: str) -> str:
    """Give text as one line without characters that no calendar may carry."""
    return " ".join(plain(text).split())


def _feed(portfolio: Portfolio, placements: tuple[Placement, ...], team: str) -> bytes:
    name = f"Maintenance for {one_line(portfolio.teams[team].name) or one_line(team)}"
    events = {placement: _event(portfolio, placement, team) for placement in placements}
    return calendar_of(portfolio, name, f"feed/{identity(portfolio, team)}", events)


def calendar_of(portfolio: Portfolio, name: str, id: str, events: Mapping[Placement, Event]) -> bytes:
    """Give a calendar of events in the order of their placements."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("uid", id)
    calendar.add("x-wr-relcalid", vText(id))
    # The library does not escape plain strings in these two.
    calendar.add("name", vText(name))
    calendar.add("x-wr-calname", vText(name))
    calendar.add("last-modified", max((revised(portfolio, one) for one in events), default=portfolio.now))
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vText("PT1H"))
    for placement in sorted(events, key=lambda one: (one.start, one.change)):
        calendar.add_component(events[placement])
    return bytes(calendar.to_ical(sorted=False))


def identity(portfolio: Portfolio, id: str) -> str:
    """Give the part of a UID that says what is meant: an id of the user with the policy's domain."""
    encodable = id.encode("utf-8", "surrogatepass")
    return f"{quote(encodable, safe='')}@{one_line(portfolio.policy.domain) or DEFAULT_DOMAIN}"


def revised(portfolio: Portfolio, placement: Placement) -> datetime:
    """Give the instant at which a window was last made known: its announcement, or else the planning."""
    return placement.announced_at or portfolio.now


def _event(portfolio: Portfolio, placement: Placement, team: str) -> Event:
    out, degraded = _felt(portfolio, placement.change, team)
    proposed = placement.announced_at is None
    said = [f"{listing(out, 3)} unavailable"] if out else []
    said += [f"{listing(degraded, 3)} limited"] if degraded else []
    summary = ("Proposed: " if proposed else "") + ", ".join(said)
    description = _description(portfolio, placement, team, out, degraded)
    event = event_of(portfolio, placement, identity(portfolio, placement.change), summary, description)
    event.add("categories", ["Maintenance", Impact.OUTAGE.value if out else Impact.DEGRADED.value])
    if contact := _contact(portfolio, placement.change, team):
        event.add("contact", contact)
    return event


def event_of(portfolio: Portfolio, placement: Placement, id: str, summary: str, lines: Sequence[str]) -> Event:
    """Give the event of a window: TENTATIVE and not busy while it is a proposal, CONFIRMED once it was announced."""
    proposed = placement.announced_at is None
    event = Event()
    event.add("uid", id)
    event.add("dtstamp", revised(portfolio, placement))
    event.add("last-modified", revised(portfolio, placement))
    event.add("sequence", 0)
    event.add("dtstart", placement.start)
    event.add("dtend", placement.reserved_until)
    event.add("summary", summary)
    event.add("description", "\n".join(lines))
    event.add("status", "TENTATIVE" if proposed else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if proposed else "OPAQUE")
    return event


def _nodes(portfolio: Portfolio, change: str, team: str) -> tuple[list[str], list[str]]:
    """List what is out and what is degraded for a team, of all it uses."""
    effect, users = effects(portfolio)[change], clients(portfolio)
    return (
        [node for node in sorted(effect.out) if team in users.get(node, ())],
        [node for node in sorted(effect.degraded) if team in users.get(node, ())],
    )


def _felt(portfolio: Portfolio, change: str, team: str) -> tuple[list[str], list[str]]:
    out, degraded = _nodes(portfolio, change, team)
    return [name_of(portfolio, node) for node in out], [name_of(portfolio, node) for node in degraded]


def name_of(portfolio: Portfolio, node: str) -> str:
    """Give the name in full of a service or group."""
    service = portfolio.services.get(node)
    return (one_line(service.name) if service else "") or one_line(node)


def _description(
    portfolio: Portfolio, placement: Placement, team: str, out: list[str], degraded: list[str]
) -> list[str]:
    change, zone = portfolio.changes[placement.change], portfolio.teams[team].time_zone
    lines = (
        ["This is a proposal: the time is not settled yet and may change."] if placement.announced_at is None else []
    )
    if out:
        lines.append(f"{listing(out)} will be unavailable.")
    if degraded:
        lines.append(f"{listing(degraded)} will work, but slowly or with parts missing.")
    lines.append(f"When: {window_text(placement.reserved, zone)} (local time in {zone}).")
    if placement.end < placement.reserved_until:
        lines.append(
            f"We expect it to be over by {instant_text(placement.end, zone)}; the rest of the time is kept in case "
            "the work takes longer."
        )
    if short := _short_notice(portfolio, placement, team):
        lines.append(short)
    texts = [("What you will notice", change.what_you_will_notice)]
    for node in (node for nodes in _nodes(portfolio, change.id, team) for node in nodes):
        if node in portfolio.services:
            texts.append((f"What {name_of(portfolio, node)} is used for", portfolio.services[node].used_for))
    texts += [("What you can do meanwhile", change.workaround), ("Why", change.why)]
    lines.extend(f"{label}: {one_line(text)}" for label, text in texts if one_line(text))
    if contact := _contact(portfolio, change.id, team):
        lines.append(f"Questions, or a time that suits you better: {contact}")
    return lines


def _short_notice(portfolio: Portfolio, placement: Placement, team: str) -> str | None:
    promised = portfolio.notice_days(team)
    if promised is None or notice_given(portfolio, placement, team) >= promised:
        return None
    told = day_text(revised(portfolio, placement), portfolio.teams[team].time_zone)
    return (
        f"We are sorry for the short notice: you were promised {promised} days, but this is announced only on {told}."
    )


def _contact(portfolio: Portfolio, change: str, team: str) -> str:
    nodes = [node for nodes in _nodes(portfolio, change, team) for node in nodes]
    owners = [one_line(portfolio.services[node].owner) for node in nodes if node in portfolio.services]
    people = [*owners, one_line(portfolio.policy.organizer)]
    return " or ".join(dict.fromkeys(person for person in people if person))
