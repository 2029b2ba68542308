"""Every type of answer: placements, schedules, violations, charges and results."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from functools import cached_property
from typing import Literal

from scheduler.horizon import Window, local_date_number
from scheduler.portfolio import Portfolio, remembered

Status = Literal["OPTIMAL", "FEASIBLE", "INFEASIBLE", "STOPPED"]
CLIENT_COSTS = ("downtime", "overrun")
"""The costs that clients bear; the others are those of the provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """One engineer on one change, for a skill, over a half-open interval."""

    engineer: str
    skill: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """A change with its window: it is expected over at `end` and keeps its place until `reserved_until`."""

    change: str
    start: datetime
    end: datetime
    reserved_until: datetime
    announced_at: datetime | None = None
    engineers: tuple[Shift, ...] = ()

    @property
    def expected(self) -> Window:
        """[start, end): the work at its median length."""
        return Window(self.start, self.end)

    @property
    def reserved(self) -> Window:
        """[start, reserved_until): what hard rules look at."""
        return Window(self.start, self.reserved_until)


@dataclass(frozen=True)
class Schedule:
    """Placements of some changes of a portfolio, in the order of their ids as text."""

    placements: tuple[Placement, ...] = ()

    @cached_property
    def by_change(self) -> Mapping[str, Placement]:
        """The placements by the id of their change; where a change is placed twice, the last one."""
        return {placement.change: placement for placement in self.placements}


def place(portfolio: Portfolio, change: str, start: datetime) -> Placement:
    """Give the placement of a change at a start, with both ends rounded up to whole slots."""
    horizon = portfolio.horizon
    return Placement(
        change=change,
        start=start,
        end=start + portfolio.length(change) * horizon.slot,
        reserved_until=start + portfolio.reserved(change) * horizon.slot,
        announced_at=announced_at(portfolio, change, start),
    )


def announced_at(portfolio: Portfolio, change: str, start: datetime) -> datetime | None:
    """Tell when this very window was announced, or None for a window that is still a proposal."""
    told = _told(portfolio).get((change, start))
    if told is not None:
        return told
    before = portfolio.announced.get(change)
    return before[1] if before and before[0] == start else None


@remembered
def _told(portfolio: Portfolio) -> Mapping[tuple[str, datetime], datetime | None]:
    """Give the announcement that the last decision for each window of a change speaks of, if any."""
    return {(one.change, one.start): one.announced_at for one in portfolio.decisions if one.kind != "reject"}


def notice_given(portfolio: Portfolio, placement: Placement, team: str) -> int:
    """Count the calendar days from announcement (now, for a proposal) to start, both dated where the team works."""
    zone = portfolio.teams[team].time_zone
    told = placement.announced_at or portfolio.now
    return local_date_number(placement.start, zone) - local_date_number(told, zone)


def schedule_of(portfolio: Portfolio, starts: Mapping[str, datetime]) -> Schedule:
    """Build a schedule from the start of every placed change."""
    return Schedule(tuple(place(portfolio, change, starts[change]) for change in sorted(starts)))


def known(portfolio: Portfolio, schedule: Schedule) -> tuple[Placement, ...]:
    """Give one placement of every change that the portfolio has; the rule `mandatory` speaks of all others."""
    return tuple(placement for name, placement in schedule.by_change.items() if name in portfolio.changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A rule that a schedule breaks, for which changes and when, in words."""

    rule: str
    changes: tuple[str, ...]
    text: str
    window: Window | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One flat row of what a schedule costs.

    `share` is the factor of the hours lost (1 = out for certain); `cents` is client money, `weighted_cents` what is
    minimised. `team` and `service` are empty where a cost concerns none.
    """

    cost: str
    team: str
    service: str
    change: str
    start: datetime
    end: datetime
    share: Fraction
    cents: int
    weighted_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplaced:
    """A change that got no window, why, and what leaving it out costs (None for a mandatory one)."""

    change: str
    reason: str
    drop_cents: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """One member of a set of demands that cannot hold together."""

    rule: str
    changes: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxation:
    """Demands that, lifted together, make a plan possible, and what the best plan found then costs.

    The rule `mandatory` is lifted by leaving its change out. `proven` says that no plan without them is cheaper.
    """

    lifted: tuple[Clash, ...]
    objective_cents: int
    cost_cents: int
    proven: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineFigures:
    """What planning by a habit would have cost, drop prices apart, and how many rules it breaks."""

    objective_cents: int
    cost_cents: int
    drop_cents: int
    violations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fairness:
    """The largest burden over size of a team, before the phase that lowers it and after, and whose it is.

    A team's burden is what it loses through downtime and overrun; its size is what it would lose if all it uses were
    out over the whole horizon.
    """

    before: float
    before_team: str
    after: float
    after_team: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """What minding the worst tenth of the scenarios came to: (1 − weight) × mean + weight × worst is `objective_cents`.

    `bound_cents` is what no plan's objective is below; `plain` figures are those of the plan that minds the mean alone.
    """

    weight: float
    scenarios: int
    objective_cents: int
    bound_cents: int
    mean_cents: int
    worst_cents: int
    plain_mean_cents: int
    plain_worst_cents: int


@dataclass(frozen=True, kw_only=True)
class Result:
    """One solver run: the schedule, what it costs, and how far from the best possible it can be at most.

    Where nothing fits, `clash` is one set of demands that cannot hold together (`clash_is_minimal` where it is proved
    that none of them can be spared), `more_clashes` are others without a change in common with it, and `relaxations`
    say what would make a plan possible, the cheapest first.

    OPTIMAL says that no plan costs less than `bound_cents`. Of a schedule made fairer after that was proved,
    `fairness_price_cents` is what it costs more, and all of `gap`. `fairness` is None where that phase is off or has
    nothing to compare.
    """

    portfolio: Portfolio
    schedule: Schedule
    status: Status
    charges: tuple[Charge, ...] = ()
    objective_cents: int | None = None
    bound_cents: int | None = None
    seconds: float = 0.0
    seed: int = 0
    parameters: Mapping[str, object] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    unplaced: tuple[Unplaced, ...] = ()
    baselines: Mapping[str, BaselineFigures] = field(default_factory=dict)
    clash: tuple[Clash, ...] = ()
    clash_is_minimal: bool = False
    more_clashes: tuple[tuple[Clash, ...], ...] = ()
    relaxations: tuple[Relaxation, ...] = ()
    fairness_price_cents: int = 0
    fairness: Fairness | None = None
    tail: Tail | None = None

    @property
    def gap(self) -> float | None:
        """(objective − bound) / objective; 0 where both are 0."""
        if self.objective_cents is None or self.bound_cents is None:
            return None
        if self.objective_cents == self.bound_cents:
            return 0.0
        return (self.objective_cents - self.bound_cents) / self.objective_cents if self.objective_cents else None

    @cached_property
    def cost_cents(self) -> int:
        """What clients lose: the cents of downtime and overrun."""
        return lost_cents(self.charges)

    @cached_property
    def drop_cents(self) -> int:
        """What leaving optional changes out costs."""
        return sum(charge.weighted_cents for charge in self.charges if charge.cost == "drop")


def lost_cents(charges: Iterable[Charge]) -> int:
    """Add up what clients lose."""
    return sum(charge.cents for charge in charges if charge.cost in CLIENT_COSTS)


def total(charges: Iterable[Charge]) -> int:
    """Add up what is minimised: the weighted cents of all charges."""
    return sum(charge.weighted_cents for charge in charges)
