"""Twenty people who decide at random at once, for a minute on each engine, from four programs of five threads each.

`python tests/benchmarks/desk_writers.py` prints what they did and how fast, after checking that the log replays to what
is stored, that everything said to be done is in it once and on the revision it was decided on, and that nothing was
approved twice.
"""

import argparse
import multiprocessing
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2]))

from desks import assert_replays
from stores import ENGINES, stores_in
from visitors import Told, Visitor, assert_nothing_approved_twice, assert_told_the_truth, ready

from scheduler.desk.store import Store

PROGRAMS, THREADS = 4, 5
Answer = tuple[list[Told], Counter[str], list[float], list[str]]


def program(place: str, number: int, seconds: float) -> Answer:
    """Let five people decide until the time is over."""
    with Store(place) as store:
        began = time.monotonic()
        visitors = [Visitor(store, PROGRAMS * thread + number, began, seconds) for thread in range(THREADS)]
        waited: list[float] = []
        failures: list[str] = []

        def work(visitor: Visitor) -> None:
            try:
                while (now := time.monotonic()) < began + seconds:
                    visitor.decide()
                    waited.append(time.monotonic() - now)
            except BaseException as error:
                failures.append(f"{type(error).__name__}: {error}")

        threads = [threading.Thread(target=work, args=[visitor]) for visitor in visitors]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(seconds + 120.0)
        failures += ["a deadlock is left" for thread in threads if thread.is_alive()]
        told = [one for visitor in visitors for one in visitor.told]
        return told, sum((visitor.outcomes for visitor in visitors), Counter[str]()), waited, failures


def main() -> None:
    """Run on both engines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--changes", type=int, default=120)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, stores_in(Path(folder)) as stores:
        Path(folder).chmod(0o755)
        for engine in ENGINES:
            place = stores.new(engine)
            with Store(place) as store:
                ready(store, asked.changes)
                with multiprocessing.get_context("spawn").Pool(PROGRAMS) as pool:
                    given = [(place, number, asked.seconds) for number in range(PROGRAMS)]
                    answers = pool.starmap(program, given)
                told = [one for answer in answers for one in answer[0]]
                outcomes = sum((answer[1] for answer in answers), Counter[str]())
                waited = sorted(one for answer in answers for one in answer[2])
                failures = [one for answer in answers for one in answer[3]]
                log = assert_replays(store)
                assert_told_the_truth(log, told)
                assert_nothing_approved_twice(log)
            print(f"{engine}: {PROGRAMS * THREADS} writers, {asked.seconds:.0f} s, {len(waited)} attempts")
            print(f"  done {len(told)}, stale {outcomes['stale']}, failures {failures or 'none'}")
            print(f"  {dict(sorted((name, n) for name, n in outcomes.items() if name != 'stale'))}")
            print(f"  look and write: median {waited[len(waited) // 2]:.2f} s, worst {waited[-1]:.2f} s")
            print(
                f"  {len(log)} entries replay to exactly what is stored; no lost update, no double approval", flush=True
            )
            if failures:
                sys.exit(1)


if __name__ == "__main__":
    main()
