"""Teams: what the plan asks of each for its size, what it was promised, when it works, and its calendar."""

import pandas as pd
import streamlit as st

from scheduler.demand.topology import clients
from scheduler.publish.feeds import team_feed
from scheduler.schedule import Placement, Schedule
from scheduler.summary import count_text, fairness_text
from scheduler.wording import listing, window_text

from .. import charts, state
from ..burden_frames import team_burdens
from ..components.chart import draw
from ..components.downloads import calendar_button
from ..components.page import banners, heading, palette, plan_or_stop
from ..heat import hour_of_week, row_labels
from ..markdown import escape_markdown
from ..pages import open_page
from ..review import Plan
from ..text import visible
from ..usage_charts import forecast_actual
from ..usage_frames import forecast_and_record, forecast_text

TABLE, TEAM = "teams", "team"
MOST_NAMED = 12


def show() -> None:
    """Draw the page."""
    plan = plan_or_stop()
    heading("Teams", plan)
    banners(plan)
    if fair := fairness_text(plan.result):
        st.text(f"{fair}.")
    rows = team_burdens(plan)
    words = st.text_input("Search", key="teams q", type="search", placeholder="team, contact", width=260)
    for word in (words or "").casefold().split():
        texts = rows["name"] + " " + rows["team"] + " " + rows["contact"] + " " + rows["service_level"]
        rows = rows[texts.str.casefold().str.contains(word, regex=False)]
    if rows.empty:
        st.info("No team is like that.", icon=":material/search_off:")
        return
    _table(plan, rows)
    _one(plan, _chosen(plan, list(rows["team"])))


def _table(plan: Plan, rows: pd.DataFrame) -> None:
    shown = pd.DataFrame(
        {
            "team": rows["name"],
            "level": rows["service_level"],
            "windows": rows["windows"],
            "next": rows["next"],
            "loses": rows["cents"] / 100,
            "share": rows["share"],
            "notice": rows["notice_days"].astype("Int64"),
            "contact": rows["contact"],
        }
    )
    most = float(rows["share"].max()) if rows["share"].notna().any() else 1.0
    st.dataframe(
        shown,
        key=TABLE,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "team": st.column_config.TextColumn("Team", width=180),
            "level": st.column_config.TextColumn("Service level", width=100),
            "windows": st.column_config.NumberColumn("Windows", width=75),
            "next": st.column_config.TextColumn("Next, in its own time", width=200),
            "loses": st.column_config.NumberColumn(
                f"Loses, {plan.portfolio.policy.currency}", format="accounting", width=110
            ),
            "share": st.column_config.ProgressColumn(
                "Of its fair share", format="%.2f ×", min_value=0.0, max_value=max(most, 1.0), width=150
            ),
            "notice": st.column_config.NumberColumn("Days' notice promised", width=90),
            "contact": st.column_config.TextColumn("Contact", width=160),
        },
        alt="Every team, those that bear most for their size first; select one to see it.",
    )
    st.caption("1.00 × is a team's share: what it loses over what its services are worth to it, beside that of all.")


def _chosen(plan: Plan, ids: list[str]) -> str:
    picked = st.session_state.get(TABLE)
    numbers = picked["selection"]["rows"] if picked else None
    number: int = numbers[0] if numbers else len(ids)
    if number < len(ids):
        return ids[number]
    asked = st.query_params.get(TEAM, "")
    return asked if asked in plan.portfolio.teams else ids[0]


def _one(plan: Plan, team: str) -> None:
    names = row_labels(plan.portfolio, "team")
    st.subheader(escape_markdown(names[team]), anchor=False)
    _promises(plan, team)
    left, right = st.columns([3, 2])
    with left:
        _hours(plan, team)
    with right:
        _calendar(plan, team)
    _windows(plan, team)
    _forecast(plan, team)


