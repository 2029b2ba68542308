"""The runner that a name stands for: one portfolio after another, several at once, or a Dask cluster."""

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from scheduler.batch.cluster import dask_runner
from scheduler.batch.contained import Tell, plan_contained
from scheduler.batch.runners import Runner, RunnerError, Serial

DASK = "dask:"


def runner_of(text: str, *, processes: int, stop: threading.Event, tell: Tell) -> Runner:
    """Give the runner that a text names: serial, processes, or dask:ADDRESS.

    Raises
    ------
    RunnerError
        If there is none of that name, or its cluster does not answer.
    """
    # With every runner a portfolio has a process of its own, whose limits and whose end concern nobody else.
    task = partial(plan_contained, stop=stop, tell=tell)
    if text == "serial":
        return Runner(text, Serial(), task, lambda: 1)
    if text == "processes":
        pool = ThreadPoolExecutor(processes, thread_name_prefix="portfolio")
        return Runner(text, pool, task, lambda: processes, end=pool)
    if text.startswith(DASK) and text != DASK:
        return dask_runner(text.removeprefix(DASK), stop=stop, tell=tell)
    raise RunnerError(f"{text}: there is no such runner; choose serial, processes or dask:tcp://HOST:PORT")
