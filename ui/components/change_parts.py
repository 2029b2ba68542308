"""Parts of the page of a change: what it is, what its window costs, why it is there, and what else it could have."""

from collections.abc import Callable, Mapping

import altair as alt
import pandas as pd
import streamlit as st

from scheduler.demand.topology import effects
from scheduler.explanation import Explanation, PriceCurve
from scheduler.horizon import Window
from scheduler.publish.feeds import team_feed
from scheduler.publish.schedule_calendar import schedule_calendar
from scheduler.schedule import Placement
from scheduler.wording import instant_text, money_text, window_text

from .. import charts, state
from ..curves import curve, curve_marks, extra_text, worth_drawing
from ..heat import row_labels
from ..markdown import escape_markdown
from ..reasons import reasons
from ..review import Plan
from ..tables import crew, teams_of_change
from ..text import visible
from ..usage_charts import window_people
from ..usage_frames import window_use
from .chart import draw
from .downloads import calendar_button
from .page import palette


def facts(plan: Plan, change: str, placement: Placement | None) -> None:
    """Draw what the work is, and when."""
    one, zone = plan.portfolio.changes[change], plan.portfolio.policy.time_zone
    names = row_labels(plan.portfolio, "service")
    st.text(f"Work on {', '.join(names[service] for service in one.services)}")
    if placement is not None:
        st.markdown(f"**{window_text(placement.reserved, zone)}**")
        if placement.end < placement.reserved_until:
            st.caption(f"expected over by {instant_text(placement.end, zone)}; the rest is kept for delay and backout")
        if placement.engineers:
            st.text(f"Engineers: {'; '.join(crew(placement, zone))}")
    for label, text in (("You will notice", one.what_you_will_notice), ("Why", one.why)):
        if text:
            st.text(f"{label}: {visible(text)}")


def without_window(plan: Plan, change: str) -> None:
    """Say why a change has no window."""
    why = next((one for one in plan.result.unplaced if one.change == change), None)
    st.info("This change has no window in the plan.", icon=":material/event_busy:")
    if why is not None:
        price = (
            ""
            if why.drop_cents is None
            else f" Leaving it out costs {money_text(why.drop_cents, plan.portfolio.policy.currency)}."
        )
        st.text(f"{why.reason[:1].upper()}{why.reason[1:]}.{price}")


# --- price and reason ----------------------------------------------------------------------------------------------


def price(plan: Plan, placement: Placement) -> None:
    """Draw what a window costs, and every team that it affects in its own time."""
    currency = plan.portfolio.policy.currency
    teams = teams_of_change(plan.result, placement)
    lost = int(teams["cents"].sum())
    st.subheader(f"It costs clients {escape_markdown(money_text(lost, currency))}", anchor=False)
    other = sum(one.cents for one in plan.result.charges if one.change == placement.change) - lost
    if other:
        st.caption(f"and {escape_markdown(money_text(other, currency))} for the wait")
    if teams.empty:
        st.text("No team is affected.")
        return
    shown = pd.DataFrame(
        {
            "team": teams["name"],
            "window": teams["window"],
            "notice": [_notice(*row) for row in zip(teams["notice_days"], teams["promised_days"], strict=True)],
            "cost": [
                f"{cost}, assumed" if assumed else cost
                for cost, assumed in zip(teams["cost"], teams["assumed"], strict=True)
            ],
        }
    )
    st.dataframe(
        shown,
        hide_index=True,
        column_config={
            "team": st.column_config.TextColumn("Team", width=178),
            "window": st.column_config.TextColumn("Reserved, in the team's own time", width=295),
            "notice": st.column_config.TextColumn("Days' notice", width=132),
            "cost": st.column_config.TextColumn("Loses", alignment="right", width=148),
        },
        alt="What every affected team loses, and when that is on its own clock.",
    )


def people(plan: Plan, placement: Placement) -> None:
    """Draw how many people are expected around the window, and around the habits' windows."""
    effect = effects(plan.portfolio)[placement.change]
    if not effect.out and not effect.degraded:
        return
    change, colours = placement.change, palette()

    def chart() -> alt.LayerChart:
        starts = {
            name: one.start
            for name, schedule in plan.habits().items()
            for one in schedule.placements
            if one.change == change
        }
        window = Window(placement.start, placement.end)
        return window_people(window_use(plan.portfolio, change, window, starts), palette=colours)

    says = "People expected on what this change takes down, in its window, in the habits' and in the average hour."
    draw(plan, ("people", change, plan.portfolio.decisions, colours), chart, says=says)


