"""Inputs: bring a portfolio to the desk, see every problem and what would change, mend it in place, take it away."""

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

import streamlit as st

from scheduler.batch import sample_folder
from scheduler.desk import workflow
from scheduler.inputs import InputError, load
from scheduler.inputs.columns import FILES
from scheduler.inputs.portfolio_folder import portfolio_files
from scheduler.inputs.text_files import UnreadableError
from scheduler.portfolio import Portfolio
from scheduler.wording import window_text

from .. import state
from ..components.page import desk_or_stop, show_notice
from ..desk import Desk, Refusal
from ..markdown import escape_markdown
from ..pages import open_page
from ..text import visible
from ..uploads import Checked, archive_of, checked, mapped, merged, suggested, table_bytes, table_of, unpacked

MOST_SHOWN = 60
MOST_ROWS = 2_000
"""Rows of a table that is edited in place; larger ones are edited elsewhere."""
TYPES = ["csv", "xlsx", "parquet", "zip", "toml", "ics", "tsv", "txt"]
KNOWN_TOOLS = {"": "by the names of its columns", "servicenow": "ServiceNow", "jira": "Jira"}
_DRAFT, _CHECKED, _ROUND = "inputs draft", "inputs checked", "inputs round"


def show() -> None:
    """Draw the page."""
    st.title("Inputs", anchor=False)
    show_notice()
    desk = desk_or_stop()
    moment = desk.moment()
    if moment.portfolio is None:
        st.info("There is no portfolio at this desk yet. Upload one, or load the sample.", icon=":material/inbox:")
    else:
        _present(moment.portfolio, moment.version)
    if not desk.may("import"):
        st.caption("Change managers bring portfolios in.")
        return
    draft: dict[str, Any] | None = st.session_state.get(_DRAFT)
    _bring(desk, draft)
    if draft is not None:
        _review(desk, draft)


def _present(portfolio: Portfolio, version: int | None) -> None:
    policy = portfolio.policy
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        with st.container(gap=None):
            st.markdown(f"**{escape_markdown(policy.name)}**, version {version}")
            st.text(
                f"{window_text(portfolio.horizon.window, policy.time_zone)} · {len(portfolio.changes)} changes · "
                f"{len(portfolio.services)} services · {len(portfolio.teams)} teams"
            )
        st.download_button(
            "Download its tables",
            lambda: archive_of(portfolio_files(portfolio)),
            file_name="portfolio.zip",
            mime="application/zip",
            on_click="ignore",
            icon=":material/download:",
        )


# --- bringing one in -------------------------------------------------------------------------------------------------


def _bring(desk: Desk, draft: Mapping[str, Any] | None) -> None:
    portfolio, round_ = desk.moment().portfolio, st.session_state.get(_ROUND, 0)
    with st.container(border=True):
        st.subheader("Bring one in", anchor=False)
        st.text(
            "Tables as CSV, Excel or Parquet, policy.toml, calendars, a zip of the folder, a workbook with a sheet for "
            "each table, or an export of another tool. Nothing is stored before you have seen what it changes."
        )
        uploads = st.file_uploader(
            "Files", TYPES, accept_multiple_files=True, key=f"inputs files {round_}", label_visibility="collapsed"
        )
        keep = portfolio is not None and st.checkbox("Keep the present tables where no other is uploaded", value=True)
        with st.container(horizontal=True):
            if st.button("Read the files", type="primary", icon=":material/upload_file:", disabled=not uploads):
                found = {one.name: one.getvalue() for one in uploads}
                base = portfolio_files(portfolio) if keep and portfolio is not None else {}
                if draft is not None and keep:
                    base = merged(base, draft["files"])
                parcel = unpacked(found)
                _redraft(merged(base, parcel.files), ", ".join(found), parcel.foreign, parcel.problems)
            if portfolio is not None and st.button("Edit the present one", icon=":material/edit:"):
                _redraft(portfolio_files(portfolio), "edited in the browser")
            if portfolio is None and st.button("Load the sample", icon=":material/science:"):
                _load_sample(desk)


def _redraft(
    files: Mapping[str, bytes],
    source: str,
    foreign: Mapping[str, bytes] | None = None,
    problems: list[str] | None = None,
) -> None:
    st.session_state[_DRAFT] = {
        "files": dict(files), "source": source[:200], "foreign": dict(foreign or {}), "problems": problems or [],
    }  # fmt: skip
    _again()


def _again() -> None:
    """Check the draft anew, with fresh fields."""
    st.session_state.pop(_CHECKED, None)
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1
    st.rerun()


def _forget() -> None:
    for name in (_DRAFT, _CHECKED):
        st.session_state.pop(name, None)


def _load_sample(desk: Desk) -> None:
    try:
        portfolio = load(sample_folder())
    except InputError as error:
        _list("The sample cannot be read.", error.problems)
        return
    _import(desk, portfolio, "The sample is at the desk. Plan it next.")


def _import(desk: Desk, portfolio: Portfolio, good: str) -> None:
    done = desk.attempt(workflow.import_portfolio, portfolio, seen=desk.moment().version)
    if isinstance(done, Refusal):
        state.notice(done.text, "bad")
        st.rerun()
    _forget()
    state.notice(good, "good")
    open_page("replan")


# --- looking at it before it is stored -------------------------------------------------------------------------------


