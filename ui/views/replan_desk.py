"""Planning at the desk: a run in a process of its own, followed through the store, and its windows proposed."""

from collections.abc import Mapping

import streamlit as st

from scheduler.desk import workflow
from scheduler.desk.runs import AT_WORK, Run
from scheduler.wording import money_text

from .. import state
from ..components.page import desk_or_stop, show_notice
from ..desk import Desk, Refusal
from ..markdown import escape_markdown
from ..pages import open_page
from ..text import visible

SECONDS: Mapping[str, float] = {"10 seconds": 10, "30 seconds": 30, "1 minute": 60, "2 minutes": 120, "5 minutes": 300}
POLL_SECONDS = 0.5


def show() -> None:
    """Draw the page."""
    st.title("Replan", anchor=False)
    show_notice()
    desk = desk_or_stop()
    portfolio = desk.moment().portfolio
    if portfolio is None:
        st.info("There is nothing to plan yet: bring a portfolio in.", icon=":material/inbox:")
        if st.button("Inputs", type="primary", icon=":material/arrow_forward:"):
            open_page("inputs")
        return
    last = next(iter(desk.runs()), None)
    if last is not None and last.status in AT_WORK:
        _follow(desk, last.id, portfolio.policy.currency)
        return
    if last is not None:
        _outcome(desk, last, portfolio.policy.currency)
    waiting = desk.moment().in_state("Draft", "Assess", "Rejected")
    if waiting:
        st.text(f"{len(waiting)} changes wait for a window. What was approved keeps its own.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        seconds = st.selectbox("Plan for", list(SECONDS), index=1, key="seconds", bind="query-params", width=160)
        may = desk.may("plan")
        if st.button("Replan", type="primary", icon=":material/refresh:", disabled=not may):
            _report(desk.attempt(workflow.start_run, time_limit=SECONDS[seconds], workers=2), "")


def _follow(desk: Desk, id: int, currency: str) -> None:
    @st.fragment(run_every=POLL_SECONDS)
    def progress() -> None:
        now = next(one for one in desk.runs() if one.id == id)
        if now.status not in AT_WORK:
            st.rerun()
        limit = now.parameters.get("time_limit") or 1
        st.progress(min(1.0, now.seconds / limit), text=f"Run {id}: {now.phase or now.status}, {now.seconds:.0f} s")
        _figures(now, currency)
        if st.button("Take the best so far", icon=":material/done:", disabled=now.stop_asked or not desk.may("stop")):
            refused = desk.attempt(workflow.stop_run, id)
            if isinstance(refused, Refusal):
                st.error(escape_markdown(refused.text), icon=":material/error:")

    progress()
    st.caption("Every visitor sees this run. You can leave this page; the run goes on.")


def _figures(run: Run, currency: str) -> None:
    with st.container(horizontal=True):
        for label, cents in (("Weighted cost", run.objective_cents), ("No plan costs less than", run.bound_cents)):
            shown = "not known yet" if cents is None else money_text(cents, currency, whole=True)
            st.metric(label, escape_markdown(shown), border=True)


def _outcome(desk: Desk, run: Run, currency: str) -> None:
    with st.container(border=True):
        st.subheader(f"Run {run.id}: {run.status}", anchor=False)
        if run.message:
            st.text(visible(run.message))
        if run.schedule is None:
            return
        _figures(run, currency)
        if st.button("Propose its windows", icon=":material/outbox:", disabled=not desk.may("propose")):
            _report(desk.attempt(workflow.propose, run.schedule), "Its windows are proposed.")


def _report(done: object, good: str) -> None:
    if isinstance(done, Refusal):
        state.notice(done.text, "bad")
    elif good:
        state.notice(good, "good")
    st.rerun()
