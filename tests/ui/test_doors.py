"""Who comes in where people sign in, for how long, and which pages each role sees."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from small_desk import BY
from small_plan import said
from streamlit.testing.v1 import AppTest

from scheduler.desk import workflow
from scheduler.desk.access import ROLES, Role
from scheduler.desk.identities import Identity
from scheduler.settings import SignIn
from scheduler.ui import app, signing_in, state
from scheduler.ui.desk import Desk, Refusal
from scheduler.ui.serving import config, is_loopback
from scheduler.ui.signing_in import SignInError, Visit, secrets, visit

Open = Callable[..., AppTest]
HOURS = timedelta(hours=12)


def vouched(subject: str, mail: str = "", *, verified: bool = True, until: timedelta = HOURS) -> Callable[[], Visit]:
    identity = Identity("https://id.example", subject, mail or f"{subject}@example.com", verified)
    return lambda: Visit(identity, subject.capitalize(), datetime.now(UTC) + until)


def known(desk: Desk, **roles: Role) -> None:
    """Add Ann, an administrator, and others by their role."""
    for name, role in ({"ann": "administrator"} | roles).items():
        team = "blue" if role == "team member" else ""
        by = BY if name == "ann" else "ann@example.com"
        workflow.put_user(desk.at.store, f"{name}@example.com", by=by, role=role, team=team)  # type: ignore[arg-type]


# --- who comes in ----------------------------------------------------------------------------------------------------


def test_a_desk_without_users_lets_nobody_in_from_afar(desk: Desk) -> None:
    afar = Desk(desk.at, signed_in=vouched("ann"))
    assert afar.door().closed == "nobody is known"
    refused = afar.attempt(workflow.put_user, "ann@example.com", role="administrator")
    assert isinstance(refused, Refusal)
    assert afar.moment().people == {}
    # Here it is the local administrator's.
    assert desk.door().closed == ""


def test_whoever_came_with_an_address_first_is_that_user(desk: Desk) -> None:
    known(desk, tom="team member")
    tom, other = (Desk(desk.at, signed_in=vouched(sub, "Tom@Example.com")) for sub in ("1", "2"))
    assert (tom.door().user, tom.actor().role) == ("tom@example.com", "team member")
    # The address was given to somebody else since.
    assert other.door().closed == "stranger"
    # The first one keeps being Tom under another address.
    assert Desk(desk.at, signed_in=vouched("1", "thomas@example.com")).door().user == "tom@example.com"
    workflow.forget_identity(desk.at.store, "tom@example.com", by="ann@example.com")
    assert other.door().user == "tom@example.com"
    assert tom.door().closed == "stranger"


@pytest.mark.parametrize(
    ("coming", "closed"),
    [
        (lambda: None, "sign in"),
        (vouched("ann", until=timedelta(seconds=-1)), "sign in again"),
        (vouched("zoe"), "stranger"),
        (vouched("1", "tom@example.com", verified=False), "stranger"),
        (vouched("2", "gone@example.com"), "stranger"),
    ],
)
def test_nobody_else_comes_in_or_writes(desk: Desk, coming: Callable[[], Visit | None], closed: str) -> None:
    known(desk, tom="change manager", gone="change manager")
    workflow.put_user(desk.at.store, "gone@example.com", by="ann@example.com", role="viewer", active=False)
    afar = Desk(desk.at, signed_in=coming)
    revision = afar.moment().revision
    assert afar.door().closed == closed
    assert afar.visitor() == ""
    assert not afar.may("look")
    refused = afar.attempt(workflow.pin, "A", seen=desk.moment().position.changes["A"]["revision"])
    assert isinstance(refused, Refusal)
    assert refused.kind == "forbidden"
    assert afar.moment().revision == revision


# --- what the provider said ------------------------------------------------------------------------------------------


def claims(**given: Any) -> dict[str, Any]:
    word = {"is_logged_in": True, "iss": "https://id.example", "sub": "7", "email": "a@example.com", "name": "A"}
    return word | {"iat": datetime.now(UTC).timestamp() - 60} | given


def visited(monkeypatch: pytest.MonkeyPatch, **given: Any) -> Visit | None:
    class User:
        def to_dict(self) -> dict[str, Any]:
            return {name: value for name, value in claims(**given).items() if value is not None}

    monkeypatch.setattr(signing_in.st, "user", User())
    return visit(HOURS)


def test_a_visit_is_what_the_provider_vouches_for(monkeypatch: pytest.MonkeyPatch) -> None:
    found = visited(monkeypatch)
    assert found is not None
    assert found.identity == Identity("https://id.example", "7", "a@example.com")
    assert timedelta(hours=11, minutes=58) < found.until - datetime.now(UTC) < timedelta(hours=12)
    unverified = visited(monkeypatch, email_verified=False, name=" ")
    assert unverified is not None
    assert (unverified.identity.verified, unverified.name) == (False, "a@example.com")


@pytest.mark.parametrize(
    "given",
    [
        {"is_logged_in": False}, {"iss": None}, {"sub": ""}, {"sub": 7}, {"sub": "a b"}, {"iss": "x\ny"},
        {"iat": None}, {"iat": True}, {"iat": "now"}, {"iat": datetime.now(UTC).timestamp() + 100 * 3600},
    ],
)  # fmt: skip
def test_what_is_no_identity_is_nobody(monkeypatch: pytest.MonkeyPatch, given: dict[str, Any]) -> None:
    assert visited(monkeypatch, **given) is None


# --- settings --------------------------------------------------------------------------------------------------------


def whole(**given: Any) -> SignIn:
    settings = {"client_id": "desk", "client_secret": "s", "server_metadata_url": "https://id.example/c"}
    return SignIn(
        **settings
        | {"redirect_uri": "https://m.example/oauth2callback", "cookie_secret": "0123456789abcdef" * 2}
        | given
    )


def test_half_a_sign_in_is_refused() -> None:
    assert secrets(whole())["auth"]["client_id"] == "desk"
    with pytest.raises(SignInError) as found:
        secrets(SignIn(client_id="desk", cookie_secret="short", redirect_uri="https://m.example/"))  # type: ignore[arg-type]
    assert found.value.problems == [
        "[sign_in] client_secret is missing",
        "[sign_in] server_metadata_url is missing",
        "[sign_in] cookie_secret has fewer than 32 characters",
        "[sign_in] redirect_uri does not end in /oauth2callback",
    ]


def test_only_loopback_is_this_machine() -> None:
    assert [is_loopback(one) for one in ("127.0.0.1", "127.3.2.1", "::1", "localhost")] == [True] * 4
    assert not any(is_loopback(one) for one in ("0.0.0.0", "::", "10.0.0.1", "m.example", ""))
    settings = config(1, browser=False, address="0.0.0.0", hosts=["m.example", ""])
    assert settings["server.allowedHosts"] == ["127.0.0.1", "localhost", "m.example"]


# --- roles and pages -------------------------------------------------------------------------------------------------

MANAGING = {"meeting", "replan", "inputs", "what-if"}
FORBIDDEN = {"viewer": MANAGING, "team member": MANAGING}
AT_DESK = sorted({one.name for one in app.SCREENS if one.at in ("both", "desk")})


@pytest.mark.parametrize("role", ROLES)
def test_every_page_for_every_role(desk: Desk, role: Role) -> None:
    known(desk, pat=role)
    state.show_source(Desk(desk.at, signed_in=vouched("pat")))
    script = "import streamlit as st\nfrom scheduler.ui import app\nst.session_state['found'] = app.allowed()\n"
    found = AppTest.from_string(script).run().session_state["found"]
    assert sorted(found) == AT_DESK
    refused = {name for name, page in found.items() if page.title == app.NOT_ALLOWED}
    assert refused == FORBIDDEN.get(role, set())
    # What may not be opened is in no menu, nor is a page that needs to be told of what it is.
    assert {name for name, page in found.items() if page.visibility == "hidden"} == refused | {"change"}


def test_a_page_for_others_says_so(desk: Desk, router: Open) -> None:
    known(desk, pat="viewer")
    state.show_source(Desk(desk.at, signed_in=vouched("pat")))
    visitor = AppTest.from_string("from scheduler.ui.components.door import not_allowed\nnot_allowed()\n").run()
    assert "You are viewer here. This page is for people with another role" in said(visitor)
    visitor = router(change="A")
    assert visitor.title[0].value.startswith("A ")
    assert not [one for one in visitor.button if one.label in ("Approve", "Reject", "Move")]


def test_a_closed_door_shows_nothing_of_any_page(desk: Desk, router: Open) -> None:
    known(desk)
    state.show_source(Desk(desk.at, signed_in=lambda: None))
    visitor = router()
    assert visitor.title[0].value == "Maintenance windows"
    assert "Sign in to see the windows" in said(visitor)
    assert not visitor.dataframe
