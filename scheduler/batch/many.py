"""Plans many portfolios: what is done already is kept, what is lost is tried again, and none stops the others."""

import logging
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from scheduler.batch.job import Job, Outcome
from scheduler.batch.records import kept, key_of, write
from scheduler.batch.runners import Runner, RunnerError
from scheduler.inputs import dump
from scheduler.publish.swap import put

SUMMARY, LOCK = "summary.json", ".batch.lock"
LOOK_SECONDS = 1.0
_log = logging.getLogger(__name__)


class BusyError(Exception):
    """Another batch is writing to the same folder."""


@dataclass(frozen=True)
class Summary:
    """What became of every portfolio of a batch, in the order in which they were given."""

    run: str
    runner: str
    begun: datetime
    seconds: float
    outcomes: tuple[Outcome, ...]

    @property
    def code(self) -> int:
        """The exit code: the highest of the portfolios'."""
        return max((one.code for one in self.outcomes), default=0)

    @property
    def counts(self) -> Mapping[str, int]:
        """How many portfolios ended in each way that occurred."""
        return dict(Counter(one.kind for one in self.outcomes))

    def document(self) -> dict[str, Any]:
        """Give it as the content of a JSON document."""
        return {
            "run": self.run,
            "runner": self.runner,
            "begun": self.begun.isoformat(timespec="seconds").replace("+00:00", "Z"),
            "seconds": round(self.seconds, 3),
            "exit_code": self.code,
            "counts": self.counts,
            "portfolios": [one.document() for one in self.outcomes],
        }


@dataclass
class Hooks:
    """Whom a batch tells: that it begins with a portfolio, and what became of one."""

    begins: Callable[[Job], None] = lambda job: None
    ends: Callable[[Job, Outcome], None] = lambda job, outcome: None


@dataclass
class _Batch:
    """One run; all of it but the portfolios themselves happens in the calling thread."""

    runner: Runner
    retries: int
    hooks: Hooks
    stop: threading.Event
    keys: dict[str, str | None]
    waiting: deque[Job]
    tries: Counter[str] = field(default_factory=Counter)
    running: "dict[Future[Outcome], Job]" = field(default_factory=dict)
    ended: dict[str, Outcome] = field(default_factory=dict)

    def go(self) -> None:
        while self.waiting or self.running:
            try:
                self.runner.answers()
            except RunnerError as error:
                self._give_up(str(error))
                return
            while self.waiting and not self.stop.is_set() and len(self.running) < self.runner.room():
                self._begin(self.waiting.popleft())
                self._gather(0.0)
            if self.stop.is_set() and self.waiting:
                for job in self.waiting:
                    self._end(job, _without(job, "stopped", "the run was stopped before its turn"))
                self.waiting.clear()
            self._gather(LOOK_SECONDS)

    def _begin(self, job: Job) -> None:
        self.tries[job.name] += 1
        self.hooks.begins(job)
        self.running[self.runner.executor.submit(self.runner.task, job)] = job

    def _gather(self, timeout: float) -> None:
        done, _ = wait(self.running, timeout, FIRST_COMPLETED) if self.running else (set(), set())
        for future in done:
            job = self.running.pop(future)
            try:
                outcome = future.result()
            except (Exception, CancelledError) as error:
                # Workers that end take what they do with them; that is told by an error of the executor's own.
                outcome = _without(job, "lost", f"{type(error).__name__}: {error}")
            outcome = replace(outcome, attempts=max(self.tries[job.name], self.runner.tries(job.name)))
            if outcome.kind == "lost" and self.tries[job.name] <= self.retries and not self.stop.is_set():
                reason = "".join(outcome.messages)
                _log.warning("%s: lost (%s), tried again", job.name, reason, extra={"portfolio": job.name})
                self.waiting.append(job)
            else:
                self._end(job, outcome)

    def _end(self, job: Job, outcome: Outcome) -> None:
        outcome = write(job, self.keys[job.name], outcome)
        self.ended[job.name] = outcome
        self.hooks.ends(job, outcome)

    def _give_up(self, reason: str) -> None:
        for future in self.running:
            future.cancel()
        for job in [*self.running.values(), *self.waiting]:
            self._end(job, _without(job, "lost", reason))
        self.running.clear()
        self.waiting.clear()


def run_batch(
    jobs: Sequence[Job],
    runner: Runner,
    out: Path,
    *,
    retries: int = 3,
    keep: timedelta = timedelta(hours=12),
    hooks: Hooks | None = None,
    stop: threading.Event | None = None,
    run: str = "",
) -> Summary:
    """Plan portfolios, each into its own folder, and write `summary.json` to `out`.

    A portfolio that was planned from the same input in the same way within `keep` is not planned again. One whose
    worker is lost is tried again up to `retries` times. Set `stop` to end early: what runs keeps its best plan.

    Raises
    ------
    BusyError
        If another batch is writing to `out`.
    OSError
        If `out` cannot be written to.
    """
    begun, started = datetime.now(UTC), time.monotonic()
    hooks = hooks or Hooks()
    out.mkdir(parents=True, exist_ok=True)
    with _locked(out):
        keys = {job.name: key_of(job) for job in jobs}
        batch = _Batch(runner, retries, hooks, stop or threading.Event(), keys, deque())
        for job in jobs:
            before = kept(job, keys[job.name], keep)
            if before is None:
                batch.waiting.append(job)
            else:
                batch.ended[job.name] = before
                hooks.ends(job, before)
        with runner.end:
            batch.go()
        outcomes = tuple(batch.ended[job.name] for job in jobs)
        summary = Summary(run or new_run(), runner.name, begun, time.monotonic() - started, outcomes)
        put(out / SUMMARY, dump(summary.document()).encode("utf-8", "backslashreplace"))
    return summary


def new_run() -> str:
    """Give an id for a run."""
    return uuid.uuid4().hex[:12]


def named(folders: Sequence[str]) -> dict[str, str]:
    """Give every folder a name for its plan: its own, with as many of its parents' before it as tell them apart."""
    paths = {folder: Path(folder).absolute() for folder in dict.fromkeys(folders)}
    depths = dict.fromkeys(paths, 1)
    while True:
        names = {folder: "-".join(path.parts[1:][-depths[folder] :]) or "portfolio" for folder, path in paths.items()}
        often = Counter(name.casefold() for name in names.values())
        alike = [one for one, name in names.items() if often[name.casefold()] > 1]
        longer = [one for one in alike if depths[one] < len(paths[one].parts)]
        if not longer:
            break
        for one in longer:
            depths[one] += 1
    # Paths such as a-b/c and a/b-c may still come to the same name.
    return {one: f"{name}-{number}" if one in alike else name for number, (one, name) in enumerate(names.items(), 1)}


def _without(job: Job, kind: Any, message: str) -> Outcome:
    return Outcome(name=job.name, folder=job.folder, kind=kind, messages=(message,))


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    """Hold a file that ends with the process, however that ends."""
    import fcntl

    with (out / LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BusyError(f"{out}: another batch is writing there; wait for it, or choose another --out") from None
        with suppress(OSError):
            file.write(f"{datetime.now(UTC).isoformat()}\n")
            file.flush()
        yield
