"""Canonical problems as documents: there and back again, refused with reasons, and other people's problems."""

import json
from collections import Counter
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import Drawn, Seeded
from tiny_problems import random_problem
from typer.testing import CliRunner

from scheduler.cli import app
from scheduler.inputs import InputError
from scheduler.solver.compiled import compile_problem
from scheduler.solver.document import document_of, problem_of, read_problem
from scheduler.solver.effort import Effort
from scheduler.solver.optimise import optimise

Document = dict[str, Any]


def tiny(**more: Any) -> Document:
    """Two changes on four slots; A costs 9, 1, 5, 9 by start, B may start in slots 0 to 2 and excludes A."""
    content: Document = {
        "slots": 4,
        "changes": [{"id": "A", "cost": [9, 1, 5, 9]}, {"id": "B", "starts": [[0, 2]], "drop_price": 30}],
        "resources": [{"rule": "conflict", "capacity": 1, "uses": [["A", 1, 0, 2], ["B", 1, 0, 2]]}],
    }
    return content | more


@given(st.data())
def test_there_and_back_again(data: st.DataObject) -> None:
    problem = random_problem(Drawn(data.draw))
    again = problem_of(json.loads(json.dumps(document_of(problem))))
    assert list(again.changes) == list(problem.changes)
    assert np.array_equal(again.tie_rank, problem.tie_rank)
    slots = st.integers(0, problem.slots - 1)
    for _ in range(5):
        starts = {n: data.draw(slots) for n in range(len(problem.changes)) if data.draw(st.integers(0, 3))}
        assert again.cost(starts) == problem.cost(starts)
        # The masks of all rules are one in a document.
        masked = {rule for masks in problem.masks for rule in masks}
        wanted = {"starts" if rule in masked else rule for rule in problem.broken(starts)}
        assert set(again.broken(starts)) == wanted


def test_every_primitive_comes_back_as_it_was() -> None:
    seen: Counter[str] = Counter()
    for seed in range(300):
        problem = random_problem(Seeded(seed), stacked=30)
        again = problem_of(json.loads(json.dumps(document_of(problem))))
        for name in ("cells", "resources", "budgets", "caps"):
            assert same(getattr(again, name), getattr(problem, name)), f"seed {seed}, {name}"
            seen[name] += bool(getattr(problem, name))
        assert again.lags == problem.lags
        assert again.drop_price == problem.drop_price
        assert {n: row.tolist() for n, row in again.start_cost.items()} == {
            n: row.tolist() for n, row in problem.start_cost.items() if row.any()
        }
        for change in range(len(problem.changes)):
            assert again.allowed(change).tolist() == problem.allowed(change).tolist()
        seen["lags"] += bool(problem.lags)
        # A second trip changes nothing at all.
        assert document_of(again) == document_of(problem_of(document_of(again)))
    assert min(seen.values()) > 50, seen


def same(one: Any, other: Any) -> bool:
    """Tell whether two primitives, or lists of them, hold the same, rows compared by their numbers."""
    if isinstance(one, np.ndarray):
        return one.tolist() == other.tolist()
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if is_dataclass(one):
        return all(same(getattr(one, field.name), getattr(other, field.name)) for field in fields(one))
    return bool(one == other)


@pytest.mark.parametrize(
    ("more", "cheapest"),
    [
        # A budget that limits no slot, one of a cell without members, one that counts a cell twice: A and B share one
        # slot of the cell, which counts 2 of 3.
        ({"cells": [{"weight": 0, "members": [["A", 0, 2]]}],
          "budgets": [{"cells": [0], "period": -1, "limit": []}]}, 0),
        ({"cells": [{"weight": 3, "members": []}], "budgets": [{"cells": [0, 0], "period": 0, "limit": [0]}]}, 0),
        ({"cells": [{"weight": 3, "members": [["A", 0, 1], ["B", 0, 1]]}],
          "budgets": [{"cells": [0, 0], "period": 0, "limit": [3]}]}, 3),
        # Starts that count for nothing are left under a cap of 0; weights may be large; what is past the end is free.
        ({"caps": [{"limit": 0, "amounts": {"A": [1, 1, 0, 1], "B": [1, 0, 1, 1]}}]}, 0),
        ({"cells": [{"weight": [10**12, 10**12, 10**12 - 1, 10**12],
                     "members": [["A", 0, 1], ["B", 0, 1]]}]}, 10**12 - 1),
        ({"resources": [{"capacity": 1, "uses": [["A", 2, 3, 5]]}]}, 0),
        # B nine slots after A does not fit on four.
        ({"lags": [{"before": "A", "after": "B", "lo": 9}]}, None),
        ({"lags": [{"before": "A", "after": "B", "lo": -90, "hi": 90}]}, 0),
        ({"lags": [{"before": "A", "after": "B", "lo": 1}, {"before": "B", "after": "A", "lo": 1}]}, None),
    ],
)  # fmt: skip
def test_edges_are_planned(more: Document, cheapest: int | None) -> None:
    problem = problem_of({"slots": 4, "changes": [{"id": "A"}, {"id": "B"}]} | more)
    answer = optimise(compile_problem(problem), Effort(60.0, units=0.1))
    assert (answer.status, answer.objective) == ("INFEASIBLE" if cheapest is None else "OPTIMAL", cheapest)


