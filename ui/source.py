"""What the screens show, wherever it comes from: the files of a plan, or the desk."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from scheduler.horizon import Window
from scheduler.schedule import Schedule

from .review import Plan, Standing

Verdict = Literal["approve", "reject"]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a visitor looked at when deciding: which plan and window, and how far the decisions on the change went.

    `known` is that of its `Standing`: the number of decisions in a folder, the revision of the change at the desk.
    """

    plan: str
    known: int
    window: Window


class Source(Protocol):
    """Where plans come from and decisions go to; the screens know nothing else of it.

    Methods that read may raise `UnusableError`.
    """

    asks_name: bool
    """Whether whoever decides says who they are; else that is known."""

    def is_read(self) -> bool:
        """Tell whether the plan that holds now has been read, so that nobody need wait for it."""

    def plan(self) -> Plan:
        """Give the plan that holds now."""

    def standing(self, shown: Plan) -> Mapping[str, Standing]:
        """Give where every window of a plan stands, by change."""

    def decided(self, shown: Plan) -> Schedule:
        """Give the schedule of a plan as was decided since: approved is announced, rejected is gone."""

    def waiting(self, shown: Plan) -> list[str]:
        """List the changes whose window was rejected, and which have no new one yet."""

    def stale(self, shown: Plan) -> str:
        """Say that inputs changed since the plan was made, and what that means; empty where they did not."""

    def decide(self, change: str, verdict: Verdict, seen: Seen, *, reason: str, by: str) -> str:
        """Approve or reject the window of a change that was seen; give what stands against it, or nothing."""

    def visitor(self) -> str:
        """Give the name of whoever looks; empty where nobody knows."""

    def held(self) -> AbstractContextManager[None]:
        """Show one moment for as long as a page is drawn."""

    def warm(self) -> None:
        """Do now what the first visitor would otherwise wait for."""

    def stop(self) -> None:
        """End what was started."""
