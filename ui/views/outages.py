"""The projected service outage: which service is out, degraded or without reserve in which hour, and through what."""

from collections.abc import Mapping
from datetime import date, timedelta

import altair as alt
import pandas as pd
import streamlit as st

from scheduler.summary import count_text
from scheduler.wording import instant_text, money_text

from .. import state
from ..axes import Span
from ..components.chart import draw
from ..components.page import banners, heading, palette, plan_or_stop
from ..components.schedule_timeline import first_day, span_of
from ..components.viewer import other_zone
from ..finding import Wanted, filtered
from ..frames import local_time
from ..heat import row_labels
from ..markdown import escape_markdown
from ..outages import SYMBOLS, outage_chart, outage_hours, outages, outages_csv, told
from ..pages import open_change
from ..present import with_present
from ..printed import Part, printed_page
from ..review import Plan, present
from ..text import visible

SPANS: Mapping[str, tuple[float, int]] = {
    "1 day": (1, 1), "3 days": (3, 1), "1 week": (7, 1), "2 weeks": (14, 3), "4 weeks": (28, 6), "All": (0, 24),
}  # fmt: skip
"""Days that are shown at once, and the hours of one step; 0 days mean the whole horizon."""
ROWS_AT_ONCE, MOST_ROWS = 30, 500
TABLE, FROM = "outages", "outages from"
HEADS = ("Service", "Impact", "Change", "Title", "Reserved window", "Expected over by", "Minutes", "Teams", "Costs")


def show() -> None:
    """Draw the page."""
    plan = plan_or_stop()
    heading("Projected service outage", plan)
    banners(plan)
    rows = outages(plan)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        begin, length = _stretch(plan)
        chosen = _chosen(plan, rows)
    span = span_of(plan, begin, SPANS[length][0])
    zone = plan.portfolio.policy.time_zone
    local = chosen["start"].dt.tz_convert(zone).dt.tz_localize(None) if len(chosen) else None
    if local is not None:
        ends = chosen["reserved_until"].dt.tz_convert(zone).dt.tz_localize(None)
        chosen = chosen[(local < span[1]) & (ends > span[0])]
    _figures(plan, chosen)
    _picture(plan, chosen, span, SPANS[length][1])
    _table(plan, chosen)


def _stretch(plan: Plan) -> tuple[date, str]:
    zone, horizon = plan.portfolio.policy.time_zone, plan.portfolio.horizon
    first, last = local_time(horizon.start, zone).date(), local_time(horizon.end, zone).date()
    begin = st.date_input("From", first_day(plan), min_value=first, max_value=last, key=FROM, format="YYYY-MM-DD",
                          width=150)  # fmt: skip
    length = st.selectbox("Shown", list(SPANS), index=4, key="outage span", width=115)
    for name, sign in (("Earlier", -1), ("Later", 1)):
        to = min(max(begin + timedelta(days=sign * SPANS[length][0]), first), last)
        st.button(name, disabled=to == begin, on_click=_look_from, args=(to,), key=f"outages {name}")
    return begin, length


def _look_from(day: date) -> None:
    st.session_state[FROM] = day


def _chosen(plan: Plan, rows: pd.DataFrame) -> pd.DataFrame:
    words = st.text_input("Search", key="q", bind="query-params", type="search", width=215,
                          placeholder="change, title, service, team, person")  # fmt: skip
    impacts = st.pills("Impact", list(SYMBOLS), selection_mode="multi", key="impact", default=["OUTAGE", "DEGRADED"],
                       format_func=lambda one: f"{SYMBOLS[one]} {one}")  # fmt: skip
    team = st.selectbox("Team", list(plan.portfolio.teams), index=None, key="outage team", placeholder="any", width=200,
                        format_func=row_labels(plan.portfolio, "team").__getitem__)  # fmt: skip
    some = filtered(plan, plan.table, Wanted(words or "", teams=[team] if team else ()))
    kept = rows[rows["change"].isin(set(some["change"]))]
    return kept[kept["impact"].isin(impacts)] if impacts else kept


def _figures(plan: Plan, chosen: pd.DataFrame) -> None:
    currency = plan.portfolio.policy.currency
    with st.container(horizontal=True):
        for label, value in (
            ("Services concerned", str(chosen["id"].nunique())),
            ("Windows", str(chosen["change"].nunique())),
            ("Clients lose there", money_text(int(chosen["cents"].sum()), currency, whole=True)),
        ):
            st.metric(label, escape_markdown(value), border=True)


