"""The clock of whoever looks, beside that of the plan and never instead of it."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from scheduler.wording import window_text

from ..per_plan import per_plan
from ..review import Plan


def other_zone(plan: Plan) -> str | None:
    """Give the viewer's zone where its clocks differ from the plan's at any time of the plan; None otherwise."""
    name = st.context.timezone
    if not name:
        return None
    try:
        there = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None  # what a browser says is not to be trusted
    horizon, here = plan.portfolio.horizon, ZoneInfo(plan.portfolio.policy.time_zone)
    middle = horizon.at(horizon.slots // 2)
    times = (horizon.start, middle, horizon.end)
    same = all(one.astimezone(there).utcoffset() == one.astimezone(here).utcoffset() for one in times)
    return None if same else name


@per_plan
def _windows(plan: Plan) -> dict[str, dict[str, str]]:
    return {}


def windows_in(plan: Plan, zone: str) -> dict[str, str]:
    """Give every reserved window in the words of a zone, by change."""
    known = _windows(plan)
    if zone not in known:
        known[zone] = {change: window_text(one.reserved, zone) for change, one in plan.placed.items()}
    return known[zone]
