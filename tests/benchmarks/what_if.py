"""How fast a what-if is answered on family L: the price of every start of a change, and a pin planned around.

    python tests/benchmarks/what_if.py [--size L] [--seed 1] [--sharing 0.3] [--changes 40] [--pins 3]

Prints milliseconds for the marginal curve of a change (what it would cost at every start, all others staying) and for
the curve with the rule behind every closed start; then seconds for pinning a change to another of its windows and
planning the rest around it within two seconds of the wall clock (and how many of them the processor worked, as others
may keep it busy), what the pin costs at most, and the bound. Every plan is checked.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
from cases import FAMILIES, Case, portfolio_folder
from scale_one import plain

from scheduler.explain import Witness
from scheduler.inputs import load
from scheduler.portfolio import Decision, Portfolio
from scheduler.schedule import Result
from scheduler.solver.solve import compiled, solve
from scheduler.solver.state import State
from scheduler.verify import verify

MOST_CURVE_MS, MOST_PIN_SECONDS = 50.0, 2.0


def milliseconds(work: Callable[[], object]) -> float:
    """Time a piece of work."""
    begun = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - begun)


def curves(portfolio: Portfolio, result: Result, changes: list[str]) -> tuple[list[float], list[float], list[float]]:
    """Time the curves of some changes: legal starts, all starts with rules, and what starts cost at least too."""
    problem = compiled(portfolio)
    state = State(problem)
    for placement in result.schedule.placements:
        state.place(problem.problem.index[placement.change], portfolio.horizon.floor(placement.start))
    witness = Witness(portfolio, result.schedule)
    # The multipliers of the solve are looked up once.
    witness.curve(changes[0], at_least=True)
    legal, everything, bounded = [], [], []
    for change in changes:
        number, start = problem.problem.index[change], state.starts[problem.problem.index[change]]

        def curve(number: int = number, start: int = start) -> None:
            state.remove(number)
            state.choices(number)
            state.place(number, start)

        legal.append(milliseconds(curve))
        everything.append(milliseconds(lambda change=change: witness.curve(change)))
        bounded.append(milliseconds(lambda change=change: witness.curve(change, at_least=True)))
    return legal, everything, bounded


def pinned(
    portfolio: Portfolio, result: Result, change: str, rng: np.random.Generator
) -> tuple[float, float, float, float]:
    """Pin a change elsewhere and plan around it: seconds, those of the processor, share the cost rises, and gap."""
    problem = compiled(portfolio)
    number = problem.problem.index[change]
    placed = portfolio.horizon.floor(result.schedule.by_change[change].start)
    others = [slot for slot in np.flatnonzero(problem.ok[number]).tolist() if abs(slot - placed) > 48]
    start = portfolio.horizon.at(int(rng.choice(others)))
    decisions = (*portfolio.decisions, Decision(change=change, kind="pin", start=start))
    begun, worked = time.perf_counter(), time.process_time()
    asked = replace(portfolio, decisions=decisions)
    again = solve(asked, time_limit=MOST_PIN_SECONDS, previous=result.schedule)
    took, worked = time.perf_counter() - begun, time.process_time() - worked
    assert again.objective_cents is not None, again.status
    assert result.objective_cents is not None
    assert not verify(asked, again.schedule)
    assert again.schedule.by_change[change].start == start
    gap = 1 - (again.bound_cents or 0) / again.objective_cents
    return took, worked, again.objective_cents / result.objective_cents - 1, gap


def main() -> None:
    """Plan, ask, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=["S", "M", "L", "XL"], default="L")
    parser.add_argument("--sharing", type=float, default=0.3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=30.0, help="of planning before anything is asked")
    parser.add_argument("--changes", type=int, default=40)
    parser.add_argument("--pins", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=FAMILIES)
    given = parser.parse_args()
    case = Case(given.size, given.sharing, given.seed, "plain", "plan", given.seconds, 1)
    portfolio = plain(load(portfolio_folder(case, given.folder)))
    result = solve(portfolio, time_limit=given.seconds)
    rng = np.random.default_rng(given.seed)
    open_starts = dict(zip(compiled(portfolio).problem.changes, compiled(portfolio).ok.sum(axis=1), strict=True))
    movable = [
        name
        for name in sorted(result.schedule.by_change)
        if open_starts[name] > 200 and portfolio.changes[name].mandatory
    ]
    changes = [str(name) for name in rng.choice(movable, size=given.changes, replace=False)]
    titles = ("legal starts", "all starts with rules", "and at least")
    for title, took in zip(titles, curves(portfolio, result, changes), strict=True):
        verdict = "holds" if median(took) <= MOST_CURVE_MS else "DOES NOT HOLD"
        figures = f"median {median(took):7.1f} ms, longest {max(took):7.1f} ms"
        print(f"curve, {title:<22} {figures}  ≤ {MOST_CURVE_MS:g} ms {verdict}")
    for change in changes[: given.pins]:
        seconds, worked, rise, gap = pinned(portfolio, result, change, rng)
        verdict = "holds" if seconds <= MOST_PIN_SECONDS else "DOES NOT HOLD"
        figures = f"{seconds:.2f} s ({worked:.2f} s worked), cost {rise:+.3%}, gap {gap:.1%}"
        print(f"pin {change}: {figures}  ≤ {MOST_PIN_SECONDS:g} s {verdict}", flush=True)


if __name__ == "__main__":
    main()
