"""One iCalendar feed per team, of the windows of a plan: in its own words and local times (RFC 5545, RFC 7986).

The bytes depend on the plan alone: no clock, no random identity, so that a reader who has the feed already is not told
of changes that are none.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from scheduler.demand.topology import affected_teams
from scheduler.portfolio import Portfolio
from scheduler.publish.contents import Content, Status, team_content, title_of
from scheduler.publish.stream import Entry, Feed, domain_of, stream, uid_of
from scheduler.schedule import Placement, Schedule


def team_feeds(portfolio: Portfolio, schedule: Schedule) -> Mapping[str, bytes]:
    """Give the feed of every team of the portfolio, the empty ones included."""
    affecting: dict[str, list[Placement]] = {team: [] for team in portfolio.teams}
    for placement in schedule.placements:
        for team in affected_teams(portfolio, placement.change):
            affecting[team].append(placement)
    return {team: _feed(portfolio, placements, team) for team, placements in affecting.items()}


def team_feed(portfolio: Portfolio, schedule: Schedule, team: str) -> bytes:
    """Give one team's feed: an event for every placement that puts out or degrades something the team uses.

    A window that was announced is CONFIRMED, one that is still a proposal TENTATIVE and called so. The UID is the
    change's id with the policy's domain and never changes.

    Raises
    ------
    KeyError
        If the portfolio has no such team.
    """
    affecting = [one for one in schedule.placements if team in affected_teams(portfolio, one.change)]
    return _feed(portfolio, affecting, team)


def _feed(portfolio: Portfolio, placements: Iterable[Placement], team: str) -> bytes:
    entries = [plan_entry(portfolio, one, team_content(portfolio, one, team)) for one in placements]
    return plan_stream(portfolio, title_of(portfolio, "team", team), "feed", team, entries)


def plan_stream(portfolio: Portfolio, name: str, prefix: str, id: str, entries: Iterable[Entry]) -> bytes:
    """Write a calendar of windows of a plan under the UID of an id with its prefix."""
    given = tuple(entries)
    changed = max((one.revised_at for one in given), default=portfolio.now)
    uid = uid_of(id, domain_of(portfolio.policy.domain), prefix)
    return stream(Feed(name=name, uid=uid, last_modified=changed, entries=given))


def plan_entry(portfolio: Portfolio, placement: Placement, content: Content, prefix: str = "") -> Entry:
    """Give the entry of a window of a plan: TENTATIVE while it is a proposal, CONFIRMED once it was announced."""
    told: datetime | None = placement.announced_at
    return Entry(
        id=placement.change,
        uid=uid_of(placement.change, domain_of(portfolio.policy.domain), prefix),
        revision=0,
        revised_at=told or portfolio.now,
        status=Status.TENTATIVE if told is None else Status.CONFIRMED,
        start=placement.start,
        end=placement.reserved_until,
        content=content,
        categories=("Maintenance", content.impact.value),
    )
