"""The clock of whoever looks, beside that of the plan and never instead of it."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

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
