"""The router: which pages there are, who sees them, and the frame around them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import streamlit as st
from streamlit.navigation.page import Page

if __name__ == "__main__":
    __package__ = "scheduler.ui"  # it is run as a script (PEP 366)

from . import pages, state
from .components.door import closed_door, not_allowed, visitor_menu
from .components.page import palette
from .desk import Desk
from .review import UnusableError
from .theme import page_style
from .views import (
    calendars,
    change,
    change_desk,
    forward_schedule,
    inputs,
    log,
    meeting,
    my_team,
    outages,
    people,
    proposals,
    replan,
    replan_desk,
    runs,
    savings,
    teams,
    week,
    what_if,
)


@dataclass(frozen=True, slots=True)
class Screen:
    """A page: its name within the program, what draws it, its title, and what its visitors must be allowed to do.

    `at` says where it is shown: at the desk, on the files of a plan, or on both. `section` is the part of the menu that
    it is under, none for what people open many times a day.
    """

    name: str
    show: Callable[[], None]
    title: str
    needs: str = "look"
    at: Literal["both", "desk", "files"] = "both"
    visible: bool = True
    path: str = ""
    section: str = ""


# In the order of the menu. A string here would be drawn on every page: Streamlit runs this file as a script.
SCREENS = (
    Screen("schedule", forward_schedule.show, "Forward schedule"),
    Screen("change", change.show, "Change", at="files", visible=False),
    Screen("change", change_desk.show, "Change", at="desk", visible=False),
    Screen("week", week.show, "Week"),
    Screen("proposals", proposals.show, "Proposals", at="desk"),
    Screen("meeting", meeting.show, "Meeting", needs="approve", at="desk"),
    Screen("team", my_team.show, "My team", path="my-team", at="desk"),
    Screen("outages", outages.show, "Service outage", section="Clients"),
    Screen("teams", teams.show, "Teams", section="Clients"),
    Screen("savings", savings.show, "Savings and burden", section="Clients"),
    Screen("calendars", calendars.show, "Calendars", section="Clients"),
    Screen("replan", replan.show, "Replan", at="files", section="Plans"),
    Screen("replan", replan_desk.show, "Replan", needs="plan", at="desk", section="Plans"),
    Screen("runs", runs.show, "Runs", at="desk", section="Plans"),
    Screen("what-if", what_if.show, "What if", needs="plan", at="desk", section="Plans"),
    Screen("inputs", inputs.show, "Inputs", needs="import", at="desk", section="Records"),
    Screen("log", log.show, "Log", section="Records"),
    Screen("people", people.show, "People", at="desk", section="Records"),
)


NOT_ALLOWED = "Not for your role"


def main() -> None:
    """Draw the page that is asked for."""
    # A name of an icon here would be fetched from elsewhere.
    icon = Path(__file__).parent / "icon.png"
    st.set_page_config(page_title="Maintenance windows", page_icon=str(icon), layout="wide")
    st.html(page_style(palette()))
    with state.turn():
        every = allowed()
        pages.keep(every)
        chosen = st.navigation(menu(every), position="top")
        visitor_menu()
        first = state.is_first_run()
        if chosen == every.get("schedule") and pages.CHANGE in st.query_params:
            asked_for = st.query_params[pages.CHANGE]
            del st.query_params[pages.CHANGE]
            # Later on this is where the browser's way back leads from a change, which must not lead there again.
            if first:
                pages.open_change(asked_for)
        chosen.run()


def allowed() -> Mapping[str, Page]:
    """Give the pages that the visitor may see, by name; at a closed door, the one that says so."""
    desk = state.desk()
    closed = desk is not None and _is_closed(desk)
    found = {}
    for one in SCREENS:
        if one.at not in ("both", "files" if desk is None else "desk"):
            continue
        # Every address leads somewhere: else it would be a page that is not found, to whoever follows a link.
        allowed = desk is None or one.needs == "look" or desk.may(one.needs)
        found[one.name] = st.Page(
            closed_door if closed else one.show if allowed else not_allowed,
            title="Sign in" if closed else one.title if allowed else NOT_ALLOWED,
            url_path=one.path or one.name,
            default=one is SCREENS[0],
            visibility="visible" if one.visible and allowed and not closed else "hidden",
        )
    return found


def menu(every: Mapping[str, Page]) -> dict[str, list[Page]]:
    """Give the pages by their section of the menu, in its order."""
    found: dict[str, list[Page]] = {}
    for one in SCREENS:
        page = every.get(one.name)
        if page is not None and page not in found.setdefault(one.section, []):
            found[one.section].append(page)
    return found


def _is_closed(desk: Desk) -> bool:
    try:
        return bool(desk.door().closed)
    except UnusableError:
        return False  # said by the page, as for any other source


if __name__ == "__main__":
    main()
