"""The forward schedule: what the plan saves, its windows over the usage of services or teams, and all in a table."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from scheduler.baselines import best_habit
from scheduler.publish.feeds import team_feed
from scheduler.publish.schedule_calendar import schedule_calendar
from scheduler.schedule import Result
from scheduler.summary import HABIT_NAMES, compared_cents, count_text, is_proven, proof_text, saves_text
from scheduler.wording import money_text

from .. import charts, state
from ..components.cards import card
from ..components.chart import draw
from ..components.downloads import calendar_button
from ..components.page import COLOURS, banners, heading, palette, plan_or_stop
from ..frames import local_time
from ..heat import By, merged, row_labels, usage_heat
from ..pages import open_change
from ..present import with_present
from ..review import Plan, Standing, present
from ..theme import STATES, Palette, state_text

ROWS_AT_ONCE, ROWS_OF_LONG_SPANS = 25, 15
"""Rows of one page of the timeline; fewer where more than two weeks are shown, so that it comes at once."""
SPANS: Mapping[str, int] = {"1 day": 1, "3 days": 3, "1 week": 7, "2 weeks": 14, "4 weeks": 28, "All": 0}
HEAT_HOURS: Mapping[int, float] = {1: 7, 3: 14, 6: 28, 24: float("inf")}
"""Hours of one step of heat, and the most days that are drawn in such steps."""
TIMELINE, TABLE = "timeline", "windows"


def show() -> None:
    """Draw the page."""
    plan = plan_or_stop()
    standing = state.standing(plan)
    _go_where_picked(plan)
    heading("Forward schedule", plan)
    banners(plan)
    _headline(plan, standing)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by, span = _what_is_drawn(plan)
        chosen = _filters(plan, with_standing(plan.table, standing))
    _timeline(plan, chosen, by, span)
    _table(plan, chosen)
    _left_out(plan)
    _calendars(plan)


def with_standing(rows: pd.DataFrame, standing: Mapping[str, Standing]) -> pd.DataFrame:
    """Give windows with the state they are in now, not when they were planned."""
    states = [standing[change].state for change in rows["change"]]
    return rows.assign(state=states, state_text=[state_text(one) for one in states])


def _go_where_picked(plan: Plan) -> None:
    """Open the change whose window was picked on the timeline or in the table."""
    picked = st.session_state.get(TIMELINE)
    points = picked["selection"].get(charts.PICK) if picked else None
    if points:
        open_change(points[0]["change"])
    picked = st.session_state.get(TABLE)
    rows = picked["selection"]["rows"] if picked else None
    shown: list[str] = st.session_state.get("rows_of_table", [])
    if rows and rows[0] < len(shown):
        open_change(shown[rows[0]])


# --- the headline --------------------------------------------------------------------------------------------------


def _headline(plan: Plan, standing: Mapping[str, Standing]) -> None:
    with st.grid(min_column_width=185):
        for label, value, note in headline(plan.result, standing):
            card(label, value, note)


def headline(result: Result, standing: Mapping[str, Standing]) -> Iterator[tuple[str, str, str]]:
    """Give what each card of the headline is called, its figure, and what that means."""
    currency, own = result.portfolio.policy.currency, compared_cents(result)
    weighted = f"{money_text(own, currency)} weighted by service level, with delay"
    yield "Clients lose", money_text(result.cost_cents, currency, whole=True), weighted
    for name in ("first_come", best_habit(result.baselines)):
        habit = result.baselines.get(name or "")
        if name is not None and habit is not None:
            costs = f"that costs {money_text(habit.objective_cents, currency)} weighted"
            yield f"Against {HABIT_NAMES[name]}", saves_text(result, habit), costs
    if result.status == "OPTIMAL" and not result.gap:
        yield "Could be cheaper by", "nothing", proof_text(result)
    else:
        gap = f"at most {result.gap:.1%}" if is_proven(result) else "not known"
        yield "Could be cheaper by", gap, proof_text(result)
    proposed = sum(one.state == "proposed" for one in standing.values())
    yield "Needs a decision", str(proposed), f"of {count_text(len(standing), 'window')}"


# --- what is shown -------------------------------------------------------------------------------------------------


def _filters(plan: Plan, table: pd.DataFrame) -> pd.DataFrame:
    words = st.text_input("Search", key="q", bind="query-params", type="search",
                          placeholder="change, title, service, team", width=215)  # fmt: skip
    present = [one for one in STATES if one in set(table["state"])]
    chosen = st.pills("State", present, selection_mode="multi", key="state", format_func=state_text,
                      persist_state="session")  # fmt: skip
    return filtered(plan, table, words or "", chosen)


def filtered(plan: Plan, table: pd.DataFrame, words: str, states: list[str]) -> pd.DataFrame:
    """Give the windows whose change, title, services or teams hold every word, in one of the states (or any)."""
    kept = table[table["state"].isin(states)] if states else table
    for word in words.casefold().split():
        held = kept["change"].isin({change for change, text in searchable(plan).items() if word in text})
        kept = kept[held]
    return kept


def searchable(plan: Plan) -> Mapping[str, str]:
    """Give what is searched, by change: its id, title, services, and the teams it affects."""
    by_team = plan.windows("team")
    teams: dict[str, list[str]] = defaultdict(list)
    for change, team in zip(by_team["change"], by_team["row"], strict=True):
        teams[change].append(team)
    texts = zip(*(plan.table[name] for name in ("change", "title", "services")), strict=True)
    return {change: " ".join([change, title, services, *teams[change]]).casefold() for change, title, services in texts}


def _what_is_drawn(plan: Plan) -> tuple[By, charts.Span]:
    zone, horizon = plan.portfolio.policy.time_zone, plan.portfolio.horizon
    first, last = local_time(horizon.start, zone).date(), local_time(horizon.end, zone).date()
    by: By = st.segmented_control("Rows", ["service", "team"], default="service", required=True, key="by",
                                  bind="query-params", format_func=lambda one: f"by {one}")  # fmt: skip
    begin = st.date_input("From", first_day(plan), min_value=first, max_value=last, key="from", bind="query-params",
                          format="YYYY-MM-DD", width=150)  # fmt: skip
    length = st.selectbox("Shown", list(SPANS), index=2, key="span", bind="query-params", width=115)
    days = SPANS[length]
    for name, shift in (("Earlier", -days), ("Later", days)):
        day = min(max(first, begin + timedelta(days=shift)), last)
        st.button(name, disabled=not days or day == begin, on_click=_look_from, args=(day,))
    return by, span_of(plan, begin, days)


def _timeline(plan: Plan, chosen: pd.DataFrame, by: By, span: charts.Span) -> None:
    rows, page = _rows(plan, chosen, by, span), 1
    most = ROWS_AT_ONCE if (span[1] - span[0]).days <= 14 else ROWS_OF_LONG_SPANS
    if len(rows) > most:
        page = st.pagination(-(-len(rows) // most), key=f"page_{by}_{most}")
    shown = rows[(page - 1) * most : page * most]
    if not shown:
        st.info("No such window in this stretch of time.", icon=":material/event_available:")
        if len(chosen):
            first = local_time(chosen["start"].min(), plan.portfolio.policy.time_zone).date()
            st.button("Go to the first", icon=":material/skip_next:", on_click=_look_from, args=(first,))
        return
    colours = palette()
    draw(
        plan,
        (TIMELINE, by, *shown, span, colours, tuple(chosen["change"]), tuple(chosen["state"])),
        lambda: _chart(plan, chosen, by, shown, span, colours),
        says=f"Windows over the expected usage, by {by}. The table below holds the same windows.",
        key=TIMELINE,
        picks=charts.PICK,
        describes="starts",
    )
    states = " ".join(f":{COLOURS[one]}[{state_text(one)}]" for one in STATES if one in set(chosen["state"]))
    st.caption(
        "The deeper a row is shaded, the closer to its busiest hour. Windows are solid for the time that their work is "
        f"expected to take, and pale for what is kept in reserve: {states}"
    )


def _look_from(day: date) -> None:
    st.session_state["from"] = day


def first_day(plan: Plan) -> date:
    """Give the Monday of the first window, which no day of the horizon may come before."""
    zone = plan.portfolio.policy.time_zone
    start = plan.table["start"].min() if len(plan.table) else plan.portfolio.horizon.start
    day = local_time(start, zone).date()
    return max(local_time(plan.portfolio.horizon.start, zone).date(), day - timedelta(days=day.weekday()))


def span_of(plan: Plan, begin: date, days: int) -> charts.Span:
    """Give the local times between which windows are drawn; 0 days mean the whole horizon."""
    zone, horizon = plan.portfolio.policy.time_zone, plan.portfolio.horizon
    if not days:
        return local_time(horizon.start, zone), local_time(horizon.end, zone)
    start = datetime.combine(begin, datetime.min.time())
    return start, start + timedelta(days=days)


def _rows(plan: Plan, chosen: pd.DataFrame, by: By, span: charts.Span) -> list[str]:
    """List the services, or teams, that have a window in the time shown."""
    drawn = _drawn(plan, chosen, by)
    inside = drawn[(drawn["start"] < span[1]) & (drawn["reserved_until"] > span[0])]
    busy = set(inside["id"])
    return [id for id in row_labels(plan.portfolio, by) if id in busy]


def _drawn(plan: Plan, chosen: pd.DataFrame, by: By) -> pd.DataFrame:
    rows = plan.windows(by)
    rows = rows[rows["change"].isin(set(chosen["change"]))]
    states: dict[str, Any] = dict(zip(chosen["change"], chosen["state"], strict=True))
    return rows.assign(
        state=[states[one] for one in rows["change"]],
        state_text=[state_text(states[one]) for one in rows["change"]],
    )


def _chart(
    plan: Plan, chosen: pd.DataFrame, by: By, ids: list[str], span: charts.Span, colours: Palette
) -> alt.LayerChart:
    drawn = _drawn(plan, chosen, by)
    days = (span[1] - span[0]).days
    hours = next(step for step, most in HEAT_HOURS.items() if days <= most)
    heat = usage_heat(plan.portfolio, by, ids=ids, hours=hours)
    heat = merged(heat[(heat["start"] < span[1]) & (heat["end"] > span[0])])
    zone = plan.portfolio.policy.time_zone
    chart = charts.timeline(drawn[drawn["id"].isin(ids)], heat, zone=zone, span=span, legend=False, palette=colours)
    at, name = present(plan)
    return with_present(chart, local_time(at, zone), name, span=span, zone=zone, palette=colours)


def _table(plan: Plan, chosen: pd.DataFrame) -> None:
    currency = plan.portfolio.policy.currency
    st.subheader("Every window", anchor=False)
    if chosen.empty:
        st.info("No window is like that. Change the search or the state.", icon=":material/search_off:")
        return
    rows = pd.DataFrame(
        {
            "state": chosen["state_text"],
            "change": chosen["change"],
            "title": chosen["title"],
            "services": chosen["services"],
            "window": chosen["window"],
            "cost": chosen["cents"] / 100,
            "teams": chosen["teams"],
        }
    )
    st.session_state["rows_of_table"] = list(chosen["change"])
    st.dataframe(
        rows,
        key=TABLE,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "state": st.column_config.TextColumn("State", width=105),
            "change": st.column_config.TextColumn("Change", width=90),
            "title": st.column_config.TextColumn("Title", width=215),
            "services": st.column_config.TextColumn("Services", width=140),
            "window": st.column_config.TextColumn("Reserved window, in order of time", width=330),
            "cost": st.column_config.NumberColumn(f"Costs, {currency}", format="accounting", width=100),
            "teams": st.column_config.NumberColumn("Teams", width=70),
        },
        alt="Every window of the plan; select a row to open its change.",
    )
    st.caption(
        f"{len(rows)} of {len(plan.table)} windows. Select a row, or a bar above, to see its price and its reason."
    )


def _left_out(plan: Plan) -> None:
    if not plan.result.unplaced:
        return
    currency = plan.portfolio.policy.currency
    with st.expander(f"Left out: {len(plan.result.unplaced)}", icon=":material/event_busy:"):
        for one in plan.result.unplaced:
            price = "" if one.drop_cents is None else f" ({money_text(one.drop_cents, currency)})"
            st.text(f"{one.change}{price}: {one.reason}")


def _calendars(plan: Plan) -> None:
    names = row_labels(plan.portfolio, "team")
    schedule = state.decided(plan)
    with st.popover("Calendars", icon=":material/calendar_month:"):
        calendar_button("All windows", "schedule", lambda: schedule_calendar(plan.portfolio, schedule))
        team = st.selectbox("Team", list(names), format_func=lambda one: names[one])
        if team is not None:
            calendar_button(f"Windows of {names[team]}", team, lambda: team_feed(plan.portfolio, schedule, team))
