"""The desk as the screens show it: where everything stands in the store, who looks, and the ways to write to it.

The store is read anew when somebody wrote to it, by whatever way, and then once for all visitors; otherwise a look
costs one short question. Within one run of a page it is looked at once, so that a page shows one moment.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Literal, ParamSpec, TypeVar

import sqlalchemy as sa

from scheduler.desk import workflow
from scheduler.desk.access import Actor, ForbiddenError, RefusedError, actor_of
from scheduler.desk.entries import Entry
from scheduler.desk.library import current_version, portfolio_of, seen_from
from scheduler.desk.position import Position, position
from scheduler.desk.runs import Run, runs
from scheduler.desk.shelf import Row
from scheduler.desk.store import StoreError
from scheduler.desk.tables import DESK, USERS
from scheduler.desk.writing import PAST, StaleError
from scheduler.portfolio import Portfolio
from scheduler.schedule import Schedule
from scheduler.summary import count_text
from scheduler.wording import instant_text, listing

from .desk_plan import latest_answer, plan_at
from .folder import local_name
from .review import Plan, Standing, UnusableError, settle
from .source import Seen, Verdict
from .subscriptions import OpenDesk

LASTS = timedelta(minutes=15)
"""How long what was read is shown while nobody writes: time passes, and with it notice."""
MOST_NAMED = 6
P = ParamSpec("P")
T = TypeVar("T")
Mark = tuple[str, int, datetime | None]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something was not done, in a sentence; nothing was written."""

    kind: Literal["refused", "stale", "forbidden", "store"]
    text: str


