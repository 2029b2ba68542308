"""The scaling benchmark measures, goes on where it stopped, and says what holds."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

SCALE = Path(__file__).parent / "benchmarks" / "scale.py"


def scale(folder: Path, *options: str) -> str:
    where = [f"--results={folder / 'results.jsonl'}", f"--folder={folder / 'families'}"]
    few = ["--sizes=S", "--sharing=0.3", "--kind=plain", "--seconds=2", "--workers=1"]
    command = [sys.executable, str(SCALE), *few, *where, *options]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def results(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "results.jsonl").read_text(encoding="utf-8").splitlines()]


def test_an_interrupted_run_goes_on(tmp_path: Path) -> None:
    first = scale(tmp_path, "--seeds", "1")
    (one,) = results(tmp_path)
    assert one["sound"]
    assert one["bound"] <= one["objective"] == one["bill"]
    # The study's instances of this size have 11 to 17 shared cells and 25,000 start variables; a quarter is allowed.
    assert 0.75 * 11 <= one["shared_cells"] <= 1.25 * 17
    assert 0.75 * 25_000 <= one["start_variables"] <= 1.26 * 25_000
    # Cut the file off in the middle of a line, as an interruption would, and ask for one seed more.
    with (tmp_path / "results.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"key": "S|')
    second = scale(tmp_path, "--seeds", "1", "2")
    assert first.splitlines()[0] in second
    lines = (tmp_path / "results.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["case"]["seed"] for line in lines if line.endswith("}")] == [1, 2]
    assert "S, 30% sharing, plain, 2 s, 2 seeds" in second
    assert "proved gap" in scale(tmp_path, "--table")
    assert "gap after" in scale(tmp_path, "--growth", str(tmp_path / "growth.svg"))
    assert (tmp_path / "growth.svg").read_text(encoding="utf-8").startswith("<svg")
