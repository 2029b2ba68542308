"""A small world with stored windows: what feeds of every kind and detail are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import strict_ical
from builders import blackout, change, depends, engineer, portfolio, service, team, when

from scheduler.portfolio import Impact, Portfolio
from scheduler.publish.contents import Kind, Status
from scheduler.publish.history import Archive, Edition, Revision, WindowHistory
from scheduler.publish.stream import DETAILS, stream
from scheduler.schedule import Placement, Shift

DOMAIN = "maint.example.com"
FIRST = datetime(2027, 2, 1, 9, tzinfo=UTC)
NOW = datetime(2027, 2, 20, 10, tzinfo=UTC)
FEEDS: tuple[tuple[Kind, str], ...] = (
    ("team", "Blue"),
    ("team", "Green"),
    ("service", "app"),
    ("service", "db"),
    ("engineer", "Ana"),
    ("all", ""),
    ("blackouts", ""),
)


def world(**more: object) -> Portfolio:
    """CHG-1 puts `db` out, `app` with it, and degrades `search`; CHG-2 degrades mail. Blue uses app, Green search."""
    given: dict[str, object] = {
        "changes": [
            replace(
                change("CHG-1", services="db", hours=2, p90=180, backout=30),
                title="New database",
                why="The old one is slow, and no longer mended.",
                what_you_will_notice="Orders cannot be entered.",
                workaround="Paper; really.",
                requested_by="Bo",
            ),
            change("CHG-2", services="mail", impact=Impact.DEGRADED),
        ],
        "services": [
            replace(service("app", site="London, Dock 4"), name="Order entry", used_for="orders", owner="Ann Lee"),
            service("db", site="London, Dock 4"),
        ],
        "teams": [team("Blue", zone="Europe/London"), team("Green", zone="Asia/Singapore")],
        "dependencies": [depends("app", "db"), depends("search", "db", "DEGRADED")],
        "engineers": [engineer("Ana", skills="dba")],
        "blackouts": [
            blackout("Wed 00:00", "Thu 00:00"),
            blackout("Fri 17:00", "Fri 19:30", id="close", applies_to="service:app"),
        ],
        "users": {("Blue", "app"): 5, ("Green", "search"): 1, ("Green", "mail"): 2},
        "now": "2027-02-01T09:00Z",
    }
    made = portfolio(**(given | more))  # type: ignore[arg-type]
    return replace(made, policy=replace(made.policy, domain=DOMAIN, organizer="desk@maint.example.com"))


def edition(number: int, at: datetime, made: Portfolio) -> Edition:
    return Edition(number, at, lambda: made)


def revision(
    status: Status,
    at: datetime,
    sequence: int,
    start: str | datetime = "Mon 02:00",
    change: str = "CHG-1",
    edition: int = 1,
) -> Revision:
    """Build a revision of a window of 2 h and 1.5 h more in reserve, with Ana on it."""
    begin = when(start)
    until = begin + timedelta(minutes=210)
    placement = Placement(
        change=change,
        start=begin,
        end=begin + timedelta(hours=2),
        reserved_until=until,
        announced_at=None if status is Status.TENTATIVE else at,
        engineers=(Shift(engineer="Ana", skill="dba", start=begin, end=until),),
    )
    return Revision(at=at, sequence=sequence, status=status, placement=placement, edition=edition)


def at(hours: float) -> datetime:
    """Give an instant some hours after the first edition."""
    return FIRST + timedelta(hours=hours)


def windows() -> list[WindowHistory]:
    """Give one window of every status."""
    told = (revision(Status.TENTATIVE, at(1), 0), revision(Status.CONFIRMED, at(2), 1))
    moved = (*told, revision(Status.CONFIRMED, at(3), 2, "Tue 02:00"))
    running = (*told, revision(Status.IN_PROCESS, at(4), 2))
    return [
        WindowHistory(id="w-proposed", revisions=(revision(Status.TENTATIVE, at(1), 0, "Sat 02:00"),)),
        WindowHistory(id="w-moved", revisions=moved),
        WindowHistory(id="w-cancelled", revisions=(*told, revision(Status.CANCELLED, at(5), 2))),
        WindowHistory(id="w-running", revisions=running),
        WindowHistory(id="w-done", revisions=(*running, revision(Status.COMPLETED, at(6), 3))),
        WindowHistory(id="w-mail", revisions=(revision(Status.CONFIRMED, at(1), 0, "Thu 02:00", "CHG-2"),)),
    ]


def archive(
    made: Portfolio | None = None, given: Sequence[WindowHistory] | None = None, later: Sequence[Edition] = ()
) -> Archive:
    return Archive(
        [edition(1, FIRST, made or world()), *later],
        windows() if given is None else given,
        lambda window, change: f"https://{DOMAIN}/?change={change}",
    )


def every_stream(
    source: Archive, now: datetime = NOW, feeds: Sequence[tuple[Kind, str]] = FEEDS
) -> Mapping[str, bytes]:
    """Write every feed in every detail, with and without proposals."""
    return {
        f"{kind} {scope} {detail}{' proposals' if proposals else ''}": stream(
            source.feed(kind, scope, now, proposals=proposals), detail
        )
        for kind, scope in FEEDS
        for proposals in (False, True)
        for detail in DETAILS
        if not (kind == "blackouts" and detail == "maintnote") and not (proposals and detail == "busy")
    }


def compare(before: strict_ical.Component, after: strict_ical.Component, now: datetime) -> None:
    """Assert what section 9 of the conventions asks for, of one feed at two instants, the second of them `now`."""
    old = {one.one("UID"): one for one in before.parts}
    new = {one.one("UID"): one for one in after.parts}
    assert len(new) == len(after.parts)
    for uid, was in old.items():
        ended = was.one("DTEND") <= now.strftime("%Y%m%dT%H%M%SZ")[: len(was.one("DTEND"))]
        assert uid in new or ended, f"{uid} vanished before its end"
    for uid, one in new.items():
        assert one.one("DTSTAMP") == one.one("LAST-MODIFIED") <= now.strftime("%Y%m%dT%H%M%SZ")
        if uid not in old:
            continue
        was = old[uid]
        assert int(was.one("SEQUENCE")) <= int(one.one("SEQUENCE"))
        assert was.one("LAST-MODIFIED") <= one.one("LAST-MODIFIED")
        if any(was.values(name) != one.values(name) for name in ("DTSTART", "DTEND", "STATUS", "X-MAINTNOTE-STATUS")):
            assert int(was.one("SEQUENCE")) < int(one.one("SEQUENCE"))
        if was.properties != one.properties:
            assert was.one("LAST-MODIFIED") < one.one("LAST-MODIFIED")
    assert before.one("LAST-MODIFIED") <= after.one("LAST-MODIFIED")
    if before != after:
        assert before.one("LAST-MODIFIED") < after.one("LAST-MODIFIED")
