"""What is kept between runs of the page: the plan that is shown, the run of a new one, and what a visitor has seen.

One server shows one folder. The plan in it is read when it first is, and again when another takes its place; everything
else about it is worked out once.
"""

import getpass
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from scheduler.horizon import Window
from scheduler.inputs import InputError
from scheduler.inputs.decisions import LoggedDecision, read_decisions
from scheduler.portfolio import Decision
from scheduler.publish.decisions import OutdatedError, log_decision
from scheduler.publish.read_back import plan_id, read_document
from scheduler.wording import window_text

from .replan import Replan
from .review import Plan, Signature, Standing, UnusableError, changed_since, read_plan, signature, standings, told_at


@dataclass
class _Shown:
    """The folder that this process shows, and what is known of it."""

    out: Path
    portfolio: Path | None = None
    plan: Plan | None = None
    changed: tuple[Signature, str] | None = None
    replan: Replan | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)


_shown: _Shown | None = None


def show(out: Path, portfolio: Path | None = None) -> None:
    """Choose the folder of a plan to show, and the portfolio's folder where it is not the one that the plan names."""
    global _shown
    _shown = _Shown(out.absolute(), portfolio.absolute() if portfolio else None)


def _here() -> _Shown:
    if _shown is None:
        raise UnusableError("Nothing is shown here.", [], "scheduler serve DIR")
    return _shown


def warm() -> None:
    """Read the plan, and work out what the first questions about it need, before anybody asks."""
    try:
        plan().warm()
    except UnusableError:
        return  # whoever opens the page is told


def stop() -> None:
    """End what this process started."""
    if _shown is not None and _shown.replan is not None:
        _shown.replan.give_up()


def is_read() -> bool:
    """Tell whether the plan that is in the folder now has been read."""
    here = _here()
    return here.plan is not None and here.plan.id == plan_id(here.out)


def plan() -> Plan:
    """Give the plan that is in the folder now.

    Raises
    ------
    UnusableError
        If there is none, or it or its portfolio cannot be read.
    """
    here = _here()
    with here.lock:
        if not is_read():
            here.plan, here.changed = None, None
            here.plan = read_plan(here.out, here.portfolio)
        assert here.plan is not None
        return here.plan


def stale(shown: Plan) -> str:
    """Say that the portfolio is no longer what the plan was made from; empty where it is."""
    here = _here()
    found = signature(shown.folder)
    if found == shown.signature:
        return "The portfolio changed." if shown.stale else ""
    with here.lock:
        if here.changed is None or here.changed[0] != found:
            here.changed = found, changed_since(shown)
        return here.changed[1]


# --- decisions -----------------------------------------------------------------------------------------------------


def log(shown: Plan) -> list[LoggedDecision]:
    """Give the decisions beside a plan.

    Raises
    ------
    UnusableError
        If they cannot be read.
    """
    try:
        return read_decisions(shown.out)
    except InputError as error:
        raise UnusableError("The decisions beside this plan cannot be read.", error.problems) from error


@dataclass(frozen=True, slots=True)
class Seen:
    """What a visitor looked at when deciding: which plan and window, and how many decisions on the change."""

    plan: str
    known: int
    window: Window


def decide(change: str, kind: Literal["approve", "reject"], seen: Seen, *, reason: str = "", by: str = "") -> str:
    """Log a decision on the window of a change that was seen; give what stands against it, or nothing."""
    try:
        shown = plan()
    except UnusableError as error:
        return f"Nothing was decided. {error.what}"
    placement = shown.placed.get(change)
    if seen.plan != shown.id or placement is None:
        return f"The plan was replaced by another since you looked at it. {_what_became_of(change, seen, shown)}"
    if kind == "reject" and not reason.strip():
        return "Say why: the reason helps whoever plans next. Nothing was decided."
    told = told_at(shown, placement) if kind == "approve" else None
    if kind == "approve" and told is None:
        return "This window has begun, so nobody could be told any more. Reject it, or replan."
    if kind == "approve" and (changed := stale(shown)):
        return f"{changed} This plan was made from something else: replan before you approve. Nothing was decided."
    made = LoggedDecision(
        decision=Decision(change=change, kind=kind, start=placement.start, announced_at=told),
        reason=reason,
        by=by,
        at=datetime.now(UTC).replace(microsecond=0),
    )
    try:
        log_decision(shown.out, made, plan=seen.plan, known=seen.known)
    except OutdatedError as error:
        return f"Nothing was decided: {error}. Look again."
    except (InputError, OSError) as error:
        return f"Nothing was decided, as it could not be written down: {error}"
    return ""


def _what_became_of(change: str, seen: Seen, shown: Plan) -> str:
    zone, placement = shown.portfolio.policy.time_zone, shown.placed.get(change)
    if placement is None:
        became = "has no window any more"
    elif placement.reserved == seen.window:
        became = "has the same window still"
    else:
        became = f"moved from {window_text(seen.window, zone)} to {window_text(placement.reserved, zone)}"
    return f"{change} {became}. Nothing was decided; look at it and decide again."


def standing(shown: Plan) -> Mapping[str, Standing]:
    """Give where every window of a plan stands."""
    return standings(shown, log(shown))


def now() -> datetime:
    """Give the instant it is."""
    return datetime.now(UTC)


def visitor() -> str:
    """Give the name that decisions are signed with unless another is given."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return ""


# --- planning anew -------------------------------------------------------------------------------------------------


def replan() -> Replan | None:
    """Give the run that was started last."""
    return _here().replan


def start_replan(shown: Plan | None, seconds: float) -> str:
    """Plan anew, unless somebody does already; give what stands against it, or nothing."""
    here = _here()
    with here.lock:
        if here.replan is not None and here.replan.state == "running":
            return "Somebody is planning anew already."
        folder = shown.folder if shown else here.portfolio or _named_folder(here.out)
        if folder is None:
            return "Nothing says where the portfolio is: serve with --portfolio FOLDER."
        here.replan = Replan(folder, here.out, seconds, shown.document.content if shown else None)
    return ""


def forget_replan() -> None:
    """Put the last run away once its outcome was read."""
    _here().replan = None


def _named_folder(out: Path) -> Path | None:
    try:
        folder: Any = read_document(out).content["folder"]
    except InputError:
        return None
    return Path(folder) if folder else None


MOST_AT_ONCE = 2
_turns = threading.BoundedSemaphore(MOST_AT_ONCE)


@contextmanager
def turn() -> Iterator[None]:
    """Draw a page when it is its turn: many at once would all take as long as the last, and hold up the feeds."""
    with _turns:
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
