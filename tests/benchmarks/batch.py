"""Fifty portfolios one after another and on a Dask cluster on loopback whose workers are killed at random.

Prints how long each took, whether the plans are equal, and what the cluster costs beside planning: the same few
portfolios on one worker that nobody kills, against serial.

    nice python tests/benchmarks/batch.py --portfolios 50 --workers 3 --every 20
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

from business_units import children, good  # noqa: E402
from clusters import Cluster, dask_cluster  # noqa: E402
from distributed import Client  # noqa: E402

from scheduler.batch.choice import runner_of  # noqa: E402
from scheduler.batch.job import Job  # noqa: E402
from scheduler.batch.many import Summary, run_batch  # noqa: E402

GENERATE = Path(__file__).parents[2] / "data" / "generate.py"


def portfolios(folder: Path, number: int, size: str) -> list[Path]:
    made = [folder / f"unit-{seed:02d}" for seed in range(1, number + 1)]
    for seed, one in enumerate(made, 1):
        if size == "tiny":
            good(one, seed)
            continue
        command = [sys.executable, str(GENERATE), "--size", size, "--seed", str(seed), "--out", str(one)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return made


def run(runner: str, folders: list[Path], out: Path, units: float, retries: int = 20) -> Summary:
    stop = threading.Event()
    given = {"deterministic": units, "hard_limit": 1800.0, "now": "2026-11-22T00:00Z", "report": False}
    jobs = [Job(name=one.name, folder=str(one), out=str(out / one.name), **given) for one in folders]
    engine = runner_of(runner, processes=1, stop=stop, tell=lambda name, standing: None)
    return run_batch(jobs, engine, out, retries=retries, stop=stop)


def killing(cluster: Cluster, every: float, over: threading.Event) -> threading.Thread:
    """Kill a worker at random about every so many seconds, mostly in the middle of a portfolio."""

    def kill() -> None:
        while not over.wait(every * cluster.rng.uniform(0.5, 1.5)):
            cluster.kill_one()

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    return thread


def ready(cluster: Cluster, workers: int) -> None:
    """Wait until the workers have come."""
    with Client(cluster.address, set_as_default=False) as client:
        client.wait_for_workers(workers, timeout=600)


def differing(first: Path, second: Path, folders: list[Path]) -> list[str]:
    found = []
    for one in folders:
        documents = []
        for out in (first, second):
            document = json.loads((out / one.name / "schedule.json").read_bytes())
            del document["seconds"]
            rows = [(out / one.name / name).read_bytes() for name in ("schedule.csv", "charges.csv")]
            documents.append((document, rows))
        if documents[0] != documents[1]:
            found.append(one.name)
    return found


def told(name: str, summary: Summary) -> None:
    planning = sum(one.seconds for one in summary.outcomes)
    begun = sum(one.attempts for one in summary.outcomes)
    print(
        f"{name:<34} {summary.seconds:7.1f} s  portfolios' own {planning:7.1f} s  begun {begun:3d}  "
        f"{dict(summary.counts)}  load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--portfolios", type=int, default=50)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--every", type=float, default=20.0, help="seconds between two kills, on average")
    parser.add_argument("--units", type=float, default=0.3, help="units of work for each portfolio")
    parser.add_argument("--size", default="tiny", help="tiny, or what data/generate.py makes")
    parser.add_argument("--few", type=int, default=8, help="portfolios for the overhead")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="batch-") as name:
        folder = Path(name)
        begun = time.monotonic()
        folders = portfolios(folder, given.portfolios, given.size)
        print(f"{len(folders)} portfolios of size {given.size} made in {time.monotonic() - begun:.1f} s", flush=True)
        few = folders[: given.few]
        serial = run("serial", folders, folder / "serial", given.units)
        told("serial", serial)
        with dask_cluster(folder, given.workers, seed=1) as cluster:
            ready(cluster, given.workers)
            over = threading.Event()
            killer = killing(cluster, given.every, over)
            dask = run(f"dask:{cluster.address}", folders, folder / "dask", given.units)
            over.set()
            killer.join()
            told(f"Dask, {given.workers} workers, {len(cluster.killed)} killed", dask)
        different = differing(folder / "serial", folder / "dask", folders)
        print(f"plans that differ from the serial run's: {different or 'none'}")
        print(f"processes left behind: {len(children())}")
        with dask_cluster(folder, 1) as cluster:
            ready(cluster, 1)
            steady = run(f"dask:{cluster.address}", few, folder / "steady", given.units)
        told(f"Dask, 1 worker, {len(few)} portfolios", steady)
        alone = run("serial", few, folder / "again", given.units)
        told(f"serial, {len(few)} portfolios", alone)
        apart = [one.seconds - sum(end.seconds for end in one.outcomes) for one in (steady, alone)]
        each = [1000 * seconds / len(few) for seconds in apart]
        print(f"beside planning, per portfolio: Dask {each[0]:.0f} ms, serial {each[1]:.0f} ms")


if __name__ == "__main__":
    main()
