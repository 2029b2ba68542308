"""One change at the desk: its window, price and reason, what stands against it, what was said, and the decision."""

from collections.abc import Sequence

import streamlit as st

from scheduler.desk.access import RefusedError
from scheduler.desk.docket import Matter, approvers_of
from scheduler.desk.entries import entries
from scheduler.desk.judging import Judged
from scheduler.desk.store import StoreError
from scheduler.horizon import Window
from scheduler.publish.invites import invite_files
from scheduler.schedule import Placement
from scheduler.wording import clock_text, instant_text, listing, window_text, zone_text

from .. import state
from ..components import change_parts as parts
from ..components import decision, talk
from ..components.downloads import archive, file_name
from ..components.page import desk_plan_or_stop
from ..desk import Desk, Moment, Refusal
from ..dockets import collisions, conflict_name, matters, said_since
from ..heat import row_labels
from ..judged import checked, last_checked, sound_since
from ..markdown import escape_markdown
from ..pages import CHANGE, open_change, open_page
from ..review import Plan, UnusableError
from ..text import visible
from ..theme import state_text

COLOURS = {
    "Draft": "gray", "Assess": "gray", "Proposed": "blue", "Authorise": "blue", "Scheduled": "green",
    "Implement": "orange", "Review": "violet", "Closed": "gray", "Rejected": "red", "Cancelled": "gray",
}  # fmt: skip
SYMBOLS = {
    "Draft": "edit_note", "Assess": "query_stats", "Proposed": "radio_button_unchecked", "Authorise": "how_to_reg",
    "Scheduled": "check", "Implement": "construction", "Review": "fact_check", "Closed": "task_alt",
    "Rejected": "close", "Cancelled": "delete",
}  # fmt: skip
LOOK_SECONDS = 5.0
"""How often an open page looks whether somebody else decided meanwhile."""


def show() -> None:
    """Draw the page of the change that the address names."""
    desk, moment, plan = desk_plan_or_stop("Change")
    with st.container(horizontal=True):
        if st.button("Proposals", icon=":material/arrow_back:", type="tertiary"):
            open_page("proposals")
        if st.button("Forward schedule", type="tertiary"):
            open_page("schedule")
    change = st.query_params.get(CHANGE, "")
    every = _every(desk, moment)
    matter = next((one for one in every if one.change == change), None)
    if matter is None:
        st.title("No such change", anchor=False)
        st.text(f"The desk has no change {visible(change)!r}." if change else "No change was chosen.")
        return
    seen = decision.looked_at(change)
    if seen is None:
        seen = matter.row["revision"]
        decision.looked(change, seen)
    title(plan, matter)
    changed_meanwhile(desk, matter, seen)
    show_needs(plan, matter)
    placement = plan.placed.get(change)
    left, right = st.columns([9, 4], gap="medium")
    with right, st.container(key="aside"):
        with st.container(border=True):
            st.subheader("Decision", anchor=False)
            standing_text(desk, plan, matter)
            decision.panel(desk, matter, seen)
            _next(every, change)
        with st.container(border=True):
            st.subheader("Conflicts", anchor=False)
            conflicts(desk, plan, matter)
        if placement is not None:
            parts.downloads(plan, placement, lambda: invites(desk, change))
    with left:
        _reasons(plan, matter, placement)
        zone = plan.portfolio.policy.time_zone
        st.subheader("Objections", anchor=False)
        talk.show_objections(desk, change, zone)
        talk.show_replies(desk, change, zone)
        st.subheader("Comments", anchor=False)
        talk.show_comments(desk, change, zone)
    if placement is not None:
        explanation, price = plan.explain(change)
        parts.alternatives(explanation)
        _take_another(desk, matter, explanation.others)
        parts.curve_of(plan, change, price)
    st.subheader("History", anchor=False)
    talk.show_history(desk, change, zone)
    _look_again_soon(desk, change, matter.row["revision"])


def _every(desk: Desk, moment: Moment) -> Sequence[Matter]:
    with desk.at.store.reading() as connection:
        approvers = approvers_of(connection)
    return matters(moment, state.now(), approvers)


