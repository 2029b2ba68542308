"""What is kept between runs of the page: what this process shows, whose turn it is, and what a visitor was told."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import streamlit as st

from scheduler.schedule import Schedule

from .desk import Desk
from .folder import Folder
from .replan import Replan
from .review import FolderPlan, Plan, Standing, UnusableError
from .source import Seen, Source, Verdict

_source: Source | None = None


def show(out: Path, portfolio: Path | None = None) -> None:
    """Choose the folder of a plan to show, and the portfolio's folder where it is not the one that the plan names."""
    show_source(Folder(out.absolute(), portfolio.absolute() if portfolio else None))


def show_source(source: Source | None) -> None:
    """Choose what to show."""
    global _source
    _source = source


def source() -> Source:
    """Give what is shown.

    Raises
    ------
    UnusableError
        If nothing is.
    """
    if _source is None:
        raise UnusableError("Nothing is shown here.", [], "scheduler serve")
    return _source


def warm() -> None:
    """Do now what the first visitor would otherwise wait for."""
    source().warm()


def stop() -> None:
    """End what this process started."""
    if _source is not None:
        _source.stop()


def is_read() -> bool:
    """Tell whether the plan that holds now has been read."""
    return source().is_read()


def plan() -> Plan:
    """Give the plan that holds now.

    Raises
    ------
    UnusableError
        If there is none, or it or its portfolio cannot be read.
    """
    return source().plan()


def stale(shown: Plan) -> str:
    """Say that inputs changed since a plan was made, and what that means; empty where they did not."""
    return source().stale(shown)


def standing(shown: Plan) -> Mapping[str, Standing]:
    """Give where every window of a plan stands."""
    return source().standing(shown)


def decided(shown: Plan) -> Schedule:
    """Give the schedule of a plan as was decided since."""
    return source().decided(shown)


def waiting(shown: Plan) -> list[str]:
    """List the changes whose window was rejected, and which have no new one yet."""
    return source().waiting(shown)


def decide(change: str, verdict: Verdict, seen: Seen, *, reason: str = "", by: str = "") -> str:
    """Decide on the window of a change that was seen; give what stands against it, or nothing."""
    return source().decide(change, verdict, seen, reason=reason, by=by)


def visitor() -> str:
    """Give the name of whoever looks."""
    return source().visitor()


def now() -> datetime:
    """Give the instant it is."""
    return datetime.now(UTC)


def desk() -> Desk | None:
    """Give the desk where that is what is shown."""
    return _source if isinstance(_source, Desk) else None


# --- planning a folder anew ------------------------------------------------------------------------------------------


def _folder() -> Folder:
    found = source()
    if not isinstance(found, Folder):
        raise UnusableError("No folder of a plan is shown here.", [], "scheduler serve DIR")
    return found


def changed() -> str:
    """Say that the portfolio of the folder is no longer what its plan was made from."""
    return _folder().changed()


def replan() -> Replan | None:
    """Give the run that was started last."""
    return _folder().run


def start_replan(shown: FolderPlan | None, seconds: float) -> str:
    """Plan the folder anew, unless somebody does already; give what stands against it, or nothing."""
    return _folder().start_replan(shown, seconds)


def folder_plan() -> FolderPlan:
    """Give the plan in the folder.

    Raises
    ------
    UnusableError
        If there is none, or it or its portfolio cannot be read.
    """
    return _folder().plan()


def forget_replan() -> None:
    """Put the last run away once its outcome was read."""
    _folder().run = None


MOST_AT_ONCE = 2
_turns = threading.BoundedSemaphore(MOST_AT_ONCE)


@contextmanager
def turn() -> Iterator[None]:
    """Draw a page when it is its turn: many at once would all take as long as the last, and hold up the feeds."""
    with _turns, source().held():
        yield


# --- one visitor ---------------------------------------------------------------------------------------------------


def is_first_run() -> bool:
    """Tell whether a visitor has just arrived; asked again, they have not."""
    first = "arrived" not in st.session_state
    st.session_state["arrived"] = True
    return first


def notice(text: str, kind: Literal["good", "bad"]) -> None:
    """Keep something to say on the next page that is drawn for this visitor."""
    st.session_state["notice"] = (text, kind)


def take_notice() -> tuple[str, Literal["good", "bad"]] | None:
    """Give what is to be said, once."""
    found: tuple[str, Literal["good", "bad"]] | None = st.session_state.pop("notice", None)
    return found
