"""The log of decisions: whole rows, one writer at a time, only on what was looked at, and no formulas."""

import csv
import doctest
import io
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest

from scheduler.inputs import InputError, tables
from scheduler.inputs.decisions import LoggedDecision, read_decisions
from scheduler.portfolio import Decision
from scheduler.publish.decisions import OutdatedError, log_decision
from scheduler.publish.read_back import plan_id

START, NOW = datetime(2027, 3, 2, 2, tzinfo=UTC), datetime(2027, 2, 20, 8, tzinfo=UTC)


def made(
    change: str = "A", kind: Literal["approve", "reject"] = "reject", reason: str = "", by: str = "Ann"
) -> LoggedDecision:
    told = NOW if kind == "approve" else None
    return LoggedDecision(
        decision=Decision(change=change, kind=kind, start=START, announced_at=told), reason=reason, by=by, at=NOW
    )


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "schedule.json").write_text("{}")
    return tmp_path


def test_rows_are_added_and_read_back(out: Path) -> None:
    rows = [made(reason='Year end, "again"\nsorry'), made("B", "approve"), made(reason="and again")]
    for known, row in zip((0, 0, 1), rows, strict=True):
        log_decision(out, row, plan=plan_id(out), known=known)
    assert read_decisions(out) == rows
    assert (out / "decisions.csv").read_text().splitlines()[0] == "change,kind,start,announced_at,reason,by,at"
    assert {path.name for path in out.iterdir()} == {"schedule.json", "decisions.csv"}


def test_a_decision_on_a_plan_that_was_replaced_is_refused(out: Path) -> None:
    seen = plan_id(out)
    (out / "schedule.json").write_text('{"another": 1}')
    with pytest.raises(OutdatedError, match="the plan was replaced"):
        log_decision(out, made(), plan=seen, known=0)
    assert not (out / "decisions.csv").exists()
    (out / "schedule.json").unlink()
    assert plan_id(out) == ""


def test_a_decision_on_what_somebody_else_decided_is_refused(out: Path) -> None:
    log_decision(out, made(by="Ben"), plan=plan_id(out), known=0)
    before = (out / "decisions.csv").read_bytes()
    with pytest.raises(OutdatedError, match=r"A was decided on by Ben since you looked at it \(reject\)"):
        log_decision(out, made(kind="approve"), plan=plan_id(out), known=0)
    assert (out / "decisions.csv").read_bytes() == before
    log_decision(out, made("B"), plan=plan_id(out), known=0)  # another change is another matter


def test_two_at_once_cannot_both_decide(out: Path) -> None:
    refused = []

    def decide(by: str) -> None:
        try:
            log_decision(out, made(by=by), plan=plan_id(out), known=0)
        except OutdatedError:
            refused.append(by)

    people = [threading.Thread(target=decide, args=(name,)) for name in "abcdefgh"]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert len(refused) == 7
    assert len(read_decisions(out)) == 1


@pytest.mark.parametrize("hostile", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "'=1", "'''@x"])
def test_no_cell_is_a_formula_and_all_come_back(out: Path, hostile: str) -> None:
    log_decision(out, made(change=hostile, reason=hostile, by=hostile), plan=plan_id(out), known=0)
    cells = list(csv.reader(io.StringIO((out / "decisions.csv").read_text())))[1]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    (row,) = read_decisions(out)
    assert (row.decision.change, row.reason, row.by) == (hostile, hostile, hostile)


def test_characters_that_no_log_can_hold_are_left_out(out: Path) -> None:
    log_decision(out, made(reason=" a\0b\x1b[31m\ud800\u2028c\r\nd ", by="An\nn\0"), plan=plan_id(out), known=0)
    (row,) = read_decisions(out)
    assert (row.reason, row.by) == ("ab[31m\nc\nd", "An n")


def test_a_log_written_by_hand_keeps_its_rows_and_columns(out: Path) -> None:
    (out / "decisions.csv").write_bytes(
        b"\xef\xbb\xbfstart,change,kind,ticket\r\n2027-03-01T02:00Z,Z,pin,T-1"  # no line end
    )
    log_decision(out, made(), plan=plan_id(out), known=0)
    assert (out / "decisions.csv").read_text().splitlines() == [
        "start,change,kind,ticket,announced_at,reason,by,at",
        "2027-03-01T02:00Z,Z,pin,T-1,,,,",
        "2027-03-02T02:00:00Z,A,reject,,,,Ann,2027-02-20T08:00:00Z",
    ]


def test_a_log_that_cannot_be_read_stays_as_it_is(out: Path) -> None:
    (out / "decisions.csv").write_text("change,kind,start\nA,maybe,soon\n")
    with pytest.raises(InputError, match="maybe"):
        log_decision(out, made(), plan=plan_id(out), known=0)
    assert (out / "decisions.csv").read_text() == "change,kind,start\nA,maybe,soon\n"


def test_the_examples_in_the_documentation_hold() -> None:
    assert doctest.testmod(tables).failed == 0
