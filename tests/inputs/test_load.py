from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.inputs import InputError, load, with_previous
from scheduler.schedule import Placement, Schedule, place, schedule_of

GOLDEN = Path(__file__).parents[1] / "golden" / "portfolio"
START = datetime(2027, 3, 1, tzinfo=UTC)


def test_the_smallest_portfolio_loads_in_silence(folder: Any) -> None:
    portfolio = folder.load()
    assert portfolio.warnings == ()
    assert (list(portfolio.teams), list(portfolio.services), list(portfolio.changes)) == (["Blue"], ["mail"], ["C1"])


def test_the_golden_portfolio_loads() -> None:
    portfolio = load(GOLDEN)
    assert portfolio.policy.name == "Golden"
    assert len(portfolio.usage) > 0


def test_every_problem_of_every_file_at_once(folder: Any) -> None:
    folder.policy("degraded_share = 2").write("services.csv", "service,time_zone\nmail,Londn\n")
    folder.write("teams.csv", "team,cost_per_user_hour,uses\nBlue,ten,web\n")
    folder.write("changes.csv", "change,services,duration_minutes,duration_p90_minutes\nC1,mial,45,30\nC1,mail,0,\n")
    folder.write("usage.csv", "team,service,start,users\nBleu,mail,2027-02-20,1\n")
    with pytest.raises(InputError) as caught:
        load(folder.path)
    expected = [
        "policy.toml, row 5, degraded_share: 2 is more than 1; write 1 or less",
        "teams.csv, row 2, cost_per_user_hour: 'ten' is not an amount of money; "
        "write currency units with at most two decimals, such as 1250.50",
        "teams.csv, row 2, uses: 'web' is not in services.csv or redundancy.csv; add it there, or correct it here",
        "services.csv, row 2, time_zone: 'Londn' is not a time zone; did you mean 'Europe/London'?",
        "usage.csv, row 2, team: 'Bleu' is not in teams.csv; did you mean 'Blue'?",
        "changes.csv, row 2, services: 'mial' is not in services.csv; did you mean 'mail'?",
        "changes.csv, row 2, duration_p90_minutes: 30 is less than duration_minutes (45); swap them or leave it empty",
        "changes.csv, row 3, duration_minutes: 0 is less than 1; write 1 or more",
        "changes.csv, row 3, change: 'C1' is in row 2 too; give one of them another id, or delete it",
    ]
    assert caught.value.problems == expected
    assert str(caught.value) == "\n".join(expected)


def test_a_path_that_is_no_folder(tmp_path: Path) -> None:
    missing = tmp_path / "none"
    with pytest.raises(InputError, match="none: is not a folder; a portfolio is a folder of tables"):
        load(missing)


FILES = sorted(path.name for path in GOLDEN.iterdir())
CELLS = (
    "",
    "0",
    "-1",
    "nan",
    "9" * 40,
    "*",
    "a;b",
    "x+5m",
    "dba*2",
    "2027-03-28 01:30",
    "9999-12-31",
    "\x00",
    '"',
    "\u202e",
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(FILES), st.integers(0), st.sampled_from(CELLS) | st.binary(max_size=4), st.integers(0, 6))
def test_a_damaged_file_is_loaded_or_refused(file: str, at: int, new: str | bytes, length: int) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        for path in GOLDEN.iterdir():
            lines = path.read_bytes().splitlines(keepends=True)
            # A few rows of usage do, and are quicker.
            (folder / path.name).write_bytes(b"".join(lines[:12] if path.name == "usage.csv" else lines))
        content = (folder / file).read_bytes()
        at %= len(content)
        added = new.encode() if isinstance(new, str) else new
        (folder / file).write_bytes(content[:at] + added + content[at + length :])
        try:
            load(folder)
        except InputError as error:
            problems = error.problems
        else:
            return
    assert problems
    assert all(problem.isprintable() for problem in problems)


# --- the instant of planning -------------------------------------------------------------------------------------


