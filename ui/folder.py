"""A plan in a folder as the screens show it, with the decisions in a file beside it.

One server shows one folder. The plan in it is read when it first is, and again when another takes its place; everything
else about it is worked out once.
"""

import getpass
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scheduler.inputs import InputError
from scheduler.inputs.decisions import LoggedDecision, read_decisions
from scheduler.portfolio import Decision
from scheduler.publish.decisions import OutdatedError, log_decision
from scheduler.publish.read_back import plan_id, read_document
from scheduler.schedule import Schedule
from scheduler.wording import window_text

from .replan import Replan
from .review import (
    FolderPlan,
    Plan,
    Signature,
    Standing,
    UnusableError,
    as_decided,
    changed_since,
    read_plan,
    signature,
    standings,
    told_at,
)
from .source import Seen, Verdict


@dataclass(eq=False)
class Folder:
    """The folder of a plan; `portfolio` replaces the portfolio's folder that the plan names."""

    out: Path
    portfolio: Path | None = None
    asks_name: bool = True
    read: FolderPlan | None = None
    changes: tuple[Signature, str] | None = None
    run: Replan | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)

    def held(self) -> AbstractContextManager[None]:
        """Do nothing: a plan is replaced as a whole, and decisions are few."""
        return nullcontext()

    def warm(self) -> None:
        """Read the plan, and work out what the first questions about it need, before anybody asks."""
        try:
            self.plan().warm()
        except UnusableError:
            return  # whoever opens the page is told

    def stop(self) -> None:
        """End the run of a new plan, if there is one."""
        if self.run is not None:
            self.run.give_up()

    def is_read(self) -> bool:
        """Tell whether the plan that is in the folder now has been read."""
        return self.read is not None and self.read.id == plan_id(self.out)

    def plan(self) -> FolderPlan:
        """Give the plan that is in the folder now.

        Raises
        ------
        UnusableError
            If there is none, or it or its portfolio cannot be read.
        """
        with self.lock:
            if not self.is_read():
                self.read, self.changes = None, None
                self.read = read_plan(self.out, self.portfolio)
            assert self.read is not None
            return self.read

    def changed(self) -> str:
        """Say that the portfolio is no longer what the plan was made from; empty where it is."""
        shown = self.plan()
        found = signature(shown.folder)
        if found == shown.signature:
            return "The portfolio changed." if shown.stale else ""
        with self.lock:
            if self.changes is None or self.changes[0] != found:
                self.changes = found, changed_since(shown)
            return self.changes[1]

    def stale(self, shown: Plan) -> str:
        """Say that the portfolio changed, and what that means."""
        changed = self.changed()
        means = "This plan was made from something else; windows cannot be approved until you replan."
        return f"{changed} {means}" if changed else ""

    # --- decisions ---------------------------------------------------------------------------------------------------

    def log(self) -> list[LoggedDecision]:
        """Give the decisions beside the plan.

        Raises
        ------
        UnusableError
            If they cannot be read.
        """
        try:
            return read_decisions(self.out)
        except InputError as error:
            raise UnusableError("The decisions beside this plan cannot be read.", error.problems) from error

    def standing(self, shown: Plan) -> Mapping[str, Standing]:
        """Give where every window of a plan stands."""
        return standings(shown, self.log())

    def decided(self, shown: Plan) -> Schedule:
        """Give the schedule as decided."""
        return as_decided(shown, self.log())

    def waiting(self, shown: Plan) -> list[str]:
        """List the changes whose window was rejected."""
        return [change for change, one in self.standing(shown).items() if one.waits and one.state == "rejected"]

    def decide(self, change: str, verdict: Verdict, seen: Seen, *, reason: str = "", by: str = "") -> str:
        """Log a decision on the window of a change that was seen; give what stands against it, or nothing."""
        try:
            shown = self.plan()
        except UnusableError as error:
            return f"Nothing was decided. {error.what}"
        placement = shown.placed.get(change)
        if seen.plan != shown.id or placement is None:
            return f"The plan was replaced by another since you looked at it. {_what_became_of(change, seen, shown)}"
        if verdict == "reject" and not reason.strip():
            return "Say why: the reason helps whoever plans next. Nothing was decided."
        told = told_at(shown, placement) if verdict == "approve" else None
        if verdict == "approve" and told is None:
            return "This window has begun, so nobody could be told any more. Reject it, or replan."
        if verdict == "approve" and (changed := self.changed()):
            return f"{changed} This plan was made from something else: replan before you approve. Nothing was decided."
        made = LoggedDecision(
            decision=Decision(change=change, kind=verdict, start=placement.start, announced_at=told),
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

    def visitor(self) -> str:
        """Give the name that decisions are signed with unless another is given."""
        return local_name()

    # --- planning anew -----------------------------------------------------------------------------------------------

    def start_replan(self, shown: FolderPlan | None, seconds: float) -> str:
        """Plan anew, unless somebody does already; give what stands against it, or nothing."""
        with self.lock:
            if self.run is not None and self.run.state == "running":
                return "Somebody is planning anew already."
            folder = shown.folder if shown else self.portfolio or _named_folder(self.out)
            if folder is None:
                return "Nothing says where the portfolio is: serve with --portfolio FOLDER."
            self.run = Replan(folder, self.out, seconds, shown.answer if shown else None)
        return ""


def local_name() -> str:
    """Give the name of whoever runs this process."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
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


def _named_folder(out: Path) -> Path | None:
    try:
        folder: Any = read_document(out).content["folder"]
    except InputError:
        return None
    return Path(folder) if folder else None
