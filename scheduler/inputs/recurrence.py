"""Recurrence rules of calendars (RFC 5545, section 3.3.10), read and expanded in bounded time.

Libraries for them search a rule that never matches until the year 9999, and one that counts seconds for hours, and
cannot be stopped. Here every day and time looked at is counted against a budget. Times are wall-clock times; a rule
gives each occurrence inside a range, never those of all years.
"""

import calendar
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from scheduler.inputs.errors import shown

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_TOO_OFTEN = ("SECONDLY", "MINUTELY")
_STEPS = {"HOURLY": timedelta(hours=1), "DAILY": timedelta(days=1), "WEEKLY": timedelta(weeks=1)}
_FREQUENCIES = (*_STEPS, "MONTHLY", "YEARLY")
# Part -> least, most, and whether it may count from the end.
_LISTS: Mapping[str, tuple[int, int, bool]] = {
    "BYMONTH": (1, 12, False),
    "BYWEEKNO": (1, 53, True),
    "BYYEARDAY": (1, 366, True),
    "BYMONTHDAY": (1, 31, True),
    "BYHOUR": (0, 23, False),
    "BYMINUTE": (0, 59, False),
    "BYSECOND": (0, 60, False),
    "BYSETPOS": (1, 366, True),
}
_BY_DAY = re.compile(r"(?P<place>[+-]?[0-9]{1,2})?(?P<day>MO|TU|WE|TH|FR|SA|SU)")
_UNTIL = re.compile(r"[0-9]{8}(T[0-9]{6}Z?)?")
_NATURAL = re.compile(r"[0-9]{1,9}")
_INTEGER = re.compile(r"[+-]?[0-9]{1,3}")
_MOST_TIMES_A_DAY = 1440


class RuleError(ValueError):
    """A recurrence rule that cannot be read or expanded; the message says why and how to mend it."""


