"""The desk from the command line: a change from import to review, and how refusals are told."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import Result
from small_plan import write_portfolio
from typer.testing import CliRunner

from scheduler.cli import app


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A desk with the small portfolio in its place, which commands find by themselves."""
    monkeypatch.setenv("SCHEDULER_STORE", str(tmp_path / "desk.db"))
    folder = write_portfolio(tmp_path / "portfolio")
    assert "4 new: A, B, C and D" in run("import", str(folder), "--now", "2027-02-20T08:00Z").stdout
    return tmp_path / "desk.db"


NO_USER = ("changes", "log", "runs", "db")


def run(*given: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, [*given, *([] if given[0] in NO_USER else ["--by", "ana"])])
    assert result.exit_code == code, result.output
    return result


def states() -> dict[str, str]:
    return {one["change"]: one["state"] for one in json.loads(run("changes", "--json").stdout)["changes"]}


def test_from_a_folder_to_an_announced_window(store: Path, tmp_path: Path) -> None:
    assert set(states().values()) == {"Draft"}
    proposed = run("propose", "--time-limit", "10", "--now", "2027-02-20T08:00Z").stdout
    assert "ana proposed A at 2027-03-06T20:00Z" in proposed
    assert states() == {"A": "Proposed", "B": "Proposed", "C": "Assess", "D": "Proposed"}
    assert "finished" in run("runs").stdout
    assert json.loads(run("runs", "--json").stdout)["runs"][0]["status"] == "finished"
    assert "nothing was to be done" in run("propose", "--run", "1").stdout
    revision = json.loads(run("changes", "--json").stdout)["changes"][0]["revision"]
    once = ["approve", "A", "--key", "once", "--revision", str(revision)]
    run(*once)
    assert "done before; nothing was written" in run(*once).stderr
    run("hold", "B", "--reason", "wait for parts")
    assert "B is on hold" in run("approve", "B", code=1).stderr
    run("release", "B")
    run("reject", "B", "--reason", "=month end")
    assert states()["B"] == "Rejected"
    assert "A  Scheduled  window Sat 6 Mar 2027 20:00 to 21:30 GMT" in run("changes").stdout
    run("log", "--csv", str(tmp_path / "log.csv"))
    assert "'=month end" in (tmp_path / "log.csv").read_text("utf-8")
    assert "ana approved A" in run("log", "A").stdout
    assert {one["change"] for one in json.loads(run("log", "B", "--json").stdout)["log"]} == {"B"}


def test_a_move_is_priced_and_refused(store: Path) -> None:
    # What it costs depends on the day this runs, as usage that is yet to come is not known.
    priced = run("move", "A", "2027-03-06 20:00", "--price").stdout
    assert priced.startswith("A at Sat 6 Mar 2027 20:00 GMT costs clients ")
    assert set(states().values()) == {"Draft"}
    refused = run("move", "A", "2026-12-06T20:00Z", code=1)
    assert "does not lie inside the planned weeks" in refused.stderr
    run("move", "A", "2027-03-06T20:00Z")
    stale = run("pin", "A", "--revision", "1", code=1)
    assert "; ana moved A at 2027-03-06T20:00Z" in stale.stderr
    assert "is in state Proposed" in run("start", "A", code=1).stderr
    assert "both why and until when" in run("move", "A", "2027-03-06T20:00Z", "--override", "so", code=2).stderr


def test_stores_are_made_copied_and_restored(store: Path, tmp_path: Path) -> None:
    assert "desk.db: form " in run("db", "upgrade").stdout
    run("db", "backup", str(tmp_path / "kept.db"))
    run("cancel", "A", "--reason", "a mistake")
    run("db", "restore", str(tmp_path / "kept.db"), "--yes")
    assert states()["A"] == "Draft"
    run("db", "copy", str(tmp_path / "other.db"))
    assert "holds a desk already" in run("db", "copy", str(tmp_path / "other.db"), code=1).stderr
    shutil.rmtree(tmp_path / "portfolio")
    assert "there is no store" in run("changes", "--store", str(tmp_path / "none.db"), code=1).stderr


def test_people_come_and_go(store: Path) -> None:
    assert "make one first" in run("user", "add", "tom", "--role", "viewer", code=1).stderr
    run("user", "add", "ana", "--role", "administrator")
    run("user", "add", "tom", "--role", "team member", "--team", "blue")
    run("user", "role", "tom", "--role", "change manager")
    run("user", "remove", "tom")
    assert "tom is not a user of this desk any more" in CliRunner().invoke(app, ["pin", "A", "--by", "tom"]).stderr
    assert "is no role" in run("user", "add", "eve", "--role", "queen", code=1).stderr


def test_bringing_the_same_again_changes_nothing(store: Path, tmp_path: Path) -> None:
    again = ["import", str(tmp_path / "portfolio"), "--now", "2027-02-20T08:00Z"]
    before = run("log").stdout
    assert run(*again).stdout == "nothing differs from what is there\n"
    changes = tmp_path / "portfolio" / "changes.csv"
    changes.write_text(changes.read_text().replace("Tidy up", "Tidy up all"))
    assert run(*again, "--dry-run").stdout == "1 altered: C\n"
    assert run("log").stdout == before
    run(*again)
    assert "ana altered C" in run("log", "C").stdout
