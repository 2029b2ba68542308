"""A batch of ten of which four cannot be planned, what a second run does, and lost processes."""

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from business_units import children, good, huge, infeasible, scheduler, unreadable
from small_plan import CHANGES

from scheduler.batch.choice import runner_of
from scheduler.batch.job import Job
from scheduler.batch.many import BusyError, Hooks, named, run_batch
from scheduler.batch.runners import RunnerError, Serial
from scheduler.inputs import load, read_schedule
from scheduler.solver.incumbent import Progress
from scheduler.verify import verify

BAD = {"unreadable": "refused", "infeasible": "infeasible", "too-slow": "too slow", "huge": "too much memory"}
GOOD = [f"unit-{number}" for number in range(6)]


@pytest.fixture(scope="module")
def ten(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of ten portfolios."""
    folder = tmp_path_factory.mktemp("ten")
    for number, name in enumerate(GOOD):
        good(folder / name, number)
    makers = {"unreadable": unreadable, "infeasible": infeasible, "too-slow": good, "huge": huge}
    for name, make in makers.items():
        make(folder / name)
    return folder


@pytest.fixture(scope="module")
def runs(ten: Path, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[int, dict, str]]:  # type: ignore[type-arg]
    """A first run over the ten, and a second one after three of the bad ones were mended."""
    out = tmp_path_factory.mktemp("plans")
    figures = out / "figures.prom"
    # The bad ones come first: what follows them is planned all the same. One stands still, as on a disk that is gone.
    order = ["too-slow", "unreadable", "huge", "infeasible", *GOOD]
    folders = [ten / name for name in order]
    given = ["--deterministic", "0.5", "--no-report", "--memory-limit", "700", "--hard-limit", "45"]
    made = []
    for hold in ("too-slow", ""):
        ran = scheduler("batch", *folders, "--out", out, *given, "--json", "--metrics-file", figures, hold=hold)
        made.append((ran.returncode, json.loads(ran.stdout), ran.stderr))
        (ten / "unreadable" / "changes.csv").write_text(CHANGES)
        (ten / "huge" / "usage.parquet").unlink(missing_ok=True)
    made.append((0, {"out": str(out)}, figures.read_text()))
    return made


def kinds(document: dict[str, list[dict[str, str]]]) -> dict[str, str]:
    return {one["name"]: one["kind"] for one in document["portfolios"]}


def test_four_bad_ones_do_not_stop_the_other_six(runs: list, ten: Path) -> None:  # type: ignore[type-arg]
    code, document, log = runs[0]
    assert kinds(document) == dict.fromkeys(GOOD, "planned") | BAD
    # 4 for what was given up is the highest of 0, 1, 3 and 4.
    assert code == document["exit_code"] == 4
    ends = {one["name"]: one for one in document["portfolios"]}
    assert [ends[name]["exit_code"] for name in BAD] == [1, 3, 4, 4]
    assert any("changes.csv" in text for text in ends["unreadable"]["messages"])
    assert any("New database" in text or "D" in text for text in ends["infeasible"]["messages"])
    assert ends["huge"]["peak_mib"] > 700
    out = Path(runs[2][1]["out"])
    for name in GOOD:
        portfolio = load(ten / name)
        assert verify(portfolio, read_schedule(out / name / "schedule.json", portfolio)) == []
    for name, kind in BAD.items():
        assert f"{name}: {kind}" in log


def test_a_second_run_does_only_what_is_missing(runs: list) -> None:  # type: ignore[type-arg]
    code, document, log = runs[1]
    mended = dict.fromkeys(["too-slow", "unreadable", "huge"], "planned")
    assert kinds(document) == dict.fromkeys(GOOD, "kept") | mended | {"infeasible": "infeasible"}
    assert code == document["exit_code"] == 3
    assert {line.split(": begins")[0].split()[-1] for line in log.splitlines() if ": begins" in line} == set(BAD)
    # What was kept is told as it was when it was planned.
    first = {one["name"]: one for one in runs[0][1]["portfolios"]}
    for one in document["portfolios"]:
        if one["kind"] == "kept":
            assert (one["cost_cents"], one["gap"]) == (first[one["name"]]["cost_cents"], first[one["name"]]["gap"])


def test_the_summary_is_also_a_file_and_figures(runs: list) -> None:  # type: ignore[type-arg]
    out = Path(runs[2][1]["out"])
    assert json.loads((out / "summary.json").read_text()) == runs[1][1]
    figures = runs[2][2]
    assert 'scheduler_batch_portfolios{outcome="kept"} 6.0' in figures
    assert 'scheduler_batch_portfolios{outcome="infeasible"} 1.0' in figures
    assert "scheduler_batch_exit_code 3.0" in figures
    # The small portfolio's downtime at its cheapest.
    cost = {one["name"]: one["cost_cents"] for one in runs[1][1]["portfolios"]}["unit-0"]
    assert f'scheduler_plan_cost{{currency="GBP",portfolio="unit-0"}} {cost / 100}' in figures


def job(folder: Path, out: Path, **given: object) -> Job:
    wanted = {"deterministic": 0.5, "report": False, "hard_limit": 300.0} | given
    return Job(name=folder.name, folder=str(folder), out=str(out / folder.name), **wanted)  # type: ignore[arg-type]


def test_a_lost_process_is_tried_again_and_nobody_else_minds(tmp_path: Path) -> None:
    killed: list[int] = []

    def kill_once(name: str, standing: Progress) -> None:
        if not killed:
            (child,) = children()
            killed.append(child.pid)
            child.kill()

    one = job(good(tmp_path / "one"), tmp_path / "out")
    runner = runner_of("serial", processes=1, stop=threading.Event(), tell=kill_once)
    summary = run_batch([one], runner, tmp_path / "out")
    assert killed
    assert [(end.kind, end.attempts) for end in summary.outcomes] == [("planned", 2)]
    assert not psutil.pid_exists(killed[0])

    # What is lost each time it is tried ends the batch with 4, and the plan that was there stays.
    def kill_always(name: str, standing: Progress) -> None:
        killed.clear()
        kill_once(name, standing)

    before = (tmp_path / "out" / "one" / "schedule.json").read_bytes()
    runner = runner_of("serial", processes=1, stop=threading.Event(), tell=kill_always)
    summary = run_batch([one], runner, tmp_path / "out", retries=0, keep=timedelta(0))
    (end,) = summary.outcomes
    assert (end.kind, end.attempts, summary.code) == ("lost", 1, 4)
    assert "ended by signal 9" in end.messages[0]
    assert (tmp_path / "out" / "one" / "schedule.json").read_bytes() == before


def test_a_stop_keeps_the_best_plan_and_leaves_the_rest(tmp_path: Path) -> None:
    stop = threading.Event()
    jobs = [job(good(tmp_path / name), tmp_path / "out") for name in ("one", "two")]
    hooks = Hooks(begins=lambda one: stop.set())
    runner = runner_of("serial", processes=1, stop=stop, tell=lambda name, standing: None)
    summary = run_batch(jobs, runner, tmp_path / "out", hooks=hooks, stop=stop)
    kinds = [one.kind for one in summary.outcomes]
    # The first one may have come to a plan in the moment it was given.
    assert kinds[0] in ("planned", "stopped")
    assert kinds[1] == "stopped"
    assert summary.outcomes[1].messages == ("the run was stopped before its turn",)
    assert summary.code == 4


def test_two_batches_do_not_write_to_one_folder(tmp_path: Path) -> None:
    def again(one: Job) -> None:
        other = runner_of("serial", processes=1, stop=threading.Event(), tell=lambda name, standing: None)
        with pytest.raises(BusyError, match="another batch"):
            run_batch([one], other, tmp_path / "out")

    jobs = [job(tmp_path / "nothing", tmp_path / "out")]
    runner = runner_of("serial", processes=1, stop=threading.Event(), tell=lambda name, standing: None)
    summary = run_batch(jobs, runner, tmp_path / "out", hooks=Hooks(begins=again))
    assert [one.kind for one in summary.outcomes] == ["refused"]


def test_an_executor_that_runs_at_once_passes_errors_on() -> None:
    with Serial() as executor:
        assert executor.submit(divmod, 7, 2).result() == (3, 1)
        assert isinstance(executor.submit(divmod, 7, 0).exception(), ZeroDivisionError)
    with pytest.raises(RunnerError, match="there is no such runner"):
        runner_of("dask:", processes=1, stop=threading.Event(), tell=lambda name, standing: None)


def test_plans_are_called_by_their_folders() -> None:
    assert list(named(["/a/sales", "/a/it/"]).values()) == ["sales", "it"]
    assert list(named(["/a/x/plan", "/a/y/plan", "/a/z"]).values()) == ["x-plan", "y-plan", "z"]
    assert list(named(["/a/x", "/a/x"]).values()) == ["x"]
    # File systems that ignore case would take these for one.
    assert list(named(["/a/Plan", "/b/plan"]).values()) == ["a-Plan", "b-plan"]
    names = named(["/a-b/c", "/a/b-c", "/d/a-b/c"])
    assert len(set(names.values())) == 3


def test_the_time_of_a_summary_is_utc(tmp_path: Path) -> None:
    runner = runner_of("serial", processes=1, stop=threading.Event(), tell=lambda name, standing: None)
    summary = run_batch([], runner, tmp_path)
    assert summary.begun.utcoffset() == timedelta(0)
    assert datetime.now(UTC) - summary.begun < timedelta(minutes=5)
    assert summary.code == 0
    assert {one.name for one in tmp_path.iterdir()} == {".batch.lock", "summary.json"}
