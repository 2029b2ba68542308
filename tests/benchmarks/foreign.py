"""Problems of other people's shapes, written as documents and planned with `scheduler solve-problem`.

    python tests/benchmarks/foreign.py [--shapes grid nights jobs] [--seeds 1 2 3] [--seconds 60] [--readme]

| shape | what it is | must be |
| --- | --- | --- |
| grid | up to 180 activities on 90 periods, priced by their start; use varies, pairs exclude each other | optimal |
| nights | 500 elements on 30 nights: closed nights, night capacity, few attributes a night | all, within 1 % |
| jobs | 14 jobs, 3 crews, 8 weeks and 48, 5, 16: ready, due and ideal ends, tags that must not overlap | optimal |

Each document is given to the command line in a process of its own. Results are appended, and an interrupted run goes
on; prints status, objective, bound, gap and seconds.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from cases import ROOT, Record, append, fingerprint, read
from foreign_shapes import SHAPES, Instance
from readme_parts import write_part

from scheduler.solver.document import document_of

RESULTS = ROOT / "out" / "foreign.jsonl"
COMMAND = "from scheduler.cli import main; main()"
GAP = {"grid": 0.0, "nights": 0.01, "jobs": 0.0}


def planned(document: Path, seconds: float, workers: int) -> dict[str, Any]:
    """Plan a document through the command line and give the answer that it prints."""
    options = [f"--time-limit={seconds:g}", f"--workers={workers}", "--json"]
    command = [sys.executable, "-c", COMMAND, "solve-problem", str(document), *options]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if not finished.stdout.strip():
        raise RuntimeError(finished.stderr.strip())
    answer: dict[str, Any] = json.loads(finished.stdout)
    return answer


def measured(instance: Instance, seconds: float, workers: int) -> Record:
    """Plan an instance and keep what is asked about."""
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder) / "problem.json"
        document.write_text(json.dumps(document_of(instance.problem)), encoding="utf-8")
        answer = planned(document, seconds, workers)
    starts = answer.pop("starts")
    return answer | {"placed": sum(start is not None for start in starts.values()), "changes": len(starts)}


def holds(record: Record) -> bool:
    """Tell whether an answer is as good as it must be."""
    gap = record["gap"]
    return gap is not None and gap <= GAP[record["shape"]] and record["placed"] == record["changes"]


def line(record: Record) -> str:
    """Say in one line what became of an instance."""
    gap = "–" if record["gap"] is None else f"{record['gap']:.2%}"
    return (
        f"{record['shape']:<7} {record['name']:<46} seed {record['seed']:<3} {record['status']:<10} "
        f"objective {record['objective']} bound {record['bound']} gap {gap} in {record['seconds']:.1f} s, "
        f"{'holds' if holds(record) else 'DOES NOT HOLD'}"
    )


def markdown(records: Iterable[Record]) -> str:
    """Give the README's table: by instance how many seeds were proved optimal, the gap, and how long it took."""
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        groups.setdefault((record["shape"], record["name"]), []).append(record)
    rows = [
        "| problem | seeds | all placed | proved optimal | gap, median | seconds, median | longest |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for (_, name), own in groups.items():
        gaps = [1.0 if r["gap"] is None else r["gap"] for r in own]
        placed = sum(r["placed"] == r["changes"] for r in own)
        optimal = sum(r["status"] == "OPTIMAL" for r in own)
        rows.append(f"| {name} | {len(own)} | {placed} | {optimal} | {100 * median(gaps):.2f} % | "
                    f"{median(r['seconds'] for r in own):.1f} | {max(r['seconds'] for r in own):.1f} |")  # fmt: skip
    return "\n".join(rows) + "\n"


def run(shapes: Sequence[str], seeds: Sequence[int], seconds: float, workers: int, results: Path) -> None:
    """Plan what the results lack, and print every answer."""
    sources = fingerprint("scheduler", "tests/benchmarks")
    known = {record["key"]: record for record in read(results)}
    for shape in shapes:
        for seed in seeds:
            for instance in SHAPES[shape](seed):
                key = "|".join([shape, instance.name, str(seed), f"{seconds:g}", str(workers), sources])
                if key not in known:
                    about = {"key": key, "shape": shape, "name": instance.name, "seed": seed}
                    known[key] = about | measured(instance, seconds, workers)
                    append(results, known[key])
                print(line(known[key]), flush=True)


def main() -> None:
    """Read the command line, measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", nargs="+", choices=list(SHAPES), default=list(SHAPES))
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--documents", type=Path, metavar="FOLDER", help="measure nothing; write the documents")
    parser.add_argument("--readme", action="store_true", help="measure nothing; write the README's table")
    given = parser.parse_args()
    if given.documents:
        given.documents.mkdir(parents=True, exist_ok=True)
        for shape in given.shapes:
            for seed in given.seeds:
                for number, instance in enumerate(SHAPES[shape](seed)):
                    document = json.dumps(document_of(instance.problem))
                    (given.documents / f"{shape}-{number}-seed-{seed}.json").write_text(document, encoding="utf-8")
    elif given.readme:
        latest = {(r["shape"], r["name"], r["seed"]): r for r in read(given.results)}
        write_part("foreign", markdown(latest.values()))
    else:
        run(given.shapes, given.seeds, given.seconds, given.workers, given.results)


if __name__ == "__main__":
    main()
