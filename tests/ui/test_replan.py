"""A run in a process of its own: followed, ended early, given up."""

import time
from pathlib import Path

import pytest
from small_plan import Place, write_portfolio

from scheduler.desk.runs import RunPoint
from scheduler.ui.replan import Replan


def until(run: Replan, reports: int) -> None:
    """Wait for some reports."""
    end = time.monotonic() + 60
    while len(run.reports) < reports and run.state == "running":
        assert time.monotonic() < end
        time.sleep(0.05)


def large(folder: Path) -> Path:
    """Write a portfolio whose optimum is not proven in a moment: forty changes, each apart from the one before."""
    changes = ["change,services,duration_minutes,duration_p90_minutes,not_with,delay_cost_per_day"]
    changes += [
        f"C{one},{'app' if one % 2 else 'mail'},{60 + one},180,{f'C{one - 1}' if one else ''},{one % 7}"
        for one in range(40)
    ]
    return write_portfolio(folder, changes="\n".join(changes) + "\n")


def test_a_run_is_followed_to_its_end(place: Place) -> None:
    before = place.read()
    run = Replan(place.portfolio, place.out, 2, before.document.content)
    run.wait(60)
    assert run.state == "done"
    assert not run.answer
    last = run.reports[-1]
    assert last.objective_cents == before.result.objective_cents
    assert last.gap is not None
    assert place.read().placed.keys() == before.placed.keys()


def test_the_best_so_far_can_be_taken(tmp_path: Path) -> None:
    run = Replan(large(tmp_path / "portfolio"), tmp_path / "out", 300, None)
    until(run, 3)
    assert run.state == "running"
    run.finish()
    run.wait(60)
    assert run.state == "done"
    assert (tmp_path / "out" / "schedule.json").exists()


def test_a_run_that_is_given_up_writes_nothing(tmp_path: Path) -> None:
    run = Replan(large(tmp_path / "portfolio"), tmp_path / "out", 300, None)
    until(run, 1)
    run.give_up()
    assert run.state == "given up"
    assert not (tmp_path / "out").exists()
    run.give_up()  # twice is no harm


def test_a_portfolio_that_is_refused_says_why(place: Place) -> None:
    (place.portfolio / "teams.csv").unlink()
    run = Replan(place.portfolio, place.out, 2, None)
    run.wait(60)
    assert run.state == "refused"
    assert any(words.startswith("teams.csv: required file is missing") for words in run.words)


@pytest.mark.parametrize(
    ("objective", "bound", "gap"), [(None, None, None), (0, 0, None), (1000, None, None), (1000, 750, 0.25)]
)
def test_the_gap_of_a_point(objective: int | None, bound: int | None, gap: float | None) -> None:
    assert RunPoint(1.0, "search", objective, bound).gap == gap
