"""Meeting of the change advisory board: one change after the other, decided, put off or noted, and all of it recorded.

The address holds where the log was when the meeting began and which change is looked at, so that everybody at the
meeting may open it, and nothing is lost with a reload.
"""

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from scheduler.desk.docket import Matter
from scheduler.desk.entries import Entry, entries
from scheduler.desk.writing import PAST
from scheduler.inputs.cells import CellError, parse_time
from scheduler.inputs.tables import utc_text
from scheduler.summary import count_text
from scheduler.wording import clock_text, instant_text, zone_text

from .. import state
from ..components import change_parts as parts
from ..components import decision, talk
from ..components.downloads import page_button
from ..components.page import desk_plan_or_stop, heading
from ..desk import Desk, Moment
from ..dockets import docket_table
from ..heat import row_labels
from ..markdown import escape_markdown
from ..pages import open_change, open_page
from ..printed import RECORDED, forward_schedule, minutes
from ..review import Plan
from ..text import visible
from .change_desk import changed_meanwhile, conflicts, show_needs, standing_text, title
from .proposals import every_matter, titles

SINCE, BEGUN, ITEM = "since", "begun", "item"
MOST_LISTED = 12
SETTLED = ("approve", "reject", "defer", "hold", "cancel", "withdraw")
"""What settles a change for a meeting."""


def show() -> None:
    """Draw the page."""
    desk, moment, plan = desk_plan_or_stop("Meeting")
    every = every_matter(desk)
    since, begun = _number(st.query_params.get(SINCE, "")), _instant(st.query_params.get(BEGUN, ""))
    if since is None or since > moment.revision:
        _before(plan, moment, every)
        return
    with desk.at.store.reading() as connection:
        log = entries(connection, after=since)
    _during(desk, plan, moment, every, log, begun)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None


def _instant(text: str) -> datetime:
    try:
        found = parse_time(text)
    except CellError:
        return state.now()
    return found if found.tzinfo is not None else state.now()


def agenda(every: Sequence[Matter], log: Sequence[Entry]) -> tuple[list[Matter], list[Matter], list[Matter]]:
    """Give what a meeting has before it, what it put off, and what it has settled; `log` is what was written since."""
    last = {one.change: one.action for one in log if one.action in SETTLED}
    waiting = [one for one in every if one.waits and one.change not in last]
    put_off = [one for one in every if last.get(one.change) == "defer"]
    settled = [one for one in every if one.change in last and last[one.change] != "defer"]
    return waiting, put_off, settled


# --- before it -------------------------------------------------------------------------------------------------------


def _before(plan: Plan, moment: Moment, every: Sequence[Matter]) -> None:
    heading("Meeting", plan)
    waiting, _, _ = agenda(every, [])
    _downloads(plan, moment, every)
    st.subheader(f"Agenda: {count_text(len(waiting), 'change')}", anchor=False)
    if not waiting:
        st.info("Nothing needs a decision, so there is nothing to meet for.", icon=":material/event_available:")
        if st.button("Forward schedule", icon=":material/calendar_view_week:"):
            open_page("schedule")
        return
    table = docket_table(moment, plan, waiting)
    st.dataframe(
        table[["change", "title", "needs", "by", "window", "cost", "teams"]],
        hide_index=True,
        column_config={
            "needs": st.column_config.TextColumn("waits for", width=280),
            "by": st.column_config.TextColumn("decide by"),
            "cost": st.column_config.TextColumn("costs", alignment="right"),
        },
        alt="What the meeting has to decide, the most pressing first.",
    )
    if st.button("Begin the meeting", type="primary", icon=":material/groups:"):
        st.query_params.from_dict({SINCE: str(moment.revision), BEGUN: utc_text(state.now())})
        st.rerun()


def _downloads(plan: Plan, moment: Moment, every: Sequence[Matter]) -> None:
    page_button("Forward schedule of change, to print", "forward-schedule-of-change",
                lambda: forward_schedule(plan, moment, every, state.now()))  # fmt: skip


# --- during it -------------------------------------------------------------------------------------------------------


def _during(
    desk: Desk,
    plan: Plan,
    moment: Moment,
    every: Sequence[Matter],
    log: Sequence[Entry],
    begun: datetime,
) -> None:
    zone = plan.portfolio.policy.time_zone
    waiting, put_off, settled = agenda(every, log)
    count = len(waiting) + len(put_off) + len(settled)
    item = st.query_params.get(ITEM, "")
    matter = next((one for one in every if one.change == item), None)
    if matter is None or matter.change not in {one.change for one in (*waiting, *put_off, *settled)}:
        matter = waiting[0] if waiting else None
        if matter is not None:
            # What is decided stays in sight until somebody goes on.
            st.query_params[ITEM] = matter.change
    st.progress((count - len(waiting)) / count if count else 1.0,
                f"{len(settled)} decided, {len(put_off)} put off, {len(waiting)} of {count} to go")  # fmt: skip
    left, right = st.columns([9, 4], gap="medium")
    with right:
        _controls(matter, waiting, put_off)
    if matter is None:
        with left:
            st.title("The agenda is done", anchor=False)
            st.success("Everything was decided or put off.", icon=":material/check_circle:")
    else:
        _item(desk, plan, matter, left, right)
    with right:
        _agenda(plan, waiting, put_off, settled, matter)
    _minutes(desk, plan, moment, every, log, begun, zone)


