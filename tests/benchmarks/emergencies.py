"""Emergencies in an announced plan of the sample: which windows move, what for, and what stability costs.

    python tests/benchmarks/emergencies.py [--count 20] [--plan-seconds 30] [--seconds 10] [--results FILE]

Every window of the plan was announced. At some instant under way, with what is over done and what runs running, an
emergency comes that has to be dealt with before some dear window on the same services. Emergencies are drawn by seed
until there are `--count` for which moving one window would be cheaper than moving none, as trying each at every start,
with the best place of the emergency beside it, shows; the others are counted, and their plans checked too.

Prints, for each, the windows that moved, the price of each move and what it gains beyond that (the window pinned where
it was, and planned again for `--seconds`, from the plan with the move); then what has to hold, and the cost against
planning from nothing in the same time, with no price of moves and no cap.

With --results the plan and every case are written to a file as soon as they are known, and a run that is begun with the
same file goes on where that ended.
"""

import argparse
import json
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from scheduler.desk.planning import as_time_went, folded, held
from scheduler.desk.replan import Replanned, replan, with_announced
from scheduler.inputs import load
from scheduler.portfolio import Change, Portfolio
from scheduler.schedule import Schedule, place, schedule_of
from scheduler.solver.solve import compiled, solve
from scheduler.solver.state import UNPLACED, State
from scheduler.standing import standing
from scheduler.verify import bill, verify

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample"
EMERGENCY = "EMG-9999"
MOVE_CENTS, MOVE_CENTS_PER_DAY, MOST_MOVES = 20_000, 2_000, 3
DEAR_CENTS = 30_000
MOST_ROUNDS = 4
Case = dict[str, Any]
AT_LEAST_MADE, FEW_MOVES, AT_LEAST_FEW = 0.75, 2, 0.9


def announced_plan(seconds: float, deterministic: float | None = None) -> tuple[Portfolio, Schedule]:
    """Plan the sample, and give it as it is once every window was announced, with prices of moves and a cap.

    It is planned on until no window would be worth moving, so that what moves later moves because of an emergency.
    """
    portfolio = load(SAMPLE)
    result = solve(portfolio, time_limit=seconds, deterministic=deterministic)
    told, plan = with_announced(with_prices(portfolio), result.schedule), result.schedule
    for _ in range(MOST_ROUNDS):
        found = replan(told, plan, seconds=seconds)
        plan = found.result.schedule
        told = with_announced(
            told, replace(plan, placements=tuple(replace(one, announced_at=None) for one in plan.placements))
        )
        if not found.moves:
            break
    return told, plan


def emergency(portfolio: Portfolio, plan: Schedule, seed: int) -> Portfolio | None:
    """Give the portfolio at an instant under way with one emergency more; None where this seed finds no dear window."""
    rng = np.random.default_rng(seed)
    now = portfolio.policy.start + timedelta(days=int(rng.integers(-3, 20)), hours=int(rng.integers(7, 19)))
    due = now + timedelta(days=int(rng.integers(11, 17)))
    minutes = int(rng.choice([60, 90, 120, 180]))
    skill = str(rng.choice(["apps", "platform", "security", "dba"]))
    seen = replace(portfolio, now=now)
    world = folded(seen, as_time_went(seen, plan))
    cents: dict[str, int] = defaultdict(int)
    for charge in bill(world, Schedule(tuple(one for one in plan.placements if one.change in world.changes))):
        cents[charge.change] += charge.weighted_cents
    dear = [
        one.change
        for one in plan.placements
        if one.start > due
        and cents[one.change] > DEAR_CENTS
        and (portfolio.changes[one.change].earliest or now) < due - timedelta(days=1)
    ]
    if not dear:
        return None
    weights = np.array([cents[change] for change in dear], dtype=np.float64)
    services = portfolio.changes[str(rng.choice(dear, p=weights / weights.sum()))].services
    new = Change(
        id=EMERGENCY,
        title="Close a hole",
        type="emergency",
        services=services,
        duration_minutes=minutes,
        duration_p90_minutes=minutes + 30 * int(rng.integers(0, 3)),
        backout_minutes=30,
        failure_chance=0.1,
        due=due,
        skills=((skill, 1),),
        delay_cost_cents_per_day=2_000,
    )
    return replace(world, changes={**world.changes, EMERGENCY: new})