def test_rows_may_be_a_number_a_list_or_runs() -> None:
    content = {
        "slots": 5,
        "changes": [{"id": "A", "cost": 7}, {"id": "B", "cost": {"runs": [[3, 2], [0, 3]]}}, {"id": "C"}],
        "cells": [{"weight": [1, 2, 3, 4, 5], "members": [["A", 0, 2], ["C", 1, 1]]}],
    }
    problem = problem_of(content)
    assert {number: row.tolist() for number, row in problem.start_cost.items()} == {0: [7] * 5, 1: [3, 3, 0, 0, 0]}
    # A in slots 0 and 1 costs 7 + 1 + 2, B 3, C in slot 3 costs 4.
    assert problem.cost({0: 0, 1: 1, 2: 2}) == 17


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"slots": 0}, "$.slots: 0 is less than the minimum of 1"),
        ({"slots": 2.5}, "$.slots: '2.5' is not of type 'integer'"),
        ({"slot": 4}, "$: 'slot' is not known; it may hold slots, changes"),
        ({"changes": [{"cost": 3}]}, "$.changes[0]: 'id' is missing"),
        ({"changes": [{"id": "A"}, {"id": "A"}]}, "$.changes: 'A' is there more than once"),
        ({"changes": [{"id": "A", "starts": [[3, 9]]}]}, "$.changes[0].starts: [3, 9] is not a range inside 0 to 4"),
        ({"changes": [{"id": "A", "cost": [1, 2]}]}, "$.changes[0].cost: needs 4 whole numbers, one for every slot"),
        ({"changes": [{"id": "A", "cost": [1, 2, 3, -4]}]}, "$.changes[0].cost: -4 is not from 0 to"),
        ({"changes": [{"id": "A", "cost": [1, 2, 3, True]}]}, "$.changes[0].cost: needs 4 whole numbers"),
        ({"changes": [{"id": "A", "cost": 10**15}]}, "is not from 0 to 1,000,000,000,000"),
        ({"changes": [{"id": "A", "cost": {"runs": [[1, 3]]}}]}, "$.changes[0].cost: the runs cover 3 slots, not 4"),
        ({"changes": [{"id": "A", "cost": "dear"}]}, "'dear' is not a number for every slot"),
        ({"cells": [{"weight": 1, "members": [["Z", 0, 1]]}]}, "$.cells[0].members: 'Z' is not the id of a change"),
        ({"cells": [{"weight": 1, "members": [["A", -1, 2]]}]}, "$.cells[0].members[0][1]: -1 is less than the"),
        ({"lags": [{"before": "A", "after": "B", "lo": 2, "hi": 1}]}, "$.lags[0]: hi (1) is less than lo (2)"),
        ({"lags": [{"before": "A", "after": "A", "lo": 2}]}, "$.lags[0]: 'A' cannot come before itself"),
        ({"budgets": [{"cells": [0], "period": 0, "limit": [1]}]}, "$.budgets[0].cells: 0 is not the number of one of"),
        ({"budgets": [{"cells": [], "period": 1, "limit": [1]}]}, "$.budgets[0].period: names period 1, but limit has"),
        ({"caps": [{"limit": 1, "amounts": {"Z": 1}}]}, "$.caps[0].amounts: 'Z' is not the id of a change"),
    ],
)  # fmt: skip
def test_what_cannot_be_planned_is_refused_with_its_place(change: Document, words: str, tmp_path: Path) -> None:
    file = tmp_path / "problem.json"
    file.write_text(json.dumps(tiny(**change)))
    with pytest.raises(InputError) as refused:
        read_problem(file)
    assert any(words in text for text in refused.value.problems), refused.value.problems
    assert all(text.startswith("problem.json, $") for text in refused.value.problems)


