"""The solver against textbook models over the whole horizon, on family S: CP-SAT and HiGHS, at budgets up to 60 s.

    python tests/benchmarks/textbook.py [--seeds 1 2 …] [--sharing 0.3 1.0] [--seconds 60] [--table]

The textbook model (tests/whole_horizon.py) has a literal for every change and start and one for every slot of every
shared cell, capacity rows per slot, and no hint. Budgets count solving alone; writing their model or compiling ours
comes before. CP-SAT runs once, its incumbent is read at every budget; HiGHS and the solver run once per budget. Results
are appended, one line per seed and method, and an interrupted run goes on. Prints for every seed and budget what the
solver's plan costs as a multiple of the other's (– where the other has no plan yet), then the medians.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from math import inf
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from cases import FAMILIES, Case, Record, good, read, run  # noqa: E402
from ortools.sat.python import cp_model  # noqa: E402
from readme_parts import write_part  # noqa: E402
from scale_one import plain  # noqa: E402
from whole_horizon import cp_sat, highs, whole_horizon  # noqa: E402

from scheduler.inputs import load  # noqa: E402
from scheduler.solver.compiled import compile_problem  # noqa: E402
from scheduler.solver.effort import Effort  # noqa: E402
from scheduler.solver.optimise import optimise  # noqa: E402
from scheduler.solver.problem import Problem  # noqa: E402
from scheduler.solver.solve import build  # noqa: E402
from scheduler.solver.state import UNPLACED  # noqa: E402

RESULTS = ROOT / "out" / "textbook.jsonl"
BUDGETS = (5.0, 10.0, 20.0, 30.0, 60.0)
METHODS = ("solver", "CP-SAT", "HiGHS")
MOST = 1.001
"""The solver's plan may cost at most this multiple of the other's, on every seed and at every budget."""

Costs = dict[str, int | None]


class _Incumbents(cp_model.CpSolverSolutionCallback):
    """Notes what CP-SAT has found when."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[float, int]] = []
        self.begun = time.monotonic()

    def on_solution_callback(self) -> None:
        self.found.append((time.monotonic() - self.begun, round(self.objective_value)))


def by_cp_sat(problem: Problem, seconds: Sequence[float], workers: int) -> Record:
    """Solve the textbook model with CP-SAT once and read the incumbent at every budget."""
    begun = time.monotonic()
    model = whole_horizon(problem)
    cp = cp_sat(model)
    written_in = time.monotonic() - begun
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = max(seconds)
    solver.parameters.num_workers = workers
    incumbents = _Incumbents()
    status = solver.solve(cp, incumbents)
    costs = {f"{limit:g}": next((cost for when, cost in reversed(incumbents.found) if when <= limit), None)
             for limit in seconds}  # fmt: skip
    figures = {"bound": solver.best_objective_bound, "status": solver.status_name(status)}
    return {"costs": costs, "writing": written_in, "variables": len(model.prices)} | figures


def repeated(seconds: Sequence[float], solve: Callable[[float], tuple[int | None, bool]]) -> Costs:
    """Solve once per budget; a plan that was proved optimal within one budget is the answer to the longer ones too."""
    costs: Costs = {}
    proved: int | None = None
    for limit in sorted(seconds):
        if proved is None:
            cost, optimal = solve(limit)
            proved = cost if optimal else None
        costs[f"{limit:g}"] = cost
    return costs


def by_highs(problem: Problem, seconds: Sequence[float], _: int) -> Record:
    """Solve the textbook model with HiGHS, once per budget."""
    model = whole_horizon(problem)

    def solve(limit: float) -> tuple[int | None, bool]:
        found = highs(problem, model, limit)
        return found.objective, found.status == "OPTIMAL"

    return {"costs": repeated(seconds, solve)}


def by_solver(problem: Problem, seconds: Sequence[float], workers: int) -> Record:
    """Solve the problem as the product does, once per budget."""
    compiled = compile_problem(problem)
    bounds = []

    def solve(limit: float) -> tuple[int | None, bool]:
        answer = optimise(compiled, Effort(limit), workers=workers)
        starts = {change: start for change, start in enumerate(answer.starts) if start != UNPLACED}
        assert not list(problem.broken(starts))
        assert problem.cost(starts) == answer.objective
        bounds.append(answer.bound)
        return answer.objective, answer.status == "OPTIMAL"

    return {"costs": repeated(seconds, solve), "bound": bounds[-1]}


def measure(case: Case, folder: Path, budgets: Sequence[float]) -> Record:
    """Solve one portfolio by one method at every budget."""
    problem = build(plain(load(folder)))
    method = {"solver": by_solver, "CP-SAT": by_cp_sat, "HiGHS": by_highs}[case.method]
    return method(problem, budgets, case.workers)


