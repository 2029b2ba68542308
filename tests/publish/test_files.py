"""The files of a plan: what they hold, that their rows add up, and that no cell or name can do harm."""

import csv
import doctest
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import pytest
from builders import change, level, portfolio, schedule, team
from hypothesis import given
from hypothesis import strategies as st

from scheduler.costs import COSTS
from scheduler.inputs import read_schedule
from scheduler.publish import files
from scheduler.publish.files import charges_csv, feed_names, write_plan
from scheduler.schedule import Charge, Result, Schedule, total
from scheduler.verify import bill


def result(title: str = "Patch", change_id: str = "A") -> Result:
    """A on app from Tuesday 01:00, an hour for certain and half an hour that may be needed; B on mail is left out."""
    p = portfolio(
        changes=[
            replace(change(change_id, p90=90, delay=48), title=title),
            change("B", services="mail", drop=500),
        ],
        levels=[level("premium", weight=2)],
        teams=[team("Blue", level="premium", zone="Europe/London"), team("Green"), team("Red")],
        users={("Blue", "app"): 4, ("Green", "app"): 3},
        zone="Europe/London",
    )
    plan = schedule(p, {change_id: "Tue 01:00"})
    charges = tuple(bill(p, plan))
    return Result(
        portfolio=p, schedule=plan, status="FEASIBLE", charges=charges, objective_cents=total(charges), bound_cents=0
    )


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode())))


def test_everything_is_written_and_what_is_not_ours_stays(tmp_path: Path) -> None:
    (tmp_path / "feeds").mkdir()
    (tmp_path / "feeds" / "Gone.ics").write_text("of a team that is no more")
    (tmp_path / "decisions.csv").write_text("mine")
    write_plan(result(), tmp_path)
    found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {
        "schedule.json",
        "schedule.csv",
        "charges.csv",
        "decisions.csv",
        "feeds/Blue.ics",
        "feeds/Green.ics",
        "feeds/Red.ics",
    }


def test_further_files_come_and_go_with_their_plan(tmp_path: Path) -> None:
    write_plan(result(), tmp_path, {"report.html": b"first"})
    assert (tmp_path / "report.html").read_bytes() == b"first"
    (tmp_path / "notes.txt").write_text("mine")
    # A plan written without a report leaves none of another plan beside it.
    write_plan(result(title="Another"), tmp_path)
    assert not (tmp_path / "report.html").exists()
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_two_plans_alike_are_the_same_bytes(tmp_path: Path) -> None:
    write_plan(result(), tmp_path / "one")
    write_plan(result(), tmp_path / "two")
    for path in (path for path in (tmp_path / "one").rglob("*") if path.is_file()):
        assert path.read_bytes() == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes()


def test_a_failure_leaves_the_earlier_plan(tmp_path: Path) -> None:
    write_plan(result(), tmp_path)
    before = (tmp_path / "schedule.csv").read_bytes()
    (tmp_path / "charges.csv").unlink()
    (tmp_path / "charges.csv").mkdir()
    with pytest.raises(OSError, match=r"charges\.csv"):
        write_plan(result(title="Another"), tmp_path)
    assert (tmp_path / "schedule.csv").read_bytes() == before


