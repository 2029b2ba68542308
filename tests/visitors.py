"""People who decide at random, all at once: legal decisions, each on what was just looked at."""

import random
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from builders import change
from desks import NOW, office

from scheduler.desk import workflow
from scheduler.desk.entries import Entry
from scheduler.desk.position import Position, position
from scheduler.desk.shelf import Row
from scheduler.desk.store import Store
from scheduler.portfolio import Portfolio

MANAGERS = ("ada", "bob", "cleo", "dan")
SERVICES = ("app", "mail")
WEEKS = 8
FIRST = 6
"""Changes that are proposed before anybody comes."""


def many(count: int = 120) -> Portfolio:
    """Give changes of all types on two services; some may not run at once."""
    types: tuple[Literal["normal", "standard", "emergency"], ...] = ("normal", "normal", "standard", "emergency")
    made = [
        replace(
            change(f"C{number:03d}", type=types[number % 4], hours=1 + number % 3, services=SERVICES[number % 2]),
            requested_by=MANAGERS[number % len(MANAGERS)] if number % 3 == 0 else "",
            not_with=(f"C{number - 1:03d}",) if number % 5 == 4 else (),
        )
        for number in range(count)
    ]
    return office(*made, weeks=WEEKS)


def ready(store: Store, count: int = 120) -> None:
    """Bring in the changes, the people, and that normal ones need two approvals."""
    for user in MANAGERS:
        workflow.put_user(store, user, by="ada", role="administrator", now=NOW)
    workflow.set_approvers(store, by="ada", now=NOW, normal=2)
    workflow.import_portfolio(store, many(count), by="ada", seen=None, now=NOW)
    for number in range(FIRST):
        start = NOW + timedelta(hours=12 * (1 + number))
        with store.reading() as connection:
            seen = workflow.revision_of(connection, f"C{number:03d}")
        workflow.move(store, f"C{number:03d}", start, by="bob", seen=seen, now=NOW)


@dataclass(frozen=True)
class Told:
    """What a visitor was told of a write: the change, the revision it was decided on, and the entry it became."""

    change: str
    seen: int
    seq: int
    action: str


@dataclass
class Visitor:
    """One person at a desk, with a clock on which the planned weeks pass in `lasts` seconds."""

    store: Store
    seed: int
    began: float
    lasts: float
    told: list[Told] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.user = MANAGERS[self.seed % len(MANAGERS)]

    @property
    def now(self) -> datetime:
        share = min(0.9, (time.monotonic() - self.began) / self.lasts)
        return (NOW + share * timedelta(weeks=WEEKS)).replace(microsecond=0)

    def decide(self) -> Told | None:
        """Look, decide once, and remember what was said of it."""
        with self.store.reading() as connection:
            at = position(connection)
        change, action, given = self._choice(at)
        seen = at.changes[change]["revision"]
        try:
            done = action(self.store, change, by=self.user, seen=seen, now=self.now, key=self._key(), **given)
        except workflow.StaleError:
            self.outcomes["stale"] += 1
        except workflow.RefusedError as error:
            self.outcomes[f"refused {action.__name__}"] += 1
            self.why = str(error)
        else:
            self.outcomes[action.__name__] += 1
            (entry,) = done.entries
            self.told.append(Told(change, seen, entry.seq, action.__name__))
            return self.told[-1]
        return None

    def _key(self) -> str:
        return f"{self.seed}-{self.rng.getrandbits(64):x}"

    def _choice(self, at: Position) -> tuple[str, Any, dict[str, Any]]:
        due = [change for change, window in at.windows.items() if window.status == "implementing"]
        working = [one for one in at.open if at.changes[one]["state"] == "Implement"]
        begin = [one for one in at.open if self._may_begin(at, one)]
        over = [one for one, row in at.changes.items() if row["state"] == "Review"]
        assert len(due) == len(working)
        if over and self.rng.random() < 0.2:
            return self.rng.choice(over), workflow.review, {"note": "as planned"}
        if working and self.rng.random() < 0.3:
            change = self.rng.choice(working)
            return self.rng.choice(
                [
                    (change, workflow.finish, {}),
                    (change, workflow.extend, {"minutes": 30, "reason": "slow"}),
                    (change, workflow.backout, {"reason": "no use"}),
                ]
            )
        if begin and self.rng.random() < 0.5:
            return self.rng.choice(begin), workflow.start, {}
        # A few changes that all look at, so that they meet.
        change = self.rng.choice(at.open[: self.rng.choice((4, len(at.open)))])
        return change, *self._legal(at.changes[change])

    def _may_begin(self, at: Position, change: str) -> bool:
        row, window = at.changes[change], at.window_of(change)
        scheduled = row["state"] == "Scheduled" and not row["on_hold"] and window is not None
        return scheduled and window is not None and window.start <= self.now < window.reserved_until

    def _legal(self, row: Row) -> tuple[Any, dict[str, Any]]:
        start = self.now.replace(minute=0, second=0) + timedelta(hours=self.rng.randrange(2, 240))
        choices: list[tuple[Any, dict[str, Any]]] = [(workflow.move, {"start": start})]
        if row["on_hold"]:
            return workflow.release, {}
        if row["proposal"]:
            choices += 4 * [(workflow.approve, {})] + [(workflow.withdraw, {})]
        if row["proposal"] or row["window"]:
            choices += [(workflow.reject, {"reason": "no"})]
            choices += [(workflow.unpin, {}) if row["pinned"] else (workflow.pin, {})]
        if self.rng.random() < 0.1:
            choices += [(workflow.hold, {"reason": "wait"})]
        if self.rng.random() < 0.02:
            choices = [(workflow.cancel, {"reason": "not needed"})]
        return self.rng.choice(choices)


def assert_told_the_truth(log: list[Entry], told: list[Told]) -> None:
    """Check that everything that was said to be done is in the log once, on the revision it was decided on."""
    by_seq = {one.seq: one for one in log}
    assert len({one.seq for one in told}) == len(told)
    previous: dict[str, int] = {}
    before: dict[int, int] = {}
    for entry in log:
        if entry.change is not None:
            before[entry.seq] = previous.get(entry.change, 0)
            previous[entry.change] = entry.seq
    for one in told:
        assert by_seq[one.seq].change == one.change
        assert by_seq[one.seq].action == one.action
        # Nobody decided between the look and the write: no update is lost.
        assert before[one.seq] == one.seen


def assert_nothing_approved_twice(log: list[Entry]) -> None:
    """Go through the approvals again, by themselves: each by another person, as many as needed, then no more."""
    needed = {"normal": 2, "standard": 1, "emergency": 1}
    types = {one.change: one.detail["type"] for one in log if one.action == "add"}
    requested = {one.change: one.detail["requested_by"] for one in log if one.action == "add"}
    waiting: dict[str | None, list[str] | None] = {}
    for entry in log:
        if entry.action in ("propose", "move"):
            waiting[entry.change] = []
        elif entry.action in ("withdraw", "reject", "cancel", "start"):
            waiting[entry.change] = None
        elif entry.action == "approve":
            given = waiting[entry.change]
            assert given is not None, f"{entry.seq}: nothing was proposed"
            assert entry.by not in given
            assert entry.by != requested[entry.change]
            given.append(entry.by)
            waiting[entry.change] = None if len(given) == needed[types[entry.change]] else given
