"""The commands as their users meet them: exit codes, what goes where, and that a stopped run loses nothing."""

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from scheduler.batch import sample_folder
from scheduler.cli import app

POLICY = 'name = "Small"\nstart = 2027-03-01T00:00:00Z\nweeks = 1\nnow = 2027-02-20T08:00:00Z\ncurrency = "GBP"\n'
TEAMS = "team,cost_per_user_hour,uses,headcount,contact\nBlue,10,app;mail,40,Ann\nGreen,5,mail,9,\n"
SERVICES = "service\napp\nmail\n"
CHANGES = (
    "change,title,services,duration_minutes,due,not_with,mandatory,drop_cost\n"
    "A,Patch,app,60,,,,\n"
    "B,Move,mail,120,,A,,\n"
    "C,Tidy,mail,30,2027-03-01T00:00:00Z,,no,70.00\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "small"
    path.mkdir()
    for name, text in {
        "policy.toml": POLICY,
        "teams.csv": TEAMS,
        "services.csv": SERVICES,
        "changes.csv": CHANGES,
    }.items():
        (path / name).write_text(text)
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(one) for one in arguments])


def planned(folder: Path, out: Path) -> Path:
    assert run("plan", folder, "--time-limit", 2, "--out", out).exit_code == 0
    return out / "schedule.json"


def test_plan_prints_what_it_saves_and_every_window(folder: Path) -> None:
    result = run("plan", folder, "--time-limit", 2)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "Small: 2 of 3 changes placed in the 1 week from Mon 1 Mar 2027 00:00 UTC."
    # Nobody is expected outside office hours, so a free window exists for both.
    assert lines[1] == "The plan costs clients 0.00 GBP (0.00 GBP weighted by service level, with delay)."
    for habit in ("first come first served", "the earliest start", "random plans", "Sunday 02:00"):
        assert habit in result.stdout
    assert any(line.startswith("A ") and "Mar 2027" in line and line.endswith("proposed") for line in lines)
    assert any(line.startswith("  C (70.00 GBP): ") for line in lines)
    # No usage is given at all, and nobody to talk to at Green.
    assert "Assumed, as no usage was recorded: the users of app of Blue, mail of Blue and mail of Green." in lines
    assert any("Green" in line and "contact" in line for line in lines[lines.index("Warnings:") :])
    assert " s  " in result.stderr