def _review(desk: Desk, draft: dict[str, Any]) -> None:
    found: Checked | None = st.session_state.get(_CHECKED)
    if found is None:
        with st.spinner("Checking every table …"):
            found = st.session_state[_CHECKED] = checked(draft["files"], draft["source"])
    st.subheader("What was read", anchor=False)
    st.text(
        f"From {visible(draft['source'])}: {visible(', '.join(sorted(draft['files'])) or 'no table of a portfolio')}"
    )
    if draft["problems"]:
        _list("Some of it cannot be used.", draft["problems"])
    for name in sorted(draft["foreign"]):
        _foreign(draft, name)
    if found.portfolio is None:
        _list(f"{len(found.problems)} to mend before it can be imported:", list(found.problems))
    else:
        _what_changes(desk, found.portfolio)
    st.button("Put it aside", icon=":material/delete:", on_click=_forget)
    _edit(draft, found)


def _list(title: str, problems: list[str]) -> None:
    st.error(title, icon=":material/error:")
    with st.container(height=min(260, 40 + 28 * len(problems)), key=f"problems {title[:12]}"):
        for one in problems[:MOST_SHOWN]:
            st.text(visible(one))
        if len(problems) > MOST_SHOWN:
            st.caption(f"and {len(problems) - MOST_SHOWN} more")


def _what_changes(desk: Desk, portfolio: Portfolio) -> None:
    st.success("No problem was found.", icon=":material/check_circle:")
    told = desk.look(workflow.preview, portfolio)
    if isinstance(told, Refusal):
        st.error(escape_markdown(told.text), icon=":material/error:")
        return
    for line in told.text.splitlines():
        st.text(visible(line))
    if portfolio.warnings:
        with st.expander(f"{len(portfolio.warnings)} to know", icon=":material/info:"):
            for one in portfolio.warnings[:MOST_SHOWN]:
                st.text(visible(one))
    if st.button("Import", type="primary", icon=":material/input:", disabled=told.same):
        _import(desk, portfolio, "It is at the desk. Plan it next.")


# --- editing ---------------------------------------------------------------------------------------------------------


def _edit(draft: dict[str, Any], found: Checked) -> None:
    tables = [file for file in FILES if file not in ("policy.toml", "usage.csv")]
    broken = next((file for one in found.problems for file in (*tables, "policy.toml") if one.startswith(file)), None)
    with st.expander("Edit a table", expanded=found.portfolio is None, icon=":material/edit:"):
        names = [*tables, "policy.toml"]
        round_ = st.session_state.get(_ROUND, 0)
        file = st.selectbox(
            "Table", names, names.index(broken or "changes.csv"), key=f"inputs table {round_}",
            format_func=lambda one: f"{one}: {FILES[one].meaning}",
        )  # fmt: skip
        if file == "policy.toml":
            text = draft["files"].get(file, b"").decode("utf-8", "replace")
            edited = st.text_area(file, text, height=360, key=f"inputs policy {round_}")
            _keep(draft, file, lambda: edited.encode(), edited != text)
            return
        try:
            frame = table_of(draft["files"], file)
        except UnreadableError as error:
            st.error(escape_markdown(error.text), icon=":material/error:")
            return
        if len(frame) > MOST_ROWS:
            st.info(f"It has {len(frame):,} rows; download the tables and edit it there.", icon=":material/info:")
            return
        changed = st.data_editor(
            frame, num_rows="dynamic", hide_index=False, height=380, key=f"inputs edit {file} {round_}"
        )
        _keep(draft, file, lambda: table_bytes(changed), not changed.equals(frame))


def _keep(draft: dict[str, Any], file: str, content: Callable[[], bytes], differs: bool) -> None:
    if st.button("Keep and check", icon=":material/fact_check:", type="primary", disabled=not differs):
        draft["files"] = merged(draft["files"], {file: content()})
        _again()


# --- tables of other tools -------------------------------------------------------------------------------------------


def _foreign(draft: dict[str, Any], name: str) -> None:
    with st.container(border=True):
        st.markdown(f"**{escape_markdown(name)}** is a table of another tool. Which column is what?")
        how = st.selectbox(
            "It is from", [*KNOWN_TOOLS, "mapping"], key=f"inputs tool {name}",
            format_func=lambda one: KNOWN_TOOLS.get(one, "elsewhere: say so in a mapping"),
        )  # fmt: skip
        mapping = how
        if how == "mapping":
            try:
                drafted = suggested(name, draft["foreign"][name], draft["files"])
            except InputError as error:
                _list("It cannot be read.", error.problems)
                return
            mapping = st.text_area("mapping.toml", drafted, height=300, key=f"inputs mapping {name}")
        if st.button("Turn it into changes", icon=":material/transform:", key=f"inputs turn {name}"):
            try:
                content, remarks = mapped(name, draft["foreign"][name], mapping, draft["files"])
            except InputError as error:
                _list("It cannot be turned into changes yet:", error.problems)
                return
            left = {other: one for other, one in draft["foreign"].items() if other != name}
            source = f"{draft['source']}, {PurePosixPath(name).name}"
            state.notice(" ".join([f"{name} was turned into changes.csv.", *remarks])[:500], "good")
            _redraft(merged(draft["files"], {"changes.csv": content}), source, left)
