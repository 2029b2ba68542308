"""What is asked for one portfolio of a batch, and what becomes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal[
    "planned",
    "kept",
    "refused",
    "not written",
    "infeasible",
    "stopped",
    "too slow",
    "too much memory",
    "failed",
    "lost",
]
REFUSED, INFEASIBLE, STOPPED = 1, 3, 4
CODES: Mapping[Kind, int] = {
    "planned": 0,
    "kept": 0,
    "refused": REFUSED,
    "not written": REFUSED,
    "infeasible": INFEASIBLE,
    "stopped": STOPPED,
    "too slow": STOPPED,
    "too much memory": STOPPED,
    "failed": STOPPED,
    "lost": STOPPED,
}
"""The exit code that each kind of end asks for."""

MEANINGS: Mapping[Kind, str] = {
    "planned": "There is a plan, and it is written.",
    "kept": "It was planned a short while ago from the same input in the same way.",
    "refused": "The input cannot be used; every reason is given.",
    "not written": "There is a plan, but its files could not be written.",
    "infeasible": "No schedule obeys every rule; what cannot be met together is given.",
    "stopped": "Time was up, or the run was stopped, before there was a schedule.",
    "too slow": "It was given up at the hard limit of time.",
    "too much memory": "It was given up at the limit of memory.",
    "failed": "The program made a mistake; the message helps to find it.",
    "lost": "Its process was ended by something else, each time it was tried.",
}


@dataclass(frozen=True, kw_only=True)
class Job:
    """One portfolio of a batch: where it is, and how it is planned.

    `out` is where its plan goes: decisions that people left there count. `memory_limit` is in MiB. `hard_limit` counts
    seconds from the beginning, reading included; `time_limit` and `deterministic` are those of a plan.
    """

    name: str
    folder: str
    out: str
    time_limit: float = 30.0
    deterministic: float | None = None
    hard_limit: float = 210.0
    memory_limit: int | None = None
    workers: int = 1
    seed: int = 0
    now: str | None = None
    report: bool = True

    @property
    def parameters(self) -> dict[str, Any]:
        """What a plan depends on beside its input: limits of time and memory only end it early."""
        return {
            "time_limit": self.time_limit if self.deterministic is None else None,
            "deterministic": self.deterministic,
            "workers": self.workers,
            "seed": self.seed,
            "now": self.now,
            "report": self.report,
        }


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one portfolio.

    Costs are whole cents, `peak_mib` the most memory that its processes held together, `files` those of the plan by
    their paths in its folder; they are written by whoever runs the batch, and so from one place alone.
    """

    name: str
    folder: str
    kind: Kind
    messages: tuple[str, ...] = ()
    status: str = ""
    currency: str = ""
    cost_cents: int | None = None
    objective_cents: int | None = None
    bound_cents: int | None = None
    gap: float | None = None
    placed: int | None = None
    changes: int | None = None
    portfolio_hash: str = ""
    now: str = ""
    seconds: float = 0.0
    peak_mib: int | None = None
    attempts: int = 1
    place: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    @property
    def code(self) -> int:
        """The exit code that it asks for."""
        return CODES[self.kind]

    def document(self) -> dict[str, Any]:
        """Give it as the content of a JSON document, without the files."""
        given = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "files"}
        return given | {"messages": list(self.messages), "exit_code": self.code}
