"""Writes the entries of a calendar as an iCalendar stream (RFC 5545, RFC 7986, and the MAINTNOTE draft).

Windows are single events in UTC that last as long as the calendar reserves. No clock and no chance goes in: the same
entries give the same bytes. Everything users wrote is data: control characters are stripped and X- values escaped, so
that no text can add a line of its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, get_args
from urllib.parse import quote

from icalendar import Calendar, Component, Event, vCalAddress, vText, vUri

from scheduler.publish.contents import Content, Status, standing_text
from scheduler.publish.plain_text import one_line, plain

Detail = Literal["full", "busy", "maintnote"]
DETAILS: tuple[Detail, ...] = get_args(Detail)
DEFAULT_DOMAIN = "maintenance-window-scheduler.invalid"
"""Stands behind the @ of every UID where the policy names no domain (RFC 2606 keeps .invalid out of use)."""

PRODUCT = "-//Maintenance window scheduler//Feed//EN"
REFRESH, REFRESH_TEXT = timedelta(hours=1), "PT1H"
NO_MAIL = "invalid:nomail"
"""The address of an organizer who has none (as in the examples of RFC 5546)."""

_BUSY = "Maintenance"
_PREFIX = {Status.TENTATIVE: "Proposed: ", Status.CANCELLED: "CANCELLED: "}
_PLAIN_STATUS = {Status.IN_PROCESS: "CONFIRMED", Status.COMPLETED: "CONFIRMED"}
# Readers of addresses take everything from ? on for a header (RFC 6068).
_ADDRESS = "@+.-_~!$'*="


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event: which window under which UID, its last revision, when it is, and what is said of it.

    `id` is what a provider calls the window, with the domain of the UID as the provider. Whole days are given as dates,
    the last one exclusive. `revision` counts from 0 (SEQUENCE).
    """

    id: str
    uid: str
    revision: int
    revised_at: datetime
    status: Status
    start: datetime | date
    end: datetime | date
    content: Content
    categories: tuple[str, ...] = ("Maintenance",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A calendar: its name, its permanent UID, when anything in it last changed, and its entries."""

    name: str
    uid: str
    last_modified: datetime
    entries: tuple[Entry, ...] = ()


def uid_of(id: str, domain: str, prefix: str = "") -> str:
    """Give the UID of an id in a domain; ids that differ have UIDs that differ, and so have prefixes."""
    quoted = quote(id.encode("utf-8", "surrogatepass"), safe="")
    return f"{prefix}/{quoted}@{domain}" if prefix else f"{quoted}@{domain}"


def domain_of(configured: str) -> str:
    """Give the domain of UIDs: the one that is configured, or `DEFAULT_DOMAIN`."""
    return one_line(configured) or DEFAULT_DOMAIN


def stream(feed: Feed, detail: Detail = "full", *, prefixed: bool = True) -> bytes:
    """Write a calendar in the order of time.

    `busy` tells nothing but that there is maintenance; `maintnote` adds the properties of the MAINTNOTE draft to all
    that `full` has. A feed has no METHOD, no attendees and no alarms. Without `prefixed` the words of an entry say
    by themselves where it stands.
    """
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("uid", feed.uid)
    calendar.add("x-wr-relcalid", vText(plain(feed.uid)))
    # The library escapes no plain string in these two.
    calendar.add("name", vText(one_line(feed.name)))
    calendar.add("x-wr-calname", vText(one_line(feed.name)))
    calendar.add("last-modified", _second(feed.last_modified))
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vText(REFRESH_TEXT))
    for entry in in_order(feed.entries):
        calendar.add_component(event_of(entry, detail, words=None if prefixed else entry.content.summary))
    return bytes(calendar.to_ical(sorted=False))


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Sort entries by start, then UID; a whole day comes before what begins in it."""
    return sorted(entries, key=lambda one: (one.start.isoformat()[:10], one.start.isoformat(), one.uid))


def mailto(address: str) -> str:
    """Give the URI of a mail address (RFC 6068)."""
    return f"mailto:{quote(one_line(address), safe=_ADDRESS)}"


def event_of(entry: Entry, detail: Detail = "full", *, words: str | None = None) -> Event:
    """Write an entry as an event; `words` are a summary that says by itself where the entry stands."""
    event = Event()
    event.add("uid", entry.uid)
    event.add("dtstamp", _second(entry.revised_at))
    event.add("last-modified", _second(entry.revised_at))
    event.add("sequence", entry.revision)
    event.add("dtstart", entry.start)
    event.add("dtend", entry.end)
    prefix = _PREFIX.get(entry.status, "")
    event.add("status", _PLAIN_STATUS.get(entry.status, entry.status.value))
    event.add("transp", "TRANSPARENT" if entry.status in (Status.TENTATIVE, Status.CANCELLED) else "OPAQUE")
    if detail == "busy":
        event.add("summary", prefix + _BUSY)
        return event
    said = entry.content
    event.add("summary", plain(prefix + said.summary if words is None else words))
    event.add("description", plain("\n".join(_lines(entry) if words is None else said.lines)))
    event.add("categories", [one_line(one) for one in entry.categories])
    if said.contact:
        event.add("contact", one_line(said.contact))
    if said.location:
        event.add("location", one_line(said.location))
    if said.link:
        event.add("url", vUri(one_line(said.link)), parameters={"VALUE": "URI"})
    if detail == "maintnote":
        _add_notice(event, entry)
    return event


def _lines(entry: Entry) -> list[str]:
    apology = "" if entry.status is Status.CANCELLED else entry.content.apology
    return [line for line in (standing_text(entry.status), apology, *entry.content.lines) if line]


def _add_notice(event: Component, entry: Entry) -> None:
    """Add what MAINTNOTE asks for. One MAINTENANCE-ID only: readers take several for one printed list."""
    said = entry.content
    mail = one_line(said.organizer)
    organizer = vCalAddress(mailto(mail) if mail else NO_MAIL)
    if mail:
        organizer.params["CN"] = mail.replace('"', "'")
    event.add("organizer", organizer)
    event.add("x-maintnote-provider", vText(entry.uid.rpartition("@")[2]))
    event.add("x-maintnote-account", vText(one_line(said.account)))
    event.add("x-maintnote-maintenance-id", vText(one_line(entry.id)))
    for node, impact in said.objects:
        parameters = {"X-MAINTNOTE-OBJECT-IMPACT": impact.value}
        event.add("x-maintnote-object-id", vText(one_line(node)), parameters=parameters)
    event.add("x-maintnote-impact", vText(said.impact.value))
    event.add("x-maintnote-status", vText(entry.status.value))


def _second(instant: datetime) -> datetime:
    return instant.replace(microsecond=0)