def title(plan: Plan, matter: Matter) -> None:
    """Draw the title of a change with the badges of its state."""
    one = plan.portfolio.changes.get(matter.change)
    name = one.title if one is not None else ""
    st.title(escape_markdown(f"{matter.change}  {name}" if name != matter.change else name), anchor=False)
    row = matter.row
    with st.container(horizontal=True):
        st.badge(row["state"], color=COLOURS[row["state"]], icon=f":material/{SYMBOLS[row['state']]}:")  # type: ignore[arg-type]
        if row["pinned"]:
            st.badge(state_text("pinned"), color="violet")
        if row["on_hold"]:
            st.badge("on hold", color="orange", icon=":material/pause:")
        if row["stale"]:
            st.badge("stale", color="orange", icon=":material/history:")
        if one is not None:
            st.badge(one.impact.value, color="gray")
        st.badge(f"{row['type']} change", color="gray")


def changed_meanwhile(desk: Desk, matter: Matter, seen: int) -> None:
    """Say what others did to a change since the visitor looked at it; until they look again nothing is decided."""
    if matter.row["revision"] == seen:
        return
    zone = _zone(desk)
    with desk.at.store.reading() as connection:
        since = entries(connection, change=matter.change, after=seen)
    told = said_since(desk.moment(), since, zone) or "it changed"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.warning(
            f"**Changed since you looked at it:** {escape_markdown(told)}. What you decide now is refused until you "
            "look again.",
            icon=":material/sync_problem:",
        )
        st.button("Look again", key=f"look again {matter.change}", icon=":material/visibility:",
                  on_click=decision.looked, args=(matter.change, matter.row["revision"]))  # fmt: skip


def show_needs(plan: Plan, matter: Matter) -> None:
    """Say what a change waits for, and until when."""
    zone = plan.portfolio.policy.time_zone
    for need in matter.needs:
        parts_ = [escape_markdown(need.text)]
        if need.by is not None:
            parts_.append(f"By {escape_markdown(instant_text(need.by, zone))} at the latest.")
            if need.kind == "approve":
                parts_.append("After that, teams have less notice than they were promised.")
        st.info(" ".join(parts_), icon=":material/pending_actions:")


def standing_text(desk: Desk, plan: Plan, matter: Matter) -> None:
    """Say where the window of a change stands, and which exceptions it has."""
    zone, moment = plan.portfolio.policy.time_zone, desk.moment()
    if matter.planned is None:
        st.text("It has no window.")
    else:
        st.markdown(f"**{window_text(Window(matter.planned.start, matter.planned.reserved_until), zone)}**")
    if matter.proposal is not None and matter.window is not None:
        told = window_text(Window(matter.window.start, matter.window.reserved_until), zone)
        st.text(f"A move: the teams were told of {told}, which holds until the move is approved.")
    elif matter.proposal is not None:
        st.text("A proposal: nobody was told yet. Approving it announces the window to the teams.")
    elif matter.window is not None and matter.window.announced_at is not None:
        st.text(f"Announced {instant_text(matter.window.announced_at, zone)}.")
    if matter.row["approvals"]:
        st.text(f"Approved so far by {listing([visible(moment.name_of(one)) for one in matter.row['approvals']])}.")
    for one in moment.position.overrides:
        planned = matter.planned
        if (one["change"], one["ended_at"]) == (matter.change, None) and planned and one["start"] == planned.start:
            who, until = moment.name_of(one["by"]), instant_text(one["expires_at"], zone)
            st.warning(
                f"**Exception** from {escape_markdown(listing(one['rules']))}: {escape_markdown(one['reason'])}. "
                f"Set by {escape_markdown(who)}, expires {until}.",
                icon=":material/gpp_maybe:",
            )


