"""How much work a run may do: wall-clock seconds, or units that are counted and so the same on every machine."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Effort:
    """A budget of `seconds`, or of deterministic `units` where they are given, that phases draw on.

    A unit is about a second of one core; CP-SAT counts its own, other work is charged a fixed price per step. `stop`
    ends every phase early.
    """

    seconds: float
    units: float | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    started: float = field(default_factory=time.monotonic)
    spent: float = 0.0

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    @property
    def used(self) -> float:
        """The share of the budget that is gone, 1 or more when it is used up or somebody asked to stop."""
        if self.stop.is_set():
            return 1.0
        if self.units is not None:
            return self.spent / self.units if self.units > 0 else 1.0
        return self.elapsed / self.seconds if self.seconds > 0 else 1.0

    @property
    def left(self) -> float:
        """What is left of the budget, in its own measure."""
        return max(0.0, 1.0 - self.used) * (self.seconds if self.units is None else self.units)

    def charge(self, units: float) -> None:
        """Count work that was done; wall-clock budgets ignore it."""
        self.spent += units

    def first(self, share: float) -> "Effort":
        """Give the first `share` of a budget of which nothing is spent as a budget of its own."""
        return Effort(self.seconds * share, None if self.units is None else self.units * share, self.stop, self.started)

    def until(self, share: float, price: float, steps: float, tick: Callable[[], None]) -> Callable[[], float]:
        """Give a clock for a phase that lasts until `share` of the whole budget is gone, or for `steps` calls.

        Every call charges `price` units, calls `tick` and tells how much of the phase is used up, from 0 to 1.
        """
        begin, calls = self.used, 0

        def running() -> float:
            nonlocal calls
            calls += 1
            self.charge(price)
            tick()
            if self.stop.is_set() or share <= begin:
                return 1.0
            return min(1.0, max((self.used - begin) / (share - begin), (calls - 1) / steps))

        return running
