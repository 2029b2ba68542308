"""Replans with least disturbance: what is new fits in around what was announced; a window moves only if that pays."""

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from scheduler.desk.fitting import Fitting
from scheduler.desk.planning import held
from scheduler.horizon import Window
from scheduler.portfolio import Portfolio
from scheduler.rules.capacity import RULE
from scheduler.schedule import Result, Schedule, Unplaced, schedule_of, total
from scheduler.solver.compiled import Compiled, compile_problem
from scheduler.solver.effort import Effort
from scheduler.solver.incumbent import Progress
from scheduler.solver.roster import roster
from scheduler.solver.solve import built, compiled, solve, versions
from scheduler.solver.state import UNPLACED, State
from scheduler.solver.together import Together, together
from scheduler.standing import standing
from scheduler.verify import bill, verify

SECONDS, SEARCH = 20.0, 0.5
LEAST_SEARCH = 0.5  # seconds below which planning as a whole is not begun

Found = tuple[list[int], int]
"""The starts of a plan, and what it costs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """An announced window that starts elsewhere.

    `price_cents` is what moving it costs. `gain_cents` is how much dearer the best plan is that was found with it where
    it was, everything else free, in weighted cents and the price of the move counted: None where no plan was found, and
    0 only where another window would have to move instead, at no less.
    """

    change: str
    before: Window
    after: Window
    price_cents: int
    gain_cents: int | None


@dataclass(frozen=True, kw_only=True)
class Replanned:
    """A plan that was brought up to date, and the announced windows that moved."""

    result: Result
    moves: tuple[Move, ...]


def replan(
    portfolio: Portfolio,
    before: Schedule,
    *,
    only: Collection[str] | None = None,
    seconds: float = SECONDS,
    search: float = SEARCH,
    stop: threading.Event | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Replanned:
    """Bring a plan up to date with as few moves of announced windows as pay for themselves.

    Parameters
    ----------
    portfolio
        What to plan now; what was announced is in it (`scheduler.standing.standing`).
    before
        The plan before. Changes that it does not place, and those whose place is not legal any more, are planned anew.
    only
        The changes that may move, beside those; None for all.
    seconds
        Of the wall clock, after which no more moves are tried.
    search
        The share of what is left of the time, once single windows were moved, for planning as a whole from there; what
        is left then is for finding out what each move gains. Where it is 0, single windows, and pairs, are all that is
        tried, and two runs that end in time give the same plan.
    stop
        Set it to end early.
    progress
        Called a few times a second while planning as a whole.

    Returns
    -------
    Replanned
        A plan that obeys every rule, or what `scheduler.solver.solve.solve` says where there is none. The bound, if
        there is one, is that of all plans; where only some changes may move there is none.
    """
    return _Replan(portfolio, before, only, Effort(seconds, None, stop or threading.Event())).answer(search, progress)


class _Replan:
    """One replan: the problem it is about, in which changes that start together are one."""

    def __init__(self, portfolio: Portfolio, before: Schedule, only: Collection[str] | None, effort: Effort) -> None:
        self.portfolio, self.before, self.effort = portfolio, before, effort
        problem = built(portfolio)
        self.names, self.index = problem.changes, problem.index
        self.joined: Together | None = together(problem)
        self.problem: Compiled = compile_problem(self.joined.problem) if self.joined else compiled(portfolio)
        self.group_of = list(range(len(self.names)))
        for group, members in enumerate(self.joined.groups if self.joined else ()):
            for member in members:
                self.group_of[member] = group
        free = set(self.names if only is None else only)
        may = {self.group_of[self.index[name]] for name in free if name in self.index}
        self.still = frozenset(self.group_of) - may
        self.announced = {
            self.group_of[self.index[name]]: portfolio.horizon.floor(start)
            for name, start in standing(portfolio).announced.items()
            if portfolio.horizon.on_grid(start)
        }
        self.fresh: list[int] = []

    def answer(self, search: float, progress: Callable[[Progress], None] | None) -> Replanned:
        first = self._fit(self._starts_of(self.before), self.still, [])
        found: Found | None = None
        if first is not None:
            self.fresh, found = first.fresh, (list(first.state.starts), first.state.objective())
        world = self._where_others_stay(found)
        solved: Result | None = None
        limit = search * self.effort.left if found else self.effort.left
        if limit > LEAST_SEARCH or found is None:
            previous = self._schedule(found[0]) if found else self.before
            solved = solve(
                _cost_alone(world), time_limit=limit, previous=previous, stop=self.effort.stop, progress=progress
            )
            if solved.objective_cents is None and found is None:
                return Replanned(result=solved, moves=())
            if solved.objective_cents is not None and (found is None or solved.objective_cents < found[1]):
                found = self._listed(solved.schedule), solved.objective_cents
        assert found is not None
        (starts, objective), gains = self._paying(found, world, search)
        result = self._result(starts, objective, solved if not self.still else None)
        return Replanned(result=result, moves=self._moves(result, gains))

    def _where_others_stay(self, found: Found | None) -> Portfolio:
        """Give the portfolio for planning as a whole, in which what may not move is pinned where it can stay."""
        if not self.still:
            return self.portfolio
        stays = self._starts_of(self.before)
        names = [
            name
            for number, name in enumerate(self.names)
            if self.group_of[number] in self.still
            and (found is None or found[0][self.group_of[number]] == stays.get(self.group_of[number]))
        ]
        return held(self.portfolio, self.before, names)

    def _fit(self, before: Mapping[int, int], still: frozenset[int], fresh: list[int]) -> Fitting | None:
        fitting = Fitting(State(self.problem), before, lambda: self.effort.used, still, [*fresh])
        return fitting if fitting.fit() else None

    def _paying(self, found: Found, world: Portfolio, search: float) -> tuple[Found, dict[int, int | None]]:
        """Put back every announced window whose move does not pay, and say what the moves of the others gain."""
        gains: dict[int, int | None] = {}
        waiting = self._moved(found[0])
        while waiting:
            change = waiting.pop(0)
            back = self._back(found, change, world, self.effort.left / (1 + len(waiting)) if search else 0.0)
            if back is None:
                gains[change] = None
            elif (back[1], len(self._moved(back[0]))) < (found[1], len(self._moved(found[0]))):
                found, gains = back, {}
                waiting = self._moved(found[0])
            else:
                gains[change] = back[1] - found[1]
        return found, gains

    def _back(self, found: Found, change: int, world: Portfolio, seconds: float) -> Found | None:
        """Give the best plan found with an announced window where it was, planning as a whole for some seconds."""
        placed = {one: start for one, start in enumerate(found[0]) if start != UNPLACED}
        fitting = self._fit({**placed, change: self.announced[change]}, self.still | {change}, self.fresh)
        plans: list[Found] = []
        if fitting is not None and fitting.state.starts[change] == self.announced[change]:
            plans.append((list(fitting.state.starts), fitting.state.objective()))
        if seconds > LEAST_SEARCH:
            name = next(name for number, name in enumerate(self.names) if self.group_of[number] == change)
            start = self.portfolio.horizon.at(self.announced[change])
            pinned = _cost_alone(held(world, schedule_of(world, {name: start}), [name]))
            again = solve(pinned, time_limit=seconds, previous=self._schedule(found[0]), stop=self.effort.stop)
            if again.objective_cents is not None:
                plans.append((self._listed(again.schedule), again.objective_cents))
        return min(plans, key=lambda one: one[1], default=None)

    def _moved(self, starts: list[int]) -> list[int]:
        return [one for one, start in self.announced.items() if starts[one] not in (start, UNPLACED)]

    # --- between starts by number and schedules --------------------------------------------------------------------

    def _starts_of(self, schedule: Schedule) -> dict[int, int]:
        horizon = self.portfolio.horizon
        starts = {
            self.index[one.change]: horizon.floor(one.start)
            for one in schedule.placements
            if one.change in self.index and horizon.on_grid(one.start) and 0 <= horizon.floor(one.start) < horizon.slots
        }
        return self.joined.of_groups(starts) if self.joined else starts

    def _listed(self, schedule: Schedule) -> list[int]:
        starts = self._starts_of(schedule)
        return [starts.get(group, UNPLACED) for group in range(self.problem.changes)]

    def _result(self, starts: list[int], objective: int, solved: Result | None) -> Result:
        schedule = self._schedule(starts)
        charges = tuple(bill(self.portfolio, schedule))
        broken = verify(self.portfolio, schedule)
        if broken or total(charges) != objective:
            raise AssertionError(f"a replan fails its own check: {[one.text for one in broken[:3]]}, {objective}")
        unplaced = tuple(
            Unplaced(
                change=name,
                reason="leaving it out costs less than any window that was left",
                drop_cents=self.portfolio.changes[name].drop_cost_cents,
            )
            for name in self.names
            if name not in schedule.by_change
        )
        bound = solved.bound_cents if solved is not None else None
        return Result(
            portfolio=self.portfolio,
            schedule=schedule,
            status="OPTIMAL" if bound is not None and bound >= objective else "FEASIBLE",
            charges=charges,
            objective_cents=objective,
            bound_cents=None if bound is None else min(bound, objective),
            seconds=self.effort.elapsed,
            parameters={"replan": True, "seconds": self.effort.seconds},
            versions=versions(),
            unplaced=unplaced,
        )

    def _schedule(self, starts: list[int]) -> Schedule:
        members = self.joined.of_members(starts) if self.joined else starts
        horizon = self.portfolio.horizon
        plan = schedule_of(
            self.portfolio,
            {name: horizon.at(slot) for name, slot in zip(self.names, members, strict=True) if slot != UNPLACED},
        )
        return named(self.portfolio, plan, self.before)

    def _moves(self, result: Result, gains: Mapping[int, int | None]) -> tuple[Move, ...]:
        portfolio = self.portfolio
        prices = {one.change: one.weighted_cents for one in result.charges if one.cost == "disruption"}
        found = []
        for change, start in sorted(standing(portfolio).announced.items()):
            after = result.schedule.by_change.get(change)
            if after is None or after.start == start:
                continue
            before = Window(start, start + portfolio.reserved(change) * portfolio.horizon.slot)
            gain = gains.get(self.group_of[self.index[change]])
            found.append(
                Move(
                    change=change,
                    before=before,
                    after=after.reserved,
                    price_cents=prices.get(change, 0),
                    gain_cents=gain,
                )
            )
        return tuple(found)


def named(portfolio: Portfolio, plan: Schedule, before: Schedule) -> Schedule:
    """Name engineers for a plan, whom the plan before named wherever they still can."""
    kept = roster(portfolio, plan, before=before)
    wrong = {change for one in RULE.check(portfolio, kept) for change in one.changes}
    if not wrong:
        return kept
    # Whoever competes with what has to be named anew may have to change too, but nobody else.
    rest = Schedule(tuple(replace(one, engineers=()) if one.change in wrong else one for one in before.placements))
    kept = roster(portfolio, plan, before=rest)
    return roster(portfolio, plan) if any(RULE.check(portfolio, kept)) else kept


def _cost_alone(portfolio: Portfolio) -> Portfolio:
    """Spread no losses over teams: no announced window is to move for that."""
    return replace(portfolio, policy=replace(portfolio.policy, fairness_epsilon=0.0))


def with_announced(portfolio: Portfolio, schedule: Schedule) -> Portfolio:
    """Give a portfolio in which every window of a schedule was announced, now if not before."""
    announced = {
        one.change: (one.start, one.announced_at or portfolio.now)
        for one in schedule.placements
        if one.change in portfolio.changes
    }
    return replace(portfolio, announced={**portfolio.announced, **announced})
