"""What the plan saves against the habits, on generated portfolios: the sample's shape or a benchmark family.

    python tests/benchmarks/habits.py [--seeds 101 … ] [--size S|M] [--sharing 0.3] [--seconds 30]

Prints for every seed the objective (drop prices left out) of the plan and of each habit as a multiple of the plan's,
the proved gap and the seconds of planning, then the means over the seeds. Ratios of habits that break rules carry a *.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from scheduler.baselines import baselines, best_habit
from scheduler.inputs import load
from scheduler.portfolio import Portfolio
from scheduler.solver.solve import solve
from scheduler.verify import verify

GENERATE = Path(__file__).resolve().parents[2] / "data" / "generate.py"
HABITS = ("earliest", "random", "random_best", "sunday_0200", "first_come")


def generated(seed: int, options: list[str]) -> Portfolio:
    """Make a portfolio from a seed in a folder of its own and read it."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(GENERATE), "--seed", str(seed), "--out", folder, *options]
        subprocess.run(command, check=True, capture_output=True)
        return load(folder)


def measure(portfolio: Portfolio, seconds: float, workers: int) -> dict[str, float]:
    """Plan one portfolio and give the plan's objective and gap, the ratios of the habits and the seconds it took."""
    begun = time.monotonic()
    result = solve(portfolio, time_limit=seconds, workers=workers)
    took = time.monotonic() - begun
    assert result.objective_cents is not None, f"no plan: {result.status} {result.clash}"
    assert not verify(portfolio, result.schedule)
    missing = [
        name for name, one in portfolio.changes.items() if one.mandatory and name not in result.schedule.by_change
    ]
    assert not missing, missing
    figures = baselines(portfolio, result.schedule)
    own = result.objective_cents - result.drop_cents
    row: dict[str, float] = {"plan": own / 100, "gap": result.gap or 0.0, "seconds": took}
    row |= {name: figures[name].objective_cents / own for name in HABITS}
    row |= {f"{name} broken": figures[name].violations for name in HABITS}
    best = best_habit(figures)
    row["best habit"] = figures[best].objective_cents / own if best else float("nan")
    return row


def main() -> None:
    """Print one line per seed and the means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(101, 111)))
    parser.add_argument("--size", choices=["S", "M"])
    parser.add_argument("--sharing")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    options = [f"--{name}={value}" for name in ("size", "sharing") if (value := getattr(given, name))]
    print("seed           plan    gap  seconds" + "".join(f"{name:>13}" for name in (*HABITS, "best habit")))
    rows = []
    for seed in given.seeds:
        row = measure(generated(seed, options), given.seconds, given.workers)
        rows.append(row)
        ratios = [f"{row[name]:12.2f}{'*' if row[f'{name} broken'] else ' '}" for name in HABITS]
        print(
            f"{seed:<6}{row['plan']:13,.0f} {row['gap']:6.1%} {row['seconds']:8.1f}"
            + "".join(ratios)
            + f"{row['best habit']:12.2f}",
            flush=True,
        )
    means = {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}
    print(
        f"mean  {means['plan']:13,.0f} {means['gap']:6.1%} {means['seconds']:8.1f}"
        + "".join(f"{means[name]:12.2f} " for name in HABITS)
        + f"{means['best habit']:12.2f}"
    )


if __name__ == "__main__":
    main()