@pytest.mark.parametrize("content", ["", "{", "[1", "nan", '{"slots": 1e999}', "[" * 100_000, "1" * 5000])
def test_what_is_no_document_is_refused(content: str, tmp_path: Path) -> None:
    file = tmp_path / "problem.json"
    file.write_text(content)
    with pytest.raises(InputError) as refused:
        read_problem(file)
    assert refused.value.problems[0].startswith("problem.json")


# --- the command -----------------------------------------------------------------------------------------------------


def solved(tmp_path: Path, content: Document, *more: str) -> tuple[int, Document]:
    file = tmp_path / "problem.json"
    file.write_text(json.dumps(content))
    answer = CliRunner().invoke(app, ["solve-problem", str(file), "--json", "--deterministic", "2", *more])
    return answer.exit_code, json.loads(answer.stdout)


def test_the_command_solves_a_document(tmp_path: Path) -> None:
    code, answer = solved(tmp_path, tiny())
    # B may start at 0 or 1 and needs two slots: with B at 0 A starts at 2 and costs 5; leaving B out costs 30 + 1.
    assert code == 0
    assert answer.pop("seconds") >= 0
    assert answer == {"status": "OPTIMAL", "objective": 5, "bound": 5, "gap": 0.0, "starts": {"A": 2, "B": 0}}


def test_the_command_says_that_there_is_no_plan(tmp_path: Path) -> None:
    content = tiny(changes=[{"id": "A", "starts": [[0, 1]]}, {"id": "B", "starts": [[0, 1]]}])
    code, answer = solved(tmp_path, content)
    assert code == 3
    assert answer["status"] == "INFEASIBLE"
    assert answer["starts"] == {}


def test_lags_in_a_circle_are_no_plan(tmp_path: Path) -> None:
    lags = [{"before": "A", "after": "B", "lo": 1}, {"before": "B", "after": "A", "lo": 1}]
    code, answer = solved(tmp_path, {"slots": 500, "changes": [{"id": "A"}, {"id": "B"}], "lags": lags})
    assert (code, answer["status"]) == (3, "INFEASIBLE")


def test_the_schema_is_printed_and_a_file_is_needed() -> None:
    printed = CliRunner().invoke(app, ["solve-problem", "--schema"])
    assert json.loads(printed.stdout)["title"] == "Canonical problem"
    assert CliRunner().invoke(app, ["solve-problem"]).exit_code == 2
    missing = CliRunner().invoke(app, ["solve-problem", "nowhere.json"])
    assert missing.exit_code == 1
    assert "nowhere.json: cannot be read" in missing.stderr


def test_elements_by_night_with_distinct_attributes(tmp_path: Path) -> None:
    """Six elements on three nights, two a night, no two of one pair together, one vendor a night."""
    names, vendors = "ABCDEF", "xxyyzz"
    content = {
        "slots": 3,
        "changes": [{"id": name, "cost": [1, 2, 3]} for name in names],
        "resources": [
            {"rule": "nightly", "capacity": 2, "uses": [[name, 1, 0, 1] for name in names]},
            {"rule": "conflict", "capacity": 1, "uses": [["A", 1, 0, 1], ["B", 1, 0, 1]]},
        ],
        "cells": [
            {"weight": 0, "members": [[name, 0, 1] for name, own in zip(names, vendors, strict=True) if own == vendor]}
            for vendor in "xyz"
        ],
        "budgets": [{"cells": [0, 1, 2], "period": [0, 1, 2], "limit": [2, 2, 2]}],
    }
    code, answer = solved(tmp_path, content)
    # Two on each night, whatever the vendors: 2·1 + 2·2 + 2·3.
    assert (code, answer["status"], answer["objective"]) == (0, "OPTIMAL", 12)
    assert answer["starts"]["A"] != answer["starts"]["B"]
    content["budgets"][0]["limit"] = [1, 1, 1]
    # One vendor a night, and A and B are of one vendor but not together: no plan.
    assert solved(tmp_path, content)[1]["status"] == "INFEASIBLE"
    content["changes"][0]["drop_price"] = 50
    # Without A: y and z have a night each for two, B alone another; the dearest night is for one.
    _, answer = solved(tmp_path, content)
    assert answer["objective"] == 50 + 2 * 1 + 2 * 2 + 3
    assert answer["starts"]["A"] is None
    assert np.array([slot for slot in answer["starts"].values() if slot is not None]).max() == 2
