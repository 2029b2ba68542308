"""Kills, with SIGKILL at random points, programs that import, decide, plan or upgrade; then looks at what is left.

`python tests/benchmarks/desk_kills.py` does so 200 times on SQLite and 50 times on PostgreSQL. After each the store
opens, its log replays to exactly what is stored, whatever a program was told was done is there, and every version and
plan can be read whole.
"""

import argparse
import contextlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2]))

import sqlalchemy as sa
from builders import change
from desks import NOW, assert_replays
from stores import Stores, stored_tables, stores_in
from visitors import Visitor, many, ready

from scheduler.desk import workflow
from scheduler.desk.library import portfolio_of
from scheduler.desk.plans import document_of
from scheduler.desk.runner import Runner
from scheduler.desk.runs import ask_run
from scheduler.desk.store import Store
from scheduler.desk.tables import RUNS, SCHEDULES, VERSIONS
from scheduler.inputs.fingerprint import content_hash

COUNTS = {"sqlite": 200, "postgresql": 50}
CHANGES = 24
FIRST_FORM = "0001"
Tell = Callable[[list[int]], None]


# --- what is killed --------------------------------------------------------------------------------------------------


def imports(place: str, seed: int, tell: Tell) -> None:
    """Bring in one version after another."""
    rng = random.Random(seed)
    with Store(place) as store:
        while True:
            base = many(CHANGES)
            extra = change(f"X{rng.randrange(10**9)}", services="app")
            made = replace(base, changes={**base.changes, extra.id: extra})
            made = replace(made, content_hash=content_hash(made))
            seen = workflow.preview(store, made).seen
            done = workflow.import_portfolio(store, made, by="ada", seen=seen, now=NOW)
            tell([one.seq for one in done.entries])


def decisions(place: str, seed: int, tell: Tell) -> None:
    """Decide on one window after another."""
    with Store(place) as store:
        visitor = Visitor(store, seed, time.monotonic(), 600.0)
        while True:
            told = visitor.decide()
            if told is not None:
                tell([told.seq])


def plans(place: str, seed: int, tell: Tell) -> None:
    """Ask for a run and do it, over and over."""
    with Store(place) as store:
        while True:
            with store.writing() as connection:
                connection.execute(RUNS.update().where(RUNS.c.status != "finished").values(status="stopped"))
            number, _ = ask_run(store, by="ada", time_limit=5.0, planned_at=NOW)
            with store.reading() as connection:
                seq = connection.execute(sa.select(RUNS.c.seq).where(RUNS.c.id == number)).scalar_one()
            tell([seq])
            Runner(store, number).go()


def upgrades(place: str, seed: int, tell: Tell) -> None:
    """Take an older store to the newest form."""
    Store(place, create=True).close()
    tell([])
    time.sleep(60.0)


KINDS: dict[str, tuple[Callable[[str, int, Tell], None], float]] = {
    "import": (imports, 0.5),
    "approve": (decisions, 0.5),
    "solve": (plans, 1.2),
    "migrate": (upgrades, 0.3),
}
"""What is done, and within how many seconds of its beginning it is killed."""


# --- killing ---------------------------------------------------------------------------------------------------------


def killed(work: Callable[[str, int, Tell], None], place: str, seed: int, after: float) -> list[int]:
    """Do work in a process of its own, kill that, and give the entries that it had been told of until then."""
    read, write = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(read)
        with contextlib.suppress(BaseException):
            work(place, seed, lambda seqs: os.write(write, (json.dumps(seqs) + "\n").encode()) and None)
        os._exit(1)
    os.close(write)
    time.sleep(after)
    os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    with os.fdopen(read) as pipe:
        lines = [line for line in pipe.read().split("\n")[:-1] if line]
    if not os.WIFSIGNALED(status):
        raise SystemExit("it ended before it was killed")
    return [seq for line in lines for seq in json.loads(line)]


def check(store: Store, told: list[int]) -> int:
    """Check that a store is whole and holds what somebody was told of; give the length of its log."""
    log = assert_replays(store)
    seqs = {one.seq for one in log}
    assert seqs.issuperset(told), "something that was acknowledged is lost"
    with store.reading() as connection:
        if store.is_sqlite:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        imported = [one.detail["version"] for one in log if one.action == "import"]
        assert connection.execute(sa.select(VERSIONS.c.id).order_by(VERSIONS.c.id)).scalars().all() == imported
        for version in imported[-1:]:
            portfolio_of(connection, version)
        kept = connection.execute(sa.select(SCHEDULES.c.id)).scalars().all()
        for schedule in kept:
            document_of(connection, schedule)
        named = connection.execute(sa.select(RUNS.c.schedule).where(RUNS.c.schedule.is_not(None))).scalars().all()
        assert set(named) <= set(kept)
    return len(log)


def upgrade(stores: Stores, engine: str, after: float, seed: int) -> bool:
    """Kill an upgrade of a store of the first form, and tell whether it came to its end all the same."""
    place = stores.of_form(engine, FIRST_FORM)
    with Store(place, create=True, form=FIRST_FORM) as store:
        before, form = content(store), store.revision()
    assert form == FIRST_FORM
    killed(upgrades, place, seed, after)
    with Store(place, create=True, form=FIRST_FORM) as store:
        # All of an upgrade was done, or nothing of it.
        done = store.revision() != FIRST_FORM
    with Store(place, create=True) as store:
        assert_replays(store)
        assert content(store) == before
    return done


def content(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Give every row of the tables that the first form had, in the columns that it had."""
    first = stored_tables()
    with store.reading() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(sa.select(table))), key=str)
            for table in first.sorted_tables
        }


def main() -> None:
    """Kill as often as asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sqlite", type=int, default=COUNTS["sqlite"])
    parser.add_argument("--postgresql", type=int, default=COUNTS["postgresql"])
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, stores_in(Path(folder)) as stores:
        Path(folder).chmod(0o755)
        for engine in COUNTS:
            if count := getattr(asked, engine):
                run(stores, engine, count, asked.seed)


def run(stores: Stores, engine: str, count: int, seed: int) -> None:
    """Kill so many programs on one engine."""
    rng = random.Random(seed)
    place, began = stores.new(engine), time.monotonic()
    with Store(place) as store:
        ready(store, CHANGES)
    told: list[int] = []
    kills: Counter[str] = Counter()
    midway: Counter[str] = Counter()
    for number in range(count):
        kind = list(KINDS)[number % len(KINDS)]
        work, longest = KINDS[kind]
        after = rng.uniform(0.0, longest)
        if kind == "migrate":
            midway[kind] += upgrade(stores, engine, after, seed + number)
        else:
            new = killed(work, place, seed + number, after)
            midway[kind] += bool(new)
            told += new
            with Store(place) as store:
                entries = check(store, told)
        kills[kind] += 1
    print(f"{engine}: {count} programs killed ({dict(kills)}) in {time.monotonic() - began:.0f} s")
    print(f"  {dict(midway)} of them after they had been told of something done")
    print(
        f"  {entries} entries, {len(told)} acknowledged: none lost, nothing half-written, every store opened",
        flush=True,
    )


if __name__ == "__main__":
    main()
