"""Twenty people decide at once, on each engine; then the log says what became of it."""

import threading
import time
from collections import Counter

from desks import assert_replays
from visitors import Visitor, assert_nothing_approved_twice, assert_told_the_truth, ready

from scheduler.desk.store import Store

WRITERS, SECONDS, LONGEST = 20, 6.0, 120.0
"""A tenth of what tests/benchmarks/desk_writers.py does; longer where the machine is so slow that nobody met."""


def test_twenty_writers(store: Store) -> None:
    ready(store, 60)
    began = time.monotonic()
    visitors = [Visitor(store, seed, began, SECONDS) for seed in range(WRITERS)]
    failures: list[BaseException] = []

    def enough() -> bool:
        stale, approved = (sum(one.outcomes[name] for one in visitors) for name in ("stale", "approve"))
        return stale > 0 and approved > 1

    def work(visitor: Visitor) -> None:
        try:
            while time.monotonic() < began + SECONDS or (time.monotonic() < began + LONGEST and not enough()):
                visitor.decide()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=[visitor]) for visitor in visitors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60.0)
    assert not failures
    assert not [thread for thread in threads if thread.is_alive()], "a deadlock is left"
    log = assert_replays(store)
    told = [one for visitor in visitors for one in visitor.told]
    outcomes = sum((visitor.outcomes for visitor in visitors), Counter[str]())
    assert outcomes["stale"] > 0, "nobody ever met"
    assert outcomes["approve"] > 0
    assert_told_the_truth(log, told)
    assert_nothing_approved_twice(log)
