"""Notices become rows once; later ones replace them, cancelled ones take them away, and bad ones change nothing."""

from pathlib import Path

import pytest
from inputs.test_external import TABLES
from inputs.test_notices import MAINTNOTE, calendar
from typer.testing import CliRunner

from scheduler.cli import app
from scheduler.inputs import load


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "portfolio"
    made.mkdir()
    for name, text in TABLES.items():
        if name != "external.csv":
            (made / name).write_text(text.replace("weeks = 1", "weeks = 2"))
    (made / "objects.csv").write_text('object,services\n"LINE,1",wan\nline2,app;wan\n')
    return made


def take(folder: Path, content: bytes, *options: str) -> tuple[int, str]:
    path = folder.parent / "notice.ics"
    path.write_bytes(content)
    answer = CliRunner().invoke(app, ["notices", str(folder), str(path), *options])
    return answer.exit_code, answer.output


def test_a_notice_is_taken_in_once(folder: Path) -> None:
    assert take(folder, calendar(*MAINTNOTE))[1].startswith("1 new, 0 changed, 0 gone")
    first = (folder / "external.csv").read_bytes()
    assert b"carrier.example-WO-1" in first
    change = load(folder).changes["carrier.example-WO-1"]
    assert (change.services, change.impact.value) == (("app", "wan"), "DEGRADED")
    assert take(folder, calendar(*MAINTNOTE))[1].startswith("0 new, 0 changed, 0 gone")
    assert (folder / "external.csv").read_bytes() == first


def test_later_notices_move_it_and_take_it_away(folder: Path) -> None:
    take(folder, calendar(*MAINTNOTE), "--block")
    later = tuple(one.replace("SEQUENCE:2", "SEQUENCE:3") for one in MAINTNOTE)
    moved = ("DTSTART:20270304T220000Z", "DTEND:20270305T000000Z", *later)
    assert take(folder, calendar(*moved))[1].startswith("0 new, 1 changed, 0 gone")
    assert b"2027-03-04T22:00:00Z,2027-03-05T00:00:00Z,yes" in (folder / "external.csv").read_bytes()
    # One that was overtaken on the way says nothing any more.
    assert "a later notice is known already" in take(folder, calendar(*MAINTNOTE))[1]
    gone = tuple(one.replace("CONFIRMED", "CANCELLED").replace("SEQUENCE:2", "SEQUENCE:4") for one in MAINTNOTE)
    assert "0 new, 0 changed, 1 gone" in take(folder, calendar(*gone))[1]
    assert "carrier.example-WO-1" not in load(folder).changes


def test_what_touches_nothing_here_is_said_and_left_out(folder: Path) -> None:
    code, said = take(folder, calendar("LOCATION:elsewhere"))
    assert code == 0
    assert "'elsewhere' is no service; name it in objects.csv" in said
    assert "touches no service of the portfolio" in said
    assert "0 new" in said
    # What is called like a service is that service.
    assert "1 new" in take(folder, calendar("LOCATION:WAN"))[1]


def test_a_bad_notice_changes_nothing(folder: Path) -> None:
    take(folder, calendar(*MAINTNOTE))
    before = (folder / "external.csv").read_bytes()
    for bad in (b"<html>login</html>", calendar(*MAINTNOTE)[:-30], b"From: a@b.example\n\nwords"):
        code, said = take(folder, bad)
        assert code == 1
        assert "Traceback" not in said
        assert (folder / "external.csv").read_bytes() == before


def test_text_of_vendors_is_no_formula(folder: Path) -> None:
    take(folder, calendar(*MAINTNOTE[1:], "SUMMARY:=1+1"))
    assert b"'=1+1" in (folder / "external.csv").read_bytes()
    assert load(folder).changes["carrier.example-WO-1"].title == "=1+1"
