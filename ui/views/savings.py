"""What the plan saves and against what, which teams bear what is left, and in which hours of the week."""

import pandas as pd
import streamlit as st

from scheduler.schedule import Schedule
from scheduler.summary import fairness_text, proof_text
from scheduler.wording import money_text

from .. import charts, tables
from ..components.chart import draw
from ..components.page import banners, heading, palette, plan_or_stop
from ..heat import Measure, hour_of_week, row_labels
from ..markdown import escape_markdown
from ..per_plan import per_plan
from ..review import Plan
from ..usage_charts import forecast_actual
from ..usage_frames import forecast_and_record, forecast_text

MOST_TEAMS = 40
ALL = "all services"
MEASURES: dict[Measure, str] = {"cost": "what an hour without services costs", "people": "people at work"}


def show() -> None:
    """Draw the page."""
    plan = plan_or_stop()
    heading("Savings and burden", plan)
    banners(plan)
    _savings(plan)
    _teams(plan)
    _hours(plan)
    _forecast(plan)


def _savings(plan: Plan) -> None:
    st.subheader("What it saves, and against what", anchor=False)
    figures, colours, currency = tables.savings(plan.result), palette(), plan.portfolio.policy.currency
    st.text(
        "The same changes, planned by habit under the same rules. What is compared is the cost weighted by service "
        f"level, with delay. {proof_text(plan.result)}."
    )
    if not plan.result.baselines:
        st.info("This plan was not compared with habits.", icon=":material/info:")
        return
    draw(
        plan,
        ("savings", colours),
        lambda: charts.savings(figures, currency=currency, palette=colours),
        says="What the plan and each habit cost; the table below has the figures.",
    )
    money = {"weighted cost": "objective_cents", "clients lose": "cost_cents", "left out": "drop_cents"}
    shown = {"planned by": list(figures["label"])}
    shown |= {name: [money_text(cents, currency) for cents in figures[column]] for name, column in money.items()}
    shown |= {"rules broken": list(figures["violations"]), "the plan": list(figures["text"])}
    right = {name: st.column_config.TextColumn(alignment="right") for name in money}
    st.dataframe(pd.DataFrame(shown), hide_index=True, column_config=right, alt="The plan and the habits in figures.")


@per_plan
def _losses(plan: Plan) -> pd.DataFrame:
    return tables.charges_by_team(plan.result)


@per_plan
def _week_of_all(plan: Plan) -> pd.DataFrame | None:
    return forecast_and_record(plan.portfolio)


def _teams(plan: Plan) -> None:
    st.subheader("Who is hit", anchor=False)
    if fair := fairness_text(plan.result):
        st.text(f"{fair}.")
    losses, colours, currency = _losses(plan), palette(), plan.portfolio.policy.currency
    hit = losses[losses["cents"] > 0]
    if hit.empty:
        st.text("No team loses anything.")
        return
    draw(
        plan,
        ("teams", colours),
        lambda: charts.team_costs(hit.head(MOST_TEAMS), currency=currency, palette=colours),
        says="What each team loses; the table below has the figures.",
    )
    if len(hit) > MOST_TEAMS:
        st.caption(f"The {MOST_TEAMS} teams that lose most; the table has all.")
    shown = pd.DataFrame(
        {
            "team": losses["name"],
            "service level": losses["service_level"],
            "windows": losses["windows"],
            "loses": losses["cost"],
            "of all losses": [f"{share:.1%}" for share in losses["share"]],
            "rests on": ["assumed usage" if rests else "" for rests in losses["assumed"]],
        }
    )
    right = {name: st.column_config.TextColumn(alignment="right") for name in ("loses", "of all losses")}
    st.dataframe(shown, hide_index=True, column_config=right, alt="What every team loses, the largest loss first.")


def _hours(plan: Plan) -> None:
    st.subheader("In which hours of the week", anchor=False)
    measure: Measure = st.segmented_control("Shaded by", list(MEASURES), default="cost", required=True, key="shade",
                                            bind="query-params", format_func=MEASURES.__getitem__)  # fmt: skip
    colours, zone = palette(), plan.portfolio.policy.time_zone
    schedule: Schedule = plan.result.schedule
    draw(
        plan,
        ("hours", measure, colours),
        lambda: charts.hour_of_week(
            hour_of_week(plan.portfolio, schedule, measure=measure), zone=zone, measure=measure, palette=colours
        ),
        says=f"{MEASURES[measure].capitalize()} by hour of the week, and the number of windows in it.",
    )
    st.caption(
        f"The figures count the windows expected to run in each hour, local time in {escape_markdown(zone)}. Plans "
        "lean towards pale hours, as far as rules, notice and engineers let them."
    )


def _forecast(plan: Plan) -> None:
    st.subheader("How well the last week was forecast", anchor=False)
    names = row_labels(plan.portfolio, "service")
    service: str = st.selectbox(
        "People on", [ALL, *names], format_func=lambda one: names.get(one, one), key="forecast of"
    )
    lines = _week_of_all(plan) if service == ALL else forecast_and_record(plan.portfolio, service=service)
    if lines is None:
        st.info("Too little was recorded to compare a week with its forecast.", icon=":material/info:")
        return
    colours, zone = palette(), plan.portfolio.policy.time_zone
    draw(
        plan,
        ("forecast", service, colours),
        lambda: forecast_actual(lines, zone=zone, palette=colours),
        says="People at once, as was forecast when the last recorded week began, and as recorded.",
    )
    st.caption(
        f"The last week that was recorded, forecast from what was known when it began: {forecast_text(lines)}. Local "
        f"time in {escape_markdown(zone)}."
    )