def _promises(plan: Plan, team: str) -> None:
    one, policy = plan.portfolio.teams[team], plan.portfolio.policy
    level = policy.service_levels.get(one.service_level)
    told = [f"local time in {one.time_zone}"]
    days = plan.portfolio.notice_days(team)
    told.append(f"{count_text(days, 'day')} of notice" if days else "no notice was promised")
    if level is not None:
        told.append(f"service level {one.service_level}, which weighs {float(level.weight):g}")
        if level.max_outage_minutes_per_28_days is not None:
            told.append(f"at most {count_text(level.max_outage_minutes_per_28_days, 'minute')} out in 28 days")
        if level.protected_hours is not None and level.protected_hours.spans:
            told.append("protected hours")
    if one.holidays:
        told.append(f"public holidays of {one.holidays}")
    st.text(visible(" · ".join(told)))
    services = row_labels(plan.portfolio, "service")
    used = sorted(services.get(node, node) for node, teams in clients(plan.portfolio).items() if team in teams)
    st.text(visible(f"Uses {listing(used, MOST_NAMED)}." if used else "Nobody says what it uses."))


def _placements(plan: Plan, team: str) -> list[Placement]:
    rows = plan.windows("team")
    changes = set(rows[rows["id"] == team]["change"])
    return sorted((plan.placed[one] for one in changes), key=lambda one: (one.start, one.change))


def _hours(plan: Plan, team: str) -> None:
    zone, colours = plan.portfolio.teams[team].time_zone, palette()
    schedule = Schedule(tuple(_placements(plan, team)))
    draw(
        plan,
        ("team hours", team, colours),
        lambda: charts.hour_of_week(
            hour_of_week(plan.portfolio, schedule, team=team, zone=zone), zone=zone, palette=colours
        ),
        says="When the team is at work, and how many of its windows lie in each hour.",
    )
    st.caption("The deeper, the more of the team at work; figures count the windows that concern it.")


def _calendar(plan: Plan, team: str) -> None:
    with st.container(border=True):
        st.markdown("**Its calendar**")
        calendar_button("Windows of this team", team, lambda: team_feed(plan.portfolio, state.decided(plan), team))
        st.caption("That is a file of today. An address to subscribe to follows every change of plan:")
        if st.button("Calendars", icon=":material/link:"):
            open_page("calendars")


def _windows(plan: Plan, team: str) -> None:
    zone, found = plan.portfolio.teams[team].time_zone, _placements(plan, team)
    if not found:
        st.text("No window concerns it.")
        return
    rows = pd.DataFrame(
        {
            "change": [one.change for one in found],
            "title": [visible(plan.portfolio.changes[one.change].title) for one in found],
            "window": [window_text(one.reserved, zone) for one in found],
            "told": ["● told" if one.announced_at is not None else "○ proposed" for one in found],
        }
    )
    st.dataframe(
        rows,
        hide_index=True,
        height="content" if len(rows) <= 8 else 320,
        column_config={
            "change": st.column_config.TextColumn("Change", width=90),
            "title": st.column_config.TextColumn("Title"),
            "window": st.column_config.TextColumn("Reserved window, in its own time", width=340),
            "told": st.column_config.TextColumn("Clients", width=100),
        },
        alt="The windows that concern this team.",
    )


def _forecast(plan: Plan, team: str) -> None:
    with st.expander("What was forecast, and what came", icon=":material/query_stats:"):
        if not st.toggle("Look back at the last recorded week", key="look back"):
            return
        lines = forecast_and_record(plan.portfolio, team=team)
        if lines is None:
            st.text("Too little was recorded to compare a week with its forecast.")
            return
        zone, colours = plan.portfolio.policy.time_zone, palette()
        draw(
            plan,
            ("forecast of team", team, colours),
            lambda: forecast_actual(lines, zone=zone, palette=colours),
            says="The last recorded week as it was forecast when it began, and as it came.",
        )
        st.caption(f"{escape_markdown(forecast_text(lines))}. Local time in {escape_markdown(zone)}.")
