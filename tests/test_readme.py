"""What the README shows is true: its commands run, its Python runs, its tables are those of the code.

`python tests/test_readme.py` writes the tables anew.
"""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from scheduler.batch import sample_folder
from scheduler.batch.job import CODES, MEANINGS
from scheduler.cli import app
from scheduler.costs import COSTS
from scheduler.desk.access import PERMISSIONS, ROLES
from scheduler.desk.states import STATES
from scheduler.inputs.columns import readme_table
from scheduler.rules import RULES
from scheduler.settings import settings_table

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"


def tables() -> dict[str, str]:
    """Give the generated parts of the README by the name of their marker."""
    return {
        "costs": _table("cost", [(cost.name, cost.meaning) for cost in COSTS]),
        "rules": _table("rule", [(rule.name, rule.law) for rule in RULES]),
        "columns": readme_table(),
        "states": _table("state", list(STATES.items())),
        "permissions": _permissions(),
        "settings": settings_table(),
        "ends": _ends(),
    }


def _permissions() -> str:
    words = {"no": "–", "own": "own team", "yes": "yes"}
    rows = [f"| {one.meaning} | {' | '.join(words[grant] for grant in one.grants)} |" for one in PERMISSIONS]
    heads = [f"| what | {' | '.join(ROLES)} |", "| --- " * (1 + len(ROLES)) + "|"]
    return "\n".join([*heads, *rows]) + "\n"


def _ends() -> str:
    rows = [f"| {kind} | {CODES[kind]} | {text} |" for kind, text in MEANINGS.items()]
    return "\n".join(["| ended | exit code | meaning |", "| --- | --- | --- |", *rows]) + "\n"


def _table(head: str, rows: list[tuple[str, str]]) -> str:
    return (
        "\n".join([f"| {head} | meaning |", "| --- | --- |", *(f"| {name} | {text} |" for name, text in rows)]) + "\n"
    )


def part(name: str) -> "re.Pattern[str]":
    return re.compile(rf"(?<=<!-- {name} -->\n).*?(?=<!-- end -->)", re.DOTALL)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("name", sorted(tables()))
def test_tables_are_those_of_the_code(name: str) -> None:
    (found,) = part(name).findall(README.read_text(encoding="utf-8"))
    assert found == tables()[name], "write them anew with: python tests/test_readme.py"


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that looks like a clone to commands that read data/sample and write beside it."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "sample").symlink_to(sample_folder())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_commands_run_in_their_order(workplace: Path) -> None:
    (console,) = blocks("console")
    lines = console.splitlines()
    assert len(lines) == 5
    for line in lines:
        assert line.startswith("$ scheduler "), line
        result = CliRunner().invoke(app, shlex.split(line)[2:])
        assert result.exit_code == 0, f"{line}: {result.output}"
        assert result.stdout
    assert {path.name for path in (workplace / "plan").iterdir()} == {
        "schedule.json",
        "schedule.csv",
        "charges.csv",
        "report.html",
        "feeds",
    }


def test_every_command_is_listed_and_has_help() -> None:
    listed = set(re.findall(r"^\| `([a-z-]+)[^`]*` \|", README.read_text(encoding="utf-8"), re.MULTILINE))
    commands = get_command(app).commands  # type: ignore[attr-defined]
    assert set(commands) <= listed
    assert all(command.help for command in commands.values())


def test_python_runs(workplace: Path) -> None:
    (code,) = blocks("python")
    assert len([line for line in code.splitlines() if line]) <= 10
    finished = subprocess.run([sys.executable, "-c", code], cwd=workplace, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.splitlines()[0].split()[0] in ("OPTIMAL", "FEASIBLE")
    assert (workplace / "plan" / "schedule.json").exists()


def test_shell_commands_set_up_and_run(workplace: Path) -> None:
    # Making the environment needs a network; what is run in it afterwards does not.
    shell = blocks("sh")
    assert len(shell) == 2
    for block, extra, last in zip(shell, (".", ".[test]"), ("scheduler demo", "python -m pytest -n 2"), strict=True):
        venv, install, run = (shlex.split(step) for step in block.strip().split(" && "))
        assert venv == ["python3", "-m", "venv", ".venv"]
        assert install == [".venv/bin/pip", "install", "-e", extra]
        assert shlex.join(run) == f".venv/bin/{last}"


def test_ci_runs_the_readme_s_test_command() -> None:
    assert blocks("sh")[1].strip() in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_links_lead_somewhere() -> None:
    text = README.read_text(encoding="utf-8")
    heads = {re.sub(r"[^\w -]", "", head).lower().replace(" ", "-") for head in re.findall(r"^#+ (.*)$", text, re.M)}
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert target.removeprefix("#") in heads if target.startswith("#") else (ROOT / target).exists(), target


def write() -> None:
    """Replace the generated parts of the README."""
    text = README.read_text(encoding="utf-8")
    for name, table in tables().items():
        text = part(name).sub(lambda _, table=table: table, text, count=1)
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
