"""Runs of the solver: who asked for which, how they went and ended, and those that can be taken up again."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from scheduler.desk import workflow
from scheduler.desk.runs import AT_WORK, Run, course
from scheduler.wording import instant_text, money_text

from .. import state
from ..components.page import desk_or_stop, palette, show_notice
from ..components.run_course import run_curves, run_figures
from ..desk import Desk, Refusal
from ..pages import open_page
from ..text import visible

SYMBOLS: Mapping[str, str] = {"asked": "…", "running": "▶", "finished": "✓", "stopped": "■", "failed": "✕"}
TABLE = "runs"
SECONDS: Mapping[str, float] = {"as before": 0, "30 seconds": 30, "1 minute": 60, "5 minutes": 300}


def show() -> None:
    """Draw the page."""
    st.title("Runs", anchor=False)
    show_notice()
    desk = desk_or_stop()
    portfolio, every = desk.moment().portfolio, desk.runs()
    if portfolio is None or not every:
        st.info("The solver has not run at this desk yet.", icon=":material/hourglass_empty:")
        if st.button("Replan", type="primary", icon=":material/refresh:"):
            open_page("replan")
        return
    zone, currency = portfolio.policy.time_zone, portfolio.policy.currency
    st.caption("Each run is a process of its own, and the best plan it found is kept. Select one to see how it went.")
    st.dataframe(
        pd.DataFrame([row(desk, one, zone, currency) for one in every]),
        key=TABLE,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "run": st.column_config.NumberColumn("Run", width=50),
            "status": st.column_config.TextColumn("Status", width=95),
            "asked": st.column_config.TextColumn("Asked for", width=215),
            "by": st.column_config.TextColumn("By", width=90),
            "how": st.column_config.TextColumn("How", width=90),
            "seconds": st.column_config.TextColumn("Seconds", width=80),
            "cost": st.column_config.TextColumn("Weighted cost", width=130),
            "gap": st.column_config.TextColumn("Could be cheaper by", width=165),
            "note": st.column_config.TextColumn("Note", width=260),
        },
        alt="The runs of the solver, the latest first.",
    )
    picked = st.session_state.get(TABLE)
    numbers = picked["selection"]["rows"] if picked else []
    if numbers and numbers[0] < len(every):
        _one(desk, every[numbers[0]], currency)


def row(desk: Desk, one: Run, zone: str, currency: str) -> Mapping[str, object]:
    """Give a run as a row of the table."""
    limit = one.parameters.get("time_limit")
    cost, bound = one.objective_cents, one.bound_cents
    gap = (
        "" if cost is None or bound is None else "nothing" if bound >= cost else f"at most {(cost - bound) / cost:.1%}"
    )
    return {
        "run": one.id,
        "status": f"{SYMBOLS[one.status]} {one.status}",
        "asked": instant_text(one.asked_at, zone),
        "by": visible(desk.moment().name_of(one.asked_by)),
        "how": one.parameters.get("kind", "plan"),
        "seconds": f"{one.seconds:.0f}" + (f" of {limit:.0f}" if limit else ""),
        "cost": "" if cost is None else visible(money_text(cost, currency, whole=True)),
        "gap": gap,
        "note": visible(one.message or one.phase),
    }


def _one(desk: Desk, run: Run, currency: str) -> None:
    with st.container(border=True):
        st.subheader(f"Run {run.id}", anchor=False)
        with desk.at.store.reading() as connection:
            points = course(connection, run.id)
        run_figures(run, points, currency)
        run_curves(points, currency, palette())
        told = {
            "portfolio": f"version {run.version}", "seed": run.parameters.get("seed"),
            "workers": run.parameters.get("workers"), "computer": run.host or "not begun",
        }  # fmt: skip
        st.text(visible(" · ".join(f"{name}: {value}" for name, value in told.items())))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            if run.status in AT_WORK:
                if st.button("Follow it", type="primary", icon=":material/monitoring:"):
                    open_page("replan")
                if st.button("Stop it", icon=":material/stop_circle:", disabled=not desk.may("stop")):
                    _report(desk.attempt(workflow.stop_run, run.id), f"Run {run.id} ends with the best it has.")
                return
            if run.schedule is not None and st.button("What it would change", icon=":material/difference:"):
                open_page("replan", run=str(run.id))
            seconds = st.selectbox("For", list(SECONDS), key="again for", width=130)
            if st.button("Take it up again", icon=":material/resume:", disabled=not desk.may("plan")):
                limit = SECONDS[seconds] or None
                done = desk.attempt(workflow.resume_run, run.id, time_limit=limit)
                if not isinstance(done, Refusal):
                    open_page("replan")
                _report(done, "")


def _report(done: object, good: str) -> None:
    if isinstance(done, Refusal):
        state.notice(done.text, "bad")
    elif good:
        state.notice(good, "good")
    st.rerun()
