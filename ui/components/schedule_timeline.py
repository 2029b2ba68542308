"""The timeline of windows over usage: what of it is shown, and the ways along it."""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from scheduler.horizon import Window, wall_to_utc
from scheduler.wording import listing

from .. import charts, state
from ..axes import with_viewer
from ..collisions import Collision, collisions
from ..frames import local_time
from ..heat import By, merged, row_labels, usage_heat
from ..markdown import escape_markdown
from ..present import with_present
from ..review import Plan, present
from ..shades import shaded
from ..text import visible
from ..theme import STATES, Palette, state_text
from ..timeline_marks import CLASH, CONFLICT, SHARES, badges, together, with_badges, with_shades
from .chart import draw
from .page import COLOURS, palette
from .viewer import other_zone

ROWS_AT_ONCE, ROWS_OF_LONG_SPANS = 25, 15
"""Rows of one page of the timeline; fewer where more than two weeks are shown, so that it comes at once."""
WINDOWS_AT_ONCE = 500
"""Windows on all rows of a page, unless one row alone has more."""
SPANS: Mapping[str, float] = {
    "6 hours": 0.25, "12 hours": 0.5, "1 day": 1, "3 days": 3, "1 week": 7, "2 weeks": 14, "4 weeks": 28, "All": 0,
}  # fmt: skip
"""Days that are shown at once; 0 means the whole horizon."""
HEAT_HOURS: Mapping[int, float] = {1: 7, 3: 14, 6: 28, 24: float("inf")}
"""Hours of one step of heat, and the most days that are drawn in such steps."""
HOURS = tuple(f"{hour:02d}:00" for hour in range(24))
TIMELINE, COLLIDING = "timeline", "colliding"
MOST_NAMED = 8


def what_is_drawn(plan: Plan) -> tuple[By, charts.Span]:
    """Let the visitor choose rows and time."""
    zone, horizon = plan.portfolio.policy.time_zone, plan.portfolio.horizon
    first, last = local_time(horizon.start, zone).date(), local_time(horizon.end, zone).date()
    by: By = st.segmented_control("Rows", ["service", "team"], default="service", required=True, key="rows",
                                  bind="query-params", format_func=lambda one: f"by {one}")  # fmt: skip
    begin = st.date_input("From", first_day(plan), min_value=first, max_value=last, key="from", bind="query-params",
                          format="YYYY-MM-DD", width=150)  # fmt: skip
    length = st.selectbox("Shown", list(SPANS), index=4, key="span", bind="query-params", width=115)
    days, hour = SPANS[length], 0
    if 0 < days < 1:
        hour = HOURS.index(st.selectbox("At", HOURS, key="at", bind="query-params", width=100))
    for name, sign in (("Earlier", -1), ("Later", 1)):
        day, clock = _shifted(begin, hour, sign * days, first, last)
        stays = not days or (day, clock) == (begin, hour)
        st.button(name, disabled=stays, on_click=_look_from, args=(day, clock))
    instant, called = present(plan, state.now())
    now = local_time(instant, zone)
    outside = not first <= now.date() <= last
    st.button(
        "Today" if called == "now" else "Planned", disabled=outside, icon=":material/today:",
        help="It lies outside the planned weeks." if outside else None, on_click=_look_from,
        args=(now.date(), now.hour),
    )  # fmt: skip
    return by, span_of(plan, begin, days, hour)


def _shifted(begin: date, hour: int, days: float, first: date, last: date) -> tuple[date, int]:
    moved = datetime.combine(begin, datetime.min.time()) + timedelta(hours=hour) + timedelta(days=days)
    day = min(max(first, moved.date()), last)
    return day, moved.hour if day == moved.date() else 0


def timeline(plan: Plan, chosen: pd.DataFrame, by: By, span: charts.Span) -> None:
    """Draw the chosen windows in a stretch of time, a page of rows at once."""
    most, page = ROWS_AT_ONCE if (span[1] - span[0]).days <= 14 else ROWS_OF_LONG_SPANS, 1
    pages = in_pages(_rows(plan, chosen, by, span), most)
    if len(pages) > 1:
        page = st.pagination(len(pages), key=f"page_{by}_{most}")
    shown = pages[min(page, len(pages)) - 1] if pages else []
    if not shown:
        st.info("No such window in this stretch of time.", icon=":material/event_available:")
        if len(chosen):
            first = local_time(chosen["start"].min(), plan.portfolio.policy.time_zone).date()
            st.button("Go to the first", icon=":material/skip_next:", on_click=_look_from, args=(first, 0))
        return
    found, lit = collisions(plan), _lit(plan)
    colours, viewer = palette(), other_zone(plan)
    draw(
        plan,
        (TIMELINE, by, *shown, span, colours, viewer, frozenset(lit or ()), tuple(chosen["change"].tolist()),
         tuple(chosen["state"].tolist()), tuple(found.items())),
        lambda: _chart(plan, chosen, by, shown, span, colours, viewer, lit, found),
        says=f"Windows over the expected usage, by {by}. The table below holds the same windows.",
        key=TIMELINE,
        picks=(charts.PICK, CLASH),
        describes=("starts", "badges"),
    )  # fmt: skip
    there = set(chosen["state"].tolist())
    states = " ".join(f":{COLOURS[one]}[{state_text(one)}]" for one in STATES if one in there)
    # A caption is faint, and a colour in it would be too faint to read.
    st.markdown(states)
    legend = (
        "The deeper a row is shaded, the closer to its busiest hour. Windows are solid for the time that their work is "
        "expected to take, and pale for what is kept in reserve. Grey: blackouts. A dotted line: a public holiday."
    )
    if found:
        legend += f" {SHARES}: at the same time on the same service; {CONFLICT}: breaks a rule. Click one to see both."
    st.caption(legend)
    _colliding(plan, found)


