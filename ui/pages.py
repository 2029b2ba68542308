"""The ways from one page to another."""

from collections.abc import Mapping
from typing import NoReturn

import streamlit as st
from streamlit.navigation.page import Page

CHANGE = "change"
"""The query parameter that names a change."""

_PAGES = "pages"


def keep(pages: Mapping[str, Page]) -> None:
    """Remember the pages of this visit by name: screens lead to each other, and would import each other otherwise."""
    st.session_state[_PAGES] = pages


def open_change(change: str) -> NoReturn:
    """Go to the page of a change, as it stands now."""
    st.session_state.pop("looked at", None)
    st.switch_page(st.session_state[_PAGES]["change"], query_params={CHANGE: change})


def open_page(name: str, **parameters: str) -> NoReturn:
    """Go to a page by its name, with query parameters if any are given."""
    st.switch_page(st.session_state[_PAGES][name], query_params=parameters or None)
