"""What a freeze, a rule, a wish, a start or one more engineer is worth: the plan with it and without it.

Both are planned in the same way, each from the best plan known of both, so that the difference is not one of luck. What
is lifted can only make a plan cheaper, and what is added to the demands only dearer; how sure the figure is follows
from the bounds of both.
"""

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from scheduler.desk.difference import Difference, difference
from scheduler.desk.planning import unpinned
from scheduler.inputs.fingerprint import content_hash
from scheduler.portfolio import Calendar, Decision, Engineer, Portfolio, Preference
from scheduler.schedule import Result, Schedule
from scheduler.solver.incumbent import Progress
from scheduler.solver.solve import solve
from scheduler.verify import verify
from scheduler.wording import instant_text, money_text

SECONDS = 20.0


@dataclass(frozen=True, kw_only=True)
class WhatIf:
    """An answer: `base` is the plan as things are, `other` the one asked about, and `difference` both side by side.

    `price_cents` is what `other` costs more than `base`, in weighted cents: below 0 it would save. With the bounds of
    both plans it is no less than `at_least` and no more than `at_most`; None where a bound is missing. Without a plan,
    `price_cents` and `difference` are None, and `other` says why.
    """

    question: str
    base: Result
    other: Result
    difference: Difference | None

    @property
    def price_cents(self) -> int | None:
        """What it costs more; None where there is no plan."""
        if self.base.objective_cents is None or self.other.objective_cents is None:
            return None
        return self.other.objective_cents - self.base.objective_cents

    @property
    def at_least(self) -> int | None:
        """The least that the best plan of the one can cost beyond the best of the other."""
        if self.other.bound_cents is None or self.base.objective_cents is None:
            return None
        return self.other.bound_cents - self.base.objective_cents

    @property
    def at_most(self) -> int | None:
        """The most that the best plan of the one can cost beyond the best of the other."""
        if self.base.bound_cents is None or self.other.objective_cents is None:
            return None
        return self.other.objective_cents - self.base.bound_cents

    def __str__(self) -> str:
        currency = self.base.portfolio.policy.currency
        if self.price_cents is None:
            reasons = "; ".join(one.text for one in self.other.clash)
            return f"{self.question}: no plan" + (f" ({reasons})" if reasons else " was found")
        price = self.price_cents
        verb = "costs" if price > 0 else "saves"
        text = f"{self.question} {verb} {money_text(abs(price), currency)}, weighted by service level"
        if self.at_least is not None and self.at_most is not None and self.at_least < self.at_most:
            least, most = money_text(self.at_least, currency), money_text(self.at_most, currency)
            text += f" (the true difference lies between {least} and {most})"
        return text


