"""How planning scales, with proof: families S, M, L and XL, every case in a process of its own.

    python tests/benchmarks/scale.py                     measures what the results lack, then prints the table
    python tests/benchmarks/scale.py --sizes S M --seeds 1 2 --kind plain --sharing 0.3 --seconds 20
    python tests/benchmarks/scale.py --table             prints the table of what is measured
    python tests/benchmarks/scale.py --readme            writes it to the README
    python tests/benchmarks/scale.py --growth FILE.svg   prints and draws how figures grow from S to XL

Results are appended to a file, case by case: an interrupted run goes on where it stopped. `plain` has the impact of
the expected length alone, `full` all rules, chances and the fairness phase. Seconds count from the start of planning,
which includes building and compiling the problem; imports, reading files and forecasting usage are measured apart.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from cases import FAMILIES, RESULTS, Case, Record, good, read, run
from readme_parts import write_part
from scale_growth import draw_growth, growth_text
from scale_tables import TARGETS, budgeted, markdown, table_text

SHARINGS, KINDS = (0.3, 1.0), ("plain", "full")


def chosen(given: argparse.Namespace) -> Iterator[Case]:
    """List the cases that were asked for, smaller families first."""
    for size in given.sizes:
        for sharing in given.sharing:
            target = TARGETS[size, sharing]
            for kind in given.kind:
                for seed in given.seeds or range(1, target.seeds + 1):
                    yield Case(size, sharing, seed, kind, "plan", given.seconds or target.seconds, given.workers)


def line(record: Record) -> str:
    """Say in one line what became of a case."""
    case = Case(**record["case"])
    if "failed" in record:
        return f"{case.label}: FAILED: {record['failed'].splitlines()[-1]}"
    shares = {name: record.get(name) for name in ("gap", "below_first_come", "share_left")}
    gap, below, left = ("–" if share is None else f"{share:.2%}" for share in shares.values())
    first = "–" if record["first_plan"] is None else f"{record['first_plan']:.2f}"
    proof = f", proved at {record['proof']:.1f} s" if record["proof"] else ""
    checks = "sound" if record.get("sound") else "NOT SOUND"
    return (
        f"{case.label}: {record['status']} gap {gap}{proof}, first plan {first} s (build {record['build']:.2f}, "
        f"compile {record['compile_problem']:.2f}), {below} below first come, {left} left, {record['memory']} MiB, "
        f"{record['shared_cells']} cells, {record['start_variables']:,} starts, {checks}"
    )


def main() -> None:
    """Read the command line, measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", choices=["S", "M", "L", "XL"], default=["S", "M", "L", "XL"])
    parser.add_argument("--sharing", nargs="+", type=float, choices=SHARINGS, default=list(SHARINGS))
    parser.add_argument("--kind", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--seeds", nargs="+", type=int, help="default: as many as the targets ask for")
    parser.add_argument("--seconds", type=float, help="of planning; default: those of the targets")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--results", type=Path, default=RESULTS, help="file to append to")
    parser.add_argument("--folder", type=Path, default=FAMILIES, help="where generated portfolios are kept")
    parser.add_argument("--keep", action="store_true", help="let results of older sources count")
    parser.add_argument("--table", action="store_true", help="measure nothing")
    parser.add_argument("--readme", action="store_true", help="measure nothing; write the README's table")
    parser.add_argument("--growth", type=Path, metavar="SVG", help="measure nothing; draw the growth")
    given = parser.parse_args()
    if not (given.table or given.readme or given.growth):
        for record in run(chosen(given), "scale_one.py", given.results, given.folder, keep=given.keep):
            print(line(record), flush=True)
    records = budgeted(good(read(given.results), keep=given.keep), given.seconds)
    if given.growth:
        print(growth_text(records))
        draw_growth(records, given.growth)
    elif given.readme:
        write_part("scale", markdown(records))
    else:
        print(table_text(records))


if __name__ == "__main__":
    main()
