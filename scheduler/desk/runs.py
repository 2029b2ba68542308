"""Runs of the solver: each in a process of its own, which outlives whoever asked for it.

The store has everything that is known of a run, so that a page may be left and come back to: how it stands, and the
best plan so far. A run whose process is gone is shown as stopped and keeps that plan; it can be taken up again.
"""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from scheduler.desk.access import RefusedError
from scheduler.desk.library import current_version, portfolio_of
from scheduler.desk.shelf import Row
from scheduler.desk.store import Store
from scheduler.desk.tables import CHANGES, RUN_POINTS, RUNS
from scheduler.desk.writing import Done, Writing, write

RunStatus = Literal["asked", "running", "finished", "stopped", "failed"]
AT_WORK = ("asked", "running")
RunKind = Literal["plan", "replan", "at risk"]
"""Plan all that may move, move what was announced only where that pays, or move only windows that cannot stay."""
SILENCE = timedelta(seconds=20)
"""How long a run may be silent, on another machine, before it counts as stopped."""
BEGINNING = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run as it stands: `status` is as it is now, even where its process had no chance to say so.

    Costs are whole weighted cents. `schedule` is the number of its best plan so far, for `propose`.
    """

    id: int
    version: int
    seq: int
    asked_by: str
    asked_at: datetime
    status: RunStatus
    parameters: Mapping[str, Any]
    pid: int | None
    host: str
    started_at: datetime | None
    heard_at: datetime | None
    ended_at: datetime | None
    phase: str
    seconds: float
    objective_cents: int | None
    bound_cents: int | None
    schedule: int | None
    message: str
    stop_asked: bool


def runs(connection: sa.Connection, *, now: datetime | None = None) -> list[Run]:
    """List all runs, the latest first."""
    rows = connection.execute(sa.select(RUNS).order_by(RUNS.c.id.desc())).mappings()
    return [_as_it_is(dict(row), now or datetime.now(UTC)) for row in rows]


def run(connection: sa.Connection, id: int, *, now: datetime | None = None) -> Run:
    """Give a run.

    Raises
    ------
    RefusedError
        If there is none of this number.
    """
    row = connection.execute(sa.select(RUNS).where(RUNS.c.id == id)).mappings().first()
    if row is None:
        raise RefusedError(f"there is no run {id}")
    return _as_it_is(dict(row), now or datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class RunPoint:
    """Where a run was after some seconds: its phase, its best cost and its bound in weighted cents, None if unknown."""

    seconds: float
    phase: str
    objective_cents: int | None
    bound_cents: int | None

    @property
    def gap(self) -> float | None:
        """(objective − bound) / objective."""
        if not self.objective_cents or self.bound_cents is None:
            return None
        return (self.objective_cents - self.bound_cents) / self.objective_cents


def course(connection: sa.Connection, id: int) -> list[RunPoint]:
    """Give the course of a run, the earliest point first; one taken up again goes on where it had ended."""
    table = RUN_POINTS
    columns = (table.c.seconds, table.c.phase, table.c.objective_cents, table.c.bound_cents)
    query = sa.select(*columns).where(table.c.run == id).order_by(table.c.number)
    return [RunPoint(*row) for row in connection.execute(query)]


def _as_it_is(row: Row, now: datetime) -> Run:
    if row["status"] in AT_WORK and not _alive(row, now):
        row |= {"status": "stopped", "message": row["message"] or "its process was ended from outside"}
    return Run(**row)


def _alive(row: Row, now: datetime) -> bool:
    if row["pid"] is None:
        return bool(now - row["asked_at"] < BEGINNING)
    if row["host"] != socket.gethostname():
        return bool(now - row["heard_at"] < SILENCE)
    try:
        os.kill(row["pid"], 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    # The number may have been given to another process meanwhile.
    return bool(now - row["heard_at"] < 3 * SILENCE)


def start_run(
    store: Store,
    *,
    by: str,
    time_limit: float = 30.0,
    workers: int = 1,
    seed: int = 0,
    deterministic: float | None = None,
    kind: RunKind = "plan",
    planned_at: datetime | None = None,
    key: str | None = None,
    now: datetime | None = None,
) -> int:
    """Plan everything that is open, in a process of its own, and give the number of the run.

    `planned_at` is the instant of planning where it is not the moment the run begins. Asked again with the same key, no
    second run begins.

    Raises
    ------
    RefusedError
        If another run is at work, or there is nothing to plan.
    """
    given = {"time_limit": time_limit, "workers": workers, "seed": seed, "deterministic": deterministic}
    number, again = ask_run(store, by=by, kind=kind, planned_at=planned_at, key=key, now=now, **given)
    if not again:
        spawn(store, number)
    return number


def ask_run(
    store: Store,
    *,
    by: str,
    time_limit: float | None = 30.0,
    workers: float | None = 1,
    seed: float | None = 0,
    deterministic: float | None = None,
    kind: RunKind = "plan",
    planned_at: datetime | None = None,
    key: str | None = None,
    now: datetime | None = None,
) -> tuple[int, bool]:
    """Write down that a run is wanted, for whoever begins its process; give its number, and whether it was before."""
    given: dict[str, Any] = {"time_limit": time_limit, "workers": workers, "seed": seed, "deterministic": deterministic}
    parameters = given | {"kind": kind, "now": None if planned_at is None else planned_at.astimezone(UTC).isoformat()}

    def decide(writing: Writing) -> None:
        writing.actor.must("plan")
        _must_be_alone(writing)
        portfolio_of(writing.connection, now=planned_at or writing.now)
        connection = writing.connection
        number = 1 + (connection.execute(sa.select(sa.func.max(RUNS.c.id))).scalar() or 0)
        for row in writing.shelf.find(CHANGES, CHANGES.c.state == "Draft", CHANGES.c.type != "standard"):
            writing.add("assess", row["change"])
        entry = writing.add("plan", run=number, **parameters)
        version = current_version(writing.connection)
        row = {"id": number, "version": version, "seq": entry.seq, "asked_by": by, "asked_at": writing.now}
        row |= {"status": "asked", "parameters": parameters, "pid": None, "host": "", "started_at": None}
        row |= {"heard_at": None, "ended_at": None, "phase": "", "seconds": 0.0, "objective_cents": None}
        row |= {"bound_cents": None, "schedule": None, "message": "", "stop_asked": False}
        connection.execute(RUNS.insert().values(row))

    done = write(store, decide, by=by, request={"do": "plan", **parameters}, key=key, now=now)
    return int(done.entries[-1].detail["run"]), done.again


def resume_run(
    store: Store,
    id: int,
    *,
    by: str,
    time_limit: float | None = None,
    key: str | None = None,
    now: datetime | None = None,
) -> int:
    """Take up a run that ended, from its best plan and with what was decided since."""

    def decide(writing: Writing) -> None:
        writing.actor.must("plan")
        before = run(writing.connection, id)
        if before.status in AT_WORK:
            raise RefusedError(f"run {id} is at work")
        _must_be_alone(writing)
        parameters = dict(before.parameters) | ({} if time_limit is None else {"time_limit": time_limit})
        entry = writing.add("plan", run=id, resumed=True, **parameters)
        version = current_version(writing.connection)
        given: Row = {"status": "asked", "parameters": parameters, "pid": None, "host": "", "asked_at": writing.now}
        given |= {"asked_by": by, "seq": entry.seq, "version": version, "ended_at": None, "message": ""}
        given |= {"stop_asked": False, "bound_cents": None}
        writing.connection.execute(RUNS.update().where(RUNS.c.id == id).values(given))

    request = {"do": "resume", "run": id, "time_limit": time_limit}
    if not write(store, decide, by=by, request=request, key=key, now=now).again:
        spawn(store, id)
    return id


def stop_run(store: Store, id: int, *, by: str, key: str | None = None, now: datetime | None = None) -> Done:
    """Ask a run to end with the best plan that it has."""

    def decide(writing: Writing) -> None:
        writing.actor.must("stop")
        before = run(writing.connection, id)
        if before.status not in AT_WORK:
            raise RefusedError(f"run {id} is not at work: {before.status}")
        writing.add("stop", run=id)
        writing.connection.execute(RUNS.update().where(RUNS.c.id == id).values(stop_asked=True))

    return write(store, decide, by=by, request={"do": "stop", "run": id}, key=key, now=now)


def _must_be_alone(writing: Writing) -> None:
    busy = [one.id for one in runs(writing.connection) if one.status in AT_WORK]
    if busy:
        raise RefusedError(f"run {busy[0]} is at work; wait for it, or stop it first")


def spawn(store: Store, id: int) -> None:
    """Begin the process of a run; it is told the store through its input, where no other user can read a password."""
    process = subprocess.Popen(
        [sys.executable, "-m", "scheduler.desk.runner", str(id)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    # A child that ended would seem to be there still until somebody asks how.
    threading.Thread(target=process.wait, daemon=True).start()
    if process.stdin is not None:
        process.stdin.write(store.url.render_as_string(hide_password=False).encode())
        process.stdin.close()
