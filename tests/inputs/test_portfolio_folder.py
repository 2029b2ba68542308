"""A portfolio written as a folder is read back as the same one."""

from pathlib import Path

import pytest
from small_plan import POLICY, write_portfolio

from scheduler.batch import sample_folder
from scheduler.inputs import load
from scheduler.inputs.portfolio_folder import csv_bytes, portfolio_files
from scheduler.portfolio import Portfolio

CALENDAR = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20270101T000000Z\r\n"
    "DTSTART:20270305T180000Z\r\nDTEND:20270308T060000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def read_back(portfolio: Portfolio, folder: Path) -> Portfolio:
    for name, content in portfolio_files(portfolio).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return load(folder)


def with_everything(folder: Path) -> Path:
    """The small portfolio with a calendar of a file, engineers, and names that are hard to write."""
    hard = 'Quoted "a\\b", comma, #; = and €'
    write_portfolio(folder, calendars="calendar,kind,file,applies_to\nclosed,blackout,calendars/c.ics,service:app\n")
    (folder / "calendars").mkdir()
    (folder / "calendars" / "c.ics").write_text(CALENDAR)
    (folder / "engineers.csv").write_text("engineer,skills\n")
    name = hard.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    (folder / "policy.toml").write_text(POLICY.replace('"Small"', f'"{name}"').replace("premium", '"pre mium"'))
    teams = (folder / "teams.csv").read_text().replace("premium", "pre mium")
    quoted = hard.replace('"', '""')
    (folder / "teams.csv").write_text(teams.replace("Blue Ltd", f'"{quoted}"'))
    return folder


@pytest.mark.parametrize("which", ["sample", "small", "everything"])
def test_what_is_written_is_read_back(which: str, tmp_path: Path) -> None:
    make = {"sample": lambda folder: sample_folder(), "small": write_portfolio, "everything": with_everything}
    portfolio = load(make[which](tmp_path / "given"))
    again = read_back(portfolio, tmp_path / "written")
    assert again.content_hash == portfolio.content_hash
    assert again.warnings == portfolio.warnings
    # And once more: what was written says all of it.
    assert portfolio_files(again) == portfolio_files(portfolio)


def test_empty_columns_are_left_out_and_empty_tables_say_what_they_may_hold() -> None:
    assert csv_bytes(["a", "b", "c"], [["1", "", "x"], ["", "", ""]]) == b"a,c\n1,x\n,\n"
    assert csv_bytes(["a", "b"], []) == b"a,b\n"