def test_json_is_one_document_on_stdout_and_the_same_as_the_file(folder: Path, tmp_path: Path) -> None:
    result = run("plan", folder, "--time-limit", 2, "--json", "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == json.loads((tmp_path / "out" / "schedule.json").read_text())
    assert result.stdout == (tmp_path / "out" / "schedule.json").read_text()
    assert [one["change"] for one in json.loads(result.stdout)["placements"]] == ["A", "B"]
    assert "cost" in result.stderr


def test_deterministic_runs_are_the_same_bytes_but_for_the_seconds(folder: Path, tmp_path: Path) -> None:
    outs = [tmp_path / "one", tmp_path / "two"]
    for out in outs:
        assert run("plan", folder, "--deterministic", 1, "--now", "2027-02-21T00:00Z", "--out", out).exit_code == 0
    first, second = (json.loads((out / "schedule.json").read_text()) for out in outs)
    assert first.pop("seconds") >= 0
    assert second.pop("seconds") >= 0
    assert first == second
    assert first["now"] == "2027-02-21T00:00:00Z"
    for name in ("schedule.csv", "charges.csv", "report.html", "feeds/Blue.ics", "feeds/Green.ics"):
        assert (outs[0] / name).read_bytes() == (outs[1] / name).read_bytes()


def test_a_plan_can_start_from_the_one_before(folder: Path, tmp_path: Path) -> None:
    first = planned(folder, tmp_path / "out")
    document = json.loads(first.read_text())
    told = "2027-02-20T08:00:00Z"
    for placement in document["placements"]:
        placement["announced_at"] = told
    first.write_text(json.dumps(document))
    result = run("plan", folder, "--time-limit", 2, "--previous", first, "--now", "2027-02-25T08:00:00Z", "--json")
    assert result.exit_code == 0
    assert {one["start"]: one["announced_at"] for one in json.loads(result.stdout)["placements"]} == {
        one["start"]: told for one in document["placements"]
    }


def test_a_plan_obeys_the_decisions_beside_it(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    rows = "change,kind,start,announced_at\nA,approve,2027-03-04T10:00Z,2027-02-20T09:00Z\n"
    out.mkdir()
    (out / "decisions.csv").write_text(rows + "B,reject,2027-03-01T00:00Z,\nGone,reject,2027-03-01T00:00Z,\n")
    schedule = planned(folder, out)
    placed = {one["change"]: one for one in json.loads(schedule.read_text())["placements"]}
    assert placed["A"]["start"] == "2027-03-04T10:00:00Z"  # in office hours, which nobody would choose
    assert placed["A"]["announced_at"] == "2027-02-20T09:00:00Z"
    assert placed["B"]["start"] >= "2027-03-01T02:00:00Z"  # two hours were rejected
    assert "STATUS:CONFIRMED" in (out / "feeds" / "Blue.ics").read_text()
    assert (out / "decisions.csv").read_text().startswith(rows)
    document = json.loads(schedule.read_text())
    assert document["folder"] == str(folder.resolve())
    # What is decided beside the plan binds whoever judges it; the folder alone knows nothing of it.
    assert run("verify", folder, schedule).exit_code == 0
    with (out / "decisions.csv").open("a") as log:
        log.write("A,reject,2027-03-04T10:00Z,\n")
    assert run("verify", folder, schedule).stdout.startswith("rejected windows: A ")


def test_progress_can_be_followed_by_a_program(folder: Path) -> None:
    command = [sys.executable, "-m", "scheduler.cli", "plan", str(folder), "--time-limit", "1", "--progress", "json"]
    finished = subprocess.run(command, capture_output=True, text=True, check=True)
    records = [json.loads(line) for line in finished.stderr.splitlines()]
    assert records
    assert set(records[0]) == {"seconds", "phase", "objective_cents", "bound_cents"}


def test_verify_is_silent_on_a_plan_and_names_what_another_breaks(folder: Path, tmp_path: Path) -> None:
    schedule = planned(folder, tmp_path / "out")
    result = run("verify", folder, schedule)
    assert (result.exit_code, result.stdout) == (0, "no rule is broken\n")
    broken = tmp_path / "broken.json"
    placements = [{"change": name, "start": "2027-03-02T03:00:00Z"} for name in "AB"]
    broken.write_text(json.dumps({"placements": placements}))
    result = run("verify", folder, broken)
    assert result.exit_code == 3
    assert result.stdout.startswith("conflict: ")
    result = run("verify", folder, broken, "--json")
    assert result.exit_code == 3
    (violation,) = json.loads(result.stdout)["violations"]
    assert violation["rule"] == "conflict"
    assert sorted(violation["changes"]) == ["A", "B"]
    assert violation["window"] == {"start": "2027-03-02T03:00:00Z", "end": "2027-03-02T04:00:00Z"}


def test_a_plan_is_judged_from_when_it_was_made(folder: Path, tmp_path: Path) -> None:
    # Notice of five days was given when the plan was made; seen from a day before the windows it would be too late.
    (folder / "teams.csv").write_text(
        "team,cost_per_user_hour,uses,headcount,contact,notice_days\nBlue,10,app;mail,4,A,5\n"
    )
    schedule = planned(folder, tmp_path / "out")
    assert run("verify", folder, schedule).exit_code == 0
    late = run("verify", folder, schedule, "--now", "2027-02-28T23:00Z")
    assert late.exit_code == 3
    assert late.stdout.startswith("notice: ")


def test_explain_all_or_one(folder: Path, tmp_path: Path) -> None:
    schedule = planned(folder, tmp_path / "out")
    everything = run("explain", folder, schedule)
    assert everything.exit_code == 0
    heads = [line for line in everything.stdout.splitlines() if line and not line.startswith(" ")]
    assert heads[1:] == ["A  Patch", "B  Move", "C  Tidy"]
    assert "weighted by service level" in heads[0]
    one = run("explain", folder, schedule, "B", "--json")
    assert one.exit_code == 0
    (explained,) = json.loads(one.stdout)["changes"]
    assert explained["change"] == "B"
    assert len(explained["others"]) == 5
    assert set(explained["others"][0]) == {"window", "extra_cents"}
    assert run("explain", folder, schedule, "Z").exit_code == 2


def test_the_curve_of_a_change_goes_to_a_file_and_into_json(folder: Path, tmp_path: Path) -> None:
    schedule = planned(folder, tmp_path / "out")
    table = tmp_path / "curve.csv"
    (explained,) = json.loads(run("explain", folder, schedule, "B", "--json", "--curve", table).stdout)["changes"]
    lines = table.read_text().splitlines()
    assert lines[0] == "start,cents,extra_cents,forbidden_by,at_least_cents"
    assert len(explained["curve"]) == len(lines) - 1
    chosen = next(point for point in explained["curve"] if point["start"] == explained["placement"]["start"])
    assert (chosen["extra_cents"], chosen["forbidden_by"]) == (0, [])
    # Nobody loses anything here, so no plan costs less than nothing beyond this one.
    assert f"{chosen['start']},{chosen['cents']},0,,0" in lines
    picture = tmp_path / "curve.SVG"
    assert run("explain", folder, schedule, "B", "--curve", picture).exit_code == 0
    assert picture.read_bytes().startswith(b"<svg ")
    assert run("explain", folder, schedule, "B", "--curve", tmp_path / "curve.txt").exit_code == 2
    assert run("explain", folder, schedule, "--curve", table).exit_code == 2
    assert run("explain", folder, schedule, "B", "--curve", tmp_path / "nowhere" / "curve.csv").exit_code == 1


def test_explain_says_if_the_schedule_is_not_legal(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"placements": [{"change": name, "start": "2027-03-02T03:00:00Z"} for name in "AB"]}))
    result = run("explain", folder, other)
    assert result.exit_code == 0
    assert "warning: the schedule breaks a rule: " in result.stderr
    other.write_text(json.dumps({"placements": [{"change": "A", "start": "2027-03-02T03:10:00Z"}]}))
    result = run("explain", folder, other)
    assert result.exit_code == 1
    assert "other.json: A does not start on the grid" in result.stderr


