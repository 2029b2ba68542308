"""Planning anew: what waits for it, where the run stands, and what it moved."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from scheduler.publish.read_back import Moved, moves
from scheduler.wording import money_text, window_text

from .. import state
from ..components.page import heading, nothing_fits, palette, unusable
from ..markdown import escape_markdown
from ..pages import open_change, open_page
from ..replan import Replan
from ..review import FolderPlan, Plan, UnusableError
from ..text import visible
from ..theme import chart_config

SECONDS: Mapping[str, float] = {"10 seconds": 10, "30 seconds": 30, "1 minute": 60, "2 minutes": 120, "5 minutes": 300}
POLL_SECONDS = 0.5
MOVED = "moved"


def show() -> None:
    """Draw the page."""
    run, plan = state.replan(), _plan()
    if plan is not None:
        _go_where_picked()
        heading("Replan", plan)
    if run is None or run.state != "running":
        if run is not None:
            _outcome(run, plan)
        _start(plan)
        return
    _follow(run, plan)


def _plan() -> FolderPlan | None:
    try:
        return state.folder_plan()
    except UnusableError as error:
        unusable(error)
        return None


def _start(plan: Plan | None) -> None:
    if plan is not None:
        if changed := state.changed():
            st.warning(f"**Stale.** {escape_markdown(changed)} Replanning takes it up.", icon=":material/history:")
        if waiting := state.waiting(plan):
            st.text(f"Rejected, and to be given another window: {', '.join(visible(one) for one in waiting)}")
        st.text("What was approved keeps its window. Everything else may move if that costs clients less.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        seconds = st.selectbox("Plan for", list(SECONDS), index=1, key="seconds", bind="query-params", width=160)
        st.button("Replan", type="primary", icon=":material/refresh:", on_click=_begin, args=(SECONDS[seconds],))
    if against := st.session_state.pop("against", ""):
        st.error(escape_markdown(against), icon=":material/error:")


def _begin(seconds: float) -> None:
    try:
        plan = state.folder_plan()
    except UnusableError:
        plan = None
    st.session_state["against"] = state.start_replan(plan, seconds)


def _follow(run: Replan, plan: Plan | None) -> None:
    currency = plan.portfolio.policy.currency if plan else ""

    @st.fragment(run_every=POLL_SECONDS)
    def progress() -> None:
        if run.state != "running":
            st.rerun()
        last = run.reports[-1] if run.reports else None
        done = min(1.0, last.seconds / run.seconds) if last else 0.0
        st.progress(done, text=f"Planning: {last.phase}, {last.seconds:.0f} s" if last else "Reading the portfolio …")
        with st.container(horizontal=True):
            st.metric(
                "Weighted cost", escape_markdown(_money(last.objective_cents if last else None, currency)), border=True
            )
            st.metric(
                "No plan costs less than",
                escape_markdown(_money(last.bound_cents if last else None, currency)),
                border=True,
            )
            gap = last.gap if last else None
            st.metric("Could be cheaper by", "not known yet" if gap is None else f"at most {gap:.1%}", border=True)
        _course(run, currency)
        with st.container(horizontal=True):
            if st.button(
                "Take the best so far", icon=":material/done:", disabled=not (last and last.objective_cents is not None)
            ):
                run.finish()
            if st.button("Give up", icon=":material/close:"):
                run.give_up()
                st.rerun()

    progress()
    st.caption("The present plan stays until the new one is whole. You can leave this page; the run goes on.")


def _course(run: Replan, currency: str) -> None:
    known = [one for one in run.reports if one.objective_cents is not None]
    rows = [
        {"seconds": one.seconds, "amount": cents / 100, "what": what}
        for one in known
        for what, cents in (("weighted cost", one.objective_cents), ("no plan costs less", one.bound_cents))
        if cents is not None
    ]
    if len(known) < 2:
        return
    colours = palette()
    specification = {
        "data": {"values": rows},
        "mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 2},
        "encoding": {
            "x": {"field": "seconds", "type": "quantitative", "axis": {"tickMinStep": 1}},
            "y": {
                "field": "amount",
                "type": "quantitative",
                "title": currency,
                "axis": {"format": "~s", "tickCount": 4},
            },
            "color": {
                "field": "what",
                "title": None,
                "scale": {
                    "domain": ["weighted cost", "no plan costs less"],
                    "range": [colours.accent, colours.muted],
                },
            },
        },
        "height": 200,
        "config": chart_config(colours),
    }
    st.vega_lite_chart(spec=specification, theme=None, alt="How cost and bound went; the figures above are the last.")


def _money(cents: int | None, currency: str) -> str:
    return "not known yet" if cents is None else money_text(cents, currency, whole=True)


# --- the outcome ---------------------------------------------------------------------------------------------------


def _outcome(run: Replan, plan: Plan | None) -> None:
    match run.state:
        case "done" if plan is not None:
            _moved(run, plan)
        case "infeasible":
            st.error("No schedule obeys every rule and decision. The plan stays as it was.", icon=":material/block:")
            nothing_fits(run.answer, plan.portfolio.policy.currency if plan else "")
        case "given up":
            st.info("The run was given up. The plan stays as it was.", icon=":material/undo:")
        case _:
            st.error("There is no new plan; the present one stays.", icon=":material/error:")
            for words in run.words:
                st.text(visible(words))


def _moved(run: Replan, plan: Plan) -> None:
    content = plan.answer
    st.success("The plan is new.", icon=":material/check_circle:")
    before: Mapping[str, Any] = run.before or {"placements": [], "cost_cents": None}
    found = moves(before, content)
    currency = plan.portfolio.policy.currency
    with st.container(horizontal=True):
        old = before["cost_cents"]
        change = None if old is None else content["cost_cents"] - old
        st.metric(
            "Clients lose",
            escape_markdown(money_text(content["cost_cents"], currency)),
            delta=None if not change else escape_markdown(money_text(change, currency)),
            delta_color="inverse",
            border=True,
        )
        st.metric("Windows that moved", str(len(found)), border=True)
    if found:
        _moves(plan, found)
    with st.container(horizontal=True):
        if st.button("Forward schedule", type="primary", icon=":material/view_timeline:"):
            open_page("schedule")
        st.button("Done", on_click=state.forget_replan)


def _moves(plan: Plan, found: list[Moved]) -> None:
    zone, changes = plan.portfolio.policy.time_zone, plan.portfolio.changes
    rows = [
        {
            "change": one.change,
            "title": visible(changes[one.change].title) if one.change in changes else "",
            "before": "no window" if one.before is None else window_text(one.before, zone),
            "after": "no window" if one.after is None else window_text(one.after, zone),
        }
        for one in found
    ]
    st.session_state["rows_of_moved"] = [one.change for one in found]
    st.dataframe(
        pd.DataFrame(rows),
        key=MOVED,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "change": st.column_config.TextColumn("Change", width=90),
            "title": st.column_config.TextColumn("Title"),
            "before": st.column_config.TextColumn("Reserved window before", width=270),
            "after": st.column_config.TextColumn("Now", width=270),
        },
        alt="What moved; select a row to open its change.",
    )


def _go_where_picked() -> None:
    picked = st.session_state.get(MOVED)
    rows = picked["selection"]["rows"] if picked else None
    shown: list[str] = st.session_state.get("rows_of_moved", [])
    if rows and rows[0] < len(shown):
        open_change(shown[rows[0]])