def _picture(plan: Plan, chosen: pd.DataFrame, span: Span, hours: int) -> None:
    concerned = set(chosen["id"])
    order = [id for id in row_labels(plan.portfolio, "service") if id in concerned]
    order += sorted(concerned - set(order))
    page = 1
    if len(order) > ROWS_AT_ONCE:
        page = st.pagination(-(-len(order) // ROWS_AT_ONCE), key="page of outages")
    shown = order[(page - 1) * ROWS_AT_ONCE : page * ROWS_AT_ONCE]
    if not shown:
        st.success("No service is felt to be away in this stretch of time.", icon=":material/check_circle:")
        return
    colours, zone = palette(), plan.portfolio.policy.time_zone
    names = row_labels(plan.portfolio, "service")
    at, name = present(plan, state.now())
    impacts = frozenset(chosen["impact"])

    def build() -> alt.LayerChart:
        found = outage_hours(plan, shown, span, hours)
        found = found[found["impact"].isin(impacts)]
        rows = [names.get(id, visible(id)) for id in shown]
        chart = outage_chart(found, rows, zone=zone, span=span, palette=colours)
        return with_present(chart, local_time(at, zone), name, span=span, zone=zone, palette=colours)

    draw(
        plan,
        ("outages", *shown, span, hours, impacts, colours),
        build,
        says="What services feel hour by hour; the table below holds the same windows.",
    )
    told = ", ".join(f"{symbol} {impact}" for impact, symbol in SYMBOLS.items() if impact in impacts)
    step = "one day" if hours == 24 else count_text(hours, "hour")
    st.caption(f"One step is {step}; the fuller its row, the worse what is felt there: {told}.")


def _table(plan: Plan, chosen: pd.DataFrame) -> None:
    currency, zone = plan.portfolio.policy.currency, plan.portfolio.policy.time_zone
    st.subheader("Every window that is felt", anchor=False)
    if chosen.empty:
        return
    page, pages = 1, -(-len(chosen) // MOST_ROWS)
    if pages > 1:
        st.caption(f"{len(chosen):,} rows, {MOST_ROWS} on a page; the files have all of them.")
        page = st.pagination(pages, key="page of rows")
    rows = told(plan, chosen.iloc[(page - 1) * MOST_ROWS : page * MOST_ROWS])
    columns = ["service", "impact", "change", "title", "window", "expected", "minutes", "teams"]
    shown = rows[columns].assign(impact=[f"{SYMBOLS[one]} {one}" for one in rows["impact"]], cost=rows["cents"] / 100)
    viewer = other_zone(plan)
    if viewer is not None:
        shown.insert(5, "yours", [instant_text(one, viewer) for one in rows["start"]])
    st.dataframe(
        shown,
        key=f"{TABLE} {page}",
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "service": st.column_config.TextColumn("Service", width=150),
            "impact": st.column_config.TextColumn("Impact", width=120),
            "change": st.column_config.TextColumn("Change", width=85),
            "title": st.column_config.TextColumn("Title", width=170),
            "window": st.column_config.TextColumn("Reserved window", width=320),
            "yours": st.column_config.TextColumn(f"Starts, your time ({viewer})", width=200),
            "expected": st.column_config.TextColumn("Expected over by", width=190),
            "minutes": st.column_config.NumberColumn("Minutes", width=70),
            "teams": st.column_config.TextColumn("Teams", width=240),
            "cost": st.column_config.NumberColumn(f"Costs, {currency}", format="accounting", width=100),
        },
        alt="Windows and the services that feel them; select a row to open its change.",
    )
    picked = st.session_state.get(f"{TABLE} {page}")
    if picked and picked["selection"]["rows"]:
        open_change(str(rows["change"].iloc[picked["selection"]["rows"][0]]))
    states = {change: one.state for change, one in state.standing(plan).items()}
    with st.container(horizontal=True):
        st.download_button(
            "CSV",
            lambda: outages_csv(plan, chosen, states),
            file_name="projected-service-outage.csv",
            mime="text/csv",
            on_click="ignore",
            icon=":material/table_view:",
        )
        st.download_button(
            "To print",
            lambda: _printed(plan, chosen, zone),
            file_name="projected-service-outage.html",
            mime="text/html",
            on_click="ignore",
            icon=":material/print:",
        )


def _printed(plan: Plan, chosen: pd.DataFrame, zone: str) -> bytes:
    names = ("service", "impact", "change", "title", "window", "expected", "minutes", "teams", "cost")
    rows = [tuple(str(one[name]) for name in names) for one in told(plan, chosen).to_dict("records")]
    return printed_page(
        "Projected service outage",
        plan.portfolio.policy.name,
        f"As of {instant_text(state.now(), zone)}; times are local in {zone}.",
        [Part(heads=HEADS, rows=rows, none="No service is felt to be away.", numbers=("Minutes", "Costs"))],
    )
