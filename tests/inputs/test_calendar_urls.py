"""Calendars from addresses: fetched again they change nothing, and a bad one never replaces a good one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from inputs.hostile_calendars import calendar, event
from inputs.test_external import TABLES
from inputs.test_fetching import Pages, served
from typer.testing import CliRunner

from scheduler.cli import app
from scheduler.inputs import load


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What the server gives by path."""
    found: dict[str, bytes] = {}

    def do_get(self: Pages) -> None:
        content = found.get(self.path)
        if content is None:
            self.send_error(404)
        else:
            self._send(content, {"Content-Length": str(len(content))})

    monkeypatch.setattr(Pages, "do_GET", do_get)
    return found


@pytest.fixture
def folder(tmp_path: Path, answers: dict[str, bytes]) -> Iterator[Path]:
    for name, text in TABLES.items():
        if name != "external.csv":
            (tmp_path / name).write_text(text)
    with served() as address:
        rows = [
            f"freeze,blackout,calendars/freeze.ics,{address}/freeze",
            f"shift,working,calendars/shift.ics,{address}/shift",
        ]
        (tmp_path / "calendars.csv").write_text("\n".join(["calendar,kind,file,url", *rows, ""]))
        yield tmp_path


def run(folder: Path, *options: str) -> tuple[int, str]:
    answer = CliRunner().invoke(app, ["fetch", str(folder), *(options or ("--allow", "127.0.0.1"))])
    return answer.exit_code, answer.output


FREEZE = calendar(*event(start="20270303T100000Z", end="20270303T120000Z"))
SHIFT = calendar(*event("RRULE:FREQ=DAILY", start="20270301T080000Z", end="20270301T160000Z"))


def test_what_was_fetched_is_planned_with(folder: Path, answers: dict[str, bytes]) -> None:
    answers |= {"/freeze": FREEZE, "/shift": SHIFT}
    assert run(folder) == (0, "2 changed: freeze and shift\n0 as before\n")
    assert run(folder) == (0, "0 changed\n2 as before: freeze and shift\n")
    (window,) = load(folder).calendars["freeze"].periods or ()
    assert window.start.isoformat() == "2027-03-03T10:00:00+00:00"


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (b"<html>please sign in</html>", "web page"),
        (FREEZE[:-20], "was it cut off|ends what did not begin"),
        (b"", "it is empty"),
        (None, "answers 404"),
        (calendar(*event("RRULE:FREQ=SECONDLY")), "too often"),
    ],
)
def test_a_bad_one_never_replaces_a_good_one(
    folder: Path, answers: dict[str, bytes], bad: bytes | None, problem: str
) -> None:
    answers |= {"/freeze": FREEZE, "/shift": SHIFT}
    run(folder)
    answers["/shift"] = SHIFT + b"\r\n"
    if bad is None:
        del answers["/freeze"]
    else:
        answers["/freeze"] = bad
    code, said = run(folder)
    assert code == 1
    assert "calendars.csv, row 2, url" in said
    assert any(one in said for one in problem.split("|"))
    assert "what was there before stays" in said
    # The other is new all the same, and nothing is left over.
    assert (folder / "calendars/freeze.ics").read_bytes() == FREEZE
    assert (folder / "calendars/shift.ics").read_bytes() == SHIFT + b"\r\n"
    assert sorted(one.name for one in (folder / "calendars").iterdir()) == ["freeze.ics", "shift.ics"]


def test_this_machine_is_not_asked_unless_that_is_meant(folder: Path, answers: dict[str, bytes]) -> None:
    answers |= {"/freeze": FREEZE, "/shift": SHIFT}
    code, said = run(folder, "--allow", "elsewhere.example")
    assert code == 1
    assert said.count("is on this machine or in this network") == 2
    assert not (folder / "calendars").exists()


def test_planning_says_what_to_do_where_nothing_was_fetched(folder: Path) -> None:
    answer = CliRunner().invoke(app, ["check", str(folder)])
    assert answer.exit_code == 1
    assert "scheduler fetch" in answer.output
