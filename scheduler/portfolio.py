"""Everything that is planned together: teams, services, changes, engineers, calendars and the policy.

Plain frozen data, checked by `scheduler.inputs` before it is built. Ids are the user's own strings and never change.
Money is whole cents, instants are aware and in UTC, lengths carry their unit in the name. Fractions are exact.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from functools import wraps
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from scheduler.horizon import Horizon, WeeklyHours, Window

T = TypeVar("T")


class Impact(StrEnum):
    """What a change does to the services it lists; the words of the MAINTNOTE calendar standard."""

    NO_IMPACT = "NO-IMPACT"
    REDUCED_REDUNDANCY = "REDUCED-REDUNDANCY"
    DEGRADED = "DEGRADED"
    OUTAGE = "OUTAGE"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLevel:
    """What teams of one service level are promised, and how much their losses weigh."""

    name: str
    weight: Fraction = Fraction(1)
    notice_days: int | None = None
    max_outage_minutes_per_28_days: int | None = None
    protected_hours: WeeklyHours | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """How usage history is turned into expected users."""

    prior_weeks: float = 2.0
    half_life_weeks: float = 3.0
    history_weeks: int = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The rules of the house: horizon, service levels, shares, chances and limits."""

    name: str
    start: datetime
    weeks: int
    time_zone: str = "UTC"
    slot_minutes: int = 30
    currency: str = "EUR"
    organizer: str = ""
    domain: str = ""
    service_levels: Mapping[str, ServiceLevel] = field(default_factory=dict)
    degraded_share: Fraction = Fraction(3, 10)
    failure_chance: float = 0.02
    redundancy_failure_per_hour: Fraction = Fraction(0)
    fairness_epsilon: float = 0.01
    tail_weight: float = 0.0
    move_cost_cents: int = 0
    move_cost_cents_per_day: int = 0
    max_moves: int | None = None
    approved_may_move: bool = False
    forecast: Forecast = field(default_factory=Forecast)


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A client of services."""

    id: str
    name: str = ""
    service_level: str = ""
    time_zone: str = "UTC"
    holidays: str = ""
    cost_cents_per_user_hour: int = 0
    uses: tuple[str, ...] = ()
    headcount: int | None = None
    notice_days: int | None = None
    contact: str = ""
    email: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What teams use."""

    id: str
    name: str = ""
    used_for: str = ""
    site: str = ""
    time_zone: str = "UTC"
    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """`service` needs `depends_on` (a service or a group); `effect` is what an outage of it means."""

    service: str
    depends_on: str
    effect: Literal["OUTAGE", "DEGRADED"] = "OUTAGE"


@dataclass(frozen=True, slots=True, kw_only=True)
class RedundancyGroup:
    """Members (services or groups) of which `min_up` are enough."""

    id: str
    members: tuple[str, ...]
    min_up: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Engineer:
    """Somebody who carries changes out; `works` names a working calendar or gives weekly hours."""

    id: str
    skills: frozenset[str]
    time_zone: str = "UTC"
    works: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Named hours in which work is forbidden (blackout), allowed, or in which engineers work (working).

    They come back weekly (`hours`), or are the intervals of a calendar file (`periods`, joined and in order).
    """

    id: str
    kind: Literal["blackout", "allowed", "working"]
    hours: WeeklyHours = field(default_factory=lambda: WeeklyHours(()))
    periods: tuple[Window, ...] | None = None
    time_zone: str = "UTC"
    applies_to: tuple[str, ...] = ()
    hard: bool = True
    cost_cents_per_hour: int | None = None

    def windows(self, inside: Window) -> list[Window]:
        """List the intervals of the calendar that reach into `inside`."""
        if self.periods is not None:
            return [window for window in self.periods if window.overlaps(inside)]
        return self.hours.windows(self.time_zone, inside)


@dataclass(frozen=True, slots=True, kw_only=True)
class Predecessor:
    """A change that must be over, with its backout reserve, `lag_minutes` before another starts."""

    change: str
    lag_minutes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A unit of planned work (ITIL: RFC). Its place in the file is the order of the baselines."""

    id: str
    title: str = ""
    type: Literal["standard", "normal", "emergency", "external"] = "normal"
    services: tuple[str, ...] = ()
    impact: Impact = Impact.OUTAGE
    duration_minutes: int = 60
    duration_p90_minutes: int = 60
    backout_minutes: int = 0
    failure_chance: float = 0.0
    earliest: datetime | None = None
    due: datetime | None = None
    after: tuple[Predecessor, ...] = ()
    not_with: tuple[str, ...] = ()
    same_window_as: tuple[str, ...] = ()
    skills: tuple[tuple[str, int], ...] = ()
    allowed: tuple[str, ...] = ()
    mandatory: bool = True
    drop_cost_cents: int | None = None
    delay_cost_cents_per_day: int = 0
    fixed_start: datetime | None = None
    what_you_will_notice: str = ""
    why: str = ""
    workaround: str = ""
    requested_by: str = ""
    description: str = ""

    @property
    def reserved_minutes(self) -> int:
        """P90 of the work plus the time to back it out."""
        return self.duration_p90_minutes + self.backout_minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What somebody decided about one window of a change, later rows first; a pin may set `overrides`, rules, aside."""

    change: str
    kind: Literal["pin", "approve", "reject"]
    start: datetime
    announced_at: datetime | None = None
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Usage that is known to differ in [start, end): of one team, or of all (`*`).

    `factor` multiplies the forecast of all services of the team; `users` replaces their sum. One of them is None.
    """

    team: str
    start: datetime
    end: datetime
    factor: Fraction | None = None
    users: Fraction | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """Hours that a team wants free of work (`never`, `avoid`) or likes it in (`prefer`).

    They are weekly `hours` on the team's clock, or the one period [start, end), or every hour where neither is given.
    """

    team: str
    kind: Literal["never", "avoid", "prefer"]
    hours: WeeklyHours | None = None
    start: datetime | None = None
    end: datetime | None = None
    cost_cents_per_hour: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastWork:
    """Work that is done: what kind it was, on what, and when it was planned and really took place."""

    change: str
    kind: str = ""
    services: tuple[str, ...] = ()
    planned_start: datetime | None = None
    planned_end: datetime | None = None
    actual_start: datetime | None = None
    actual_end: datetime | None = None


