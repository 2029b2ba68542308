"""The log of the desk, for those who audit: who did what, when and why, to look through and to take away."""

import pandas as pd
import streamlit as st

from scheduler.desk.audit import log_csv
from scheduler.desk.entries import Entry, entries
from scheduler.desk.store import StoreError

from .. import subscriptions
from ..text import visible

_ALL = "all"
_WIDTHS = {"number": 60, "to": 170, "why": 400}


def show() -> None:
    """Draw the page."""
    st.title("Log", anchor=False)
    at = subscriptions.desk()
    if at is None:
        st.info("The log is kept in the store of the desk, and none is open here.", icon=":material/info:")
        st.caption("Serve the plan together with a store:")
        st.code("scheduler serve DIR --store desk.db", language=None)
        return
    st.caption("Entries are only ever added. Replayed from the first one, they give what the desk holds today.")
    try:
        with at.store.reading() as connection:
            log = entries(connection)
    except StoreError as error:
        st.error("The store does not answer.", icon=":material/error:")
        st.text(visible(str(error)))
        return
    if not log:
        st.info("Nothing was decided yet: import a portfolio, plan it and propose what was found.")
        st.code("scheduler import FOLDER --store desk.db", language=None)
        return
    left, middle, right = st.columns(3)
    action = left.selectbox("What", [_ALL, *sorted({one.action for one in log})], key="log action")
    who = middle.selectbox("Who", [_ALL, *sorted({one.by for one in log})], format_func=visible, key="log who")
    text = right.text_input("Change or words", key="log text", max_chars=200).strip().casefold()
    chosen = [
        one
        for one in log
        if action in (_ALL, one.action)
        and who in (_ALL, one.by)
        and text in f"{one.change or ''}\n{one.reason}".casefold()
    ]
    st.text(f"{len(chosen):,} of {len(log):,} entries, the newest first")
    if chosen:
        st.dataframe(
            pd.DataFrame([_row(one) for one in reversed(chosen)]),
            hide_index=True,
            column_config={name: st.column_config.Column(width=width) for name, width in _WIDTHS.items()},
            alt="Entries of the log, the newest first.",
        )
    st.download_button(
        "Download all as CSV",
        lambda: log_csv(log),
        file_name="log.csv",
        mime="text/csv",
        on_click="ignore",
        icon=":material/download:",
    )


def _row(one: Entry) -> dict[str, object]:
    start = one.detail.get("start")
    return {
        "number": one.seq,
        "when": f"{one.at:%Y-%m-%d %H:%M} UTC",
        "who": visible(one.by),
        "what": one.action,
        "change": visible(one.change or ""),
        "to": f"{start[:16].replace('T', ' ')} UTC" if isinstance(start, str) else "",
        "why": visible(one.reason),
    }
