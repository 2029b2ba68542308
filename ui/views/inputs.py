"""Inputs: the portfolio at the desk, and the ways to bring another one."""

import streamlit as st

from scheduler.batch import sample_folder
from scheduler.desk import workflow
from scheduler.inputs import InputError, load
from scheduler.portfolio import Portfolio
from scheduler.wording import window_text

from .. import state
from ..components.page import desk_or_stop, show_notice
from ..desk import Desk, Refusal
from ..markdown import escape_markdown
from ..pages import open_page
from ..text import visible

MOST_PROBLEMS = 50


def show() -> None:
    """Draw the page."""
    st.title("Inputs", anchor=False)
    show_notice()
    desk = desk_or_stop()
    moment = desk.moment()
    if moment.portfolio is None:
        st.info("There is no portfolio at this desk yet.", icon=":material/inbox:")
    else:
        _present(moment.portfolio, moment.version)
    if not desk.may("import"):
        st.caption("Change managers bring portfolios in.")
        return
    with st.container(border=True):
        st.subheader("The sample", anchor=False)
        st.text("A company with teams in three time zones, 40 services and 60 changes, to look around with.")
        if st.button("Load the sample", icon=":material/science:", disabled=moment.portfolio is not None):
            _load_sample(desk)


def _present(portfolio: Portfolio, version: int | None) -> None:
    policy = portfolio.policy
    st.markdown(f"**{escape_markdown(policy.name)}**, version {version}")
    st.text(
        f"{window_text(portfolio.horizon.window, policy.time_zone)} · {len(portfolio.changes)} changes · "
        f"{len(portfolio.services)} services · {len(portfolio.teams)} teams"
    )


def _load_sample(desk: Desk) -> None:
    try:
        portfolio = load(sample_folder())
    except InputError as error:
        st.error("The sample cannot be read.", icon=":material/error:")
        for problem in error.problems[:MOST_PROBLEMS]:
            st.text(visible(problem))
        return
    done = desk.attempt(workflow.import_portfolio, portfolio, seen=desk.moment().version)
    if isinstance(done, Refusal):
        state.notice(done.text, "bad")
        st.rerun()
    state.notice("The sample is at the desk. Plan it next.", "good")
    open_page("replan")
