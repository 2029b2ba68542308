"""Planning at the desk: a run in a process of its own, followed through the store, and what it found to be accepted."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from scheduler.desk import workflow
from scheduler.desk.runs import AT_WORK, Run, RunKind, course
from scheduler.portfolio import Portfolio
from scheduler.summary import count_text
from scheduler.wording import listing, money_text

from .. import state
from ..components.page import desk_or_stop, palette, show_notice
from ..components.run_course import run_curves, run_figures
from ..desk import Desk, Refusal
from ..found_plan import Found, differs_table, latest_found, teams_table
from ..markdown import escape_markdown
from ..pages import open_change, open_page
from ..text import visible

SECONDS: Mapping[str, float] = {"10 seconds": 10, "30 seconds": 30, "1 minute": 60, "2 minutes": 120, "5 minutes": 300}
KINDS: Mapping[RunKind, str] = {
    "plan": "everything that is not approved may move",
    "replan": "what was announced moves only where that pays",
    "at risk": "only what cannot stay moves",
}
POLL_SECONDS = 1.0
RUN, FOUND = "run", "found"
MOST_NAMED = 8


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
    every = desk.runs()
    last = next(iter(every), None)
    if last is not None and last.status in AT_WORK:
        _follow(desk, last.id, portfolio.policy.currency)
        return
    asked = st.query_params.get(RUN, "")
    shown = next((one for one in every if str(one.id) == asked), last)
    if shown is not None:
        _outcome(desk, shown, portfolio)
    _start(desk)


def _start(desk: Desk) -> None:
    st.subheader("Plan anew", anchor=False)
    waiting = desk.moment().in_state("Draft", "Assess", "Rejected")
    if waiting:
        st.text(f"{count_text(len(waiting), 'change')} without a window: {listing(waiting, MOST_NAMED)}.")
    if stale := [one for one, row in desk.moment().position.changes.items() if row["stale"]]:
        st.text(f"What these were planned from has changed: {listing(sorted(stale), MOST_NAMED)}.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind: RunKind = st.selectbox("How", list(KINDS), format_func=KINDS.__getitem__, key="kind", width=380)
        seconds = st.selectbox("Plan for", list(SECONDS), index=1, key="seconds", bind="query-params", width=150)
        may = desk.may("plan")
        if st.button("Replan", type="primary", icon=":material/refresh:", disabled=not may):
            _report(desk.attempt(workflow.start_run, time_limit=SECONDS[seconds], workers=2, kind=kind), "")
    if not may:
        st.caption("Your role may look at runs, and not begin one.")


def _follow(desk: Desk, id: int, currency: str) -> None:
    colours = palette()

    @st.fragment(run_every=POLL_SECONDS)
    def progress() -> None:
        now = next(one for one in desk.runs() if one.id == id)
        if now.status not in AT_WORK:
            st.rerun()
        with desk.at.store.reading() as connection:
            points = course(connection, id)
        limit = now.parameters.get("time_limit") or 1
        said = (
            f"Run {id}, begun by {desk.moment().name_of(now.asked_by)}: {now.phase or now.status}, {now.seconds:.0f} s"
        )
        st.progress(min(1.0, now.seconds / limit), text=escape_markdown(said))
        run_figures(now, points, currency)
        run_curves(points, currency, colours)
        label = "It ends with the best so far …" if now.stop_asked else "Stop, and keep the best so far"
        if st.button(label, icon=":material/stop_circle:", disabled=now.stop_asked or not desk.may("stop")):
            refused = desk.attempt(workflow.stop_run, id)
            if isinstance(refused, Refusal):
                st.error(escape_markdown(refused.text), icon=":material/error:")

    progress()
    st.caption("Every visitor sees this run. You can leave or reload this page; the run goes on.")


# --- what it found -------------------------------------------------------------------------------------------------


def _outcome(desk: Desk, run: Run, portfolio: Portfolio) -> None:
    currency = portfolio.policy.currency
    st.subheader(f"Run {run.id}: {run.status}", anchor=False)
    if run.message:
        st.text(visible(run.message))
    if run.schedule is None:
        return
    with desk.at.store.reading() as connection:
        points = course(connection, run.id)
    run_figures(run, points, currency)
    with st.expander("How it went", icon=":material/show_chart:"):
        run_curves(points, currency, palette())
        if len(points) < 2:
            st.text("It was over before there was a curve to draw.")
    found = latest_found(desk, run.id, run.schedule)
    if isinstance(found, str):
        st.text(visible(found))
        return
    if not found.kinds:
        st.success(
            "The desk holds just what this run found: nothing is left to accept.", icon=":material/check_circle:"
        )
        return
    _difference(desk, found)


def _difference(desk: Desk, found: Found) -> None:
    whole, currency = found.whole, found.portfolio.policy.currency
    told = sum(one.kind == "moved" and one.was_announced for one in whole.changes)
    st.subheader("What it would change", anchor=False)
    with st.container(horizontal=True):
        _metric("Saves, weighted", money_text(whole.saved_cents, currency, whole=True))
        lost = whole.after.cost_cents - whole.before.cost_cents
        _metric("Clients lose", f"{money_text(abs(lost), currency, whole=True)} {'more' if lost > 0 else 'less'}")
        _metric("Changes that differ", str(len(found.kinds)))
        if len(whole.changes) == len(found.kinds):
            _metric("Told of another window", str(told))
    for broken in whole.before.broken[:MOST_NAMED]:
        st.warning(f"As things stand, {escape_markdown(broken.rule)} is broken: {escape_markdown(broken.text)}")
    table = differs_table(found)
    st.session_state["rows of found"] = list(table["change"])
    key = f"{FOUND} {found.run} {found.schedule}"
    st.dataframe(
        table,
        key=key,
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        column_config={
            "change": st.column_config.TextColumn("Change", width=85),
            "title": st.column_config.TextColumn("Title", width=150),
            "what": st.column_config.TextColumn("What", width=75),
            "before": st.column_config.TextColumn("Before", width=205),
            "after": st.column_config.TextColumn("After", width=205),
            "told": st.column_config.TextColumn("Clients", width=65),
            "saves": st.column_config.TextColumn("By itself saves", width=110),
            "why": st.column_config.TextColumn("Why", width=280),
            "disturbs": st.column_config.TextColumn("Concerns", width=260),
        },
        alt="What the run would change; select rows to accept only those.",
    )
    picked = st.session_state.get(key)
    numbers = picked["selection"]["rows"] if picked else []
    chosen = [table["change"].iloc[one] for one in numbers if one < len(table)]
    _accept(desk, found, chosen)
    if len(chosen) == 1:
        _one(found, chosen[0])


def _metric(label: str, value: str) -> None:
    st.metric(label, escape_markdown(value), border=True)


def _accept(desk: Desk, found: Found, chosen: list[str]) -> None:
    currency, may = found.portfolio.policy.currency, desk.may("propose")
    if not chosen:
        st.caption("Select rows to accept only those, or one to see whom it concerns.")
        if st.button("Accept all", type="primary", icon=":material/done_all:", disabled=not may):
            _report(desk.attempt(workflow.propose, found.schedule), "All of it is proposed, and waits for approval.")
        return
    part = found.part(chosen)
    if part.with_it:
        st.text(f"These start together with them, and come along: {listing(list(part.with_it), MOST_NAMED)}.")
    if part.is_legal:
        cost = money_text(part.figures.objective_cents, currency)
        st.text(f"With only these the plan costs {cost}, weighted by service level; no rule is broken.")
    else:
        st.error("**These alone cannot be taken over.**", icon=":material/block:")
        for broken in part.figures.broken[:MOST_NAMED]:
            st.text(visible(f"{broken.rule}: {broken.text}"))
        if part.needs:
            st.text(f"Take these too: {listing(list(part.needs), MOST_NAMED)}.")
    with st.container(horizontal=True):
        label = f"Accept {count_text(len(chosen), 'change')}"
        if st.button(label, type="primary", icon=":material/check:", disabled=not (may and part.is_legal)):
            only = [*part.chosen, *part.with_it]
            _report(
                desk.attempt(workflow.propose, found.schedule, only=only), f"{listing(only, MOST_NAMED)}: proposed."
            )
        if part.needs and st.button(f"Accept these and {listing(list(part.needs), 3)}", disabled=not may):
            only = [*part.chosen, *part.with_it, *part.needs]
            _report(
                desk.attempt(workflow.propose, found.schedule, only=only), f"{listing(only, MOST_NAMED)}: proposed."
            )


def _one(found: Found, change: str) -> None:
    one = found.looked_at(change)
    if one is None:
        return
    with st.container(border=True):
        st.markdown(f"**{escape_markdown(f'{change} {one.title}')}**")
        teams: pd.DataFrame = teams_table(found.portfolio, one)
        if teams.empty:
            st.text("No team notices it.")
        else:
            st.dataframe(teams, hide_index=True, alt="The teams that this change concerns.")
        if st.button("Open the change", icon=":material/open_in_new:"):
            open_change(change)


def _report(done: object, good: str) -> None:
    if isinstance(done, Refusal):
        state.notice(done.text, "bad")
    elif good:
        state.notice(good, "good")
    st.rerun()
