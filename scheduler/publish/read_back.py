"""Reads back what `plan --out` wrote: the answer as it was given, for whoever shows it again."""

import csv
import hashlib
import io
import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from scheduler.horizon import Window
from scheduler.inputs import InputError, read_schedule
from scheduler.inputs.cells import parse_time
from scheduler.inputs.tables import unguarded
from scheduler.portfolio import Portfolio
from scheduler.schedule import BaselineFigures, Charge, Clash, Fairness, Relaxation, Result, Unplaced, total

SCHEDULE, CHARGES = "schedule.json", "charges.csv"
STATUSES = ("OPTIMAL", "FEASIBLE", "INFEASIBLE", "STOPPED")
KEYS = {"status", "objective_cents", "now", "placements", "unplaced", "baselines", "clash", "folder", "folder_hash"}
_PATIENCE_SECONDS = 2.0


@dataclass(frozen=True, eq=False)
class PlanDocument:
    """What schedule.json says, and the hash of its bytes, which tells this plan from any other."""

    id: str
    content: Mapping[str, Any]

    @property
    def has_schedule(self) -> bool:
        """Tell whether the run ended with a schedule."""
        return self.content["objective_cents"] is not None


def plan_id(folder: str | Path) -> str:
    """Give the hash that tells the plan in a folder from any other; empty where there is none.

    Raises
    ------
    OSError
        If it is there and cannot be read.
    """
    try:
        return hashlib.sha256((Path(folder) / SCHEDULE).read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""


def read_document(folder: str | Path) -> PlanDocument:
    """Read schedule.json and check that it has what a plan needs.

    Raises
    ------
    InputError
        If it cannot be read, or is no plan.
    """
    path = Path(folder) / SCHEDULE
    try:
        data = path.read_bytes()
        content = json.loads(data)
    except OSError as error:
        raise InputError([f"{path}: cannot be read ({error.strerror})"]) from error
    except (ValueError, RecursionError) as error:
        raise InputError([f"{path}: is not JSON ({error}); plan again"]) from error
    wanted = {
        "status",
        "objective_cents",
        "cost_cents",
        "now",
        "placements",
        "unplaced",
        "baselines",
        "clash",
        "folder",
    }
    if not isinstance(content, dict) or wanted - content.keys() or content["status"] not in STATUSES:
        raise InputError([f"{path}: is not what plan --out writes; plan again"])
    return PlanDocument(hashlib.sha256(data).hexdigest(), content)


def read_result(folder: str | Path, document: PlanDocument, portfolio: Portfolio) -> Result:
    """Give the answer that the files of a plan hold, with the charges as they were written.

    Raises
    ------
    InputError
        If a file is missing or broken, or if the files are of different plans.
    """
    content = document.content
    try:
        result = Result(
            portfolio=portfolio,
            schedule=read_schedule(Path(folder) / SCHEDULE, portfolio),
            status=content["status"],
            objective_cents=content["objective_cents"],
            bound_cents=content["bound_cents"],
            seconds=content["seconds"],
            seed=content["seed"],
            versions=content["versions"],
            unplaced=tuple(Unplaced(**one) for one in content["unplaced"]),
            baselines={name: BaselineFigures(**one) for name, one in content["baselines"].items()},
            clash=_clash(content["clash"]),
            clash_is_minimal=content.get("clash_is_minimal", False),
            more_clashes=tuple(_clash(one) for one in content.get("more_clashes", ())),
            relaxations=tuple(
                Relaxation(**(one | {"lifted": _clash(one["lifted"])})) for one in content.get("relaxations", ())
            ),
            fairness_price_cents=content["fairness_price_cents"],
            fairness=Fairness(**content["fairness"]) if content.get("fairness") else None,
            charges=_matching_charges(Path(folder), content),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError([f"{Path(folder) / SCHEDULE}: is not what plan --out writes ({error}); plan again"]) from error
    if plan_id(folder) != document.id:
        raise InputError([f"{folder}: the plan was replaced while it was read; read it again"])
    return result


def _clash(rows: Iterable[Mapping[str, Any]]) -> tuple[Clash, ...]:
    return tuple(Clash(rule=one["rule"], changes=tuple(one["changes"]), text=one["text"]) for one in rows)


def _matching_charges(folder: Path, content: Mapping[str, Any]) -> tuple[Charge, ...]:
    if content["objective_cents"] is None:
        return ()
    # A plan that is just being written has the charges of the new one beside the schedule of the old one for a moment.
    end = time.monotonic() + _PATIENCE_SECONDS
    while total(charges := tuple(_charges(folder / CHARGES))) != content["objective_cents"]:
        if time.monotonic() > end:
            raise InputError([f"{folder / CHARGES}: does not add up to schedule.json; plan again"])
        time.sleep(0.1)
    return charges


def _charges(path: Path) -> Iterator[Charge]:
    try:
        text = path.read_bytes().decode("utf-8")
        for row in csv.DictReader(io.StringIO(text, newline=""), strict=True):
            yield Charge(
                cost=row["cost"],
                team=unguarded(row["team"]),
                service=unguarded(row["service"]),
                change=unguarded(row["change"]),
                start=parse_time(row["start"]),
                end=parse_time(row["end"]),
                share=Fraction(Decimal(row["share"])).limit_denominator(10**6),
                cents=int(row["cents"]),
                weighted_cents=int(row["weighted_cents"]),
            )
    except OSError as error:
        raise InputError([f"{path}: cannot be read ({error.strerror}); plan again"]) from error
    except (KeyError, TypeError, ValueError, ArithmeticError, csv.Error) as error:
        raise InputError([f"{path}: is not what plan --out writes ({error}); plan again"]) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What became of one change between two plans: windows are None where it had, or has, none."""

    change: str
    before: Window | None
    after: Window | None


def moves(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Moved]:
    """List the changes whose reserved window differs between the contents of two schedule.json, by id."""
    old, new = _windows(before), _windows(after)
    return [
        Moved(change=change, before=old.get(change), after=new.get(change))
        for change in sorted(old.keys() | new.keys())
        if old.get(change) != new.get(change)
    ]


def _windows(content: Mapping[str, Any]) -> dict[str, Window]:
    def instant(text: str) -> datetime:
        return parse_time(text)

    return {
        one["change"]: Window(instant(one["start"]), instant(one["reserved_until"])) for one in content["placements"]
    }
