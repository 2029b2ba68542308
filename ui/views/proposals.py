"""Proposals: every change at the desk, what needs a decision first; to look through, to open, to approve together."""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from scheduler.desk import workflow
from scheduler.desk.docket import Matter, approvers_of
from scheduler.desk.states import STATES
from scheduler.portfolio import Portfolio

from .. import state
from ..components.cards import card
from ..components.page import desk_plan_or_stop, heading
from ..desk import Desk, Moment, Refusal
from ..dockets import SHOWN, approval_summary, can_be_approved, chosen, docket_table, matters, people_of
from ..headline import headline
from ..heat import row_labels
from ..markdown import escape_markdown
from ..pages import open_change, open_page
from ..review import Plan
from ..text import visible

TABLE, ASKED, MOST_NAMED = "proposals", "approve together", 12


def show() -> None:
    """Draw the page."""
    desk, moment, plan = desk_plan_or_stop("Proposals")
    every = every_matter(desk)
    heading("Proposals", plan)
    with st.grid(min_column_width=210):
        for label, value, note in headline(plan, every):
            card(label, value, note)
    found = _filters(moment, every)
    if not found:
        _empty(every)
        return
    picked = _table(moment, plan, found)
    _actions(desk, moment, plan, found, picked)


def every_matter(desk: Desk) -> Sequence[Matter]:
    """Give every change with what it waits for, the most pressing first."""
    with desk.at.store.reading() as connection:
        approvers = approvers_of(connection)
    return matters(desk.moment(), state.now(), approvers)


def _filters(moment: Moment, every: Sequence[Matter]) -> list[Matter]:
    portfolio = moment.portfolio
    assert portfolio is not None
    teams, services = row_labels(portfolio, "team"), row_labels(portfolio, "service")
    people = sorted({one for matter in every for one in people_of(moment, matter)})
    with st.container(horizontal=True, vertical_alignment="bottom"):
        shown = st.segmented_control("Show", list(SHOWN), default="waits", required=True, key="show",
                                     bind="query-params", format_func=SHOWN.__getitem__)  # fmt: skip
        words = st.text_input("Search", key="q", bind="query-params", type="search", width=215,
                              placeholder="change, text, service, team, person")  # fmt: skip
        states = st.multiselect("State", _known(every, moment), key="states", width=210, placeholder="any")
        of_teams = st.multiselect("Team", list(teams), key="teams", format_func=lambda one: teams[one], width=210,
                                  placeholder="any")  # fmt: skip
        of_services = st.multiselect("Service", list(services), key="services", width=210, placeholder="any",
                                     format_func=lambda one: services[one])  # fmt: skip
        person = st.selectbox("Person", ["", *people], key="person", width=170,
                              format_func=lambda one: visible(moment.name_of(one)) if one else "anybody")  # fmt: skip
    return chosen(moment, every, shown=shown, words=words or "", states=states, teams=of_teams, services=of_services,
                  person=person or "")  # fmt: skip


def _known(every: Sequence[Matter], moment: Moment) -> list[str]:
    there = {one.row["state"] for one in every}
    return [one for one in STATES if one in there]


def _empty(every: Sequence[Matter]) -> None:
    if not every:
        st.info("There is no change at this desk yet.", icon=":material/inbox:")
        if st.button("Inputs", type="primary", icon=":material/upload:"):
            open_page("inputs")
        return
    st.info("No change is like that. Show all, or change the filters.", icon=":material/search_off:")
    if not any(one.waits for one in every):
        st.text("Nothing needs a decision.")
        if any(need.kind in ("plan", "replan") for one in every for need in one.needs) and st.button(
            "Plan what has no window", icon=":material/refresh:"
        ):
            open_page("replan")


