"""One change: its window and its price, why it is there, what else it could have, and the decision on it."""

from collections.abc import Mapping

import altair as alt
import pandas as pd
import streamlit as st

from scheduler.demand.topology import effects
from scheduler.explanation import Explanation
from scheduler.horizon import Window
from scheduler.publish.feeds import team_feed
from scheduler.publish.schedule_calendar import schedule_calendar
from scheduler.schedule import Placement
from scheduler.wording import instant_text, money_text, window_text

from .. import charts, state
from ..components.chart import draw
from ..components.downloads import calendar_button
from ..components.page import COLOURS, banners, palette, plan_or_stop
from ..curves import curve, curve_marks, extra_text
from ..heat import row_labels
from ..markdown import escape_markdown
from ..pages import CHANGE, open_page
from ..reasons import reasons
from ..review import Plan, Standing
from ..source import Seen, Verdict
from ..tables import crew, teams_of_change
from ..text import visible
from ..theme import state_text
from ..usage_charts import window_people
from ..usage_frames import window_use


def show() -> None:
    """Draw the page of the change that the address names."""
    plan = plan_or_stop()
    if st.button("Forward schedule", icon=":material/arrow_back:", type="tertiary"):
        open_page("schedule")
    change = st.query_params.get(CHANGE, "")
    if change not in plan.portfolio.changes:
        st.title("No such change", anchor=False)
        st.text(f"The portfolio has no change {visible(change)!r}." if change else "No change was chosen.")
        return
    placement = plan.placed.get(change)
    banners(plan)
    _head(plan, change, placement)
    if placement is None:
        _facts(plan, change, None)
        _without_window(plan, change)
        return
    with st.spinner("Working out the reasons …"):
        explanation, price = plan.explain(change)
    left, right = st.columns([9, 4], gap="medium")
    with left:
        _facts(plan, change, placement)
        _price(plan, placement)
        _people(plan, placement)
        _reasons(explanation, row_labels(plan.portfolio, "team"))
    with right:
        _decision(plan, placement)
        _downloads(plan, placement)
    _alternatives(explanation)
    st.subheader("What every start would cost", anchor=False)
    colours = palette()
    draw(
        plan,
        ("curve", change, colours),
        lambda: charts.price_curve(
            curve(plan.portfolio, price),
            curve_marks(plan.portfolio, price, plan.habits()),
            zone=plan.portfolio.policy.time_zone,
            currency=plan.portfolio.policy.currency,
            palette=colours,
        ),
        says="Cost of every start of this change; the tables above say the same of the starts worth knowing.",
    )


def _head(plan: Plan, change: str, placement: Placement | None) -> None:
    one = plan.portfolio.changes[change]
    st.title(escape_markdown(f"{change}  {one.title}" if one.title != change else change), anchor=False)
    with st.container(horizontal=True):
        if placement is not None:
            now = state.standing(plan)[change].state
            st.badge(state_text(now), color=COLOURS[now])
        st.badge(one.impact.value, color="gray")
        st.badge(f"{one.type} change", color="gray")


def _facts(plan: Plan, change: str, placement: Placement | None) -> None:
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


def _without_window(plan: Plan, change: str) -> None:
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


def _price(plan: Plan, placement: Placement) -> None:
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


def _people(plan: Plan, placement: Placement) -> None:
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
    draw(plan, ("people", change, colours), chart, says=says)


def _notice(given: int, promised: object) -> str:
    if pd.isna(promised):  # type: ignore[call-overload]
        return str(given)
    return f"{'' if given >= int(promised) else '⚠ '}{given} ({promised} promised)"  # type: ignore[call-overload]


def _reasons(explanation: Explanation, names: Mapping[str, str]) -> None:
    st.subheader("Why here", anchor=False)
    for sentence in reasons(explanation, names):
        st.text(f"• {visible(sentence)}")


def _alternatives(explanation: Explanation) -> None:
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


# --- the decision --------------------------------------------------------------------------------------------------


def _decision(plan: Plan, placement: Placement) -> None:
    standing = state.standing(plan)[placement.change]
    seen = Seen(plan.id, standing.known, placement.reserved)
    with st.container(border=True):
        st.subheader("Decision", anchor=False)
        _standing_text(plan, placement, standing)
        with st.form(f"decide {placement.change}", border=False):
            st.text_area("Reason (needed to reject)", key="reason", max_chars=1000, height=90)
            if state.source().asks_name:
                st.text_input("Your name", value=state.visitor(), key="by", max_chars=100)
            else:
                st.caption(f"You decide as {escape_markdown(state.visitor())}.")
            with st.container(horizontal=True):
                approved = standing.state == "approved"
                st.form_submit_button("Approve", icon=":material/check:", type="primary", disabled=approved,
                                      on_click=_decide, args=(placement.change, "approve", seen))  # fmt: skip
                st.form_submit_button("Reject", icon=":material/close:", disabled=standing.state == "rejected",
                                      on_click=_decide, args=(placement.change, "reject", seen))  # fmt: skip


def _standing_text(plan: Plan, placement: Placement, standing: Standing) -> None:
    zone, last = plan.portfolio.policy.time_zone, standing.last
    if standing.state == "proposed":
        st.text("A proposal: nobody was told yet. Approving it announces the window to the teams.")
    elif standing.state == "rejected":
        st.text("Rejected: replan to give the change another window.")
    else:
        told = last.decision.announced_at if last and standing.waits else placement.announced_at
        when = f" Announced {instant_text(told, zone)}." if told else ""
        st.text(f"{standing.state.capitalize()}: it keeps this window.{when}")
    if last is not None and (last.reason or last.by):
        when = f", {instant_text(last.at, zone)}" if last.at else ""
        said = f": {last.reason}" if last.reason else ""
        st.text(f"Last decision: {last.decision.kind} by {visible(last.by) or 'somebody'}{when}{said}")


def _decide(change: str, kind: Verdict, seen: Seen) -> None:
    against = state.decide(change, kind, seen, reason=st.session_state["reason"], by=st.session_state.get("by", ""))
    if against:
        state.notice(against, "bad")
    elif kind == "approve":
        state.notice(f"{change} is approved. Its calendar entries are confirmed from now on.", "good")
    else:
        state.notice(f"{change} is rejected. Replan to give it another window.", "good")


def _downloads(plan: Plan, placement: Placement) -> None:
    schedule = state.decided(plan)
    names, teams = row_labels(plan.portfolio, "team"), list(teams_of_change(plan.result, placement)["team"])
    with st.container(border=True):
        st.subheader("Calendars", anchor=False)
        change = placement.change
        calendar_button("This change", change, lambda: schedule_calendar(plan.portfolio, schedule, [change]))
        if teams:
            team = st.selectbox("Team", teams, format_func=lambda one: names[one])
            calendar_button("Everything of this team", team, lambda: team_feed(plan.portfolio, schedule, team))
        calendar_button("All windows", "schedule", lambda: schedule_calendar(plan.portfolio, schedule))
