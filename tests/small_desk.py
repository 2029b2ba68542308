"""A desk with the small portfolio, planned and proposed, for pages to be looked at."""

import tempfile
from pathlib import Path

from small_plan import write_portfolio

from scheduler.batch import sample_folder
from scheduler.desk import workflow
from scheduler.desk.runner import Runner
from scheduler.desk.runs import ask_run
from scheduler.desk.store import Store
from scheduler.inputs import load
from scheduler.portfolio import Portfolio

BY = "ann"


def small_portfolio(**files: str) -> Portfolio:
    """Give the small portfolio, some of its files replaced."""
    with tempfile.TemporaryDirectory() as folder:
        return load(write_portfolio(Path(folder) / "portfolio", **files))


def bring(store: Store, portfolio: Portfolio, by: str = BY) -> None:
    """Import a portfolio."""
    workflow.import_portfolio(store, portfolio, by=by, seen=workflow.preview(store, portfolio).seen)


def plan(store: Store, by: str = BY) -> None:
    """Plan everything that is open, in this process, and propose it."""
    number, _ = ask_run(store, by=by, deterministic=0.5)
    runner = Runner(store, number)
    runner.go()
    assert runner.best is not None, runner.message
    workflow.propose(store, runner.best[0], by=by)


def fill(store: Store) -> None:
    """Bring the small portfolio to a desk, and propose a plan of it."""
    bring(store, small_portfolio())
    plan(store)


def fill_with_sample(store: Store) -> None:
    """Bring the sample to a desk, and propose a plan of it."""
    bring(store, load(sample_folder()))
    plan(store)