def _table(moment: Moment, plan: Plan, found: Sequence[Matter]) -> list[Matter]:
    table = docket_table(moment, plan, found)
    assert moment.portfolio is not None
    currency = moment.portfolio.policy.currency
    shown = pd.DataFrame(
        {
            "change": [visible(one) for one in table["change"]],
            "title": table["title"],
            "needs": [f"{'● ' if waits else ''}{text}" for waits, text in
                      zip(table["waits"], table["needs"], strict=True)],
            "state": [f"{state}{f' ({flags})' if flags else ''}" for state, flags in
                      zip(table["state"], table["flags"], strict=True)],
            "window": table["window"],
            "by": table["by"],
            "cost": [None if pd.isna(cents) else cents / 100 for cents in table["cents"]],
            "teams": table["teams"],
            "services": table["services"],
            "was": table["was"],
        }
    )  # fmt: skip
    event = st.dataframe(
        shown,
        key=TABLE,
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        column_config={
            "change": st.column_config.TextColumn("Change", width=90),
            "title": st.column_config.TextColumn("Title", width=200),
            "needs": st.column_config.TextColumn("Waits for", width=230),
            "state": st.column_config.TextColumn("State", width=130),
            "window": st.column_config.TextColumn("Window", width=300),
            "by": st.column_config.TextColumn("Decide by", width=190),
            "cost": st.column_config.NumberColumn(f"Costs, {currency}", format="accounting", width=100),
            "teams": st.column_config.NumberColumn("Teams", width=70),
            "services": st.column_config.TextColumn("Services", width=140),
            "was": st.column_config.TextColumn("Moves from", width=300),
        },
        alt="Changes at the desk, what needs a decision first; select rows to approve them together.",
    )
    st.caption(
        f"{len(found):,} of {len(moment.position.changes):,} changes; a dot marks what a person has to decide. Select "
        "rows to open one or to approve several; “decide by” is when teams would get less notice than promised."
    )
    rows = event["selection"]["rows"]
    return [found[row] for row in rows if row < len(found)]


def _actions(desk: Desk, moment: Moment, plan: Plan, found: Sequence[Matter], picked: Sequence[Matter]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = titles(plan.portfolio, found)
        one = st.selectbox("Open", list(names), index=None, placeholder="a change of the list", width=320,
                           format_func=lambda change: names[change], key="open change")  # fmt: skip
        if one is not None:
            del st.session_state["open change"]
            open_change(one)
        if len(picked) == 1 and st.button(f"Open {picked[0].change}", icon=":material/open_in_new:"):
            open_change(picked[0].change)
        waiting = [matter for matter in found if matter.waits]
        if waiting and st.button("Open the first that waits", icon=":material/skip_next:"):
            open_change(waiting[0].change)
        if desk.may("approve"):
            several = picked or found
            good = [matter for matter in several if not can_be_approved(matter)]
            label = f"Approve {'selected' if picked else 'all shown'} ({len(good)})"
            if st.button(label, type="primary", icon=":material/done_all:", disabled=not good):
                seen = {matter.change: matter.row["revision"] for matter in good}
                st.session_state[ASKED] = (seen, {one.change: can_be_approved(one) for one in several})
    if ASKED in st.session_state:
        _confirm(desk, moment, plan, found)


def titles(portfolio: Portfolio, found: Sequence[Matter]) -> Mapping[str, str]:
    """Give every change with its title, as far as the portfolio has it."""
    known = portfolio.changes
    return {
        one.change: visible(f"{one.change}  {known[one.change].title}" if one.change in known else one.change)
        for one in found
    }


def _confirm(desk: Desk, moment: Moment, plan: Plan, found: Sequence[Matter]) -> None:
    seen, asked = st.session_state[ASKED]
    good = [one for one in every_matter(desk) if one.change in seen]
    with st.container(border=True):
        st.subheader("Approve together", anchor=False)
        st.markdown(f"**{escape_markdown(approval_summary(moment, plan, good))}**")
        table = docket_table(moment, plan, good)
        st.dataframe(
            table[["change", "title", "window", "was", "cost", "teams"]],
            hide_index=True,
            column_config={"cost": st.column_config.TextColumn("costs", alignment="right")},
            alt="The windows that will be approved.",
        )
        for change, why in asked.items():
            if why:
                st.caption(f"Left out: {escape_markdown(change)}, as {escape_markdown(why)}.")
        with st.container(horizontal=True):
            if st.button(f"Approve these {len(good)}", type="primary", icon=":material/done_all:", key="approve these"):
                _approve(desk, seen)
            if st.button("Never mind", key="approve none"):
                del st.session_state[ASKED]
                st.rerun()


def _approve(desk: Desk, seen: Mapping[str, int]) -> None:
    """Approve one after the other, each as it was seen; what was refused is named with its reason."""
    refused, done = [], 0
    with st.spinner(f"Approving {len(seen)} …"):
        for change, revision in seen.items():
            outcome = desk.attempt(workflow.approve, change, seen=revision)
            if isinstance(outcome, Refusal):
                refused.append(f"{change}: {outcome.text}")
            else:
                done += 1
    del st.session_state[ASKED]
    st.session_state.pop(TABLE, None)
    if refused:
        more = f" And {len(refused) - MOST_NAMED} more." if len(refused) > MOST_NAMED else ""
        state.notice(f"{done} approved, {len(refused)} refused. {' '.join(refused[:MOST_NAMED])}{more}", "bad")
    else:
        state.notice(f"{done} approved: the teams are told of their windows.", "good")
    st.rerun()
