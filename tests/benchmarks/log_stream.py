"""Count users in requests that a generator makes, as many as asked for: seconds, rows a second and memory.

    python tests/benchmarks/log_stream.py [--millions 100]

Requests of 200 teams and services by 100,000 users over four weeks come in batches of a million. The process may take
2 GiB at most; what was asked for and what was used are printed.
"""

import argparse
import resource
import time
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from scheduler.inputs.logs import stream

BATCH = 1_000_000
LIMIT_KIB = 2 * 1024 * 1024


def requests(batches: int) -> Iterator[pa.RecordBatch]:
    draw = np.random.default_rng(1)
    names = [pa.array([f"{kind}{n}" for n in range(count)]) for kind, count in (("t", 20), ("s", 10), ("u", 100_000))]
    for _ in range(batches):
        codes = [draw.integers(0, len(values), BATCH) for values in names]
        columns = [values.take(pa.array(code)) for values, code in zip(names, codes, strict=True)]
        at = 1_800_000_000 + draw.integers(0, 28 * 86_400, BATCH)
        yield pa.record_batch([*columns, pa.array(at)], names=["team", "service", "who", "at"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--millions", type=int, default=100)
    asked = parser.parse_args()
    began = time.monotonic()
    usage = stream(requests(asked.millions))
    seconds = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cpu = time.process_time()
    print(f"{asked.millions} million requests in {seconds:.0f} s ({cpu:.0f} s of CPU), {len(usage):,} rows of usage")
    verdict = "within" if peak < LIMIT_KIB else "OVER"
    print(f"most memory {peak / 1024:,.0f} MiB, {verdict} {LIMIT_KIB / 1024:,.0f} MiB")


if __name__ == "__main__":
    main()
