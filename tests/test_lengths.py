import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from builders import change, portfolio
from typer.testing import CliRunner

from scheduler.cli import app
from scheduler.lengths import MOST_LENGTHS, lengths_document, lengths_text
from scheduler.portfolio import PastWork, Portfolio

START = datetime(2026, 1, 5, tzinfo=UTC)


def world(count: int = 1, works: int = 3) -> Portfolio:
    """Give changes of 60 and 90 minutes, and past works of 100, 110 and 120 minutes."""
    p = portfolio(changes=[change(f"A{number:02}", minutes=60, p90=90) for number in range(count)])
    history = [
        PastWork(change=f"P{minutes}", kind="normal", actual_start=START, actual_end=START + timedelta(minutes=minutes))
        for minutes in (100, 110, 120)
    ]
    return replace(p, history=tuple(history[:works]))


def test_lengths_are_shown_beside_those_typed() -> None:
    # Four fifths of the way from 110 to 120.
    assert lengths_text(world()).splitlines()[1:] == [
        "  A00: P50 60, P90 90; learnt P50 110, P90 118 (3 works: normal work)"
    ]
    assert lengths_document(world()) == [
        {
            "change": "A00",
            "duration_minutes": 60,
            "duration_p90_minutes": 90,
            "learnt_p50_minutes": 110,
            "learnt_p90_minutes": 118,
            "works": 3,
            "of": "normal work",
        }
    ]


def test_nothing_is_said_of_too_little_past() -> None:
    assert lengths_text(world(works=2)) == ""
    assert lengths_document(world(works=2)) == []


def test_long_lists_are_cut() -> None:
    lines = lengths_text(world(MOST_LENGTHS + 5)).splitlines()
    assert len(lines) == MOST_LENGTHS + 2
    assert lines[-1] == "  and 5 more, which --json lists"


@pytest.mark.parametrize("as_json", [False, True])
def test_check_shows_them(tmp_path: Path, as_json: bool) -> None:
    (tmp_path / "policy.toml").write_text('name = "P"\nstart = 2027-03-01T00:00:00Z\nweeks = 1\n')
    (tmp_path / "teams.csv").write_text("team,cost_per_user_hour,uses,headcount,contact\nBlue,1,mail,5,Bea\n")
    (tmp_path / "services.csv").write_text("service\nmail\n")
    (tmp_path / "changes.csv").write_text("change,services,duration_minutes\nC1,mail,60\n")
    rows = [f"P{n},normal,mail,2027-01-05 01:00,2027-01-05 02:{n}" for n in (10, 20, 30)]
    (tmp_path / "history.csv").write_text("\n".join(["change,kind,services,actual_start,actual_end", *rows, ""]))
    answer = CliRunner().invoke(app, ["check", str(tmp_path), *(["--json"] if as_json else [])])
    assert answer.exit_code == 0
    if as_json:
        assert json.loads(answer.stdout)["lengths"][0]["learnt_p50_minutes"] == 80
    else:
        assert "C1: P50 60, P90 60; learnt P50 80, P90 88 (3 works: normal work on its services)" in answer.stdout
