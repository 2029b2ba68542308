"""What was written is read back as it was given, and files that do not belong together are refused."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from builders import change, level, portfolio, schedule, team, when

from scheduler.horizon import Window
from scheduler.inputs import InputError
from scheduler.portfolio import Portfolio
from scheduler.publish.files import schedule_json, write_plan
from scheduler.publish.read_back import Moved, moves, plan_id, read_document, read_result
from scheduler.schedule import BaselineFigures, Clash, Relaxation, Result, Schedule, Unplaced, total
from scheduler.verify import bill


def world(team_id: str = "Blue") -> Portfolio:
    return portfolio(
        changes=[change("A", p90=90, delay=48), change("B", services="mail", drop=500)],
        levels=[level("premium", weight=2)],
        teams=[team(team_id, level="premium", zone="Europe/London"), team("Green")],
        users={(team_id, "app"): 4, ("Green", "app"): 3},
    )


def result(team_id: str = "Blue", start: str = "Tue 01:00") -> Result:
    p = world(team_id)
    plan = schedule(p, {"A": start})
    charges = tuple(bill(p, plan))
    habit = BaselineFigures(objective_cents=1000, cost_cents=900, drop_cents=500, violations=0)
    return Result(
        portfolio=p,
        schedule=plan,
        status="FEASIBLE",
        charges=charges,
        objective_cents=total(charges),
        bound_cents=7,
        seconds=1.5,
        seed=3,
        versions={"python": "3"},
        unplaced=(Unplaced(change="B", reason="too dear", drop_cents=500),),
        baselines={"first_come": habit, "earliest": replace(habit, violations=2)},
    )


def edited(folder: Path, **keys: Any) -> None:
    content = json.loads((folder / "schedule.json").read_text())
    (folder / "schedule.json").write_text(json.dumps(content | keys))


@pytest.mark.parametrize("team_id", ["Blue", "=Blue", "'=Blue"])
def test_a_result_comes_back_as_it_was(tmp_path: Path, team_id: str) -> None:
    given = result(team_id)
    write_plan(given, tmp_path)
    document = read_document(tmp_path)
    assert document.has_schedule
    assert document.id == plan_id(tmp_path)
    found = read_result(tmp_path, document, given.portfolio)
    assert found == replace(given, parameters={})
    assert (found.cost_cents, found.gap) == (given.cost_cents, given.gap)


@pytest.mark.parametrize("text", ["", "no JSON", "[]", "{}", '{"status": "OPTIMAL"}', "[" * 100_000])
def test_what_is_no_plan_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "schedule.json").write_text(text)
    with pytest.raises(InputError, match=r"schedule\.json: is not "):
        read_document(tmp_path)


def test_nothing_there_is_refused(tmp_path: Path) -> None:
    assert plan_id(tmp_path) == ""
    with pytest.raises(InputError, match=r"schedule\.json: cannot be read \(No such file"):
        read_document(tmp_path)


@pytest.mark.parametrize(
    "keys", [{"placements": 3}, {"unplaced": [{"change": "B"}]}, {"baselines": []}, {"clash": [{}]}, {"clash": "x"}]
)
def test_a_document_with_the_wrong_parts_is_refused(tmp_path: Path, keys: dict[str, Any]) -> None:
    write_plan(result(), tmp_path)
    edited(tmp_path, **keys)
    with pytest.raises(InputError, match=r"schedule\.json"):
        read_result(tmp_path, read_document(tmp_path), world())


def test_charges_of_another_plan_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduler.publish.read_back._PATIENCE_SECONDS", 0.1)
    write_plan(result(), tmp_path)
    table = (tmp_path / "charges.csv").read_text()
    (tmp_path / "charges.csv").write_text(table + "delay,,,A,2027-03-01T00:00:00Z,2027-03-01T00:30:00Z,1,5,5\r\n")
    with pytest.raises(InputError, match=r"charges\.csv: does not add up to schedule\.json"):
        read_result(tmp_path, read_document(tmp_path), world())
    (tmp_path / "charges.csv").write_text(table.replace("cents", "pence"))
    with pytest.raises(InputError, match=r"charges\.csv: is not what plan --out writes"):
        read_result(tmp_path, read_document(tmp_path), world())
    (tmp_path / "charges.csv").unlink()
    with pytest.raises(InputError, match=r"charges\.csv: cannot be read"):
        read_result(tmp_path, read_document(tmp_path), world())


def test_a_plan_replaced_while_it_is_read_is_refused(tmp_path: Path) -> None:
    write_plan(result(), tmp_path)
    document = read_document(tmp_path)
    write_plan(replace(result(), seed=4), tmp_path)
    with pytest.raises(InputError, match="replaced while it was read"):
        read_result(tmp_path, document, world())


def test_a_run_without_a_schedule_is_read_too(tmp_path: Path) -> None:
    write_plan(result(), tmp_path)
    clash = [{"rule": "due", "changes": ["A"], "text": "A has no possible start"}]
    edited(tmp_path, status="INFEASIBLE", objective_cents=None, bound_cents=None, placements=[], clash=clash)
    document = read_document(tmp_path)
    assert not document.has_schedule
    found = read_result(tmp_path, document, world())
    assert (found.status, found.charges, found.clash[0].changes) == ("INFEASIBLE", (), ("A",))


def test_why_nothing_fits_is_written_and_read(tmp_path: Path) -> None:
    due, notice = (Clash(rule=rule, changes=("A", "B"), text=f"{rule} of A and B") for rule in ("due", "notice"))
    mended = Relaxation(lifted=(due,), objective_cents=7, cost_cents=5, proven=False)
    none = {"status": "INFEASIBLE", "schedule": Schedule(), "objective_cents": None, "bound_cents": None}
    reasons = {"clash": (due, notice), "clash_is_minimal": True, "more_clashes": ((notice,),), "relaxations": (mended,)}
    (tmp_path / "schedule.json").write_bytes(schedule_json(replace(result(), charges=(), **none, **reasons)))
    found = read_result(tmp_path, read_document(tmp_path), world())
    assert {name: getattr(found, name) for name in reasons} == reasons


def test_moves_between_two_plans(tmp_path: Path) -> None:
    # An hour, ninety minutes at P90: reserved until half past two.
    write_plan(result(), tmp_path)
    before = read_document(tmp_path).content
    write_plan(result(start="Wed 01:00"), tmp_path)
    after = read_document(tmp_path).content
    tuesday, wednesday = (Window(when(f"{day} 01:00"), when(f"{day} 02:30")) for day in ("Tue", "Wed"))
    assert moves(before, before) == []
    assert moves(before, after) == [Moved(change="A", before=tuesday, after=wednesday)]
    assert moves({"placements": []}, after) == [Moved(change="A", before=None, after=wednesday)]
    assert moves(before, {"placements": []}) == [Moved(change="A", before=tuesday, after=None)]
    assert tuesday.start == datetime(2027, 3, 2, 1, tzinfo=UTC)