def _controls(matter: Matter | None, waiting: Sequence[Matter], put_off: Sequence[Matter]) -> None:
    changes = [one.change for one in waiting]
    here = changes.index(matter.change) if matter is not None and matter.change in changes else -1
    following = [*changes[here + 1 :], *changes[: max(here, 0)], *(one.change for one in put_off)]
    following = [one for one in following if matter is None or one != matter.change]
    with st.container(horizontal=True):
        st.button("Next", icon=":material/skip_next:", disabled=not following, key="next item",
                  shortcut="Alt+N", on_click=_go, args=(following[0] if following else "",))  # fmt: skip
        st.button("End the meeting", icon=":material/stop:", key="end meeting", on_click=_end)


def _go(change: str) -> None:
    st.query_params[ITEM] = change
    decision.look_away()


def _end() -> None:
    for name in (SINCE, BEGUN, ITEM):
        if name in st.query_params:
            del st.query_params[name]


def _item(desk: Desk, plan: Plan, matter: Matter, left: object, right: object) -> None:
    change, zone = matter.change, plan.portfolio.policy.time_zone
    seen = decision.looked_at(change)
    if seen is None:
        seen = matter.row["revision"]
        decision.looked(change, seen)
    placement = plan.placed.get(change)
    with left:  # type: ignore[attr-defined]
        title(plan, matter)
        changed_meanwhile(desk, matter, seen)
        show_needs(plan, matter)
        if change in plan.portfolio.changes:
            parts.facts(plan, change, placement)
        if placement is not None:
            parts.price(plan, placement)
            with st.spinner("Working out the reasons …"):
                explanation, _ = plan.explain(change)
            parts.why(explanation, row_labels(plan.portfolio, "team"))
        st.subheader("Objections", anchor=False)
        talk.show_objections(desk, change, zone, key="meeting ")
        talk.show_replies(desk, change, zone)
        st.subheader("Notes", anchor=False)
        talk.show_comments(desk, change, zone, key="meeting ", label="Note, for the minutes and the change")
    with right:  # type: ignore[attr-defined]
        with st.container(border=True):
            st.subheader("Decision", anchor=False)
            standing_text(desk, plan, matter)
            decision.panel(desk, matter, seen)
            if st.button("Open its page", icon=":material/open_in_new:", type="tertiary"):
                open_change(change)
        with st.container(border=True):
            st.subheader("Conflicts", anchor=False)
            conflicts(desk, plan, matter, key="meeting ")


def _agenda(
    plan: Plan,
    waiting: Sequence[Matter],
    put_off: Sequence[Matter],
    settled: Sequence[Matter],
    matter: Matter | None,
) -> None:
    labels = titles(plan.portfolio, (*waiting, *put_off, *settled))
    with st.container(border=True):
        st.subheader("Agenda", anchor=False)
        for title_, icon, group in (("To decide", "pending_actions", waiting), ("Put off", "snooze", put_off),
                                    ("Decided", "check", settled)):  # fmt: skip
            if not group:
                continue
            st.caption(f"{title_} ({len(group)})")
            for one in group[:MOST_LISTED]:
                st.button(
                    escape_markdown(labels[one.change]),
                    key=f"item {one.change}",
                    icon=f":material/{icon}:",
                    type="secondary" if one is matter else "tertiary",
                    on_click=_go,
                    args=(one.change,),
                )
            if len(group) > MOST_LISTED:
                st.caption(f"and {len(group) - MOST_LISTED} more")


def _minutes(
    desk: Desk,
    plan: Plan,
    moment: Moment,
    every: Sequence[Matter],
    log: Sequence[Entry],
    begun: datetime,
    zone: str,
) -> None:
    recorded = [one for one in log if one.action in RECORDED]
    with st.container(border=True):
        st.subheader(f"Minutes ({len(recorded)})", anchor=False)
        st.caption(f"Since {clock_text(begun, zone)} {zone_text(begun, zone)}")
        for one in recorded:
            why = f": {visible(one.reason)}" if one.reason else ""
            about = f" {visible(one.change)}" if one.change else ""
            st.text(f"{instant_text(one.at, zone)}  {visible(moment.name_of(one.by))} {PAST[one.action]}{about}{why}")
        with st.container(horizontal=True):
            page_button("Minutes, to print", "minutes", lambda: minutes(plan, moment, log, begun, state.now()))
            _downloads(plan, moment, every)
            st.caption("Everybody at the meeting may open this address.")