def test_check_counts_and_warns(folder: Path) -> None:
    result = run("check", folder)
    assert result.exit_code == 0
    assert result.stdout.startswith("Small: 3 changes, 2 services, 2 teams, ")
    assert "warning: " in result.stdout
    document = json.loads(run("check", folder, "--json").stdout)
    assert document["problems"] == []
    assert document["warnings"]
    assert [one["change"] for one in document["without_start"]] == ["C"]


def test_check_says_what_leaves_a_change_no_start(folder: Path) -> None:
    tidy = "C,Tidy,mail,30,2027-03-01T00:15:00Z,,no,70.00\n"
    must = "D,Switch over,mail,60,2027-03-01T00:30:00Z,,yes,\n"
    (folder / "changes.csv").write_text(CHANGES.splitlines(keepends=True)[0] + tidy + must)
    result = run("check", folder)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-2:] == [
        "no start is left for C, so that it will be left out: C, which needs 30 min, is due Mon 1 Mar 2027 00:15 UTC",
        "no start is left for D, so that no plan can be made: D, which needs 1 h, is due Mon 1 Mar 2027 00:30 UTC",
    ]
    first, _ = json.loads(run("check", folder, "--json").stdout)["without_start"]
    assert (first["change"], first["mandatory"]) == ("C", False)
    assert [(one["rule"], one["changes"]) for one in first["clash"]] == [("due", ["C"])]
    planned = json.loads(run("plan", folder, "--json", "--time-limit", 5).stdout)
    assert planned["clash_is_minimal"]
    assert [(one["rule"], one["changes"]) for one in planned["clash"]] == [("due", ["D"])]
    assert {step["rule"] for way in planned["relaxations"] for step in way["lifted"]} == {"due", "mandatory"}


def test_refused_input_gives_every_reason_on_stderr(folder: Path) -> None:
    (folder / "changes.csv").write_text("change,services,duration_minutes\nA,nowhere,60\nB,app,soon\n")
    for command in (["plan"], ["check"], ["plan", "--json"]):
        result = run(command[0], folder, *command[1:])
        assert result.exit_code == 1
        assert result.stdout == ""
        assert "row 2" in result.stderr
        assert "row 3" in result.stderr
    result = run("check", folder, "--json")
    assert result.exit_code == 1
    assert len(json.loads(result.stdout)["problems"]) == 2


