"""Hours in which work is forbidden, or people are away: blackouts and public holidays, as frames to shade with.

Times are local, without a zone in the values; whoever shows them names the zone.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

import pandas as pd

from scheduler.demand.public_holidays import public_holidays
from scheduler.demand.topology import clients
from scheduler.horizon import Window, wall_to_utc
from scheduler.portfolio import Calendar, Portfolio
from scheduler.wording import listing

from .frames import frame, local_time
from .heat import By, row_labels
from .text import visible

SHADE_COLUMNS = ("id", "row", "start", "end", "kind", "text")
MOST_NAMED = 3


def shaded(portfolio: Portfolio, by: By, ids: Iterable[str], inside: Window, zone: str) -> pd.DataFrame:
    """Give the blackouts and holidays of services or teams that reach into a part of the horizon.

    Columns are `SHADE_COLUMNS`: `start` and `end` local in `zone`; `kind` is `blackout`, `soft` (work is possible at a
    price) or `holiday`. A blackout is that of a row if it applies to everything, to the row, to its site or, on
    services, to a team that uses it; days that any team of a row has off are its holidays.
    """
    names = row_labels(portfolio, by)
    closed = [
        (calendar, calendar.windows(inside)) for calendar in portfolio.calendars.values() if calendar.kind == "blackout"
    ]
    rows = []
    for id in ids:
        teams = [id] if by == "team" else list(clients(portfolio).get(id, ()))
        for calendar, windows in closed:
            if applies(portfolio, calendar, by, id):
                kind, text = ("blackout" if calendar.hard else "soft"), visible(calendar.id)
                rows += [_row(id, names[id], one, kind, text, zone) for one in windows]
        for window, text in holidays_of(portfolio, teams, inside):
            rows.append(_row(id, names[id], window, "holiday", text, zone))
    return frame(SHADE_COLUMNS, rows, drawn=True)


def applies(portfolio: Portfolio, calendar: Calendar, by: By, id: str) -> bool:
    """Tell whether a calendar applies to a service, or to a team."""
    targets = set(calendar.applies_to)
    if "*" in targets or f"{by}:{id}" in targets:
        return True
    if by == "team":
        return False
    service = portfolio.services.get(id)
    at = f"site:{service.site}" if service is not None and service.site else ""
    return at in targets or any(f"team:{team}" in targets for team in clients(portfolio).get(id, ()))


def holidays_of(portfolio: Portfolio, teams: Iterable[str], inside: Window) -> list[tuple[Window, str]]:
    """List the public holidays of some teams that reach into an interval, with who has them."""
    found: dict[Window, list[str]] = {}
    names = row_labels(portfolio, "team")
    for team in teams:
        for day in _days_off(portfolio, team, inside):
            zone = portfolio.teams[team].time_zone
            midnight = datetime.combine(day, datetime.min.time())
            window = Window(wall_to_utc(midnight, zone), wall_to_utc(midnight + timedelta(days=1), zone))
            found.setdefault(window, []).append(names[team])
    return [(window, f"public holiday of {listing(who, MOST_NAMED)}") for window, who in sorted(found.items())]


def _days_off(portfolio: Portfolio, team: str, inside: Window) -> Iterable[date]:
    code, zone = portfolio.teams[team].holidays, portfolio.teams[team].time_zone
    first, last = local_time(inside.start, zone).date(), local_time(inside.end, zone).date()
    for year in range(first.year, last.year + 1):
        for number in sorted(public_holidays(code, year)):
            if first.toordinal() <= number <= last.toordinal():
                yield date.fromordinal(number)


def _row(id: str, name: str, window: Window, kind: str, text: str, zone: str) -> Mapping[str, object]:
    start = local_time(window.start, zone)
    end = start + (window.end - window.start)
    return {"id": id, "row": name, "start": start, "end": end, "kind": kind, "text": text}
