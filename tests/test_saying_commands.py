"""What people say beside decisions, from the command line: it is kept, listed with its number, and answered."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from small_plan import write_portfolio
from typer.testing import CliRunner

from scheduler.cli import app
from scheduler.desk.position import position
from scheduler.desk.store import Store

PLANNED = "2027-02-20T08:00Z"


def run(*given: str, by: str | None = "ana", code: int = 0) -> Result:
    result = CliRunner().invoke(app, [*given, *([] if by is None else ["--by", by])])
    assert result.exit_code == code, result.output
    return result


def said(*given: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = json.loads(run("said", *given, "--json", by=None).stdout)
    return found


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A desk with the small portfolio, in which A takes its service from Blue."""
    monkeypatch.setenv("SCHEDULER_STORE", str(tmp_path / "desk.db"))
    run("import", str(write_portfolio(tmp_path / "portfolio")), "--now", PLANNED)
    return tmp_path / "desk.db"


def test_an_objection_is_made_listed_and_answered(store: Path) -> None:
    run("move", "A", "2027-03-06T20:00Z")
    assert "takes nothing from green" in run("object", "A", "--team", "green", "--reason", "no", code=1).stderr
    assert "ana objected to A" in run("object", "A", "--team", "blue", "--reason", "We close the month.").stdout
    (one,) = said()["objections"]
    assert (one["team"], one["status"], one["start"]) == ("blue", "open", "2027-03-06T20:00:00Z")
    assert "blue" in run("said", by=None).stdout
    run("answer", str(one["id"]), "You are right; sorry.", "--uphold")
    assert (said("A")["objections"][0]["status"], said()["objections"][0]["answer"]) == (
        "upheld",
        "You are right; sorry.",
    )
    assert "was answered by ana already" in run("answer", str(one["id"]), "Again.", code=1).stderr
    stale = run("object", "A", "--team", "blue", "--reason", "once more", "--revision", "1", code=1).stderr
    assert "was changed since you looked at it" in stale


def test_comments_are_kept_with_their_change(store: Path) -> None:
    run("comment", "A", "Who brings the key?", "--key", "once")
    assert "nothing was written" in run("comment", "A", "Who brings the key?", "--key", "once").stderr
    assert "is missing" in run("comment", "A", "  ", code=1).stderr
    assert [(one["by"], one["text"]) for one in said("A")["comments"]] == [("ana", "Who brings the key?")]
    assert "comment " in run("said", "A", by=None).stdout


def test_a_wish_is_on_the_clock_of_its_team(store: Path) -> None:
    # Green works in Singapore, eight hours ahead of UTC.
    wish = ["prefer", "green", "avoid", "--from", "2027-03-08 09:00", "--to", "2027-03-08 17:00"]
    assert "say what an hour of work then costs" in run(*wish, code=1).stderr
    assert "is no amount of money" in run(*wish, "--cost-per-hour", "1.234", code=2).stderr
    run(*wish, "--cost-per-hour", "12.50", "--reason", "audit")
    run("prefer", "green", "never", "--hours", "Fri 09:00-12:00")
    first, second = said()["wishes"]
    assert (first["start"], first["end"], first["cost_cents_per_hour"]) == (
        "2027-03-08T01:00:00Z",
        "2027-03-08T09:00:00Z",
        1250,
    )
    assert (second["hours"], second["kind"]) == ("Fri 09:00-12:00", "never")
    run("unprefer", str(first["id"]))
    assert [one["id"] for one in said()["wishes"]] == [second["id"]]
    assert "no wish" in run("unprefer", str(first["id"]), code=1).stderr
    assert "there is no team" in run("prefer", "nobody", "never", "--hours", "Fri 09:00-12:00", code=1).stderr


def test_somebody_stands_in_for_somebody_who_is_away(store: Path) -> None:
    for user, role in (("ana", "administrator"), ("ben", "change manager"), ("tom", "viewer")):
        run("user", "add", user, "--role", role)
    run("move", "A", "2027-03-06T20:00Z")
    assert "may not do this" in run("approve", "A", by="tom", code=1).stderr
    run("delegate", "tom", "--from", "2026-01-01", "--to", "2099-01-01", by="ben")
    (one,) = said()["stand_ins"]
    assert (one["giver"], one["taker"]) == ("ben", "tom")
    run("approve", "A", "--instead-of", "ben", by="tom")
    with Store(store) as desk, desk.reading() as connection:
        assert position(connection).changes["A"]["state"] == "Scheduled"
    run("undelegate", str(one["id"]), by="ben")
    assert said()["stand_ins"] == []
    assert (
        "only an administrator"
        in run("delegate", "tom", "--for", "ana", "--from", "2026-01-01", "--to", "2099-01-01", by="ben", code=1).stderr
    )
