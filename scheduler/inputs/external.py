"""Makes changes of the work of vendors: it is priced and announced like ours, but its window is theirs to choose."""

from datetime import datetime

from scheduler.horizon import Horizon, Window
from scheduler.inputs.errors import Findings, shown
from scheduler.inputs.tables import Table, unguarded
from scheduler.portfolio import Calendar, Change, Impact, Policy


def external_work(table: Table, policy: Policy, now: datetime) -> tuple[dict[str, Change], dict[str, Calendar]]:
    """Give the rows of external.csv that lie ahead as changes, and a blackout for each that blocks ours.

    A window is widened to whole slots; of one that is under way, or reaches out of the horizon, the part that can still
    be planned on is taken.
    """
    horizon = Horizon.of_weeks(policy.start, policy.weeks, policy.time_zone, policy.slot_minutes)
    changes: dict[str, Change] = {}
    calendars: dict[str, Calendar] = {}
    for row in table:
        window = slots_of(Window(row["start"], row["end"]), horizon, now)
        if window is None:
            continue
        minutes = int((window.end - window.start).total_seconds()) // 60
        id, services = row["external"], tuple(row["services"])
        provider = unguarded(row["provider"] or "")
        changes[id] = Change(
            id=id,
            title=unguarded(row["title"] or id),
            type="external",
            services=services,
            impact=Impact(row["impact"] or "OUTAGE"),
            duration_minutes=minutes,
            duration_p90_minutes=minutes,
            fixed_start=window.start,
            why=f"{provider} works on what we get from them." if provider else "",
            requested_by=provider,
        )
        if row["blocks"]:
            calendars[id] = Calendar(
                id=id,
                kind="blackout",
                periods=(window,),
                time_zone=policy.time_zone,
                applies_to=tuple(f"service:{service}" for service in services),
            )
    return changes, calendars


def slots_of(window: Window, horizon: Horizon, now: datetime) -> Window | None:
    """Give the whole slots that a window touches, from now on and in the horizon; None where there are none."""
    earliest = max(horizon.start, horizon.at(horizon.ceil(now)) if now > horizon.start else horizon.start)
    start, end = max(window.start, earliest), min(window.end, horizon.end)
    if end <= start:
        return None
    return Window(horizon.at(horizon.floor(start)), horizon.at(horizon.ceil(end)))


def check_external(table: Table, changes: Table, findings: Findings) -> None:
    """Report rows whose times or ids cannot be."""
    known = {row["change"] for row in changes}
    for row in table:
        if row["start"] is not None and row["end"] is not None and row["end"] <= row["start"]:
            findings.problem(row.place("end"), "is not after start; correct one of them")
        if row["external"] in known:
            findings.problem(row.place("external"), f"{shown(row['external'])} is a change already; rename one of them")
