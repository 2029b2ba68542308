"""The way in and out: the page of somebody who may not come in, and who is signed in."""

import streamlit as st

from scheduler.desk.access import ForbiddenError

from .. import state
from ..markdown import escape_markdown
from ..review import UnusableError
from ..text import visible


def closed_door() -> None:
    """Say why somebody does not come in, and what helps."""
    desk = state.desk()
    door = desk.door() if desk is not None else None
    if desk is None or door is None:
        return
    st.title("Maintenance windows", anchor=False)
    match door.closed:
        case "sign in":
            st.text("Sign in to see the windows, their prices and what needs a decision.")
        case "sign in again":
            st.info("You signed in a while ago. Sign in again to go on.", icon=":material/timer_off:")
        case "nobody is known":
            st.warning("This desk has no users yet.", icon=":material/person_off:")
            st.caption("Whoever runs the server adds the first one, an administrator, by their mail address:")
            st.code("scheduler user add you@example.com --role administrator", language=None)
        case _:
            st.warning(
                f"**{escape_markdown(door.name or door.user)}** is not a user of this desk.",
                icon=":material/person_off:",
            )
            st.caption("An administrator adds people on the page People, or with:")
            st.code("scheduler user add USER --role ROLE", language=None)
    if desk.signed_in is None:
        return
    if door.closed in ("sign in", "sign in again"):
        st.button("Sign in", type="primary", icon=":material/login:", on_click=st.login)
    else:
        st.button("Sign out", icon=":material/logout:", on_click=st.logout)


def not_allowed() -> None:
    """Say that a page is for others."""
    desk = state.desk()
    st.title("Not for your role", anchor=False)
    who = "" if desk is None else f"You are {desk.actor().role} here. "
    st.info(
        f"{who}This page is for people with another role; an administrator can change yours.", icon=":material/lock:"
    )


def visitor_menu() -> None:
    """Say on every page who looks, in which role, and offer to sign out."""
    desk = state.desk()
    if desk is None or desk.signed_in is None:
        return
    try:
        actor, name = desk.actor(), desk.door().name
    except (ForbiddenError, UnusableError):
        return
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
        st.caption(escape_markdown(visible(f"{name} · {actor.role}")), width="content")
        st.button("Sign out", icon=":material/logout:", type="tertiary", on_click=st.logout)
