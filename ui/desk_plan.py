"""The plan of the desk as the screens draw plans: windows as they stand, billed now, with what their run said."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from scheduler.desk.access import RefusedError
from scheduler.desk.plans import document_of, with_engineers
from scheduler.desk.position import Position, planned
from scheduler.desk.tables import LOG
from scheduler.inputs.cells import parse_time
from scheduler.portfolio import Portfolio
from scheduler.schedule import BaselineFigures, Fairness, Result, Schedule, Shift, Unplaced, total
from scheduler.verify import bill

from .review import Plan

Answer = Mapping[str, Any]


def latest_answer(connection: sa.Connection) -> Answer:
    """Give what the run wrote whose windows were proposed last, as schedule.json has it; empty where none were."""
    query = sa.select(LOG.c.detail).where(LOG.c.action == "propose").order_by(LOG.c.seq.desc())
    for (detail,) in connection.execute(query.limit(50)):
        if detail.get("schedule") is not None:
            try:
                return document_of(connection, detail["schedule"])
            except RefusedError:
                return {}  # the run found a better one since, which nobody has proposed yet
    return {}


def plan_at(
    id: str,
    portfolio: Portfolio,
    at: Position,
    shifts: Mapping[str, tuple[Shift, ...]],
    answer: Answer,
    before: Plan | None = None,
) -> Plan:
    """Give the plan at a position of the desk.

    `shifts` says whom its windows name, by change; `answer` is what the latest run wrote. Its bound is that of the run,
    and is known only while the plan is what the run found; habits are compared while the same changes have a window.
    Charts of the plan `before` of the same portfolio are kept where they would be drawn alike.
    """
    world = planned(portfolio, at, hashed=False)
    schedule = with_engineers(at.schedule(world), shifts)
    charges = tuple(bill(world, schedule))
    objective = total(charges)
    starts = {one.change: one.start for one in schedule.placements}
    found = {one["change"]: parse_time(one["start"]) for one in answer.get("placements", ())}
    untouched = bool(answer) and found == starts and objective == answer["objective_cents"]
    same_changes = bool(answer) and found.keys() == starts.keys()
    result = Result(
        portfolio=world,
        schedule=schedule,
        status=answer["status"] if untouched else "FEASIBLE",
        charges=charges,
        objective_cents=objective,
        bound_cents=answer["bound_cents"] if untouched else None,
        seconds=answer.get("seconds", 0.0),
        seed=answer.get("seed", 0),
        versions=answer.get("versions", {}),
        unplaced=tuple(_unplaced(world, at, starts, answer)),
        baselines=_baselines(answer) if same_changes else {},
        fairness_price_cents=answer["fairness_price_cents"] if untouched else 0,
        fairness=Fairness(**answer["fairness"]) if untouched and answer.get("fairness") else None,
    )
    kept = before.kept if before is not None and _drawn_alike(before.result, result) else {}
    return Plan(id=id, result=result, answer=answer, kept=kept)


def _drawn_alike(before: Result, after: Result) -> bool:
    """Tell whether two results differ in what was decided on their windows alone, which charts depend on by name."""
    return _undecided(replace(before, portfolio=after.portfolio)) == _undecided(after)


def _undecided(result: Result) -> Result:
    placements = tuple(replace(one, announced_at=None) for one in result.schedule.placements)
    return replace(result, schedule=Schedule(placements))


def _baselines(answer: Answer) -> Mapping[str, BaselineFigures]:
    return {name: BaselineFigures(**one) for name, one in answer["baselines"].items()}


def _unplaced(world: Portfolio, at: Position, starts: Mapping[str, datetime], answer: Answer) -> list[Unplaced]:
    said = {one["change"]: one["reason"] for one in answer.get("unplaced", ())}
    states = {
        "Rejected": "its window was rejected, and no plan has given it another yet",
        "Draft": "nobody has planned it yet",
    }
    return [
        Unplaced(
            change=id,
            reason=said.get(id) or states.get(at.changes[id]["state"], "it waits for a window"),
            drop_cents=None if change.mandatory else change.drop_cost_cents,
        )
        for id, change in world.changes.items()
        if id not in starts and id in at.changes
    ]