class WhatIfs:
    """Questions about one portfolio and its plan, of which the plan as things are is worked out once."""

    def __init__(
        self,
        portfolio: Portfolio,
        plan: Schedule,
        *,
        seconds: float = SECONDS,
        deterministic: float | None = None,
        workers: int = 1,
        stop: threading.Event | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> None:
        self.portfolio, self.plan = _unfair(portfolio), plan
        self.seconds, self.deterministic, self.workers = seconds, deterministic, workers
        self.stop, self.progress = stop or threading.Event(), progress
        self._base: Result | None = None

    @property
    def base(self) -> Result:
        """The plan as things are, planned on from the one that is there."""
        if self._base is None:
            self._base = self._solve(self.portfolio, self.plan)
        return self._base

    def ask(self, question: str, portfolio: Portfolio) -> WhatIf:
        """Answer what would be if the portfolio were another one; `question` begins the sentence of the answer."""
        asked = _unfair(portfolio)
        other = self._solve(asked, self.base.schedule if self.base.objective_cents is not None else self.plan)
        if other.objective_cents is not None and not verify(self.portfolio, other.schedule):
            # A plan that obeys everything is one of the portfolio as it is: luck of the search must not look like gain.
            again = self._solve(self.portfolio, other.schedule)
            if _cents(again) < _cents(self.base):
                self._base = again
        compared = None
        if other.objective_cents is not None and self.base.objective_cents is not None:
            compared = difference(asked, self.base.schedule, other.schedule)
        return WhatIf(question=question, base=self.base, other=other, difference=compared)

    # --- questions -------------------------------------------------------------------------------------------------

    def without_calendar(self, name: str) -> WhatIf:
        """Say what a freeze, or another calendar, costs: plan without it.

        Raises
        ------
        KeyError
            If there is no such calendar.
        """
        return self.ask(f"to do without the calendar {name}", without_calendar(self.portfolio, name))

    def without_rule(self, rule: str, changes: Collection[str] | None = None) -> WhatIf:
        """Say what a rule costs, for some changes or for all: plan without it.

        Raises
        ------
        KeyError
            If the rule is none that can be lifted (`LIFTED`), or there is no such change.
        """
        whom = "" if changes is None else f" for {', '.join(sorted(changes))}"
        return self.ask(f"to do without the rule {rule}{whom}", without_rule(self.portfolio, rule, changes))

    def without_preference(self, number: int) -> WhatIf:
        """Say what a wish costs, by its number in the order of preferences.csv from 1 on: plan without it.

        Raises
        ------
        KeyError
            If there are not so many.
        """
        wish = preference(self.portfolio, number)
        rest = tuple(one for one in self.portfolio.preferences if one is not wish)
        return self.ask(f"to do without wish {number} of {wish.team}", _again(self.portfolio, preferences=rest))

    def at(self, change: str, start: datetime) -> WhatIf:
        """Say what a start costs that was picked by hand, all others free to make the best of it.

        Raises
        ------
        KeyError
            If there is no such change.
        """
        _ = self.portfolio.changes[change]
        pin = Decision(change=change, kind="pin", start=start)
        pinned = _again(self.portfolio, decisions=(*self.portfolio.decisions, pin))
        return self.ask(f"{change} at {instant_text(start, self.portfolio.policy.time_zone)}", pinned)

    def one_more_like(self, engineer: str) -> WhatIf:
        """Say what one more engineer with the same skills and hours saves.

        Raises
        ------
        KeyError
            If there is no such engineer.
        """
        return self.ask(f"one more engineer like {engineer}", one_more_like(self.portfolio, engineer))

    def _solve(self, portfolio: Portfolio, previous: Schedule) -> Result:
        return solve(
            portfolio,
            time_limit=self.seconds,
            deterministic=self.deterministic,
            workers=self.workers,
            previous=previous,
            stop=self.stop,
            progress=self.progress,
        )


def _cents(result: Result) -> int:
    assert result.objective_cents is not None
    return result.objective_cents


def _again(portfolio: Portfolio, **parts: object) -> Portfolio:
    """Replace parts of a portfolio, and hash it anew."""
    other = replace(portfolio, **parts)  # type: ignore[arg-type]
    return replace(other, content_hash=content_hash(other))


def _unfair(portfolio: Portfolio) -> Portfolio:
    """Compare costs alone: what is given for fairness differs from plan to plan."""
    return replace(portfolio, policy=replace(portfolio.policy, fairness_epsilon=0.0))


# --- portfolios without something, or with more --------------------------------------------------------------------


def without_calendar(portfolio: Portfolio, name: str) -> Portfolio:
    """Take a calendar away, wherever it is named.

    Engineers whose hours it gives then work always.
    """
    _ = portfolio.calendars[name]
    engineers = portfolio.engineers
    if engineers is not None:
        engineers = {id: replace(one, works="") if one.works == name else one for id, one in engineers.items()}
    changes = {
        id: replace(one, allowed=tuple(other for other in one.allowed if other != name)) if name in one.allowed else one
        for id, one in portfolio.changes.items()
    }
    rest = {id: one for id, one in portfolio.calendars.items() if id != name}
    return _again(portfolio, calendars=rest, engineers=engineers, changes=changes)


def preference(portfolio: Portfolio, number: int) -> Preference:
    """Give a wish by its number from 1 on."""
    if not 1 <= number <= len(portfolio.preferences):
        raise KeyError(number)
    return portfolio.preferences[number - 1]


def one_more_like(portfolio: Portfolio, engineer: str) -> Portfolio:
    """Add an engineer with the skills and hours of another; calendars that name that one bind both."""
    engineers = dict(portfolio.engineers or {})
    like = engineers[engineer]
    name = f"one more like {engineer}"
    engineers[name] = Engineer(id=name, skills=like.skills, time_zone=like.time_zone, works=like.works)
    calendars = {
        id: replace(one, applies_to=(*one.applies_to, f"engineer:{name}"))
        if f"engineer:{engineer}" in one.applies_to
        else one
        for id, one in portfolio.calendars.items()
    }
    return _again(portfolio, engineers=engineers, calendars=calendars)


def without_rule(portfolio: Portfolio, rule: str, changes: Collection[str] | None = None) -> Portfolio:
    """Lift a rule for some changes, or for all, by taking out what it rests on.

    Raises
    ------
    KeyError
        If the rule is none of `LIFTED`, or cannot be lifted for some changes alone, or there is no such change.
    """
    for change in changes or ():
        _ = portfolio.changes[change]
    if changes is not None and rule not in BY_CHANGE:
        raise KeyError(rule)
    return _again(portfolio, **LIFTED[rule](portfolio, set(portfolio.changes if changes is None else changes)))


Parts = dict[str, object]


def _each(portfolio: Portfolio, changes: Collection[str], **parts: object) -> Parts:
    """Replace fields of some changes."""
    return {
        "changes": {
            id: replace(one, **parts) if id in changes else one  # type: ignore[arg-type]
            for id, one in portfolio.changes.items()
        }
    }


def _no_limit(portfolio: Portfolio, name: str) -> Parts:
    """Take a promise out of every service level."""
    levels = {id: replace(one, **{name: None}) for id, one in portfolio.policy.service_levels.items()}  # type: ignore[arg-type]
    return {"policy": replace(portfolio.policy, service_levels=levels)}


def _no_notice(portfolio: Portfolio, changes: Collection[str]) -> Parts:
    teams = {id: replace(one, notice_days=None) for id, one in portfolio.teams.items()}
    return _no_limit(portfolio, "notice_days") | {"teams": teams}


def _no_hard(portfolio: Portfolio, kind: str) -> dict[str, Calendar]:
    """Give the calendars without the hard ones of a kind, but for what those say of engineers."""
    calendars = {}
    for id, one in portfolio.calendars.items():
        if one.kind != kind or not one.hard:
            calendars[id] = one
            continue
        people = tuple(name for name in one.applies_to if name.startswith("engineer:"))
        if people:
            calendars[id] = replace(one, applies_to=people)
    return calendars


def _none_allowed(portfolio: Portfolio, changes: Collection[str]) -> Parts:
    named = {engineer.works for engineer in (portfolio.engineers or {}).values()}
    kept = {id: one for id, one in portfolio.calendars.items() if id in named}
    return _each(portfolio, changes, allowed=()) | {"calendars": {**_no_hard(portfolio, "allowed"), **kept}}


def _no_decisions(portfolio: Portfolio, changes: Collection[str], kinds: Collection[str]) -> Parts:
    return {
        "decisions": tuple(one for one in portfolio.decisions if one.kind not in kinds or one.change not in changes)
    }


def _no_pins(portfolio: Portfolio, changes: Collection[str]) -> Parts:
    free = unpinned(portfolio, changes)
    return {"decisions": free.decisions, "announced": free.announced} | _each(portfolio, changes, fixed_start=None)


Lift = Callable[[Portfolio, Collection[str]], Parts]
BY_CHANGE: Mapping[str, Lift] = {
    "precedence": lambda portfolio, changes: _each(portfolio, changes, after=()),
    "earliest": lambda portfolio, changes: _each(portfolio, changes, earliest=None),
    "due": lambda portfolio, changes: _each(portfolio, changes, due=None),
    "capacity": lambda portfolio, changes: _each(portfolio, changes, skills=()),
    "rejected windows": lambda portfolio, changes: _no_decisions(portfolio, changes, ("reject",)),
    "pins": _no_pins,
}
"""Rules that can be lifted for some changes, by name."""
LIFTED: Mapping[str, Lift] = {
    **BY_CHANGE,
    "conflict": lambda portfolio, changes: _each(portfolio, changes, not_with=()),
    "same window": lambda portfolio, changes: _each(portfolio, changes, same_window_as=()),
    "blackout": lambda portfolio, changes: {"calendars": _no_hard(portfolio, "blackout")},
    "allowed": _none_allowed,
    "protected hours": lambda portfolio, changes: _no_limit(portfolio, "protected_hours"),
    "outage minutes": lambda portfolio, changes: _no_limit(portfolio, "max_outage_minutes_per_28_days"),
    "never": lambda portfolio, changes: {
        "preferences": tuple(one for one in portfolio.preferences if one.kind != "never")
    },
    "move cap": lambda portfolio, changes: {"policy": replace(portfolio.policy, max_moves=None)},
    "notice": _no_notice,
}
"""Rules that a plan can do without, by name. What is left is what makes a plan one: a horizon, a window for each change
that needs one, and groups that their redundancy keeps up, whose outage nothing else would price."""