def improving_move(world: Portfolio, plan: Schedule) -> tuple[str, int] | None:
    """Name the single move of a window that saves most against moving none, by trying each, and what it saves."""
    problem = compiled(world)
    index, names, horizon = problem.problem.index, problem.problem.changes, world.horizon
    state, new = State(problem), index[EMERGENCY]
    for one in sorted(plan.placements, key=lambda one: (one.change not in standing(world).pinned, one.start)):
        if one.change in index and one.start >= world.now:
            state.place(index[one.change], horizon.floor(one.start))
    for name, start in standing(world).pinned.items():
        if state.starts[index[name]] == UNPLACED:
            state.place(index[name], horizon.floor(start))

    def best() -> int | None:
        _, price = state.choices(new)
        return state.objective() + int(price.min()) if len(price) else None

    still, least = best(), int(problem.costs[new].min())
    found: tuple[str, int] | None = None
    for change in standing(world).announced:
        number = index[change]
        start = state.remove(number)
        slots, prices = state.choices(number)
        without = state.objective()
        for slot, price in zip(slots.tolist(), prices.tolist(), strict=True):
            if still is not None and without + price + least >= still - (found[1] if found else 0):
                continue
            state.place(number, slot)
            reached = best()
            state.remove(number)
            if reached is not None and slot != start:
                saved = still - reached if still is not None else 1
                if saved > (found[1] if found else 0):
                    found = change, saved
        state.place(number, start)
    assert found is None or found[0] in names
    return found


def gains(world: Portfolio, replanned: Replanned, seconds: float) -> Iterator[int | None]:
    """Pin every window that moved back and plan again: how much dearer that is, None where it cannot be."""
    for move in replanned.moves:
        there = Schedule((place(world, move.change, move.before.start),))
        pinned = held(world, there, [move.change])
        again = solve(pinned, time_limit=seconds, previous=replanned.result.schedule)
        cents = again.objective_cents
        yield None if cents is None else cents - (replanned.result.objective_cents or 0)


def from_nothing(world: Portfolio, known: Schedule, seconds: float) -> int:
    """Plan as if windows were free to move, from nothing and from a known plan, and give the lower cost.

    Windows that stay still have the notice that they had.
    """
    policy = replace(world.policy, move_cost_cents=0, move_cost_cents_per_day=0, max_moves=None)
    free = replace(world, policy=policy)
    plans = [solve(free, time_limit=seconds), solve(free, time_limit=seconds, previous=known)]
    return min(one.objective_cents for one in plans if one.objective_cents is not None)


def one_case(portfolio: Portfolio, plan: Schedule, seed: int, seconds: float) -> Case:
    """Draw an emergency and replan; say what became of it."""
    world = emergency(portfolio, plan, seed)
    if world is None:
        return {"seed": seed, "kind": "no dear window"}
    possible = improving_move(world, plan)
    begun = time.perf_counter()
    found = replan(world, plan, seconds=2 * seconds)
    took = time.perf_counter() - begun
    cost = found.result.objective_cents
    assert cost is not None, f"seed {seed}: {found.result.status}"
    assert not verify(world, found.result.schedule)
    assert len(found.moves) <= MOST_MOVES
    case = {
        "seed": seed,
        "changes": len(world.changes),
        "seconds": round(took, 1),
        "load": round(os.getloadavg()[0], 1),
    }
    case["moves"] = [[move.change, move.price_cents] for move in found.moves]
    if possible is None:
        assert all((move.gain_cents or 1) > 0 for move in found.moves)
        return case | {"kind": "no single move pays"}
    gained = list(gains(world, found, seconds))
    nothing = from_nothing(world, found.result.schedule, seconds)
    return case | {"kind": "counted", "possible": list(possible), "gains": gained, "cost": cost, "nothing": nothing}


