"""The desk as the screens show it: where everything stands in the store, who looks, and the ways to write to it.

The store is read anew when somebody wrote to it, by whatever way, and then once for all visitors; otherwise a look
costs one short question. Within one run of a page it is looked at once, so that a page shows one moment.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeVar

from scheduler.desk import workflow
from scheduler.desk.access import Actor, ForbiddenError, RefusedError, actor_of
from scheduler.desk.entries import Entry
from scheduler.desk.runs import Run, runs
from scheduler.desk.store import StoreError
from scheduler.desk.watching import Mark, Watch
from scheduler.desk.writing import PAST, StaleError
from scheduler.schedule import Schedule
from scheduler.summary import count_text
from scheduler.wording import instant_text, listing

from .folder import local_name
from .moments import LASTS, read_moment
from .moments import Moment as Moment
from .review import Plan, Standing, UnusableError, settle
from .signing_in import Visit
from .source import Seen, Verdict
from .subscriptions import OpenDesk

MOST_NAMED = 6
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something was not done, in a sentence; nothing was written."""

    kind: Literal["refused", "stale", "forbidden", "store"]
    text: str


@dataclass(frozen=True, slots=True)
class Door:
    """Who comes to the desk, as a user of it; `closed` says in a few words why they do not come in."""

    user: str = ""
    name: str = ""
    closed: Literal["", "sign in", "sign in again", "stranger", "nobody is known"] = ""


class Desk:
    """The desk of an open store, for all visitors.

    `who` names the one that the running script draws for, where nobody signs in; else `signed_in` gives who has.
    """

    asks_name = False

    def __init__(
        self, at: OpenDesk, who: Callable[[], str] = local_name, signed_in: Callable[[], Visit | None] | None = None
    ) -> None:
        self.at, self.who, self.signed_in = at, who, signed_in
        self._watch = Watch(at.store)
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
        mark = self._watch.look()
        kept = self._moment
        if kept is not None and kept.mark == mark and now - kept.seen_at < LASTS:
            return kept
        with self._lock:
            kept = self._moment
            if kept is None or kept.mark != mark or now - kept.seen_at >= LASTS:
                with self.at.store.reading() as connection:
                    self._moment = read_moment(connection, now, kept)
                if kept is None or kept.version != self._moment.version:
                    settle()
            assert self._moment is not None
            return self._moment

    def runs(self) -> list[Run]:
        """List the runs of the solver as they stand this instant, the latest first."""
        with self.at.store.reading() as connection:
            return runs(connection)

    # --- who ---------------------------------------------------------------------------------------------------------

    def door(self) -> Door:
        """Tell who comes, and whether they come in."""
        if self.signed_in is None:
            user = self.who()
            people = self.moment().people
            known = not people or (user in people and people[user]["active"])
            return Door(user, self.moment().name_of(user), closed="" if known else "stranger")
        visit = self.signed_in()
        if visit is None:
            return Door(closed="sign in")
        if visit.until < datetime.now(UTC):
            return Door(name=visit.name, closed="sign in again")
        moment = self.moment()
        if not moment.people:
            # Whoever reaches a desk without users is its administrator: that must be nobody who comes from afar.
            return Door(name=visit.name, closed="nobody is known")
        known_as = moment.identities.get(visit.identity.key) or self._met(visit)
        row = moment.people.get(known_as)
        if row is None or not row["active"]:
            return Door(name=visit.name, closed="stranger")
        return Door(known_as, str(row["name"]))

    def _met(self, visit: Visit) -> str:
        """Give the user that somebody is who comes for the first time; empty for a stranger."""
        people = self.moment().people
        if not visit.identity.mail or visit.identity.mail.casefold() not in {one.casefold() for one in people}:
            return ""
        try:
            return workflow.recognise(self.at.store, visit.identity)
        except RefusedError:
            return ""
        finally:
            self._held.moment = None

    def visitor(self) -> str:
        """Give the user that looks; empty where it is none."""
        door = self.door()
        return "" if door.closed else door.user

    def actor(self) -> Actor:
        """Give who looks and in which role; where no users are kept, whoever is at this machine is administrator.

        Raises
        ------
        ForbiddenError
            If they are no user of this desk.
        """
        user, mark = self.visitor(), self.moment().mark
        if not user:
            raise ForbiddenError("Nobody has signed in")
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
            by = self.visitor()
            if not by:
                return Refusal("forbidden", "Nothing was done: sign in first, as a user of this desk.")
            return action(self.at.store, *rest, **{"by": by} | given)
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

    def look(self, question: Callable[..., T], *rest: object, **given: object) -> T | Refusal:
        """Ask something of the workflow that writes nothing: `look(workflow.preview, portfolio)`."""
        try:
            return question(self.at.store, *rest, **given)
        except RefusedError as error:
            return Refusal("refused", f"{_sentence(str(error))}.")
        except StoreError as error:
            return Refusal("store", f"The store does not answer: {error}.")

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
        settle()

    def stop(self) -> None:
        """Let go of the store; runs at work go on, in processes of their own."""
        self._watch.close()


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
