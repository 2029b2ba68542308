"""Maintenance windows where clients lose least, with proof."""

import pathlib
from typing import TYPE_CHECKING, Any

from scheduler.explain import explain
from scheduler.explanation import Explanation
from scheduler.horizon import Window
from scheduler.inputs import InputError, load, read_schedule
from scheduler.portfolio import Change, Engineer, Policy, Portfolio, Service, Team
from scheduler.publish.files import write_plan
from scheduler.schedule import Charge, Placement, Result, Schedule, Violation
from scheduler.verify import bill, verify

_CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
if (_CHECKOUT / "pyproject.toml").is_file():
    # In a checkout `data` and `ui` lie beside the package; the wheel carries them inside it.
    __path__.append(str(_CHECKOUT))

if TYPE_CHECKING:
    from scheduler.batch import plan
    from scheduler.solver.solve import solve

__all__ = [
    "Change",
    "Charge",
    "Engineer",
    "Explanation",
    "InputError",
    "Placement",
    "Policy",
    "Portfolio",
    "Result",
    "Schedule",
    "Service",
    "Team",
    "Violation",
    "Window",
    "bill",
    "explain",
    "load",
    "plan",
    "read_schedule",
    "solve",
    "verify",
    "write_plan",
]


def __getattr__(name: str) -> Any:
    # What needs OR-Tools is loaded when it is asked for: reading and judging a schedule do not.
    if name == "plan":
        from scheduler.batch import plan

        return plan
    if name == "solve":
        from scheduler.solver.solve import solve

        return solve
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
