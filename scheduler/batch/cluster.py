"""Runs the portfolios of a batch, or the parts of one large problem, on a Dask cluster by its client's own executor.

Every worker needs this program and sees the folders of the portfolios under the same paths; plans come back over the
cluster's own connections, so that nobody but whoever runs the batch writes any. Whoever reaches a cluster runs what
they like on it: keep it on a network of its own, or use tls:// with Dask's own settings.
"""

import importlib
import logging
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from scheduler.batch.contained import Tell, plan_contained
from scheduler.batch.job import Job, Outcome
from scheduler.batch.runners import Runner, RunnerError
from scheduler.solver.incumbent import Progress
from scheduler.solver.workers import solved_by

CONNECT_SECONDS = 15.0
PATIENCE_SECONDS = 300.0  # workers are slow to come, or come anew, where a machine is busy
_log = logging.getLogger(__name__)
_stops: dict[str, threading.Event] = {}
"""By topic, in the processes of workers: what tells the portfolios of a batch to stop."""


def dask_runner(address: str, *, stop: threading.Event, tell: Tell, patience: float = PATIENCE_SECONDS) -> Runner:
    """Give a runner of the cluster at an address; `patience` is how long it may have no worker, in seconds.

    Raises
    ------
    RunnerError
        If Dask is not installed, or no scheduler answers there.
    """
    client = connected(address)
    cluster = _Cluster(client, stop, tell, patience)
    return Runner(
        f"dask:{address}",
        client.get_executor(pure=False),
        partial(plan_on_worker, cluster.topic),
        cluster.room,
        cluster.check,
        cluster.open(),
        cluster.tries,
    )


@contextmanager
def solvers_on(address: str) -> Iterator[int]:
    """Have the workers of a cluster solve parts of the problems that are searched inside; gives its threads.

    These are neighbourhoods of the best plan and clusters of the bound, each a model that takes seconds. Where a worker
    is lost, processes of this machine go on.

    Raises
    ------
    RunnerError
        If Dask is not installed, no scheduler answers there, or it has no worker.
    """
    client = connected(address)
    try:
        threads = sum(client.nthreads().values())
        if not threads:
            raise RunnerError(f"{address}: the cluster has no worker; see that its workers run")
        with solved_by(client.get_executor(pure=False)):
            yield threads
    finally:
        with suppress(Exception):
            client.close(timeout=5)


def connected(address: str) -> Any:
    """Give a client of the cluster at an address.

    Raises
    ------
    RunnerError
        If Dask is not installed, or no scheduler answers there.
    """
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError:
        raise RunnerError("Dask is not installed; pip install 'maintenance-window-scheduler[dask]'") from None
    try:
        return distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        reason = str(error) or type(error).__name__
        raise RunnerError(f"{address}: no Dask scheduler answers there ({reason}); see that it runs") from None


class _Cluster:
    """What the calling program knows of a cluster and of what its workers tell."""

    def __init__(self, client: Any, stop: threading.Event, tell: Tell, patience: float) -> None:
        self._client, self._stop, self._tell, self._patience = client, stop, tell, patience
        self.topic = f"scheduler-batch-{uuid.uuid4().hex}"
        self._begun: Counter[str] = Counter()
        self._threads = 1
        self._seen = time.monotonic()
        self._told = False

    @contextmanager
    def open(self) -> Iterator[None]:
        self._client.subscribe_topic(self.topic, self._heard)
        try:
            yield
        finally:
            with suppress(Exception):
                self._client.unsubscribe_topic(self.topic)
            with suppress(Exception):
                self._client.close(timeout=5)

    def room(self) -> int:
        """Say how many portfolios may be under way: some more than are planned, so that no worker waits."""
        return 2 * self._threads

    def tries(self, name: str) -> int:
        """Count how often workers began with a portfolio."""
        return self._begun[name]

    def check(self) -> None:
        """See that there are workers, and pass a wish to stop on to them.

        Raises
        ------
        RunnerError
            If there were none for too long, or the scheduler is gone.
        """
        try:
            threads = sum(self._client.nthreads().values())
        except Exception:  # whatever Dask makes of a connection that is gone
            threads = 0
        if threads:
            self._threads, self._seen = threads, time.monotonic()
        elif time.monotonic() - self._seen > self._patience:
            raise RunnerError(f"the cluster has had no worker for {self._patience:.0f} s; see that its workers run")
        if self._stop.is_set() and not self._told:
            self._told = True
            with suppress(Exception):
                self._client.run(stop_on_worker, self.topic)

    def _heard(self, event: tuple[float, dict[str, Any]]) -> None:
        told = event[1]
        if told["phase"] is None:
            self._begun[told["name"]] += 1
            _log.debug("%s: begins at %s", told["name"], told["worker"])
        else:
            self._tell(told["name"], Progress(told["seconds"], told["phase"], told["objective"], told["bound"]))


def plan_on_worker(topic: str, job: Job) -> Outcome:
    """Plan a portfolio on a worker, and tell on a topic how it stands."""
    from distributed import get_worker

    worker = get_worker()
    stop = _stops.setdefault(topic, threading.Event())

    def tell(name: str, standing: Progress | None) -> None:
        told: dict[str, Any] = {"name": name, "worker": worker.address, "phase": None}
        if standing is not None:
            told |= {"seconds": standing.seconds, "phase": standing.phase}
            told |= {"objective": standing.objective_cents, "bound": standing.bound_cents}
        worker.log_event(topic, told)

    tell(job.name, None)
    return plan_contained(job, stop=stop, tell=tell)


def stop_on_worker(topic: str) -> None:
    """Have the portfolios of a batch stop that this worker plans."""
    _stops.setdefault(topic, threading.Event()).set()
