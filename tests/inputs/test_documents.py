import json
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from scheduler.inputs import InputError, dump, read_schedule, schedule_document
from scheduler.portfolio import Portfolio
from scheduler.schedule import (
    BaselineFigures,
    Charge,
    Clash,
    Fairness,
    Placement,
    Result,
    Schedule,
    Shift,
    Unplaced,
    schedule_of,
)

START = datetime(2027, 3, 6, 16, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def portfolio(folder: Any) -> Portfolio:
    folder.policy("", time_zone='"Asia/Singapore"')
    folder.write(
        "changes.csv",
        "change,title,services,duration_minutes,duration_p90_minutes,backout_minutes,mandatory,drop_cost\n"
        "b,B,mail,60,90,45,,\na,Ä,mail,30,,,no,12.50\n",
    )
    found: Portfolio = folder.load()
    return found


def charge(cost: str, change: str, cents: int, weighted: int) -> Charge:
    return Charge(cost=cost, team="Blue", service="mail", change=change, start=START, end=START + HOUR,
                  share=Fraction(1), cents=cents, weighted_cents=weighted)  # fmt: skip


def result(portfolio: Portfolio) -> Result:
    told = START - timedelta(days=9)
    shift = Shift(engineer="ana", skill="dba", start=START, end=START + HOUR)
    placements = (
        Placement(change="b", start=START, end=START + HOUR, reserved_until=START + 2.5 * HOUR, announced_at=told,
                  engineers=(shift,)),
        Placement(change="a", start=START + HOUR, end=START + 1.5 * HOUR, reserved_until=START + 1.5 * HOUR),
    )  # fmt: skip
    return Result(
        portfolio=portfolio,
        schedule=Schedule(placements),
        status="FEASIBLE",
        charges=(
            charge("overrun", "b", 100, 200),
            charge("downtime", "b", 1000, 2000),
            charge("downtime", "a", 30, 60),
            charge("downtime", "b", 5, 10),
            charge("delay", "a", 7, 7),
        ),
        objective_cents=2277,
        bound_cents=2000,
        seconds=1.23456,
        seed=7,
        versions={"ortools": "9.15", "numpy": "2.2"},
        unplaced=(Unplaced(change="z", reason="no window", drop_cents=None),),
        baselines={"random": BaselineFigures(objective_cents=9, cost_cents=8, drop_cents=0, violations=1)},
        clash=(Clash(rule="due", changes=("a", "b"), text="too late"),),
        fairness_price_cents=3,
        fairness=Fairness(before=0.02, before_team="blue", after=0.015, after_team="green"),
    )


EXPECTED = """{
  "status": "FEASIBLE",
  "objective_cents": 2277,
  "bound_cents": 2000,
  "gap": 0.12165129556433904,
  "cost_cents": 1135,
  "parts": {
    "delay": {
      "cents": 7,
      "weighted_cents": 7
    },
    "downtime": {
      "cents": 1035,
      "weighted_cents": 2070
    },
    "overrun": {
      "cents": 100,
      "weighted_cents": 200
    }
  },
  "fairness_price_cents": 3,
  "fairness": {
    "before": 0.02,
    "before_team": "blue",
    "after": 0.015,
    "after_team": "green"
  },
  "seconds": 1.235,
  "now": "2027-02-28T12:00:00Z",
  "time_zone": "Asia/Singapore",
  "seed": 7,
  "versions": {
    "numpy": "2.2",
    "ortools": "9.15"
  },
  "portfolio_hash": "HASH",
  "folder": FOLDER,
  "folder_hash": "HASH",
  "placements": [
    {
      "change": "a",
      "start": "2027-03-06T17:00:00Z",
      "end": "2027-03-06T17:30:00Z",
      "reserved_until": "2027-03-06T17:30:00Z",
      "announced_at": null,
      "notice_from": "2027-02-28T12:00:00Z",
      "cents": 37,
      "weighted_cents": 67,
      "engineers": []
    },
    {
      "change": "b",
      "start": "2027-03-06T16:00:00Z",
      "end": "2027-03-06T17:00:00Z",
      "reserved_until": "2027-03-06T18:30:00Z",
      "announced_at": "2027-02-25T16:00:00Z",
      "notice_from": "2027-02-25T16:00:00Z",
      "cents": 1105,
      "weighted_cents": 2210,
      "engineers": [
        {
          "engineer": "ana",
          "skill": "dba",
          "start": "2027-03-06T16:00:00Z",
          "end": "2027-03-06T17:00:00Z"
        }
      ]
    }
  ],
  "unplaced": [
    {
      "change": "z",
      "reason": "no window",
      "drop_cents": null
    }
  ],
  "baselines": {
    "random": {
      "objective_cents": 9,
      "cost_cents": 8,
      "drop_cents": 0,
      "violations": 1
    }
  },
  "clash": [
    {
      "rule": "due",
      "changes": [
        "a",
        "b"
      ],
      "text": "too late"
    }
  ]
}
"""


def test_every_field(portfolio: Portfolio) -> None:
    # cost_cents = 100 + 1000 + 30 + 5; gap = 277 / 2277.
    assert dump(schedule_document(result(portfolio))) == EXPECTED.replace("HASH", portfolio.content_hash).replace(
        "FOLDER", json.dumps(portfolio.folder)
    )


def test_parts_that_were_not_charged(portfolio: Portfolio) -> None:
    parts = schedule_document(result(portfolio), ["downtime", "drop"])["parts"]
    assert list(parts) == ["delay", "downtime", "drop", "overrun"]
    assert parts["drop"] == {"cents": 0, "weighted_cents": 0}


def test_nothing_was_found(portfolio: Portfolio) -> None:
    document = schedule_document(Result(portfolio=portfolio, schedule=Schedule(), status="INFEASIBLE"))
    assert [document[key] for key in ("objective_cents", "bound_cents", "gap", "placements")] == [None, None, None, []]


def test_text_is_not_escaped(portfolio: Portfolio) -> None:
    assert "Ä" in dump({"text": "Ä"})


def test_round_trip(portfolio: Portfolio, tmp_path: Path) -> None:
    file = tmp_path / "schedule.json"
    planned = result(portfolio)
    file.write_text(dump(schedule_document(planned)), encoding="utf-8")
    assert read_schedule(file, portfolio) == Schedule(
        tuple(sorted(planned.schedule.placements, key=lambda one: one.change))
    )


def write(tmp_path: Path, content: Any) -> Path:
    file = tmp_path / "plan.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return file


def test_change_and_start_are_enough(portfolio: Portfolio, tmp_path: Path) -> None:
    # A naive time is on Singapore's clock, eight hours ahead.
    rows = [{"change": "b", "start": "2027-03-07 00:00"}, {"change": "a", "start": "2027-03-06T17:00:00Z"}]
    found = read_schedule(write(tmp_path, {"placements": rows}), portfolio)
    assert found == schedule_of(portfolio, {"a": START + HOUR, "b": START})
    # b: P50 60, and P90 90 plus backout 45, which is five slots.
    assert found.by_change["b"].end == START + HOUR
    assert found.by_change["b"].reserved_until == START + 2.5 * HOUR


def test_what_verify_is_to_judge_is_read_as_it_stands(portfolio: Portfolio, tmp_path: Path) -> None:
    rows = [
        {"change": "a", "start": "2027-03-06T16:00Z", "end": "2027-03-06T15:00Z"},
        {"change": "a", "start": "2027-03-06T16:10Z", "announced_at": "2027-03-01T00:00Z"},
        {"change": "unknown", "start": "2027-03-06T16:00Z"},
    ]
    one, two, three = read_schedule(write(tmp_path, {"placements": rows}), portfolio).placements
    assert (one.change, one.start, one.end) == ("a", START, START - HOUR)
    assert (two.start, two.announced_at) == (START + timedelta(minutes=10), datetime(2027, 3, 1, tzinfo=UTC))
    assert (three.change, three.start) == ("unknown", START)


def test_announcements_that_are_not_given_come_from_the_decisions(folder: Any, tmp_path: Path) -> None:
    folder.write("decisions.csv", "change,kind,start,announced_at\nC1,approve,2027-03-06 16:00,2027-02-01\n")
    row = {"change": "C1", "start": "2027-03-06T16:00Z"}
    known = folder.load()
    assert read_schedule(write(tmp_path, {"placements": [row]}), known).placements[0].announced_at == datetime(
        2027, 2, 1, tzinfo=UTC
    )
    file = write(tmp_path, {"placements": [row | {"announced_at": None}]})
    assert read_schedule(file, known).placements[0].announced_at is None


@pytest.mark.parametrize(
    ("content", "problems"),
    [
        ("{", ["plan.json: is not JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1)); "
               "write it with plan --out"]),
        ("[" * 100_000, ["plan.json: is not JSON (…); write it with plan --out"]),
        ("[]", ["plan.json: has no list 'placements'; write one with a change and a start in each entry"]),
        ({"placements": 3}, ["plan.json: has no list 'placements'; write one with a change and a start in each entry"]),
        ({"placements": [7, {"start": "soon"}, {"change": "a", "end": "x"},
                         {"change": 5, "start": "2027-03-06T16:00Z"}]}, [
            "plan.json, placements[0]: 7 is not an object; write one with a change and a start",
            "plan.json, placements[1].change: is missing; add it",
            "plan.json, placements[1].start: 'soon' is not a time; write ISO 8601, such as 2027-03-06T16:00Z or "
            "2027-03-06 16:00; a bare date means 00:00",
            "plan.json, placements[2].start: is missing; add it",
            "plan.json, placements[2].end: 'x' is not a time; write ISO 8601, such as 2027-03-06T16:00Z or "
            "2027-03-06 16:00; a bare date means 00:00",
            "plan.json, placements[3].change: 5 is not text; fill it in",
        ]),
        ({"placements": [{"change": "a", "start": "2027-03-06T16:00Z", "engineers": 3}]},
         ["plan.json, placements[0].engineers: 3 is not a list; write one, or leave it out"]),
        ({"placements": [{"change": "a", "start": "2027-03-06T16:00Z", "engineers": [{"engineer": "ana"}]}]}, [
            "plan.json, placements[0].engineers[0].skill: is missing; add it",
            "plan.json, placements[0].engineers[0].start: is missing; add it",
            "plan.json, placements[0].engineers[0].end: is missing; add it",
        ]),
    ],
)  # fmt: skip
def test_documents_that_cannot_be_read(portfolio: Portfolio, tmp_path: Path, content: Any, problems: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        read_schedule(write(tmp_path, content), portfolio)
    if problems[0].endswith("(…); write it with plan --out"):
        (problem,) = caught.value.problems
        assert problem.startswith("plan.json: is not JSON (")
    else:
        assert caught.value.problems == problems


def test_files_that_cannot_be_read(portfolio: Portfolio, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.json: there is no such file"):
        read_schedule(tmp_path / "none.json", portfolio)
    file = tmp_path / "bad.json"
    file.write_bytes(b"\xff")
    with pytest.raises(InputError, match=r"bad.json, row 1: byte 0xff is not UTF-8 text; save the file as UTF-8"):
        read_schedule(file, portfolio)