def conflicts(desk: Desk, plan: Plan, matter: Matter, *, key: str = "") -> None:
    """Draw what stands against the window of a change, and when that was last checked."""
    zone, planned = plan.portfolio.policy.time_zone, matter.planned
    if planned is None or matter.row["state"] in ("Implement", "Review", "Closed", "Cancelled"):
        st.badge("not checked", icon=":material/help:", color="gray")
        return
    again = st.button("Check now", key=f"check {key}{matter.change}", icon=":material/refresh:", type="tertiary")
    at = None
    if not again and last_checked(desk, matter.change, planned.start) is None:
        at = sound_since(desk.moment(), plan, matter.change, planned.start)
    judged = None
    if at is None:
        check = checked(desk, matter.change, planned.start, again=again)
        if isinstance(check.found, Refusal):
            st.badge("not checked", icon=":material/help:", color="gray")
            st.text(check.found.text)
            return
        at, judged = check.at, check.found
    _broken(judged)
    st.caption(f"Last checked {clock_text(at, zone)} {zone_text(at, zone)}.")
    placement = plan.placed.get(matter.change)
    beside = None if placement is None else collisions(plan.portfolio, plan.result.schedule, placement)
    if beside is None or beside.empty:
        st.text("No other work on the same services or for the same teams at that time.")
        return
    st.text("At the same time, which the rules allow:")
    for row in beside.itertuples():
        st.text(f"• {row.change} {row.title}, {row.window} ({row.shares})")


def _broken(judged: Judged | None) -> None:
    """Badge every rule that a window breaks; none where it was not judged, as it stands in a plan that is sound."""
    if judged is None or not judged.broken:
        st.badge("OK: no rule is broken", icon=":material/check_circle:", color="green")
        return
    for one in judged.broken:
        aside = one.rule in judged.set_aside
        label = f"{conflict_name(one)}, set aside" if aside else conflict_name(one)
        st.badge(
            label, icon=":material/gpp_maybe:" if aside else ":material/warning:", color="orange" if aside else "red"
        )
        st.text(visible(one.text))


def _reasons(plan: Plan, matter: Matter, placement: Placement | None) -> None:
    change = matter.change
    if change not in plan.portfolio.changes:
        st.info("It is not planned: it is over, left out, or not in the portfolio any more.", icon=":material/info:")
        return
    parts.facts(plan, change, placement)
    if placement is None:
        parts.without_window(plan, change)
        return
    with st.spinner("Working out the reasons …"):
        explanation, _ = plan.explain(change)
    parts.price(plan, placement)
    parts.people(plan, placement)
    parts.why(explanation, row_labels(plan.portfolio, "team"))


def _take_another(desk: Desk, matter: Matter, others: Sequence[object]) -> None:
    if not others or not desk.may("move", *matter.row["teams"]):
        return
    zone = _zone(desk)
    starts = [one.window.start for one in others]  # type: ignore[attr-defined]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        start = st.selectbox("Take another window", starts, index=None, placeholder="choose one of the above",
                             format_func=lambda one: instant_text(one, zone), width=320)  # fmt: skip
        if st.button("Price it", disabled=start is None, icon=":material/edit_calendar:"):
            st.session_state[f"wish {matter.change}"] = start
            st.session_state[f"doing {matter.change}"] = "move"
            st.rerun()


def invites(desk: Desk, change: str) -> None:
    """Offer the invitations to a change, as everybody whom it concerns would get them, in one archive."""

    def made() -> bytes:
        at = desk.at
        try:
            found = invite_files(at.store, change, state.now(), public_url=at.public_url)
        except (RefusedError, StoreError) as error:
            found = {"nothing.txt": f"{error}\n".encode()}
        return archive(found or {"nothing.txt": b"Nobody whom this change concerns has a mail address.\n"})

    st.download_button(
        "Invites for everybody (.zip)",
        made,
        file_name=f"{file_name(change)}-invites.zip",
        mime="application/zip",
        key=f"invites {change}",
        on_click="ignore",
        icon=":material/forward_to_inbox:",
    )


def _next(every: Sequence[Matter], change: str) -> None:
    waiting = [one.change for one in every if one.waits and one.change != change]
    if waiting and st.button(f"Next of {len(waiting)} that wait", icon=":material/skip_next:", type="tertiary"):
        open_change(waiting[0])


@st.fragment(run_every=LOOK_SECONDS)
def _look_again_soon(desk: Desk, change: str, revision: int) -> None:
    try:
        row = desk.moment().position.changes.get(change)
    except UnusableError:
        return
    if row is not None and row["revision"] != revision:
        st.rerun()


def _zone(desk: Desk) -> str:
    portfolio = desk.moment().portfolio
    return "UTC" if portfolio is None else portfolio.policy.time_zone
