"""Plans past weeks from what was known then, and prices every way of planning by what really happened."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from scheduler.backtest.past import LEAST_HISTORY_WEEKS, as_it_was, moved_back, replayable_weeks, shortened
from scheduler.baselines import figures_of, habit_schedules
from scheduler.inputs import InputError
from scheduler.inputs.tables import utc_text
from scheduler.portfolio import Portfolio
from scheduler.schedule import Schedule
from scheduler.solver.solve import build, solve
from scheduler.summary import HABIT_NAMES
from scheduler.wording import instant_text, money_text

HABITS = ("first_come", "sunday_0200", "random", "earliest")


@dataclass(frozen=True, slots=True)
class Past:
    """What planning in one past week came to, in weighted cents with delay and what was left out.

    `expected_cents` is what the plan was thought to cost; `cents` what every way of planning cost when billed on the
    users that came (`random` is the mean of its runs), with the broken rules in `violations`. The oracle knew them; it
    is the cheapest legal schedule seen.
    """

    start: datetime
    changes: int
    status: str
    expected_cents: int
    cents: Mapping[str, int]
    violations: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Replayed:
    """All weeks that were replayed; `skipped` are those for which no plan was found."""

    portfolio: Portfolio
    pasts: tuple[Past, ...]
    skipped: tuple[datetime, ...]

    def total(self, name: str) -> int:
        """Give the cost of a way of planning over all weeks."""
        return sum(past.cents[name] for past in self.pasts)

    def share(self, habit: str) -> float | None:
        """Give the share of what an oracle would have saved over a habit that the plan saved; None without any."""
        least = self.total("oracle")
        gap = self.total(habit) - least
        return 1 - (self.total("plan") - least) / gap if gap > 0 else None

    def document(self) -> dict[str, object]:
        """Give the answer as a document."""
        ways = ("plan", *HABITS, "oracle")
        return {
            "weeks": [
                {
                    "start": utc_text(past.start),
                    "changes": past.changes,
                    "status": past.status,
                    "expected_cents": past.expected_cents,
                    "cents": dict(past.cents),
                    "violations": dict(past.violations),
                }
                for past in self.pasts
            ],
            "skipped": [utc_text(start) for start in self.skipped],
            "total_cents": {name: self.total(name) for name in ways},
            "share_recovered": {name: self.share(name) for name in HABITS},
        }

    def text(self) -> str:
        """Give the answer in words."""
        policy = self.portfolio.policy
        count = len(self.pasts)
        lines = [f"{policy.name}: {count} past week{'s' * (count != 1)} planned from what was known then, billed on"]
        lines.append("the users that came (weighted by service level, with delay and what was left out).")
        for past in self.pasts:
            amounts = (money_text(past.cents[name], policy.currency, whole=True) for name in ("plan", "oracle"))
            plan, oracle = amounts
            hoped = money_text(past.expected_cents, policy.currency, whole=True)
            when = instant_text(past.start, policy.time_zone)
            lines.append(f"  {when}: {past.changes} changes, plan {plan} (expected {hoped}), oracle {oracle}")
        lines += ["", "in all"]
        for name in ("plan", *HABITS, "oracle"):
            title = HABIT_NAMES.get(name, {"plan": "the plan", "oracle": "an oracle that knew"}.get(name, name))
            broken = sum(past.violations.get(name, 0) for past in self.pasts)
            share = self.share(name) if name in HABITS else None
            told = "" if share is None else f"; the plan recovered {share:.0%} of what there was to save"
            rules = f"; {broken} rules broken" if broken else ""
            lines.append(f"  {title}: {money_text(self.total(name), policy.currency, whole=True)}{told}{rules}")
        for start in self.skipped:
            lines.append(f"no plan was found from {instant_text(start, policy.time_zone)} on")
        return "\n".join(lines)


def replay_portfolio(
    portfolio: Portfolio,
    *,
    weeks: int | None = None,
    every: int = 1,
    time_limit: float = 10.0,
    units: float | None = None,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
) -> Replayed:
    """Plan every past week for which usage was recorded, and say what plan, habits and an oracle cost.

    Parameters
    ----------
    weeks
        Plan only so many weeks ahead, and only the changes that have a start there; else the policy's.
    every
        Take each `every`-th week only.
    time_limit, units, seed
        As in `scheduler.solver.solve.solve`, for the plan and again for the oracle.
    progress
        Is told what is under way.

    Raises
    ------
    InputError
        If usage was not recorded for long enough.
    """
    cut = portfolio if weeks is None else shortened(portfolio, weeks)
    found = replayable_weeks(cut)[::every]
    if not found:
        ahead = cut.policy.weeks
        raise InputError(
            [
                f"usage: {LEAST_HISTORY_WEEKS} weeks of records and {ahead} more that lie before now are needed to "
                f"replay plans of {ahead} weeks; record usage for longer, or plan fewer weeks ahead with --weeks"
            ]
        )
    pasts, skipped = [], []
    for back in found:
        then = moved_back(cut, back)
        if weeks is not None:
            then = shortened(then, weeks, _startable(then))
        if progress is not None:
            progress(f"planning from {instant_text(then.policy.start, then.policy.time_zone)}")
        past = _replayed(then, time_limit, units, seed)
        if past is None:
            skipped.append(then.policy.start)
        else:
            pasts.append(past)
    if not pasts:
        raise InputError([f"no past week has a plan that obeys every rule ({len(skipped)} tried); see plan and check"])
    return Replayed(portfolio, tuple(pasts), tuple(skipped))


def _startable(portfolio: Portfolio) -> list[str]:
    """List the changes that have a start under masks alone, and so have those that they need."""
    problem = build(portfolio)
    kept = {name for number, name in enumerate(problem.changes) if problem.allowed(number).any()}
    while True:
        lost = {
            name
            for name in kept
            for other in (
                *(one.change for one in portfolio.changes[name].after),
                *portfolio.changes[name].same_window_as,
                *(one for one in kept if name in portfolio.changes[one].same_window_as),
            )
            if other in portfolio.changes and other not in kept
        }
        if not lost:
            return [name for name in portfolio.changes if name in kept]
        kept -= lost


def _replayed(then: Portfolio, time_limit: float, units: float | None, seed: int) -> Past | None:
    planned = solve(then, time_limit=time_limit, deterministic=units, seed=seed)
    if planned.objective_cents is None:
        return None
    real = as_it_was(then)
    best = solve(real, time_limit=time_limit, deterministic=units, seed=seed)
    ways: dict[str, list[Schedule]] = {"plan": [planned.schedule]}
    ways |= habit_schedules(then, planned.schedule, seed=seed, names=HABITS)
    if best.objective_cents is not None:
        ways["oracle"] = [best.schedule]
    cents: dict[str, int] = {}
    violations: dict[str, int] = {}
    legal = []
    for name, schedules in ways.items():
        figures = [figures_of(real, one) for one in schedules]
        costs = [one.objective_cents + one.drop_cents for one in figures]
        legal += [cost for cost, one in zip(costs, figures, strict=True) if not one.violations]
        cents[name] = round(float(np.mean(costs)))
        violations[name] = round(float(np.mean([one.violations for one in figures])))
    # A search that knew may still have found less than a lucky one that did not.
    cents["oracle"] = min(legal, default=cents["plan"])
    violations["oracle"] = 0
    placed = len(planned.schedule.placements)
    return Past(then.policy.start, placed, planned.status, planned.objective_cents, cents, violations)
