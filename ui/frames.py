"""What frames are made of: columns in their order, clocks without their zone, and money."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from scheduler.portfolio import Portfolio
from scheduler.wording import money_text

from .text import visible


def local_time(instant: datetime, zone: str) -> datetime:
    """Give what a clock in a zone shows at an instant, without the zone."""
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def money(portfolio: Portfolio, cents: int, *, whole: bool = False) -> str:
    """Give an amount with the portfolio's currency, to the cent or to the nearest unit."""
    return visible(money_text(cents, portfolio.policy.currency, whole=whole))


def frame(columns: Sequence[str], rows: Sequence[Mapping[str, Any]], *, drawn: bool = False) -> pd.DataFrame:
    """Make a frame of rows; where it is for drawing, `start`, `end` and `reserved_until` are times without a zone."""
    made = pd.DataFrame(rows, columns=list(columns))
    for name in ("start", "end", "reserved_until") if drawn else ():
        if name in made:
            made[name] = made[name].astype("datetime64[us]")
    return made
