"""A canonical problem as one JSON document, so that anybody's scheduling problem can be planned and compared.

`document_schema.SCHEMA` says what a document holds; `scheduler solve-problem --schema` prints it. Rows, which have a
number for every slot, may be one whole number (the same in every slot), a list, or `{"runs": [[number, slots], ...]}`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import numpy.typing as npt

from scheduler.inputs.errors import InputError, several, shown
from scheduler.solver.document_schema import MOST_NUMBER, ROW, SCHEMA
from scheduler.solver.problem import Cents, Problem
from scheduler.solver.state import UNPLACED

MOST_CHANGES, MOST_STARTS = 100_000, 60_000_000
MOST_PROBLEMS = 20
MOST_MEGABYTES = 2_000


def read_problem(path: str | Path) -> Problem:
    """Read a canonical problem from a JSON document.

    Raises
    ------
    InputError
        With every reason that the document cannot be planned, each with its place in the document.
    """
    file = Path(path)
    try:
        if file.stat().st_size > MOST_MEGABYTES * 1_000_000:
            raise InputError([f"{file.name}: is larger than {MOST_MEGABYTES} MB"])
        # Fractions stay text, which the schema refuses where whole numbers belong.
        content = json.loads(file.read_text(encoding="utf-8"), parse_float=str, parse_constant=str)
    except OSError as error:
        raise InputError([f"{file.name}: cannot be read ({error.strerror})"]) from error
    except (ValueError, RecursionError) as error:
        raise InputError([f"{file.name}: is not a JSON document ({str(error)[:200]})"]) from error
    return problem_of(content, file.name)


def problem_of(content: Any, name: str = "problem") -> Problem:
    """Build a canonical problem from the content of a document; `name` is what messages call it.

    Raises
    ------
    InputError
        With every reason that it cannot be planned.
    """
    found = jsonschema.Draft202012Validator(dict(SCHEMA)).iter_errors(content)
    wrong = [f"{name}, {error.json_path}: {_words(error)}" for error in islice(found, MOST_PROBLEMS)]
    if wrong:
        raise InputError(wrong)
    return _Reader(content, name).problem()


def _words(error: jsonschema.ValidationError) -> str:
    if error.validator == "additionalProperties":
        unknown = [key for key in error.instance if key not in error.schema["properties"]]
        return f"{several(unknown)} is not known; it may hold {', '.join(error.schema['properties'])}"
    if error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        return f"{several(missing)} is missing"
    if error.validator == "anyOf":
        return f"{shown(error.instance)} is not {ROW['description']}"
    return error.message if len(error.message) <= 200 else f"{error.message[:199]}…"


class _Reader:
    """Builds the problem, and notes everything that the schema does not say."""

    def __init__(self, content: Mapping[str, Any], name: str) -> None:
        self.content, self.name = content, name
        self.slots: int = content["slots"]
        self.wrong: list[str] = []

    def problem(self) -> Problem:
        content = self.content
        changes = [one["id"] for one in content["changes"]]
        twice = sorted({one for one in changes if changes.count(one) > 1}) if len(set(changes)) < len(changes) else []
        if twice:
            self.refuse("$.changes", f"{several(twice)} is there more than once")
        if len(changes) > MOST_CHANGES or len(changes) * self.slots > MOST_STARTS:
            self.refuse("$.changes", f"changes × slots is more than {MOST_STARTS:,}, which cannot be kept in memory")
        self.stop()
        result = Problem(self.slots, changes)
        self.known = set(changes)
        for number, one in enumerate(content["changes"]):
            self.change(result, one, f"$.changes[{number}]")
        for number, one in enumerate(content.get("cells", [])):
            where = f"$.cells[{number}]"
            members = self.named(one["members"], f"{where}.members")
            result.cell(self.row(one["weight"], f"{where}.weight"), members)
        for number, one in enumerate(content.get("resources", [])):
            where = f"$.resources[{number}]"
            capacity = self.row(one["capacity"], f"{where}.capacity")
            uses = self.named(one["uses"], f"{where}.uses")
            result.resource(one.get("rule", "capacity"), one.get("label", ""), capacity, uses)
        for number, one in enumerate(content.get("lags", [])):
            where = f"$.lags[{number}]"
            if self.both(one, where) and one.get("hi", one["lo"]) >= one["lo"]:
                result.lag(one.get("rule", "precedence"), one["before"], one["after"], one["lo"], one.get("hi"))
            elif one.get("hi", one["lo"]) < one["lo"]:
                self.refuse(where, f"hi ({one['hi']}) is less than lo ({one['lo']})")
        for number, one in enumerate(content.get("budgets", [])):
            self.budget(result, one, f"$.budgets[{number}]")
        for number, one in enumerate(content.get("caps", [])):
            where = f"$.caps[{number}].amounts"
            self.named([[change] for change in one["amounts"]], where)
            amounts = {change: self.row(row, f"{where}[{shown(change)}]") for change, row in one["amounts"].items()}
            self.stop()
            result.cap(one.get("rule", "cap"), one.get("label", ""), one["limit"], amounts)
        self.stop()
        return result

    def change(self, result: Problem, one: Mapping[str, Any], where: str) -> None:
        if "starts" in one:
            allowed = np.zeros(self.slots, dtype=np.bool_)
            for first, end in one["starts"]:
                if not 0 <= first <= end <= self.slots:
                    self.refuse(f"{where}.starts", f"[{first}, {end}] is not a range inside 0 to {self.slots}")
                allowed[max(0, first) : max(0, end)] = True
            result.mask("starts", one["id"], allowed)
        if "cost" in one:
            result.price_start(one["id"], self.row(one["cost"], f"{where}.cost"))
        if "drop_price" in one:
            result.price_drop(one["id"], one["drop_price"])
        if "tie_rank" in one:
            result.tie_rank[result.index[one["id"]]] = self.row(one["tie_rank"], f"{where}.tie_rank")

    def budget(self, result: Problem, one: Mapping[str, Any], where: str) -> None:
        period = self.row(one["period"], f"{where}.period", least=-1)
        limit = np.array(one["limit"], dtype=np.int64)
        if int(period.max()) >= len(limit):
            self.refuse(f"{where}.period", f"names period {int(period.max())}, but limit has {len(limit)} numbers")
        far = [number for number in one["cells"] if number >= len(result.cells)]
        if far:
            self.refuse(
                f"{where}.cells", f"{several(far)} is not the number of one of {len(result.cells)} cells, from 0"
            )
        self.stop()
        result.budget(one.get("rule", "budget"), one.get("label", ""), one["cells"], period, limit)

    def both(self, one: Mapping[str, Any], where: str) -> bool:
        if one["before"] == one["after"]:
            self.refuse(where, f"{shown(one['before'])} cannot come before itself")
        before = len(self.wrong)
        self.named([[one["before"]], [one["after"]]], where)
        return len(self.wrong) == before

    def named(self, rows: Sequence[Sequence[Any]], where: str) -> Iterator[Any]:
        unknown = sorted({row[0] for row in rows} - self.known)
        if unknown:
            self.refuse(where, f"{several(unknown)} is not the id of a change")
        self.stop_at_most()
        return (tuple(row) for row in rows if row[0] in self.known)

    def row(self, value: Any, where: str, least: int = 0) -> Cents:
        """Read a number for every slot."""
        empty = np.zeros(self.slots, dtype=np.int64)
        if isinstance(value, int):
            numbers = np.full(self.slots, value, dtype=object)
        elif isinstance(value, dict):
            runs = value["runs"]
            if not all(isinstance(run, list) and len(run) == 2 and all(map(_is_whole, run)) for run in runs):
                self.refuse(where, "runs hold pairs of whole numbers: [number, slots]")
                return empty
            if any(run[1] < 0 for run in runs) or sum(run[1] for run in runs) != self.slots:
                self.refuse(where, f"the runs cover {sum(run[1] for run in runs)} slots, not {self.slots}")
                return empty
            numbers = np.repeat(np.array([run[0] for run in runs], dtype=object), [run[1] for run in runs])
        else:
            if len(value) != self.slots or not all(map(_is_whole, value)):
                self.refuse(where, f"needs {self.slots} whole numbers, one for every slot; it has {len(value)} values")
                return empty
            numbers = np.array(value, dtype=object)
        lowest, highest = min(numbers), max(numbers)
        if lowest < least or highest > MOST_NUMBER:
            self.refuse(where, f"{lowest if lowest < least else highest} is not from {least} to {MOST_NUMBER:,}")
            return empty
        return numbers.astype(np.int64)

    def refuse(self, where: str, text: str) -> None:
        self.wrong.append(f"{self.name}, {where}: {text}")
        self.stop_at_most()

    def stop_at_most(self) -> None:
        if len(self.wrong) >= MOST_PROBLEMS:
            self.stop()

    def stop(self) -> None:
        if self.wrong:
            raise InputError(self.wrong)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


# --- the way back ----------------------------------------------------------------------------------------------------


def document_of(problem: Problem) -> dict[str, Any]:
    """Give a canonical problem as a document; the masks of all rules become one."""
    names, slots = problem.changes, problem.slots
    changes = []
    for number, name in enumerate(names):
        one: dict[str, Any] = {"id": name}
        allowed = problem.allowed(number)
        if not allowed.all():
            one["starts"] = _ranges(allowed)
        if number in problem.start_cost and problem.start_cost[number].any():
            one["cost"] = _row(problem.start_cost[number])
        price = problem.drop_price[number]
        if price is not None:
            one["drop_price"] = price
        if (problem.tie_rank[number] != np.arange(slots)).any():
            one["tie_rank"] = _row(problem.tie_rank[number])
        changes.append(one)
    return {
        "slots": slots,
        "changes": changes,
        "resources": [
            {"rule": one.rule, "label": one.label, "capacity": _row(one.capacity),
             "uses": [[names[use.change], use.amount, use.offset, use.length] for use in one.uses]}
            for one in problem.resources
        ],
        "lags": [
            {"rule": one.rule, "before": names[one.before], "after": names[one.after], "lo": one.lo}
            | ({} if one.hi is None else {"hi": one.hi})
            for one in problem.lags
        ],
        "cells": [
            {"weight": _row(one.weight), "members": [[names[m.change], m.offset, m.length] for m in one.members]}
            for one in problem.cells
        ],
        "budgets": [
            {"rule": one.rule, "label": one.label, "cells": list(one.cells), "period": _row(one.period),
             "limit": one.limit.tolist()}
            for one in problem.budgets
        ],
        "caps": [
            {"rule": one.rule, "label": one.label, "limit": one.limit,
             "amounts": {names[change]: _row(row) for change, row in one.amounts.items()}}
            for one in problem.caps
        ],
    }  # fmt: skip


def answer_of(
    problem: Problem, status: str, starts: Sequence[int], objective: int | None, bound: int | None, seconds: float
) -> dict[str, Any]:
    """Give what was found as a document: status, objective, bound, gap, seconds, and the start of every change."""
    gap = None
    if objective is not None and bound is not None:
        gap = (objective - bound) / objective if objective else 0.0
    taken = dict(zip(problem.changes, starts, strict=False))
    return {
        "status": status,
        "objective": objective,
        "bound": bound,
        "gap": gap,
        "seconds": seconds,
        "starts": {name: None if slot == UNPLACED else int(slot) for name, slot in taken.items()},
    }


def _ranges(allowed: npt.NDArray[np.bool_]) -> list[list[int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], allowed.astype(np.int8), [0]])))
    return [[int(first), int(end)] for first, end in zip(edges[::2], edges[1::2], strict=True)]


def _row(row: npt.NDArray[np.int64]) -> Any:
    runs = [[int(value), len(list(same))] for value, same in groupby(row.tolist())]
    if len(runs) == 1:
        return runs[0][0]
    return {"runs": runs} if 2 * len(runs) < len(row) else row.tolist()
