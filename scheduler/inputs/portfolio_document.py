"""The JSON form of a whole portfolio, `portfolio.json`: written from one, and read back as one that is equal.

It has the tables of a folder with the columns of `scheduler.inputs.columns`, one object a row; the policy with the keys
of policy.toml; usage as one list a column; and what no table holds: the intervals of calendar files, the instant of
planning (the policy's `now`), and what was announced. Occurrences of changes that repeat are changes of their own.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any

import numpy as np

from scheduler.horizon import DAYS, MINUTES_PER_DAY, WeeklyHours
from scheduler.inputs.columns import MONEY, TABLES
from scheduler.inputs.tables import utc_text
from scheduler.portfolio import Calendar, Change, Policy, Portfolio, Predecessor, RedundancyGroup

Document = dict[str, Any]
# Column -> attribute, where they differ, beside the first column of a table, which is the id.
_ATTRIBUTES = {
    "cost_per_user_hour": "cost_cents_per_user_hour",
    "cost_per_hour": "cost_cents_per_hour",
    "drop_cost": "drop_cost_cents",
    "delay_cost_per_day": "delay_cost_cents_per_day",
    "move_cost": "move_cost_cents",
    "move_cost_per_day": "move_cost_cents_per_day",
}


def portfolio_document(portfolio: Portfolio) -> Document:
    """Give a portfolio as the content of portfolio.json; `scheduler.inputs.load` reads it back.

    `known_users`, warnings and the folder it came from are no part of it.
    """
    changes = portfolio.changes.values()
    done = {one.change for one in portfolio.history}
    engineers = {} if portfolio.engineers is None else {
        "engineers": [_row("engineers.csv", one, skills=sorted(one.skills)) for one in portfolio.engineers.values()]
    }  # fmt: skip
    return {
        "policy": _policy(portfolio.policy, portfolio.now),
        "teams": [_row("teams.csv", one) for one in portfolio.teams.values()],
        "services": [_row("services.csv", one) for one in portfolio.services.values()],
        "dependencies": [_row("dependencies.csv", one) for one in portfolio.dependencies],
        "redundancy": [row for group in portfolio.groups.values() for row in _group(group)],
        "usage": _usage(portfolio),
        "events": [_row("events.csv", one) for one in portfolio.events],
        "changes": [_change(one, portfolio) for one in changes],
        **engineers,
        "calendars": [_calendar(one) for one in portfolio.calendars.values()],
        "preferences": [_row("preferences.csv", one) for one in portfolio.preferences],
        "decisions": [_row("decisions.csv", one) for one in portfolio.decisions],
        "history": [
            *(_row("history.csv", one) for one in portfolio.history),
            *({"change": change} for change in sorted(portfolio.done - done)),
        ],
        "announced": [
            {"change": change, "start": utc_text(start), "announced_at": utc_text(told)}
            for change, (start, told) in sorted(portfolio.announced.items())
        ],
    }


def _row(file: str, one: object, **given: Any) -> Document:
    row = {}
    for number, (name, column) in enumerate(TABLES[file].items()):
        attribute = _ATTRIBUTES.get(name, name)
        if number == 0 and not hasattr(one, attribute):
            attribute = "id"
        value = given.get(name, getattr(one, attribute, None))
        if value not in (None, "", ()):
            row[name] = _money(value) if column.type == MONEY else _plain(value)
    return row


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _plain(value: Any) -> Any:
    """Give a value as JSON, so that the cell it makes is read as the same value."""
    match value:
        case Enum():
            return str(value)
        case bool() | int() | str():
            return value
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case Fraction():
            return _decimal(value)
        case float():
            return format(Decimal(repr(value)), "f")
        case WeeklyHours():
            return hours_text(value)
    return [_plain(item) for item in value]


def _decimal(value: Fraction) -> str:
    # What files hold are decimals, so that some power of ten makes them whole.
    places = next((places for places in range(31) if 10**places % value.denominator == 0), None)
    if places is None:
        raise ValueError(f"{value} is no decimal number, so no file can hold it")
    return format(Decimal(int(value * 10**places)).scaleb(-places), "f")


def hours_text(hours: WeeklyHours) -> str:
    """Write weekly hours so that `WeeklyHours.parse` gives them back.

    >>> hours_text(WeeklyHours.parse("Mon-Tue 22:00-06:00"))
    'Mon 22:00-06:00; Tue 22:00-06:00'
    """
    return "; ".join(f"{DAYS[day]} {_clock(start)}-{_clock(end)}" for day, start, end in hours.spans)


def _clock(minutes: int) -> str:
    # An end past midnight is the next day's; midnight itself is written 24:00.
    minutes -= MINUTES_PER_DAY if minutes > MINUTES_PER_DAY else 0
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _policy(policy: Policy, now: datetime) -> Document:
    document: Document = {}
    levels = {name: _keys("service_levels.NAME.", one) for name, one in policy.service_levels.items()}
    document |= _keys("", policy) | {"now": utc_text(now)}
    return document | {"service_levels": levels, "forecast": _keys("forecast.", policy.forecast)}


def _keys(prefix: str, one: object) -> Document:
    found = {}
    for name, column in TABLES["policy.toml"].items():
        key = name.removeprefix(prefix)
        value = getattr(one, _ATTRIBUTES.get(key, key), None) if "." not in key else None
        if value not in (None, ""):
            found[key] = _money(value) if column.type == MONEY else _plain(value)
    return found


def _group(group: RedundancyGroup) -> Iterable[Document]:
    return ({"group": group.id, "service": member, "min_up": group.min_up} for member in group.members)


def _change(one: Change, portfolio: Portfolio) -> Document:
    known = portfolio.changes.keys() | portfolio.done
    skills = [f"{skill}*{people}" for skill, people in one.skills]
    return _row("changes.csv", one, skills=skills, after=[_predecessor(other, known) for other in one.after])


def _predecessor(one: Predecessor, known: Iterable[str]) -> str:
    text = f"{one.change}+{one.lag_minutes}m"
    if not one.lag_minutes:
        return one.change
    # An id may look like an id with a pause, and is then taken whole.
    return text if text not in known else f"{one.change} + {one.lag_minutes}m"


def _calendar(one: Calendar) -> Document:
    row = _row("calendars.csv", one)
    if one.periods is not None:
        del row["hours"]
        row["periods"] = [[utc_text(window.start), utc_text(window.end)] for window in one.periods]
    return row


def _usage(portfolio: Portfolio) -> Mapping[str, list[Any]]:
    usage = portfolio.usage
    users = usage["users"].to_numpy(dtype=np.float64)
    return {
        "team": usage["team"].tolist(),
        "service": usage["service"].tolist(),
        "start": usage["start"].dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ").tolist(),
        "minutes": usage["minutes"].tolist(),
        "users": [None if np.isnan(value) else value for value in users.tolist()],
    }
