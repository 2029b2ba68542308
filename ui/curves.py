"""What every other start of a change would cost, as frames that a chart draws."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from scheduler.explanation import PriceCurve
from scheduler.portfolio import Portfolio
from scheduler.schedule import Schedule
from scheduler.summary import HABIT_NAMES
from scheduler.wording import instant_text, money_text

from .frames import frame, local_time
from .heat import local_slots
from .text import visible

CURVE_COLUMNS = ("start", "extra_cents", "extra", "legal", "rules", "when", "cost")
MARGIN = pd.Timedelta(days=3)
MARK_COLUMNS = ("kind", "label", "start", "extra_cents", "extra", "when", "cost")


def curve(
    portfolio: Portfolio, price: PriceCurve, zone: str | None = None, *, slots: range | None = None
) -> pd.DataFrame:
    """Give what every start of a change costs beyond the present, with `CURVE_COLUMNS`, or what starts in `slots` do.

    `start` is local in `zone`, `extra` in currency units; `rules` names what forbids a start. Starts whose window
    would leave the horizon are left out, as nothing is known of prices there.
    """
    zone = zone or portfolio.policy.time_zone
    chosen = _starts(portfolio, price) if slots is None else slots
    return frame(CURVE_COLUMNS, [_point(portfolio, price, zone, slot) for slot in chosen], drawn=True)


def curve_marks(
    portfolio: Portfolio, price: PriceCurve, habits: Mapping[str, Schedule], zone: str | None = None
) -> pd.DataFrame:
    """Give the starts of a change worth a mark on its curve, with `MARK_COLUMNS`, by `kind`.

    `chosen`, each of `habits` (schedules by the name of their habit, as `habit_schedules` gives them), and
    `forbidden`: the cheapest of the forbidden starts, where it would cost less than now.
    """
    zone = zone or portfolio.policy.time_zone
    found: dict[str, tuple[str, int]] = {}
    if price.slot is not None:
        found["chosen"] = ("chosen", price.slot)
    for name, schedule in habits.items():
        placement = schedule.by_change.get(price.change)
        if placement is not None:
            found[name] = (HABIT_NAMES.get(name, name), portfolio.horizon.floor(placement.start))
    slots = _starts(portfolio, price)
    masks = [mask[: len(slots)] for mask in price.forbidden.values()]
    cents = np.asarray(price.cents[: len(slots)])
    tempting = np.flatnonzero(np.logical_or.reduce(masks) & (cents < price.now_cents)) if masks else ()
    if len(tempting):
        cheapest = int(tempting[np.argmin(cents[tempting])])
        rules = _point(portfolio, price, zone, cheapest)["rules"]
        found["forbidden"] = (f"cheapest, but forbidden by {rules}", cheapest)
    marks = []
    for kind, (label, slot) in found.items():
        if slot in slots:
            point = _point(portfolio, price, zone, slot)
            marks.append({**point, "kind": kind, "label": f"{label}: {point['when']}, {point['cost']}"})
    return frame(MARK_COLUMNS, marks, drawn=True)


def worth_drawing(portfolio: Portfolio, price: PriceCurve, marks: pd.DataFrame, zone: str | None = None) -> range:
    """Give the slots from `MARGIN` before the first start that is allowed or marked to `MARGIN` after the last.

    `marks` are those of `curve_marks` in the same `zone`; all starts where there is neither.
    """
    slots = _starts(portfolio, price)
    starts = pd.Series(local_slots(portfolio, zone or portfolio.policy.time_zone)[: len(slots)])
    forbidden = np.zeros(len(slots), dtype=np.bool_)
    for mask in price.forbidden.values():
        forbidden |= mask[: len(slots)]
    worth = pd.concat([starts[~forbidden], marks["start"]])
    if worth.empty:
        return slots
    inside = np.flatnonzero(starts.between(worth.min() - MARGIN, worth.max() + MARGIN))
    return range(int(inside[0]), int(inside[-1]) + 1)


def _starts(portfolio: Portfolio, price: PriceCurve) -> range:
    return range(portfolio.horizon.slots - portfolio.reserved(price.change) + 1)


def _point(portfolio: Portfolio, price: PriceCurve, zone: str, slot: int) -> dict[str, Any]:
    rules = [rule for rule, mask in price.forbidden.items() if mask[slot]]
    extra, at = int(price.cents[slot]) - price.now_cents, portfolio.horizon.at(slot)
    return {
        "start": local_time(at, zone),
        "extra_cents": extra,
        "extra": extra / 100,
        "legal": not rules,
        "rules": ", ".join(rules),
        "when": instant_text(at, zone),
        "cost": extra_text(extra, portfolio.policy.currency),
    }


def extra_text(cents: int, currency: str) -> str:
    """Give an amount on top of another, with its sign."""
    return f"{'+' if cents > 0 else ''}{visible(money_text(cents, currency))}"
