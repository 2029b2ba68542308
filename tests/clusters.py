"""Real Dask clusters on loopback for tests and benchmarks: a scheduler, and worker processes that may be killed."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

PATIENCE_SECONDS = 60.0
QUIET = {"DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "error", "DASK_DISTRIBUTED__DIAGNOSTICS__NVML": "False"}


@dataclass
class Cluster:
    """A scheduler at an address, and one nanny that starts each worker anew that ends."""

    address: str
    scheduler: subprocess.Popen[bytes]
    nanny: subprocess.Popen[bytes]
    rng: random.Random
    killed: list[int] = field(default_factory=list)

    def workers(self) -> list[psutil.Process]:
        """Give the processes of the workers that are running."""
        found = []
        with suppress(psutil.Error):
            for one in psutil.Process(self.nanny.pid).children():
                with suppress(psutil.Error):
                    if "spawn_main" in " ".join(one.cmdline()):
                        found.append(one)
        return found

    def kill_one(self, *, busy: bool = False) -> bool:
        """Kill a worker at random, with `busy` one that has a portfolio in work; tell whether there was one."""
        there = [one for one in self.workers() if not busy or _plans(one)]
        if not there:
            return False
        victim = self.rng.choice(there)
        victim.kill()
        self.killed.append(victim.pid)
        return True


def _plans(worker: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return any("scheduler.batch.child" in child.cmdline() for child in worker.children())
    return False


@contextmanager
def dask_cluster(folder: Path, workers: int, seed: int = 0) -> Iterator[Cluster]:
    """Start a cluster of worker processes of one thread each; everything of it is ended with the block."""
    card = folder / "dask-scheduler.json"
    card.unlink(missing_ok=True)  # of a cluster before
    common = ["--host", "127.0.0.1", "--no-dashboard"]
    start = [sys.executable, "-m", "distributed.cli.dask_scheduler", *common, "--port", "0"]
    with (folder / "dask.log").open("wb") as log:
        given = {"env": os.environ | QUIET, "stdout": log, "stderr": log, "cwd": folder}
        with _ended(subprocess.Popen([*start, "--scheduler-file", str(card)], **given)) as scheduler:  # type: ignore[call-overload]
            address = _address(card)
            start = [sys.executable, "-m", "distributed.cli.dask_worker", address, *common, "--death-timeout", "60"]
            start += ["--nworkers", str(workers), "--nthreads", "1", "--local-directory", str(folder)]
            start += ["--preload", "scheduler.batch.cluster"]
            with _ended(subprocess.Popen([*start, "--memory-limit", "0"], **given)) as nanny:  # type: ignore[call-overload]
                yield Cluster(address, scheduler, nanny, random.Random(seed))


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    try:
        yield process
    finally:
        family = []
        with suppress(psutil.Error):
            itself = psutil.Process(process.pid)
            family = [itself, *itself.children(recursive=True)]
        for one in family:
            with suppress(psutil.Error):
                one.kill()
        process.wait()


def _address(card: Path) -> str:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        with suppress(OSError, ValueError, KeyError):
            return str(json.loads(card.read_text())["address"])
        time.sleep(0.1)
    raise TimeoutError("the Dask scheduler did not start")
