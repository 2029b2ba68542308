"""Every role tries every action: it is refused just where the table of permissions says so."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from builders import when
from desks import NOW, Desk, usual
from stores import Stores

from scheduler.desk import workflow
from scheduler.desk.access import BY_ACTION, PERMISSIONS, ROLES, Actor
from scheduler.desk.store import Store
from scheduler.desk.tables import DELEGATIONS, OBJECTIONS, OVERRIDES, PREFERENCES, RUNS, TOKENS

USERS = {
    "ada": ("administrator", ""),
    "vic": ("viewer", ""),
    "tom": ("team member", "blue"),
    "mia": ("change manager", ""),
}
LATER = when("Sat 00:00")


@dataclass
class Door:
    """A desk on which something is ready for every action, and what acts on Blue's and on Green's of it."""

    desk: Desk
    outcomes: dict[str, str] = field(default_factory=dict)

    def outcome(self, action: str, change: str, user: str) -> str:
        try:
            self.act(action, change, user)
        except workflow.ForbiddenError:
            self.outcomes[user] = "forbidden"
        except workflow.RefusedError as error:
            self.outcomes[user] = str(error)
        else:
            self.outcomes[user] = "done"
        return self.outcomes[user]

    def ready(self) -> None:
        desk = self.desk
        for user, (role, team) in USERS.items():
            workflow.put_user(desk.store, user, by="ada", role=role, team=team, now=NOW)  # type: ignore[arg-type]
        desk.by = "ada"

    def last(self, table: Any) -> Any:
        return max(self.desk.rows(table), key=lambda row: (row.get("at") or row.get("start"), str(row["id"])))["id"]

    def prepare(self, action: str, change: str) -> None:
        desk, team = self.desk, "blue" if change == "A" else "green"
        proposed = {
            "withdraw",
            "approve",
            "reject",
            "defer",
            "pin",
            "unpin",
            "object",
            "answer",
            "start",
            "extend",
            "finish",
        }
        if action in proposed | {"backout", "review", "end override"}:
            friday = action == "end override"
            override = workflow.SetAside(reason="needed", expires_at=LATER) if friday else None
            desk.move(change, "Fri 02:00" if friday else "Tue 02:00", override=override)
        if action in {"start", "extend", "finish", "backout", "review"}:
            desk.do(workflow.approve, change)
            desk.now = when("Tue 02:00")
        if action in {"extend", "finish", "backout", "review"}:
            desk.do(workflow.start, change)
        match action:
            case "review":
                desk.do(workflow.finish, change)
            case "pin":
                desk.do(workflow.unpin, change)
            case "release":
                desk.do(workflow.hold, change, reason="wait")
            case "answer":
                desk.do(workflow.object_to, change, team=team, reason="no")
            case "drop preference":
                workflow.prefer(desk.store, team, "never", by="ada", hours="Mon 01:00-02:00", now=desk.now)
            case "end delegation":
                workflow.delegate(desk.store, "tom", by="ada", start=NOW, end=LATER, now=desk.now)
            case "rotate" | "revoke":
                # a secret of Tom's own, or of Vic's
                holder = "tom" if change == "A" else "vic"
                workflow.create_token(desk.store, "team", "blue", by="ada", user=holder, now=desk.now)
            case "stop":
                row = {"id": 1, "version": 1, "seq": 1, "asked_by": "ada", "status": "asked"}
                row |= {"parameters": {}, "host": "", "phase": "", "seconds": 0.0, "message": "", "stop_asked": False}
                with desk.store.writing() as connection:
                    connection.execute(RUNS.insert().values(row | {"asked_at": datetime.now(UTC)}))

    def act(self, action: str, change: str, user: str) -> None:
        desk, store = self.desk, self.desk.store
        team = "blue" if change == "A" else "green"
        as_user: dict[str, Any] = {"by": user, "now": desk.now}
        plain = {
            "withdraw": workflow.withdraw,
            "approve": workflow.approve,
            "pin": workflow.pin,
            "unpin": workflow.unpin,
            "release": workflow.release,
            "start": workflow.start,
            "finish": workflow.finish,
        }
        reasoned = {
            "reject": workflow.reject,
            "defer": workflow.defer,
            "hold": workflow.hold,
            "cancel": workflow.cancel,
            "backout": workflow.backout,
        }
        if action in plain:
            desk.do(plain[action], change, **as_user)
            return
        if action in reasoned:
            desk.do(reasoned[action], change, reason="so", **as_user)
            return
        override = workflow.SetAside(reason="needed", expires_at=LATER)
        others: dict[str, Callable[[], Any]] = {
            "comment": lambda: workflow.comment(store, change, "hm", **as_user),
            "object": lambda: desk.do(workflow.object_to, change, team=team, reason="no", **as_user),
            "prefer": lambda: workflow.prefer(store, team, "never", hours="Mon 01:00-02:00", **as_user),
            "drop preference": lambda: workflow.drop_preference(store, self.last(PREFERENCES), **as_user),
            "answer": lambda: workflow.answer(store, self.last(OBJECTIONS), uphold=False, text="no", **as_user),
            "import": lambda: workflow.import_portfolio(store, usual(), seen=1, **as_user),
            "plan": lambda: workflow.start_run(store, planned_at=when("Mon 00:00 +9w"), **as_user),
            "stop": lambda: workflow.stop_run(store, 1, **as_user),
            "propose": lambda: workflow.propose(store, 99, **as_user),
            "confirm": lambda: workflow.propose(store, 99, **as_user),
            "assign": lambda: workflow.propose(store, 99, **as_user),
            "move": lambda: desk.move(change, "Tue 02:00", **as_user),
            "override": lambda: desk.move(change, "Fri 02:00", override=override, **as_user),
            "end override": lambda: workflow.end_override(store, self.last(OVERRIDES), **as_user),
            "extend": lambda: desk.do(workflow.extend, change, 30, reason="slow", **as_user),
            "review": lambda: desk.do(workflow.review, change, note="well done", **as_user),
            "delegate": lambda: workflow.delegate(store, "vic", start=NOW, end=LATER, **as_user),
            "end delegation": lambda: workflow.end_delegation(store, self.last(DELEGATIONS), **as_user),
            "token": lambda: workflow.create_token(store, "team", team, **as_user),
            "rotate": lambda: workflow.rotate_token(store, self.last(TOKENS), **as_user),
            "revoke": lambda: workflow.revoke_token(store, self.last(TOKENS), **as_user),
            "absent": lambda: workflow.absent(store, "Ana", start=NOW, end=LATER, **as_user),
            "end absence": lambda: workflow.end_absence(store, 99, **as_user),
            "user": lambda: workflow.put_user(store, "new", role="viewer", **as_user),
            "set": lambda: workflow.set_approvers(store, normal=2, **as_user),
        }
        others[action]()


# Roles may do these, but the plan that they name is not there, or its weeks are over.
NOT_THERE = {"propose", "confirm", "assign", "plan", "absent", "end absence"}
WRITTEN = [one.action for one in PERMISSIONS if one.action != "look"]


@pytest.fixture(scope="module")
def template(stores: Stores) -> str:
    place = stores.new("sqlite")
    with Store(place) as store:
        desk = Desk(store)
        desk.bring(usual())
        Door(desk).ready()
    return place


@pytest.fixture
def door(stores: Stores, template: str, tmp_path: Any) -> Iterator[Door]:
    shutil.copyfile(template, tmp_path / "desk.db")
    with Store(tmp_path / "desk.db") as store:
        yield Door(Desk(store, by="ada"))


@pytest.mark.parametrize("change", ["A", "B"])
@pytest.mark.parametrize("action", WRITTEN)
def test_refused_exactly_where_the_table_says(door: Door, action: str, change: str) -> None:
    door.prepare(action, change)
    own = {"own"} if change == "A" else set()
    allowed = [user for user in USERS if _grant(action, user) in {"yes"} | own]
    # Whoever is refused changes nothing; of the others, the first finds everything as it was prepared.
    for user in [one for one in USERS if one not in allowed] + allowed:
        log = len(door.desk.log())
        became = door.outcome(action, change, user)
        assert (became == "forbidden") == (user not in allowed), (user, became)
        assert became != "forbidden" or len(door.desk.log()) == log
    assert not allowed or action in NOT_THERE or door.outcomes[allowed[0]] == "done"


def _grant(action: str, user: str) -> str:
    return BY_ACTION[action].grants[ROLES.index(USERS[user][0])]  # type: ignore[arg-type]


def test_nobody_else_comes_in(door: Door) -> None:
    with pytest.raises(workflow.ForbiddenError, match="eve is not a user of this desk"):
        workflow.comment(door.desk.store, "A", "hello", by="eve", now=NOW)
    workflow.put_user(door.desk.store, "mia", by="ada", role="change manager", active=False, now=NOW)
    with pytest.raises(workflow.ForbiddenError, match="any more"):
        workflow.comment(door.desk.store, "A", "hello", by="mia", now=NOW)


def test_an_administrator_always_stays(door: Door) -> None:
    for given in ({"role": "viewer"}, {"role": "administrator", "active": False}):
        with pytest.raises(workflow.RefusedError, match="somebody has to be an administrator"):
            workflow.put_user(door.desk.store, "ada", by="ada", now=NOW, **given)  # type: ignore[arg-type]
    workflow.put_user(door.desk.store, "mia", by="ada", role="administrator", now=NOW)
    workflow.put_user(door.desk.store, "ada", by="mia", role="viewer", now=NOW)


def test_the_first_user_is_an_administrator(desk: Desk) -> None:
    with pytest.raises(workflow.RefusedError, match="make one first"):
        workflow.put_user(desk.store, "tom", by="ana", role="team member", team="blue", now=NOW)


def test_secrets_go_with_the_team(door: Door) -> None:
    store = door.desk.store
    made = workflow.create_token(store, "team", "blue", by="tom", now=NOW)
    assert made.secret is not None
    workflow.put_user(store, "tom", by="ada", role="team member", team="green", now=NOW)
    assert [row["revoked_at"] for row in door.desk.rows(TOKENS)] == [NOW]
    with pytest.raises(workflow.RefusedError, match="no good token"):
        workflow.rotate_token(store, made.id, by="tom", now=NOW)


def test_a_rotated_secret_has_its_grace(door: Door) -> None:
    store = door.desk.store
    first = workflow.create_token(store, "team", "blue", by="tom", now=NOW, key="make")
    again = workflow.create_token(store, "team", "blue", by="tom", now=NOW, key="make")
    assert again == workflow.NewToken(first.id, None)
    second = workflow.rotate_token(store, first.id, by="tom", now=NOW, grace=timedelta(days=2))
    rows = {row["id"]: row for row in door.desk.rows(TOKENS)}
    assert (rows[first.id]["successor"], rows[first.id]["expires_at"]) == (second.id, when("Wed 00:00"))
    assert first.secret not in str(door.desk.log())
    with pytest.raises(workflow.RefusedError, match="was replaced already"):
        workflow.rotate_token(store, first.id, by="tom", now=NOW)


@pytest.mark.parametrize(
    ("action", "user", "teams", "may"),
    [
        ("comment", Actor("tom", "team member", "blue"), ["green", "blue"], True),
        ("comment", Actor("tom", "team member", "blue"), ["green"], False),
        ("comment", Actor("tom", "team member"), [""], False),  # of no team, nothing is the own one
        ("override", Actor("mia", "change manager"), ["blue"], False),
    ],
)
def test_what_own_means(action: str, user: Actor, teams: list[str], may: bool) -> None:
    assert user.may(action, teams) == may
