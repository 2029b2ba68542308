"""Batches on a real Dask cluster on loopback whose workers are killed."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from business_units import children, good
from clusters import dask_cluster
from distributed import Client

from scheduler.batch.choice import runner_of
from scheduler.batch.cluster import dask_runner, solvers_on
from scheduler.batch.job import Job
from scheduler.batch.many import run_batch
from scheduler.batch.planning import plan
from scheduler.batch.runners import RunnerError
from scheduler.inputs import load
from scheduler.publish.files import schedule_json
from scheduler.solver.incumbent import Progress

UNITS = 0.5
GENERATE = Path(__file__).parents[2] / "data" / "generate.py"


def jobs(folder: Path, out: Path, number: int) -> list[Job]:
    made = [good(folder / f"unit-{one}", one) for one in range(number)]
    given = {"deterministic": UNITS, "report": False, "hard_limit": 300.0}
    return [Job(name=one.name, folder=str(one), out=str(out / one.name), **given) for one in made]  # type: ignore[arg-type]


def generated(folder: Path, seed: int) -> None:
    command = [sys.executable, str(GENERATE), "--size", "S", "--seed", str(seed), "--out", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def untimed(content: bytes) -> dict[str, object]:
    document: dict[str, object] = json.loads(content)
    del document["seconds"]
    return document


def test_every_portfolio_is_planned_as_in_a_serial_run_though_workers_are_killed(tmp_path: Path) -> None:
    out = tmp_path / "out"
    asked = jobs(tmp_path, out, 4)
    told: list[tuple[str, str]] = []
    with dask_cluster(tmp_path, 2) as cluster:

        def heard(name: str, standing: Progress) -> None:
            told.append((name, standing.phase))
            # A worker is killed in the middle of its first two portfolios.
            if len(cluster.killed) < 2:
                cluster.kill_one(busy=True)

        stop = threading.Event()
        runner = runner_of(f"dask:{cluster.address}", processes=1, stop=stop, tell=heard)
        summary = run_batch(asked, runner, out, retries=5)
    assert len(cluster.killed) == 2
    assert [one.kind for one in summary.outcomes] == ["planned"] * 4
    assert sum(one.attempts for one in summary.outcomes) >= 6
    assert {name for name, _ in told} == {one.name for one in asked}
    for one in asked:
        alone = plan(load(one.folder), deterministic=UNITS)
        assert untimed((Path(one.out) / "schedule.json").read_bytes()) == untimed(schedule_json(alone))
    # What a killed worker had begun is gone with it.
    assert children() == []


def test_a_cluster_without_workers_ends_the_batch_with_a_word_on_each(tmp_path: Path) -> None:
    asked = jobs(tmp_path, tmp_path / "out", 1)
    with dask_cluster(tmp_path, 1) as cluster:
        runner = dask_runner(cluster.address, stop=threading.Event(), tell=lambda name, standing: None, patience=2.0)
        cluster.nanny.kill()
        for one in cluster.workers():
            one.kill()
        summary = run_batch(asked, runner, tmp_path / "out")
    (end,) = summary.outcomes
    assert (end.kind, summary.code) == ("lost", 4)
    assert "no worker for 2 s" in end.messages[0]


def test_a_stop_reaches_workers_and_keeps_their_best_plan(tmp_path: Path) -> None:
    generated(tmp_path / "large", 3)
    asked = [
        Job(name=name, folder=str(tmp_path / "large"), out=str(tmp_path / "out" / name), time_limit=600.0, report=False)
        for name in ("one", "two")
    ]
    stop = threading.Event()

    def heard(name: str, standing: Progress) -> None:
        if standing.objective_cents is not None:
            stop.set()

    with dask_cluster(tmp_path, 1) as cluster:
        runner = runner_of(f"dask:{cluster.address}", processes=1, stop=stop, tell=heard)
        summary = run_batch(asked, runner, tmp_path / "out", stop=stop)
    assert stop.is_set()
    # The second one may have come to a first plan in the moment it was given.
    assert summary.outcomes[0].kind == "planned"
    assert summary.outcomes[1].kind in ("planned", "stopped")
    assert json.loads((tmp_path / "out" / "one" / "schedule.json").read_bytes())["seconds"] < 300
    assert children() == []


def test_a_scheduler_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduler.batch.cluster.CONNECT_SECONDS", 0.5)
    with pytest.raises(RunnerError, match="no Dask scheduler answers there"):
        dask_runner("tcp://127.0.0.1:9", stop=threading.Event(), tell=lambda name, standing: None)
    with pytest.raises(RunnerError, match="no Dask scheduler answers there"):
        dask_runner("nonsense://x", stop=threading.Event(), tell=lambda name, standing: None)


def test_parts_of_one_problem_are_solved_on_the_cluster_and_here_where_that_is_lost(tmp_path: Path) -> None:
    # Larger than what is solved whole at once, and not proved by the search alone.
    generated(tmp_path / "one", 3)
    portfolio = load(tmp_path / "one")
    alone = plan(portfolio, deterministic=0.3)
    with dask_cluster(tmp_path, 1) as cluster, Client(cluster.address, set_as_default=False) as client:
        client.wait_for_workers(1, timeout=300)
        with solvers_on(cluster.address) as threads:
            assert threads == 1
            far = plan(portfolio, deterministic=0.3)
            # What workers have solved; sent by value, as they know nothing of this file.
            keys = client.run_on_scheduler(lambda dask_scheduler: [one[0] for one in dask_scheduler.transition_log])
        assert any(str(key).startswith("answer-") for key in keys)
    assert untimed(schedule_json(far)) == untimed(schedule_json(alone))
    with pytest.raises(RunnerError), solvers_on("nonsense://x"):
        raise AssertionError("there is no such cluster")
