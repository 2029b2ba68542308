"""The forward schedule: what the plan saves, its windows over the usage of services or teams, and all in a table."""

from collections.abc import Iterator, Mapping
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from scheduler.baselines import best_habit
from scheduler.publish.feeds import team_feed
from scheduler.publish.schedule_calendar import schedule_calendar
from scheduler.schedule import Result
from scheduler.summary import compared_cents, count_text, is_proven, proof_text
from scheduler.wording import money_text

from .. import charts, state
from ..components.cards import card
from ..components.downloads import calendar_button
from ..components.page import banners, heading, plan_or_stop
from ..components.schedule_timeline import TIMELINE, picked_badge, timeline, what_is_drawn
from ..components.viewer import other_zone, windows_in
from ..finding import Wanted, filtered, involved
from ..headline import against
from ..heat import By, row_labels
from ..pages import open_change
from ..review import Plan, Standing
from ..text import visible
from ..theme import STATES, state_text

TABLE = "windows"
FILTERS = ("state", "type", "service", "team", "engineer")
VIEWS: Mapping[str, Mapping[str, object]] = {
    "One week by service": {"rows": "service", "span": "1 week"},
    "Four weeks by team": {"rows": "team", "span": "4 weeks"},
    "The whole plan by service": {"rows": "service", "span": "All"},
}


def show() -> None:
    """Draw the page."""
    plan = plan_or_stop()
    standing = state.standing(plan)
    _go_where_picked(plan)
    heading("Forward schedule", plan)
    banners(plan)
    _headline(plan, standing)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by, span = what_is_drawn(plan)
        chosen = _filters(plan, with_standing(plan.table, standing))
    timeline(plan, chosen, by, span)
    _table(plan, chosen)
    _left_out(plan)
    _calendars(plan)


def with_standing(rows: pd.DataFrame, standing: Mapping[str, Standing]) -> pd.DataFrame:
    """Give windows with the state they are in now, not when they were planned."""
    states = [standing[change].state for change in rows["change"].tolist()]
    return rows.assign(state=states, state_text=[state_text(one) for one in states])


def _go_where_picked(plan: Plan) -> None:
    """Open the change whose window was picked on the timeline or in the table."""
    picked = st.session_state.get(TIMELINE)
    points = picked["selection"].get(charts.PICK) if picked else None
    if points and not picked_badge():
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
            yield against(result, name, habit)
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
                          placeholder="change, title, service, team, person", width=215)  # fmt: skip
    present = [one for one in STATES if one in table["state"].unique()]
    states = st.pills("State", present, selection_mode="multi", key="state", bind="query-params",
                      format_func=state_text)  # fmt: skip
    portfolio, known = plan.portfolio, involved(plan)
    with st.popover("Filters", icon=":material/filter_alt:"):
        types = st.multiselect("Type", sorted(table["type"].unique()), key="type", bind="query-params")
        services = _some(plan, "service", sorted({id for one in known.values() for id in one["services"]}))
        teams = _some(plan, "team", list(portfolio.teams))
        crew = sorted({id for one in known.values() for id in one["engineers"]})
        engineers = st.multiselect("Engineer", crew, key="engineer", bind="query-params", format_func=visible)
    _share()
    return filtered(plan, table, Wanted(words or "", states, types, services, teams, engineers))


def _some(plan: Plan, by: By, ids: list[str]) -> list[str]:
    names = row_labels(plan.portfolio, by)
    return list(
        st.multiselect(by.capitalize(), ids, key=by, bind="query-params", format_func=lambda id: names.get(id, id))
    )


def _share() -> None:
    with st.popover("Views", icon=":material/bookmark:"):
        st.text("What is shown here has an address of its own. Keep it as a bookmark, or send it:")
        query = urlencode(st.query_params.to_dict(), doseq=True)
        st.code(f"{st.context.url or ''}{'?' if query else ''}{query}", language=None, wrap_lines=True)
        st.text("Often looked at:")
        for name, asked in VIEWS.items():
            st.button(name, type="tertiary", icon=":material/arrow_forward:", on_click=_look_at, args=(asked,))


def _look_at(asked: Mapping[str, object]) -> None:
    for key in ("q", *FILTERS):
        st.session_state[key] = "" if key == "q" else []
    for key, value in asked.items():
        st.session_state[key] = value


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
    viewer = other_zone(plan)
    if viewer is not None:
        yours = windows_in(plan, viewer)
        rows.insert(5, "yours", [yours[one] for one in chosen["change"]])
    st.session_state["rows_of_table"] = chosen["change"].tolist()
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
            "yours": st.column_config.TextColumn(f"Your time ({viewer})", width=330),
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
