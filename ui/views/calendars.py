"""Calendars: secret addresses to subscribe to, made, replaced and revoked, and how to subscribe in which program."""

from typing import get_args

import streamlit as st

from scheduler.desk.store import StoreError
from scheduler.desk.tokens import Token, TokenDetail
from scheduler.publish.contents import KINDS, Kind
from scheduler.publish.subscribing import PROGRAMS, Subscription

from .. import state, subscriptions
from ..components.page import show_notice
from ..markdown import escape_markdown
from ..subscriptions import OpenDesk
from ..text import visible

_KINDS: dict[Kind, str] = {
    "team": "a team: what it means for them",
    "service": "a service",
    "engineer": "an engineer: what to do and when",
    "all": "all windows",
    "blackouts": "blackouts",
}
_DETAILS: dict[TokenDetail, str] = {
    "full": "everything",
    "busy": "only that there is maintenance",
    "maintnote": "everything, and properties for programs (MAINTNOTE)",
}
_ADDRESS = "new address"


def show() -> None:
    """Draw the page."""
    st.title("Calendars", anchor=False)
    show_notice()
    at = subscriptions.desk()
    if at is None:
        st.info(
            "Calendars to subscribe to come from the store of the desk, and none is open here.", icon=":material/info:"
        )
        st.caption("Serve the plan together with a store:")
        st.code("scheduler serve DIR --store desk.db", language=None)
        return
    st.caption("Everybody who subscribes has an address of their own, which can be revoked alone. It is shown once.")
    try:
        _make(at)
        _existing(at)
    except StoreError as error:
        st.error("The store does not answer.", icon=":material/error:")
        st.text(visible(str(error)))
    # Last, so that a dialog that was just asked for opens over the whole page.
    made = st.session_state.pop(_ADDRESS, None)
    if made is not None:
        _how_to_subscribe(made)


def _make(at: OpenDesk) -> None:
    with st.container(border=True):
        st.subheader("Subscribe", anchor=False)
        left, right = st.columns(2)
        kind: Kind = left.selectbox("Calendar of", KINDS, format_func=lambda one: _KINDS[one], key="calendar kind")
        scope = _scope(at, kind, right)
        details = [one for one in get_args(TokenDetail) if not (kind == "blackouts" and one == "maintnote")]
        detail: TokenDetail = left.selectbox(
            "It shows", details, format_func=lambda one: _DETAILS[one], key="calendar detail"
        )
        subscriber = right.text_input("For whom", state.visitor(), key="calendar for", max_chars=200)
        proposals = kind != "blackouts" and st.checkbox(
            "Show windows that are not approved yet too", key="calendar proposals"
        )
        if st.button("Make the address", type="primary", icon=":material/link:", disabled=scope is None):
            made = subscriptions.subscribe(
                at, kind, scope or "", detail, proposals=bool(proposals), subscriber=subscriber, by=state.visitor()
            )
            _outcome(made)


def _scope(at: OpenDesk, kind: Kind, place: st.delta_generator.DeltaGenerator) -> str | None:
    if kind in ("all", "blackouts"):
        return ""
    known = at.feeds.archive(state.now()).names(kind)
    chosen: str | None = place.selectbox(kind.capitalize(), known, format_func=visible, key=f"calendar {kind}")
    return chosen


def _existing(at: OpenDesk) -> None:
    st.subheader("Addresses that work now", anchor=False)
    found = subscriptions.good_tokens(at)
    if not found:
        st.text("There are none yet.")
    for one in found:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.text(_words(one), width="stretch")
            if one.successor is None and st.button("Replace", key=f"replace {one.id}", icon=":material/autorenew:"):
                _outcome(subscriptions.replace(at, one.id, by=state.visitor()))
            if st.button("Revoke", key=f"revoke {one.id}", icon=":material/block:"):
                refused = subscriptions.revoke(at, one.id, by=state.visitor())
                state.notice(
                    refused or "The address is revoked; it opens nothing any more.", "bad" if refused else "good"
                )
                st.rerun()


def _words(one: Token) -> str:
    of = f"{one.kind} {one.scope}" if one.scope else {"all": "all windows"}.get(one.kind, one.kind)
    parts = [of, _DETAILS[one.detail], "with proposals" if one.proposals else "", f"for {one.user}"]
    if one.expires_at is not None:
        parts.append(f"replaced, works until {one.expires_at:%Y-%m-%d %H:%M} UTC")
    return visible(" · ".join(filter(None, parts)))


def _outcome(made: Subscription | str) -> None:
    if isinstance(made, str):
        state.notice(made, "bad")
    else:
        st.session_state[_ADDRESS] = made
    st.rerun()


@st.dialog("Subscribe to this calendar", width="large")
def _how_to_subscribe(made: Subscription) -> None:
    st.markdown("**This address is shown once.** Whoever has it can read the calendar: treat it like a password.")
    code, address = st.columns([1, 3], vertical_alignment="center")
    code.image(made.code(), width=170, caption="for a telephone")
    with address:
        st.code(made.address, language=None, wrap_lines=True)
        st.link_button("Open in the calendar of this device", made.webcal, icon=":material/calendar_add_on:")
    for warning in made.warnings:
        st.warning(escape_markdown(warning), icon=":material/warning:")
    for tab, program in zip(st.tabs([one.name for one in PROGRAMS]), PROGRAMS, strict=True):
        with tab:
            st.markdown("\n".join(f"{number}. {escape_markdown(one)}" for number, one in enumerate(program.steps, 1)))
            st.markdown(f"**How soon changes show:** {escape_markdown(program.wait)}.")
            st.caption(escape_markdown(program.remark))
            if program.service:
                st.caption("It is fetched from its maker's machines, which must be able to reach the address.")
    st.caption("No calendar is quick enough for what changes within two days: that has to be said in another way too.")
