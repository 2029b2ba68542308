"""Who may do what: the one table of it, which the workflow asks before anything is written."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from scheduler.desk.tables import DELEGATIONS, USERS

Role = Literal["viewer", "team member", "change manager", "administrator"]
ROLES: tuple[Role, ...] = ("viewer", "team member", "change manager", "administrator")
Grant = Literal["no", "own", "yes"]

_NOBODY: tuple[Grant, ...] = ("no", "no", "no", "no")
_ALL: tuple[Grant, ...] = ("yes", "yes", "yes", "yes")
_OWN: tuple[Grant, ...] = ("no", "own", "yes", "yes")
_MANAGERS: tuple[Grant, ...] = ("no", "no", "yes", "yes")
_ADMINISTRATORS: tuple[Grant, ...] = ("no", "no", "no", "yes")


@dataclass(frozen=True, slots=True)
class Permission:
    """What may be done, in words, and by whom: a grant for each of `ROLES`."""

    action: str
    meaning: str
    grants: tuple[Grant, ...]


PERMISSIONS: tuple[Permission, ...] = (
    Permission("look", "See plans, windows, runs and the log.", _ALL),
    Permission("comment", "Say something about a change.", _OWN),
    Permission("object", "Object to a window of a change.", _OWN),
    Permission("prefer", "Ask for hours free of work, or for work in them.", _OWN),
    Permission("drop preference", "Take such a wish back.", _OWN),
    Permission("answer", "Answer an objection.", _MANAGERS),
    Permission("import", "Bring in a new version of the portfolio.", _MANAGERS),
    Permission("plan", "Start a run of the solver, or take one up again.", _MANAGERS),
    Permission("stop", "Stop a run.", _MANAGERS),
    Permission("propose", "Propose the windows of a run.", _MANAGERS),
    Permission("withdraw", "Take a proposal back.", _MANAGERS),
    Permission("confirm", "Say that an announced window is still good after its change was altered.", _MANAGERS),
    Permission("assign", "Name other engineers for a window that stays, as a plan does.", _MANAGERS),
    Permission("approve", "Approve a window; never one that you requested.", _MANAGERS),
    Permission("reject", "Reject a window, with a reason.", _MANAGERS),
    Permission("defer", "Put the decision on a window off, with a reason.", _MANAGERS),
    Permission("move", "Move a window by hand.", _MANAGERS),
    Permission("override", "Move a window against a hard rule, with a reason and an expiry.", _ADMINISTRATORS),
    Permission("end override", "End such an exception before it expires.", _MANAGERS),
    Permission("pin", "Pin a window, so that no plan moves it.", _MANAGERS),
    Permission("unpin", "Let plans move it again.", _MANAGERS),
    Permission("hold", "Put a change on hold.", _MANAGERS),
    Permission("release", "Take it off hold.", _MANAGERS),
    Permission("cancel", "Cancel a change.", _MANAGERS),
    Permission("start", "Say that work has begun.", _MANAGERS),
    Permission("extend", "Give running work more time.", _MANAGERS),
    Permission("finish", "Say that work is done.", _MANAGERS),
    Permission("backout", "Say that work was undone.", _MANAGERS),
    Permission("review", "Close a change with what was learnt.", _MANAGERS),
    Permission("absent", "Say that an engineer is away.", _MANAGERS),
    Permission("end absence", "Say that an engineer is back.", _MANAGERS),
    Permission("delegate", "Let somebody approve in your place while you are away.", _MANAGERS),
    Permission("end delegation", "End that before its time.", _MANAGERS),
    Permission("token", "Make the secret address of a feed; a member for the own team, and for no one else.", _OWN),
    Permission("rotate", "Replace such a secret; a member only an own one.", _OWN),
    Permission("revoke", "Make such a secret worthless; a member only an own one.", _OWN),
    Permission("user", "Add people, change their role or team, send them away.", _ADMINISTRATORS),
    Permission("set", "Change settings, such as how many must approve.", _ADMINISTRATORS),
)
BY_ACTION: Mapping[str, Permission] = {one.action: one for one in PERMISSIONS}


class RefusedError(Exception):
    """What was asked for is not done, in words that say why; nothing was written."""


class ForbiddenError(RefusedError):
    """Somebody asked for what their role may not do."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks. Where no users are kept, whoever can reach the store is its administrator."""

    user: str
    role: Role
    team: str = ""

    def may(self, action: str, teams: Iterable[str] = ()) -> bool:
        """Tell whether the role may do this, `teams` being those that it concerns."""
        grant = BY_ACTION[action].grants[ROLES.index(self.role)]
        return grant == "yes" or (grant == "own" and self.team != "" and self.team in set(teams))

    def must(self, action: str, teams: Iterable[str] = ()) -> None:
        """Refuse what the role may not do.

        Raises
        ------
        ForbiddenError
            If it may not.
        """
        if not self.may(action, teams):
            own = " for another team" if BY_ACTION[action].grants[ROLES.index(self.role)] == "own" else ""
            raise ForbiddenError(f"{self.user} ({self.role}) may not do this{own}: {BY_ACTION[action].meaning}")


def actor_of(connection: sa.Connection, user: str) -> Actor:
    """Give who a user is.

    Raises
    ------
    ForbiddenError
        If users are kept, and this is none of them or was sent away.
    """
    row = connection.execute(sa.select(USERS).where(USERS.c.user == user)).mappings().first()
    if row is not None and row["active"]:
        return Actor(user, row["role"], row["team"])
    if row is None and connection.execute(sa.select(USERS.c.user).limit(1)).first() is None:
        return Actor(user, "administrator")
    raise ForbiddenError(f"{user} is not a user of this desk" + (" any more" if row is not None else ""))


def stands_in_for(connection: sa.Connection, user: str, at: datetime) -> list[str]:
    """List those in whose place a user may approve at an instant, because they are away."""
    table = DELEGATIONS
    query = sa.select(table.c.giver).where(
        table.c.taker == user, table.c.start <= at, table.c.end > at, table.c.ended_at.is_(None)
    )
    return sorted(set(connection.execute(query).scalars()))
