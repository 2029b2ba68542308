import json
import tomllib
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scheduler.cli import app
from scheduler.inputs import InputError, load
from scheduler.inputs.columns import COLUMNS, TABLES
from scheduler.inputs.starter import write_starter

SUNDAY = date(2026, 11, 22)


def test_it_loads_in_silence(tmp_path: Path) -> None:
    names = write_starter(tmp_path / "new", SUNDAY)
    assert sorted(names) == sorted(path.name for path in (tmp_path / "new").iterdir())
    portfolio = load(tmp_path / "new")
    assert portfolio.warnings == ()
    assert portfolio.policy.name == "new"
    # A Monday more than a week away.
    assert portfolio.policy.start.date() == date(2026, 11, 30)
    # The second Tuesday of December 2026 is the 8th.
    assert "PATCH@2026-12-13" in portfolio.changes


@pytest.mark.parametrize("day", range(1, 29))
def test_on_any_day_there_is_a_month_to_patch(tmp_path: Path, day: int) -> None:
    write_starter(tmp_path, date(2026, 11, day))
    portfolio = load(tmp_path)
    assert portfolio.policy.start.weekday() == 0
    assert 7 < (portfolio.policy.start.date() - date(2026, 11, day)).days <= 14


def test_keys_in_comments_are_true(tmp_path: Path) -> None:
    write_starter(tmp_path, SUNDAY)
    text = (tmp_path / "policy.toml").read_text()
    # Taking the # away gives a policy that loads, with every key there is.
    lines = [line.removeprefix("# ") if " = " in line or line == "# [forecast]" else line for line in text.splitlines()]
    document = tomllib.loads("\n".join(lines))
    (tmp_path / "policy.toml").write_text("\n".join(lines))
    assert load(tmp_path).warnings == ()
    known = {name for name in TABLES["policy.toml"] if "." not in name}
    assert known | {"service_levels", "forecast"} == set(document)


def test_the_readme_names_every_column(tmp_path: Path) -> None:
    write_starter(tmp_path, SUNDAY)
    text = (tmp_path / "README.txt").read_text()
    assert all(f"  {one.name}{'*' * one.required} (" in text for one in COLUMNS if one.file != "policy.toml")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="is there already and not an empty folder"):
        write_starter(tmp_path, SUNDAY)
    with pytest.raises(InputError):
        write_starter(tmp_path / "mine.txt", SUNDAY)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_command_makes_what_check_and_plan_accept(tmp_path: Path) -> None:
    run = CliRunner().invoke
    folder = str(tmp_path / "new")
    made = run(app, ["init", folder])
    assert made.exit_code == 0
    assert made.stdout.endswith(f"next: scheduler check {folder}\n")
    checked = run(app, ["check", folder])
    assert checked.exit_code == 0
    assert "warning" not in checked.stdout
    planned = run(app, ["plan", folder, "--time-limit", "3", "--json"])
    assert planned.exit_code == 0, planned.stderr
    assert json.loads(planned.stdout)["status"] in ("OPTIMAL", "FEASIBLE")
    again = run(app, ["init", folder])
    assert (again.exit_code, again.stdout) == (1, "")
    assert "nothing is overwritten" in again.stderr
