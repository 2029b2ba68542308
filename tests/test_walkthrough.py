"""The README's way from an Excel export to a verified plan, followed to the letter with thirty changes."""

import re
import shlex
from datetime import datetime, timedelta
from pathlib import Path

import openpyxl
from exported import write_excel
from typer.testing import CliRunner

from scheduler.cli import app

README = Path(__file__).parent.parent / "README.md"
HEAD = "## From an Excel export to a plan\n"
SYSTEMS = ("Payments hub", "portal", "Mail", "Data warehouse (production)", "Online portal")


def blocks(section: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)


def export(path: Path) -> None:
    """Make what people keep by hand: a title, odd names of columns, lengths as they come."""
    first = datetime(2027, 4, 5)  # noqa: DTZ001 - Excel knows no zones
    rows: list[list[object]] = [
        ["Changes of the second quarter"],
        [],
        ["Ref", "Summary", "System", "Type", "Duration (hours)", "Backout", "Not before", "Deadline", "Notes"],
    ]
    for n in range(30):
        system, hours = SYSTEMS[n % 5], (1, 1.5, "2h 30m", "0:45")[n % 4]
        backout, kind = ("00:30", None, "1 hour")[n % 3], ("Normal", "standard", "Emergency")[n % 3]
        release = first + timedelta(days=n // 3)
        rows.append([f"INF-{100 + n}", f"Upgrade {n}", system, kind, hours, backout, release, None, "+1 more"])
    write_excel(path, rows)


def test_the_readme_leads_from_an_export_to_a_verified_plan(tmp_path: Path, monkeypatch: object) -> None:
    section = README.read_text(encoding="utf-8").partition(HEAD)[2].partition("\n## ")[0]
    monkeypatch.chdir(tmp_path)  # type: ignore[attr-defined]
    folder = tmp_path / "myplan"
    folder.mkdir()
    export(tmp_path / "changes.xlsx")
    (policy,) = blocks(section, "toml")
    services, teams = blocks(section, "csv")
    for name, text in (("policy.toml", policy), ("services.csv", services), ("teams.csv", teams)):
        (folder / name).write_text(text)

    commands = [line for block in blocks(section, "text") for line in block.splitlines()]
    assert [shlex.split(line)[2] for line in commands] == ["import", "import", "check", "plan", "verify", "import"]
    said = []
    for line in commands:
        words = shlex.split(line.replace("--time-limit 20", "--time-limit 5"))
        assert words[:2] == ["$", "scheduler"]
        result = CliRunner().invoke(app, words[2:])
        assert result.exit_code == 0, f"{line}: {result.output}"
        said.append(result.stdout)

    assert said[1].startswith("30 changes from changes.xlsx")
    assert "30 of 30 changes placed" in said[3]
    assert "no rule is broken" in said[4]
    assert "planned times of 30 changes (Europe/London)" in said[5]
    page = openpyxl.load_workbook(tmp_path / "planned.xlsx").active
    assert [cell.value for cell in page[3]][-2:] == ["Planned start", "Planned end"]
    planned = [(page.cell(row, 10).value, page.cell(row, 11).value) for row in range(4, 34)]
    assert all(start < end for start, end in planned)
    # The last but one of the systems is told by its name in brackets.
    assert '"Data warehouse (production)" = "warehouse"' in (tmp_path / "mapping.toml").read_text()