def ratios(records: Iterable[Record], other: str, budget: str) -> dict[tuple[float, int], float | None]:
    """Give by sharing and seed what the solver's plan costs over the other's; None where the other has none."""
    costs = {
        (r["case"]["sharing"], r["case"]["seed"], r["case"]["method"]): r["costs"][budget]
        for r in records if budget in r["costs"]
    }  # fmt: skip
    result: dict[tuple[float, int], float | None] = {}
    for (sharing, seed, method), own in costs.items():
        if method == "solver" and (sharing, seed, other) in costs:
            theirs = costs[sharing, seed, other]
            result[sharing, seed] = None if theirs is None else inf if own is None else own / theirs
    return result


def table(records: Sequence[Record], budgets: Sequence[float]) -> str:
    """Print every ratio, the medians, and whether the solver is ahead."""
    lines, worst = [], 0.0
    for other in METHODS[1:]:
        lines.append(f"\nsolver over {other:<8} seed " + "".join(f"{limit:>9g} s" for limit in budgets))
        columns = {f"{limit:g}": ratios(records, other, f"{limit:g}") for limit in budgets}
        for sharing in sorted({key[0] for column in columns.values() for key in column}):
            keys = sorted({key for column in columns.values() for key in column if key[0] == sharing})
            for key in keys:
                own = [column.get(key) for column in columns.values()]
                worst = max([worst, *(ratio for ratio in own if ratio is not None)])
                cells = "".join(f"{'–':>11}" if ratio is None else f"{ratio:>11.4f}" for ratio in own)
                lines.append(f"{sharing:>8.0%} {key[1]:>14} {cells}")
            lines.append(f"{sharing:>8.0%} {'median cost':>14} " + _medians(records, other, sharing, columns))
    head = f"largest ratio {worst:.4f}: {'holds' if worst <= MOST else 'DOES NOT HOLD'} (at most {MOST})"
    return "\n".join([head, *lines])


def _medians(records: Sequence[Record], other: str, sharing: float, budgets: Iterable[str]) -> str:
    """Give the ratio of the median costs at every budget, a missing plan costing more than any."""
    cells = []
    for budget in budgets:
        costs = {
            method: [r["costs"][budget] or inf for r in records
                     if r["case"]["method"] == method and r["case"]["sharing"] == sharing and budget in r["costs"]]
            for method in ("solver", other)
        }  # fmt: skip
        if not all(costs.values()):
            cells.append(f"{'–':>11}")
            continue
        ours, theirs = median(costs["solver"]), median(costs[other])
        cells.append(f"{'lower' if ours < theirs else 'NOT LOWER':>11}" if theirs == inf else f"{ours / theirs:>11.4f}")
    return "".join(cells)


def markdown(records: Sequence[Record], budgets: Sequence[float]) -> str:
    """Give the README's table: the median ratio and the worst at every budget."""
    rows = [["sharing", "against", "seeds", *(f"{limit:g} s" for limit in budgets)], ["---"] * (3 + len(budgets))]
    for sharing in sorted({r["case"]["sharing"] for r in records}):
        for other in METHODS[1:]:
            row, seeds = [], 0
            for limit in budgets:
                own = [v for key, v in ratios(records, other, f"{limit:g}").items() if key[0] == sharing]
                seeds = max(seeds, len(own))
                known = sorted(0.0 if value is None else value for value in own)
                middle = median(known) if known else 0.0
                row.append(f"{middle:.3f}, worst {known[-1]:.3f}" if middle else "–")
            rows.append([f"{100 * sharing:.0f} %", other, str(seeds), *row])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def main() -> None:
    """Read the command line, measure, and print."""
    if sys.argv[1:2] == ["--one"]:
        case = Case(**json.loads(sys.argv[2]))
        budgets = [limit for limit in BUDGETS if limit <= case.seconds]
        print(json.dumps(measure(case, Path(sys.argv[3]), budgets)))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", nargs="+", type=int, default=list(range(1, 6)))
    parser.add_argument("--sharing", nargs="+", type=float, default=[0.3, 1.0])
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--seconds", type=float, choices=BUDGETS, default=60.0, help="largest of the budgets")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--folder", type=Path, default=FAMILIES)
    parser.add_argument("--keep", action="store_true", help="let results of older sources count")
    parser.add_argument("--table", action="store_true", help="measure nothing")
    parser.add_argument("--readme", action="store_true", help="measure nothing; write the README's table")
    given = parser.parse_args()
    cases = [
        Case("S", sharing, seed, "plain", method, given.seconds, given.workers)
        for sharing in given.sharing
        for seed in given.seeds
        for method in given.methods
    ]
    if not (given.table or given.readme):
        for record in run(cases, "textbook.py", given.results, given.folder, keep=given.keep):
            print(Case(**record["case"]).label, record.get("failed") or record["costs"], flush=True)
    records = good(read(given.results), keep=given.keep)
    budgets = [limit for limit in BUDGETS if limit <= given.seconds]
    if given.readme:
        write_part("textbook", markdown(records, budgets))
    else:
        print(table(records, budgets))


if __name__ == "__main__":
    main()
