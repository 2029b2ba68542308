"""What waits for whom, as frames and sentences for screens: proposals, a meeting's agenda, the headline."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache

import pandas as pd

from scheduler.demand.topology import affected_teams, effects
from scheduler.desk.docket import DECISIONS, Matter, docket
from scheduler.desk.entries import Entry
from scheduler.desk.writing import PAST
from scheduler.horizon import Window
from scheduler.portfolio import Portfolio
from scheduler.schedule import Placement, Schedule, Violation
from scheduler.summary import count_text
from scheduler.wording import instant_text, listing, money_text, window_text

from .desk import Moment
from .frames import frame
from .heat import row_labels
from .per_plan import per_plan
from .review import Plan
from .text import visible

ROWS = (
    "change", "title", "waits", "needs", "by", "state", "flags", "services", "teams", "window", "was", "cents", "cost",
    "requested_by",
)  # fmt: skip
COLLISIONS = ("change", "title", "window", "shares")
HISTORY = ("number", "at", "by", "what", "window", "why")
SHOWN: Mapping[str, str] = {"waits": "Needs a decision", "open": "Open", "all": "All"}
CONFLICTS: Mapping[str, str] = {
    "blackout": "in a freeze",
    "never": "in hours a team closed",
    "protected hours": "in protected hours",
    "allowed": "outside the allowed window",
    "earliest": "too early",
    "due": "too late",
    "horizon": "outside the planned weeks",
    "conflict": "clashes with a change",
    "precedence": "clashes with a change",
    "same window": "clashes with a change",
    "redundancy": "clashes with a change",
    "capacity": "crew busy",
    "notice": "notice too short",
    "rejected windows": "was rejected",
}
"""What a broken rule is called where conflicts are shown; other rules go by their names."""


# Thousands of changes are listed at every click; what the desk holds is in UTC, where equal times are the same time.
_window_text, _instant_text = (lru_cache(maxsize=1 << 15)(one) for one in (window_text, instant_text))


@lru_cache(maxsize=8)
def _docket(moment: Moment, now: datetime, approvers: tuple[tuple[str, int], ...]) -> tuple[Matter, ...]:
    if moment.portfolio is None:
        return ()
    return docket(moment.portfolio, moment.position, now, dict(approvers))


def matters(moment: Moment, now: datetime, approvers: Mapping[str, int]) -> tuple[Matter, ...]:
    """List every change with what it waits for, the most pressing first, as it is in this minute."""
    return _docket(moment, now.replace(second=0, microsecond=0), tuple(sorted(approvers.items())))


def chosen(
    moment: Moment,
    found: Iterable[Matter],
    *,
    shown: str = "all",
    words: str = "",
    states: Collection[str] = (),
    teams: Collection[str] = (),
    services: Collection[str] = (),
    person: str = "",
) -> list[Matter]:
    """Give the matters that a visitor asked for.

    Every word must occur in the id, the title, the texts, the services, the teams or the people of a change; of the
    states, teams and services given one must be its own; `person` is who asked for it, or who carries out or said
    anything about it.
    """
    kept, sought = [], words.casefold().split()
    for one in found:
        row = one.row
        if shown == "waits" and not one.waits:
            continue
        if shown == "open" and row["state"] in ("Closed", "Cancelled"):
            continue
        if states and row["state"] not in states:
            continue
        if teams and not set(teams) & set(row["teams"]):
            continue
        if services and not set(services) & services_of(moment, one.change):
            continue
        if person and person not in people_of(moment, one):
            continue
        if sought:
            text = searched(moment, one)
            if not all(word in text for word in sought):
                continue
        kept.append(one)
    return kept


def services_of(moment: Moment, change: str) -> set[str]:
    """Give the services that a change is on, or takes something from."""
    portfolio = moment.portfolio
    if portfolio is None or change not in portfolio.changes:
        return set()
    return set(portfolio.changes[change].services) | set(effects(portfolio)[change].touches)


def people_of(moment: Moment, one: Matter) -> set[str]:
    """Give who asked for a change, approved its window or objected to it."""
    asked = one.row["requested_by"].strip()
    objecting = {said["by"] for said in moment.position.objections if said["change"] == one.change}
    return {*([asked] if asked else []), *one.row["approvals"], *objecting}


def searched(moment: Moment, one: Matter) -> str:
    """Give the text of a change that is searched."""
    portfolio = moment.portfolio
    parts = [
        one.change,
        one.row["state"],
        *one.row["teams"],
        *people_of(moment, one),
        *(need.text for need in one.needs),
    ]
    if portfolio is not None and one.change in portfolio.changes:
        change = portfolio.changes[one.change]
        names = row_labels(portfolio, "service")
        parts += [change.title, change.description, change.why, change.what_you_will_notice]
        parts += [names[service] for service in services_of(moment, one.change) if service in names]
        teams = row_labels(portfolio, "team")
        parts += [teams[team] for team in one.row["teams"] if team in teams]
    return "\n".join(parts).casefold()


def docket_table(moment: Moment, plan: Plan | None, found: Sequence[Matter]) -> pd.DataFrame:
    """Give one row per matter with `ROWS`: texts in the policy's zone, `cents` what clients lose and the rest costs."""
    portfolio = moment.portfolio
    assert portfolio is not None
    zone, names = portfolio.policy.time_zone, row_labels(portfolio, "service")
    cents = cents_by_change(plan)
    rows = []
    for one in found:
        change = portfolio.changes.get(one.change)
        planned = one.planned
        moved = one.window is not None and one.proposal is not None
        rows.append(
            {
                "change": one.change,
                "title": visible(change.title) if change else "",
                "waits": one.waits,
                "needs": visible(one.needs[0].text) if one.needs else "",
                "by": _instant_text(one.needs[0].by, zone) if one.needs and one.needs[0].by else "",
                "state": one.row["state"],
                "flags": ", ".join(one.flags),
                "services": ", ".join(names[service] for service in change.services) if change else "",
                "teams": len(one.row["teams"]),
                "window": _window_text(Window(planned.start, planned.reserved_until), zone) if planned else "",
                "was": _window_text(Window(one.window.start, one.window.reserved_until), zone)
                if moved and one.window
                else "",
                "cents": cents.get(one.change),
                "cost": money_text(cents[one.change], portfolio.policy.currency) if one.change in cents else "",
                "requested_by": visible(one.row["requested_by"]),
            }
        )
    return frame(ROWS, rows)


