"""The cases of the scaling benchmark: what identifies one, where its portfolio lies, and the file of results.

Results are JSON lines, appended as they come, so that an interrupted run goes on where it stopped. The key of a case
holds a fingerprint of the sources that it depends on: a result of other sources is not taken for this one's.
"""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "out" / "scale.jsonl"
FAMILIES = ROOT / "out" / "families"
GENERATE = ROOT / "data" / "generate.py"

Record = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One measurement: a portfolio of a family, its kind, the method and its budget."""

    size: str
    sharing: float
    seed: int
    kind: str
    method: str
    seconds: float
    workers: int

    @property
    def name(self) -> str:
        """Give what a case is known by, whatever the sources."""
        return "|".join(str(part) for part in asdict(self).values())

    @property
    def key(self) -> str:
        """Give what a case is known by in the file of results."""
        return f"{self.name}|{sources_of(self.method)}"

    @property
    def label(self) -> str:
        """Give what a person reads."""
        kind = f"{self.kind} {self.method}" if self.method != "plan" else self.kind
        return f"{self.size:<2} {self.sharing:4.0%} seed {self.seed:<2} {kind} {self.seconds:g} s"


def fingerprint(*folders: str) -> str:
    """Give a short hash of the Python sources under some folders of the project."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


@cache
def sources_of(method: str) -> str:
    """Give the fingerprint of what a result depends on: a textbook model knows what is posted, not how we solve it."""
    if method in ("plan", "solver"):
        return fingerprint("scheduler", "data")
    return fingerprint("scheduler/rules", "scheduler/costs", "scheduler/demand", "scheduler/inputs", "data")


def portfolio_folder(case: Case, folder: Path) -> Path:
    """Give the folder of a case's portfolio, and make the portfolio where it is not there yet."""
    out = folder / f"{case.size}-{case.sharing:g}-{case.seed}-{fingerprint('data')}"
    if not (out / "usage.parquet").exists():
        options = [f"--size={case.size}", f"--sharing={case.sharing:g}", f"--seed={case.seed}", f"--out={out}"]
        subprocess.run([sys.executable, str(GENERATE), *options], check=True, capture_output=True)
    return out


def read(results: Path) -> list[Record]:
    """Read what has been measured; the last line of a case counts, and one cut off by an interruption does not."""
    latest: dict[str, Record] = {}
    for line in results.read_text(encoding="utf-8").splitlines() if results.exists() else []:
        try:
            record = json.loads(line)
        except ValueError:
            continue
        latest[record["key"]] = record
    return list(latest.values())


def append(results: Path, record: Record) -> None:
    """Add one result."""
    results.parent.mkdir(parents=True, exist_ok=True)
    torn = results.exists() and not results.read_bytes().endswith(b"\n") and results.stat().st_size > 0
    with results.open("a", encoding="utf-8") as file:
        file.write(("\n" if torn else "") + json.dumps(record) + "\n")


def measured(script: str, case: Case, folder: Path) -> Record:
    """Run one case in a process of its own, so that its memory is its own, and give what it prints."""
    given = json.dumps(asdict(case))
    command = [sys.executable, str(Path(__file__).with_name(script)), "--one", given, str(folder)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode:
        return {"failed": finished.stderr.strip()[-2000:] or f"ended with {finished.returncode}"}
    record: Record = json.loads(finished.stdout.splitlines()[-1])
    return record


def good(records: Iterable[Record], *, keep: bool = False) -> list[Record]:
    """Give the last good result of every case, of the present sources or, with `keep`, of any."""
    latest: dict[str, Record] = {}
    for record in records:
        case = Case(**record["case"])
        if "failed" not in record and (keep or record["key"] == case.key):
            latest[case.name] = record
    return list(latest.values())


def run(cases: Iterable[Case], script: str, results: Path, folder: Path, *, keep: bool = False) -> Iterator[Record]:
    """Measure the cases that the file of results does not hold yet, and give the records of all of them in turn.

    With `keep` a result of older sources counts too.
    """
    known = {Case(**record["case"]).name: record for record in good(read(results), keep=keep)}
    for case in cases:
        found = known.get(case.name)
        if found is None:
            portfolio = portfolio_folder(case, folder)
            found = {"key": case.key, "case": asdict(case)} | measured(script, case, portfolio)
            append(results, found)
        yield found
