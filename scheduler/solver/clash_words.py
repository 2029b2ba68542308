"""How a demand reads: what it asks of which changes, with the calendar, date, people or team that it comes from."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta

import numpy as np

from scheduler.demand.reach import binds, touches_team
from scheduler.demand.topology import affected_teams, clients, effects
from scheduler.horizon import Mask
from scheduler.portfolio import Calendar, Portfolio
from scheduler.rules import RULES
from scheduler.rules.capacity import duty
from scheduler.schedule import Clash, place
from scheduler.solver.demands import Demand, only_changes
from scheduler.solver.problem import Problem
from scheduler.solver.windows import reach
from scheduler.standing import standing
from scheduler.wording import instant_text, listing, window_text

MOST_NAMED, MOST_WINDOWS = 4, 2


def in_words(portfolio: Portfolio, problem: Problem, demands: Iterable[Demand]) -> tuple[Clash, ...]:
    """Give demands with a sentence for each, without its full stop, in the order of `RULES`."""
    order = {rule.name: number for number, rule in enumerate(RULES)}
    ordered = sorted(demands, key=lambda one: (order.get(one.rule, len(order)), one.changes))
    return tuple(
        Clash(rule=one.rule, changes=one.changes, text=demand_text(portfolio, problem, one)) for one in ordered
    )


def demand_text(portfolio: Portfolio, problem: Problem, demand: Demand) -> str:
    """Say what a demand asks, in one sentence without its full stop."""
    words = _WORDS.get(demand.rule)
    if words is not None:
        return words(portfolio, problem, demand.changes)
    law = next((rule.law for rule in RULES if rule.name == demand.rule), demand.rule)
    return f"{listing(demand.changes, MOST_NAMED)}: {law.rstrip('.')}"


def length_text(length: timedelta) -> str:
    """Give a length in hours and minutes.

    >>> length_text(timedelta(minutes=90)), length_text(timedelta(hours=3)), length_text(timedelta(minutes=45))
    ('1 h 30 min', '3 h', '45 min')
    """
    hours, minutes = divmod(int(length / timedelta(minutes=1)), 60)
    return " ".join([*([f"{hours} h"] if hours else []), *([f"{minutes} min"] if minutes or not hours else [])])


def _needs(portfolio: Portfolio, change: str) -> str:
    return length_text(portfolio.reserved(change) * portfolio.horizon.slot)


# --- one change --------------------------------------------------------------------------------------------------


def _blackout(portfolio: Portfolio, problem: Problem, changes: tuple[str, ...]) -> str:
    (change,) = changes
    closed = [
        _calendar_text(portfolio, one)
        for one in portfolio.calendars.values()
        if one.kind == "blackout" and one.hard and binds(portfolio, one, change)
    ]
    return f"{change} needs {_needs(portfolio, change)} outside the blackout {listing(closed, MOST_NAMED)}"


def _allowed(portfolio: Portfolio, problem: Problem, changes: tuple[str, ...]) -> str:
    (change,) = changes
    named = [portfolio.calendars[name] for name in portfolio.changes[change].allowed]
    texts = [" or ".join(one.id for one in named)] if any(one.hard for one in named) else []
    texts += [
        one.id
        for one in portfolio.calendars.values()
        if one.kind == "allowed" and one.hard and binds(portfolio, one, change)
    ]
    return f"{change} needs {_needs(portfolio, change)} inside the allowed hours {listing(texts, MOST_NAMED)}"


def _calendar_text(portfolio: Portfolio, calendar: Calendar) -> str:
    windows = calendar.windows(portfolio.horizon.window)
    if not 0 < len(windows) <= MOST_WINDOWS:
        return calendar.id
    return f"{calendar.id} ({listing([window_text(one, portfolio.policy.time_zone) for one in windows])})"


def _protected(portfolio: Portfolio, problem: Problem, changes: tuple[str, ...]) -> str:
    (change,) = changes
    out = effects(portfolio)[change].out
    teams = [
        team
        for team in sorted({team for node in out for team in clients(portfolio).get(node, ())})
        if portfolio.level_of(team).protected_hours is not None
    ]
    needs = _needs(portfolio, change)
    return f"{change} puts services out for up to {needs}, outside the protected hours of {listing(teams, MOST_NAMED)}"


def _never(portfolio: Portfolio, problem: Problem, changes: tuple[str, ...]) -> str:
    (change,) = changes
    teams = {one.team for one in portfolio.preferences if one.kind == "never"}
    bound = sorted(team for team in teams if touches_team(portfolio, team, change))
    return f"{change} needs {_needs(portfolio, change)} outside the hours that {listing(bound, MOST_NAMED)} ruled out"


def _outage_minutes(portfolio: Portfolio, problem: Problem, changes: tuple[str, ...]) -> str:
    out = {name: effects(portfolio)[name].out for name in changes}
    promised = [
        (limit, node, team)
        for node in sorted(frozenset().union(*out.values()))
        for team in clients(portfolio).get(node, ())
        if (limit := portfolio.level_of(team).max_outage_minutes_per_28_days) is not None
    ]
    needs = [f"{name} puts it out for {portfolio.changes[name].duration_minutes}" for name in changes]
    if not promised:
        return f"{listing(changes, MOST_NAMED)} put services out"
    # The promise that most of the changes draw on, and of those the strictest.
    limit, node, team = min(promised, key=lambda one: (-sum(one[1] in nodes for nodes in out.values()), one[0]))
    return f"{team} is promised {node} is out for {limit} minutes in 28 days at most; {listing(needs, MOST_NAMED)}"


def _earliest(portfolio: Portfolio, problem: Problem, changes: tuple[str, ...]) -> str:
    (change,) = changes
    earliest = portfolio.changes[change].earliest or portfolio.horizon.start
    return f"{change} may not start before {instant_text(earliest, portfolio.policy.time_zone)}"


def _due(portfolio: Portfolio, problem: Problem, changes: tuple[str, ...]) -> str:
    (change,) = changes
    due = portfolio.changes[change].due or portfolio.horizon.end
    return f"{change}, which needs {_needs(portfolio, change)}, is due {instant_text(due, portfolio.policy.time_zone)}"


def _rejected(portfolio: Portfolio, problem: Problem, changes: tuple[str, ...]) -> str:
    (change,) = changes
    zone = portfolio.policy.time_zone
    windows = [window_text(place(portfolio, change, at).reserved, zone) for at in standing(portfolio).rejected[change]]
    return f"{change} was refused {listing(windows, MOST_NAMED)}"


def _pins(portfolio: Portfolio, problem: Problem, changes: tuple[str, ...]) -> str:
    (change,) = changes
    zone = portfolio.policy.time_zone
    pinned, fixed = standing(portfolio).pinned.get(change), portfolio.changes[change].fixed_start
    texts = [f"{word} to {instant_text(at, zone)}" for at, word in ((pinned, "pinned"), (fixed, "fixed")) if at]
    return f"{change} is {listing(texts)}"


def _notice(portfolio: Portfolio, problem: Problem, changes: tuple[str, ...]) -> str:
    (change,) = changes
    zone = portfolio.policy.time_zone
    promises = {team: portfolio.notice_days(team) for team in affected_teams(portfolio, change)}
    most = max((days for days in promises.values() if days is not None), default=0)
    teams = [team for team, days in promises.items() if days == most]
    told = f"{listing(teams, MOST_NAMED)} must hear of {change} {most} days ahead"
    open_starts = np.flatnonzero(problem.masks[problem.index[change]]["notice"])
    if not len(open_starts):
        return f"{told}, which no window in the horizon leaves time for"
    return f"{told}, so that it cannot start before {instant_text(portfolio.horizon.at(int(open_starts[0])), zone)}"


def _horizon(portfolio: Portfolio, problem: Problem, changes: tuple[str, ...]) -> str:
    zone, window = portfolio.policy.time_zone, portfolio.horizon.window
    needs = [f"{change} needs {_needs(portfolio, change)}" for change in changes]
    left = f"between now, {instant_text(portfolio.now, zone)}, and the end of the planned weeks"
    return f"{listing(needs, MOST_NAMED)} {left}, {instant_text(window.end, zone)}"


# --- several changes ---------------------------------------------------------------------------------------------


def _precedence(portfolio: Portfolio, problem: Problem, changes: tuple[str, ...]) -> str:
    before, after = changes
    if all(one.change != before for one in portfolio.changes[after].after):
        before, after = after, before
    lag = max((one.lag_minutes for one in portfolio.changes[after].after if one.change == before), default=0)
    later = f", {length_text(timedelta(minutes=lag))} later at the soonest" if lag else ""
    return f"{after} comes after {before}, which needs {_needs(portfolio, before)}{later}"


def _same_window(portfolio: Portfolio, problem: Problem, changes: tuple[str, ...]) -> str:
    return f"{listing(changes, MOST_NAMED)} must start together"


def _conflict(portfolio: Portfolio, problem: Problem, changes: tuple[str, ...]) -> str:
    lengths = [f"{change} ({_needs(portfolio, change)})" for change in changes]
    return f"{listing(lengths, MOST_NAMED)} may not run at the same time"


def _capacity(portfolio: Portfolio, problem: Problem, changes: tuple[str, ...]) -> str:
    part, within = _together(problem, changes)
    horizon, engineers = portfolio.horizon, portfolio.engineers or {}
    resources = [one for one in part.resources if one.rule == "capacity"]
    if not resources:
        return f"{listing(changes, MOST_NAMED)} need engineers who are on duty"
    room = [int(one.capacity[within].max(initial=0)) for one in resources]
    tightest = min(range(len(resources)), key=lambda n: room[n] - sum(use.amount for use in resources[n].uses))
    skills = set(resources[tightest].label.split(" or "))
    able = [
        name
        for name, engineer in engineers.items()
        if engineer.skills & skills and (horizon.covered(duty(portfolio)[name]) & within).any()
    ]
    uses = sorted(resources[tightest].uses, key=lambda one: one.change)
    asked = [f"{part.changes[use.change]} needs {use.amount}" for use in uses]
    if len(uses) > 1 and len({use.amount for use in uses}) == 1:
        asked = [f"{listing([part.changes[use.change] for use in uses], MOST_NAMED)} each need {uses[0].amount}"]
    needs = f"{listing(asked, MOST_NAMED)} with {resources[tightest].label}"
    if not room[tightest]:
        return f"{needs}; where they could run nobody with that is on duty"
    if room[tightest] < sum(use.amount for use in uses):
        there = f"there is at most {room[tightest]} of these on duty at a time"
    else:
        least = int(resources[tightest].capacity[within].min(initial=room[tightest]))
        there = f"there are times with only {least} of these on duty"
    return f"{needs}; where they could run {there} ({listing(able, MOST_NAMED)})"


def _move_cap(portfolio: Portfolio, problem: Problem, changes: tuple[str, ...]) -> str:
    zone, most = portfolio.policy.time_zone, portfolio.policy.max_moves or 0
    announced = standing(portfolio).announced
    places = [f"{name} from {instant_text(announced[name], zone)}" for name in changes if name in announced]
    return f"at most {most} announced windows may move, so not all of {listing(places, MOST_NAMED)}"


def _redundancy(portfolio: Portfolio, problem: Problem, changes: tuple[str, ...]) -> str:
    part, _ = _together(problem, changes)
    texts = []
    for budget in (one for one in part.budgets if one.rule == "redundancy" and one.label in portfolio.groups):
        group = portfolio.groups[budget.label]
        taken = [
            f"{change} takes {listing(sorted(out))}"
            for change in changes
            if (out := effects(portfolio)[change].out_members.get(group.id))
        ]
        spare = len(group.members) - group.min_up
        texts.append(f"{listing(taken, MOST_NAMED)} out of {group.id}, which can spare {spare or 'none'} at a time")
    return "; ".join(texts)


def _together(problem: Problem, changes: tuple[str, ...]) -> tuple[Problem, Mask]:
    """Give the rules among some changes alone, and the slots that any of them could use by its masks."""
    part = only_changes(problem, [problem.index[name] for name in changes])
    within = np.zeros(problem.slots, dtype=np.bool_)
    for resource in part.resources:
        for use in resource.uses:
            within |= reach(part.allowed(use.change), use.offset, use.length)
    return part, within


_WORDS: Mapping[str, Callable[[Portfolio, Problem, tuple[str, ...]], str]] = {
    "horizon": _horizon,
    "precedence": _precedence,
    "same window": _same_window,
    "conflict": _conflict,
    "capacity": _capacity,
    "redundancy": _redundancy,
    "blackout": _blackout,
    "protected hours": _protected,
    "never": _never,
    "outage minutes": _outage_minutes,
    "move cap": _move_cap,
    "allowed": _allowed,
    "earliest": _earliest,
    "due": _due,
    "rejected windows": _rejected,
    "pins": _pins,
    "notice": _notice,
}
