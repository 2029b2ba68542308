"""Kills, with SIGKILL at random points, senders of mail; then holds what a real server has against the store.

`python tests/benchmarks/mail_kills.py [CRASHES] [ENGINE] [SEED]` does so 100 times on SQLite. Every mail that the store
knows must have come exactly once, and updates in their order; it prints how many there were, and how many of them the
store calls unconfirmed because their sender died between the last byte and the answer.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2]))

from publish.test_sending import check_crashes
from stores import stores_in

from scheduler.desk.store import Store

if __name__ == "__main__":
    given = sys.argv[1:]
    crashes, engine, seed = (*given, *("100", "sqlite", "0")[len(given) :])
    begun = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as folder,
        stores_in(Path(folder)) as stores,
        Store(stores.new(engine)) as store,
    ):
        mails, unconfirmed = check_crashes(store, Path(folder) / "note", int(crashes), int(seed))
    print(f"{engine}: {crashes} crashes, {mails} mails, each received once and in order; {unconfirmed} unconfirmed")
    print(f"{time.monotonic() - begun:.0f} s, load {os.getloadavg()}")
