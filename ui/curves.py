"""What every other start of a change would cost, as frames that a chart draws."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from scheduler.explanation import PriceCurve
from scheduler.portfolio import Portfolio
from scheduler.schedule import Schedule
from scheduler.summary import HABIT_NAMES
from scheduler.wording import instant_text, money_text

from .frames import frame, local_time
from .text import visible

CURVE_COLUMNS = ("start", "extra_cents", "extra", "legal", "rules", "when", "cost")
MARGIN = pd.Timedelta(days=3)
MARK_COLUMNS = ("kind", "label", "start", "extra_cents", "extra", "when", "cost")


def curve(portfolio: Portfolio, price: PriceCurve, zone: str | None = None) -> pd.DataFrame:
    """Give what every start of a change costs beyond the present, with `CURVE_COLUMNS`.

    `start` is local in `zone`, `extra` in currency units; `rules` names what forbids a start. Starts whose window
    would leave the horizon are left out, as nothing is known of prices there.
    """
    return frame(CURVE_COLUMNS, _points(portfolio, price, zone), drawn=True)


def curve_marks(
    portfolio: Portfolio, price: PriceCurve, habits: Mapping[str, Schedule], zone: str | None = None
) -> pd.DataFrame:
    """Give the starts of a change worth a mark on its curve, with `MARK_COLUMNS`, by `kind`.

    `chosen`, each of `habits` (schedules by the name of their habit, as `habit_schedules` gives them), and
    `forbidden`: the cheapest of the forbidden starts, where it would cost less than now.
    """
    points = _points(portfolio, price, zone)
    found: dict[str, tuple[str, int]] = {}
    if price.slot is not None:
        found["chosen"] = ("chosen", price.slot)
    for name, schedule in habits.items():
        placement = schedule.by_change.get(price.change)
        if placement is not None:
            found[name] = (HABIT_NAMES.get(name, name), portfolio.horizon.floor(placement.start))
    tempting = [slot for slot, point in enumerate(points) if not point["legal"] and point["extra_cents"] < 0]
    if tempting:
        cheapest = min(tempting, key=lambda slot: points[slot]["extra_cents"])
        found["forbidden"] = (f"cheapest, but forbidden by {points[cheapest]['rules']}", cheapest)
    marks = [
        {**points[slot], "kind": kind, "label": f"{label}: {points[slot]['when']}, {points[slot]['cost']}"}
        for kind, (label, slot) in found.items()
        if 0 <= slot < len(points)
    ]
    return frame(MARK_COLUMNS, marks, drawn=True)


def worth_drawing(points: pd.DataFrame, marks: pd.DataFrame) -> pd.DataFrame:
    """Give the points from `MARGIN` before the first start that is allowed or marked to `MARGIN` after the last."""
    worth = pd.concat([points.loc[points["legal"].astype(bool), "start"], marks["start"]])
    if worth.empty:
        return points
    return points[points["start"].between(worth.min() - MARGIN, worth.max() + MARGIN)]


def _points(portfolio: Portfolio, price: PriceCurve, zone: str | None) -> list[dict[str, Any]]:
    zone = zone or portfolio.policy.time_zone
    horizon = portfolio.horizon
    points = []
    for slot in range(horizon.slots - portfolio.reserved(price.change) + 1):
        rules = [rule for rule, mask in price.forbidden.items() if mask[slot]]
        extra = int(price.cents[slot]) - price.now_cents
        points.append(
            {
                "start": local_time(horizon.at(slot), zone),
                "extra_cents": extra,
                "extra": extra / 100,
                "legal": not rules,
                "rules": ", ".join(rules),
                "when": instant_text(horizon.at(slot), zone),
                "cost": extra_text(extra, portfolio.policy.currency),
            }
        )
    return points


def extra_text(cents: int, currency: str) -> str:
    """Give an amount on top of another, with its sign."""
    return f"{'+' if cents > 0 else ''}{visible(money_text(cents, currency))}"
