"""A pool of processes that solve CP-SAT models in text, several at a time.

Each worker is a program of its own, started by the path of `cpsat.py` and asked over pipes: nothing of the calling
program is imported or run again, so it makes no difference whether that is a command, a test, a server with threads or
a script without a main guard, and nothing is forked. A worker ends when its input does, and so never outlives the
program that started it, however that ended. Ctrl-C does not reach workers: they are in a session of their own.
"""

import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from time import monotonic
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple, cast

from scheduler.solver import cpsat
from scheduler.solver.cpsat import Solved, Solving, receive, send

_Heard = queue.Queue[tuple["_Worker | _Far | _Here", Solved | None]]
LOST = Solved("LOST", 0.0, 0.0, 0.0, [])
"""The answer to a model whose worker ended while solving it."""


OVERDUE_SECONDS = 15.0
"""How long after a model's own limit a far worker that says nothing is taken for lost."""

_elsewhere: ContextVar[Executor | None] = ContextVar("elsewhere", default=None)


@contextmanager
def solved_by(executor: Executor) -> Iterator[None]:
    """Have the pools that are made inside solve their models by an executor, such as that of a cluster.

    Where that fails they go on with processes of this machine.
    """
    token = _elsewhere.set(executor)
    try:
        yield
    finally:
        _elsewhere.reset(token)


class Done(NamedTuple):
    """A model that was submitted, by its ticket, and what came of it."""

    ticket: int
    solved: Solved