@dataclass(slots=True)
class Budget:
    """How many days and times may still be looked at, over all rules that share it."""

    left: int

    def spend(self, steps: int) -> None:
        """Take some; raises `RuleError` where none are left."""
        self.left -= steps
        if self.left < 0:
            raise RuleError("it comes back too often to be expanded; make it rarer, or end it with UNTIL")


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A rule, checked: lists are empty where the rule does not have the part; `by_day` has (weekday, place or 0)."""

    frequency: str
    lists: Mapping[str, frozenset[int]]
    by_day: tuple[tuple[int, int], ...] = ()
    interval: int = 1
    count: int | None = None
    until: datetime | None = None
    week_start: int = 0


def parse_rule(text: str) -> Recurrence:
    """Read a rule such as `FREQ=MONTHLY;BYDAY=2TU`.

    `until` comes aware where the text ends it in UTC, and as the last second of a bare date.

    Raises
    ------
    RuleError
        With the part that cannot be read and how to mend it.
    """
    parts: dict[str, str] = {}
    for piece in text.strip().upper().removeprefix("RRULE:").split(";"):
        name, equals, value = (part.strip() for part in piece.partition("="))
        if not equals or not value:
            raise RuleError(
                f"{shown(piece)} is not of the form PART=VALUE; write a rule such as FREQ=MONTHLY;BYDAY=2TU"
            )
        if name in parts:
            raise RuleError(f"{name} is given twice; keep one of them")
        parts[name] = value
    unknown = parts.keys() - {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", *_LISTS}
    if unknown:
        raise RuleError(f"{shown(min(unknown))} is not a part of a rule that can be read; leave it out")
    frequency = parts.get("FREQ", "")
    if frequency in _TOO_OFTEN:
        raise RuleError(f"FREQ={frequency} comes back too often to be expanded; use HOURLY or rarer")
    if frequency not in _FREQUENCIES:
        raise RuleError(f"FREQ={shown(frequency)} is not one of {', '.join(_FREQUENCIES)}; write one of these")
    lists = {name: _integers(name, parts[name]) for name in _LISTS if name in parts}
    times = [len(lists.get(name, "1")) for name in ("BYHOUR", "BYMINUTE", "BYSECOND")]
    if times[0] * times[1] * times[2] > _MOST_TIMES_A_DAY:
        raise RuleError(f"it comes {times[0] * times[1] * times[2]:,} times a day, too often to be expanded")
    if "BYSETPOS" in lists and not (lists.keys() - {"BYSETPOS"} or "BYDAY" in parts):
        raise RuleError("BYSETPOS chooses among dates or times, and there are none; add BYDAY or the like")
    week_start = parts.get("WKST", "MO")
    if week_start not in DAYS:
        raise RuleError(f"WKST={shown(week_start)} is not one of {', '.join(DAYS)}; write one of these")
    return Recurrence(
        frequency,
        lists,
        _by_day(parts["BYDAY"], frequency) if "BYDAY" in parts else (),
        _natural("INTERVAL", parts.get("INTERVAL", "1")),
        _natural("COUNT", parts["COUNT"]) if "COUNT" in parts else None,
        _until(parts["UNTIL"]) if "UNTIL" in parts else None,
        DAYS.index(week_start),
    )


def _natural(name: str, text: str) -> int:
    if not _NATURAL.fullmatch(text) or int(text) < 1:
        raise RuleError(f"{name}={shown(text)} is not a whole number from 1 up; correct it")
    return int(text)


def _integers(name: str, text: str) -> frozenset[int]:
    least, most, negative = _LISTS[name]
    found = set()
    for piece in text.split(","):
        number = int(piece) if _INTEGER.fullmatch(piece) else most + 1
        if not (least <= number <= most or (negative and -most <= number <= -least)):
            raise RuleError(f"{name}={shown(piece)} is not a number from {least} to {most}; correct it")
        found.add(number)
    return frozenset(found)


def _by_day(text: str, frequency: str) -> tuple[tuple[int, int], ...]:
    found = []
    for piece in text.split(","):
        match = _BY_DAY.fullmatch(piece)
        place = int(match["place"] or 0) if match else 0
        if not match or abs(place) > 53 or (match["place"] and not place):
            raise RuleError(f"BYDAY={shown(piece)} is not a weekday such as TU, 2TU or -1FR; correct it")
        if place and frequency not in ("MONTHLY", "YEARLY"):
            raise RuleError(f"BYDAY={shown(piece)} counts weekdays of a month or year; write FREQ=MONTHLY with it")
        found.append((DAYS.index(match["day"]), place))
    return tuple(found)


def _until(text: str) -> datetime:
    try:
        if not _UNTIL.fullmatch(text):
            raise ValueError
        value = datetime.fromisoformat(text)
    except ValueError:
        raise RuleError(f"UNTIL={shown(text)} is not a time such as 20270401 or 20270401T120000Z; correct it") from None
    if len(text) == 8:
        return datetime.combine(value.date(), time(23, 59, 59))
    return value.astimezone(UTC) if value.tzinfo else value


# --- expansion ---------------------------------------------------------------------------------------------------


def occurrences(
    rule: Recurrence, start: datetime, after: datetime, before: datetime, budget: Budget
) -> Iterator[datetime]:
    """Give the wall-clock times in [after, before) at which a rule comes, in order.

    `start` is the first time it may come (DTSTART), `rule.until` must be a wall-clock time of the same clock. `start`
    itself only counts where the rule meets it.

    Raises
    ------
    RuleError
        Where the budget is spent.
    """
    left = rule.count
    skipped = 0 if left is not None else _skipped(rule, start, after)
    for number in itertools.count(skipped):
        try:
            period = _period(rule, start, number)
        except (OverflowError, ValueError):
            return  # past the year 9999
        if datetime.combine(period[0], time()) >= before or (rule.until and period[0] > rule.until.date()):
            return
        for moment in _in_period(rule, start, period, number, budget):
            if moment < start:
                continue
            if moment >= before or (rule.until is not None and moment > rule.until) or left == 0:
                return
            left = None if left is None else left - 1
            if moment >= after:
                yield moment


def _skipped(rule: Recurrence, start: datetime, after: datetime) -> int:
    """Count periods that lie before `after` for sure; only a rule without COUNT may leave them out."""
    if after <= start:
        return 0
    if rule.frequency in _STEPS:
        periods = (after - start) // _STEPS[rule.frequency]
    else:
        periods = (after.year - start.year) * (12 if rule.frequency == "MONTHLY" else 1)
        periods += after.month - start.month if rule.frequency == "MONTHLY" else 0
    return max(0, (periods - 1) // rule.interval)


def _period(rule: Recurrence, start: datetime, number: int) -> tuple[date, date]:
    """Give the first and last day of a period of the rule."""
    step = number * rule.interval
    if rule.frequency == "YEARLY":
        return date(start.year + step, 1, 1), date(start.year + step, 12, 31)
    if rule.frequency == "MONTHLY":
        year, month = divmod(start.year * 12 + start.month - 1 + step, 12)
        return date(year, month + 1, 1), date(year, month + 1, calendar.monthrange(year, month + 1)[1])
    if rule.frequency == "WEEKLY":
        monday = start.date() - timedelta(days=(start.weekday() - rule.week_start) % 7) + timedelta(weeks=step)
        return monday, monday + timedelta(days=6)
    day = (start + step * _STEPS[rule.frequency]).date()
    return day, day


def _in_period(
    rule: Recurrence, start: datetime, period: tuple[date, date], number: int, budget: Budget
) -> Iterator[datetime]:
    lists = rule.lists
    hours = sorted(lists.get("BYHOUR", (start.hour,)))
    if rule.frequency == "HOURLY":
        hour = (start + number * rule.interval * _STEPS["HOURLY"]).hour
        hours = [hour] if hour in lists.get("BYHOUR", (hour,)) else []
    minutes, seconds = (
        sorted(lists.get(name, (given,))) for name, given in (("BYMINUTE", start.minute), ("BYSECOND", start.second))
    )
    # A leap second is shown as the last second of its minute.
    times = [time(hour, minute, min(second, 59)) for hour in hours for minute in minutes for second in seconds]
    found = [datetime.combine(day, clock) for day in _days(rule, start, period, budget) for clock in times]
    budget.spend(len(found) + 1)
    places = lists.get("BYSETPOS")
    if places is None:
        yield from found
    else:
        yield from (found[at] for at in sorted({_at(place, len(found)) for place in places}) if 0 <= at < len(found))


def _at(place: int, length: int) -> int:
    return place - 1 if place > 0 else length + place


def _days(rule: Recurrence, start: datetime, period: tuple[date, date], budget: Budget) -> Iterator[date]:
    """Give the days of a period that meet every part of the rule, those that DTSTART stands in for included."""
    lists = dict(rule.lists)
    by_day = rule.by_day
    if not (by_day or lists.keys() & {"BYWEEKNO", "BYYEARDAY", "BYMONTHDAY"}):
        if rule.frequency == "YEARLY":
            lists.setdefault("BYMONTH", frozenset([start.month]))
        if rule.frequency in ("YEARLY", "MONTHLY"):
            lists["BYMONTHDAY"] = frozenset([start.day])
        if rule.frequency == "WEEKLY":
            by_day = ((start.weekday(), 0),)
    if not by_day and "BYWEEKNO" in lists and not lists.keys() & {"BYYEARDAY", "BYMONTHDAY"}:
        by_day = ((start.weekday(), 0),)
    months = lists.get("BYMONTH")
    day, last = period
    while True:
        budget.spend(1)
        if months is not None and day.month not in months:
            following = day.replace(day=_days_in_month(day))
        else:
            if _meets(day, lists, rule.week_start) and (not by_day or _is_day(day, by_day, rule, months is not None)):
                yield day
            following = day
        if following >= last:
            return
        day = following + timedelta(days=1)


def _meets(day: date, lists: Mapping[str, frozenset[int]], week_start: int) -> bool:
    month_days = lists.get("BYMONTHDAY")
    if month_days is not None and not {day.day, day.day - 1 - _days_in_month(day)} & month_days:
        return False
    year_days = lists.get("BYYEARDAY")
    if year_days is not None:
        number = day.timetuple().tm_yday
        if not {number, number - 1 - _days_in_year(day.year)} & year_days:
            return False
    weeks = lists.get("BYWEEKNO")
    if weeks is not None:
        # A week belongs to the year that has its fourth day.
        fourth = day + timedelta(days=3 - (day.weekday() - week_start) % 7)
        number = fourth.timetuple().tm_yday
        week = (number - 1) // 7 + 1
        total = week + (_days_in_year(fourth.year) - number) // 7
        if not {week, week - 1 - total} & weeks:
            return False
    return True


def _is_day(day: date, by_day: tuple[tuple[int, int], ...], rule: Recurrence, in_month: bool) -> bool:
    for weekday, place in by_day:
        if day.weekday() != weekday:
            continue
        if not place:
            return True
        if rule.frequency == "MONTHLY" or in_month:
            number, total = day.day, _days_in_month(day)
        else:
            number, total = day.timetuple().tm_yday, _days_in_year(day.year)
        if place in ((number - 1) // 7 + 1, -((total - number) // 7 + 1)):
            return True
    return False


def _days_in_month(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _days_in_year(year: int) -> int:
    return 366 if calendar.isleap(year) else 365
