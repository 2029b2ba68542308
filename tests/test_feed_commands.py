"""The commands about calendars, as a user types them."""

import json
import re
from pathlib import Path

import pytest
import strict_ical
from desks import Desk, usual
from stores import Stores
from typer.testing import CliRunner, Result

from scheduler.cli import app
from scheduler.desk import workflow
from scheduler.desk.store import Store
from scheduler.publish.subscribing import PROGRAMS, subscription


@pytest.fixture
def place(stores: Stores) -> str:
    """Give a store whose change A, of Blue, is scheduled and B, of Green, proposed."""
    found = stores.new("sqlite")
    with Store(found) as store:
        desk = Desk(store)
        desk.bring(usual())
        desk.scheduled("A", "Tue 02:00")
        desk.move("B", "Wed 02:00")
    return found


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(one) for one in arguments])


def test_publish_writes_every_calendar_and_writes_it_alike_again(place: str, tmp_path: Path) -> None:
    command = ("publish", tmp_path / "out", "--store", place, "--detail", "full", "--detail", "maintnote")
    done = run(*command)
    assert done.exit_code == 0, done.output
    files = {path.relative_to(tmp_path / "out").as_posix(): path for path in (tmp_path / "out").rglob("*.ics")}
    kinds = {"all.ics", "teams/blue.ics", "teams/green.ics", "services/app.ics", "services/mail.ics"}
    assert files.keys() == kinds | {f"maintnote/{one}" for one in kinds} | {
        "blackouts.ics",
        "aws/freezes.ics",
        "aws/windows.ics",
    }
    assert f"{len(files)} calendars" in done.stdout
    read = {name: strict_ical.read(path.read_bytes()) for name, path in files.items()}
    counts = {name: len(one.parts) for name, one in read.items()}
    assert (counts["teams/blue.ics"], counts["teams/green.ics"], counts["all.ics"]) == (1, 0, 1)
    # Friday of each of two weeks is frozen.
    assert (counts["blackouts.ics"], counts["aws/freezes.ics"], counts["aws/windows.ics"]) == (2, 2, 1)
    assert read["aws/windows.ics"].one("X-CALENDAR-TYPE") == "DEFAULT_CLOSED"
    assert read["maintnote/teams/blue.ics"].parts[0].one("X-MAINTNOTE-ACCOUNT") == "blue"
    before = {name: (path.read_bytes(), path.stat().st_mtime) for name, path in files.items() if "aws" not in name}
    (tmp_path / "out" / "teams" / "gone.ics").write_text("of a team that is gone")
    assert run(*command, "--public-url", "").exit_code == 0
    assert before == {name: (files[name].read_bytes(), files[name].stat().st_mtime) for name in before}
    assert not (tmp_path / "out" / "teams" / "gone.ics").exists()
    assert run(*command, "--proposals").exit_code == 0
    assert len(strict_ical.read(files["teams/green.ics"].read_bytes()).parts) == 1


def test_a_token_from_its_making_to_its_end(place: str) -> None:
    base = ("--store", place, "--by", "ana")
    made = run("token", "create", "team", "blue", *base, "--public-url", "https://maint.example.com", "--for", "bob")
    assert made.exit_code == 0, made.output
    (address,) = re.findall(r"^https://maint\.example\.com/feeds/[\w-]{32}\.ics$", made.stdout, re.MULTILINE)
    (row,) = json.loads(run("token", "list", "--store", place, "--json").stdout)["tokens"]
    assert (row["kind"], row["scope"], row["for"], row["standing"]) == ("team", "blue", "bob", "good")
    assert address.rpartition("/")[2].removesuffix(".ics") not in json.dumps(row)
    rotated = json.loads(run("token", "rotate", row["id"], *base, "--json").stdout)
    assert rotated["address"] not in ("", address)
    assert "127.0.0.1" in " ".join(rotated["warnings"])
    listed = {one["id"]: one for one in json.loads(run("token", "list", "--store", place, "--json").stdout)["tokens"]}
    assert listed[row["id"]]["standing"].startswith("good until")
    assert listed[rotated["id"]]["standing"] == "good"
    assert run("token", "revoke", rotated["id"], *base).exit_code == 0
    assert "revoked" in run("token", "list", "--store", place).stdout


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("token", "create", "team", "nobody"), "there is no team 'nobody'"),
        (("token", "create", "team"), "say which team"),
        (("token", "create", "blackouts", "--detail", "maintnote"), "choose full or busy"),
        (("token", "revoke", "x"), "there is no good token 'x'"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(place: str, arguments: tuple[str, ...], reason: str) -> None:
    refused = run(*arguments, "--store", place, "--by", "ana")
    assert refused.exit_code == 1
    assert reason in refused.stderr


def test_a_store_that_is_not_there_and_an_address_that_is_none(tmp_path: Path) -> None:
    assert run("publish", tmp_path, "--store", tmp_path / "none.db").exit_code == 1
    assert run("publish", tmp_path, "--store", "x", "--public-url", "maint.example.com").exit_code == 2


def test_a_subscription_says_what_stands_in_the_way() -> None:
    far = subscription("https://maint.example.com/", "s" * 32)
    assert (far.address, far.warnings) == (f"https://maint.example.com/feeds/{'s' * 32}.ics", ())
    assert far.webcal == f"webcal://maint.example.com/feeds/{'s' * 32}.ics"
    assert far.code().startswith("<svg")
    for inside in ("http://127.0.0.1:8502", "https://10.0.0.7", "https://desk", "https://desk.corp.internal"):
        assert "cannot reach" in subscription(inside, "s").warnings[0]
    assert "HTTPS" in subscription("http://maint.example.com", "s").warnings[0]
    assert "256" in subscription(f"https://{'x' * 240}.com", "s" * 32).warnings[0]
    assert {one.service for one in PROGRAMS} == {True, False}


def test_the_first_token_of_a_member_is_for_the_own_team(place: str) -> None:
    with Store(place) as store:
        workflow.put_user(store, "ana", by="ana", role="administrator")
        workflow.put_user(store, "bob", by="ana", role="team member", team="blue")
    base = ("--store", place, "--by", "bob")
    assert run("token", "create", "team", "blue", *base).exit_code == 0
    assert run("token", "create", "team", "green", *base).exit_code == 1
