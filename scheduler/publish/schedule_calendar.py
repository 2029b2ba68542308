"""The forward schedule of change as an iCalendar stream, for those who plan and carry out the work (RFC 5545).

Unlike a team's feed it says of every window what is done, who is affected and which engineers come, in the policy's
zone. Its UIDs are its own, so that a window here and the same window in a team's feed do not replace each other.
"""

from collections.abc import Iterable

from scheduler.portfolio import Portfolio
from scheduler.publish.contents import title_of, work_content
from scheduler.publish.feeds import plan_entry, plan_stream
from scheduler.schedule import Schedule


def schedule_calendar(portfolio: Portfolio, schedule: Schedule, changes: Iterable[str] | None = None) -> bytes:
    """Give the windows of some changes, or of all, as a calendar; changes without a window are left out."""
    chosen = set(portfolio.changes if changes is None else changes)
    entries = [
        plan_entry(portfolio, one, work_content(portfolio, one), "schedule")
        for one in schedule.placements
        if one.change in chosen
    ]
    return plan_stream(portfolio, title_of(portfolio, "all", ""), "schedule", portfolio.policy.name, entries)
