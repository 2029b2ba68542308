from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scheduler.inputs import InputError, load
from scheduler.inputs.decisions import LoggedDecision, read_decisions
from scheduler.portfolio import Decision

HEADER = "change,kind,start,announced_at,reason,by,at\n"
TUESDAY, FRIDAY = datetime(2027, 3, 2, 2, tzinfo=UTC), datetime(2027, 3, 5, 2, tzinfo=UTC)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    path = tmp_path / "plan"
    path.mkdir()
    return path


def test_a_log_is_read_with_reason_person_and_time(out: Path) -> None:
    assert read_decisions(out) == []
    row = 'C1,reject,2027-03-02T02:00Z,,"Year end, ""again""\nsorry",Ann,2027-02-28T13:00Z\n'
    (out / "decisions.csv").write_text(HEADER + row + "C1,approve,2027-03-05T02:00Z,2027-02-28T14:00Z,,,\n")
    assert read_decisions(out) == [
        LoggedDecision(
            decision=Decision(change="C1", kind="reject", start=TUESDAY),
            reason='Year end, "again"\nsorry',
            by="Ann",
            at=datetime(2027, 2, 28, 13, tzinfo=UTC),
        ),
        LoggedDecision(
            decision=Decision(
                change="C1", kind="approve", start=FRIDAY, announced_at=datetime(2027, 2, 28, 14, tzinfo=UTC)
            )
        ),
    ]


def test_a_log_that_cannot_be_read_says_where(out: Path) -> None:
    (out / "decisions.csv").write_text(HEADER + "C1,maybe,soon,,,,\n")
    with pytest.raises(InputError) as caught:
        read_decisions(out)
    first, second = caught.value.problems
    assert first.startswith(f"{out}/decisions.csv, row 2, kind: 'maybe' is not ")
    assert second.startswith(f"{out}/decisions.csv, row 2, start: 'soon' is not ")


def test_rows_beside_a_plan_come_after_those_of_the_folder(folder: Any, out: Path) -> None:
    folder.write("decisions.csv", "change,kind,start\nC1,pin,2027-03-02T02:00Z\n")
    (out / "decisions.csv").write_text(HEADER + "C1,approve,2027-03-05T02:00Z,2027-02-28T14:00Z,,,\n")
    alone, both = load(folder.path), load(folder.path, out=out)
    assert [one.start for one in both.decisions] == [TUESDAY, FRIDAY]
    assert both.warnings == ()
    # The hash of the folder alone tells later whether it was the folder that changed.
    assert alone.folder_hash == alone.content_hash == both.folder_hash != both.content_hash
    assert both.folder == str(folder.path.resolve())


def test_a_plan_in_the_folder_itself_decides_once(folder: Any) -> None:
    folder.write("decisions.csv", "change,kind,start\nC1,pin,2027-03-02T02:00Z\n")
    assert len(load(folder.path, out=folder.path).decisions) == 1


def test_rows_without_a_place_any_more_are_passed_over(folder: Any, out: Path) -> None:
    # C9 is gone, C0 is done; 1 February and the last half hour of the horizon lie outside it, 02:10 is off its grid.
    folder.write("history.csv", "change\nC0\n")
    starts = ["2027-02-01T02:00Z", "2027-03-28T23:30Z", "2027-03-02T02:10Z"]
    rows = ["C9,approve,2027-03-02T02:00Z", "C0,approve,2027-03-02T02:00Z", *(f"C1,approve,{one}" for one in starts)]
    (out / "decisions.csv").write_text("change,kind,start\n" + "\n".join(rows) + "\n")
    portfolio = load(folder.path, out=out)
    assert portfolio.decisions == ()
    log = out / "decisions.csv"
    assert list(portfolio.warnings) == [
        f"{log}, row 2: 'C9' is not in changes.csv any more, this row is passed over",
        *(
            f"{log}, row {row}: {start} is no start inside the horizon, this row is passed over"
            for row, start in [(4, "2027-02-01T02:00:00Z"), (5, "2027-03-28T23:30:00Z"), (6, "2027-03-02T02:10:00Z")]
        ),
    ]


def test_a_log_that_is_no_table_refuses_the_portfolio(folder: Any, out: Path) -> None:
    (out / "decisions.csv").write_bytes(b"change\0")
    with pytest.raises(InputError, match=r"plan/decisions\.csv, row 1: has a NUL byte"):
        load(folder.path, out=out)
