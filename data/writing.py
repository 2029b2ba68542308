"""Writes a portfolio folder: CSV tables, freezes as iCalendar files, and the policy."""

import csv
from collections.abc import Iterable
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

from world import SLOT_MINUTES, Row, World

TABLES = {
    "teams": "team name service_level time_zone holidays cost_per_user_hour uses headcount notice_days contact email "
    "language",
    "services": "service name used_for site time_zone owner",
    "dependencies": "service depends_on effect",
    "redundancy": "group service min_up",
    "changes": "change title type services impact duration_minutes duration_p90_minutes backout_minutes failure_chance "
    "earliest due after not_with skills allowed mandatory drop_cost delay_cost_per_day what_you_will_notice why "
    "workaround requested_by",
    "events": "team start end factor note",
    "engineers": "engineer skills time_zone works",
    "calendars": "calendar kind file hours time_zone applies_to",
    "decisions": "change kind start announced_at",
    "history": "change kind services planned_start planned_end",
}


def write(folder: Path, world: World, changes: list[Row], decisions: list[Row], history: list[Row]) -> None:
    """Write the portfolio but for its usage."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = {"changes": changes, "decisions": decisions, "history": history} | {
        name: getattr(world, name) for name in TABLES if hasattr(world, name)
    }
    for name, rows in tables.items():
        if rows:
            write_table(folder / f"{name}.csv", TABLES[name].split(), rows)
    for file, (first, after, title) in sorted(world.freezes.items()):
        path = folder / file
        path.parent.mkdir(exist_ok=True)
        zone = ZoneInfo(world.zone)
        days = [f"{day.astimezone(zone):%Y%m%d}" for day in (first, after)]
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Sample//Freezes 1//EN", "BEGIN:VEVENT"]
        lines += [f"UID:{path.stem}@freezes.example", f"DTSTAMP:{world.now.astimezone(UTC):%Y%m%dT%H%M%SZ}"]
        lines += [f"DTSTART;VALUE=DATE:{days[0]}", f"DTEND;VALUE=DATE:{days[1]}", f"SUMMARY:{title}"]
        lines += ["CATEGORIES:FREEZE", "TRANSP:OPAQUE", "END:VEVENT", "END:VCALENDAR", ""]
        path.write_bytes("\r\n".join(lines).encode())
    (folder / "policy.toml").write_bytes(policy(world).encode())


def write_table(path: Path, columns: list[str], rows: Iterable[Row]) -> None:
    """Write rows as CSV with the same bytes everywhere."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def policy(world: World) -> str:
    """Give policy.toml."""
    lines = [
        f'name = "{world.name}"',
        f"start = {world.start.astimezone(ZoneInfo(world.zone)):%Y-%m-%d}",
        f"weeks = {world.weeks}",
        f"now = {world.now.isoformat()}",
        f'time_zone = "{world.zone}"',
        f"slot_minutes = {SLOT_MINUTES}",
        'currency = "GBP"',
        'organizer = "change-desk@calder.example"',
        'domain = "calder.example"',
        "degraded_share = 0.3",
        "failure_chance = 0.02",
    ]
    for level, (weight, notice_days) in world.levels.items():
        lines += ["", f"[service_levels.{level}]", f"weight = {weight}", f"notice_days = {notice_days}"]
    return "\n".join([*lines, ""])