def cents_by_change(plan: Plan | None) -> Mapping[str, int]:
    """Give what the window of each change costs, in cents; a change without one is left out."""
    return {} if plan is None else _cents_by_change(plan)


@per_plan
def _cents_by_change(plan: Plan) -> Mapping[str, int]:
    cents = dict.fromkeys(plan.placed, 0)
    for charge in plan.result.charges:
        if charge.change in cents:
            cents[charge.change] += charge.cents
    return cents


# --- approving several -----------------------------------------------------------------------------------------------


def can_be_approved(one: Matter) -> str:
    """Say why the window of a change is not among those that are approved together; empty where it is."""
    if one.proposal is None:
        return "it has no proposal"
    if one.row["on_hold"]:
        return "it is on hold"
    if one.row["stale"]:
        return "its inputs changed since its window was found"
    if any(need.kind == "answer" for need in one.needs):
        return "an objection to it is not answered"
    return ""


def approval_summary(moment: Moment, plan: Plan | None, found: Sequence[Matter]) -> str:
    """Say in a sentence what approving some windows together does."""
    portfolio = moment.portfolio
    assert portfolio is not None
    cents = cents_by_change(plan)
    teams = {team for one in found for team in one.row["teams"]}
    moves = sum(one.window is not None for one in found)
    starts = [one.proposal for one in found if one.proposal is not None]
    if not starts:
        return "Nothing is to be approved."
    zone = portfolio.policy.time_zone
    first, last = min(one.start for one in starts), max(one.reserved_until for one in starts)
    total = money_text(sum(cents.get(one.change, 0) for one in found), portfolio.policy.currency)
    told = count_text(len(teams), "team")
    moved = f", {count_text(moves, 'move')} of what was announced among them" if moves else ""
    return (
        f"{count_text(len(found), 'window')}{moved}, between {window_text(Window(first, last), zone)}: together they "
        f"cost {total}, and {told} will be told."
    )


