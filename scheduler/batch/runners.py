"""What runs the portfolios of a batch: an executor, and what a batch has to know of it."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

from scheduler.batch.job import Job, Outcome

P = ParamSpec("P")
T = TypeVar("T")


class RunnerError(Exception):
    """There is no such runner, or it does not answer; the message says what to do."""


class Serial(Executor):
    """Does what is submitted at once, before `submit` returns."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        """Call a function, and give a future that is done."""
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


@dataclass(frozen=True)
class Runner:
    """An executor, what is submitted to it for a portfolio, and how many it may hold at a time.

    `answers` raises RunnerError once nothing more is to be expected of it. Leaving `end` frees it. `tries` says how
    often a portfolio was begun, where the executor repeats what was lost by itself.
    """

    name: str
    executor: Executor
    task: Callable[[Job], Outcome]
    room: Callable[[], int]
    answers: Callable[[], None] = lambda: None
    end: AbstractContextManager[Any] = field(default_factory=nullcontext)
    tries: Callable[[str], int] = lambda name: 0
