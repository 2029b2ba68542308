"""Signing in at a provider in a real browser: refused what the role may not do, sent where one was going, and out."""

import json
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from small_desk import fill
from stores import Stores

from scheduler.desk import workflow
from scheduler.desk.identities import identities
from scheduler.desk.position import position
from scheduler.desk.store import Store

Serve = Callable[..., AbstractContextManager[str]]
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"
PEOPLE = {"ada@example.com": "administrator", "vic@example.com": "viewer"}


@pytest.fixture
def provider(free_port: Callable[[], int]) -> Iterator[str]:
    """A provider that vouches for three people, one of whom no desk knows."""
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
    for mail in (*PEOPLE, "zoe@example.com"):
        claims = {"sub": mail.partition("@")[0], "email": mail, "name": mail.partition("@")[0].capitalize()}
        command += ["--user-claims", json.dumps(claims)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}/.well-known/openid-configuration"
    try:
        for _ in range(300):
            assert process.poll() is None, "the provider ended"
            try:
                urllib.request.urlopen(address, timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def store(stores: Stores) -> str:
    """The place of a store with the small plan and two users."""
    place = stores.like("sqlite", "small", fill)
    with Store(place) as store:
        for user, role in PEOPLE.items():
            workflow.put_user(store, user, by="ada@example.com", role=role, name=user[:3].capitalize())  # type: ignore[arg-type]
    return place


@pytest.fixture
def served(
    store: str, provider: str, run_server: Serve, free_port: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    port = free_port()
    for name, value in {
        "client_id": "desk",
        "client_secret": "secret",
        "server_metadata_url": provider,
        "redirect_uri": f"http://127.0.0.1:{port}/oauth2callback",
        "cookie_secret": "0123456789abcdef" * 4,
    }.items():
        monkeypatch.setenv(f"SCHEDULER_SIGN_IN__{name.upper()}", value)
    with run_server("serve", "--store", store, port=port) as address:
        yield address


def sign_in(tab: Any, who: str) -> None:
    tab.get_by_role("button", name="Sign in").click()
    tab.get_by_role("button", name=re.compile(who)).click()


def test_a_viewer_signs_in_is_refused_and_signs_out(
    served: str, store: str, fresh: Callable[[], Any], tmp_path: Path
) -> None:
    tab = fresh()
    # A link from a mail, with no sign-in yet.
    tab.goto(f"{served}/change?change=A")
    tab.get_by_text("Sign in to see the windows").wait_for()
    assert "Patch order entry" not in tab.content()
    tab.screenshot(path=tmp_path / "door.png")
    sign_in(tab, "vic")
    tab.get_by_role("heading", name=re.compile("^A ")).wait_for()
    assert tab.url == f"{served}/change?change=A"
    tab.get_by_text("Vic · viewer").wait_for()
    with Store(store) as desk, desk.reading() as connection:
        assert list(identities(connection).values()) == ["vic@example.com"]
        revision = position(connection).changes["A"]["revision"]

    # What the role may not do is not offered, nor done where it is asked for all the same.
    menu = tab.get_by_test_id("stTopNavSection").filter(has_text="Plans")
    menu.click()
    tab.get_by_role("menuitem", name="Runs").wait_for()
    assert not tab.get_by_role("menuitem", name="Replan").count()
    tab.goto(f"{served}/replan")
    tab.get_by_role("heading", name="Not for your role").wait_for()
    tab.get_by_text("You are viewer here.").wait_for()
    tab.screenshot(path=tmp_path / "refused.png")
    tab.goto(f"{served}/people")
    tab.get_by_role("heading", name="People").wait_for()
    tab.locator(IDLE).wait_for()
    assert not tab.get_by_role("button", name="Add").count()
    with Store(store) as desk, desk.reading() as connection:
        assert position(connection).changes["A"]["revision"] == revision

    tab.get_by_role("button", name="Sign out").click()
    tab.get_by_role("button", name="End session").click()
    tab.get_by_text("Sign in to see the windows").wait_for()
    assert not [one for one in tab.context.cookies() if one["name"].startswith("_streamlit_user") and one["value"]]

    # Somebody whom no administrator added.
    tab = fresh()
    tab.goto(f"{served}/savings")
    sign_in(tab, "zoe")
    tab.get_by_text("is not a user of this desk").wait_for()
    assert "saves" not in tab.content()


def test_an_administrator_takes_a_role_away_and_it_is_gone_at_once(served: str, fresh: Callable[[], Any]) -> None:
    ada, vic = fresh(), fresh()
    for tab, who in ((ada, "ada"), (vic, "vic")):
        tab.goto(f"{served}/people")
        sign_in(tab, who)
        tab.get_by_role("heading", name="People").wait_for()
        tab.locator(IDLE).wait_for()
    ada.get_by_label("Change", exact=True).click()
    ada.get_by_role("option", name="vic@example.com").click()
    # The page is also idle before it hears of the choice, and then for a moment draws both forms: the new one only
    # counts once the old one went.
    form = ada.get_by_test_id("stForm").nth(1)
    expect(ada.locator('[aria-label="Name"][value="Vic"]')).to_have_count(1, timeout=60_000)
    expect(ada.locator('[aria-label="Name"][value="Ada"]')).to_have_count(0, timeout=60_000)
    ada.locator(IDLE).wait_for()
    form.get_by_text("May come in").click()
    form.get_by_role("button", name="Save").click()
    ada.get_by_text("was sent away").wait_for()
    vic.get_by_test_id("stTopNavSection").filter(has_text="Clients").click()
    vic.get_by_role("menuitem", name="Savings and burden").click()
    vic.get_by_text("is not a user of this desk").wait_for()