class _Worker:
    """A process that solves one model at a time; `ticket` is that of its model, None while it has none."""

    def __init__(self, heard: _Heard) -> None:
        self.ticket: int | None = None
        # Where this program found its modules, the worker finds them too.
        paths = os.pathsep.join(path for path in sys.path if path)
        self._process = subprocess.Popen(
            [sys.executable, "-P", cpsat.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": paths},
            start_new_session=True,
        )
        self._heard = heard
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @property
    def pid(self) -> int | None:
        return self._process.pid

    def ask(self, text: str, parameters: Mapping[str, Any]) -> None:
        # A worker that is still starting reads nothing yet, and a model is larger than a pipe holds.
        threading.Thread(target=self._send, args=((text, parameters),), daemon=True).start()

    def end(self) -> None:
        self._process.kill()
        self._listener.join()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                cast(BinaryIO, pipe).close()
        self._process.wait()

    def _send(self, message: object) -> None:
        # Where it has ended its listener tells so, and the ticket is lost then.
        with suppress(OSError, ValueError):
            send(cast(BinaryIO, self._process.stdin), message)

    def _listen(self) -> None:
        try:
            while True:
                self._heard.put((self, Solved(*receive(cast(BinaryIO, self._process.stdout)))))
        except (EOFError, OSError):
            self._heard.put((self, None))


class _Far:
    """A worker somewhere else, reached by an executor; it solves one model at a time."""

    pid = None

    def __init__(self, heard: _Heard, executor: Executor) -> None:
        self.ticket: int | None = None
        self._heard, self._executor = heard, executor
        self._future: Future[Solved] | None = None
        self._timer: threading.Timer | None = None
        self._told = threading.Lock()

    def ask(self, text: str, parameters: Mapping[str, Any]) -> None:
        patience = float(parameters.get("max_time_in_seconds", 60.0)) + OVERDUE_SECONDS
        told = threading.Event()

        def tell(solved: Solved | None) -> None:
            with self._told:
                if not told.is_set():
                    told.set()
                    self._heard.put((self, solved))

        self._timer = threading.Timer(patience, tell, (None,))
        self._timer.daemon = True
        self._timer.start()
        try:
            self._future = self._executor.submit(cpsat.answer, Solving, text, dict(parameters))
        except Exception:  # whatever an executor makes of a cluster that is gone
            tell(None)
            return
        self._future.add_done_callback(lambda done: tell(None if _failed(done) else Solved(*done.result())))

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._future is not None:
            self._future.cancel()


def _failed(done: "Future[Solved]") -> bool:
    return done.cancelled() or done.exception() is not None


class _Here:
    """The calling process in the place of a worker, where no other can be had."""

    pid = None

    def __init__(self, heard: _Heard) -> None:
        self.ticket: int | None = None
        self._heard = heard
        self._solving: Solving | None = None
        self._thread: threading.Thread | None = None

    def ask(self, text: str, parameters: Mapping[str, Any]) -> None:
        self._solving = Solving(text, parameters)
        self._thread = threading.Thread(target=self._solve, args=(self._solving,), daemon=True)
        self._thread.start()

    def end(self) -> None:
        while self._thread is not None and self._thread.is_alive():
            if self._solving is not None:
                self._solving.stop()
            self._thread.join(0.05)

    def _solve(self, solving: Solving) -> None:
        self._heard.put((self, solving.run()))


class Pool:
    """Up to `processes` worker processes, started with the first model that needs them.

    A worker that ends unasked answers LOST for its model and is replaced, `restarts` times in all. With none left
    models are solved in this process, one at a time. Inside `solved_by` workers are those of an executor, until one
    of them is lost.
    """

    def __init__(self, processes: int, restarts: int = 3) -> None:
        self.processes = processes
        self._elsewhere = _elsewhere.get()
        self._starts_left = processes + restarts
        self._workers: list[_Worker | _Far | _Here] = []
        self._waiting: deque[tuple[int, str, Mapping[str, Any]]] = deque()
        self._heard: _Heard = queue.Queue()
        self._done: dict[int, Solved] = {}
        self._tickets = 0

    def __enter__(self) -> "Pool":
        """Use the pool; its workers end with the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the workers, whatever they are doing."""
        self.close()

    @property
    def pids(self) -> list[int]:
        """The ids of the worker processes that are running."""
        return [worker.pid for worker in self._workers if worker.pid is not None]

    @property
    def busy(self) -> int:
        """How many models were submitted and are not solved yet."""
        return len(self._waiting) + sum(worker.ticket is not None for worker in self._workers)

    def submit(self, text: str, parameters: Mapping[str, Any]) -> int:
        """Have a model solved, `parameters` being CP-SAT's own by name; gives a ticket at once."""
        self._tickets += 1
        self._waiting.append((self._tickets, text, dict(parameters)))
        self._dispatch()
        return self._tickets

    def wait(self, timeout: float) -> list[Done]:
        """Give what was solved since it was asked last, in the order of submission; [] after `timeout` seconds."""
        self._until(lambda: bool(self._done), timeout)
        done = [Done(ticket, solved) for ticket, solved in sorted(self._done.items())]
        self._done.clear()
        return done

    def take(self, ticket: int, timeout: float) -> Solved | None:
        """Give what came of one model, None if it is not solved after `timeout` seconds; the others keep waiting."""
        self._until(lambda: ticket in self._done, timeout)
        return self._done.pop(ticket, None)

    def close(self) -> None:
        """End the workers and forget what was submitted; the pool takes no more."""
        self._waiting.clear()
        self._starts_left = 0
        for worker in self._workers:
            worker.end()
        self._workers.clear()

    # --- inside ------------------------------------------------------------------------------------------------------

    def _until(self, ready: Callable[[], bool], timeout: float) -> None:
        end = monotonic() + timeout
        while not ready() and self.busy:
            try:
                worker, solved = self._heard.get(timeout=max(0.0, end - monotonic()))
            except queue.Empty:
                return
            self._hear(worker, solved)

    def _hear(self, worker: "_Worker | _Far | _Here", solved: Solved | None) -> None:
        if worker.ticket is not None:
            self._done[worker.ticket] = LOST if solved is None else solved
            worker.ticket = None
        if solved is None and worker in self._workers:
            if isinstance(worker, _Far):
                self._elsewhere = None
            self._workers.remove(worker)
            worker.end()
        self._dispatch()

    def _dispatch(self) -> None:
        while self._waiting:
            idle = next((worker for worker in self._workers if worker.ticket is None), None) or self._another()
            if idle is None:
                return
            idle.ticket, text, parameters = self._waiting.popleft()
            idle.ask(text, parameters)

    def _another(self) -> "_Worker | _Far | _Here | None":
        """Start one more worker if there may be more; the first one that cannot be started is this process itself."""
        if len(self._workers) < self.processes and self._starts_left > 0:
            self._starts_left -= 1
            try:
                far = self._elsewhere
                self._workers.append(_Worker(self._heard) if far is None else _Far(self._heard, far))
            except OSError:
                self._starts_left = 0
            else:
                return self._workers[-1]
        if self._workers:
            return None
        self._workers.append(_Here(self._heard))
        return self._workers[-1]