def _notice(given: int, promised: object) -> str:
    if pd.isna(promised):  # type: ignore[call-overload]
        return str(given)
    return f"{'' if given >= int(promised) else '⚠ '}{given} ({promised} promised)"  # type: ignore[call-overload]


def why(explanation: Explanation, names: Mapping[str, str]) -> None:
    """Draw why a window is where it is, and which rules bind."""
    st.subheader("Why here", anchor=False)
    for sentence in reasons(explanation, names):
        st.text(f"• {visible(sentence)}")


def alternatives(explanation: Explanation) -> None:
    """Draw what else a change could have, and what would be cheaper but is forbidden."""
    zone, currency = explanation.time_zone, explanation.currency
    left, right = st.columns(2, gap="medium")
    with left:
        st.subheader("What else it could have", anchor=False)
        rows = [(window_text(one.window, zone), extra_text(one.extra_cents, currency)) for one in explanation.others]
        if explanation.drop_extra_cents is not None:
            rows.append(("leave it out", extra_text(explanation.drop_extra_cents, currency)))
        if rows:
            _two_columns(rows, ("Window", "Costs"), "Other windows, with what they cost more.")
        else:
            st.text("No other window is legal while the other changes stay where they are.")
    with right:
        st.subheader("Cheaper, but forbidden", anchor=False)
        tempting = [
            (
                f"{window_text(one.window, zone)}: {' '.join(one.texts[:1]) or ', '.join(one.rules)}",
                money_text(-one.saving_cents, currency),
            )
            for one in explanation.forbidden
        ]
        if tempting:
            _two_columns(tempting, ("Window, and what forbids it", "Costs"), "Cheaper windows that a rule forbids.")
        else:
            st.text("Nothing: no forbidden window would cost less.")


def _two_columns(rows: list[tuple[str, str]], heads: tuple[str, str], alt: str) -> None:
    frame = pd.DataFrame([(visible(what), cost) for what, cost in rows], columns=["what", "cost"])
    st.dataframe(
        frame,
        hide_index=True,
        column_config={
            "what": st.column_config.TextColumn(heads[0], width="large"),
            "cost": st.column_config.TextColumn(heads[1], width=110, alignment="right"),
        },
        alt=alt,
    )


def curve_of(plan: Plan, change: str, found: PriceCurve) -> None:
    """Draw what every start of a change would cost."""
    st.subheader("What every start would cost", anchor=False)
    colours, policy = palette(), plan.portfolio.policy

    def build() -> alt.LayerChart:
        marks = curve_marks(plan.portfolio, found, plan.habits())
        shown = curve(plan.portfolio, found, slots=worth_drawing(plan.portfolio, found, marks))
        return charts.price_curve(shown, marks, zone=policy.time_zone, currency=policy.currency, palette=colours)

    draw(
        plan,
        ("curve", change, plan.portfolio.decisions, colours),
        build,
        says="Cost of every start of this change; the tables above say the same of the starts worth knowing.",
    )
    st.caption("Grey: forbidden, as is every start before and after what is drawn. Point at one to see its price.")


def downloads(plan: Plan, placement: Placement, extra: Callable[[], None] | None = None) -> None:
    """Offer the calendars that a window is in; `extra` draws more of the same change."""
    schedule = state.decided(plan)
    names, teams = row_labels(plan.portfolio, "team"), list(teams_of_change(plan.result, placement)["team"])
    with st.container(border=True):
        st.subheader("Calendars", anchor=False)
        change = placement.change
        calendar_button("This change", change, lambda: schedule_calendar(plan.portfolio, schedule, [change]))
        if extra is not None:
            extra()
        if teams:
            team = st.selectbox("Team", teams, format_func=lambda one: names[one])
            calendar_button("Everything of this team", team, lambda: team_feed(plan.portfolio, schedule, team))
        calendar_button("All windows", "schedule", lambda: schedule_calendar(plan.portfolio, schedule))