# --- conflicts and history -------------------------------------------------------------------------------------------


def conflict_name(violation: Violation) -> str:
    """Give the name that a conflict goes by."""
    return CONFLICTS.get(violation.rule, violation.rule)


def collisions(portfolio: Portfolio, schedule: Schedule, placement: Placement) -> pd.DataFrame:
    """Give the other windows at the same time that share a service or a team with one, with `COLLISIONS`."""
    zone = portfolio.policy.time_zone
    touched = effects(portfolio)[placement.change].touches
    teams = set(affected_teams(portfolio, placement.change))
    services, team_names = row_labels(portfolio, "service"), row_labels(portfolio, "team")
    rows = []
    for other in sorted(schedule.placements, key=lambda one: (one.start, one.change)):
        if other.change == placement.change or not other.reserved.overlaps(placement.reserved):
            continue
        shared = [
            services.get(node, visible(node)) for node in sorted(effects(portfolio)[other.change].touches & touched)
        ]
        hit = [team_names[team] for team in sorted(teams & set(affected_teams(portfolio, other.change)))]
        if shared or hit:
            parts = [*([listing(shared, 3)] if shared else []), *([f"clients: {listing(hit, 3)}"] if hit else [])]
            title = visible(portfolio.changes[other.change].title)
            row = {"change": other.change, "title": title, "window": window_text(other.reserved, zone)}
            rows.append(row | {"shares": "; ".join(parts)})
    return frame(COLLISIONS, rows)


def history_table(moment: Moment, log: Iterable[Entry], zone: str) -> pd.DataFrame:
    """Give entries of the log as they are read, the newest first, with `HISTORY`."""
    rows = [
        {
            "number": one.seq,
            "at": instant_text(one.at, zone),
            "by": visible(moment.name_of(one.by)),
            "what": PAST.get(one.action, one.action),
            "window": moved_to(one, zone),
            "why": visible(one.reason),
        }
        for one in log
    ]
    return frame(HISTORY, rows[::-1])


def moved_to(one: Entry, zone: str) -> str:
    """Give the window that an entry of the log is about, or its start; empty where it is about none."""
    detail = one.detail
    if not all(isinstance(detail.get(name), str) for name in ("start", "reserved_until")):
        start = detail.get("start")
        return instant_text(datetime.fromisoformat(start), zone) if isinstance(start, str) else ""
    return window_text(
        Window(datetime.fromisoformat(detail["start"]), datetime.fromisoformat(detail["reserved_until"])), zone
    )


def said_since(moment: Moment, log: Iterable[Entry], zone: str) -> str:
    """Say what happened to a change since somebody looked: who did what, and when."""
    told = []
    for one in log:
        why = f" ({visible(one.reason)})" if one.reason else ""
        name = visible(moment.name_of(one.by))
        told.append(f"{name} {PAST.get(one.action, one.action)} it {instant_text(one.at, zone)}{why}")
    return "; ".join(told)


# --- the headline ----------------------------------------------------------------------------------------------------


def waiting_text(found: Iterable[Matter]) -> tuple[str, str]:
    """Give how many changes need a decision, and what for, for a card."""
    kinds = Counter(one.needs[0].kind for one in found if one.waits)
    words = {
        "late": "late",
        "answer": "to answer",
        "approve": "to approve",
        "begin": "to begin",
        "exception": "with an exception that ends",
        "review": "to review",
    }
    parts = [f"{kinds[kind]} {words[kind]}" for kind in DECISIONS if kinds[kind]]
    return str(sum(kinds.values())), listing(parts) if parts else "nothing waits for you"


def most_affected(plan: Plan, most: int = 3) -> list[tuple[str, int]]:
    """Give the teams that lose most, by the names they go by, with what they lose in cents."""
    cents: dict[str, int] = defaultdict(int)
    for charge in plan.result.charges:
        if charge.cost in ("downtime", "overrun"):
            cents[charge.team] += charge.cents
    names = row_labels(plan.portfolio, "team")
    ranked = sorted((-value, names[team], value) for team, value in cents.items() if value)
    return [(name, value) for _, name, value in ranked[:most]]
