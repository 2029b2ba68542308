"""The states of a change, and what may be done to it in which."""

from collections.abc import Mapping
from typing import Literal

State = Literal[
    "Draft",
    "Assess",
    "Proposed",
    "Authorise",
    "Scheduled",
    "Implement",
    "Review",
    "Closed",
    "Rejected",
    "Cancelled",
]
STATES: Mapping[State, str] = {
    "Draft": "It is known, and nobody has planned it yet.",
    "Assess": "Its price and its conflicts are being worked out.",
    "Proposed": "It has a window that waits for a decision.",
    "Authorise": "Some of those who must approve it have, or it is an emergency.",
    "Scheduled": "Its window is approved and announced.",
    "Implement": "Work goes on.",
    "Review": "Work is over, and somebody looks back at it.",
    "Closed": "All is done.",
    "Rejected": "Its window was rejected; the next plan looks for another.",
    "Cancelled": "It will not be done.",
}
OVER: tuple[State, ...] = ("Review", "Closed", "Cancelled")
"""States in which a change needs no window any more."""

_OPEN: frozenset[State] = frozenset(("Draft", "Assess", "Proposed", "Authorise", "Scheduled", "Rejected"))
_DECIDED: frozenset[State] = frozenset(("Proposed", "Authorise", "Scheduled"))
_WORK: frozenset[State] = frozenset(("Implement",))

ALLOWED: Mapping[str, frozenset[State]] = {
    "assess": frozenset(("Draft",)),
    "propose": _OPEN,
    "withdraw": _DECIDED,
    "move": _OPEN,
    "approve": _DECIDED,
    "reject": _DECIDED,
    "defer": _DECIDED,
    "pin": _DECIDED,
    "unpin": _DECIDED,
    "hold": _OPEN,
    "release": _OPEN,
    "cancel": _OPEN,
    "start": frozenset(("Scheduled",)),
    "extend": _WORK,
    "finish": _WORK,
    "backout": _WORK,
    "review": frozenset(("Review",)),
    "object": _DECIDED,
}
"""In which states what may be done; anything else about a change may always be done."""


def planned_state(type: str, state: State) -> State:
    """Give the state of a change that is being planned: only normal ones are assessed, emergencies await approval."""
    if state not in ("Draft", "Rejected", "Proposed"):
        return state
    match type:
        case "emergency":
            return "Authorise"
        case "standard":
            return "Draft"
    return "Assess"


def proposed_state(type: str, state: State) -> State:
    """Give the state of a change that got a new window to decide on."""
    if state == "Scheduled":
        return state
    return "Authorise" if type == "emergency" else "Proposed"
