"""From a folder to a plan: what is joined, and from when a plan is looked at."""

import json
from pathlib import Path

import pytest
from builders import change, portfolio, when

from scheduler.batch import load_after, load_with_plan, plan, sample_folder
from scheduler.inputs import InputError
from scheduler.verify import verify

GOLDEN = Path(__file__).parents[1] / "golden" / "portfolio"


def test_a_plan_is_compared_with_the_habits_on_what_it_places(tmp_path: Path) -> None:
    p = portfolio(changes=[change("A"), change("B", drop=1, delay=100)], users={("Blue", "app"): 2})
    made = plan(p, time_limit=3, out=tmp_path)
    # B pays an hour of two users, or one cent for not being done; A is out for 200 anyway and B may share it.
    assert made.objective_cents == 200
    assert set(made.baselines) == {"earliest", "random", "random_best", "sunday_0200", "first_come"}
    assert verify(p, made.schedule) == []
    assert json.loads((tmp_path / "schedule.json").read_text())["baselines"]["first_come"]["objective_cents"] == 200


def test_nothing_is_written_without_a_schedule(tmp_path: Path) -> None:
    p = portfolio(changes=[change("A", due="Mon 01:00"), change("B", due="Mon 01:00", not_with="A")])
    made = plan(p, time_limit=3, out=tmp_path / "out")
    assert made.status == "INFEASIBLE"
    assert made.baselines == {}
    assert not (tmp_path / "out").exists()


def test_a_plan_is_seen_from_when_it_was_made(tmp_path: Path) -> None:
    path = tmp_path / "schedule.json"
    path.write_text(json.dumps({"now": "2027-02-20T10:00:00Z", "placements": []}))
    assert load_with_plan(GOLDEN, path)[0].now == when("2027-02-20T10:00Z")
    assert load_with_plan(GOLDEN, path, now="2027-02-21T00:00Z")[0].now == when("2027-02-21T00:00Z")
    # Without a word on when it was made, the portfolio's own instant of planning counts.
    path.write_text(json.dumps({"placements": []}))
    assert load_with_plan(GOLDEN, path)[0].now == when("2027-02-28T20:00Z")


def test_what_an_earlier_schedule_announced_is_announced(tmp_path: Path) -> None:
    path = tmp_path / "schedule.json"
    told = {"change": "app-2", "start": "2027-03-03T18:00:00Z", "announced_at": "2027-02-01T00:00:00Z"}
    proposed = {"change": "db-1", "start": "2027-03-03T18:00:00Z", "announced_at": None}
    path.write_text(json.dumps({"placements": [told, proposed]}))
    p, before = load_after(GOLDEN, path)
    assert p.announced == {"app-2": (when("2027-03-03T18:00Z"), when("2027-02-01T00:00Z"))}
    assert [one.change for one in before.placements] == ["app-2", "db-1"]


def test_problems_of_the_folder_come_before_those_of_the_schedule(tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "odd.json").write_text("{")
    with pytest.raises(InputError, match=r"policy\.toml"):
        load_with_plan(tmp_path / "bad", tmp_path / "odd.json")
    with pytest.raises(InputError, match=r"odd\.json"):
        load_with_plan(GOLDEN, tmp_path / "odd.json")


def test_the_sample_is_found() -> None:
    assert (sample_folder() / "changes.csv").is_file()
