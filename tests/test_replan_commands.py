"""`replan`, `diff` and `what-if` on a small portfolio in files: what they print, write and refuse."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from scheduler.cli import app

POLICY = """
name = "Small"
start = 2027-03-01
weeks = 2
now = 2027-02-22T09:00:00Z
time_zone = "UTC"
move_cost = 1
fairness_epsilon = 0
"""
FILES = {
    "policy.toml": POLICY,
    "teams.csv": "team,cost_per_user_hour,uses,headcount\nblue,1,app,100\n",
    "services.csv": "service\napp\nother\n",
    "engineers.csv": "engineer,skills,works\nana,dba,\nben,dba,Mon-Fri 08:00-18:00\n",
    "calendars.csv": "calendar,kind,hours,applies_to\nquiet,blackout,Sat-Sun 00:00-24:00,*\n",
    "changes.csv": "change,services,duration_minutes,skills,earliest,due\n"
    "A,app,60,dba,2027-03-01,2027-03-12\nB,app,60,dba,2027-03-01,2027-03-12\nC,other,60,,,2027-03-12\n",
}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(one) for one in arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "small"
    place.mkdir()
    for name, text in FILES.items():
        (place / name).write_text(text, encoding="utf-8")
    return place


def plan(path: Path, starts: dict[str, str], *, announced: bool = True) -> Path:
    rows = [
        {"change": name, "start": start, "announced_at": "2027-02-22T09:00:00Z" if announced else None}
        for name, start in starts.items()
    ]
    document = {"now": "2027-02-22T09:00:00Z", "placements": rows}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """A and B at night, two hours apart, when nobody works who could be disturbed; C whenever."""
    return plan(
        tmp_path / "before.json",
        {"A": "2027-03-02T20:00:00Z", "B": "2027-03-02T22:00:00Z", "C": "2027-03-02T20:00:00Z"},
    )


def test_an_absence_shows_what_is_at_risk_and_moves_only_that(folder: Path, before: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    away = "ana=2027-03-02T21:00Z/2027-03-03T00:00Z"
    options = ("--away", away, "--now", "2027-03-02T12:00Z", "--time-limit", 5)
    result = run("replan", folder, before, *options, "--out", out)
    assert result.exit_code == 0, result.output
    assert "ana is away Tue 2 Mar 2027 21:00 to Wed 3 Mar 2027 00:00 UTC" in result.stdout
    assert "at risk: B Tue 2 Mar 2027 22:00 to 23:00 UTC has to move" in result.stdout
    assert "B moves from" in result.stdout
    written = json.loads((out / "schedule.json").read_text(encoding="utf-8"))
    starts = {one["change"]: one["start"] for one in written["placements"]}
    assert (starts["A"], starts["C"]) == ("2027-03-02T20:00:00Z", "2027-03-02T20:00:00Z")
    assert starts["B"] != "2027-03-02T22:00:00Z"
    assert (out / "report.html").exists()
    document = json.loads(run("replan", folder, before, *options, "--json").stdout)
    assert [one["change"] for one in document["moves"]] == ["B"]
    assert [one["change"] for one in document["at_risk"]] == ["B"]
    assert document["moves"][0]["price_cents"] == 800  # 1.00 × (1 + 7 / 1): the window was for today


def test_a_replan_in_which_nothing_moves_and_what_is_over_stays_out(folder: Path, before: Path) -> None:
    result = run("replan", folder, before, "--now", "2027-03-02T20:30Z", "--time-limit", 3)
    assert result.exit_code == 0, result.output
    assert "no announced window moves" in result.stdout
    # A and C are under way, of which half an hour is left from 20:30 on.
    document = json.loads(
        run("replan", folder, before, "--now", "2027-03-02T21:00Z", "--time-limit", 3, "--json").stdout
    )
    assert [one["change"] for one in document["placements"]] == ["B"]


def test_a_part_that_breaks_rules_is_refused(folder: Path, tmp_path: Path) -> None:
    """Both at 20:00 need two with dba, and one is there at night."""
    both = plan(tmp_path / "both.json", {"A": "2027-03-02T20:00:00Z", "B": "2027-03-02T20:00:00Z"})
    result = run("replan", folder, both, "--now", "2027-02-22T09:00Z", "--time-limit", 3, "--take", "C")
    assert result.exit_code == 3
    assert "C cannot be taken over alone" in result.stdout
    taken = run("replan", folder, both, "--now", "2027-02-22T09:00Z", "--time-limit", 3, "--take", "A", "--take", "B",
                "--take", "C")  # fmt: skip
    assert taken.exit_code == 0, taken.output
    assert "with only A, B and C taken over the plan costs" in taken.stdout


def test_two_plans_are_compared(folder: Path, before: Path, tmp_path: Path) -> None:
    after = plan(
        tmp_path / "after.json",
        {"A": "2027-03-02T20:00:00Z", "B": "2027-03-03T10:00:00Z", "C": "2027-03-02T20:00:00Z"},
        announced=False,
    )
    result = run("diff", folder, before, after)
    assert result.exit_code == 0, result.output
    assert "1 change differs; the new plan costs more: 100.00 EUR" in result.stdout
    document = json.loads(run("diff", folder, before, after, "--json").stdout)
    assert document["saved_cents"] == -10_000
    assert [one["change"] for one in document["changes"]] == ["B"]
    assert document["changes"][0]["teams"][0]["cents"] == 10_000


def test_what_ifs_are_answered(folder: Path, before: Path) -> None:
    options = ("--now", "2027-02-22T09:00Z", "--time-limit", 3)
    result = run("what-if", folder, before, "--without-calendar", "quiet", "--one-more", "ana", *options,
                 "--at", "B=2027-03-03T10:00")  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "to do without the calendar quiet saves 0.00 EUR" in result.stdout
    assert "one more engineer like ana saves 0.00 EUR" in result.stdout
    assert "B at Wed 3 Mar 2027 10:00 UTC costs" in result.stdout
    document = json.loads(run("what-if", folder, before, "--without-rule", "capacity", *options, "--json").stdout)
    (answer,) = document["answers"]
    assert answer["price_cents"] == 0
    assert answer["at_least_cents"] <= 0 <= answer["at_most_cents"]


@pytest.mark.parametrize(
    ("command", "options", "says"),
    [
        ("replan", ["--away", "zoe=2027-03-02/2027-03-03"], "there is no engineer 'zoe'; there are: ana and ben"),
        ("replan", ["--away", "ana=tomorrow"], "is not of the form"),
        ("replan", ["--away", "ana=2027-03-03/2027-03-02"], "ends before it starts"),
        ("replan", ["--only", "Z"], "'Z' is no change"),
        ("what-if", [], "ask something"),
        ("what-if", ["--without-rule", "gravity"], "there is no rule to do without 'gravity'"),
        ("what-if", ["--without-wish", "1"], "there is no wish 1; there are: none"),
        ("what-if", ["--without-calendar", "x"], "there is no calendar 'x'"),
        ("what-if", ["--at", "A"], "is not of the form"),
        ("what-if", ["--at", "A=noon"], "is not a time"),
    ],
)
def test_what_cannot_be_asked_is_wrong_usage(
    folder: Path, before: Path, command: str, options: list[str], says: str
) -> None:
    result = run(command, folder, before, *options)
    assert result.exit_code == 2
    assert says in " ".join(result.stderr.replace("│", " ").split())
