"""The router: which pages there are, and the frame around them."""

from pathlib import Path

import streamlit as st

if __name__ == "__main__":
    __package__ = "scheduler.ui"  # it is run as a script (PEP 366)

from . import pages, state
from .views import (
    calendars,
    change,
    change_desk,
    forward_schedule,
    inputs,
    log,
    meeting,
    my_team,
    proposals,
    replan,
    replan_desk,
    savings,
)


def main() -> None:
    """Draw the page that is asked for."""
    # A name of an icon here would be fetched from elsewhere.
    icon = Path(__file__).parent / "icon.png"
    st.set_page_config(page_title="Maintenance windows", page_icon=str(icon), layout="wide")
    every = {
        "schedule": st.Page(forward_schedule.show, title="Forward schedule", url_path="schedule", default=True),
        "change": st.Page(change.show, title="Change", url_path="change", visibility="hidden"),
        "savings": st.Page(savings.show, title="Savings and burden", url_path="savings"),
        "replan": st.Page(replan.show, title="Replan", url_path="replan"),
        "calendars": st.Page(calendars.show, title="Calendars", url_path="calendars"),
        "log": st.Page(log.show, title="Log", url_path="log"),
    }
    if state.desk() is not None:
        every["replan"] = st.Page(replan_desk.show, title="Replan", url_path="replan")
        every["change"] = st.Page(change_desk.show, title="Change", url_path="change", visibility="hidden")
        every["proposals"] = st.Page(proposals.show, title="Proposals", url_path="proposals")
        every["meeting"] = st.Page(meeting.show, title="Meeting", url_path="meeting")
        every["team"] = st.Page(my_team.show, title="My team", url_path="my-team")
        every["inputs"] = st.Page(inputs.show, title="Inputs", url_path="inputs")
    pages.keep(every)
    chosen = st.navigation(list(every.values()), position="top")
    first = state.is_first_run()
    if chosen == every["schedule"] and pages.CHANGE in st.query_params:
        asked_for = st.query_params[pages.CHANGE]
        del st.query_params[pages.CHANGE]
        # Later on this is where the browser's way back leads from a change, which must not lead there again.
        if first:
            pages.open_change(asked_for)
    with state.turn():
        chosen.run()


if __name__ == "__main__":
    main()
