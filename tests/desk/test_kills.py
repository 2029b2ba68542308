"""Programs are killed at random points: a tenth of what the benchmark does."""

import re
import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "desk_kills.py"


def test_whatever_is_killed_the_store_is_whole() -> None:
    # In a program of its own, as it forks.
    given = [sys.executable, str(BENCHMARK), "--sqlite", "20", "--postgresql", "5", "--seed", "1"]
    done = subprocess.run(given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.findall(r"(\w+): (\d+) programs killed", done.stdout) == [("sqlite", "20"), ("postgresql", "5")]
    assert done.stdout.count("none lost, nothing half-written") == 2