USAGE_COLUMNS = ("team", "service", "start", "minutes", "users")


def no_usage() -> pd.DataFrame:
    """Give a usage table without rows.

    Its columns are team, service (text or categories of text), start (UTC), minutes (int) and users (float, NaN = not
    recorded).
    """
    frame = pd.DataFrame({name: [] for name in USAGE_COLUMNS})
    return frame.astype(
        {"team": "str", "service": "str", "start": "datetime64[ns, UTC]", "minutes": "int64", "users": "float64"}
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Portfolio:
    """Everything planned together, and its world.

    `now` is the instant of planning. `usage` is the recorded history (`no_usage` gives its columns). `known_users`
    replaces the forecast where the users of every slot are known, as when a past plan is billed: a mapping from
    (team, service) to an array of shape (slots,) in thousandths of a user. `announced` gives the start and the instant
    of announcement of windows that an earlier schedule announced. `engineers` is None where nobody said who there is.
    `folder` is where it was loaded from; `folder_hash` is its content hash before anything was added to what the folder
    holds, such as later decisions.
    """

    policy: Policy
    now: datetime
    teams: Mapping[str, Team] = field(default_factory=dict)
    services: Mapping[str, Service] = field(default_factory=dict)
    changes: Mapping[str, Change] = field(default_factory=dict)
    dependencies: tuple[Dependency, ...] = ()
    groups: Mapping[str, RedundancyGroup] = field(default_factory=dict)
    engineers: Mapping[str, Engineer] | None = None
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    decisions: tuple[Decision, ...] = ()
    events: tuple[Event, ...] = ()
    preferences: tuple[Preference, ...] = ()
    history: tuple[PastWork, ...] = ()
    done: frozenset[str] = frozenset()
    usage: pd.DataFrame = field(default_factory=no_usage)
    known_users: Mapping[tuple[str, str], npt.NDArray[np.int64]] | None = None
    announced: Mapping[str, tuple[datetime, datetime]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    content_hash: str = ""
    folder: str = ""
    folder_hash: str = ""
    _memo: dict[object, Any] = field(default_factory=dict, init=False, repr=False)
    _carried: dict[object, Any] = field(default_factory=dict, repr=False)

    @property
    def horizon(self) -> Horizon:
        """The grid of slots that is planned on."""
        return _horizon(self)

    def level_of(self, team: str) -> ServiceLevel:
        """Give the service level of a team; a team without one has weight 1 and no promises."""
        name = self.teams[team].service_level
        return self.policy.service_levels.get(name) or ServiceLevel(name=name)

    def notice_days(self, team: str) -> int | None:
        """Give the calendar days of notice a team must have, its own figure before that of its level."""
        own = self.teams[team].notice_days
        return self.level_of(team).notice_days if own is None else own

    def length(self, change: str) -> int:
        """Give the slots from start to expected end (P50) of a change."""
        return self.horizon.length(self.changes[change].duration_minutes)

    def reserved(self, change: str) -> int:
        """Give the slots from start to `reserved_until` (P90 plus backout) of a change."""
        return self.horizon.length(self.changes[change].reserved_minutes)


def remembered(function: Callable[[Portfolio], T]) -> Callable[[Portfolio], T]:
    """Compute `function(portfolio)` once and keep the answer on the portfolio."""

    @wraps(function)
    def once(portfolio: Portfolio) -> T:
        if function not in portfolio._memo:
            portfolio._memo[function] = function(portfolio)
        answer: T = portfolio._memo[function]
        return answer

    return once


@remembered
def _horizon(portfolio: Portfolio) -> Horizon:
    policy = portfolio.policy
    return Horizon.of_weeks(policy.start, policy.weeks, policy.time_zone, policy.slot_minutes)
