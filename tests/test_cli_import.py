"""The command `import`, from an export to changes.csv and back."""

import json
from pathlib import Path

from exported import servicenow_csv, with_services
from typer.testing import CliRunner

from scheduler.cli import app


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["import", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def test_an_export_becomes_changes_and_is_not_written_over(tmp_path: Path) -> None:
    export, folder = servicenow_csv(tmp_path), with_services(tmp_path / "portfolio")
    code, out, err = run(export, "--mapping", "servicenow", "--out", folder)
    assert (code, err) == (0, "")
    assert "2 changes" in out.replace("\n", " ")
    written = (folder / "changes.csv").read_text()
    assert written.startswith("change,title,type,services,")
    code, out, err = run(export, "--out", folder)
    assert (code, out) == (1, "")
    assert "is there already" in err
    assert run(export, "--out", folder, "--replace")[0] == 0
    assert (folder / "changes.csv").read_text() == written


def test_planned_times_go_back(tmp_path: Path) -> None:
    times = {"start": "2027-03-06T22:00:00Z", "end": "2027-03-06T23:30:00Z", "reserved_until": "2027-03-07T00:00:00Z"}
    schedule = tmp_path / "schedule.json"
    schedule.write_text(json.dumps({"placements": [{"change": "CHG0030001"} | times]}))
    code, out, err = run(servicenow_csv(tmp_path), "--back", schedule, "--out", tmp_path / "back.csv")
    assert code == 0
    assert "planned times of 1 changes" in out
    assert err.startswith("note: 2 rows have no window in the plan")
    assert "2027-03-06 22:00:00" in (tmp_path / "back.csv").read_text()


def test_a_draft_and_what_is_refused(tmp_path: Path) -> None:
    export = servicenow_csv(tmp_path)
    assert run(export, "--draft", tmp_path / "mapping.toml")[0] == 0
    assert 'change = "number"' in (tmp_path / "mapping.toml").read_text()
    assert run(export)[0] == 2
    code, _, err = run(tmp_path / "none.csv", "--out", tmp_path)
    assert code == 1
    assert "there is no such file" in err
    assert "Traceback" not in err
