"""How instants, intervals, money and lists are written for people, the same in feeds, explanations and tables.

Names of days and months are our own, so that no locale of the machine changes a byte of a published file.
"""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from scheduler.horizon import DAYS, Window

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def zone_text(instant: datetime, zone: str) -> str:
    """Give the abbreviation a zone goes by at an instant, such as GMT or BST; `UTC+08` where it has none."""
    name = instant.astimezone(ZoneInfo(zone)).tzname() or "UTC"
    return f"UTC{name}" if name[0] in "+-" else name


def day_text(instant: datetime, zone: str) -> str:
    """Give the local date with its weekday.

    >>> from datetime import UTC
    >>> day_text(datetime(2027, 3, 6, 16, tzinfo=UTC), "Asia/Singapore")
    'Sun 7 Mar 2027'
    """
    local = instant.astimezone(ZoneInfo(zone))
    return f"{DAYS[local.weekday()]} {local.day} {MONTHS[local.month - 1]} {local.year}"


def clock_text(instant: datetime, zone: str) -> str:
    """Give the local time of day without date and zone."""
    return instant.astimezone(ZoneInfo(zone)).strftime("%H:%M")


def instant_text(instant: datetime, zone: str) -> str:
    """Give the local date, time and zone.

    >>> from datetime import UTC
    >>> instant_text(datetime(2027, 7, 4, 1, tzinfo=UTC), "Europe/London")
    'Sun 4 Jul 2027 02:00 BST'
    """
    return f"{day_text(instant, zone)} {clock_text(instant, zone)} {zone_text(instant, zone)}"


def window_text(window: Window, zone: str) -> str:
    """Give an interval in local time; the date and the zone of its end only where they differ from those of its start.

    >>> from datetime import UTC
    >>> night = Window(datetime(2027, 3, 27, 23, tzinfo=UTC), datetime(2027, 3, 28, 4, tzinfo=UTC))
    >>> window_text(night, "Europe/London")
    'Sat 27 Mar 2027 23:00 GMT to Sun 28 Mar 2027 05:00 BST'
    """
    first, last = window.start, window.end
    changed = zone_text(first, zone) != zone_text(last, zone)
    start = f"{day_text(first, zone)} {clock_text(first, zone)}" + (f" {zone_text(first, zone)}" if changed else "")
    day = "" if day_text(first, zone) == day_text(last, zone) else f"{day_text(last, zone)} "
    return f"{start} to {day}{clock_text(last, zone)} {zone_text(last, zone)}"


def money_text(cents: int, currency: str, *, whole: bool = False) -> str:
    """Give an amount with thousands separators, to the cent or, where `whole`, to the nearest unit (half up).

    >>> money_text(123456789, "GBP"), money_text(-150, "EUR", whole=True)
    ('1,234,567.89 GBP', '-2 EUR')
    """
    sign = "-" if cents < 0 else ""
    units, rest = divmod(abs(cents), 100)
    amount = f"{units + (rest >= 50):,}" if whole else f"{units:,}.{rest:02d}"
    return f"{sign if amount.strip('0.,') else ''}{amount} {currency}"


def listing(words: Sequence[str], most: int | None = None) -> str:
    """Join words as a sentence does, the rest counted where there are more than `most`.

    >>> listing(["a", "b", "c"]), listing(["a", "b", "c", "d"], most=2)
    ('a, b and c', 'a, b and 2 more')
    """
    shown = list(words)
    if most is not None and len(shown) > most:
        shown = [*shown[:most], f"{len(shown) - most} more"]
    return ", ".join(shown[:-1]) + " and " + shown[-1] if len(shown) > 1 else "".join(shown)