@dataclass(frozen=True, eq=False, kw_only=True)
class Moment:
    """What the desk holds after an entry of its log, `revision`, as it was read at an instant.

    `portfolio` is the current version as imported, seen from that instant (or where its weeks are over, from its
    import); None before the first import.
    """

    mark: Mark
    read_at: datetime
    position: Position
    people: Mapping[str, Row]
    version: int | None
    portfolio: Portfolio | None
    answer: Mapping[str, object] = field(repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @property
    def revision(self) -> int:
        """The number of the last entry of the log."""
        return self.mark[1]

    @cached_property
    def _plan(self) -> Plan:
        if self.portfolio is None:
            raise UnusableError("There is no portfolio at this desk yet.", [], "Bring one in", page="inputs")
        return plan_at(f"{self.mark[0]} {self.mark[1]}", self.portfolio, self.position, self.answer)

    def plan(self) -> Plan:
        """Give the plan as things stand: what is left of work that goes on, and every window announced or proposed.

        Raises
        ------
        UnusableError
            If there is no portfolio yet.
        """
        with self._lock:
            return self._plan

    @cached_property
    def standing(self) -> Mapping[str, Standing]:
        """Where every change with a window stands, in the words of the screens; `known` is its revision."""
        found = {}
        for change in self.position.open:
            row, planned = self.position.changes[change], self.position.planned_of(change)
            if planned is None:
                continue
            if row["proposal"] is not None:
                word = "proposed"
            elif row["pinned"]:
                word = "pinned"
            else:
                word = "approved"
            found[change] = Standing(word, known=row["revision"])
        return found

    def in_state(self, *states: str) -> list[str]:
        """List the changes in some states, by id."""
        return [change for change, row in sorted(self.position.changes.items()) if row["state"] in states]

    def name_of(self, user: str) -> str:
        """Give the name that people know a user by."""
        row = self.people.get(user)
        return str(row["name"]) if row else user


class Desk:
    """The desk of an open store, for all visitors; `who` names the one that the running script draws for."""

    asks_name = False

    def __init__(self, at: OpenDesk, who: Callable[[], str] = local_name) -> None:
        self.at, self.who = at, who
        self._moment: Moment | None = None
        self._lock = threading.RLock()
        self._held = threading.local()
        self._actors: tuple[Mark, dict[str, Actor]] | None = None

    # --- looking -----------------------------------------------------------------------------------------------------

    @contextmanager
    def held(self) -> Iterator[None]:
        """Show one moment until the end, unless the visitor writes meanwhile."""
        self._held.moment = None
        self._held.on = True
        try:
            yield
        finally:
            self._held.on, self._held.moment = False, None

    def moment(self) -> Moment:
        """Give what the desk holds now.

        Raises
        ------
        UnusableError
            If the store does not answer.
        """
        held: Moment | None = getattr(self._held, "moment", None)
        if held is not None:
            return held
        try:
            found = self._current()
        except (StoreError, RefusedError) as error:
            raise UnusableError(
                "The store of the desk cannot be read.", [str(error)], "scheduler db upgrade"
            ) from error
        if getattr(self._held, "on", False):
            self._held.moment = found
        return found

    def _current(self) -> Moment:
        now = datetime.now(UTC)
        with self.at.store.reading() as connection:
            mark = _mark(connection)
        kept = self._moment
        if kept is not None and kept.mark == mark and now - kept.read_at < LASTS:
            return kept
        with self._lock:
            kept = self._moment
            if kept is None or kept.mark != mark or now - kept.read_at >= LASTS:
                with self.at.store.reading() as connection:
                    self._moment = _read(connection, now)
                if kept is None or kept.version != self._moment.version:
                    settle()
            assert self._moment is not None
            return self._moment

    def runs(self) -> list[Run]:
        """List the runs of the solver as they stand this instant, the latest first."""
        with self.at.store.reading() as connection:
            return runs(connection)

    # --- who ---------------------------------------------------------------------------------------------------------

    def visitor(self) -> str:
        """Give the user that looks; empty where nobody has signed in."""
        return self.who()

    def actor(self) -> Actor:
        """Give who looks and in which role; where no users are kept, whoever is at this machine is administrator.

        Raises
        ------
        ForbiddenError
            If they are no user of this desk.
        """
        user, mark = self.visitor(), self.moment().mark
        kept = self._actors
        if kept is None or kept[0] != mark:
            kept = self._actors = mark, {}
        if user not in kept[1]:
            with self.at.store.reading() as connection:
                kept[1][user] = actor_of(connection, user)
        return kept[1][user]

    def may(self, action: str, *teams: str) -> bool:
        """Tell whether who looks may do something; the workflow asks again before anything is written."""
        try:
            return self.actor().may(action, teams)
        except ForbiddenError:
            return False

    # --- writing -----------------------------------------------------------------------------------------------------

    def attempt(self, action: Callable[..., T], *rest: object, **given: object) -> T | Refusal:
        """Do something of the workflow in the name of who looks: `attempt(workflow.hold, "A", seen=7, reason="…")`.

        The store comes first and `by` is added; what is refused is given in words, with what changed since.
        """
        try:
            return action(self.at.store, *rest, **{"by": self.visitor()} | given)
        except StaleError as error:
            return Refusal("stale", self._since(error))
        except ForbiddenError as error:
            return Refusal("forbidden", f"{error}. Nothing was done.")
        except RefusedError as error:
            return Refusal("refused", f"{_sentence(str(error))}. Nothing was done.")
        except StoreError as error:
            return Refusal("store", f"Nothing was done: {error}.")
        finally:
            self._held.moment = None

    def _since(self, error: StaleError) -> str:
        moment = self.moment()
        zone = "UTC" if moment.portfolio is None else moment.portfolio.policy.time_zone

        def said(one: Entry) -> str:
            why = f" ({one.reason})" if one.reason else ""
            return f"{moment.name_of(one.by)} {PAST.get(one.action, one.action)} it {instant_text(one.at, zone)}{why}"

        told = "; ".join(said(one) for one in error.since[-MOST_NAMED:]) or "it changed"
        return f"{_sentence(error.change)} is not as you saw it: {told}. Nothing was done; look again, then decide."

    # --- what every source gives -------------------------------------------------------------------------------------

    def is_read(self) -> bool:
        """Tell whether the plan as things stand is there already."""
        return "_plan" in vars(self.moment())

    def plan(self) -> Plan:
        """Give the plan as things stand.

        Raises
        ------
        UnusableError
            If there is no portfolio, or nothing has a window.
        """
        moment = self.moment()
        plan = moment.plan()
        if not plan.result.schedule.placements:
            count = len(moment.in_state("Draft", "Assess", "Rejected"))
            reasons = [f"{count_text(count, 'change')} to be given a window"] if count else ["Every change is over."]
            raise UnusableError("No change has a window.", reasons, "Plan" if count else "Inputs",
                                page="replan" if count else "inputs")  # fmt: skip
        return plan

    def standing(self, shown: Plan) -> Mapping[str, Standing]:
        """Give where every window stands."""
        return self.moment().standing

    def decided(self, shown: Plan) -> Schedule:
        """Give the schedule, which is as decided."""
        return shown.result.schedule

    def waiting(self, shown: Plan) -> list[str]:
        """List the changes whose window was rejected, and which have none."""
        return self.moment().in_state("Rejected")

    def stale(self, shown: Plan) -> str:
        """Say of which changes the inputs changed, and what that means."""
        stale = [change for change, row in sorted(self.moment().position.changes.items()) if row["stale"]]
        if not stale:
            return ""
        named = listing(stale, MOST_NAMED)
        return f"What the windows of {named} were found from has changed. They cannot be approved until you replan."

    def decide(self, change: str, verdict: Verdict, seen: Seen, *, reason: str = "", by: str = "") -> str:
        """Approve or reject the window of a change as it was seen; who signs is who looks, whatever `by` says."""
        action = workflow.approve if verdict == "approve" else workflow.reject
        done = self.attempt(action, change, seen=seen.known, reason=reason)
        return done.text if isinstance(done, Refusal) else ""

    def warm(self) -> None:
        """Read the store, and work out what the first questions need, before anybody asks."""
        try:
            self.plan().warm()
        except UnusableError:
            return  # whoever opens the page is told

    def stop(self) -> None:
        """Leave runs at work: they have processes of their own, and write to the store."""


def _mark(connection: sa.Connection) -> Mark:
    found = connection.execute(sa.select(DESK.c.store, DESK.c.last, DESK.c.last_at)).one()
    return found.store, found.last, found.last_at


def _read(connection: sa.Connection, now: datetime) -> Moment:
    version = current_version(connection)
    portfolio = None if version is None else portfolio_of(connection, version)
    if portfolio is not None and now < portfolio.horizon.end:
        portfolio = seen_from(portfolio, now)
    return Moment(
        mark=_mark(connection),
        read_at=now,
        position=position(connection),
        people={row["user"]: dict(row) for row in connection.execute(sa.select(USERS)).mappings()},
        version=version,
        portfolio=portfolio,
        answer=latest_answer(connection),
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