def picked_badge() -> str | None:
    """Give the change whose badge was clicked last."""
    picked = st.session_state.get(TIMELINE)
    points = picked["selection"].get(CLASH) if picked else None
    badge: str | None = points[0].get(CLASH) if points else None
    return badge


def _lit(plan: Plan) -> Collection[str] | None:
    """Give the changes that a click on a badge asked to be shown together."""
    if badge := picked_badge():
        st.session_state[COLLIDING] = badge
    change: str | None = st.session_state.get(COLLIDING)
    return together(collisions(plan), change) if change is not None and change in plan.placed else None


def _colliding(plan: Plan, found: Mapping[str, Collision]) -> None:
    change = st.session_state.get(COLLIDING)
    if change is None or change not in found:
        return
    one, names = found[change], row_labels(plan.portfolio, "service")
    others = listing([visible(other) for other in sorted(one.others)], MOST_NAMED)
    where = listing([names[service] for service in sorted(one.services)], MOST_NAMED)
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        if one.is_conflict:
            st.markdown(f"**{CONFLICT} {escape_markdown(change)} is in conflict**", width="content")
            st.text("\n".join(visible(text) for text in one.broken[:MOST_NAMED]), width="stretch")
        else:
            st.markdown(f"**{SHARES} {escape_markdown(change)}**", width="content")
            st.text(f"at the same time as {others} on {where}; no rule is broken.", width="stretch")
        st.button("Show all alike", icon=":material/deselect:", on_click=_alike)


def _alike() -> None:
    st.session_state.pop(COLLIDING, None)
    st.session_state.pop(TIMELINE, None)


def _look_from(day: date, hour: int) -> None:
    st.session_state["from"] = day
    st.session_state["at"] = HOURS[hour]


def first_day(plan: Plan) -> date:
    """Give the Monday of the first window, which no day of the horizon may come before."""
    zone = plan.portfolio.policy.time_zone
    start = plan.table["start"].min() if len(plan.table) else plan.portfolio.horizon.start
    day = local_time(start, zone).date()
    return max(local_time(plan.portfolio.horizon.start, zone).date(), day - timedelta(days=day.weekday()))


def span_of(plan: Plan, begin: date, days: float, hour: int = 0) -> charts.Span:
    """Give the local times between which windows are drawn; 0 days mean the whole horizon."""
    zone, horizon = plan.portfolio.policy.time_zone, plan.portfolio.horizon
    if not days:
        return local_time(horizon.start, zone), local_time(horizon.end, zone)
    start = datetime.combine(begin, datetime.min.time()) + timedelta(hours=hour)
    return start, start + timedelta(days=days)


def _rows(plan: Plan, chosen: pd.DataFrame, by: By, span: charts.Span) -> Mapping[str, int]:
    """Count the windows of the services, or teams, that have any in the time shown."""
    windows = Counter(_drawn(plan, chosen, by, span)["id"].tolist())
    return {id: windows[id] for id in row_labels(plan.portfolio, by) if id in windows}


def in_pages(rows: Mapping[str, int], most: int) -> list[list[str]]:
    """Put rows, given with their windows, on pages of at most so many rows and of no more windows than come at once."""
    pages: list[list[str]] = []
    windows = 0
    for row, many in rows.items():
        if not pages or len(pages[-1]) == most or windows + many > WINDOWS_AT_ONCE:
            pages.append([])
            windows = 0
        pages[-1].append(row)
        windows += many
    return pages


def _drawn(plan: Plan, chosen: pd.DataFrame, by: By, span: charts.Span) -> pd.DataFrame:
    rows = plan.windows(by)
    rows = rows[(rows["start"] < span[1]) & (rows["reserved_until"] > span[0])]
    # Strings of pandas are slow one by one, and these are thousands at every click.
    states: dict[str, Any] = dict(zip(chosen["change"].tolist(), chosen["state"].tolist(), strict=True))
    changes = rows["change"].tolist()
    asked = np.array([one in states for one in changes], dtype=bool)
    now = [states[one] for one in changes if one in states]
    return rows[asked].assign(state=now, state_text=[state_text(one) for one in now])


def _chart(
    plan: Plan,
    chosen: pd.DataFrame,
    by: By,
    ids: list[str],
    span: charts.Span,
    colours: Palette,
    viewer: str | None,
    lit: Collection[str] | None,
    found: Mapping[str, Collision],
) -> alt.LayerChart:
    drawn = _drawn(plan, chosen, by, span)
    drawn = drawn[drawn["id"].isin(ids)]
    days = (span[1] - span[0]).days
    hours = next(step for step, most in HEAT_HOURS.items() if days <= most)
    heat = usage_heat(plan.portfolio, by, ids=ids, hours=hours)
    heat = merged(heat[(heat["start"] < span[1]) & (heat["end"] > span[0])])
    zone = plan.portfolio.policy.time_zone
    chart = charts.timeline(drawn, heat, zone=zone, span=span, legend=False, palette=colours, lit=lit)
    inside = Window(*(wall_to_utc(one, zone) for one in span))
    chart = with_shades(
        chart, drawn, shaded(plan.portfolio, by, ids, inside, zone), span=span, zone=zone, palette=colours
    )
    rows = list(dict.fromkeys([*heat["row"], *drawn["row"]]))
    chart = with_badges(chart, badges(drawn, found, rows), span=span, zone=zone, palette=colours)
    at, name = present(plan, state.now())
    chart = with_present(chart, local_time(at, zone), name, span=span, zone=zone, palette=colours)
    return chart if viewer is None else with_viewer(chart, span, zone, viewer)