def test_a_result_without_a_schedule_is_not_written(tmp_path: Path) -> None:
    empty = replace(result(), schedule=Schedule(), status="INFEASIBLE", objective_cents=None)
    with pytest.raises(ValueError, match="without a schedule"):
        write_plan(empty, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_schedule_can_be_read_back(tmp_path: Path) -> None:
    plan = result()
    write_plan(plan, tmp_path)
    assert read_schedule(tmp_path / "schedule.json", plan.portfolio) == plan.schedule
    document = json.loads((tmp_path / "schedule.json").read_text())
    assert set(document["parts"]) == {"overrun", *(cost.name for cost in COSTS)}
    assert sum(part["weighted_cents"] for part in document["parts"].values()) == document["objective_cents"]


def test_schedule_csv() -> None:
    (row,) = rows(files.schedule_csv(result()))
    assert row["change"] == "A"
    assert (row["start"], row["end"], row["reserved_until"]) == (
        "2027-03-02T01:00:00Z",
        "2027-03-02T02:00:00Z",
        "2027-03-02T02:30:00Z",
    )
    assert (row["time_zone"], row["local_start"]) == ("Europe/London", "Tue 2 Mar 2027 01:00 GMT")
    assert row["announced_at"] == ""
    # 4 and 3 users for an hour at a euro, then half an hour with the chance of an overrun; 25 h at 48 cents a day.
    # P90 is 1.5 times P50; at P50 work runs on with chance 1/2: 100 cents for Blue, 75 for Green.
    assert int(row["cents"]) == 400 + 300 + 100 + 75 + 50
    assert int(row["weighted_cents"]) == 800 + 300 + 200 + 75 + 50


def test_the_rows_of_charges_add_up_to_the_objective() -> None:
    plan = result()
    found = rows(charges_csv(plan.charges))
    assert list(found[0]) == ["cost", "team", "service", "change", "start", "end", "share", "cents", "weighted_cents"]
    assert sum(int(row["weighted_cents"]) for row in found) == plan.objective_cents
    assert {row["cost"] for row in found} == {"downtime", "overrun", "delay", "drop"}
    assert {row["share"] for row in found if row["cost"] == "overrun"} == {"0.5"}
    (dropped,) = [row for row in found if row["cost"] == "drop"]
    assert (dropped["change"], dropped["team"], dropped["cents"]) == ("B", "", "500")


@pytest.mark.parametrize("title", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_text_is_no_formula(title: str) -> None:
    (row,) = rows(files.schedule_csv(result(title=title, change_id=title)))
    assert row["title"] == row["change"] == f"'{title}"


def test_numbers_and_plain_text_stay_as_they_are() -> None:
    charge = Charge(
        cost="delay",
        team='a "b", c',
        service="",
        change="1-2",
        start=datetime(2027, 3, 1, tzinfo=UTC),
        end=datetime(2027, 3, 2, tzinfo=UTC),
        share=Fraction(3, 40),
        cents=-5,
        weighted_cents=0,
    )
    (row,) = rows(charges_csv([charge]))
    assert (row["team"], row["change"], row["share"], row["cents"]) == ('a "b", c', "1-2", "0.075", "-5")


@pytest.mark.parametrize(
    ("id", "name"),
    [
        ("Blue", "Blue.ics"),
        ("back office", "back%20office.ics"),
        ("../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd.ics"),
        ("a/b", "a%2Fb.ics"),
        ("a\\b", "a%5Cb.ics"),
        (".", "%2E.ics"),
        ("..", "%2E%2E.ics"),
        (".hidden", "%2Ehidden.ics"),
        ("Köln", "K%C3%B6ln.ics"),
        ("a~b", "a%7Eb.ics"),
        ("CON", "%43ON.ics"),
        ("nul.x", "%6Eul.x.ics"),
        ("Contoso", "Contoso.ics"),
        ("a%2Fb", "a%252Fb.ics"),
        ("a\x00b", "a%00b.ics"),
    ],
)
def test_names_of_feeds(id: str, name: str) -> None:
    assert feed_names([id]) == {id: name}


def test_ids_that_differ_in_case_only_are_told_apart() -> None:
    # With the first 8 digits of the SHA-256 of the id, both of them: neither may be taken for the other.
    assert feed_names(["blue", "Blue", "green"]) == {
        "blue": "blue~16477688.ics",
        "Blue": "Blue~ec7d56a0.ics",
        "green": "green.ics",
    }


@given(st.sets(st.text(min_size=1, max_size=400) | st.sampled_from(["a", "A", "a~1", "ß", "SS", "\ud800", "x" * 300])))
def test_names_are_safe_and_never_shared(ids: set[str]) -> None:
    names = feed_names(ids)
    assert len({name.casefold() for name in names.values()}) == len(ids)
    for name in names.values():
        assert len(name) <= 204
        assert name.isascii()
        assert not set(name) & set('/\\:*?"<>| ')
        assert Path(name).name == name
        assert not name.startswith(".")


def test_the_examples_in_the_docstrings_hold() -> None:
    outcome = doctest.testmod(files)
    assert outcome.attempted > 0
    assert outcome.failed == 0
