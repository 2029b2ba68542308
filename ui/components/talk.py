"""What people say about a change at the desk: objections and their answers, comments, and what was decided before."""

import streamlit as st

from scheduler.desk import workflow
from scheduler.desk.access import ForbiddenError
from scheduler.desk.entries import entries
from scheduler.desk.replies import Reply, replies
from scheduler.desk.said import ObjectionOf, comments, objections
from scheduler.horizon import Window
from scheduler.wording import instant_text, window_text

from .. import state
from ..desk import Desk, Refusal
from ..dockets import history_table
from ..markdown import escape_markdown
from ..text import visible
from .decision import LONGEST, looked, looked_at

STATUS = {"open": "not answered yet", "upheld": "upheld: plans keep off that window", "declined": "declined"}
REPLIES = {
    "accepted": ("accepts", "check_circle"),
    "declined": ("declines", "cancel"),
    "tentative": ("may come", "help"),
    "countered": ("asks for another time", "schedule"),
    "said": ("wrote", "mail"),
}
"""What an answer to an invitation says, and its icon."""
_ICONS = {"open": "front_hand", "upheld": "thumb_up", "declined": "thumb_down"}


def show_objections(desk: Desk, change: str, zone: str, *, key: str = "") -> None:
    """Draw the objections to a change; whoever may answers those that are open."""
    with desk.at.store.reading() as connection:
        found = objections(connection, change=change)
    if not found:
        st.text("Nobody objects.")
    for one in found:
        with st.container(border=True):
            objection(desk, one, zone)
            if one.status == "open" and desk.may("answer", one.team):
                _answer(desk, one, key)


def objection(desk: Desk, one: ObjectionOf, zone: str) -> None:
    """Draw an objection with its answer."""
    moment = desk.moment()
    st.badge(
        f"Objection: {STATUS[one.status]}",
        icon=f":material/{_ICONS[one.status]}:",
        color="orange" if one.status == "open" else "gray",
    )
    window = f" to the window at {instant_text(one.start, zone)}" if one.start else ""
    st.text(f"{visible(one.team)} ({visible(moment.name_of(one.by))}), {instant_text(one.at, zone)}{window}:")
    st.text(visible(one.reason))
    if one.answered_at is not None:
        by = visible(moment.name_of(one.answered_by))
        st.text(f"Answer of {by}, {instant_text(one.answered_at, zone)}: {visible(one.answer)}")


def _answer(desk: Desk, one: ObjectionOf, key: str) -> None:
    with st.form(f"answer {key}{one.id}", border=False):
        text = st.text_area("Answer", key=f"answer text {key}{one.id}", max_chars=LONGEST, height=70)
        with st.container(horizontal=True):
            upheld = st.form_submit_button("Uphold: keep off this window")
            declined = st.form_submit_button("Decline")
    if not (upheld or declined):
        return
    seen = looked_at(one.change)
    done = desk.attempt(workflow.answer, one.id, uphold=upheld, text=text)
    if isinstance(done, Refusal):
        state.notice(done.text, "bad")
    else:
        state.notice(f"{one.team} has an answer.", "good")
        if seen is not None:
            looked(one.change, done.revision)
    st.rerun()


def show_replies(desk: Desk, change: str, zone: str) -> None:
    """Draw what was answered by mail to invitations to a change; nothing where nobody answered."""
    with desk.at.store.reading() as connection:
        found = replies(connection, change=change)
    if found:
        st.subheader("Answers to invitations", anchor=False)
    for one in found:
        _reply(one, zone)


def _reply(one: Reply, zone: str) -> None:
    words, icon = REPLIES[one.kind]
    who = f"{one.team}, {one.address}" if one.team else one.address
    with st.container(border=True):
        st.badge(words.capitalize(), icon=f":material/{icon}:", color="orange" if one.kind == "declined" else "gray")
        st.text(f"{visible(who)}, {instant_text(one.at, zone)}")
        if one.start is not None and one.end is not None:
            st.text(f"Proposed: {window_text(Window(one.start, one.end), zone)}")
        for text in (one.text, one.outcome):
            if text:
                st.text(visible(text))


def show_comments(desk: Desk, change: str, zone: str, *, key: str = "", label: str = "Comment") -> None:
    """Draw what was said about a change, and a field to say more."""
    with desk.at.store.reading() as connection:
        found = comments(connection, change)
    if not found:
        st.text("Nobody said anything yet.")
    moment = desk.moment()
    for one in found:
        st.caption(f"{escape_markdown(moment.name_of(one.by))}, {escape_markdown(instant_text(one.at, zone))}")
        st.text(visible(one.text))
    row = moment.position.changes.get(change)
    if row is None or not desk.may("comment", *row["teams"]):
        return
    with st.form(f"comment {key}{change}", border=False, clear_on_submit=True):
        text = st.text_area(label, key=f"comment text {key}{change}", max_chars=LONGEST, height=70)
        sent = st.form_submit_button("Say it", icon=":material/chat:")
    if sent:
        done = desk.attempt(workflow.comment, change, text)
        if isinstance(done, Refusal):
            state.notice(done.text, "bad")
        st.rerun()


def show_history(desk: Desk, change: str, zone: str) -> None:
    """Draw everything that was decided on a change, the newest first."""
    with desk.at.store.reading() as connection:
        log = entries(connection, change=change)
    table = history_table(desk.moment(), log, zone)
    if table.empty:
        st.text("Nothing was decided yet.")
        return
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            "number": st.column_config.NumberColumn("No.", width=60),
            "at": st.column_config.TextColumn("When", width=210),
            "by": st.column_config.TextColumn("Who", width=120),
            "what": st.column_config.TextColumn("What", width=150),
            "window": st.column_config.TextColumn("Window", width=300),
            "why": st.column_config.TextColumn("Why", width=320),
        },
        alt="What was decided on this change, the newest first.",
    )


def signed_in(desk: Desk) -> bool:
    """Tell whether who looks is somebody at this desk."""
    try:
        desk.actor()
    except ForbiddenError:
        return False
    return True
