"""What every page begins with: the plan, or why there is none to show; what was just done; what has to be known."""

from collections.abc import Mapping
from typing import Any, Literal

import pandas as pd
import streamlit as st

from scheduler.wording import instant_text, money_text, window_text

from .. import state
from ..desk import Desk, Moment
from ..markdown import escape_markdown
from ..pages import open_page
from ..review import Plan, UnusableError
from ..text import visible
from ..theme import DARK, LIGHT, Palette

MOST_REASONS = 12
COLOURS: Mapping[str, Literal["blue", "green", "violet", "red", "gray"]] = {
    "proposed": "blue",
    "announced": "gray",
    "approved": "green",
    "pinned": "violet",
    "rejected": "red",
}
"""The colour of every state, by the names that text and badges know."""


def palette() -> Palette:
    """Give the colours of the mode that the visitor's browser shows."""
    return DARK if st.context.theme.type == "dark" else LIGHT


def plan_or_stop() -> Plan:
    """Give the plan with a schedule to show; or say what is wrong, and end the page."""
    show_notice()
    try:
        if state.is_read():
            plan = state.plan()
        else:
            with st.spinner("Reading the plan and its portfolio …"):
                plan = state.plan()
    except UnusableError as error:
        unusable(error)
        st.stop()
    if not plan.has_schedule:
        _no_schedule(plan)
        st.stop()
    return plan


def desk_or_stop(title: str = "") -> Desk:
    """Give the desk; or say, below a title where one is given, that none is shown here, and end the page."""
    desk = state.desk()
    if desk is None:
        if title:
            st.title(title, anchor=False)
        st.info("This is done at a desk, and a plan's files are shown here.", icon=":material/info:")
        st.caption("Open a desk:")
        st.code("scheduler serve", language=None)
        st.stop()
    try:
        desk.moment()
    except UnusableError as error:
        unusable(error)
        st.stop()
    return desk


def desk_plan_or_stop(title: str) -> tuple[Desk, Moment, Plan]:
    """Give the desk, what it holds and its plan, after what was just done; or say why not, and end the page."""
    show_notice()
    desk = desk_or_stop(title)
    try:
        moment = desk.moment()
        return desk, moment, moment.plan()
    except UnusableError as error:
        unusable(error)
        st.stop()


def banners(plan: Plan) -> None:
    """Say what holds for the whole plan and must not be missed."""
    if changed := state.stale(plan):
        st.warning(f"**Stale.** {escape_markdown(changed)}", icon=":material/history:")
    waiting = len(state.waiting(plan))
    if waiting:
        with st.container(horizontal=True, vertical_alignment="center"):
            what = "One window was rejected and waits" if waiting == 1 else f"{waiting} windows were rejected and wait"
            st.info(f"{what} for a new time.", icon=":material/event_busy:")
            if st.button("Replan", type="primary", icon=":material/refresh:", key="replan_waiting"):
                open_page("replan")


def heading(title: str, plan: Plan) -> None:
    """Draw the heading of a page: its title, and what plan it is of."""
    policy, zone = plan.portfolio.policy, plan.portfolio.policy.time_zone
    st.title(title, anchor=False)
    horizon = window_text(plan.portfolio.horizon.window, zone)
    st.caption(
        f"{escape_markdown(policy.name)} · {horizon} · planned {instant_text(plan.portfolio.now, zone)} · "
        f"times are local in {escape_markdown(zone)} unless another zone is named"
    )


def unusable(error: UnusableError) -> None:
    """Say that there is nothing to show, why, and what to do."""
    st.title("Nothing to show", anchor=False)
    st.error(escape_markdown(error.what), icon=":material/error:")
    for reason in error.reasons[:MOST_REASONS]:
        st.text(reason)
    if len(error.reasons) > MOST_REASONS:
        st.caption(f"and {len(error.reasons) - MOST_REASONS} more")
    if error.page and st.button(error.mend, type="primary", icon=":material/arrow_forward:"):
        open_page(error.page)
    if error.mend and not error.page:
        st.caption("Run this, then reload the page:")
        st.code(error.mend, language=None, wrap_lines=True)


def _no_schedule(plan: Plan) -> None:
    st.title("No schedule", anchor=False)
    if plan.result.status == "INFEASIBLE":
        st.error("No schedule obeys every rule.", icon=":material/block:")
        nothing_fits(plan.answer, plan.portfolio.policy.currency)
    else:
        st.error("The run stopped before there was a schedule. Give it more time.", icon=":material/timer_off:")
    if st.button("Replan", type="primary", icon=":material/refresh:"):
        open_page("replan")


def nothing_fits(answer: Mapping[str, Any], currency: str) -> None:
    """Say what cannot hold together and what would help; `answer` is that of `plan --json`."""
    if not answer.get("clash"):
        st.text("What stands in the way was not found in the time given.")
        return
    several = len(answer["clash"]) > 1
    st.text("These demands cannot all be met:" if several else "This cannot be met:")
    for clash in (answer["clash"], *answer.get("more_clashes", ())):
        with st.container(border=True):
            for one in clash:
                st.badge(escape_markdown(one["rule"]), icon=":material/rule:", color="red")
                st.text(visible(one["text"]))
    ways = answer.get("relaxations", ())
    if ways:
        st.text("What would make a plan possible, and its cost (weighted, with delay and what is left out):")
        st.dataframe(
            pd.DataFrame(
                {
                    "way": [visible("; ".join(step["text"] for step in one["lifted"])) for one in ways],
                    "cost": [
                        f"{'' if one['proven'] else 'at most '}{money_text(one['objective_cents'], currency)}"
                        for one in ways
                    ],
                }
            ),
            hide_index=True,
            column_config={
                "way": st.column_config.TextColumn("Way", width="large"),
                "cost": st.column_config.TextColumn("The plan then costs", alignment="right", width=180),
            },
            alt="Rules to lift, and what the plan without them costs.",
        )


def show_notice() -> None:
    """Say what was just done, once."""
    found = state.take_notice()
    if found:
        text, kind = found
        if kind == "good":
            st.success(escape_markdown(text), icon=":material/check_circle:")
        else:
            st.error(escape_markdown(text), icon=":material/error:")
