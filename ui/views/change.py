"""One change: its window and its price, why it is there, what else it could have, and the decision on it."""

import streamlit as st

from scheduler.schedule import Placement
from scheduler.wording import instant_text

from .. import state
from ..components import change_parts as parts
from ..components.page import COLOURS, banners, plan_or_stop
from ..heat import row_labels
from ..markdown import escape_markdown
from ..pages import CHANGE, open_page
from ..review import Plan, Standing
from ..source import Seen, Verdict
from ..text import visible
from ..theme import state_text


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
        parts.facts(plan, change, None)
        parts.without_window(plan, change)
        return
    with st.spinner("Working out the reasons …"):
        explanation, price = plan.explain(change)
    left, right = st.columns([9, 4], gap="medium")
    with left:
        parts.facts(plan, change, placement)
        parts.price(plan, placement)
        parts.people(plan, placement)
        parts.why(explanation, row_labels(plan.portfolio, "team"))
    with right:
        _decision(plan, placement)
        parts.downloads(plan, placement)
    parts.alternatives(explanation)
    parts.curve_of(plan, change, price)


def _head(plan: Plan, change: str, placement: Placement | None) -> None:
    one = plan.portfolio.changes[change]
    st.title(escape_markdown(f"{change}  {one.title}" if one.title != change else change), anchor=False)
    with st.container(horizontal=True):
        if placement is not None:
            now = state.standing(plan)[change].state
            st.badge(state_text(now), color=COLOURS[now])
        st.badge(one.impact.value, color="gray")
        st.badge(f"{one.type} change", color="gray")


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