def told_of(case: Case) -> str:
    """Say what a case showed, in one line."""
    moved = ", ".join(
        f"{change} ({price / 100:.2f}, {'must' if cents is None else f'{cents / 100:+.2f}'})"
        for (change, price), cents in zip(case["moves"], case["gains"], strict=True)
    )
    return (
        f"seed {case['seed']:3}  {case['changes']} changes  {case['seconds']:4.1f} s (load {case['load']})  "
        f"cost {case['cost'] / 100:,.2f} ({case['cost'] / case['nothing'] - 1:+.2%} of nothing)  "
        f"best single move {case['possible'][0]} {case['possible'][1] / 100:+.2f}  moved: {moved or 'none'}"
    )


def with_prices(portfolio: Portfolio) -> Portfolio:
    """Give a portfolio whose policy prices moves and caps them."""
    policy = replace(
        portfolio.policy,
        move_cost_cents=MOVE_CENTS,
        move_cost_cents_per_day=MOVE_CENTS_PER_DAY,
        max_moves=MOST_MOVES,
        fairness_epsilon=0,
    )
    return replace(portfolio, policy=policy)


def plan_of(results: Path | None, seconds: float) -> tuple[Portfolio, Schedule, list[Case]]:
    """Give the announced plan and the cases that a file has, or a new plan, which is written there."""
    if results is not None and results.exists():
        first, *rest = [json.loads(line) for line in results.read_text().splitlines()]
        portfolio = with_prices(load(SAMPLE))
        starts = {change: datetime.fromisoformat(start) for change, start in first.items()}
        plan = schedule_of(portfolio, starts)
        return with_announced(portfolio, plan), plan, rest
    portfolio, plan = announced_plan(seconds)
    keep(results, {one.change: one.start.isoformat() for one in plan.placements})
    return portfolio, plan, []


def keep(results: Path | None, row: Case) -> None:
    """Add a row to the file."""
    if results is not None:
        with results.open("a") as file:
            file.write(json.dumps(row) + "\n")


def main() -> None:
    """Draw emergencies, replan, and print what holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--plan-seconds", type=float, default=30.0)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--results", type=Path)
    given = parser.parse_args()
    portfolio, plan, cases = plan_of(given.results, given.plan_seconds)
    for case in cases:
        if case["kind"] == "counted":
            print(told_of(case))
    seed = max((case["seed"] for case in cases), default=-1) + 1
    while sum(case["kind"] == "counted" for case in cases) < given.count and seed < 10 * given.count:
        case = one_case(portfolio, plan, seed, given.seconds)
        keep(given.results, case)
        cases.append(case)
        seed += 1
        if case["kind"] == "counted":
            print(told_of(case), flush=True)
    counted = [case for case in cases if case["kind"] == "counted"]
    others = sum(case["kind"] == "no single move pays" for case in cases)
    count, gained = len(counted), [cents for case in counted for cents in case["gains"]]
    paying = sum(cents is None or cents > 0 for cents in gained)
    made = sum(bool(case["moves"]) for case in counted)
    few = sum(len(case["moves"]) <= FEW_MOVES for case in counted)
    ratios = [case["cost"] / case["nothing"] - 1 for case in counted]
    lines = {
        f"{count} emergencies ({others} more in which no single move pays)": count == given.count,
        f"{paying} of {len(gained)} moved windows save more than their move costs": paying == len(gained),
        f"a move was made in {made}": made >= AT_LEAST_MADE * count,
        f"at most {FEW_MOVES} moves in {few}": few >= AT_LEAST_FEW * count,
        f"never more than {MOST_MOVES} moves": all(len(case["moves"]) <= MOST_MOVES for case in counted),
    }
    for text, holds in lines.items():
        print(f"{text}: {'holds' if holds else 'DOES NOT HOLD'}")
    print(f"cost against planning from nothing: median {median(ratios):+.2%}, worst {max(ratios):+.2%}")


if __name__ == "__main__":
    main()