def test_now_comes_from_the_caller_before_the_policy(folder: Any) -> None:
    said = datetime(2027, 3, 2, 8, tzinfo=timezone(timedelta(hours=8)))
    assert folder.load().now == datetime(2027, 2, 28, 12, tzinfo=UTC)
    assert load(folder.path, now=said).now == datetime(2027, 3, 2, tzinfo=UTC)
    assert load(folder.path, now=said).now.tzinfo is UTC


def test_now_as_text_is_in_the_zone_of_the_policy(folder: Any) -> None:
    folder.policy("", time_zone='"Asia/Singapore"')
    assert load(folder.path, now="2027-03-02 08:00").now == datetime(2027, 3, 2, tzinfo=UTC)
    assert load(folder.path, now="2027-03-02T08:00Z").now == datetime(2027, 3, 2, 8, tzinfo=UTC)
    assert load(folder.path, now=datetime(2027, 3, 2, 8)).now == datetime(2027, 3, 2, tzinfo=UTC)  # noqa: DTZ001
    with pytest.raises(InputError, match=r"^now: 'soon' is not a time; write ISO 8601"):
        load(folder.path, now="soon")
    with pytest.raises(InputError, match=r"^now: 2027-04-01T00:00:00Z is not before the end of the horizon"):
        load(folder.path, now="2027-04-01T00:00Z")


def without_now(folder: Any, start: datetime) -> Any:
    text = f'name = "Small"\nweeks = 4\nstart = {start.isoformat()}\n'
    return folder.write("policy.toml", text)


def test_the_clock_counts_until_the_horizon_starts(folder: Any) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    far = (before + timedelta(days=400)).replace(second=0)
    portfolio = without_now(folder, far).load()
    assert before <= portfolio.now <= datetime.now(UTC)
    past = START - timedelta(days=3650)
    assert without_now(folder, past).load().now == past


# --- decisions and what was announced ----------------------------------------------------------------------------


def test_a_pin_that_can_never_hold_is_refused(folder: Any) -> None:
    folder.write("decisions.csv", "change,kind,start\nC1,pin,2027-03-02 02:10\n")
    assert folder.problems() == [
        "decisions.csv, row 2, start: 2027-03-02T02:10:00Z is not on the grid of 30 minutes from "
        "2027-03-01T00:00:00Z; write 2027-03-02T02:00:00Z or 2027-03-02T02:30:00Z"
    ]


@pytest.mark.parametrize(
    "rows",
    [
        "C1,pin,2027-03-02 02:10\nC1,reject,2027-03-02 02:10\n",
        "C1,pin,2027-03-02 02:10\nC1,approve,2027-03-02 02:00\n",
        "C1,reject,2027-03-02 02:10\n",
    ],
)
def test_decisions_that_do_not_stand_may_be_anywhere(folder: Any, rows: str) -> None:
    assert folder.write("decisions.csv", f"change,kind,start\n{rows}").warnings() == []


def test_an_approval_off_the_grid_that_may_move_is_no_problem(folder: Any) -> None:
    folder.policy("approved_may_move = true")
    assert folder.write("decisions.csv", "change,kind,start\nC1,approve,2027-03-02 02:10\n").warnings() == []


def test_an_earlier_schedule_says_what_was_announced(folder: Any) -> None:
    folder.write("changes.csv", "change,services,duration_minutes\nC1,mail,60\nC2,mail,60\n")
    first = folder.load()
    told = START - timedelta(days=9)
    announced = Placement(
        change="C1", start=START, end=START, reserved_until=START, announced_at=told
    )  # fmt: skip
    gone = Placement(change="C9", start=START, end=START, reserved_until=START, announced_at=told)
    previous = Schedule((announced, place(first, "C2", START), gone))
    portfolio = load(folder.path, previous=previous)
    assert portfolio.announced == {"C1": (START, told)}
    assert portfolio.content_hash != first.content_hash
    assert with_previous(first, previous).announced == portfolio.announced
    assert with_previous(first, previous).content_hash == portfolio.content_hash
    starts = {"C1": START, "C2": START}
    assert [one.announced_at for one in schedule_of(portfolio, starts).placements] == [told, None]
