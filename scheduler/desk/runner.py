"""The process of one run: plans what the store has, and writes there how it stands and every better plan.

Started as `python -m scheduler.desk.runner NUMBER`, with the store's URL on its input.
"""

import os
import signal
import socket
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from scheduler.baselines import baselines
from scheduler.costs import COSTS, downtime
from scheduler.desk.access import RefusedError
from scheduler.desk.library import portfolio_of
from scheduler.desk.plans import document_of, named_for, packed, with_engineers
from scheduler.desk.position import planned, position
from scheduler.desk.replan import replan
from scheduler.desk.risk import replan_at_risk
from scheduler.desk.store import Store, StoreError
from scheduler.desk.tables import DESK, RUN_POINTS, RUNS, SCHEDULES
from scheduler.inputs.cells import parse_time
from scheduler.inputs.documents import schedule_document
from scheduler.portfolio import Portfolio
from scheduler.schedule import Result, Schedule, place, total
from scheduler.solver.incumbent import Progress
from scheduler.solver.solve import solve, versions
from scheduler.verify import bill

BEAT_SECONDS = 1.0
POINT_SECONDS = 5.0
"""How long the course of a run goes without a new point where nothing changes."""
LONGEST_MESSAGE = 2000


class Runner:
    """One run, and the thread that tells the store that it is alive."""

    def __init__(self, store: Store, id: int) -> None:
        self.store, self.id = store, id
        self.stop, self.over = threading.Event(), threading.Event()
        self.progress = Progress(0.0, "reading", None, None)
        self.message = ""
        self.best: tuple[int, int] | None = None
        self.portfolio: Portfolio | None = None
        self.points, self.before = 0, 0.0
        self.told: tuple[float, str, int | None, int | None] | None = None

    def go(self) -> None:
        """Plan, and leave the run finished, stopped or failed."""
        beat = threading.Thread(target=self._beat, daemon=True)
        try:
            portfolio, first, parameters = self._begin()
            beat.start()
            status, message = self._plan(portfolio, first, parameters)
        except (RefusedError, StoreError) as error:
            status, message = "failed", str(error)
        except Exception as error:
            status, message = "failed", f"{type(error).__name__}: {error}"
        self.over.set()
        if beat.is_alive():
            beat.join()
        self._tell(status=status, message=message[:LONGEST_MESSAGE], ended_at=datetime.now(UTC), **self._figures())

    def _begin(self) -> tuple[Portfolio, Schedule | None, dict[str, Any]]:
        """Take the run, and give what is to be planned now, the plan to begin from, and how."""
        now = datetime.now(UTC)
        with self.store.writing() as connection:
            row = connection.execute(sa.select(RUNS).where(RUNS.c.id == self.id)).mappings().one()
            if row["status"] != "asked":
                raise SystemExit(f"run {self.id} is {row['status']}")
            seq = connection.execute(sa.select(DESK.c.last)).scalar_one()
            given = {"status": "running", "pid": os.getpid(), "host": socket.gethostname(), "seq": seq}
            given |= {"started_at": row["started_at"] or now, "heard_at": now, "phase": "reading"}
            connection.execute(RUNS.update().where(RUNS.c.id == self.id).values(given))
            mine = sa.select(sa.func.count(), sa.func.max(RUN_POINTS.c.seconds)).where(RUN_POINTS.c.run == self.id)
            self.points, last = connection.execute(mine).one()
            # Where it is taken up again, its course goes on where it ended.
            self.before = last or 0.0
        parameters = dict(row["parameters"])
        planned_at = datetime.fromisoformat(parameters["now"]) if parameters["now"] else now
        with self.store.reading() as connection:
            at = position(connection)
            portfolio = planned(portfolio_of(connection, row["version"], now=planned_at), at)
            first = at.schedule(portfolio)
            first = with_engineers(first, named_for(connection, {one.change: one.start for one in first.placements}))
            if row["schedule"] is not None:
                first = _read(document_of(connection, row["schedule"]), portfolio)
        self.portfolio = portfolio
        return portfolio, first if first.placements else None, parameters

    def _plan(self, portfolio: Portfolio, first: Schedule | None, parameters: dict[str, Any]) -> tuple[str, str]:
        result = self._result(portfolio, first, parameters)
        if result.objective_cents is None:
            reasons = [one.text for one in result.clash] or [one.reason for one in result.unplaced]
            return ("stopped" if result.status == "STOPPED" else "finished"), "; ".join(reasons)
        self._progressed(replace(self.progress, phase="pricing the habits"))
        habits = baselines(result.portfolio, result.schedule, seed=parameters["seed"])
        self._keep(replace(result, baselines=habits))
        self.progress = Progress(result.seconds, result.status.lower(), result.objective_cents, result.bound_cents)
        return "stopped" if self.stop.is_set() else "finished", ""

    def _result(self, portfolio: Portfolio, first: Schedule | None, parameters: dict[str, Any]) -> Result:
        seconds, kind = parameters["time_limit"], parameters.get("kind", "plan")
        if kind == "replan" and first is not None:
            return replan(portfolio, first, seconds=seconds, stop=self.stop, progress=self._progressed).result
        if kind == "at risk" and first is not None:
            return replan_at_risk(portfolio, first, seconds=seconds)[1].result
        return solve(
            portfolio,
            time_limit=seconds,
            deterministic=parameters["deterministic"],
            workers=parameters["workers"],
            seed=parameters["seed"],
            previous=first,
            progress=self._progressed,
            found=self._found,
            stop=self.stop,
        )

    def _progressed(self, progress: Progress) -> None:
        self.progress = progress

    def _found(self, schedule: Schedule, objective: int) -> None:
        portfolio = self.portfolio
        if portfolio is not None:
            charges = tuple(bill(portfolio, schedule))
            bound = self.progress.bound_cents
            result = Result(
                portfolio=portfolio,
                schedule=schedule,
                status="FEASIBLE",
                charges=charges,
                objective_cents=total(charges),
                bound_cents=min(bound, objective) if bound is not None else None,
                seconds=self.progress.seconds,
                versions=versions(),
            )
            # Where the store is busy for too long, the next plan or the last one is kept instead.
            with suppress(StoreError):
                self._keep(result)

    def _keep(self, result: Result) -> None:
        """Write a plan to the store, in place of the one before of this run; both are there, or the new one is not."""
        document = packed(schedule_document(result, [*(cost.name for cost in COSTS), downtime.OVERRUN]))
        row = {"run": self.id, "at": datetime.now(UTC), "status": result.status, "document": document}
        row |= {"objective_cents": result.objective_cents, "bound_cents": result.bound_cents}
        row |= {"cost_cents": result.cost_cents}
        with self.store.writing() as connection:
            mine = connection.execute(sa.select(RUNS.c.version, RUNS.c.schedule).where(RUNS.c.id == self.id)).one()
            number = 1 + (connection.execute(sa.select(sa.func.max(SCHEDULES.c.id))).scalar() or 0)
            connection.execute(SCHEDULES.insert().values(row | {"id": number, "version": mine.version}))
            given = {"schedule": number, "objective_cents": result.objective_cents}
            connection.execute(RUNS.update().where(RUNS.c.id == self.id).values(given))
            if self.best is not None:
                connection.execute(SCHEDULES.delete().where(SCHEDULES.c.id == self.best[0]))
        self.best = number, result.objective_cents or 0

    # --- how it stands -----------------------------------------------------------------------------------------------

    def _beat(self) -> None:
        while not self.over.wait(BEAT_SECONDS):
            try:
                self._tell(**self._figures())
                with self.store.reading() as connection:
                    asked = connection.execute(sa.select(RUNS.c.stop_asked).where(RUNS.c.id == self.id)).scalar()
            except StoreError:
                continue  # said by whoever writes a plan next; the search goes on meanwhile
            if asked:
                self.stop.set()

    def _figures(self) -> dict[str, Any]:
        progress = self.progress
        found = {"phase": progress.phase, "seconds": progress.seconds, "heard_at": datetime.now(UTC)}
        # A run that was taken up again is no worse than it was.
        return found | ({} if progress.bound_cents is None else {"bound_cents": progress.bound_cents})

    def _tell(self, **given: Any) -> None:
        with self.store.writing() as connection:
            connection.execute(RUNS.update().where(RUNS.c.id == self.id).values(given))
            self._add_point(connection, over="ended_at" in given)

    def _add_point(self, connection: sa.Connection, *, over: bool) -> None:
        """Note where the run is, if that is news."""
        progress, best = self.progress, self.best[1] if self.best else None
        known = [cents for cents in (progress.objective_cents, best) if cents is not None]
        seconds, figures = self.before + progress.seconds, (min(known, default=None), progress.bound_cents)
        if self.told is not None and not over:
            was, phase, *before = self.told
            if (phase, *before) == (progress.phase, *figures) and seconds < was + POINT_SECONDS:
                return
        self.told = (seconds, progress.phase, *figures)
        row = {"run": self.id, "number": self.points, "seconds": seconds, "phase": progress.phase}
        row |= {"objective_cents": figures[0], "bound_cents": figures[1]}
        connection.execute(RUN_POINTS.insert().values(row))
        self.points += 1


def _read(document: dict[str, Any], portfolio: Portfolio) -> Schedule:
    placements = [
        place(portfolio, one["change"], parse_time(one["start"]))
        for one in document["placements"]
        if one["change"] in portfolio.changes
    ]
    return Schedule(tuple(placements))


def main() -> None:
    """Do one run."""
    with Store(sys.stdin.read().strip()) as store:
        runner = Runner(store, int(sys.argv[1]))
        signal.signal(signal.SIGTERM, lambda number, frame: runner.stop.set())
        runner.go()


if __name__ == "__main__":
    main()
