"""Problems of other people's shapes go through the command line as documents, and come back planned."""

import json
from pathlib import Path

import pytest
from benchmarks.foreign_shapes import PER_NIGHT, Instance, grid, jobs, nights
from typer.testing import CliRunner
from whole_horizon import highs, whole_horizon

from scheduler.cli import app
from scheduler.solver.document import document_of

SMALL = [grid(12, 3.0, 1), nights(60, 1), jobs(14, 3, 8, 1), jobs(48, 5, 16, 1)]


@pytest.mark.parametrize("instance", SMALL, ids=lambda one: one.shape)
def test_the_plan_is_legal_and_as_good_as_that_of_a_mip(tmp_path: Path, instance: Instance) -> None:
    document = tmp_path / "problem.json"
    document.write_text(json.dumps(document_of(instance.problem)), encoding="utf-8")
    command = ["solve-problem", str(document), "--time-limit=5", "--workers=1", "--json"]
    answer = json.loads(CliRunner().invoke(app, command).stdout)
    starts = {instance.problem.index[name]: slot for name, slot in answer["starts"].items()}
    assert None not in starts.values()
    assert not list(instance.problem.broken(starts))
    assert instance.problem.cost(starts) == answer["objective"]
    opinion = highs(instance.problem, whole_horizon(instance.problem))
    assert answer["bound"] <= opinion.bound + 0.5
    assert opinion.objective is not None
    assert answer["objective"] <= opinion.objective


def test_what_makes_the_shapes_is_in_them() -> None:
    lines = grid(180, 3.0, 1).problem
    assert len(lines.changes) == 180
    assert lines.slots == 90
    exclusions = [one for one in lines.resources if one.rule == "exclusion"]
    assert len(exclusions) > 40
    assert all(
        set(one.capacity.tolist()) == {1, 2} and len({use.change for use in one.uses}) == 2 for one in exclusions
    )
    work = next(one for one in lines.resources if one.rule == "resource")
    by_change: dict[int, set[int]] = {}
    for use in work.uses:
        by_change.setdefault(use.change, set()).add(use.amount)
    assert max(map(len, by_change.values())) > 3  # the use varies over an activity
    night = nights(500, 1).problem
    assert len(night.changes) == 500
    assert night.slots == 30
    assert night.resources[0].capacity.tolist() == [PER_NIGHT] * 30
    assert not night.allowed(0).all()
    (attributes,) = night.budgets
    assert len(attributes.cells) == 40
    assert attributes.limit.max() < 10
