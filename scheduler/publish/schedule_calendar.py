"""The forward schedule of change as an iCalendar stream, for those who plan and carry out the work (RFC 5545).

Unlike a team's feed it says of every window what is done, who is affected and which engineers come, in the policy's
zone. Its UIDs are its own, so that a window here and the same window in a team's feed do not replace each other.
"""

from collections.abc import Iterable, Iterator

from icalendar import Event

from scheduler.demand.topology import affected_teams, effects
from scheduler.portfolio import Impact, Portfolio
from scheduler.publish.feeds import calendar_of, event_of, identity, name_of, one_line
from scheduler.schedule import Placement, Schedule
from scheduler.wording import instant_text, listing, window_text


def schedule_calendar(portfolio: Portfolio, schedule: Schedule, changes: Iterable[str] | None = None) -> bytes:
    """Give the windows of some changes, or of all, as a calendar; changes without a window are left out."""
    chosen = set(portfolio.changes if changes is None else changes)
    events = {one: _event(portfolio, one) for one in schedule.placements if one.change in chosen}
    name = f"Forward schedule of {one_line(portfolio.policy.name)}"
    return calendar_of(portfolio, name, f"schedule/{identity(portfolio, portfolio.policy.name)}", events)


def _event(portfolio: Portfolio, placement: Placement) -> Event:
    change = portfolio.changes[placement.change]
    proposed = "Proposed: " if placement.announced_at is None else ""
    id = f"schedule/{identity(portfolio, change.id)}"
    summary = f"{proposed}{one_line(change.title)} ({one_line(change.id)})"
    event = event_of(portfolio, placement, id, summary, list(_lines(portfolio, placement)))
    event.add("categories", ["Maintenance", _impact(portfolio, change.id).value])
    return event


def _impact(portfolio: Portfolio, change: str) -> Impact:
    effect = effects(portfolio)[change]
    if effect.out:
        return Impact.OUTAGE
    if effect.degraded:
        return Impact.DEGRADED
    return Impact.REDUCED_REDUNDANCY if effect.reduced else Impact.NO_IMPACT


def _lines(portfolio: Portfolio, placement: Placement) -> Iterator[str]:
    change, zone, effect = portfolio.changes[placement.change], portfolio.policy.time_zone, effects(portfolio)
    if placement.announced_at is None:
        yield "This is a proposal: the time is not settled yet and may change."
    yield f"When: {window_text(placement.reserved, zone)} (local time in {zone})."
    if placement.end < placement.reserved_until:
        yield f"Expected to be over by {instant_text(placement.end, zone)}; the rest is kept in case it takes longer."
    yield f"Work on: {listing([name_of(portfolio, one) for one in change.services])}"
    for label, nodes in (("Unavailable", effect[change.id].out), ("Limited", effect[change.id].degraded)):
        if nodes:
            yield f"{label}: {listing([name_of(portfolio, one) for one in sorted(nodes)])}"
    teams = [one_line(portfolio.teams[one].name or one) for one in affected_teams(portfolio, change.id)]
    yield f"Affected: {listing(teams) or 'nobody'}"
    if placement.engineers:
        yield f"Engineers: {listing([f'{one.engineer} ({one.skill})' for one in placement.engineers])}"
    for label, text in (("Why", change.why), ("Requested by", change.requested_by)):
        if one_line(text):
            yield f"{label}: {one_line(text)}"