def test_no_feasible_schedule(folder: Path, tmp_path: Path) -> None:
    planned(folder, tmp_path / "out")
    before = (tmp_path / "out" / "schedule.json").read_bytes()
    (folder / "changes.csv").write_text(
        "change,services,duration_minutes,due,not_with\nA,app,60,2027-03-01 01:00,\nB,mail,60,2027-03-01 01:00,A\n"
    )
    result = run("plan", folder, "--time-limit", 5, "--out", tmp_path / "out")
    assert result.exit_code == 3
    assert "no schedule obeys every rule" in result.stdout
    # What was planned before stays.
    assert (tmp_path / "out" / "schedule.json").read_bytes() == before
    result = run("plan", folder, "--time-limit", 5, "--json")
    assert result.exit_code == 3
    document = json.loads(result.stdout)
    assert document["status"] == "INFEASIBLE"
    assert document["clash"]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["bogus"],
        ["plan"],
        ["plan", "x", "--time-limit", "-1"],
        ["plan", "x", "--time-limit", "soon"],
        ["plan", "x", "--workers", "0"],
        ["plan", "x", "--now", "yesterday"],
        ["plan", "x", "--deterministic", "-1"],
        ["verify", "x"],
    ],
)
def test_wrong_usage(arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe\x00", b"[]", b"{}", b'{"placements": [1]}', b"[" * 100_000])
def test_a_schedule_that_cannot_be_read_is_refused(folder: Path, tmp_path: Path, content: bytes | None) -> None:
    schedule = tmp_path / "odd.json"
    if content is not None:
        schedule.write_bytes(content)
    for arguments in (
        ["verify", folder, schedule],
        ["explain", folder, schedule],
        ["plan", folder, "--previous", schedule],
    ):
        result = run(*arguments)
        assert result.exit_code == 1
        assert result.stdout == ""
        assert "odd.json" in result.stderr
        assert "Traceback" not in result.stderr


def test_folders_that_are_none_are_refused(folder: Path, tmp_path: Path) -> None:
    for command in (["plan", tmp_path / "none"], ["check", folder / "teams.csv"]):
        result = run(*command)
        assert result.exit_code == 1
        assert result.stderr
    # An out folder that cannot be made is found out before any work is done.
    begun = time.monotonic()
    result = run("plan", folder, "--time-limit", 30, "--out", folder / "teams.csv" / "out")
    assert result.exit_code == 1
    assert "teams.csv" in result.stderr
    assert time.monotonic() - begun < 10


# --- the sample, and a run that is stopped -----------------------------------------------------------------------


def started(*arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", "from scheduler.cli import main; main()", *(str(one) for one in arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_keeps_the_best_plan_so_far(tmp_path: Path, number: signal.Signals) -> None:
    out = tmp_path / "out"
    process = started("plan", sample_folder(), "--time-limit", 300, "--out", out)
    assert process.stderr is not None
    for line in process.stderr:
        if "cost" in line and "cost -" not in line:
            break
    process.send_signal(number)
    begun = time.monotonic()
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    assert time.monotonic() - begun < 45
    assert "best plan so far is kept" in stderr
    assert "changes placed" in stdout
    assert run("verify", sample_folder(), out / "schedule.json").exit_code == 0


def test_a_second_signal_gives_up_at_once_and_writes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = started("plan", sample_folder(), "--time-limit", 300, "--out", out)
    assert process.stderr is not None
    for line in process.stderr:
        if "cost" in line:
            process.send_signal(signal.SIGINT)
        if "best plan so far is kept" in line:
            break
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode in (0, 4)
    assert out.exists() == (process.returncode == 0)


def test_serving_what_is_no_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    result = run("serve", tmp_path / "none", "--no-browser")
    assert (result.exit_code, result.stderr) == (1, f"{tmp_path}/none: is not a folder\n")
    result = run("serve", folder, "--portfolio", tmp_path / "none", "--no-browser")
    assert (result.exit_code, result.stderr) == (1, f"{tmp_path}/none: is not a folder\n")


def test_a_port_in_use_is_refused(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run("serve", folder, "--port", port, "--no-browser")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"port {port} cannot be used (")
