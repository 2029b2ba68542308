"""How long ten million rows of usage take to load, and how much memory: `python tests/benchmarks/usage_rows.py`.

Prints one line per form of the file: seconds and the largest memory of the process that loaded it.
"""

import argparse
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from scheduler.inputs import load

TEAMS, SERVICES = 50, 20


def write(folder: Path, form: str, rows: int) -> None:
    """Write a portfolio of teams that all use all services, with as many hours as make the rows."""
    (folder / "policy.toml").write_text('name = "Large"\nstart = 2027-03-01T00:00:00Z\nweeks = 2\n')
    teams = [f"team-{number:02}" for number in range(TEAMS)]
    services = [f"service-{number:02}" for number in range(SERVICES)]
    lines = [f"{team},10,Europe/Berlin,Bea" for team in teams]
    (folder / "teams.csv").write_text("\n".join(["team,cost_per_user_hour,time_zone,contact", *lines, ""]))
    (folder / "services.csv").write_text("\n".join(["service", *services, ""]))
    (folder / "changes.csv").write_text("change,services,duration_minutes\nC1,service-00,60\n")
    hours = rows // (TEAMS * SERVICES)
    first = np.datetime64("2027-03-01T00", "h") - hours
    times = np.char.replace(np.datetime_as_string(first + np.arange(hours), "m"), "T", " ")
    pairs = TEAMS * SERVICES
    number = np.arange(rows, dtype=np.int32)
    columns = {
        "team": pa.DictionaryArray.from_arrays(pa.array(number // hours // SERVICES), pa.array(teams)),
        "service": pa.DictionaryArray.from_arrays(pa.array(number // hours % SERVICES), pa.array(services)),
        "start": pa.DictionaryArray.from_arrays(pa.array(number % hours), pa.array(times.tolist())),
        "users": pa.array(np.random.default_rng(1).integers(0, 100, rows) / 4),
    }
    assert rows == hours * pairs
    table = pa.table(columns)
    if form == "csv":
        decoded = [column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column for column in table]
        pyarrow.csv.write_csv(pa.table(decoded, names=table.column_names), folder / "usage.csv")
    else:
        pyarrow.parquet.write_table(table, folder / "usage.parquet")


def measure(folder: str) -> None:
    """Load a folder and print the seconds and the mebibytes it took."""
    begun = time.perf_counter()
    portfolio = load(folder, now=datetime(2027, 3, 1, tzinfo=UTC))
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(portfolio.usage):,} rows in {seconds:.1f} s, at most {peak:,.0f} MiB", flush=True)


def main() -> None:
    """Write and load each form in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--form", choices=["csv", "parquet"], action="append")
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.folder:
        measure(chosen.folder)
        return
    for form in chosen.form or ["csv", "parquet"]:
        with TemporaryDirectory() as folder:
            # What writing takes must not count.
            writing = f"import usage_rows, pathlib; usage_rows.write(pathlib.Path({folder!r}), {form!r}, {chosen.rows})"
            subprocess.run([sys.executable, "-c", writing], check=True, cwd=Path(__file__).parent)
            print(f"usage.{form}: ", end="", flush=True)
            subprocess.run([sys.executable, __file__, "--folder", folder], check=True)


if __name__ == "__main__":
    main()
