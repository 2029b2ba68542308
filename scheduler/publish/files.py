"""The files of a plan: the schedule for programs and for spreadsheets, what it costs, and a calendar per team."""

import csv
import errno
import hashlib
import io
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from urllib.parse import quote

from scheduler.costs import COSTS, downtime
from scheduler.inputs.documents import dump, schedule_document
from scheduler.inputs.tables import guarded, utc_text
from scheduler.publish.feeds import team_feeds
from scheduler.publish.swap import replace_together
from scheduler.schedule import Charge, Result
from scheduler.wording import instant_text

FEEDS, REPORT = "feeds", "report.html"
CHARGE_COLUMNS = ("cost", "team", "service", "change", "start", "end", "share", "cents", "weighted_cents")
SCHEDULE_COLUMNS = (
    "change",
    "title",
    "services",
    "start",
    "end",
    "reserved_until",
    "time_zone",
    "local_start",
    "local_reserved_until",
    "announced_at",
    "cents",
    "weighted_cents",
    "engineers",
)
LONGEST_NAME = 200
DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


OWNED = (f"{FEEDS}/*.ics", REPORT)
"""Files in the folder of a plan that are removed where a new plan has none of that name."""


def write_plan(result: Result, folder: str | Path, more: Mapping[str, bytes] | None = None) -> None:
    """Write schedule.json, schedule.csv, charges.csv, feeds/TEAM.ics and `more`, all at once or not at all.

    `more` gives the content of further files by name. A report.html that is not among them is removed, as it would be
    that of another plan, as are feeds of teams that are gone; other files in the folder stay. Times are UTC, money
    whole cents.

    Raises
    ------
    ValueError
        If the result has no schedule.
    OSError
        If a file cannot be written; the folder then holds what it held before.
    """
    replace_together(Path(folder), plan_files(result, more), owned=OWNED)


def plan_files(result: Result, more: Mapping[str, bytes] | None = None) -> dict[str, bytes]:
    """Give the files that `write_plan` writes, by their paths in the folder.

    Raises
    ------
    ValueError
        If the result has no schedule.
    """
    if result.objective_cents is None:
        raise ValueError("a result without a schedule has no files")
    feeds = team_feeds(result.portfolio, result.schedule)
    names = feed_names(feeds)
    files = {
        "schedule.json": schedule_json(result),
        "schedule.csv": schedule_csv(result),
        "charges.csv": charges_csv(result.charges),
    }
    files |= {f"{FEEDS}/{names[team]}": feed for team, feed in feeds.items()}
    return files | dict(more or {})


def check_writable(folder: str | Path) -> None:
    """Make sure, before any work is done, that a plan could be written to a folder.

    Raises
    ------
    OSError
        If it is no folder, or may not be written to or made.
    """
    present = next(path for path in (Path(folder), *Path(folder).absolute().parents) if path.exists())
    if not present.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(present))
    if not os.access(present, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(present))


def schedule_json(result: Result) -> bytes:
    """Write the whole answer as JSON: status, costs, bound, placements, what was left out, and the habits."""
    document = schedule_document(result, [*(cost.name for cost in COSTS), downtime.OVERRUN])
    # A lone surrogate, which UTF-8 has no place for, becomes the escape that JSON has for it.
    return dump(document).encode("utf-8", "backslashreplace")


def feed_names(teams: Iterable[str]) -> Mapping[str, str]:
    """Give every team the name of its feed's file: its id, percent-encoded where a file system might object.

    Ids that differ in nothing but case, or are too long, carry a part of their hash, so that no team finds another's
    windows under its name on a file system that ignores case.
    """
    encoded = {team: _encoded(team) for team in teams}
    alike = Counter(name.casefold() for name in encoded.values())
    return {
        team: f"{name if alike[name.casefold()] == 1 and len(name) <= LONGEST_NAME else _told_apart(name, team)}.ics"
        for team, name in encoded.items()
    }


def _encoded(id: str) -> str:
    name = quote(id.encode("utf-8", "surrogatepass"), safe="")
    name = re.sub(r"^\.|\.$|~", lambda match: f"%{ord(match[0]):02X}", name)
    # Windows keeps these names for devices, whatever follows the first dot.
    return f"%{ord(name[0]):02X}{name[1:]}" if DEVICE.match(name) else name


def _told_apart(name: str, id: str) -> str:
    digest = hashlib.sha256(id.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{name[: LONGEST_NAME - 9]}~{digest[:8]}"


def schedule_csv(result: Result) -> bytes:
    """Write one row per placement in order of time; see `SCHEDULE_COLUMNS`."""
    portfolio = result.portfolio
    zone = portfolio.policy.time_zone
    cents: Counter[str] = Counter()
    weighted: Counter[str] = Counter()
    for charge in result.charges:
        cents[charge.change] += charge.cents
        weighted[charge.change] += charge.weighted_cents
    rows = [
        (
            guarded(one.change),
            guarded(portfolio.changes[one.change].title),
            guarded(";".join(portfolio.changes[one.change].services)),
            utc_text(one.start),
            utc_text(one.end),
            utc_text(one.reserved_until),
            zone,
            instant_text(one.start, zone),
            instant_text(one.reserved_until, zone),
            utc_text(one.announced_at) if one.announced_at else "",
            cents[one.change],
            weighted[one.change],
            guarded("; ".join(f"{shift.engineer} ({shift.skill})" for shift in one.engineers)),
        )
        for one in sorted(result.schedule.placements, key=lambda one: (one.start, one.change))
    ]
    return _csv(SCHEDULE_COLUMNS, rows)


def charges_csv(charges: Iterable[Charge]) -> bytes:
    """Write one row per charge; see `CHARGE_COLUMNS`. The cents of all rows add up to what the plan costs."""
    rows = [
        (
            one.cost,
            guarded(one.team),
            guarded(one.service),
            guarded(one.change),
            utc_text(one.start),
            utc_text(one.end),
            decimal_text(one.share),
            one.cents,
            one.weighted_cents,
        )
        for one in charges
    ]
    return _csv(CHARGE_COLUMNS, rows)


def decimal_text(share: Fraction) -> str:
    """Write a fraction as a decimal, to nine places.

    >>> decimal_text(Fraction(3, 40)), decimal_text(Fraction(10)), decimal_text(Fraction(1, 3))
    ('0.075', '10', '0.333333333')
    """
    places = round(share * 10**9)
    return f"{Decimal(places).scaleb(-9):f}".rstrip("0").rstrip(".")


def _csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(columns)
    writer.writerows(rows)
    return table.getvalue().encode("utf-8", "replace")
