"""Cards: one figure with its name above it and what it means below."""

import streamlit as st

from ..markdown import escape_markdown


def card(label: str, value: str, note: str) -> None:
    """Draw a card; cards in one grid are of one height."""
    with st.container(border=True, height="stretch", gap=None, key=f"card-{label}"):
        st.caption(escape_markdown(label))
        st.metric(escape_markdown(label), escape_markdown(value), label_visibility="collapsed")
        st.caption(escape_markdown(note))
